"""Our roles as real processes, and a small world of real torrents around them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from seiton.demo.content import Published, publish
from seiton.demo.programs import free_port
from seiton.demo.sample import Media, Release
from seiton.demo.server import FEED_PATH, Web
from seiton.demo.world import Seeder
from tests.acceptance.peers import call

PARSER: dict[str, Any] = {
    "name": "Group",
    "priority": 9999,
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
}


@contextmanager
def running(role: str, folder: Path, *flags: str) -> Iterator[str]:
    """Run ``seiton role`` below ``folder`` and give its address; it must stop cleanly."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SEITON_")},
        "SEITON_PRIVATE_HOSTS": "127.0.0.1",
        "LANG": "C.UTF-8",
    }
    log = (folder / f"{role}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", "seiton", role, "--data", str(folder / role), "--port", str(port), *flags],
        env=environment,
        cwd=folder,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(lambda: _answers(base, process), f"{role} answers")
        yield base
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
        log.close()
    assert code == 0, (folder / f"{role}.log").read_text()


def _answers(base: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "it ended"
    try:
        return call("GET", f"{base}/health")[0] == 200
    except OSError:
        return False


def wait_for(is_true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until ``is_true()``; fail with ``what`` when it does not come."""
    end = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < end, f"waited {seconds} s for: {what}"
        time.sleep(0.1)


class Swarm:
    """A feed, its torrents, a tracker and a seeder, all on 127.0.0.1."""

    def __init__(self, folder: Path, episodes: Sequence[int] = (1, 2)) -> None:
        self.web, self.seeder = Web(), Seeder()
        self.items: list[Published] = []
        origin = folder / "origin"
        for number in episodes:
            title = f"[Group] Tea - {number:02} [1080p]"
            media = Media(name=f"{title}.mkv", size=70_000 + number)
            release = Release(title=title, published="2026-01-06T22:30:00", folder=None, files=(media,))
            item = publish(release, str(origin), tracker=f"{self.web.base}/announce")
            self.seeder.seed(item.torrent, str(origin))
            self.items.append(item)
        self.origin = origin
        self.web.publish(self.items)
        self.feed_url = f"{self.web.base}{FEED_PATH}?bangumiId=1"

    def bytes_of(self, number: int) -> bytes:
        """Return the video that the swarm offers as episode ``number``."""
        return (self.origin / f"[Group] Tea - {number:02} [1080p].mkv").read_bytes()

    def __enter__(self) -> Swarm:
        return self

    def __exit__(self, *_error: object) -> None:
        self.seeder.close()
        self.web.close()


def get(url: str) -> Any:
    """Ask, and return what a 200 says."""
    status, content = call("GET", url)
    assert status == 200, content
    return content
