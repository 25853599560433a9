"""A parser's edit, from saving it to the last title: what it costs where nothing changes.

``python benchmarks/edits.py [--items N] [--rounds N] [--json]``. An installation of ``N`` made-up entries (as
``seiton dev generate`` makes them) gets a new parser that stands first in line and matches nothing, so every
title has to be looked at and none comes out otherwise; then the parser goes again. The viewer refuses to be
asked for anything, so a single write in the library would be an error. CPU seconds and wall.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.migrations import SERVICES, upgrade
from seiton.adapters.pack_file import builtin_pack
from seiton.core import tables
from seiton.core.filing.resync import reconcile
from seiton.core.rules.builtin import prepare_state
from seiton.core.rules.parsers import create_parser, delete_parser
from seiton.core.rules.reparse import reparse
from seiton.core.service import Core, utc_now
from seiton.demo.generate import made_installation

PARSER = {
    "name": "matches nothing",
    "priority": 1_000,
    "is_enabled": True,
    "condition_regex": "no such words in any title",
    "parse_regex": r"(.+) (\d+)",
    "anime_title_source": "regex",
    "anime_title_value": "1",
    "episode_no_source": "regex",
    "episode_no_value": "2",
}


class Untouched:
    """A neighbour that must not be asked; ``asked`` counts, should anybody swallow the refusal."""

    asked = 0

    def __getattr__(self, name: str) -> NoReturn:
        Untouched.asked += 1
        raise AssertionError(f"{name} was asked for, though nothing changed")


def core_of(database: Database, instance: str, web: WebClient) -> Core:
    """Return a Core on ``database`` with no neighbours, stepped by hand."""
    untouched: Any = Untouched()
    return Core(
        database=database,
        instance_id=instance,
        viewer=untouched,
        torrents=untouched,
        web=web,
        downloads_folder="/generated",
        callback_url="http://core.invalid/sync-callback",
        max_feed_bytes=1,
        wake=lambda _job, _key: None,
        answer_wait_s=0.0,
    )


def measure(items: int, rounds: int, url: str | None = None) -> dict[str, float]:
    """Return medians: seconds for all titles, microseconds for one."""
    with tempfile.TemporaryDirectory(prefix="seiton-bench-") as name:
        database = Database(url or f"sqlite:///{Path(name) / 'bench.db'}")
        for service in SERVICES:
            upgrade(database, service)
        instance = prepare_state(database, builtin_pack(), utc_now())
        for _made in made_installation(database, items, seed=1, library="/library", now=utc_now()):
            pass
        web = WebClient(user_agent="bench", timeout_s=1, max_redirects=0, policy=HostPolicy())
        core = core_of(database, instance, web)
        _edit_once(core)
        before = _fingerprint(database)
        cpu: list[float] = []
        wall: list[float] = []
        for _round in range(rounds):
            seconds, cpu_seconds = _edit_once(core)
            wall.append(seconds)
            cpu.append(cpu_seconds)
        assert _fingerprint(database) == before
        web.close()
        database.close()
    return {
        "items": items,
        "wall_s": round(statistics.median(wall), 4),
        "cpu_s": round(statistics.median(cpu), 4),
        "us_per_title": round(statistics.median(wall) / items * 1e6, 2),
        "cpu_us_per_title": round(statistics.median(cpu) / items * 1e6, 2),
        "library_requests": Untouched.asked,
    }


def _edit_once(core: Core) -> tuple[float, float]:
    """Make the parser and delete it; return the seconds of the former, wall and CPU.

    The first time, downloads begin that the made-up installation left out: a ``v2`` of what it has.
    """
    made = create_parser(core, PARSER)
    assert made.parser is not None
    began, began_cpu = time.perf_counter(), time.process_time()
    reparse(core)
    cpu, wall = time.process_time() - began_cpu, time.perf_counter() - began
    reconcile(core)
    delete_parser(core, made.parser["parser_id"])
    reparse(core)
    return wall, cpu


def _fingerprint(database: Database) -> object:
    """Return what must be the same after an edit that changes nothing."""
    downloads, links, items = tables.downloads.c, tables.links.c, tables.raw_items.c
    query = sa.select(
        sa.select(sa.func.sum(downloads.desired_revision)).scalar_subquery(),
        sa.select(sa.func.max(downloads.updated_at)).scalar_subquery(),
        sa.select(sa.func.max(links.updated_at)).scalar_subquery(),
        sa.select(sa.func.max(items.parsed_at)).scalar_subquery(),
    )
    with database.read() as connection:
        return tuple(connection.execute(query).one())


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--database-url")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.items, given.rounds, given.database_url)
    if given.json:
        print(json.dumps(result))
        return
    print(
        f"{result['items']} titles looked at, none changed: {result['wall_s']:.2f} s,"
        f" {result['us_per_title']:.1f} us a title ({result['cpu_us_per_title']:.1f} us CPU)"
    )


if __name__ == "__main__":
    main()
