"""Bring videos that somebody moved by hand back under their record, with what followed them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.files import FileOutcome, Identity, digest_of, hash_file, identify, read_small
from seiton.domain.drift import is_same
from seiton.domain.naming import split_stem
from seiton.domain.sidecars import followers, video_base
from seiton.domain.states import TaskStatus
from seiton.viewer import journal, settle, tables
from seiton.viewer.chunk import applier_for, finish, run_steps
from seiton.viewer.drift_records import Look, has_video, mark_of, mark_on_record, rows_of
from seiton.viewer.folders import Folders, missing_folders
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.places import Arrival
from seiton.viewer.repair_records import pending_again, placed, tell
from seiton.viewer.show_files import SEASON_NFO, SHOW_NFO, load_artifacts


def put_back(look: Look, wanted: Mapping[int, tuple[bytes, bytes]]) -> Mapping[int, str]:
    """Move videos from where they were found to where the record says, no-replace.

    ``wanted``: recorded and found place of each unit. What follows a video goes along unless something has
    its name there already. Returns what became of each that was still so.
    """
    rows = {unit_id: row for unit_id, row in rows_of(look, list(wanted)).items() if _is_so(row, wanted)}
    folders = Folders(look.library)
    arrivals: dict[int, Arrival] = {}
    steps: list[Step] = []
    known: set[bytes] = set()
    for unit_id, row in rows.items():
        place, found = wanted[unit_id]
        identity = _found(look, row, found)
        if identity is None or (place != found and has_video(folders, place)):
            continue
        arrivals[unit_id] = _arrival(row, place, identity)
        if place != found:
            steps += _folder_steps(look, place, known)
            steps += _show_steps(look, place, found, known)
            steps += _unit_steps(look, folders, row, place, found, identity)

    def record(connection: sa.Connection, failed: Mapping[bytes, str], now: datetime) -> None:
        there = [arrival for unit_id, arrival in arrivals.items() if wanted[unit_id][1] not in failed]
        settle.record_arrivals(connection, look.library.library_id, there, now)
        again = {a.unit_id: placed(a.video) for a in there if rows[a.unit_id]["video"] is None}
        tell(connection, look, again)

    failed = run_plan(look, steps, record)
    return {unit_id: failed.get(wanted[unit_id][1], "mended") for unit_id in arrivals}


def record_place(look: Look, wanted: Mapping[int, tuple[bytes, bytes]]) -> Mapping[int, str]:
    """Record videos where they were found; the next resync brings them to their place, or holds them."""
    rows = {unit_id: row for unit_id, row in rows_of(look, list(wanted)).items() if _is_so(row, wanted)}
    arrivals: dict[int, Arrival] = {}
    for unit_id, row in rows.items():
        identity = _found(look, row, wanted[unit_id][1])
        if identity is not None:
            arrivals[unit_id] = _arrival(row, wanted[unit_id][1], identity)
    units, now = tables.units, look.viewer.now()
    with look.viewer.database.write() as connection:
        settle.record_arrivals(connection, look.library.library_id, list(arrivals.values()), now)
        connection.execute(
            sa.update(units).where(units.c.unit_id.in_(list(arrivals))).values(**pending_again(units))
        )
        tell(connection, look, {unit_id: {"status": TaskStatus.PROCESSING} for unit_id in arrivals})
    return dict.fromkeys(arrivals, "mended")


def _is_so(row: Row, wanted: Mapping[int, tuple[bytes, bytes]]) -> bool:
    """Say whether the record is as it was when the finding was made."""
    recorded = row["video"] if row["video"] is not None else row["applied_video"]
    return recorded == wanted[row["unit_id"]][0] and row["trash_id"] is None


def _found(look: Look, row: Row, path: bytes) -> Identity | None:
    """Return what lies at ``path`` if it is the unit's file; where only the content can tell, it must."""
    try:
        identity = identify(look.path(path))
        mark, recorded = mark_of(identity), mark_on_record(row)
        if mark is None:
            return None
        if is_same(recorded, mark, has_stable_inodes=look.has_stable_inodes):
            return identity
        if (recorded.size, recorded.mtime_ns) != (mark.size, mark.mtime_ns):
            return None
        digest = row["content_digest"]
        if digest is None:  # at its own place equal size and time are enough: a disk was restored
            return identity if path == row["applied_video"] else None
        return identity if hash_file(look.path(path)) == digest else None
    except FileOutcome:
        return None


def _arrival(row: Row, video: bytes, identity: Identity) -> Arrival:
    return Arrival(
        unit_id=row["unit_id"],
        stem=split_stem(video)[0],
        video=video,
        identity=identity,
        nfo_digest=row["nfo_digest"],
        nfo_rendering=row["nfo_rendering"],
    )


def _folder_steps(look: Look, path: bytes, known: set[bytes]) -> list[Step]:
    folder = os.path.dirname(path)
    if folder in known:
        return []
    known.add(folder)
    return [Step(kind=StepKind.FOLDER, target=f) for f in missing_folders(look.library, folder)]


def _show_steps(look: Look, place: bytes, found: bytes, known: set[bytes]) -> list[Step]:
    """Return the steps that bring back show files which went along when a whole folder was renamed."""
    home, there = os.path.dirname(place), os.path.dirname(found)
    pairs = [(os.path.join(there, SEASON_NFO), os.path.join(home, SEASON_NFO))]
    home, there = os.path.dirname(home), os.path.dirname(there)
    if home and there:
        pairs.append((os.path.join(there, SHOW_NFO), os.path.join(home, SHOW_NFO)))
    steps = []
    for source, target in pairs:
        if target in known or os.path.lexists(look.path(target)):
            continue
        known.add(target)
        with look.viewer.database.read() as connection:
            made = load_artifacts(connection, look.library.library_id, [os.path.dirname(target)])
        identity, digest = _generated_at(look, source)
        if identity is not None and target in made and made[target]["digest"] == digest:
            steps.append(Step(kind=StepKind.MOVE, source=source, target=target, identity=identity))
    return steps


def _generated_at(look: Look, path: bytes) -> tuple[Identity | None, str | None]:
    try:
        content = read_small(look.path(path))
        return identify(look.path(path)), None if content is None else digest_of(content)
    except FileOutcome:
        return None, None


def _unit_steps(
    look: Look, folders: Folders, row: Row, place: bytes, found: bytes, identity: Identity
) -> list[Step]:
    """Return the moves of a unit, the video last; once one fails, all of them are taken back."""
    base = video_base(os.path.basename(found)) or os.path.basename(found)
    folder, stem = os.path.dirname(found), split_stem(place)[0]
    moves = []
    for sidecar in followers(base, folders.near(os.path.join(folder, base))):
        source, target = os.path.join(folder, sidecar.name), stem + sidecar.tail
        member = identify(look.path(source))
        if video_base(sidecar.name) is None and member and not os.path.lexists(look.path(target)):
            moves.append((source, target, member))
    unit_id = row["unit_id"]
    return [
        Step(
            kind=StepKind.MOVE,
            unit_id=unit_id,
            source=source,
            target=target,
            identity=member,
            component=unit_id,
            bundle=unit_id,
        )
        for source, target, member in [*moves, (found, place, identity)]
    ]


Record = Callable[[sa.Connection, Mapping[bytes, str], datetime], None]


def run_plan(look: Look, steps: Sequence[Step], record: Record | None = None) -> dict[bytes, str]:
    """Record ``steps``, do them, and put on record what was done, with ``record`` in the same transaction.

    Returns by source what was not done, or is taken back, and why. The caller holds the library's lock.
    """
    viewer, library, plan_id = look.viewer, look.library, str(uuid4())
    with viewer.database.write() as connection:
        recorded = journal.record(connection, library.library_id, plan_id, steps, viewer.now())
    ran = run_steps(applier_for(viewer, library, {}), recorded)
    if ran.failures:
        library.check()
    reasons = {failure.step.bundle: failure.reason.value for failure in ran.failures}
    failed = {
        step.source: reasons.get(step.bundle, "failed")
        for step in (*ran.undo, *ran.dropped)
        if step.source is not None
    }

    def settle_all(connection: sa.Connection, now: datetime) -> None:
        if record is not None:
            record(connection, failed, now)

    finish(viewer, library, plan_id, ran, record=settle_all)
    return failed
