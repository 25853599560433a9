"""Delete for good what removals put into the trash: what the journal put there and still is it, no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import LibraryRoot
from seiton.domain.states import HoldReason, UnitState
from seiton.viewer import journal, tables
from seiton.viewer.chunk import applier_for, finish, run_steps
from seiton.viewer.gather import TRASH
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.service import Viewer
from seiton.viewer.tasks import Held, Outcome, record_holds, record_outcomes

TOGETHER = 100
"""Units in one plan."""


def empty_trash(viewer: Viewer, library: LibraryRoot) -> int:
    """Delete the files of units that are to be erased, and settle removals of what never lay in the library.

    A file that is not the one that was put there stays. So do folders that were moved as a whole
    (trickplay): what is in them is not on record. Returns how many units were settled. The caller holds the
    library's lock.
    """
    units = tables.units
    query = (
        sa.select(units)
        .where(
            units.c.library_id == library.library_id,
            units.c.revision > units.c.applied_revision,
            units.c.trash_id.is_not(None),
            sa.or_(units.c.erase, units.c.stem.is_(None)),
            sa.or_(units.c.next_try_at.is_(None), units.c.next_try_at <= viewer.now()),
        )
        .order_by(units.c.unit_id)
    )
    with viewer.database.read() as connection:
        rows = connection.execute(query).mappings().all()
    for part in chunks(rows, TOGETHER):
        _erase(viewer, library, part)
    return len(rows)


def _erase(viewer: Viewer, library: LibraryRoot, rows: Sequence[Row]) -> None:
    plan_id = str(uuid4())
    with viewer.database.read() as connection:
        steps = [step for row in rows for step in _steps(connection, row)]
    with viewer.database.write() as connection:
        steps = journal.record(connection, library.library_id, plan_id, steps, viewer.now())

    ran = run_steps(applier_for(viewer, library, {}), steps)
    library.check()  # had it gone meanwhile, every file would look as if it were deleted
    # What is another file now is not ours to delete: it stays, and the removal is over.
    failed = {f.step.unit_id: f for f in ran.failures if f.reason is not HoldReason.SOURCE_CHANGED}
    erased = [row for row in rows if row["unit_id"] not in failed]
    held = [
        Held(row, failed[row["unit_id"]].reason, failed[row["unit_id"]].detail)
        for row in rows
        if row["unit_id"] in failed
    ]

    def settle(connection: sa.Connection, now: datetime) -> None:
        if erased:
            _settle(connection, erased, now)
        record_holds(connection, held, now)

    finish(viewer, library, plan_id, ran, record=settle)


def _steps(connection: sa.Connection, row: Row) -> list[Step]:
    """Return a step for each file that the journal says was put into the trash for a unit."""
    folder = b"%s%s/" % (TRASH, row["trash_id"].encode())
    put = journal.moves_into(connection, row["unit_id"], folder)
    return [
        replace(step, kind=StepKind.ERASE, source=None, component=None, bundle=None, token="", step_id=0)
        for step in put
        if step.identity is not None and not step.identity.is_dir
    ]


def _settle(connection: sa.Connection, rows: Sequence[Row], now: datetime) -> None:
    units, claims = tables.units, tables.claims
    ids = [row["unit_id"] for row in rows]
    connection.execute(
        sa.update(units)
        .where(units.c.unit_id == sa.bindparam("its_id"))
        .values(
            state=UnitState.REMOVED.value,
            stem=None,
            video=None,
            applied_video=None,
            home=None,
            home_nfo=None,
            applied_revision=sa.bindparam("met"),
            hold_reason=None,
            hold_detail=None,
            attempts=0,
            next_try_at=None,
            updated_at=now,
        ),
        [{"its_id": row["unit_id"], "met": row["revision"]} for row in rows],
    )
    connection.execute(sa.delete(claims).where(claims.c.unit_id.in_(ids)))
    outcomes = [Outcome(row["unit_id"], row["revision"], row["stem"] is not None, None) for row in rows]
    record_outcomes(connection, outcomes, now)
