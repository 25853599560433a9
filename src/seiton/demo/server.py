"""The demo's web: a feed in the shape of Mikan's, the torrent files it names, and a tracker (BEP 3, 23)."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import unquote_to_bytes, urlsplit
from xml.sax.saxutils import escape, quoteattr

import libtorrent as lt

from seiton.demo.content import Published

FEED_PATH = "/RSS/Bangumi"
_MIKAN = "https://mikanani.me/0.1/"
_ANNOUNCE_SECONDS = 5


class Web:
    """An HTTP server on 127.0.0.1, on any free port, in threads of its own."""

    def __init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="demo-web", daemon=True
        )
        self._thread.start()

    @property
    def base(self) -> str:
        """The address of this server, without a slash at the end."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def publish(self, items: Sequence[Published]) -> None:
        """Serve ``items`` (oldest first) from now on, in place of what was served before."""
        feed = render_feed(self.base, items)
        torrents = {torrent_path(item): item.torrent for item in items}
        with self._server.lock:
            self._server.feed = feed
            self._server.torrents = torrents

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def torrent_path(item: Published) -> str:
    """Return where the torrent file of ``item`` is served, as Mikan does: by date and info hash."""
    return f"/Download/{item.release.published[:10].replace('-', '')}/{item.info_hash}.torrent"


def render_feed(base: str, items: Sequence[Published]) -> bytes:
    """Return an RSS document, newest item first; ``pubDate`` has no time zone, like Mikan's (it is UTC+8)."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel>',
        f"<title>Mikan Project - Seiton</title><link>{base}{FEED_PATH}</link>",
        "<description>Mikan Project - Seiton</description>",
    ]
    for item in reversed(items):
        title, page = escape(item.release.title), f"{base}/Home/Episode/{item.info_hash}"
        parts.append(
            f'<item><guid isPermaLink="false">{title}</guid><link>{page}</link><title>{title}</title>'
            f"<description>{title}[{item.size / 2**20:.2f} MB]</description>"
            f'<torrent xmlns="{_MIKAN}"><link>{page}</link><contentLength>{item.size}</contentLength>'
            f"<pubDate>{item.release.published}</pubDate></torrent>"
            f'<enclosure type="application/x-bittorrent" length="{item.size}"'
            f" url={quoteattr(base + torrent_path(item))} /></item>"
        )
    parts.append("</channel></rss>")
    return "".join(parts).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Clients that go away in the middle of an answer are nothing to wait for.
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.lock = threading.Lock()
        self.feed = b""
        self.torrents: dict[str, bytes] = {}
        self.swarms: dict[bytes, dict[bytes, bytes]] = {}
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: torrent clients drop connections when they are closed."""


class _Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing; the demo has its own output."""

    def do_GET(self) -> None:
        server = cast("_Server", self.server)
        asked = urlsplit(self.path)
        if asked.path == "/announce":
            self._answer(200, _announce(server, asked.query, self.client_address[0]), "text/plain")
        elif asked.path == FEED_PATH:
            self._feed(server)
        elif asked.path in server.torrents:
            self._answer(200, server.torrents[asked.path], "application/x-bittorrent")
        else:
            self._answer(404, b"not found", "text/plain")

    def _feed(self, server: _Server) -> None:
        with server.lock:
            body = server.feed
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == etag:
            self._answer(304, b"", "text/xml; charset=utf-8", etag)
        else:
            self._answer(200, body, "text/xml; charset=utf-8", etag)

    def _answer(self, status: int, body: bytes, kind: str, etag: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body)


def _announce(server: _Server, query: str, host: str) -> bytes:
    """Note the peer that asks and return the others of its swarm."""
    said = {
        key: unquote_to_bytes(value) for key, _, value in (pair.partition("=") for pair in query.split("&"))
    }
    port = said.get("port", b"")
    if len(said.get("info_hash", b"")) != 20 or not port.isdigit() or int(port) > 65535:
        failure: dict[bytes, Any] = {b"failure reason": b"info_hash or port is missing"}
        return lt.bencode(failure)
    me = said.get("peer_id", b"")
    with server.lock:
        swarm = server.swarms.setdefault(said["info_hash"], {})
        if said.get("event") == b"stopped":
            swarm.pop(me, None)
        else:
            # Whoever calls from another address of this machine listens at this one.
            host = "127.0.0.1" if host.startswith("127.") else host
            swarm[me] = socket.inet_aton(host) + int(port).to_bytes(2, "big")
        others = b"".join(peer for peer_id, peer in swarm.items() if peer_id != me)
    answer: dict[bytes, Any] = {b"interval": _ANNOUNCE_SECONDS, b"min interval": 1, b"peers": others}
    return lt.bencode(answer)
