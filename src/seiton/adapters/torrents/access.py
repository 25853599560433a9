"""Where a torrent client is, and what it asks for."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from seiton.adapters.http_errors import mask_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """``url`` is the client's address, ``timeout_s`` how long an answer may take, ``category`` what torrents
    of ours are marked with there, "" for nothing. The password is in no text that is made of this.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    category: str = ""
    timeout_s: float = 10.0

    @property
    def shown(self) -> str:
        """The address for people: without secrets."""
        return mask_url(self.url)

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme or "http"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "localhost"

    @property
    def bracketed_host(self) -> str:
        """The host as it is put into an address."""
        return f"[{self.host}]" if ":" in self.host else self.host

    def port(self, otherwise: int) -> int:
        """Return the port; ``otherwise`` where http has none given, 443 where https has none."""
        return urlsplit(self.url).port or (443 if self.scheme == "https" else otherwise)

    def path(self, otherwise: str) -> str:
        """Return the path; ``otherwise`` where none is given."""
        found = urlsplit(self.url).path
        return found if found not in ("", "/") else otherwise
