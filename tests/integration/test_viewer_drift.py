"""Where records and disk differ, on real folders; and mending it without losing anything."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.contract import DriftFound, LibraryCheck, LibraryCheckPart, LibraryRepair, Mended
from seiton.domain.states import StepState
from seiton.errors import InvalidInput, NotFound
from seiton.viewer import journal, tables
from seiton.viewer.checks import Checks
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.receive import receive
from seiton.viewer.removal import receive_removals
from seiton.viewer.repair import repair
from tests.integration.viewer_world import ViewerWorld

SEASON = "Show/Season 01"
STEM = f"{SEASON}/Show - S01E0"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    made = ViewerWorld(tmp_path, database_url)
    for number in (1, 2):
        made.file_away(number, "Show", 1, number)
    yield made
    made.database.close()


def parts(world: ViewerWorld, kept: Checks | None = None) -> list[LibraryCheckPart]:
    world.start()  # nothing is known but what is on record and on the disk
    kept, cursor, found = kept or Checks(), None, []
    while True:
        part = kept.next_part(world.viewer, LibraryCheck(cursor=cursor))
        found.append(part)
        cursor = part.cursor
        if cursor is None:
            return found


def check(world: ViewerWorld) -> list[DriftFound]:
    return [finding for part in parts(world) for finding in part.findings]


def said(world: ViewerWorld) -> set[tuple[str, str, str]]:
    return {(one.kind, one.path, one.mending) for one in check(world)}


def mend(world: ViewerWorld, *, rewrite_nfo: bool = False) -> list[Mended]:
    items = tuple(check(world))
    done = list(repair(world.viewer, LibraryRepair(items=items, rewrite_nfo=rewrite_nfo)).items)
    world.settle()
    return done


def tree_digest(root: Path) -> str:
    """Return a digest of every name, content, mode and mtime below ``root``, and of the folders' own."""
    digest = hashlib.sha256()
    for base, folders, names in os.walk(root):
        folders.sort()
        for path in (base, *(os.path.join(base, name) for name in sorted(names))):
            status = os.lstat(path)
            digest.update(repr((path, status.st_mode, status.st_mtime_ns, status.st_ino)).encode())
            if os.path.isfile(path):
                digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def rows_of(world: ViewerWorld) -> list[list[Any]]:
    with world.database.read() as connection:
        return [
            [tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key))]
            for table in tables.metadata.sorted_tables
        ]


def move(world: ViewerWorld, source: str, target: str) -> None:
    (world.library / target).parent.mkdir(parents=True, exist_ok=True)
    (world.library / source).rename(world.library / target)


@pytest.mark.timeout(300)
def test_a_healthy_library_gives_nothing_and_is_not_touched(tmp_path: Path, database_url: str) -> None:
    world = ViewerWorld(tmp_path, database_url)
    numbers = range(1, 301)
    for number in numbers:
        world.download(f"{number}.mkv", size=64)
    receive(
        world.viewer,
        [
            world.sync_request(n, f"Show {n % 7}", 1 + n % 3, 1 + n // 21 if n % 2 else 100 + n)
            for n in numbers
        ],
    )
    assert world.settle().moved + world.settle().held == 300
    before, records = tree_digest(world.library), rows_of(world)
    found = parts(world)
    assert [finding for part in found for finding in part.findings] == []
    assert found[-1].units >= 290
    assert found[-1].folders > 20
    assert tree_digest(world.library) == before
    assert rows_of(world) == records
    world.database.close()


def test_a_file_that_is_gone_is_missing_and_core_is_told(world: ViewerWorld) -> None:
    (world.library / f"{STEM}1.mkv").unlink()
    assert said(world) == {
        ("missing", f"{STEM}1.mkv", "record_missing"),
        ("orphaned_sidecar", f"{STEM}1.nfo", "nothing"),
    }
    assert {item.outcome for item in mend(world)} == {"mended", "left"}
    told = world.core.last(1)
    assert (told.status, told.reason, told.drifted) == ("failed", "source_missing", True)
    assert ("missing", f"{STEM}1.mkv", "nothing") in said(world)  # and stays known as missing
    assert list(world.videos()) == [f"{STEM}2.mkv"]


def test_a_missing_file_is_filed_from_its_download_again_when_core_asks(world: ViewerWorld) -> None:
    (world.library / f"{STEM}1.mkv").unlink()
    (world.library / f"{STEM}1.nfo").unlink()
    mend(world)
    assert f"{STEM}1.mkv" not in world.videos()
    world.resync((1, "Show", 1, 1))
    assert world.videos()[f"{STEM}1.mkv"] == "1.mkv"
    assert world.core.last(1).status == "synced"
    assert said(world) == set()


def test_a_missing_file_that_is_removed_is_over_at_once(world: ViewerWorld) -> None:
    (world.library / f"{STEM}1.mkv").unlink()
    (world.library / f"{STEM}1.nfo").unlink()
    mend(world)
    receive_removals(world.viewer, [world.removal(1)])
    world.settle()
    assert world.core.last(1).status == "synced"
    assert said(world) == set()


def test_a_file_that_was_moved_by_hand_is_found_by_identity_and_put_back(world: ViewerWorld) -> None:
    before = tree_digest(world.library / SEASON)
    move(world, f"{STEM}1.mkv", "Watched/first.mkv")
    move(world, f"{STEM}1.nfo", "Watched/first.nfo")
    (world.library / "Watched/first.zh.ass").write_text("mine")
    (found,) = check(world)
    assert (found.kind, found.path, found.found) == ("moved_by_hand", f"{STEM}1.mkv", "Watched/first.mkv")
    assert (found.mending, found.download_id) == ("put_back", 1)
    assert [item.outcome for item in mend(world)] == ["mended"]
    assert (world.library / f"{STEM}1.zh.ass").read_text() == "mine"
    (world.library / f"{STEM}1.zh.ass").unlink()
    assert world.videos() == {f"{STEM}1.mkv": "1.mkv", f"{STEM}2.mkv": "2.mkv"}
    assert tree_digest(world.library / SEASON) != before  # the folder's own time
    assert said(world) == set()


def test_a_show_folder_that_was_renamed_by_hand_is_put_back_as_a_whole(world: ViewerWorld) -> None:
    before = {path: (world.library / path).read_bytes() for path in world.tree()}
    (world.library / "Show").rename(world.library / "My Show")
    assert {one.kind for one in check(world)} == {"moved_by_hand", "foreign", "stale_record"}
    mend(world)
    assert {path: (world.library / path).read_bytes() for path in world.tree()} == before
    assert said(world) == set()


def test_only_the_video_was_renamed_and_its_nfo_waits_for_it(world: ViewerWorld) -> None:
    move(world, f"{STEM}1.mkv", f"{SEASON}/old name.mkv")
    assert {one.kind for one in check(world)} == {"moved_by_hand", "orphaned_sidecar"}
    mend(world)
    assert world.tree() == [
        *(f"{STEM}{number}.{tail}" for number in (1, 2) for tail in ("mkv", "nfo")),
        f"{SEASON}/season.nfo",
        "Show/tvshow.nfo",
    ]
    assert said(world) == set()


def test_where_somebody_has_taken_the_place_it_is_recorded_where_it_lies_and_held(world: ViewerWorld) -> None:
    move(world, f"{STEM}1.mkv", "Watched/first.mkv")
    (world.library / f"{STEM}1.mkv").write_bytes(b"somebody else's")
    assert said(world) == {("moved_by_hand", f"{STEM}1.mkv", "record_place")}
    mend(world)
    assert (world.library / f"{STEM}1.mkv").read_bytes() == b"somebody else's"
    assert world.videos()["Watched/first.mkv"] == "1.mkv"
    told = world.core.last(1)
    assert (told.reason, told.drifted, told.target_path) == (
        "target_foreign",
        True,
        str(world.library / "Watched/first.mkv"),
    )
    (world.library / f"{STEM}1.mkv").unlink()
    (world.library / f"{STEM}1.nfo").unlink()
    world.wait()
    assert world.videos()[f"{STEM}1.mkv"] == "1.mkv"
    assert (world.core.last(1).status, world.core.last(1).drifted) == ("synced", True)
    assert said(world) == set()


def test_another_file_in_the_place_of_ours_is_named_and_left(world: ViewerWorld) -> None:
    path = world.library / f"{STEM}1.mkv"
    path.unlink()
    path.write_bytes(b"encoded anew by the user")
    assert said(world) == {("replaced", f"{STEM}1.mkv", "nothing")}
    mend(world)
    assert path.read_bytes() == b"encoded anew by the user"


def test_a_file_of_strangers_is_listed_and_never_touched(world: ViewerWorld) -> None:
    (world.library / "Films").mkdir()
    names = ["Films/film.mkv", "Films/film.srt", f"{SEASON}/poster.jpg"]
    for name in names:
        (world.library / name).write_text(name)
    assert said(world) == {("foreign", name, "nothing") for name in names}
    mend(world)
    assert [(world.library / name).read_text() for name in names] == names


def test_of_very_many_foreign_files_only_the_number_is_told(
    world: ViewerWorld,
) -> None:
    for number in range(30):
        (world.library / f"{number}.txt").write_text("x")
    found = parts(world, Checks(part=7, foreign_listed=10))
    assert sum(part.counts.get("foreign", 0) for part in found) == 30
    assert sum(len(part.findings) for part in found) == 10
    assert len(found) > 1


def test_an_edited_nfo_stays_unless_it_shall_be_renewed_and_then_keeps_the_users_own(
    world: ViewerWorld,
) -> None:
    nfo = world.library / f"{STEM}1.nfo"
    edited = nfo.read_text().replace("</episodedetails>", "<mood>calm</mood></episodedetails>")
    nfo.write_text(edited.replace("<season>1<", "<season>7<"))
    before = nfo.read_text()
    assert said(world) == {("edited_nfo", f"{STEM}1.nfo", "rewrite_nfo")}
    assert [item.outcome for item in mend(world)] == ["left"]
    assert nfo.read_text() == before
    mend(world, rewrite_nfo=True)
    assert "<mood>calm</mood>" in nfo.read_text()
    assert "<season>1<" in nfo.read_text()
    assert said(world) == set()


def test_an_nfo_that_is_gone_is_written_again(world: ViewerWorld) -> None:
    nfo = world.library / f"{STEM}1.nfo"
    before = nfo.read_bytes()
    nfo.unlink()
    assert said(world) == {("missing_nfo", f"{STEM}1.nfo", "write_nfo")}
    mend(world)
    assert nfo.read_bytes() == before
    assert said(world) == set()


def test_a_sidecar_of_a_former_name_joins_its_video(world: ViewerWorld) -> None:
    world.resync((1, "Show", 1, 5))
    late = world.library / f"{STEM}1.zh.ass"
    late.write_text("came late")
    (found,) = check(world)
    assert (found.kind, found.mending, found.found) == ("orphaned_sidecar", "join", f"{STEM}5.zh.ass")
    mend(world)
    assert (world.library / f"{STEM}5.zh.ass").read_text() == "came late"
    assert not late.exists()
    assert said(world) == set()


def test_a_sidecar_that_may_belong_to_several_or_whose_place_is_taken_stays(world: ViewerWorld) -> None:
    world.resync((1, "Show", 1, 3))
    world.resync((2, "Show", 1, 1))
    world.resync((2, "Show", 1, 4))  # both have been E01 by now
    (world.library / f"{STEM}1.zh.ass").write_text("whose?")
    (world.library / f"{STEM}2.zh.ass").write_text("of the second")
    (world.library / f"{STEM}4.zh.ass").write_text("there already")
    assert said(world) == {
        ("orphaned_sidecar", f"{STEM}1.zh.ass", "nothing"),
        ("orphaned_sidecar", f"{STEM}2.zh.ass", "nothing"),
    }
    mend(world)
    assert (world.library / f"{STEM}1.zh.ass").read_text() == "whose?"
    assert (world.library / f"{STEM}4.zh.ass").read_text() == "there already"


def test_a_restored_disk_is_recorded_again(world: ViewerWorld) -> None:
    for number in (1, 2):
        path = world.library / f"{STEM}{number}.mkv"
        shutil.copy2(path, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    assert {(one.kind, one.mending) for one in check(world)} == {("stale_record", "record_again")}
    mend(world)
    assert said(world) == set()
    world.resync((1, "Show", 1, 9))
    assert world.videos()[f"{STEM}9.mkv"] == "1.mkv"


def test_a_generated_file_that_is_gone_is_no_longer_on_record(world: ViewerWorld) -> None:
    (world.library / "Show/tvshow.nfo").unlink()
    assert said(world) == {("stale_record", "Show/tvshow.nfo", "forget")}
    mend(world)
    assert said(world) == set()
    (world.library / "Show/tvshow.nfo").write_text("the user's own")
    world.resync((1, "Shou", 1, 1), (2, "Shou", 1, 2))
    assert (world.library / "Show/tvshow.nfo").read_text() == "the user's own"


def test_only_disposable_leftovers_are_removed(world: ViewerWorld) -> None:
    (world.library / SEASON / ".seiton-tmp-00ff").write_bytes(b"half a copy")
    (world.library / SEASON / ".seiton-park-00fe.mkv").write_bytes(b"perhaps the only copy")
    (world.library / SEASON / ".seiton-retire-00fd").write_bytes(b"perhaps, too")
    assert said(world) == {
        ("leftover", f"{SEASON}/.seiton-tmp-00ff", "discard"),
        ("leftover", f"{SEASON}/.seiton-park-00fe.mkv", "nothing"),
        ("leftover", f"{SEASON}/.seiton-retire-00fd", "nothing"),
    }
    mend(world)
    names = sorted(name for name in os.listdir(world.library / SEASON) if name.startswith("."))
    assert names == [".seiton-park-00fe.mkv", ".seiton-retire-00fd"]


def test_what_an_open_step_explains_is_no_finding(world: ViewerWorld) -> None:
    """As in the middle of a resync: the file has gone, the record follows."""
    library = world.viewer.library()
    identity = (world.library / f"{STEM}1.mkv").stat()
    with world.database.read() as connection:
        unit = connection.execute(sa.select(tables.units.c.unit_id).order_by(tables.units.c.unit_id)).first()
    assert unit is not None
    step = Step(
        kind=StepKind.MOVE,
        unit_id=unit.unit_id,
        source=f"{STEM}1.mkv".encode(),
        target=f"{STEM}7.mkv".encode(),
        token="00aa",
    )
    with world.database.write() as connection:
        (step,) = journal.record(connection, library.library_id, "plan", [step], world.viewer.now())
    move(world, f"{STEM}1.mkv", f"{STEM}7.mkv")
    (world.library / SEASON / ".seiton-tmp-00aa").write_text("x")
    assert {one.path for one in check(world)} <= {f"{STEM}1.nfo"}
    with world.database.write() as connection:
        journal.close(connection, [step], StepState.ABANDONED, world.viewer.now())
    assert {one.kind for one in check(world)} == {"moved_by_hand", "orphaned_sidecar", "leftover"}
    assert identity.st_ino == (world.library / f"{STEM}7.mkv").stat().st_ino


def test_a_library_that_is_away_is_one_finding_and_nothing_else(world: ViewerWorld) -> None:
    elsewhere = world.library.with_name("unmounted")
    world.library.rename(elsewhere)
    assert [one.kind for one in check(world)] == ["library_away"]
    world.library.mkdir()
    assert [one.kind for one in check(world)] == ["library_away"]
    assert list(world.library.iterdir()) == []
    (world.library / ".seiton").mkdir()
    (world.library / ".seiton/library-id").write_text("6f1f9d3e-6b9f-4f0e-9e6c-0123456789ab\n")
    (one,) = check(world)
    assert one.kind == "library_away" and "6f1f9d3e" in (one.detail or "")
    shutil.rmtree(world.library)
    elsewhere.rename(world.library)
    assert said(world) == set()


def test_names_that_are_not_utf_8_are_found_and_put_back(world: ViewerWorld) -> None:
    odd = os.path.join(os.fsencode(world.library), b"\xb5\xda1\xbb\xb0.mkv")
    os.rename(world.library / f"{STEM}1.mkv", odd)
    (found,) = [one for one in check(world) if one.kind == "moved_by_hand"]
    assert found.found == r"\xb5\xda1\xbb\xb0.mkv"
    mend(world)
    assert world.videos()[f"{STEM}1.mkv"] == "1.mkv"


def test_what_has_changed_since_the_check_is_left_alone(world: ViewerWorld) -> None:
    move(world, f"{STEM}1.mkv", "first.mkv")
    items = tuple(check(world))
    move(world, "first.mkv", "second.mkv")
    done = repair(world.viewer, LibraryRepair(items=items)).items
    assert {item.outcome for item in done} == {"changed", "left"}
    assert (world.library / "second.mkv").exists()
    move(world, "second.mkv", "first.mkv")
    (world.library / f"{STEM}1.mkv").write_bytes(b"somebody else's")
    repair(world.viewer, LibraryRepair(items=items))
    assert (world.library / f"{STEM}1.mkv").read_bytes() == b"somebody else's"
    assert (world.library / "first.mkv").exists()


def test_paths_that_lead_out_of_the_library_are_refused(world: ViewerWorld) -> None:
    outside = world.library.parent / ".seiton-tmp-00"
    outside.write_text("not in the library")
    for at in ("../.seiton-tmp-00", "/etc/passwd", "Show/%2E%2E/x", ".seiton/library-id"):
        item = DriftFound(kind="leftover", path="x", at=at, mending="discard")
        with pytest.raises(InvalidInput):
            repair(world.viewer, LibraryRepair(items=(item,)))
    assert outside.exists()
    item = DriftFound(kind="leftover", path="x", at=f"{STEM}1.mkv", mending="discard")
    assert repair(world.viewer, LibraryRepair(items=(item,))).items[0].outcome == "changed"
    assert f"{STEM}1.mkv" in world.videos()


def test_a_part_can_be_asked_for_again_and_a_forgotten_check_says_so(
    world: ViewerWorld,
) -> None:
    for number in range(3):
        (world.library / f"{number}.txt").write_text("x")
    kept = Checks(part=1)
    first = kept.next_part(world.viewer, LibraryCheck())
    second = kept.next_part(world.viewer, LibraryCheck(cursor=first.cursor))
    assert kept.next_part(world.viewer, LibraryCheck(cursor=first.cursor)) == second
    assert second.findings != first.findings
    for cursor in ("nonsense", "00.1", f"{(second.cursor or '').partition('.')[0]}.99"):
        with pytest.raises(NotFound):
            kept.next_part(world.viewer, LibraryCheck(cursor=cursor))


def test_a_video_in_another_format_at_its_place_keeps_it_too(world: ViewerWorld) -> None:
    move(world, f"{STEM}1.mkv", "first.mkv")
    (world.library / f"{STEM}1.mp4").write_bytes(b"somebody else's")
    assert ("moved_by_hand", f"{STEM}1.mkv", "record_place") in said(world)
    mend(world)
    assert world.videos()["first.mkv"] == "1.mkv"
    assert world.core.last(1).reason == "target_foreign"


def test_a_missing_file_that_is_restored_to_its_place_is_there_again(world: ViewerWorld) -> None:
    path, backup = world.library / f"{STEM}1.mkv", world.library.parent / "backup.mkv"
    shutil.copy2(path, backup)
    path.unlink()
    mend(world)
    shutil.copy2(backup, path)
    assert said(world) == {("stale_record", f"{STEM}1.mkv", "put_back")}
    mend(world)
    assert said(world) == set()
    assert (world.core.last(1).status, world.core.last(1).drifted) == ("synced", True)
    world.resync((1, "Show", 1, 8))
    assert world.videos()[f"{STEM}8.mkv"] == "1.mkv"


def test_a_core_that_knows_no_revisions_gets_a_missing_file_filed_again(world: ViewerWorld) -> None:
    world.download("3.mkv")
    plain = {"revision": None, "core_instance": None}
    request = world.sync_request(3, "Show", 1, 3).model_copy(update=plain)
    receive(world.viewer, [request])
    world.settle()
    (world.library / f"{STEM}3.mkv").unlink()
    (world.library / f"{STEM}3.nfo").unlink()
    mend(world)
    assert world.core.last(3).status == "failed"
    receive(world.viewer, [request])
    world.settle()
    assert world.videos()[f"{STEM}3.mkv"] == "3.mkv"


def test_a_missing_file_whose_download_is_gone_too_stays_held_without_new_revisions(
    world: ViewerWorld,
) -> None:
    (world.library / f"{STEM}1.mkv").unlink()
    (world.library / f"{STEM}1.nfo").unlink()
    (world.downloads / "1.mkv").unlink()
    mend(world)
    request = world.resync_request(1, "Show", 1, 1)
    assert [receipt.receipt for receipt in receive(world.viewer, [request])] == ["accepted"]
    world.settle()
    assert world.core.last(1).reason == "source_missing"
    assert [receipt.receipt for receipt in receive(world.viewer, [request])] == ["repeated"]
    world.settle()
    assert world.core.last(1).reason == "source_missing"
