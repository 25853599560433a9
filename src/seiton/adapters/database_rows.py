"""Rows of a table as they are stored, in a stream: read, summed up, written to another kind of database.

JSON travels as the text that is stored, so that ``null`` and nothing stay two things. Memory is bounded:
few rows are held at a time, fewer where a table holds whole files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
import xxhash
from sqlalchemy.engine import Connection

from seiton.adapters.bulk import BulkWrite

Rows = Sequence[tuple[Any, ...]]
ROWS, ROWS_WITH_FILES = 2_000, 20
_SUM = 2**128


@dataclass(slots=True)
class Tally:
    """How many rows there are, and a sum of their digests in no order: databases sort differently."""

    count: int = 0
    digest: int = 0

    def add(self, rows: Rows) -> None:
        """Count ``rows`` in."""
        self.count += len(rows)
        for row in rows:
            # Values are of the same Python types whatever database they come from: times are in UTC.
            self.digest += xxhash.xxh3_128_intdigest(repr(row).encode("utf-8", "surrogatepass"))
        self.digest %= _SUM

    @property
    def checksum(self) -> str:
        """The sum in hexadecimal digits."""
        return f"{self.digest:032x}"


def read_rows(connection: Connection, table: sa.Table) -> Iterator[Rows]:
    """Yield all rows of ``table`` in the order of its key, a batch at a time."""
    columns = [
        sa.cast(column, sa.Text).label(column.name) if isinstance(column.type, sa.JSON) else column
        for column in table.columns
    ]
    holds_files = any(isinstance(column.type, sa.LargeBinary) for column in table.columns)
    batch = ROWS_WITH_FILES if holds_files else ROWS
    query = sa.select(*columns).order_by(*table.primary_key.columns)
    found = connection.execution_options(yield_per=batch).execute(query)
    for part in found.partitions(batch):
        yield [tuple(row) for row in part]


class RowWriter:
    """Writes rows of ``table`` as ``read_rows`` gives them."""

    def __init__(self, table: sa.Table) -> None:
        self._names = [column.name for column in table.columns]
        columns = [
            sa.column(column.name, sa.Text() if isinstance(column.type, sa.JSON) else column.type)
            for column in table.columns
        ]
        self._insert = BulkWrite(sa.insert(sa.table(table.name, *columns)), self._names)
        self._copy = f"COPY {table.name} ({', '.join(self._quoted())}) FROM STDIN"

    def write(self, connection: Connection, rows: Rows) -> None:
        """Insert ``rows``."""
        if connection.dialect.name == "sqlite":
            self._insert(connection, [dict(zip(self._names, row, strict=True)) for row in rows])
            return
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(self._copy) as copy:
            for row in rows:
                copy.write_row(row)

    def _quoted(self) -> list[str]:
        return [f'"{name}"' for name in self._names]


def highest_key(connection: Connection, table: sa.Table) -> int | None:
    """Return the highest number that a row of ``table`` ever had, also one that is gone; ``None``: it has
    other keys. Such numbers are never given again.
    """
    column = table.autoincrement_column
    if column is None:
        return None
    highest = int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(column), 0))).scalar_one())
    if connection.dialect.name == "sqlite":
        given = sa.text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = :name")
        return max(highest, int(connection.execute(given, {"name": table.name}).scalar_one()))
    sequence = _sequence_of(connection, table, column)
    last, is_given = connection.execute(sa.text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608
    return max(highest, int(last) if is_given else 0)


def set_highest_key(connection: Connection, table: sa.Table, highest: int) -> None:
    """Have the next row of ``table`` get a number above ``highest``."""
    column = table.autoincrement_column
    if column is None or not highest:
        return
    if connection.dialect.name == "sqlite":
        values = {"name": table.name, "seq": highest}
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
        connection.execute(sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), values)
        return
    sequence = _sequence_of(connection, table, column)
    connection.execute(sa.select(sa.func.setval(sequence, highest)))


def _sequence_of(connection: Connection, table: sa.Table, column: sa.Column[Any]) -> str:
    """Return the name of the sequence that gives ``column`` its numbers, quoted for SQL."""
    query = sa.select(sa.func.pg_get_serial_sequence(table.name, column.name))
    return str(connection.execute(query).scalar_one())
