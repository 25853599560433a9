"""What is set by hand stays, whatever parsers say."""

from __future__ import annotations

from typing import Any

import pytest

from seiton.core import tables
from seiton.core.causes.confirming import confirm, reject
from seiton.core.rules.parser_preview import preview_parser
from seiton.core.rules.parsers import delete_parser
from seiton.core.rules.pinning import list_pins, preview_pin, set_pin
from seiton.domain.consent import Brake
from seiton.domain.pins import PinField, series_pins
from seiton.errors import Conflict, InvalidInput, NotFound
from tests.integration.core_world import CoreWorld, everything
from tests.integration.core_world import world as world


def _filed(world: CoreWorld, *episodes: int) -> int:
    write = world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in episodes))
    world.settle()
    assert write.parser is not None
    return int(write.parser["parser_id"])


def _link(world: CoreWorld, title: str) -> int:
    return int(world.row(tables.links, tables.links.c.title == title)["link_id"])


def test_a_pinned_episode_moves_and_stays_through_every_edit(world: CoreWorld) -> None:
    parser_id = _filed(world, 1, 2)
    link_id = _link(world, "[G] Show - 02")
    before = everything(world)
    impact = preview_pin(world.core, link_id=link_id, field=PinField.EPISODE_NO, value=7)
    assert everything(world) == before
    assert [move.to_path for move in impact.moves] == ["Show/Season 01/Show - S01E07.mkv"]
    cause = set_pin(world.core, link_id=link_id, field=PinField.EPISODE_NO, value=7)
    assert (cause["cause"], cause["plan_id"]) == ("pin_set", impact.plan_id)
    world.settle()
    assert sorted(world.videos()) == ["Show - S01E01", "Show - S01E07"]
    draft = {"episode_offset": 10}
    plan = preview_parser(world.core, draft, parser_id=parser_id).impact
    assert plan is not None
    assert (plan.pins_passed, len(plan.moves)) == (1, 1)
    world.edit(parser_id, **draft)
    world.settle()
    assert sorted(world.videos()) == ["Show - S01E07", "Show - S01E11"]
    world.start()
    set_pin(world.core, link_id=link_id, field=PinField.EPISODE_NO, value=None)
    world.settle()
    assert sorted(world.videos()) == ["Show - S01E11", "Show - S01E12"]
    assert list_pins(world.core, limit=10, offset=0) == []


@pytest.mark.parametrize(
    ("field", "value", "name"),
    [
        (PinField.ANIME_TITLE, "Real name", "Real name - S01E01"),
        (PinField.SERIES_NO, 3, "Show - S03E01"),
        (PinField.EPISODE_NO, "12", "Show - S01E12"),
    ],
)
def test_each_field_of_a_release_can_be_set(
    world: CoreWorld, field: PinField, value: str | int, name: str
) -> None:
    _filed(world, 1)
    set_pin(world.core, link_id=1, field=field, value=value)
    world.settle()
    assert list(world.videos()) == [name]


def test_a_group_that_is_set_by_hand_stays(world: CoreWorld) -> None:
    parser_id = _filed(world, 1)
    set_pin(world.core, link_id=1, field=PinField.SUBTITLE_GROUP, value="Right")
    world.edit(parser_id, subtitle_group_source="static", subtitle_group_value="Wrong")
    assert [link[3] for link in world.links()] == ["Right"]


def test_a_pinned_series_holds_for_its_files_and_for_what_comes(world: CoreWorld) -> None:
    parser_id = _filed(world, 1, 2)
    series_id = world.row(tables.links, tables.links.c.link_id == 1)["series_id"]
    set_pin(world.core, series_id=series_id, field=PinField.ANIME_TITLE, value="Real name")
    world.bring("[G] Show - 03")
    world.settle()
    assert sorted(world.videos()) == [f"Real name - S01E0{number}" for number in (1, 2, 3)]
    # A rule that calls the work otherwise does not move what has its name by hand.
    world.edit(parser_id, anime_title_source="static", anime_title_value="Wrong")
    world.settle()
    assert sorted(world.videos()) == [f"Real name - S01E0{number}" for number in (1, 2, 3)]
    world.edit(parser_id, anime_title_source="regex", anime_title_value="title")
    set_pin(world.core, series_id=series_id, field=PinField.ANIME_TITLE, value=None)
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E0{number}" for number in (1, 2, 3)]


def test_a_pin_may_lead_to_a_series_that_is_pinned_itself(world: CoreWorld) -> None:
    _filed(world, 1)
    first = world.row(tables.links)["series_id"]
    set_pin(world.core, series_id=first, field=PinField.ANIME_TITLE, value="Second")
    second = world.row(tables.links)["series_id"]
    assert first != second
    set_pin(world.core, series_id=second, field=PinField.ANIME_TITLE, value="Third")
    world.bring("[G] Show - 02")
    world.settle()
    assert sorted(world.videos()) == ["Third - S01E01", "Third - S01E02"]


def test_pins_that_lead_in_a_circle_end() -> None:
    known = {("A", 1): {"anime_title": "B"}, ("B", 1): {"anime_title": "A"}}
    assert series_pins(("A", 1), known) == {"anime_title": "A"}
    assert series_pins(("C", 1), known) == {}


def test_a_pin_outlives_the_parser(world: CoreWorld) -> None:
    parser_id = _filed(world, 1)
    set_pin(world.core, link_id=1, field=PinField.EPISODE_NO, value=7)
    world.settle()
    delete_parser(world.core, parser_id)
    world.settle()
    assert list(world.videos()) == ["Show - S01E07"]


def test_a_pin_that_would_move_much_waits_and_can_be_rejected(world: CoreWorld) -> None:
    _filed(world, 1, 2, 3)
    world.brake = Brake(files=2)
    world.start()
    series_id = world.row(tables.links, tables.links.c.link_id == 1)["series_id"]
    before = world.tree()
    pin: dict[str, Any] = {"series_id": series_id, "field": PinField.ANIME_TITLE, "value": "Real name"}
    cause = set_pin(world.core, **pin)
    assert cause["state"] == "waiting"
    reject(world.core, cause["resync_id"])
    world.settle()
    assert (world.tree(), list_pins(world.core, limit=10, offset=0)) == (before, [])
    cause = set_pin(world.core, **pin)
    confirm(world.core, cause["resync_id"])
    world.settle()
    assert sorted(world.videos()) == [f"Real name - S01E0{number}" for number in (1, 2, 3)]


def test_pins_are_listed_in_pages(world: CoreWorld) -> None:
    _filed(world, 1, 2)
    series_id = world.row(tables.links, tables.links.c.link_id == 1)["series_id"]
    set_pin(world.core, series_id=series_id, field=PinField.SERIES_NO, value=4)
    found = list_pins(world.core, limit=10, offset=0)
    assert [(row["link_id"], row["pins"]) for row in found] == [
        (None, {"series_no": 4}),
        (1, {"series_no": 4}),
        (2, {"series_no": 4}),
    ]
    pages = [list_pins(world.core, limit=1, offset=offset) for offset in range(4)]
    assert [row["link_id"] for page in pages for row in page] == [None, 1, 2]


def test_what_cannot_be_pinned_is_refused_with_the_reason(world: CoreWorld) -> None:
    _filed(world, 1)
    for value in ("", "x" * 300):
        with pytest.raises(InvalidInput):
            set_pin(world.core, link_id=1, field=PinField.ANIME_TITLE, value=value)
    for value in ("one", "-1", "100000", "1.5", "²"):
        with pytest.raises(InvalidInput):
            set_pin(world.core, link_id=1, field=PinField.EPISODE_NO, value=value)
    with pytest.raises(InvalidInput):
        set_pin(world.core, series_id=1, field=PinField.EPISODE_NO, value=1)
    with pytest.raises(NotFound):
        set_pin(world.core, link_id=99, field=PinField.EPISODE_NO, value=1)
    with pytest.raises(NotFound):
        set_pin(world.core, series_id=99, field=PinField.SERIES_NO, value=1)
    batch = {
        "condition": r"\[\d+-",
        "parse": r"^\[(?<group>\w+)\] (?<title>.+?) \[(?<episode>\d+)-(?<last>\d+)\]",
    }
    world.create(priority=10, episode_end_source="regex", episode_end_value="last", **batch)
    world.bring("[G] Batch [01-03]")
    link_id = world.rows(tables.links, tables.links.c.is_batch)[0]["link_id"]
    with pytest.raises(Conflict):
        set_pin(world.core, link_id=link_id, field=PinField.EPISODE_NO, value=5)
    set_pin(world.core, link_id=link_id, field=PinField.ANIME_TITLE, value="Whole")
