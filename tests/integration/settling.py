"""Steps taken again and again until a database stays as it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import sqlalchemy as sa

from seiton.adapters.database import Database


def until_idle(database: Database, turn: Callable[[], object], *, most: int) -> None:
    """Do ``turn`` until it writes nothing to ``database``, at most so many times."""
    with _marks(database) as mark:
        before = mark()
        for _turn in range(most):
            turn()
            before, now = mark(), before
            if before == now:
                return


@contextmanager
def _marks(database: Database) -> Iterator[Callable[[], object]]:
    """Yield what returns another mark after somebody wrote to the database.

    https://sqlite.org/pragma.html#pragma_data_version: another number for a connection after others wrote.
    """
    if database.file is not None:
        with closing(sqlite3.connect(database.file)) as connection:
            yield lambda: connection.execute("PRAGMA data_version").fetchone()
        return

    def end_of_log() -> object:
        with database.read() as connection:
            return connection.scalar(sa.text("SELECT pg_current_wal_insert_lsn()"))

    yield end_of_log
