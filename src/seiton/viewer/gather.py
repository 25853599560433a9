"""Gather what a plan is decided from: pending units, what the disk shows of them, who is in their way."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import Identity, identify, list_names
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.moves import Wish
from seiton.domain.naming import Impossible, Name, NamingProfile, path_key, render
from seiton.domain.sidecars import Kind, followers
from seiton.domain.states import HoldReason, UnitState
from seiton.viewer import tables
from seiton.domain.wishes import load_wish

NFO = b".nfo"


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a unit: ``tail`` is what follows the stem in its name."""

    tail: bytes
    identity: Identity


@dataclass(slots=True, kw_only=True)
class Unit:
    """A pending unit as recorded, with what was found on the disk."""

    unit_id: int
    revision: int
    wish: EpisodeMeta
    stem: bytes | None
    video: bytes | None
    name: Name | None = None
    source: bytes | None = None
    subtitle_sources: tuple[bytes, ...] = ()
    show_id: int | None = None
    series_id: int = 0
    nfo_digest: str | None = None
    nfo_rendering: str | None = None
    added_at: datetime
    identity: Identity | None = None
    sidecars: tuple[Member, ...] = ()
    has_nfo: bool = False
    hold: HoldReason | None = None
    detail: str | None = None

    @property
    def target(self) -> bytes:
        """The stem where it belongs."""
        if self.name is None:
            raise ValueError(f"unit {self.unit_id} has no name")
        return self.name.stem

    @property
    def video_tail(self) -> bytes:
        """What follows the stem in the video's name."""
        if self.stem is not None and self.video is not None:
            return self.video[len(self.stem) :]
        return os.path.splitext(self.source or b"")[1].lower()


class Folders:
    """Listings of library folders, each read once for a plan."""

    def __init__(self, root: bytes) -> None:
        self.root = root
        self._names: dict[bytes, list[bytes]] = {}
        self._keys: dict[str, list[str]] = {}

    def names(self, folder: bytes) -> list[bytes]:
        """Return the sorted names in ``folder`` (relative to the root); empty when it is not there."""
        if folder not in self._names:
            self._names[folder] = sorted(list_names(os.path.join(self.root, folder)))
        return self._names[folder]

    def near(self, stem: bytes) -> list[bytes]:
        """Return the names beside ``stem`` that begin with its base name: only they may follow it."""
        folder, base = os.path.split(stem)
        names = self.names(folder)
        start = bisect.bisect_left(names, base)
        end = start
        while end < len(names) and names[end].startswith(base):
            end += 1
        return names[start:end]

    def load_targets(self, folders: Iterable[bytes]) -> None:
        """Read the folders that wishes lead to, for ``is_taken``."""
        for folder in set(folders):
            keys = [path_key(name) for name in self.names(folder)]
            self._keys[path_key(folder)] = sorted(self._keys.get(path_key(folder), []) + keys)

    def is_taken(self, key: str) -> bool:
        """Say whether a file lies at a stem that equals ``key``, names compared as keys."""
        folder, _slash, base = key.rpartition("/")
        keys = self._keys.get(folder, [])
        at = bisect.bisect_left(keys, base + ".")
        return at < len(keys) and keys[at].startswith(base + ".")


@dataclass(slots=True, kw_only=True)
class Gathered:
    """Everything a plan is decided from."""

    units: dict[int, Unit]
    wishes: list[Wish]
    owners: dict[str, int]
    foreign: set[str]
    folders: Folders
    held: list[Unit] = field(default_factory=list)


def pending_rows(connection: sa.Connection, library_id: str, now: datetime) -> Sequence[Row]:
    """Return the units whose wish is newer than what is applied and whose next try is due."""
    units = tables.units
    query = (
        sa.select(units)
        .where(
            units.c.library_id == library_id,
            units.c.revision > units.c.applied_revision,
            sa.or_(units.c.next_try_at.is_(None), units.c.next_try_at <= now),
        )
        .order_by(units.c.unit_id)
    )
    return connection.execute(query).mappings().all()


def gather(
    connection: sa.Connection,
    library_id: str,
    root: bytes,
    rows: Sequence[Row],
    naming: NamingProfile,
    now: datetime,
) -> Gathered:
    """Look at each unit in ``rows`` and at where it wants to go."""
    folders = Folders(root)
    units = {row["unit_id"]: _unit(row, naming, now) for row in rows}
    held = []
    for unit in units.values():
        if unit.hold is None:
            _look(unit, folders)
        if unit.hold is not None:
            held.append(unit)
    movable = [unit for unit in units.values() if unit.hold is None]
    wishes = [_wish(unit) for unit in movable]
    owners = owners_of(connection, library_id, [wish.target_key for wish in wishes])
    folders.load_targets(os.path.dirname(wish.target) for wish in wishes)
    foreign = {
        wish.target_key
        for wish in wishes
        if wish.target_key not in owners and folders.is_taken(wish.target_key)
    }
    return Gathered(units=units, wishes=wishes, owners=owners, foreign=foreign, folders=folders, held=held)


def _unit(row: Row, naming: NamingProfile, now: datetime) -> Unit:
    wish = load_wish(row["wish"])
    name = render(wish, naming)
    unit = Unit(
        unit_id=row["unit_id"],
        revision=row["revision"],
        wish=wish,
        stem=row["stem"],
        video=row["video"],
        source=row["source_path"],
        subtitle_sources=tuple(os.fsencode(path) for path in row["subtitle_sources"] or ()),
        show_id=row["show_id"],
        series_id=row["series_id"],
        nfo_digest=row["nfo_digest"],
        nfo_rendering=row["nfo_rendering"],
        added_at=row["added_at"] or now,
    )
    if row["state"] != UnitState.WANTED:
        unit.identity = Identity(
            inode=row["inode"], size=row["size"], mtime_ns=row["mtime_ns"], birth_ns=row["birth_ns"]
        )
    if isinstance(name, Impossible):
        unit.hold, unit.detail = HoldReason.NAME_IMPOSSIBLE, name.detail
    else:
        unit.name = name
    return unit


def _look(unit: Unit, folders: Folders) -> None:
    """Compare the record with the disk: is the file there, and is it still the one we know?"""
    if unit.stem is None or unit.video is None:
        found = identify(unit.source) if unit.source else None
        if found is None:
            unit.hold, unit.detail = HoldReason.SOURCE_MISSING, os.fsdecode(unit.source or b"")
        unit.identity = found
        return
    found = identify(os.path.join(folders.root, unit.video))
    if found is None:
        unit.hold, unit.detail = HoldReason.SOURCE_MISSING, os.fsdecode(unit.video)
        return
    if unit.identity is None or not is_same_object(unit.identity, found):
        unit.hold, unit.detail = HoldReason.SOURCE_CHANGED, os.fsdecode(unit.video)
        return
    unit.identity = found  # a file edited in place keeps its inode and birth: gathered again
    folder, base = os.path.split(unit.stem)
    members = []
    for sidecar in followers(base, folders.near(unit.stem)):
        path = os.path.join(folder, sidecar.name)
        if path == unit.video:
            continue
        if sidecar.name == base + NFO:
            unit.has_nfo = True
            continue
        if sidecar.kind is Kind.VIDEO:
            continue
        identity = identify(os.path.join(folders.root, path))
        if identity is not None:
            members.append(Member(tail=sidecar.name[len(base) :], identity=identity))
    unit.sidecars = tuple(members)


def is_same_object(recorded: Identity, found: Identity) -> bool:
    """Say whether ``found`` is the very file on record: same inode, and born with it or unchanged since."""
    if recorded.inode != found.inode:
        return False
    if recorded.birth_ns is not None and found.birth_ns is not None:
        return recorded.birth_ns == found.birth_ns
    return recorded.size == found.size and recorded.mtime_ns == found.mtime_ns


def _wish(unit: Unit) -> Wish:
    return Wish(
        unit_id=unit.unit_id,
        current=unit.stem,
        current_key=path_key(unit.stem) if unit.stem is not None else None,
        target=unit.target,
        target_key=path_key(unit.target),
    )


def owners_of(connection: sa.Connection, library_id: str, keys: Sequence[str]) -> dict[str, int]:
    """Return which unit lies at each of ``keys`` now."""
    claims = tables.claims
    owners: dict[str, int] = {}
    for part in chunks(sorted(set(keys))):
        query = sa.select(claims.c.path_key, claims.c.unit_id).where(
            claims.c.library_id == library_id, claims.c.kind == "current", claims.c.path_key.in_(part)
        )
        owners.update((row.path_key, row.unit_id) for row in connection.execute(query))
    return owners
