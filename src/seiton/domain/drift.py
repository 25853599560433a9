"""Where records and disk differ although nothing is under way: what a check finds, and what would mend it.

Everything here works on names, marks and digests that somebody else has gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from seiton.domain.naming import path_key
from seiton.domain.sidecars import SUBTITLE_SUFFIXES, owner, video_base

TEMP = b".seiton-tmp-"
OWN_NAMES = (TEMP, b".seiton-park-", b".seiton-retire-")
"""Names of Seiton's own beside the files; only the first is disposable."""


class DriftKind(StrEnum):
    """What differs."""

    MISSING = "missing"  #: on record, and nowhere in the library
    MOVED_BY_HAND = "moved_by_hand"  #: on record, found elsewhere by its identity
    REPLACED = "replaced"  #: another file lies where ours was left
    STALE_RECORD = "stale_record"  #: the record says something of a file that is not so any more
    EDITED_NFO = "edited_nfo"  #: an NFO is not as Seiton left it
    MISSING_NFO = "missing_nfo"  #: an NFO that Seiton wrote is gone
    ORPHANED_SIDECAR = "orphaned_sidecar"  #: a subtitle, NFO or thumbnail without its video
    LEFTOVER = "leftover"  #: a name of Seiton's own that no open step of the journal knows
    FOREIGN = "foreign"  #: a file that nobody recorded; never touched
    UNREADABLE = "unreadable"  #: the file system does not let it be looked at
    LIBRARY_AWAY = "library_away"  #: the library is not there, so nothing can be said about its files


class Mending(StrEnum):
    """What a repair does about a finding."""

    NOTHING = "nothing"  #: it is left as it is
    PUT_BACK = "put_back"  #: moved to where the record says, with what follows it
    RECORD_PLACE = "record_place"  #: recorded where it lies; the next resync brings it to its place
    RECORD_MISSING = "record_missing"  #: recorded as missing, and Core is told
    RECORD_AGAIN = "record_again"  #: the record takes the identity of the restored file
    FORGET = "forget"  #: the record of a generated file or folder is dropped
    JOIN = "join"  #: renamed to follow the video that it belongs to
    WRITE_NFO = "write_nfo"  #: the NFO is written again
    REWRITE_NFO = "rewrite_nfo"  #: if wished: renewed, with the user's own elements kept
    DISCARD = "discard"  #: a disposable file of Seiton's own is removed


MENDING_ORDER = (
    Mending.PUT_BACK,
    Mending.RECORD_AGAIN,
    Mending.RECORD_PLACE,
    Mending.JOIN,
    Mending.RECORD_MISSING,
    Mending.WRITE_NFO,
    Mending.REWRITE_NFO,
    Mending.FORGET,
    Mending.DISCARD,
)
"""What is put back may bring along what seems to be missing, so that comes first."""


class Sight(StrEnum):
    """What lies where a video was left."""

    OURS = "ours"
    COPY = "copy"  #: another object of the same size and time: a restored disk
    OTHER = "other"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What tells a file from others: ``size`` in bytes, times in nanoseconds since 1970."""

    inode: int
    size: int
    mtime_ns: int
    birth_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One difference. ``path``: where it is, or should be; ``found``: where it lies, or where it would go.

    Paths are relative to the library. ``detail`` is for people.
    """

    kind: DriftKind
    path: bytes
    mending: Mending = Mending.NOTHING
    unit_id: int | None = None
    found: bytes | None = None
    detail: str | None = None


def sight_of(recorded: Mark, found: Mark | None, *, has_stable_inodes: bool | None) -> Sight:
    """Compare a record with what lies at its path.

    ``has_stable_inodes``: what is known of the file system, ``None`` if nothing. A file edited in place
    keeps inode and birth and is still ours; where no births are known, size and time have to do.
    """
    if found is None:
        return Sight.ABSENT
    if is_same(recorded, found, has_stable_inodes=has_stable_inodes):
        return Sight.OURS
    return Sight.COPY if _weight(recorded) == _weight(found) else Sight.OTHER


def is_same(recorded: Mark, found: Mark, *, has_stable_inodes: bool | None) -> bool:
    """Say whether both marks are of one file, as far as that can be told without its content."""
    births_known = recorded.birth_ns is not None and found.birth_ns is not None
    looks_alike = _weight(recorded) == _weight(found) and (
        not births_known or recorded.birth_ns == found.birth_ns
    )
    if recorded.inode != found.inode:
        may_renumber = has_stable_inodes is False or (has_stable_inodes is None and not births_known)
        return may_renumber and looks_alike
    return recorded.birth_ns == found.birth_ns if births_known else looks_alike


def _weight(mark: Mark) -> tuple[int, int]:
    return mark.size, mark.mtime_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A video that does not lie where it was left."""

    unit_id: int
    path: bytes
    mark: Mark
    digest: str | None  # of its content, where that is known
    is_known: bool = False  # recorded as missing before
    is_replaced: bool = False  # another file lies there


@dataclass(slots=True)
class LostFiles:
    """The missing videos, to be looked up while the library is walked: memory is theirs alone."""

    units: dict[int, Lost] = field(default_factory=dict)
    places: dict[int, bytes] = field(default_factory=dict)
    """Where they were found, by unit."""
    _by_inode: dict[int, list[Lost]] = field(default_factory=dict)
    _by_weight: dict[tuple[int, int], list[Lost]] = field(default_factory=dict)

    def add(self, lost: Lost) -> None:
        """Look for ``lost`` from now on."""
        self.units[lost.unit_id] = lost
        self._by_inode.setdefault(lost.mark.inode, []).append(lost)
        self._by_weight.setdefault(_weight(lost.mark), []).append(lost)

    def find(
        self, path: bytes, mark: Mark, digest_at: Callable[[], str | None], has_stable_inodes: bool | None
    ) -> Lost | None:
        """Return whose file lies at ``path``, and remember it; ``None`` if it is nobody's.

        In doubt (equal size and time, another inode) the content decides where its digest is on record;
        ``digest_at`` reads the file. Without one it stays in doubt, and so nobody's.
        """
        alike: list[Lost] = [*self._by_inode.get(mark.inode, ()), *self._by_weight.get(_weight(mark), ())]
        open_ones = [lost for lost in alike if lost.unit_id not in self.places]
        for lost in open_ones:
            if is_same(lost.mark, mark, has_stable_inodes=has_stable_inodes):
                self.places[lost.unit_id] = path
                return lost
        doubtful = [lost for lost in open_ones if lost.digest is not None]
        digest: str | None = digest_at() if doubtful else None
        for lost in doubtful:
            if lost.digest == digest:
                self.places[lost.unit_id] = path
                return lost
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A folder of the library, as it is and as it is on record.

    ``owners``: the video of the unit that has a stem on record, by the stem's key. ``ours``: names that
    Seiton made in it (``tvshow.nfo``). ``is_kept``: the folder itself is one of Seiton's.
    """

    folder: bytes
    files: Sequence[bytes]
    folders: Sequence[bytes]
    owners: Mapping[str, bytes]
    ours: Collection[bytes]
    is_kept: bool


@dataclass(slots=True)
class Sorted:
    """The names of a folder that are not accounted for, and the folders to look into.

    ``strays`` are unrecorded videos, each with what follows it.
    """

    strays: dict[bytes, list[bytes]] = field(default_factory=dict)
    orphans: list[bytes] = field(default_factory=list)
    foreign: list[bytes] = field(default_factory=list)
    leftovers: list[bytes] = field(default_factory=list)
    below: list[bytes] = field(default_factory=list)


def sort_names(listing: Listing) -> Sorted:
    """Sort what lies in a folder; what belongs to units on record is left out."""
    result = Sorted()
    at = _joined(listing.folder)
    bases = {base for name in listing.files if (base := video_base(name)) is not None}
    names = set(listing.files)
    recorded: set[bytes] = set()
    for name in listing.files:
        base = video_base(name)
        if base is None:
            continue
        if _is_recorded(at + name, listing.owners.get(path_key(at + base)), at, names):
            recorded.add(base)
        elif name.startswith(OWN_NAMES):
            result.leftovers.append(name)
        elif base not in recorded:
            result.strays[name] = []
        else:
            result.foreign.append(name)  # a second video at the stem of ours
    strays = {video_base(name) or b"": name for name in result.strays}
    is_kept = listing.is_kept or bool(recorded)
    folders = set(listing.folders)
    for name in (*listing.files, *listing.folders):
        is_folder = name in folders
        if not is_folder and video_base(name) is not None:
            continue
        base = owner(name, bases) or b""
        if base in recorded or name in listing.ours:
            continue
        if name.startswith(OWN_NAMES):
            result.leftovers.append(name)
        elif base in strays:
            result.strays[strays[base]].append(name)
        elif is_kept and _is_sidecar(name, is_folder):
            result.orphans.append(name)
        elif is_folder:
            result.below.append(name)
        else:
            result.foreign.append(name)
    return result


def _joined(folder: bytes) -> bytes:
    return folder + b"/" if folder else b""


def _is_recorded(path: bytes, video: bytes | None, at: bytes, names: Collection[bytes]) -> bool:
    """Say whether ``path`` is the ``video`` on record, or the only name here that counts as the same."""
    if video is None or path_key(video) != path_key(path):
        return False
    return path == video or not (video.startswith(at) and video[len(at) :] in names)


_SHOW_LEVEL = frozenset({b"tvshow.nfo", b"season.nfo", b"movie.nfo"})


def _is_sidecar(name: bytes, is_folder: bool) -> bool:
    lowered = name.lower()
    if is_folder:
        return lowered.endswith(b".trickplay")
    if lowered in _SHOW_LEVEL:
        return False
    suffix = lowered[lowered.rfind(b".") :]
    return suffix == b".nfo" or suffix in SUBTITLE_SUFFIXES or b"-thumb." in lowered


def stems_of(name: bytes) -> Iterator[bytes]:
    """Yield the bases that a sidecar may follow, the longest first."""
    cut = name.rfind(b".")
    if 0 < cut == name.lower().rfind(b"-thumb.") + len(b"-thumb"):
        yield name[: cut - len(b"-thumb")]
    while cut > 0:
        yield name[:cut]
        cut = name.rfind(b".", 0, cut)


def way_to_join(name: bytes, stems: Mapping[bytes, Collection[bytes]]) -> bytes | None:
    """Return the path of the one video's stem that ``name`` belongs to, with its tail; ``None`` if none is.

    ``stems`` says for each of ``stems_of(name)`` where the units lie now that had, or have, that stem.
    """
    for base in stems_of(name):
        places = set(stems.get(base, ()))
        if len(places) == 1:
            return places.pop() + name[len(base) :]
        if places:
            return None
    return None
