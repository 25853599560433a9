"""Failing, standing still, cancelled, seeding: what becomes of transfers; and feeds that fail.

Contract defects 63-66, 69-71, 76 and 77 by number. 66 (a session that expires is fatal) cannot occur: the
embedded client has no session to log in to; that it is away is survived here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from seiton.adapters.torrents.port import ClientAway, TorrentSource, TransferState
from seiton.core import tables
from seiton.core.downloads.choices import set_policy
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.ending import SeedingGoals, cancel_download, end_torrents
from seiton.core.downloads.retry import retry_download, retry_failed
from seiton.core.downloads.transfers import STALLED, check_transfers
from seiton.core.feeds.subscriptions import (
    SITE_GAP_S,
    SITE_REST,
    due_subscriptions,
    fetch_if_due,
    fetch_subscription,
    stagger,
)
from seiton.core.filing.resync import reconcile
from seiton.core.modules.activities import list_activities
from seiton.core.retries import GIVE_UP
from seiton.domain.duplicates import Policy
from seiton.errors import Conflict
from tests.integration.core_world import CoreWorld, torrent_of
from tests.integration.core_world import world as world
from tests.neighbours import listening

ONE = "[G] Show - 01"
HASH = torrent_of(ONE)
NONE = SeedingGoals()


@pytest.fixture
def shown(world: CoreWorld) -> CoreWorld:
    """A world whose parser reads ``ONE``."""
    world.create(priority=9, series_no=1)
    return world


def work(world: CoreWorld) -> None:
    retry_failed(world.core)
    world.settle()
    end_torrents(world.core, NONE)


# Retries


def test_71_a_failed_download_is_tried_again_by_itself_and_keeps_its_reason(shown: CoreWorld) -> None:
    """The reference never tried a failed download again and kept no reason."""
    shown.torrents.states[HASH] = TransferState.ERROR
    shown.bring(ONE)
    shown.settle()
    row = shown.download(1)
    assert (row["status"], row["error_message"], row["attempts"]) == ("failed", "the disk says no", 1)
    assert row["next_try_at"] - shown.time == timedelta(minutes=1)
    work(shown)
    assert shown.states() == ["failed"]
    shown.pass_time(minutes=1, seconds=1)
    work(shown)
    assert shown.states() == ["synced"]  # being told to go on, this client forgets its error
    assert shown.download(1)["attempts"] == 0


def test_pauses_between_tries_double_to_six_hours_and_end_after_fourteen_days(shown: CoreWorld) -> None:
    shown.bring(ONE)
    pauses: list[timedelta] = []
    while len(pauses) < 200:
        shown.torrents.states[HASH] = TransferState.ERROR
        retry_failed(shown.core)
        shown.torrents.states[HASH] = TransferState.ERROR
        shown.fetch()
        row = shown.download(1)
        assert row["status"] == "failed"
        if row["next_try_at"] is None:
            break
        pauses.append(row["next_try_at"] - shown.time)
        shown.time = row["next_try_at"]
    assert pauses[:4] == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    assert pauses[-1] == timedelta(hours=6)
    assert sum(pauses, timedelta()) > GIVE_UP
    assert (row["hold_reason"], row["error_message"]) == ("gave_up", "the disk says no")
    shown.torrents.states.clear()
    retry_download(shown.core, 1)
    work(shown)
    assert shown.states() == ["synced"]


def test_a_failed_download_whose_place_was_taken_is_left_alone(shown: CoreWorld) -> None:
    shown.torrents.states[HASH] = TransferState.ERROR
    set_policy(shown.core, Policy(group_order=("G", "H")))
    shown.bring(ONE, "[H] Show - 01")
    shown.settle()
    assert shown.states() == ["failed", "synced"]
    shown.pass_time(minutes=2)
    work(shown)
    assert shown.states() == ["failed", "synced"]
    assert shown.download(1)["next_try_at"] is None


def test_66_a_client_that_is_away_is_asked_again_and_loses_nothing(shown: CoreWorld) -> None:
    shown.torrents.states[HASH] = TransferState.DOWNLOADING
    shown.bring(ONE)
    shown.settle()
    shown.torrents.is_away = True
    shown.settle()
    assert shown.states() == ["downloader_error"]
    assert end_torrents(shown.core, SeedingGoals(ratio=1)) == 0
    shown.torrents.is_away = False
    shown.torrents.states.clear()
    work(shown)
    assert shown.states() == ["synced"]


def test_65_downloads_of_a_client_that_was_away_do_not_starve_behind_running_ones(shown: CoreWorld) -> None:
    """The reference looked at them only when nothing else was downloading."""
    shown.torrents.states[HASH] = TransferState.DOWNLOADING
    shown.bring(ONE)
    shown.fetch()
    shown.torrents.is_away = True
    check_transfers(shown.core)
    shown.torrents.is_away = False
    other = "[G] Show - 02"
    shown.torrents.states[torrent_of(other)] = TransferState.DOWNLOADING
    shown.bring(other)
    shown.fetch()
    assert shown.states() == ["downloading", "downloading"]


# Standing still


@pytest.mark.parametrize(
    ("state", "why"), [(TransferState.METADATA, "no_metadata"), (TransferState.DOWNLOADING, "no_progress")]
)
def test_63_a_transfer_that_stands_still_for_days_ends_with_a_reason(
    shown: CoreWorld, state: TransferState, why: str
) -> None:
    """In the reference it was downloading for ever."""
    shown.torrents.states[HASH] = state
    shown.bring(ONE)
    shown.fetch()
    shown.pass_time(hours=STALLED[state].total_seconds() / 3600 - 1)
    shown.fetch()
    assert shown.states() == ["downloading"]
    shown.pass_time(hours=2)
    shown.fetch()
    row = shown.download(1)
    assert (row["status"], row["hold_reason"], row["hold_detail"]) == ("failed", "stalled", why)
    end_torrents(shown.core, NONE)
    assert shown.torrents.states[HASH] is TransferState.PAUSED
    shown.pass_time(days=1)
    work(shown)
    assert shown.states() == ["failed"]
    retry_download(shown.core, 1)
    work(shown)
    assert shown.states() == ["synced"]


@pytest.mark.parametrize("state", [TransferState.PAUSED, TransferState.QUEUED, TransferState.CHECKING])
def test_63_what_is_paused_or_waits_its_turn_may_do_so_for_ever(
    shown: CoreWorld, state: TransferState
) -> None:
    shown.torrents.states[HASH] = state
    shown.bring(ONE)
    shown.fetch()
    shown.pass_time(days=30)
    shown.fetch()
    assert shown.states() == ["downloading"]
    shown.torrents.states[HASH] = TransferState.DOWNLOADING
    shown.pass_time(days=6)
    shown.fetch()
    assert shown.states() == ["downloading"]


def test_64_a_lone_completed_download_is_filed_when_nothing_else_happens(shown: CoreWorld) -> None:
    """The reference filed only at the end of a poll of running transfers."""
    shown.bring(ONE)
    shown.wire.is_cut = True
    shown.settle()
    assert shown.states() == ["syncing"]
    shown.wire.is_cut = False
    shown.pass_time(minutes=2)
    reconcile(shown.core)
    shown.file()
    assert shown.states() == ["synced"]


# Dispatch


def test_69_intent_is_on_record_before_the_client_hears_of_it(shown: CoreWorld) -> None:
    """In the reference a torrent could run without a row; here the row finds it again after a time-out."""

    class Deaf:
        def __init__(self) -> None:
            self.rows: list[tuple[str, str | None]] = []

        def __call__(self, source: TorrentSource, *, save_path: str) -> object:
            row = shown.download(1)
            self.rows.append((row["status"], row["torrent_hash"]))
            real(source, save_path=save_path)
            raise ClientAway("no answer in time")

    real, deaf = shown.torrents.add, Deaf()
    shown.torrents.add = deaf  # type: ignore[method-assign, assignment]
    shown.bring(ONE)
    start_downloads(shown.core)
    assert deaf.rows == [("pending", HASH)]
    assert shown.states() == ["pending"]
    shown.torrents.add = real  # type: ignore[method-assign]
    shown.pass_time(minutes=2)
    shown.settle()
    assert shown.torrents.added == [HASH]
    assert shown.states() == ["synced"]


def test_70_ten_thousand_transfers_are_looked_at_in_bounded_portions(shown: CoreWorld) -> None:
    asked: list[int] = []
    real = shown.torrents.status

    def status(hashes: list[str]) -> object:
        asked.append(len(hashes))
        return real(hashes)

    for number in range(1, 1201):
        shown.torrents.states[torrent_of(f"[G] Show - {number}")] = TransferState.DOWNLOADING
    shown.bring(*(f"[G] Show - {number}" for number in range(1, 1201)))
    while start_downloads(shown.core):
        pass
    shown.torrents.status = status  # type: ignore[method-assign, assignment]
    check_transfers(shown.core)
    assert sum(asked) == 1200
    assert max(asked) <= 500


# Cancelling


def test_a_cancelled_download_and_its_torrent_go_and_can_be_tried_again(shown: CoreWorld) -> None:
    shown.torrents.states[HASH] = TransferState.DOWNLOADING
    shown.bring(ONE)
    shown.fetch()
    cancel_download(shown.core, 1)
    work(shown)
    assert (shown.states(), shown.torrents.removed) == (["cancelled"], [(HASH, True)])
    shown.torrents.states.clear()
    retry_download(shown.core, 1)
    work(shown)
    assert shown.states() == ["synced"]
    with pytest.raises(Conflict):
        cancel_download(shown.core, 1)


def test_what_is_cancelled_while_it_is_handed_over_does_not_run_on(shown: CoreWorld) -> None:
    real = shown.torrents.add

    def add(source: TorrentSource, *, save_path: str) -> object:
        cancel_download(shown.core, 1)
        end_torrents(shown.core, NONE)
        return real(source, save_path=save_path)

    shown.torrents.add = add  # type: ignore[method-assign, assignment]
    shown.bring(ONE)
    start_downloads(shown.core)
    end_torrents(shown.core, NONE)
    assert shown.torrents.status([HASH]) == {}
    assert shown.states() == ["cancelled"]


# Seeding


@pytest.mark.parametrize("goals", [SeedingGoals(ratio=2), SeedingGoals(hours=5)])
def test_a_torrent_that_reached_its_goal_ends_and_its_files_stay(
    shown: CoreWorld, goals: SeedingGoals
) -> None:
    shown.bring(ONE)
    shown.settle()
    shown.torrents.uploaded, shown.torrents.seeded = 5999, timedelta(hours=4.9)
    assert end_torrents(shown.core, goals) == 0
    shown.torrents.uploaded, shown.torrents.seeded = 6000, timedelta(hours=5)
    assert end_torrents(shown.core, NONE) == 0
    assert end_torrents(shown.core, goals) == 1
    assert shown.torrents.removed == [(HASH, False)]
    assert end_torrents(shown.core, goals) == 0
    shown.settle()
    assert shown.states() == ["synced"]
    assert len(shown.videos()) == 1
    assert list(shown.downloads.rglob("*.mkv"))


def test_data_goes_with_a_torrent_only_by_choice_and_never_from_the_library(shown: CoreWorld) -> None:
    shown.bring(ONE)
    shown.settle()
    shown.torrents.uploaded = 9000
    end_torrents(shown.core, SeedingGoals(ratio=1, remove_data=True))
    assert list(shown.downloads.rglob("*.mkv")) == []
    assert list(shown.videos().values()) == [ONE]


def test_a_torrent_is_not_ended_before_its_files_are_in_the_library(shown: CoreWorld) -> None:
    shown.bring(ONE)
    shown.wire.is_cut = True
    shown.settle()
    shown.torrents.uploaded = 9000
    assert end_torrents(shown.core, SeedingGoals(ratio=1, remove_data=True)) == 0


# Feeds


class Site:
    """A site with feeds by path: a status, or a document."""

    def __init__(self) -> None:
        self.status: dict[str, int] = {}
        self.asked: list[str] = []


@contextmanager
def served(site: Site) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            status = site.status.get(self.path, 200)
            body = b"<rss version='2.0'><channel><title>T</title></channel></rss>" if status == 200 else b""
            self.send_response(status)
            self.send_header("Content-Type", "application/rss+xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Handler) as address:
        yield address


def test_76_a_failed_fetch_is_seen_as_failed_and_tried_again_later(world: CoreWorld) -> None:
    """The reference ignored the outcome, moved the schedule on and dropped the message."""
    site = Site()
    site.status["/a"] = 404
    with served(site) as base:
        feed = world.subscribe(f"{base}/a")
        fetch_subscription(world.core, feed)
        row = world.row(tables.subscriptions, tables.subscriptions.c.subscription_id == feed)
        assert row["failures"] == 1
        assert "404" in row["last_error"]
        assert row["last_fetched_at"] is None
        assert row["next_fetch_at"] - world.time == timedelta(minutes=1)
        shown = [entry for entry in list_activities(world.core, limit=50) if entry["kind"] == "fetch"]
        assert [(entry["id"], entry["error"]) for entry in shown] == [(f"fetch:{feed}", row["last_error"])]
        site.status.clear()
        fetch_subscription(world.core, feed)
    row = world.row(tables.subscriptions, tables.subscriptions.c.subscription_id == feed)
    assert (row["failures"], row["last_error"]) == (0, None)


def test_77_a_dead_feed_delays_no_other_and_is_not_asked_again_at_once(world: CoreWorld) -> None:
    """The reference slept six minutes in its loop for each dead fetcher, and asked again every minute."""
    site = Site()
    site.status["/dead"] = 404
    with served(site) as base:
        dead, good = world.subscribe(f"{base}/dead"), world.subscribe(f"{base}/good")
        for feed, _delay in stagger(world.core, due_subscriptions(world.core)):
            if feed in {dead, good}:
                fetch_if_due(world.core, feed)
        assert sorted(site.asked) == ["/dead", "/good"]
        assert not {dead, good} & set(due_subscriptions(world.core))
        for feed in (dead, good):
            fetch_if_due(world.core, feed)
        assert len(site.asked) == 2


def test_feeds_of_one_site_are_fetched_one_after_the_other(world: CoreWorld) -> None:
    feeds = [world.subscribe(f"https://one.test/{number}") for number in range(3)]
    other = world.subscribe("https://two.test/rss")
    delays = dict(stagger(world.core, due_subscriptions(world.core)))
    assert sorted(delays[feed] for feed in feeds) == [0, SITE_GAP_S, 2 * SITE_GAP_S]
    assert delays[other] == 0


@pytest.mark.parametrize(("status", "rests"), [(429, True), (503, True), (404, False)])
def test_a_site_that_asks_for_fewer_requests_rests_as_a_whole(
    world: CoreWorld, status: int, rests: bool
) -> None:
    site = Site()
    site.status["/a"] = status
    with served(site) as base:
        a, b = world.subscribe(f"{base}/a"), world.subscribe(f"{base}/b")
        fetch_subscription(world.core, a)
    assert (b in due_subscriptions(world.core)) is not rests
    assert world.subscription_id in due_subscriptions(world.core)  # another site
    world.pass_time(minutes=SITE_REST.total_seconds() / 60)
    assert b in due_subscriptions(world.core)


def test_feeds_do_not_stay_in_step(world: CoreWorld) -> None:
    with served(Site()) as base:
        feeds = [world.subscribe(f"{base}/{number}") for number in range(8)]
        for feed in feeds:
            fetch_subscription(world.core, feed)
    rows = world.rows(tables.subscriptions, tables.subscriptions.c.subscription_id.in_(feeds))
    pauses = {row["next_fetch_at"] - world.time for row in rows}
    assert len(pauses) > 1
    assert all(timedelta(minutes=60) <= pause <= timedelta(minutes=66) for pause in pauses)


# What the engine does


def test_transfers_and_resyncs_are_listed_with_how_far_they_are(shown: CoreWorld) -> None:
    shown.torrents.states[HASH] = TransferState.DOWNLOADING
    shown.bring(ONE)
    shown.fetch()
    (entry,) = [entry for entry in list_activities(shown.core, limit=50) if entry["kind"] == "transfer"]
    assert (entry["done"], entry["total"], entry["unit"]) == (1500, 3000, "bytes")
