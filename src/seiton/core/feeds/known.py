"""Feeds that are known of a series and that nobody follows: Mikan has one for each work."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.feeds.ingest import hash_url
from seiton.core.identity.lookups import MIKAN
from seiton.core.service import Core
from seiton.domain.states import SURE


def feeds_to_follow(core: Core, series_ids: Collection[int]) -> dict[int, str]:
    """Return the address of a feed for each series that one is known of; without those that a feed that is
    followed brings releases of.
    """
    if core.mikan_url is None:
        return {}
    ids, found = tables.external_ids, dict[int, str]()
    with core.database.read() as connection:
        for part in chunks(sorted(series_ids)):
            query = sa.select(ids.c.series_id, ids.c.value).where(
                ids.c.series_id.in_(part), ids.c.namespace == MIKAN, ids.c.standing.in_(sorted(SURE))
            )
            rows = connection.execute(query.order_by(ids.c.external_id)).all()
            brought = _brought(connection, [row.series_id for row in rows])
            for series_id, value in rows:
                if series_id not in brought:
                    found.setdefault(series_id, f"{core.mikan_url}/RSS/Bangumi?bangumiId={value}")
        followed = _followed(connection, list(found.values()))
    return {series_id: url for series_id, url in found.items() if url not in followed}


def _brought(connection: sa.Connection, series_ids: Collection[int]) -> set[int]:
    links, ties, subscriptions = tables.links, tables.item_subscriptions, tables.subscriptions
    by_feed = sa.exists().where(
        links.c.series_id == tables.series.c.series_id,
        ties.c.item_id == links.c.raw_item_id,
        subscriptions.c.subscription_id == ties.c.subscription_id,
        subscriptions.c.is_active,
    )
    query = sa.select(tables.series.c.series_id).where(tables.series.c.series_id.in_(series_ids), by_feed)
    return set(connection.execute(query).scalars())


def _followed(connection: sa.Connection, urls: Collection[str]) -> set[str]:
    table, found = tables.subscriptions.c, set[str]()
    hashes = {hash_url(url): url for url in urls}
    for part in chunks(sorted(hashes)):
        query = sa.select(table.url_hash).where(table.url_hash.in_(part), table.is_active)
        found |= {hashes[row] for row in connection.execute(query).scalars()}
    return found
