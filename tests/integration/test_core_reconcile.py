"""Core and Viewer over a bad wire: whatever is lost, late, doubled or re-ordered, the end is the same."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from seiton.contract import ItemReceipt, Receipt, ViewerResyncRequest, ViewerSyncCallback, ViewerSyncRequest
from seiton.core import tables
from seiton.core.downloads.retry import retry_download
from seiton.core.filing.callbacks import take_callback, take_callbacks
from seiton.core.filing.receipts import take_receipts
from seiton.core.filing.resync import ask_again, reconcile
from seiton.core.retries import GIVE_UP, next_try
from seiton.domain.states import HoldReason
from seiton.errors import InvalidInput, NotFound
from seiton.viewer.converge import converge
from seiton.viewer.report import report
from tests.integration.core_world import START, CoreWorld
from tests.integration.core_world import world as world


def _filed(world: CoreWorld, number: int = 1) -> int:
    """File episodes under a parser of their own; return its id."""
    write = world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, number + 1)))
    world.settle()
    assert world.states() == ["synced"] * number
    world.wire.messages.clear()
    assert write.parser is not None
    return int(write.parser["parser_id"])


def _callback(world: CoreWorld, **values: object) -> ViewerSyncCallback:
    fields = {"download_id": 1, "status": "synced", "target_path": "/library/x.mkv", "revision": 1}
    return ViewerSyncCallback.model_validate(fields | values)


def _asked(world: CoreWorld) -> list[tuple[str, int]]:
    return [
        ("sync" if isinstance(message, ViewerSyncRequest) else "resync", message.revision)
        for message in world.wire.messages
    ]


# Messages


def test_a_resync_says_what_the_file_is_and_where_it_was(world: CoreWorld) -> None:
    parser_id = _filed(world)
    path = world.download(1)["library_path"]
    world.edit(parser_id, series_no_value="2")
    reconcile(world.core)
    (message,) = world.wire.messages
    assert isinstance(message, ViewerResyncRequest)
    assert (message.download_id, message.anime_title, message.series_no, message.episode_no) == (
        1,
        "Show",
        2,
        1,
    )
    assert (message.subtitle_group, message.revision, message.old_target_path) == ("G", 2, path)
    assert message.series_id == world.rows(tables.series)[-1]["series_id"]
    assert message.core_instance == world.core.instance_id
    assert world.states() == ["resyncing"]
    assert world.download(1)["sent_revision"] == 2


def test_the_state_is_committed_before_the_viewer_hears_of_it(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, series_no_value="2")
    seen: list[str] = []
    world.wire.while_sending = lambda: seen.extend(world.states())
    reconcile(world.core)
    assert seen == ["resyncing"]


def test_a_second_edit_while_a_file_is_filed_is_sent_after_it(world: CoreWorld) -> None:
    write = world.create(priority=9, series_no=1)
    assert write.parser is not None
    world.bring("[G] Show - 01")
    world.fetch()
    reconcile(world.core)
    assert world.states() == ["syncing"]
    edit = world.edit(write.parser["parser_id"], series_no_value="2")
    assert edit.resync["resync_triggered"] == 1
    assert world.resync(edit.resync["resync_id"])["state"] == "running"
    world.settle()
    assert world.videos() == {"Show - S02E01": "[G] Show - 01"}
    assert world.states() == ["synced"]
    download = world.download(1)
    assert download["applied_revision"] == download["desired_revision"] == 2
    assert world.resync(edit.resync["resync_id"])["state"] == "done"
    assert world.outcomes(edit.resync["resync_id"]) in ({"moved": 1}, {"unchanged": 1})


def test_an_edit_in_the_middle_of_a_resync_is_another_revision(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, series_no_value="2")

    def edit() -> None:
        world.edit(parser_id, series_no_value="3")

    world.wire.while_sending = edit
    world.wire.holds_reports = True
    reconcile(world.core)
    assert _asked(world) == [("resync", 2)]
    converge(world.viewer)
    report(world.viewer)
    reconcile(world.core)
    assert _asked(world) == [("resync", 2), ("resync", 3)]
    world.wire.release()
    download = world.download(1)
    assert (download["status"], download["applied_revision"]) == ("resyncing", 2)
    assert "Season 02" in download["library_path"], "where it lies is news all the same"
    world.settle()
    assert world.videos() == {"Show - S03E01": "[G] Show - 01"}
    assert world.states() == ["synced"]


def test_requests_are_sent_in_batches(world: CoreWorld) -> None:
    parser_id = _filed(world, 3)
    world.edit(parser_id, series_no_value="2")
    reconcile(world.core)
    assert len({message.batch_id for message in world.wire.messages}) == 1
    assert len(world.wire.messages) == 3


# Reports


@pytest.mark.parametrize("times", [0, 1, 2])
def test_reports_may_come_any_number_of_times(world: CoreWorld, times: int) -> None:
    parser_id = _filed(world, 3)
    world.edit(parser_id, series_no_value="2")
    world.wire.holds_reports = True
    world.file()
    held = world.wire.held
    world.wire.release(held * times)
    world.pass_time(minutes=2)
    world.settle()
    assert world.states() == ["synced"] * 3
    assert sorted(world.videos()) == ["Show - S02E01", "Show - S02E02", "Show - S02E03"]
    assert {row["applied_revision"] for row in world.rows(tables.downloads)} == {2}


@pytest.mark.parametrize("seed", range(5))
def test_reports_may_come_late_and_in_any_order(world: CoreWorld, seed: int) -> None:
    chance = random.Random(seed)
    parser_id = _filed(world, 3)
    world.wire.holds_reports = True
    for series_no in ("2", "3", "4"):
        edit = world.edit(parser_id, series_no_value=series_no)
        world.file()
    held = list(world.wire.held)
    chance.shuffle(held)
    world.wire.holds_reports = True
    for callback in held:
        take_callbacks(world.core, [callback, callback])
    world.wire.release([])
    world.pass_time(minutes=2)
    world.settle()
    assert world.states() == ["synced"] * 3
    assert sorted(world.videos()) == [f"Show - S04E0{number}" for number in (1, 2, 3)]
    for row in world.rows(tables.downloads):
        assert row["applied_revision"] == row["desired_revision"] == 4
        assert row["library_path"].endswith(f"S04E0{row['download_id']}.mkv")
    assert world.resync(edit.resync["resync_id"])["state"] == "done"


def test_a_repeated_report_writes_nothing(world: CoreWorld) -> None:
    _filed(world)
    before = dict(world.download(1))
    world.pass_time(hours=1)
    again = _callback(world, target_path=before["library_path"], core_instance=world.core.instance_id)
    assert take_callback(world.core, again) is False
    assert dict(world.download(1)) == before


def test_a_report_for_an_unknown_download_is_refused(world: CoreWorld) -> None:
    with pytest.raises(NotFound, match="99"):
        take_callback(world.core, _callback(world, download_id=99))
    assert take_callbacks(world.core, [_callback(world, download_id=99)]) == {}


def test_a_report_without_a_path_is_refused(world: CoreWorld) -> None:
    _filed(world)
    with pytest.raises(InvalidInput) as caught:
        take_callback(world.core, _callback(world, target_path=None))
    assert [problem.field for problem in caught.value.problems] == ["target_path"]
    path = world.download(1)["library_path"]
    take_callbacks(world.core, [_callback(world, target_path=None)])
    assert world.download(1)["library_path"] == path


def test_a_report_for_another_core_is_ignored(world: CoreWorld) -> None:
    _filed(world)
    before = dict(world.download(1))
    other = _callback(world, core_instance="somebody else", status="failed", target_path=None)
    assert take_callback(world.core, other) is False
    assert dict(world.download(1)) == before


@pytest.mark.parametrize("revision", [None, 1])
def test_a_report_of_what_was_never_asked_is_ignored(world: CoreWorld, revision: int | None) -> None:
    world.bring("[G] Show - 01 [1080p]")
    world.fetch()
    assert take_callback(world.core, _callback(world, revision=revision)) is False
    assert world.states() == ["completed"]


def test_a_report_without_a_revision_counts_for_what_was_sent(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    world.fetch()
    reconcile(world.core)
    assert take_callback(world.core, _callback(world, revision=None)) is True
    download = world.download(1)
    assert (download["status"], download["applied_revision"]) == ("synced", 1)


def test_a_late_failure_does_not_harm_what_has_succeeded(world: CoreWorld) -> None:
    _filed(world)
    before = dict(world.download(1))
    late = _callback(world, status="failed", target_path=None, error_message="too late")
    assert take_callback(world.core, late) is False
    assert dict(world.download(1)) == before


def test_a_first_sync_that_fails_three_times_is_shown_as_failed_and_tried_on(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    world.fetch()
    seen = []
    for _try in range(3):
        reconcile(world.core)
        failed = _callback(world, status="failed", target_path=None, error_message="disk on fire")
        take_callbacks(world.core, [failed, failed])
        seen.append((world.states()[0], world.download(1)["attempts"]))
        world.pass_time(hours=7)
    assert seen == [("completed", 1), ("completed", 2), ("sync_failed", 3)]
    assert world.download(1)["error_message"] == "disk on fire"
    world.settle()
    download = world.download(1)
    assert (download["status"], download["attempts"], download["hold_reason"]) == ("synced", 0, None)


def test_a_resync_that_fails_never_makes_a_file_a_failed_download(world: CoreWorld) -> None:
    parser_id = _filed(world)
    path = world.download(1)["library_path"]
    edit = world.edit(parser_id, series_no_value="2")
    for _try in range(5):
        reconcile(world.core)
        assert world.states() == ["resyncing"]
        failed = _callback(world, status="failed", target_path=None, error_message="no", revision=2)
        take_callback(world.core, failed)
        assert world.states() == ["synced"]
        world.pass_time(hours=7)
    download = world.download(1)
    assert (download["library_path"], download["attempts"]) == (path, 5)
    assert world.outcomes(edit.resync["resync_id"]) == {"failed": 1}
    assert world.resync(edit.resync["resync_id"])["state"] == "running", "it is tried again"
    world.settle()
    assert world.outcomes(edit.resync["resync_id"]) == {"moved": 1}
    assert world.resync(edit.resync["resync_id"])["state"] == "done"


def test_a_held_file_shows_why_and_moves_when_the_way_is_free(world: CoreWorld) -> None:
    parser_id = _filed(world)
    stranger = world.library / "Show" / "Season 02" / "Show - S02E01.mkv"
    stranger.parent.mkdir()
    stranger.write_bytes(b"somebody else's")
    edit = world.edit(parser_id, series_no_value="2")
    world.settle()
    download = world.download(1)
    assert (download["status"], download["hold_reason"]) == ("synced", HoldReason.TARGET_FOREIGN)
    item = world.row(tables.resync_items)
    assert (item["outcome"], item["reason"]) == ("held", HoldReason.TARGET_FOREIGN)
    assert world.resync(edit.resync["resync_id"])["state"] == "done"
    assert stranger.read_bytes() == b"somebody else's"
    stranger.unlink()
    world.pass_time(hours=1)
    world.settle()
    download = world.download(1)
    assert (download["status"], download["hold_reason"], download["attempts"]) == ("synced", None, 0)
    assert world.outcomes(edit.resync["resync_id"]) == {"moved": 1}
    assert world.videos() == {"Show - S02E01": "[G] Show - 01"}


def test_a_first_sync_that_is_held_shows_why_and_is_filed_when_the_way_is_free(world: CoreWorld) -> None:
    stranger = world.library / "Show" / "Season 01" / "Show - S01E01.mkv"
    world.bring("[G] Show - 00 [1080p]")
    world.settle()
    stranger.parent.mkdir(parents=True, exist_ok=True)
    stranger.write_bytes(b"somebody else's")
    world.bring("[G] Show - 01 [1080p]")
    world.settle()
    download = world.download(2)
    assert (download["status"], download["hold_reason"]) == ("sync_failed", HoldReason.TARGET_FOREIGN)
    stranger.unlink()
    world.pass_time(hours=1)
    world.settle()
    assert world.states() == ["synced", "synced"]
    assert world.download(2)["hold_reason"] is None


def test_a_hold_that_says_where_the_file_lies_files_it(world: CoreWorld) -> None:
    """The report of the first revision was lost; the second is held where the first one put the file."""
    world.bring("[G] Show - 01 [1080p]")
    world.fetch()
    reconcile(world.core)
    held = _callback(world, status="failed", held=True, reason="target_foreign", target_path="/library/a.mkv")
    take_callback(world.core, held)
    download = world.download(1)
    assert (download["status"], download["library_path"]) == ("synced", "/library/a.mkv")
    assert download["applied_revision"] < download["desired_revision"]


# Answers, and silence


def test_a_viewer_that_is_away_is_asked_again_and_nothing_counts_as_a_failure(world: CoreWorld) -> None:
    parser_id = _filed(world, 2)
    world.wire.is_cut = True
    edit = world.edit(parser_id, series_no_value="2")
    for _turn in range(30):
        world.settle()
        world.pass_time(days=1)
    row = world.download(1)
    assert (row["status"], row["attempts"], row["failing_since"]) == ("resyncing", 0, None)
    assert row["error_message"] == "the viewer is away"
    world.wire.is_cut = False
    world.settle()
    assert world.outcomes(edit.resync["resync_id"]) == {"moved": 2}
    assert world.states() == ["synced", "synced"]
    assert world.download(1)["error_message"] is None


def test_an_answer_that_is_lost_does_no_harm(world: CoreWorld) -> None:
    parser_id = _filed(world, 2)
    world.edit(parser_id, series_no_value="2")
    world.wire.swallows_answers = True
    world.file()
    world.wire.swallows_answers = False
    world.pass_time(minutes=2)
    world.settle()
    assert world.states() == ["synced"] * 2
    assert sorted(world.videos()) == ["Show - S02E01", "Show - S02E02"]


def test_an_item_that_the_answer_leaves_out_is_asked_again(world: CoreWorld) -> None:
    parser_id = _filed(world, 2)
    world.edit(parser_id, series_no_value="2")
    world.wire.unanswered = {1}
    world.wire.holds_reports = True
    world.file()
    world.wire.held.clear()
    world.wire.holds_reports = False
    reconcile(world.core)
    assert len(world.wire.messages) == 2, "not at once"
    world.pass_time(seconds=61)
    reconcile(world.core)
    assert len(world.wire.messages) == 4
    world.settle()
    assert world.states() == ["synced"] * 2


def test_a_report_that_does_not_come_is_asked_for_and_repeats_are_free(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, series_no_value="2")
    world.wire.holds_reports = True
    world.file()
    world.wire.held.clear()
    before = world.tree()
    world.wire.holds_reports = False
    world.pass_time(seconds=61)
    world.settle()
    assert _asked(world) == [("resync", 2), ("resync", 2)]
    assert world.states() == ["synced"]
    assert world.tree() == before


def test_a_message_that_died_with_core_is_sent_at_its_next_start(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, series_no_value="2")
    world.wire.while_sending = _die
    with pytest.raises(Died):
        reconcile(world.core)
    reconcile(world.core)
    assert (world.states(), _asked(world)) == (["resyncing"], [])  # it could still be on its way
    world.start()
    world.settle()
    assert (world.states(), _asked(world)) == (["synced"], [("resync", 2)])
    assert ask_again(world.core) == 0


class Died(Exception):
    """A process ended here."""


def _die() -> None:
    raise Died


def test_a_restored_backup_goes_beyond_what_the_viewer_has_seen(world: CoreWorld) -> None:
    parser_id = _filed(world)
    for series_no in ("2", "3", "4"):
        world.edit(parser_id, series_no_value=series_no)
        world.settle()
    table = tables.downloads
    with world.database.write() as connection:
        connection.execute(table.update().values(desired_revision=1, applied_revision=1, sent_revision=1))
    edit = world.edit(parser_id, series_no_value="5")
    world.settle()
    download = world.download(1)
    assert download["desired_revision"] == download["applied_revision"] == 5
    assert world.videos() == {"Show - S05E01": "[G] Show - 01"}
    assert world.outcomes(edit.resync["resync_id"]) == {"moved": 1}
    assert world.resync(edit.resync["resync_id"])["state"] == "done"


def test_a_file_that_the_viewer_does_not_know_is_held_with_the_reason(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = world.edit(parser_id, series_no_value="2")
    reconcile(world.core)
    row = dict(world.download(1)) | {"status": "synced"}
    world.pass_time(seconds=1)
    take_receipts(
        world.core, [row], [ItemReceipt(download_id=1, receipt=Receipt.UNKNOWN, revision=2, reason=None)]
    )
    download = world.download(1)
    assert (download["status"], download["hold_reason"]) == ("synced", HoldReason.SOURCE_MISSING)
    assert download["next_try_at"] == world.time + timedelta(minutes=1)
    assert world.outcomes(edit.resync["resync_id"]) == {"held": 1}
    world.pass_time(minutes=2)
    world.settle()
    assert world.outcomes(edit.resync["resync_id"]) == {"moved": 1}


def test_a_refusal_that_was_overtaken_changes_nothing(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, series_no_value="2")
    reconcile(world.core)
    row = dict(world.download(1)) | {"status": "synced"}
    world.settle()
    before = dict(world.download(1))
    refused = ItemReceipt(download_id=1, receipt=Receipt.REFUSED, revision=2, reason="outside_root")
    take_receipts(world.core, [row], [refused])
    assert dict(world.download(1)) == before


def test_a_first_sync_that_is_refused_shows_why_and_is_tried_again(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    world.fetch()
    with world.database.write() as connection:
        connection.execute(tables.downloads.update().values(source_path="/etc/passwd"))
    reconcile(world.core)
    download = world.download(1)
    assert (download["status"], download["hold_reason"]) == ("sync_failed", HoldReason.OUTSIDE_ROOT)
    assert download["next_try_at"] == world.time + timedelta(minutes=1)
    world.pass_time(minutes=2)
    assert reconcile(world.core) == 0
    assert world.download(1)["attempts"] == 2


# Trying again


def test_the_pause_doubles_from_a_minute_to_six_hours() -> None:
    pauses = [(next_try(START, attempts) - START).total_seconds() / 60 for attempts in range(1, 12)]
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]
    assert next_try(START, 10**6) - START == timedelta(hours=6)


def test_after_fourteen_days_it_is_given_up_until_somebody_asks(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = world.edit(parser_id, series_no_value="2")
    began = world.time
    tries = 0
    while world.download(1)["hold_reason"] != HoldReason.GAVE_UP:
        assert world.time - began < timedelta(days=20)
        if reconcile(world.core):
            tries += 1
            failed = _callback(world, status="failed", target_path=None, error_message="no", revision=2)
            take_callback(world.core, failed)
        world.pass_time(hours=1)
    assert GIVE_UP < world.time - began < GIVE_UP + timedelta(days=1)
    assert 60 < tries < 80
    assert world.states() == ["synced"]
    assert world.outcomes(edit.resync["resync_id"]) == {"held": 1}
    assert world.resync(edit.resync["resync_id"])["state"] == "done"
    world.pass_time(days=30)
    assert reconcile(world.core) == 0
    retry_download(world.core, 1)
    world.settle()
    assert world.outcomes(edit.resync["resync_id"]) == {"moved": 1}


def test_a_new_edit_tries_at_once_what_was_given_up(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, series_no_value="2")
    with world.database.write() as connection:
        connection.execute(tables.downloads.update().values(hold_reason="gave_up", attempts=70))
    world.settle()
    assert world.videos() == {"Show - S01E01": "[G] Show - 01"}
    world.edit(parser_id, series_no_value="3")
    world.settle()
    assert world.videos() == {"Show - S03E01": "[G] Show - 01"}
