"""The episodes of a series: those that sources know of and those that releases are of, page by page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.queries import Record, fetch_all, page
from seiton.core.service import Core
from seiton.core.works.works import latest_downloads
from seiton.domain.episodes import standing_of
from seiton.domain.facts import Number
from seiton.domain.wishes import load_episode
from seiton.errors import NotFound
from seiton.text import _

MOST_RELEASES = 12
"""Releases of an episode that are listed; how many there are is counted."""


def list_episodes(core: Core, series_id: int, *, limit: int, offset: int) -> list[Record]:
    """Return episodes by number: ``facts``, ``standing``, ``releases`` (links with group and last download,
    those that are wanted first) and how many of them there are.
    """
    links, facts = tables.links, tables.episode_facts
    numbers = sa.union(
        *(
            sa.select(table.c.episode_no, table.c.episode_tenths).where(table.c.series_id == series_id)
            for table in (links, facts)
        )
    ).subquery()
    query = page(
        sa.select(numbers), limit, offset, numbers.c.episode_no.asc(), numbers.c.episode_tenths.asc()
    )
    today = core.now().date()
    with core.database.read() as connection:
        found: list[Number] = [(row[0], row[1]) for row in connection.execute(query)]
        if not found:
            return []
        known = _facts_of(connection, series_id, found)
        releases = _releases_of(connection, series_id, found)
    episodes: list[Record] = []
    for number in found:
        mine = releases.get(number, [])
        told = load_episode(known.get(number))
        statuses = [row["download"]["status"] for row in mine if row["download"]]
        episodes.append(
            {
                "episode_no": number[0],
                "episode_tenths": number[1],
                "facts": told,
                "standing": standing_of(statuses, told.aired, today),
                "releases": mine,
                "total": mine[0]["total"] if mine else 0,
            }
        )
    return episodes


def _within(table: sa.Table, series_id: int, numbers: Sequence[Number]) -> sa.ColumnElement[bool]:
    """Return a condition for numbers that follow each other, which an index answers."""
    first, last = numbers[0][0], numbers[-1][0]
    return sa.and_(table.c.series_id == series_id, table.c.episode_no.between(first, last))


def _facts_of(
    connection: sa.Connection, series_id: int, numbers: Sequence[Number]
) -> dict[Number, dict[str, Any]]:
    table = tables.episode_facts
    query = sa.select(table).where(_within(table, series_id, numbers))
    rows = connection.execute(query).mappings()
    return {(row["episode_no"], row["episode_tenths"]): row["facts"] for row in rows}


def _releases_of(
    connection: sa.Connection, series_id: int, numbers: Sequence[Number]
) -> dict[Number, list[Record]]:
    links, groups, downloads = tables.links, tables.subtitle_groups, tables.downloads
    is_taken = sa.exists().where(downloads.c.link_id == links.c.link_id, downloads.c.status != "cancelled")
    number = (links.c.episode_no, links.c.episode_tenths)
    order = (sa.case((is_taken, 0), else_=1), links.c.filtered_flag, links.c.link_id.desc())
    ranked = (
        sa.select(
            links.c.link_id,
            sa.func.row_number().over(partition_by=number, order_by=order).label("rank"),
            sa.func.count().over(partition_by=number).label("total"),
        )
        .where(_within(links, series_id, numbers))
        .subquery()
    )
    query = (
        sa.select(links, groups.c.group_name, ranked.c.total)
        .select_from(
            ranked.join(links, links.c.link_id == ranked.c.link_id).join(
                groups, groups.c.group_id == links.c.group_id
            )
        )
        .where(ranked.c.rank <= MOST_RELEASES)
        .order_by(*number, ranked.c.rank)
    )
    rows = fetch_all(connection, query)
    latest = latest_downloads(connection, [row["link_id"] for row in rows])
    found: dict[Number, list[Record]] = {}
    for row in rows:
        key = (row["episode_no"], row["episode_tenths"])
        found.setdefault(key, []).append(row | {"download": latest.get(row["link_id"])})
    return found


def get_release(core: Core, link_id: int) -> Record:
    """Return one link with its group, series, work and last ``download``; ``facts`` of its episode, which
    are from ``known`` (``bgm/400602``). Raises ``NotFound``.
    """
    links, groups, series, animes = tables.links, tables.subtitle_groups, tables.series, tables.animes
    shows = tables.series_facts
    query = (
        sa.select(
            links,
            groups.c.group_name,
            series.c.series_no,
            series.c.anime_id,
            animes.c.title.label("anime_title"),
            shows.c.namespace,
            shows.c.value,
        )
        .select_from(
            links.join(groups, groups.c.group_id == links.c.group_id)
            .join(series, series.c.series_id == links.c.series_id)
            .join(animes, animes.c.anime_id == series.c.anime_id)
            .outerjoin(shows, shows.c.series_id == links.c.series_id)
        )
        .where(links.c.link_id == link_id)
    )
    with core.database.read() as connection:
        for row in fetch_all(connection, query):
            number: Number = (row["episode_no"], row["episode_tenths"])
            told = _facts_of(connection, row["series_id"], [number]).get(number)
            return row | {
                "download": latest_downloads(connection, [link_id]).get(link_id),
                "facts": load_episode(told),
                "known": f"{row['namespace']}/{row['value']}" if told else None,
            }
    raise NotFound(_("There is no link {link_id}.", link_id=link_id))


def shows_of(core: Core, series_ids: Iterable[int]) -> dict[int, Record]:
    """Return what is known about series: ``facts`` (domain.metadata.ShowFacts, as stored), ``picture``, and
    the id that it is known by.
    """
    table = tables.series_facts
    columns = (table.c.series_id, table.c.namespace, table.c.value, table.c.facts, table.c.picture)
    found: dict[int, Record] = {}
    with core.database.read() as connection:
        for part in chunks(sorted(set(series_ids))):
            rows = fetch_all(connection, sa.select(*columns).where(table.c.series_id.in_(part)))
            found |= {row["series_id"]: row for row in rows}
    return found


def groups_of(core: Core, series_ids: Collection[int], *, most: int) -> dict[int, list[str]]:
    """Return the groups that release each of the series, those with most releases first, ``most`` of each."""
    links, groups = tables.links, tables.subtitle_groups
    found: dict[int, list[str]] = {}
    with core.database.read() as connection:
        for part in chunks(sorted(series_ids)):
            query = (
                sa.select(links.c.series_id, groups.c.group_name)
                .select_from(links.join(groups, groups.c.group_id == links.c.group_id))
                .where(links.c.series_id.in_(part), links.c.detached_at.is_(None))
                .group_by(links.c.series_id, groups.c.group_id, groups.c.group_name)
                .order_by(links.c.series_id, sa.func.count().desc(), groups.c.group_name)
            )
            for series_id, name in connection.execute(query):
                names = found.setdefault(series_id, [])
                if len(names) < most:
                    names.append(name)
    return found
