"""The real Mikan document becomes a library, and a rule edit re-orders it, whatever happens meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from seiton.demo import checks
from tests.acceptance.mikan import DOCUMENT, MikanWorld, wait_for

ANIME = "败犬女主角也太多了！"
GROUP = "喵萌奶茶屋&LoliHouse"


class Server:
    """A real ``seiton serve`` process on a data folder of its own."""

    def __init__(self, folder: Path, **settings: str) -> None:
        """``settings`` are variables; without any, nobody outside of this machine is asked anything."""
        self.folder = folder
        self.settings = settings or {"SEITON_BANGUMI_URL": "off", "SEITON_MIKAN_URL": "off"}
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "seiton", "serve", "--port", "0", "--host", "127.0.0.1"]
        command += [
            "--data",
            os.fspath(self.folder / "data"),
            "--library",
            os.fspath(self.folder / "library"),
        ]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, env={**os.environ, "LANG": "C.UTF-8", **self.settings}
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.url = found[0]
                return
        raise AssertionError("the server said no address")

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            assert self.process.wait(120) == 0
            self._close()

    def _close(self) -> None:
        assert self.process is not None and self.process.stdout is not None
        self.process.stdout.close()

    def get(self, path: str) -> object:
        return httpx2.get(self.url + path, timeout=120, verify=False).raise_for_status().json()

    def send(self, method: str, path: str, body: object) -> dict[str, object]:
        answer = httpx2.request(
            method, self.url + path, json=body, timeout=120, verify=False
        ).raise_for_status()
        result = answer.json()
        assert isinstance(result, dict)
        return result

    @property
    def library(self) -> str:
        return os.fspath(self.folder / "library")

    def statuses(self) -> list[str]:
        rows = self.get("/downloads?limit=200")
        assert isinstance(rows, list)
        return [row["status"] for row in rows]


@pytest.fixture
def world(tmp_path: Path, corpus: Path) -> Iterator[MikanWorld]:
    (tmp_path / "world").mkdir()
    built = MikanWorld(tmp_path / "world", (corpus / "feeds" / DOCUMENT).read_bytes())
    yield built
    built.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.start()
    yield running
    running.stop()


def subscribe(server: Server, world: MikanWorld) -> None:
    """Follow the feed until all twelve episodes are filed."""
    server.send("POST", "/subscriptions", {"source_url": world.feed_url})
    wait_for(lambda: server.statuses().count("synced") == 12, "12 synced downloads")


def own_parser(server: Server) -> int:
    """Make a parser of one's own that reads the single episodes of this group."""
    parser = {
        "name": "makeine",
        "priority": 10,
        "condition_regex": "LoliHouse",
        "parse_regex": r"^\[(?<group>[^\]]+)\] (?<title>[^/]+?) /.* - (?<no>\d+) \[WebRip (?<height>\d+p)",
        "anime_title_source": "regex",
        "anime_title_value": "title",
        "episode_no_source": "regex",
        "episode_no_value": "no",
        "subtitle_group_source": "regex",
        "subtitle_group_value": "group",
        "resolution_source": "regex",
        "resolution_value": "height",
    }
    answer = server.send("POST", "/parsers", parser)
    assert isinstance(answer["parser_id"], int)
    return answer["parser_id"]


def episodes(library: str) -> dict[int, str]:
    """Return episode number → digest of the video filed under it."""
    found = {}
    for name, digest in checks.media_digests(library).items():
        number = re.search(r"S01E(\d+)\.mkv$", name)
        assert number, name
        found[int(number[1])] = digest
    return found


def moved_by(library: str, before: dict[int, str], places: int) -> bool:
    """Say whether every unit is ``places`` further on; the batch fills the numbers that became free.

    A file that moves on after it was listed, and before it is read, is not there yet: ask again.
    """
    try:
        now = episodes(library)
    except FileNotFoundError:
        return False
    return all(now.get(number + places) == digest for number, digest in before.items())


def settled(server: Server, resync_id: object) -> bool:
    resync = server.get(f"/resyncs/{resync_id}")
    assert isinstance(resync, dict)
    return bool(resync["state"] == "done")


def test_the_document_ends_as_items_links_and_a_library(server: Server, world: MikanWorld) -> None:
    subscribe(server, world)
    items = server.get("/raw-items?limit=100")
    assert isinstance(items, list)
    assert [item["status"] for item in items] == ["parsed"] * 13
    series = server.get("/series")
    assert isinstance(series, dict)
    (season,) = series["series"]
    assert (season["anime_title"], season["series_no"]) == (ANIME, 1)
    links = server.get(f"/links/{season['series_id']}")
    assert isinstance(links, dict)
    # Twelve single episodes, and twelve of the batch beside them that are not fetched again.
    assert sorted(link["episode_no"] for link in links["links"]) == sorted([*range(1, 13)] * 2)
    assert {link["group_name"] for link in links["links"]} == {GROUP}
    assert checks.faults(server.library, {d: n for n, d in _originals(world).items()}) == []
    assert sorted(episodes(server.library)) == list(range(1, 13))


def _originals(world: MikanWorld) -> dict[str, str]:
    """Return name → digest of the files of the single episodes."""
    import hashlib

    from seiton.demo.content import media_bytes

    return {
        item.release.files[0].name: hashlib.sha256(media_bytes(item.release.files[0])).hexdigest()
        for item in world.published
        if item.release.folder is None
    }


def test_an_off_by_one_edit_moves_every_unit_and_loses_none(server: Server, world: MikanWorld) -> None:
    parser_id = own_parser(server)
    subscribe(server, world)
    before = episodes(server.library)
    answer = server.send("PUT", f"/parsers/{parser_id}", {"episode_offset": 1})
    wait_for(lambda: settled(server, answer["resync_id"]), "the resync is done")
    assert moved_by(server.library, before, 1)


def test_an_edit_during_the_resync_ends_with_the_last_rule(server: Server, world: MikanWorld) -> None:
    parser_id = own_parser(server)
    subscribe(server, world)
    before = episodes(server.library)
    server.send("PUT", f"/parsers/{parser_id}", {"episode_offset": 1})
    server.send("PUT", f"/parsers/{parser_id}", {"episode_offset": 2})
    last = server.send("PUT", f"/parsers/{parser_id}", {"episode_offset": 3})
    wait_for(lambda: settled(server, last["resync_id"]), "the last resync is done")
    wait_for(lambda: server.statuses().count("synced") >= 12, "every unit is synced again")
    assert moved_by(server.library, before, 3)


@pytest.mark.parametrize("delay_ms", [0, 20])
def test_a_server_killed_in_mid_resync_finishes_when_it_is_started_again(
    server: Server, world: MikanWorld, delay_ms: int
) -> None:
    parser_id = own_parser(server)
    subscribe(server, world)
    before = episodes(server.library)
    inside = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import httpx2, sys; httpx2.put(sys.argv[1], json={'episode_offset': 1}, timeout=120)",
            f"{server.url}/parsers/{parser_id}",
        ],
        stderr=subprocess.DEVNULL,
    )

    def is_edited() -> bool:
        parser = server.get(f"/parsers/{parser_id}")
        return isinstance(parser, dict) and parser["episode_offset"] == 1

    wait_for(is_edited, "the edit is saved")
    time.sleep(delay_ms / 1000)
    server.kill()
    inside.wait()
    server.start()
    wait_for(lambda: moved_by(server.library, before, 1), "every episode is at its new number")
    wait_for(lambda: server.statuses().count("synced") >= 12, "every unit is synced again")
    assert not [name for name in checks.files_below(server.library) if "/.seiton-" in name]
