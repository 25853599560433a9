"""A real server takes a messy library under its rules, and is killed in the middle of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.roles import wait_for
from tests.integration.messy_folders import make_messy_library, tree


class Server:
    """A ``seiton serve`` process on a data folder and a library of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.library = folder, folder / "library"
        self.url = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "seiton", "serve", "--port", "0", "--host", "127.0.0.1"]
        command += ["--data", os.fspath(self.folder / "data"), "--library", os.fspath(self.library)]
        environment = {**os.environ, "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                self.url = found[0]
                return
        raise AssertionError("the server said no address")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()

    def command(self, *arguments: str) -> dict[str, Any]:
        """Run a command of ours against the server; return what it prints as JSON."""
        done = subprocess.run(
            [sys.executable, "-m", "seiton", *arguments, "--json", "--url", self.url],
            stdout=subprocess.PIPE,
            check=True,
            timeout=120,
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def statuses(self) -> list[str]:
        rows = (
            httpx2.get(f"{self.url}/downloads?limit=200", timeout=30, verify=False).raise_for_status().json()
        )
        return [row["status"] for row in rows]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path)
    running.library.mkdir()
    make_messy_library(running.library)
    running.start()
    yield running
    running.kill()


@pytest.mark.timeout(300)
def test_the_first_evening(server: Server) -> None:
    before = tree(server.library)
    plan = server.command("library", "adopt", os.fspath(server.library))
    assert plan["counts"]["adopted"] == 9
    server.kill()
    server.start()
    after = tree(server.library)
    assert {path: v for path, v in after.items() if not path.startswith(b".seiton")} == before
    done = server.command("library", "adopt", "--confirm", str(plan["adoption_id"]))
    assert done["state"] in {"confirmed", "done"}
    server.kill()
    server.start()
    wait_for(lambda: server.statuses() == ["synced"] * 9, "nine adopted files")

    def is_applied() -> bool:
        url = f"{server.url}/resyncs/{done['resync_id']}"
        return bool(httpx2.get(url, timeout=30, verify=False).raise_for_status().json()["state"] == "done")

    wait_for(is_applied, "the end of the adoption")
    after = tree(server.library)
    assert {value[2] for value in before.values()} <= {value[2] for value in after.values()}
    assert b"Deep/Season 02/Deep - S02E01.mkv" in after
    for path in (b"Frieren/tvshow.nfo", b"Frieren/poster.jpg", b"loose.txt", b"Odds/notes.txt"):
        assert after[path] == before[path]
    again = server.command("library", "adopt", os.fspath(server.library))
    assert (again["counts"]["adopted"], again["counts"]["left"]["already_kept"]) == (0, 9)
