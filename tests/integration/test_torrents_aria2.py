"""The real aria2: the tests of the port, and that it tells by itself what happens."""

from __future__ import annotations

from typing import Any

import aria2p

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.aria2 import Aria2
from seiton.adapters.torrents.port import TorrentSource, TransferState
from seiton.adapters.torrents.program import Program
from seiton.demo.programs import ClientProgram
from tests.integration.remote_port import RemotePort
from tests.integration.torrent_port import BATCH, EventedPort, Home, Made, Swarm, eventually


class TestAria2(RemotePort, EventedPort):
    kind = "aria2"
    knows_hybrids = False

    def program(self, access: Access) -> Program:
        return Aria2(access)

    def test_vanished_files_are_not_downloaded_again_by_a_restart(self, home: Home, swarm: Swarm) -> None:
        # They are, by aria2 itself, which begins everything in its session as if it were new.
        made = swarm.make(BATCH)
        home.download(made)
        lost = home.downloads / "鹽湖 日記 ß/第01話.mkv"
        lost.rename(home.downloads / "kept")
        home.restart()
        home.until(made, TransferState.COMPLETED)
        assert lost.read_bytes() == made.files["鹽湖 日記 ß/第01話.mkv"]

    def test_a_magnet_of_a_torrent_that_it_misreads_ends_with_an_error(
        self, home: Home, swarm: Swarm
    ) -> None:
        made = swarm.make({"a/第01話.mkv": 100_000, "a/第02話.mkv": 50_001}, flags=0)
        home.client.add(TorrentSource(magnet=made.magnet), save_path=str(home.downloads))
        seen = home.until(made, TransferState.ERROR)
        assert seen.error and "reads another torrent" in seen.error

    def marks(self, daemon: ClientProgram, made: Made) -> None:
        return None

    def remove_by_hand(self, daemon: ClientProgram, made: Made) -> None:
        api = aria2p.Client("http://127.0.0.1", daemon.ports[0], daemon.password)
        active: Any = api.tell_active()
        (gid,) = (entry["gid"] for entry in active if entry.get("infoHash") == made.info_hash)
        api.force_remove(gid)
        eventually(lambda: _is_forgotten(api, gid), "its record is gone, too")


def _is_forgotten(api: aria2p.Client, gid: str) -> bool:
    try:
        return bool(api.remove_download_result(gid))
    except aria2p.ClientException:
        return False
