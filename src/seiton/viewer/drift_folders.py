"""From the disk to the records: what lies in the library and is on no record. Reads only."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.files import FileOutcome, hash_file, identify
from seiton.adapters.files.ways import OWN_FOLDER
from seiton.domain.drift import (
    OWN_NAMES,
    TEMP,
    DriftKind,
    Finding,
    Listing,
    Mending,
    Sorted,
    sort_names,
    stems_of,
    way_to_join,
)
from seiton.domain.naming import MOVIES, path_key
from seiton.domain.sidecars import VIDEO_SUFFIXES, video_base
from seiton.domain.states import StepState, UnitState
from seiton.viewer import tables
from seiton.viewer.drift_records import Look, mark_of, open_work
from seiton.viewer.journal import StepKind
from seiton.viewer.show_files import is_picture, load_artifacts

_ROOTS = (b"", MOVIES)


def folder_findings(look: Look) -> Iterator[Finding | None]:
    """Walk the library and its films, each folder once; symbolic links are not followed.

    ``None``: one more folder.
    """
    waiting = [b""] if look.library.movies is None else [b"", MOVIES]
    while waiting:
        folder = waiting.pop()
        try:
            files, folders = _entries(look, folder)
        except OSError as error:
            if os.path.lexists(look.path(folder)):
                yield Finding(kind=DriftKind.UNREADABLE, path=folder, detail=error.strerror)
            continue
        listing = _listing(look, folder, files, folders)
        names = sort_names(listing)
        yield from _leftovers(look, folder, names.leftovers)
        yield from _strays(look, folder, names)
        orphans = [os.path.join(folder, name) for name in names.orphans]
        yield from (finding for finding in orphan_findings(look, orphans) if _is_there(look, finding.path))
        yield from _foreign(look, folder, names.foreign)
        waiting += [os.path.join(folder, name) for name in reversed(names.below)]
        look.folders += 1
        yield None


def _entries(look: Look, folder: bytes) -> tuple[list[bytes], list[bytes]]:
    files: list[bytes] = []
    folders: list[bytes] = []
    with os.scandir(look.path(folder)) as entries:
        for entry in entries:
            if folder not in _ROOTS or entry.name not in (OWN_FOLDER, MOVIES):
                (folders if entry.is_dir(follow_symlinks=False) else files).append(entry.name)
    return sorted(files), sorted(folders)


def _listing(look: Look, folder: bytes, files: Sequence[bytes], folders: Sequence[bytes]) -> Listing:
    bases = {base for name in files if (base := video_base(name)) is not None}
    keys = [path_key(os.path.join(folder, base)) for base in bases]
    made_by_us = [folder] if folder else []
    posters = [os.path.join(folder, name) for name in files if is_picture(name)]
    with look.viewer.database.read() as connection:
        owners = _owners(connection, look.library.library_id, keys)
        artifacts = load_artifacts(connection, look.library.library_id, made_by_us, posters)
    return Listing(
        folder=folder,
        files=files,
        folders=folders,
        owners={key: video for key, (_stem, video) in owners.items()},
        ours={os.path.basename(path) for path in artifacts if path != folder},
        is_kept=folder in artifacts,
    )


def _owners(
    connection: sa.Connection, library_id: str, keys: Iterable[str]
) -> dict[str, tuple[bytes, bytes]]:
    """Return stem and video of the units that have one of ``keys`` on record, by key.

    One that is on its way there counts, too: what lies there is its file, or will not be for long.
    """
    claims, units = tables.claims, tables.units
    found: dict[str, tuple[bytes, bytes]] = {}
    for part in chunks(sorted(set(keys))):
        query = (
            sa.select(claims.c.path_key, claims.c.kind, units.c.stem, units.c.video)
            .join(units, units.c.unit_id == claims.c.unit_id)
            .where(
                claims.c.library_id == library_id,
                claims.c.path_key.in_(part),
                units.c.video.is_not(None),
            )
            .order_by(claims.c.kind.desc())  # what lies there now comes last, and counts
        )
        for row in connection.execute(query):
            found[row.path_key] = (row.stem, row.video)
    return found


def _leftovers(look: Look, folder: bytes, names: Sequence[bytes]) -> Iterator[Finding]:
    if not names:
        return
    _units, _paths, tokens = open_work(look)
    for name in names:
        path = os.path.join(folder, name)
        prefix = next(prefix for prefix in OWN_NAMES if name.startswith(prefix))
        token = name[len(prefix) :].split(b".")[0].decode("ascii", "replace")
        if token in tokens or not _is_there(look, path):
            continue
        mending = Mending.DISCARD if prefix == TEMP and _is_plain_file(look, path) else Mending.NOTHING
        yield Finding(kind=DriftKind.LEFTOVER, path=path, mending=mending)


def _is_plain_file(look: Look, path: bytes) -> bool:
    try:
        return mark_of(identify(look.path(path))) is not None
    except FileOutcome:
        return False


def _is_there(look: Look, path: bytes) -> bool:
    return os.path.lexists(look.path(path))


def _strays(look: Look, folder: bytes, names: Sorted) -> Iterator[Finding]:
    """Tell the videos that belong to a missing unit from those of strangers."""
    for name, followers in names.strays.items():
        path = os.path.join(folder, name)
        if path in look.returned:
            continue
        try:
            mark = mark_of(identify(look.path(path)))
            read = partial(hash_file, look.path(path))
            is_lost_one = mark is not None and look.lost.find(path, mark, read, look.has_stable_inodes)
        except FileOutcome as error:
            yield Finding(kind=DriftKind.UNREADABLE, path=path, detail=str(error))
            continue
        if not is_lost_one:
            yield from _foreign(look, folder, [name, *followers])


def _foreign(look: Look, folder: bytes, names: Sequence[bytes]) -> Iterator[Finding]:
    """Report ``names``, unless a resync that was under way has moved or recorded them meanwhile."""
    if not names:
        return
    _units, busy, _tokens = open_work(look)
    paths = [os.path.join(folder, name) for name in names]
    keys = {path: path_key(path.rpartition(b".")[0]) for path in paths}
    with look.viewer.database.read() as connection:
        owners = _owners(connection, look.library.library_id, keys.values())
    for path in paths:
        _stem, video = owners.get(keys[path], (b"", b""))
        if path != video and path not in busy and _is_there(look, path):
            yield Finding(kind=DriftKind.FOREIGN, path=path)


def orphan_findings(look: Look, paths: Sequence[bytes]) -> list[Finding]:
    """Say of sidecars without a video where each belongs, as far as claims and journal know it.

    The files that a unit left behind when it was renamed are the common case: the journal knows its way.
    """
    stems = {path: [os.path.join(os.path.dirname(path), s) for s in _stems(path)] for path in paths}
    places = _places_of(look, {stem for found in stems.values() for stem in found})
    findings = []
    for path, candidates in stems.items():
        named = {os.path.basename(stem): places.get(stem, set()) for stem in candidates}
        target = way_to_join(os.path.basename(path), named)
        is_free = target is not None and target != path and not _is_there(look, target)
        findings.append(
            Finding(
                kind=DriftKind.ORPHANED_SIDECAR,
                path=path,
                found=target if is_free else None,
                mending=Mending.JOIN if is_free else Mending.NOTHING,
            )
        )
    return findings


def _stems(path: bytes) -> Iterator[bytes]:
    return stems_of(os.path.basename(path))


def _places_of(look: Look, stems: set[bytes]) -> dict[bytes, set[bytes]]:
    """Return where the units lie that have, or had, one of ``stems``; only those whose video is there."""
    if not stems:
        return {}
    by_key = {path_key(stem): stem for stem in stems}
    units, steps = tables.units, tables.journal
    places: dict[bytes, set[bytes]] = {}
    found: list[tuple[bytes, bytes, bytes]] = []
    with look.viewer.database.read() as connection:
        owners = _owners(connection, look.library.library_id, by_key)
        found += [(by_key[key], stem, video) for key, (stem, video) in owners.items()]
        sources = [stem + suffix for stem in stems for suffix in VIDEO_SUFFIXES]
        for part in chunks(sorted(sources)):
            query = (
                sa.select(steps.c.source, units.c.stem, units.c.video)
                .join(units, units.c.unit_id == steps.c.unit_id)
                .where(
                    steps.c.library_id == look.library.library_id,
                    steps.c.kind == StepKind.MOVE.value,
                    steps.c.state == StepState.DONE.value,
                    steps.c.source.in_(part),
                    units.c.state == UnitState.PLACED.value,
                )
                .distinct()
            )
            moved = connection.execute(query).all()
            found += [(row.source.rpartition(b".")[0], row.stem, row.video) for row in moved]
    for stem, place, video in found:
        if _is_there(look, video):
            places.setdefault(stem, set()).add(place)
    return places
