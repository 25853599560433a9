"""An installation moves from one database to another, SQLite or PostgreSQL, either way.

Nobody else uses either meanwhile. The source is only read, all of it as of one moment. The target is marked
as half a copy before the first row and until all of it was read back and compared: a copy that was cut short
is refused by whoever opens it. The job engine's tables and the index of titles are not copied: both are made
anew from what is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from seiton.adapters.database import Database
from seiton.adapters.database_rows import RowWriter, Tally, highest_key, read_rows, set_highest_key
from seiton.adapters.database_use import note_copy
from seiton.adapters.migrations import SERVICES, Service, state_of, upgrade
from seiton.errors import Conflict, InvalidInput, NotFound, Problem, Unavailable
from seiton.text import _

Schemas = Mapping[Service, sa.MetaData]
"""The tables of each service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedTable:
    """A table that is in the target as it is in the source: its rows and a checksum of them."""

    name: str
    rows: int
    checksum: str


def copy_installation(
    source_url: str, target_url: str, schemas: Schemas, *, on_table: Callable[[CopiedTable], None]
) -> list[CopiedTable]:
    """Copy everything at ``source_url`` to ``target_url``; ``on_table`` hears of each table that is there.

    Raises ``NotFound`` (no installation there), ``InvalidInput`` (one and the same, an unusable address),
    ``Unavailable`` (somebody runs on one of them, another version, half a copy) and ``Conflict`` (the target
    is not empty, or holds something else than the source afterwards).
    """
    with ExitStack() as stack:
        source = stack.enter_context(_opened(source_url, "FROM", must_exist=True))
        target = stack.enter_context(_opened(target_url, "TO"))
        if _is_same(source, target):
            raise InvalidInput([Problem(field="TO", message=_("This is the database that is to be copied."))])
        source.use(alone=True)
        target.use(alone=True)
        services = _services_in(source)
        _require_empty(target, schemas)
        for service in services:
            upgrade(target, service)
        with target.write() as connection:
            for service in services:
                note_copy(connection, service, is_whole=False)
        tables = [table for service in services for table in schemas[service].sorted_tables]
        with source.snapshot() as reading, _without_checks(target):
            copied = [_copy_table(reading, target, table) for table in tables]
        _compare(target, copied, on_table)
        with target.write() as connection:
            for service in services:
                note_copy(connection, service, is_whole=True)
        if not target.is_sqlite:
            # Else the first queries are planned for empty tables, and count rows one by one.
            with target.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM (ANALYZE)")
    return [done for _table, done, _highest in copied]


@contextmanager
def _opened(url: str, field: str, *, must_exist: bool = False) -> Iterator[Database]:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise InvalidInput([Problem(field=field, message=str(error))]) from error
    file = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if must_exist and file is not None and not os.path.isfile(file):
        raise NotFound(_("There is no database {path}.", path=file))
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def _is_same(source: Database, target: Database) -> bool:
    if source.file is not None and target.file is not None:
        return os.path.realpath(source.file) == os.path.realpath(target.file)
    return source.engine.url == target.engine.url


def _services_in(source: Database) -> list[Service]:
    """Return the services that have their tables here. Raises ``NotFound`` and ``Unavailable``."""
    found: list[Service] = []
    for service in SERVICES:
        revision, newest = state_of(source, service)
        if revision is not None and revision != newest:
            message = _(
                "{name} is of another version of Seiton. Start this one on it once.", name=source.name
            )
            raise Unavailable(message)
        if revision is not None:
            found.append(service)
    if not found:
        raise NotFound(_("There is no installation in {name}.", name=source.name))
    return found


def _require_empty(target: Database, schemas: Schemas) -> None:
    with target.read() as connection:
        present = set(sa.inspect(connection).get_table_names())
        for schema in schemas.values():
            for table in schema.sorted_tables:
                if table.name not in present:
                    continue
                if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
                    raise Conflict(
                        _(
                            "{name} is not empty: there are rows in {table}. Only an empty database is"
                            " filled; nothing was changed.",
                            name=target.name,
                            table=table.name,
                        )
                    )


@contextmanager
def _without_checks(target: Database) -> Iterator[None]:
    """Let rows of SQLite refer to rows that come later; at the end all of them must be there.

    PostgreSQL checks each batch, which the order of tables and keys allows.
    """
    if not target.is_sqlite:
        yield
        return

    def switch_off(connection: object, _record: object, _proxy: object) -> None:
        connection.execute("PRAGMA foreign_keys=OFF")  # type: ignore[attr-defined]

    sa.event.listen(target.engine, "checkout", switch_off)
    try:
        yield
        with target.read() as connection:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise Conflict(_("A row of {table} refers to one that is not there.", table=broken[0]))
    finally:
        sa.event.remove(target.engine, "checkout", switch_off)
        target.engine.dispose()


Copied = tuple[sa.Table, CopiedTable, int | None]


def _copy_table(reading: Connection, target: Database, table: sa.Table) -> Copied:
    """Copy one table, each batch in a transaction of its own."""
    tally, writer = Tally(), RowWriter(table)
    highest = highest_key(reading, table)
    for rows in read_rows(reading, table):
        tally.add(rows)
        try:
            with target.write() as connection:
                writer.write(connection, rows)
        except (sa.exc.DatabaseError, psycopg.Error) as error:
            raise _unfit(table, target, getattr(error, "orig", error)) from error
    if highest is not None:
        with target.write() as connection:
            set_highest_key(connection, table, highest)
    return table, CopiedTable(name=table.name, rows=tally.count, checksum=tally.checksum), highest


def _unfit(table: sa.Table, target: Database, error: BaseException | None) -> Conflict:
    said = str(error).strip().partition("\n")[0]
    return Conflict(
        _("{name} does not take a row of {table}: {reason}", name=target.name, table=table.name, reason=said)
    )


def _compare(target: Database, copied: Sequence[Copied], on_table: Callable[[CopiedTable], None]) -> None:
    """Read all of the target back. Raises ``Conflict`` where it is not what was read from the source."""
    with target.snapshot() as reading:
        for table, wanted, highest in copied:
            tally = Tally()
            for rows in read_rows(reading, table):
                tally.add(rows)
            if (tally.count, tally.checksum) != (wanted.rows, wanted.checksum) or (
                highest is not None and highest_key(reading, table) != highest
            ):
                raise Conflict(
                    _(
                        "{table} holds something else than was copied: {found} rows of {wanted}.",
                        table=table.name,
                        found=tally.count,
                        wanted=wanted.rows,
                    )
                )
            on_table(wanted)
