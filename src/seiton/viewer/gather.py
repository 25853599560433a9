"""Gather what a plan is decided from: pending units, what the disk shows of them, who is in their way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks, plain
from seiton.adapters.files import (
    FileOutcome,
    Identity,
    LibraryRoot,
    Ways,
    digest_of,
    identify,
    read_small,
)
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.moves import Wish
from seiton.domain.naming import Impossible, Name, NamingProfile, display, path_key, render
from seiton.domain.path_text import path_of_text
from seiton.domain.sidecars import Kind, followers
from seiton.domain.states import HoldReason, UnitState
from seiton.domain.wishes import load_wish
from seiton.viewer import journal, tables
from seiton.viewer.folders import Folders
from seiton.viewer.frozen import frozen_years, keep_year
from seiton.viewer.images import Place, Restore, Since, judge, load_images
from seiton.viewer.sameness import is_ours

NFO = b".nfo"
TRASH = b".seiton/trash/"
"""Where removed units lie until they are restored or erased, each removal in a folder of its own."""
PARK = b".seiton-park-"
"""Begins the name under which a unit waits while others pass; no unit is left there."""

_BLOCKED = (
    HoldReason.TARGET_OWNED.value,
    HoldReason.TWO_CLAIMS.value,
    HoldReason.WAITING.value,
)
"""Holds that end when another unit moves."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a unit: ``tail`` is what follows the stem in its name."""

    tail: bytes
    identity: Identity | None


@dataclass(slots=True, kw_only=True)
class Unit:
    """A unit as recorded, with what was found on the disk.

    ``parked_nfo`` is the NFO that it had before it was parked; ``hold`` says that it cannot be moved at all.
    ``trash`` is the stem in the trash where a unit belongs that was removed; it has no ``name`` then.
    ``restore``: its cause undoes another one, and this is what else it gives back; ``name`` is where it lay.
    """

    unit_id: int
    revision: int
    wish: EpisodeMeta
    stem: bytes | None
    video: bytes | None
    name: Name | Place | None = None
    trash: bytes | None = None
    cause: str | None = None
    restore: Restore | None = None
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
    parked_nfo: bytes | None = None
    rendered_nfo: bytes | None = None
    hold: HoldReason | None = None
    detail: str | None = None

    @property
    def target(self) -> bytes:
        """The stem where it belongs."""
        if self.trash is not None:
            return self.trash
        if self.name is None:
            raise ValueError(f"unit {self.unit_id} has no name")
        return self.name.stem

    @property
    def video_tail(self) -> bytes:
        """What follows the stem in the video's name."""
        if self.stem is not None and self.video is not None:
            return self.video[len(self.stem) :]
        return os.path.splitext(self.source or b"")[1].lower()


@dataclass(slots=True, kw_only=True)
class Gathered:
    """Everything a plan is decided from; units with a ``hold`` have no wish.

    ``owners`` and ``foreign`` are as ``domain.moves.plan`` wants them.
    """

    units: dict[int, Unit]
    wishes: list[Wish]
    owners: dict[str, int]
    foreign: set[str]


def pending_rows(connection: sa.Connection, library: LibraryRoot, now: datetime) -> Sequence[Row]:
    """Return the units whose wish is newer than what is applied; none if none of them is due.

    Those that wait for another unit come along whenever anything is due, and so do parked ones. Films that
    had no folder are due once there is one.
    """
    units = tables.units
    homeless = HoldReason.NO_MOVIES_ROOT.value if library.movies is not None else None
    query = (
        sa.select(units)
        .where(
            units.c.library_id == library.library_id,
            units.c.revision > units.c.applied_revision,
            ~units.c.erase,
            sa.or_(units.c.trash_id.is_(None), units.c.stem.is_not(None)),
            sa.or_(
                units.c.next_try_at.is_(None),
                units.c.next_try_at <= now,
                units.c.home.is_not(None),
                units.c.hold_reason.in_(_BLOCKED),
                units.c.hold_reason == homeless,
            ),
        )
        .order_by(units.c.unit_id)
    )
    rows = plain(connection.execute(query))
    is_due = any(
        row["next_try_at"] is None
        or row["next_try_at"] <= now
        or row["home"] is not None
        or row["hold_reason"] == homeless
        for row in rows
    )
    return rows if is_due else []


def gather(
    connection: sa.Connection, library: LibraryRoot, rows: Sequence[Row], naming: NamingProfile, now: datetime
) -> Gathered:
    """Look at each unit in ``rows`` and at where it wants to go."""
    folders = Folders(library)
    units = {unit.unit_id: unit for unit in look_at(connection, library, rows, naming, now, folders)}
    _find_restores(connection, library, rows, units)
    wishes = [_wish(unit) for unit in units.values() if unit.hold is None]
    owners = owners_of(connection, library.library_id, [wish.target_key for wish in wishes])
    places = {wish.unit_id: (units[wish.unit_id].stem, units[wish.unit_id].video) for wish in wishes}
    places |= _places(connection, library, sorted(set(owners.values()) - places.keys()))
    taken, foreign = set(), set()
    for wish in wishes:
        key = wish.target_key
        names = folders.at(wish.target, (member.tail for member in units[wish.unit_id].sidecars))
        if names:
            taken.add(key)
            owner = owners.get(key)
            if owner is None or _any_foreign(folders, wish.target, names, places.get(owner)):
                foreign.add(key)
    # Whoever lies nowhere any more (removed by hand) does not keep its name from others.
    owners = {key: owner for key, owner in owners.items() if key in taken or owner in places}
    return Gathered(units=units, wishes=wishes, owners=owners, foreign=foreign)


def _any_foreign(
    folders: Folders, target: bytes, names: Iterable[bytes], place: tuple[bytes | None, bytes | None] | None
) -> bool:
    """Say whether one of ``names`` at ``target`` is not of the unit at ``place`` that has the name on record.

    Where the disk tells cases apart, somebody else's file can lie under a name that counts as the same.
    Of a unit that lies nowhere (None), all may be what is left.
    """
    if place is None or place[0] is None or place[1] is None:
        return False
    base = folders.base_in(os.path.dirname(target), place[0], place[1])
    return base is None or not all(name.startswith((base + b".", base + b"-")) for name in names)


def _places(
    connection: sa.Connection, library: LibraryRoot, unit_ids: Sequence[int]
) -> dict[int, tuple[bytes, bytes]]:
    """Return stem and video of those units whose recorded video is there, or cannot be looked at."""
    units, places = tables.units, {}
    for part in chunks(unit_ids):
        query = sa.select(units.c.unit_id, units.c.stem, units.c.video).where(units.c.unit_id.in_(part))
        for row in connection.execute(query):
            is_there = True
            with contextlib.suppress(FileOutcome):
                is_there = identify(library.at(row.video)) is not None
            if is_there:
                places[row.unit_id] = (row.stem, row.video)
    return places


def _find_restores(
    connection: sa.Connection, library: LibraryRoot, rows: Iterable[Row], units: dict[int, Unit]
) -> None:
    """Find out what those units that undo a cause are to be given back; hold those changed by others."""
    undoing = [row for row in rows if row["undoes"] is not None and row["stem"] is not None]
    if not undoing:
        return
    images = load_images(connection, undoing)
    kept = journal.contents_of(connection, (i["nfo"] for i in images.values() if i["nfo"] is not None))
    for row in undoing:
        unit, image = units[row["unit_id"]], images.get(row["unit_id"])
        if unit.hold is not None and unit.hold is not HoldReason.NAME_IMPOSSIBLE:
            continue
        there = unit.parked_nfo
        try:
            if unit.has_nfo:
                there = read_small(library.at(row["stem"] + NFO))
        except FileOutcome as error:
            unit.hold, unit.detail = HoldReason.NFO_UNREADABLE, str(error)
            continue
        _restore(unit, row, image, None if there is None else digest_of(there), kept)


def _restore(unit: Unit, row: Row, image: Row | None, there: str | None, kept: Mapping[str, bytes]) -> None:
    since = judge(image, row, there)
    if since is Since.CHANGED:
        unit.hold, unit.detail = HoldReason.CHANGED_SINCE, display(row["stem"] + NFO)
    elif image is None:
        if unit.name is not None and unit.name.stem == row["stem"]:
            unit.restore = Restore(
                keeps_nfo=True, nfo_digest=unit.nfo_digest, nfo_rendering=unit.nfo_rendering
            )
    elif since is Since.AS_BEFORE or (
        since is Since.AS_LEFT and (image["nfo"] is None or image["nfo"] in kept)
    ):
        unit.hold = unit.detail = None
        unit.name = Place(stem=image["stem"])
        unit.restore = Restore(
            keeps_nfo=since is Since.AS_BEFORE,
            is_met=image["is_met"],
            nfo=kept.get(image["nfo"]),
            nfo_digest=image["nfo_digest"],
            nfo_rendering=image["nfo_rendering"],
            show_id=image["show_id"],
        )


def look_at(
    connection: sa.Connection,
    library: LibraryRoot,
    rows: Iterable[Row],
    naming: NamingProfile,
    now: datetime,
    folders: Folders,
) -> list[Unit]:
    """Return the units of ``rows`` as they are on the disk."""
    rows = list(rows)
    kept = journal.contents_of(connection, (row["home_nfo"] for row in rows if row["home_nfo"] is not None))
    wishes = [load_wish(row["wish"]) for row in rows]
    years = frozen_years(connection, library.library_id, {wish.anime_title for wish in wishes})
    units = []
    for row, wish in zip(rows, wishes, strict=True):
        named, has_movies = keep_year(wish, years), library.movies is not None
        unit = _unit(row, wish, named, naming, now, has_movies=has_movies)
        unit.parked_nfo = kept.get(row["home_nfo"])
        try:
            _look(unit, folders, library.ways)
        except FileOutcome as error:
            unit.hold, unit.detail = HoldReason.FILESYSTEM_ERROR, str(error)
        units.append(unit)
    return units


def _unit(
    row: Row,
    wish: EpisodeMeta,
    named: EpisodeMeta,
    naming: NamingProfile,
    now: datetime,
    *,
    has_movies: bool,
) -> Unit:
    """Return the unit that is to be ``wish``, by the name that ``named`` has."""
    unit = Unit(
        unit_id=row["unit_id"],
        revision=row["revision"],
        wish=wish,
        stem=row["stem"],
        video=row["video"],
        source=row["source_path"],
        subtitle_sources=tuple(map(path_of_text, row["subtitle_sources"] or ())),
        show_id=row["show_id"],
        series_id=row["series_id"],
        nfo_digest=row["nfo_digest"],
        nfo_rendering=row["nfo_rendering"],
        added_at=row["added_at"] or now,
        cause=row["cause"],
    )
    if row["state"] != UnitState.WANTED:
        unit.identity = Identity(
            inode=row["inode"], size=row["size"], mtime_ns=row["mtime_ns"], birth_ns=row["birth_ns"]
        )
    if row["trash_id"] is not None:
        unit.trash = trash_stem(row["trash_id"], row["home"] or row["stem"])
        return unit
    name = render(named, naming)
    if named.is_movie and not has_movies:
        unit.hold, unit.detail = HoldReason.NO_MOVIES_ROOT, named.anime_title
    elif isinstance(name, Impossible):
        unit.hold, unit.detail = HoldReason.NAME_IMPOSSIBLE, name.detail
    else:
        unit.name = name
    return unit


def trash_stem(trash_id: str, stem: bytes) -> bytes:
    """Return the stem in the trash for a unit that lies at ``stem``, be that in the trash already."""
    if stem.startswith(TRASH):
        stem = stem[len(TRASH) :].partition(b"/")[2]
    return b"%s%s/%s" % (TRASH, trash_id.encode(), stem)


def _look(unit: Unit, folders: Folders, ways: Ways) -> None:
    """Compare the record with the disk: is the file there, and is it still the one we know?"""
    if unit.stem is None or unit.video is None:
        found = identify(unit.source) if unit.source else None
        if found is None:
            unit.hold, unit.detail = HoldReason.SOURCE_MISSING, display(unit.source or b"")
        unit.identity = found
        return
    found = identify(folders.library.at(unit.video))
    if found is None:
        unit.hold, unit.detail = HoldReason.SOURCE_MISSING, display(unit.video)
        return
    if unit.identity is None or not is_ours(unit.identity, found, ways):
        unit.hold, unit.detail = HoldReason.SOURCE_CHANGED, display(unit.video)
        return
    unit.identity = found  # a file edited in place keeps its inode and birth: gathered again
    folder = os.path.dirname(unit.stem)
    base = folders.base_in(folder, unit.stem, unit.video) or os.path.basename(unit.stem)
    members = []
    for sidecar in followers(base, folders.near(os.path.join(folder, base))):
        path = os.path.join(folder, sidecar.name)
        if path == unit.video:
            continue
        if sidecar.name == base + NFO:
            unit.has_nfo = True
            continue
        if sidecar.kind is Kind.VIDEO:
            continue
        identity = identify(folders.library.at(path))
        if identity is not None:
            members.append(Member(tail=sidecar.name[len(base) :], identity=identity))
    unit.sidecars = tuple(members)


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
        owners.update((key, unit_id) for key, unit_id in connection.execute(query))
    return owners
