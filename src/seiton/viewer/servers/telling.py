"""Tell media servers what changed, once for everything, and look until each has read it."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.files import FileOutcome, LibraryBusy, LibraryRoot, read_small, touch_generated
from seiton.adapters.servers.port import MediaServer
from seiton.domain.naming import MOVIES, in_movies
from seiton.domain.states import UnitState
from seiton.domain.watching import Facts, Heard, Mark, agrees, by_path, common_folder, spoken
from seiton.errors import Unavailable
from seiton.viewer import journal, tables
from seiton.viewer.servers import changes, marks, standing
from seiton.viewer.service import Viewer

BATCH = 200
LONGEST_PAUSE = timedelta(hours=6)
TELL_AGAIN = 4
"""What is not there after so many looks is told once more."""
MOST_LOOKS = 9
"""Looks (in all some ten minutes) after which a server that has the file keeps what it made of its NFO."""
HOLE = timedelta(seconds=61)
"""Jellyfin overlooks an NFO that changed within a minute of its own record of the item."""
BUSY_S = 5.0
log = logging.getLogger(__name__)


def attend(viewer: Viewer) -> float | None:
    """Do what is due with every server; return in how many seconds something is due again.

    Raises ``LibraryAway``. A server that does not answer is asked again later; nothing is lost by it.
    """
    if not viewer.servers:
        return None
    library = viewer.library()
    for server in viewer.servers:
        if standing.is_away(viewer, server):
            continue
        try:
            if _Visit(viewer, library, server).run():
                standing.answered(viewer, server)
        except Unavailable as error:
            library.check()
            standing.failed(viewer, server, error)
    delay_s = standing.next_due(viewer, library.library_id)
    # What is due and was left is waiting for files on their way.
    return BUSY_S if delay_s == 0 else delay_s


@dataclass(slots=True)
class _Verdict:
    """What is to be done with the rows of one look."""

    done: list[Row] = field(default_factory=list)
    again: list[Row] = field(default_factory=list)
    untold: list[Row] = field(default_factory=list)
    kept: list[Row] = field(default_factory=list)
    items: list[Heard] = field(default_factory=list)
    shows: dict[bytes, Heard] = field(default_factory=dict)
    stale: list[bytes] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)


class _Visit:
    """One server, everything that is due with it."""

    def __init__(self, viewer: Viewer, library: LibraryRoot, server: MediaServer) -> None:
        self.viewer, self.library, self.server = viewer, library, server
        self._said: dict[bytes, Facts | None] = {}

    def run(self) -> bool:
        """Return whether the server was asked anything."""
        is_asked = self._read_late()
        is_asked |= self._tell()
        while rows := self._rows(tables.server_changes.c.told_at.is_not(None)):
            self._look(rows)
            is_asked = True
        return is_asked

    def _rows(self, *conditions: sa.ColumnElement[bool]) -> Sequence[Row]:
        column = tables.server_changes.c
        query = changes.of_server(
            self.server.name, self.library.library_id, column.look_at <= self.viewer.now(), *conditions
        )
        with self.viewer.database.read() as connection:
            rows = connection.execute(query.order_by(column.look_at, column.unit_id).limit(BATCH))
            return rows.mappings().all()

    def _read_late(self) -> bool:
        """Read what could not be read before the files moved: the server knows it by the old names yet."""
        column, is_asked = tables.server_changes.c, False
        unread = (column.read_at.is_(None), column.known_video.is_not(None), column.told_at.is_(None))
        while self.server.is_asked and (rows := self._rows(*unread)):
            videos = {row["unit_id"]: row["known_video"] for row in rows}
            found = marks.read_at(self.viewer, self.server, videos)
            ahead = marks.Ahead({(self.server.name, unit): some for unit, some in found.items()})
            with self.viewer.database.write() as connection:
                marks.store(connection, ahead, self.viewer.now())
            is_asked = True
        return is_asked

    def _tell(self) -> bool:
        """Send one refresh for everything that it was not told of, unless files are on their way still."""
        try:
            with self.library.acting(timeout_s=0):
                pass
        except LibraryBusy:
            return False  # whoever moves files asks for another look when all are where they belong
        column, library_id = tables.server_changes.c, self.library.library_id
        untold = changes.of_server(self.server.name, library_id, column.told_at.is_(None))
        last, folders = None, set[bytes]()
        with self.viewer.database.read() as connection:
            stuck = journal.units_with_open_steps(connection, library_id)
            for row in connection.execute(untold.execution_options(yield_per=500)).mappings():
                if row["unit_id"] in stuck:
                    return False
                last = max(last or row["changed_at"], row["changed_at"])
                videos = (row["known_video"], row["video"])
                folders |= {common_folder([path]) for path in videos if path and _is_seen(path)}
        if last is None:
            return False
        self._refresh(folders)
        now, table = self.viewer.now(), tables.server_changes
        is_told = sa.and_(
            table.c.server == self.server.name,
            table.c.library_id == library_id,
            table.c.told_at.is_(None),
            table.c.changed_at <= last,
        )
        with self.viewer.database.write() as connection:
            if self.server.is_asked:
                look_at = now + timedelta(seconds=1)
                connection.execute(
                    sa.update(table).where(is_told).values(told_at=now, looks=0, look_at=look_at)
                )
            else:
                connection.execute(sa.delete(table).where(is_told))
        return True

    def _refresh(self, folders: set[bytes]) -> None:
        """Have the server look at what lies in ``folders``: shows at once, films for themselves."""
        shows = folders - {MOVIES}
        areas = [shows.pop() if len(shows) == 1 else b""] if shows else []
        for folder in [*areas, *(folders & {MOVIES})]:
            self.server.refresh(marks.path_there(self.viewer, self.server, folder))

    def _look(self, rows: Sequence[Row]) -> None:
        self._said.clear()
        paths = {
            row["unit_id"]: marks.path_there(self.viewer, self.server, row["video"])
            for row in rows
            if row["state"] == UnitState.PLACED and row["video"] is not None and row["home"] is None
        }
        heard = by_path(self.server.look(sorted(paths.values()))) if paths else {}
        with self.viewer.database.read() as connection:
            wanted = marks.stored(connection, self.server.name, paths, [row["unit_id"] for row in rows])
        asked = sorted({paths[unit] for unit in wanted if unit in paths} & set(heard))
        there = self.server.read(asked) if asked else []
        verdict = _Verdict()
        for row in rows:
            item = heard.get(paths.get(row["unit_id"], ""))
            self._judge(row, item, wanted.get(row["unit_id"], []), there, verdict)
        self._act(rows, verdict, heard)
        self._record(verdict)

    def _judge(
        self, row: Row, item: Heard | None, wanted: Sequence[Mark], there: Sequence[Mark], verdict: _Verdict
    ) -> None:
        if row["state"] == UnitState.REMOVED:
            # It may be restored from the trash: who watched it is kept until then.
            (verdict.kept if wanted and not row["erase"] else verdict.done).append(row)
            return
        if item is None:
            is_late = row["looks"] % TELL_AGAIN == TELL_AGAIN - 1
            (verdict.untold if is_late else verdict.again).append(row)
            return
        is_last = row["looks"] >= MOST_LOOKS
        if not self._has_read(row, item, verdict) and not is_last:
            verdict.again.append(row)
            return
        missing = marks.to_write(wanted, there)
        if missing and row["looks"] > MOST_LOOKS:
            log.warning("%s does not keep the watched state of %s", self.server.name, item.path)
            missing = []
        verdict.marks += missing
        # What was written is looked at once more.
        (verdict.again if missing else verdict.done).append(row)

    def _has_read(self, row: Row, item: Heard, verdict: _Verdict) -> bool:
        """Say whether the server has read what the NFOs on the disk say; else note what it must read."""
        nfo = os.path.splitext(row["video"])[0] + b".nfo"
        show_nfo = os.path.join(row["show_folder"], b"tvshow.nfo") if row["show_folder"] else None
        is_read = agrees(self._says(nfo), item.facts)
        if not is_read:
            verdict.items.append(item)
            self._note_stale(row, nfo, verdict)
        if show_nfo is None or agrees(self._says(show_nfo), item.show):
            return is_read
        if show_nfo not in verdict.shows:
            self._note_stale(row, show_nfo, verdict)
        verdict.shows.setdefault(show_nfo, item)
        return False

    def _note_stale(self, row: Row, nfo: bytes, verdict: _Verdict) -> None:
        if self.server.by_mtime and self.viewer.now() - row["told_at"] > HOLE:
            verdict.stale.append(nfo)

    def _says(self, nfo: bytes) -> Facts | None:
        if nfo not in self._said:
            try:
                content = read_small(self.library.at(nfo))
            except FileOutcome:
                content = None
            self._said[nfo] = spoken(content) if content is not None else None
        return self._said[nfo]

    def _act(self, rows: Sequence[Row], verdict: _Verdict, heard: Mapping[str, Heard]) -> None:
        self.library.check()  # a library that is away looks as if every file had gone
        gone = [
            row["known_video"]
            for row in rows
            if row["known_video"] not in (None, row["video"])
            and not os.path.lexists(self.library.at(row["known_video"]))
        ]
        if gone:
            self.server.forget([marks.path_there(self.viewer, self.server, video) for video in gone])
        for nfo in verdict.stale:
            with contextlib.suppress(FileOutcome):
                touch_generated(self.library.at(nfo))
        if verdict.untold:
            self._refresh({MOVIES if in_movies(row["video"]) else b"" for row in verdict.untold})
        if verdict.items or verdict.shows:
            self.server.reread(verdict.items, list(verdict.shows.values()))
        if verdict.marks:
            self.server.write(verdict.marks, heard)

    def _record(self, verdict: _Verdict) -> None:
        now, table = self.viewer.now(), tables.server_changes
        is_it = sa.and_(
            table.c.server == self.server.name,
            table.c.unit_id == sa.bindparam("its_id"),
            table.c.changed_at == sa.bindparam("its_change"),
        )

        def keys(row: Row) -> dict[str, object]:
            return {"its_id": row["unit_id"], "its_change": row["changed_at"]}

        with self.viewer.database.write() as connection:
            changes.finish(connection, changes.unchanged(connection, verdict.done))
            if verdict.kept:
                update = sa.update(table).where(is_it).values(look_at=None)
                connection.execute(update, [keys(row) for row in verdict.kept])
            later = [
                keys(row) | {"looks_": row["looks"] + 1, "at_": now + _pause(row["looks"])}
                for row in (*verdict.again, *verdict.untold)
            ]
            if later:
                values: dict[str, Any] = {"looks": sa.bindparam("looks_"), "look_at": sa.bindparam("at_")}
                connection.execute(sa.update(table).where(is_it).values(values), later)


def _pause(looks: int) -> timedelta:
    return min(timedelta(seconds=2 ** min(looks, 20)), LONGEST_PAUSE)


def _is_seen(path: bytes) -> bool:
    """Say whether media servers see ``path``: they do not look into hidden folders."""
    return in_movies(path) or not path.startswith(b".")
