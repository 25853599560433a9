"""One torrent of the embedded client: what it may do, what lies on the disk, how it is doing.

Nothing of others is overwritten. libtorrent writes into whatever file has the right name, and two
releases of one work often use the same names; a file of the first may be linked into a library by the time
the second arrives. So a new torrent gets libtorrent's *upload mode*, in which metadata is fetched and
existing files are checked but nothing is written, until it is known that nothing of others lies in its
way; and a complete torrent goes back to upload mode for ever.
"""

from __future__ import annotations

import os
import stat
from typing import cast

import libtorrent as lt

from seiton.adapters.torrents.port import TorrentRefused, TorrentStatus, TransferState
from seiton.adapters.torrents.records import Record, Stage
from seiton.adapters.torrents.torrent_file import content_files, names_of
from seiton.domain.contents import TorrentFile
from seiton.text import _

_CHECKING = (
    lt.torrent_status.checking_files,
    lt.torrent_status.checking_resume_data,
    lt.torrent_status.queued_for_checking,
)


class Transfer:
    """A torrent in the session, or (``handle`` is None) one that waits for its vanished files.

    Not thread-safe: the client's lock is held by whoever calls.
    """

    __slots__ = (
        "_content",
        "cleared",
        "disk_fault",
        "fault",
        "flushed",
        "flushing",
        "handle",
        "info_hash",
        "names",
        "params",
        "paused",
        "stage",
    )

    def __init__(self, record: Record) -> None:
        self.info_hash = record.info_hash
        self.stage = record.stage
        self.paused = record.paused
        self.params = record.params
        self.names = frozenset({record.info_hash, *names_of(record.params.info_hashes)})
        self.handle: lt.torrent_handle | None = None
        self.cleared = False  #: nothing lies in the way; not yet remembered
        self.fault: str | None = None  #: why it will not be downloaded
        self.disk_fault: str | None = None  #: what libtorrent said of the disk last
        self.flushing = False  #: finished; the last bytes are being written
        self.flushed = False  #: they are written
        self._content: tuple[TorrentFile, ...] | None = None

    @property
    def save_path(self) -> bytes:
        return self.params.save_path.encode()

    def record(self, params: lt.add_torrent_params, stage: Stage) -> Record:
        """Return what there is to remember, with libtorrent's ``params`` as of now."""
        return Record(info_hash=self.info_hash, stage=stage, paused=self.paused, params=params)

    def start(self, session: lt.session) -> bool:
        """Put the torrent into ``session``; False if files that it had are not there."""
        if self.stage is not Stage.NEW and self.missing():
            return False
        flags = lt.torrent_flags
        self.params.flags &= ~(flags.paused | flags.auto_managed | flags.upload_mode | flags.seed_mode)
        self.params.flags &= ~(flags.stop_when_ready | flags.duplicate_is_error)
        if self.stage is not Stage.ADMITTED:
            self.params.flags |= flags.upload_mode
        elif not self.paused:
            self.params.flags |= flags.auto_managed
        if self.paused:
            self.params.flags |= flags.paused
        elif self.stage is Stage.NEW and self.params.ti is not None:
            # It meets nobody before it may write: in upload mode seeds hang up, and some never come back.
            self.params.flags |= flags.stop_when_ready
        self.handle = session.add_torrent(self.params)
        return True

    def set_running(self) -> None:
        """Tell libtorrent what ``stage`` and ``paused`` say."""
        handle, flags = cast("lt.torrent_handle", self.handle), lt.torrent_flags
        if self.stage is Stage.ADMITTED:
            handle.unset_flags(flags.upload_mode)
        else:
            handle.set_flags(flags.upload_mode)
        if self.paused or self.stage is not Stage.ADMITTED:
            # libtorrent takes queued torrents out of upload mode by itself after a while.
            handle.unset_flags(flags.auto_managed)
        else:
            handle.set_flags(flags.auto_managed)
        if self.paused:
            handle.pause()
        else:
            handle.resume()

    def content(self) -> tuple[TorrentFile, ...]:
        """Return the files, () while they are not known. Raises ``TorrentRefused``."""
        if self._content is None:
            info = self.handle.torrent_file() if self.handle is not None else self.params.ti
            if info is None:
                return ()
            renamed = self.params.renamed_files
            if self.handle is not None:
                renamed = self.handle.get_renamed_files().export_filenames(info.layout())
            self._content = content_files(info, renamed)
        return self._content

    def known_files(self) -> tuple[TorrentFile, ...]:
        """Return the files, () while they are not known or where their names are refused."""
        try:
            return self.content()
        except TorrentRefused:
            return ()

    def path_of(self, file: TorrentFile) -> bytes:
        return os.path.join(self.save_path, file.path)

    def in_the_way(self) -> bytes | None:
        """Return the path of a file on the disk that is not wholly this torrent's, after checking."""
        progress = cast("lt.torrent_handle", self.handle).file_progress()
        for file in self.content():
            if progress[file.index] != file.size and os.path.lexists(self.path_of(file)):
                return self.path_of(file)
        return None

    def missing(self) -> bytes | None:
        """Return the path of a file that should be there and is not.

        Of a complete torrent every file, with its full size; otherwise those with a byte in a piece that
        was downloaded when the torrent was last remembered.
        """
        have = _have(self.params)
        piece_length = self.params.ti.piece_length() if self.params.ti is not None else 1
        layout = self.params.ti.layout() if self.params.ti is not None else None
        for file in self.content():
            if self.stage is Stage.COMPLETE:
                if _size(self.path_of(file)) != file.size:
                    return self.path_of(file)
            elif layout is not None and file.size and _size(self.path_of(file)) is None:
                first = layout.file_offset(file.index) // piece_length
                last = (layout.file_offset(file.index) + file.size - 1) // piece_length
                if any(have[first : last + 1]):
                    return self.path_of(file)
        return None

    def sync(self) -> bytes | None:
        """Bring what was written to the disk; return the path of a file that is not there in full length."""
        short = None
        for file in self.content():
            path = self.path_of(file)
            try:
                opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                short = short or path
                continue
            try:
                os.fsync(opened)
                if os.fstat(opened).st_size != file.size:
                    short = short or path
            finally:
                os.close(opened)
        return short

    def status(self) -> TorrentStatus:
        """Look at libtorrent and, for complete torrents, at the disk."""
        if self.handle is None:
            return self._absent()
        seen = self.handle.status(0)
        state, error = self._state(seen)
        complete = state is TransferState.COMPLETED
        return TorrentStatus(
            info_hash=self.info_hash,
            state=state,
            progress=1.0 if complete else min(max(seen.progress, 0.0), 1.0),
            size=seen.total_wanted,
            downloaded=seen.total_wanted if complete else seen.total_wanted_done,
            content_path=self._content_path(),
            error=error,
            uploaded=seen.all_time_upload,
            seeding_seconds=seen.seeding_duration.total_seconds(),
        )

    def _absent(self) -> TorrentStatus:
        size = sum(file.size for file in self.content())
        have = _have(self.params)
        progress = sum(have) / len(have) if have else 0.0
        return TorrentStatus(
            info_hash=self.info_hash,
            state=TransferState.MISSING_FILES,
            progress=progress,
            size=size,
            downloaded=int(size * progress),
            content_path=self._content_path(),
            error=gone(self.missing() or self.save_path),
        )

    def _state(self, seen: lt.torrent_status) -> tuple[TransferState, str | None]:
        if self.fault is not None:
            return TransferState.ERROR, self.fault
        if self.stage is Stage.COMPLETE:
            path = self.missing()
            return (TransferState.MISSING_FILES, gone(path)) if path else (TransferState.COMPLETED, None)
        if seen.errc.value():
            return TransferState.ERROR, self.disk_fault or seen.errc.message()
        if self.stage is Stage.ADMITTED and seen.flags & lt.torrent_flags.upload_mode:
            # A write failed (full disk); libtorrent tries again every few minutes.
            return TransferState.ERROR, self.disk_fault
        if seen.is_finished and self.disk_fault:
            return TransferState.MISSING_FILES, self.disk_fault
        if self.paused:
            return TransferState.PAUSED, None
        if seen.state == lt.torrent_status.downloading_metadata:
            return TransferState.METADATA, None
        if seen.state in _CHECKING or self.stage is Stage.NEW or seen.is_finished:
            # Complete is what has been remembered as complete: the last bytes are being synced.
            return TransferState.CHECKING, None
        if seen.flags & lt.torrent_flags.paused:
            return TransferState.QUEUED, None
        return TransferState.DOWNLOADING, None

    def _content_path(self) -> str | None:
        files = self.known_files()
        if not files:
            return None
        return os.path.join(self.save_path, files[0].path.split(b"/")[0]).decode()


def is_downloaded(params: lt.add_torrent_params) -> bool:
    """Say whether resume data knows every piece to be there."""
    have = _have(params)
    return bool(have) and all(have)


def _have(params: lt.add_torrent_params) -> list[bool]:
    """Return a bool for each piece, [] if it is not known; the bit field is padded to whole bytes."""
    have = params.have_pieces
    pieces = params.ti.num_pieces() if params.ti is not None else 0
    return have[:pieces] if len(have) >= pieces else []


def _size(path: bytes) -> int | None:
    try:
        seen = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    return seen.st_size if stat.S_ISREG(seen.st_mode) else None


def gone(path: bytes) -> str:
    """Say that a file that was downloaded is not there."""
    return _("The downloaded file {path} is gone, or not as long as it was.", path=os.fsdecode(path))
