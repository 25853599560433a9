"""Real processes killed with SIGKILL at every call that changes a file system or commits, then started again.

``SEITON_CRASH_ALL=1`` kills at all of them; otherwise at some, spread evenly.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.crash_viewer import SCENARIOS, CrashWorld
from tests.integration.oracle import losses
from tests.integration.viewer_world import ViewerWorld

CALLS = (
    "rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,"
    "fsync,fdatasync,syncfs,pwrite64,write,ftruncate"
)
LOG = "pwrite64"
KILLS = 12
"""In each scenario, unless all are wanted."""
AGAIN = ("renameat2", "pwrite64", "unlink", "fdatasync", "fsync")
"""Where the recovery is killed in its turn."""

_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?([a-z0-9]+)\(")


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them, to be copied."""
    path = tmp_path_factory.mktemp("database")
    ViewerWorld(path, f"sqlite:///{path / 'seiton.db'}").database.close()
    return path / "seiton.db"


class Victims:
    """Viewers that run under strace, forked from one process that has everything loaded."""

    def __init__(self, strace: str) -> None:
        self._strace = strace
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.crash_viewer"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, folder: Path, name: str, *options: str, while_stopped: Callable[[], None] | None = None
    ) -> int:
        """Converge the world in ``folder`` under strace; return how it ended (negative: the signal)."""
        if not (folder / "go").exists():
            os.mkfifo(folder / "go")
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(f"{folder}\t{name}\n")
        self._server.stdin.flush()
        victim = self._server.stdout.readline().strip()
        command = [self._strace, "-f", "-e", f"trace={CALLS}", "-o", str(folder / "trace"), *options]
        with subprocess.Popen([*command, "-p", victim], stderr=subprocess.PIPE, text=True) as tracer:
            assert tracer.stderr is not None
            said = tracer.stderr.readline()
            (folder / "go").write_text("")
            if while_stopped is not None:
                try:
                    wait_until_stopped(victim)
                    while_stopped()
                finally:
                    while tracer.poll() is None:  # one that comes before strace listens is lost
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(int(victim), signal.SIGCONT)
                        time.sleep(0.02)
            tracer.stderr.read()
        status = os.waitstatus_to_exitcode(int(self._server.stdout.readline()))
        if "attached" not in said:
            pytest.skip(f"strace may not trace here: {said.strip()}")
        return status

    def close(self) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait()
        self._server.stdout.close()


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    served = Victims(strace)
    yield served
    served.close()


def build(folder: Path, database: Path, name: str) -> CrashWorld:
    folder.mkdir()
    shutil.copy(database, folder / "seiton.db")
    return CrashWorld(folder, SCENARIOS[name])


def wait_until_stopped(process: str, seconds: float = 120) -> None:
    """Wait until a process that is stepped through has not gone on for a while."""
    deadline, still = time.monotonic() + seconds, 0
    while still < 10:
        assert time.monotonic() < deadline, "it was never stopped"
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        still = still + 1 if state in "tT" else 0
        time.sleep(0.02)


def calls_of(trace: Path) -> list[tuple[str, int]]:
    """Return each call with its number among those of its name, in order."""
    counts: Counter[str] = Counter()
    calls = []
    for line in trace.read_text(errors="replace").splitlines():
        if match := _CALL.match(line):
            counts[match[1]] += 1
            calls.append((match[1], counts[match[1]]))
    return calls


def spread(calls: list[tuple[str, int]], name: str) -> list[tuple[str, int]]:
    if os.environ.get("SEITON_CRASH_ALL"):
        return calls
    # Of calls in a row that fill the database's log one is enough: nothing is committed between them.
    calls = [
        call for call, after in itertools.pairwise([*calls, ("", 0)]) if (call[0], after[0]) != (LOG, LOG)
    ]
    # Each scenario begins elsewhere, so that together they meet every kind of place.
    offset = list(SCENARIOS).index(name) / len(SCENARIOS)
    return [calls[int(len(calls) * (kill + offset) / KILLS)] for kill in range(KILLS)]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_viewer_killed_anywhere_loses_nothing_and_goes_on(
    name: str, victims: Victims, empty_database: Path, tmp_path: Path
) -> None:
    whole = build(tmp_path / "whole", empty_database, name)
    assert victims.run(tmp_path / "whole", name) == 0
    assert whole.go_on() == []
    assert losses(whole.world.library, whole.truth) == []
    whole.world.database.close()
    calls = calls_of(tmp_path / "whole" / "trace")
    assert len(calls) > 20
    wrong, in_time = [], 0
    points = spread(calls, name)
    for index, (call, number) in enumerate(points):
        folder = tmp_path / f"{call}-{number}"
        killed = build(folder, empty_database, name)
        status = victims.run(folder, name, "-e", f"inject={call}:signal=KILL:when={number}")
        in_time += status == -signal.SIGKILL
        assert status in (0, -signal.SIGKILL)
        again = AGAIN[index % len(AGAIN)]
        victims.run(folder, name, "-e", f"inject={again}:signal=KILL:when={1 + index % 7}")
        found = [*killed.go_on(), *losses(killed.world.library, killed.truth)]
        killed.world.database.close()
        wrong += [f"killed at {call} {number} and at {again}: {what}" for what in found]
        shutil.rmtree(folder)
    assert wrong == []
    assert in_time >= 0.9 * len(points)  # how many pages a database writes varies a little


def test_no_generated_file_gets_its_name_before_its_content_is_on_the_disk(
    victims: Victims, empty_database: Path, tmp_path: Path
) -> None:
    build(tmp_path / "whole", empty_database, "title")
    assert victims.run(tmp_path / "whole", "title", "-y", "-s", "1000") == 0
    flushed: set[str] = set()
    named = 0
    for line in (tmp_path / "whole" / "trace").read_text(errors="replace").splitlines():
        temps = re.findall(r"\.seiton-tmp-[0-9a-f]+", line)
        if "fsync(" in line:
            flushed |= set(temps)
        elif "renameat2(" in line and temps:
            named += 1
            assert set(temps) <= flushed, line
    assert named == 5  # three episodes, the season, the show


@pytest.mark.parametrize("name", ["shift", "first sync by link", "title"])
def test_a_file_that_takes_a_target_in_the_last_instant_is_not_overwritten(
    name: str, victims: Victims, empty_database: Path, tmp_path: Path
) -> None:
    """The viewer is stopped between its look at the target and the call; the kernel has to refuse then."""
    build(tmp_path / "whole", empty_database, name)
    assert victims.run(tmp_path / "whole", name, "-e", f"trace={CALLS},statx", "-s", "1000") == 0
    looks, target = 0, ""
    for line in (tmp_path / "whole" / "trace").read_text(errors="replace").splitlines():
        looks += "statx(" in line
        names = re.findall(r'"([^"]*)"', line)
        if re.search(r" (renameat2|link|linkat)\(", line) and names[-1].endswith(".mkv"):
            target = names[-1].removeprefix(f"{tmp_path / 'whole' / 'library'}/")
            break
    assert target
    stopped = build(tmp_path / "stopped", empty_database, name)
    foreign = stopped.world.library / target

    def take_it() -> None:
        foreign.write_bytes(b"somebody else's")

    options = ("-e", f"trace={CALLS},statx", "-e", f"inject=statx:signal=STOP:when={looks}")
    assert victims.run(tmp_path / "stopped", name, *options, while_stopped=take_it) == 0
    stopped.truth.foreign[target] = b"somebody else's"
    stopped.go_on()
    if not stopped.scenario.start:  # held outside the library
        stopped.truth.waiting, stopped.truth.media = stopped.truth.media, {}
    assert losses(stopped.world.library, stopped.truth) == []
    stopped.world.database.close()


def test_the_record_follows_the_disk(victims: Victims, empty_database: Path, tmp_path: Path) -> None:
    """Between the last change of a name in a chunk and the next commit, the folders are flushed."""
    build(tmp_path / "whole", empty_database, "shift")
    assert victims.run(tmp_path / "whole", "shift", "-y", "-s", "1000") == 0
    unflushed = False
    for line in (tmp_path / "whole" / "trace").read_text(errors="replace").splitlines():
        if "renameat2(" in line and "/.seiton/" not in line:
            unflushed = True
        elif "fsync(" in line and "/library" in line:
            unflushed = False
        assert not (unflushed and "fdatasync(" in line and "seiton.db" in line), line
