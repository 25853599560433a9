"""After a database was copied: whatever is open is looked at, and reported, now."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.database_use import forget_copy
from seiton.viewer import tables
from seiton.viewer.service import Viewer


def look_at_everything(viewer: Viewer) -> None:
    """Have every wish that is not met tried, and every report that is due delivered, without a pause."""
    units, tasks, now = tables.units, tables.sync_tasks, viewer.now()
    with viewer.database.write() as connection:
        is_open = sa.and_(units.c.next_try_at.is_not(None), units.c.revision > units.c.applied_revision)
        connection.execute(sa.update(units).where(is_open).values(next_try_at=None))
        connection.execute(
            sa.update(tasks).where(tasks.c.report_due_at.is_not(None)).values(report_due_at=now)
        )
        forget_copy(connection, "viewer")
    for job in ("converge", "report"):
        viewer.wake(job)
