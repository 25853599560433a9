"""The web client: everything that Seiton asks of the web goes through here.

It is made of httpx2's connection pool and URLs, without ``httpx2.Client``: that one logs full URLs with
their tokens, unpacks a whole compressed chunk before anyone can count it, and keeps cookies.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from seiton.adapters.http_errors import FetchError, FetchFault, mask_url
from seiton.adapters.http_policy import HostPolicy, RefusedAddress, parse_url, port_of
from seiton.adapters.http_routes import DIRECT, Routes, pool_to
from seiton.adapters.http_transport import CheckedBackend, deadline
from seiton.text import _

__all__ = [
    "FetchError",
    "FetchFault",
    "Fetched",
    "HostPolicy",
    "JsonAnswer",
    "NotModified",
    "WebClient",
    "mask_url",
]

MAX_CONNECTIONS = 20
KEEP_ALIVE_S = 5.0
MAX_ANSWER = 1024 * 1024
"""Most bytes of an answer to something that was posted."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_REDIRECTS_OF_POST = frozenset({307, 308})  # the others would turn it into a GET and lose the message
_LONGEST_VALIDATOR = 1024
_PROXY_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An answer with status 2xx. ``url`` is where it came from in the end, ``body`` is unpacked."""

    status: int
    url: str
    body: bytes
    content_type: str | None
    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonAnswer:
    """An answer of a service: any status, and what its JSON body holds (``None`` where it is empty)."""

    status: int
    content: Any

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """Nothing changed since the answer that ``etag`` and ``last_modified`` came with (HTTP 304)."""

    url: str
    etag: str | None
    last_modified: str | None


class WebClient:
    """Fetches and posts; one for the whole process, used by all threads.

    ``timeout_s`` bounds one call from the first name lookup to the last byte, redirects included.
    Proxies from the environment are not used: through them no address can be checked. ``routes`` are those
    that were written down for a host; mirrors and proxies count as configured.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        timeout_s: float,
        max_redirects: int,
        policy: HostPolicy,
        routes: Routes = DIRECT,
    ) -> None:
        self.policy = policy
        self._user_agent = user_agent
        self._timeout_s = timeout_s
        self._max_redirects = max_redirects
        self._routes = routes
        for mirror in routes.mirrors.values():
            policy.allow_url(mirror)
        for proxy in routes.proxies.values():
            parts = urlsplit(proxy)
            policy.allow(parts.hostname or "", parts.port or _PROXY_PORTS[parts.scheme])
        self._carried: dict[tuple[str, str, int], str] = {}
        backend = CheckedBackend(policy)
        self._pools = {
            proxy: pool_to(proxy, backend, max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE_S)
            for proxy in {None, *routes.proxies.values()}
        }

    def close(self) -> None:
        """Close the idle connections; the client is of no use afterwards."""
        for pool in self._pools.values():
            pool.close()

    def carry(self, url: str, token: str | None) -> None:
        """Send ``token`` along with what is asked of the service at ``url``: scheme, host and port count, and
        no redirect takes it elsewhere. ``None``: do not any more.
        """
        place = _place(url)
        if place is not None and token is not None:
            self._carried[place] = token
        elif place is not None:
            self._carried.pop(place, None)

    def _introduction(self, url: str) -> dict[str, str]:
        place = _place(url)
        token = self._carried.get(place) if place is not None else None
        return {"Authorization": f"Bearer {token}"} if token is not None else {}

    def get(
        self,
        url: str,
        *,
        max_bytes: int,
        accept: str | None = None,
        etag: str | None = None,
        last_modified: str | None = None,
        linked_from: str | None = None,
        as_service: bool = False,
    ) -> Fetched | NotModified:
        """Fetch ``url``, at most ``max_bytes`` of it once unpacked.

        ``etag`` and ``last_modified`` are those of the answer that is there already; with either,
        ``NotModified`` may come back. ``linked_from`` is the URL of the document that names ``url``:
        what a configured feed links to may be fetched although it is not configured itself. ``as_service``:
        ask with the token that is carried to ``url``; what strangers name is never asked so.
        Raises ``FetchError``, also for every status that is not 2xx.
        """
        headers = {"Accept": accept or "*/*"}
        if etag is not None:
            headers["If-None-Match"] = etag
        if last_modified is not None:
            headers["If-Modified-Since"] = last_modified
        conditional = etag is not None or last_modified is not None
        private = self._introduction(url) if as_service else {}
        with (
            self._guarded(url),
            self._answer("GET", url, headers, None, linked_from, private) as (at, response),
        ):
            found = httpx2.Headers(response.headers)
            if response.status == 304 and conditional:
                return NotModified(
                    url=at,
                    etag=_validator(found, "etag") or etag,
                    last_modified=_validator(found, "last-modified") or last_modified,
                )
            return _received(at, response, found, max_bytes)

    def request_json(
        self,
        method: str,
        url: str,
        payload: object = None,
        *,
        timeout_s: float | None = None,
        max_bytes: int = MAX_ANSWER,
        headers: Mapping[str, str] | None = None,
    ) -> JsonAnswer:
        """Ask another service, with ``payload`` as JSON unless it is ``None``. Statuses are no errors here.
        ``headers`` are sent as well, but to no other host that a redirect may lead to.

        Raises ``FetchError``, also for a success whose body is not JSON. A timeout says nothing about whether
        the message arrived; see ``FetchError.sent``.
        """
        sent = {"Accept": "application/json"}
        content = None
        if payload is not None:
            content = json.dumps(payload).encode()
            sent |= {"Content-Type": "application/json"}
        elif method not in ("GET", "DELETE"):
            content = b""
            sent |= {"Content-Length": "0"}
        with (
            self._guarded(url, timeout_s),
            self._answer(method, url, sent, content, None, self._introduction(url) | dict(headers or {})) as (
                at,
                response,
            ),
        ):
            body = _read(at, response, httpx2.Headers(response.headers), max_bytes)
        try:
            return JsonAnswer(status=response.status, content=json.loads(body) if body.strip() else None)
        except (ValueError, RecursionError) as error:
            if 200 <= response.status < 300:
                detail = _("the answer is not JSON")
                raise FetchError(FetchFault.NOT_HTTP, url, detail=detail) from error
            return JsonAnswer(status=response.status, content=None)

    def deliver_json(
        self, url: str, payload: object, *, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> int:
        """Post ``payload`` as JSON to ``url`` and nowhere else; return the status. What is answered does not
        matter. Raises ``FetchError``, also for a redirect.
        """
        sent = {"Content-Type": "application/json"}
        content = json.dumps(payload).encode()
        with (
            self._guarded(url, timeout_s),
            self._answer("POST", url, sent, content, None, headers or {}, hops=0) as (_at, response),
        ):
            return int(response.status)

    @contextmanager
    def _guarded(self, url: str, timeout_s: float | None = None) -> Iterator[None]:
        """Bound the time of the block and turn the transport's errors into ours."""
        try:
            with deadline(timeout_s or self._timeout_s):
                yield
        except RefusedAddress as error:
            why = _("{host} is at the private address {address}", host=error.host, address=error.address)
            raise FetchError(FetchFault.REFUSED_HOST, url, detail=why) from error
        except httpcore2.TimeoutException as error:
            sent = not isinstance(error, httpcore2.ConnectTimeout | httpcore2.PoolTimeout)
            raise FetchError(FetchFault.TIMEOUT, url, sent=sent) from error
        except httpcore2.NetworkError as error:
            sent = not isinstance(error, httpcore2.ConnectError)
            raise FetchError(FetchFault.CONNECTION, url, detail=str(error), sent=sent) from error
        except httpcore2.ProxyError as error:
            detail = _("the proxy says: {reason}", reason=error)
            raise FetchError(FetchFault.CONNECTION, url, detail=detail, sent=False) from error
        except (httpcore2.ProtocolError, httpcore2.UnsupportedProtocol) as error:
            raise FetchError(FetchFault.NOT_HTTP, url, detail=str(error)) from error

    @contextmanager
    def _answer(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        linked_from: str | None,
        private: Mapping[str, str] = MappingProxyType({}),
        hops: int | None = None,
    ) -> Iterator[tuple[str, httpcore2.Response]]:
        """Ask, follow redirects, and give the URL that answered with the answer, its body unread.

        ``private`` headers are for the host of ``url`` alone; ``hops``: most redirects, if not the usual.
        """
        follows = _REDIRECTS if method == "GET" else _REDIRECTS_OF_POST
        at = url
        for _hop in range((self._max_redirects if hops is None else hops) + 1):
            target = self._permitted(at, linked_from if at == url else linked_from or url)
            pool = self._pools[self._routes.proxy_of(target.host)]
            with pool.stream(
                method,
                httpcore2.URL(
                    scheme=target.raw_scheme, host=target.raw_host, port=target.port, target=target.raw_path
                ),
                headers=self._headers(target, {**headers, **(private if _same_place(url, at) else {})}),
                content=content,
                extensions={"timeout": {"pool": self._timeout_s}},
            ) as response:
                location = httpx2.Headers(response.headers).get("location")
                if response.status not in follows or location is None:
                    yield at, response
                    return
            at = _joined(at, location)
        raise FetchError(FetchFault.TOO_MANY_REDIRECTS, url)

    def _permitted(self, url: str, linked_from: str | None) -> httpx2.URL:
        target = parse_url(url)
        if target is None:
            raise FetchError(FetchFault.NOT_HTTP, url, detail=_("only http and https are understood"))
        if not self.policy.permits(url, linked_from):
            raise FetchError(FetchFault.REFUSED_HOST, url)
        mirrored = self._routes.mirrored(url)
        return target if mirrored == url else parse_url(mirrored) or target

    def _headers(self, target: httpx2.URL, headers: Mapping[str, str]) -> list[tuple[str, str]]:
        # Only packings that can be unpacked in bounded steps are asked for.
        sent = {
            "Host": target.netloc.decode("ascii"),
            "User-Agent": self._user_agent,
            "Accept-Encoding": "gzip",
            **headers,
        }
        if target.userinfo:
            pair = f"{target.username}:{target.password}".encode()
            sent["Authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        return list(sent.items())


def _same_place(url: str, other: str) -> bool:
    """Say whether both name the same scheme, host and port."""
    return _place(url) is not None and _place(url) == _place(other)


def _place(url: str) -> tuple[str, str, int] | None:
    parsed = parse_url(url)
    return (parsed.scheme, parsed.host, port_of(parsed)) if parsed is not None else None


def _joined(base: str, location: str) -> str:
    """Return the absolute URL of a redirect; a user name and password stay with their host."""
    try:
        return urljoin(base, location)
    except ValueError:
        return location


def _received(url: str, response: httpcore2.Response, headers: httpx2.Headers, max_bytes: int) -> Fetched:
    if not 200 <= response.status < 300:
        pause = headers.get("retry-after", "")
        raise FetchError(
            FetchFault.STATUS,
            url,
            http_status=response.status,
            retry_after_s=int(pause) if pause.isdecimal() and len(pause) < 8 else None,
        )
    try:
        body = _read(url, response, headers, max_bytes)
    except httpcore2.ProtocolError as error:
        raise FetchError(FetchFault.CONNECTION, url, detail=_("the answer breaks off")) from error
    return Fetched(
        status=response.status,
        url=url,
        body=body,
        content_type=headers.get("content-type"),
        etag=_validator(headers, "etag"),
        last_modified=_validator(headers, "last-modified"),
    )


def _validator(headers: httpx2.Headers, name: str) -> str | None:
    """Return a header that is sent back later, unless it is absurdly long."""
    value: str | None = headers.get(name)
    return value if value is not None and len(value) <= _LONGEST_VALIDATOR else None


def _read(url: str, response: httpcore2.Response, headers: httpx2.Headers, max_bytes: int) -> bytes:
    encoding = headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in ("identity", "gzip", "x-gzip"):
        detail = _("it is packed as {encoding}, which was not asked for", encoding=encoding[:40])
        raise FetchError(FetchFault.NOT_HTTP, url, detail=detail)
    too_large = FetchError(FetchFault.TOO_LARGE, url, detail=_("{n} bytes", n=f"{max_bytes:,}"))
    announced = headers.get("content-length", "")
    if encoding == "identity" and announced.isdecimal() and int(announced) > max_bytes:
        raise too_large
    chunks = response.iter_stream()
    body = bytearray()
    for piece in chunks if encoding == "identity" else _unpacked(url, chunks, max_bytes):
        body += piece
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)


def _unpacked(url: str, chunks: Iterator[bytes], max_bytes: int) -> Iterator[bytes]:
    """Yield what gzip ``chunks`` unpack to, never more than ``max_bytes`` + 1 at a time."""
    unpacker = zlib.decompressobj(wbits=31)
    begun = False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if unpacker.eof:  # another member of the same gzip stream
                    unpacker = zlib.decompressobj(wbits=31)
                begun = True
                yield unpacker.decompress(rest, max_bytes + 1)
                rest = unpacker.unconsumed_tail or unpacker.unused_data
    except zlib.error as error:
        raise FetchError(FetchFault.NOT_HTTP, url, detail=_("the gzip packing is damaged")) from error
    if begun and not unpacker.eof:
        raise FetchError(FetchFault.CONNECTION, url, detail=_("the answer breaks off"))
