"""The viewer on real files: every way in which episodes change places, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from lxml import etree

from tests.integration.test_files_filesystems import KINDS
from tests.integration.viewer_world import ViewerWorld


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    built = ViewerWorld(tmp_path, database_url)
    yield built
    built.database.close()


def touched(world: ViewerWorld) -> dict[str, int]:
    names = [*world.tree(), *world.folders()]
    return {name: (world.library / name).stat().st_mtime_ns for name in names}


def episode(title: str, season: int, number: int, suffix: str = "mkv") -> str:
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}.{suffix}"


def test_a_first_sync_files_video_and_nfos(world: ViewerWorld) -> None:
    world.file_away(1, "K-On", 1, 3)
    assert world.tree() == [
        "K-On/Season 01/K-On - S01E03.mkv",
        "K-On/Season 01/K-On - S01E03.nfo",
        "K-On/Season 01/season.nfo",
        "K-On/tvshow.nfo",
    ]
    nfo = etree.fromstring((world.library / episode("K-On", 1, 3, "nfo")).read_bytes())
    assert nfo.findtext("episode") == "3"
    callback = world.core.last(1)
    assert (callback.status, callback.target_path) == ("synced", str(world.library / episode("K-On", 1, 3)))


def test_a_first_sync_links_and_leaves_the_download_where_it_is(world: ViewerWorld) -> None:
    world.file_away(1, "A Show", 1, 1)
    source = world.downloads / "1.mkv"
    assert source.stat().st_ino == (world.library / episode("A Show", 1, 1)).stat().st_ino


def test_swapped_episodes_both_survive(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.file_away(2, "Show", 1, 2)
    world.resync((1, "Show", 1, 2), (2, "Show", 1, 1))
    assert world.videos() == {episode("Show", 1, 1): "2.mkv", episode("Show", 1, 2): "1.mkv"}
    for number in (1, 2):
        nfo = etree.fromstring((world.library / episode("Show", 1, number, "nfo")).read_bytes())
        assert nfo.findtext("episode") == str(number)


def test_a_season_shifted_by_one_keeps_every_file(world: ViewerWorld) -> None:
    for number in range(1, 13):
        world.file_away(number, "Show", 1, number)
    world.resync(*[(number, "Show", 1, number + 1) for number in range(1, 13)])
    assert world.videos() == {episode("Show", 1, n + 1): f"{n}.mkv" for n in range(1, 13)}
    world.resync(*[(number, "Show", 1, number) for number in range(1, 13)])
    assert world.videos() == {episode("Show", 1, n): f"{n}.mkv" for n in range(1, 13)}


def test_a_rotation_of_three_comes_round(world: ViewerWorld) -> None:
    for number in (1, 2, 3):
        world.file_away(number, "Show", 1, number)
    world.resync((1, "Show", 1, 2), (2, "Show", 1, 3), (3, "Show", 1, 1))
    assert world.videos() == {
        episode("Show", 1, 2): "1.mkv",
        episode("Show", 1, 3): "2.mkv",
        episode("Show", 1, 1): "3.mkv",
    }
    assert not [name for name in world.tree() if "/.seiton" in name]


def test_a_corrected_title_leaves_no_ghost_folder_and_keeps_its_id(world: ViewerWorld) -> None:
    world.file_away(1, "Shwo", 1, 1)
    world.file_away(2, "Shwo", 1, 2)
    before = etree.fromstring((world.library / "Shwo/tvshow.nfo").read_bytes())
    world.resync((1, "Show", 1, 1), (2, "Show", 1, 2))
    assert world.folders() == ["Show", "Show/Season 01"]
    after = etree.fromstring((world.library / "Show/tvshow.nfo").read_bytes())
    assert after.findtext("title") == "Show"
    assert after.findtext("uniqueid[@type='Custom']") == before.findtext("uniqueid[@type='Custom']")


def test_a_foreign_file_at_the_target_is_left_alone_and_reported(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    foreign = world.library / episode("Show", 1, 2)
    foreign.write_bytes(b"somebody else's")
    world.resync((1, "Show", 1, 2))
    assert foreign.read_bytes() == b"somebody else's"
    assert world.videos()[episode("Show", 1, 1)] == "1.mkv"
    callback = world.core.last(1)
    assert (callback.held, callback.reason) == (True, "target_foreign")


def test_a_foreign_file_keeps_its_folder_alive(world: ViewerWorld) -> None:
    world.file_away(1, "Old", 1, 1)
    (world.library / "Old/Season 01/notes.txt").write_text("mine")
    world.resync((1, "New", 1, 1))
    assert (world.library / "Old/Season 01/notes.txt").read_text() == "mine"
    assert "Old/Season 01/Old - S01E01.mkv" not in world.tree()


def test_of_two_claimants_of_one_name_the_second_is_held(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.file_away(2, "Show", 1, 2)
    world.resync((2, "Show", 1, 1))
    assert world.videos() == {episode("Show", 1, 1): "1.mkv", episode("Show", 1, 2): "2.mkv"}
    assert world.core.last(2).reason == "target_owned"


def test_a_held_file_moves_once_the_way_is_free(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.file_away(2, "Show", 1, 2)
    world.resync((2, "Show", 1, 1))
    world.resync((1, "Show", 1, 5), (2, "Show", 1, 1))
    assert world.videos() == {episode("Show", 1, 5): "1.mkv", episode("Show", 1, 1): "2.mkv"}
    assert world.core.last(2).status == "synced"


def test_subtitles_and_other_followers_go_with_their_video(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.file_away(10, "Show", 1, 10)
    season = world.library / "Show/Season 01"
    (season / "Show - S01E01.zh-hant.ass").write_text("one")
    (season / "Show - S01E01-thumb.jpg").write_bytes(b"jpeg")
    (season / "Show - S01E10.zh-hant.ass").write_text("ten")
    world.resync((1, "Show", 2, 1))
    assert (world.library / "Show/Season 02/Show - S02E01.zh-hant.ass").read_text() == "one"
    assert (world.library / "Show/Season 02/Show - S02E01-thumb.jpg").read_bytes() == b"jpeg"
    assert (season / "Show - S01E10.zh-hant.ass").read_text() == "ten"


def test_downloaded_subtitles_are_filed_under_the_videos_name(world: ViewerWorld) -> None:
    world.download("1.mkv")
    (world.downloads / "1.TC.ass").write_text("繁體")
    from seiton.viewer.receive import receive

    receive(world.viewer, [world.sync_request(1, "Show", 1, 1, subtitles=("1.TC.ass",))])
    world.settle()
    assert (world.library / "Show/Season 01/Show - S01E01.zh-hant.ass").read_text() == "繁體"


def test_what_a_user_wrote_into_an_nfo_survives_the_move(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    nfo = world.library / episode("Show", 1, 1, "nfo")
    text = nfo.read_text().replace("</episodedetails>", "  <tag>seen with Kim</tag>\n</episodedetails>")
    nfo.write_text(text)
    world.resync((1, "Show", 1, 2))
    moved = etree.fromstring((world.library / episode("Show", 1, 2, "nfo")).read_bytes())
    assert (moved.findtext("tag"), moved.findtext("episode")) == ("seen with Kim", "2")
    world.resync((1, "Show", 1, 3))
    again = etree.fromstring((world.library / episode("Show", 1, 3, "nfo")).read_bytes())
    assert (again.findtext("tag"), again.findtext("episode")) == ("seen with Kim", "3")
    assert not nfo.exists()


def test_an_nfo_that_cannot_be_read_is_left_and_its_unit_held(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    nfo = world.library / episode("Show", 1, 1, "nfo")
    nfo.write_text("<episodedetails><title>broken")
    world.resync((1, "Show", 1, 2))
    assert nfo.read_text() == "<episodedetails><title>broken"
    assert world.core.last(1).reason == "nfo_unreadable"
    assert episode("Show", 1, 1) in world.tree()


def test_the_same_request_again_writes_nothing(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.resync((1, "Show", 1, 2))
    before = touched(world)
    world.resync((1, "Show", 1, 2))
    assert touched(world) == before
    assert world.core.last(1).changed is False


def test_a_file_taken_away_by_hand_is_held_not_forgotten(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    (world.library / episode("Show", 1, 1)).rename(world.library / "elsewhere.mkv")
    world.resync((1, "Show", 1, 2))
    assert world.core.last(1).reason == "source_missing"
    assert (world.library / "elsewhere.mkv").exists()


def test_another_file_at_our_place_is_not_moved(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    path = world.library / episode("Show", 1, 1)
    path.rename(world.library / "kept.mkv")
    path.write_bytes(b"an impostor")
    world.resync((1, "Show", 1, 2))
    assert world.core.last(1).reason == "source_changed"
    assert path.read_bytes() == b"an impostor"


def test_a_change_of_case_alone_is_a_move(world: ViewerWorld) -> None:
    world.file_away(1, "show", 1, 1)
    world.resync((1, "SHOW", 1, 1))
    assert episode("SHOW", 1, 1) in world.tree()


@pytest.mark.parametrize("chunk_steps", [500, 1])
def test_a_foreign_file_whose_name_differs_in_case_holds_a_unit_and_costs_nothing(
    tmp_path: Path, database_url: str, chunk_steps: int
) -> None:
    world = ViewerWorld(tmp_path, database_url, chunk_steps=chunk_steps)
    world.file_away(1, "Show", 0, 1)
    world.file_away(2, "Show", 0, 4)
    foreign = world.library / episode("SHOW", 0, 4)
    foreign.parent.mkdir(parents=True)
    if (world.library / episode("Show", 0, 4)).parent.samefile(foreign.parent):
        pytest.skip("the test's own folder is on a file system that does not tell cases apart")
    foreign.write_bytes(b"somebody else's")
    before = touched(world)
    world.resync((2, "SHOW", 0, 4))
    world.wait()
    assert touched(world) == before
    assert world.core.last(2).reason == "target_foreign"
    foreign.unlink()
    world.wait()
    assert world.videos() == {episode("Show", 0, 1): "1.mkv", episode("SHOW", 0, 4): "2.mkv"}
    world.database.close()


def test_a_foreign_thumbnail_at_the_target_holds_a_unit_that_has_one_and_costs_nothing(
    world: ViewerWorld,
) -> None:
    world.file_away(1, "Show", 1, 1)
    folder = (world.library / episode("Show", 1, 1)).parent
    (folder / "Show - S01E01-thumb.jpg").write_bytes(b"ours")
    (folder / "Show - S01E02-thumb.jpg").write_bytes(b"somebody else's")
    before = touched(world)
    world.resync((1, "Show", 1, 2))
    world.wait()
    assert touched(world) == before
    assert world.core.last(1).reason == "target_foreign"


def test_where_the_disk_ignores_case_our_own_files_are_not_foreign_under_another_spelling(
    tmp_path: Path, sqlite_url: str
) -> None:
    with ExitStack() as stack:
        world = ViewerWorld(KINDS["ntfs ignoring case"](tmp_path, stack) / "world", sqlite_url)
        stack.callback(world.database.close)
        world.file_away(1, "Show", 1, 1)
        world.file_away(2, "Show", 1, 2)
        (world.library / episode("Show", 1, 1)).rename(world.library / episode("Show", 1, 1).upper())
        world.resync((1, "Show", 1, 2), (2, "SHOW", 1, 1))
        by_key = {name.casefold(): download for name, download in world.videos().items()}
        assert by_key == {
            episode("show", 1, 1).casefold(): "2.mkv",
            episode("show", 1, 2).casefold(): "1.mkv",
        }


def test_merged_titles_hold_only_what_meets(world: ViewerWorld) -> None:
    world.file_away(1, "One", 1, 1)
    world.file_away(2, "One", 1, 2)
    world.file_away(3, "Uno", 1, 2)
    world.file_away(4, "Uno", 1, 3)
    world.resync((3, "One", 1, 2), (4, "One", 1, 3))
    assert world.videos() == {
        episode("One", 1, 1): "1.mkv",
        episode("One", 1, 2): "2.mkv",
        episode("Uno", 1, 2): "3.mkv",
        episode("One", 1, 3): "4.mkv",
    }
    assert world.core.last(3).reason == "target_owned"
