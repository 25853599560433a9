"""What every torrent client must do, whichever it is: the tests of the port, for real transfers.

A client's own test module makes a subclass that says how to open it.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import libtorrent as lt
import pytest

from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import (
    Refusal,
    TorrentClient,
    TorrentRefused,
    TorrentSource,
    TorrentStatus,
    TransferState,
)
from seiton.demo.server import Web
from seiton.demo.world import Seeder
from seiton.errors import NotFound

BATCH = {
    "鹽湖 日記 ß/第01話.mkv": 200_000,
    "鹽湖 日記 ß/第01話.TC.ass": 900,
    "鹽湖 日記 ß/第02話.mkv": 150_001,
    "鹽湖 日記 ß/字幕/第02話.SC.srt": 777,
}


T = TypeVar("T")


def eventually(look: Callable[[], T], what: str, seconds: float = 120) -> T:
    """Look until there is something to see."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)
    return seen


def content(name: str, size: int) -> bytes:
    return hashlib.shake_128(name.encode()).digest(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A torrent with its content, by path."""

    torrent: bytes
    info_hash: str
    magnet: str
    files: dict[str, bytes]


def encoded(info: dict[bytes, Any]) -> bytes:
    """Return a .torrent file around an info dictionary, whatever is in it."""
    document: dict[bytes, Any] = {b"info": info}
    return lt.bencode(document)


class Swarm:
    """A tracker and a seeder on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.web = Web()
        self.seeder = Seeder()
        self._port: int | None = None

    def make(
        self, files: dict[str, int], *, salt: str = "", flags: int = lt.create_torrent.v1_only, rate: int = 0
    ) -> Made:
        """Make a torrent of files of the given sizes and seed it, at ``rate`` bytes/s at most."""
        made = {name: content(name + salt, size) for name, size in files.items()}
        origin = self.folder / hashlib.sha256(repr((files, salt, flags)).encode()).hexdigest()[:16]
        for name, body in made.items():
            (origin / name).parent.mkdir(parents=True, exist_ok=True)
            (origin / name).write_bytes(body)
        entries = [lt.create_file_entry(name, size) for name, size in files.items()]
        torrent = lt.create_torrent(entries, 16384, flags)
        lt.set_piece_hashes(torrent, str(origin))
        torrent.add_tracker(f"{self.web.base}/announce")
        encoded = lt.bencode(torrent.generate())
        self.seeder.seed(encoded, str(origin), upload_limit=rate)
        params = lt.load_torrent_buffer(encoded)
        hashes = params.info_hashes
        return Made(
            torrent=encoded,
            info_hash=str(hashes.v1) if hashes.has_v1() else str(hashes.v2)[:40],
            magnet=lt.make_magnet_uri(params),
            files=made,
        )

    def stop_seeding(self) -> None:
        """Leave the client alone with what it has."""
        self.seeder.close()
        self.seeder = Seeder()
        if self._port is not None:
            self.seeder.dial(self._port)

    def dial(self, port: int) -> None:
        """Go to the client by its port: some never come to an address of loopback."""
        self._port = port
        self.seeder.dial(port)

    def close(self) -> None:
        self.seeder.close()
        self.web.close()


class Home:
    """A client with the folder that it downloads into."""

    def __init__(self, open_client: Callable[[], TorrentClient], downloads: Path) -> None:
        self._open = open_client
        self.downloads = downloads
        self.client = open_client()

    def restart(self) -> None:
        self.client.close()
        self.client = self._open()

    def add(self, made: Made) -> None:
        added = self.client.add(TorrentSource(content=made.torrent), save_path=str(self.downloads))
        assert added.info_hash == made.info_hash

    def look(self, made: Made) -> TorrentStatus:
        return self.client.status([made.info_hash])[made.info_hash]

    def until(self, made: Made, state: TransferState, seconds: float = 120) -> TorrentStatus:
        end = time.monotonic() + seconds
        while (seen := self.look(made)).state is not state:
            assert time.monotonic() < end, f"not {state} within {seconds} s: {seen}"
            time.sleep(0.05)
        return seen

    def download(self, made: Made) -> None:
        self.add(made)
        self.until(made, TransferState.COMPLETED)

    def has_all(self, made: Made) -> bool:
        return all((self.downloads / name).read_bytes() == body for name, body in made.files.items())


class TorrentPort:
    """The tests. A subclass says how to open its client."""

    def open_client(self, folder: Path) -> TorrentClient:
        """Open the client with its memory below ``folder``; with the same folder it is the same client."""
        raise NotImplementedError

    def peer_port(self, client: TorrentClient) -> int:
        """Return the port that peers of ``client`` can connect to."""
        raise NotImplementedError

    def open_leecher(self, folder: Path) -> TorrentClient:
        """Open another client, to which this one may give."""
        return EmbeddedClient(str(folder), loopback_only=True)

    @pytest.fixture
    def swarm(self, tmp_path: Path) -> Iterator[Swarm]:
        swarm = Swarm(tmp_path / "origin")
        yield swarm
        swarm.close()

    @pytest.fixture
    def home(self, tmp_path: Path, swarm: Swarm) -> Iterator[Home]:
        (tmp_path / "downloads").mkdir()
        home = Home(lambda: self.open_client(tmp_path / "client"), tmp_path / "downloads")
        swarm.dial(self.peer_port(home.client))
        yield home
        home.client.close()

    def test_a_torrent_file_is_downloaded_with_all_its_bytes(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make({"第03話 ß.mkv": 300_000})
        added = home.client.add(TorrentSource(content=made.torrent), save_path=str(home.downloads))
        assert (added.info_hash, added.existed) == (made.info_hash, False)
        seen = home.until(made, TransferState.COMPLETED)
        assert (seen.progress, seen.size, seen.downloaded, seen.error) == (1.0, 300_000, 300_000, None)
        assert seen.content_path == str(home.downloads / "第03話 ß.mkv")
        assert home.has_all(made)

    def test_a_magnet_is_downloaded_by_its_real_hash(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        added = home.client.add(TorrentSource(magnet=made.magnet), save_path=str(home.downloads))
        assert (added.info_hash, added.existed) == (made.info_hash, False)
        assert home.until(made, TransferState.COMPLETED).size == sum(BATCH.values())
        assert home.has_all(made)

    def test_a_magnet_without_peers_waits_for_metadata(self, home: Home, swarm: Swarm) -> None:
        made = Made(torrent=b"", info_hash="ab" * 20, magnet="", files={})
        home.client.add(
            TorrentSource(magnet=f"magnet:?xt=urn:btih:{'AB' * 20}"), save_path=str(home.downloads)
        )
        seen = home.until(made, TransferState.METADATA)
        assert (seen.progress, seen.size, seen.content_path) == (0.0, 0, None)
        assert home.client.files(made.info_hash) == ()

    def test_a_torrent_is_never_added_twice(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        for source in (TorrentSource(content=made.torrent), TorrentSource(magnet=made.magnet)):
            again = home.client.add(source, save_path=str(home.downloads / "elsewhere"))
            assert (again.info_hash, again.existed) == (made.info_hash, True)
        assert home.look(made).content_path == str(home.downloads / "鹽湖 日記 ß")
        assert not (home.downloads / "elsewhere").exists()

    def test_files_are_listed_as_they_lie_below_the_save_path(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        files = home.client.files(made.info_hash)
        assert {file.path.decode(): file.size for file in files} == BATCH
        assert len({file.index for file in files}) == len(BATCH)
        for file in files:
            assert os.path.getsize(os.path.join(os.fsencode(home.downloads), file.path)) == file.size
        assert home.look(made).content_path == str(home.downloads / "鹽湖 日記 ß")

    def test_progress_grows_and_completion_is_seen(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make({"slow.mkv": 1_500_000}, rate=600_000)
        home.add(made)
        seen = eventually(lambda: (s := home.look(made)).progress > 0.1 and s, "some progress")
        assert isinstance(seen, TorrentStatus)
        assert seen.state is TransferState.DOWNLOADING
        assert 0.1 < seen.progress < 1 and 0 < seen.downloaded < seen.size == 1_500_000
        home.until(made, TransferState.COMPLETED)

    def test_a_paused_transfer_stands_still_until_it_is_resumed(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make({"slow.mkv": 2_000_000}, rate=500_000)
        home.add(made)
        eventually(lambda: home.look(made).progress > 0.05, "some progress")
        home.client.pause(made.info_hash)
        stopped = home.until(made, TransferState.PAUSED)
        time.sleep(1)
        assert home.look(made).state is TransferState.PAUSED
        # What was on its way may still arrive.
        assert home.look(made).downloaded - stopped.downloaded < 200_000
        home.client.resume(made.info_hash)
        home.until(made, TransferState.COMPLETED)
        assert home.has_all(made)

    def test_a_pause_outlasts_a_restart(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make({"slow.mkv": 2_000_000}, rate=500_000)
        home.add(made)
        eventually(lambda: home.look(made).progress > 0.05, "some progress")
        home.client.pause(made.info_hash)
        home.restart()
        home.until(made, TransferState.PAUSED)
        home.client.resume(made.info_hash)
        home.until(made, TransferState.COMPLETED)
        assert home.has_all(made)

    def test_a_complete_torrent_that_is_paused_stays_complete(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        home.client.pause(made.info_hash)
        time.sleep(0.5)
        assert home.look(made).state is TransferState.COMPLETED

    def test_removing_without_data_leaves_every_file(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        home.client.remove(made.info_hash, delete_data=False)
        assert home.client.status([made.info_hash]) == {}
        assert home.has_all(made)
        home.restart()
        assert home.client.status([made.info_hash]) == {}

    def test_removing_with_data_leaves_hard_links_and_the_files_of_others(
        self, home: Home, swarm: Swarm
    ) -> None:
        made, other = swarm.make(BATCH), swarm.make({"other.mkv": 90_000})
        home.download(made)
        home.download(other)
        foreign = home.downloads / "鹽湖 日記 ß" / "notes.txt"
        foreign.write_text("mine")
        library = home.downloads.parent / "S01E01.mkv"
        os.link(home.downloads / "鹽湖 日記 ß/第01話.mkv", library)
        home.client.remove(made.info_hash, delete_data=True)
        assert home.client.status([made.info_hash]) == {}
        eventually(lambda: not any((home.downloads / name).exists() for name in made.files), "files are gone")
        assert foreign.read_text() == "mine"
        assert library.read_bytes() == made.files["鹽湖 日記 ß/第01話.mkv"]
        assert home.has_all(other)

    def test_a_removed_torrent_can_come_back_without_a_download(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        home.client.remove(made.info_hash, delete_data=False)
        swarm.stop_seeding()
        home.download(made)
        assert home.has_all(made)

    def test_an_unknown_hash_is_absent_or_not_found(self, home: Home) -> None:
        unknown = "00" * 20
        assert home.client.status([unknown]) == {}
        home.client.remove(unknown, delete_data=True)
        with pytest.raises(NotFound):
            home.client.files(unknown)
        with pytest.raises(NotFound):
            home.client.pause(unknown)
        with pytest.raises(NotFound):
            home.client.resume(unknown)

    def test_a_restart_resumes_what_was_begun(self, home: Home, swarm: Swarm) -> None:
        made, done = swarm.make({"slow.mkv": 2_000_000}, rate=600_000), swarm.make(BATCH)
        home.download(done)
        home.add(made)
        before = eventually(lambda: (s := home.look(made)).progress > 0.2 and s.progress, "some progress")
        home.restart()
        assert home.client.add(TorrentSource(content=made.torrent), save_path=str(home.downloads)).existed
        seen = eventually(
            lambda: (
                (s := home.look(made)).state in (TransferState.DOWNLOADING, TransferState.COMPLETED) and s
            ),
            "downloading again",
        )
        assert isinstance(seen, TorrentStatus)
        assert seen.progress > before / 2, "it began anew"
        home.until(made, TransferState.COMPLETED)
        home.until(done, TransferState.COMPLETED)
        assert home.has_all(made) and home.has_all(done)

    def test_what_is_complete_is_complete_at_once_after_a_restart(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        swarm.stop_seeding()
        home.restart()
        assert home.until(made, TransferState.COMPLETED).progress == 1.0

    def test_a_complete_torrent_seeds_to_others_also_after_a_restart(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        swarm.stop_seeding()
        home.restart()
        home.until(made, TransferState.COMPLETED)
        (tmp_path / "leech").mkdir()
        leecher = Home(lambda: self.open_leecher(tmp_path / "leecher"), tmp_path / "leech")
        try:
            leecher.download(made)
            assert leecher.has_all(made)
        finally:
            leecher.client.close()

    def test_what_was_given_and_for_how_long_is_told_for_seeding_goals(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make({"第01話.mkv": 300_000})
        home.download(made)
        swarm.stop_seeding()
        home.restart()
        first = home.until(made, TransferState.COMPLETED)
        assert first.uploaded == 0
        (tmp_path / "leech").mkdir()
        leecher = Home(lambda: self.open_leecher(tmp_path / "leecher"), tmp_path / "leech")
        try:
            leecher.download(made)
        finally:
            leecher.client.close()
        eventually(lambda: home.look(made).uploaded >= 300_000, "what was given is counted")
        eventually(lambda: home.look(made).seeding_seconds >= 1, "the time is counted")

    def test_a_hostile_path_is_refused_and_named(self, home: Home) -> None:
        info: dict[bytes, Any] = {
            b"name": b"show",
            b"piece length": 16384,
            b"pieces": b"\0" * 20,
            b"files": [{b"length": 5, b"path": [b"..", b"..", b"escape.mkv"]}],
        }
        with pytest.raises(TorrentRefused, match=r"\.\./\.\./escape\.mkv") as caught:
            home.client.add(TorrentSource(content=encoded(info)), save_path=str(home.downloads))
        assert caught.value.reason is Refusal.HOSTILE_PATH

    @pytest.mark.parametrize("junk", [b"", b"<html>not found</html>", b"d4:infodee", b"i1e"])
    def test_what_is_no_torrent_file_is_refused(self, home: Home, junk: bytes) -> None:
        with pytest.raises(TorrentRefused) as caught:
            home.client.add(TorrentSource(content=junk), save_path=str(home.downloads))
        assert caught.value.reason is Refusal.BAD_FILE

    def test_another_torrent_than_was_announced_is_refused(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        with pytest.raises(TorrentRefused, match="ff" * 20) as caught:
            home.client.add(
                TorrentSource(content=made.torrent, info_hash="ff" * 20), save_path=str(home.downloads)
            )
        assert caught.value.reason is Refusal.WRONG_HASH
        assert home.client.status([made.info_hash]) == {}

    def test_vanished_files_are_reported_and_seen_again_when_they_return(
        self, home: Home, swarm: Swarm
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        lost, kept = home.downloads / "鹽湖 日記 ß/第01話.mkv", home.downloads / "kept"
        lost.rename(kept)
        seen = home.until(made, TransferState.MISSING_FILES)
        assert seen.error and "第01話.mkv" in seen.error
        time.sleep(1.5)
        assert not lost.exists(), "nobody asked for another download"
        kept.rename(lost)
        home.client.resume(made.info_hash)
        home.until(made, TransferState.COMPLETED)

    def test_vanished_files_are_not_downloaded_again_by_a_restart(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        lost, kept = home.downloads / "鹽湖 日記 ß/第01話.mkv", home.downloads / "kept"
        lost.rename(kept)
        home.restart()
        home.until(made, TransferState.MISSING_FILES)
        time.sleep(1.5)
        assert home.look(made).state is TransferState.MISSING_FILES
        assert not lost.exists()
        kept.rename(lost)
        home.client.resume(made.info_hash)
        home.until(made, TransferState.COMPLETED)


class EventedPort(TorrentPort):
    """The tests for clients that tell what happens."""

    def test_completion_is_told_without_being_asked(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        completed = threading.Event()

        def changed(info_hash: str) -> None:
            assert info_hash == made.info_hash
            if home.look(made).state is TransferState.COMPLETED:
                completed.set()

        home.client.on_change(changed)
        home.add(made)
        assert completed.wait(120)
        assert home.has_all(made)

    def test_a_listener_that_fails_disturbs_nobody(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)

        def fail(info_hash: str) -> None:
            raise RuntimeError(info_hash)

        home.client.on_change(fail)
        told: list[str] = []
        home.client.on_change(told.append)
        home.download(made)
        assert told and set(told) == {made.info_hash}
