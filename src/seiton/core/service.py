"""What every use case of Core needs: its database, the services it talks to, its clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Protocol
from urllib.parse import urlsplit

from seiton.adapters.chinese import to_traditional
from seiton.adapters.database import CHUNK, Database
from seiton.adapters.http import WebClient
from seiton.adapters.metadata.bangumi import Bangumi
from seiton.adapters.neighbours import Standing
from seiton.adapters.notifications.port import Notifier
from seiton.adapters.torrents.port import TorrentClient
from seiton.contract import (
    ItemReceipt,
    LibraryCheck,
    LibraryCheckPart,
    LibraryRepair,
    LibraryRepaired,
    PlanAnswer,
    ViewerBatch,
    ViewerFiles,
    ViewerFilesRequest,
    ViewerPlanRequest,
    ViewerRemoval,
    ViewerScan,
    ViewerScanRequest,
    ViewerSyncRequest,
)
from seiton.domain.consent import Brake
from seiton.domain.states import ModuleType


class ViewerPort(Protocol):
    """A viewer in this process or over HTTP. Every call may raise ``Unavailable``: then nobody knows."""

    def sync(self, requests: Sequence[ViewerSyncRequest]) -> list[ItemReceipt]:
        """Ask to file finished downloads."""

    def resync(self, batch: ViewerBatch) -> list[ItemReceipt]:
        """Ask to bring filed episodes to their new names."""

    def plan(self, request: ViewerPlanRequest) -> PlanAnswer:
        """Ask what a resync would do. Writes nothing."""

    def remove(self, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
        """Ask to put files into the trash, or to delete them there."""

    def files(self, request: ViewerFilesRequest) -> ViewerFiles:
        """Ask what the library has of downloads. Writes nothing."""

    def check(self, request: LibraryCheck) -> LibraryCheckPart:
        """Ask where records and disk differ, part by part. Writes nothing."""

    def repair(self, request: LibraryRepair) -> LibraryRepaired:
        """Ask to mend findings of a check."""

    def scan(self, request: ViewerScanRequest) -> ViewerScan:
        """Ask what lies below a folder, a part of it. Writes nothing."""


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


class Progress:
    """Lets a request wait for work in the background without asking the database again and again."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._listeners: set[Callable[[], None]] = set()
        self.is_over = False

    def announce(self) -> None:
        """Say that something finished."""
        with self._changed:
            self._changed.notify_all()
            listeners = tuple(self._listeners)
        for tell in listeners:
            tell()

    def close(self) -> None:
        """Say that there will be no more news, so that nobody goes on listening."""
        self.is_over = True
        self.announce()

    @contextmanager
    def heard(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call ``tell``, which returns at once, at every announcement until the block ends."""
        with self._changed:
            self._listeners.add(tell)
        try:
            yield
        finally:
            with self._changed:
                self._listeners.discard(tell)

    def wait(self, is_done: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until ``is_done()`` at an announcement, at most ``timeout_s`` seconds."""
        deadline = monotonic() + timeout_s
        with self._changed:
            while not is_done():
                left = deadline - monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))
        return True


@dataclass(slots=True, kw_only=True)
class Core:
    """Core's collaborators.

    ``wake(job, key)`` asks for another look soon, from another thread; ``answer_wait_s`` is how long the
    answer to an edit waits for the reparse, longer ones go on as a job; ``chunk`` is how many titles are
    parsed again in one transaction. ``built_in``: what needs no registered module. ``public_url``: where
    modules reach Core; ``None``: where each of them reached it when it registered. ``service_token``: what
    modules of ours that know it are asked with. ``brake``: how much may
    happen without a person's confirmation. ``free_bytes``: room for downloads, if known. ``neighbours``: how
    the programs beside Seiton are that registered nowhere. ``bangumi``: where facts come from, if from
    anywhere; ``mikan_url``: where Mikan's pages are.
    ``notifiers`` are told what happened; ``reread_notifiers`` gives those that the settings name by now.
    """

    database: Database
    instance_id: str
    viewer: ViewerPort
    torrents: TorrentClient
    web: WebClient
    downloads_folder: str
    callback_url: str
    max_feed_bytes: int
    wake: Callable[[str, str], None]
    now: Callable[[], datetime] = utc_now
    answer_wait_s: float = 5.0
    chunk: int = CHUNK
    progress: Progress = field(default_factory=Progress)
    built_in: frozenset[ModuleType] = frozenset(ModuleType)
    public_url: str | None = None
    service_token: str | None = None
    free_bytes: Callable[[], int | None] = lambda: None
    neighbours: Callable[[], Sequence[Standing]] = tuple
    brake: Brake = field(default_factory=Brake)
    bangumi: Bangumi | None = None
    mikan_url: str | None = None
    to_traditional: Callable[[str], str] = to_traditional
    notifiers: tuple[Notifier, ...] = ()
    reread_notifiers: Callable[[], tuple[Notifier, ...]] | None = None


def trust_feed(core: Core, url: str) -> None:
    """Count the host of a feed as configured, at every port: a feed at home links to its neighbours."""
    host = urlsplit(url).hostname
    if host:
        core.web.policy.allow(host)
