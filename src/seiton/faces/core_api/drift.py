"""Where records and disk differ, asked of every viewer; and mending that."""

from __future__ import annotations

from fastapi import APIRouter

from seiton.contract import LibraryCheck, LibraryCheckPart, LibraryRepair, LibraryRepaired
from seiton.core.notifications.watching import note_drift
from seiton.core.service import Core
from seiton.faces.problems import documented


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/library/check`` and ``/library/repair``."""

    @router.post("/library/check", responses=documented(404))
    def check(body: LibraryCheck) -> LibraryCheckPart:
        """Look for some seconds where records and disk differ; nothing is written.

        Ask again with ``cursor`` until there is none. ``silent`` are viewers that could not look.
        """
        found = core.viewer.check(body)
        note_drift(core, found)
        return found

    @router.post("/library/repair")
    def repair(body: LibraryRepair) -> LibraryRepaired:
        """Mend findings as they were told. Each is looked at again; nothing is overwritten or deleted."""
        return core.viewer.repair(body)
