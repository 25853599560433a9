"""What every use case of the Viewer needs: its database, its library, its way to report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from seiton.adapters.database import Database
from seiton.adapters.files import LibraryRoot, LinkMode, below
from seiton.adapters.servers.port import MediaServer
from seiton.contract import ViewerSyncCallback
from seiton.domain.naming import NamingProfile


class CorePort(Protocol):
    """Where reports go: a Core in this process or over HTTP."""

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        """Deliver ``(callback_url, callback)`` pairs; say for each whether Core has taken it."""

    def picture(self, url: str, core_instance: str, name: str) -> bytes | None:
        """Return the poster that a core calls ``name`` and has at ``url``; ``None``: not to be had now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How a library is kept, by the settings. ``naming`` is for files whose requests bring none along."""

    naming: NamingProfile = field(default_factory=NamingProfile)
    link_mode: LinkMode = LinkMode.AUTO
    allow_copy: bool = False
    reserve_bytes: int = 256 * 1024 * 1024


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


@dataclass(slots=True, kw_only=True)
class Viewer:
    """One library and the records about it.

    ``wake`` asks for another look (``converge``, ``report``, ``pictures``, ``servers``) soon, from another
    thread; ``now`` is the clock. Steps are recorded, flushed and settled in chunks of ``chunk_steps``: 500
    videos whose NFO changes. ``servers`` read the library. ``movies_root`` is the folder
    for films, if there is one.
    """

    database: Database
    root: bytes
    download_roots: tuple[bytes, ...]
    profile: Profile
    core: CorePort
    wake: Callable[[str], None]
    now: Callable[[], datetime] = utc_now
    chunk_steps: int = 1500
    servers: tuple[MediaServer, ...] = ()
    movies_root: bytes | None = None
    _library: LibraryRoot | None = None

    def at(self, relative: bytes) -> bytes:
        """Return the absolute path of one on record, whether the library is there now or not."""
        return below(self.root, self.movies_root, relative)

    def library(self) -> LibraryRoot:
        """Open the library, or raise ``LibraryAway``: not there, or another one is mounted in its place."""
        if self._library is None:
            from seiton.viewer.library import open_library

            self._library = open_library(self)
        self._library.check()
        return self._library
