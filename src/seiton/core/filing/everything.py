"""After a database was copied: everything is compared once, and whatever is open is sent again."""

from __future__ import annotations

import logging

import sqlalchemy as sa

from seiton.adapters.database_use import forget_copy
from seiton.core import tables
from seiton.core.filing.desired import refresh_desired
from seiton.core.filing.resync import ask_again
from seiton.core.filing.viewers import foreign_viewers
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus

log = logging.getLogger(__name__)


def reconcile_everything(core: Core) -> int:
    """Work out anew what every download should be, and have all that differs tried now; return how many.

    It begins again where a crash cut it short: the copy counts as looked at when all of it was.
    """
    seen, cursor = 0, 0
    while links := _some(core, cursor):
        cursor = links[-1][0]
        seen += len(links)
        with core.database.write() as connection:
            lock_state(connection)
            refresh_desired(connection, [link_id for _download, link_id in links], None, core.now())
    _try_now(core)
    ask_again(core)
    with core.database.write() as connection:
        forget_copy(connection, "core")
    log.info("this database was copied: %d downloads were looked at", seen)
    for job in ("downloads", "transfers", "reconcile"):
        core.wake(job, "")
    return seen


def _some(core: Core, cursor: int) -> list[tuple[int, int]]:
    """Return the next downloads after ``cursor`` with their links."""
    table = tables.downloads.c
    query = sa.select(table.download_id, table.link_id).where(
        table.download_id > cursor, table.status != DownloadStatus.CANCELLED
    )
    with core.database.read() as connection:
        # A viewer that knows only the contract has names of its own.
        foreign = foreign_viewers(connection)
        query = query.where(sa.or_(table.viewer.is_(None), table.viewer.not_in(foreign)))
        found = connection.execute(query.order_by(table.download_id).limit(core.chunk))
        return [(row.download_id, row.link_id) for row in found]


def _try_now(core: Core) -> None:
    """What waits for its next try is tried now: a pause was counted on another machine's clock."""
    table = tables.downloads
    waits = sa.and_(table.c.next_try_at.is_not(None), table.c.desired_revision > table.c.applied_revision)
    with core.database.write() as connection:
        connection.execute(sa.update(table).where(waits).values(next_try_at=core.now()))
