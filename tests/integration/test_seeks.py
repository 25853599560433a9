"""Series that are looked for together, in the background: on record before it begins, and carried on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core import tables
from seiton.core.feeds.seeks import ask_for, carry_on, standing
from seiton.core.feeds.subscriptions import add_subscription, fetch_subscription
from seiton.core.modules.activities import list_activities
from seiton.core.service import Core
from seiton.demo.programs import free_port
from tests.acceptance.roles import get, wait_for
from tests.acceptance.test_chaos import role
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.integration.indexer import Indexer, indexer
from tests.integration.test_core_episodes import double as double
from tests.integration.test_core_episodes import known as known


@pytest.fixture
def site() -> Iterator[Indexer]:
    with indexer() as running:
        yield running


def miss(core: Core, title: str) -> int:
    """Have a series of which one episode was broadcast and is not there."""
    now = datetime.now(UTC)
    times = {"created_at": now, "updated_at": now}
    with core.database.write() as connection:
        anime_id = connection.execute(
            sa.insert(tables.animes).values(title=title, **times).returning(tables.animes.c.anime_id)
        ).scalar_one()
        made = sa.insert(tables.series).values(anime_id=anime_id, series_no=1, **times)
        series_id = int(connection.execute(made.returning(tables.series.c.series_id)).scalar_one())
        row = {"series_id": series_id, "episode_no": 1, "episode_tenths": 0, "facts": {}}
        aired = date.today() - timedelta(days=3)
        connection.execute(sa.insert(tables.episode_facts).values(row | {"aired": aired}))
    return series_id


def test_what_was_asked_for_together_is_looked_for_and_told(known: CoreWorld, site: Indexer) -> None:
    fetch_subscription(known.core, known.subscribe(site.feed_url))
    site.titles = ["[X] Show - 04"]
    assert ask_for(known.core, [1]) == 1
    assert ask_for(known.core, [1]) == 0, "it waits already"
    assert ("seek", "") in known.woken
    (shown,) = [row for row in list_activities(known.core, limit=9) if row["kind"] == "seek"]
    assert (shown["done"], shown["total"], shown["unit"]) == (0, 1, "series")
    assert carry_on(known.core) == 1
    told = standing(known.core)
    assert (told.is_running, told.found, told.new, told.failures) == (False, 1, 1, {})
    assert [row for row in list_activities(known.core, limit=9) if row["kind"] == "seek"] == []
    assert carry_on(known.core) == 0


def test_what_is_asked_for_meanwhile_joins_and_what_is_over_is_forgotten(known: CoreWorld) -> None:
    other = miss(known.core, "Other")
    ask_for(known.core, [1])
    ask_for(known.core, [1, other])
    assert (standing(known.core).done, standing(known.core).total) == (0, 2)
    carry_on(known.core)
    ask_for(known.core, [other])
    assert (standing(known.core).done, standing(known.core).total) == (0, 1)


def test_a_site_that_fails_is_told_with_what_came_of_the_others(known: CoreWorld, site: Indexer) -> None:
    fetch_subscription(known.core, known.subscribe(site.feed_url))
    site.status = 500
    ask_for(known.core, [1])
    carry_on(known.core)
    assert list(standing(known.core).failures) == [site.base.removeprefix("http://")]


@pytest.mark.timeout(300)
def test_a_seiton_that_is_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path, site: Indexer) -> None:
    values = {"data": tmp_path / "serve", "port": 0, "bangumi_url": "off", "mikan_url": "off"}
    seiton = Seiton(Settings.model_validate(values | {"private_hosts": "127.0.0.1"}), loopback_only=True)
    ids = [miss(seiton.core, title) for title in ("First", "Second", "Third")]
    add_subscription(seiton.core, {"source_url": site.feed_url})
    with seiton.database.write() as connection:  # recognised as a feed of an indexer, and not due
        later = datetime.now(UTC) + timedelta(days=1)
        change = sa.update(tables.subscriptions).values(feed_kind="torznab", next_fetch_at=later)
        connection.execute(change)
    ask_for(seiton.core, ids)
    seiton.close()
    reached, may_go_on = threading.Event(), threading.Event()

    def hold_back(words: str) -> None:
        if words == "Second" and not may_go_on.is_set():
            reached.set()
            may_go_on.wait(120)

    site.meanwhile = hold_back
    with role("serve", tmp_path, free_port()) as served:
        assert reached.wait(120)
        (shown,) = [row for row in get(f"{served.base}/jobs")["activities"] if row["kind"] == "seek"]
        assert (shown["done"], shown["total"]) == (1, 3)
        served.kill()
        may_go_on.set()
        served.start()
        wait_for(lambda: not _seeking(served.base), "all of them were looked for", 120)
    asked = [query["q"] for query in site.asked if "q" in query]
    assert asked == ["First", "Second", "Second", "Third"]


def _seeking(base: str) -> bool:
    return any(row["kind"] == "seek" for row in get(f"{base}/jobs")["activities"])
