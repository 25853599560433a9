"""What was broadcast and is not there: listed, and looked for at sites that feeds come from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.downloads.ending import cancel_download
from seiton.core.feeds.known import feeds_to_follow
from seiton.core.feeds.seeking import seek
from seiton.core.feeds.subscriptions import fetch_subscription, remove_subscription
from seiton.core.filters.rules import create_filter
from seiton.core.identity.editing import set_id
from seiton.core.works.calendar import MOST_LOOKED, Days, list_wanted, list_week, missing_numbers
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.integration.indexer import Indexer, indexer
from tests.integration.test_core_episodes import double as double
from tests.integration.test_core_episodes import known as known


@pytest.fixture
def site(known: CoreWorld) -> Iterator[Indexer]:
    """An indexer that is followed as a feed, and has had nothing so far."""
    with indexer() as running:
        fetch_subscription(known.core, known.subscribe(running.feed_url))
        running.asked.clear()
        yield running


def wanted(world: CoreWorld) -> list[tuple[str, list[int]]]:
    rows = list_wanted(world.core, limit=50, offset=0)
    assert all(row["missing"] == len(row["episodes"]) for row in rows)
    return [(row["anime_title"], [one["episode_no"] for one in row["episodes"]]) for row in rows]


def test_only_what_was_broadcast_and_is_not_on_its_way_is_wanted(known: CoreWorld) -> None:
    assert wanted(known) == [("Show", [4])]
    known.pass_time(days=7)
    assert wanted(known) == [("Show", [4, 5])]
    known.bring("[G] Show - 04")
    assert wanted(known) == [("Show", [5])]
    assert list_wanted(known.core, limit=5, offset=0, wanted="Other") == []


def test_a_look_sees_the_last_days_and_says_where_to_go_on(known: CoreWorld) -> None:
    today = known.core.now().date()
    first = {"series_id": 1, "episode_tenths": 0, "facts": {}}
    with known.database.write() as connection:
        rows = [
            first | {"episode_no": 1000 + number, "aired": today - timedelta(days=1 + number % 2)}
            for number in range(MOST_LOOKED)
        ]
        for part in chunks(rows):
            connection.execute(sa.insert(tables.episode_facts), part)
        years_ago = today - timedelta(days=2000)
        connection.execute(
            sa.insert(tables.episode_facts).values(first | {"episode_no": 900, "aired": years_ago})
        )
    days = Days()
    (row,) = list_wanted(known.core, limit=5, offset=0, days=days)
    assert row["missing"] > MOST_LOOKED, "all that a series misses is counted, however old"
    assert days.stopped_at == today - timedelta(days=1), "of the day before it may not have seen all"
    assert list_wanted(known.core, limit=5, offset=0, wanted="Show", days=Days()) == [row]
    earlier = Days(until=days.stopped_at - timedelta(days=1))
    assert list_wanted(known.core, limit=5, offset=0, days=earlier) == [row]
    assert earlier.stopped_at is None or earlier.stopped_at > years_ago
    oldest = Days(until=years_ago)
    assert list_wanted(known.core, limit=5, offset=0, days=oldest) == [row]
    assert oldest.stopped_at is None


def test_what_a_person_took_away_is_not_wanted(known: CoreWorld) -> None:
    known.bring("[G] Show - 04")
    (download,) = known.rows(tables.downloads, tables.downloads.c.status == "pending")
    cancel_download(known.core, download["download_id"])
    assert wanted(known) == []


def test_a_week_has_its_episodes_by_their_days(known: CoreWorld) -> None:
    def week(monday: date) -> list[tuple[str, int, str]]:
        return [
            (row["aired"].isoformat(), row["episode_no"], row["standing"].value)
            for row in list_week(known.core, monday)
        ]

    assert week(date(2025, 12, 22)) == [("2025-12-24", 3, "here")]
    assert week(date(2025, 12, 29)) == [("2025-12-31", 4, "missing")]
    assert week(date(2026, 1, 5)) == [("2026-01-07", 5, "ahead")]
    assert week(date(2026, 1, 12)) == []


def test_an_indexer_is_searched_and_only_what_is_missing_is_taken(known: CoreWorld, site: Indexer) -> None:
    site.titles = ["[X] Show - 04", "[X] Show - 03", "[X] Show Two - 04", "[X] Other - 04"]
    found = seek(known.core, 1)
    assert (found.episodes, found.found, found.new, found.started) == (1, 1, 1, 0)
    assert site.asked == [{"t": "search", "apikey": "secret", "cat": "5070", "q": "Show"}]
    known.settle()
    assert missing_numbers(known.core, 1) == []
    assert known.links()[-1] == ("Show", 1, 4.0, "X", "[X] Show - 04")
    assert len(known.links()) == 4, "the rest of what it found was left alone"


def test_one_episode_is_asked_for_by_its_number_and_by_its_other_names(
    known: CoreWorld, site: Indexer
) -> None:
    found = seek(known.core, 1, (4, 0))
    assert [asked["q"] for asked in site.asked] == ["Show 04", "作品 04"]
    assert (found.found, found.failures) == (0, [])


def test_a_site_that_does_not_answer_is_named(known: CoreWorld, site: Indexer) -> None:
    site.status = 500
    (failure,) = seek(known.core, 1).failures
    assert failure[0] == site.base.removeprefix("http://")


def test_a_failed_download_is_tried_again(known: CoreWorld) -> None:
    known.bring("[G] Show - 04")
    with known.database.write() as connection:
        connection.execute(
            sa.update(tables.downloads)
            .where(tables.downloads.c.status == "pending")
            .values(status="failed", error_message="x")
        )
    assert wanted(known) == [("Show", [4])]
    assert seek(known.core, 1).started == 1
    known.settle()
    assert wanted(known) == []


def test_what_filters_keep_out_and_what_nobody_reads_is_said(known: CoreWorld) -> None:
    create_filter(known.core, {"regex_pattern": "480p", "is_positive": False, "target_type": "global"})
    known.bring("[G] Show - 04 [480p]", "Show: the fourth one")
    known.settle()
    found = seek(known.core, 1)
    assert found.filtered == 1
    assert [row["title"] for row in found.unread] == ["Show: the fourth one"]


def test_mikans_feed_of_a_work_is_offered_until_a_feed_brings_the_work(known: CoreWorld) -> None:
    known.core.mikan_url = "https://mikanani.me"
    set_id(known.core, 1, "mikan", "3391")
    assert feeds_to_follow(known.core, [1]) == {}, "its feed is followed"
    remove_subscription(known.core, known.subscription_id)
    assert feeds_to_follow(known.core, [1]) == {1: "https://mikanani.me/RSS/Bangumi?bangumiId=3391"}
    known.subscribe("https://mikanani.me/RSS/Bangumi?bangumiId=3391")
    assert feeds_to_follow(known.core, [1]) == {}
