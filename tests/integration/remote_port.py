"""What every client in another process must do besides: be away, come back, refuse, be slow, be another.

The real program is started by the tests with a profile of their own, on ports of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.program import Program
from seiton.adapters.torrents.remote import RemoteClient
from seiton.demo.programs import ClientProgram, NotInstalled
from tests.integration.torrent_port import Home, Swarm, TorrentPort


class Rented(RemoteClient):
    """A client whose program ends with it: what a restart of the machine is."""

    def __init__(self, daemon: ClientProgram, program: Program, **more: object) -> None:
        super().__init__(program, daemon.url, **more)  # type: ignore[arg-type]
        self.daemon = daemon

    def close(self) -> None:
        super().close()
        self.daemon.stop()


class RemotePort(TorrentPort):
    """The tests of the port, on a real program."""

    kind: str
    command: tuple[str, ...] = ()

    def program(self, access: Access) -> Program:
        """Return the wrapped library."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _daemons(self) -> Iterator[None]:
        self.daemons: dict[Path, ClientProgram] = {}
        yield
        for daemon in self.daemons.values():
            daemon.stop()

    @pytest.fixture
    def home(self, tmp_path: Path, swarm: Swarm) -> Iterator[Home]:
        (tmp_path / "downloads").mkdir()
        home = Home(lambda: self.open_client(tmp_path / "client"), tmp_path / "downloads")
        swarm.dial(self.daemon(tmp_path / "client").peer_port)
        yield home
        home.client.close()

    def daemon(self, folder: Path) -> ClientProgram:
        """Return the program with its memory below ``folder``, running."""
        daemon = self.daemons.setdefault(
            folder, ClientProgram(kind=self.kind, folder=str(folder), command=self.command)
        )
        if daemon.process is None:
            try:
                daemon.start()
            except NotInstalled as reason:
                pytest.skip(f"{reason} (scripts/system-packages.sh installs it)")
        return daemon

    def access(self, daemon: ClientProgram, **more: object) -> Access:
        known: dict[str, object] = {
            "url": daemon.url,
            "user": daemon.user,
            "password": daemon.password,
            "category": "seiton",
            "timeout_s": 20.0,
        }
        return Access(**(known | more))  # type: ignore[arg-type]

    def open_client(self, folder: Path) -> RemoteClient:
        daemon = self.daemon(folder)
        return Rented(daemon, self.program(self.access(daemon)))
