"""Reads for lists and single things: set-based, never a query per row, paged in an order without ties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.filing.viewers import count_foreign
from seiton.core.rules.rulesets import BUILTIN
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus, RawItemStatus
from seiton.errors import NotFound
from seiton.text import _

Record = dict[str, Any]
"""A row by column name, with what belongs to it added by name."""

_D = DownloadStatus
HAS_FILES = (_D.COMPLETED, _D.SYNCING, _D.SYNCED, _D.RESYNCING)
"""The episode's files are there, in the library or on the way to it."""


def page(
    query: sa.Select[Any], limit: int | None, offset: int, *order: sa.ColumnElement[Any]
) -> sa.Select[Any]:
    """Return a part of ``query``, without ``limit`` the rest. ``order`` ends in a key: no two rows tie."""
    query = query.order_by(*order).offset(offset)
    # SQLite knows no OFFSET without LIMIT.
    return query.limit(2**63 - 1 if limit is None else limit)


def newest_in(
    states: Sequence[str],
    order: Sequence[sa.Column[Any]],
    limit: int,
    offset: int,
    *conditions: sa.ColumnElement[bool],
) -> sa.Select[Any]:
    """Return the keys of a page of rows in any of ``states``, the highest by ``order`` first; it ends in the
    key. Each state is read by its index as far as the page may need, so no state is sorted as a whole.
    """
    table = order[-1].table
    parts = [
        sa.select(*order)
        .where(table.c.status == state, *conditions)
        .order_by(*(column.desc() for column in order))
        .limit(limit + offset)
        .subquery()
        for state in states
    ]
    newest = sa.union_all(*(sa.select(part) for part in parts)).subquery()
    keys = sa.select(newest.c[order[-1].name])
    return page(keys, limit, offset, *(newest.c[column.name].desc() for column in order))


def fetch_all(connection: sa.Connection, query: sa.Select[Any]) -> list[Record]:
    """Return what ``query`` finds."""
    return [dict(row) for row in connection.execute(query).mappings()]


def list_subscriptions(core: Core, *, limit: int | None = None, offset: int = 0) -> list[Record]:
    """Return the active subscriptions by id."""
    table = tables.subscriptions
    with core.database.read() as connection:
        query = sa.select(table).where(table.c.is_active)
        return fetch_all(connection, page(query, limit, offset, table.c.subscription_id))


def get_subscription(core: Core, subscription_id: int) -> Record:
    """Return an active subscription. Raises ``NotFound``."""
    table = tables.subscriptions
    query = sa.select(table).where(table.c.subscription_id == subscription_id, table.c.is_active)
    with core.database.read() as connection:
        for row in fetch_all(connection, query):
            return row
    raise NotFound(_("There is no subscription {subscription_id}.", subscription_id=subscription_id))


def list_parsers(core: Core, *, created_from_type: str | None, created_from_id: int | None) -> list[Record]:
    """Return parsers in the order in which they are tried."""
    table = tables.parsers
    query = sa.select(table).order_by(table.c.origin == BUILTIN, table.c.priority.desc(), table.c.parser_id)
    if created_from_type is not None:
        query = query.where(table.c.created_from_type == created_from_type)
    if created_from_id is not None:
        query = query.where(table.c.created_from_id == created_from_id)
    with core.database.read() as connection:
        return fetch_all(connection, query)


def count_reads(core: Core, parser_ids: Sequence[int], *, most: int) -> dict[int, int]:
    """Return how many stored titles each of the parsers reads; ``most + 1`` stands for any number above."""
    items = tables.raw_items.c
    found: dict[int, int] = {}
    with core.database.read() as connection:
        for part in chunks(parser_ids, 100):
            rows = [
                sa.select(items.item_id)
                .where(items.parser_id == parser_id, items.status == RawItemStatus.PARSED)
                .limit(most + 1)
                .subquery()
                for parser_id in part
            ]
            counts = [sa.select(sa.func.count()).select_from(each).scalar_subquery() for each in rows]
            found.update(zip(part, connection.execute(sa.select(*counts)).one(), strict=True))
    return found


def get_pack_version(connection: sa.Connection) -> int:
    """Return the version of the built-in parsers."""
    return int(connection.execute(sa.select(tables.state.c.pack_version)).scalar_one())


_DOWNLOADS = (
    tables.downloads.join(tables.links, tables.links.c.link_id == tables.downloads.c.link_id)
    .join(tables.series, tables.series.c.series_id == tables.links.c.series_id)
    .join(tables.animes, tables.animes.c.anime_id == tables.series.c.anime_id)
    .join(tables.subtitle_groups, tables.subtitle_groups.c.group_id == tables.links.c.group_id)
)


def _downloads() -> sa.Select[Any]:
    links = tables.links.c
    return sa.select(
        tables.downloads,
        links.title,
        links.series_id,
        links.episode_no,
        links.episode_tenths,
        tables.series.c.series_no,
        tables.animes.c.title.label("anime_title"),
        tables.subtitle_groups.c.group_name,
    ).select_from(_DOWNLOADS)


def list_downloads(
    core: Core, *, statuses: Sequence[str], is_held: bool | None, limit: int, offset: int
) -> list[Record]:
    """Return downloads with what they are of, the last changed first. ``is_held``: with a reason."""
    table = tables.downloads.c
    query = _downloads()
    conditions: list[sa.ColumnElement[bool]] = []
    if is_held is not None:
        conditions.append(table.hold_reason.is_not(None) if is_held else table.hold_reason.is_(None))
    order = (table.updated_at, table.download_id)
    newest_first = [column.desc() for column in order]
    if statuses and not is_held:
        keys = newest_in(statuses, order, limit, offset, *conditions)
        query = query.where(table.download_id.in_(keys)).order_by(*newest_first)
    else:
        conditions += [table.status.in_(statuses)] if statuses else []
        query = page(query.where(*conditions), limit, offset, *newest_first)
    with core.database.read() as connection:
        return fetch_all(connection, query)


def get_download(core: Core, download_id: int) -> Record:
    """Return one download as ``list_downloads`` does. Raises ``NotFound``."""
    with core.database.read() as connection:
        for row in fetch_all(connection, _downloads().where(tables.downloads.c.download_id == download_id)):
            return row
    raise NotFound(_("There is no download {download_id}.", download_id=download_id))


def list_resyncs(core: Core, *, states: Sequence[str], limit: int, offset: int) -> list[Record]:
    """Return resyncs, the newest first, each with ``counts`` of outcomes."""
    table = tables.resyncs
    query = sa.select(table)
    if states:
        query = query.where(table.c.state.in_(states))
    with core.database.read() as connection:
        return _with_counts(
            connection, fetch_all(connection, page(query, limit, offset, table.c.resync_id.desc()))
        )


def get_resync(
    core: Core, resync_id: int, *, outcomes: Sequence[str] = (), limit: int = 100, offset: int = 0
) -> Record:
    """Return one resync with its ``counts`` and a page of its ``items``. Raises ``NotFound``."""
    resyncs, items, downloads, links = tables.resyncs, tables.resync_items, tables.downloads, tables.links
    query = (
        sa.select(items, downloads.c.desired, downloads.c.status, links.c.title)
        .select_from(
            items.join(downloads, downloads.c.download_id == items.c.download_id).join(
                links, links.c.link_id == downloads.c.link_id
            )
        )
        .where(items.c.resync_id == resync_id)
    )
    if outcomes:
        query = query.where(items.c.outcome.in_(outcomes))
    with core.database.read() as connection:
        found = fetch_all(connection, sa.select(resyncs).where(resyncs.c.resync_id == resync_id))
        for row in _with_counts(connection, found):
            row["renamed_by_rules"] = count_foreign(connection, resync_id) if row["undoes"] else 0
            return row | {"items": fetch_all(connection, page(query, limit, offset, items.c.download_id))}
    raise NotFound(_("There is no resync {resync_id}.", resync_id=resync_id))


def _with_counts(connection: sa.Connection, rows: list[Record]) -> list[Record]:
    items = tables.resync_items.c
    counts: dict[int, dict[str, int]] = {}
    for part in chunks([row["resync_id"] for row in rows]):
        query = (
            sa.select(items.resync_id, items.outcome, sa.func.count())
            .where(items.resync_id.in_(part))
            .group_by(items.resync_id, items.outcome)
        )
        for resync_id, outcome, number in connection.execute(query):
            counts.setdefault(resync_id, {})[outcome] = number
    undone = undone_by(connection, [row["resync_id"] for row in rows])
    for row in rows:
        row["undone_by"] = undone.get(row["resync_id"])
        row["counts"] = counts.get(row["resync_id"], {})
        row["plan_id"] = row["waiting_plan_id"] or row["plan_id"]
    return rows


def undone_by(connection: sa.Connection, resync_ids: Sequence[int]) -> dict[int, int]:
    """Return which causes undid ``resync_ids``; of one that was undone several times the last."""
    table = tables.resyncs.c
    found: dict[int, int] = {}
    for part in chunks(resync_ids):
        query = sa.select(table.undoes, table.resync_id).where(table.undoes.in_(part))
        found.update((row[0], row[1]) for row in connection.execute(query.order_by(table.resync_id)))
    return found
