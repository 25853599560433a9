"""The real Transmission: the tests of the port."""

from __future__ import annotations

import subprocess

import transmission_rpc

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.program import Program
from seiton.adapters.torrents.transmission import Transmission
from seiton.demo.programs import ClientProgram
from tests.integration.remote_port import RemotePort
from tests.integration.torrent_port import Made


def _is_4() -> bool:
    try:
        said = subprocess.run(["transmission-daemon", "--version"], capture_output=True, text=True)
    except OSError:
        return False
    return "transmission-daemon 4" in said.stdout + said.stderr


class TestTransmission(RemotePort):
    kind = "transmission"
    knows_hybrids = _is_4()

    def program(self, access: Access) -> Program:
        return Transmission(access)

    def marks(self, daemon: ClientProgram, made: Made) -> list[str]:
        torrent = self._api(daemon).get_torrent(made.info_hash, arguments=["labels"])
        return list(torrent.fields["labels"])

    def remove_by_hand(self, daemon: ClientProgram, made: Made) -> None:
        self._api(daemon).remove_torrent(made.info_hash)

    def _api(self, daemon: ClientProgram) -> transmission_rpc.Client:
        return transmission_rpc.Client(
            host="127.0.0.1", port=daemon.ports[0], username=daemon.user, password=daemon.password
        )
