"""Undo what a source said: facts as they were, held until that is taken back."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.rehearsal import Done
from seiton.core.identity.knowing import CAUSE as UPDATED
from seiton.core.identity.placing import exchange_facts, follow_facts
from seiton.core.service import Core

HELD = "metadata_held"
RELEASED = "metadata_released"


def exchange_within(core: Core, connection: sa.Connection, cause: Row, *, plan_id: str | None = None) -> Done:
    """Give a series the facts back that it had before ``cause``, in the caller's transaction.

    Undone news are held back from then on; an undone hold lets them in again.
    """
    series_id, is_held = cause["subject_id"], cause["cause"] in {UPDATED, RELEASED}
    before = exchange_facts(connection, series_id, cause["before"])
    table = tables.series_facts
    mine = sa.update(table).where(table.c.series_id == series_id)
    connection.execute(mine.values(is_held=is_held, is_stale=not is_held))
    resync_id = follow_facts(
        core,
        connection,
        [series_id],
        HELD if is_held else RELEASED,
        plan_id=plan_id,
        always=True,
        subject_id=series_id,
        subject_name=cause["subject_name"],
        before=before,
    )
    return Done(resync_id=resync_id or 0)
