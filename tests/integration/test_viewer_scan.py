"""A viewer says what lies below a folder, in parts, and changes nothing by it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.contract import ScannedVideo, ViewerScanRequest
from seiton.domain.path_text import path_of_text
from seiton.viewer.scan import scan, walk
from tests.integration.messy_folders import make_messy_library, put, tree
from tests.integration.viewer_world import ViewerWorld


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    made = ViewerWorld(tmp_path, database_url)
    made.viewer.library()
    yield made
    made.database.close()


def videos_of(world: ViewerWorld, path: Path, limit: int) -> dict[bytes, ScannedVideo]:
    found: dict[bytes, ScannedVideo] = {}
    after: str | None = None
    while True:
        part = scan(world.viewer, ViewerScanRequest(path=os.fspath(path), after=after, limit=limit))
        for folder in part.folders:
            for video in folder.videos:
                name = os.path.join(path_of_text(folder.path), path_of_text(video.name))
                assert name not in found
                found[name] = video
        if part.after is None:
            return found
        after = part.after


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_all_parts_together_are_everything_once(world: ViewerWorld, limit: int) -> None:
    make_messy_library(world.library)
    before = tree(world.library)
    found = videos_of(world, world.library, limit)
    assert set(found) == {path for path in before if path.endswith(b".mkv")}
    assert tree(world.library) == before


def test_the_walk_is_the_same_from_wherever_it_goes_on(tmp_path: Path) -> None:
    for name in ("a/b/1", "a/b c/2", "a/b/c/3", "a-b/4", "b/5", "6"):
        put(tmp_path, f"{name}.mkv")
    whole = [listing.path for listing in walk(os.fsencode(tmp_path))]
    assert whole == [b"", b"a", b"a/b", b"a/b/c", b"a/b c", b"a-b", b"b"]
    for at, path in enumerate(whole):
        rest = [listing.path for listing in walk(os.fsencode(tmp_path), after=path)]
        assert rest == whole[at + 1 :], path


def test_a_file_is_told_with_its_sidecars_its_nfo_and_whether_it_is_kept(world: ViewerWorld) -> None:
    world.file_away(1, "Tea", 1, 1)
    put(world.library, "Cake/tvshow.nfo", b"<tvshow><title>Cake</title></tvshow>")
    put(world.library, "Cake/Season 01/Cake - S01E01.mkv")
    put(world.library, "Cake/Season 01/Cake - S01E01.ja.ass", b"subtitle")
    put(world.library, "Cake/Season 01/Cake - S01E01.nfo", b"<episodedetails><episode>1</episode>")
    put(world.library, "Cake/Season 01/other.txt", b"mine")
    os.symlink("Cake - S01E01.mkv", world.library / "Cake/Season 01/Cake - S01E02.mkv")
    part = scan(world.viewer, ViewerScanRequest(path=os.fspath(world.library)))
    cake, tea = part.folders
    assert cake.show is not None
    assert (cake.show.title, cake.show_depth, cake.others) == ("Cake", 1, 1)
    first, second = cake.videos
    assert (first.subtitles, first.kept, first.is_link) == (("Cake - S01E01.ja.ass",), False, False)
    assert first.nfo is not None
    assert first.nfo.about == ""
    assert second.is_link
    (kept,) = tea.videos
    assert (kept.kept, kept.links) == (True, 2)
    downloads = scan(world.viewer, ViewerScanRequest(path=os.fspath(world.downloads)))
    assert not downloads.is_library
    assert [video.kept for folder in downloads.folders for video in folder.videos] == [True]
