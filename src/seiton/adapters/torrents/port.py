"""What Seiton asks of a torrent client, whichever one it is.

A client is addressed by info hash: 40 lower-case hex digits, that of BitTorrent v1, or for torrents
that only know v2 the first 20 bytes of its hash.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from seiton.domain.contents import TorrentFile
from seiton.errors import SeitonError, Unavailable


class ClientAway(Unavailable):
    """The torrent client cannot be reached."""

    code = "client_away"


class ClientRefuses(ClientAway):
    """The torrent client does not take the user name and password."""

    code = "client_refuses"


class ClientUnfit(ClientAway):
    """Seiton cannot work with this version of the torrent client."""

    code = "client_unfit"


class Refusal(StrEnum):
    """Why a torrent is not taken."""

    BAD_FILE = "bad_file"  #: not a .torrent file
    BAD_MAGNET = "bad_magnet"  #: not a magnet link, or one without an info hash
    TOO_LARGE = "too_large"  #: more bytes or files than are believed
    HOSTILE_PATH = "hostile_path"  #: a file name that leads out of the download folder
    WRONG_HASH = "wrong_hash"  #: another torrent than the one that was expected
    REFUSED = "refused"  #: the client says no


class TorrentRefused(SeitonError):
    """The torrent cannot be taken; trying again would not help."""

    status = 422
    code = "torrent_refused"

    def __init__(self, reason: Refusal, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class TransferState(StrEnum):
    """Where a transfer stands, in words that fit every client."""

    QUEUED = "queued"  #: waits for its turn
    METADATA = "metadata"  #: a magnet whose file list is not known yet
    CHECKING = "checking"  #: the client looks at what is on the disk
    DOWNLOADING = "downloading"
    PAUSED = "paused"  #: stopped by request before it was complete
    COMPLETED = "completed"  #: all wanted bytes are on the disk; seeding or stopped
    ERROR = "error"  #: cannot go on; ``TorrentStatus.error`` says why
    MISSING_FILES = "missing_files"  #: the data was there and is gone


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentSource:
    """Where a torrent comes from: a magnet link, or the bytes of a .torrent file that we fetched.

    ``content`` is preferred where both are given. ``info_hash`` is what the feed promised, if it did.
    ``url`` is the link itself, for clients that fetch. ``hash_is_ours``: no torrent, so ``info_hash`` is only
    a name that we gave it.
    """

    magnet: str | None = None
    content: bytes | None = None
    info_hash: str | None = None
    url: str | None = None
    hash_is_ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Answer to ``add``. ``existed``: the client had this torrent already, nothing was changed."""

    info_hash: str
    existed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentStatus:
    """One look at one transfer.

    ``progress`` is 0..1 of the wanted bytes, ``size`` and ``downloaded`` are bytes (0 until a magnet's
    metadata is there). ``content_path`` is the file, or the folder, that the torrent consists of, as this
    process sees it. ``error`` is a sentence for people, set with ``ERROR`` and ``MISSING_FILES``. ``folder``
    is where the paths of ``files`` begin; ``None``: at the save path that was asked for. ``uploaded`` are
    bytes over all sessions, ``seeding_seconds`` the time since it was complete that the client was at work.
    """

    info_hash: str
    state: TransferState
    progress: float
    size: int
    downloaded: int
    content_path: str | None
    error: str | None = None
    uploaded: int = 0
    seeding_seconds: float = 0.0
    folder: str | None = None


class TorrentClient(Protocol):
    """A torrent client. Every call may raise ``ClientAway``; after that its outcome is not known."""

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        """Begin to download ``source`` into the folder ``save_path``, unless the client has it already.

        Returns the real info hash. Raises ``TorrentRefused``.
        """

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        """Look at the named torrents. One that the client does not know is absent from the answer."""

    def files(self, info_hash: str) -> tuple[TorrentFile, ...]:
        """Return the files, their paths relative to the save path; empty until the metadata is there.

        Raises ``NotFound``.
        """

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        """Forget a torrent, with or without its files. An unknown one is no error."""

    def pause(self, info_hash: str) -> None:
        """Stop a transfer until ``resume``. Raises ``NotFound``."""

    def resume(self, info_hash: str) -> None:
        """Go on with a transfer that was paused or had an error. Raises ``NotFound``."""

    def on_change(self, callback: Callable[[str], None]) -> None:
        """Call ``callback`` with an info hash when there is something new to see by ``status``.

        The call comes from a thread of the client. It is a hint: it may come twice, and clients
        without events never call, so that callers poll besides. It must return at once and may look
        (``status``, ``files``), but neither ``remove`` nor ``close``.
        """

    def close(self) -> None:
        """Let go of the client. What it downloads goes on, or resumes at the next start."""
