"""A double of a Torznab indexer on loopback: answers a search with the titles that have all its words, and
a request without words, as a feed that is followed makes it, with nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from tests.neighbours import listening


class Indexer:
    """``titles`` are what it has; ``asked`` the queries that came, with all their parameters. ``meanwhile``
    is called with the words of each before it is answered.
    """

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.asked: list[dict[str, str]] = []
        self.status = 200
        self.meanwhile: Callable[[str], None] = lambda _words: None
        self.base = ""

    @property
    def feed_url(self) -> str:
        return f"{self.base}/api?t=search&apikey=secret&cat=5070"

    def answer(self, query: str) -> bytes:
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        self.asked.append(asked)
        self.meanwhile(asked.get("q", ""))
        words = asked.get("q", "").split()
        found = [title for title in self.titles if words and all(word in title for word in words)]
        items = "".join(f"<item><title>{escape(one)}</title>{_enclosure(one)}</item>" for one in found)
        space = "xmlns:torznab='http://torznab.com/schemas/2015/feed'"
        return f"<rss version='2.0' {space}><channel><title>Indexer</title>{items}</channel></rss>".encode()


def _enclosure(title: str) -> str:
    info_hash = hashlib.sha1(title.encode()).hexdigest()
    kind = "application/x-bittorrent"
    return f"<enclosure url='magnet:?xt=urn:btih:{info_hash}' length='1' type='{kind}'/>"


@contextmanager
def indexer() -> Iterator[Indexer]:
    """Serve one; ``base`` is its address."""
    double = Indexer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = double.answer(urlsplit(self.path).query)
            self.send_response(double.status)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(ConnectionError):  # who asked is gone
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as double.base:
        yield double
