"""The real qBittorrent: the tests of the port."""

from __future__ import annotations

import qbittorrentapi

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.program import Program
from seiton.adapters.torrents.qbittorrent import QBittorrent
from seiton.demo.programs import ClientProgram
from tests.integration.remote_port import RemotePort
from tests.integration.torrent_port import Made


class TestQBittorrent(RemotePort):
    kind = "qbittorrent"
    knows_v2 = True

    def program(self, access: Access) -> Program:
        return QBittorrent(access)

    def marks(self, daemon: ClientProgram, made: Made) -> list[str]:
        return [str(self._api(daemon).torrents_info(torrent_hashes=made.info_hash)[0].category)]

    def remove_by_hand(self, daemon: ClientProgram, made: Made) -> None:
        self._api(daemon).torrents_delete(delete_files=False, torrent_hashes=made.info_hash)

    def _api(self, daemon: ClientProgram) -> qbittorrentapi.Client:
        return qbittorrentapi.Client(host=daemon.url, username=daemon.user, password=daemon.password)
