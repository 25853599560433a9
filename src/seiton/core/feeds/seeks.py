"""Series that were asked for together, looked for one after the other in the background.

What is to be done is on record before it begins, so a restart goes on with what is left.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.feeds.seeking import Sought, seek
from seiton.core.feeds.subscriptions import SITE_GAP_S
from seiton.core.service import Core
from seiton.errors import NotFound

JOB = "seek"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeking:
    """How far it is with the series that were asked for last: ``done`` of ``total``; ``found`` releases of
    missing episodes so far, of which ``new`` were not known; ``started`` downloads; ``failures``: sites that
    could not be searched, and why. ``finished_at``: of the last that is done.
    """

    done: int
    total: int
    found: int
    new: int
    started: int
    failures: dict[str, str]
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        """Whether some of them are still to be looked for."""
        return self.done < self.total


def ask_for(core: Core, series_ids: Collection[int]) -> int:
    """Have missing episodes of series looked for; return how many were not to be looked for already.

    What came of those that were asked for before is forgotten once all of them are done.
    """
    table, now = tables.seeks, core.now()
    with core.database.write() as connection:
        waits = set(connection.execute(sa.select(table.c.series_id).where(_is_open())).scalars())
        new = sorted(set(series_ids) - waits)
        if not waits:
            connection.execute(sa.delete(table))
        for part in chunks(new):
            connection.execute(sa.delete(table).where(table.c.series_id.in_(part)))
            rows = [{"series_id": one, "asked_at": now, "failures": []} for one in part]
            connection.execute(sa.insert(table), rows)
    core.wake(JOB, "")
    return len(new)


def carry_on(core: Core) -> int:
    """Look for all series that are still to be looked for; return how many that was.

    A series is done when that is on record: one that was cut short is looked for once more, which finds what
    is known already and takes nothing twice.
    """
    count = 0
    while (series_id := _next(core)) is not None:
        if count:
            time.sleep(SITE_GAP_S)
        sought = Sought(episodes=0)
        with suppress(NotFound):  # it became one with another
            sought = seek(core, series_id)
        _finish(core, series_id, sought)
        core.progress.announce()
        count += 1
    return count


def standing(core: Core) -> Seeking:
    """Return how far it is, and what has come of it."""
    table = tables.seeks.c
    query = sa.select(table.finished_at, table.found, table.new, table.started, table.failures)
    with core.database.read() as connection:
        rows = connection.execute(query).all()
    return Seeking(
        done=sum(row.finished_at is not None for row in rows),
        total=len(rows),
        found=sum(row.found for row in rows),
        new=sum(row.new for row in rows),
        started=sum(row.started for row in rows),
        failures={host: why for row in rows for host, why in row.failures},
        finished_at=max((row.finished_at for row in rows if row.finished_at is not None), default=None),
    )


def _is_open() -> sa.ColumnElement[bool]:
    return tables.seeks.c.finished_at.is_(None)


def _next(core: Core) -> int | None:
    table = tables.seeks.c
    query = sa.select(table.series_id).where(_is_open()).order_by(table.asked_at, table.series_id).limit(1)
    with core.database.read() as connection:
        return connection.execute(query).scalar_one_or_none()


def _finish(core: Core, series_id: int, sought: Sought) -> None:
    table = tables.seeks
    values = {
        "finished_at": core.now(),
        "found": sought.found,
        "new": sought.new,
        "started": sought.started,
        "failures": [list(one) for one in sought.failures],
    }
    with core.database.write() as connection:
        connection.execute(sa.update(table).where(table.c.series_id == series_id).values(values))
