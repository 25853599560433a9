"""How far a batch of requests has got."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.contract import BatchStatus
from seiton.domain.states import TaskStatus
from seiton.errors import NotFound
from seiton.text import _
from seiton.viewer import tables
from seiton.viewer.service import Viewer


def batch_status(viewer: Viewer, batch_id: str) -> BatchStatus:
    """Count what became of the items of a batch. Raises ``NotFound`` if none of them was ever recorded."""
    tasks = tables.sync_tasks
    query = (
        sa.select(tasks.c.status, tasks.c.outcome, sa.func.count())
        .where(tasks.c.batch_id == batch_id)
        .group_by(tasks.c.status, tasks.c.outcome)
    )
    counts = dict.fromkeys(("pending", "moved", "unchanged", "held", "failed"), 0)
    with viewer.database.read() as connection:
        for status, outcome, count in connection.execute(query):
            name = "pending" if status == TaskStatus.PROCESSING else outcome
            counts[name if name in counts else "failed"] += count
    total = sum(counts.values())
    if not total:
        raise NotFound(_("There is no batch {batch_id}.", batch_id=batch_id))
    return BatchStatus(batch_id=batch_id, total=total, **counts)
