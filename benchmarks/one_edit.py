"""One edit of a parser, from saving it to the last of 12 files at its new name, in one process.

``python benchmarks/one_edit.py [--rounds N] [--json]``. World and library are those of ``seiton demo``: a
feed server, a seeder and Seiton with all its jobs, on this machine. The parser that misread a season of
twelve episodes is corrected, and spoilt again; the clock runs from before the edit until the last video lies
where the rules have it, told by its inode: most of these names have a file before and after, another one.
Nothing asks twice: each step wakes the next.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.console import Console

from seiton.bootstrap import Seiton
from seiton.core import tables
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.rules.parsers import create_parser, update_parser
from seiton.demo import checks
from seiton.demo.sample import CORRECTED, EDITED, PARSERS
from seiton.demo.world import DemoWorld
from seiton.domain.states import DownloadStatus
from seiton.faces.cli.demo import EPISODES, TITLE, Demo

PATIENCE_S = 60.0
SEASON = 12


def measure(rounds: int) -> dict[str, Any]:
    """Return the median and the extremes of the seconds from edit to moved files."""
    seconds: list[float] = []
    cpu: list[float] = []
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        folder = Path(name)
        demo = Demo(folder, Console(file=io.StringIO()))
        origin = folder / "world"
        origin.mkdir()
        with DemoWorld(os.fspath(origin)) as world, Seiton(demo.settings, loopback_only=True) as seiton:
            _fill(seiton, world)
            spoilt = next(parser for parser in PARSERS if parser["name"] == EDITED)
            table = tables.parsers
            with seiton.database.read() as connection:
                query = sa.select(table.c.parser_id).where(table.c.name == EDITED)
                parser_id = connection.execute(query).scalar_one()
            _wait_for(lambda: _is_at_rest(seiton), "the library did not come to rest")
            as_misread = _season(demo.library)
            as_corrected = _corrected(as_misread)
            for number in range(rounds * 2):
                edit, wanted = (spoilt, as_misread) if number % 2 else (CORRECTED, as_corrected)
                began, began_cpu = time.perf_counter(), time.process_time()
                update_parser(seiton.core, parser_id, edit)
                _wait_for(lambda: _lie_at(demo.library, wanted), "the files did not move")  # noqa: B023
                seconds.append(time.perf_counter() - began)
                cpu.append(time.process_time() - began_cpu)
                _wait_for(lambda: _is_at_rest(seiton), "the library did not come to rest")
                assert _season(demo.library) == wanted
    return {
        "files": SEASON,
        "edits": len(seconds),
        "median_s": round(statistics.median(seconds), 3),
        "least_s": round(min(seconds), 3),
        "most_s": round(max(seconds), 3),
        "cpu_s": round(statistics.median(cpu), 3),
    }


def _fill(seiton: Seiton, world: DemoWorld) -> None:
    for parser in PARSERS:
        create_parser(seiton.core, parser)
    add_subscription(seiton.core, {"source_url": world.feed_url, "name": "Demo"})
    _wait_for(lambda: _filed(seiton) >= EPISODES, "not everything was filed")


def _filed(seiton: Seiton) -> int:
    query = sa.select(sa.func.count()).where(tables.downloads.c.status == DownloadStatus.SYNCED)
    with seiton.database.read() as connection:
        return int(connection.execute(query).scalar_one())


def _is_at_rest(seiton: Seiton) -> bool:
    table = tables.downloads.c
    query = sa.select(sa.func.count()).where(
        table.status == DownloadStatus.SYNCED, table.applied_revision == table.desired_revision
    )
    with seiton.database.read() as connection:
        return int(connection.execute(query).scalar_one()) >= EPISODES


def _season(library: str) -> dict[str, int]:
    """Return where each video of the season lies, with its inode."""
    names = checks.files_below(library)
    found = {name: os.stat(os.path.join(library, name)).st_ino for name in names if _is_of_season(name)}
    assert len(found) == SEASON, sorted(found)
    return found


def _is_of_season(name: str) -> bool:
    return name.startswith(TITLE[:-1]) and name.endswith(".mkv")


def _corrected(misread: dict[str, int]) -> dict[str, int]:
    """Return the same videos where the corrected parser has them: one title, each a number lower."""
    in_order = sorted(misread, key=lambda name: name[-len("01.mkv") :])
    return {
        f"{TITLE}/Season 01/{TITLE} - S01E{number:02}.mkv": misread[name]
        for number, name in enumerate(in_order, start=1)
    }


def _lie_at(library: str, wanted: dict[str, int]) -> bool:
    try:
        return all(os.stat(os.path.join(library, name)).st_ino == inode for name, inode in wanted.items())
    except FileNotFoundError:
        return False


def _wait_for(is_done: Callable[[], bool], otherwise: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_done():
        if time.monotonic() > end:
            raise SystemExit(otherwise)
        time.sleep(0.002)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.rounds)
    if given.json:
        print(json.dumps(result))
        return
    print(
        f"{result['files']} files moved {result['median_s']:.3f} s after the edit"
        f" ({result['least_s']:.3f} to {result['most_s']:.3f} s in {result['edits']} edits,"
        f" {result['cpu_s']:.3f} s CPU)"
    )


if __name__ == "__main__":
    main()
