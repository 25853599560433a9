"""Parse stored titles again after rules changed: only those that the change can affect.

A durable job in chunks. State says from which version to which, and how far it has got, so that it goes
on after a crash; edits made meanwhile are the next round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import CHUNK, Row
from seiton.core import tables
from seiton.core.desired import finish_resyncs, refresh_desired
from seiton.core.dispatch import want_downloads
from seiton.core.links import apply_outcomes
from seiton.core.rulesets import lock_state, ruleset
from seiton.core.service import Core
from seiton.domain.edits import Edit, Unchanged, Visits
from seiton.domain.rules import Outcome
from seiton.domain.states import RawItemStatus, ResyncState


@dataclass(slots=True)
class _Round:
    """One way from a version of the rules to another."""

    before: int
    target: int
    cursor: int
    resync_id: int | None


def reparse(core: Core) -> None:
    """Bring all stored titles to the current rules. Safe to call at any time, any number of times."""
    while (current := _begin(core)) is not None:
        with core.database.read() as connection:
            edit = Edit(ruleset(connection, current.before), ruleset(connection, current.target))
        visits = edit.visits()
        if visits:
            while _chunk(core, current, edit, visits):
                pass
        _end(core, current)
        core.progress.announce()


def _begin(core: Core) -> _Round | None:
    """Pick up an unfinished round, or start one to the rules as they are now."""
    with core.database.write() as connection:
        state = lock_state(connection)
        target = state["reparse_target"]
        if target is None:
            if state["rules_version"] == state["reparsed_version"]:
                return None
            target = state["rules_version"]
            connection.execute(sa.update(tables.state).values(reparse_target=target, reparse_cursor=0))
        cause = sa.select(tables.rulesets.c.resync_id).where(tables.rulesets.c.version == target)
        return _Round(
            before=state["reparsed_version"],
            target=target,
            cursor=state["reparse_cursor"] or 0,
            resync_id=connection.execute(cause).scalar_one(),
        )


def affected(visits: Visits) -> sa.ColumnElement[bool]:
    """Return the condition on ``raw_items`` that finds what an edit can affect."""
    items = tables.raw_items.c
    conditions: list[sa.ColumnElement[bool]] = [items.status == RawItemStatus.PENDING]
    if visits.winners:
        conditions.append(
            sa.and_(items.status == RawItemStatus.PARSED, items.parser_id.in_(sorted(visits.winners)))
        )
    if visits.unmatched:
        conditions.append(items.status == RawItemStatus.NO_MATCH)
    if visits.failed:
        conditions.append(items.status == RawItemStatus.FAILED)
    return sa.or_(*conditions)


def _chunk(core: Core, current: _Round, edit: Edit, visits: Visits) -> bool:
    """Parse and write the next titles in one transaction with the cursor; say whether there may be more."""
    items = tables.raw_items
    query = (
        sa.select(items)
        .where(items.c.item_id > current.cursor, affected(visits))
        .order_by(items.c.item_id)
        .limit(CHUNK)
    )
    with core.database.read() as connection:
        rows = connection.execute(query).mappings().all()
    pairs = outcomes_of(edit, rows)
    now = core.now()
    with core.database.write() as connection:
        state = lock_state(connection)
        if state["reparse_target"] != current.target or (state["reparse_cursor"] or 0) != current.cursor:
            return False  # another worker has this round
        if pairs:
            applied = apply_outcomes(connection, pairs, now)
            followers = refresh_desired(connection, applied.touched, current.resync_id, now)
            want_downloads(connection, applied.touched, now)
            if current.resync_id is not None:
                _count(connection, current.resync_id, followers, len(applied.new_links))
        if rows:
            current.cursor = rows[-1]["item_id"]
            connection.execute(sa.update(tables.state).values(reparse_cursor=current.cursor))
    return len(rows) == CHUNK


def outcomes_of(edit: Edit, rows: Any) -> list[tuple[Row, Outcome]]:
    """Return what the edit makes of raw items, those that stay as they are left out."""
    pairs = []
    for row in rows:
        winner = row["parser_id"] if row["status"] == RawItemStatus.PARSED else None
        outcome = edit.outcome(row["title"], winner, row["status"] == RawItemStatus.FAILED)
        if not isinstance(outcome, Unchanged):
            pairs.append((row, outcome))
    return pairs


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
    now = core.now()
    with core.database.write() as connection:
        state = lock_state(connection)
        if state["reparse_target"] != current.target:
            return
        connection.execute(
            sa.update(tables.state).values(
                reparsed_version=current.target, reparse_target=None, reparse_cursor=None
            )
        )
        connection.execute(sa.delete(tables.rulesets).where(tables.rulesets.c.version < current.target))
        table = tables.resyncs
        connection.execute(
            sa.update(table)
            .where(
                table.c.rules_version <= current.target,
                table.c.state == ResyncState.RUNNING,
                ~table.c.reparsed,
            )
            .values(reparsed=True, **count_items(connection))
        )
        finish_resyncs(connection, now)
    core.wake("reconcile", "")
    core.wake("downloads", "")


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
