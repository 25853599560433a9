"""Learn what is known about series by their ids, in the background, and have what changed followed."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.http import FetchError
from seiton.adapters.metadata.bangumi import NAMESPACE, Bangumi, is_series, prequel_of, read_known
from seiton.core import tables
from seiton.core.filing.finishing import close_finished
from seiton.core.identity.pictures import fetch_picture
from seiton.core.identity.placing import dump_known, follow_facts, place_facts, title_of
from seiton.core.neighbours.answers import Question, ask
from seiton.core.rules.rulesets import is_unfinished, lock_state
from seiton.core.service import Core
from seiton.domain.facts import Known
from seiton.domain.reading.seasons import season_in
from seiton.domain.states import SURE, NeighbourKind
from seiton.errors import Unavailable

CAUSE = "metadata_updated"
AT_ONCE = 20
"""Series that one look learns about; more are left to the next, which follows at once."""
SOON, LATER = timedelta(hours=6), timedelta(days=7)
AIRING = timedelta(days=300)
AGAIN = timedelta(hours=1)
FRESH = timedelta(hours=1)
LONG = timedelta(days=7)
LONGEST_WAY = 12
"""Seasons that are walked back at most."""
log = logging.getLogger(__name__)


def learn(core: Core) -> bool:
    """Learn about some series whose facts are missing, old or out of place; say whether there may be more."""
    if core.bangumi is None:
        return False
    with core.database.read() as connection:
        due = _due(connection, core.now())
    for row in due:
        try:
            if not _learn_one(core, core.bangumi, row):
                return False
        except (FetchError, Unavailable) as error:
            log.info("%s", error)  # it is on record with the neighbour; what is known stays in use
            return False
    return len(due) == AT_ONCE


def _due(connection: sa.Connection, now: datetime) -> Sequence[Row]:
    """Return ids of series (the first sure one of each) that something is to be learnt by."""
    ids, facts = tables.external_ids, tables.series_facts
    first = (
        sa.select(sa.func.min(ids.c.external_id).label("external_id"))
        .where(ids.c.namespace == NAMESPACE, ids.c.standing.in_(sorted(SURE)))
        .group_by(ids.c.series_id)
        .subquery()
    )
    query = (
        sa.select(ids.c.series_id, ids.c.value, facts.c.value.label("known_value"), facts.c.due_at)
        .select_from(
            ids.join(first, first.c.external_id == ids.c.external_id).outerjoin(
                facts, facts.c.series_id == ids.c.series_id
            )
        )
        .where(
            sa.or_(
                facts.c.series_id.is_(None),
                sa.and_(sa.or_(facts.c.due_at <= now, facts.c.is_stale), ~facts.c.is_held),
                facts.c.value != ids.c.value,
            )
        )
        .order_by(facts.c.due_at, ids.c.external_id)
        .limit(AT_ONCE)
    )
    return connection.execute(query).mappings().all()


def _learn_one(core: Core, source: Bangumi, row: Row) -> bool:
    """Learn what is to be learnt of one series; say whether it could be written now."""
    is_known = row["known_value"] == row["value"] and row["due_at"] is not None
    if is_known and row["due_at"] > core.now():
        return _write(core, row, None)
    known, is_stale = find_known(core, source, row["value"])
    picture = None
    if known.picture_url is not None:
        picture = fetch_picture(core, known.picture_url, linked_from=source.address)
    is_partial = is_stale or (known.picture_url is not None and picture is None)
    due_at = core.now() + (AGAIN if is_partial else _rest(known, core.now()))
    return _write(core, row, {"known": dump_known(known), "picture": picture, "due_at": due_at})


def _write(core: Core, row: Row, learnt: Mapping[str, Any] | None) -> bool:
    """Store what was learnt, place it, and have files follow, in one transaction."""
    table, series_id = tables.series_facts, row["series_id"]
    mine = table.c.series_id == series_id
    with core.database.write() as connection:
        lock_state(connection)
        if is_unfinished(connection):
            return False  # titles are parsed again: the numbers are not what they will be
        if learnt is not None:
            values = dict(learnt) | {"namespace": NAMESPACE, "value": row["value"], "is_held": False}
            if values["picture"] is None:  # not to be had now: what is there stays
                del values["picture"]
            if not connection.execute(sa.update(table).where(mine).values(values)).rowcount:
                empty = {"series_id": series_id, "facts": {}, "picture": None}
                connection.execute(sa.insert(table).values(empty | values))
        stored = connection.execute(sa.select(table).where(mine)).mappings().one_or_none()
        former = None if stored is None else place_facts(core, connection, stored)
        if former is None:
            return True
        follow_facts(
            core,
            connection,
            [series_id],
            CAUSE,
            subject_id=series_id,
            subject_name=title_of(connection, series_id),
            before=former,
        )
        close_finished(core, connection)
    core.wake("reconcile", "")
    return True


def _rest(known: Known, now: datetime) -> timedelta:
    """Return when to look again: soon while episodes are on the air, up to a tenth later."""
    is_airing = known.premiered is None or now.date() - known.premiered < AIRING
    pause = SOON if is_airing else LATER
    return pause * (1 + random.random() / 10)  # noqa: S311  # not a secret


def find_known(core: Core, source: Bangumi, value: str) -> tuple[Known, bool]:
    """Return what the source knows about ``value``, and whether any of it is old. Raises ``FetchError``."""
    subject = ask(core, _question(source, f"subject/{value}", FRESH), lambda: source.subject(value))
    if subject.body is None:
        return Known(), False
    episodes = ask(core, _question(source, f"episodes/{value}", FRESH), lambda: source.episodes(value))
    season = _season_of(core, source, value, subject.body)
    known = read_known(subject.body, episodes.body or [], season=season)
    return known, subject.is_stale or episodes.is_stale


def _season_of(core: Core, source: Bangumi, value: str, subject: Mapping[str, Any]) -> int | None:
    """Return the number of a season: as its titles say, else one more than the seasons before it."""
    for title in read_known(subject, [], season=None).titles.values():
        named = season_in(title)
        if named is not None:
            return named.number
    before, seen = 0, {value}
    at: str | None = value
    while at is not None and len(seen) <= LONGEST_WAY:
        related = ask(core, _question(source, f"relations/{at}", LONG), partial(source.relations, at))
        at = prequel_of(related.body or [])
        if at is None or at in seen:
            break
        seen.add(at)
        work = ask(core, _question(source, f"subject/{at}", LONG), partial(source.subject, at))
        before += bool(work.body and is_series(work.body))
    return before + 1 if is_series(subject) else None


def _question(source: Bangumi, key: str, lasts: timedelta) -> Question:
    return Question(
        kind=NeighbourKind.METADATA, address=source.address, source=NAMESPACE, key=key, lasts=lasts
    )
