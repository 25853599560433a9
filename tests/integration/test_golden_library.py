"""The 30 golden cases of names and NFOs, those about files that come and go: on a real disk.

Cases about one name or one NFO are unit tests: ``test_naming``, ``test_nfo``, ``test_sidecars``; those that
a real Kodi has to read are in ``test_servers_kodi``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from seiton.contract import Facts
from seiton.viewer.receive import receive
from seiton.viewer.removal import receive_removals
from tests.integration.viewer_world import ViewerWorld


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str) -> Iterator[ViewerWorld]:
    built = ViewerWorld(tmp_path, sqlite_url, migrate=False)
    yield built
    built.database.close()


def stem(title: str, season: int, number: int) -> str:
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}"


def nfo(world: ViewerWorld, path: str) -> etree._Element:
    return etree.fromstring((world.library / path).read_bytes())


def ask(world: ViewerWorld, download: int, title: str, season: int, number: int, **more: Any) -> None:
    request = world.resync_request(download, title, season, number)
    receive(world.viewer, [request.model_copy(update=more)])
    world.settle()


def written(world: ViewerWorld) -> dict[str, tuple[int, int]]:
    found = [world.library / name for name in (*world.tree(), *world.folders())]
    return {str(path): (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def custom_id(world: ViewerWorld, title: str) -> str | None:
    return nfo(world, f"{title}/tvshow.nfo").findtext("uniqueid[@type='Custom']")


def test_golden_10_a_better_version_has_the_name_once_the_old_one_left_it(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 6)
    world.download("2.mkv")
    receive(world.viewer, [world.sync_request(2, "Show", 1, 6)])
    world.settle()
    assert world.videos() == {stem("Show", 1, 6) + ".mkv": "1.mkv"}
    receive_removals(world.viewer, [world.removal(1)])
    world.settle()
    world.wait()
    assert world.videos() == {stem("Show", 1, 6) + ".mkv": "2.mkv"}


def test_golden_16_two_shows_have_two_custom_ids(world: ViewerWorld) -> None:
    world.file_away(1, "Show 2004", 1, 1)
    world.file_away(2, "Show 2011", 1, 1)
    assert custom_id(world, "Show 2004") != custom_id(world, "Show 2011")


def test_golden_17_a_show_whose_cleaned_title_is_anothers_never_writes_over_it(world: ViewerWorld) -> None:
    world.file_away(1, "A?", 1, 1)
    before = written(world)
    world.file_away(2, "A？", 1, 1)
    assert {name: state for name, state in written(world).items() if name in before} == before
    assert world.core.last(2).held


def test_golden_18_a_corrected_episode_title_writes_one_nfo_and_no_media(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    before = written(world)
    ask(world, 1, "Show", 1, 1, facts=Facts(episode_title="Right"))
    changed = {name for name, state in written(world).items() if state != before[name]}
    assert {Path(name).suffix for name in changed} == {".nfo", ""}  # the folder that it was renamed into
    assert nfo(world, stem("Show", 1, 1) + ".nfo").findtext("title") == "Right"


def test_golden_19_a_corrected_show_title_keeps_the_custom_id_and_leaves_no_folder(
    world: ViewerWorld,
) -> None:
    world.file_away(1, "Wrnog", 1, 1)
    before = custom_id(world, "Wrnog")
    world.resync((1, "Wrong", 1, 1))
    assert custom_id(world, "Wrong") == before
    assert world.folders() == ["Wrong", "Wrong/Season 01"]


def test_golden_20_an_episode_of_another_season_takes_everything_along(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 13)
    for tail in (".zh-hant.ass", "-thumb.jpg"):
        (world.library / (stem("Show", 1, 13) + tail)).write_bytes(b"x")
    world.resync((1, "Show", 2, 1))
    tails = ("-thumb.jpg", ".mkv", ".nfo", ".zh-hant.ass")
    assert [name for name in world.tree() if "S02E01" in name] == [stem("Show", 2, 1) + t for t in tails]
    assert not [name for name in world.tree() if "S01E13" in name]


def test_golden_21_exchanged_episodes_end_right(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 12)
    world.file_away(2, "Show", 1, 13)
    world.resync((1, "Show", 1, 13), (2, "Show", 1, 12))
    assert world.videos() == {stem("Show", 1, 12) + ".mkv": "2.mkv", stem("Show", 1, 13) + ".mkv": "1.mkv"}


def test_golden_22_a_target_of_another_download_is_refused_and_nothing_changes(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.file_away(2, "Show", 1, 2)
    before = written(world)
    world.resync((1, "Show", 1, 2))
    assert written(world) == before
    assert world.core.last(1).held


def test_golden_23_the_same_again_writes_nothing(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.resync((1, "Show", 1, 2))
    before = written(world)
    world.resync((1, "Show", 1, 2))
    assert written(world) == before


def test_golden_24_a_users_own_file_keeps_its_folder(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    own = world.library / "Show/Season 01/notes.txt"
    own.write_text("mine")
    world.resync((1, "Show", 2, 1))
    assert own.read_text() == "mine"


def test_golden_26_episode_1_leaves_the_files_of_episode_10_where_they_are(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.file_away(10, "Show", 1, 10)
    (world.library / (stem("Show", 1, 10) + ".ja.ass")).write_bytes(b"x")
    world.resync((1, "Show", 1, 2))
    assert stem("Show", 1, 10) + ".ja.ass" in world.tree()


def test_golden_27_the_day_of_the_first_import_outlives_three_resyncs(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    first = nfo(world, stem("Show", 1, 1) + ".nfo").findtext("dateadded")
    for number in (2, 3, 4):
        world.wait()
        world.resync((1, "Show", 1, number))
        assert nfo(world, stem("Show", 1, number) + ".nfo").findtext("dateadded") == first


def test_golden_28_every_nfo_of_a_library_is_strict_xml(world: ViewerWorld) -> None:
    world.file_away(1, "A & B <C>", 1, 1)
    ask(world, 1, "A & B <C>", 1, 1, facts=Facts(episode_plot="one\x0btwo\nthree", genres=("科幻/機戰",)))
    for name in (name for name in world.tree() if name.endswith(".nfo")):
        content = (world.library / name).read_bytes()
        assert content.startswith(b"<?xml")
        assert not [word for word in (b"CDATA", b"lockdata", b"<watched", b"<thumb") if word in content]
        root = etree.fromstring(content).tag
        assert root == {"tvshow.nfo": "tvshow", "season.nfo": "season"}.get(Path(name).name, "episodedetails")
