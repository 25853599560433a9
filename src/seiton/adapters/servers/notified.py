"""Emby and Plex: told which folder changed, and asked nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from seiton.adapters.http import JsonAnswer, WebClient
from seiton.adapters.servers.port import Caution, Wire
from seiton.config.servers import MediaServerSettings
from seiton.domain.watching import Heard, Mark, PathMap
from seiton.text import _


class _Notified:
    kind = ""
    is_asked = False
    by_mtime = False

    def __init__(self, settings: MediaServerSettings, web: WebClient) -> None:
        self.name, self.address = settings.name, settings.url
        self.paths = PathMap(settings.pairs)
        self._wire = Wire(settings, web)
        self._token = settings.token.get_secret_value()

    def read(self, _videos: Sequence[str]) -> list[Mark]:
        """Return nothing: its watched states are its own."""
        return []

    def write(self, _marks: Sequence[Mark], _items: Mapping[str, Heard]) -> None:
        """Do nothing."""

    def look(self, _videos: Sequence[str]) -> list[Heard]:
        """Return nothing: it is not asked."""
        return []

    def reread(self, _items: Sequence[Heard], _shows: Sequence[Heard]) -> None:
        """Do nothing."""

    def forget(self, _videos: Sequence[str]) -> None:
        """Do nothing: a refresh takes away what is not there."""

    def _ask(self, method: str, path: str, header: str, payload: object = None) -> JsonAnswer:
        answer = self._wire.ask(method, path, payload, headers={header: self._token})
        if not answer.is_success:
            raise self._wire.refused(answer)
        return answer


class Emby(_Notified):
    """One Emby."""

    kind = "emby"

    def refresh(self, folder: str) -> None:
        """Say that ``folder`` changed."""
        update = {"Updates": [{"Path": folder, "UpdateType": "Modified"}]}
        self._ask("POST", "/Library/Media/Updated", "X-Emby-Token", update)

    def meet(self, _library: bytes, _movies: bytes | None = None) -> Iterator[Caution]:
        """Ask its version."""
        found = self._ask("GET", "/System/Info", "X-Emby-Token").content
        version = found.get("Version", "?") if isinstance(found, dict) else "?"
        yield Caution(says=_("Emby {version} answers.", version=version))


class Plex(_Notified):
    """One Plex."""

    kind = "plex"

    def refresh(self, folder: str) -> None:
        """Have the section that ``folder`` lies in look at it; where none has it, nothing is to be told."""
        for section in self._sections():
            for location in self._wire.rows(section, "Location"):
                root = str(location.get("path", "")).rstrip("/")
                if root and (folder == root or folder.startswith(root + "/")):
                    key = quote(str(section.get("key")), safe="")
                    self._ask("GET", f"/library/sections/{key}/refresh?{urlencode({'path': folder})}", _PLEX)
                    return

    def meet(self, library: bytes, movies: bytes | None = None) -> Iterator[Caution]:
        """Ask for its sections."""
        roots = [
            str(location.get("path", "")).rstrip("/")
            for section in self._sections()
            for location in self._wire.rows(section, "Location")
        ]
        yield Caution(says=_("Plex answers."))
        for there in [self.paths.there(folder) for folder in (library, movies) if folder is not None]:
            if not any(root and (there == root or there.startswith(root + "/")) for root in roots):
                says = _("{path} is in none of its libraries.", path=there)
                yield Caution(
                    says=says, do=_("Add it in Plex, or say in path_map what Plex calls it."), is_bad=True
                )

    def _sections(self) -> list[dict[str, Any]]:
        content = self._ask("GET", "/library/sections", _PLEX).content
        inner = content.get("MediaContainer") if isinstance(content, dict) else None
        return self._wire.rows(inner, "Directory")


_PLEX = "X-Plex-Token"
