"""The matrix: each scenario is killed at each of its system calls, started again, and judged."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from seiton.adapters.files import Identity, identify
from tests.crash.breaks import BREAKS
from tests.crash.databases import Keeper, PostgresDatabase, SqliteFile, renumber
from tests.crash.pranks import NEVER, act_with, no_prank, take_name, unplug, unplugged
from tests.crash.scenarios import SCENARIOS
from tests.crash.stages import Stage, Verdict, make_stage
from tests.crash.victims import Call, calls_of, failure_points, kill, kill_points, run_free, run_killed

AGAIN = ("renameat2", "pwrite64", "unlink", "fdatasync", "fsync", "mkdir")
"""Where the recovery is killed in its turn, every third time."""
ERRORS = ("EIO", "ENOSPC", "EACCES", "EROFS", "ENAMETOOLONG")

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Task:
    """One scenario on one kind of database. ``points``: at most so many kills, spread evenly, half as many
    failures and intrusions, a quarter as many unpluggings; 0: all.
    """

    scenario: str
    database: str
    points: int = 0
    broken: str = ""
    fail: str = ""  # only this: "renameat2:5+:EIO" lets the fifth and all later calls fail


@dataclass(kw_only=True)
class Tally:
    """What came of a task, or of many. Files are counted as often as their checksums were compared."""

    scenarios: int = 0
    kill_points: int = 0
    missed: int = 0  # the process was over before its kill came
    failures: int = 0  # calls that failed
    pranks: int = 0  # names that somebody took, libraries that were unplugged in mid-run
    files: int = 0
    lost: int = 0
    overwritten: int = 0
    unconverged: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, where: str, verdict: Verdict) -> None:
        self.files += verdict.files
        self.lost += len(verdict.lost)
        self.overwritten += len(verdict.overwritten)
        self.unconverged += bool(verdict.unconverged)
        self.faults += [f"{where}: {sentence}" for sentence in verdict.sentences]

    def take(self, other: Tally) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.overwritten or self.unconverged)


class Bench:
    """Where a worker plays: below ``folder``, with ``elsewhere`` on another file system."""

    def __init__(
        self, folder: Path, elsewhere: Path, postgres: Path | None, *, database: str = "crash"
    ) -> None:
        self.folder, self.elsewhere, self._postgres = folder, elsewhere, postgres
        self._database = f"{database}_{os.getpid()}"
        self.world, self.kept = folder / "world", folder / "kept"
        self.trace = folder / "trace"
        self._keepers: dict[str, Keeper] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def keeper(self, kind: str) -> Keeper:
        if kind not in self._keepers:
            if kind == "postgresql":
                assert self._postgres is not None
                self._keepers[kind] = PostgresDatabase(self._postgres, self._database)
            else:
                self._keepers[kind] = SqliteFile(self.world, self.folder / "spare")
        return self._keepers[kind]

    def close(self) -> None:
        for keeper in self._keepers.values():
            keeper.close()
        for folder in (self.folder, self.elsewhere):
            shutil.rmtree(folder, ignore_errors=True)


class Play:
    """One task at work."""

    def __init__(self, bench: Bench, task: Task) -> None:
        self.bench, self.task = bench, task
        self.keeper = bench.keeper(task.database)
        for folder in (bench.world, bench.elsewhere):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        self.keeper.fresh()
        scenario = SCENARIOS[task.scenario]
        self.stage: Stage = make_stage(bench.world, self.keeper.database, scenario, elsewhere=bench.elsewhere)
        self.keeper.keep()
        shutil.rmtree(bench.kept, ignore_errors=True)
        bench.kept.mkdir()
        for number, root in enumerate(self.stage.roots()):
            _copy(root, bench.kept / str(number))
        self.paths = {found.inode: path for path, found in self._identities().items()}
        self.tally = Tally()

    def run(self) -> Tally:
        """Play undisturbed, then once for each kill, each call that may fail and each prank."""
        if self.task.fail:
            name, which, error = self.task.fail.split(":")
            self._fail_at(Call(name, int(which.rstrip("+"))), error, "+" if which.endswith("+") else "")
            return self.tally
        self.put_back()
        status = run_killed(self.stage.act, self.bench.trace)
        calls = calls_of(self.bench.trace)
        self._judge(f"undisturbed ({status})")
        for index, call in enumerate(self._spread(kill_points(calls), self.task.points)):
            self._kill_at(call, index)
        # Where a name may be taken for good after the fault, there is no one right end.
        failures = failure_points(calls) if self.stage.ends_alone else []
        for index, call in enumerate(self._spread(failures, self.task.points // 2)):
            self._fail_at(call, ERRORS[index % len(ERRORS)], "+" if call.number % 3 == 0 else "")
        namings = range(int(self._prank(NEVER, no_prank)[0]))
        for number in self._spread(namings, self.task.points // 2):
            self._intrude_at(number)
        for number in self._spread(namings, self.task.points // 4):
            self._unplug_at(number)
        return self.tally

    def _spread(self, points: Sequence[T], wanted: int) -> list[T]:
        if not self.task.points:
            return list(points)
        # Each scenario begins elsewhere, so that together they meet every kind of place.
        return spread(points, max(wanted, 1), list(SCENARIOS).index(self.task.scenario) / len(SCENARIOS))

    def _kill_at(self, call: Call, index: int) -> None:
        self.put_back()
        status = run_killed(self.stage.act, self.bench.trace, *kill(call))
        self.keeper.wait_until_left()
        self.tally.kill_points += status == -signal.SIGKILL
        self.tally.missed += status != -signal.SIGKILL
        where = f"killed at {call.name} {call.number}"
        if index % 3 == 0:
            again = Call(AGAIN[index // 3 % len(AGAIN)], 1 + index % 7)
            status = run_killed(self.stage.act, self.bench.trace, *kill(again))
            self.keeper.wait_until_left()
            self.tally.kill_points += status == -signal.SIGKILL
            where += f" and at {again.name} {again.number}"
        self._judge(where)

    def _fail_at(self, call: Call, error: str, lasting: str) -> None:
        """Let ``call`` fail, with ``lasting`` "+" all of its name that follow too; then the fault is gone."""
        self.put_back()
        fail = ("-e", f"inject={call.name}:error={error}:when={call.number}{lasting}")
        run_killed(self.stage.act, self.bench.trace, *fail)
        self.keeper.wait_until_left()
        self.tally.failures += 1
        if call.name == "unlink":
            # A disposable file that cannot be removed stays: nothing but its name says that it is ours.
            for root in (self.stage.library, self.stage.films):
                _remove_disposables(root or self.stage.library)
        self._judge(f"{error} at {call.name} {call.number}{lasting}")

    def _intrude_at(self, number: int) -> None:
        _count, intruder = self._prank(number, take_name)
        self.tally.pranks += bool(intruder)
        self._judge(f"somebody takes {intruder} in the last instant", intruder or None)

    def _unplug_at(self, number: int) -> None:
        _count, said = self._prank(number, unplug)
        library = self.stage.library
        if said:
            made = [path for path in library.rglob("*") if path.is_file()]
            if made:
                self.tally.add(
                    self.task.scenario, Verdict(unconverged=[f"made where nothing is mounted: {made}"])
                )
            shutil.rmtree(library, ignore_errors=True)
            unplugged(library).rename(library)
        self.tally.pranks += bool(said)
        self._judge(f"unplugged before name {number}")

    def _prank(self, number: int, prank: Callable[[Path, bytes], str]) -> tuple[str, str]:
        self.put_back()
        note = self.bench.trace.with_suffix(".note")
        note.write_text("0\n")
        run_free(lambda: act_with(self.stage, number, note, prank), self.bench.trace)
        self.keeper.wait_until_left()
        count, _line, said = note.read_text().partition("\n")
        return count, said

    def _judge(self, where: str, intruder: str | None = None) -> None:
        where = f"{self.task.scenario}, {self.task.database}, {where}"
        try:
            self.tally.add(where, self.stage.judge(intruder=intruder))
        except Exception as error:
            self.tally.add(where, Verdict(unconverged=[f"it cannot go on: {error!r}"]))
        self.keeper.database.close()

    def put_back(self) -> None:
        """Make the disk and the database what they were before the edit was followed."""
        for number, root in enumerate(self.stage.roots()):
            shutil.rmtree(root)
            _copy(self.bench.kept / str(number), root)
        self.keeper.put_back()
        now = self._identities()
        renumber(self.keeper.database, {inode: now[path] for inode, path in self.paths.items()})
        self.keeper.database.close()

    def _identities(self) -> dict[bytes, Identity]:
        found = {}
        for root in self.stage.roots():
            for base, folders, names in os.walk(os.fsencode(root)):
                for name in [*folders, *names]:
                    path = os.path.join(base, name)
                    identity = identify(path)
                    if identity is not None:
                        found[path] = identity
        return found


def play(bench: Bench, task: Task) -> Tally:
    """Do ``task``; everything of Seiton's that it names is broken in this process then, for good."""
    made = Play(bench, task)
    if task.broken:
        BREAKS[task.broken]()
    tally = made.run()
    tally.scenarios = 1
    return tally


def spread(points: Sequence[T], wanted: int, offset: float) -> list[T]:
    """Return ``wanted`` of ``points`` (0: all), evenly, the first after ``offset`` of a step."""
    if not wanted or len(points) <= wanted:
        return list(points)
    return [points[int(len(points) * (place + offset) / wanted)] for place in range(wanted)]


def _remove_disposables(library: Path) -> None:
    for path in library.rglob(".seiton-tmp-*"):
        path.unlink()


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", "--reflink=auto", source, target], check=True)
