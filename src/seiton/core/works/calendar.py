"""Episodes by the day of their broadcast, and those that were broadcast and are not there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
PART = 200
"""Episodes that are read at a time, while series are looked for."""
MOST_LOOKED = 5_000
"""Episodes, the last that were broadcast, of which one look sees whether they are missing: whole days."""
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
        .where(_is_of_week(monday), _IS_KEPT)
        .order_by(_FACTS.c.aired, _ANIMES.c.title, _SERIES.c.series_id, _FACTS.c.episode_no)
        .limit(MOST_OF_A_WEEK)
    )
    today = core.now().date()
    with core.database.read() as connection:
        rows = fetch_all(connection, query)
        statuses = _statuses(connection, monday, {row["series_id"] for row in rows})
    for row in rows:
        number = (row["episode_no"], row["episode_tenths"])
        row["facts"] = load_episode(row["facts"])
        row["standing"] = standing_of(statuses.get((row["series_id"], number), []), row["aired"], today)
    return rows


def _is_of_week(monday: date) -> sa.ColumnElement[bool]:
    return _FACTS.c.aired.between(monday, monday + timedelta(days=6))


def _statuses(
    connection: sa.Connection, monday: date, series_ids: Collection[int]
) -> dict[tuple[int, Number], list[str]]:
    """Return the statuses of the downloads of a week's episodes of some series. From the facts on, index by
    index: SQLite would look through all links for a list of pairs.
    """
    links, downloads = tables.links, tables.downloads
    is_same = sa.and_(
        links.c.series_id == _FACTS.c.series_id,
        links.c.episode_no == _FACTS.c.episode_no,
        links.c.episode_tenths == _FACTS.c.episode_tenths,
    )
    query = (
        sa.select(links.c.series_id, links.c.episode_no, links.c.episode_tenths, downloads.c.status)
        .select_from(_FACTS.join(links, is_same).join(downloads, downloads.c.link_id == links.c.link_id))
        .where(_is_of_week(monday))
    )
    found: dict[tuple[int, Number], list[str]] = {}
    for part in chunks(sorted(series_ids)):
        for series_id, no, tenths, status in connection.execute(query.where(_FACTS.c.series_id.in_(part))):
            found.setdefault((series_id, (no, tenths)), []).append(status)
    return found


def groups_of_week(
    core: Core, monday: date, series_ids: Collection[int], *, most: int
) -> dict[int, list[str]]:
    """Return the groups that released a week's episodes of some series, or those before them, ``most`` for
    each series.
    """
    links, groups = tables.links, tables.subtitle_groups
    is_near = sa.and_(
        links.c.series_id == _FACTS.c.series_id,
        links.c.episode_no.between(_FACTS.c.episode_no - 1, _FACTS.c.episode_no),
    )
    query = (
        sa.select(links.c.series_id, groups.c.group_name)
        .select_from(_FACTS.join(links, is_near).join(groups, groups.c.group_id == links.c.group_id))
        .where(_is_of_week(monday), links.c.detached_at.is_(None))
        .distinct()
        .order_by(links.c.series_id, groups.c.group_name)
    )
    found: dict[int, list[str]] = {}
    with core.database.read() as connection:
        for part in chunks(sorted(series_ids)):
            for series_id, name in connection.execute(query.where(_FACTS.c.series_id.in_(part))):
                names = found.setdefault(series_id, [])
                if len(names) < most:
                    names.append(name)
    return found


@dataclass(slots=True)
class Days:
    """From which day on a look goes back, and how far it went: not before ``stopped_at``; ``None``: to the
    first day of all.
    """

    until: date | None = None
    stopped_at: date | None = None


def list_wanted(
    core: Core, *, limit: int, offset: int, wanted: str = "", days: Days | None = None
) -> list[Record]:
    """Return series of which episodes were broadcast and are neither there nor on their way, the one with the
    latest of them first: ``missing`` counts them, ``episodes`` names them with ``facts``.

    What a person took away is not missing. ``wanted``: only works whose title contains it. A series is found
    by its episodes of ``days``, which then say how far was looked.
    """
    days = days or Days()
    with core.database.read() as connection:
        conditions = (*_is_missing(core), _within(connection, core.now().date(), days), _IS_KEPT)
        if wanted:
            ids = _by_title(connection, conditions, wanted, limit, offset)
        else:
            ids = _latest(connection, conditions, limit + offset)[offset:]
        query = (
            sa.select(
                *_OF_SERIES, sa.func.count().label("missing"), sa.func.max(_FACTS.c.aired).label("latest")
            )
            .select_from(_NAMED)
            .where(_FACTS.c.series_id.in_(ids), *_is_missing(core))
            .group_by(*_OF_SERIES)
        )
        rows = {row["series_id"]: row for row in fetch_all(connection, query)}
        episodes = _missing_of(core, connection, ids)
    return [rows[one] | {"episodes": episodes.get(one, [])} for one in ids if one in rows]


def _within(connection: sa.Connection, today: date, days: Days) -> sa.ColumnElement[bool]:
    """Return the condition for the days that one look sees, and note in ``days`` where it stops."""
    until = min(days.until or today, today)
    order = (_FACTS.c.aired.desc(), _FACTS.c.series_id.desc())
    query = sa.select(_FACTS.c.aired).where(_FACTS.c.aired <= until).order_by(*order)
    beyond = connection.execute(query.offset(MOST_LOOKED).limit(1)).scalar()
    if beyond is None:
        return _FACTS.c.aired <= until
    days.stopped_at = min(beyond + timedelta(days=1), until)
    return _FACTS.c.aired.between(days.stopped_at, until)


def _latest(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], most: int) -> list[int]:
    """Return the series of the latest missing episodes, until there are ``most``: read by the index of days,
    a part at a time, so that what lies further back is not looked at.
    """
    key = (_FACTS.c.aired, _FACTS.c.series_id, _FACTS.c.episode_no)
    query = (
        sa.select(*key)
        .select_from(_NAMED)
        .where(*conditions)
        .order_by(*(column.desc() for column in key))
        .limit(PART)
    )
    found: dict[int, None] = {}
    after: tuple[Any, ...] | None = None
    while len(found) < most:
        later = sa.tuple_(*key) < sa.tuple_(*(sa.literal(part) for part in after)) if after else sa.true()
        rows = connection.execute(query.where(later)).all()
        found.update(dict.fromkeys(row[1] for row in rows))
        if len(rows) < PART:
            break
        after = tuple(rows[-1])
    return list(found)[:most]


def _by_title(
    connection: sa.Connection,
    conditions: Sequence[sa.ColumnElement[bool]],
    wanted: str,
    limit: int,
    offset: int,
) -> list[int]:
    latest = sa.func.max(_FACTS.c.aired)
    query = (
        sa.select(_FACTS.c.series_id)
        .select_from(_NAMED)
        .where(*conditions, _ANIMES.c.title.icontains(wanted, autoescape=True))
        .group_by(_FACTS.c.series_id)
    )
    order = (latest.desc(), _FACTS.c.series_id.desc())
    return list(connection.execute(page(query, limit, offset, *order)).scalars())


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
