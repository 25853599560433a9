"""A change of the naming template moves the library like any other edit: whole, safe, and back again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.core import tables
from seiton.core.downloads.wanting import add_downloads
from seiton.core.filing.naming import follow_naming, get_naming, set_naming
from seiton.core.filing.renaming import preview_naming
from seiton.core.filing.resync import reconcile
from seiton.domain.naming import DEFAULT_TEMPLATE
from seiton.errors import Conflict, InvalidInput
from seiton.viewer.converge import converge
from seiton.viewer.report import report
from tests.integration.core_world import CoreWorld, everything
from tests.integration.core_world import world as world

NUMBER = "S{season:02}E{episode:02}<-E{episode_end:02}>"
OTHER = "{title}/<special?Specials|S{season}>/" + NUMBER + "< [{group}]>"


def contents(library: Path) -> dict[str, bytes]:
    """Return every file of the library, also those in Seiton's own folder that are not its locks."""
    found = {}
    for folder, _folders, names in os.walk(library):
        for name in names:
            path = Path(folder, name)
            if ".seiton" not in path.parts:
                found[os.fspath(path.relative_to(library))] = path.read_bytes()
    return found


@pytest.fixture
def filled(world: CoreWorld) -> Iterator[CoreWorld]:
    """Two seasons, a special and a half episode of one show, and one of another."""
    world.create(priority=1)
    world.create(name="two", condition=r"^\[.+\] Tea 2 - ", anime_title="Tea", series_no=2, priority=2)
    world.create(name="sp", condition=r"^\[.+\] Tea SP - ", anime_title="Tea", series_no=0, priority=2)
    world.bring(*(f"[G] Tea - {number:02}" for number in range(1, 4)), "[G] Tea - 02.5", "[H] Tea - 04v2")
    world.bring("[G] Tea 2 - 01", "[G] Tea SP - 01", "[G] Soup - 01")
    world.settle()
    yield world


OLD_NAMES = {
    "Tea - S01E01",
    "Tea - S01E02",
    "Tea - S01E03",
    "Tea - S00E25",
    "Tea - S01E04",
    "Tea - S02E01",
    "Tea - S00E01",
    "Soup - S01E01",
}


def test_another_template_moves_every_file_by_one_cause(filled: CoreWorld) -> None:
    assert set(filled.videos()) == OLD_NAMES
    written = set_naming(filled.core, OTHER)
    assert written.resync is not None
    filled.settle()
    assert [name for name in filled.tree() if not name.endswith(".nfo")] == [
        "Soup/S1/S01E01 [G].mkv",
        "Tea/S1/S01E01 [G].mkv",
        "Tea/S1/S01E02 [G].mkv",
        "Tea/S1/S01E03 [G].mkv",
        "Tea/S1/S01E04 [H].mkv",
        "Tea/S2/S02E01 [G].mkv",
        "Tea/Specials/S00E01 [G].mkv",
        "Tea/Specials/S00E25 [G].mkv",
    ]
    row = filled.resync(written.resync["resync_id"])
    assert (row["cause"], row["state"], row["resync_triggered"]) == ("naming_updated", "done", 8)
    assert (row["before"], row["after"]) == ({"template": DEFAULT_TEMPLATE}, {"template": OTHER})
    assert filled.outcomes(row["resync_id"]) == {"moved": 8}


def test_there_and_back_leaves_the_same_bytes_everywhere(filled: CoreWorld) -> None:
    before = contents(filled.library)
    set_naming(filled.core, OTHER)
    filled.settle()
    assert contents(filled.library).keys() != before.keys()
    set_naming(filled.core, DEFAULT_TEMPLATE)
    filled.settle()
    assert contents(filled.library) == before
    folders = [name for _base, names, _files in os.walk(filled.library) for name in names]
    assert sorted(set(folders) - {".seiton"}) == ["Season 00", "Season 01", "Season 02", "Soup", "Tea"]


def test_a_template_that_differs_in_case_only_moves_files_too(filled: CoreWorld) -> None:
    before = contents(filled.library)
    set_naming(filled.core, "{title}/Season {season:02}/{title} - " + NUMBER.lower())
    filled.settle()
    assert "Tea/Season 01/Tea - s01e01.mkv" in filled.tree()
    assert len(filled.videos()) == 8
    set_naming(filled.core, DEFAULT_TEMPLATE)
    filled.settle()
    assert contents(filled.library) == before


def test_what_the_preview_says_is_what_happens(filled: CoreWorld) -> None:
    tree, before = filled.tree(), everything(filled)
    preview = preview_naming(filled.core, OTHER)
    assert (filled.tree(), everything(filled)) == (tree, before)
    assert preview.impact is not None
    assert (len(preview.impact.moves), preview.impact.holds) == (8, ())
    assert len(preview.samples) > 10
    set_naming(filled.core, OTHER)
    filled.settle()
    assert {move.to_path for move in preview.impact.moves} <= set(filled.tree())
    assert {move.from_path for move in preview.impact.moves} <= set(tree)
    again = preview_naming(filled.core, OTHER)
    assert again.impact is not None
    assert again.impact.moves == ()


def test_the_same_template_again_is_no_edit(filled: CoreWorld) -> None:
    resyncs = len(filled.rows(tables.resyncs))
    written = set_naming(filled.core, DEFAULT_TEMPLATE)
    assert (written.resync, written.version) == (None, 1)
    assert len(filled.rows(tables.resyncs)) == resyncs


def test_a_template_changed_meanwhile_is_not_overwritten(world: CoreWorld) -> None:
    set_naming(world.core, OTHER, version=1)
    with pytest.raises(Conflict):
        set_naming(world.core, DEFAULT_TEMPLATE, version=1)
    assert get_naming(world.core).template == OTHER


def test_two_files_of_the_library_that_would_meet_are_named_and_the_template_refused(
    world: CoreWorld,
) -> None:
    set_naming(world.core, OTHER)
    world.create()
    world.bring("[G] Tea - 01", "[G] Tea - 02")
    world.settle()
    # Another group's release of the first episode, kept beside it by hand.
    world.bring("[H] Tea - 01")
    (link,) = [row for row in world.rows(tables.links) if row["title"] == "[H] Tea - 01"]
    with world.database.write() as connection:
        add_downloads(connection, [link["link_id"]], world.time)
    world.settle()
    assert {"S01E01 [G]", "S01E01 [H]"} <= set(world.videos())
    tree = world.tree()
    with pytest.raises(InvalidInput) as refused:
        set_naming(world.core, DEFAULT_TEMPLATE)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("template", "same_path")
    assert "Tea S01E01 [G]" in problem.message
    assert "Tea S01E01 [H]" in problem.message
    assert "Tea/Season 01/Tea - S01E01" in problem.message
    preview = preview_naming(world.core, DEFAULT_TEMPLATE)
    assert ([p.code for p in preview.problems], preview.impact) == (["same_path"], None)
    world.settle()
    assert world.tree() == tree


def test_a_template_that_is_refused_changes_nothing(filled: CoreWorld) -> None:
    with pytest.raises(InvalidInput) as refused:
        set_naming(filled.core, "{title}/{season}/{title}")
    assert [problem.field for problem in refused.value.problems] == ["template"]
    assert get_naming(filled.core).version == 1
    filled.settle()
    assert set(filled.videos()) == OLD_NAMES


def test_an_edit_that_was_cut_short_goes_on_and_is_sent_as_a_whole(filled: CoreWorld) -> None:
    filled.core.chunk, filled.reparses = 3, False
    set_naming(filled.core, OTHER)
    filled.settle()
    assert set(filled.videos()) == OLD_NAMES  # nothing is sent before all wishes are made
    filled.meanwhile = filled.file  # between two chunks the reconciler looks
    follow_naming(filled.core)
    assert set(filled.videos()) == OLD_NAMES
    filled.start()
    filled.settle()
    assert "S01E04 [H]" in filled.videos()
    assert {row["profile_version"] for row in filled.rows(tables.downloads)} == {2}


def test_an_edit_taken_back_before_anybody_followed_moves_nothing(filled: CoreWorld) -> None:
    revisions = {row["download_id"]: row["desired_revision"] for row in filled.rows(tables.downloads)}
    filled.reparses = False
    for template in (OTHER, DEFAULT_TEMPLATE):
        set_naming(filled.core, template)
    follow_naming(filled.core)
    filled.settle()
    rows = filled.rows(tables.downloads)
    assert {row["download_id"]: row["desired_revision"] for row in rows} == revisions
    assert {row["profile_version"] for row in rows} == {3}
    assert {row["state"] for row in filled.rows(tables.resyncs)} == {"done"}
    assert set(filled.videos()) == OLD_NAMES


def test_a_second_edit_overtakes_the_first_in_the_middle(filled: CoreWorld) -> None:
    set_naming(filled.core, OTHER)
    reconcile(filled.core)  # the viewer was asked, and has done nothing
    set_naming(filled.core, "{title}/Season {season}/{title} " + NUMBER)
    converge(filled.viewer)
    report(filled.viewer)
    filled.settle()
    assert "Tea/Season 1/Tea S01E01.mkv" in filled.tree()
    assert len(filled.videos()) == 8
    assert {row["state"] for row in filled.rows(tables.resyncs)} == {"done"}


def test_what_is_filed_after_the_edit_is_named_by_it_and_a_rule_edit_keeps_it(filled: CoreWorld) -> None:
    set_naming(filled.core, OTHER)
    filled.settle()
    filled.bring("[G] Tea - 09")
    filled.settle()
    assert "Tea/S1/S01E09 [G].mkv" in filled.tree()
    filled.create(name="three", condition=r"^\[.+\] Tea - 09", anime_title="Tea", series_no=3, priority=9)
    filled.settle()
    assert "Tea/S3/S03E09 [G].mkv" in filled.tree()


def test_a_viewer_that_was_away_for_the_edit_gets_it_later(filled: CoreWorld) -> None:
    filled.wire.is_cut = True
    set_naming(filled.core, OTHER)
    filled.settle()
    assert set(filled.videos()) == OLD_NAMES
    filled.wire.is_cut = False
    filled.pass_time(hours=7)
    filled.settle()
    assert "S01E01 [G]" in filled.videos()


def test_a_viewer_that_knows_only_the_contract_keeps_its_own_names(filled: CoreWorld) -> None:
    with filled.database.write() as connection:
        connection.execute(
            sa.insert(tables.modules).values(
                module_type="viewer",
                name="reference",
                is_enabled=True,
                priority=50,
                base_url="http://viewer.test",
                core_url="http://core.test",
                service_id="11111111-1111-1111-1111-111111111111",
                capabilities={"sync_endpoint": "/sync"},
                admitted=True,
                created_at=filled.time,
                updated_at=filled.time,
            )
        )
        connection.execute(
            sa.update(tables.downloads).where(tables.downloads.c.download_id == 1).values(viewer="reference")
        )
    preview = preview_naming(filled.core, OTHER)
    assert preview.impact is not None
    assert len(preview.impact.moves) == 7
    written = set_naming(filled.core, OTHER)
    assert written.resync is not None
    filled.settle()
    assert filled.outcomes(written.resync["resync_id"]) == {"moved": 7}
    assert filled.resync(written.resync["resync_id"])["state"] == "done"


def test_a_new_library_has_its_template_written_down(world: CoreWorld) -> None:
    """So that another default in a later version of Seiton moves no file."""
    (profile,) = world.rows(tables.library_profiles)
    assert (profile["library"], profile["version"], profile["naming_template"]) == (
        "main",
        1,
        DEFAULT_TEMPLATE,
    )
