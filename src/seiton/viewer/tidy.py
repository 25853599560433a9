"""What undone causes did to show files of folders that no unit comes back to is taken back, too.

Which causes those are is on record until it is done: the last unit may have come back before a crash.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import LibraryRoot
from seiton.viewer import journal, tables
from seiton.viewer.chunk import FINAL, applier_for, finish, run_steps
from seiton.viewer.service import Viewer
from seiton.viewer.show_files import ShowFiles, load_artifacts
from seiton.viewer.show_images import FormerShows, leftovers, load_former_shows


def begin_undo(connection: sa.Connection, library_id: str, rows: Iterable[Row], now: datetime) -> FormerShows:
    """Return what the causes did that units in ``rows`` undo, and put on record that ``tidy`` is to look."""
    known = _undone(connection, library_id)
    undone = {row["undoes"]: row["cause"] for row in rows if row["undoes"] is not None}
    former = load_former_shows(connection, known | undone)
    fresh = [
        {"library_id": library_id, "cause": cause, "undone_by": by, "created_at": now}
        for cause, by in undone.items()
        if cause not in known
    ]
    if former.files:
        for part in chunks(fresh):
            connection.execute(sa.insert(tables.undone), part)
    return former


def tidy(viewer: Viewer, library: LibraryRoot) -> None:
    """Give back the show files that undone causes changed where nobody did for a unit that came back.

    What the disk refuses now is tried again the next time.
    """
    with viewer.database.read() as connection:
        undone = _undone(connection, library.library_id)
        if not undone:
            return
        former = load_former_shows(connection, undone)
        folders = {os.path.dirname(path) for path in former.files}
        artifacts = load_artifacts(connection, library.library_id, folders, former.files)
        steps = leftovers(connection, library, former)
    show_files = ShowFiles(library, {}, artifacts, (), former)
    shared = show_files.after(steps, next(iter(undone.values())))
    plan_id, now = str(uuid4()), viewer.now()
    with viewer.database.write() as connection:
        journal.keep(connection, shared.contents, now)
        steps = journal.record(connection, library.library_id, plan_id, shared.steps, now)
    ran = run_steps(applier_for(viewer, library, shared.contents), steps)
    if ran.failures:
        library.check()
    is_refused = any(failure.reason not in FINAL for failure in ran.failures)

    def forget(connection: sa.Connection, _now: datetime) -> None:
        table = tables.undone
        if not is_refused:
            its = sa.delete(table).where(table.c.library_id == library.library_id)
            for part in chunks(sorted(undone)):
                connection.execute(its.where(table.c.cause.in_(part)))

    finish(viewer, library, plan_id, ran, record=forget, renderings=show_files.renderings)


def _undone(connection: sa.Connection, library_id: str) -> dict[str, str | None]:
    """Return the causes on record with those that undo them."""
    table = tables.undone
    query = sa.select(table.c.cause, table.c.undone_by).where(table.c.library_id == library_id)
    return {row.cause: row.undone_by for row in connection.execute(query)}
