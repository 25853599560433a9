"""No unit stays at a parking name: what cannot go on goes back to a proper name."""

from __future__ import annotations

import os
from dataclasses import replace
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.files import LibraryRoot, digest_of
from seiton.domain.naming import path_key
from seiton.domain.states import HoldReason
from seiton.viewer import journal, settle, tables
from seiton.viewer.chunk import applier_for, record_places, run_steps
from seiton.viewer.folders import Folders, missing_folders
from seiton.viewer.gather import NFO, Unit, look_at, owners_of
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.legs import move_steps
from seiton.viewer.service import Viewer

_ELSEWHERE = {HoldReason.SOURCE_MISSING, HoldReason.SOURCE_CHANGED, HoldReason.FILESYSTEM_ERROR}


def bring_home(viewer: Viewer, library: LibraryRoot) -> None:
    """Give every parked unit its former name back, with the NFO that it had; numbered, if that is taken.

    It is parked between two steps of a cycle, and afterwards only if its own way back was blocked, too.
    """
    units = tables.units
    query = sa.select(units).where(units.c.library_id == library.library_id, units.c.home.is_not(None))
    with viewer.database.read() as connection:
        stuck = journal.units_with_open_steps(connection, library.library_id)
        found = connection.execute(query.order_by(units.c.unit_id)).mappings().all()
        rows = [row for row in found if row["unit_id"] not in stuck]
        if not rows:
            return
        folders = Folders(library)
        parked = look_at(connection, library, rows, viewer.profile.naming, viewer.now(), folders)
        homes = {row["unit_id"]: row["home"] for row in rows}
        targets: dict[int, bytes] = {}
        steps: list[Step] = []
        for unit in parked:
            if unit.hold in _ELSEWHERE:
                continue
            stem = _free_stem(connection, library, folders, homes[unit.unit_id], set(targets.values()))
            targets[unit.unit_id] = stem
            steps += _way_home(unit, stem, folders)
    if not steps:
        return
    plan_id, now = str(uuid4()), viewer.now()
    with viewer.database.write() as connection:
        settle.claim_targets(connection, library.library_id, targets)
        steps = journal.record(connection, library.library_id, plan_id, steps, now)
        contents = journal.contents_of(connection, (s.after_digest for s in steps if s.after_digest))
    ran = run_steps(applier_for(viewer, library, contents), steps)
    if ran.failures:
        library.check()
    record_places(viewer, library, plan_id, ran)


def _free_stem(
    connection: sa.Connection, library: LibraryRoot, folders: Folders, home: bytes, taken: set[bytes]
) -> bytes:
    """Return ``home``, or ``home (2)`` and so on: a stem where nobody lies."""
    number, stem = 1, home
    while True:
        is_owned = bool(owners_of(connection, library.library_id, [path_key(stem)]))
        if stem not in taken and not is_owned and not folders.at(stem):
            return stem
        number += 1
        stem = b"%s (%d)" % (home, number)


def _way_home(unit: Unit, stem: bytes, folders: Folders) -> list[Step]:
    missing = missing_folders(folders.library, os.path.dirname(stem))
    steps = [Step(kind=StepKind.FOLDER, target=folder) for folder in missing]
    own = move_steps(unit, unit.stem or b"", stem)
    if unit.parked_nfo is not None and not unit.has_nfo:
        digest = digest_of(unit.parked_nfo)
        own.insert(0, Step(kind=StepKind.WRITE, unit_id=unit.unit_id, target=stem + NFO, after_digest=digest))
    number = unit.unit_id
    return [*steps, *(replace(step, component=number, bundle=number) for step in own)]
