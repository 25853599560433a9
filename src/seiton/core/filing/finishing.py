"""When a resync is over: every file of it is applied, held with a reason, or another cause's business."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.notifications.happened import Happening, happened
from seiton.core.service import Core
from seiton.domain.states import Happens, ResyncState


def finish_resyncs(core: Core) -> int:
    """Close the resyncs that have nothing left to wait for; return how many. Writes only if there are any."""
    with core.database.read() as connection:
        if not _finished(connection):
            return 0
    with core.database.write() as connection:
        return close_finished(core, connection)


def close_finished(core: Core, connection: sa.Connection) -> int:
    """Do the same in the caller's transaction."""
    resyncs = tables.resyncs
    finished = _finished(connection)
    happened(connection, _news(connection, finished), core.now())
    for part in chunks(finished):
        connection.execute(
            sa.update(resyncs)
            .where(resyncs.c.resync_id.in_(part))
            .values(
                state=sa.case(
                    (resyncs.c.state == ResyncState.WAITING, ResyncState.SUPERSEDED.value),
                    else_=ResyncState.DONE.value,
                ),
                finished_at=core.now(),
            )
        )
    return len(finished)


def _news(connection: sa.Connection, resync_ids: Sequence[int]) -> list[Happening]:
    """Return what is over: causes that files followed, each with how many."""
    items, resyncs = tables.resync_items, tables.resyncs
    found: list[Happening] = []
    for part in chunks(resync_ids):
        query = (
            sa.select(resyncs.c.cause, resyncs.c.subject_name, sa.func.count().label("files"))
            .select_from(resyncs.join(items, items.c.resync_id == resyncs.c.resync_id))
            .where(
                resyncs.c.resync_id.in_(part),
                resyncs.c.state == ResyncState.RUNNING,
                items.c.outcome != "superseded",
            )
            .group_by(resyncs.c.resync_id, resyncs.c.cause, resyncs.c.subject_name)
        )
        found += [
            Happening(
                kind=Happens.RESYNC_DONE, subject=row.subject_name or "", detail=row.cause, count=row.files
            )
            for row in connection.execute(query)
        ]
    return found


def _finished(connection: sa.Connection) -> Sequence[int]:
    items, resyncs, downloads = tables.resync_items, tables.resyncs, tables.waiting_downloads
    # What failed is tried again; what is held waits for a person.
    waiting = sa.exists().where(
        items.c.resync_id == resyncs.c.resync_id, items.c.outcome.in_(("pending", "waiting", "failed"))
    )
    query = sa.select(resyncs.c.resync_id).where(
        # One that waited has nothing to confirm any more when later causes took everything over.
        resyncs.c.state.in_([ResyncState.RUNNING, ResyncState.WAITING]),
        resyncs.c.reparsed,
        ~waiting,
        ~sa.exists().where(downloads.c.resync_id == resyncs.c.resync_id),
    )
    return connection.execute(query).scalars().all()
