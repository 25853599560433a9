"""Raw items for lists: pages that an index gives in order, whatever they are chosen by."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.feeds.item_pages import items_page, items_where
from seiton.core.feeds.searching import Reach, matching_items
from seiton.core.queries import Record, fetch_all
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


def list_raw_items(
    core: Core,
    *,
    statuses: Sequence[str],
    subscription_id: int | None,
    limit: int,
    offset: int,
    before: int | None = None,
    search: str | None = None,
    reach: Reach | None = None,
) -> list[Record]:
    """Return raw items, the newest first (ids follow their coming), each with ``download`` and
    ``subscription_ids``. ``before``: only older ones than this; ``search``: a part of the title;
    ``reach`` then says how far was looked.

    Raises ``InvalidInput`` for a search that is too short.
    """
    with core.database.read() as connection:
        if search is not None:
            found = matching_items(
                connection, search, statuses, subscription_id, before, offset + limit, reach or Reach()
            )
            ids = list(itertools.islice(found, offset, offset + limit))
            chosen = sa.select(tables.raw_items).where(tables.raw_items.c.item_id.in_(ids))
            rows = fetch_all(connection, chosen.order_by(tables.raw_items.c.item_id.desc()))
        else:
            query = items_page([tables.raw_items], statuses, subscription_id, before, limit, offset)
            rows = fetch_all(connection, query)
        return _with_downloads(connection, rows)


def count_raw_items(core: Core, *, statuses: Sequence[str], subscription_id: int | None) -> int:
    """Return how many raw items there are."""
    query = sa.select(sa.func.count()).select_from(tables.raw_items)
    with core.database.read() as connection:
        return int(connection.execute(query.where(*items_where(statuses, subscription_id))).scalar_one())


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
