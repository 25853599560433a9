"""What aria2 tells by itself: a WebSocket that is listened to in a thread, and opened again when it ends."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, cast

import websocket
from aria2p import Client, ClientException

log = logging.getLogger(__name__)

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 60.0
_EXPECTED = (
    OSError,
    ValueError,
    KeyError,
    websocket.WebSocketException,
    ClientException,
)


class Notices:
    """Calls listeners with an info hash when aria2 began, paused, completed or gave up a torrent.

    ``client`` is for this alone. Nothing is opened before the first listener is there.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._callbacks: list[Callable[[str], None]] = []
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def listen(self, callback: Callable[[str], None]) -> None:
        """Tell ``callback``, too."""
        self._callbacks.append(callback)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="seiton-aria2", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._closing.set()
        while self._thread is not None and self._thread.is_alive():
            self._client.stop_listening()  # again, if it began to listen just now
            self._thread.join(0.2)

    def _run(self) -> None:
        wait_s = FIRST_WAIT_S
        while not self._closing.is_set():
            heard = self._listen()
            wait_s = FIRST_WAIT_S if heard else min(wait_s * 2, LONGEST_WAIT_S)
            self._closing.wait(wait_s)

    def _listen(self) -> bool:
        """Listen until the connection ends; say whether anything was heard."""
        heard = False

        def tell(gid: str) -> None:
            nonlocal heard
            heard = True
            self._tell(gid)

        try:
            self._client.listen_to_notifications(
                on_download_start=tell,
                on_download_pause=tell,
                on_download_stop=tell,
                on_download_complete=tell,
                on_download_error=tell,
                on_bt_download_complete=tell,
                timeout=1,
                handle_signals=False,
            )
        except _EXPECTED as error:
            log.debug("aria2 tells nothing: %s", type(error).__name__)
        return heard

    def _tell(self, gid: str) -> None:
        try:
            said = cast("dict[str, Any]", self._client.tell_status(gid, ["infoHash"]))
        except _EXPECTED:
            return  # it is gone already
        info_hash = str(said.get("infoHash") or "").lower()
        for callback in self._callbacks if info_hash else ():
            try:
                callback(info_hash)
            except Exception:
                log.exception("a listener failed")
