"""Which hosts a request may go to.

A feed is written by strangers and names addresses. Two rules keep it from steering Seiton at things
that are nobody's business (contract, defect 78):

1. A request goes to a host that was configured, or that a configured feed links to.
2. An address that is not on the public internet (loopback, private, link-local, …) is reached only
   through a host that was configured itself. Names are resolved and *every* address is checked, and
   the connection is made to the address that was checked, so a name that answers differently the
   second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

import httpx2

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddress(Exception):
    """A host resolves to an address that it may not be reached at; ``address`` is that address."""

    def __init__(self, host: str, address: str) -> None:
        self.host = host
        self.address = address
        super().__init__(f"{host} is at {address}")


def parse_url(url: str) -> httpx2.URL | None:
    """Return ``url`` parsed if it is an absolute http or https URL with a host, else None."""
    try:
        parsed = httpx2.URL(url)
        usable = parsed.scheme in ("http", "https") and bool(parsed.host)
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return None
    return parsed if usable else None


def port_of(url: httpx2.URL) -> int:
    """Return the port that ``url`` means, the scheme's own where it names none."""
    return url.port or (443 if url.scheme == "https" else 80)


class HostPolicy:
    """Knows what was configured. May be used from several threads.

    ``allowed_private`` has three kinds of entries: a host (``nas``), a host with a port
    (``127.0.0.1:9117``), or a network in CIDR form, whose addresses then count as public
    (``198.18.0.0/15`` for proxies that answer every name with an address from there).
    """

    def __init__(self, allowed_private: frozenset[str] = frozenset()) -> None:
        self._configured: set[tuple[str, int | None]] = set()
        self._networks: list[Network] = []
        for entry in sorted(allowed_private):
            network = _as_network(entry)
            if network is not None:
                self._networks.append(network)
                continue
            host, port = _split_port(entry)
            self.allow(host, port)

    def allow(self, host: str, port: int | None = None) -> None:
        """Count ``host`` as configured, at ``port`` only or at every port."""
        self._configured.add((_normal(host), port))

    def allow_url(self, url: str) -> None:
        """Count the host of ``url`` as configured, at the port of ``url``; a URL without one is ignored."""
        parsed = parse_url(url)
        if parsed is not None:
            self.allow(parsed.raw_host.decode("ascii"), port_of(parsed))

    def permits(self, url: str, linked_from: str | None = None) -> bool:
        """Say whether ``url`` may be asked for; ``linked_from`` is the URL of the document that names it.

        Does not resolve names: a permitted host can still be refused by ``addresses``.
        """
        target = parse_url(url)
        if target is None:
            return False
        host = _normal(target.raw_host.decode("ascii"))
        if self._is_configured(host, port_of(target)):
            return True
        source = parse_url(linked_from) if linked_from is not None else None
        if source is None or not self._is_configured(
            _normal(source.raw_host.decode("ascii")), port_of(source)
        ):
            return False
        literal = _as_address(host)
        return literal is None or self._is_public(literal)

    def admit(self, url: str, caller: str | None) -> bool:
        """Say whether somebody at the address ``caller`` may have requests sent to ``url``.

        Besides what was configured that is their own machine: it then counts as configured. Nobody can
        point Seiton at other people's machines. Resolves names.
        """
        if self.permits(url):
            return True
        if not _is_at(url, caller):
            return False
        self.allow_url(url)
        return True

    def addresses(self, host: str, port: int) -> list[str]:
        """Resolve ``host`` and return its addresses, in the resolver's order, each checked.

        Raises ``RefusedAddress`` if any is not public and the host was not configured for ``port``, and
        ``OSError`` if there are none. Blocks as long as the system's resolver does.
        """
        found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self._is_configured(_normal(host), port):
            for text in addresses:
                if not self._is_public(ipaddress.ip_address(text)):
                    raise RefusedAddress(host, text)
        return addresses

    def _is_configured(self, host: str, port: int) -> bool:
        return (host, None) in self._configured or (host, port) in self._configured

    def _is_public(self, address: Address) -> bool:
        inner = _embedded(address)
        if any(address in network or inner in network for network in self._networks):
            return True
        local = isinstance(inner, ipaddress.IPv6Address) and inner.is_site_local
        return inner.is_global and not inner.is_multicast and not local


def _is_at(url: str, caller: str | None) -> bool:
    """Say whether every address of the host of ``url`` is ``caller``'s."""
    target, own = parse_url(url), plain_address(caller or "")
    if target is None or own is None:
        return False
    try:
        found = socket.getaddrinfo(target.host.strip("[]"), port_of(target), type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    addresses = [plain_address(str(entry[4][0])) for entry in found]
    return all(one is not None and (one == own or (own.is_loopback and one.is_loopback)) for one in addresses)


def plain_address(text: str) -> Address | None:
    """Return an address, an IPv4 one also where it is written as an IPv6 one; ``None``: it is none."""
    address = _as_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _normal(host: str) -> str:
    """Return ``host`` as it is compared: lower case, IDNA encoded, without brackets or a final dot."""
    bare = host.strip().strip("[]").rstrip(".").lower()
    literal = _as_address(bare)
    if literal is not None:
        return str(literal)
    try:
        return httpx2.URL(scheme="http", host=bare).raw_host.decode("ascii").rstrip(".")
    except (httpx2.InvalidURL, UnicodeError, ValueError):
        return bare


def _as_address(text: str) -> Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _as_network(entry: str) -> Network | None:
    if "/" not in entry:
        return None
    return ipaddress.ip_network(entry.strip(), strict=False)


def _split_port(entry: str) -> tuple[str, int | None]:
    host, colon, port = entry.strip().rpartition(":")
    is_bare_ipv6 = _as_address(entry.strip()) is not None
    if not colon or is_bare_ipv6 or not port.isdecimal():
        return entry.strip(), None
    return host, int(port)


def _embedded(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address is only a wrapping of, else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
