"""Raw items for lists: pages that an index gives in order, whatever they are chosen by."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.feeds.searching import matching_items
from seiton.core.queries import Record, fetch_all, newest_in, page
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus
from seiton.errors import NotFound
from seiton.text import _

_D = DownloadStatus
_PROGRESS_RANK = (
    *(_D.CANCELLED, _D.NO_DOWNLOADER, _D.FAILED, _D.BATCH_FAILED, _D.PENDING, _D.DOWNLOADER_ERROR),
    *(_D.DOWNLOADING, _D.BATCH_UNMATCHED, _D.SYNC_FAILED, _D.COMPLETED, _D.SYNCING, _D.RESYNCING, _D.SYNCED),
)
"""Of several downloads of one item the one that has got furthest stands for it."""


def _items_where(statuses: Sequence[str], subscription_id: int | None) -> list[sa.ColumnElement[bool]]:
    items, ties = tables.raw_items.c, tables.item_subscriptions.c
    conditions: list[sa.ColumnElement[bool]] = []
    if statuses:
        conditions.append(items.status.in_(statuses))
    if subscription_id is not None:
        mine = sa.select(ties.item_id).where(ties.subscription_id == subscription_id)
        conditions.append(items.item_id.in_(mine))
    return conditions


def list_raw_items(
    core: Core,
    *,
    statuses: Sequence[str],
    subscription_id: int | None,
    limit: int,
    offset: int,
    before: int | None = None,
    search: str | None = None,
) -> list[Record]:
    """Return raw items, the newest first (ids follow their coming), each with ``download`` and
    ``subscription_ids``. ``before``: only older ones than this; ``search``: a part of the title.

    Raises ``InvalidInput`` for a search that is too short.
    """
    with core.database.read() as connection:
        if search is not None:
            conditions = _items_where(statuses, subscription_id)
            found = matching_items(connection, search, conditions, before, offset + limit)
            ids = list(itertools.islice(found, offset, offset + limit))
            chosen = sa.select(tables.raw_items).where(tables.raw_items.c.item_id.in_(ids))
            rows = fetch_all(connection, chosen.order_by(tables.raw_items.c.item_id.desc()))
        else:
            rows = _page_of_items(connection, statuses, subscription_id, before, limit, offset)
        return _with_downloads(connection, rows)


def _page_of_items(
    connection: sa.Connection,
    statuses: Sequence[str],
    subscription_id: int | None,
    before: int | None,
    limit: int,
    offset: int,
) -> list[Record]:
    """Return a page that an index gives in order, however many items there are."""
    items, ties = tables.raw_items, tables.item_subscriptions
    source: sa.FromClause = items
    number: sa.ColumnElement[int] = items.c.item_id
    conditions: list[sa.ColumnElement[bool]] = []
    if subscription_id is not None:
        source, number = ties.join(items, items.c.item_id == ties.c.item_id), ties.c.item_id
        conditions.append(ties.c.subscription_id == subscription_id)
    if before is not None:
        conditions.append(number < before)
    if len(statuses) < 2 or subscription_id is not None:
        conditions += [items.c.status.in_(statuses)] if statuses else []
        query = sa.select(items).select_from(source).where(*conditions)
        return fetch_all(connection, page(query, limit, offset, number.desc()))
    keys = newest_in(statuses, (items.c.item_id,), limit, offset, *conditions)
    query = sa.select(items).where(items.c.item_id.in_(keys))
    return fetch_all(connection, query.order_by(items.c.item_id.desc()))


def count_raw_items(core: Core, *, statuses: Sequence[str], subscription_id: int | None) -> int:
    """Return how many raw items there are."""
    query = sa.select(sa.func.count()).select_from(tables.raw_items)
    with core.database.read() as connection:
        return int(connection.execute(query.where(*_items_where(statuses, subscription_id))).scalar_one())


def get_raw_item(core: Core, item_id: int) -> Record:
    """Return one raw item as ``list_raw_items`` does. Raises ``NotFound``."""
    query = sa.select(tables.raw_items).where(tables.raw_items.c.item_id == item_id)
    with core.database.read() as connection:
        for row in _with_downloads(connection, fetch_all(connection, query)):
            return row
    raise NotFound(_("There is no raw item {item_id}.", item_id=item_id))


def _with_downloads(connection: sa.Connection, rows: list[Record]) -> list[Record]:
    links, downloads, ties = tables.links, tables.downloads, tables.item_subscriptions
    best: dict[int, Record] = {}
    brought: dict[int, list[int]] = {}
    for part in chunks([row["item_id"] for row in rows]):
        query = (
            sa.select(links.c.raw_item_id, downloads.c.status, downloads.c.progress)
            .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
            .where(links.c.raw_item_id.in_(part))
            .order_by(downloads.c.download_id)
        )
        for row in fetch_all(connection, query):
            known = best.get(row["raw_item_id"])
            if known is None or _rank(row["status"]) > _rank(known["status"]):
                best[row["raw_item_id"]] = row
        tied = (
            sa.select(ties.c.item_id, ties.c.subscription_id)
            .where(ties.c.item_id.in_(part))
            .order_by(ties.c.subscription_id)
        )
        for item_id, subscription_id in connection.execute(tied):
            brought.setdefault(item_id, []).append(subscription_id)
    for row in rows:
        row["download"] = best.get(row["item_id"])
        row["subscription_ids"] = brought.get(row["item_id"], [])
    return rows


def _rank(status: str) -> int:
    return _PROGRESS_RANK.index(DownloadStatus(status))
