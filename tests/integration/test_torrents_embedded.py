"""The embedded client: the tests of the port, and what only a client in one's own process must do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest

from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import (
    ClientAway,
    Refusal,
    TorrentClient,
    TorrentRefused,
    TorrentSource,
    TransferState,
)
from seiton.adapters.torrents.torrent_file import MAX_TORRENT_BYTES, read_magnet, read_torrent
from tests.integration.torrent_port import BATCH, EventedPort, Home, Made, Swarm, encoded, eventually

# Downloads what it is told to in a process of its own, saying how far it is, until it is killed.
_CHILD = """
import sys, time
from seiton.adapters.torrents.embedded import EmbeddedClient
from seiton.adapters.torrents.port import TorrentSource
data, downloads, source = sys.argv[1:]
client = EmbeddedClient(data, loopback_only=True)
given = TorrentSource(magnet=source) if source.startswith("magnet:") else None
given = given or TorrentSource(content=open(source, "rb").read())
added = client.add(given, save_path=downloads)
while True:
    seen = client.status([added.info_hash])[added.info_hash]
    print(seen.state.value, seen.progress, flush=True)
    time.sleep(0.01)
"""


def _run_until(folder: Path, source: str, reached: str, at: float) -> None:
    """Run a client until ``reached`` with at least progress ``at``, then SIGKILL it."""
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder / "client"), str(folder / "downloads"), source],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    with process.stdout as said:
        for line in said:
            state, progress = line.split()
            if state == "completed" or (state == reached and float(progress) >= at):
                break
        else:
            pytest.fail("the client ended by itself")
        process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL


class TestEmbeddedClient(EventedPort):
    def open_client(self, folder: Path) -> EmbeddedClient:
        return EmbeddedClient(str(folder), loopback_only=True)

    def peer_port(self, client: TorrentClient) -> int:
        assert isinstance(client, EmbeddedClient)
        return client.port

    @pytest.mark.parametrize("as_magnet", [False, True])
    def test_a_download_survives_sigkill_at_any_moment(
        self, tmp_path: Path, swarm: Swarm, as_magnet: bool
    ) -> None:
        made = swarm.make({"a/第01話.mkv": 2_000_000, "a/第02話.mkv": 500_000}, rate=1_500_000)
        (tmp_path / "x.torrent").write_bytes(made.torrent)
        source = made.magnet if as_magnet else str(tmp_path / "x.torrent")
        for reached, at in (("metadata" if as_magnet else "checking", 0.0), ("downloading", 0.3)):
            _run_until(tmp_path, source, reached, at)
            client = self.open_client(tmp_path / "client")
            assert client.status([made.info_hash]), f"lost when killed while {reached}"
            client.close()
        home = Home(lambda: self.open_client(tmp_path / "client"), tmp_path / "downloads")
        try:
            assert home.look(made).state is not TransferState.ERROR
            home.until(made, TransferState.COMPLETED)
            assert home.has_all(made)
        finally:
            home.client.close()

    def test_what_was_reported_complete_is_complete_after_sigkill(self, tmp_path: Path, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        (tmp_path / "x.torrent").write_bytes(made.torrent)
        _run_until(tmp_path, str(tmp_path / "x.torrent"), "completed", 1.0)
        swarm.stop_seeding()
        home = Home(lambda: self.open_client(tmp_path / "client"), tmp_path / "downloads")
        try:
            assert home.look(made).state is TransferState.COMPLETED
            assert home.has_all(made)
        finally:
            home.client.close()

    def test_a_file_of_somebody_else_is_not_overwritten(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make({"第01話.mkv": 200_000})
        foreign = home.downloads / "第01話.mkv"
        foreign.write_bytes(b"z" * 200_000)
        home.add(made)
        seen = home.until(made, TransferState.ERROR)
        assert seen.error and str(foreign) in seen.error
        home.restart()
        home.until(made, TransferState.ERROR)
        home.client.remove(made.info_hash, delete_data=True)
        assert foreign.read_bytes() == b"z" * 200_000

    def test_a_magnet_does_not_overwrite_either(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        foreign = home.downloads / "鹽湖 日記 ß/第02話.mkv"
        foreign.parent.mkdir()
        foreign.write_bytes(b"z" * 150_001)
        home.client.add(TorrentSource(magnet=made.magnet), save_path=str(home.downloads))
        home.until(made, TransferState.ERROR)
        time.sleep(1)
        assert foreign.read_bytes() == b"z" * 150_001
        assert not (home.downloads / "鹽湖 日記 ß/第01話.mkv").exists()
        foreign.rename(home.downloads / "set aside")
        home.client.resume(made.info_hash)
        home.until(made, TransferState.COMPLETED)
        assert home.has_all(made)

    def test_a_magnet_that_turns_out_hostile_writes_nothing(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        entry: dict[bytes, Any] = {b"length": 5, b"path": [b"..", b"..", b"escape.mkv"]}
        torrent = _torrent(b"show", [entry])
        params = lt.load_torrent_buffer(torrent)
        swarm.seeder.seed(torrent, str(tmp_path / "nothing"))
        info_hash = str(params.info_hashes.v1)
        home.client.add(
            TorrentSource(magnet=f"magnet:?xt=urn:btih:{info_hash}"), save_path=str(home.downloads)
        )
        assert isinstance(home.client, EmbeddedClient)
        home.client.connect_peer(info_hash, "127.0.0.1", swarm.seeder.port)
        seen = home.until(
            Made(torrent=torrent, info_hash=info_hash, magnet="", files={}), TransferState.ERROR
        )
        assert seen.error and "../../escape.mkv" in seen.error
        assert home.client.files(info_hash) == ()
        assert list(home.downloads.iterdir()) == []

    def test_two_torrents_with_the_same_names_do_not_mix(self, home: Home, swarm: Swarm) -> None:
        first, second = swarm.make(BATCH, rate=300_000), swarm.make(BATCH, salt="v2", rate=300_000)
        home.add(first)
        home.add(second)
        states = eventually(
            lambda: (
                (s := {home.look(m).state for m in (first, second)})
                == {TransferState.COMPLETED, TransferState.ERROR}
                and s
            ),
            "one complete, one refused",
        )
        assert states
        assert home.has_all(first if home.look(first).state is TransferState.COMPLETED else second)

    def test_vanished_files_that_return_are_seen_without_a_resume(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        away = home.downloads.parent / "unmounted"
        home.downloads.rename(away)
        home.restart()
        home.until(made, TransferState.MISSING_FILES)
        assert not home.downloads.exists()
        away.rename(home.downloads)
        home.until(made, TransferState.COMPLETED)
        assert home.has_all(made)

    def test_a_begun_download_does_not_begin_anew_where_its_files_vanished(
        self, home: Home, swarm: Swarm
    ) -> None:
        made = swarm.make({"a/slow.mkv": 2_000_000}, rate=500_000)
        home.add(made)
        eventually(lambda: home.look(made).progress > 0.2, "some progress")
        home.client.close()
        away = home.downloads.parent / "unmounted"
        home.downloads.rename(away)
        home.restart()
        seen = home.until(made, TransferState.MISSING_FILES)
        assert 0.1 < seen.progress < 1
        assert not home.downloads.exists()
        away.rename(home.downloads)
        home.until(made, TransferState.COMPLETED)
        assert home.has_all(made)

    def test_a_cut_file_is_not_repaired_behind_the_users_back(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        home.client.close()
        cut = home.downloads / "鹽湖 日記 ß/第01話.mkv"
        os.truncate(cut, 1000)
        home.restart()
        home.until(made, TransferState.MISSING_FILES)
        time.sleep(1)
        assert cut.stat().st_size == 1000

    def test_what_is_left_of_a_vanished_torrent_can_be_removed(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        (home.downloads / "鹽湖 日記 ß/第01話.mkv").unlink()
        home.restart()
        home.until(made, TransferState.MISSING_FILES)
        home.client.remove(made.info_hash, delete_data=True)
        assert list(home.downloads.iterdir()) == []
        assert home.client.status([made.info_hash]) == {}

    @pytest.mark.parametrize("flags", [0, lt.create_torrent.v2_only], ids=["hybrid", "v2"])
    @pytest.mark.parametrize("as_magnet", [False, True])
    def test_new_kinds_of_torrents_are_downloaded(
        self, home: Home, swarm: Swarm, flags: int, as_magnet: bool
    ) -> None:
        made = swarm.make(BATCH, flags=flags)
        source = TorrentSource(magnet=made.magnet) if as_magnet else TorrentSource(content=made.torrent)
        assert home.client.add(source, save_path=str(home.downloads)).info_hash == made.info_hash
        home.until(made, TransferState.COMPLETED)
        assert home.has_all(made)
        assert {file.path.decode(): file.size for file in home.client.files(made.info_hash)} == BATCH

    def test_empty_files_are_part_of_a_complete_torrent(self, home: Home, swarm: Swarm) -> None:
        made = swarm.make({"a/01.mkv": 100_000, "a/empty.nfo": 0})
        home.download(made)
        assert home.has_all(made)

    def test_a_closed_client_says_so(self, home: Home, tmp_path: Path) -> None:
        client = self.open_client(tmp_path / "other")
        client.close()
        client.close()
        with pytest.raises(ClientAway):
            client.status(["00" * 20])

    def test_two_clients_never_share_a_folder(self, home: Home, tmp_path: Path) -> None:
        with pytest.raises(ClientAway, match="Another process"):
            self.open_client(tmp_path / "client")

    def test_a_broken_record_is_left_alone_and_stops_nothing(
        self, home: Home, swarm: Swarm, tmp_path: Path
    ) -> None:
        made = swarm.make(BATCH)
        home.download(made)
        broken = tmp_path / "client" / "torrents" / f"{'ab' * 20}.resume"
        broken.write_bytes(b"torn")
        home.restart()
        home.until(made, TransferState.COMPLETED)
        assert broken.read_bytes() == b"torn"

    @pytest.mark.timeout(240)
    def test_closing_does_not_wait_for_downloads_and_keeps_what_they_have(
        self, home: Home, swarm: Swarm
    ) -> None:
        made = [swarm.make({f"{number}.mkv": 20_000_000}, rate=50_000) for number in range(8)]
        for torrent in made:
            home.add(torrent)
        begun = eventually(lambda: [m for m in made if home.look(m).progress > 0], "some progress")[0]
        home.client.close()
        swarm.stop_seeding()
        home.restart()
        assert home.client.status([torrent.info_hash for torrent in made]).keys() == {
            torrent.info_hash for torrent in made
        }
        eventually(lambda: home.look(begun).progress > 0, "what it had")


def _torrent(name: bytes, files: list[dict[bytes, Any]] | None) -> bytes:
    info: dict[bytes, Any] = {b"name": name, b"piece length": 16384, b"pieces": b"\0" * 20}
    return encoded(info | ({b"length": 5} if files is None else {b"files": files}))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"x", [b"..", b"a.mkv"]),
        (b"x", [b"a", b"..\\..\\b.mkv"]),
        (b"x", [b"a/../../b.mkv"]),
        (b"x", [b"/etc/passwd"]),
        (b"x", [b"", b"a.mkv"]),
        (b"x", [b"a\0b.mkv"]),
        (b"..", [b"a.mkv"]),
        (b"/etc", [b"a.mkv"]),
        (b"C:", [b"a.mkv"]),
        (b"../up.mkv", None),
    ],
)
def test_a_path_that_leads_astray_is_refused(name: bytes, path: list[bytes] | None) -> None:
    files: list[dict[bytes, Any]] | None = None if path is None else [{b"length": 5, b"path": path}]
    with pytest.raises(TorrentRefused) as caught:
        read_torrent(_torrent(name, files))
    assert caught.value.reason is Refusal.HOSTILE_PATH


def test_a_second_hidden_spelling_of_a_path_is_looked_at_too() -> None:
    entry: dict[bytes, Any] = {b"length": 5, b"path": [b"fine.mkv"], b"path.utf-8": [b"..", b"evil.mkv"]}
    with pytest.raises(TorrentRefused, match="evil"):
        read_torrent(_torrent(b"x", [entry]))


def test_a_link_in_a_torrent_is_refused() -> None:
    entry: dict[bytes, Any] = {b"attr": b"l", b"length": 0, b"path": [b"a"], b"symlink path": [b"b"]}
    with pytest.raises(TorrentRefused, match="would not stay"):
        read_torrent(_torrent(b"x", [{b"length": 5, b"path": [b"b"]}, entry]))


def test_ordinary_names_are_not_refused() -> None:
    info = read_torrent(
        _torrent("K: 第01話…".encode(), [{b"length": 5, b"path": [b"...", "a..b ß.mkv".encode()]}])
    )
    assert (info.name, info.size) == ("K: 第01話…", 5)
    assert [file.path.decode() for file in info.files] == ["K: 第01話…/.../a..b ß.mkv"]


def test_too_large_torrents_are_refused() -> None:
    with pytest.raises(TorrentRefused) as caught:
        read_torrent(b"d" + b" " * MAX_TORRENT_BYTES)
    assert caught.value.reason is Refusal.TOO_LARGE
    many: list[dict[bytes, Any]] = [{b"length": 0, b"path": [b"%d" % n]} for n in range(20_001)]
    many[0][b"length"] = 5
    with pytest.raises(TorrentRefused) as caught:
        read_torrent(_torrent(b"x", many))
    assert caught.value.reason is Refusal.TOO_LARGE


def test_magnets_are_read_in_hex_and_base32() -> None:
    wanted = "0651a36393eabaf6aee48624efc951983ebd3156"
    assert read_magnet(f"magnet:?xt=urn:btih:{wanted.upper()}&dn=a%20b&tr=http%3A%2F%2Ft%2Fannounce") == (
        read_magnet(f"magnet:?xt=urn:btih:{wanted}&dn=a%20b&tr=http%3A%2F%2Ft%2Fannounce")
    )
    assert read_magnet("magnet:?xt=urn:btih:AZI2GY4T5K5PNLXEQYSO7SKRTA7L2MKW").info_hash == wanted
    assert read_magnet(f"magnet:?xt=urn:btmh:1220{'ab' * 32}").info_hash == "ab" * 20
    for wrong in ("magnet:?dn=x", "magnet:?xt=urn:btih:zz", "http://example.org/a.torrent", ""):
        with pytest.raises(TorrentRefused) as caught:
            read_magnet(wrong)
        assert caught.value.reason is Refusal.BAD_MAGNET


def test_the_hash_of_a_torrent_is_that_of_its_bytes(tmp_path: Path) -> None:
    swarm = Swarm(tmp_path)
    try:
        made: Made = swarm.make(BATCH)
        info = read_torrent(made.torrent)
        assert info.info_hash == made.info_hash
        assert {file.path.decode(): file.size for file in info.files} == BATCH
    finally:
        swarm.close()
