"""qBittorrent 4.5 to 5.3, by its Web API (qbittorrent-api).

What it has is followed by ``sync/maindata``: the first answer is everything, each later one only what
changed, so asking often costs little, and torrents are found by either hash in whatever category they are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any, cast

import qbittorrentapi as qb

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.faults import not_like, refuses, unreached
from seiton.adapters.torrents.port import ClientAway, Refusal, TorrentRefused, TorrentSource, TransferState
from seiton.adapters.torrents.program import Seen, Version, known_files
from seiton.domain.contents import TorrentFile
from seiton.errors import NotFound
from seiton.text import _

_STATES = {
    "error": TransferState.ERROR,
    "unknown": TransferState.ERROR,
    "missingFiles": TransferState.MISSING_FILES,
    "uploading": TransferState.COMPLETED,
    "stalledUP": TransferState.COMPLETED,
    "queuedUP": TransferState.COMPLETED,
    "forcedUP": TransferState.COMPLETED,
    "pausedUP": TransferState.COMPLETED,
    "stoppedUP": TransferState.COMPLETED,
    "checkingUP": TransferState.CHECKING,
    "checkingDL": TransferState.CHECKING,
    "checkingResumeData": TransferState.CHECKING,
    "moving": TransferState.CHECKING,
    "allocating": TransferState.CHECKING,
    "metaDL": TransferState.METADATA,
    "forcedMetaDL": TransferState.METADATA,
    "queuedDL": TransferState.QUEUED,
    "pausedDL": TransferState.PAUSED,
    "stoppedDL": TransferState.PAUSED,
}
"""Every other state is one of downloading."""

_KEPT = (
    "state",
    "progress",
    "size",
    "completed",
    "save_path",
    "content_path",
    "uploaded",
    "seeding_time",
    "infohash_v1",
    "infohash_v2",
    "category",
)
_REMOVES = {1: "remove", 3: "remove with files"}


class QBittorrent:
    """A ``Program``. The library logs in when it is told to, once for each request."""

    kind = "qBittorrent"
    oldest: Version = (4, 5)
    newest: Version = (5, 3)
    keeps_data = False
    needs_folder = False

    def __init__(self, access: Access) -> None:
        self._access = access
        self._api = qb.Client(
            host=access.url,
            username=access.user,
            password=access.password,
            FORCE_SCHEME_FROM_HOST=True,
            SIMPLE_RESPONSES=True,
            REQUESTS_ARGS={"timeout": access.timeout_s, "allow_redirects": False},
            HTTPADAPTER_ARGS={"max_retries": 0},
        )
        self._torrents: dict[str, dict[str, Any]] = {}
        self._by_hash: dict[str, str] = {}
        self._answer = 0  #: id of the last answer, 0: tell everything

    def version(self) -> str:
        """See ``Program``."""
        with self._reading():
            self._answer = 0
            return self._api.app_version()

    def look(self, hashes: Collection[str]) -> dict[str, Seen]:
        """See ``Program``."""
        self._follow()
        found = {name: self._by_hash[name] for name in hashes if name in self._by_hash}
        return {name: _seen(own_id, self._torrents[own_id]) for name, own_id in found.items()}

    def example(self) -> Seen | None:
        """See ``Program``."""
        self._follow()
        for own_id, said in self._torrents.items():
            if said.get("category") == self._access.category:
                seen = _seen(own_id, said)
                if seen.state is TransferState.COMPLETED:
                    return seen
        return None

    def add(self, source: TorrentSource, folder: str) -> None:
        """See ``Program``. Nothing of what a person set for other torrents applies: no other folder for what
        is incomplete, no folder added or left out, no management by category.
        """
        said: object = None
        with self._reading():
            said = self._api.torrents_add(
                torrent_files=source.content,
                urls=None if source.content is not None else source.magnet,
                save_path=folder,
                category=self._access.category or None,
                use_auto_torrent_management=False,
                use_download_path=False,
                content_layout="Original",
                stop_condition=cast("Any", "None"),
                is_paused=False,
            )
        if said == "Fails.":  # 4.5; later ones answer with an error
            raise TorrentRefused(Refusal.REFUSED, _("{name} does not take this torrent.", name=self.kind))

    def files(self, seen: Seen) -> tuple[TorrentFile, ...]:
        """See ``Program``."""
        with self._reading():
            said: Any = self._api.torrents_files(seen.own_id)
        return known_files(
            [
                (int(file.get("index", position)), str(file["name"]), int(file["size"]))
                for position, file in enumerate(said)
                if file.get("priority") != 0
            ]
        )

    def remove(self, seen: Seen, *, delete_data: bool) -> None:
        """See ``Program``."""
        with self._reading():
            self._api.torrents_delete(delete_files=delete_data, torrent_hashes=seen.own_id)

    def pause(self, seen: Seen) -> None:
        """See ``Program``."""
        with self._reading():
            self._api.torrents_stop(torrent_hashes=seen.own_id)

    def resume(self, seen: Seen) -> None:
        """See ``Program``."""
        with self._reading():
            self._api.torrents_start(torrent_hashes=seen.own_id)

    def listen(self, callback: Callable[[str], None]) -> None:
        """See ``Program``: it tells nothing by itself."""

    def cautions(self) -> list[str]:
        """See ``Program``."""
        with self._reading():
            said: Any = self._api.app_preferences()
        found = []
        ends = said.get("max_ratio_enabled") or said.get("max_seeding_time_enabled")
        if ends and said.get("max_ratio_act") in _REMOVES:
            found.append(
                _("It removes torrents at its own seeding limit; let Seiton do that: seed_ratio, seed_hours.")
            )
        if said.get("excluded_file_names_enabled"):
            found.append(_("It leaves out files by their names; torrents may never be complete for Seiton."))
        return found

    def close(self) -> None:
        """See ``Program``. The session there ends by itself."""
        self._api._trigger_session_initialization()

    def _follow(self) -> None:
        """Bring what we know of its torrents up to date."""
        with self._reading():
            said: Any = self._api.sync_maindata(rid=self._answer)
            if not isinstance(said, dict) or "rid" not in said:
                raise not_like(self.kind, self._access.shown)
            if said.get("full_update"):
                self._torrents.clear()
            for own_id, changed in said.get("torrents", {}).items():
                kept = {name: changed[name] for name in _KEPT if name in changed}
                self._torrents.setdefault(own_id, {}).update(kept)
            for own_id in said.get("torrents_removed", ()):
                self._torrents.pop(own_id, None)
            self._answer = said["rid"]
        self._by_hash = {
            name: own_id for own_id, known in self._torrents.items() for name in _names(own_id, known)
        }

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Say in our words what the library raises; whatever it was, ask for everything the next time."""
        kind, shown = self.kind, self._access.shown
        try:
            yield
        except (qb.LoginFailed, qb.Forbidden403Error) as error:
            raise refuses(kind, shown) from error
        except qb.NotFound404Error as error:
            raise NotFound(_("The torrent client does not know it: {reason}", reason=error)) from error
        except qb.UnsupportedMediaType415Error as error:
            raise TorrentRefused(
                Refusal.REFUSED, _("{name} does not take this torrent.", name=kind)
            ) from error
        except qb.Conflict409Error:
            return  # it has it, or has nothing to do
        except qb.HTTPError as error:
            self._answer = 0
            message = _(
                "{name} at {address} answered HTTP {status}.", name=kind, address=shown, status=_status(error)
            )
            raise ClientAway(message) from error
        except qb.APIConnectionError as error:
            self._answer = 0
            raise unreached(kind, shown, error, self._access.timeout_s) from error
        except (qb.APIError, ValueError, KeyError, TypeError, AttributeError) as error:
            self._answer = 0
            raise not_like(kind, shown) from error


def _seen(own_id: str, said: dict[str, Any]) -> Seen:
    state = _STATES.get(str(said.get("state")), TransferState.DOWNLOADING)
    size = max(int(said.get("size") or 0), 0)
    folder = str(said.get("save_path") or "").rstrip("/") or None
    path = str(said.get("content_path") or "").rstrip("/")
    has_files = size > 0 and state is not TransferState.METADATA
    error = {
        TransferState.ERROR: _("{name} reports an error; its log says which.", name=QBittorrent.kind),
        TransferState.MISSING_FILES: _(
            "{name} does not find the files in {folder}.", name="qBittorrent", folder=folder
        ),
    }.get(state)
    return Seen(
        own_id=own_id,
        state=state,
        progress=float(said.get("progress") or 0.0) if has_files else 0.0,
        size=size,
        downloaded=max(int(said.get("completed") or 0), 0) if has_files else 0,
        folder=folder,
        content_path=path if has_files and path else None,
        error=error,
        uploaded=int(said.get("uploaded") or 0),
        seeding_seconds=float(said.get("seeding_time") or 0.0),
    )


def _names(own_id: str, said: dict[str, Any]) -> set[str]:
    hashes = (own_id, said.get("infohash_v1"), said.get("infohash_v2"))
    return {str(name).lower()[:40] for name in hashes if name}


def _status(error: qb.HTTPError) -> int:
    return int(getattr(error, "http_status_code", 0) or 0)
