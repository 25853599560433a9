"""The real Transmission: the tests of the port."""

from __future__ import annotations

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.program import Program
from seiton.adapters.torrents.transmission import Transmission
from tests.integration.remote_port import RemotePort


class TestTransmission(RemotePort):
    kind = "transmission"

    def program(self, access: Access) -> Program:
        return Transmission(access)
