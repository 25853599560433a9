"""The torrent client inside Seiton's own process: libtorrent.

A torrent is remembered on the disk before libtorrent hears of it, and is complete only once that, too, is
remembered and its bytes are synced. So a process killed at any time loses no torrent, and never reports a
file that a power cut could still take away.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Collection

import libtorrent as lt

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
from seiton.adapters.torrents.torrent_file import key_of, magnet_params, names_of, torrent_params
from seiton.adapters.torrents.transfer import Transfer, gone, is_downloaded
from seiton.domain.contents import TorrentFile
from seiton.errors import NotFound
from seiton.text import _

log = logging.getLogger(__name__)

_SECOND_LOOK_SECONDS = 30.0
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
        self._lock = threading.RLock()
        self._transfers: dict[str, Transfer] = {}  # by each of its hashes
        self._claims: dict[bytes, Transfer] = {}  # by path: who may write there
        self._callbacks: list[Callable[[str], None]] = []
        self._saving = 0
        self._saved = threading.Condition(self._lock)
        self._ending: dict[tuple[str, bool], threading.Event] = {}  # by hash and whether data is deleted
        self._closing = threading.Event()
        try:
            self._session = open_session(port=port, listen=listen, loopback_only=loopback_only)
        except RuntimeError as error:
            self._records.close()
            raise ClientAway(str(error)) from error
        for record in self._records.read_all():
            transfer = Transfer(record)
            self._enter(transfer)
            if transfer.stage is not Stage.NEW:
                self._claim(transfer)
            if not transfer.start(self._session):
                log.warning("files of torrent %s are gone, it waits for them", record.info_hash)
        self._thread = threading.Thread(target=self._listen, name="seiton-torrents", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that peers can connect to."""
        return self._session.listen_port()

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        """See ``TorrentClient``. A name that is taken on the disk shows later, as ``ERROR``."""
        params = _params(source)
        try:
            params.save_path = os.path.abspath(save_path).encode().decode()
        except UnicodeError as error:
            raise ClientAway(_("The download folder {path!r} is not UTF-8.", path=save_path)) from error
        key = key_of(params.info_hashes)
        with self._lock:
            self._check_open()
            known = self._known(names_of(params.info_hashes))
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
            self._enter(transfer)
        return Added(info_hash=key, existed=False)

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        """See ``TorrentClient``."""
        found = {}
        for name in hashes:
            with self._lock:
                self._check_open()
                transfer = self._known((name,))
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
            transfer = self._named(info_hash)
            return () if transfer.fault else transfer.content()

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        """See ``TorrentClient``. Files of a torrent that was never let write are not its own and stay."""
        with self._lock:
            self._check_open()
            transfer = self._known((info_hash,))
            if transfer is None:
                return
            delete_data = delete_data and transfer.stage is not Stage.NEW
            left = [transfer.path_of(file) for file in transfer.content()] if delete_data else []
            self._records.forget(transfer.info_hash)
            self._transfers = {k: t for k, t in self._transfers.items() if t is not transfer}
            self._claims = {p: t for p, t in self._claims.items() if t is not transfer}
            if transfer.handle is None and delete_data:
                # What is left of it; upload mode keeps libtorrent from making the rest again.
                transfer.params.flags |= lt.torrent_flags.upload_mode | lt.torrent_flags.paused
                transfer.handle = self._session.add_torrent(transfer.params)
            if transfer.handle is None:
                return
            ended = self._ending.setdefault((transfer.info_hash, delete_data), threading.Event())
            self._session.remove_torrent(
                transfer.handle, lt.session.delete_files if delete_data else lt.session.delete_partfile
            )
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
            self._callbacks.append(callback)

    def connect_peer(self, info_hash: str, host: str, port: int) -> None:
        """Point a torrent at a peer by its address, beside those it finds. Raises ``NotFound``."""
        with self._lock:
            handle = self._named(info_hash).handle
            if handle is not None:
                handle.connect_peer((host, port))

    def close(self) -> None:
        """Remember what was downloaded so far and stop, within a few seconds. Twice is once."""
        with self._lock:
            if self._closing.is_set():
                return
            for transfer in set(self._transfers.values()):
                if transfer.stage is not Stage.COMPLETE and not transfer.fault:
                    self._save(transfer)
            self._saved.wait_for(lambda: self._saving == 0, timeout=_CLOSE_SECONDS)
            self._closing.set()
        self._thread.join()
        with self._lock:
            self._session.pause()
            for transfer in self._transfers.values():
                transfer.handle = None
            # The last reference: libtorrent stops its threads and closes its files here.
            del self._session
            self._records.close()

    def _check_open(self) -> None:
        if self._closing.is_set():
            raise ClientAway(_("The torrent client is closed."))

    def _enter(self, transfer: Transfer) -> None:
        for name in transfer.names:
            self._transfers[name] = transfer

    def _claim(self, transfer: Transfer) -> None:
        for file in transfer.content():
            self._claims[transfer.path_of(file)] = transfer

    def _known(self, names: Collection[str]) -> Transfer | None:
        return next((self._transfers[name] for name in names if name in self._transfers), None)

    def _named(self, info_hash: str) -> Transfer:
        self._check_open()
        transfer = self._known((info_hash,))
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

    def _save(self, transfer: Transfer) -> None:
        """Ask libtorrent for what there is to remember; the answer comes as an alert."""
        if transfer.handle is not None:
            transfer.handle.save_resume_data(lt.torrent_handle.save_info_dict)
            self._saving += 1

    # What follows runs in the client's own thread.

    def _listen(self) -> None:
        next_look = time.monotonic() + _SECOND_LOOK_SECONDS
        while not self._closing.is_set():
            self._session.wait_for_alert(200)
            for alert in self._session.pop_alerts():
                try:
                    self._handle(alert)
                except Exception:
                    log.exception("cannot handle %s", alert.message())
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + _SECOND_LOOK_SECONDS
                self._look_again()

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
                with self._lock:
                    transfer = self._of(alert)
                    if transfer and transfer.handle:
                        transfer.names |= frozenset(names_of(transfer.handle.info_hashes()))
                        self._enter(transfer)
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
        with self._lock:
            try:
                return self._known(names_of(alert.handle.info_hashes()))
            except RuntimeError:
                return None  # removed in the meantime

    def _flush(self, transfer: Transfer | None) -> None:
        """Let libtorrent finish writing: it calls a torrent finished while its last bytes are in memory."""
        with self._lock:
            if transfer and transfer.handle is not None and transfer.stage is Stage.ADMITTED:
                transfer.flushing = True
                transfer.handle.flush_cache()

    def _flushed(self, transfer: Transfer | None) -> None:
        with self._lock:
            if transfer and transfer.flushing:
                transfer.flushing, transfer.flushed = False, True
                self._save(transfer)

    def _ended(self, hashes: lt.info_hash_t, *, deleting: bool) -> None:
        with self._lock:
            for name in names_of(hashes):
                ended = self._ending.pop((name, deleting), None)
                if ended:
                    ended.set()

    def _look_again(self) -> None:
        """See to it that nothing hangs because an alert was dropped, and remember what was downloaded."""
        with self._lock:
            for transfer in set(self._transfers.values()):
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
        with self._lock:
            if transfer is None or transfer.handle is None or transfer.stage is not Stage.NEW:
                return
            try:
                taken = transfer.in_the_way() or self._claimed(transfer)
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
                self._claim(transfer)
                self._save(transfer)
                return
            transfer.handle.pause()
        self._tell(transfer)

    def _claimed(self, transfer: Transfer) -> bytes | None:
        """Return a path that another torrent, which may not have written it yet, has a right to."""
        for file in transfer.content():
            path = transfer.path_of(file)
            if self._claims.get(path, transfer) is not transfer:
                return path
        return None

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
            with self._lock:
                if self._transfers.get(transfer.info_hash) is not transfer:
                    return
                before = transfer.stage
                if downloaded and before is Stage.ADMITTED and not transfer.flushed:
                    return
                self._advance(transfer, downloaded and not short)
                self._records.write(transfer.record(params))
                transfer.params = params
                if transfer.stage is not before:
                    transfer.set_running()
                if short and downloaded:
                    transfer.disk_fault = gone(short)
        finally:
            self._save_ended()
        if transfer.stage is not before or (short and downloaded):
            self._tell(transfer)

    def _advance(self, transfer: Transfer, whole: bool) -> None:
        if transfer.stage is Stage.NEW and transfer.cleared:
            transfer.stage = Stage.ADMITTED
        if transfer.stage is Stage.ADMITTED and whole:
            transfer.stage = Stage.COMPLETE

    def _save_ended(self) -> None:
        with self._lock:
            self._saving -= 1
            self._saved.notify_all()

    def _tell(self, transfer: Transfer | None) -> None:
        if transfer is None:
            return
        for callback in tuple(self._callbacks):
            try:
                callback(transfer.info_hash)
            except Exception:
                log.exception("a listener failed on torrent %s", transfer.info_hash)


def _params(source: TorrentSource) -> lt.add_torrent_params:
    if source.content is not None:
        params = torrent_params(source.content)
    elif source.magnet is not None:
        params = magnet_params(source.magnet)
    else:
        raise TorrentRefused(Refusal.BAD_FILE, _("There is neither a torrent file nor a magnet link."))
    expected = (source.info_hash or "").lower()
    if expected and expected not in names_of(params.info_hashes):
        raise TorrentRefused(
            Refusal.WRONG_HASH,
            _(
                "The torrent is {found}, but {expected} was announced.",
                found=key_of(params.info_hashes),
                expected=expected,
            ),
        )
    return params
