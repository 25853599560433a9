"""``seiton doctor`` on folders and databases that are well, and on some that are not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.core import tables
from seiton.faces.cli import run
from seiton.text import use_language
from tests.integration.api_world import ApiWorld
from tests.jellyfin_double import TOKEN, JellyfinDouble

Findings = dict[str, list[dict[str, Any]]]


class Doctor:
    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self._capsys = folder, capsys
        for name in ("data", "library", "downloads"):
            (folder / name).mkdir(exist_ok=True)

    def __call__(self, *more: str, code: int) -> Findings:
        use_language("en")
        self._capsys.readouterr()
        names = ("data", "library", "downloads")
        flags = [part for name in names for part in (f"--{name}", str(self.folder / name))]
        ended = run(["doctor", *flags, *more, "--json"])
        document = json.loads(self._capsys.readouterr().out)
        found: Findings = {}
        for finding in document["findings"]:
            found.setdefault(finding["check"], []).append(finding)
        assert (ended, document["ok"]) == (code, code == 0), document
        return found


@pytest.fixture
def doctor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    return Doctor(tmp_path, capsys)


def bad(found: Findings) -> list[str]:
    return sorted(name for name, rows in found.items() if any(row["health"] == "bad" for row in rows))


def test_new_folders_are_well_and_nothing_is_left_in_them(doctor: Doctor) -> None:
    found = doctor(code=0)
    assert {"folder data", "folder library", "folder downloads", "hard links", "database"} <= set(found)
    assert [path for path in doctor.folder.rglob("*") if path.is_file()] == []


def test_before_the_first_start_only_the_library_has_to_be_there(doctor: Doctor) -> None:
    (doctor.folder / "data").rmdir()
    (doctor.folder / "downloads").rmdir()
    doctor(code=0)
    (doctor.folder / "library").rmdir()
    assert bad(doctor(code=1)) == ["folder library"]
    assert sorted(path.name for path in doctor.folder.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(doctor: Doctor) -> None:
    (doctor.folder / "library").chmod(0o555)
    found = doctor(code=1)
    assert "folder library" in bad(found)


def test_a_file_in_place_of_a_folder_is_named(doctor: Doctor) -> None:
    (doctor.folder / "downloads").rmdir()
    (doctor.folder / "downloads").write_text("not a folder")
    assert bad(doctor(code=1)) == ["folder downloads"]


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="there is no second file system")
def test_a_library_on_another_file_system_is_named_with_what_to_do(doctor: Doctor) -> None:
    other = Path("/dev/shm", f"seiton-doctor-{os.getpid()}")
    other.mkdir()
    try:
        if other.stat().st_dev == doctor.folder.stat().st_dev:
            pytest.skip("temporary folders lie there, too")
        found = doctor("--library", str(other), code=1)
        assert bad(found) == ["hard links"]
        assert "allow_copy" in found["hard links"][0]["do"]
        assert list(other.iterdir()) == []
    finally:
        other.rmdir()


def test_a_server_that_was_there_leaves_a_world_that_is_well(doctor: Doctor) -> None:
    with ApiWorld(doctor.folder) as world:
        world.viewer.library()
        with world.listening() as url:
            library = ("--library", str(world.settings.library))
            downloads = ("--downloads", str(world.settings.downloads))
            found = doctor(*library, *downloads, "--url", url, code=0)
            assert url in found["server"][0]["says"]
            assert "belongs here" in found["library id"][0]["says"]
            (world.settings.library / ".seiton/library-id").unlink()
            assert bad(doctor(*library, *downloads, code=1)) == ["library id"]


def test_a_server_that_was_asked_for_and_is_not_there_is_named(doctor: Doctor) -> None:
    assert bad(doctor("--url", "http://127.0.0.1:9", code=1)) == ["server"]


def test_feeds_that_fail_or_have_no_host_are_named(doctor: Doctor) -> None:
    with ApiWorld(doctor.folder) as world:
        for name in ("failing.invalid", "gone.invalid"):
            world.client.post("/subscriptions", json={"source_url": f"https://{name}/rss?token=secret"})
        table = tables.subscriptions
        with world.core.database.write() as connection:
            update = sa.update(table).where(table.c.subscription_id == 1)
            connection.execute(update.values(failures=3, last_error="nobody answers"))
        found = doctor(code=1)
    assert bad(found) == ["feed 1", "feed 2"]
    assert "nobody answers" in found["feed 1"][0]["says"]
    assert "secret" not in json.dumps(found)


def test_rows_of_the_future_tell_of_a_wrong_clock(doctor: Doctor) -> None:
    with ApiWorld(doctor.folder) as world:
        world.add_parser()
        world.subscribe(["[Group] Tea - 01 [1080p]"])
        with world.core.database.write() as connection:
            later = sa.text("UPDATE core_downloads SET updated_at = '2199-01-01 00:00:00.000000'")
            connection.execute(later)
        assert "clock" in bad(doctor(code=1))


def test_tables_that_are_not_there_and_databases_that_are_none_are_named(
    doctor: Doctor, empty_database_url: str
) -> None:
    empty = Database(empty_database_url)
    with empty.read() as connection:
        connection.execute(sa.text("SELECT 1"))
    empty.close()
    assert bad(doctor("--database-url", empty_database_url, code=1)) == ["database"]
    broken = doctor.folder / "broken.db"
    broken.write_bytes(b"this is no database" * 100)
    assert bad(doctor("--database-url", f"sqlite:///{broken}", code=1)) == ["database"]


def test_it_looks_at_postgresql_as_well(doctor: Doctor, database_url: str) -> None:
    doctor("--database-url", database_url, code=0)


def test_people_get_a_table_with_what_to_do(doctor: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    use_language("en")
    names = ("data", "library", "downloads")
    flags = [part for name in names for part in (f"--{name}", str(doctor.folder / name))]
    assert run(["doctor", *flags]) == 0
    assert "All is well." in capsys.readouterr().out


def test_media_servers_are_asked_how_they_are_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    doctor = Doctor(tmp_path, capsys)
    double = JellyfinDouble(tmp_path / "library")
    double.options = {"MetadataSavers": ["Nfo"]}
    settings = """
        [[media_servers]]
        name = "den"
        kind = "jellyfin"
        url = "{url}"
        token = "{token}"
        path_map = ["{library}=/tv"]
        """
    text = settings.format(url=double.url, token=TOKEN, library=tmp_path / "library")
    (tmp_path / "data" / "seiton.toml").write_text(text)
    well, saver = doctor(code=1)["media server den"]
    assert (well["health"], saver["health"]) == ("good", "bad")
    assert "over those of Seiton" in saver["says"]
    double.close()
    (away,) = doctor(code=0)["media server den"]
    assert away["health"] == "warning"


def test_a_folder_for_films_is_looked_at_where_one_is_named(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "folder movies_root" not in doctor(code=0)
    films = doctor.folder / "films"
    monkeypatch.setenv("SEITON_MOVIES_ROOT", str(films))
    assert "the first start makes it" in doctor(code=0)["folder movies_root"][0]["says"]
    films.write_text("no folder")
    assert bad(doctor(code=1)) == ["folder movies_root"]
