"""What holds for the repository as a whole."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, distributions, requires
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from packaging.requirements import Requirement

from tests.postgres import NoPostgres, Server, find_binaries, missing

ROOT = Path(__file__).parents[2]
SKIPPED_FOLDERS = {".git", ".venv", ".uv", "node_modules"}

# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "deb.debian" + ".org",
    "archive.ubuntu" + ".com",
]
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(?:work" + r"|root|home/[a-z]\w*)/")


def files_of_the_tree() -> list[Path]:
    """Return what git has or would add; without git, everything outside of environments and caches."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0 and listing.stdout:
        names = [Path(os.fsdecode(name)) for name in listing.stdout.split(b"\0") if name]
    else:
        names = [path.relative_to(ROOT) for path in ROOT.rglob("*")]
        names = [n for n in names if not SKIPPED_FOLDERS & set(n.parts) and n.name != "uv.lock"]
        names = [n for n in names if not any(p.endswith(("cache", ".egg-info")) for p in n.parts)]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def lines_of_the_tree() -> list[tuple[str, str]]:
    """Return ``(file:line, text)`` for all text files."""
    lines = []
    for path in files_of_the_tree():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        text = content.decode(errors="replace")
        name = path.relative_to(ROOT)
        lines += [(f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1)]
    return lines


def test_no_file_names_a_package_registry() -> None:
    found = [place for place, line in lines_of_the_tree() if any(host in line for host in REGISTRIES)]
    assert not found, "package registries are the installer's business, not ours: " + ", ".join(found)


def test_no_file_holds_a_path_of_a_developers_machine() -> None:
    found = [f"{place}: {line.strip()}" for place, line in lines_of_the_tree() if MACHINE_PATHS.search(line)]
    assert not found, "\n".join(found)


def test_the_tree_that_is_searched_is_this_one() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in files_of_the_tree()}
    assert {"pyproject.toml", "Makefile", "tests/unit/test_house.py"} <= names
    assert not any(name.startswith(".venv/") for name in names)


def test_ci_does_exactly_what_a_developer_does() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    commands = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert commands[-1] == "make test"


def test_the_lock_file_with_addresses_stays_out_of_git() -> None:
    assert "uv.lock" in (ROOT / ".gitignore").read_text().splitlines()
    assert ROOT / "uv.lock" not in files_of_the_tree()


def test_every_package_that_is_installed_has_its_exact_version_in_pyproject() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pinned = dict(entry.split("==") for entry in settings["tool"]["uv"]["constraint-dependencies"])
    wanted = _closure(settings["project"]["dependencies"] + settings["dependency-groups"]["dev"])
    installed = {_normal(d.name): d.version for d in distributions() if _normal(d.name) in wanted}
    assert {name: pinned.get(name) for name in installed} == installed


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _closure(requirements: list[str]) -> set[str]:
    """Return the names of all packages that ``requirements`` bring along here."""
    seen: set[tuple[str, str]] = set()
    todo = [(Requirement(text), "") for text in requirements]
    while todo:
        requirement, extra = todo.pop()
        name = _normal(requirement.name)
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        for wanted in {"", *requirement.extras} - {e for n, e in seen if n == name}:
            try:
                needs = requires(name) or []
            except PackageNotFoundError:
                continue
            seen.add((name, wanted))
            todo += [(Requirement(need), wanted) for need in needs]
    return {name for name, _extra in seen}


def _leave_a_table(url: str) -> set[str]:
    """Make a table with a row in it; return the names of those that were there."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        found = set(sa.inspect(connection).get_table_names())
        connection.execute(sa.text("CREATE TABLE title (name VARCHAR(9) NOT NULL)"))
        connection.execute(sa.text("INSERT INTO title VALUES ('葬送')"))
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT name FROM title")) == "葬送"
    engine.dispose()
    return found


@pytest.mark.parametrize("_time", ["first", "second"])
def test_every_test_has_a_database_of_its_own_with_all_tables(database_url: str, _time: str) -> None:
    found = _leave_a_table(database_url)  # where the other time may not see it
    assert {"core_links", "viewer_sync_tasks"} <= found
    assert "title" not in found


@pytest.mark.parametrize("_time", ["first", "second"])
def test_an_empty_database_has_no_tables(empty_database_url: str, _time: str) -> None:
    assert _leave_a_table(empty_database_url) == set()


@pytest.mark.postgres
@pytest.mark.parametrize("binaries", find_binaries(), ids=lambda p: p.parent.name)
def test_every_postgresql_that_is_found_starts_and_is_gone_afterwards(binaries: Path) -> None:
    try:
        server = Server.start_with(binaries)
    except NoPostgres as reason:
        missing(reason)
    with server, server.database() as url:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            assert connection.scalar(sa.text("SHOW server_encoding")) == "UTF8"
        engine.dispose()
    assert server.process.poll() is not None
    assert not server.folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=str(server.folder), dbname="postgres", user="seiton")
