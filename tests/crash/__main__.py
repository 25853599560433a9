"""``make crash``: kill real processes at every system call of a resync, start them again, count the losses.

Progress goes to standard error. The last line is the count; with ``--json`` as one JSON object. Ends with 1
if anything was lost, overwritten or did not come to rest, with 3 if nothing could be killed here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.crash.breaks import BREAKS
from tests.crash.matrix import Tally, Task
from tests.crash.powercut import PLAYED, CannotMount, cut_all
from tests.crash.scenarios import SCENARIOS, shares_blocks, uses_two_disks
from tests.crash.sharing import CannotShare, sharing_place
from tests.crash.victims import CannotTrace, find_strace
from tests.crash.workers import run_tasks
from tests.postgres import NoPostgres, Server

BROKEN_POINTS = 12
POWER_CUT = "power cut"
"""A scenario of its own: it needs a disk that can be mounted, and has its database there (``powercut``)."""
SHOWN = 20
"""Faults that are printed of each scenario."""
_WORLDS = ("/dev/shm", "/tmp", "/var/tmp", "/run")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix, or the part of it that is asked for; return the exit code."""
    options = _options(arguments)
    try:
        find_strace()
    except CannotTrace as reason:
        print(reason, file=sys.stderr)
        return 3
    began = time.monotonic()
    total = Tally()
    with ExitStack() as stack:
        kinds = list(options.database or ["sqlite", "postgresql"])
        folder, elsewhere = _places(stack)
        names = _names(options, elsewhere)
        sharing = _sharing(stack, names)
        postgres = _server(stack, kinds) if names else None
        tasks = _tasks(options, names, kinds)
        for task, tally in run_tasks(
            tasks, folder, elsewhere or folder, postgres, options.jobs, sharing=sharing
        ):
            total.take(tally)
            _tell(task, tally)
    is_cut = _is_power_cut(options, kinds) and _cut_power(options.points, total)
    played = len(names) + is_cut
    _sum_up(total, played, time.monotonic() - began, is_json=options.json)
    if not played:
        return 3
    return 0 if total.is_clean and (total.kill_points or total.failures) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    options = argparse.ArgumentParser(prog="make crash", description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--scenario", action="append", choices=[*SCENARIOS, POWER_CUT], metavar="NAME")
    options.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    options.add_argument("--points", type=int, help="so many kills of each scenario; 0: all")
    options.add_argument("--part", default="1/1", help="of the scenarios: 2/3 is the second third")
    options.add_argument("--break", dest="broken", choices=BREAKS, default="")
    options.add_argument(
        "--fail",
        action="append",
        metavar="CALL:NUMBER[+]:ERROR",
        help="only this, no kills; of several, each is for one --scenario, in order",
    )
    options.add_argument("--jobs", type=int, default=2)
    options.add_argument("--json", action="store_true")
    given = options.parse_args(arguments)
    if given.points is None:  # where something is broken, a few kills are enough to show it
        given.points = BROKEN_POINTS if given.broken else 0
    return given


def _names(options: argparse.Namespace, elsewhere: Path | None) -> list[str]:
    part, parts = map(int, options.part.split("/"))
    names = []
    wanted = [name for name in options.scenario or SCENARIOS if name != POWER_CUT]
    for name in wanted[part - 1 :: parts]:
        scenario = SCENARIOS[name]
        if elsewhere is None and uses_two_disks(scenario):
            print(f"{name}: left out, there is only one file system here", file=sys.stderr)
            continue
        names.append(name)
    return names


def _tasks(options: argparse.Namespace, names: Sequence[str], kinds: Sequence[str]) -> list[Task]:
    fails = options.fail or [""]
    one_by_one = zip(options.scenario or (), fails, strict=True) if len(fails) > 1 else ()
    wanted = list(one_by_one) or [(name, fails[0]) for name in names]
    return [
        Task(scenario=name, database=kind, points=options.points, broken=options.broken, fail=fail)
        for name, fail in wanted
        if name in names
        for kind in kinds
    ]


def _is_power_cut(options: argparse.Namespace, kinds: Sequence[str]) -> bool:
    """Say whether the power is to be cut: if it is asked for, or everything is."""
    is_whole = not options.scenario and options.part == "1/1" and "sqlite" in kinds
    is_wanted = POWER_CUT in (options.scenario or ()) or is_whole
    return is_wanted and not (options.broken or options.fail)


def _cut_power(points: int, total: Tally) -> bool:
    try:
        tally = cut_all(PLAYED, points)
    except CannotMount as reason:
        print(f"{POWER_CUT}: left out: {reason}", file=sys.stderr)
        return False
    total.take(tally)
    _tell(Task(scenario=POWER_CUT, database="sqlite"), tally)
    return True


def _server(stack: ExitStack, kinds: list[str]) -> Path | None:
    if "postgresql" not in kinds:
        return None
    try:
        return stack.enter_context(Server.start()).folder
    except NoPostgres as reason:
        if os.environ.get("CI"):
            raise
        print(f"PostgreSQL left out: {reason}", file=sys.stderr)
        kinds.remove("postgresql")
        return None


def _places(stack: ExitStack) -> tuple[Path, Path | None]:
    """Make a folder for the worlds, in memory if there is such a place: a killed process loses nothing there
    that it would not lose on a disk. The other folder lies on another file system.
    """
    made = [stack.enter_context(_folder(place)) for place in _devices()[:2]]
    return made[0], made[1] if len(made) > 1 else None


def _devices() -> list[Path]:
    """Return one writable place of each file system."""
    devices: dict[int, Path] = {}
    for place in (*_WORLDS, tempfile.gettempdir()):
        if os.path.isdir(place) and os.access(place, os.W_OK):
            devices.setdefault(os.stat(place).st_dev, Path(place))
    return list(devices.values())


def _sharing(stack: ExitStack, names: list[str]) -> Path | None:
    """Return a folder where files can share blocks if it is needed; without one, drop what needs it."""
    needy = [name for name in names if shares_blocks(SCENARIOS[name])]
    if not needy:
        return None
    try:
        return stack.enter_context(sharing_place(_devices()))
    except CannotShare as reason:
        for name in needy:
            print(f"{name}: left out, {reason}", file=sys.stderr)
            names.remove(name)
        return None


@contextmanager
def _folder(place: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="seiton-crash-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _tell(task: Task, tally: Tally) -> None:
    what = "all is well" if tally.is_clean else f"{len(tally.faults)} FAULTS"
    print(
        f"{task.scenario} · {task.database}: {tally.kill_points} kill points, "
        f"{tally.failures} failures, {tally.pranks} pranks, {tally.files} files: {what}",
        file=sys.stderr,
        flush=True,
    )
    for fault in tally.faults[:SHOWN]:
        print(f"  {fault}", file=sys.stderr, flush=True)


def _sum_up(total: Tally, scenarios: int, seconds: float, *, is_json: bool) -> None:
    counts = {
        "scenarios": scenarios,
        "kill_points": total.kill_points,
        "files": total.files,
        "lost": total.lost,
        "overwritten": total.overwritten,
        "unconverged": total.unconverged,
    }
    beside = f"{total.failures} failures of calls, {total.pranks} pranks, {total.missed} kills too late"
    print(f"{beside}, {seconds:.0f} s", file=sys.stderr)
    if is_json:
        print(json.dumps(counts, separators=(",", ":")))
        return
    print(", ".join(f"{name.replace('_', ' ')} {count}" for name, count in counts.items()))


if __name__ == "__main__":
    sys.exit(main())
