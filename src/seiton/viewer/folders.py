"""Listings of library folders, each read once for a plan, and who lies at a stem there."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterable

from seiton.adapters.files import FileOutcome, LibraryRoot, list_names
from seiton.domain.naming import path_key


class Folders:
    """What is in the folders of ``library``. Folders and stems are as they are on record."""

    def __init__(self, library: LibraryRoot) -> None:
        self.library = library
        self._names: dict[bytes, list[bytes]] = {}
        self._keys: dict[bytes, list[tuple[str, bytes]]] = {}

    def names(self, folder: bytes) -> list[bytes]:
        """Return the sorted names in ``folder``; empty when it is not there. Raises a ``FileOutcome``."""
        if folder not in self._names:
            self._names[folder] = sorted(list_names(self.library.at(folder)))
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

    def at(self, stem: bytes, tails: Iterable[bytes] = ()) -> list[bytes]:
        """Return the names that are in the way of a unit that comes to ``stem``, compared as keys.

        They are the base and a dot, or the base and one of ``tails``. A folder that cannot be read shows
        none: the kernel refuses what is taken.
        """
        folder, base = os.path.split(stem)
        keys, key = self._keys_in(folder), path_key(base)
        found = _beginning_with(keys, key + ".")
        for tail in tails:
            whole = path_key(base + tail)
            if not whole.startswith(key + "."):
                found += [name for name in _beginning_with(keys, whole) if path_key(name) == whole]
        return found

    def base_in(self, folder: bytes, stem: bytes, video: bytes) -> bytes | None:
        """Return how the base of the unit at ``stem`` is spelled in ``folder``; None if it is not there.

        It is there under another name of the folder, or of the video, where the disk does not tell those
        names apart.
        """
        home, name = os.path.split(video)
        if not self._is_one(home, folder):
            return None
        names = self.names(folder)
        at = bisect.bisect_left(names, name)
        if at < len(names) and names[at] == name:
            return os.path.basename(stem)
        for listed in _beginning_with(self._keys_in(folder), path_key(name)):
            if self._is_one(os.path.join(folder, listed), video):
                return listed[: len(listed) - len(video) + len(stem)]
        return None

    def _is_one(self, path: bytes, other: bytes) -> bool:
        """Say whether two names lead to one file or folder."""
        if path == other:
            return True
        try:
            return os.path.samefile(self.library.at(path), self.library.at(other))
        except OSError:
            return False

    def _keys_in(self, folder: bytes) -> list[tuple[str, bytes]]:
        if folder not in self._keys:
            try:
                self._keys[folder] = sorted((path_key(name), name) for name in self.names(folder))
            except FileOutcome:
                return []
        return self._keys[folder]


def missing_folders(library: LibraryRoot, folder: bytes) -> list[bytes]:
    """Return ``folder`` and those above it that are not there, outermost first."""
    parts = folder.split(b"/") if folder else []
    ways = (b"/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
    return [way for way in ways if not os.path.isdir(library.at(way))]


def _beginning_with(keys: list[tuple[str, bytes]], beginning: str) -> list[bytes]:
    start = end = bisect.bisect_left(keys, (beginning, b""))
    while end < len(keys) and keys[end][0].startswith(beginning):
        end += 1
    return [name for _key, name in keys[start:end]]
