"""Do an edit and all that follows from it in a transaction that is taken back: the preview is the plan.

There is no second code path that could see it otherwise than the real thing. What it costs: other writes
wait for as long as the edit would take.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.contract import (
    MAX_BATCH,
    PlanAnswer,
    PlannedHold,
    PlannedMove,
    ViewerPlanRequest,
    ViewerResyncRequest,
)
from seiton.core import tables
from seiton.core.causes.brake import NO_EFFECTS, Effects
from seiton.core.filing.resync import MESSAGE_COLUMNS, MESSAGE_ROWS, resync_request
from seiton.core.links.making import Applied
from seiton.core.queries import Record, fetch_all
from seiton.core.rules.reparse import reparse_within
from seiton.core.service import Core
from seiton.domain.states import IN_LIBRARY, ResyncState

_DEADLOCK = "40P01"
MOST_LISTED = 500
"""Titles of one kind that an answer lists; the counts are of all."""


@dataclass(slots=True, kw_only=True)
class Impact:
    """What would follow, over all stored titles.

    ``starts`` and ``cancels``: downloads begun and taken back, ``titles_lost``: items that a parser matches
    now and none would. ``waits``: files that would wait for a person. ``plan_id`` confirms it all when given
    with the save.
    """

    items_reparsed: int = 0
    links_changed: int = 0
    links_new: int = 0
    unmatched: int = 0
    moves: tuple[PlannedMove, ...] = ()
    holds: tuple[PlannedHold, ...] = ()
    unchanged: int = 0
    pins_passed: int = 0
    titles_lost: list[Record] = field(default_factory=list)
    starts: int = 0
    starting: list[Record] = field(default_factory=list)
    cancels: int = 0
    cancelling: list[Record] = field(default_factory=list)
    plan_id: str = ""
    waits: int = 0
    needs_confirmation: bool = False


@dataclass(slots=True, kw_only=True)
class Done:
    """What an edit did in its transaction; what it has parsed again and begun by itself, if anything."""

    resync_id: int
    applied: Applied = field(default_factory=Applied)
    effects: Effects = NO_EFFECTS


Edit = Callable[[sa.Connection], Done]
"""An edit, done in a transaction."""


_TRIES = 3
"""A long transaction may be chosen to end when it and a report wait for each other."""


class _TakenBack(Exception):
    """Ends the transaction of a rehearsal."""


def rehearse(core: Core, edit: Edit) -> Impact:
    """Return what ``edit`` would do. Raises what it raises, and ``Unavailable`` when the viewer is away."""
    impact = Impact()
    for tries_left in reversed(range(_TRIES)):
        try:
            requests = _perform(core, edit, impact)
            break
        except sa.exc.OperationalError as error:
            if not tries_left or getattr(error.orig, "sqlstate", None) != _DEADLOCK:
                raise
    _plan_files(core, requests, impact)
    return impact


def _perform(core: Core, edit: Edit, impact: Impact) -> list[ViewerResyncRequest]:
    """Do it, note in ``impact`` what it came to, take it back; return the messages that would follow."""
    requests: list[ViewerResyncRequest] = []
    try:
        with core.database.write() as connection:
            done = edit(connection)
            effects = reparse_within(core, connection, done.resync_id, done.applied) or done.effects
            _describe(connection, done, effects, impact)
            requests = _requests(core, connection, done.resync_id)
            raise _TakenBack
    except _TakenBack:
        return requests


def _describe(connection: sa.Connection, done: Done, effects: Effects, impact: Impact) -> None:
    applied = done.applied
    resyncs, items = tables.resyncs.c, tables.resync_items.c
    query = sa.select(resyncs.plan_id, resyncs.state).where(resyncs.resync_id == done.resync_id)
    plan_id, state = connection.execute(query).one()
    waiting = sa.select(sa.func.count()).where(items.resync_id == done.resync_id, items.outcome == "waiting")
    impact.plan_id = plan_id or ""
    impact.needs_confirmation = state == ResyncState.WAITING
    impact.waits = int(connection.execute(waiting).scalar_one())
    impact.items_reparsed = applied.items_read
    impact.links_changed = sum(not change.is_new for change in applied.changes)
    impact.links_new = len(applied.new_links)
    impact.pins_passed = applied.pins_passed
    impact.unmatched = len(applied.unmatched)
    impact.titles_lost = _items(connection, applied.unmatched[:MOST_LISTED])
    impact.starts, impact.cancels = len(effects.starts), len(effects.cancels)
    new = set(applied.new_links)
    impact.starting = _links(connection, effects.starts[:MOST_LISTED], new)
    impact.cancelling = _links(connection, effects.cancels[:MOST_LISTED], new)


def _items(connection: sa.Connection, item_ids: Sequence[int]) -> list[Record]:
    items = tables.raw_items.c
    query = sa.select(items.item_id, items.title).where(items.item_id.in_(item_ids))
    return fetch_all(connection, query.order_by(items.item_id))


def _links(connection: sa.Connection, link_ids: Sequence[int], new: set[int]) -> list[Record]:
    """Return links with their titles; those that only the edit would make have no number yet."""
    links = tables.links.c
    query = sa.select(links.link_id, links.raw_item_id, links.title).where(links.link_id.in_(link_ids))
    rows = fetch_all(connection, query.order_by(links.link_id))
    return [row | {"link_id": None} if row["link_id"] in new else row for row in rows]


def _requests(core: Core, connection: sa.Connection, resync_id: int) -> list[ViewerResyncRequest]:
    """Return the messages for files of the library that would follow."""
    items, downloads = tables.resync_items, tables.downloads
    query = (
        sa.select(downloads, *MESSAGE_COLUMNS)
        .select_from(MESSAGE_ROWS.join(items, items.c.download_id == downloads.c.download_id))
        .where(
            items.c.resync_id == resync_id,
            items.c.outcome.in_(("pending", "waiting")),
            downloads.c.status.in_(sorted(IN_LIBRARY)),
        )
        .order_by(downloads.c.download_id)
    )
    return [resync_request(core, row) for row in connection.execute(query).mappings()]


def _plan_files(core: Core, requests: Sequence[ViewerResyncRequest], impact: Impact) -> None:
    if not requests:
        return
    plan_id = str(uuid4())
    parts = list(chunks(requests, MAX_BATCH))
    answer: PlanAnswer | None = None
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        answer = core.viewer.plan(ViewerPlanRequest(plan_id=plan_id, items=tuple(part), last=last))
    if answer is not None:
        impact.moves, impact.holds, impact.unchanged = answer.steps, answer.holds, answer.unchanged
