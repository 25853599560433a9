"""Units that are only supposed: files that somebody asks about before the viewer is to keep them."""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa

from seiton.contract import Described, ViewerResyncRequest
from seiton.domain.naming import path_key
from seiton.domain.states import HoldReason, UnitState
from seiton.domain.wishes import dump_wish
from seiton.viewer.given_paths import find_source
from seiton.viewer.receive import new_row, wish_of
from seiton.viewer.service import Viewer

_ABSENT = (
    *("stem", "video", "source_path", "show_id", "inode", "size", "mtime_ns", "birth_ns"),
    *("nfo_digest", "nfo_rendering", "home", "home_nfo", "added_at"),
)


class Supposed:
    """Rows as they would be inserted, with ids of their own; ``owners`` says who would lie where."""

    def __init__(self, viewer: Viewer, connection: sa.Connection, library_id: str) -> None:
        self._viewer, self._connection, self._library_id = viewer, connection, library_id
        self.owners: dict[str, int] = {}
        self._count = 0

    def take(self, item: Described) -> dict[str, Any] | HoldReason:
        """Return the row of a file that ``old_target_path`` names, in the library or in a download folder."""
        changes = {
            "wish": dump_wish(wish_of(item)),
            "revision": 1,
            "series_id": item.series_id,
            "trash_id": None,
        }
        absent: dict[str, Any] = dict.fromkeys(_ABSENT)
        found = new_row(self._viewer, self._connection, self._library_id, item, changes)
        if found is HoldReason.OUTSIDE_ROOT:
            found = self._source(item, changes)
        if isinstance(found, HoldReason):
            return found
        self._count += 1
        row = absent | found | {"unit_id": -self._count}
        if row["stem"] is not None:
            key = path_key(row["stem"])
            if key in self.owners:
                return HoldReason.TARGET_OWNED
            self.owners[key] = row["unit_id"]
        return row

    def _source(self, item: Described, changes: dict[str, Any]) -> dict[str, Any] | HoldReason:
        path = item.old_target_path if isinstance(item, ViewerResyncRequest) else ""
        source = find_source(self._viewer, path)
        if source is None:
            return HoldReason.OUTSIDE_ROOT
        if not os.path.isfile(source):
            return HoldReason.SOURCE_MISSING
        given = {"download_id": item.download_id, "state": UnitState.WANTED, "subtitle_sources": []}
        return changes | given | {"source_path": source}
