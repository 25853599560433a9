"""The files of a plan to adopt a folder: read and changed a few hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.contract import MAX_BATCH
from seiton.core import tables


def rows_of(
    connection: sa.Connection, adoption_id: int, *conditions: sa.ColumnElement[bool]
) -> Iterator[Sequence[Row]]:
    """Yield the files of a plan in their order, a few hundred at a time."""
    table = tables.adoption_files
    cursor = 0
    while True:
        query = (
            sa.select(table)
            .where(table.c.adoption_id == adoption_id, table.c.number > cursor, *conditions)
            .order_by(table.c.number)
            .limit(MAX_BATCH)
        )
        rows = connection.execute(query).mappings().all()
        if not rows:
            return
        yield rows
        cursor = rows[-1]["number"]


def update_files(
    connection: sa.Connection, adoption_id: int, names: Sequence[str], rows: Sequence[dict[str, Any]]
) -> None:
    """Write ``rows``: ``its_number`` and for each of ``names`` a value under that name with an underscore."""
    table = tables.adoption_files
    values: dict[str, Any] = {n: sa.bindparam(f"{n}_", type_=table.c[n].type) for n in names}
    update = sa.update(table).where(
        table.c.adoption_id == adoption_id, table.c.number == sa.bindparam("its_number")
    )
    for part in chunks(rows):
        connection.execute(update.values(values), part)
