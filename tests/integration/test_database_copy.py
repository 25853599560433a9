"""``seiton database copy``: an installation on another database is the same installation."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seiton.adapters.database import Database, Instant
from seiton.adapters.database_copy import CopiedTable, Schemas, copy_installation
from seiton.adapters.database_rows import highest_key, read_rows
from seiton.adapters.database_use import COPIES, copies_in
from seiton.adapters.migrations import upgrade
from seiton.bootstrap import Seiton
from seiton.core import tables
from seiton.core.access.tokens import create_token
from seiton.domain.access import Scope
from seiton.errors import Conflict, InvalidInput, NotFound, Unavailable
from seiton.faces.cli import run
from seiton.viewer import tables as viewer_tables
from tests.acceptance.roles import running, wait_for
from tests.integration.api_world import ApiWorld, title
from tests.postgres import Server

SCHEMAS: Schemas = {"core": tables.metadata, "viewer": viewer_tables.metadata}
TABLES = [table for schema in SCHEMAS.values() for table in schema.sorted_tables]
Content = dict[str, tuple[list[Any], int | None]]


def copy(source: str, target: str) -> list[CopiedTable]:
    return copy_installation(source, target, SCHEMAS, on_table=lambda _table: None)


def content(url: str) -> Content:
    """Everything in our tables, and the highest number that each has given."""
    database = Database(url)
    try:
        with database.snapshot() as connection:
            return {
                table.name: (
                    sorted((row for part in read_rows(connection, table) for row in part), key=repr),
                    highest_key(connection, table),
                )
                for table in TABLES
            }
    finally:
        database.close()


def lives(folder: Path, url: str) -> None:
    """Make an installation with files in its library, holds, history, a token, and numbers that are gone."""
    with ApiWorld(folder, url) as world:
        world.subscribe([title(1), title(2), title(3, "Sea")])
        parser = world.add_parser()
        world.file_episodes()
        answer = world.client.put(f"/parsers/{parser['parser_id']}", json={"episode_offset": 1})
        assert answer.status_code == 200, answer.text
        world.settle()
        create_token(world.core, "script", Scope.READ)
        create_token(world.core, "gone", Scope.READ)
        with world.core.database.write() as connection:
            connection.execute(sa.delete(tables.api_tokens).where(tables.api_tokens.c.name == "gone"))


@pytest.fixture
def lived(tmp_path: Path, sqlite_url: str) -> str:
    lives(tmp_path, sqlite_url)
    return sqlite_url


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_there_and_back_everything_is_equal(
    lived: str, empty_postgres_url: str, tmp_path: Path, postgres_server: Server
) -> None:
    before = content(lived)
    assert len(before["viewer_journal"][0]) > 0 < len(before["core_resync_items"][0])
    assert before["core_api_tokens"][1] == 2, "a number that is gone is not given again"
    there = copy(lived, empty_postgres_url)
    assert content(empty_postgres_url) == content(lived) == before
    back = copy(empty_postgres_url, f"sqlite:///{tmp_path / 'back.db'}")
    assert content(f"sqlite:///{tmp_path / 'back.db'}") == before
    assert there == back, "the checksums do not depend on the database"
    with postgres_server.database() as other:
        assert copy(empty_postgres_url, other) == there
        assert content(other) == before


def _value(column: sa.Column[Any]) -> st.SearchStrategy[Any]:
    kind: Any = column.type
    texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=10)
    found: st.SearchStrategy[Any]
    if isinstance(kind, sa.JSON):
        leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts
        found = st.dictionaries(texts, leaves, max_size=3) | st.lists(leaves, max_size=3) | st.none()
    elif isinstance(kind, Instant):
        moments = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
        found = moments
    elif isinstance(kind, sa.Boolean):
        found = st.booleans()
    elif isinstance(kind, sa.BigInteger):
        found = st.integers(-(2**63), 2**63 - 1)
    elif isinstance(kind, sa.Integer):
        found = st.integers(-(2**31), 2**31 - 1)
    elif isinstance(kind, sa.Float):
        found = st.floats(allow_nan=False)
    elif isinstance(kind, sa.LargeBinary):
        found = st.binary(max_size=12)
    else:
        found = texts
    # A JSON column that is given no value at all holds nothing, which is not the JSON ``null``.
    return found | st.just(sa.null()) if column.nullable else found


_NUMBERS = count(1)


def _row(table: sa.Table) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({column.name: _value(column) for column in table.columns})


FREE = [
    table
    for table in TABLES
    if not table.foreign_keys
    and not any(isinstance(rule, sa.CheckConstraint) and rule.name for rule in table.constraints)
]


@pytest.mark.postgres
@pytest.mark.timeout(900)
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_whatever_the_rows_hold_it_comes_back(
    data: st.DataObject, tmp_path: Path, _sqlite_with_tables: Path, postgres_server: Server
) -> None:
    number = next(_NUMBERS)
    source, back = (tmp_path / f"{name}{number}.db" for name in ("source", "back"))
    source.write_bytes(_sqlite_with_tables.read_bytes())
    database = Database(f"sqlite:///{source}")
    with database.write() as connection:
        for table in data.draw(st.lists(st.sampled_from(FREE), min_size=1, max_size=8, unique_by=id)):
            for row in data.draw(st.lists(_row(table), max_size=4)):
                connection.execute(sa.insert(table).prefix_with("OR IGNORE").values(row))
    database.close()
    before = content(f"sqlite:///{source}")
    with postgres_server.database() as there:
        copy(f"sqlite:///{source}", there)
        assert content(there) == before
        copy(there, f"sqlite:///{back}")
    assert content(f"sqlite:///{back}") == before


@pytest.fixture(params=["to postgres", "to sqlite"])
def pair(
    request: pytest.FixtureRequest, tmp_path: Path, postgres_server: Server, _sqlite_with_tables: Path
) -> Iterator[tuple[str, str]]:
    """A database with a life in it and an empty one of the other kind."""
    with postgres_server.database() as postgres:
        sqlite = f"sqlite:///{tmp_path / 'one.db'}"
        found = (sqlite, postgres) if request.param == "to postgres" else (postgres, sqlite)
        lives(tmp_path / "life", found[0])
        yield found


@pytest.mark.postgres
def test_nobody_may_run_on_either_of_them(pair: tuple[str, str], tmp_path: Path) -> None:
    source, target = pair
    for running_on in pair:
        with (
            ApiWorld(tmp_path / "other", running_on),
            pytest.raises(Unavailable, match="Stop it there first"),
        ):
            copy(source, target)
    # The one that ran on the target has made an installation there.
    with pytest.raises(Conflict, match="is not empty"):
        copy(source, target)


@pytest.mark.postgres
def test_nobody_can_start_while_it_is_copied(pair: tuple[str, str], tmp_path: Path) -> None:
    for url in pair:
        copying = Database(url)
        copying.use(alone=True)
        with pytest.raises(Unavailable, match="is being copied"):
            ApiWorld(tmp_path / "other", url)
        copying.close()
        ApiWorld(tmp_path / "other", url).__exit__(None, None, None)


@pytest.mark.timeout(300)
def test_a_running_process_is_seen_and_a_killed_one_is_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'core' / 'seiton.db'}"
    with (
        running("core", tmp_path, "--database-url", url),
        pytest.raises(Unavailable, match="Stop it there first"),
    ):
        copy(url, f"sqlite:///{tmp_path / 'new.db'}")
    copy(url, f"sqlite:///{tmp_path / 'new.db'}")


@pytest.mark.postgres
def test_a_target_that_is_not_empty_is_left_alone(pair: tuple[str, str], tmp_path: Path) -> None:
    source, target = pair
    lives(tmp_path / "second", target)
    before = content(target)
    with pytest.raises(Conflict, match="is not empty: there are rows in core_"):
        copy(source, target)
    assert content(target) == before


SLOW = """
CREATE FUNCTION wait_for_ever() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
PERFORM pg_sleep(3600); RETURN NEW; END $$;
CREATE TRIGGER slow BEFORE INSERT ON core_downloads FOR EACH ROW EXECUTE FUNCTION wait_for_ever()
"""


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_killed_in_the_middle_it_leaves_the_source_whole_and_a_target_that_is_refused(
    lived: str, postgres_url: str, tmp_path: Path
) -> None:
    before, database = content(lived), Database(postgres_url)
    with database.write() as connection:
        connection.exec_driver_sql(SLOW)
    process = subprocess.Popen(
        [sys.executable, "-m", "seiton", "database", "copy", lived, postgres_url],
        env={**os.environ, "LANG": "C.UTF-8"},
    )
    busy = sa.text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY core_downloads%'")

    def is_in_the_middle() -> bool:
        with database.read() as connection:
            return bool(connection.execute(busy).scalar_one())

    wait_for(is_in_the_middle, "it has come to the downloads")
    process.send_signal(signal.SIGKILL)
    process.wait()
    with database.write() as connection:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY core_downloads%'"
        connection.execute(sa.text(end))
    with database.read() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(tables.raw_items)).scalar_one() > 0
    database.close()

    def refuses() -> None:
        copy(lived, postgres_url)

    assert _eventually(refuses, "half a copy; empty it")
    with pytest.raises(Unavailable, match="half a copy; empty it"):
        ApiWorld(tmp_path / "new", postgres_url)
    assert content(lived) == before
    with ApiWorld(tmp_path, lived) as world:
        assert world.client.get("/downloads").status_code == 200


def _eventually(refuses: Any, word: str) -> bool:
    """The server needs a moment to end the dead one's session, and with it its use of the database."""
    found = ""

    def says_so() -> bool:
        nonlocal found
        try:
            refuses()
        except Unavailable as error:
            found = str(error)
        return word in found

    wait_for(says_so, f"it is refused: {word}")
    return True


def test_a_target_that_refuses_a_row_stays_refused_until_it_is_emptied(lived: str, tmp_path: Path) -> None:
    new = tmp_path / "new.db"
    database = Database(f"sqlite:///{new}")
    for service in SCHEMAS:
        upgrade(database, service)
    with database.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON core_downloads BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    database.close()
    with pytest.raises(Conflict, match="does not take a row of core_downloads: disk full"):
        copy(lived, f"sqlite:///{new}")
    for _again in range(2):
        with pytest.raises(Unavailable, match=r"is half a copy; empty it\. Delete that file"):
            copy(lived, f"sqlite:///{new}")
    new.unlink()
    copy(lived, f"sqlite:///{new}")
    assert content(f"sqlite:///{new}") == content(lived)


@pytest.mark.postgres
@pytest.mark.timeout(600)
def test_the_next_start_looks_at_everything_once(lived: str, empty_postgres_url: str, tmp_path: Path) -> None:
    database = Database(lived)
    later = datetime.now(UTC) + timedelta(days=9)
    with database.write() as connection:
        # A wish that does not say what the rules say, and is not to be looked at for days.
        wrong = {"desired_fingerprint": "0" * 32, "next_try_at": later}
        connection.execute(
            sa.update(tables.downloads).where(tables.downloads.c.download_id == 1).values(wrong)
        )
    database.close()
    copy(lived, empty_postgres_url)
    copied = Database(empty_postgres_url)
    with copied.read() as connection:
        assert copies_in(connection) == {"core": True, "viewer": True}

    def open_copies() -> int:
        with copied.read() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(COPIES)).scalar_one())

    def first() -> Any:
        with copied.read() as connection:
            table = tables.downloads
            return connection.execute(sa.select(table).where(table.c.download_id == 1)).mappings().one()

    before = first()["desired_revision"]
    with ApiWorld(tmp_path, empty_postgres_url) as world:
        given_settings = world.settings
    with Seiton(given_settings, loopback_only=True):
        wait_for(lambda: open_copies() == 0, "everything was looked at")
        wait_for(lambda: first()["applied_revision"] == before + 1, "the wish was worked out and is met")
    row = first()
    assert (row["status"], row["desired_fingerprint"] != "0" * 32) == ("synced", True)
    copied.close()


@pytest.mark.postgres
def test_a_viewers_own_database_moves_by_itself(tmp_path: Path, empty_postgres_url: str) -> None:
    own = f"sqlite:///{tmp_path / 'viewer.db'}"
    database = Database(own)
    upgrade(database, "viewer")
    with database.write() as connection:
        row = {"digest": "a" * 64, "content": b"\0\xff" * 100_000, "created_at": datetime.now(UTC)}
        connection.execute(sa.insert(viewer_tables.objects).values(row))
    database.close()
    copied = {table.name: table.rows for table in copy(own, empty_postgres_url)}
    assert set(copied) == set(viewer_tables.metadata.tables)
    assert copied["viewer_objects"] == 1
    there = Database(empty_postgres_url)
    with there.read() as connection:
        assert (
            connection.execute(sa.select(viewer_tables.objects.c.content)).scalar_one() == b"\0\xff" * 100_000
        )
    there.close()


def test_what_is_no_installation_or_the_same_is_refused(lived: str, tmp_path: Path) -> None:
    new = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(NotFound, match="There is no database"):
        copy(new, lived)
    with pytest.raises(InvalidInput, match="This is the database that is to be copied"):
        copy(lived, lived)
    Database(new).close()
    (tmp_path / "empty.db").touch()
    with pytest.raises(NotFound, match="There is no installation"):
        copy(f"sqlite:///{tmp_path / 'empty.db'}", new)
    with pytest.raises(InvalidInput, match="not supported"):
        copy("mysql://x/y", new)


@pytest.mark.postgres
def test_the_last_line_says_what_was_copied(
    lived: str, empty_postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["database", "copy", lived, empty_postgres_url]) == 0
    said = capsys.readouterr().out.strip().split("\n")
    assert any(line.startswith("core_downloads: 3 rows, checksum ") for line in said)
    assert said[-1].startswith(f"Copied {len(TABLES)} tables with ") and lived in said[-1]
    assert run(["database", "copy", empty_postgres_url, f"sqlite:///{tmp_path / 'b.db'}", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert sum(row["rows"] for row in document["tables"]) == document["rows"] > 0
    assert run(["database", "copy", lived, empty_postgres_url, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"] == "conflict"
