"""Who has watched what, read from media servers before a file changes its name, and kept until given back."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.servers.port import MediaServer
from seiton.domain.watching import Mark, Watched
from seiton.errors import Unavailable
from seiton.viewer import tables
from seiton.viewer.servers import standing
from seiton.viewer.service import Viewer

AHEAD_S = 15.0
"""Most seconds that the files of one pass wait for one server; what is not read then is read before the
server is told, from what it still has under the old names.
"""
PORTION = 100
"""Videos that a server is asked about at once."""


@dataclass(slots=True)
class Ahead:
    """What was read for units, by server and unit: possibly nothing, which is an answer as well."""

    marks: dict[tuple[str, int], list[Mark]] = field(default_factory=dict)


class ReaderAhead:
    """Reads before the steps of each chunk, for one pass; a server that is away or slow costs it once."""

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._left_s = {server.name: AHEAD_S for server in viewer.servers if server.is_asked}

    def read(self, videos: Mapping[int, bytes]) -> Ahead:
        """Read the watched state of units (by id, with where they lie now) that is not on record yet."""
        ahead = Ahead()
        for server in self._viewer.servers:
            if self._left_s.get(server.name, 0) <= 0 or standing.is_away(self._viewer, server):
                continue
            wanted = _not_read(self._viewer, server, videos)
            begun = time.monotonic()
            try:
                for part in chunks(sorted(wanted), PORTION):
                    if time.monotonic() - begun > self._left_s[server.name]:
                        break
                    found = read_at(self._viewer, server, {unit: wanted[unit] for unit in part})
                    ahead.marks.update(((server.name, unit), marks) for unit, marks in found.items())
            except Unavailable as error:
                standing.failed(self._viewer, server, error)
                self._left_s[server.name] = 0
            else:
                self._left_s[server.name] -= time.monotonic() - begun
        return ahead


def _not_read(viewer: Viewer, server: MediaServer, videos: Mapping[int, bytes]) -> dict[int, bytes]:
    """Return the units whose state is not on record, with the path by which ``server`` knows each."""
    changes = tables.server_changes.c
    wanted = dict(videos)
    with viewer.database.read() as connection:
        for part in chunks(list(videos)):
            query = sa.select(changes.unit_id, changes.known_video, changes.read_at).where(
                changes.server == server.name, changes.unit_id.in_(part)
            )
            for row in connection.execute(query):
                if row.read_at is not None:
                    del wanted[row.unit_id]
                elif row.known_video is not None:
                    wanted[row.unit_id] = row.known_video
    return wanted


def read_at(viewer: Viewer, server: MediaServer, videos: Mapping[int, bytes]) -> dict[int, list[Mark]]:
    """Ask ``server`` for the state of units at relative paths. Raises ``Unavailable``."""
    paths = {unit: path_there(viewer, server, video) for unit, video in videos.items()}
    marks: dict[str, list[Mark]] = {}
    for mark in server.read(list(paths.values())):
        marks.setdefault(mark.path, []).append(mark)
    return {unit: marks.get(path, []) for unit, path in paths.items()}


def path_there(viewer: Viewer, server: MediaServer, relative: bytes) -> str:
    """Return what ``server`` calls a path of the library."""
    return server.paths.there(viewer.at(relative))


def store(connection: sa.Connection, ahead: Ahead, now: datetime) -> None:
    """Put on record what was read, for rows that are there and were not read yet."""
    changes = tables.server_changes
    by_server: dict[str, dict[int, list[Mark]]] = {}
    for (server, unit), marks in ahead.marks.items():
        by_server.setdefault(server, {})[unit] = marks
    for server, found in by_server.items():
        for part in chunks(sorted(found)):
            is_it = sa.and_(
                changes.c.server == server, changes.c.unit_id.in_(part), changes.c.read_at.is_(None)
            )
            fresh = connection.execute(sa.select(changes.c.unit_id).where(is_it)).scalars().all()
            connection.execute(sa.update(changes).where(is_it).values(read_at=now))
            rows = [_row(server, unit, mark) for unit in fresh for mark in found[unit]]
            for some in chunks(rows):
                connection.execute(sa.insert(tables.server_marks), some)


def _row(server: str, unit: int, mark: Mark) -> dict[str, object]:
    watched = mark.watched
    return {
        "server": server,
        "unit_id": unit,
        "user_name": mark.user,
        "played": watched.played,
        "count": watched.count,
        "last_played": watched.last_played,
        "position_s": watched.position_s,
        "total_s": watched.total_s,
        "favourite": watched.favourite,
    }


def stored(
    connection: sa.Connection, server: str, paths: Mapping[int, str], units: Iterable[int]
) -> dict[int, list[Mark]]:
    """Return what is on record for ``units``, each mark at the unit's path in ``paths``."""
    marks = tables.server_marks
    found: dict[int, list[Mark]] = {}
    for part in chunks(sorted(units)):
        query = sa.select(marks).where(marks.c.server == server, marks.c.unit_id.in_(part))
        for row in connection.execute(query.order_by(marks.c.user_name)).mappings():
            watched = Watched(
                played=row["played"],
                count=row["count"],
                last_played=row["last_played"],
                position_s=row["position_s"],
                total_s=row["total_s"],
                favourite=row["favourite"],
            )
            path = paths.get(row["unit_id"], "")
            found.setdefault(row["unit_id"], []).append(
                Mark(path=path, user=row["user_name"], watched=watched)
            )
    return found


def to_write(wanted: Sequence[Mark], there: Iterable[Mark]) -> list[Mark]:
    """Return what differs: of users that the server does not know at all, nothing."""
    now = {(mark.path, mark.user): mark.watched for mark in there}
    return [
        mark
        for mark in wanted
        if (found := now.get((mark.path, mark.user))) is not None and not found.is_like(mark.watched)
    ]
