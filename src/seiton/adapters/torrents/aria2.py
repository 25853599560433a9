"""aria2, by its JSON-RPC and the notices on its WebSocket (aria2p).

aria2 has no list of torrents but one of downloads, of which a magnet link makes two: one for the metadata,
and one that follows it. Both have the info hash, by which they are put together here.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import requests
from aria2p import Client, ClientException

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.aria2_entries import Entry, by_torrent, is_complete, misread, seen_of
from seiton.adapters.torrents.aria2_notices import Notices
from seiton.adapters.torrents.faults import not_like, refuses, unreached
from seiton.adapters.torrents.port import ClientAway, Refusal, TorrentRefused, TorrentSource, TransferState
from seiton.adapters.torrents.program import Seen, Version, known_files
from seiton.adapters.torrents.torrent_file import names_of, params_of
from seiton.domain.contents import TorrentFile
from seiton.text import _

PORT = 6800
MOST = 10_000
"""Downloads that wait or have ended, in one answer; aria2 itself keeps 1000 that have ended."""
LET_GO_S = 10.0
_KEYS = (
    "gid",
    "status",
    "infoHash",
    "totalLength",
    "completedLength",
    "uploadLength",
    "dir",
    "bittorrent",
    "errorMessage",
    "verifiedLength",
    "verifyIntegrityPending",
    "followedBy",
)
_OPTIONS = {
    "seed-ratio": "0.0",  # for ever: Seiton ends it
    "check-integrity": "true",  # what lies there already is not downloaded again
    "pause": "false",
}


class Aria2:
    """A ``Program``. Addresses without a port have 6800; the password is its RPC secret."""

    kind = "aria2"
    oldest: Version = (1, 35)
    newest: Version = (1, 36)
    keeps_data = True
    needs_folder = True  # else it keeps no copy of the torrent, and has forgotten it after a restart

    def __init__(self, access: Access) -> None:
        self._access = access
        self._api = self._client()
        self._notices = Notices(self._client())
        self._entries: dict[str, list[Entry]] = {}
        self._complete_since: dict[str, float] = {}

    def version(self) -> str:
        """See ``Program``."""
        with self._reading():
            return str(cast("Any", self._api.get_version())["version"])

    def look(self, hashes: Collection[str]) -> dict[str, Seen]:
        """See ``Program``. It knows torrents by the hash of BitTorrent v1 alone."""
        self._follow()
        with self._reading():
            return {name: self._seen(name) for name in hashes if name in self._entries}

    def example(self) -> Seen | None:
        """See ``Program``. It has no labels: any torrent will do."""
        self._follow()
        with self._reading():
            for name in self._entries:
                seen = self._seen(name)
                if seen.state is TransferState.COMPLETED:
                    return seen
        return None

    def add(self, source: TorrentSource, folder: str) -> None:
        """See ``Program``. It takes hybrid torrents, but computes another hash for them, which nobody has."""
        options = _OPTIONS | {"dir": folder}
        with self._reading():
            try:
                if source.content is None:
                    self._api.add_uri([source.magnet or ""], options)
                    return
                gid = self._api.add_torrent(base64.b64encode(source.content).decode(), [], options)
                read: Any = self._api.tell_status(gid, ["infoHash"])
            except ClientException as error:
                if _is_unauthorized(error):
                    raise
                reason = str(error).strip()
                message = _("{name} does not take this torrent: {reason}", name=self.kind, reason=reason)
                raise TorrentRefused(Refusal.REFUSED, message) from error
            if read.get("infoHash") not in names_of(params_of(source).info_hashes):
                self._forget(gid, is_ended=False)
                raise TorrentRefused(Refusal.WRONG_HASH, misread(str(read.get("infoHash"))))

    def files(self, seen: Seen) -> tuple[TorrentFile, ...]:
        """See ``Program``."""
        entry = self._entries[seen.own_id][0]
        with self._reading():
            said: Any = self._api.get_files(str(entry["gid"]))
            return known_files(
                [
                    (int(file["index"]), os.path.relpath(file["path"], entry["dir"]), int(file["length"]))
                    for file in said
                    if file["selected"] == "true"
                ]
            )

    def remove(self, seen: Seen, *, delete_data: bool) -> None:  # noqa: ARG002 - it cannot
        """See ``Program``. What has ended is forgotten, too, or it would be in the next session again."""
        with self._reading():
            for entry in self._entries[seen.own_id]:
                self._forget(str(entry["gid"]), is_ended=entry["status"] in ("complete", "error"))

    def pause(self, seen: Seen) -> None:
        """See ``Program``."""
        with self._reading():
            for entry in self._entries[seen.own_id]:
                if entry["status"] in ("active", "waiting"):
                    self._api.force_pause(str(entry["gid"]))

    def resume(self, seen: Seen) -> None:
        """See ``Program``. What has ended with an error cannot go on: it is forgotten, to be added anew."""
        with self._reading():
            for entry in self._entries[seen.own_id]:
                if entry["status"] == "paused":
                    self._api.unpause(str(entry["gid"]))
                elif entry["status"] == "error":
                    self._forget(str(entry["gid"]), is_ended=True)

    def listen(self, callback: Callable[[str], None]) -> None:
        """See ``Program``."""
        self._notices.listen(callback)

    def cautions(self) -> list[str]:
        """See ``Program``."""
        with self._reading():
            said: Any = self._api.get_global_option()
        found = []
        if said.get("bt-detach-seed-only") != "true":
            found.append(
                _("Torrents that seed keep others from beginning: start it with --bt-detach-seed-only=true.")
            )
        if not said.get("save-session"):
            found.append(
                _(
                    "It forgets its torrents when it ends: start it with --save-session, --input-file and"
                    " --force-save."
                )
            )
        return found

    def close(self) -> None:
        """See ``Program``."""
        self._notices.close()

    def _client(self) -> Client:
        host = f"{self._access.scheme}://{self._access.bracketed_host}"
        return Client(host, self._access.port(PORT), self._access.password, timeout=self._access.timeout_s)

    def _follow(self) -> None:
        """Ask for all downloads, in one request, and put those of one torrent together."""
        keys: Any = list(_KEYS)
        calls: Any = [
            (Client.TELL_ACTIVE, [keys]),
            (Client.TELL_WAITING, [0, MOST, keys]),
            (Client.TELL_STOPPED, [0, MOST, keys]),
        ]
        with self._reading():
            answers: Any = self._api.multicall2(calls)
            faults = [answer for answer in answers if isinstance(answer, dict)]
            if faults:
                raise ClientException(int(faults[0]["code"]), str(faults[0]["message"]))
            self._entries = by_torrent([entry for answer in answers for entry in answer[0]])
        now = time.monotonic()
        complete = {name for name, entries in self._entries.items() if is_complete(entries[0])}
        self._complete_since = {name: self._complete_since.get(name, now) for name in complete}

    def _seen(self, info_hash: str) -> Seen:
        since = self._complete_since.get(info_hash)
        seconds = time.monotonic() - since if since is not None else 0.0
        return seen_of(info_hash, self._entries[info_hash][0], seconds)

    def _forget(self, gid: str, *, is_ended: bool) -> None:
        """Remove a download, then the record of it, which is there only when the removal has ended."""
        if not is_ended:
            with suppress(ClientException):  # it ended in the meantime
                self._api.force_remove(gid)
        end = time.monotonic() + LET_GO_S
        while True:
            try:
                self._api.remove_download_result(gid)
                return
            except ClientException:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say in our words what the library raises."""
        kind, shown = self.kind, self._access.shown
        try:
            yield
        except ClientException as error:
            if _is_unauthorized(error):
                raise refuses(kind, shown) from error
            message = _("{name} at {address} says: {reason}", name=kind, address=shown, reason=error)
            raise ClientAway(message) from error
        except requests.JSONDecodeError as error:
            raise not_like(kind, shown) from error
        except requests.RequestException as error:
            raise unreached(kind, shown, error, self._access.timeout_s) from error
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise not_like(kind, shown) from error


def _is_unauthorized(error: ClientException) -> bool:
    return "Unauthorized" in str(error)
