"""A whole Seiton that stands still between requests, for tests of its faces.

Its background work is not launched: a reparse is done in the request that asks for it, and ``settle``
does what the jobs would do, so that a test decides when.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import sqlalchemy as sa
import uvicorn
from starlette.testclient import TestClient

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core import tables
from seiton.core.feeds.subscriptions import fetch_subscription
from seiton.core.filing.naming import follow_naming
from seiton.core.filing.resync import reconcile
from seiton.core.filters.refilter import refilter
from seiton.core.rules.reparse import reparse
from seiton.viewer.converge import converge
from seiton.viewer.report import report
from tests.integration.settling import until_idle
from tests.neighbours import listening

PARSER: dict[str, Any] = {
    "name": "Group",
    "priority": 50,
    "condition_regex": r"^\[Group\]",
    "parse_regex": r"^\[(Group)\] (.+) - (\d+) \[(\d+p)\]",
    "subtitle_group_source": "regex",
    "subtitle_group_value": "$1",
    "anime_title_source": "regex",
    "anime_title_value": "$2",
    "episode_no_source": "regex",
    "episode_no_value": "$3",
    "series_no_source": "static",
    "series_no_value": "1",
    "resolution_source": "regex",
    "resolution_value": "$4",
}


def title(episode: int, name: str = "Tea") -> str:
    return f"[Group] {name} - {episode:02} [1080p]"


class ApiWorld:
    """A Seiton below ``folder``, with a client to its API."""

    def __init__(self, folder: Path, database_url: str | None = None) -> None:
        self.folder = folder
        given = {"database_url": database_url} if database_url else {}
        # Reports may go to the made-up Core of the tests.
        known = {"private_hosts": "core.test", "bangumi_url": "off", "mikan_url": "off"}
        self.settings = Settings.model_validate({"data": folder / "data", "port": 0, **known, **given})
        self.seiton = Seiton(self.settings, loopback_only=True)
        self.core, self.viewer = self.seiton.core, self.seiton.viewer
        self.wakes: list[tuple[str, str]] = []
        self.core.wake = self._wake
        self.viewer.wake = lambda job: self.wakes.append((job, ""))
        self.app = self.seiton.application()
        self.client = TestClient(self.app, raise_server_exceptions=False)

    def __enter__(self) -> ApiWorld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seiton.close()

    def _wake(self, job: str, key: str) -> None:
        self.wakes.append((job, key))
        if job == "reparse":
            reparse(self.core)
        if job == "filters":
            refilter(self.core)
        if job == "naming":
            follow_naming(self.core)

    def settle(self) -> None:
        """Do what the background jobs would do, until nothing is left."""

        def turn() -> None:
            reconcile(self.core)
            converge(self.viewer)
            report(self.viewer)

        until_idle(self.seiton.database, turn, most=3)

    def subscribe(self, titles: Sequence[str]) -> int:
        """Follow a feed of ``titles`` and fetch it."""
        with served(feed_of(titles)) as base:
            answer = self.client.post("/subscriptions", json={"source_url": f"{base}/rss"})
            assert answer.status_code == 201, answer.text
            subscription_id: int = answer.json()["subscription_id"]
            assert fetch_subscription(self.core, subscription_id) is not None
        return subscription_id

    def add_parser(self, **changes: object) -> dict[str, Any]:
        answer = self.client.post("/parsers", json=PARSER | changes)
        assert answer.status_code == 201, answer.text
        written: dict[str, Any] = answer.json()
        return written

    def set_download(self, download_id: int, *statuses: str, **values: object) -> None:
        """Take a download through ``statuses``, which the database checks, and set ``values``."""
        table = tables.downloads
        for status in statuses:
            with self.core.database.write() as connection:
                connection.execute(
                    sa.update(table)
                    .where(table.c.download_id == download_id)
                    .values(values | {"status": status})
                )

    def file_episodes(self) -> list[dict[str, Any]]:
        """Let every download arrive, have the viewer file it, and return them by id."""
        for row in self.client.get("/downloads?limit=200").json():
            path = self.settings.downloads / f"{row['download_id']}.mkv"
            seed = hashlib.sha256(str(row["download_id"]).encode()).digest()
            path.write_bytes(seed * 64)
            self.set_download(row["download_id"], "downloading", "completed", source_path=str(path))
        self.settle()
        rows: list[dict[str, Any]] = self.client.get("/downloads?limit=200").json()
        assert {row["status"] for row in rows} == {"synced"}, rows
        return sorted(rows, key=lambda row: int(row["download_id"]))

    def library_files(self) -> list[str]:
        """Return the videos of the library, by path relative to it."""
        root = self.settings.library
        return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.mkv"))

    @contextmanager
    def listening(self) -> Iterator[str]:
        """Serve the API on a port of this machine and give its address."""
        config = uvicorn.Config(self.app, port=0, log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
            assert thread.is_alive()
        port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()


def feed_of(titles: Sequence[str]) -> bytes:
    """Return an RSS document with a magnet for each title, the first the oldest."""
    items = "".join(
        f"<item><title>{escape(name)}</title><enclosure type='application/x-bittorrent' url="
        f"{quoteattr('magnet:?xt=urn:btih:' + hashlib.sha1(name.encode()).hexdigest())} length='1'/></item>"
        for name in reversed(titles)
    )
    return f"<rss version='2.0'><channel><title>Tea feed</title>{items}</channel></rss>".encode()


@contextmanager
def served(body: bytes, content_type: str = "application/rss+xml") -> Iterator[str]:
    """Serve ``body`` at every address of a local port; give its base address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as address:
        yield address
