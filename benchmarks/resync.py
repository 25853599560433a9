"""A whole resync compared with a plain loop of the same system calls, in the same folder and run.

``python benchmarks/resync.py [--units N] [--rounds N] [--database-url URL] [--json]``, with the URL of an
empty database, else in a SQLite file. Files are small, because a move does not look at content. Each round
shifts every episode of many seasons by one and back: the hardest order there is
for a mover that may not overwrite. The loop makes the same system calls on the same number of files, with as
many flushes: it looks at the video, reads the NFO, writes the new one under a temporary name, renames video
and NFOs, and removes the old one by way of another name. It records and compares nothing. Beside it stands
a loop of those calls alone that change something. Ratios are what counts; the times of all three are walls
of one run in one folder (``SEITON_BENCH_DIR`` says where), in turn.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from seiton.adapters.database import Database
from seiton.adapters.files.syscalls import sync_filesystem
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

    def __init__(self, folder: Path, units: int, url: str | None = None) -> None:
        self.units = units
        self.root = folder / "library"
        self.downloads = folder / "downloads"
        self.root.mkdir()
        self.downloads.mkdir()
        self.database = Database(url or f"sqlite:///{folder / 'bench.db'}")
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


class Plain:
    """The same files, moved by a loop that keeps no records and checks nothing."""

    def __init__(self, folder: Path, units: int) -> None:
        self.units, self.folder = units, folder
        self.content = b"<episodedetails>" + b" " * 240 + b"</episodedetails>"
        for number in range(units):
            season = self._season(number)
            season.mkdir(parents=True, exist_ok=True)
            name = os.fspath(season / self._name(number, 0))
            Path(f"{name}.mkv").write_bytes(b"%d" % number)
            Path(f"{name}.nfo").write_bytes(self.content)
        os.sync()

    def _season(self, number: int) -> Path:
        return self.folder / f"Show {number // EPISODES}" / "Season 01"

    def _name(self, number: int, shift: int) -> str:
        return f"Show {number // EPISODES} - S01E{number % EPISODES + 1 + shift:02}"

    def shift(self, by: int, *, looks: bool) -> float:
        """Move every episode ``by`` places on from where it lies, 1 or -1; return seconds.

        With ``looks`` it asks the disk what the viewer asks it: which file is where, what is in the NFO.
        """
        seasons = [range(at, min(at + EPISODES, self.units)) for at in range(0, self.units, EPISODES)]
        at = 0 if by == 1 else 1
        order = [number for season in seasons for number in (reversed(season) if by == 1 else season)]
        paths = [
            (
                folder := os.fspath(self._season(number)),
                f"{folder}/{self._name(number, at)}",
                f"{folder}/{self._name(number, at + by)}",
            )
            for number in order
        ]
        descriptor = os.open(self.folder, os.O_RDONLY)
        began = time.perf_counter()
        for start in range(0, len(paths), BATCH):
            self._move(paths[start : start + BATCH], looks, descriptor)
        seconds = time.perf_counter() - began
        os.close(descriptor)
        return seconds

    def _move(self, paths: Sequence[tuple[str, str, str]], looks: bool, descriptor: int) -> None:
        for number, (folder, old, _new) in enumerate(paths):
            if looks:
                os.lstat(f"{old}.mkv")
                os.lstat(f"{old}.nfo")
                self._read(f"{old}.nfo")
            temp = os.open(f"{folder}/.tmp-{number}", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            os.write(temp, self.content)
            os.close(temp)
        sync_filesystem(descriptor)
        for number, (folder, old, new) in enumerate(paths):
            os.rename(f"{folder}/.tmp-{number}", f"{new}.nfo")
            if looks:
                os.lstat(f"{old}.mkv")
                _is_there(f"{new}.mkv")
            os.rename(f"{old}.mkv", f"{new}.mkv")
            if looks:
                _is_there(f"{folder}/.retire-{number}")
                self._read(f"{old}.nfo")
            os.rename(f"{old}.nfo", f"{folder}/.retire-{number}")
            if looks:
                self._read(f"{folder}/.retire-{number}")
            os.unlink(f"{folder}/.retire-{number}")
        sync_filesystem(descriptor)
        if looks:
            for _folder, _old, new in paths:
                os.lstat(f"{new}.mkv")

    def _read(self, path: str) -> None:
        descriptor = os.open(path, os.O_RDONLY)
        os.fstat(descriptor)
        while os.read(descriptor, 1 << 16):
            pass
        os.close(descriptor)


def _is_there(path: str) -> bool:
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    return True


def measure(units: int, rounds: int, url: str | None = None) -> dict[str, float]:
    """Return medians in seconds and their ratios."""
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        folder = Path(name)
        library = Library(folder, units, url)
        plain = Plain(folder / "plain", units)
        times: dict[str, list[float]] = {"resync": [], "loop": [], "changes": [], "cpu": []}
        for _round in range(rounds):
            for shift, by in ((1, 1), (0, -1)):
                began = time.process_time()
                times["resync"].append(library.shift(shift))
                times["cpu"].append(time.process_time() - began)
                times["loop"].append(plain.shift(by, looks=True))
            times["changes"].append(plain.shift(1, looks=False))
            times["changes"].append(plain.shift(-1, looks=False))
        library.database.close()
    median = {kind: statistics.median(values) for kind, values in times.items()}
    return {
        "units": units,
        **{f"{kind}_s": round(value, 4) for kind, value in median.items()},
        "ratio": round(median["resync"] / median["loop"], 2),
        "ratio_to_changes": round(median["resync"] / median["changes"], 2),
        "us_per_unit": round(median["resync"] / units * 1e6, 1),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--units", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--database-url")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.units, given.rounds, given.database_url)
    if given.json:
        print(json.dumps(result))
        return
    print(f"{given.units} units shifted: {result['resync_s']:.2f} s, of it {result['cpu_s']:.2f} s CPU")
    print(f"  the same system calls in a loop {result['loop_s']:.2f} s: ratio {result['ratio']:.2f}")
    bare = result["ratio_to_changes"]
    print(f"  only those that change files    {result['changes_s']:.2f} s: ratio {bare:.2f}")


if __name__ == "__main__":
    main()
