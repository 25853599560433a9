"""What a torrent client in another process has to be able to do; the port is made of that (``remote``)."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from seiton.adapters.torrents.port import TorrentSource, TransferState
from seiton.domain.contents import TorrentFile

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A torrent as the client tells of it. ``own_id`` is the client's name for it; ``folder`` is where the
    paths of its files begin and ``content_path`` the file or folder it consists of, both as the client calls
    them, ``None`` while the metadata is not there. ``size`` and ``downloaded`` are bytes of what is wanted.
    """

    own_id: str
    state: TransferState
    progress: float
    size: int
    downloaded: int
    folder: str | None
    content_path: str | None
    error: str | None = None
    uploaded: int = 0
    seeding_seconds: float = 0.0


class Program(Protocol):
    """One kind of client, by its own library. Every call may raise ``ClientAway`` or a kind of it, and none
    does more than a few requests, however many torrents there are. Not thread-safe.
    """

    kind: str
    oldest: Version  #: that works
    newest: Version  #: that was tried
    keeps_data: bool  #: ``remove`` cannot delete files
    needs_folder: bool  #: the folder has to be there when a torrent is added

    def version(self) -> str:
        """Return the version; log in, if need be."""

    def look(self, hashes: Collection[str]) -> dict[str, Seen]:
        """Return what there is of ``hashes``."""

    def example(self) -> Seen | None:
        """Return a torrent of ours that is complete, if there is one."""

    def add(self, source: TorrentSource, folder: str) -> None:
        """Have it download into ``folder`` and seed. Raises ``TorrentRefused``."""

    def files(self, seen: Seen) -> tuple[TorrentFile, ...]:
        """Return the wanted files, their paths relative to ``seen.folder``."""

    def remove(self, seen: Seen, *, delete_data: bool) -> None:
        """Forget a torrent, and its files unless ``keeps_data``."""

    def pause(self, seen: Seen) -> None:
        """Stop a transfer."""

    def resume(self, seen: Seen) -> None:
        """Go on with one."""

    def listen(self, callback: Callable[[str], None]) -> None:
        """Call ``callback`` with an info hash when something happens to it, if the client tells that."""

    def cautions(self) -> list[str]:
        """Return sentences on settings of the client that would get into Seiton's way."""

    def close(self) -> None:
        """Let go of it."""


def known_files(files: Sequence[tuple[int, str, int]]) -> tuple[TorrentFile, ...]:
    """Return files made of ``(index, path, size)`` as libraries give them."""
    return tuple(TorrentFile(index=index, path=os.fsencode(path), size=size) for index, path, size in files)
