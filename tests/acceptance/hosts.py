"""Hosts with a network of their own and a cable between them, which can be pulled: network namespaces."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TypeVar
from uuid import uuid4

import pytest

T = TypeVar("T")
CLONE_NEWNET = 0x40000000


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A network namespace, with one address."""

    namespace: str
    address: str

    def do(self, work: Callable[[], T]) -> T:
        """Do something on this host: only the network is another one."""
        found: list[T] = []
        faults: list[BaseException] = []

        def there() -> None:
            descriptor = os.open(f"/run/netns/{self.namespace}", os.O_RDONLY)
            try:
                # A thread is in a namespace of its own choice, and this one ends with the work.
                if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
                found.append(work())
            except BaseException as fault:
                faults.append(fault)
            finally:
                os.close(descriptor)

        thread = Thread(target=there)
        thread.start()
        thread.join()
        if faults:
            raise faults[0]
        return found[0]

    @contextmanager
    def running(self, role: str, folder: Path, environment: Mapping[str, str]) -> Iterator[Path]:
        """Run ``seiton role`` in ``folder`` with these settings; give its log. It must stop cleanly."""
        given = {name: value for name, value in os.environ.items() if not name.startswith("SEITON_")}
        log = folder / f"{role}.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.namespace}", sys.executable, "-m", "seiton", role],
                env={**given, "LANG": "C.UTF-8", **environment},
                cwd=folder,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
            try:
                yield log
            finally:
                process.send_signal(signal.SIGINT)
                code = process.wait(60)
        assert code == 0, log.read_text()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cable:
    """Two hosts and what is between them."""

    one: Host
    other: Host

    def pull(self) -> None:
        """Cut both off from each other."""
        _ip("-n", self.one.namespace, "link", "set", "cable", "down")

    def plug(self) -> None:
        """Join them again."""
        _ip("-n", self.one.namespace, "link", "set", "cable", "up")


@contextmanager
def cable() -> Iterator[Cable]:
    """Two hosts that reach each other and nobody else. Skips where that cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces are made by root only")
    for program in ("ip", "nsenter"):
        if shutil.which(program) is None:
            pytest.skip(f"there is no program {program}: network namespaces cannot be made")
    mark = uuid4().hex[:8]
    hosts = [Host(namespace=f"seiton-{mark}-{n}", address=f"198.18.77.{n}") for n in (1, 2)]
    with ExitStack() as stack:
        for host in hosts:
            try:
                _ip("netns", "add", host.namespace)
            except subprocess.CalledProcessError as error:
                pytest.skip(f"network namespaces cannot be made here: {error.stderr.strip()}")
            stack.callback(_ip, "netns", "del", host.namespace)
        one, other = hosts
        try:
            ends = ("type", "veth", "peer", "name", "cable", "netns", other.namespace)
            _ip("-n", one.namespace, "link", "add", "cable", *ends)
        except subprocess.CalledProcessError as error:
            pytest.skip(f"virtual cables cannot be made here: {error.stderr.strip()}")
        for host in hosts:
            _ip("-n", host.namespace, "address", "add", f"{host.address}/24", "dev", "cable")
            for link in ("lo", "cable"):
                _ip("-n", host.namespace, "link", "set", link, "up")
        yield Cable(one=one, other=other)
