"""A torrent client in another process: the port, over whatever the client's own library can do.

The client is asked what it has by one call for all torrents. What it says is complete is looked at on the
disk: clients do not notice when a file is moved away under them.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Collection
from typing import TypeVar

from seiton.adapters.neighbours import Neighbour, Standing
from seiton.adapters.torrents.faults import not_like, numbers_of
from seiton.adapters.torrents.leftovers import erase
from seiton.adapters.torrents.path_map import PathMap
from seiton.adapters.torrents.port import (
    Added,
    ClientAway,
    ClientRefuses,
    ClientUnfit,
    TorrentRefused,
    TorrentSource,
    TorrentStatus,
    TransferState,
)
from seiton.adapters.torrents.program import Program, Seen
from seiton.adapters.torrents.torrent_file import key_of, names_of, params_of
from seiton.adapters.torrents.transfer import gone
from seiton.domain.contents import TorrentFile, hostile
from seiton.domain.states import NeighbourState
from seiton.errors import NotFound
from seiton.text import _

log = logging.getLogger(__name__)

R = TypeVar("R")

_RUNNING = frozenset({TransferState.QUEUED, TransferState.METADATA, TransferState.DOWNLOADING})
PATIENCE_S = 15.0
"""Clients take a moment until they show what they took, or no longer show what they gave up."""


class RemoteClient:
    """A ``TorrentClient`` that speaks with a ``Program`` at ``address`` (which has no secrets)."""

    def __init__(
        self,
        program: Program,
        address: str,
        *,
        paths: PathMap | None = None,
        neighbour: Neighbour | None = None,
    ) -> None:
        self._program = program
        self._paths = paths or PathMap()
        self._neighbour = neighbour or Neighbour(program.kind, address)
        self._lock = threading.Lock()
        self._met = False

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        """See ``TorrentClient``. The client's answer is not believed, but what it has afterwards."""
        hashes = params_of(source).info_hashes
        key, names = key_of(hashes), names_of(hashes)
        if self._look(names):
            return Added(info_hash=key, existed=True)
        if self._program.needs_folder:
            _make_like_parent(os.path.abspath(save_path))
        folder = self._paths.there(os.path.abspath(save_path))
        try:
            self._ask(lambda: self._program.add(source, folder))
        except TorrentRefused:
            if self._look(names):  # somebody was faster
                return Added(info_hash=key, existed=True)
            raise
        if not _within_patience(lambda: bool(self._look(names))):
            raise ClientAway(
                _("{name} took {info_hash}, but does not show it.", name=self._program.kind, info_hash=key)
            )
        return Added(info_hash=key, existed=False)

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        """See ``TorrentClient``. One question for all, and a look at the disk for those that are complete."""
        return {name: self._status(name, seen) for name, seen in self._look(hashes).items()}

    def files(self, info_hash: str) -> tuple[TorrentFile, ...]:
        """See ``TorrentClient``."""
        return self._files(info_hash, self._known(info_hash))

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        """See ``TorrentClient``."""
        seen = self._look([info_hash]).get(info_hash)
        if seen is None:
            return
        left = self._own_paths(info_hash, seen) if delete_data and self._program.keeps_data else []
        self._ask(lambda: self._program.remove(seen, delete_data=delete_data))
        if not _within_patience(lambda: not self._look([info_hash])):
            message = _(
                "{name} does not let go of {info_hash}.", name=self._program.kind, info_hash=info_hash
            )
            raise ClientAway(message)
        if left and seen.folder:
            erase(self._paths.here(seen.folder), left, info_hash)

    def pause(self, info_hash: str) -> None:
        """See ``TorrentClient``. Ends when it stands still: a client that is stopped before may forget it."""
        seen = self._known(info_hash)
        self._ask(lambda: self._program.pause(seen))
        if not _within_patience(lambda: self._known(info_hash).state not in _RUNNING):
            message = _("{name} does not stop {info_hash}.", name=self._program.kind, info_hash=info_hash)
            raise ClientAway(message)

    def resume(self, info_hash: str) -> None:
        """See ``TorrentClient``."""
        seen = self._known(info_hash)
        self._ask(lambda: self._program.resume(seen))

    def on_change(self, callback: Callable[[str], None]) -> None:
        """See ``TorrentClient``."""
        self._program.listen(callback)

    def close(self) -> None:
        """See ``TorrentClient``."""
        self._program.close()

    def standing(self) -> Standing:
        """Return how the client is; asks nothing."""
        return self._neighbour.standing()

    def meet(self) -> str:
        """Return the client's version, as it says it. Raises ``ClientAway`` and its kinds."""
        return self._ask(self._program.version)

    def cautions(self) -> list[str]:
        """Return what of the client's settings, and its version, is not as it should be."""
        found = self._ask(self._program.cautions)
        standing = self.standing()
        if (
            standing.version
            and numbers_of(standing.version)[: len(self._program.newest)] > self._program.newest
        ):
            newest = ".".join(map(str, self._program.newest))
            found.append(_("Seiton was tried with versions up to {newest}.", newest=newest))
        return found

    def example(self) -> tuple[str, str] | None:
        """Return the path of a file that the client says is complete, by its name here and there."""
        seen = self._ask(self._program.example)
        if seen is None or seen.folder is None:
            return None
        files = self._ask(lambda: self._program.files(seen))
        paths = [os.path.join(seen.folder, os.fsdecode(file.path)) for file in files]
        return (self._paths.here(paths[0]), paths[0]) if paths else None

    def _look(self, hashes: Collection[str]) -> dict[str, Seen]:
        return self._ask(lambda: self._program.look(hashes)) if hashes else {}

    def _known(self, info_hash: str) -> Seen:
        seen = self._look([info_hash]).get(info_hash)
        if seen is None:
            raise NotFound(_("The torrent client does not know {info_hash}.", info_hash=info_hash))
        return seen

    def _ask(self, call: Callable[[], R]) -> R:
        """Ask, one request after the other, unless it is too early after a fault. Raises ``ClientAway``."""
        with self._lock:
            self._neighbour.check()
            version = None
            try:
                if not self._met:
                    version = self._meet()
                answer = call()
            except ClientAway as fault:
                self._met = False
                self._neighbour.failed(fault, _state_after(fault))
                raise
            self._met = True
            self._neighbour.is_well(version)
            return answer

    def _meet(self) -> str:
        version = self._program.version()
        found = numbers_of(version)
        if not found:
            raise not_like(self._program.kind, self._neighbour.address)
        if found < self._program.oldest:
            message = _(
                "{name} at {address} is {found}; Seiton needs {oldest} or later.",
                name=self._program.kind,
                address=self._neighbour.address,
                found=version,
                oldest=".".join(map(str, self._program.oldest)),
            )
            raise ClientUnfit(message)
        return version

    def _status(self, info_hash: str, seen: Seen) -> TorrentStatus:
        state, error = seen.state, seen.error
        content_path = self._paths.here(seen.content_path) if seen.content_path else None
        if state is TransferState.COMPLETED and content_path is not None:
            missing = self._missing(info_hash, seen, content_path)
            if missing is not None:
                state, error = TransferState.MISSING_FILES, missing
        is_complete = state is TransferState.COMPLETED
        return TorrentStatus(
            info_hash=info_hash,
            state=state,
            progress=1.0 if is_complete else min(max(seen.progress, 0.0), 1.0),
            size=seen.size,
            downloaded=seen.size if is_complete else seen.downloaded,
            content_path=content_path,
            error=error if state in (TransferState.ERROR, TransferState.MISSING_FILES) else None,
            uploaded=seen.uploaded,
            seeding_seconds=seen.seeding_seconds,
            folder=self._paths.here(seen.folder) if seen.folder else None,
        )

    def _missing(self, info_hash: str, seen: Seen, content_path: str) -> str | None:
        """Say which file of a complete torrent is not there. Its files are asked for only if what lies at the
        content path is not as long as the torrent.
        """
        if _length(content_path, seen.size) >= seen.size and os.path.lexists(content_path):
            return None
        if seen.folder and not os.path.isdir(self._paths.here(seen.folder)):
            return _(
                "{name} says that it lies in {folder}, which is not there. If that folder has another name"
                " here, say so in torrent_client.path_map.",
                name=self._program.kind,
                folder=seen.folder,
            )
        for file, path in self._own_paths(info_hash, seen):
            if _file_length(path) != file.size:
                return gone(os.fsencode(path))
        return None

    def _own_paths(self, info_hash: str, seen: Seen) -> list[tuple[TorrentFile, str]]:
        """Return the files with their paths here."""
        folder = self._paths.here(seen.folder or "")
        return [(file, os.path.join(folder, os.fsdecode(file.path))) for file in self._files(info_hash, seen)]

    def _files(self, info_hash: str, seen: Seen) -> tuple[TorrentFile, ...]:
        if seen.content_path is None:
            return ()
        files = self._ask(lambda: self._program.files(seen))
        for file in files:
            if hostile(file.path) is not None:
                log.warning("torrent %s has a file that would leave its folder: %r", info_hash, file.path)
                return ()
        return tuple(file for file in files if not _is_padding(file.path))


def _state_after(fault: ClientAway) -> NeighbourState:
    if isinstance(fault, ClientRefuses):
        return NeighbourState.REFUSED
    return NeighbourState.UNFIT if isinstance(fault, ClientUnfit) else NeighbourState.AWAY


def _make_like_parent(folder: str) -> None:
    """Make a folder in which whoever writes beside it may write, too. Left undone where that is refused."""
    try:
        os.makedirs(folder)
        beside = os.stat(os.path.dirname(folder))
        os.chmod(folder, stat.S_IMODE(beside.st_mode))
        os.chown(folder, beside.st_uid, beside.st_gid)
    except OSError as error:
        log.debug("%s is left to the client: %s", folder, error.strerror)


def _within_patience(look: Callable[[], bool]) -> bool:
    end, pause = time.monotonic() + PATIENCE_S, 0.02
    while not look():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(pause * 2, 0.5)
    return True


def _is_padding(path: bytes) -> bool:
    """Say whether a file is only there to align the next one (BEP 47); clients list them as files."""
    name = path.rsplit(b"/", 1)[-1]
    return name.startswith(b"_____padding_file") or (b".pad" in path.split(b"/")[:-1] and name.isdigit())


def _length(path: str, enough: int) -> int:
    """Return the bytes of a file, or of all files below a folder, counting no further than ``enough``."""
    if not os.path.isdir(path):
        return _file_length(path) or 0
    total = 0
    for at, _folders, names in os.walk(path):
        for name in names:
            total += _file_length(os.path.join(at, name)) or 0
            if total >= enough:
                return total
    return total


def _file_length(path: str) -> int | None:
    try:
        seen = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return seen.st_size if stat.S_ISREG(seen.st_mode) else None
