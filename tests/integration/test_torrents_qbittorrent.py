"""The real qBittorrent: the tests of the port."""

from __future__ import annotations

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.program import Program
from seiton.adapters.torrents.qbittorrent import QBittorrent
from tests.integration.remote_port import RemotePort


class TestQBittorrent(RemotePort):
    kind = "qbittorrent"

    def program(self, access: Access) -> Program:
        return QBittorrent(access)
