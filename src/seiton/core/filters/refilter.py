"""Flag stored links again after filter rules changed, and have downloads follow.

A durable job: state says whose links may be flagged by older rules, so that it goes on after a crash, and
edits made meanwhile are taken along. What it would do is worked out before anything is done: many downloads
begun or taken back wait for a person (``domain.consent.Brake``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.causes.brake import Effects, id_of, is_too_much
from seiton.core.downloads.offers import plan_downloads
from seiton.core.downloads.wanting import cancel_downloads, want_when_settled
from seiton.core.links.flags import decide_links, link_chunks, load_filters, refresh_flags
from seiton.core.links.making import Episode
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.duplicates import Choice
from seiton.domain.filters import FilterSet, Target, TargetType
from seiton.domain.states import BEFORE_FILES, CancelReason, ResyncState


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    version: int
    resync_id: int
    targets: Collection[Target]
    confirmed_plan_id: str | None


def refilter(core: Core) -> None:
    """Bring all flags to the current rules. Safe to call at any time, any number of times."""
    while (current := _begin(core)) is not None:
        with core.database.read() as connection:
            flags = changed_flags(connection, current.targets, FilterSet(load_filters(connection)))
            effects = foresee(connection, flags)
            plan_id = id_of(connection, (), effects)
            is_braked = is_too_much(core, connection, effects)
        if is_braked and current.confirmed_plan_id != plan_id:
            _wait(core, current, effects, plan_id)
        else:
            _apply(core, current, flags, effects)
        core.progress.announce()


def changed_flags(
    connection: sa.Connection, targets: Collection[Target], filters: FilterSet
) -> dict[int, bool]:
    """Return the links of ``targets`` that ``filters`` flag other than they are: id → filtered out."""
    flags: dict[int, bool] = {}
    for ids in link_chunks(connection, targets):
        for link_id, (row, decision) in decide_links(connection, ids, filters).items():
            if row["filtered_flag"] == decision.included:
                flags[link_id] = not decision.included
    return flags


def foresee(connection: sa.Connection, flags: Mapping[int, bool]) -> Effects:
    """Return what the change of ``flags`` would do to downloads, by the code that would do it."""
    links, downloads = tables.links.c, tables.downloads.c
    episodes: set[Episode] = set()
    for part in chunks(sorted(flags)):
        query = sa.select(links.series_id, links.episode_no, links.episode_tenths)
        rows = connection.execute(query.where(links.link_id.in_(part)))
        episodes |= {(row[0], row[1], row[2]) for row in rows}
    cancels: list[int] = []
    for part in chunks(sorted(link_id for link_id, is_out in flags.items() if is_out)):
        running = sa.select(downloads.link_id).where(
            downloads.link_id.in_(part), downloads.status.in_(sorted(BEFORE_FILES))
        )
        cancels += connection.execute(running).scalars()
    outcomes = plan_downloads(connection, episodes, flags) if episodes else {}
    starts = [outcome.link_id for outcome in outcomes.values() if isinstance(outcome, Choice)]
    return Effects(starts=tuple(sorted(starts)), cancels=tuple(sorted(cancels)))


def mark_changed(
    connection: sa.Connection, resync_id: int, targets: Collection[Target], state: Mapping[str, object]
) -> None:
    """Record that rules of ``targets`` changed by ``resync_id``; ``state`` is the locked state row.

    An edit that was not finished, or waits for a person, is taken along: what follows is the new cause's.
    """
    known = set(_targets(state["filter_targets"]))
    pending = sorted(known | set(targets), key=lambda target: (target[0].value, target[1] or 0))
    connection.execute(
        sa.update(tables.state).values(
            filters_version=tables.state.c.filters_version + 1,
            filter_targets=[[kind.value, number] for kind, number in pending],
            filter_resync_id=resync_id,
        )
    )
    table = tables.resyncs
    if state["filter_resync_id"] is not None and state["filter_targets"] is not None:
        connection.execute(
            sa.update(table)
            .where(
                table.c.resync_id == state["filter_resync_id"],
                table.c.state.in_([ResyncState.RUNNING, ResyncState.WAITING]),
            )
            .values(state=ResyncState.SUPERSEDED.value)
        )


def _targets(stored: object) -> list[Target]:
    assert stored is None or isinstance(stored, list)
    return [(TargetType(kind), number) for kind, number in stored or ()]


def _begin(core: Core) -> _Round | None:
    """Return what is to be done now: nothing while an edit waits for a person."""
    state, resyncs = tables.state, tables.resyncs
    query = sa.select(
        state.c.filters_version,
        state.c.filter_targets,
        state.c.filter_resync_id,
        resyncs.c.state,
        resyncs.c.confirmed_plan_id,
    ).select_from(state.join(resyncs, resyncs.c.resync_id == state.c.filter_resync_id))
    with core.database.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None or not row["filter_targets"] or row["state"] == ResyncState.WAITING:
        return None
    return _Round(
        version=row["filters_version"],
        resync_id=row["filter_resync_id"],
        targets=_targets(row["filter_targets"]),
        confirmed_plan_id=row["confirmed_plan_id"],
    )


def _is_mine(connection: sa.Connection, current: _Round) -> bool:
    """Lock the rules and say whether they are those of this round; else it begins again."""
    state = lock_state(connection)
    return state["filters_version"] == current.version and state["filter_targets"] is not None


def _wait(core: Core, current: _Round, effects: Effects, plan_id: str) -> None:
    """Have the edit wait for a person, unless one confirmed it since it was looked at."""
    table = tables.resyncs
    with core.database.write() as connection:
        if _is_mine(connection, current):
            connection.execute(
                sa.update(table)
                .where(
                    table.c.resync_id == current.resync_id,
                    table.c.confirmed_plan_id.is_not_distinct_from(current.confirmed_plan_id),
                )
                .values(
                    state=ResyncState.WAITING.value,
                    plan_id=plan_id,
                    waiting_plan_id=plan_id,
                    confirmed_at=None,
                    starts=len(effects.starts),
                    cancels=len(effects.cancels),
                )
            )


def _apply(core: Core, current: _Round, flags: Mapping[int, bool], effects: Effects) -> None:
    for part in chunks(sorted(flags)):
        with core.database.write() as connection:
            if not _is_mine(connection, current):
                return
            follow_flags(connection, part, core)
    table = tables.resyncs
    with core.database.write() as connection:
        if not _is_mine(connection, current):
            return
        connection.execute(sa.update(tables.state).values(filter_targets=sa.null(), filter_resync_id=None))
        connection.execute(
            sa.update(table)
            .where(table.c.resync_id == current.resync_id)
            .values(
                state=ResyncState.DONE.value,
                reparsed=True,
                starts=len(effects.starts),
                cancels=len(effects.cancels),
                finished_at=core.now(),
            )
        )
    for job in ("downloads", "torrents"):
        core.wake(job, "")


def follow_flags(connection: sa.Connection, link_ids: Sequence[int], core: Core) -> None:
    """Flag links by the rules as they are, take back what is filtered out, want what is let in."""
    now = core.now()
    out, episodes = refresh_flags(connection, link_ids, now)
    cancel_downloads(connection, out, CancelReason.FILTER, now)
    if episodes:
        want_when_settled(connection, episodes, now)
