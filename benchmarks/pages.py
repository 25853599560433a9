"""Every page of the web interface, in an installation of many entries: the time that the server takes.

``python benchmarks/pages.py [--items N] [--database-url URL] [--rounds N] [--json]``. The installation is
made, or taken, as ``benchmarks/lists.py`` does. Each of its series is given twelve episodes with days of
broadcast, of which the last ones are this month's, so that the calendar and what is wanted have something to
do. Each page goes through the whole application, but for the socket. Milliseconds are medians of the
rounds after one that is not counted: walls, and the CPU of this process. The log is left out: background
work, which it lists, does not run here.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

sys.path.insert(0, os.fspath(Path(__file__).parent))

from lists import installation

from seiton.bootstrap import Seiton
from seiton.core import tables
from seiton.core.service import utc_now

PAGES = (
    "/",
    "/start",
    "/library",
    "/library?page=40",
    "/library?q=kohaku",
    "/library/{anime_id}",
    "/library/releases/{link_id}",
    "/season",
    "/wanted",
    "/wanted?q=kohaku",
    "/identity",
    "/identity/unknown",
    "/identity/unknown?q=kohaku",
    "/identity/fixes",
    "/identity/series/{series_id}",
    "/inbox",
    "/parsers",
    "/parsers/new",
    "/parsers/1",
    "/teach",
    "/teach?q=kohaku",
    "/teach/{item_id}",
    "/filters",
    "/filters/new",
    "/filters/targets?target_type=anime&target_q=kohaku",
    "/subscriptions",
    "/subscriptions/{subscription_id}",
    "/subscriptions/{subscription_id}/leave",
    "/downloads",
    "/adopt",
    "/resyncs",
    "/holds",
    "/settings",
    "/modules",
    "/notifications",
    "/access",
)
PARTS = ("/wanted", "/inbox/found", "/identity/fixes/found")
"""What a page says that it is looking for, and that comes after it."""
EPISODES = 12


def add_facts(seiton: Seiton, today: date) -> None:
    """Give series facts, where none has any, and follow the feeds."""
    shows, facts, feeds = tables.series_facts, tables.episode_facts, tables.subscriptions
    with seiton.database.write() as connection:
        later = utc_now() + timedelta(days=300)
        connection.execute(sa.update(feeds).values(is_active=True, next_fetch_at=later))
        if connection.execute(sa.select(shows.c.series_id).limit(1)).first() is not None:
            return
        ids = connection.execute(sa.select(tables.series.c.series_id)).scalars().all()
        for part in range(0, len(ids), 500):
            few = ids[part : part + 500]
            connection.execute(sa.insert(shows), [_show(series_id) for series_id in few])
            connection.execute(sa.insert(facts), [row for one in few for row in _episodes(one, today)])


def _show(series_id: int) -> dict[str, Any]:
    return {
        "series_id": series_id,
        "namespace": "bgm",
        "value": str(series_id),
        "known": {},
        "facts": {},
        "due_at": utc_now() + timedelta(days=300),
        "may_differ": False,
        "may_rename": False,
    }


def _episodes(series_id: int, today: date) -> Iterator[dict[str, Any]]:
    first = today - timedelta(weeks=series_id % 200)
    for number in range(1, EPISODES + 1):
        aired = first + timedelta(weeks=number - 6)
        facts = {"title": f"Episode {number}", "aired": aired.isoformat()}
        key = {"series_id": series_id, "episode_no": number, "episode_tenths": 0}
        yield {**key, "facts": facts, "aired": aired}


def measure(items: int, url: str | None, rounds: int, only: str) -> dict[str, Any]:
    """Return medians in milliseconds, by page; ``only`` those whose address begins like that."""
    with (
        installation(items, url) as seiton,
        TestClient(seiton.application(), base_url="http://127.0.0.1", client=("127.0.0.1", 50000)) as client,
    ):
        add_facts(seiton, utc_now().date())
        with seiton.database.read() as connection:
            count = connection.execute(sa.select(sa.func.max(tables.raw_items.c.item_id))).scalar_one()
            names = {
                name: connection.execute(sa.select(sa.func.max(column))).scalar_one()
                for name, column in (
                    ("anime_id", tables.animes.c.anime_id),
                    ("series_id", tables.series.c.series_id),
                    ("link_id", tables.links.c.link_id),
                    ("item_id", tables.raw_items.c.item_id),
                    ("subscription_id", tables.item_subscriptions.c.subscription_id),
                )
            }
        found = {p: _timed(client, p.format(**names), rounds, {}) for p in PAGES if p.startswith(only)}
        for part in PARTS:
            if part.startswith(only):
                found[f"{part} (comes after)"] = _timed(client, part, rounds, {"HX-Request": "true"})
        return {"items": count, "pages": found}


def _timed(client: TestClient, page: str, rounds: int, headers: dict[str, str]) -> dict[str, float]:
    walls, cpus = [], []
    for _round in range(rounds + 1):
        wall, cpu = time.perf_counter(), time.process_time()
        answer = client.get(f"/ui{page}", headers=headers)
        walls.append((time.perf_counter() - wall) * 1000)
        cpus.append((time.process_time() - cpu) * 1000)
        assert answer.status_code == 200, (page, answer.status_code)
    return {"ms": round(statistics.median(walls[1:]), 1), "cpu_ms": round(statistics.median(cpus[1:]), 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--database-url")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--only", help="the pages whose address begins like that")
    given = parser.parse_args()
    found = measure(given.items, given.database_url, given.rounds, given.only or "/")
    if given.json:
        print(json.dumps(found))
        return
    print(f"{found['items']} entries; milliseconds, medians of {given.rounds}: wall, CPU")
    for page, row in found["pages"].items():
        print(f"{row['ms']:9.1f} {row['cpu_ms']:9.1f}  {page}")


if __name__ == "__main__":
    main()
