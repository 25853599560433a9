"""Where requests really go: hosts that another one stands in for, and proxies on the way to hosts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

import httpcore2

from seiton.adapters.certificates import certificates

SOCKS = frozenset({"socks5", "socks5h"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Routes:
    """``mirrors``: host → base address of the one that is asked instead; ``proxies``: host → address of the
    proxy that it is reached through, also by its subdomains. Hosts are in lower case.
    """

    mirrors: Mapping[str, str] = field(default_factory=dict)
    proxies: Mapping[str, str] = field(default_factory=dict)

    def mirrored(self, url: str) -> str:
        """Return the address that stands in for ``url``: that of a mirror, with the same path and query."""
        parts = urlsplit(url)
        mirror = self.mirrors.get((parts.hostname or "").rstrip("."))
        if mirror is None:
            return url
        base = urlsplit(mirror)
        path = base.path.rstrip("/") + (parts.path or "/")
        return urlunsplit((base.scheme, base.netloc, path, parts.query, ""))

    def proxy_of(self, host: str) -> str | None:
        """Return the proxy for ``host``: its own, else that of the nearest domain above it."""
        name = host.rstrip(".").lower()
        while name:
            if name in self.proxies:
                return self.proxies[name]
            name = name.partition(".")[2]
        return None


DIRECT = Routes()


def read_routes(pairs: Iterable[str]) -> dict[str, str]:
    """Return what ``host=address`` pairs say; of several for a host the last counts."""
    found = {}
    for pair in pairs:
        host, _mark, address = pair.partition("=")
        found[host.strip().lower().rstrip(".")] = address.strip().rstrip("/")
    return found


def pool_to(
    proxy: str | None, backend: httpcore2.NetworkBackend, **options: object
) -> httpcore2.ConnectionPool:
    """Return a pool of connections made directly, or through ``proxy``; names are then resolved by that."""
    context = certificates()
    given: dict[str, object] = {"ssl_context": context, "network_backend": backend, **options}
    if proxy is None:
        return httpcore2.ConnectionPool(**given)  # type: ignore[arg-type]
    parts = urlsplit(proxy)
    scheme = "socks5" if parts.scheme in SOCKS else parts.scheme
    given["proxy_url"] = f"{scheme}://{parts.netloc.rpartition('@')[2]}"
    if parts.username is not None:
        given["proxy_auth"] = (unquote(parts.username), unquote(parts.password or ""))
    if scheme == "socks5":
        return httpcore2.SOCKSProxy(**given)  # type: ignore[arg-type]
    if scheme == "https":
        given["proxy_ssl_context"] = context
    return httpcore2.HTTPProxy(**given)  # type: ignore[arg-type]
