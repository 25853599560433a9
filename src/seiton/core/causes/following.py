"""Wait a little for what was written to be followed, so that an answer can say what became of it."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.service import Core


def await_cause(core: Core, resync_id: int, is_followed: Callable[[Row], bool]) -> Row:
    """Return the row of ``resync_id`` once ``is_followed`` says so of it, or as it is when the wait is over.

    The work goes on whether or not anybody waits.
    """
    table = tables.resyncs
    query = sa.select(table).where(table.c.resync_id == resync_id)

    def look() -> Row:
        with core.database.read() as connection:
            return connection.execute(query).mappings().one()

    core.progress.wait(lambda: is_followed(look()), core.answer_wait_s)
    return look()
