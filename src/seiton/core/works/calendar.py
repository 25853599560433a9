"""Episodes by the day of their broadcast, and those that were broadcast and are not there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.queries import Record, fetch_all, page
from seiton.core.service import Core
from seiton.domain.episodes import standing_of
from seiton.domain.facts import Number
from seiton.domain.states import GIVEN_UP, DownloadStatus
from seiton.domain.wishes import load_episode

MOST_OF_A_WEEK = 500
MOST_OF_A_SERIES = 60
"""Missing episodes of a series that are named; how many there are is counted."""
_FACTS, _SERIES, _ANIMES, _SHOWS = tables.episode_facts, tables.series, tables.animes, tables.series_facts
_NAMED = (
    _FACTS.join(_SERIES, _SERIES.c.series_id == _FACTS.c.series_id)
    .join(_ANIMES, _ANIMES.c.anime_id == _SERIES.c.anime_id)
    .outerjoin(_SHOWS, _SHOWS.c.series_id == _FACTS.c.series_id)
)
_IS_KEPT = sa.and_(_SERIES.c.removed_at.is_(None), _ANIMES.c.removed_at.is_(None))
_OF_SERIES = (
    _SERIES.c.series_id,
    _SERIES.c.series_no,
    _SERIES.c.anime_id,
    _ANIMES.c.title.label("anime_title"),
    _SHOWS.c.picture,
)


def list_week(core: Core, monday: date) -> list[Record]:
    """Return the episodes that are broadcast in the week from ``monday`` on, by day and title: each with its
    series, poster, ``facts`` and ``standing``.
    """
    query = (
        sa.select(*_OF_SERIES, _FACTS.c.episode_no, _FACTS.c.episode_tenths, _FACTS.c.facts, _FACTS.c.aired)
        .select_from(_NAMED)
        .where(_FACTS.c.aired.between(monday, monday + timedelta(days=6)), _IS_KEPT)
        .order_by(_FACTS.c.aired, _ANIMES.c.title, _SERIES.c.series_id, _FACTS.c.episode_no)
        .limit(MOST_OF_A_WEEK)
    )
    today = core.now().date()
    with core.database.read() as connection:
        rows = fetch_all(connection, query)
        statuses = _statuses(connection, rows)
    for row in rows:
        number = (row["episode_no"], row["episode_tenths"])
        row["facts"] = load_episode(row["facts"])
        row["standing"] = standing_of(statuses.get((row["series_id"], number), []), row["aired"], today)
    return rows


def _statuses(connection: sa.Connection, episodes: Sequence[Record]) -> dict[tuple[int, Number], list[str]]:
    links, downloads = tables.links, tables.downloads
    wanted = {(row["series_id"], row["episode_no"]) for row in episodes}
    found: dict[tuple[int, Number], list[str]] = {}
    for part in chunks(sorted(wanted)):
        query = (
            sa.select(links.c.series_id, links.c.episode_no, links.c.episode_tenths, downloads.c.status)
            .select_from(links.join(downloads, downloads.c.link_id == links.c.link_id))
            .where(sa.tuple_(links.c.series_id, links.c.episode_no).in_(part))
            .distinct()
        )
        for series_id, no, tenths, status in connection.execute(query):
            found.setdefault((series_id, (no, tenths)), []).append(status)
    return found


def list_wanted(core: Core, *, limit: int, offset: int, wanted: str = "") -> list[Record]:
    """Return series of which episodes were broadcast and are neither there nor on their way, the one with the
    latest of them first: ``missing`` counts them, ``episodes`` names them with ``facts``.

    What a person took away is not missing. ``wanted``: only works whose title contains it.
    """
    query = (
        sa.select(*_OF_SERIES, sa.func.count().label("missing"), sa.func.max(_FACTS.c.aired).label("latest"))
        .select_from(_NAMED)
        .where(*_is_missing(core), _IS_KEPT)
        .group_by(*_OF_SERIES)
    )
    if wanted:
        query = query.where(_ANIMES.c.title.icontains(wanted, autoescape=True))
    with core.database.read() as connection:
        latest = sa.func.max(_FACTS.c.aired).desc()
        rows = fetch_all(connection, page(query, limit, offset, latest, _SERIES.c.series_id.desc()))
        episodes = _missing_of(core, connection, [row["series_id"] for row in rows])
    return [row | {"episodes": episodes.get(row["series_id"], [])} for row in rows]


def missing_numbers(core: Core, series_id: int) -> list[Number]:
    """Return the numbers of a series that were broadcast and are neither there nor on their way."""
    with core.database.read() as connection:
        found = _missing_of(core, connection, [series_id]).get(series_id, [])
    return [(row["episode_no"], row["episode_tenths"]) for row in found]


def _missing_of(
    core: Core, connection: sa.Connection, series_ids: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for part in chunks(series_ids):
        query = sa.select(_FACTS).where(_FACTS.c.series_id.in_(part), *_is_missing(core))
        query = query.order_by(_FACTS.c.series_id, _FACTS.c.episode_no, _FACTS.c.episode_tenths)
        for row in fetch_all(connection, query):
            rows = found.setdefault(row["series_id"], [])
            if len(rows) < MOST_OF_A_SERIES:
                rows.append(row | {"facts": load_episode(row["facts"])})
    return found


def _is_missing(core: Core) -> tuple[sa.ColumnElement[bool], ...]:
    """Return conditions for episodes that were broadcast and have no download that anything comes of."""
    links, downloads = tables.links, tables.downloads
    by_hand = sa.and_(downloads.c.status == DownloadStatus.CANCELLED, downloads.c.cancel_reason.is_(None))
    covering = (
        sa.select(sa.literal(1))
        .select_from(links.join(downloads, downloads.c.link_id == links.c.link_id))
        .where(
            links.c.series_id == _FACTS.c.series_id,
            links.c.episode_no == _FACTS.c.episode_no,
            links.c.episode_tenths == _FACTS.c.episode_tenths,
            sa.or_(downloads.c.status.not_in(sorted(GIVEN_UP)), by_hand, downloads.c.removed_at.is_not(None)),
        )
    )
    return _FACTS.c.aired <= core.now().date(), ~covering.exists()
