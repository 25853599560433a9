"""Transmission 3 and 4, by its RPC (transmission-rpc)."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import requests
import transmission_rpc as tr

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.faults import not_like, refuses, unreached
from seiton.adapters.torrents.port import ClientAway, Refusal, TorrentRefused, TorrentSource, TransferState
from seiton.adapters.torrents.program import Seen, Version, known_files
from seiton.domain.contents import TorrentFile
from seiton.text import _

PORT = 9091
RPC_PATH = "/transmission/rpc"
_FIELDS = (
    "hashString",
    "status",
    "error",
    "errorString",
    "name",
    "downloadDir",
    "sizeWhenDone",
    "leftUntilDone",
    "haveValid",
    "metadataPercentComplete",
    "recheckProgress",
    "uploadedEver",
    "secondsSeeding",
    "labels",
)
_STOPPED, _CHECK_WAIT, _CHECK, _DOWNLOAD_WAIT = 0, 1, 2, 3
_LOCAL_ERROR = 3
LABELS_AT_ADD = 17
"""Version of the RPC from which a torrent may be added with labels."""
LOADED_AFTER_S = 2.0
"""It answers a moment before it has read its torrents, as if it had none."""

# The library writes addresses with passwords, and whole torrents, into the log that it is given.
_NO_LOG = logging.Logger("transmission", level=logging.CRITICAL + 1)


class Transmission:
    """A ``Program``. Addresses without a port have 9091, without a path ``/transmission/rpc``."""

    kind = "Transmission"
    oldest: Version = (3, 0)
    newest: Version = (4, 1)
    keeps_data = False
    needs_folder = False

    def __init__(self, access: Access) -> None:
        self._access = access
        self._api: tr.Client | None = None
        self._rpc_version = 0

    def version(self) -> str:
        """See ``Program``. The library asks for it when it is made, so it is made anew."""
        with self._reading():
            self.close()
            self._api = tr.Client(
                protocol="https" if self._access.scheme == "https" else "http",
                username=self._access.user or None,
                password=self._access.password or None,
                host=self._access.bracketed_host,
                port=self._access.port(PORT),
                path=self._access.path(RPC_PATH),
                timeout=self._access.timeout_s,
                logger=_NO_LOG,
            )
            session = self._api.get_session()
            self._rpc_version = int(session.rpc_version)
            active_s = self._api.session_stats().current_stats.seconds_active
            time.sleep(min(max(LOADED_AFTER_S - active_s, 0.0), LOADED_AFTER_S))
            return str(session.version)

    def look(self, hashes: Collection[str]) -> dict[str, Seen]:
        """See ``Program``. It knows torrents by the hash of BitTorrent v1 alone."""
        with self._reading() as api:
            found = api.get_torrents(sorted(hashes), arguments=_FIELDS)
            seen = {str(torrent.fields["hashString"]).lower(): _seen(torrent.fields) for torrent in found}
        return {name: seen[name] for name in hashes if name in seen}

    def example(self) -> Seen | None:
        """See ``Program``."""
        with self._reading() as api:
            for torrent in api.get_torrents(arguments=_FIELDS):
                seen = _seen(torrent.fields)
                is_ours = self._access.category in (torrent.fields.get("labels") or ())
                if seen.state is TransferState.COMPLETED and is_ours:
                    return seen
        return None

    def add(self, source: TorrentSource, folder: str) -> None:
        """See ``Program``."""
        labels = [self._access.category] if self._access.category else None
        at_once = labels if self._rpc_version >= LABELS_AT_ADD else None
        given = source.content if source.content is not None else source.magnet or ""
        with self._reading() as api:
            try:
                added = api.add_torrent(given, download_dir=folder, paused=False, labels=at_once)
            except tr.TransmissionError as error:
                if _said(error) is None:
                    raise
                message = _(
                    "{name} does not take this torrent: {reason}", name=self.kind, reason=_said(error)
                )
                raise TorrentRefused(Refusal.REFUSED, message) from error
            if labels and at_once is None:
                api.change_torrent(added.hash_string, labels=labels)

    def files(self, seen: Seen) -> tuple[TorrentFile, ...]:
        """See ``Program``."""
        with self._reading() as api:
            said = api.get_torrent(seen.own_id, arguments=("files", "wanted")).fields
        wanted = said.get("wanted") or []
        return known_files(
            [
                (position, str(file["name"]), int(file["length"]))
                for position, file in enumerate(said["files"])
                if position >= len(wanted) or wanted[position]
            ]
        )

    def remove(self, seen: Seen, *, delete_data: bool) -> None:
        """See ``Program``."""
        with self._reading() as api:
            api.remove_torrent(seen.own_id, delete_data=delete_data)

    def pause(self, seen: Seen) -> None:
        """See ``Program``."""
        with self._reading() as api:
            api.stop_torrent(seen.own_id)

    def resume(self, seen: Seen) -> None:
        """See ``Program``. After an error it looks at the files first."""
        with self._reading() as api:
            if seen.state is TransferState.ERROR:
                api.verify_torrent(seen.own_id)
            api.start_torrent(seen.own_id)

    def listen(self, callback: Callable[[str], None]) -> None:
        """See ``Program``: it tells nothing by itself."""

    def cautions(self) -> list[str]:
        """See ``Program``."""
        with self._reading() as api:
            said = api.get_session()
        found = []
        if said.fields.get("download-queue-enabled") and said.fields.get("queue-stalled-enabled") is False:
            found.append(_("Torrents without peers keep its queue busy: turn queue-stalled-enabled on."))
        return found

    def close(self) -> None:
        """See ``Program``."""
        if self._api is not None:
            self._api._http_session.close()
            self._api = None

    @contextmanager
    def _reading(self) -> Iterator[tr.Client]:
        """Give the library, and say in our words what it raises."""
        kind, shown = self.kind, self._access.shown
        try:
            yield self._api  # type: ignore[misc]  # `version` makes it, and is always asked first
        except (ClientAway, TorrentRefused):
            raise
        except tr.TransmissionAuthError as error:
            raise refuses(kind, shown) from error
        except tr.TransmissionConnectError as error:
            raise unreached(kind, shown, error, self._access.timeout_s) from error
        except tr.TransmissionError as error:
            said = _said(error)
            if said is None:
                raise not_like(kind, shown) from error
            message = _("{name} at {address} says: {reason}", name=kind, address=shown, reason=said)
            raise ClientAway(message) from error
        except requests.RequestException as error:
            raise unreached(kind, shown, error, self._access.timeout_s) from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise not_like(kind, shown) from error


def _said(error: tr.TransmissionError) -> str | None:
    """Return what Transmission gave as a reason; ``None`` where it was not Transmission that answered."""
    try:
        answer: Any = json.loads(error.raw_response or "")
    except ValueError:
        return None
    return str(answer["result"]) if isinstance(answer, dict) and "result" in answer else None


def _seen(said: dict[str, Any]) -> Seen:
    size, left = int(said.get("sizeWhenDone") or 0), int(said.get("leftUntilDone") or 0)
    has_files = float(said.get("metadataPercentComplete", 1.0)) >= 1.0 and size > 0
    folder = str(said["downloadDir"]).rstrip("/") or "/"
    state = _state(said, has_files=has_files, is_complete=has_files and left == 0)
    return Seen(
        own_id=str(said["hashString"]),
        state=state,
        progress=(size - left) / size if has_files else 0.0,
        size=size if has_files else 0,
        downloaded=max(size - left, 0) if has_files else 0,
        folder=folder,
        content_path=os.path.join(folder, str(said["name"])) if has_files else None,
        error=str(said.get("errorString") or "") or None,
        uploaded=int(said.get("uploadedEver") or 0),
        seeding_seconds=float(said.get("secondsSeeding") or 0.0),
    )


def _state(said: dict[str, Any], *, has_files: bool, is_complete: bool) -> TransferState:
    status = int(said["status"])
    if status in (_CHECK_WAIT, _CHECK):
        return TransferState.CHECKING
    if is_complete:
        return TransferState.COMPLETED  # whether its files are there is looked at on the disk
    if int(said.get("error") or 0) == _LOCAL_ERROR:
        return TransferState.ERROR
    if status == _STOPPED:
        return TransferState.PAUSED
    if status == _DOWNLOAD_WAIT:
        return TransferState.QUEUED
    return TransferState.DOWNLOADING if has_files else TransferState.METADATA
