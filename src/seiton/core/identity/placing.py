"""What is known about series, put where wishes are made from: chosen titles, each episode by its number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from seiton.adapters.database import Row, chunks, plain
from seiton.core import tables
from seiton.core.causes.brake import judge
from seiton.core.causes.records import record_cause
from seiton.core.filing.desired import refresh_desired
from seiton.core.queries import Record
from seiton.core.service import Core
from seiton.domain.facts import (
    DEFAULT_ORDER,
    Convert,
    Known,
    Number,
    Placement,
    choose_title,
    episode_facts,
    place_episodes,
    show_facts,
)
from seiton.domain.pins import PinField
from seiton.domain.states import IN_VIEWER, SURE
from seiton.domain.wishes import dump_facts, load_episode

_KNOWN = TypeAdapter(Known)
Former = dict[str, Any]
"""Facts as they were before a change, as JSON values: of the work, and of those episodes that differ."""


def dump_known(known: Known) -> Any:
    """Return ``known`` as JSON values."""
    return _KNOWN.dump_python(known, mode="json")


def load_known(stored: Any) -> Known:
    """Read back what ``dump_known`` made."""
    return _KNOWN.validate_python(stored)


def languages(connection: sa.Connection) -> list[str]:
    """Return in which order of languages titles are wanted."""
    stored = connection.execute(sa.select(tables.title_order.c.languages)).scalar_one_or_none()
    return list(stored) if stored else [str(word) for word in DEFAULT_ORDER]


def place_facts(core: Core, connection: sa.Connection, row: Row) -> Former | None:
    """Choose what is used of what is known about a series; return what was, ``None``: it is the same.

    ``row`` is one of ``series_facts``. Facts that a person holds stay as they are.
    """
    if row["is_held"]:
        return None
    series_id, known, order = row["series_id"], load_known(row["known"]), languages(connection)
    ids = _ids_of(connection, series_id)
    show = dump_facts(show_facts(known, ids, row["picture"], order, core.to_traditional))
    placed = placement_of(connection, series_id, known)
    episodes = {
        number: facts
        for number, episode in placed.episodes.items()
        if (facts := dump_facts(episode_facts(episode, row["namespace"], order, core.to_traditional)))
    }
    changed = _write_episodes(connection, series_id, episodes)
    # Where nothing differs, nobody has to read the facts to find out. Pins come and go: not looked at here.
    named = {**_named(connection, series_id), "facts": show, "offset": placed.offset}
    offered = offers(named, known, core.to_traditional)
    table = tables.series_facts
    connection.execute(
        sa.update(table)
        .where(table.c.series_id == series_id)
        .values(
            facts=show,
            offset=placed.offset,
            is_stale=False,
            may_differ=any(offer.field is not PinField.ANIME_TITLE for offer in offered),
            may_rename=any(offer.field is PinField.ANIME_TITLE for offer in offered),
        )
    )
    return {"facts": row["facts"], "episodes": changed} if changed or show != row["facts"] else None


def exchange_facts(connection: sa.Connection, series_id: int, former: Former) -> Former:
    """Put facts back as they were; return what was there instead."""
    shows, table = tables.series_facts, tables.episode_facts
    mine = shows.c.series_id == series_id
    there = connection.execute(sa.select(shows.c.facts).where(mine)).scalar_one_or_none()
    query = sa.select(table).where(table.c.series_id == series_id)
    episodes: dict[Number, dict[str, Any]] = {
        (row["episode_no"], row["episode_tenths"]): row["facts"]
        for row in connection.execute(query).mappings()
    }
    for no, tenths, facts in former["episodes"]:
        if facts is None:
            episodes.pop((no, tenths), None)
        else:
            episodes[no, tenths] = facts
    changed = _write_episodes(connection, series_id, episodes)
    connection.execute(sa.update(shows).where(mine).values(facts=former["facts"], may_rename=True))
    return {"facts": there or {}, "episodes": changed}


def _named(connection: sa.Connection, series_id: int) -> Row:
    """Return the ``series_no`` of a series and the ``title`` of its work."""
    series, animes = tables.series, tables.animes
    query = (
        sa.select(series.c.series_no, animes.c.title)
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.series_id == series_id)
    )
    (row,) = plain(connection.execute(query))
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What facts say of a ``field`` of a series, and what it is ``now``."""

    field: PinField
    now: str | int
    value: str | int


def offers(row: Row, known: Known, to_traditional: Convert) -> list[Offer]:
    """Return where facts differ, of ``facts`` and ``offset`` as stored, ``series_no``, and the ``title`` of
    the work.
    """
    title = row["facts"].get("title") or choose_title(known.titles, (), to_traditional)
    said: list[tuple[PinField, str | int, str | int | None]] = [
        (PinField.SERIES_NO, row["series_no"], known.season if row["series_no"] else None),
        (PinField.EPISODES_AHEAD, 0, row["offset"] if row["offset"] > 0 else None),
        (PinField.ANIME_TITLE, row["title"], title),
    ]
    return [
        Offer(field=field, now=now, value=value)
        for field, now, value in said
        if value is not None and value != now
    ]


def placement_of(connection: sa.Connection, series_id: int, known: Known) -> Placement:
    """Return which episode each number of a series is, by the numbers that its releases have."""
    links, series = tables.links.c, tables.series.c
    query = sa.select(links.episode_no, links.episode_tenths).where(
        links.series_id == series_id, links.detached_at.is_(None)
    )
    numbers = {(row[0], row[1]) for row in connection.execute(query.distinct())}
    number = connection.execute(sa.select(series.series_no).where(series.series_id == series_id))
    return place_episodes(numbers, known.episodes, specials=number.scalar_one() == 0)


def _ids_of(connection: sa.Connection, series_id: int) -> tuple[tuple[str, str], ...]:
    """Return the ids that NFOs give: those that are sure, of each namespace the first."""
    table = tables.external_ids.c
    query = sa.select(table.namespace, table.value).where(
        table.series_id == series_id, table.standing.in_(sorted(SURE)), table.namespace != "mikan"
    )
    found: dict[str, str] = {}
    for namespace, value in connection.execute(query.order_by(table.external_id)):
        found.setdefault(namespace, value)
    return tuple(sorted(found.items()))


def _write_episodes(
    connection: sa.Connection, series_id: int, wanted: dict[Number, dict[str, Any]]
) -> list[tuple[int, int, dict[str, Any] | None]]:
    """Write the facts of episodes that differ; return those as they were."""
    table = tables.episode_facts
    query = sa.select(table).where(table.c.series_id == series_id)
    there = {
        (row["episode_no"], row["episode_tenths"]): row["facts"]
        for row in connection.execute(query).mappings()
    }
    changed = [number for number in there.keys() | wanted.keys() if there.get(number) != wanted.get(number)]
    gone = [number for number in changed if number in there]
    for part in chunks(gone):
        is_one = sa.or_(
            *(sa.and_(table.c.episode_no == no, table.c.episode_tenths == tenths) for no, tenths in part)
        )
        connection.execute(sa.delete(table).where(table.c.series_id == series_id, is_one))
    rows = [
        {
            "series_id": series_id,
            "episode_no": no,
            "episode_tenths": tenths,
            "facts": wanted[no, tenths],
            "aired": load_episode(wanted[no, tenths]).aired,
        }
        for no, tenths in changed
        if (no, tenths) in wanted
    ]
    for few in chunks(rows):
        connection.execute(sa.insert(table), few)
    return [(no, tenths, there.get((no, tenths))) for no, tenths in sorted(changed)]


def forget_facts(connection: sa.Connection, series_id: int) -> bool:
    """Forget what is known about a series; return whether anything was."""
    episodes, shows = tables.episode_facts, tables.series_facts
    connection.execute(sa.delete(episodes).where(episodes.c.series_id == series_id))
    done = connection.execute(sa.delete(shows).where(shows.c.series_id == series_id))
    return bool(done.rowcount)


def follow_facts(
    core: Core,
    connection: sa.Connection,
    series_ids: Sequence[int],
    cause: str,
    *,
    plan_id: str | None = None,
    **values: Any,
) -> int | None:
    """Have the files of series whose facts changed follow, as one ``cause`` with ``values``; return it.

    ``None``: there is no file that it could be about, so it is no cause either.
    """
    now = core.now()
    link_ids = _links_of(connection, series_ids)
    resync_id = None
    if values.pop("always", False) or _have_files(connection, series_ids):
        resync_id = record_cause(connection, cause, now, reparsed=True, confirmed_plan_id=plan_id, **values)
    followers = 0
    for part in chunks(link_ids):
        followers += refresh_desired(connection, part, resync_id, now)
    if resync_id is not None:
        table = tables.resyncs
        update = sa.update(table).where(table.c.resync_id == resync_id)
        connection.execute(update.values(resync_triggered=followers))
        judge(core, connection, resync_id)
    return resync_id


def _links_of(connection: sa.Connection, series_ids: Sequence[int]) -> list[int]:
    links, found = tables.links.c, list[int]()
    for part in chunks(series_ids):
        query = sa.select(links.link_id).where(links.series_id.in_(part)).order_by(links.link_id)
        found += connection.execute(query).scalars().all()
    return found


def _have_files(connection: sa.Connection, series_ids: Sequence[int]) -> bool:
    links, downloads = tables.links, tables.downloads
    for part in chunks(series_ids):
        query = (
            sa.select(downloads.c.download_id)
            .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
            .where(
                links.c.series_id.in_(part),
                downloads.c.status.in_(sorted(IN_VIEWER)),
                downloads.c.removed_at.is_(None),
            )
        )
        if connection.execute(query.limit(1)).first() is not None:
            return True
    return False


def title_of(connection: sa.Connection, series_id: int) -> str:
    """Return how people call a series: ``Title S02``."""
    series, animes = tables.series, tables.animes
    query = (
        sa.select(animes.c.title, series.c.series_no)
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.series_id == series_id)
    )
    row = connection.execute(query).one()
    return f"{row[0]} S{row[1]:02}"


def rows_of(connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int) -> list[Record]:
    """Return some of ``series_facts``."""
    table = tables.series_facts
    query = sa.select(table).where(*conditions).order_by(table.c.series_id).limit(limit)
    return [dict(row) for row in connection.execute(query).mappings()]
