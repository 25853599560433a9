"""Foreign modules and a foreign Core: small programs written from the contract's text alone.

None of them imports anything of Seiton's. Each notes what it was sent, in ``received``.
"""

from __future__ import annotations

import json
import os
import threading
import urllib.request
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import libtorrent as lt

Answer = tuple[int, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """One request: its body as JSON, its query, and its headers by lower-case name."""

    method: str
    path: str
    body: Any
    query: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


class Peer:
    """A web server on 127.0.0.1. ``answer`` says what becomes of a request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                pass

            def _any(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                asked = urlsplit(self.path)
                request = Received(
                    method=self.command,
                    path=asked.path,
                    body=json.loads(raw) if raw else None,
                    query=parse_qs(asked.query),
                    headers={name.lower(): value for name, value in self.headers.items()},
                )
                peer.received.append(request)
                status, content = peer.answer(request)
                body = content if isinstance(content, bytes) else b""
                if content is not None and not isinstance(content, bytes):
                    body = json.dumps(content).encode()
                self.send_response(status)
                kind = "text/html" if isinstance(content, bytes) else "application/json"
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_DELETE = do_PUT = _any  # noqa: N815  # names of http.server

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def answer(self, request: Received) -> Answer:
        """Answer one request; also from several threads."""
        return (200, {"status": "ok"}) if request.path == "/health" else (404, {"error": "not found"})

    def sent(self, method: str, path: str) -> list[Received]:
        """Return the requests of one kind so far."""
        return [one for one in list(self.received) if (one.method, one.path) == (method, path)]

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Any:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def call(method: str, url: str, body: object = None) -> Answer:
    """Ask somebody; return status and JSON."""
    content = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data=content, method=method)
    if content is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            raw = response.read()
            return response.status, json.loads(raw) if raw else None
    except urllib.error.HTTPError as error:
        raw = error.read()
        return error.code, json.loads(raw) if raw else None


def register(
    core: str, kind: str, name: str, port: int, *, host: str = "127.0.0.1", **capabilities: object
) -> Any:
    """Register as §1.3 says; return the answer."""
    message = {
        "service_type": kind,
        "service_name": name,
        "host": host,
        "port": port,
        "capabilities": capabilities,
    }
    status, answer = call("POST", f"{core}/services/register", message)
    assert status == 201, answer
    return answer


class ForeignFetcher(Peer):
    """§1.6: reads RSS; delivers in the background."""

    def answer(self, request: Received) -> Answer:
        if request.path == "/can-handle-subscription":
            can = request.body["source_type"] == "rss" and "/RSS/" in request.body["source_url"]
            return (200, {"can_handle": True}) if can else (204, None)
        if request.path == "/fetch":
            threading.Thread(target=self._deliver, args=(request.body,), daemon=True).start()
            return 202, {"accepted": True, "message": "fetching"}
        return super().answer(request)

    def _deliver(self, asked: dict[str, Any]) -> None:
        with urllib.request.urlopen(asked["rss_url"], timeout=10) as response:
            document = ElementTree.fromstring(response.read())
        items = []
        for item in document.iter("item"):
            enclosure = item.find("enclosure")
            assert enclosure is not None
            items.append(
                {
                    "title": item.findtext("title"),
                    "description": None,
                    "download_url": enclosure.get("url"),
                    "pub_date": "2026-01-06T22:30:00Z",
                }
            )
        results = {
            "subscription_id": asked["subscription_id"],
            "items": items,
            "fetcher_source": "foreign",
            "success": True,
            "error_message": None,
        }
        call("POST", asked["callback_url"], results)


class ForeignDownloader(Peer):
    """§1.7 over a torrent client of its own. It gives hashes in upper case and results in reverse order."""

    def __init__(self) -> None:
        self._session = lt.session({"listen_interfaces": "127.0.0.1:0", "enable_dht": False})
        self._handles: dict[str, lt.torrent_handle] = {}
        super().__init__()

    def answer(self, request: Received) -> Answer:
        if (request.method, request.path) == ("POST", "/downloads"):
            results = [self._add(item) for item in request.body["items"]]
            return 200, {"results": list(reversed(results))}
        if (request.method, request.path) == ("GET", "/downloads"):
            hashes = request.query["hashes"][0].split(",")
            return 200, {"statuses": [self._status(one) for one in hashes]}
        if request.path == "/health":
            return 200, None
        return super().answer(request)

    def _add(self, item: dict[str, str]) -> dict[str, Any]:
        if item["url"].startswith("magnet:"):
            params = lt.parse_magnet_uri(item["url"])
        else:
            with urllib.request.urlopen(item["url"], timeout=10) as response:
                params = lt.load_torrent_buffer(response.read())
        os.makedirs(item["save_path"], exist_ok=True)
        params.save_path = item["save_path"]
        handle = self._session.add_torrent(params)
        info_hash = str(handle.info_hashes().v1)
        self._handles[info_hash] = handle
        return {"url": item["url"], "hash": info_hash.upper(), "status": "accepted", "reason": None}

    def _status(self, info_hash: str) -> dict[str, Any]:
        handle = self._handles.get(info_hash.lower())
        if handle is None:
            return {"hash": info_hash, "status": "not_found", "progress": 0.0, "size": 0}
        now = handle.status()
        return {
            "hash": info_hash,
            "status": "completed" if now.is_seeding else "downloading",
            "progress": now.progress,
            "size": now.total_wanted,
            "content_path": os.path.join(now.save_path, now.name) if now.name else None,
        }


class ForeignViewer(Peer):
    """§1.8 and §5.3: moves files, keeps no revisions, reports once. ``before_report`` may hold that up."""

    def __init__(self, library: str, before_report: Callable[[], None] = lambda: None) -> None:
        self._library, self._before_report = library, before_report
        self.paths: dict[int, str] = {}
        super().__init__()

    def answer(self, request: Received) -> Answer:
        if request.path in ("/sync", "/resync"):
            threading.Thread(target=self._file, args=(request.body,), daemon=True).start()
            return 202, None
        return super().answer(request)

    def _file(self, asked: dict[str, Any]) -> None:
        title, season, episode = asked["anime_title"], asked["series_no"], asked["episode_no"]
        source = asked.get("file_path") or self.paths[asked["download_id"]]
        folder = os.path.join(self._library, title, f"Season {season:02}")
        name = f"{title} - S{season:02}E{episode:02}{os.path.splitext(source)[1]}"
        os.makedirs(folder, exist_ok=True)
        target = os.path.join(folder, name)
        os.rename(source, target)
        self.paths[asked["download_id"]] = target
        self._before_report()
        report = {
            "download_id": asked["download_id"],
            "status": "synced",
            "target_path": target,
            "error_message": None,
        }
        call("POST", asked["callback_url"], report)


class ForeignCore(Peer):
    """§1.3 and §1.5 as far as modules see it: takes registrations, results and reports."""

    def answer(self, request: Received) -> Answer:
        if request.path == "/services/register":
            now = datetime.now(UTC).isoformat()
            return 201, {"service_id": str(uuid.uuid4()), "registered_at": now}
        if request.path == "/raw-fetcher-results":
            number = len(request.body["items"])
            counts = {"items_received": number, "items_parsed": number, "items_failed": 0}
            return 200, {"success": True, "message": "", **counts}
        if request.path == "/sync-callback":
            return 200, {"status": "ok"}
        return super().answer(request)
