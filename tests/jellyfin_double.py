"""A double of Jellyfin: NOT the real server, which no package here has.

It implements, from its source as the project's reference describes it, what Seiton depends on: item ids made
of paths, one item per path, user data under keys of show id, season and episode that a new item inherits,
NFOs read again only by their time of change, the two ways in, and the addresses that Seiton calls.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from lxml import etree

TOKEN = "k3y"
DEFAULT = {"Played": False, "PlayCount": 0, "PlaybackPositionTicks": 0, "IsFavorite": False}
_NUMBERS = re.compile(r"S(\d+)E(\d+)")


def guid(kind: str, path: str) -> str:
    text = f"MediaBrowser.Controller.Entities.{kind}{path}".encode("utf-16-le")
    return UUID(bytes_le=hashlib.md5(text, usedforsecurity=False).digest()).hex


@dataclass
class Item:
    kind: str
    path: str
    facts: dict[str, Any]
    saved: float
    series: str = ""
    keys: list[str] = field(default_factory=list)
    data: dict[str, dict[str, Any]] = field(default_factory=dict)


class JellyfinDouble:
    """Serves the folder ``library`` under the name ``/tv``; ``hole_s`` is its minute in which NFOs that
    changed are overlooked, ``legacy``: whether it knows the old header only, ``before`` sees every request.
    """

    USERS: ClassVar[dict[str, str]] = {"u1": "alice", "u2": "bob"}

    def __init__(self, library: Path, *, hole_s: float = 0.0, legacy: bool = False) -> None:
        self.library, self.hole_s, self.legacy = library, hole_s, legacy
        self.items: dict[str, Item] = {}
        self.orphans: dict[str, dict[str, dict[str, Any]]] = {}
        self.requests: list[str] = []
        self.refreshes: list[str] = []
        self.options: dict[str, Any] = {}
        self.before: Callable[[str], None] = lambda _request: None
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_args: object) -> None:
                pass

            def do_GET(self) -> None:
                double._serve(self, None)

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                double._serve(self, json.loads(self.rfile.read(length) or b"null"))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def scan(self) -> None:
        """Do what its own scan does: drop items without a file, add new ones, read NFOs that changed."""
        found: dict[str, str] = {}
        for base, folders, names in os.walk(self.library):
            folders[:] = [name for name in folders if not name.startswith(".")]
            there = "/tv" + base.removeprefix(str(self.library))
            if "tvshow.nfo" in names:
                found[guid("TV.Series", there)] = there
            found |= {guid("TV.Episode", f"{there}/{n}"): f"{there}/{n}" for n in names if n.endswith(".mkv")}
        for gone in [known for known in self.items if known not in found]:
            item = self.items.pop(gone)
            self.orphans.update({key: item.data for key in item.keys if item.data})
        for item_id, path in sorted(found.items(), key=lambda pair: pair[1].count("/")):
            self._read(item_id, path)

    def _here(self, path: str) -> Path:
        return Path(str(self.library) + path.removeprefix("/tv"))

    def _read(self, item_id: str, path: str) -> None:
        is_episode = path.endswith(".mkv")
        here = self._here(path)
        nfo = here.with_suffix(".nfo") if is_episode else here / "tvshow.nfo"
        item = self.items.get(item_id)
        changed = nfo.stat().st_mtime if nfo.exists() else 0.0
        if item is not None and changed - item.saved <= self.hole_s:
            return
        is_new = item is None
        if item is None:
            item = Item(kind="Episode" if is_episode else "Series", path=path, facts={}, saved=0.0)
            self.items[item_id] = item
        root = etree.fromstring(nfo.read_bytes()) if nfo.exists() else etree.Element("none")
        item.facts["Name"] = root.findtext("title") or here.stem
        item.facts["Overview"] = root.findtext("plot")
        if is_episode:
            self._number(item, root)
        else:
            item.facts["Custom"] = root.findtext("uniqueid[@type='Custom']")
        item.saved = time.time()
        if is_new:  # at the end of its first refresh it takes what was left under the same keys
            for key in item.keys:
                item.data |= self.orphans.pop(key, {})

    def _number(self, item: Item, root: etree._Element) -> None:
        match = _NUMBERS.search(item.path)
        season, episode = (int(match[1]), int(match[2])) if match else (None, None)
        number = root.findtext("episode")
        item.facts |= {"ParentIndexNumber": season, "IndexNumber": int(number) if number else episode}
        item.series = guid("TV.Series", item.path.rsplit("/", 2)[0])
        series = self.items.get(item.series)
        show = (series.facts.get("Custom") if series else None) or item.series
        item.keys = [f"{show}{season:03}{item.facts['IndexNumber']:03}"]

    def named(self, path: str) -> Item:
        return self.items[guid("TV.Episode", f"/tv/{path}")]

    def watch(self, path: str, user: str, **data: Any) -> None:
        self.named(path).data[user] = DEFAULT | data

    def state(self, path: str, user: str) -> dict[str, Any]:
        found = self.named(path).data.get(user, DEFAULT)
        return {key: value for key, value in found.items() if value}

    def _serve(self, handler: BaseHTTPRequestHandler, body: Any) -> None:
        request = f"{handler.command} {handler.path}"
        self.before(request)
        with self._lock:
            self.requests.append(request)
            old = handler.headers.get("X-Emby-Token")
            new = handler.headers.get("Authorization")
            is_in = old == TOKEN if self.legacy else new == f'MediaBrowser Token="{TOKEN}"'
            status, answer = self._answer(handler, body) if is_in else (401, None)
        content = b"" if answer is None else json.dumps(answer).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _answer(self, handler: BaseHTTPRequestHandler, body: Any) -> tuple[int, Any]:
        parts = urlsplit(handler.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        steps = parts.path.strip("/").split("/")
        match (handler.command, *steps):
            case ("GET", "System", "Info"):
                return 200, {"Version": "double of 12.0"}
            case ("GET", "Users"):
                return 200, [{"Id": user, "Name": name} for user, name in self.USERS.items()]
            case ("GET", "Library", "VirtualFolders"):
                return 200, [self._folder()]
            case ("GET", "Items"):
                wanted = query["ids"].split(",")
                rows = [self._row(one, query.get("userId")) for one in wanted if one in self.items]
                return 200, {"Items": rows}
            case ("POST", "Items", item_id, "Refresh"):
                is_known = item_id in self.items or item_id == "root"
                if is_known and query.get("metadataRefreshMode") == "Default":
                    self.refreshes.append(self.items[item_id].path if item_id in self.items else "/tv")
                    self.scan()
                return (204 if is_known else 404), None
            case ("POST", "Library", "Media", "Updated"):
                self.refreshes += [update["Path"] for update in body["Updates"]]
                self.scan()
                return 204, None
            case ("POST", "UserItems", item_id, "UserData"):
                if item_id not in self.items or query["userId"] not in self.USERS:
                    return 404, None
                name = self.USERS[query["userId"]]
                self.items[item_id].data[name] = self.items[item_id].data.get(name, DEFAULT) | body
                return 200, body
        return 404, None

    def _folder(self) -> dict[str, Any]:
        return {
            "Name": "Anime",
            "Locations": ["/tv"],
            "CollectionType": "tvshows",
            "ItemId": "root",
            "LibraryOptions": self.options,
        }

    def _row(self, item_id: str, user: str | None) -> dict[str, Any]:
        item = self.items[item_id]
        facts = {key: value for key, value in item.facts.items() if key != "Custom"}
        row = {"Id": item_id, "Path": item.path, "Type": item.kind, **facts}
        if item.series:
            series = self.items.get(item.series)
            row |= {"SeriesId": item.series, "SeriesName": series.facts["Name"] if series else None}
        if user is not None:
            row["UserData"] = item.data.get(self.USERS[user], DEFAULT)
        return row
