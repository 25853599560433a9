"""Processes that are killed: forked with everything loaded, traced by strace, and dead at one system call."""

from __future__ import annotations

import ctypes
import itertools
import os
import re
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

CALLS = (
    "rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,mkdir,mkdirat,rmdir,openat,"
    "fsync,fdatasync,syncfs,pwrite64,write,ftruncate,fchmod,utimensat,ioctl,copy_file_range,sendto,recvfrom"
)
"""What changes a file system, or commits; of some only those that do (see ``kill_points``)."""

HANG_S = 120
_PR_SET_PTRACER = 0x59616D61
_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?([a-z0-9]+)\((.*)")
_LOG = "pwrite64"


class CannotTrace(Exception):
    """strace is not there, or may not trace."""


@dataclass(frozen=True, slots=True)
class Call:
    """A system call: its name, which one of that name in the process it is, and how strace shows it."""

    name: str
    number: int
    text: str = ""


def find_strace() -> str:
    """Return where strace is, or raise ``CannotTrace``."""
    found = shutil.which("strace")
    if found is None:
        raise CannotTrace("strace is not installed")
    return found


def run_killed(act: Callable[[], object], trace: Path, *options: str) -> int:
    """Run ``act`` in a forked process under strace; return how it ended (negative: the signal).

    What it did is in ``trace``; what it raised, in a file beside it.
    """
    ready, go = os.pipe()
    victim = os.fork()
    if victim == 0:
        os.close(go)
        _be_killed(act, ready, trace)
    os.close(ready)
    command = [find_strace(), "-f", "-s", "300", "-e", f"trace={CALLS}", "-o", str(trace), *options]
    with subprocess.Popen([*command, "-p", str(victim)], stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        os.close(go)
        try:
            tracer.communicate(timeout=HANG_S)
        except subprocess.TimeoutExpired:
            os.kill(victim, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1])
    if "attached" not in said:
        raise CannotTrace(f"strace may not trace here: {said.strip()}")
    return status


def run_free(act: Callable[[], object], trace: Path) -> int:
    """Run ``act`` in a forked process that nobody kills; return its exit code."""
    ready, go = os.pipe()
    victim = os.fork()
    if victim == 0:
        os.close(go)
        _be_killed(act, ready, trace)
    os.close(ready)
    os.close(go)
    return os.waitstatus_to_exitcode(os.waitpid(victim, 0)[1])


def _be_killed(act: Callable[[], object], ready: int, trace: Path) -> NoReturn:
    status = 1
    try:
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1))  # Ubuntu lets only parents trace
        os.read(ready, 1)
        act()
        status = 0
    except Exception:
        trace.with_suffix(".error").write_text(traceback.format_exc())
    finally:
        os._exit(status)


def kill(call: Call) -> tuple[str, ...]:
    """Return the options that kill a process as it enters ``call``."""
    return ("-e", f"inject={call.name}:signal=KILL:when={call.number}")


def calls_of(trace: Path) -> list[Call]:
    """Return each call in order."""
    counts: Counter[str] = Counter()
    calls = []
    for line in trace.read_text(errors="replace").splitlines():
        if match := _CALL.match(line):
            counts[match[1]] += 1
            calls.append(Call(match[1], counts[match[1]], match[2]))
    return calls


def kill_points(calls: Sequence[Call]) -> list[Call]:
    """Return where to kill: at what changes a file or its name, at what flushes, and around each commit.

    A process that is killed as it enters a call has done everything before it and not the call. Of calls in
    a row that fill SQLite's log the last one is enough: without it nothing is committed, and it is itself
    what commits. Of what is said to PostgreSQL these count: the statement before a commit, the commit, and
    the wait for the answer to it.
    """
    chosen = []
    for before, call, after in zip([None, *calls], calls, [*calls[1:], None], strict=False):
        if call.name == "openat":
            counts = "O_CREAT" in call.text
        elif call.name == "ioctl":
            counts = "FICLONE" in call.text
        elif call.name == _LOG:
            counts = after is None or after.name != _LOG
        elif call.name == "sendto":
            counts = "COMMIT" in call.text or _is_commit_next(calls, call)
        elif call.name == "recvfrom":
            counts = before is not None and before.name == "sendto" and "COMMIT" in before.text
        else:
            counts = True
        if counts:
            chosen.append(call)
    return chosen


def failure_points(calls: Sequence[Call]) -> list[Call]:
    """Return the calls that may fail: those on files, but not those of the database's log or on sockets."""
    return [call for call in kill_points(calls) if call.name not in {_LOG, "sendto", "recvfrom", "fdatasync"}]


def _is_commit_next(calls: Sequence[Call], call: Call) -> bool:
    later = itertools.islice(calls, calls.index(call) + 1, None)
    following = next((other for other in later if other.name == "sendto"), None)
    return following is not None and "COMMIT" in following.text
