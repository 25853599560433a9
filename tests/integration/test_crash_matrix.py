"""``make crash``, bounded: a few kill points of every scenario, and the proof that it would see a loss."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.crash.breaks import BREAKS
from tests.crash.scenarios import SCENARIOS

CANNOT = 3

pytestmark = pytest.mark.timeout(1800)


def run(module: str, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run a program of the harness; return its exit code, its count and what else it said."""
    command = [sys.executable, "-m", f"tests.{module}", *arguments]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    if done.returncode == CANNOT:
        pytest.skip(done.stdout.strip() or done.stderr.strip())
    last = done.stdout.strip().splitlines()[-1:] or ["{}"]
    assert last[0].startswith("{"), done.stderr
    return done.returncode, json.loads(last[0]), done.stderr


@pytest.mark.parametrize("part", ["1/3", "2/3", "3/3"])
def test_a_process_killed_anywhere_loses_nothing_and_goes_on(part: str) -> None:
    code, count, said = run(
        "crash", "--database", "sqlite", "--points", "3", "--part", part, "--json", "--jobs", "1"
    )
    assert (count["lost"], count["overwritten"], count["unconverged"]) == (0, 0, 0), said
    assert code == 0
    assert count["scenarios"] >= len(SCENARIOS) // 3 - 2
    assert count["kill_points"] >= 2 * count["scenarios"]
    assert count["files"] > 0


@pytest.mark.postgres
def test_it_is_the_same_on_postgresql() -> None:
    """Every third scenario; ``make crash`` plays all on both."""
    code, count, said = run(
        "crash", "--database", "postgresql", "--points", "1", "--part", "1/3", "--json", "--jobs", "1"
    )
    if "PostgreSQL left out" in said:
        pytest.skip(said.strip())
    assert (count["lost"], count["overwritten"], count["unconverged"]) == (0, 0, 0), said
    assert code == 0
    assert count["kill_points"] >= count["scenarios"]


@pytest.mark.parametrize(
    ("broken", "scenario", "seen"),
    [
        ("journal", "swap", "lost"),
        ("noreplace", "swap", "overwritten"),
        ("order", "cross-device move", "lost"),
        ("order", "shift of 24 up", "unconverged"),
    ],
)
def test_the_matrix_reports_losses_when_a_part_is_broken(broken: str, scenario: str, seen: str) -> None:
    assert broken in BREAKS
    code, count, said = run(
        "crash", "--break", broken, "--scenario", scenario, "--database", "sqlite", "--json", "--jobs", "1"
    )
    if "only one file system" in said:
        pytest.skip(said.strip())
    assert code == 1
    assert count[seen] > 0, said


FAULTS = (
    ("first sync by link", "renameat2:5:EACCES"),  # season.nfo: nobody looks at a full folder again
    ("title, undone in the middle", "mkdirat:1:ENOSPC"),  # the show's folder comes with the season's
    ("title", "rmdir:8:EIO"),  # an empty folder that cannot be removed now
    ("shift of 24 up", "renameat2:27+:EIO"),  # nothing can be taken back either
    ("sidecars", "renameat2:6+:ENAMETOOLONG"),  # followers of a parked unit
    ("cross-device move", "openat:43:EROFS"),  # a subtitle that was moved by copying goes back
    ("cross-device move", "unlink:11:ENAMETOOLONG"),  # a download that cannot be removed after its copy
    ("undo of an earlier episode comes to a show", "renameat2:10:EROFS"),  # tvshow.nfo, all are back
    ("undo of sidecars", "rmdir:6+:ENOSPC"),  # one step back of a rotation, which others build on
    ("title, undone in the middle", "unlink:9+:EACCES"),  # a folder that a step back emptied
    ("undo of a rule's title, Core and viewer", "unlink:9+:EROFS"),  # a temp in a folder that is left
    ("new facts, undone in the middle", "unlink:9+:ENOSPC"),  # what an exchanged tvshow.nfo leaves
)


def test_when_the_fault_is_gone_everything_comes_to_its_place() -> None:
    arguments = [word for scenario, fault in FAULTS for word in ("--scenario", scenario, "--fail", fault)]
    code, count, said = run("crash", *arguments, "--database", "sqlite", "--json", "--jobs", "1")
    assert (count["lost"], count["overwritten"], count["unconverged"]) == (0, 0, 0), said
    assert code == 0
    played = re.findall(r"^(.+) · sqlite: 0 kill points, 1 failures", said, re.MULTILINE)
    assert played == [name for name, _fault in FAULTS if f"{name}: left out" not in said]


def test_a_power_cut_loses_nothing() -> None:
    code, count, said = run("crash", "--scenario", "power cut", "--points", "4", "--json")
    if "left out" in said:
        pytest.skip(said.strip())
    assert code == 0, said
    assert (count["lost"], count["overwritten"], count["unconverged"]) == (0, 0, 0), said
    assert count["kill_points"] >= 9


def test_a_power_cut_shows_when_nothing_is_flushed() -> None:
    code, count, _said = run("crash.powercut", "--points", "6", "--scenario", "title", "--break", "flush")
    assert code == 1
    assert count["lost"] + count["unconverged"] > 0


def traced(scenario: str, folder: Path) -> list[str]:
    file = folder / "trace"
    command = [sys.executable, "-m", "tests.crash.tracing", scenario, str(file)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    if "CannotTrace" in done.stderr:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    assert done.returncode == 0, done.stderr
    return file.read_text(errors="replace").splitlines()


def test_no_generated_file_gets_its_name_before_its_content_is_on_the_disk(tmp_path: Path) -> None:
    flushed: set[str] = set()
    named = 0
    for line in traced("title", tmp_path):
        temps = re.findall(r"\.seiton-tmp-[0-9a-f]+", line)
        if "fsync(" in line:
            flushed |= set(temps)
        elif "renameat2(" in line and temps:
            named += 1
            assert set(temps) <= flushed, line
    assert named == 5  # three episodes, the season, the show


def test_the_record_follows_the_disk(tmp_path: Path) -> None:
    """Between the last change of a name in a chunk and the next commit, the folders are flushed."""
    unflushed = False
    changes = 0
    for line in traced("shift of 24 up", tmp_path):
        if "renameat2(" in line and "/.seiton/" not in line:
            unflushed = True
            changes += 1
        elif "fsync(" in line and "/library" in line:
            unflushed = False
        assert not (unflushed and "fdatasync(" in line and "seiton.db" in line), line
    assert changes > 24
