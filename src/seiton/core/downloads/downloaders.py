"""One torrent client out of many: the built-in one and the registered downloaders.

Who gets a torrent is decided by capability and priority, and recorded before it is asked. Silence after that
is *unknown*: the same one is asked what it has before anybody else is (contract, defects 61 and 69).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import sqlalchemy as sa

from seiton.adapters.database import Database, Row, chunks
from seiton.adapters.http import WebClient
from seiton.adapters.modules.downloader import DownloaderOverHttp, NotReached
from seiton.adapters.torrents.port import (
    Added,
    ClientAway,
    TorrentClient,
    TorrentRefused,
    TorrentSource,
    TorrentStatus,
)
from seiton.core import tables
from seiton.core.modules.registry import PRIORITY, usable_modules
from seiton.core.service import Core
from seiton.domain.contents import TorrentFile
from seiton.domain.states import GIVEN_UP, DownloadStatus, DownloadType, ModuleType
from seiton.errors import Unavailable
from seiton.text import _

SILENCE_S = 30.0
"""For so long one that did not answer is not asked again: other work does not wait for it."""

R = TypeVar("R")

BUILT_IN_TYPES = frozenset({DownloadType.MAGNET.value, DownloadType.TORRENT.value})


class NoDownloader(Unavailable):
    """Nobody here can fetch this kind of link."""

    code = "no_downloader"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One that could do it; the built-in one has neither ``module_id`` nor ``address``."""

    module_id: int | None
    name: str
    address: str
    client: TorrentClient


class Downloaders:
    """A ``TorrentClient`` that hands each torrent to the one that has it, or should have it."""

    def __init__(
        self, database: Database, web: WebClient, built_in: TorrentClient | None, downloads_folder: str
    ) -> None:
        self._database, self._web, self._built_in = database, web, built_in
        self._downloads_folder = downloads_folder
        self._silent_until: dict[str, float] = {}  # by address; one that is slow costs its time once

    def add(self, source: TorrentSource, *, save_path: str) -> Added:
        """See ``TorrentClient``. Tries one after another: the next after a refusal or where nothing arrived.

        Raises ``NoDownloader``, ``TorrentRefused`` when all refuse, ``ClientAway`` while one may have it.
        """
        key = source.info_hash or ""
        owner = self._owner(key)
        if owner is not None and owner.module_id is None:
            return owner.client.add(source, save_path=save_path)
        if owner is not None and key in self._ask(owner, lambda: owner.client.status([key])):
            return Added(info_hash=key, existed=True)
        refusal: TorrentRefused | None = None
        silence: ClientAway | None = None
        candidates = self._candidates(_kind(source))
        for candidate in candidates:
            if self._is_silent(candidate):
                silence = NotReached(_("{name} did not answer a moment ago.", name=candidate.name))
                continue
            self._claim(key, candidate.module_id)
            try:
                return self._ask(candidate, partial(candidate.client.add, source, save_path=save_path))
            except TorrentRefused as error:
                refusal = error
            except NotReached as error:
                silence = error
        self._claim(key, None)
        if silence is not None:
            raise silence
        if refusal is not None:
            raise refusal
        raise NoDownloader(_("Nobody here can fetch this kind of link: {kind}.", kind=_kind(source)))

    def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
        """See ``TorrentClient``. Raises ``ClientAway`` if any of those who have them is away."""
        found: dict[str, TorrentStatus] = {}
        for owner, part in self._by_owner(hashes):
            found |= self._ask(owner, partial(owner.client.status, part))
        return found

    def _ask(self, candidate: Candidate, call: Callable[[], R]) -> R:
        """Ask, unless there was no answer a moment ago. Raises ``ClientAway``."""
        if self._is_silent(candidate):
            raise ClientAway(_("{name} did not answer a moment ago.", name=candidate.name))
        try:
            return call()
        except ClientAway:
            if candidate.address:
                self._silent_until[candidate.address] = time.monotonic() + SILENCE_S
            raise

    def _is_silent(self, candidate: Candidate) -> bool:
        return self._silent_until.get(candidate.address, 0.0) > time.monotonic()

    def files(self, info_hash: str) -> tuple[TorrentFile, ...]:
        """See ``TorrentClient``."""
        return self._client(info_hash).files(info_hash)

    def remove(self, info_hash: str, *, delete_data: bool) -> None:
        """See ``TorrentClient``."""
        self._client(info_hash).remove(info_hash, delete_data=delete_data)

    def pause(self, info_hash: str) -> None:
        """See ``TorrentClient``."""
        self._client(info_hash).pause(info_hash)

    def resume(self, info_hash: str) -> None:
        """See ``TorrentClient``."""
        self._client(info_hash).resume(info_hash)

    def on_change(self, callback: Callable[[str], None]) -> None:
        """See ``TorrentClient``: only the built-in one says something by itself."""
        if self._built_in is not None:
            self._built_in.on_change(callback)

    def close(self) -> None:
        """See ``TorrentClient``."""
        if self._built_in is not None:
            self._built_in.close()

    def _candidates(self, kind: str) -> list[Candidate]:
        with self._database.read() as connection:
            rows = usable_modules(connection, ModuleType.DOWNLOADER, [kind])
        ranked = [
            ((row["failing_since"] is not None, -row["priority"], 1), self._over_http(row)) for row in rows
        ]
        own = self._own() if kind in BUILT_IN_TYPES else None
        if own is not None:
            ranked.append(((False, -PRIORITY, 0), own))
        return [candidate for _rank, candidate in sorted(ranked, key=lambda entry: entry[0])]

    def _own(self) -> Candidate | None:
        if self._built_in is None:
            return None
        return Candidate(module_id=None, name="", address="", client=self._built_in)

    def _over_http(self, row: Row) -> Candidate:
        client = DownloaderOverHttp(self._web, row["base_url"], row["name"], self._downloads_folder)
        return Candidate(module_id=row["module_id"], name=row["name"], address=row["base_url"], client=client)

    def _claim(self, info_hash: str, module_id: int | None) -> None:
        """Record who is about to be asked."""
        table = tables.downloads
        with self._database.write() as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.torrent_hash == info_hash, table.c.status == DownloadStatus.PENDING)
                .values(module_id=module_id)
            )

    def _owner(self, info_hash: str) -> Candidate | None:
        """Return who has a torrent, or may have it; ``None``: nobody was asked, or it is gone for good."""
        table = tables.downloads
        query = (
            sa.select(table.c.module_id, table.c.status)
            .where(table.c.torrent_hash == info_hash, table.c.status.not_in(sorted(GIVEN_UP)))
            .order_by(table.c.status == DownloadStatus.PENDING, table.c.module_id.is_(None))
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        if row is None or (row["module_id"] is None and row["status"] == DownloadStatus.PENDING):
            return None
        owner = self._of_module(row["module_id"], only_usable=True)
        if owner is not None:
            # Its siblings of the same torrent belong to the same one.
            self._claim(info_hash, row["module_id"])
        return owner

    def _of_module(self, module_id: int | None, *, only_usable: bool = False) -> Candidate | None:
        if module_id is None:
            return self._own()
        table = tables.modules
        query = sa.select(table).where(table.c.module_id == module_id)
        if only_usable:
            query = query.where(table.c.is_enabled, table.c.admitted)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else self._over_http(row)

    def _client(self, info_hash: str) -> TorrentClient:
        for owner, _part in self._by_owner([info_hash]):
            return owner.client
        raise ClientAway(_("Nobody here has this torrent."))

    def _by_owner(self, hashes: Collection[str]) -> Iterator[tuple[Candidate, list[str]]]:
        table = tables.downloads
        owners: dict[str, int | None] = dict.fromkeys(hashes)
        with self._database.read() as connection:
            for part in chunks(sorted(hashes)):
                query = sa.select(table.c.torrent_hash, table.c.module_id).where(
                    table.c.torrent_hash.in_(part), table.c.module_id.is_not(None)
                )
                owners |= {row[0]: row[1] for row in connection.execute(query)}
        groups: dict[int | None, list[str]] = {}
        for info_hash, module_id in owners.items():
            groups.setdefault(module_id, []).append(info_hash)
        for module_id, group in groups.items():
            owner = self._of_module(module_id)
            if owner is None:
                raise ClientAway(_("There is no downloader in this process."))
            yield owner, group


def served_types(core: Core, connection: sa.Connection) -> frozenset[str]:
    """Return the kinds of links that somebody here can fetch."""
    rows = usable_modules(connection, ModuleType.DOWNLOADER)
    kinds = tables.module_capabilities
    query = sa.select(kinds.c.download_type).where(kinds.c.module_id.in_([row["module_id"] for row in rows]))
    served = set(connection.execute(query).scalars()) if rows else set()
    return frozenset(served | (BUILT_IN_TYPES if ModuleType.DOWNLOADER in core.built_in else set()))


def _kind(source: TorrentSource) -> str:
    if source.hash_is_ours:
        return DownloadType.HTTP.value
    return DownloadType.MAGNET.value if source.magnet else DownloadType.TORRENT.value
