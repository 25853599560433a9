"""The process's one database: SQLite or PostgreSQL behind the same few calls.

SQLite runs in WAL with ``synchronous=FULL`` and every write transaction starts with ``BEGIN IMMEDIATE``:
pysqlite's default opens no transaction before a SELECT and silently loses updates.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Engine

from seiton.adapters.database_use import begin_use, refuse_half_copy
from seiton.errors import InvalidInput, Problem
from seiton.text import _

T = TypeVar("T")

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names, fixed so that migrations can find them on both databases."""

Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""Primary and foreign keys; 64 bits on both databases."""

Row = Mapping[Any, Any]
"""A row by column name, as read or about to be written."""

CHUNK = 500
"""Rows in one set-based statement: below every driver's parameter limit."""


class Instant(sa.TypeDecorator[datetime]):
    """A point in time, always aware and in UTC (SQLite forgets the zone)."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC; a naive value is a mistake in our code."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give back an aware value in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any] | None:
        """Return what reads a stored value. SQLite has text, and the rows of a query mostly one moment."""
        process = super().result_processor(dialect, coltype)
        if process is None or dialect.name != "sqlite":
            return process
        return lru_cache(maxsize=256)(process)


def one_of(column: str, values: Iterable[str], name: str) -> sa.CheckConstraint:
    """Return a CHECK that ``column`` holds one of ``values``: states live in code, once."""
    words = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({words})", name=name)


class Database:
    """Connections and transactions. Thread-safe; one per process."""

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            parsed = sa.make_url(url)
        except sa.exc.ArgumentError as error:
            raise InvalidInput([Problem(field="database_url", message=str(error))]) from error
        if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
            message = _("{scheme} is not supported; use sqlite:///FILE or postgresql+psycopg://…")
            message = message.format(scheme=parsed.drivername)
            raise InvalidInput([Problem(field="database_url", message=message)])
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(url) if self.is_sqlite else _postgres_engine(url)
        self.file, is_made = _file_of(self.engine) if self.is_sqlite else (None, False)
        if self.file is not None and is_made:
            os.makedirs(os.path.dirname(self.file), exist_ok=True)
        self._end_use: Callable[[], None] | None = None
        self._reader = self.engine.execution_options(seiton_read=True)
        # SQLite has one writer; queueing here is fair, its busy handler sleeps and is not.
        self._writing = threading.RLock() if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection with a consistent view; nothing written through it is kept."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection in a write transaction: committed at the end, rolled back on an exception."""
        if self._writing is None:
            with self.engine.begin() as connection:
                yield connection
            return
        with self._writing, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Give a connection on which every read sees the same moment, however long that takes."""
        if self.is_sqlite:
            with self.read() as connection:
                yield connection
            return
        options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self.engine.connect().execution_options(**options) as connection:
            yield connection

    @property
    def name(self) -> str:
        """What people call it: the file, or the address without a password."""
        return self.file or self.engine.url.render_as_string(hide_password=True)

    def use(self, *, alone: bool = False) -> None:
        """Take part in its use until ``close``, or have it ``alone``: while anybody uses it nobody can.

        Raises ``Unavailable``, also for a database of which the copying was cut short.
        """
        self._end_use = begin_use(self.engine, self.file, alone=alone)
        with self.read() as connection:
            refuse_half_copy(connection, self.name)

    def close(self) -> None:
        """Close all pooled connections, and end the use."""
        if self._end_use is not None:
            self._end_use()
            self._end_use = None
        self.engine.dispose()


def _sqlite_engine(url: str) -> Engine:
    engine = sa.create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "cache_size=-65536",  # KiB: the indexes of a large installation do not fit into the default 2 MiB
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "busy_timeout=30000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("seiton_read")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _file_of(engine: Engine) -> tuple[str | None, bool]:
    """Return the absolute path of the SQLite file, and whether SQLite makes it; no path where there is none.

    With ``uri=true`` the name may be a URI (https://sqlite.org/uri.html): ``file:`` before an escaped path,
    and a ``mode``, of which only ``rwc`` makes a file.
    """
    (name,), options = engine.dialect.create_connect_args(engine.url)
    mode = "rwc"
    if options.get("uri") and name.startswith("file:"):
        parts = urlsplit(name)
        mode = parse_qs(parts.query).get("mode", ["rwc"])[-1]
        name = unquote(parts.path)
    if mode == "memory" or name in {"", ":memory:"}:
        return None, False
    return os.path.abspath(name), mode == "rwc"


def _postgres_engine(url: str) -> Engine:
    url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    return sa.create_engine(url, pool_size=10, max_overflow=20, pool_pre_ping=True)


def plain(result: sa.CursorResult[Any]) -> list[Row]:
    """Return the rows of ``result`` as dicts, which are read faster than SQLAlchemy's mappings."""
    names = tuple(result.keys())
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def chunks(rows: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Cut ``rows`` into pieces of at most ``size``."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
