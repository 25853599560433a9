"""Removed, restored, let go: what becomes of rows, files and torrents. Contract defect 81 is here."""

from __future__ import annotations

from datetime import timedelta

import pytest

from seiton.core import tables
from seiton.core.downloads.ending import SeedingGoals, end_torrents
from seiton.core.downloads.retry import retry_download
from seiton.core.feeds.subscriptions import remove_subscription
from seiton.core.removal.removing import FileChoice, TargetType, TorrentChoice, preview_removal, remove
from seiton.core.removal.trash import expire_trash, list_trash, restore
from seiton.errors import Conflict, NotFound
from tests.integration.core_world import CoreWorld, torrent_of
from tests.integration.core_world import world as world

ANIME, SERIES, DOWNLOAD = TargetType.ANIME, TargetType.SERIES, TargetType.DOWNLOAD


def title(number: int, name: str = "Show", group: str = "G") -> str:
    return f"[{group}] {name} - {number:02}"


def file_two(world: CoreWorld) -> None:
    world.create(priority=9, series_no=1)
    world.bring(title(1), title(2))
    world.settle()
    assert world.states() == ["synced", "synced"]


def trash(world: CoreWorld) -> list[str]:
    root = world.library / ".seiton/trash"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def settle(world: CoreWorld) -> None:
    world.settle()
    end_torrents(world.core, SeedingGoals())


def test_a_preview_lists_files_and_torrents_with_sizes_and_changes_nothing(world: CoreWorld) -> None:
    file_two(world)
    before, rows = world.tree(), world.rows(tables.downloads)
    found = preview_removal(world.core, ANIME, 1)
    assert found.name == "Show"
    assert {file.kind for file in found.files} == {"video", "nfo"}
    assert sum(file.size for file in found.files if file.kind == "video") == 6000
    assert [(torrent.size, torrent.is_shared) for torrent in found.torrents] == [(3000, False)] * 2
    assert (world.tree(), world.rows(tables.downloads)) == (before, rows)


def test_a_preview_may_look_at_some_of_it_and_says_that_there_is_more(world: CoreWorld) -> None:
    file_two(world)
    whole = preview_removal(world.core, TargetType.SUBSCRIPTION, 1)
    assert (len(whole.downloads), whole.has_more) == (2, False)
    assert preview_removal(world.core, TargetType.SUBSCRIPTION, 1, most=2) == whole
    some = preview_removal(world.core, TargetType.SUBSCRIPTION, 1, most=1)
    assert (some.downloads, some.has_more) == (whole.downloads[:1], True)
    assert {file.download_id for file in some.files} == {whole.downloads[0]["download_id"]}


def test_a_removed_work_goes_to_the_trash_and_comes_back_as_it_was(world: CoreWorld) -> None:
    file_two(world)
    before = {name: (world.library / name).read_bytes() for name in world.tree()}
    removal_id = remove(world.core, ANIME, 1)
    settle(world)
    assert world.tree() == []
    assert world.states() == ["cancelled", "cancelled"]
    assert len(trash(world)) == 4
    assert world.resync(removal_id)["state"] == "done"
    assert world.outcomes(removal_id) == {"moved": 2}
    assert world.torrents.removed == []  # they go on seeding
    cause = restore(world.core, removal_id)
    settle(world)
    assert {name: (world.library / name).read_bytes() for name in world.tree()} == before
    assert world.states() == ["synced", "synced"]
    assert world.resync(cause)["state"] == "done"
    assert trash(world) == []
    with pytest.raises(Conflict):
        restore(world.core, removal_id)


def test_81_deleting_a_work_cascades_into_nothing(world: CoreWorld) -> None:
    """The reference deleted series, links and downloads with it, and left torrents and files orphaned."""
    file_two(world)
    before = world.tree()
    counts = [len(world.rows(table)) for table in (tables.links, tables.downloads, tables.raw_items)]
    remove(world.core, ANIME, 1, files=FileChoice.KEEP)
    settle(world)
    assert world.tree() == before
    assert [len(world.rows(t)) for t in (tables.links, tables.downloads, tables.raw_items)] == counts
    assert world.states() == ["synced", "synced"]


def test_81_deleting_a_group_cascades_into_nothing(world: CoreWorld) -> None:
    file_two(world)
    before = world.tree()
    remove(world.core, TargetType.SUBTITLE_GROUP, 1, files=FileChoice.KEEP)
    settle(world)
    world.bring(title(3))
    settle(world)
    assert world.tree() == before


def test_81_deleting_a_subscription_keeps_what_it_brought(world: CoreWorld) -> None:
    """The reference deleted raw items, then failed on a foreign key, in two transactions."""
    file_two(world)
    before = world.tree()
    remove_subscription(world.core, world.subscription_id)
    settle(world)
    assert world.tree() == before
    assert len(world.rows(tables.raw_items)) == 2


def test_a_removed_subscription_takes_only_what_no_other_feed_brought(world: CoreWorld) -> None:
    other = world.subscribe("https://other.test/rss")
    world.create(priority=9, series_no=1)
    world.bring(title(1), title(2))
    world.bring(title(2), subscription_id=other)
    world.settle()
    remove(world.core, TargetType.SUBSCRIPTION, world.subscription_id)
    settle(world)
    assert world.states() == ["cancelled", "synced"]


def test_a_removed_episode_is_not_fetched_again_whoever_offers_it(world: CoreWorld) -> None:
    file_two(world)
    remove(world.core, DOWNLOAD, 1)
    settle(world)
    world.bring(title(1, group="H"), title(1, group="K"), title(3))
    settle(world)
    assert world.states() == ["cancelled", "synced", "synced"]
    with pytest.raises(Conflict):
        retry_download(world.core, 1)


def test_nothing_new_of_a_removed_series_is_downloaded_until_it_is_restored(world: CoreWorld) -> None:
    file_two(world)
    removal_id = remove(world.core, SERIES, 1)
    settle(world)
    world.bring(title(3))
    settle(world)
    assert world.states() == ["cancelled", "cancelled"]
    restore(world.core, removal_id)
    world.bring(title(4))
    settle(world)
    assert world.states() == ["synced", "synced", "synced"]


def test_an_edit_of_the_rules_does_not_bring_removed_files_back(world: CoreWorld) -> None:
    write = world.create(priority=9, series_no=1)
    world.bring(title(1))
    world.settle()
    removal_id = remove(world.core, DOWNLOAD, 1)
    assert write.parser is not None
    world.edit(write.parser["parser_id"], series_no_value="2")
    settle(world)
    assert world.tree() == []
    restore(world.core, removal_id)
    settle(world)
    assert list(world.videos()) == ["Show - S02E01"]  # where it belongs by the rules as they are


def test_a_removal_reaches_a_viewer_that_was_away(world: CoreWorld) -> None:
    file_two(world)
    world.wire.is_cut = True
    removal_id = remove(world.core, ANIME, 1)
    settle(world)
    assert world.states() == ["synced", "synced"]
    assert world.resync(removal_id)["state"] == "running"
    world.wire.is_cut = False
    world.pass_time(minutes=2)
    settle(world)
    assert world.states() == ["cancelled", "cancelled"]


def test_a_removal_that_is_restored_before_it_began_leaves_everything(world: CoreWorld) -> None:
    file_two(world)
    before = world.tree()
    restore(world.core, remove(world.core, ANIME, 1))
    settle(world)
    assert (world.tree(), world.states()) == (before, ["synced", "synced"])


def test_a_removal_and_its_undoing_survive_reports_that_come_late(world: CoreWorld) -> None:
    file_two(world)
    world.wire.holds_reports = True
    removal_id = remove(world.core, ANIME, 1)
    world.file()
    restore(world.core, removal_id)
    world.file()
    held, world.wire.held, world.wire.holds_reports = world.wire.held, [], False
    world.wire.release(held[::-1])
    world.pass_time(minutes=2)
    settle(world)
    assert world.states() == ["synced", "synced"]
    assert len(world.videos()) == 2


def test_what_was_not_complete_is_dropped_with_its_torrent(world: CoreWorld) -> None:
    from seiton.adapters.torrents.port import TransferState

    world.create(priority=9, series_no=1)
    world.torrents.states[torrent_of(title(1))] = TransferState.DOWNLOADING
    world.bring(title(1))
    world.settle()
    removal_id = remove(world.core, DOWNLOAD, 1)
    end_torrents(world.core, SeedingGoals())
    assert world.torrents.removed == [(torrent_of(title(1)), True)]
    assert world.states() == ["cancelled"]
    world.torrents.states.clear()
    restore(world.core, removal_id)
    settle(world)
    assert world.states() == ["synced"]


@pytest.mark.parametrize("choice", [TorrentChoice.REMOVE, TorrentChoice.DELETE])
def test_torrents_go_by_choice_once_the_files_are_put_away(world: CoreWorld, choice: TorrentChoice) -> None:
    file_two(world)
    removal_id = remove(world.core, DOWNLOAD, 1, torrents=choice)
    end_torrents(world.core, SeedingGoals())
    assert world.torrents.removed == []
    settle(world)
    assert world.torrents.removed == [(torrent_of(title(1)), choice is TorrentChoice.DELETE)]
    restore(world.core, removal_id)
    settle(world)
    assert len(world.videos()) == 2  # the trash has its own name of the data


def test_a_torrent_that_others_need_stays(world: CoreWorld) -> None:
    batch = "[G] Show - 01-02"
    world.create(
        priority=9,
        series_no=1,
        condition=r"^\[G\] Show - 01-02",
        parse=r"^\[(?<group>G)\] (?<title>Show) - (?<episode>\d+)-(?<end>\d+)",
        episode_end_source="regex",
        episode_end_value="end",
    )
    world.torrents.contents[torrent_of(batch)] = {"Show - 01.mkv": b"1" * 900, "Show - 02.mkv": b"2" * 900}
    world.bring(batch)
    world.settle()
    assert world.states() == ["synced", "synced"]
    assert [torrent.is_shared for torrent in preview_removal(world.core, DOWNLOAD, 1).torrents] == [True]
    remove(world.core, DOWNLOAD, 1, torrents=TorrentChoice.DELETE)
    settle(world)
    assert world.torrents.removed == []
    remove(world.core, DOWNLOAD, 2, torrents=TorrentChoice.DELETE)
    settle(world)
    assert world.torrents.removed == [(torrent_of(batch), True)]


def test_after_fourteen_days_the_files_are_deleted_and_the_rows_stay(world: CoreWorld) -> None:
    file_two(world)
    removal_id = remove(world.core, DOWNLOAD, 1)
    settle(world)
    world.pass_time(days=13)
    assert expire_trash(world.core) == 0
    assert [row["resync_id"] for row in list_trash(world.core, limit=10, offset=0)] == [removal_id]
    world.pass_time(days=1, minutes=1)
    assert expire_trash(world.core) == 1
    settle(world)
    assert trash(world) == []
    assert list_trash(world.core, limit=10, offset=0) == []
    row = world.download(1)
    assert (row["status"], row["library_path"]) == ("cancelled", None)
    with pytest.raises(Conflict):
        restore(world.core, removal_id)
    assert len(world.videos()) == 1
    assert (world.core.now() - row["removed_at"]) > timedelta(days=14)


def test_files_that_came_late_into_the_trash_are_deleted_as_well(world: CoreWorld) -> None:
    file_two(world)
    remove(world.core, ANIME, 1)
    world.wire.is_cut = True
    world.pass_time(days=20)
    settle(world)
    assert expire_trash(world.core) == 0
    world.wire.is_cut = False
    world.pass_time(minutes=2)
    settle(world)
    assert len(trash(world)) == 4
    assert expire_trash(world.core) == 2
    settle(world)
    assert trash(world) == []


def test_what_is_not_there_or_was_removed_is_said_so(world: CoreWorld) -> None:
    file_two(world)
    with pytest.raises(NotFound):
        remove(world.core, ANIME, 99)
    with pytest.raises(NotFound):
        restore(world.core, 99)
    remove(world.core, ANIME, 1)
    with pytest.raises(Conflict):
        remove(world.core, ANIME, 1)
    with pytest.raises(Conflict):
        preview_removal(world.core, ANIME, 1)
