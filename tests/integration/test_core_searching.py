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
from seiton.core.queries import count_reads
from seiton.core.rules.learning import MAX_LOOKED_AT, TRIED_ON, learn_parser, list_unmatched_shapes
from seiton.core.works.same_works import list_likely_same, name_works
from seiton.domain.states import DownloadType
from seiton.errors import InvalidInput
from tests.integration.core_world import START, CoreWorld, statements

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


def many(world: CoreWorld, number: int, named: str, first: int | None = None) -> None:
    """Bring titles in bulk, numbered from ``first`` on: past the rules, which have nothing to do with it."""
    table = tables.raw_items
    number_of = {} if first is None else {at: {"item_id": first + at} for at in range(number)}
    with world.core.database.write() as connection:
        rows = [
            {
                "title": f"{named} {at}",
                "download_url": f"https://feed.test/{named}/{at}",
                "url_hash": hash_url(f"{named}/{at}"),
                "status": "no_match",
                "created_at": START,
                "download_type": "http",
                **number_of.get(at, {}),
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


def test_what_lies_in_blocks_of_any_size_is_found_in_order(world: CoreWorld) -> None:
    edges = (1, 16_383, 131_071, 200_000, 1_048_575, 1_500_000, 3_000_000)
    for first in edges:
        many(world, 2, f"harbour {first}", first)
    many(world, 600, "newer", 3_100_000)  # what is compared before the index is asked
    index_titles(world.core)
    every = [f"harbour {first} {at}" for first in reversed(edges) for at in (1, 0)]
    assert search_on(world, "harbour") == (every, 1)
    assert found(world, "harbour", limit=3, offset=2) == every[2:5]
    assert found(world, "harbour", before=1_048_576) == every[5:]
    assert search_on(world, "harbour", statuses=("no_match", "failed"))[0] == every
    assert search_on(world, "harbour 16383") == (every[10:12], 1)


# Figures and lessons: bounded, and told so


def test_what_parsers_read_is_counted_to_where_nobody_cares(world: CoreWorld) -> None:
    bring(world, *(f"[G] Show - {number:02}" for number in range(1, 13)))
    ((parser_id, number),) = {
        (row["parser_id"], 12) for row in list_items(world) if row["status"] == "parsed"
    }
    assert count_reads(world.core, [parser_id, 10**6], most=20) == {parser_id: number, 10**6: 0}
    assert count_reads(world.core, [parser_id], most=5) == {parser_id: 6}
    with statements(world.database) as seen:
        count_reads(world.core, list(range(1, 90)), most=5)
    assert sum("core_raw_items" in statement for statement in seen) == 1


def test_shapes_and_lessons_are_of_the_newest_titles_and_say_of_how_many(world: CoreWorld) -> None:
    bring(world, "[H] A Film [BD 1080p][FLAC]", "[H] Another Film [BD 720p][FLAC]")
    shapes = list_unmatched_shapes(world.core, limit=5)
    assert (shapes.looked_at, shapes.has_more, shapes.clusters[0].total) == (2, False, 2)
    many(world, MAX_LOOKED_AT, "what is it")
    shapes = list_unmatched_shapes(world.core, limit=5)
    assert (shapes.looked_at, shapes.has_more) == (MAX_LOOKED_AT, True)
    assert sum(cluster.total for cluster in shapes.clusters) == MAX_LOOKED_AT
    marks = {"anime_title": "Show", "episode_no": "03"}
    lesson = learn_parser(world.core, "[G] Show - 03", marks)
    assert (lesson.looked_at, lesson.has_more) == (MAX_LOOKED_AT + 2, False)
    many(world, TRIED_ON, "[G] Show -")
    lesson = learn_parser(world.core, "[G] Show - 03", marks)
    assert (lesson.total, lesson.looked_at, lesson.has_more) == (TRIED_ON, TRIED_ON, True)


def test_names_of_works_that_were_taken_down_tell_what_reading_them_anew_does(world: CoreWorld) -> None:
    titles = ["[A] 某部动画 / Other Name - 05 [1080p]", "[B] Other Name - 05 [1080p]", "[C] Else - 01"]
    bring(world, *titles)
    anew = list_likely_same(world.core)
    assert [group.name for group in anew[0]] == ["Other Name"]
    assert name_works(world.core) == 3
    assert name_works(world.core) == 0
    assert list_likely_same(world.core) == anew
    with world.database.write() as connection:
        mine = tables.links.c.title == titles[0]
        connection.execute(sa.update(tables.links).where(mine).values(detached_at=START))
    assert list_likely_same(world.core)[0] == [], "its only release is not its own any more"
    assert name_works(world.core) == 1
    assert list_likely_same(world.core)[0] == []
