"""Undo gives a library back byte by byte: names, NFOs, show files; what a user changed since is left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.contract import Facts, ViewerPlanRequest
from seiton.domain.states import HoldReason
from seiton.viewer import tables
from seiton.viewer.preview import preview
from tests.crash.scenarios import SCENARIOS, Moves, Place, Undo, undo_of
from tests.crash.stages import MovesStage
from tests.integration.undo_world import UndoWorld
from tests.integration.viewer_world import ViewerWorld

Make = Callable[[Mapping[int, Place]], UndoWorld]

RESYNCS = {
    name: undo_of(scenario)
    for name, scenario in SCENARIOS.items()
    if isinstance(scenario, Moves)
    and scenario.undo is Undo.NEVER
    and scenario.start
    and scenario.edit
    and not (scenario.trashed or scenario.removed)
}
"""Undone: the scenarios in which episodes that are filed get new names or facts."""

MORE: dict[str, tuple[dict[int, Place], dict[int, Place]]] = {
    "a season shifted down": (
        {number: ("Show", 1, number) for number in range(2, 14)},
        {number: ("Show", 1, number - 1) for number in range(2, 14)},
    ),
    "two titles merged into one of them": (
        {1: ("Show", 1, 1), 2: ("Show", 1, 2), 3: ("Shwo", 1, 3), 4: ("Shwo", 2, 1)},
        {3: ("Show", 1, 3), 4: ("Show", 2, 1)},
    ),
    "two titles merged into a third": (
        {1: ("Show", 1, 1), 2: ("Shwo", 1, 2), 3: ("Shwo", 1, 3)},
        {1: ("Shou", 1, 1), 2: ("Shou", 1, 2), 3: ("Shou", 1, 3)},
    ),
    "one title split": (
        {1: ("Show", 1, 1), 2: ("Show", 1, 2), 3: ("Show", 1, 13)},
        {3: ("Show Again", 1, 1)},
    ),
    "an earlier episode comes to a show": (
        {1: ("Show", 1, 5), 2: ("Shwo", 1, 1)},
        {2: ("Show", 1, 1)},
    ),
    "another season": (
        {number: ("Show", 1, number) for number in range(12, 16)},
        {number: ("Show", 2, number - 12) for number in range(13, 16)},
    ),
    "two titles exchanged": (
        {1: ("Show", 1, 1), 2: ("Shwo", 1, 1), 3: ("Shwo", 1, 2)},
        {1: ("Shwo", 1, 1), 2: ("Show", 1, 1), 3: ("Show", 1, 2)},
    ),
}


@pytest.fixture
def viewer(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    world = ViewerWorld(tmp_path, database_url)
    yield world
    world.database.close()


@pytest.fixture
def make(viewer: ViewerWorld) -> Make:
    return lambda start: UndoWorld(viewer, start)


def held(world: UndoWorld) -> dict[int, tuple[str, str | None]]:
    return holds(world.world)


def holds(world: ViewerWorld) -> dict[int, tuple[str, str | None]]:
    units = tables.units.c
    with world.database.read() as connection:
        rows = connection.execute(
            sa.select(units.download_id, units.hold_reason, units.hold_detail).where(
                units.hold_reason.is_not(None)
            )
        )
        return {row.download_id: (row.hold_reason, row.hold_detail) for row in rows}


def former(start: Mapping[int, Place], edit: Mapping[int, Place]) -> dict[int, Place]:
    return {number: start[number] for number in edit}


@pytest.mark.parametrize("name", RESYNCS)
def test_undo_of_a_scenario_gives_back_the_tree(name: str, viewer: ViewerWorld, tmp_path: Path) -> None:
    scenario = RESYNCS[name]
    stage = MovesStage(tmp_path, viewer.database, scenario, elsewhere=tmp_path / "elsewhere")
    if scenario.foreign is None:
        assert stage.not_as_before()
    stage.act()
    assert stage.not_as_before() == []
    assert holds(stage.world) == {}
    assert stage.judge().sentences == []


@pytest.mark.parametrize("name", MORE)
def test_undo_and_its_undo(name: str, make: Make) -> None:
    start, edit = MORE[name]
    world = make(start)
    before = world.picture()
    world.resync(edit, 1, facts=Facts(show_plot="A story.", premiered=date(2024, 4, 1)))
    after = world.picture()
    world.resync(former(start, edit), 2, undoes=1)
    assert world.picture() == before
    world.resync(edit, 3, undoes=2, facts=Facts(show_plot="A story.", premiered=date(2024, 4, 1)))
    assert world.picture() == after
    world.resync(former(start, edit), 4, undoes=3)
    assert world.picture() == before


def test_the_second_look_after_an_undo_writes_nothing(make: Make) -> None:
    start, edit = MORE["two titles merged into one of them"]
    world = make(start)
    world.resync(edit, 1)
    world.resync(former(start, edit), 2, undoes=1)
    times = {path: os.lstat(path).st_mtime_ns for path in world.library.rglob("*")}
    world.ask(former(start, edit), 3)
    world.world.settle()
    world.world.wait()
    assert {path: os.lstat(path).st_mtime_ns for path in world.library.rglob("*")} == times


def test_what_a_user_wrote_before_the_edit_comes_back(make: Make) -> None:
    start: dict[int, Place] = {1: ("Shwo", 1, 1), 2: ("Shwo", 1, 2)}
    edit: dict[int, Place] = {1: ("Show", 1, 1), 2: ("Show", 1, 2)}
    world = make(start)
    mine = world.path(start[1])
    mine.write_text(mine.read_text().replace("</episodedetails>", "<tag>mine</tag>\r\n</episodedetails>"))
    (world.library / "Shwo/Season 01/season.nfo").unlink()
    world.path(start[2]).unlink()
    before = world.picture()
    world.resync(edit, 1)
    assert world.path(edit[2]).exists()
    world.resync(start, 2, undoes=1)
    assert world.picture() == before


def test_an_nfo_that_was_edited_since_is_left_and_named(make: Make) -> None:
    start: dict[int, Place] = {number: ("Show", 1, number) for number in range(1, 5)}
    edit: dict[int, Place] = {number: ("Show", 2, number) for number in range(1, 5)}
    world = make(start)
    before = world.picture()
    world.resync(edit, 1)
    mine = world.path(edit[2])
    mine.write_text(mine.read_text().replace("</episodedetails>", "<tag>mine</tag></episodedetails>"))
    text = mine.read_text()
    world.resync(start, 2, undoes=1)
    assert held(world) == {2: (HoldReason.CHANGED_SINCE, "Show/Season 02/Show - S02E02.nfo")}
    assert mine.read_text() == text
    assert world.path(edit[2], ".mkv").exists()
    stayed = {path for path in before if "S01E02" in path}
    seen = world.picture()
    assert {path: what for path, what in seen.items() if path in before} == {
        path: what for path, what in before.items() if path not in stayed
    }
    # Asked for without an undo, it goes, with what the user wrote.
    world.resync({2: start[2]}, 3)
    assert "<tag>mine</tag>" in world.path(start[2]).read_text()
    assert held(world) == {}


def test_a_video_that_was_replaced_since_is_left_and_named(make: Make) -> None:
    world = make({1: ("Show", 1, 1), 2: ("Show", 1, 2)})
    world.resync({1: ("Show", 1, 2), 2: ("Show", 1, 1)}, 1)
    video = world.path(("Show", 1, 2), ".mkv")
    video.unlink()
    video.write_bytes(b"another release")
    world.resync({1: ("Show", 1, 1), 2: ("Show", 1, 2)}, 2, undoes=1)
    assert held(world)[1] == (HoldReason.SOURCE_CHANGED, "Show/Season 01/Show - S01E02.mkv")
    assert video.read_bytes() == b"another release"


def test_a_show_file_that_was_edited_since_stays(make: Make) -> None:
    start, edit = MORE["an earlier episode comes to a show"]
    world = make(start)
    world.resync(edit, 1, facts=Facts(show_plot="A story."))
    show = world.library / "Show/tvshow.nfo"
    show.write_text(show.read_text() + "<!-- mine -->")
    text = show.read_text()
    world.resync(former(start, edit), 2, undoes=1)
    assert show.read_text() == text
    assert world.path(start[2], ".mkv").exists()


def test_a_folder_of_somebody_elses_is_left_as_it_was(make: Make) -> None:
    start: dict[int, Place] = {1: ("Shwo", 1, 1)}
    world = make(start)
    (world.library / "Show").mkdir()
    (world.library / "Show/mine.txt").write_text("mine")
    before = world.picture()
    world.resync({1: ("Show", 1, 1)}, 1)
    assert (world.library / "Show/tvshow.nfo").exists()
    world.resync(start, 2, undoes=1)
    assert world.picture() == before


def test_what_came_since_keeps_its_show_files(make: Make) -> None:
    start: dict[int, Place] = {1: ("Shwo", 1, 1)}
    world = make(start)
    (world.library / "Show").mkdir()
    world.resync({1: ("Show", 1, 1)}, 1)
    world.world.file_away(2, "Show", 1, 2)
    world.resync(start, 2, undoes=1)
    assert (world.library / "Show/tvshow.nfo").exists()
    assert world.path(("Show", 1, 2), ".mkv").exists()


def test_undo_of_what_has_not_begun_does_nothing(make: Make) -> None:
    start, edit = MORE["another season"]
    world = make(start)
    before = world.picture()
    world.ask(edit, 1)
    world.ask(former(start, edit), 2, undoes=1)
    world.world.settle()
    assert world.picture() == before
    assert held(world) == {}


def test_undo_of_what_was_never_asked_for_does_nothing(make: Make) -> None:
    start, edit = MORE["another season"]
    world = make(start)
    world.path(start[14]).unlink()
    before = world.picture()
    world.resync(former(start, edit), 2, undoes=1)
    assert world.picture() == before


def test_undo_of_the_later_of_two_edits_gives_back_the_earlier(make: Make) -> None:
    start: dict[int, Place] = {1: ("Show", 1, 1), 2: ("Show", 1, 2)}
    first: dict[int, Place] = {1: ("Shou", 1, 1), 2: ("Shou", 1, 2)}
    second: dict[int, Place] = {1: ("Shou", 1, 2), 2: ("Shou", 1, 1)}
    world = make(start)
    pictures = [world.picture()]
    world.resync(first, 1, facts=Facts(episode_title="Begin"))
    pictures.append(world.picture())
    world.resync(second, 2)
    world.resync(first, 3, undoes=2, facts=Facts(episode_title="Begin"))
    assert world.picture() == pictures[1]
    world.resync(start, 4, undoes=1)
    assert world.picture() == pictures[0]


def test_an_episode_that_a_later_edit_moved_goes_by_the_rules(make: Make) -> None:
    """Its name and NFO are not as the undone edit left them, but nobody else's: it is resynced."""
    world = make({1: ("Show", 1, 1)})
    before = world.picture()
    world.resync({1: ("Show", 1, 2)}, 1)
    world.resync({1: ("Show", 1, 3)}, 2)
    world.resync({1: ("Show", 1, 1)}, 3, undoes=1)
    assert world.picture() == before
    assert held(world) == {}


def test_an_undo_that_is_taken_meanwhile_is_held(make: Make) -> None:
    world = make({1: ("Show", 1, 1)})
    world.resync({1: ("Show", 1, 2)}, 1)
    world.path(("Show", 1, 1), ".mkv").write_bytes(b"somebody else's")
    world.resync({1: ("Show", 1, 1)}, 2, undoes=1)
    assert held(world)[1][0] == HoldReason.TARGET_FOREIGN
    world.path(("Show", 1, 1), ".mkv").unlink()
    world.world.wait()
    assert held(world) == {}
    assert world.path(("Show", 1, 1), ".mkv").exists()


def test_the_preview_of_an_undo_is_what_it_does(make: Make) -> None:
    start, edit = MORE["one title split"]
    world = make(start)
    world.resync(edit, 1)
    before = world.picture()
    items = tuple(
        world.request(number, place, 2, undoes=1, revision=9) for number, place in former(start, edit).items()
    )
    answer = preview(world.world.viewer, "p", ViewerPlanRequest(plan_id="p", items=items).items)
    assert world.picture() == before
    world.resync(former(start, edit), 2, undoes=1)
    moved = {step.from_path: step.to_path for step in answer.steps}
    assert moved == {
        "Show Again/Season 01/Show Again - S01E01.mkv": "Show/Season 01/Show - S01E13.mkv",
    }
    assert world.path(start[3], ".mkv").exists()


def test_the_preview_of_an_undo_names_what_is_left(make: Make) -> None:
    world = make({1: ("Show", 1, 1)})
    world.resync({1: ("Show", 1, 2)}, 1)
    world.path(("Show", 1, 2)).write_text("mine")
    item = world.request(1, ("Show", 1, 1), 2, undoes=1, revision=9)
    answer = preview(world.world.viewer, "p", [item])
    assert [(hold.reason, hold.detail) for hold in answer.holds] == [
        ("changed_since", "Show/Season 01/Show - S01E02.nfo")
    ]


def test_what_was_held_before_the_edit_is_held_again_after_its_undo(make: Make) -> None:
    world = make({1: ("Show", 1, 1), 2: ("Show", 1, 2)})
    world.resync({1: ("Show", 1, 2)}, 1)
    assert held(world)[1][0] == HoldReason.TARGET_OWNED
    before = world.picture()
    world.resync({1: ("Show", 1, 4), 2: ("Show", 1, 3)}, 2)
    assert held(world) == {}
    world.resync({1: ("Show", 1, 2), 2: ("Show", 1, 2)}, 3, undoes=2)
    assert world.picture() == before
    assert held(world)[1][0] == HoldReason.TARGET_OWNED
    world.resync({1: ("Show", 1, 1)}, 4, undoes=1)
    assert world.picture() == before
    assert held(world) == {}


def test_a_show_is_itself_again_where_another_has_had_its_folder_since(make: Make) -> None:
    start: dict[int, Place] = {1: ("Show", 1, 1), 2: ("Show", 1, 2)}
    second: dict[int, Place] = {1: ("Other", 1, 1), 2: ("Other", 1, 2)}
    world = make(start)
    before = world.picture()
    world.resync(second, 1)
    after = world.picture()
    world.resync({1: ("SHOW", 1, 1)}, 2)
    world.resync({1: ("Other", 1, 1)}, 3, undoes=2)
    assert world.picture() == after
    world.resync(start, 4, undoes=1)
    assert world.picture() == before
    world.resync(second, 5, undoes=4)
    assert world.picture() == after


def test_a_show_is_itself_again_that_left_when_another_came(make: Make) -> None:
    start: dict[int, Place] = {1: ("Show", 1, 1), 2: ("Shwo", 1, 1)}
    first: dict[int, Place] = {1: ("Other", 1, 1), 2: ("Show", 1, 1)}
    second: dict[int, Place] = {1: ("Show", 1, 1), 2: ("Other", 1, 1)}
    world = make(start)
    before = world.picture()
    world.resync(first, 1)
    after = world.picture()
    world.resync(second, 2)
    world.resync(first, 3, undoes=2)
    assert world.picture() == after
    world.resync(start, 4, undoes=1)
    assert world.picture() == before
