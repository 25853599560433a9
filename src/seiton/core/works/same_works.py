"""Works that are likely one, for a person to look at. Nothing is merged here.

To read what a release calls its work takes a while, so names are taken down once, in the background; the few
works that have not had their turn are read when they are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.same_works import LikelySame, Name, Work, likely_same, names_of

BATCH = 500
"""Works whose names are taken down in one transaction."""
AT_ONCE = 100
"""Works, the newest, whose names are read when they are asked for."""
MOST_SHARED = 50
"""Names that are told of, at most: those of the newest works."""
MOST_WORKS = 300
"""Works that are told of, at most, but for those of one name."""
_ANIMES, _NAMED, _NAMES = tables.animes.c, tables.named_works, tables.work_names
_LINKS, _SERIES, _ITEMS = tables.links.c, tables.series.c, tables.raw_items.c

Named = dict[int, tuple[int | None, list[Name]]]
"""By work the release that says how it is called, and its names."""


def list_likely_same(core: Core) -> tuple[list[LikelySame], dict[int, str]]:
    """Return works that share a name, one of the ``MOST_SHARED`` of the newest, and their titles by id."""
    with core.database.read() as connection:
        is_new = _NAMED.c.anime_id.is_(None)
        fresh = {one: names for one, (_item, names) in _read_names(connection, is_new, AT_ONCE).items()}
        keys = {*_shared_keys(connection), *(name.key for names in fresh.values() for name in names)}
        known = _names_by(connection, _NAMES.c.key, keys)
        known = _names_by(connection, _NAMES.c.anime_id, _still_theirs(connection, known))
        groups = likely_same(sorted((known | fresh).items()))
        ids = [anime_id for group in groups for anime_id in group.anime_ids]
        titles: dict[int, str] = {}
        for part in chunks(ids):
            query = sa.select(_ANIMES.anime_id, _ANIMES.title).where(_ANIMES.anime_id.in_(part))
            titles.update((row[0], row[1]) for row in connection.execute(query))
    return groups, titles


def _shared_keys(connection: sa.Connection) -> list[str]:
    """Return what works share, of the newest first, as far as it is of ``MOST_WORKS`` together."""
    number = sa.func.count()
    query = sa.select(_NAMES.c.key, number).group_by(_NAMES.c.key).having(number > 1)
    newest = (sa.func.max(_NAMES.c.anime_id).desc(), _NAMES.c.key)
    found: list[str] = []
    works = 0
    for key, of in connection.execute(query.order_by(*newest).limit(MOST_SHARED)):
        if found and works + of > MOST_WORKS:
            break
        found.append(key)
        works += of
    return found


def name_works(core: Core) -> int:
    """Take down the names of works that have none yet, or of which the release is of another work by now;
    return how many.
    """
    done = 0
    is_due = sa.or_(_NAMED.c.anime_id.is_(None), ~_is_theirs())
    while True:
        with core.database.read() as connection:
            found = _read_names(connection, is_due, BATCH)
        if not found:
            return done
        with core.database.write() as connection:
            lock_state(connection)  # another worker does the same
            _write_names(connection, found)
        done += len(found)


def _release_of(work: sa.ColumnElement[Any], *conditions: sa.ColumnElement[bool]) -> sa.Exists:
    """Say that a work has a release, for which ``conditions`` hold."""
    joined = tables.links.join(tables.series, _SERIES.series_id == _LINKS.series_id)
    release = sa.select(sa.literal(1)).select_from(joined)
    is_its = (_SERIES.anime_id == work, _LINKS.detached_at.is_(None), _LINKS.raw_item_id.is_not(None))
    return release.where(*is_its, *conditions).exists()


def _is_theirs() -> sa.ColumnElement[bool]:
    """Say of a named work that its release is its own, or that it has none as before."""
    own = _release_of(_NAMED.c.anime_id, _LINKS.raw_item_id == _NAMED.c.item_id)
    return sa.case((_NAMED.c.item_id.is_(None), ~_release_of(_NAMED.c.anime_id)), else_=own)


def _read_names(connection: sa.Connection, condition: sa.ColumnElement[bool], most: int) -> Named:
    """Read the names of works for which ``condition`` holds, the newest first."""
    query = (
        sa.select(_ANIMES.anime_id, _ANIMES.title)
        .select_from(tables.animes.outerjoin(_NAMED, _NAMED.c.anime_id == _ANIMES.anime_id))
        .where(_ANIMES.removed_at.is_(None), condition)
        .order_by(_ANIMES.anime_id.desc())
        .limit(most)
    )
    titles = {row.anime_id: row.title for row in connection.execute(query)}
    releases = _newest_releases(connection, list(titles))
    found: Named = {}
    for anime_id, title in titles.items():
        item_id, release = releases.get(anime_id, (None, None))
        found[anime_id] = item_id, names_of(Work(anime_id=anime_id, title=title, release=release))
    return found


def _newest_releases(
    connection: sa.Connection, anime_ids: Sequence[int]
) -> Mapping[int, tuple[int | None, str | None]]:
    found: dict[int, tuple[int | None, str | None]] = {}
    for part in chunks(anime_ids):
        newest = (
            sa.select(_SERIES.anime_id, sa.func.max(_LINKS.raw_item_id).label("item_id"))
            .select_from(tables.links.join(tables.series, _SERIES.series_id == _LINKS.series_id))
            .where(_SERIES.anime_id.in_(part), _LINKS.detached_at.is_(None))
            .group_by(_SERIES.anime_id)
            .subquery()
        )
        query = sa.select(newest.c.anime_id, newest.c.item_id, _ITEMS.title).select_from(
            newest.join(tables.raw_items, _ITEMS.item_id == newest.c.item_id)
        )
        found.update((row[0], (row[1], row[2])) for row in connection.execute(query))
    return found


def _names_by(
    connection: sa.Connection, column: sa.ColumnElement[Any], values: Iterable[Any]
) -> dict[int, list[Name]]:
    """Return the names of works, of which ``column`` is one of ``values``."""
    found: dict[int, list[Name]] = {}
    for part in chunks(sorted(values)):
        query = sa.select(_NAMES).where(column.in_(part)).order_by(_NAMES.c.anime_id, _NAMES.c.place)
        for row in connection.execute(query):
            found.setdefault(row.anime_id, []).append(Name(key=row.key, name=row.name))
    return found


def _still_theirs(connection: sa.Connection, anime_ids: Iterable[int]) -> list[int]:
    """Return those works that were not removed, and of which the names hold."""
    found: list[int] = []
    for part in chunks(sorted(anime_ids)):
        query = (
            sa.select(_NAMED.c.anime_id)
            .select_from(_NAMED.join(tables.animes, _ANIMES.anime_id == _NAMED.c.anime_id))
            .where(_NAMED.c.anime_id.in_(part), _ANIMES.removed_at.is_(None), _is_theirs())
        )
        found += connection.execute(query).scalars()
    return found


def _write_names(connection: sa.Connection, found: Named) -> None:
    for part in chunks(list(found)):
        for table in (_NAMES, _NAMED):
            connection.execute(sa.delete(table).where(table.c.anime_id.in_(part)))
    rows = [
        {"anime_id": anime_id, "place": place, "key": name.key, "name": name.name}
        for anime_id, (_item_id, names) in found.items()
        for place, name in enumerate(names)
    ]
    for few in chunks(rows):
        connection.execute(sa.insert(_NAMES), few)
    works = [{"anime_id": anime_id, "item_id": item_id} for anime_id, (item_id, _names) in found.items()]
    connection.execute(sa.insert(_NAMED), works)
