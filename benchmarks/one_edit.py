"""One edit of a parser, from saving it to the last of 12 files at its new name, in one process.

``python benchmarks/one_edit.py [--rounds N] [--json]``. World and library are those of ``seiton demo``: a
feed server, a seeder and Seiton with all its jobs, on this machine. The parser that misread a season of
twelve episodes is corrected, and spoilt again; the clock runs from before the edit until the last video lies
where the rules have it. Nothing asks twice: each step wakes the next.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import statistics
import tempfile
import time
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
from seiton.faces.cli.demo import EPISODES, Demo

PATIENCE_S = 300.0


def measure(rounds: int) -> dict[str, Any]:
    """Return the median of the seconds from edit to moved files."""
    seconds: list[float] = []
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
            trees = [_videos(demo.library)]
            for number in range(rounds * 2):
                edit = spoilt if number % 2 else CORRECTED
                before = _videos(demo.library)
                began = time.perf_counter()
                update_parser(seiton.core, parser_id, edit)
                _wait_for(lambda: len(before - _videos(demo.library)) == 12)  # noqa: B023
                seconds.append(time.perf_counter() - began)
                _wait_for(lambda: _is_at_rest(seiton))
                trees.append(_videos(demo.library))
            assert trees[0] == trees[2] != trees[1]
    return {"files": 12, "median_s": round(statistics.median(seconds), 3), "least_s": round(min(seconds), 3)}


def _fill(seiton: Seiton, world: DemoWorld) -> None:
    for parser in PARSERS:
        create_parser(seiton.core, parser)
    add_subscription(seiton.core, {"source_url": world.feed_url, "name": "Demo"})
    _wait_for(lambda: _filed(seiton) >= EPISODES)


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


def _videos(library: str) -> set[str]:
    return {name for name in checks.files_below(library) if name.endswith((".mkv", ".mp4"))}


def _wait_for(is_done: Any) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_done():
        if time.monotonic() > end:
            raise SystemExit("it took too long")
        time.sleep(0.005)


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
        f" (at best {result['least_s']:.3f} s)"
    )


if __name__ == "__main__":
    main()
