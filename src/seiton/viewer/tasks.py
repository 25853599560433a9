"""What became of requests: their tasks are completed or failed, and the reports are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import Row
from seiton.domain.path_text import text_of_path
from seiton.domain.states import HoldReason, TaskStatus
from seiton.viewer import tables

FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=6)


_TASKS = tables.sync_tasks
_FINISH = BulkWrite(
    sa.update(_TASKS)
    .where(
        _TASKS.c.unit_id == sa.bindparam("its_id"),
        _TASKS.c.revision <= sa.bindparam("upto"),
        sa.or_(_TASKS.c.status == TaskStatus.PROCESSING, _TASKS.c.outcome == "held"),
    )
    .values(
        status=sa.bindparam("as"),
        outcome=sa.bindparam("what"),
        reason=sa.bindparam("why"),
        error_message=sa.bindparam("detail"),
        target_path=sa.bindparam("path"),
        completed_at=sa.bindparam("at"),
        report_due_at=sa.bindparam("at"),
        reported_at=None,
    )
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The wish ``revision`` of a unit is met; ``has_moved`` since Core was last told where it lies."""

    unit_id: int
    revision: int
    has_moved: bool
    video: bytes | None


@dataclass(frozen=True, slots=True)
class Held:
    """A pending unit (its row as it was read) that stays where it is, and why."""

    row: Row
    reason: HoldReason
    detail: str | None


def record_outcomes(connection: sa.Connection, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Complete the tasks of units up to the revision that was met."""
    rows = [
        {
            "its_id": outcome.unit_id,
            "upto": outcome.revision,
            "what": "moved" if outcome.has_moved else "unchanged",
            "why": None,
            "detail": None,
            "path": text_of_path(outcome.video) if outcome.video is not None else None,
        }
        for outcome in outcomes
    ]
    _finish(connection, TaskStatus.COMPLETED, rows, now)


def record_holds(connection: sa.Connection, holds: Sequence[Held], now: datetime) -> None:
    """Record why units stay where they are and when to look again; report it once per reason.

    A unit that was looked at only because others are moving, and is held as before, keeps its next try.
    """
    units = []
    tasks = []
    for held in holds:
        row = held.row
        is_news = (row["hold_reason"], row["hold_detail"]) != (held.reason.value, held.detail)
        if not is_news and row["next_try_at"] is not None and row["next_try_at"] > now:
            continue
        attempts = row["attempts"] + 1
        pause = min(FIRST_RETRY * 2 ** min(attempts - 1, 20), LAST_RETRY)
        its = {"its_id": row["unit_id"], "upto": row["revision"], "why": held.reason.value}
        units.append(its | {"detail": held.detail, "attempts_": attempts, "next_try": now + pause})
        if is_news:
            path = text_of_path(row["video"]) if row["video"] is not None else None
            tasks.append(its | {"detail": held.detail, "what": "held", "path": path})
    table = tables.units
    if units:
        update = sa.update(table).where(
            table.c.unit_id == sa.bindparam("its_id"),
            table.c.revision == sa.bindparam("upto"),  # a newer wish is looked at at once
        )
        connection.execute(
            update.values(
                hold_reason=sa.bindparam("why"),
                hold_detail=sa.bindparam("detail"),
                attempts=sa.bindparam("attempts_"),
                next_try_at=sa.bindparam("next_try"),
                updated_at=now,
            ),
            units,
        )
    _finish(connection, TaskStatus.FAILED, tasks, now)


def _finish(
    connection: sa.Connection, status: TaskStatus, rows: Sequence[dict[str, Any]], now: datetime
) -> None:
    """Finish tasks that are open, or were held before: a hold is no final answer."""
    _FINISH(connection, [row | {"as": status.value, "at": now} for row in rows])
