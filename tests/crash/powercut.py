"""``python -m tests.crash.powercut``: the power goes at system calls of a resync, on a real file system.

Library, downloads and database lie on ext4 in an image, mounted through a loop device. At the chosen call the
process is killed and the image copied at once, as it is: what was not flushed is not in it, because ext4 is
told to commit by itself only every five minutes. The copy is mounted, and recovered there. Needs root.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.crash.breaks import break_flush
from tests.crash.databases import SqliteFile
from tests.crash.matrix import Tally, spread
from tests.crash.scenarios import SCENARIOS
from tests.crash.stages import make_stage
from tests.crash.victims import CannotTrace, calls_of, find_strace, kill, kill_points, run_killed

CANNOT = 3
SIZE_MB = 24
PLAYED = ("swap", "title", "first sync by copy")


class CannotMount(Exception):
    """Images cannot be mounted here."""


class Disk:
    """An ext4 file system in an image, mounted at ``point``."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._number = folder, 0
        self.point = folder / "mnt"
        self.point.mkdir()
        self._image = folder / "image-0"
        with self._image.open("wb") as stream:
            stream.truncate(SIZE_MB << 20)
        _do("mkfs.ext4", "-q", "-F", str(self._image))
        self.mount()

    def mount(self) -> None:
        _do("mount", "-o", "loop,commit=300", str(self._image), str(self.point))

    def unmount(self) -> None:
        _do("umount", str(self.point))

    def copy(self, name: str) -> Path:
        """Copy the image as the disk has it now, without asking the file system to flush."""
        target = self._folder / name
        _do("cp", "--sparse=always", str(self._image), str(target))
        return target

    def turn_into(self, image: Path) -> None:
        """Unmount what is there, and mount a copy of ``image`` in its place."""
        self.unmount()
        self._image.unlink()
        self._number += 1
        self._image = self._folder / f"image-{self._number}"
        _do("cp", "--sparse=always", str(image), str(self._image))
        self.mount()


def cut(folder: Path, scenario: str, points: int, broken: str = "") -> Tally:
    """Cut the power in ``scenario`` at ``points`` calls, spread evenly; 0: at all. Raises ``CannotMount``."""
    disk = Disk(folder)
    try:
        world = disk.point / "world"
        keeper = SqliteFile(world, folder / "spare")
        keeper.fresh()
        stage = make_stage(world, keeper.database, SCENARIOS[scenario], elsewhere=folder / "elsewhere")
        keeper.keep()
        disk.unmount()
        kept = disk.copy("kept")
        disk.mount()
        if broken:
            break_flush()
        trace, tally = folder / "trace", Tally(scenarios=1)

        def judge(where: str) -> None:
            tally.add(f"{scenario}, {where}", stage.judge())
            keeper.database.close()

        run_killed(stage.act, trace)
        calls = kill_points(calls_of(trace))
        judge("undisturbed")
        for call in spread(calls, points, 0.5):
            disk.turn_into(kept)
            status = run_killed(stage.act, trace, *kill(call))
            tally.kill_points += status < 0
            image = disk.copy("cut")
            disk.turn_into(image)
            judge(f"the power goes at {call.name} {call.number}")
        return tally
    finally:
        disk.unmount()


def cut_all(scenarios: Sequence[str], points: int, broken: str = "") -> Tally:
    """``cut`` in one scenario after the other, each told on standard error. Raises ``CannotMount``."""
    total = Tally()
    for scenario in scenarios:
        with tempfile.TemporaryDirectory(prefix="seiton-powercut-") as folder:
            tally = cut(Path(folder), scenario, points, broken)
        total.take(tally)
        print(f"{scenario}: the power went {tally.kill_points} times", file=sys.stderr, flush=True)
        for fault in tally.faults[:20]:
            print(f"  {fault}", file=sys.stderr, flush=True)
    return total


def _do(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise CannotMount(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotMount(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut the power as asked; return the exit code, ``CANNOT`` with a reason where it cannot be done."""
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--scenario", action="append", choices=SCENARIOS, metavar="NAME")
    options.add_argument("--points", type=int, default=0)
    options.add_argument("--break", dest="broken", choices=("flush",), default="")
    given = options.parse_args(arguments)
    try:
        find_strace()
        total = cut_all(given.scenario or PLAYED, given.points, given.broken)
    except (CannotMount, CannotTrace) as reason:
        print(reason)
        return CANNOT
    print(json.dumps({name: value for name, value in vars(total).items() if isinstance(value, int)}))
    return 0 if total.is_clean and total.kill_points else 1


if __name__ == "__main__":
    sys.exit(main())
