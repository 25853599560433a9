"""Lists, dashboard and search by a part of the title, over the API, in an installation of many entries.

``python benchmarks/lists.py [--items N] [--database-url URL] [--rounds N] [--json]``. Without a URL a SQLite
file is made; with one (``sqlite:///…`` or ``postgresql://…``) an empty database there is filled, and one
that holds entries (``seiton dev generate``) is taken as it is. Each request goes through the whole
application, but for the socket. Milliseconds are medians of the rounds: walls, and the CPU of this process,
in which is all of SQLite's work and none of PostgreSQL's. The statements are counted: a list of a hundred
takes no more of them than a list of ten, a search a few more.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core import tables
from seiton.core.feeds.searching import index_titles
from seiton.core.service import utc_now
from seiton.core.works.same_works import name_works
from seiton.demo.generate import made_installation

REQUESTS = {
    "dashboard": "/dashboard/stats",
    "start page": "/ui/",
    "raw items": "/raw-items?limit={n}",
    "raw items, a late page": "/raw-items?limit={n}&before={middle}",
    "raw items that nothing matches": "/raw-items?limit={n}&status=no_match",
    "raw items in three states": "/raw-items?limit={n}&status=no_match,failed,skipped",
    "raw items of a subscription": "/raw-items?limit={n}&subscription_id=1",
    "search: two CJK characters": "/raw-items?limit={n}&search=旅館",
    "search: one CJK character": "/raw-items?limit={n}&search=鯨",
    "search: a word": "/raw-items?limit={n}&search=orchestra",
    "search: a word and a number": "/raw-items?limit={n}&search=kohaku waltz s01e07",
    "search: what every title has": "/raw-items?limit={n}&search=1080",
    "search: nothing has it": "/raw-items?limit={n}&search=無此物",
    "search in one state": "/raw-items?limit={n}&search=官方&status=no_match",
    "… where none has a rare word": "/raw-items?limit={n}&search=無此物&status=no_match",
    "… where none has a common word": "/raw-items?limit={n}&search=bdrip&status=no_match",
    "search in two states": "/raw-items?limit={n}&search=orchestra&status=no_match,failed",
    "search in a subscription": "/raw-items?limit={n}&search=1080&subscription_id=1",
    "downloads": "/downloads?limit={n}",
    "downloads in two states": "/downloads?limit={n}&status=synced,failed",
    "series": "/series?limit={n}",
    "anime": "/anime?limit={n}",
    "resyncs": "/resyncs?limit={n}",
}


@contextmanager
def installation(items: int, url: str | None) -> Iterator[Seiton]:
    """Give a Seiton with ``items`` entries, all of them indexed."""
    with tempfile.TemporaryDirectory(prefix="seiton-bench-", dir=os.environ.get("SEITON_BENCH_DIR")) as name:
        folder = Path(name)
        address = url or f"sqlite:///{folder / 'bench.db'}"
        settings = Settings(data=folder, library=folder / "library", port=0, database_url=address)
        seiton = Seiton(settings, loopback_only=True)
        with seiton.database.read() as connection:
            is_empty = connection.execute(sa.select(tables.raw_items.c.item_id).limit(1)).first() is None
        if is_empty:
            for _made in made_installation(seiton.database, items, seed=1, library="/library", now=utc_now()):
                pass
        index_titles(seiton.core)
        name_works(seiton.core)
        try:
            yield seiton
        finally:
            seiton.close()


def measure(items: int, url: str | None, rounds: int) -> dict[str, Any]:
    """Return medians in milliseconds, and the statements that each request takes."""
    with (
        installation(items, url) as seiton,
        TestClient(seiton.application(), base_url="http://127.0.0.1") as client,
    ):
        with seiton.database.read() as connection:
            count = connection.execute(sa.select(sa.func.max(tables.raw_items.c.item_id))).scalar_one()
        found: dict[str, Any] = {}
        for name, path in REQUESTS.items():
            few = _statements(seiton, client, path.format(n=10, middle=count // 2))
            many = _statements(seiton, client, path.format(n=100, middle=count // 2))
            times, cpu = [], []
            for _round in range(rounds):
                began, began_cpu = time.perf_counter(), time.process_time()
                answer = client.get(path.format(n=100, middle=count // 2))
                cpu.append(time.process_time() - began_cpu)
                times.append(time.perf_counter() - began)
                assert answer.status_code == 200, answer.text
            found[name] = {
                "ms": round(statistics.median(times) * 1e3, 1),
                "cpu_ms": round(statistics.median(cpu) * 1e3, 1),
                "statements": many,
            }
            # A search goes on by parts of its own until the page is full.
            assert many <= few + (10 if "search" in path else 1), (name, few, many)
        kind = "SQLite" if seiton.database.is_sqlite else "PostgreSQL"
    return {"items": count, "database": kind, "requests": found}


def _statements(seiton: Seiton, client: TestClient, path: str) -> int:
    seen = 0

    def count(*_parts: object) -> None:
        nonlocal seen
        seen += 1

    sa.event.listen(seiton.database.engine, "before_cursor_execute", count)
    client.get(path)
    sa.event.remove(seiton.database.engine, "before_cursor_execute", count)
    return seen


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--items", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--database-url")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    result = measure(given.items, given.database_url, given.rounds)
    if given.json:
        print(json.dumps(result))
        return
    print(f"{result['items']:,} entries, {result['database']}: median of {given.rounds}")
    for name, found in result["requests"].items():
        times = f"{found['ms']:8.1f} ms {found['cpu_ms']:7.1f} CPU"
        print(f"  {name:32} {times}  {found['statements']:3} statements")


if __name__ == "__main__":
    main()
