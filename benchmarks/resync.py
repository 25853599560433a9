"""A whole resync compared with a plain loop of the same system calls, in the same folder and run.

``python benchmarks/resync.py [--units N] [--rounds N] [--json]``. Files are small, because a move does not
look at content. Each round shifts every episode of many seasons by one and back: the hardest order there is
for a mover that may not overwrite. The loop renames the videos and puts a new NFO in place of the old one,
with the calls that the viewer uses and one flush for five hundred files; it records and checks nothing.
Ratios are what counts.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from seiton.adapters.database import Database
from seiton.adapters.migrations import upgrade
from seiton.contract import Described, ViewerResyncRequest, ViewerSyncCallback, ViewerSyncRequest
from seiton.viewer.converge import converge
from seiton.viewer.receive import receive
from seiton.viewer.report import report
from seiton.viewer.service import Profile, Viewer

EPISODES = 24
BATCH = 500


class NoCore:
    """Takes every report at once."""

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        return [True] * len(callbacks)


class Library:
    """Seasons of ``EPISODES`` episodes, filed by a real viewer."""

    def __init__(self, folder: Path, units: int) -> None:
        self.units = units
        self.root = folder / "library"
        self.downloads = folder / "downloads"
        self.root.mkdir()
        self.downloads.mkdir()
        self.database = Database(f"sqlite:///{folder / 'bench.db'}")
        upgrade(self.database, "viewer")
        self.viewer = Viewer(
            database=self.database,
            root=os.fsencode(self.root),
            download_roots=(os.fsencode(self.downloads),),
            profile=Profile(reserve_bytes=0),
            core=NoCore(),
            wake=lambda _job: None,
        )
        for number in range(units):
            (self.downloads / f"{number}.mkv").write_bytes(b"%d" % number)
        self._send([self._sync(number) for number in range(units)])
        self.revision = 1

    def _describe(self, number: int, shift: int, revision: int) -> dict[str, object]:
        return {
            "download_id": number + 1,
            "series_id": number // EPISODES + 1,
            "anime_title": f"Show {number // EPISODES}",
            "series_no": 1,
            "episode_no": number % EPISODES + 1 + shift,
            "subtitle_group": "Group",
            "callback_url": "http://core.test/sync-callback",
            "core_instance": "bench",
            "revision": revision,
        }

    def _sync(self, number: int) -> ViewerSyncRequest:
        path = os.fspath(self.downloads / f"{number}.mkv")
        return ViewerSyncRequest.model_validate(self._describe(number, 0, 1) | {"file_path": path})

    def _send(self, requests: Sequence[Described]) -> None:
        for start in range(0, len(requests), BATCH):
            receive(self.viewer, requests[start : start + BATCH])
        converge(self.viewer)
        report(self.viewer)

    def shift(self, by: int) -> float:
        """Ask for every episode ``by`` places on; return the seconds until all is reported."""
        self.revision += 1
        requests = [
            ViewerResyncRequest.model_validate(
                self._describe(number, by, self.revision) | {"old_target_path": ""}
            )
            for number in range(self.units)
        ]
        began = time.perf_counter()
        self._send(requests)
        return time.perf_counter() - began


def plain_loop(folder: Path, units: int) -> float:
    """Do the same to files that nobody keeps records of; return seconds."""
    content = b"<episodedetails>" + b" " * 240 + b"</episodedetails>"
    seasons = range(0, units, EPISODES)
    for first in seasons:
        season = folder / f"Show {first // EPISODES}" / "Season 01"
        season.mkdir(parents=True)
        for number in range(first, min(first + EPISODES, units)):
            name = season / f"Show {first // EPISODES} - S01E{number % EPISODES + 1:02}"
            name.with_name(name.name + ".mkv").write_bytes(b"%d" % number)
            name.with_name(name.name + ".nfo").write_bytes(content)
    os.sync()
    began = time.perf_counter()
    done = 0
    for first in seasons:
        show = f"Show {first // EPISODES}"
        season_path = os.fspath(folder / show / "Season 01")
        for number in reversed(range(first, min(first + EPISODES, units))):
            old = f"{season_path}/{show} - S01E{number % EPISODES + 1:02}"
            new = f"{season_path}/{show} - S01E{number % EPISODES + 2:02}"
            temp = f"{season_path}/.tmp"
            with open(temp, "xb") as stream:
                stream.write(content)
            os.link(temp, f"{new}.nfo")
            os.unlink(temp)
            os.rename(f"{old}.mkv", f"{new}.mkv")
            os.unlink(f"{old}.nfo")
            done += 1
            if done % BATCH == 0:
                os.sync()
    os.sync()
    return time.perf_counter() - began


def measure(units: int, rounds: int) -> dict[str, float]:
    """Return medians in seconds and their ratio."""
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        folder = Path(name)
        library = Library(folder, units)
        ours, theirs = [], []
        for _round in range(rounds):
            ours += [library.shift(1), library.shift(0)]
            plain = folder / "plain"
            plain.mkdir()
            theirs.append(plain_loop(plain, units))
            shutil.rmtree(plain)
        library.database.close()
    resync, loop = statistics.median(ours), statistics.median(theirs)
    return {"units": units, "resync_s": resync, "loop_s": loop, "ratio": resync / loop}


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--units", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.units, given.rounds)
    if given.json:
        print(json.dumps(result))
        return
    resync, loop, ratio = result["resync_s"], result["loop_s"], result["ratio"]
    print(f"{given.units} units shifted: {resync:.2f} s, the plain loop {loop:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
