"""Mirrors and proxies: real requests to real servers on loopback, over a proxy that is one in small."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

import pytest

from seiton.adapters.http import Fetched, FetchError, FetchFault, HostPolicy, WebClient
from seiton.adapters.http_routes import Routes, read_routes
from tests.neighbours import listening


class Page(BaseHTTPRequestHandler):
    """Answers with the host and the path that were asked for."""

    def do_GET(self) -> None:
        if self.path == "/busy":
            self.send_response(429)
            self.send_header("Retry-After", "120")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = f"{self.headers['Host']} {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Socks(socketserver.BaseRequestHandler):
    """SOCKS5 (RFC 1928) without a password: notes the name that it is asked for, connects to ``target``."""

    names: list[str]
    target: tuple[str, int]

    def handle(self) -> None:
        _version, methods = struct.unpack("!BB", self._take(2))
        self._take(methods)
        self.request.sendall(b"\x05\x00")
        _version, _command, _rest, kind = struct.unpack("!BBBB", self._take(4))
        name = self._take(self._take(1)[0]).decode() if kind == 3 else socket.inet_ntoa(self._take(4))
        self._take(2)
        self.names.append(name)
        with socket.create_connection(self.target) as upstream:
            self.request.sendall(b"\x05\x00\x00\x01" + b"\x00" * 6)
            back = threading.Thread(target=self._pass, args=(upstream, self.request), daemon=True)
            back.start()
            self._pass(self.request, upstream)
            back.join()

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            part = self.request.recv(count - len(taken))
            if not part:
                raise ConnectionError
            taken += part
        return taken

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def socks_to(address: str) -> Iterator[tuple[str, list[str]]]:
    parts = urlsplit(address)
    names: list[str] = []
    handler = type("Here", (Socks,), {"names": names, "target": (parts.hostname, parts.port)})
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"socks5://127.0.0.1:{server.server_address[1]}", names
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def client(routes: Routes, *hosts: str) -> WebClient:
    return WebClient(
        user_agent="test", timeout_s=60, max_redirects=3, policy=HostPolicy(frozenset(hosts)), routes=routes
    )


def text(web: WebClient, url: str) -> str:
    answer = web.get(url, max_bytes=1000)
    assert isinstance(answer, Fetched)
    return answer.body.decode()


def test_a_mirror_is_asked_instead_with_the_same_path_and_query() -> None:
    with listening(Page) as here:
        web = client(Routes(mirrors=read_routes([f"mikanani.me={here}/mirror"])), "mikanani.me")
        host = urlsplit(here).netloc
        assert text(web, "https://mikanani.me/RSS/Bangumi?bangumiId=3391") == (
            f"{host} /mirror/RSS/Bangumi?bangumiId=3391"
        )
        web.close()


def test_an_address_keeps_its_own_name_in_what_comes_of_it() -> None:
    with listening(Page) as here:
        web = client(Routes(mirrors=read_routes([f"mikanani.me={here}"])), "mikanani.me")
        answer = web.get("https://mikanani.me/x", max_bytes=1000)
        assert answer.url == "https://mikanani.me/x"
        web.close()


def test_a_mirror_does_not_open_a_host_that_nobody_configured() -> None:
    with listening(Page) as here:
        web = client(Routes(mirrors=read_routes([f"mikanani.me={here}"])))
        with pytest.raises(FetchError) as refused:
            web.get("https://mikanani.me/x", max_bytes=1000)
        assert refused.value.reason is FetchFault.REFUSED_HOST
        web.close()


def test_a_host_and_its_subdomains_go_through_their_socks_proxy_which_resolves_the_name() -> None:
    with listening(Page) as here, socks_to(here) as (proxy, names):
        web = client(Routes(proxies=read_routes([f"bgm.test={proxy}"])), "api.bgm.test")
        assert text(web, "http://api.bgm.test/v0/subjects/1") == "api.bgm.test /v0/subjects/1"
        assert names == ["api.bgm.test"]
        web.close()


def test_a_host_goes_through_its_http_proxy_and_others_do_not() -> None:
    with listening(Page) as proxy, listening(Page) as here:
        web = client(Routes(proxies=read_routes([f"feed.test={proxy}"])), "feed.test", "127.0.0.1")
        # What an HTTP proxy is asked for is the whole address.
        assert text(web, "http://feed.test/rss") == "feed.test http://feed.test/rss"
        assert text(web, f"{here}/rss").endswith(" /rss")
        web.close()


def test_a_proxy_that_is_away_is_named_as_a_connection_that_fails() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"socks5://127.0.0.1:{closed.getsockname()[1]}"
        web = client(Routes(proxies=read_routes([f"feed.test={address}"])), "feed.test")
        with pytest.raises(FetchError) as failed:
            web.get("http://feed.test/rss", max_bytes=1000)
        assert failed.value.reason is FetchFault.CONNECTION
        web.close()


def test_the_pause_that_a_site_asks_for_is_told() -> None:
    with listening(Page) as here:
        web = client(Routes(), "127.0.0.1")
        with pytest.raises(FetchError) as failed:
            web.get(f"{here}/busy", max_bytes=1000)
        assert (failed.value.http_status, failed.value.retry_after_s) == (429, 120)
        web.close()
