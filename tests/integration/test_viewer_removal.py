"""Removed episodes lie in the trash, come back from it, and are deleted only there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.contract import Receipt, ViewerFilesRequest
from seiton.viewer.receive import receive
from seiton.viewer.removal import list_files, receive_removals
from tests.integration.viewer_world import ViewerWorld

STEM = "Show/Season 01/Show - S01E0"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    made = ViewerWorld(tmp_path, database_url)
    for number in (1, 2):
        made.file_away(number, "Show", 1, number)
    yield made
    made.database.close()


def remove(world: ViewerWorld, *download_ids: int, trash: str = "r1", erase: bool = False) -> None:
    receive_removals(world.viewer, [world.removal(number, trash, erase=erase) for number in download_ids])
    world.settle()


def trash(world: ViewerWorld) -> list[str]:
    root = world.library / ".seiton/trash"
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_removed_episode_goes_to_the_trash_with_all_that_follows_it(world: ViewerWorld) -> None:
    (world.library / f"{STEM}1.zh.ass").write_text("subtitle")
    (world.library / f"{STEM}1.trickplay").mkdir()
    remove(world, 1)
    assert list(world.videos()) == [f"{STEM}2.mkv"]
    assert trash(world) == [f"r1/{STEM}1.{tail}" for tail in ("mkv", "nfo", "zh.ass")]
    assert (world.library / f".seiton/trash/r1/{STEM}1.trickplay").is_dir()
    said = world.core.last(1)
    assert (said.status, said.removed) == ("synced", True)
    assert said.target_path == str(world.library / f".seiton/trash/r1/{STEM}1.mkv")


def test_the_last_episode_takes_its_folders_along_and_restoring_brings_everything_back(
    world: ViewerWorld,
) -> None:
    before = {path: (world.library / path).read_bytes() for path in world.tree()}
    remove(world, 1, 2)
    assert world.tree() == []
    assert world.folders() == []
    world.resync((1, "Show", 1, 1), (2, "Show", 1, 2))
    assert {path: (world.library / path).read_bytes() for path in world.tree()} == before
    assert not (world.library / ".seiton/trash").exists()
    assert not world.core.last(1).removed


def test_a_users_own_elements_in_an_nfo_survive_the_trash(world: ViewerWorld) -> None:
    nfo = world.library / f"{STEM}1.nfo"
    nfo.write_text(nfo.read_text().replace("</episodedetails>", "<mood>calm</mood></episodedetails>"))
    remove(world, 1)
    world.resync((1, "Show", 1, 1))
    assert "<mood>calm</mood>" in nfo.read_text()


def test_a_name_that_was_taken_meanwhile_holds_what_is_restored(world: ViewerWorld) -> None:
    remove(world, 1)
    (world.library / f"{STEM}1.mkv").write_bytes(b"somebody else's")
    world.resync((1, "Show", 1, 1))
    assert world.core.last(1).reason == "target_foreign"
    assert (world.library / f"{STEM}1.mkv").read_bytes() == b"somebody else's"
    assert f"r1/{STEM}1.mkv" in trash(world)
    (world.library / f"{STEM}1.mkv").unlink()
    world.wait()
    assert world.core.last(1).status == "synced"
    assert len(world.videos()) == 2


def test_an_episode_can_take_the_name_of_a_removed_one_in_the_same_plan(world: ViewerWorld) -> None:
    receive_removals(world.viewer, [world.removal(1)])
    receive(world.viewer, [world.resync_request(2, "Show", 1, 1)])
    world.settle()
    assert world.videos() == {f"{STEM}1.mkv": "2.mkv"}
    assert f"r1/{STEM}1.mkv" in trash(world)


def test_erasing_deletes_what_was_put_there_and_nothing_else(world: ViewerWorld) -> None:
    remove(world, 1, 2)
    stranger = world.library / f".seiton/trash/r1/{STEM}1.jpg"
    stranger.write_bytes(b"put here by hand")
    changed = world.library / f".seiton/trash/r1/{STEM}2.nfo"
    changed.unlink()
    changed.write_text("another file")
    remove(world, 1, 2, erase=True)
    assert trash(world) == [f"r1/{STEM}1.jpg", f"r1/{STEM}2.nfo"]
    assert world.core.last(1).target_path is None
    assert world.core.last(1).removed
    assert (world.downloads / "1.mkv").exists()


def test_an_emptied_trash_leaves_no_folder(world: ViewerWorld) -> None:
    remove(world, 1, 2)
    remove(world, 1, 2, erase=True)
    assert not (world.library / ".seiton/trash").exists()


def test_what_was_erased_can_be_filed_again_from_its_download(world: ViewerWorld) -> None:
    remove(world, 1)
    remove(world, 1, erase=True)
    receive(world.viewer, [world.sync_request(1, "Show", 1, 1)])
    world.settle()
    assert world.videos()[f"{STEM}1.mkv"] == "1.mkv"


def test_removing_what_was_never_filed_is_over_at_once(world: ViewerWorld) -> None:
    receive(world.viewer, [world.sync_request(3, "Show", 1, 3)])  # its download is not there
    world.settle()
    remove(world, 3)
    world.wait()
    assert (world.core.last(3).removed, world.core.last(3).target_path) == (True, None)
    world.download("3.mkv")
    world.wait()
    assert f"{STEM}3.mkv" not in world.tree()


def test_a_removal_may_come_twice_late_or_out_of_order(world: ViewerWorld) -> None:
    first = world.removal(1)
    restore = world.resync_request(1, "Show", 1, 1)
    both = receive_removals(world.viewer, [first, first])
    assert [r.receipt for r in both] == [Receipt.ACCEPTED, Receipt.REPEATED]
    assert [r.receipt for r in receive_removals(world.viewer, [first])] == [Receipt.REPEATED]
    receive(world.viewer, [restore])
    assert [r.receipt for r in receive_removals(world.viewer, [first])] == [Receipt.STALE]
    world.settle()
    assert len(world.videos()) == 2
    unknown = first.model_copy(update={"download_id": 99})
    assert [r.receipt for r in receive_removals(world.viewer, [unknown])] == [Receipt.UNKNOWN]


def test_what_there_is_to_remove_is_listed_with_sizes(world: ViewerWorld) -> None:
    (world.library / f"{STEM}1.zh.ass").write_text("subtitle")
    found = list_files(world.viewer, ViewerFilesRequest(core_instance="core", download_ids=(1,))).files
    assert {(file.path, file.kind) for file in found} == {
        (f"{STEM}1.mkv", "video"),
        (f"{STEM}1.nfo", "nfo"),
        (f"{STEM}1.zh.ass", "sidecar"),
    }
    assert {file.path: file.size for file in found}[f"{STEM}1.zh.ass"] == 8
    videos = [file.size for file in found if file.kind == "video"]
    assert videos == [os.stat(world.downloads / "1.mkv").st_size]
