"""Who uses a database: Seiton's processes side by side, or one that copies it and nobody else.

The kernel or PostgreSQL ends a use with its process, however that ends, so nothing has to expire. SQLite's
own locks say only who writes at this moment, so a file beside the database is locked instead: never that of
the database, of which closing any descriptor would drop SQLite's own locks
(https://www.sqlite.org/howtocorrupt.html §2.2).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from seiton.errors import Unavailable
from seiton.text import _

SUFFIX = ".in-use"
_KEY = int.from_bytes(hashlib.blake2b(b"seiton\0database", digest_size=8).digest(), "big", signed=True)

COPIES = sa.Table(
    "seiton_copies",
    sa.MetaData(),
    # Of a database that is a copy: of which services, and whether it is whole. No part of the schema.
    sa.Column("service", sa.String(20), primary_key=True),
    sa.Column("is_whole", sa.Boolean, nullable=False),
)


def begin_use(engine: Engine, file: str | None, *, alone: bool = False) -> Callable[[], None]:
    """Take part in the use of a database, or have it ``alone``; return what ends that.

    ``file`` is SQLite's, ``None`` for PostgreSQL. Raises ``Unavailable``: somebody has it alone, or ``alone``
    is not possible because somebody uses it.
    """
    if engine.dialect.name == "sqlite":
        return _lock_file(file, alone) if file is not None else lambda: None
    connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    take = sa.func.pg_try_advisory_lock if alone else sa.func.pg_try_advisory_lock_shared
    if not connection.execute(sa.select(take(_KEY))).scalar_one():
        connection.close()
        raise _taken(engine.url.database or "", alone)

    def end() -> None:
        connection.invalidate()  # the session ends, and its lock with it
        connection.close()

    return end


def _lock_file(file: str, alone: bool) -> Callable[[], None]:
    descriptor = os.open(file + SUFFIX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise _taken(file, alone) from error
    return lambda: os.close(descriptor)


def _taken(name: str, alone: bool) -> Unavailable:
    if alone:
        message = _(
            "Seiton runs on the database {name}. Stop it there first: core, viewer, workers.", name=name
        )
    else:
        message = _("The database {name} is being copied. Wait until that is done.", name=name)
    return Unavailable(message)


def copies_in(connection: Connection) -> dict[str, bool]:
    """Return of which services this database is a copy that nobody started yet, and whether each is whole."""
    if not sa.inspect(connection).has_table(COPIES.name):
        return {}
    return {row.service: row.is_whole for row in connection.execute(sa.select(COPIES))}


def note_copy(connection: Connection, service: str, *, is_whole: bool) -> None:
    """Write down that the tables of ``service`` are being filled from elsewhere, or are filled."""
    COPIES.create(connection, checkfirst=True)
    forget_copy(connection, service)
    connection.execute(sa.insert(COPIES).values(service=service, is_whole=is_whole))


def forget_copy(connection: Connection, service: str) -> None:
    """Forget that the tables of ``service`` are a copy."""
    connection.execute(sa.delete(COPIES).where(COPIES.c.service == service))


def refuse_half_copy(connection: Connection, name: str) -> None:
    """Raise ``Unavailable`` for a database of which the copying was cut short."""
    if all(copies_in(connection).values()):
        return
    if connection.dialect.name == "sqlite":
        way_out = _("Delete that file, then copy again.")
    else:
        way_out = _("Empty it (DROP DATABASE, CREATE DATABASE), then copy again.")
    raise Unavailable(_("{name} is half a copy; empty it. {way_out}", name=name, way_out=way_out))
