"""A whole resync compared with the reference's way of doing it, in one folder and one run.

``python benchmarks/reference.py [--units N] [--files N] [--json]``. The reference's way is written out from
its contract (§4.5, §5.3), at its kindest: connections are kept alive, all tables are small, metadata is not
fetched. For each file of an edited parser, with a commit for each write:

- Core reads the download, its link, series, anime and group; sends ``POST /resync``; the viewer inserts a
  task and answers 202; Core writes the status.
- The viewer reads the newest task, checks that the file is there, makes folders, renames it, removes the old
  NFO, writes the new one, lists the old folder, completes the task, and sends ``POST /sync-callback``; Core
  reads the download and writes the path.

Both commit to SQLite in WAL with ``synchronous=FULL``. The server is a thread of this process that answers at
once. Seiton's time is that of ``benchmarks/resync.py``: requests in batches, plan, journal, files, records,
reports. What Core does before (parsing titles again) is left out on both sides; see ``benchmarks/edits.py``.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, os.fspath(Path(__file__).parent))

from resync import Library

TABLES = """
CREATE TABLE animes (anime_id INTEGER PRIMARY KEY, title TEXT UNIQUE);
CREATE TABLE series (series_id INTEGER PRIMARY KEY, anime_id INTEGER, series_no INTEGER, season_id INTEGER,
  UNIQUE (anime_id, series_no));
CREATE TABLE groups (group_id INTEGER PRIMARY KEY, group_name TEXT UNIQUE);
CREATE TABLE links (link_id INTEGER PRIMARY KEY, series_id INTEGER, group_id INTEGER, episode_no INTEGER);
CREATE TABLE downloads (download_id INTEGER PRIMARY KEY, link_id INTEGER UNIQUE, status TEXT, file_path TEXT);
CREATE TABLE sync_tasks (task_id INTEGER PRIMARY KEY, download_id INTEGER, target_path TEXT, status TEXT);
CREATE INDEX sync_tasks_download ON sync_tasks (download_id);
"""


class Answers(BaseHTTPRequestHandler):
    """Takes every message."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(202)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_parts: object) -> None:
        """Print nothing."""


class ReferenceWay:
    """Core and viewer as the contract describes them, for ``files`` files of one season each of 24."""

    def __init__(self, folder: Path, files: int) -> None:
        self.root, self.files = folder / "library", files
        self.connection = sqlite3.connect(folder / "reference.db", isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.executescript(TABLES)
        self.connection.execute("BEGIN")
        self.connection.execute("INSERT INTO groups VALUES (1, 'Group')")
        for number in range(files):
            show = number // 24 + 1
            path = self.path(number, 1)
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(b"%d" % number)
            Path(path).with_suffix(".nfo").write_bytes(b" " * 240)
            rows = (
                ("INSERT OR IGNORE INTO animes VALUES (?, ?)", (show, f"Show {show}")),
                ("INSERT OR IGNORE INTO series VALUES (?, ?, 1, 1)", (show, show)),
                ("INSERT OR IGNORE INTO series VALUES (?, ?, 2, 1)", (show + files, show)),
                ("INSERT INTO links VALUES (?, ?, 1, ?)", (number + 1, show + files, number)),
                ("INSERT INTO downloads VALUES (?, ?, 'synced', ?)", (number + 1, number + 1, path)),
            )
            for statement, values in rows:
                self.connection.execute(statement, values)
        self.connection.execute("COMMIT")
        os.sync()

    def path(self, number: int, season: int) -> str:
        """Return where file ``number`` lies in ``season``."""
        show = number // 24 + 1
        name = f"Show {show} - S{season:02}E{number % 24 + 1:02}.mkv"
        return os.fspath(self.root / f"Show {show}" / f"Season {season:02}" / name)

    def run(self, http: HTTPConnection) -> float:
        """Give every file season 2; return seconds."""
        began = time.perf_counter()
        for number in range(self.files):
            self._resync(http, number)
        return time.perf_counter() - began

    def _one(self, query: str, *values: object) -> tuple[object, ...]:
        row: tuple[object, ...] = self.connection.execute(query, values).fetchone()
        return row

    def _resync(self, http: HTTPConnection, number: int) -> None:
        download = self._one(
            "SELECT download_id, link_id, file_path FROM downloads WHERE link_id = ?", number + 1
        )
        link = self._one("SELECT series_id, group_id, episode_no FROM links WHERE link_id = ?", download[1])
        series = self._one("SELECT anime_id, series_no FROM series WHERE series_id = ?", link[0])
        anime = self._one("SELECT title FROM animes WHERE anime_id = ?", series[0])
        self._one("SELECT group_name FROM groups WHERE group_id = ?", link[1])
        old, new = str(download[2]), self.path(number, 2)
        self._post(
            http, "/resync", {"download_id": download[0], "anime_title": anime[0], "old_target_path": old}
        )
        insert = "INSERT INTO sync_tasks (download_id, target_path, status) VALUES (?, ?, 'processing')"
        task = self.connection.execute(insert, (download[0], old)).lastrowid
        update = "UPDATE downloads SET status = ? WHERE download_id = ?"
        self.connection.execute(update, ("resyncing", download[0]))
        self._one("SELECT max(task_id) FROM sync_tasks WHERE download_id = ?", download[0])
        if os.path.exists(old):
            os.makedirs(os.path.dirname(new), exist_ok=True)
            os.rename(old, new)
            os.remove(old[:-4] + ".nfo")
            Path(new[:-4] + ".nfo").write_bytes(b" " * 240)
            os.listdir(os.path.dirname(old))
        done = "UPDATE sync_tasks SET status = 'completed', target_path = ? WHERE task_id = ?"
        self.connection.execute(done, (new, task))
        self._post(
            http, "/sync-callback", {"download_id": download[0], "status": "synced", "target_path": new}
        )
        self._one("SELECT status FROM downloads WHERE download_id = ?", download[0])
        update = "UPDATE downloads SET status = 'synced', file_path = ? WHERE download_id = ?"
        self.connection.execute(update, (new, download[0]))

    def _post(self, http: HTTPConnection, path: str, message: dict[str, object]) -> None:
        http.request("POST", path, json.dumps(message), {"content-type": "application/json"})
        http.getresponse().read()


def reference_seconds(folder: Path, files: int) -> float:
    """Return what the reference's way takes for ``files`` files."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    way = ReferenceWay(folder, files)
    http = HTTPConnection("127.0.0.1", server.server_port)
    seconds = way.run(http)
    assert os.path.exists(way.path(files - 1, 2))
    http.close()
    server.shutdown()
    server.server_close()
    way.connection.close()
    return seconds


def measure(units: int, files: int, rounds: int) -> dict[str, float]:
    """Return medians in microseconds a file, and the ratio."""
    ours: list[float] = []
    theirs: list[float] = []
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        folder = Path(name)
        library = Library(folder, units)
        for number in range(rounds):
            ours += [library.shift(1), library.shift(0)]
            part = folder / f"reference-{number}"
            part.mkdir()
            theirs.append(reference_seconds(part, files))
        library.database.close()
    one, other = statistics.median(ours) / units, statistics.median(theirs) / files
    return {
        "units": units,
        "reference_files": files,
        "seiton_us_per_file": round(one * 1e6, 1),
        "reference_us_per_file": round(other * 1e6, 1),
        "times_as_fast": round(other / one, 1),
    }


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--units", type=int, default=10_000)
    options.add_argument("--files", type=int, default=500, help="files moved in the reference's way")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.units, given.files, given.rounds)
    if given.json:
        print(json.dumps(result))
        return
    print(
        f"the reference's way {result['reference_us_per_file']:,.0f} us a file,"
        f" Seiton {result['seiton_us_per_file']:,.0f} us: {result['times_as_fast']:.1f} times as fast"
    )


if __name__ == "__main__":
    main()
