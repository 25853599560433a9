"""What the viewer says to messages, and what it tells Core: late, twice, hostile, with things away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.adapters.files import LibraryAway
from seiton.contract import Receipt, ViewerPlanRequest, ViewerResyncRequest
from seiton.errors import NotFound, Unavailable
from seiton.viewer import tables
from seiton.viewer.batches import batch_status
from seiton.viewer.preview import Previews
from seiton.viewer.receive import receive
from seiton.viewer.report import report
from tests.integration.viewer_world import ViewerWorld


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    built = ViewerWorld(tmp_path, database_url)
    yield built
    built.database.close()


def episode(title: str, season: int, number: int, suffix: str = "mkv") -> str:
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}.{suffix}"


def stored(world: ViewerWorld, table: sa.Table) -> int:
    with world.database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def snapshot(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
        if ".seiton" not in path.parts
    }


def takeover(world: ViewerWorld, download_id: int, path: str, episode_no: int = 7) -> ViewerResyncRequest:
    """A resync of a file that this viewer has never held."""
    request = world.resync_request(download_id, "Show", 1, episode_no)
    return request.model_copy(update={"old_target_path": path})


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../../secret.mkv",
        "{downloads}/../secret.mkv",
        "{downloads}/../../../../etc/passwd",
        "{downloads}-evil/1.mkv",
        "{downloads}/link-out/secret.mkv",
        "/downloads/../secret.mkv",
        "{downloads}",
        "bad\0name.mkv",
        "",
    ],
)
def test_a_download_outside_the_download_folder_is_refused(world: ViewerWorld, path: str) -> None:
    (world.downloads.parent / "secret.mkv").write_bytes(b"secret")
    (world.downloads.parent / "downloads-evil").mkdir()
    (world.downloads.parent / "downloads-evil/1.mkv").write_bytes(b"secret")
    (world.downloads / "link-out").symlink_to(world.downloads.parent)
    request = world.sync_request(1, "Show", 1, 1)
    given = path.format(downloads=world.downloads)
    (receipt,) = receive(world.viewer, [request.model_copy(update={"file_path": given})])
    assert (receipt.receipt, receipt.reason) == (Receipt.REFUSED, "outside_root")
    world.settle()
    assert world.tree() == []
    assert stored(world, tables.units) == 0


def test_the_download_folder_may_have_another_name_for_core(world: ViewerWorld) -> None:
    world.download("batch/1.mkv")
    request = world.sync_request(1, "Show", 1, 1)
    receive(world.viewer, [request.model_copy(update={"file_path": "/downloads/batch/1.mkv"})])
    world.settle()
    assert episode("Show", 1, 1) in world.tree()


def test_a_subtitle_outside_the_download_folder_is_left_out(world: ViewerWorld) -> None:
    world.download("1.mkv")
    (world.downloads.parent / "secret.ass").write_text("secret")
    receive(world.viewer, [world.sync_request(1, "Show", 1, 1, subtitles=("../secret.ass",))])
    world.settle()
    assert world.videos() == {episode("Show", 1, 1): "1.mkv"}
    assert not [name for name in world.tree() if name.endswith(".ass")]


def test_a_file_that_another_program_filed_is_taken_over(world: ViewerWorld) -> None:
    old = world.library / "somewhere/Old Name 07.mkv"
    old.parent.mkdir()
    old.write_bytes(b"filed by another program")
    (old.parent / "Old Name 07.zh.ass").write_text("its subtitle")
    (receipt,) = receive(world.viewer, [takeover(world, 9, str(old))])
    assert receipt.receipt is Receipt.ACCEPTED
    world.settle()
    assert (world.library / episode("Show", 1, 7)).read_bytes() == b"filed by another program"
    assert (world.library / episode("Show", 1, 7, "zh.ass")).read_text() == "its subtitle"
    assert old.parent.is_dir()  # Seiton did not make it
    assert world.core.last(9).changed is True


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../outside.mkv", "outside_root"),
        ("/etc/passwd", "outside_root"),
        ("link-out/outside.mkv", "outside_root"),
        (".seiton/lock", "outside_root"),
        ("", "source_missing"),
        ("nowhere.mkv", "source_missing"),
        ("bad\0name.mkv", "source_missing"),
        ("Show/Season 01", "no_video"),
        ("notes.txt", "no_video"),
        ("link.mkv", "no_video"),
    ],
)
def test_a_resync_of_what_is_not_an_unowned_video_inside_is_refused(
    world: ViewerWorld, path: str, reason: str
) -> None:
    world.file_away(1, "Show", 1, 1)
    (world.library.parent / "outside.mkv").write_bytes(b"not in the library")
    (world.library / "link-out").symlink_to(world.library.parent)
    (world.library / "link.mkv").symlink_to(world.library.parent / "outside.mkv")
    (world.library / "notes.txt").write_text("mine")
    before = snapshot(world.library.parent)
    (receipt,) = receive(world.viewer, [takeover(world, 9, path)])
    expected = Receipt.UNKNOWN if reason == "source_missing" else Receipt.REFUSED
    assert (receipt.receipt, receipt.reason) == (expected, reason)
    world.settle()
    assert snapshot(world.library) == {
        name.removeprefix("library/"): content for name, content in before.items() if "library/" in name
    }


def test_a_file_of_another_download_cannot_be_taken_over(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    (receipt,) = receive(world.viewer, [takeover(world, 9, episode("Show", 1, 1))])
    assert (receipt.receipt, receipt.reason) == (Receipt.REFUSED, "target_owned")


def test_older_revisions_are_no_ops_and_the_same_one_is_repeated(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    newest = world.resync_request(1, "Show", 1, 5, revision=10)
    assert [r.receipt for r in receive(world.viewer, [newest])] == [Receipt.ACCEPTED]
    world.settle()
    stale = world.resync_request(1, "Show", 1, 3, revision=9)
    other = world.resync_request(1, "Show", 1, 3, revision=10)
    for request, receipt in ((stale, Receipt.STALE), (other, Receipt.STALE), (newest, Receipt.REPEATED)):
        (answer,) = receive(world.viewer, [request])
        assert (answer.receipt, answer.revision) == (receipt, 10)
    told = len(world.core.taken)
    world.settle()
    assert world.videos() == {episode("Show", 1, 5): "1.mkv"}
    assert [callback.revision for callback in world.core.taken[told:]] == [10]


def test_messages_in_the_wrong_order_end_like_those_in_the_right_one(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    requests = [world.resync_request(1, "Show", 1, number, revision=number) for number in (7, 5, 6, 7)]
    receipts = receive(world.viewer, requests)
    assert [r.receipt for r in receipts] == ["accepted", "stale", "stale", "repeated"]
    world.settle()
    assert world.videos() == {episode("Show", 1, 7): "1.mkv"}


def test_messages_without_a_revision_count_by_arrival(world: ViewerWorld) -> None:
    world.download("1.mkv")
    bare = {"revision": None, "core_instance": None}
    sync = world.sync_request(1, "Show", 1, 1).model_copy(update=bare)
    first, again = (receive(world.viewer, [sync])[0] for _time in range(2))
    assert (first.receipt, first.revision) == (Receipt.ACCEPTED, 1)
    assert (again.receipt, again.revision) == (Receipt.REPEATED, 1)
    moved = world.resync_request(1, "Show", 1, 2).model_copy(update=bare)
    assert receive(world.viewer, [moved])[0].revision == 2
    back = world.resync_request(1, "Show", 1, 1).model_copy(update=bare)
    assert receive(world.viewer, [back])[0].revision == 3
    world.settle()
    assert world.videos() == {episode("Show", 1, 1): "1.mkv"}
    assert world.core.last(1).core_instance is None


def test_two_cores_with_the_same_numbers_do_not_meet(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.download("other/1.mkv")
    other = world.sync_request(1, "Another", 1, 1)
    changes = {"core_instance": "another", "file_path": str(world.downloads / "other/1.mkv"), "revision": 1}
    receive(world.viewer, [other.model_copy(update=changes)])
    world.settle()
    assert world.videos() == {episode("Show", 1, 1): "1.mkv", episode("Another", 1, 1): "1.mkv"}


def test_a_library_that_is_not_mounted_refuses_and_records_nothing(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    away = world.library.rename(world.library.parent / "unplugged")
    units, tasks = stored(world, tables.units), stored(world, tables.sync_tasks)
    for request in (world.resync_request(1, "Show", 1, 2), world.sync_request(2, "Show", 1, 3)):
        with pytest.raises(LibraryAway):
            receive(world.viewer, [request])
    with pytest.raises(LibraryAway):
        world.settle()
    assert (stored(world, tables.units), stored(world, tables.sync_tasks)) == (units, tasks)
    world.library.mkdir()  # the empty mount point
    with pytest.raises(LibraryAway):
        receive(world.start(), [world.resync_request(1, "Show", 1, 2)])
    assert list(world.library.iterdir()) == []
    world.library.rmdir()
    away.rename(world.library)
    world.resync((1, "Show", 1, 2))
    assert world.videos() == {episode("Show", 1, 2): "1.mkv"}


def test_what_cannot_be_recorded_is_refused_and_not_done(tmp_path: Path, sqlite_url: str) -> None:
    world = ViewerWorld(tmp_path, sqlite_url)
    world.file_away(1, "Show", 1, 1)
    before = snapshot(world.library)
    world.database.close()
    file = sqlite_url.removeprefix("sqlite:///")
    world.database = Database(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(Unavailable):
        receive(world.start(), [world.resync_request(1, "Show", 1, 2)])
    assert snapshot(world.library) == before
    world.database.close()


def test_reports_wait_for_core_and_come_when_it_is_back(world: ViewerWorld) -> None:
    world.core.is_there = False
    world.file_away(1, "Show", 1, 1)
    world.file_away(2, "Show", 1, 2)
    assert world.core.taken == []
    world.core.is_there = True
    assert report(world.viewer) == 0  # not due yet: Core is not hammered
    world.wait()
    assert [callback.download_id for callback in world.core.taken] == [1, 2]
    assert report(world.viewer) == 0


def test_a_report_that_came_twice_says_the_same(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    request = world.resync_request(1, "Show", 1, 2)
    receive(world.viewer, [request])
    world.settle()
    first = world.core.last(1)
    for _time in range(2):
        receive(world.viewer, [request])
        world.settle()
    assert world.core.taken[-2:] == [first, first]


def test_a_hold_is_reported_once_and_again_when_it_ends(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    foreign = world.library / episode("Show", 1, 2)
    foreign.write_bytes(b"somebody else's")
    world.resync((1, "Show", 1, 2))
    told = len(world.core.taken)
    world.wait()
    assert len(world.core.taken) == told
    foreign.unlink()
    world.wait()
    assert (world.core.last(1).status, world.core.last(1).held) == ("synced", False)


def test_a_newer_wish_is_not_held_up_by_the_hold_of_an_older_one(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    (world.library / episode("Show", 1, 2)).write_bytes(b"somebody else's")
    world.resync((1, "Show", 1, 2))
    world.resync((1, "Show", 1, 3))
    assert episode("Show", 1, 3) in world.tree()


def test_a_batch_says_how_far_it_has_got(world: ViewerWorld) -> None:
    for number in (1, 2, 3):
        world.file_away(number, "Show", 1, number)
    (world.library / episode("Show", 1, 9)).write_bytes(b"somebody else's")
    wishes = ((1, "Show", 1, 4), (2, "Show", 1, 2), (3, "Show", 1, 9))
    requests = [world.resync_request(*wish).model_copy(update={"batch_id": "b"}) for wish in wishes]
    receive(world.viewer, requests)
    assert batch_status(world.viewer, "b").pending == 3
    world.settle()
    status = batch_status(world.viewer, "b")
    assert (status.total, status.moved, status.unchanged, status.held) == (3, 1, 1, 1)
    with pytest.raises(NotFound):
        batch_status(world.viewer, "another")


def test_a_preview_says_what_then_happens_and_writes_nothing(world: ViewerWorld) -> None:
    for number in (1, 2, 3, 4):
        world.file_away(number, "Show", 1, number)
    (world.library / episode("Show", 1, 9)).write_bytes(b"somebody else's")
    wishes = ((1, "Show", 1, 2), (2, "Show", 1, 1), (3, "Show", 1, 9), (4, "Show", 1, 4))
    requests = [world.resync_request(*wish) for wish in wishes]
    before, rows = snapshot(world.library), stored(world, tables.sync_tasks)
    previews = Previews()
    first = previews.ask(world.viewer, ViewerPlanRequest(plan_id="p", items=tuple(requests[:2]), last=False))
    assert not first.complete
    answer = previews.ask(world.viewer, ViewerPlanRequest(plan_id="p", items=tuple(requests[2:])))
    assert (snapshot(world.library), stored(world, tables.sync_tasks)) == (before, rows)
    moves = {step.from_path: step.to_path for step in answer.steps}
    assert moves == {
        episode("Show", 1, 1): episode("Show", 1, 2),
        episode("Show", 1, 2): episode("Show", 1, 1),
    }
    assert [(hold.download_id, hold.reason) for hold in answer.holds] == [(3, "target_foreign")]
    assert answer.unchanged == 1
    receive(world.viewer, requests)
    summary = world.settle()
    assert (summary.moved, summary.held, summary.unchanged) == (2, 1, 1)


def test_a_first_sync_that_fails_halfway_leaves_nothing_behind(world: ViewerWorld) -> None:
    (world.downloads / "1.mkv").mkdir()  # no file: its subtitle can be linked, it cannot
    (world.downloads / "1.TC.ass").write_text("a subtitle")
    receive(world.viewer, [world.sync_request(1, "Show", 1, 1, subtitles=("1.TC.ass",))])
    world.settle()
    assert world.core.last(1).held
    assert (world.tree(), world.folders()) == ([], [])
    assert (world.downloads / "1.TC.ass").read_text() == "a subtitle"


def test_nothing_is_left_under_a_temporary_name(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    world.resync((1, "Other", 2, 3))
    names = [name for _base, folders, names in os.walk(world.library) for name in [*folders, *names]]
    assert [name for name in names if name.startswith(".seiton-")] == []
