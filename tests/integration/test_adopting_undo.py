"""Edits over adopted files and their undo: everything lies where it lay, and nothing waits that need not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seiton.core import tables
from seiton.core.adoption.adoptions import confirm_adoption, create_adoption
from seiton.core.causes.confirming import reject
from seiton.core.causes.follow_modes import set_mode
from seiton.core.causes.undo import preview_undo, undo
from seiton.core.filing.naming import set_naming
from seiton.core.rules.parser_preview import preview_deletion
from seiton.core.rules.parsers import delete_parser
from seiton.core.rules.pinning import set_pin
from seiton.domain.consent import Brake, CauseKind, FollowMode
from seiton.domain.pins import PinField
from seiton.errors import Conflict
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.integration.messy_folders import EPISODE, make_messy_library, put, tree

EVERY_NAME = r"."


def _adopt(world: CoreWorld, *, in_place: bool) -> int:
    """Adopt the library as it is; return the cause."""
    adoption_id = create_adoption(world.core, os.fspath(world.library))["adoption_id"]
    done = confirm_adoption(world.core, adoption_id, in_place=in_place)
    world.settle()
    resync_id: int = done["resync_id"]
    assert world.resync(resync_id)["state"] == "done"
    return resync_id


def _names(library: Path) -> dict[bytes, str]:
    """Return what lies where, byte by byte."""
    return {path: digest for path, (_size, _time, digest) in tree(library).items()}


def _move_all(world: CoreWorld, **fixed: object) -> int:
    """Give every adopted file another title and season by a parser of the user's; return the cause."""
    write = world.create(
        condition=EVERY_NAME,
        parse=r"(?<title>[A-Za-z第])(?:.*?(?:E|- |\[))?(?<episode>\d+)",
        series_no=7,
        subtitle_group="Nobody",
        priority=90,
        **fixed,
    )
    resync_id: int = write.resync["resync_id"]
    return resync_id


@pytest.mark.parametrize("fixed", [{}, {"anime_title": "Green Tea"}], ids=["all move", "some are held"])
@pytest.mark.parametrize("in_place", [False, True])
def test_undo_of_a_rule_over_adopted_files_gives_back_the_identical_tree(
    world: CoreWorld, in_place: bool, fixed: dict[str, str]
) -> None:
    make_messy_library(world.library)
    _adopt(world, in_place=in_place)
    before = _names(world.library)
    resync_id = _move_all(world, **fixed)
    world.settle()
    assert world.outcomes(resync_id) == ({"moved": 3, "held": 6} if fixed else {"moved": 9})
    assert _names(world.library) != before
    back = undo(world.core, resync_id)["resync_id"]
    world.settle()
    assert _names(world.library) == before
    assert world.resync(back)["state"] == "done"
    world.pass_time(hours=7)
    world.settle()
    assert _names(world.library) == before
    assert set(world.states()) == {"synced"}


@pytest.mark.parametrize("in_place", [False, True])
def test_undo_of_a_naming_template_over_adopted_files_gives_back_the_identical_tree(
    world: CoreWorld, in_place: bool
) -> None:
    make_messy_library(world.library)
    _adopt(world, in_place=in_place)
    before = _names(world.library)
    for _time in range(2):
        set_naming(world.core, "{title}/S{season}/{title} - S{season:02}E{episode:02}<-E{episode_end:02}>")
        world.settle()
        assert _names(world.library) != before
        undo(world.core, max(row["resync_id"] for row in world.rows(tables.resyncs)))
        world.settle()
        assert _names(world.library) == before


@pytest.mark.parametrize("in_place", [False, True])
def test_an_edit_that_was_taken_back_before_anything_moved_moves_nothing(
    world: CoreWorld, in_place: bool
) -> None:
    make_messy_library(world.library)
    _adopt(world, in_place=in_place)
    before = tree(world.library)
    set_mode(world.core, CauseKind.RULE, FollowMode.ASK)
    resync_id = _move_all(world)
    assert world.resync(resync_id)["state"] == "waiting"
    world.settle()
    assert tree(world.library) == before
    reject(world.core, resync_id)
    world.settle()
    world.pass_time(hours=7)
    world.settle()
    assert tree(world.library) == before
    for row in world.rows(tables.downloads):
        assert (row["status"], row["hold_reason"]) == ("synced", None)
        assert row["applied_revision"] == row["desired_revision"]


def test_what_was_adopted_in_place_stays_when_its_rule_was_deleted_before_it_was_sent(
    world: CoreWorld,
) -> None:
    make_messy_library(world.library)
    _adopt(world, in_place=True)
    before = tree(world.library)
    written = world.create(condition=EVERY_NAME, anime_title="Green Tea", priority=90)
    assert written.parser is not None
    delete_parser(world.core, written.parser["parser_id"])
    world.settle()
    assert tree(world.library) == before


def test_the_preview_of_taking_an_edit_back_moves_nothing_that_stays(world: CoreWorld) -> None:
    make_messy_library(world.library)
    _adopt(world, in_place=True)
    set_mode(world.core, CauseKind.RULE, FollowMode.ASK)
    _move_all(world)
    parser_id = world.row(tables.parsers, tables.parsers.c.name == "rule")["parser_id"]
    impact = preview_deletion(world.core, parser_id)
    assert (impact.moves, impact.holds, impact.unchanged) == ((), (), 9)


def test_what_was_moved_meanwhile_is_not_taken_for_lying_as_adopted(world: CoreWorld) -> None:
    """The report of the move has not come when the edit is taken back: Core believes that nothing moved."""
    put(world.library, "Tea/[A] Tea - 01 [1080p].mkv")
    _adopt(world, in_place=True)
    before = _names(world.library)
    world.wire.holds_reports = True
    resync_id = _move_all(world)
    world.file()
    assert _names(world.library) != before
    undo(world.core, resync_id)
    world.wire.held.clear()
    world.wire.holds_reports = False
    world.pass_time(hours=1)
    world.settle()
    assert _names(world.library) == before


def test_an_nfo_that_its_own_program_changed_after_an_edit_is_not_overwritten_by_undo(
    world: CoreWorld,
) -> None:
    put(world.library, "Tea/[A] Tea - 01 [1080p].mkv")
    nfo = EPISODE.format(title="Cup", number=7, season=1, episode=1)
    put(world.library, "Tea/[A] Tea - 01 [1080p].nfo", nfo)
    _adopt(world, in_place=True)
    resync_id = _move_all(world)
    world.settle()
    (moved,) = [path for path in _names(world.library) if path.endswith(b"S07E01.nfo")]
    theirs = put(world.library, moved, nfo.replace("Cup", "A better name"))
    undo(world.core, resync_id)
    world.settle()
    assert world.row(tables.downloads)["hold_reason"] == "changed_since"
    assert b"A better name" in Path(os.fsdecode(theirs)).read_bytes()


def test_an_adoption_is_not_taken_back_and_says_what_to_do(world: CoreWorld) -> None:
    put(world.library, "Tea/[A] Tea - 01 [1080p].mkv")
    resync_id = _adopt(world, in_place=False)
    before = tree(world.library)
    for ask in (undo, preview_undo):
        with pytest.raises(Conflict, match="a rule, a pin or a naming template"):
            ask(world.core, resync_id)
    world.settle()
    assert tree(world.library) == before


@pytest.mark.parametrize("in_place", [False, True])
def test_a_confirmed_adoption_is_not_braked_and_an_edit_of_all_of_it_is(
    world: CoreWorld, in_place: bool
) -> None:
    world.brake = Brake(files=5, some_files=2, percent=50, downloads=30)
    world.start()
    for number in range(1, 9):
        put(world.library, f"Tea/[A] Tea - {number:02} [1080p].mkv")
    _adopt(world, in_place=in_place)
    assert ("Tea - S01E01" in world.videos()) is not in_place
    before = tree(world.library)
    resync_id = _move_all(world)
    world.settle()
    assert world.outcomes(resync_id) == {"waiting": 8}
    assert tree(world.library) == before


def test_a_pin_is_one_word_about_an_adopted_file_and_the_rest_is_known_still(world: CoreWorld) -> None:
    put(world.library, "Shelf/Season 02/[A] Tea - 01 [1080p].mkv")
    _adopt(world, in_place=False)
    link_id = world.row(tables.links)["link_id"]
    set_pin(world.core, link_id=link_id, field=PinField.EPISODE_NO, value=5)
    world.settle()
    assert world.videos().keys() == {"Shelf - S02E05"}
