"""Where the fields of releases come from: which title was read by which parser."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core


def origins_of(core: Core, item_ids: Sequence[int]) -> dict[int, Record]:
    """Return, by raw item, its title and the parser that read it; ``parser_name`` is None once it is gone."""
    items, parsers = tables.raw_items, tables.parsers
    query = sa.select(
        items.c.item_id, items.c.title, items.c.parser_id, parsers.c.name.label("parser_name")
    ).select_from(items.outerjoin(parsers, parsers.c.parser_id == items.c.parser_id))
    found: dict[int, Record] = {}
    with core.database.read() as connection:
        for part in chunks(sorted(set(item_ids))):
            rows = fetch_all(connection, query.where(items.c.item_id.in_(part)))
            found |= {row["item_id"]: row for row in rows}
    return found


def moves_of(core: Core, download_ids: Sequence[int]) -> dict[int, list[Record]]:
    """Return, by download, the causes that touched its file, the newest first, with both paths."""
    items, resyncs = tables.resync_items, tables.resyncs
    query = (
        sa.select(
            items.c.download_id,
            items.c.before_path,
            items.c.after_path,
            items.c.outcome,
            resyncs.c.resync_id,
            resyncs.c.cause,
            resyncs.c.subject_name,
            resyncs.c.created_at,
        )
        .select_from(items.join(resyncs, resyncs.c.resync_id == items.c.resync_id))
        .order_by(resyncs.c.resync_id.desc())
    )
    found: dict[int, list[Record]] = {}
    with core.database.read() as connection:
        for part in chunks(sorted(set(download_ids))):
            for row in fetch_all(connection, query.where(items.c.download_id.in_(part))):
                found.setdefault(row["download_id"], []).append(row)
    return found
