"""The real Mikan document, served locally with files made to order, and a Seiton of one's own beside it."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from lxml import etree

from seiton.demo.content import Published, publish
from seiton.demo.sample import Media, Release
from seiton.demo.server import Web, torrent_path
from seiton.demo.world import Seeder

DOCUMENT = "mikan_goto_bangumi_3391.xml"
SIZE = 90_000


def releases_of(document: bytes) -> list[tuple[str, Release]]:
    """Return (enclosure URL, a release with files made to order) for each item of the document."""
    found: list[tuple[str, Release]] = []
    for item in etree.fromstring(document).iterfind(".//item"):
        enclosure = item.find("enclosure")
        assert enclosure is not None
        title = item.findtext("title") or ""
        name = re.sub(r"[/\\]", "_", title)[:60]
        single = re.search(r" - (\d+) \[", title)
        folder = None if single else name
        numbers = [int(single[1])] if single else list(range(1, 13))
        kind = "[1080p]" if single else "[BD]"
        files = tuple(
            Media(name=f"{name} - {number:02} {kind}.mkv", size=SIZE + number + 100 * (not single))
            for number in numbers
        )
        release = Release(title=title, published="2024-10-06", folder=folder, files=files)
        found.append((str(enclosure.get("url")), release))
    return found


class MikanWorld:
    """Serves the document (with its enclosures pointing here), the torrents, and the data."""

    def __init__(self, folder: Path, document: bytes) -> None:
        self.web, self.seeder = Web(), Seeder()
        self.published: list[Published] = []
        for url, release in releases_of(document):
            item = publish(release, os.fspath(folder), tracker=f"{self.web.base}/announce")
            self.seeder.seed(item.torrent, os.fspath(folder))
            self.published.append(item)
            document = document.replace(url.encode(), f"{self.web.base}{torrent_path(item)}".encode())
        self.web.publish(self.published)
        self.server = _serve(document)
        self.feed_url = f"http://127.0.0.1:{self.server.server_port}/RSS/Bangumi?bangumiId=3391"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.seeder.close()
        self.web.close()


def _serve(document: bytes) -> ThreadingHTTPServer:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/xml; charset=utf-8")
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_for(is_true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until ``is_true()``; fail with ``what`` when it does not come."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"waited {seconds} s for: {what}"
        time.sleep(0.05)
