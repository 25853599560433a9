"""A statement for many rows at the speed of the driver: it stores what SQLAlchemy would."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import Database, Instant, plain

METADATA = sa.MetaData()
THINGS = sa.Table(
    "things",
    METADATA,
    sa.Column("thing_id", sa.Integer, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("at", Instant),
    sa.Column("facts", sa.JSON),
    sa.Column("content", sa.LargeBinary),
    sa.Column("is_good", sa.Boolean, nullable=False, server_default=sa.true()),
)
EAST = timezone(timedelta(hours=8))
ROWS: list[dict[str, Any]] = [
    {
        "thing_id": 1,
        "name": "蓮",
        "at": datetime(2026, 1, 1, 8, tzinfo=EAST),
        "facts": {"a": [1, "二"]},
        "content": b"\xff\x00",
    },
    {"thing_id": 2, "name": None, "at": None, "facts": {}, "content": None},
    {
        "thing_id": 3,
        "name": "x",
        "at": datetime(2026, 1, 1, tzinfo=UTC),
        "facts": {"b": None},
        "content": b"",
    },
]


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as connection:
        METADATA.create_all(connection)
    yield made
    made.close()


def stored(database: Database) -> list[Any]:
    with database.read() as connection:
        return plain(connection.execute(sa.select(THINGS).order_by(THINGS.c.thing_id)))


def test_rows_are_stored_as_by_sqlalchemy_and_read_back_as_they_were(database: Database) -> None:
    insert = BulkWrite(sa.insert(THINGS), list(ROWS[0]))
    with database.write() as connection:
        insert(connection, ROWS)
    ours = stored(database)
    with database.write() as connection:
        connection.execute(sa.delete(THINGS))
        connection.execute(sa.insert(THINGS), ROWS)
    assert ours == stored(database)
    assert ours == [row | {"is_good": True} for row in ROWS]


def test_an_update_takes_its_own_values_and_those_of_each_row(database: Database) -> None:
    update = BulkWrite(
        sa.update(THINGS)
        .where(THINGS.c.thing_id == sa.bindparam("its_id"))
        .values(name=sa.func.coalesce(sa.bindparam("name_"), THINGS.c.name), is_good=False, at=None)
    )
    with database.write() as connection:
        connection.execute(sa.insert(THINGS), ROWS)
        update(connection, [{"its_id": 1, "name_": None}, {"its_id": 3, "name_": "y"}])
    assert [(row["name"], row["is_good"], row["at"]) for row in stored(database)] == [
        ("蓮", False, None),
        (None, True, None),
        ("y", False, None),
    ]


def test_no_rows_are_no_statement(database: Database) -> None:
    with database.write() as connection:
        BulkWrite(sa.insert(THINGS), ["name"])(connection, [])
    assert stored(database) == []


def test_a_naive_time_is_refused(database: Database) -> None:
    insert = BulkWrite(sa.insert(THINGS), ["at", "facts"])
    with pytest.raises((ValueError, sa.exc.StatementError)), database.write() as connection:
        insert(connection, [{"at": datetime(2026, 1, 1), "facts": {}}])
