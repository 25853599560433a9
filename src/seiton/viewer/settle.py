"""Bring the records up to what was done on the disk: units, claims, artifacts, tasks."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import Identity, identify
from seiton.domain.naming import path_key
from seiton.domain.states import HoldReason, TaskStatus, UnitState
from seiton.viewer import tables
from seiton.viewer.gather import NFO
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.shows import SEASON_NFO, SHOW_NFO

FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=6)


@dataclass(slots=True, kw_only=True)
class Arrival:
    """Where a unit lies after the steps that were done, and what of its wish is applied."""

    unit_id: int
    stem: bytes
    video: bytes
    identity: Identity | None
    nfo_digest: str | None
    nfo_rendering: str | None = None
    applied_revision: int | None = None
    show_id: int | None = None
    added_at: datetime | None = None
    content_digest: str | None = None


def record_arrivals(
    connection: sa.Connection, library_id: str, arrivals: Sequence[Arrival], now: datetime
) -> None:
    """Write where the units lie now; their claims follow in the same transaction."""
    if not arrivals:
        return
    units = tables.units
    rows: list[dict[str, Any]] = []
    for arrival in arrivals:
        identity = arrival.identity
        rows.append(
            {
                "its_id": arrival.unit_id,
                "stem": arrival.stem,
                "video": arrival.video,
                "inode": identity.inode if identity else None,
                "size": identity.size if identity else None,
                "mtime_ns": identity.mtime_ns if identity else None,
                "birth_ns": identity.birth_ns if identity else None,
                "nfo_digest": arrival.nfo_digest,
                "nfo_rendering": arrival.nfo_rendering,
                "added": arrival.added_at,
                "digest": arrival.content_digest,
                "show": arrival.show_id,
                "revision_applied": arrival.applied_revision,
                "updated_at": now,
            }
        )
    named = (
        "stem",
        "video",
        "inode",
        "size",
        "mtime_ns",
        "birth_ns",
        "nfo_digest",
        "nfo_rendering",
        "updated_at",
    )
    update = (
        sa.update(units)
        .where(units.c.unit_id == sa.bindparam("its_id"))
        .values(
            {name: sa.bindparam(name) for name in named}
            | {
                "state": UnitState.PLACED.value,
                "added_at": sa.func.coalesce(
                    units.c.added_at, sa.bindparam("added", type_=units.c.added_at.type)
                ),
                "content_digest": sa.func.coalesce(
                    sa.bindparam("digest", type_=sa.String), units.c.content_digest
                ),
                "show_id": sa.func.coalesce(
                    sa.bindparam("show", type_=units.c.show_id.type), units.c.show_id
                ),
                "applied_revision": sa.func.coalesce(
                    sa.bindparam("revision_applied", type_=sa.Integer), units.c.applied_revision
                ),
                "hold_reason": None,
                "hold_detail": None,
                "attempts": 0,
                "next_try_at": None,
            }
        )
    )
    connection.execute(update, rows)
    release_claims(connection, [arrival.unit_id for arrival in arrivals])
    connection.execute(
        sa.insert(tables.claims),
        [
            {
                "library_id": library_id,
                "path_key": path_key(arrival.stem),
                "kind": "current",
                "unit_id": arrival.unit_id,
            }
            for arrival in arrivals
        ],
    )


def release_claims(connection: sa.Connection, unit_ids: Sequence[int], kind: str | None = None) -> None:
    """Delete claims of ``unit_ids``; only those of ``kind`` where one is given."""
    claims = tables.claims
    for part in chunks(unit_ids):
        delete = sa.delete(claims).where(claims.c.unit_id.in_(part))
        connection.execute(delete.where(claims.c.kind == kind) if kind else delete)


def claim_targets(connection: sa.Connection, library_id: str, targets: Mapping[int, bytes]) -> None:
    """Claim where units are going, before the first step is taken."""
    release_claims(connection, list(targets), "target")
    rows = [
        {"library_id": library_id, "path_key": path_key(stem), "kind": "target", "unit_id": unit_id}
        for unit_id, stem in targets.items()
    ]
    for part in chunks(rows):
        connection.execute(sa.insert(tables.claims), part)


def record_artifacts(
    connection: sa.Connection,
    library_id: str,
    steps: Iterable[Step],
    renderings: Mapping[bytes, str],
    now: datetime,
) -> None:
    """Remember folders and show files that Seiton made, forget those that it took away."""
    made: dict[bytes, dict[str, Any]] = {}
    gone: set[bytes] = set()
    for step in steps:
        kind = artifact_kind(step)
        if kind is None:
            continue
        if step.kind in {StepKind.DROP, StepKind.PRUNE}:
            made.pop(step.target, None)
            gone.add(step.target)
            continue
        made[step.target] = {
            "library_id": library_id,
            "path": step.target,
            "kind": kind,
            "digest": step.after_digest,
            "rendering": renderings.get(step.target),
            "created_at": now,
        }
    table = tables.artifacts
    for part in chunks(sorted(gone | set(made))):
        connection.execute(sa.delete(table).where(table.c.library_id == library_id, table.c.path.in_(part)))
    for rows in chunks(list(made.values())):
        connection.execute(sa.insert(table), rows)


def artifact_kind(step: Step) -> str | None:
    """Return what sort of shared thing a step makes or takes away, ``None`` for a unit's own file."""
    if step.kind in {StepKind.FOLDER, StepKind.PRUNE}:
        return "folder"
    if step.kind in {StepKind.WRITE, StepKind.REWRITE, StepKind.DROP}:
        name = os.path.basename(step.target)
        return {SHOW_NFO: "show_nfo", SEASON_NFO: "season_nfo"}.get(name)
    return None


def finish_tasks(
    connection: sa.Connection,
    outcomes: Sequence[tuple[int, int, str, bytes]],
    now: datetime,
) -> None:
    """Complete the tasks of units: ``(unit_id, applied revision, outcome, video path)``; reports are due."""
    tasks = tables.sync_tasks
    update = (
        sa.update(tasks)
        .where(
            tasks.c.unit_id == sa.bindparam("its_id"),
            tasks.c.revision <= sa.bindparam("upto"),
            sa.or_(tasks.c.status == TaskStatus.PROCESSING, tasks.c.outcome == "held"),
        )
        .values(
            status=TaskStatus.COMPLETED.value,
            outcome=sa.bindparam("what"),
            target_path=sa.bindparam("path"),
            error_message=None,
            reason=None,
            completed_at=now,
            report_due_at=now,
            reported_at=None,
        )
    )
    rows = [
        {"its_id": unit_id, "upto": revision, "what": what, "path": os.fsdecode(path)}
        for unit_id, revision, what, path in outcomes
    ]
    for part in chunks(rows):
        connection.execute(update, part)


def record_holds(
    connection: sa.Connection,
    holds: Sequence[tuple[Row, HoldReason, str | None]],
    now: datetime,
) -> None:
    """Record why units stay where they are, when to look again, and report it once per reason."""
    units, tasks = tables.units, tables.sync_tasks
    for row, reason, detail in holds:
        attempts = row["attempts"] + 1
        pause = min(FIRST_RETRY * 2 ** min(attempts - 1, 20), LAST_RETRY)
        connection.execute(
            sa.update(units)
            .where(units.c.unit_id == row["unit_id"])
            .values(
                hold_reason=reason.value,
                hold_detail=detail,
                attempts=attempts,
                next_try_at=now + pause,
                updated_at=now,
            )
        )
        if row["hold_reason"] == reason.value and row["hold_detail"] == detail:
            continue  # said before
        at = row["video"]
        connection.execute(
            sa.update(tasks)
            .where(
                tasks.c.unit_id == row["unit_id"],
                tasks.c.revision <= row["revision"],
                sa.or_(tasks.c.status == TaskStatus.PROCESSING, tasks.c.outcome == "held"),
            )
            .values(
                status=TaskStatus.FAILED.value,
                outcome="held",
                reason=reason.value,
                error_message=detail,
                target_path=os.fsdecode(at) if at is not None else None,
                completed_at=now,
                report_due_at=now,
                reported_at=None,
            )
        )


def arrivals_from_steps(connection: sa.Connection, root: bytes, steps: Sequence[Step]) -> list[Arrival]:
    """Work out from recovered steps where units lie; their wish stays pending and is looked at again."""
    ids = sorted({step.unit_id for step in steps if step.unit_id is not None})
    units = tables.units
    rows: dict[int, Row] = {}
    for part in chunks(ids):
        query = sa.select(units).where(units.c.unit_id.in_(part))
        rows.update((row["unit_id"], row) for row in connection.execute(query).mappings())
    arrivals = []
    for unit_id, row in rows.items():
        own = [step for step in steps if step.unit_id == unit_id]
        arrival = _arrival(row, own, root)
        if arrival is not None:
            arrivals.append(arrival)
    return arrivals


def _arrival(row: Row, steps: Sequence[Step], root: bytes) -> Arrival | None:
    stem, video = row["stem"], row["video"]
    nfo: str | None = row["nfo_digest"]
    if stem is None:
        entered = [step for step in steps if step.kind is StepKind.ENTER]
        if not entered:
            return None
        video = entered[-1].target  # the video is always last
        tail = os.path.splitext(video)[1]
    else:
        tail = video[len(stem) :]
        moved = False
        for step in steps:
            if step.kind is StepKind.MOVE and step.source == video:
                video, moved = step.target, True
        if not moved:
            return None
    stem = video[: len(video) - len(tail)]
    for step in steps:
        if step.kind is StepKind.WRITE and step.target == stem + NFO:
            nfo = step.after_digest
    return Arrival(
        unit_id=row["unit_id"],
        stem=stem,
        video=video,
        identity=identify(os.path.join(root, video)),
        nfo_digest=nfo,
    )
