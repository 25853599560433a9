"""Lists of raw items and search by a part of the title, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.feeds import FeedItem
from seiton.core import tables
from seiton.core.feeds.ingest import hash_url, ingest
from seiton.core.feeds.raw_items import list_raw_items
from seiton.core.feeds.searching import FEW, MANY, MOST_LOOKED, Reach, index_titles
from seiton.core.feeds.skip import skip_raw_item
from seiton.domain.states import DownloadType
from seiton.errors import InvalidInput
from tests.integration.core_world import START, CoreWorld

TITLES = (
    "[北埠] 葬送的芙莉蓮 - 01 [1080p]",
    "[北埠] 葬送的芙莉蓮 - 02 [1080p]",
    "[Harbor] Sousou no FRIEREN - 03 (720p)",
    "芙蓉的莉莉蓮",
    "nothing like it",
)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[CoreWorld]:
    made = CoreWorld(tmp_path, database_url)
    yield made
    made.close()


def bring(world: CoreWorld, *titles: str) -> None:
    items = [
        FeedItem(title=title, download_url=f"https://feed.test/{title}", download_type=DownloadType.HTTP)
        for title in reversed(titles)
    ]
    ingest(world.core, 1, items)


def found(world: CoreWorld, search: str | None = None, **how: Any) -> list[str]:
    given: dict[str, Any] = {"statuses": (), "subscription_id": None, "limit": 100, "offset": 0}
    return [row["title"] for row in list_raw_items(world.core, **{**given, "search": search, **how})]


@pytest.mark.parametrize("indexed", [0, 3, 5], ids=["no index", "some indexed", "all indexed"])
def test_a_part_of_a_title_is_found_whether_it_is_indexed_yet_or_not(world: CoreWorld, indexed: int) -> None:
    if indexed:
        bring(world, *TITLES[:indexed])
        assert index_titles(world.core) == indexed
    bring(world, *TITLES[indexed:])
    assert found(world, "芙莉") == [TITLES[1], TITLES[0]]
    assert found(world, "蓮") == [TITLES[3], TITLES[1], TITLES[0]]
    assert found(world, "ｆｒｉｅｒｅｎ 03") == [TITLES[2]]
    assert found(world, "芙莉莉") == []
    assert found(world, "0p") == [TITLES[2], TITLES[1], TITLES[0]]


def test_two_pieces_that_are_apart_are_not_the_part_that_they_make(world: CoreWorld) -> None:
    bring(world, "ab-xx-bc", "abc")
    index_titles(world.core)
    assert found(world, "abc") == ["abc"]


def test_titles_are_indexed_once(world: CoreWorld) -> None:
    bring(world, *TITLES)
    assert index_titles(world.core) == 5
    assert index_titles(world.core) == 0
    bring(world, "late")
    assert index_titles(world.core) == 1
    assert found(world, "late") == ["late"]


def test_search_goes_with_state_subscription_and_paging(world: CoreWorld) -> None:
    bring(world, *TITLES)
    index_titles(world.core)
    ids = {row["title"]: row["item_id"] for row in list_items(world)}
    skip_raw_item(world.core, ids[TITLES[1]])
    assert found(world, "芙莉", statuses=("skipped",)) == [TITLES[1]]
    assert found(world, "芙莉", before=ids[TITLES[1]]) == [TITLES[0]]
    assert found(world, "芙莉", offset=1) == [TITLES[0]]
    assert found(world, "芙莉", limit=1) == [TITLES[1]]
    assert found(world, "芙莉", subscription_id=1) == [TITLES[1], TITLES[0]]
    assert found(world, "芙莉", subscription_id=2) == []


def list_items(world: CoreWorld) -> list[dict[str, Any]]:
    return list_raw_items(world.core, statuses=(), subscription_id=None, limit=100, offset=0)


@pytest.mark.parametrize("search", ["", "a", "。"])
def test_a_search_for_too_little_is_refused_with_the_way_out(world: CoreWorld, search: str) -> None:
    with pytest.raises(InvalidInput, match="two letters"):
        found(world, search)


def test_pages_by_the_last_number_show_every_item_once_whatever_they_are_chosen_by(world: CoreWorld) -> None:
    bring(world, *(f"title {number}" for number in range(12)))
    rows = list_items(world)
    for row in rows[::3]:
        skip_raw_item(world.core, row["item_id"])
    choices: tuple[dict[str, Any], ...] = (
        {},
        {"statuses": ("skipped",)},
        {"statuses": ("skipped", "no_match", "parsed", "failed")},
        {"subscription_id": 1},
        {"subscription_id": 1, "statuses": ("skipped", "no_match")},
    )
    for how in choices:
        every = found(world, **how)
        pages: list[str] = []
        before = None
        while True:
            given: dict[str, Any] = {"statuses": (), "subscription_id": None, "limit": 5, "offset": 0}
            part = list_raw_items(world.core, **{**given, "before": before, **how})
            if not part:
                break
            pages += [row["title"] for row in part]
            before = part[-1]["item_id"]
        assert pages == every
        assert found(world, limit=3, offset=2, **how) == every[2:5]


# Many titles: a search is bounded, and says how far it looked


def many(world: CoreWorld, number: int, named: str) -> None:
    """Bring titles in bulk: past the rules, which have nothing to do with it."""
    table = tables.raw_items
    with world.core.database.write() as connection:
        rows = [
            {
                "title": f"{named} {at}",
                "download_url": f"https://feed.test/{named}/{at}",
                "url_hash": hash_url(f"{named}/{at}"),
                "status": "no_match",
                "created_at": START,
                "download_type": "http",
            }
            for at in range(number)
        ]
        BulkWrite(sa.insert(table), list(rows[0]))(connection, rows)


def search_on(world: CoreWorld, search: str, **how: Any) -> tuple[list[str], int]:
    """Search, and go on where it had to stop; return the titles and how many searches it took."""
    pages: list[str] = []
    before, searches = None, 0
    while True:
        reach = Reach()
        pages += found(world, search, before=before, reach=reach, **how)
        searches += 1
        assert reach.left >= 0
        if reach.stopped_at is None:
            return pages, searches
        assert before is None or reach.stopped_at < before, "it gets on"
        before = reach.stopped_at


@pytest.mark.parametrize("is_indexed", [False, True])
def test_a_search_that_has_to_stop_says_where_and_goes_on_to_everything(
    world: CoreWorld, is_indexed: bool
) -> None:
    bring(world, "the wanted one")
    many(world, MOST_LOOKED + 500, "wan ted")  # has all pieces of what is looked for, but one
    bring(world, "another wanted one")
    if is_indexed:
        index_titles(world.core)
    titles, searches = search_on(world, "wanted one")
    assert titles == ["another wanted one", "the wanted one"]
    assert (searches > 1) is not is_indexed, "the index knows that most of them are not it"
    assert search_on(world, "wanted one", limit=1)[0][:1] == ["another wanted one"]


@pytest.mark.parametrize("rare", [True, False])
def test_what_no_title_of_a_state_has_is_told_soon_whatever_other_states_have(
    world: CoreWorld, rare: bool
) -> None:
    many(world, FEW + 100, "nothing")
    many(world, 50 if rare else MANY + 1, "popular")
    table = tables.raw_items
    with world.core.database.write() as connection:
        popular = table.c.title.like("popular%")
        connection.execute(sa.update(table).where(popular).values(status="skipped"))
    index_titles(world.core)
    assert search_on(world, "popular", statuses=("no_match",))[0] == []
    assert search_on(world, "popular", statuses=("no_match", "failed"))[0] == []
    assert len(found(world, "popular", statuses=("skipped",))) == min(100, 50 if rare else MANY)
    assert len(found(world, "nothing", statuses=("no_match", "skipped"))) == 100
    assert search_on(world, "nothing", statuses=("skipped",))[0] == []
