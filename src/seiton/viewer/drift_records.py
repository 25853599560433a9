"""From the records to the disk: what is not as it was left. Reads only."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import FileOutcome, Identity, LibraryRoot, digest_of, identify, read_small
from seiton.domain.drift import DriftKind, Finding, Lost, LostFiles, Mark, Mending, Sight, sight_of
from seiton.domain.naming import split_stem
from seiton.domain.sidecars import video_base
from seiton.domain.states import UnitState
from seiton.viewer import journal, tables
from seiton.viewer.folders import Folders
from seiton.viewer.gather import NFO
from seiton.viewer.service import Viewer

TOGETHER = 200
"""Records that are read, and looked up on the disk, in one go."""


@dataclass(slots=True, kw_only=True)
class Look:
    """One look over a library: what it found out so far that later parts need."""

    viewer: Viewer
    library: LibraryRoot
    lost: LostFiles = field(default_factory=LostFiles)
    returned: set[bytes] = field(default_factory=set)  # where missing videos are again
    units: int = 0
    folders: int = 0

    @property
    def has_stable_inodes(self) -> bool | None:
        """What is known about the file system; it is not tried out, which would write."""
        ways = self.library.known_ways
        return None if ways is None else ways.stable_inode

    def path(self, relative: bytes) -> bytes:
        """Return the absolute path."""
        return self.library.at(relative)


def mark_of(identity: Identity | None) -> Mark | None:
    """Return what tells a file; ``None`` for what is no file."""
    if identity is None or identity.is_dir or identity.is_link:
        return None
    return Mark(
        inode=identity.inode,
        size=identity.size,
        mtime_ns=identity.mtime_ns,
        birth_ns=identity.birth_ns,
    )


def mark_on_record(row: Row) -> Mark:
    """Return the identity that a unit has on record."""
    return Mark(
        inode=row["inode"] or 0,
        size=row["size"] or 0,
        mtime_ns=row["mtime_ns"] or 0,
        birth_ns=row["birth_ns"],
    )


def open_work(look: Look) -> tuple[set[int], set[bytes], set[str]]:
    """Return the units, paths and tokens of open steps: they explain what looks wrong."""
    with look.viewer.database.read() as connection:
        _plan_id, steps = journal.open_steps(connection, look.library.library_id)
    units = {step.unit_id for step in steps if step.unit_id is not None}
    paths = {path for step in steps for path in (step.source, step.target) if path is not None}
    return units, paths, {step.token for step in steps}


def unit_findings(look: Look) -> Iterator[Finding | None]:
    """Look where each unit was left; the missing ones are kept in ``look.lost``. ``None``: one more part."""
    units = tables.units
    last = 0
    while True:
        query = (
            sa.select(units)
            .where(
                units.c.library_id == look.library.library_id,
                units.c.unit_id > last,
                units.c.state.in_((UnitState.PLACED.value, UnitState.MISSING.value)),
                units.c.trash_id.is_(None),
            )
            .order_by(units.c.unit_id)
            .limit(TOGETHER)
        )
        with look.viewer.database.read() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            return
        suspects = []
        for row in rows:
            suspects += _look_at(look, row)
        yield from _confirmed(look, suspects)
        last = rows[-1]["unit_id"]
        look.units += len(rows)
        yield None


def _look_at(look: Look, row: Row) -> list[Finding]:
    path = row["video"] if row["video"] is not None else row["applied_video"]
    if path is None:
        return []
    unit_id, recorded, is_known = row["unit_id"], mark_on_record(row), row["video"] is None
    try:
        identity = identify(look.path(path))
        found = mark_of(identity)
        sight = Sight.OTHER
        if identity is None or found is not None:
            sight = sight_of(recorded, found, has_stable_inodes=look.has_stable_inodes)
    except FileOutcome as error:
        return [Finding(kind=DriftKind.UNREADABLE, path=path, unit_id=unit_id, detail=str(error))]
    if sight in {Sight.ABSENT, Sight.OTHER}:
        lost = Lost(
            unit_id=unit_id,
            path=path,
            mark=recorded,
            digest=row["content_digest"],
            is_known=is_known,
            is_replaced=sight is Sight.OTHER and not is_known,
        )
        look.lost.add(lost)
        return []
    if is_known:  # it has come back to where it was
        look.returned.add(path)
        return [_finding(DriftKind.STALE_RECORD, row, path, Mending.PUT_BACK, found=path)]
    if sight is Sight.COPY:
        return [_finding(DriftKind.STALE_RECORD, row, path, Mending.RECORD_AGAIN)]
    nfo = _nfo_drift(look, row["stem"] + NFO, row["nfo_digest"])
    return [] if nfo is None else [_finding(nfo, row, row["stem"] + NFO, _NFO_MENDING[nfo])]


_NFO_MENDING = {
    DriftKind.EDITED_NFO: Mending.REWRITE_NFO,
    DriftKind.MISSING_NFO: Mending.WRITE_NFO,
    DriftKind.UNREADABLE: Mending.NOTHING,
}


def _finding(
    kind: DriftKind, row: Row, path: bytes, mending: Mending, *, found: bytes | None = None
) -> Finding:
    return Finding(kind=kind, path=path, unit_id=row["unit_id"], mending=mending, found=found)


def _nfo_drift(look: Look, path: bytes, digest: str | None) -> DriftKind | None:
    if digest is None:
        return None
    try:
        content = read_small(look.path(path))
    except FileOutcome:
        return DriftKind.EDITED_NFO  # a link, a folder, something huge: nothing of ours
    if content is None:
        return DriftKind.MISSING_NFO
    return None if digest_of(content) == digest else DriftKind.EDITED_NFO


def _confirmed(look: Look, suspects: Sequence[Finding]) -> list[Finding]:
    """Leave out what changed while it was looked at: a resync may have been under way."""
    if not suspects:
        return []
    look.library.check()
    busy, _paths, _tokens = open_work(look)
    now = rows_of(look, [finding.unit_id for finding in suspects if finding.unit_id is not None])
    return [
        finding
        for finding in suspects
        if finding.unit_id not in busy
        and finding.unit_id in now
        and _is_about(now[finding.unit_id], finding.path)
    ]


def _is_about(row: Row, path: bytes) -> bool:
    if row["video"] is None:
        return bool(row["applied_video"] == path)
    return path in (row["video"], row["stem"] + NFO)


def rows_of(look: Look, unit_ids: Sequence[int]) -> dict[int, Row]:
    """Return units as they are on record now."""
    units = tables.units
    found: dict[int, Row] = {}
    with look.viewer.database.read() as connection:
        for part in chunks(unit_ids):
            query = sa.select(units).where(units.c.unit_id.in_(part))
            found.update((row["unit_id"], row) for row in connection.execute(query).mappings())
    return found


def lost_findings(look: Look) -> Iterator[Finding | None]:
    """Say of each missing video where it was found, or that it was not."""
    for part in chunks(sorted(look.lost.units), TOGETHER):
        folders = Folders(look.library)
        lost = [look.lost.units[unit_id] for unit_id in part]
        yield from _confirmed(look, [_lost_finding(look, one, folders) for one in lost])
        yield None


def has_video(folders: Folders, video: bytes) -> bool:
    """Say whether any video has the stem of ``video``: then its place is taken."""
    stem = split_stem(video)[0]
    return any(video_base(name) is not None for name in folders.at(stem))


def _lost_finding(look: Look, lost: Lost, folders: Folders) -> Finding:
    place = look.lost.places.get(lost.unit_id)
    if place is None and lost.is_replaced:
        return Finding(kind=DriftKind.REPLACED, path=lost.path, unit_id=lost.unit_id)
    if place is None:
        mending = Mending.NOTHING if lost.is_known else Mending.RECORD_MISSING
        return Finding(kind=DriftKind.MISSING, path=lost.path, unit_id=lost.unit_id, mending=mending)
    is_taken = lost.path != place and has_video(folders, lost.path)
    return Finding(
        kind=DriftKind.MOVED_BY_HAND,
        path=lost.path,
        found=place,
        unit_id=lost.unit_id,
        mending=Mending.RECORD_PLACE if is_taken else Mending.PUT_BACK,
    )


def artifact_findings(look: Look) -> Iterator[Finding | None]:
    """Look for the folders and show files that Seiton made."""
    table = tables.artifacts
    last = b""
    while True:
        query = (
            sa.select(table)
            .where(table.c.library_id == look.library.library_id, table.c.path > last)
            .order_by(table.c.path)
            .limit(TOGETHER)
        )
        with look.viewer.database.read() as connection:
            rows = connection.execute(query).mappings().all()
        if not rows:
            return
        suspects = [finding for row in rows if (finding := _artifact_drift(look, row)) is not None]
        if suspects:
            look.library.check()
            _units, busy, _tokens = open_work(look)
            kept = artifacts_now(look, [finding.path for finding in suspects])
            yield from (f for f in suspects if f.path not in busy and f.path in kept)
        last = rows[-1]["path"]
        yield None


def artifacts_now(look: Look, paths: Sequence[bytes]) -> set[bytes]:
    """Return those of ``paths`` that are on record as made by Seiton."""
    table = tables.artifacts
    found: set[bytes] = set()
    with look.viewer.database.read() as connection:
        for part in chunks(paths):
            query = sa.select(table.c.path).where(
                table.c.library_id == look.library.library_id, table.c.path.in_(part)
            )
            found |= set(connection.execute(query).scalars())
    return found


def _artifact_drift(look: Look, row: Row) -> Finding | None:
    path = row["path"]
    if row["kind"] == "folder":
        if os.path.isdir(look.path(path)):
            return None
        return Finding(kind=DriftKind.STALE_RECORD, path=path, mending=Mending.FORGET)
    drift = _nfo_drift(look, path, row["digest"])
    if drift is DriftKind.MISSING_NFO:
        return Finding(kind=DriftKind.STALE_RECORD, path=path, mending=Mending.FORGET)
    return None if drift is None else Finding(kind=drift, path=path)
