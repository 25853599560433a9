"""The outbox: tell Core what became of its requests, until it has taken each answer."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import Row, plain
from seiton.contract import ViewerSyncCallback
from seiton.domain.path_text import path_of_text, text_of_path
from seiton.domain.states import TaskStatus, TaskType
from seiton.viewer import tables
from seiton.viewer.receive import FOREIGN
from seiton.viewer.service import Viewer

_TAKEN = BulkWrite(
    sa.update(tables.sync_tasks)
    .where(
        tables.sync_tasks.c.task_id == sa.bindparam("its_id"),
        tables.sync_tasks.c.report_due_at == sa.bindparam("due"),
    )
    .values(reported_at=sa.bindparam("at"), report_due_at=None)
)

_TOLD = tuple(
    tables.sync_tasks.c[name]
    for name in (
        *("task_id", "download_id", "core_instance", "revision", "task_type", "status", "outcome", "reason"),
        *("error_message", "target_path", "callback_url", "report_due_at", "report_attempts"),
    )
)

BATCH = 500
FIRST_RETRY = timedelta(seconds=2)
LAST_RETRY = timedelta(minutes=10)


def report(viewer: Viewer) -> int:
    """Deliver reports that are due, in order; return how many Core has taken."""
    tasks = tables.sync_tasks
    delivered = 0
    while True:
        now = viewer.now()
        query = (
            sa.select(*_TOLD)
            .where(tasks.c.report_due_at <= now, tasks.c.reported_at.is_(None))
            .order_by(tasks.c.task_id)
            .limit(BATCH)
        )
        with viewer.database.read() as connection:
            due = plain(connection.execute(query))
        if not due:
            return delivered
        taken = viewer.core.report([(task["callback_url"], callback_of(viewer, task)) for task in due])
        now = viewer.now()
        rows = [
            {"its_id": task["task_id"], "attempts": task["report_attempts"] + (not ok), "ok": ok}
            for task, ok in zip(due, taken, strict=True)
        ]
        good = [
            {"its_id": row["its_id"], "due": task["report_due_at"], "at": now}
            for row, task in zip(rows, due, strict=True)
            if row["ok"]
        ]
        bad = [
            {
                "its_id": row["its_id"],
                "attempts": row["attempts"],
                "due": now + min(FIRST_RETRY * 2 ** min(row["attempts"], 20), LAST_RETRY),
            }
            for row in rows
            if not row["ok"]
        ]
        with viewer.database.write() as connection:
            _TAKEN(connection, good)
            if bad:
                connection.execute(
                    sa.update(tasks)
                    .where(tasks.c.task_id == sa.bindparam("its_id"))
                    .values(report_attempts=sa.bindparam("attempts"), report_due_at=sa.bindparam("due")),
                    bad,
                )
        delivered += len(good)
        if bad:
            return delivered


def callback_of(viewer: Viewer, task: Row) -> ViewerSyncCallback:
    """Return the message that says what became of ``task``."""
    held = task["outcome"] == "held"
    path = task["target_path"]
    return ViewerSyncCallback(
        download_id=task["download_id"],
        status="synced" if task["status"] == TaskStatus.COMPLETED else "failed",
        target_path=text_of_path(viewer.at(path_of_text(path))) if path else None,
        error_message=task["error_message"] or task["reason"],
        revision=task["revision"],
        core_instance=None if task["core_instance"] == FOREIGN else task["core_instance"],
        reason=task["reason"],
        held=held,
        removed=task["task_type"] == TaskType.REMOVE,
        drifted=task["task_type"] == TaskType.REPAIR,
        changed=task["outcome"] == "moved" if task["status"] == TaskStatus.COMPLETED else None,
    )
