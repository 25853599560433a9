"""Downloads: which release is fetched, how it gets to the client, and which of its files is the episode."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import libtorrent as lt
import pytest

from seiton.adapters.feeds import FeedItem
from seiton.adapters.torrents.port import TransferState
from seiton.core import tables
from seiton.core.downloads.dispatch import MAX_TORRENT_BYTES, start_downloads
from seiton.core.downloads.retry import retry_download
from seiton.core.downloads.transfers import check_transfers
from seiton.core.feeds.ingest import ingest
from seiton.domain.states import DownloadType
from seiton.errors import Conflict
from tests.integration.core_world import CoreWorld, media, statements, torrent_of, writes
from tests.integration.core_world import world as world


class Site:
    """A web site on 127.0.0.1 with the given pages; everything else is not found."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                body = site.pages.get(self.path)
                self.send_response(404 if body is None else 200)
                self.send_header("Content-Length", str(len(body or b"")))
                self.end_headers()
                self.wfile.write(body or b"")

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def _torrent(name: str) -> bytes:
    """Return a .torrent file with one file called ``name``."""
    content = media(name)
    pieces = hashlib.sha1(content).digest()
    info: Any = {
        b"name": name.encode(),
        b"length": len(content),
        b"piece length": 16384,
        b"pieces": pieces,
    }
    return bytes(lt.bencode({b"info": info}))


def _bring_torrents(world: CoreWorld, site: Site, pages: Mapping[str, bytes | None]) -> None:
    """Bring ``[G] Show - NN`` for each page, in order; one without content is not there."""
    world.subscription_id = world.subscribe(f"{site.base}/rss")
    for number, (path, content) in enumerate(pages.items(), 1):
        if content is not None:
            site.pages[path] = content
        url = f"{site.base}{path}"
        title = f"[G] Show - {number:02} [1080p]"
        item = FeedItem(title=title, download_url=url, download_type=DownloadType.TORRENT)
        ingest(world.core, world.subscription_id, [item])


def _titles(world: CoreWorld) -> list[str]:
    links = {row["link_id"]: row["title"] for row in world.rows(tables.links)}
    return [links[row["link_id"]] for row in world.rows(tables.downloads)]


# Which release


def test_an_episode_is_fetched_once_and_the_release_that_came_first_is_taken(world: CoreWorld) -> None:
    world.bring("[A] Show - 01 [720p]")
    world.bring("[B] Show - 01 [1080p]", "[B] Show - 02 [1080p]")
    world.bring("[A] Show - 02 [720p]")
    world.settle()
    assert _titles(world) == ["[A] Show - 01 [720p]", "[B] Show - 02 [1080p]"]
    assert len(world.links()) == 4, "the others wait as links"


def test_a_batch_beside_single_episodes_brings_only_what_is_missing(world: CoreWorld) -> None:
    world.bring("[G] Show - 02 [1080p]")
    title = "[G] Show [01-03][1080p]"
    world.torrents.contents[torrent_of(title)] = {f"{n:02}.mkv": media(f"batch {n}") for n in (1, 2, 3)}
    world.bring(title)
    world.settle()
    assert world.videos() == {
        "Show - S01E01": "01.mkv",
        "Show - S01E02": "[G] Show - 02 [1080p]",
        "Show - S01E03": "03.mkv",
    }


def test_when_a_download_fails_another_release_takes_its_place(world: CoreWorld) -> None:
    world.bring("[A] Show - 01 [1080p]")
    world.bring("[B] Show - 01 [1080p]")
    world.torrents.states[torrent_of("[A] Show - 01 [1080p]")] = TransferState.ERROR
    world.settle()
    assert world.states() == ["failed", "synced"]
    assert world.download(1)["error_message"] == "the disk says no"
    assert world.videos() == {"Show - S01E01": "[B] Show - 01 [1080p]"}
    with pytest.raises(Conflict, match="Download 2"):
        retry_download(world.core, 1)


def test_what_failed_is_not_fetched_again_by_itself(world: CoreWorld) -> None:
    world.bring("[A] Show - 01 [1080p]")
    world.torrents.states[torrent_of("[A] Show - 01 [1080p]")] = TransferState.MISSING_FILES
    world.settle()
    world.create(priority=-5, name="another edit")
    world.pass_time(days=1)
    world.settle()
    assert world.states() == ["failed"]
    world.torrents.states.clear()
    retry_download(world.core, 1)
    world.settle()
    assert world.states() == ["synced"]


def test_a_link_that_nobody_can_fetch_gives_way_to_one_that_can_be(world: CoreWorld) -> None:
    item = FeedItem(
        title="[A] Show - 01 [1080p]",
        download_url="https://feed.test/1.mkv",
        download_type=DownloadType.HTTP,
    )
    ingest(world.core, world.subscription_id, [item])
    assert world.states() == ["no_downloader"]
    world.bring("[B] Show - 01 [1080p]")
    world.settle()
    assert world.states() == ["no_downloader", "synced"]
    with pytest.raises(Conflict):
        retry_download(world.core, 1)


# Getting the torrent


def test_torrents_are_fetched_and_handed_over(world: CoreWorld, site: Site) -> None:
    _bring_torrents(world, site, {"/1.torrent": _torrent("a.mkv"), "/2.torrent": _torrent("b.mkv")})
    world.torrents.contents = {}
    world.settle()
    assert world.states() == ["synced", "synced"]
    assert site.asked == ["/1.torrent", "/2.torrent"]


def test_each_bad_torrent_says_why_and_the_others_go_on(world: CoreWorld, site: Site) -> None:
    _bring_torrents(
        world,
        site,
        {
            "/missing.torrent": None,
            "/login.torrent": b"<!DOCTYPE html><html>please log in</html>",
            "/huge.torrent": b"d" * (MAX_TORRENT_BYTES + 1),
            "/hostile.torrent": _torrent("../../../../etc/cron.d/a.mkv"),
            "/empty.torrent": b"",
            "/good.torrent": _torrent("good.mkv"),
        },
    )
    world.settle()
    assert world.states() == ["pending", "failed", "failed", "failed", "failed", "synced"]
    reasons = [row["error_message"] for row in world.rows(tables.downloads)]
    assert "HTTP 404" in reasons[0]
    assert "not a torrent file" in reasons[1]
    assert "more than" in reasons[2]
    assert "would not stay in its folder" in reasons[3]
    assert reasons[5] is None
    assert world.download(1)["next_try_at"] == world.time + timedelta(minutes=1)
    assert world.download(2)["next_try_at"] is None
    assert not (world.folder / "etc").exists()


def test_what_cannot_be_reached_is_tried_again_and_then_works(world: CoreWorld, site: Site) -> None:
    _bring_torrents(world, site, {"/1.torrent": None})
    start_downloads(world.core)
    assert start_downloads(world.core) == 0, "not before its time"
    site.pages["/1.torrent"] = _torrent("a.mkv")
    world.pass_time(minutes=1)
    world.settle()
    download = world.download(1)
    assert (download["status"], download["error_message"], download["attempts"]) == ("synced", None, 0)


def test_a_torrent_that_is_gone_gives_way_to_another_release(world: CoreWorld, site: Site) -> None:
    _bring_torrents(world, site, {"/1.torrent": None})
    world.bring("[B] Show - 01 [1080p]")
    for _try in range(3):
        world.settle()
        world.pass_time(hours=1)
    world.settle()
    assert world.states() == ["failed", "synced"]


def test_after_fourteen_days_a_torrent_is_given_up(world: CoreWorld, site: Site) -> None:
    _bring_torrents(world, site, {"/1.torrent": b""})
    with world.database.write() as connection:
        connection.execute(tables.links.update().values(url="http://127.0.0.1:1/1.torrent"))
    for _day in range(16):
        start_downloads(world.core)
        world.pass_time(days=1)
    download = world.download(1)
    assert (download["status"], download["next_try_at"]) == ("failed", None)
    assert download["attempts"] > 3


def test_a_client_that_is_away_is_waited_for(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    world.torrents.is_away = True
    world.settle()
    assert world.states() == ["pending"]
    assert world.download(1)["error_message"] == "the torrent client is away"
    world.torrents.is_away = False
    world.pass_time(minutes=1)
    start_downloads(world.core)
    world.torrents.is_away = True
    check_transfers(world.core)
    assert world.states() == ["downloader_error"]
    check_transfers(world.core)
    assert world.states() == ["downloader_error"]
    world.torrents.is_away = False
    world.settle()
    assert world.states() == ["synced"]


def test_a_torrent_that_two_subscriptions_bring_by_different_links_is_added_once(
    world: CoreWorld, site: Site
) -> None:
    content = _torrent("a.mkv")
    world.subscription_id = world.subscribe(f"{site.base}/rss")
    site.pages |= {"/1.torrent": content, "/again.torrent": content}
    for number, path in enumerate(("/1.torrent", "/again.torrent"), 1):
        item = FeedItem(
            title=f"[G] Show {number} - 01 [1080p]",
            download_url=site.base + path,
            download_type=DownloadType.TORRENT,
        )
        ingest(world.core, world.subscription_id, [item])
    world.settle()
    assert len(world.torrents.added) == 1
    assert len({row["torrent_hash"] for row in world.rows(tables.downloads)}) == 1


def test_a_transfer_that_the_client_forgot_is_handed_over_again(world: CoreWorld) -> None:
    title = "[G] Show - 01 [1080p]"
    world.bring(title)
    world.torrents.states[torrent_of(title)] = TransferState.DOWNLOADING
    world.fetch()
    assert (world.states(), world.download(1)["progress"]) == (["downloading"], 0.5)
    world.torrents.forget(torrent_of(title))
    check_transfers(world.core)
    assert world.states() == ["pending"]
    world.torrents.states.clear()
    world.settle()
    assert world.states() == ["synced"]


def test_a_filed_download_is_never_demoted_by_a_poll(world: CoreWorld) -> None:
    title = "[G] Show - 01 [1080p]"
    world.bring(title)
    world.settle()
    world.torrents.states[torrent_of(title)] = TransferState.ERROR
    check_transfers(world.core)
    world.torrents.forget(torrent_of(title))
    check_transfers(world.core)
    assert world.states() == ["synced"]


# Which file


def test_extras_and_samples_are_not_the_episode(world: CoreWorld) -> None:
    title = "[G] Show - 01 [1080p]"
    world.torrents.contents[torrent_of(title)] = {
        "Show - 01.mkv": media("the episode") * 30,
        "Sample/Show - 01 sample.mkv": b"short",
        "Show - NCOP.mkv": media("opening"),
        "readme.txt": b"hello",
    }
    world.bring(title)
    world.settle()
    (name,) = [name for name in world.tree() if name.endswith(".mkv")]
    assert (world.library / name).read_bytes() == media("the episode") * 30


def test_digits_of_the_title_are_not_the_number_of_the_episode(world: CoreWorld) -> None:
    title = "[G] 86 [01-02][1080p]"
    world.torrents.contents[torrent_of(title)] = {
        f"[G] 86 - {n:02} [1080p].mkv": media(f"86/{n}") for n in (1, 2)
    }
    world.bring(title)
    world.settle()
    assert world.videos() == {f"86 - S01E0{n}": f"[G] 86 - 0{n} [1080p].mkv" for n in (1, 2)}


def test_a_batch_that_lacks_an_episode_says_so_and_another_release_brings_it(world: CoreWorld) -> None:
    title = "[G] Show [01-03][1080p]"
    world.torrents.contents[torrent_of(title)] = {f"{n:02}.mkv": media(f"batch {n}") for n in (1, 3)}
    world.bring(title)
    world.settle()
    assert world.states() == ["synced", "batch_unmatched", "synced"]
    download = world.download(2)
    assert (download["hold_reason"], download["hold_detail"]) == ("no_video", "not_there")
    assert download["error_message"] == "No file of the torrent is episode 2."
    world.bring("[B] Show - 02 [1080p]")
    world.settle()
    assert sorted(world.videos()) == ["Show - S01E01", "Show - S01E02", "Show - S01E03"]


def test_a_corrected_number_finds_its_file_in_a_torrent_that_is_there(world: CoreWorld) -> None:
    title = "[G] Show - 05 [1080p]"
    files = {f"{n:02}.mkv": media(f"{n}") for n in (1, 2, 3, 4, 5)}
    world.torrents.contents[torrent_of(title)] = files
    write = world.create(priority=9, episode_no=9)
    assert write.parser is not None
    world.bring(title)
    world.settle()
    assert world.states() == ["batch_unmatched"]
    world.edit(write.parser["parser_id"], episode_no_source="regex", episode_no_value="episode")
    world.settle()
    assert world.videos() == {"Show - S01E05": "05.mkv"}


def test_a_torrent_without_a_video_is_held_and_costs_nothing_more(world: CoreWorld) -> None:
    title = "[G] Show - 01 [1080p]"
    world.torrents.contents[torrent_of(title)] = {"readme.txt": b"hello"}
    world.bring(title)
    world.settle()
    assert (world.states(), world.download(1)["hold_detail"]) == (["batch_unmatched"], "no_video")
    with statements(world.database) as seen:
        check_transfers(world.core)
    assert writes(seen) == []
    retry_download(world.core, 1)
    world.settle()
    assert world.states() == ["batch_unmatched"]
