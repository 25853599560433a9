"""Parse stored titles again after rules changed: only those that the change can affect.

A durable job in chunks. State says from which version to which, and how far it has got, so that it goes
on after a crash; edits made meanwhile are the next round. Downloads are wanted, and files are sent after,
when a round is over: in its middle half a season has its new numbers and half its old ones.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks, plain
from seiton.core import tables
from seiton.core.causes.brake import Effects, judge
from seiton.core.downloads.wanting import (
    cancel_downloads,
    choose_downloads,
    take_choices,
    take_unsettled,
    unsettle,
    unwanted_downloads,
)
from seiton.core.filing.desired import refresh_desired
from seiton.core.filing.finishing import close_finished
from seiton.core.links.making import Applied, apply_outcomes, outcome_for
from seiton.core.rules.affected import affected_items
from seiton.core.rules.pack_updates import is_deferred, set_aside
from seiton.core.rules.rulesets import is_unfinished, lock_state, ruleset
from seiton.core.service import Core
from seiton.domain.duplicates import Choice
from seiton.domain.edits import Edit, Unchanged, Visits
from seiton.domain.rules import Outcome
from seiton.domain.states import CancelReason, RawItemStatus, ResyncState, RulesMode
from seiton.domain.titles import Ruleset

LOOKS = 20
"""Titles looked at for each that one transaction may change."""
_SEEN = ("item_id", "title", "status", "parser_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Looked:
    """Raw items that come out otherwise, of those up to ``upto``; ``is_last``: there are none after it."""

    pairs: list[tuple[Row, Outcome]]
    upto: int
    is_last: bool


@dataclass(slots=True, kw_only=True)
class _Round:
    """One way from a version of the rules to another; ``cursor`` is the last item that is done.

    ``few``: items among which are all to look at, if they are few.
    """

    target: int
    cursor: int
    resync_id: int | None
    mode: RulesMode
    edit: Edit
    rules: Ruleset
    few: Sequence[int] | None = None

    def find_few(self, connection: sa.Connection) -> None:
        """Look whether the items to look at are few, so that ``few`` has them, or all are walked through."""
        if self.mode is not RulesMode.TAKE:
            self.few = affected_items(connection, self.edit.visits())

    def visits(self) -> sa.ColumnElement[bool] | None:
        """Return the condition on the raw items to look at; None if there are none."""
        if self.mode is RulesMode.TAKE:
            return is_deferred()
        visits = self.edit.visits()
        return _affected(visits) if visits else None

    def outcomes(self, rows: Sequence[sa.Row[Any]]) -> Iterator[Outcome | Unchanged]:
        """Yield what becomes of raw items, of which ``rows`` say what ``_SEEN`` names."""
        if self.mode is RulesMode.TAKE:
            return (self.rules.parse(row.title) for row in rows)
        return self.edit.outcomes(map(_as_stored, rows))


def reparse(core: Core) -> None:
    """Bring all stored titles to the current rules. Safe to call at any time, any number of times."""
    while (current := _begin(core)) is not None:
        visits = current.visits()
        if visits is not None:
            with core.database.read() as connection:
                current.find_few(connection)
        while visits is not None and _chunk(core, current, visits):
            pass
        _end(core, current)
        core.progress.announce()


def reparse_within(core: Core, connection: sa.Connection, resync_id: int, found: Applied) -> Effects | None:
    """Do all of it in the caller's transaction; add what ``resync_id``, the last edit, comes to to ``found``.

    Returns what it does to downloads; ``None``: there was nothing to parse.
    """
    effects: Effects | None = None
    while (current := _pick_up(connection)) is not None:
        visits = current.visits()
        if visits is not None:
            current.find_few(connection)
        while visits is not None and (looked := _look(connection, current, visits, core.chunk)):
            applied = _apply(connection, current, looked, looked.pairs, core.now())
            current.cursor = looked.upto
            if current.resync_id == resync_id:
                found.add(applied)
        effects = _close(core, connection, current, core.now())
    return effects


def _begin(core: Core) -> _Round | None:
    """Pick up an unfinished round, or start one to the rules as they are now."""
    with core.database.read() as connection:
        if not is_unfinished(connection):
            return None
    with core.database.write() as connection:
        return _pick_up(connection)


def _pick_up(connection: sa.Connection) -> _Round | None:
    state = lock_state(connection)
    target = state["reparse_target"]
    if target is None:
        if state["rules_version"] == state["reparsed_version"]:
            return None  # another worker was quicker
        target = _next_target(connection, state["reparsed_version"])
        connection.execute(sa.update(tables.state).values(reparse_target=target, reparse_cursor=0))
    table = tables.rulesets.c
    cause = sa.select(table.resync_id, table.mode).where(table.version == target)
    resync_id, mode = connection.execute(cause).one()
    rules = ruleset(connection, target)
    return _Round(
        target=target,
        cursor=state["reparse_cursor"] or 0,
        resync_id=resync_id,
        mode=RulesMode(mode),
        edit=Edit(ruleset(connection, state["reparsed_version"]), rules),
        rules=rules,
    )


def _next_target(connection: sa.Connection, reparsed: int) -> int:
    """Return the version to go to: all edits in a row are one round, anything else is one of its own."""
    table = tables.rulesets.c
    query = sa.select(table.version, table.mode).where(table.version > reparsed).order_by(table.version)
    target = 0
    for version, mode in connection.execute(query):
        if mode != RulesMode.EDIT:
            return target or int(version)
        target = version
    return target


def _affected(visits: Visits) -> sa.ColumnElement[bool]:
    """Return the condition on ``raw_items`` that finds what an edit can affect.

    It is written so that no index serves it: all chunks together walk the table once, by id, whereas what
    an index finds would have to be sorted for each chunk anew (100,000 titles: 1 s instead of 4 s).
    """
    items = tables.raw_items.c
    status = items.status.concat("")
    statuses = [RawItemStatus.PENDING]
    if visits.unmatched:
        statuses.append(RawItemStatus.NO_MATCH)
    if visits.failed:
        statuses.append(RawItemStatus.FAILED)
    if visits.everything:
        return status.in_([*statuses, RawItemStatus.PARSED])
    conditions: list[sa.ColumnElement[bool]] = [status.in_(statuses)]
    if visits.winners:
        is_parsed = status == RawItemStatus.PARSED
        conditions.append(sa.and_(is_parsed, items.parser_id.in_(sorted(visits.winners))))
    return sa.or_(*conditions)


def _chunk(core: Core, current: _Round, visits: sa.ColumnElement[bool]) -> bool:
    """Parse the next titles and write what changes in one transaction with the cursor; say whether there may
    be more.
    """
    with core.database.read() as connection:
        looked = _look(connection, current, visits, core.chunk)
    if looked is None:
        return False
    now = core.now()
    with core.database.write() as connection:
        if not _is_mine(lock_state(connection), current):
            return False
        _apply(connection, current, looked, _as_read(connection, looked.pairs), now)
    current.cursor = looked.upto
    return not looked.is_last


def _apply(
    connection: sa.Connection,
    current: _Round,
    looked: _Looked,
    pairs: Sequence[tuple[Row, Outcome]],
    now: datetime,
) -> Applied:
    """Write ``pairs`` and how far the round is. What a filter keeps out now is taken back when it ends."""
    if current.mode is RulesMode.UPDATE:
        pairs = set_aside(connection, pairs)
    applied = apply_outcomes(connection, pairs, now) if pairs else Applied()
    unsettle(connection, {series_id for series_id, _number, _tenths in applied.episodes})
    followers = refresh_desired(connection, applied.touched, current.resync_id, now)
    if current.resync_id is not None and (followers or applied.new_links):
        _count(connection, current.resync_id, followers, len(applied.new_links))
    connection.execute(sa.update(tables.state).values(reparse_cursor=looked.upto))
    return applied


def _look(
    connection: sa.Connection, current: _Round, visits: sa.ColumnElement[bool], chunk: int
) -> _Looked | None:
    """Parse the next titles of ``visits`` until ``chunk`` come out otherwise; None: there are no more.

    Most titles stay as they are: of those only what it takes to see that is read.
    """
    rows, end, is_last = _next_rows(connection, current, visits, chunk * LOOKS)
    if end is None:
        return None
    changed: dict[int, tuple[sa.Row[Any], Outcome]] = {}
    upto = end
    for row, outcome in zip(rows, current.outcomes(rows), strict=True):
        if isinstance(outcome, Unchanged):
            continue
        changed[row.item_id] = row, outcome
        if len(changed) == chunk:
            upto = row.item_id
            break
    return _Looked(pairs=_whole(connection, changed), upto=upto, is_last=is_last and upto == end)


def _next_rows(
    connection: sa.Connection, current: _Round, visits: sa.ColumnElement[bool], most: int
) -> tuple[Sequence[sa.Row[Any]], int | None, bool]:
    """Return the next items to look at, up to which item that goes (``None``: there are no more), and whether
    there are none after it.
    """
    items = tables.raw_items.c
    query = sa.select(*(items[name] for name in _SEEN)).where(visits).order_by(items.item_id)
    if current.few is None:
        rows = connection.execute(query.where(items.item_id > current.cursor).limit(most)).all()
        return rows, rows[-1].item_id if rows else None, len(rows) < most
    start = bisect_right(current.few, current.cursor)
    ids = current.few[start : start + most]
    found = [row for part in chunks(ids) for row in connection.execute(query.where(items.item_id.in_(part)))]
    return found, ids[-1] if ids else None, start + most >= len(current.few)


def _whole(
    connection: sa.Connection, changed: Mapping[int, tuple[sa.Row[Any], Outcome]]
) -> list[tuple[Row, Outcome]]:
    """Return raw items with all that is stored of them, but for those that are not as they were just now."""
    items = tables.raw_items
    pairs: list[tuple[Row, Outcome]] = []
    for part in chunks(list(changed)):
        query = sa.select(items).where(items.c.item_id.in_(part)).order_by(items.c.item_id)
        for row in plain(connection.execute(query)):
            seen, outcome = changed[row["item_id"]]
            if (seen.status, seen.parser_id) == (row["status"], row["parser_id"]):
                pairs.append((row, outcome_for(row, outcome)))
    return pairs


def _as_stored(row: sa.Row[Any]) -> tuple[str, int | None, bool]:
    """Return title, who matched it, and whether that it was nobody says little."""
    if row.status == RawItemStatus.PARSED:
        return row.title, row.parser_id, False
    return row.title, None, row.status in {RawItemStatus.FAILED, RawItemStatus.PENDING}


def _is_mine(state: Row, current: _Round) -> bool:
    """Say whether the round is where this worker left it; else another one has it."""
    return (state["reparse_target"], state["reparse_cursor"]) == (current.target, current.cursor)


def _as_read(
    connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]]
) -> Sequence[tuple[Row, Outcome]]:
    """Leave out what was skipped, or parsed by itself, since it was read."""
    items = tables.raw_items
    now: dict[int, tuple[str, int | None]] = {}
    for part in chunks([item["item_id"] for item, _outcome in pairs]):
        query = sa.select(items.c.item_id, items.c.status, items.c.parser_id).where(items.c.item_id.in_(part))
        now.update((row[0], (row[1], row[2])) for row in connection.execute(query))
    return [pair for pair in pairs if now[pair[0]["item_id"]] == (pair[0]["status"], pair[0]["parser_id"])]


def _count(connection: sa.Connection, resync_id: int, followers: int, new_links: int) -> None:
    table = tables.resyncs
    connection.execute(
        sa.update(table)
        .where(table.c.resync_id == resync_id)
        .values(
            resync_triggered=table.c.resync_triggered + followers,
            new_links=table.c.new_links + new_links,
        )
    )


def _end(core: Core, current: _Round) -> None:
    """Close the round, and have the others look."""
    now = core.now()
    with core.database.write() as connection:
        if not _is_mine(lock_state(connection), current):
            return
        _close(core, connection, current, now)
    for job in ("reconcile", "downloads", "transfers", "filters", "torrents"):
        core.wake(job, "")


def _close(core: Core, connection: sa.Connection, current: _Round, now: datetime) -> Effects:
    """Write statistics for the cause of a round and the edits that it took along, and judge the cause."""
    connection.execute(
        sa.update(tables.state).values(
            reparsed_version=current.target, reparse_target=None, reparse_cursor=None
        )
    )
    connection.execute(sa.delete(tables.rulesets).where(tables.rulesets.c.version < current.target))
    _close_causes(connection, current.target)
    effects = follow_rules(core, connection, current.resync_id, now, is_reparse=True)
    close_finished(core, connection)
    return effects


def follow_rules(
    core: Core, connection: sa.Connection, resync_id: int | None, now: datetime, *, is_reparse: bool = False
) -> Effects:
    """Judge a cause that is complete; begin and take back downloads, unless they wait for a person.

    While titles are parsed again, the end of that, ``is_reparse``, does the latter: for the series that were
    noted meanwhile, so that an edit of a few titles does not look through all releases.
    """
    choices: Sequence[Choice] = ()
    cancels: Sequence[int] = ()
    if is_unfinished(connection):
        if not is_reparse:
            unsettle(connection, None)
    else:
        cancels = unwanted_downloads(connection)
        noted = take_unsettled(connection, cancels) if is_reparse else None
        choices = choose_downloads(connection, None, now, dict.fromkeys(cancels, True), noted)
    effects = Effects(starts=tuple(choice.link_id for choice in choices), cancels=tuple(cancels))
    if resync_id is None or not judge(core, connection, resync_id, effects).downloads_wait:
        cancel_downloads(connection, cancels, CancelReason.FILTER, now)
        take_choices(connection, choices, now)
    return effects


def _close_causes(connection: sa.Connection, target: int) -> None:
    table = tables.resyncs
    connection.execute(
        sa.update(table)
        .where(
            table.c.rules_version <= target,
            table.c.state == ResyncState.RUNNING,
            ~table.c.reparsed,
        )
        .values(reparsed=True, **count_items(connection))
    )


def count_items(connection: sa.Connection) -> dict[str, int]:
    """Return the statistics of contract §3.6 over all titles: total, parsed, failed, no_match."""
    items = tables.raw_items
    query = sa.select(items.c.status, sa.func.count()).group_by(items.c.status)
    counts = {row[0]: int(row[1]) for row in connection.execute(query)}
    considered = {status: n for status, n in counts.items() if status != RawItemStatus.SKIPPED}
    return {
        "total": sum(considered.values()),
        "parsed": considered.get(RawItemStatus.PARSED, 0),
        "failed": considered.get(RawItemStatus.FAILED, 0),
        "no_match": considered.get(RawItemStatus.NO_MATCH, 0),
    }
