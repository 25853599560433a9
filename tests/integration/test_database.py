"""Where a SQLite database lies, however its name is written."""

from __future__ import annotations

from contextlib import chdir, closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database


def below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def write(url: str, table: str = "t") -> None:
    with closing(Database(url)) as database, database.write() as connection:
        connection.execute(sa.text(f"CREATE TABLE {table} (x)"))


@pytest.mark.parametrize(
    "name",
    [
        "a/b/x.db",
        "{here}/a/b/x.db",
        "file:a/b/x.db?uri=true",
        "file:{here}/a/b/x.db?uri=true",
        "file://{here}/a/b/x.db?mode=rwc&uri=true",
        "file:{here}/a/%2562/x.db?uri=true",
    ],
)
def test_the_folder_of_a_database_is_made_and_no_other(tmp_path: Path, name: str) -> None:
    with chdir(tmp_path):
        write("sqlite:///" + name.format(here=tmp_path))
    assert below(tmp_path) == {"a", "a/b", "a/b/x.db"}


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file::memory:?uri=true"])
def test_a_database_in_memory_leaves_nothing_on_the_disk(tmp_path: Path, url: str) -> None:
    with chdir(tmp_path):
        write(url)
    assert below(tmp_path) == set()


@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_a_database_that_is_only_opened_must_be_there(tmp_path: Path, mode: str) -> None:
    with chdir(tmp_path), pytest.raises(sa.exc.OperationalError):
        write(f"sqlite:///file:{tmp_path}/a/x.db?mode={mode}&uri=true")
    assert below(tmp_path) == set()


def test_a_database_opened_for_reading_is_read_and_not_written(tmp_path: Path) -> None:
    write(f"sqlite:///{tmp_path}/x.db")
    url = f"sqlite:///file:{tmp_path}/x.db?mode=ro&uri=true"
    with closing(Database(url)) as database, database.read() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM t")).scalar_one() == 0
    with pytest.raises(sa.exc.OperationalError, match="readonly"):
        write(url, "another")
