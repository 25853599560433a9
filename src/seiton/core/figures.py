"""The figures of the dashboard: how many of each thing, counted up to where a person stops caring.

Nothing is kept: counters would be one row that every writer waits for. Each figure is counted by an index and
no further than ``MOST_COUNTED``, so the cost does not grow with what there is.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.queries import Record
from seiton.core.service import Core
from seiton.domain.states import IN_LIBRARY, DownloadStatus, RawItemStatus, ResolutionStatus, ResyncState

MOST_COUNTED = 10_000

Counted = tuple[str, sa.Table, tuple[sa.ColumnElement[bool], ...]]
"""A figure: its name, and what is counted."""


def count_everything(core: Core, *, most: int | None = MOST_COUNTED) -> Record:
    """Return the figures, by status and by kind of thing.

    No figure is higher than ``most`` (``None``: all are exact), which is ``counted_to``; those that would be
    are in ``more`` by name, such as ``raw_items.parsed``.
    """
    parts = [
        sa.select(sa.literal(name).label("name"), _number(table, conditions, most).label("number"))
        for name, table, conditions in _counted()
    ]
    with core.database.read() as connection:
        found = {row.name: int(row.number) for row in connection.execute(sa.union_all(*parts))}
    more = sorted(name for name, number in found.items() if most is not None and number > most)
    found |= {name: most for name in more if most is not None}
    figures: Record = {"downloads": {}, "raw_items": {}, "counted_to": most, "more": more}
    for name, number in found.items():
        kind, dot, status = name.partition(".")
        if not dot:
            figures[name] = number
        elif number:
            figures[kind][status] = number
    return figures | {"pending_raw_items": found[f"raw_items.{RawItemStatus.PENDING}"]}


def _number(
    table: sa.Table, conditions: tuple[sa.ColumnElement[bool], ...], most: int | None
) -> sa.ScalarSelect[int]:
    rows = sa.select(sa.literal(1).label("one")).select_from(table).where(*conditions)
    counted = (rows if most is None else rows.limit(most + 1)).subquery()
    return sa.select(sa.func.count()).select_from(counted).scalar_subquery()


def _counted() -> Iterator[Counted]:
    """Yield what is counted; each by an index that has nothing else in it, or a table that stays small."""
    downloads, items, resyncs = tables.downloads.c, tables.raw_items.c, tables.resyncs.c
    yield "total_anime", tables.animes, ()
    yield "total_series", tables.series, ()
    yield "active_subscriptions", tables.subscriptions, (tables.subscriptions.c.is_active,)
    for status in DownloadStatus:
        yield f"downloads.{status}", tables.downloads, (downloads.status == status,)
    for item_status in RawItemStatus:
        yield f"raw_items.{item_status}", tables.raw_items, (items.status == item_status,)
    yield "held", tables.downloads, (downloads.hold_reason.is_not(None),)
    yield (
        "drifting",
        tables.downloads,
        (downloads.desired_revision > downloads.applied_revision, downloads.status.in_(sorted(IN_LIBRARY))),
    )
    yield "running_resyncs", tables.resyncs, (resyncs.state == ResyncState.RUNNING,)
    yield "waiting_resyncs", tables.resyncs, (resyncs.state == ResyncState.WAITING,)
    unresolved = tables.conflicts.c.resolution_status == ResolutionStatus.UNRESOLVED
    yield "pending_conflicts", tables.conflicts, (unresolved,)
    yield "filtered_links", tables.links, (tables.links.c.filtered_flag,)
