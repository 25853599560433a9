"""A downloader in another process, as a ``TorrentClient`` (contract §1.7).

Its answers are matched by URL and by hash, never by position. What it does not mention is unknown.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from seiton.adapters.database import chunks
from seiton.adapters.feeds.values import info_hash as read_hash
from seiton.adapters.http import FetchError, JsonAnswer, WebClient
from seiton.adapters.modules.refusing import refused
from seiton.adapters.torrents.port import (
    Added,
    ClientAway,
    Refusal,
    TorrentRefused,
    TorrentSource,
    TorrentStatus,
    TransferState,
)
from seiton.domain.contents import TorrentFile
from seiton.errors import NotFound
from seiton.text import _

ADD_S = 30.0
ASK_S = 10.0
HASHES = 100
"""In one address: servers refuse long ones."""
ITEMS = 50
MAX_ANSWER = 4 * 1024 * 1024
MAX_FILES = 20_000
LONGEST_HASH = 64
MOST_BYTES = 2**53
CONTRACT_FOLDER = "/downloads/"
"""A downloader in another container knows the download folder by this name (contract §4.3)."""

_STATES = {
    "completed": TransferState.COMPLETED,
    "seeding": TransferState.COMPLETED,
    "error": TransferState.ERROR,
    "failed": TransferState.ERROR,
    "missing_files": TransferState.MISSING_FILES,
    "paused": TransferState.PAUSED,
    "checking": TransferState.CHECKING,
    "queued": TransferState.QUEUED,
    "metadata": TransferState.METADATA,
}
_ABSENT = frozenset({"not_found", "cancelled"})


class NotReached(ClientAway):
    """The downloader cannot be reached: it certainly knows nothing of the request."""

    code = "client_not_reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What a downloader said of one URL: ``hash`` as it gave it, ``None`` where it gave none."""

    accepted: bool
    hash: str | None
    reason: str


class DownloaderOverHttp:
    """A ``TorrentClient`` for the module ``name`` at ``base_url``.

    ``downloads_folder`` is where this process sees what the module calls ``/downloads``.
    """

    def __init__(self, web: WebClient, base_url: str, name: str, downloads_folder: str) -> None:
        self._web, self._base_url, self._name = web, base_url, name
        self._downloads_folder = downloads_folder

    def submit(self, items: Sequence[tuple[str, str]]) -> dict[str, Submitted]:
        """Hand over ``(url, save_path)`` pairs; a URL absent from the answer was not mentioned.

        Raises ``NotReached``, or ``ClientAway``: then nobody knows what the module has taken.
        """
        found: dict[str, Submitted] = {}
        for part in chunks(items, ITEMS):
            body = {"items": [{"url": url, "save_path": path} for url, path in part]}
            content = self._ask("POST", "/downloads", body, timeout_s=ADD_S).content
            asked = {url for url, _path in part}
            for entry in _entries(content, "results"):
                url = entry.get("url")
                if isinstance(url, str) and url in asked:
                    found.setdefault(url, _submitted(entry))
        return found

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        """See ``TorrentClient``. A module needs the URL: it cannot be given a file."""
        url = source.url or source.magnet
        if url is None:
            raise TorrentRefused(Refusal.REFUSED, _("{name} can only be given addresses.", name=self._name))
        said = self.submit([(url, save_path)]).get(url)
        if said is None:
            raise ClientAway(_("{name} did not say what it made of {url}.", name=self._name, url=url))
        if not said.accepted:
            reason = said.reason or _("it gave no reason")
            raise TorrentRefused(
                Refusal.REFUSED, _("{name} refused {url}: {reason}.", name=self._name, url=url, reason=reason)
            )
        known = source.info_hash
        if said.hash and known and not source.hash_is_ours and said.hash != known:
            message = _(
                "{name} says that it took another torrent ({found}).", name=self._name, found=said.hash
            )
            raise TorrentRefused(Refusal.WRONG_HASH, message)
        if said.hash is None and (known is None or source.hash_is_ours):
            message = _("{name} took {url}, but does not say under which hash.", name=self._name, url=url)
            raise TorrentRefused(Refusal.REFUSED, message)
        return Added(info_hash=said.hash or known or "", existed=False)

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        """See ``TorrentClient``. What the module says of hashes that were not asked for is ignored."""
        found: dict[str, TorrentStatus] = {}
        for part in chunks(sorted(hashes), HASHES):
            asked = {_normal(one): one for one in part}
            content = self._ask("GET", "/downloads?" + urlencode({"hashes": ",".join(part)})).content
            for entry in _entries(content, "statuses"):
                key = asked.get(_normal(str(entry.get("hash") or "")))
                if key is not None and str(entry.get("status")) not in _ABSENT:
                    found.setdefault(key, self._status(key, entry))
        return found

    def _status(self, info_hash: str, entry: Mapping[str, Any]) -> TorrentStatus:
        progress, size = _fraction(entry.get("progress")), _whole(entry.get("size"))
        path = entry.get("content_path")
        content_path = path if isinstance(path, str) and path and "\0" not in path else None
        state = _STATES.get(str(entry.get("status")), TransferState.DOWNLOADING)
        if progress >= 1 and content_path and state is not TransferState.ERROR:
            state = TransferState.COMPLETED  # finished and stopped is finished (contract, defect 63)
        error = None
        if state is TransferState.COMPLETED and content_path is None:
            state = TransferState.ERROR
            error = _("{name} says that it is complete, but not where it lies.", name=self._name)
        elif state in (TransferState.ERROR, TransferState.MISSING_FILES):
            error = _("{name} reports an error.", name=self._name)
        return TorrentStatus(
            info_hash=info_hash,
            state=state,
            progress=progress,
            size=size,
            downloaded=int(size * progress),
            content_path=content_path,
            error=error,
            folder=os.path.dirname(self._seen_here(content_path)) if content_path else None,
        )

    def _seen_here(self, path: str) -> str:
        """Return ``path`` as this process sees it."""
        path = path.rstrip("/") or "/"
        if not os.path.exists(path) and path.startswith(CONTRACT_FOLDER):
            return os.path.join(self._downloads_folder, path.removeprefix(CONTRACT_FOLDER).lstrip("/"))
        return path

    def files(self, info_hash: str) -> tuple[TorrentFile, ...]:
        """Return what lies at the content path. The contract has no list of files, so the disk is asked;
        a file that cannot be seen from here still has a name. Raises ``NotFound``.
        """
        status = self.status([info_hash]).get(info_hash)
        if status is None:
            raise NotFound(_("{name} does not know {info_hash}.", name=self._name, info_hash=info_hash))
        if status.content_path is None:
            return ()
        path = self._seen_here(status.content_path)
        root = os.path.dirname(path)
        paths = _below(path) if os.path.isdir(path) else [path]
        return tuple(
            TorrentFile(
                index=index,
                path=os.fsencode(os.path.relpath(found, root)),
                size=os.path.getsize(found) if os.path.isfile(found) else status.size,
            )
            for index, found in enumerate(paths)
        )

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        """See ``TorrentClient``."""
        flag = "true" if delete_data else "false"
        self._ask("DELETE", f"/downloads/{quote(info_hash, safe='')}?delete_files={flag}", allowed=(404,))

    def pause(self, info_hash: str) -> None:
        """See ``TorrentClient``."""
        self._switch(info_hash, "pause")

    def resume(self, info_hash: str) -> None:
        """See ``TorrentClient``."""
        self._switch(info_hash, "resume")

    def on_change(self, callback: Callable[[str], None]) -> None:
        """See ``TorrentClient``: the contract has no events, so callers poll."""

    def close(self) -> None:
        """See ``TorrentClient``: nothing is held open."""

    def _switch(self, info_hash: str, word: str) -> None:
        answer = self._ask("POST", f"/downloads/{quote(info_hash, safe='')}/{word}", allowed=(404,))
        if answer.status == 404:
            raise NotFound(_("{name} does not know {info_hash}.", name=self._name, info_hash=info_hash))

    def _ask(
        self,
        method: str,
        path: str,
        payload: object = None,
        *,
        timeout_s: float = ASK_S,
        allowed: tuple[int, ...] = (),
    ) -> JsonAnswer:
        try:
            answer = self._web.request_json(
                method, self._base_url + path, payload, timeout_s=timeout_s, max_bytes=MAX_ANSWER
            )
        except FetchError as error:
            raise (ClientAway if error.sent else NotReached)(str(error)) from error
        if answer.status == 403:
            raise ClientAway(refused(self._name))
        if not answer.is_success and answer.status not in allowed:
            message = _("{name} answered HTTP {status}.", name=self._name, status=answer.status)
            raise ClientAway(message)
        return answer


def _entries(content: object, name: str) -> list[dict[str, Any]]:
    """Return the objects of the list ``name``; whatever else is there is not believed."""
    found = content.get(name) if isinstance(content, dict) else None
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _submitted(entry: Mapping[str, Any]) -> Submitted:
    given, reason = entry.get("hash"), entry.get("reason")
    usable = isinstance(given, str) and 0 < len(given.strip()) <= LONGEST_HASH
    return Submitted(
        accepted=entry.get("status") == "accepted",
        hash=_normal(str(given)) if usable else None,
        reason=reason[:500] if isinstance(reason, str) else "",
    )


def _normal(text: str) -> str:
    """Return a hash as we write it: base32 becomes hex, hex becomes lower case."""
    return read_hash(text) or text.strip().lower()


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0.0
    return min(max(float(value), 0.0), 1.0)


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 0
    return min(max(int(value), 0), MOST_BYTES)


def _below(folder: str) -> list[str]:
    """Return the files below ``folder``, sorted; links out of it are not followed."""
    found: list[str] = []
    for at, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.join(at, name) for name in sorted(names)]
        if len(found) > MAX_FILES:
            break
    return found[:MAX_FILES]
