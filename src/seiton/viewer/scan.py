"""What lies below a folder: videos, what identifies them, what their NFOs say. Reads only.

The walk is in the order of names and is cut between folders, so a part says by a path where the next one
begins: nothing is kept in between, and memory is that of one part. Symbolic links are not followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.files import FileOutcome, LinkMode, read_small
from seiton.adapters.files.identity import identity_of, look_closely
from seiton.contract import ScannedFolder, ScannedNfo, ScannedVideo, ViewerScan, ViewerScanRequest
from seiton.domain.adopting import is_skipped
from seiton.domain.naming import split_stem
from seiton.domain.nfo_merge import MAX_BYTES, Unreadable
from seiton.domain.nfo_reading import read_nfo
from seiton.domain.path_text import path_of_text, text_of_path
from seiton.domain.sidecars import SUBTITLE_SUFFIXES, owner, video_base
from seiton.errors import InvalidInput, NotFound, Problem
from seiton.text import _
from seiton.viewer import tables
from seiton.viewer.service import Viewer
from seiton.viewer.show_files import SEASON_NFO, SHOW_NFO

MAX_DEPTH = 32
"""Folders below folders that are looked into."""


@dataclass(slots=True)
class Listing:
    """A folder below a root as it is on the disk: ``names`` of its files, sorted; ``path`` is relative."""

    path: bytes
    names: list[bytes] = field(default_factory=list)

    def videos(self) -> list[bytes]:
        """Return the names of the videos."""
        return [name for name in self.names if video_base(name) is not None]


def scan(viewer: Viewer, request: ViewerScanRequest) -> ViewerScan:
    """Return the next part of what lies below ``request.path``.

    Raises ``InvalidInput`` for a folder that is neither in the library nor in a download folder,
    ``NotFound`` where none is there, ``LibraryAway`` when the library is not there.
    """
    root, start, is_library = _find_root(viewer, request.path)
    after = path_of_text(request.after) if request.after is not None else None
    found: list[Listing] = []
    count, more = 0, False
    for listing in walk(root, start, after=after, without=_other_roots(viewer, root)):
        videos = len(listing.videos())
        if not videos:
            continue
        if count and count + videos > request.limit:
            more = True
            break
        found.append(listing)
        count += videos
    folders = _Describing(viewer, root).describe(found)
    return ViewerScan(
        root=text_of_path(root),
        is_library=is_library,
        downloads=tuple(text_of_path(os.path.realpath(folder)) for folder in viewer.download_roots),
        moves_sources=viewer.profile.link_mode is LinkMode.MOVE,
        folders=tuple(folders),
        after=text_of_path(found[-1].path) if more else None,
    )


def walk(
    root: bytes, start: bytes = b"", *, after: bytes | None = None, without: Collection[bytes] = ()
) -> Iterator[Listing]:
    """Yield ``start`` and the folders below it (relative to ``root``), a folder before those in it, those
    after the folder ``after`` only. Folders that hold no episodes, hidden ones and links are passed by, and
    so are those that cannot be read, and those that are called ``without`` (relative to ``root``).
    """
    passed = None if after is None else after.split(b"/")
    pending: list[bytes] = [start]
    while pending:
        path = pending.pop()
        listing, folders = _list(root, path)
        if passed is None or _parts(path) > passed:
            yield listing
        depth = len(_parts(path))
        for name in reversed(folders):
            below = os.path.join(path, name)
            # Everything below a folder comes right after it: what sorts before ``after`` was all seen.
            is_ahead = passed is None or _parts(below) >= passed[: depth + 1]
            if depth < MAX_DEPTH and is_ahead and below not in without:
                pending.append(below)


def _parts(path: bytes) -> list[bytes]:
    return path.split(b"/") if path else []


def _list(root: bytes, path: bytes) -> tuple[Listing, list[bytes]]:
    listing, folders = Listing(path), []
    try:
        with os.scandir(os.path.join(root, path) if path else root) as entries:
            for entry in entries:
                if entry.name.startswith(b"."):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if not is_skipped(entry.name):
                        folders.append(entry.name)
                else:
                    listing.names.append(entry.name)
    except OSError:
        return Listing(path), []
    listing.names.sort()
    return listing, sorted(folders)


def _other_roots(viewer: Viewer, root: bytes) -> frozenset[bytes]:
    """Return the library and download folders that lie below ``root``, relative to it: they are not of it."""
    roots = [os.path.realpath(path) for path in (viewer.root, *viewer.download_roots)]
    inside = root.rstrip(b"/") + b"/"
    return frozenset(path[len(inside) :] for path in roots if path.startswith(inside))


def _find_root(viewer: Viewer, path: str) -> tuple[bytes, bytes, bool]:
    """Return the root that ``path`` lies in, the rest of the path, and whether it is the library."""
    try:
        given = path_of_text(path)
    except UnicodeEncodeError:
        given = b""
    library = os.path.realpath(viewer.root)
    roots = [(library, True)] + [(os.path.realpath(root), False) for root in viewer.download_roots]
    if given and b"\0" not in given and os.path.isabs(given):
        real = os.path.realpath(given)
        # Of two roots inside each other the inner one is meant.
        for root, is_library in sorted(roots, key=lambda pair: -len(pair[0])):
            if real == root or real.startswith(root.rstrip(b"/") + b"/"):
                if is_library:
                    viewer.library()
                if not os.path.isdir(real):
                    raise NotFound(_("There is no folder {path}.", path=path))
                return root, real[len(root) :].strip(b"/"), is_library
    message = _(
        "Give a folder in the library ({library}) or in the download folder ({downloads}):"
        " no other folder is looked into.",
        library=os.fsdecode(viewer.root),
        downloads=", ".join(os.fsdecode(root) for root in viewer.download_roots),
    )
    raise InvalidInput([Problem(field="path", message=message, code="outside_root")])


class _Describing:
    """Looks into NFOs and at files of listed folders; each shared NFO is read once for a part."""

    def __init__(self, viewer: Viewer, root: bytes) -> None:
        self._viewer, self._root = viewer, root
        self._read: dict[bytes, ScannedNfo | None] = {}

    def describe(self, listings: Sequence[Listing]) -> list[ScannedFolder]:
        """Return ``listings`` with what their files are."""
        folders = [self._folder(listing) for listing in listings]
        kept = self._kept(folders)
        return [
            folder.model_copy(
                update={
                    "videos": tuple(
                        video.model_copy(
                            update={
                                "kept": self._path(folder, video) in kept or (video.inode, video.size) in kept
                            }
                        )
                        for video in folder.videos
                    )
                }
            )
            for folder in folders
        ]

    def _folder(self, listing: Listing) -> ScannedFolder:
        bases = {base for name in listing.names if (base := video_base(name)) is not None}
        subtitles: dict[bytes, list[bytes]] = {}
        followed = 0
        for name in listing.names:
            base = owner(name, bases)
            followed += base is not None
            if base is not None and name[name.rfind(b".") :].lower() in SUBTITLE_SUFFIXES:
                subtitles.setdefault(base, []).append(name)
        videos = [
            video
            for name in listing.videos()
            if (video := self._video(listing.path, name, subtitles.get(video_base(name) or b"", ())))
        ]
        depth, show = self._show(listing.path)
        return ScannedFolder(
            path=text_of_path(listing.path),
            show=show,
            show_depth=depth,
            season=self._nfo(os.path.join(listing.path, SEASON_NFO)),
            videos=tuple(videos),
            others=len(listing.names) - followed,
        )

    def _video(self, folder: bytes, name: bytes, subtitles: Sequence[bytes]) -> ScannedVideo | None:
        path = os.path.join(self._root, folder, name)
        try:
            seen = look_closely(path)
            status = os.lstat(path)
        except (FileOutcome, OSError):
            return None
        if seen is None or not (stat.S_ISREG(seen.mode) or stat.S_ISLNK(seen.mode)):
            return None
        identity = identity_of(seen)
        stem, _suffix = split_stem(os.path.join(folder, name))
        return ScannedVideo(
            name=text_of_path(name),
            size=identity.size,
            inode=identity.inode,
            device=str(status.st_dev),
            mtime_ns=identity.mtime_ns,
            links=status.st_nlink,
            is_link=identity.is_link,
            nfo=self._nfo(stem + b".nfo"),
            subtitles=tuple(map(text_of_path, subtitles)),
        )

    def _show(self, path: bytes) -> tuple[int, ScannedNfo | None]:
        parts = _parts(path)
        for depth in range(len(parts), 0, -1):
            found = self._nfo(os.path.join(*parts[:depth], SHOW_NFO))
            if found is not None:
                return depth, found
        return 0, None

    def _nfo(self, path: bytes) -> ScannedNfo | None:
        if path not in self._read:
            self._read[path] = self._read_nfo(path)
        return self._read[path]

    def _read_nfo(self, path: bytes) -> ScannedNfo | None:
        try:
            content = read_small(os.path.join(self._root, path), MAX_BYTES)
        except FileOutcome:
            return ScannedNfo()
        if content is None:
            return None
        said = read_nfo(content)
        if isinstance(said, Unreadable):
            return ScannedNfo()
        return ScannedNfo(
            about=said.about.value,
            title=said.title,
            season=said.season,
            episode=said.episode,
            episodes=said.episodes,
            year=said.year,
            ids=said.ids,
        )

    def _kept(self, folders: Sequence[ScannedFolder]) -> set[tuple[int, int] | bytes]:
        """Return what tells the files that this viewer has: inode and size of units, under any name, and the
        sources that they were copied from (absolute paths).
        """
        units = tables.units.c
        kept: set[tuple[int, int] | bytes] = set()
        files = [(folder, video) for folder in folders for video in folder.videos]
        with self._viewer.database.read() as connection:
            for part in chunks(files):
                inodes = [video.inode for _folder, video in part]
                query = sa.select(units.inode, units.size).where(
                    units.inode.in_(inodes), units.stem.is_not(None)
                )
                kept |= {(row[0], row[1]) for row in connection.execute(query)}
                paths = [self._path(folder, video) for folder, video in part]
                query = sa.select(units.source_path).where(units.source_path.in_(paths))
                kept |= {row[0] for row in connection.execute(query)}
        return kept

    def _path(self, folder: ScannedFolder, video: ScannedVideo) -> bytes:
        return os.path.join(self._root, path_of_text(folder.path), path_of_text(video.name))
