"""The real aria2: the tests of the port, and that it tells by itself what happens."""

from __future__ import annotations

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.aria2 import Aria2
from seiton.adapters.torrents.program import Program
from tests.integration.remote_port import RemotePort
from tests.integration.torrent_port import EventedPort


class TestAria2(RemotePort, EventedPort):
    kind = "aria2"

    def program(self, access: Access) -> Program:
        return Aria2(access)
