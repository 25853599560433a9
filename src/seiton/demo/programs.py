"""Real torrent clients, started for the demo and for tests: on 127.0.0.1, with a profile of their own."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from seiton.errors import Unavailable
from seiton.text import _


class ClientKind(StrEnum):
    """Which torrent client the demo downloads with."""

    EMBEDDED = "embedded"
    QBITTORRENT = "qbittorrent"
    TRANSMISSION = "transmission"
    ARIA2 = "aria2"


COMMANDS = {"qbittorrent": "qbittorrent-nox", "transmission": "transmission-daemon", "aria2": "aria2c"}
USER = "admin"
START_S = 60.0
STOP_S = 30.0


class NotInstalled(Unavailable):
    """The program is not on this machine."""

    code = "not_installed"


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens at now, and that the system gives to nobody by itself.

    Those that it gives away (from 32768 on Linux, ``ip_local_port_range``) may be taken again at once.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def _ports() -> tuple[int, int]:
    return free_port(), free_port()


@dataclass(slots=True, kw_only=True)
class ClientProgram:
    """A torrent client of ``kind`` with its memory below ``folder``; the same folder is the same client.

    ``command`` names another binary than the one on the path. ``url``, ``user`` and ``password`` are what
    Seiton needs to know; peers find it at ``peer_port``.
    """

    kind: str
    folder: str
    command: Sequence[str] = ()
    user: str = USER
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    ports: tuple[int, int] = field(default_factory=_ports)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports[0]}"

    @property
    def peer_port(self) -> int:
        return self.ports[1]

    def start(self) -> None:
        """Start it and wait until it listens. Raises ``NotInstalled``, or ``Unavailable`` when it ends."""
        command = list(self.command) or [COMMANDS[self.kind]]
        if shutil.which(command[0]) is None:
            raise NotInstalled(_("{program} is not installed here.", program=command[0]))
        os.makedirs(self.folder, exist_ok=True)
        arguments = {
            "qbittorrent": self._qbittorrent,
            "transmission": self._transmission,
            "aria2": self._aria2,
        }[self.kind]()
        with open(os.path.join(self.folder, "output.log"), "ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - one of three known programs
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"HOME": self.folder, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"},
            )
        end = time.monotonic() + START_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise Unavailable(
                    _("{program} did not start: see {folder}.", program=command[0], folder=self.folder)
                )
            time.sleep(0.05)

    def stop(self) -> None:
        """End it, as a machine that is switched off would: it saves what it has first."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _listens(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.ports[0])) == 0

    def _qbittorrent(self) -> list[str]:
        path = os.path.join(self.folder, "qBittorrent", "config", "qBittorrent.conf")
        if not os.path.exists(path):
            os.makedirs(os.path.dirname(path))
            with open(path, "w", encoding="utf-8") as stream:
                stream.write(self._qbittorrent_settings())
        return [f"--profile={self.folder}", f"--webui-port={self.ports[0]}"]

    def _qbittorrent_settings(self) -> str:
        salt = os.urandom(16)
        digest = hashlib.pbkdf2_hmac("sha512", self.password.encode(), salt, 100_000)
        password = f"{base64.b64encode(salt).decode()}:{base64.b64encode(digest).decode()}"
        lines = {
            "LegalNotice": ["Accepted=true"],
            "Preferences": [
                "General\\Locale=en",
                "WebUI\\Enabled=true",
                "WebUI\\Address=127.0.0.1",
                f"WebUI\\Port={self.ports[0]}",
                "WebUI\\LocalHostAuth=true",
                f"WebUI\\Username={self.user}",
                f'WebUI\\Password_PBKDF2="@ByteArray({password})"',
                "WebUI\\UseUPnP=false",
                "WebUI\\HostHeaderValidation=false",
            ],
            "BitTorrent": [
                f"Session\\DefaultSavePath={os.path.join(self.folder, 'elsewhere')}",
                f"Session\\Port={self.peer_port}",
                "Session\\InterfaceAddress=127.0.0.1",
                "Session\\DHTEnabled=false",
                "Session\\LSDEnabled=false",
                "Session\\PeXEnabled=false",
                "Session\\MultiConnectionsPerIp=true",
                "Session\\QueueingSystemEnabled=false",
            ],
            "Network": ["PortForwardingEnabled=false"],
        }
        return "\n".join(f"[{section}]\n" + "\n".join(entries) + "\n" for section, entries in lines.items())

    def _transmission(self) -> list[str]:
        path = os.path.join(self.folder, "settings.json")
        if not os.path.exists(path):
            settings = {
                "rpc-enabled": True,
                "rpc-bind-address": "127.0.0.1",
                "rpc-port": self.ports[0],
                "rpc-authentication-required": True,
                "rpc-username": self.user,
                "rpc-password": self.password,
                "rpc-whitelist-enabled": False,
                "bind-address-ipv4": "127.0.0.1",
                "peer-port": self.peer_port,
                "peer-port-random-on-start": False,
                "port-forwarding-enabled": False,
                "dht-enabled": False,
                "lpd-enabled": False,
                "pex-enabled": False,
                "utp-enabled": False,
                "download-queue-enabled": False,
                "download-dir": os.path.join(self.folder, "elsewhere"),
            }
            with open(path, "w", encoding="utf-8") as stream:
                json.dump(settings, stream)
        return ["--foreground", "--config-dir", self.folder]

    def _aria2(self) -> list[str]:
        session = os.path.join(self.folder, "session.txt")
        with open(session, "ab"):
            pass
        return [
            "--no-conf=true",
            "--enable-rpc=true",
            "--rpc-listen-all=false",
            f"--rpc-listen-port={self.ports[0]}",
            f"--rpc-secret={self.password}",
            f"--listen-port={self.peer_port}",
            f"--dir={os.path.join(self.folder, 'elsewhere')}",
            f"--input-file={session}",
            f"--save-session={session}",
            "--save-session-interval=5",
            "--force-save=true",
            "--bt-detach-seed-only=true",
            "--max-concurrent-downloads=50",
            "--bt-enable-lpd=false",
            "--enable-dht=false",
            "--enable-dht6=false",
            "--enable-peer-exchange=false",
            "--disable-ipv6=true",
            "--bt-tracker-interval=2",
            "--console-log-level=warn",
            "--summary-interval=0",
        ]
