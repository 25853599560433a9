"""Reads of the library as Core has it: anime, their series, the groups, and the links of a series."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.queries import HAS_FILES, Record, fetch_all, page
from seiton.core.service import Core
from seiton.core.works.entities import require_series
from seiton.errors import NotFound
from seiton.text import _


def list_anime(core: Core, *, limit: int | None, offset: int) -> list[Record]:
    """Return all works by id, without those that were removed."""
    query = sa.select(tables.animes).where(tables.animes.c.removed_at.is_(None))
    with core.database.read() as connection:
        return fetch_all(connection, page(query, limit, offset, tables.animes.c.anime_id))


def get_anime(core: Core, anime_id: int) -> Record:
    """Return one work. Raises ``NotFound``."""
    with core.database.read() as connection:
        return _require_anime(connection, anime_id)


def _require_anime(connection: sa.Connection, anime_id: int) -> Record:
    table = tables.animes
    query = sa.select(table).where(table.c.anime_id == anime_id, table.c.removed_at.is_(None))
    for row in fetch_all(connection, query):
        return row
    raise NotFound(_("There is no anime {anime_id}.", anime_id=anime_id))


def list_groups(core: Core, *, limit: int | None, offset: int) -> list[Record]:
    """Return all subtitle groups by id."""
    table = tables.subtitle_groups
    with core.database.read() as connection:
        query = sa.select(table).where(table.c.removed_at.is_(None))
        return fetch_all(connection, page(query, limit, offset, table.c.group_id))


def series_of(core: Core, anime_id: int) -> list[Record]:
    """Return the series of a work by their number. Raises ``NotFound``."""
    table = tables.series
    with core.database.read() as connection:
        _require_anime(connection, anime_id)
        query = sa.select(table).where(table.c.anime_id == anime_id, table.c.removed_at.is_(None))
        return fetch_all(connection, query.order_by(table.c.series_no, table.c.series_id))


def list_series(
    core: Core, *, limit: int | None, offset: int, wanted: str = "", with_releases: bool = False
) -> list[Record]:
    """Return series with title, season, counts of episodes and subscriptions; the newest first.

    Found are the episodes of links that are neither filtered out nor detached; downloaded those of which
    the files are there; ``picture`` is the poster at hand. ``wanted``: only of works whose title contains it;
    ``with_releases``: only those that something was found of, not what a corrected title has left behind.
    """
    series, animes, seasons, facts = tables.series, tables.animes, tables.seasons, tables.series_facts
    query = sa.select(
        series, animes.c.title.label("anime_title"), seasons.c.year, seasons.c.season, facts.c.picture
    ).select_from(
        series.join(animes, animes.c.anime_id == series.c.anime_id)
        .outerjoin(seasons, seasons.c.season_id == series.c.season_id)
        .outerjoin(facts, facts.c.series_id == series.c.series_id)
    )
    query = query.where(series.c.removed_at.is_(None), animes.c.removed_at.is_(None))
    if wanted:
        query = query.where(animes.c.title.icontains(wanted, autoescape=True))
    if with_releases:
        links = tables.links.c
        query = query.where(
            sa.exists().where(links.series_id == series.c.series_id, links.detached_at.is_(None))
        )
    with core.database.read() as connection:
        rows = fetch_all(connection, page(query, limit, offset, series.c.series_id.desc()))
        ids = [row["series_id"] for row in rows]
        found, downloaded = (
            _episodes(connection, ids, has_files=False),
            _episodes(connection, ids, has_files=True),
        )
        subscriptions = _subscriptions(connection, ids)
    for row in rows:
        row["season"] = None if row["year"] is None else {"year": row["year"], "season": row["season"]}
        row["episode_found"] = found.get(row["series_id"], 0)
        row["episode_downloaded"] = downloaded.get(row["series_id"], 0)
        row["subscriptions"] = subscriptions.get(row["series_id"], [])
    return rows


def _episodes(connection: sa.Connection, series_ids: Sequence[int], *, has_files: bool) -> dict[int, int]:
    links, downloads = tables.links, tables.downloads
    counts: dict[int, int] = {}
    for part in chunks(series_ids):
        episode = links.c.episode_no * 10 + links.c.episode_tenths
        query = (
            sa.select(links.c.series_id, sa.func.count(sa.distinct(episode)))
            .where(links.c.series_id.in_(part), ~links.c.filtered_flag, links.c.detached_at.is_(None))
            .group_by(links.c.series_id)
        )
        if has_files:
            there = sa.exists().where(
                downloads.c.link_id == links.c.link_id, downloads.c.status.in_(HAS_FILES)
            )
            query = query.where(there)
        counts.update((row[0], row[1]) for row in connection.execute(query))
    return counts


def _subscriptions(connection: sa.Connection, series_ids: Sequence[int]) -> dict[int, list[Record]]:
    links, ties, subscriptions = tables.links, tables.item_subscriptions, tables.subscriptions
    found: dict[int, list[Record]] = {}
    for part in chunks(series_ids):
        query = (
            sa.select(links.c.series_id, subscriptions.c.subscription_id, subscriptions.c.name)
            .select_from(
                links.join(ties, ties.c.item_id == links.c.raw_item_id).join(
                    subscriptions, subscriptions.c.subscription_id == ties.c.subscription_id
                )
            )
            .where(links.c.series_id.in_(part))
            .distinct()
            .order_by(links.c.series_id, subscriptions.c.subscription_id)
        )
        for row in fetch_all(connection, query):
            found.setdefault(row["series_id"], []).append(row)
    return found


def list_links(core: Core, series_id: int) -> list[Record]:
    """Return the links of a series, each with its last changed ``download``. Raises ``NotFound``.

    In order: not filtered out, episode, id.
    """
    links, groups = tables.links, tables.subtitle_groups
    query: sa.Select[Any] = (
        sa.select(links, groups.c.group_name)
        .select_from(links.join(groups, groups.c.group_id == links.c.group_id))
        .where(links.c.series_id == series_id)
        .order_by(links.c.filtered_flag, links.c.episode_no, links.c.episode_tenths, links.c.link_id)
    )
    with core.database.read() as connection:
        require_series(connection, series_id)
        rows = fetch_all(connection, query)
        latest = latest_downloads(connection, [row["link_id"] for row in rows])
    return [row | {"download": latest.get(row["link_id"])} for row in rows]


def latest_downloads(connection: sa.Connection, link_ids: Sequence[int]) -> dict[int, Record]:
    """Return, by link, the download of it that changed last."""
    table = tables.downloads
    found: dict[int, Record] = {}
    for part in chunks(link_ids):
        query = (
            sa.select(table)
            .where(table.c.link_id.in_(part))
            .order_by(table.c.updated_at, table.c.download_id)
        )
        found.update((row["link_id"], row) for row in fetch_all(connection, query))
    return found
