"""The torrent client inside Seiton's own process: libtorrent.

A torrent is remembered on the disk before libtorrent hears of it, and is complete only once that, too, is
remembered and its bytes are synced. So a process killed at any time loses no torrent, and never reports a
file that a power cut could still take away.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection

import libtorrent as lt

from seiton.adapters.torrents.caretaker import Caretaker
from seiton.adapters.torrents.port import (
    Added,
    ClientAway,
    Refusal,
    TorrentRefused,
    TorrentSource,
    TorrentStatus,
)
from seiton.adapters.torrents.records import Record, Records, Stage
from seiton.adapters.torrents.session import open_session
from seiton.adapters.torrents.torrent_file import key_of, names_of, params_of
from seiton.adapters.torrents.transfer import Transfer
from seiton.domain.contents import TorrentFile
from seiton.errors import NotFound
from seiton.text import _

log = logging.getLogger(__name__)

_CLOSE_SECONDS = 5.0
_DELETE_SECONDS = 30.0


class EmbeddedClient:
    """A ``TorrentClient`` with everything in this process; its memory is ``<data_folder>/torrents``.

    ``port`` 0 takes any free one; ``listen`` are comma-separated addresses, IPv6 in brackets.
    Raises ``ClientAway`` if another process uses the folder or it cannot be written.
    """

    def __init__(
        self,
        data_folder: str,
        *,
        port: int = 0,
        listen: str = "0.0.0.0,[::]",
        loopback_only: bool = False,
    ) -> None:
        self._records = Records(os.path.join(data_folder, "torrents"))
        try:
            self._session = open_session(port=port, listen=listen, loopback_only=loopback_only)
        except RuntimeError as error:
            self._records.close()
            raise ClientAway(str(error)) from error
        self._caretaker = Caretaker(self._session, self._records)
        self._lock = self._caretaker.lock
        self._known = self._caretaker.known
        self._closed = False
        for record in self._records.read_all():
            self._take_up(Transfer(record))
        self._caretaker.start()

    @property
    def port(self) -> int:
        """The port that peers can connect to."""
        return self._session.listen_port()

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        """See ``TorrentClient``. A name that is taken on the disk shows later, as ``ERROR``."""
        params = params_of(source)
        try:
            params.save_path = os.path.abspath(save_path).encode().decode()
        except UnicodeError as error:
            raise ClientAway(_("The download folder {path!r} is not UTF-8.", path=save_path)) from error
        key = key_of(params.info_hashes)
        with self._lock:
            self._check_open()
            known = self._known.find(names_of(params.info_hashes))
            if known:
                return Added(info_hash=known.info_hash, existed=True)
            record = Record(info_hash=key, stage=Stage.NEW, paused=False, params=params)
            self._records.write(record)
            transfer = Transfer(record)
            try:
                transfer.start(self._session)
            except RuntimeError as error:
                self._records.forget(key)
                raise TorrentRefused(Refusal.REFUSED, str(error)) from error
            self._known.enter(transfer)
        return Added(info_hash=key, existed=False)

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        """See ``TorrentClient``."""
        found = {}
        for name in hashes:
            with self._lock:
                self._check_open()
                transfer = self._known.find((name,))
                if transfer is None:
                    continue
                if transfer.handle is None:
                    # The files may be back, or their disk be mounted again.
                    transfer.start(self._session)
                found[name] = transfer.status()
        return found

    def files(self, info_hash: str) -> tuple[TorrentFile, ...]:
        """See ``TorrentClient``."""
        with self._lock:
            return self._named(info_hash).known_files()

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        """See ``TorrentClient``. Files of a torrent that was never let write are not its own and stay."""
        with self._lock:
            self._check_open()
            transfer = self._known.find((info_hash,))
            if transfer is None:
                return
            delete_data = delete_data and transfer.stage is not Stage.NEW
            left = [transfer.path_of(file) for file in transfer.content()] if delete_data else []
            self._records.forget(transfer.info_hash)
            self._known.drop(transfer)
            if transfer.handle is None and delete_data:
                # What is left of it; upload mode keeps libtorrent from making the rest again.
                transfer.params.flags |= lt.torrent_flags.upload_mode | lt.torrent_flags.paused
                transfer.handle = self._session.add_torrent(transfer.params)
            if transfer.handle is None:
                return
            ended = self._caretaker.take_out(transfer.info_hash, transfer.handle, delete_data=delete_data)
        ended.wait(_DELETE_SECONDS)
        left = [path for path in left if os.path.lexists(path)]
        if left:
            raise ClientAway(_("{path} could not be deleted.", path=os.fsdecode(left[0])))

    def pause(self, info_hash: str) -> None:
        """See ``TorrentClient``."""
        self._set_paused(info_hash, True)

    def resume(self, info_hash: str) -> None:
        """See ``TorrentClient``. What was refused or failed is looked at again."""
        self._set_paused(info_hash, False)
        with self._lock:
            transfer = self._named(info_hash)
            transfer.disk_fault = None
            if transfer.handle is None:
                return
            transfer.handle.clear_error()
            if transfer.fault is not None:
                transfer.fault = None
                transfer.set_running()
                transfer.handle.force_recheck()

    def on_change(self, callback: Callable[[str], None]) -> None:
        """See ``TorrentClient``."""
        with self._lock:
            self._caretaker.listeners.append(callback)

    def connect_peer(self, info_hash: str, host: str, port: int) -> None:
        """Point a torrent at a peer by its address, beside those it finds. Raises ``NotFound``."""
        with self._lock:
            handle = self._named(info_hash).handle
            if handle is not None:
                handle.connect_peer((host, port))

    def close(self) -> None:
        """Remember what was downloaded so far and stop, within a few seconds. Twice is once."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._caretaker.stop(timeout=_CLOSE_SECONDS)
        with self._lock:
            self._session.pause()
            for transfer in self._known.all():
                transfer.handle = None
            # The last reference: libtorrent stops its threads and closes its files here.
            del self._session
            self._records.close()

    def _take_up(self, transfer: Transfer) -> None:
        self._known.enter(transfer)
        if transfer.stage is not Stage.NEW:
            self._known.claim(transfer)
        try:
            if not transfer.start(self._session):
                log.warning("files of torrent %s are gone, it waits for them", transfer.info_hash)
        except RuntimeError:
            log.exception("cannot go on with torrent %s", transfer.info_hash)

    def _check_open(self) -> None:
        if self._closed:
            raise ClientAway(_("The torrent client is closed."))

    def _named(self, info_hash: str) -> Transfer:
        self._check_open()
        transfer = self._known.find((info_hash,))
        if transfer is None:
            raise NotFound(_("The torrent client does not know {info_hash}.", info_hash=info_hash))
        return transfer

    def _set_paused(self, info_hash: str, paused: bool) -> None:
        with self._lock:
            transfer = self._named(info_hash)
            self._records.set_paused(transfer.info_hash, paused)
            transfer.paused = paused
            if transfer.handle is not None and transfer.fault is None:
                transfer.set_running()
