"""A double of bangumi.tv and of Mikan's pages: a real HTTP server on loopback that says what it is told to.

It is not bangumi.tv. What it answers is either recorded (tests read the corpus beside the repository) or made
up here in the same form.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

JPEG = b"\xff\xd8\xff\xe0" + b"seiton test picture" * 20


class Bangumi:
    """``subjects`` and ``relations`` by id, ``episodes`` by subject; ``pages`` and ``pictures`` by path."""

    def __init__(self) -> None:
        self.subjects: dict[str, Mapping[str, Any]] = {}
        self.episodes: dict[str, list[Mapping[str, Any]]] = {}
        self.relations: dict[str, list[Mapping[str, Any]]] = {}
        self.found: list[Mapping[str, Any]] = []
        self.calendar: list[Mapping[str, Any]] = []
        self.pages: dict[str, str] = {}
        self.pictures: dict[str, bytes] = {}
        self.status = 200
        self.html = False
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.base = ""
        self.before_answer = threading.Event()
        self.before_answer.set()

    def add(self, value: int, name: str, name_cn: str = "", **more: Any) -> None:
        """Add a work; it has a poster."""
        picture = f"/pic/{value}.jpg"
        self.pictures[picture] = JPEG + str(value).encode()
        self.subjects[str(value)] = {
            "id": value,
            "type": 2,
            "name": name,
            "name_cn": name_cn,
            "platform": "TV",
            "date": "2024-07-13",
            "summary": "",
            "rating": {"score": 7.5},
            "images": {"medium": self.base + picture},
            "infobox": [],
        } | more

    def broadcast(self, weekday: int, value: int, name: str, name_cn: str = "", **more: Any) -> None:
        """Put a work with a poster on a day of the calendar (Monday is 1)."""
        picture = f"/pic/{value}.jpg"
        self.pictures.setdefault(picture, JPEG + str(value).encode())
        days = {one["weekday"]["id"]: one for one in self.calendar}
        if weekday not in days:
            days[weekday] = {"weekday": {"en": "", "cn": "", "ja": "", "id": weekday}, "items": []}
            self.calendar.append(days[weekday])
        item = {
            "id": value,
            "url": f"http://bgm.tv/subject/{value}",
            "type": 2,
            "name": name,
            "name_cn": name_cn,
            "summary": "",
            "air_date": "2026-01-07",
            "air_weekday": weekday,
            "images": {"large": self.base + picture, "medium": self.base + picture},
        }
        days[weekday]["items"].append(item | more)

    def add_episodes(self, value: int, *episodes: Mapping[str, Any]) -> None:
        self.episodes[str(value)] = [
            {"id": value * 1000 + number, "type": 0, "name": "", "name_cn": "", "airdate": "", "desc": ""}
            | dict(episode)
            for number, episode in enumerate(episodes, start=1)
        ]

    def answer(self, path: str, query: Mapping[str, Sequence[str]]) -> tuple[int, str, bytes]:
        if path in self.pages:
            return 200, "text/html; charset=utf-8", self.pages[path].encode()
        if path in self.pictures:
            return 200, "image/jpeg", self.pictures[path]
        if self.html:
            return 200, "text/html", b"<html><body>Just a moment...</body></html>"
        if self.status != 200:
            return self.status, "application/json", b"{}"
        content = self._content(path, query)
        if content is None:
            return 404, "application/json", b'{"title": "Not Found"}'
        return 200, "application/json", json.dumps(content).encode()

    def _content(self, path: str, query: Mapping[str, Sequence[str]]) -> Any:
        if path == "/v0/search/subjects":
            return {"total": len(self.found), "limit": 10, "offset": 0, "data": self.found}
        if path == "/calendar":
            return self.calendar
        if path == "/v0/episodes":
            listed = self.episodes.get(query["subject_id"][0], [])
            limit, offset = int(query["limit"][0]), int(query["offset"][0])
            return {
                "total": len(listed),
                "limit": limit,
                "offset": offset,
                "data": listed[offset : offset + limit],
            }
        parts = path.strip("/").split("/")
        if parts[:2] == ["v0", "subjects"] and len(parts) == 4:
            return self.relations.get(parts[2], [])
        return self.subjects.get(parts[2]) if parts[:2] == ["v0", "subjects"] else None


@contextmanager
def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer by ``handler`` on a port of this machine; give the address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def bangumi() -> Iterator[Bangumi]:
    """Serve a double; ``base`` is its address."""
    double = Bangumi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            double.before_answer.wait(60)
            if length := int(self.headers.get("Content-Length") or 0):
                self.rfile.read(length)
            parts = urlsplit(self.path)
            double.asked[parts.path] += 1
            double.agents.add(self.headers["User-Agent"])
            status, kind, body = double.answer(parts.path, parse_qs(parts.query))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as double.base:
        try:
            yield double
        finally:
            double.before_answer.set()
