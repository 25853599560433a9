"""What Seiton asks of a media server. Every call raises ``Unavailable`` where it does not answer as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from seiton.adapters.http import JsonAnswer, WebClient
from seiton.config.servers import MediaServerSettings
from seiton.domain.watching import Heard, Mark, PathMap
from seiton.errors import Unavailable
from seiton.text import _

MAX_ANSWER = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something in a server's own settings: what it is, what to do; ``is_bad``: it cannot work so."""

    says: str
    do: str = ""
    is_bad: bool = False


class MediaServer(Protocol):
    """A media server. Paths are the server's own; ``paths`` leads to them.

    ``is_asked``: it can be asked what it has (``look``) and who has watched it (``read``, ``write``); else it
    is only told. ``by_mtime``: it reads an NFO again only if its time of change is later than its own record.
    """

    name: str
    address: str
    kind: str
    paths: PathMap
    is_asked: bool
    by_mtime: bool

    def read(self, videos: Sequence[str]) -> list[Mark]:
        """Return the watched state of those ``videos`` that it knows, for each user."""

    def write(self, marks: Sequence[Mark], items: Mapping[str, Heard]) -> None:
        """Set the watched state of ``items`` (by path). Repeats change nothing."""

    def refresh(self, folder: str) -> None:
        """Have it look at what was added to, and removed from, ``folder``. It may go on after the answer."""

    def look(self, videos: Sequence[str]) -> list[Heard]:
        """Return what it has of ``videos``; what it does not know is absent."""

    def reread(self, items: Sequence[Heard], shows: Sequence[Heard]) -> None:
        """Have it read the NFOs of ``items`` again, and those of the shows that ``shows`` belong to."""

    def forget(self, videos: Sequence[str]) -> None:
        """Have it forget ``videos``, which are not there any more; it may have done so by itself."""

    def meet(self, library: bytes, movies: bytes | None = None) -> Iterator[Caution]:
        """Log in and look at its settings: the first says who it is, others what would fight with Seiton."""


class Wire:
    """Requests to one server, in its settings' time; errors name it."""

    def __init__(self, settings: MediaServerSettings, web: WebClient) -> None:
        self.name, self._url = settings.name, settings.url
        self._web, self._timeout_s = web, settings.timeout

    def ask(
        self, method: str, path: str, payload: object = None, *, headers: Mapping[str, str] | None = None
    ) -> JsonAnswer:
        """Return its answer of any status. Raises ``Unavailable``."""
        try:
            return self._web.request_json(
                method,
                self._url + path,
                payload,
                timeout_s=self._timeout_s,
                max_bytes=MAX_ANSWER,
                headers=headers,
            )
        except Unavailable as error:
            raise Unavailable(_("{name}: {reason}", name=self.name, reason=error)) from error

    def refused(self, answer: JsonAnswer) -> Unavailable:
        """Return what to raise for an answer that is none of a server that works."""
        if answer.status in (401, 403):
            return Unavailable(
                _(
                    "{name} refuses access (HTTP {status}). Check user and token in media_servers.",
                    name=self.name,
                    status=answer.status,
                )
            )
        return Unavailable(
            _("{name} answered HTTP {status}. It is tried again later.", name=self.name, status=answer.status)
        )

    def strange(self) -> Unavailable:
        """Return what to raise for an answer that is not of the expected form."""
        return Unavailable(_("{name} gave an answer that cannot be understood.", name=self.name))

    def rows(self, content: Any, key: str) -> list[dict[str, Any]]:
        """Return the list of objects under ``key``; none if there is no such key. Raises ``Unavailable``."""
        found = content.get(key) if isinstance(content, dict) else content if key == "" else None
        if not isinstance(content, dict) and key:
            raise self.strange()
        if found is None:
            return []
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise self.strange()
        return found


def batches(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut ``values`` into pieces that fit into one request."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
