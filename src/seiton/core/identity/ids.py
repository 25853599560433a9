"""External ids of series: given by feeds, claimed twice, gone along when a series gets another title."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.domain.states import SURE, IdSource, IdStanding

FEED_NAMESPACES = ("mikan", "bgm", "anidb", "anilist", "mal")
"""What feeds say of entries and is of one season; other ids are of whole works and tell no seasons apart."""

ALIASES = {
    "bangumi": "bgm",
    "bangumi.tv": "bgm",
    "bgm.tv": "bgm",
    "bangumitv": "bgm",
    "myanimelist": "mal",
}
"""What others call namespaces, in lower case."""

_BY_HAND = frozenset({IdStanding.MANUAL, IdStanding.CONFIRMED})


class Given(NamedTuple):
    """An id that somebody says a series has."""

    series_id: int
    namespace: str
    value: str


def claim_ids(connection: sa.Connection, link_ids: Sequence[int], now: datetime) -> None:
    """Give the series of ``link_ids`` the ids that their feed entries name."""
    links, series, items = tables.links, tables.series, tables.raw_items
    given: set[Given] = set()
    for part in chunks(sorted(set(link_ids))):
        query = (
            sa.select(links.c.series_id, items.c.facts)
            .select_from(
                links.join(series, series.c.series_id == links.c.series_id).join(
                    items, items.c.item_id == links.c.raw_item_id
                )
            )
            # Specials are listed with the season that they belong to: they have no id of their own.
            .where(links.c.link_id.in_(part), series.c.series_no > 0, links.c.detached_at.is_(None))
        )
        for series_id, facts in connection.execute(query):
            given |= {
                Given(series_id, name, str(facts[name]))
                for name in FEED_NAMESPACES
                if (facts or {}).get(name)
            }
    if given:
        give_ids(connection, given, IdSource.FEED, now)


def take_adopted_ids(connection: sa.Connection, link_ids: Sequence[int], now: datetime) -> None:
    """Give the series of adopted ``link_ids`` the ids that their NFOs and folder names gave their works.

    Of works with one season only: an id of ``tvshow.nfo`` does not say which of several it means.
    """
    links, series, identities = tables.links, tables.series, tables.identities
    of_these = (
        sa.select(series.c.anime_id)
        .select_from(links.join(series, series.c.series_id == links.c.series_id))
        .where(links.c.link_id.in_(link_ids))
    )
    alone = (
        sa.select(series.c.anime_id, sa.func.min(series.c.series_id).label("series_id"))
        .where(series.c.anime_id.in_(of_these), series.c.series_no > 0, series.c.removed_at.is_(None))
        .group_by(series.c.anime_id)
        .having(sa.func.count() == 1)
        .subquery()
    )
    query = (
        sa.select(alone.c.series_id, identities.c.namespace, identities.c.value)
        .select_from(alone.join(identities, identities.c.subject_id == alone.c.anime_id))
        .where(identities.c.subject_type == "anime")
    )
    given = {
        Given(series_id, ALIASES.get(namespace, namespace), value)
        for series_id, namespace, value in connection.execute(query)
    }
    give_ids(
        connection,
        [one for one in given if one.namespace in FEED_NAMESPACES and one.value.isdecimal()],
        IdSource.FILE,
        now,
    )


def give_ids(connection: sa.Connection, given: Iterable[Given], source: IdSource, now: datetime) -> None:
    """Record ids that a feed, a page that it links to, or an NFO says. What a person said goes before.

    An id that another series has already is a claim: likely they are one under two titles.
    """
    wanted = sorted(given)
    known = _rows(connection, wanted)
    by_hand = _by_hand(connection, {one.series_id for one in wanted})
    owned = {(row["namespace"], row["value"]) for row in known if row["standing"] in SURE}
    mine = {Given(row["series_id"], row["namespace"], row["value"]): row for row in known}
    inserts: list[dict[str, Any]] = []
    for one in wanted:
        row = mine.get(one)
        key = (one.namespace, one.value)
        if row is not None and (row["standing"] in SURE or row["standing"] == IdStanding.REJECTED):
            continue
        if (one.series_id, one.namespace) in by_hand:
            continue
        standing = IdStanding.CLAIMED if key in owned else IdStanding.GIVEN
        owned.add(key)
        if row is None:
            inserts.append(
                {**one._asdict(), "standing": standing.value, "source": source.value, "created_at": now}
                | {"updated_at": now}
            )
        elif row["standing"] != standing:
            set_standing(connection, row["external_id"], standing, now, source=source)
    for part in chunks(inserts):
        connection.execute(sa.insert(tables.external_ids), part)


def set_standing(
    connection: sa.Connection,
    external_id: int,
    standing: IdStanding,
    now: datetime,
    *,
    source: IdSource | None = None,
) -> None:
    """Change how sure an id is."""
    table = tables.external_ids
    values: dict[str, Any] = {"standing": standing.value, "updated_at": now}
    if source is not None:
        values["source"] = source.value
    connection.execute(sa.update(table).where(table.c.external_id == external_id).values(values))


def _rows(connection: sa.Connection, given: Sequence[Given]) -> list[Row]:
    table, found = tables.external_ids, list[Row]()
    for part in chunks(sorted({one.value for one in given})):
        query = sa.select(table).where(table.c.value.in_(part)).order_by(table.c.external_id)
        found += connection.execute(query).mappings().all()
    return found


def _by_hand(connection: sa.Connection, series_ids: Collection[int]) -> set[tuple[int, str]]:
    table, found = tables.external_ids.c, set[tuple[int, str]]()
    for part in chunks(sorted(series_ids)):
        query = sa.select(table.series_id, table.namespace)
        query = query.where(table.series_id.in_(part), table.standing.in_(sorted(_BY_HAND)))
        found |= {(row[0], row[1]) for row in connection.execute(query)}
    return found


def carry_ids(connection: sa.Connection, moved: Mapping[int, Collection[int]], now: datetime) -> None:
    """Let ids and facts go along with series that have just got another title or number.

    ``moved``: series that links have left → those that they have come to. A series that has none any more,
    all of them having come to one, *is* that one now.
    """
    alone = {source: next(iter(targets)) for source, targets in moved.items() if len(targets) == 1}
    table = tables.external_ids
    rows: list[Row] = []
    for part in chunks(sorted(alone)):
        query = sa.select(table).where(table.c.series_id.in_(part)).order_by(table.c.external_id)
        rows += connection.execute(query).mappings().all()
    sources = sorted({row["series_id"] for row in rows})
    if not sources:
        return
    left = set(sources) - _inhabited(connection, sources)
    for row in rows:
        if row["series_id"] in left:
            _carry(connection, row, alone[row["series_id"]], now)
    for source in sorted(left):
        _carry_facts(connection, source, alone[source])


def _inhabited(connection: sa.Connection, series_ids: Sequence[int]) -> set[int]:
    links, found = tables.links.c, set[int]()
    for part in chunks(series_ids):
        query = sa.select(links.series_id).where(links.series_id.in_(part), links.detached_at.is_(None))
        found |= set(connection.execute(query.distinct()).scalars())
    return found


def _carry(connection: sa.Connection, row: Row, target: int, now: datetime) -> None:
    table = tables.external_ids
    same = sa.and_(
        table.c.namespace == row["namespace"], table.c.value == row["value"], table.c.series_id == target
    )
    there = connection.execute(sa.select(table).where(same)).mappings().one_or_none()
    if there is not None and (there["standing"] in SURE or row["standing"] not in SURE):
        connection.execute(sa.delete(table).where(table.c.external_id == row["external_id"]))
        return
    if there is not None:
        connection.execute(sa.delete(table).where(table.c.external_id == there["external_id"]))
    update = sa.update(table).where(table.c.external_id == row["external_id"])
    connection.execute(update.values(series_id=target, updated_at=now))


def _carry_facts(connection: sa.Connection, source: int, target: int) -> None:
    """Let facts go along, so that no NFO is without them meanwhile; what the target has of its own stays."""
    shows, episodes = tables.series_facts, tables.episode_facts
    has_own = sa.select(shows.c.series_id).where(shows.c.series_id == target)
    if connection.execute(has_own).first() is not None:
        connection.execute(sa.delete(episodes).where(episodes.c.series_id == source))
        connection.execute(sa.delete(shows).where(shows.c.series_id == source))
        return
    connection.execute(sa.delete(episodes).where(episodes.c.series_id == target))
    for table in (shows, episodes):
        connection.execute(sa.update(table).where(table.c.series_id == source).values(series_id=target))
    mine = sa.update(shows).where(shows.c.series_id == target)
    connection.execute(mine.values(is_stale=True, may_differ=True, may_rename=True))


def note_numbers(connection: sa.Connection, series_ids: Collection[int]) -> None:
    """Have the facts of episodes placed again: releases of ``series_ids`` have other numbers now."""
    table = tables.series_facts
    for part in chunks(sorted(series_ids)):
        stale = sa.update(table).where(table.c.series_id.in_(part), ~table.c.is_stale)
        connection.execute(stale.values(is_stale=True))
