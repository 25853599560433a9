"""Core and viewer as real processes, and between them a wire that drops, doubles, delays and re-orders.

Both are killed in the middle, edits come while others are followed: the last one is what the library ends as.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from seiton.demo.programs import free_port
from tests.acceptance.peers import Answer, Peer, Received, call, register
from tests.acceptance.roles import PARSER, get, wait_for

EPISODES = range(1, 5)
AWAY: Answer = (503, {"error": "the wire"})


class Feed(Peer):
    """A fetcher that delivers four magnets, and a downloader that has their files at once."""

    def __init__(self, downloads: Path) -> None:
        self._downloads = downloads
        super().__init__()

    def answer(self, request: Received) -> Answer:
        match request.method, request.path:
            case _, "/can-handle-subscription":
                return 200, {"can_handle": True}
            case "POST", "/fetch":
                threading.Thread(target=self._deliver, args=(request.body,), daemon=True).start()
                return 202, {"accepted": True, "message": "fetching"}
            case "POST", "/downloads":
                return 200, {"results": [self._add(item["url"]) for item in request.body["items"]]}
            case "GET", "/downloads":
                hashes = request.query["hashes"][0].split(",")
                return 200, {"statuses": [self._status(one) for one in hashes]}
        return super().answer(request)

    def _deliver(self, asked: dict[str, Any]) -> None:
        items = [
            {
                "title": f"[Group] Tea - {number:02} [1080p]",
                "description": None,
                "download_url": f"magnet:?xt=urn:btih:{number:040x}",
                "pub_date": "2026-01-06T22:30:00Z",
            }
            for number in EPISODES
        ]
        results = {"subscription_id": asked["subscription_id"], "items": items, "fetcher_source": "feed"}
        call("POST", asked["callback_url"], results | {"success": True, "error_message": None})

    def _add(self, url: str) -> dict[str, Any]:
        info_hash = url.rpartition(":")[2][:40]
        self.path_of(int(info_hash, 16)).write_bytes(video(int(info_hash, 16)))
        return {"url": url, "hash": info_hash, "status": "accepted", "reason": None}

    def _status(self, info_hash: str) -> dict[str, Any]:
        path = self.path_of(int(info_hash, 16))
        return {
            "hash": info_hash,
            "status": "completed" if path.exists() else "not_found",
            "progress": 1.0,
            "size": 3000,
            "content_path": str(path),
        }

    def path_of(self, number: int) -> Path:
        return self._downloads / f"Tea - {number:02}.mkv"


class Wire(Peer):
    """Passes requests on to ``target``, while it ``is_wild`` not as they come."""

    def __init__(self, target: str, seed: int) -> None:
        self._target, self._random = target, random.Random(seed)
        self.is_wild = False
        self.deeds: Counter[str] = Counter()
        super().__init__()

    def answer(self, request: Received) -> Answer:
        if not self.is_wild or request.path in ("/health", "/services/register"):
            return self._pass(request)
        deed = self._random.choice(("pass", "drop", "lose the answer", "double", "delay", "be late"))
        self.deeds[deed] += 1
        if deed == "drop":
            return AWAY
        if deed == "be late":
            threading.Timer(self._random.uniform(0.5, 2), self._pass, [request]).start()
            return AWAY
        if deed == "delay":
            time.sleep(self._random.uniform(0.1, 0.6))
        answer = self._pass(request)
        if deed == "double":
            answer = self._pass(request)
        return AWAY if deed == "lose the answer" else answer

    def _pass(self, request: Received) -> Answer:
        query = "&".join(f"{name}={value}" for name, values in request.query.items() for value in values)
        try:
            return call(
                request.method, f"{self._target}{request.path}{'?' if query else ''}{query}", request.body
            )
        except OSError:
            return AWAY


class Role:
    """A process of ours that can be killed and started again."""

    def __init__(self, name: str, folder: Path, port: int, *flags: str) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self._log = (folder / f"{name}.log").open("ab")
        self._command = [sys.executable, "-m", "seiton", name, "--data", str(folder / name)]
        self._command += ["--port", str(port), *flags]
        self.start()

    def start(self) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEITON_")}
        self.process = subprocess.Popen(
            self._command,
            env=environment | {"SEITON_PRIVATE_HOSTS": "127.0.0.1"},
            stdout=self._log,
            stderr=self._log,
        )
        wait_for(self._answers, f"{self.base} answers")

    def _answers(self) -> bool:
        assert self.process.poll() is None, "it ended"
        try:
            return call("GET", f"{self.base}/health")[0] == 200
        except OSError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        self._log.close()


@contextmanager
def role(name: str, folder: Path, port: int, *flags: str) -> Iterator[Role]:
    running = Role(name, folder, port, *flags)
    try:
        yield running
    finally:
        running.stop()


def video(number: int) -> bytes:
    return b"episode %d " % number * 300


def edit(core: Role, title: str, season: int) -> None:
    """Save other values in the rule; no answer is no excuse, it is asked again."""
    [parser] = [one for one in get(f"{core.base}/parsers") if one["name"] == "Group"]
    draft = PARSER | {"anime_title_source": "static", "anime_title_value": title}
    draft |= {"series_no_value": str(season)}
    assert call("PUT", f"{core.base}/parsers/{parser['parser_id']}", draft)[0] == 200


def is_settled(core: Role) -> bool:
    rows = get(f"{core.base}/downloads")
    return len(rows) == len(EPISODES) and all(
        row["status"] == "synced" and row["applied_revision"] == row["desired_revision"] for row in rows
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1])
def test_whatever_the_wire_does_and_whoever_dies_the_last_edit_is_what_the_library_ends_as(
    tmp_path: Path, seed: int
) -> None:
    library, downloads = tmp_path / "library", tmp_path / "downloads"
    downloads.mkdir()
    core_port, viewer_port = free_port(), free_port()
    with (
        Feed(downloads) as feed,
        Wire(f"http://127.0.0.1:{core_port}", seed) as to_core,
        Wire(f"http://127.0.0.1:{viewer_port}", seed + 1) as to_viewer,
        role(
            *("core", tmp_path, core_port, "--public-url", to_core.url, "--downloads", str(downloads))
        ) as core,
        role(
            *("viewer", tmp_path, viewer_port, "--public-url", to_viewer.url, "--core-url", to_core.url),
            *("--library", str(library), "--downloads", str(downloads)),
        ) as viewer,
    ):
        register(core.base, "fetcher", "feed", feed.port)
        register(core.base, "downloader", "feed", feed.port, supported_download_types=["magnet"])
        assert call("POST", f"{core.base}/parsers", PARSER)[0] == 201
        assert (
            call("POST", f"{core.base}/subscriptions", {"source_url": "https://feed.example/rss"})[0] == 201
        )
        wait_for(lambda: is_settled(core), "all are filed")
        for number in EPISODES:
            feed.path_of(number).unlink()  # from now on the library has the only copy

        to_core.is_wild = to_viewer.is_wild = True
        edit(core, "Green Tea", 1)
        time.sleep(0.5)
        edit(core, "Green Tea", 2)  # in the middle of the first
        time.sleep(1)
        viewer.kill()
        edit(core, "Oolong", 2)  # which is followed while nobody is there
        time.sleep(0.5)
        viewer.start()
        edit(core, "Oolong", 3)
        time.sleep(0.2)
        core.kill()
        core.start()
        edit(core, "Matcha", 3)
        time.sleep(0.5)
        viewer.kill()
        viewer.start()
        time.sleep(1)
        to_core.is_wild = to_viewer.is_wild = False
        edit(core, "Sencha", 4)
        wait_for(lambda: is_settled(core), "the last edit is applied", seconds=150)

        assert sum(to_core.deeds.values()) > 3
        assert {path.name: path.read_bytes() for path in library.rglob("*.mkv")} == {
            f"Sencha - S04E{number:02}.mkv": video(number) for number in EPISODES
        }
        assert not list(library.rglob(".seiton-*"))
        assert {path.name for path in library.iterdir()} == {".seiton", "Sencha"}
