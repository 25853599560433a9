"""What happens to the embedded client's torrents while nobody asks: libtorrent tells, this acts."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection

import libtorrent as lt

from seiton.adapters.torrents.port import TorrentRefused
from seiton.adapters.torrents.records import Records, Stage
from seiton.adapters.torrents.torrent_file import names_of
from seiton.adapters.torrents.transfer import Transfer, gone, is_downloaded
from seiton.text import _

log = logging.getLogger(__name__)

_SECOND_LOOK_SECONDS = 30.0


class Known:
    """The transfers by each of their hashes, and who may write which path. Not thread-safe."""

    def __init__(self) -> None:
        self._by_hash: dict[str, Transfer] = {}
        self._claims: dict[bytes, Transfer] = {}

    def all(self) -> list[Transfer]:
        return list(dict.fromkeys(self._by_hash.values()))

    def find(self, names: Collection[str]) -> Transfer | None:
        """Return the transfer that has one of ``names``."""
        return next((self._by_hash[name] for name in names if name in self._by_hash), None)

    def enter(self, transfer: Transfer) -> None:
        """Know ``transfer`` by all names it has now."""
        for name in transfer.names:
            self._by_hash[name] = transfer

    def drop(self, transfer: Transfer) -> None:
        """Forget ``transfer`` and its claims."""
        for name in transfer.names:
            self._by_hash.pop(name, None)
        self._claims = {path: owner for path, owner in self._claims.items() if owner is not transfer}

    def claim(self, transfer: Transfer) -> None:
        """Give ``transfer`` the right to write its paths."""
        for file in transfer.content():
            self._claims[transfer.path_of(file)] = transfer

    def claimed(self, transfer: Transfer) -> bytes | None:
        """Return a path of ``transfer`` that another, which may not have written it yet, has a right to."""
        for file in transfer.content():
            path = transfer.path_of(file)
            if self._claims.get(path, transfer) is not transfer:
                return path
        return None


class Caretaker:
    """Lets torrents write, remembers how far they are, and tells listeners, in a thread of its own.

    ``lock`` guards everything that is public here.
    """

    def __init__(self, session: lt.session, records: Records) -> None:
        self.lock = threading.RLock()
        self.known = Known()
        self.listeners: list[Callable[[str], None]] = []
        self._session = session
        self._records = records
        self._saving = 0
        self._saved = threading.Condition(self.lock)
        self._ending: dict[tuple[str, bool], threading.Event] = {}  # by hash and whether data is deleted
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="seiton-torrents", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self, *, timeout: float) -> None:
        """Remember what was downloaded so far, within ``timeout`` seconds, and listen no more."""
        with self.lock:
            for transfer in self.known.all():
                if transfer.stage is not Stage.COMPLETE and not transfer.fault:
                    self._save(transfer)
            self._saved.wait_for(lambda: self._saving == 0, timeout=timeout)
        self._stopping.set()
        self._thread.join()
        # The session ends with its last reference.
        del self._session

    def take_out(self, info_hash: str, handle: lt.torrent_handle, *, delete_data: bool) -> threading.Event:
        """Remove a torrent from the session; the event comes when that, with its files, is done."""
        ended = self._ending.setdefault((info_hash, delete_data), threading.Event())
        option = lt.session.delete_files if delete_data else lt.session.delete_partfile
        self._session.remove_torrent(handle, option)
        return ended

    def _save(self, transfer: Transfer) -> None:
        """Ask libtorrent for what there is to remember; the answer comes as an alert."""
        if transfer.handle is not None:
            transfer.handle.save_resume_data(lt.torrent_handle.save_info_dict)
            self._saving += 1

    def _listen(self) -> None:
        next_look = time.monotonic() + _SECOND_LOOK_SECONDS
        while not self._stopping.is_set():
            self._session.wait_for_alert(200)
            for alert in self._session.pop_alerts():
                try:
                    self._handle(alert)
                except Exception:
                    log.exception("cannot handle %s", alert.message())
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _SECOND_LOOK_SECONDS
                try:
                    self._look_again()
                except Exception:
                    log.exception("cannot look after the torrents; trying again later")

    def _handle(self, alert: lt.alert) -> None:
        match alert:
            case lt.save_resume_data_alert():
                self._remember(alert)
            case lt.save_resume_data_failed_alert():
                self._save_ended()
            case lt.torrent_checked_alert():
                self._admit(self._of(alert))
            case lt.torrent_finished_alert():
                self._flush(self._of(alert))
            case lt.cache_flushed_alert():
                self._flushed(self._of(alert))
            case lt.torrent_removed_alert():
                self._ended(alert.info_hashes, deleting=False)
            case lt.torrent_deleted_alert() | lt.torrent_delete_failed_alert():
                self._ended(alert.info_hashes, deleting=True)
            case lt.metadata_received_alert():
                with self.lock:
                    transfer = self._of(alert)
                    if transfer and transfer.handle:
                        transfer.names |= frozenset(names_of(transfer.handle.info_hashes()))
                        self.known.enter(transfer)
            case lt.file_error_alert() | lt.torrent_error_alert():
                log.warning("%s", alert.message())
                transfer = self._of(alert)
                if transfer:
                    transfer.disk_fault = alert.message()
                    self._tell(transfer)
            case lt.state_changed_alert() | lt.torrent_paused_alert() | lt.torrent_resumed_alert():
                self._tell(self._of(alert))
            case lt.listen_failed_alert() | lt.fastresume_rejected_alert() | lt.alerts_dropped_alert():
                log.warning("%s", alert.message())

    def _of(self, alert: lt.torrent_alert) -> Transfer | None:
        with self.lock:
            try:
                return self.known.find(names_of(alert.handle.info_hashes()))
            except RuntimeError:
                return None  # removed in the meantime

    def _flush(self, transfer: Transfer | None) -> None:
        """Let libtorrent finish writing: it calls a torrent finished while its last bytes are in memory."""
        with self.lock:
            if transfer and transfer.handle is not None and transfer.stage is Stage.ADMITTED:
                transfer.flushing, transfer.flushed = True, False
                transfer.handle.flush_cache()

    def _flushed(self, transfer: Transfer | None) -> None:
        with self.lock:
            if transfer and transfer.flushing:
                transfer.flushing, transfer.flushed = False, True
                self._save(transfer)

    def _ended(self, hashes: lt.info_hash_t, *, deleting: bool) -> None:
        with self.lock:
            for name in names_of(hashes):
                ended = self._ending.pop((name, deleting), None)
                if ended:
                    ended.set()

    def _look_again(self) -> None:
        """See to it that nothing hangs because an alert was dropped, and remember what was downloaded."""
        with self.lock:
            for transfer in self.known.all():
                if transfer.handle is None:
                    transfer.start(self._session)
                elif transfer.fault is None:
                    self._look_at(transfer, transfer.handle)

    def _look_at(self, transfer: Transfer, handle: lt.torrent_handle) -> None:
        if transfer.stage is Stage.COMPLETE:
            if transfer.disk_fault and not transfer.missing():
                # It could not be read for a while, and libtorrent stopped seeding it.
                transfer.disk_fault = None
                handle.clear_error()
                transfer.set_running()
            return
        seen = handle.status(0)
        checked = (lt.torrent_status.downloading, lt.torrent_status.finished, lt.torrent_status.seeding)
        if transfer.stage is Stage.NEW and seen.state in checked:
            self._admit(transfer)
        elif seen.is_finished:
            self._flush(transfer)
        elif handle.need_save_resume_data():
            self._save(transfer)

    def _admit(self, transfer: Transfer | None) -> None:
        """Let a new torrent write, if nothing of others lies where it would; else say what does."""
        with self.lock:
            if transfer is None or transfer.handle is None or transfer.stage is not Stage.NEW:
                return
            try:
                taken = transfer.in_the_way() or self.known.claimed(transfer)
            except TorrentRefused as refused:
                transfer.fault = str(refused)
            else:
                if taken:
                    transfer.fault = _(
                        "{path} is there already, with other content; nothing was overwritten.",
                        path=os.fsdecode(taken),
                    )
            if transfer.fault is None:
                transfer.cleared = True
                self.known.claim(transfer)
                self._save(transfer)
                return
            transfer.handle.pause()
        self._tell(transfer)

    def _remember(self, alert: lt.save_resume_data_alert) -> None:
        """Write what libtorrent says of a torrent, and go on to the next stage where that was waited for."""
        transfer = self._of(alert)
        try:
            if transfer is None or transfer.fault:
                return
            # The alert's own parameters are gone with the next alert: a copy.
            params = lt.read_resume_data(lt.write_resume_data_buf(alert.params))
            short = transfer.sync()
            downloaded = is_downloaded(params)
            with self.lock:
                if self.known.find((transfer.info_hash,)) is not transfer:
                    return
                before = transfer.stage
                if downloaded and before is Stage.ADMITTED and not transfer.flushed:
                    return
                after = _next_stage(transfer, whole=downloaded and not short)
                self._records.write(transfer.record(params, after))
                transfer.params, transfer.stage = params, after
                if after is not before:
                    transfer.set_running()
                if short and downloaded:
                    transfer.disk_fault = gone(short)
        finally:
            self._save_ended()
        if after is not before or (short and downloaded):
            self._tell(transfer)

    def _save_ended(self) -> None:
        with self.lock:
            self._saving -= 1
            self._saved.notify_all()

    def _tell(self, transfer: Transfer | None) -> None:
        if transfer is None:
            return
        for callback in tuple(self.listeners):
            try:
                callback(transfer.info_hash)
            except Exception:
                log.exception("a listener failed on torrent %s", transfer.info_hash)


def _next_stage(transfer: Transfer, *, whole: bool) -> Stage:
    stage = transfer.stage
    if stage is Stage.NEW and transfer.cleared:
        stage = Stage.ADMITTED
    return Stage.COMPLETE if stage is Stage.ADMITTED and whole else stage
