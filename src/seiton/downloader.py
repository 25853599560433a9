"""The Downloader service: the embedded client for a Core elsewhere (contract §1.7)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

from seiton.adapters.feeds.values import info_hash as read_hash
from seiton.adapters.http import NotModified, WebClient
from seiton.adapters.torrents.port import TorrentClient, TorrentSource, TransferState
from seiton.adapters.torrents.torrent_file import MAX_TORRENT_BYTES, read_magnet, read_torrent
from seiton.errors import SeitonError, Unavailable
from seiton.text import _

OTHER_NAME = "/downloads"
"""A Core in another container knows the download folder by this name (contract §4.3)."""

_WORDS = {
    TransferState.COMPLETED: "completed",
    TransferState.ERROR: "error",
    TransferState.MISSING_FILES: "error",
    TransferState.PAUSED: "paused",
    TransferState.CHECKING: "checking",
}
"""The contract's words; everything else is ``downloading``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one item: a hash, or a reason."""

    url: str
    hash: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where one transfer stands."""

    hash: str
    status: str
    progress: float
    size: int
    content_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloader:
    """``folder`` is the download folder: nothing is written outside of it. ``core_url`` names the Core whose
    links may be fetched.
    """

    client: TorrentClient
    web: WebClient
    folder: str
    core_url: str | None

    def take(self, items: Sequence[tuple[str, str]]) -> list[Taken]:
        """Begin ``(url, save_path)`` pairs, each on its own; a fault of one is its reason."""
        return [self._take(url, save_path) for url, save_path in items]

    def _take(self, url: str, save_path: str) -> Taken:
        try:
            source = self._source(url)
            folder = self._folder(save_path, source.info_hash or "")
            added = self.client.add(source, save_path=folder)
        except SeitonError as error:
            return Taken(url=url, reason=str(error))
        return Taken(url=url, hash=added.info_hash)

    def _source(self, url: str) -> TorrentSource:
        if url[:7].lower() == "magnet:":
            return TorrentSource(magnet=url, info_hash=read_magnet(url).info_hash, url=url)
        fetched = self.web.get(
            url, max_bytes=MAX_TORRENT_BYTES, accept="application/x-bittorrent", linked_from=self.core_url
        )
        if isinstance(fetched, NotModified):
            raise Unavailable(_("{url} gave no torrent.", url=fetched.url))
        return TorrentSource(content=fetched.body, info_hash=read_torrent(fetched.body).info_hash, url=url)

    def _folder(self, given: str, info_hash: str) -> str:
        """Return where a torrent goes: below our folder, by itself where Core names none of its own."""
        root = os.path.realpath(self.folder)
        path = given
        if path == OTHER_NAME or path.startswith(OTHER_NAME + "/"):
            path = os.path.join(root, path.removeprefix(OTHER_NAME).lstrip("/"))
        if "\0" in path:
            raise Unavailable(_("{path} is not below the download folder.", path=given.replace("\0", "")))
        path = os.path.realpath(os.path.join(root, path))
        if path != root and not path.startswith(root + os.sep):
            raise Unavailable(_("{path} is not below the download folder.", path=given))
        return os.path.join(root, info_hash) if path == root else path

    def stands(self, hashes: Sequence[str]) -> list[Stand]:
        """Say where transfers stand, in the order of ``hashes``; unknown ones are ``not_found``."""
        keys = {name: read_hash(name) or name.strip().lower() for name in hashes}
        found = self.client.status(sorted(set(keys.values())))
        stands = []
        for name in hashes:
            status = found.get(keys[name])
            if status is None:
                stands.append(Stand(hash=name, status="not_found", progress=0.0, size=0, content_path=None))
                continue
            stands.append(
                Stand(
                    hash=name,
                    status=_WORDS.get(status.state, "downloading"),
                    progress=status.progress,
                    size=status.size,
                    content_path=status.content_path,
                )
            )
        return stands

    def knows(self, info_hash: str) -> bool:
        """Say whether there is such a transfer."""
        return info_hash in self.client.status([info_hash])
