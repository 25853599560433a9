"""The parts of a repair that change records only: what is missing, restored, forgotten or to be rewritten."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import FileOutcome, hash_file, identify
from seiton.domain.drift import Sight, sight_of
from seiton.domain.naming import display
from seiton.domain.states import HoldReason, TaskStatus, TaskType, UnitState
from seiton.viewer import tables
from seiton.viewer.drift_records import Look, mark_of, mark_on_record, rows_of


def record_missing(look: Look, wanted: Mapping[int, tuple[bytes, bytes]]) -> Mapping[int, str]:
    """Record units whose file is nowhere as missing, and have Core told.

    They keep their identity, to be found again by it. A later sync files them from their download again.
    """
    gone = [
        row
        for row in rows_of(look, list(wanted)).values()
        if row["video"] == wanted[row["unit_id"]][0] and _is_absent(look, row["video"])
    ]
    look.library.check()  # had it gone meanwhile, every file would look as if it were missing
    now, units, claims = look.viewer.now(), tables.units, tables.claims
    with look.viewer.database.write() as connection:
        for part in chunks(gone):
            ids = [row["unit_id"] for row in part]
            connection.execute(
                sa.update(units)
                .where(units.c.unit_id == sa.bindparam("its_id"))
                .values(
                    state=UnitState.MISSING.value,
                    applied_video=sa.bindparam("where"),
                    stem=None,
                    video=None,
                    home=None,
                    home_nfo=None,
                    hold_reason=HoldReason.SOURCE_MISSING.value,
                    hold_detail=sa.bindparam("said"),
                    updated_at=now,
                ),
                [
                    {"its_id": row["unit_id"], "where": row["video"], "said": display(row["video"])}
                    for row in part
                ],
            )
            connection.execute(sa.delete(claims).where(claims.c.unit_id.in_(ids)))
        held = {
            "status": TaskStatus.FAILED,
            "outcome": "held",
            "reason": HoldReason.SOURCE_MISSING.value,
        }
        tell(
            connection,
            look,
            {row["unit_id"]: held | {"error_message": display(row["video"])} for row in gone},
        )
    return dict.fromkeys((row["unit_id"] for row in gone), "mended")


def _is_absent(look: Look, path: bytes) -> bool:
    try:
        return identify(look.path(path)) is None
    except FileOutcome:
        return False


def tell(connection: sa.Connection, look: Look, news: Mapping[int, Mapping[str, Any]]) -> None:
    """Have Core told of units without being asked: through the last request that was met for each.

    ``news`` are columns of its task; while that is processing, the outcome of the next resync is told. A
    unit that nobody asked for has nobody to be told.
    """
    tasks, now = tables.sync_tasks, look.viewer.now()
    last: dict[int, int] = {}
    for part in chunks(sorted(news)):
        query = (
            sa.select(tasks.c.unit_id, sa.func.max(tasks.c.task_id))
            .where(tasks.c.unit_id.in_(part), tasks.c.status != TaskStatus.PROCESSING)
            .group_by(tasks.c.unit_id)
        )
        last.update((row[0], row[1]) for row in connection.execute(query))
    rows = [
        {
            "its_id": task_id,
            "new_status": news[unit_id]["status"].value,
            "new_outcome": news[unit_id].get("outcome"),
            "new_reason": news[unit_id].get("reason"),
            "new_message": news[unit_id].get("error_message"),
            "new_path": news[unit_id].get("target_path"),
            "due": None if news[unit_id]["status"] is TaskStatus.PROCESSING else now,
        }
        for unit_id, task_id in last.items()
    ]
    if rows:
        connection.execute(
            sa.update(tasks)
            .where(tasks.c.task_id == sa.bindparam("its_id"))
            .values(
                task_type=TaskType.REPAIR.value,
                status=sa.bindparam("new_status"),
                outcome=sa.bindparam("new_outcome"),
                reason=sa.bindparam("new_reason"),
                error_message=sa.bindparam("new_message"),
                target_path=sa.bindparam("new_path"),
                completed_at=now,
                report_due_at=sa.bindparam("due"),
                report_attempts=0,
                reported_at=None,
            ),
            rows,
        )


def placed(video: bytes) -> dict[str, Any]:
    """Return the news that a file lies at ``video``."""
    return {"status": TaskStatus.COMPLETED, "outcome": "moved", "target_path": os.fsdecode(video)}


def record_again(look: Look, wanted: Mapping[int, tuple[bytes, bytes]]) -> Mapping[int, str]:
    """Give records the identity of the equal files that lie at their paths: a disk was restored.

    Size and time are equal; where a digest of the content is on record, so must that be.
    """
    said: dict[int, str] = {}
    rows: list[dict[str, Any]] = []
    for unit_id, row in rows_of(look, list(wanted)).items():
        try:
            changes = _restored(look, row) if row["video"] == wanted[unit_id][0] else None
        except FileOutcome as error:
            said[unit_id] = str(error)
            continue
        if changes is not None:
            rows.append(changes | {"its_id": unit_id})
            said[unit_id] = "mended"
    units = tables.units
    with look.viewer.database.write() as connection:
        if rows:
            connection.execute(
                sa.update(units)
                .where(units.c.unit_id == sa.bindparam("its_id"))
                .values(
                    inode=sa.bindparam("new_inode"),
                    size=sa.bindparam("new_size"),
                    mtime_ns=sa.bindparam("new_mtime"),
                    birth_ns=sa.bindparam("new_birth"),
                    next_try_at=None,
                    updated_at=look.viewer.now(),
                ),
                rows,
            )
    return said


def _restored(look: Look, row: Row) -> dict[str, Any] | None:
    path = look.path(row["video"])
    mark = mark_of(identify(path))
    stable = look.has_stable_inodes
    if mark is None or sight_of(mark_on_record(row), mark, has_stable_inodes=stable) is not Sight.COPY:
        return None
    if row["content_digest"] is not None and hash_file(path) != row["content_digest"]:
        return None
    return {
        "new_inode": mark.inode,
        "new_size": mark.size,
        "new_mtime": mark.mtime_ns,
        "new_birth": mark.birth_ns,
    }


def forget_nfo_rendering(look: Look, unit_ids: Sequence[int]) -> None:
    """Have the NFOs of units written again by the next resync, with the user's own elements kept."""
    units = tables.units
    with look.viewer.database.write() as connection:
        for part in chunks(unit_ids):
            connection.execute(
                sa.update(units)
                .where(units.c.unit_id.in_(part), units.c.state == UnitState.PLACED.value)
                .values(nfo_rendering=None, **pending_again(units))
            )


def pending_again(units: sa.Table) -> dict[str, Any]:
    """Return the columns that have a unit looked at by the next resync, whatever was applied."""
    return {
        "applied_revision": sa.case(
            (units.c.applied_revision < units.c.revision, units.c.applied_revision),
            else_=units.c.revision - 1,
        ),
        "next_try_at": None,
    }


def forget_artifacts(look: Look, paths: Sequence[bytes]) -> None:
    """Drop the record that Seiton made ``paths``: what appears there next is somebody else's."""
    table = tables.artifacts
    with look.viewer.database.write() as connection:
        for part in chunks(paths):
            connection.execute(
                sa.delete(table).where(table.c.library_id == look.library.library_id, table.c.path.in_(part))
            )
