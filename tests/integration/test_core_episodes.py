"""Episodes of a season: those of releases and those that a source knows of, and who says what."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seiton.adapters.metadata.bangumi import Bangumi
from seiton.core.identity.editing import set_id
from seiton.core.identity.identifying import identify
from seiton.core.rules.pinning import set_pin
from seiton.core.works.episodes import MOST_RELEASES, get_release, groups_of, list_episodes, shows_of
from seiton.core.works.provenance import Origin, entry_of, fields_of, moves_of
from seiton.core.works.works import list_series
from seiton.domain.pins import PinField
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.neighbours import Bangumi as Double
from tests.neighbours import bangumi


@pytest.fixture
def double() -> Iterator[Double]:
    with bangumi() as running:
        yield running


@pytest.fixture
def known(world: CoreWorld, double: Double) -> CoreWorld:
    """Three filed episodes of a work that has five; the fourth is broadcast, the fifth is to come."""
    world.core.bangumi = Bangumi(world.web, double.base, gap_s=0)
    double.add(7, "作品", "作品")
    days = ("2025-12-10", "2025-12-17", "2025-12-24", "2025-12-31", "2026-01-07")
    double.add_episodes(
        7,
        *(
            {"sort": no, "ep": no, "name_cn": f"第{no}話", "airdate": day}
            for no, day in enumerate(days, start=1)
        ),
    )
    world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {number:02}" for number in (1, 2, 3)))
    world.settle()
    set_id(world.core, 1, "bgm", "7")
    identify(world.core)
    world.settle()
    return world


def test_episodes_that_nobody_released_are_listed_with_the_others(known: CoreWorld) -> None:
    found = list_episodes(known.core, 1, limit=50, offset=0)
    assert [(row["episode_no"], row["standing"].value, row["facts"].title) for row in found] == [
        (1, "here", "第1話"),
        (2, "here", "第2話"),
        (3, "here", "第3話"),
        (4, "missing", "第4話"),
        (5, "ahead", "第5話"),
    ]
    page = list_episodes(known.core, 1, limit=2, offset=3)
    assert [row["episode_no"] for row in page] == [4, 5]


def test_an_episode_lists_some_of_its_releases_and_counts_all(known: CoreWorld) -> None:
    known.bring(*(f"[H{number}] Show - 02" for number in range(20)))
    known.settle()
    second = list_episodes(known.core, 1, limit=1, offset=1)[0]
    assert (len(second["releases"]), second["total"]) == (MOST_RELEASES, 21)
    assert second["releases"][0]["download"]["status"] == "synced", "the one that is there comes first"


def test_a_series_has_its_poster_and_its_groups(known: CoreWorld) -> None:
    (row,) = list_series(known.core, limit=5, offset=0)
    assert row["picture"] == shows_of(known.core, [1])[1]["picture"]
    known.bring("[H] Show - 01")
    assert groups_of(known.core, [1], most=1) == {1: ["G"]}


def test_each_field_says_who_says_it(known: CoreWorld) -> None:
    set_pin(known.core, link_id=1, field=PinField.SUBTITLE_GROUP, value="Other")
    known.settle()
    release = get_release(known.core, 1)
    entry = entry_of(known.core, release["raw_item_id"])
    origins = {row.field: row.origin for row in fields_of(release, entry)}
    assert origins == {
        "anime_title": Origin.TITLE,
        "series_no": Origin.PARSER,
        "episode_no": Origin.TITLE,
        "subtitle_group": Origin.PIN,
        "resolution": Origin.ASSUMED,
    }
    assert (release["facts"].title, release["known"]) == ("第1話", "bgm/7")


def test_the_history_of_a_file_has_what_was_undone(known: CoreWorld) -> None:
    set_pin(known.core, link_id=1, field=PinField.EPISODE_NO, value=9)
    known.settle()
    moves = moves_of(known.core, 1, limit=10)
    assert moves[0]["cause"] == "pin_set"
    assert (moves[0]["before_path"][-10:], moves[0]["after_path"][-10:]) == ("S01E01.mkv", "S01E09.mkv")
    assert moves[0]["undone_by"] is None
