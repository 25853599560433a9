"""A repair that is killed at calls that change names or commit loses nothing and goes on when asked again."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from seiton.contract import DriftFound, LibraryCheck, LibraryRepair
from seiton.viewer.checks import Checks
from seiton.viewer.repair import repair
from tests.crash.matrix import spread
from tests.crash.victims import CannotTrace, calls_of, kill, kill_points, run_killed
from tests.integration.viewer_world import ViewerWorld

CALLS = {"renameat2", "fsync", "fdatasync", "pwrite64", "mkdirat", "unlink"}
KILLS = 20


def build(folder: Path) -> ViewerWorld:
    """A library in which somebody renamed a season, took one file away and put strangers in."""
    folder.mkdir()
    world = open_world(folder, migrate=True)
    for number in (1, 2, 3):
        world.file_away(number, "Show", 1, number)
    season = world.library / "Show/Season 01"
    (season / "Show - S01E01.zh.ass").write_text("subtitle of 1")
    season.rename(world.library / "Show/first season")
    (world.library / "Show/first season/Show - S01E03.mkv").unlink()
    (world.library / "Show/film.mkv").write_text("somebody else's")
    return world


def open_world(folder: Path, *, migrate: bool = False) -> ViewerWorld:
    return ViewerWorld(folder, f"sqlite:///{folder / 'seiton.db'}", migrate=migrate)


def mend(world: ViewerWorld) -> None:
    repair(world.viewer, LibraryRepair(items=tuple(findings(world))))


def findings(world: ViewerWorld) -> list[DriftFound]:
    part = Checks().next_part(world.viewer, LibraryCheck())
    assert part.cursor is None
    return list(part.findings)


def wrong_with(world: ViewerWorld) -> list[str]:
    """Repair again after a crash, and return what is not as it has to be."""
    world.start()
    for _round in range(2):  # what a killed one had recorded as missing may be found only now
        mend(world)
        world.settle()
    wrong = []
    season = world.library / "Show/Season 01"
    for number in (1, 2):
        video = season / f"Show - S01E0{number}.mkv"
        if not video.exists() or video.read_bytes() != (world.downloads / f"{number}.mkv").read_bytes():
            wrong.append(f"{video.name} is not where it belongs")
    if (season / "Show - S01E01.zh.ass").read_text() != "subtitle of 1":
        wrong.append("the subtitle is another")
    if (world.library / "Show/film.mkv").read_text() != "somebody else's":
        wrong.append("a stranger's file was touched")
    left = [path.name for path in world.library.rglob(".seiton-*")]
    kinds = {(one.kind, one.path) for one in findings(world)}
    kinds -= {("missing", "Show/Season 01/Show - S01E03.mkv"), ("foreign", "Show/film.mkv")}
    # The NFO of the missing one stays beside where its video was.
    odd = sorted(path for _kind, path in kinds if not path.endswith("Show - S01E03.nfo"))
    return [*wrong, *left, *odd]


def mend_killed(folder: Path, *options: str) -> int:
    """Repair in a process of its own, under strace with ``options``; return how that ended."""
    try:
        return run_killed(lambda: mend(open_world(folder)), folder / "trace", *options)
    except CannotTrace as reason:
        pytest.skip(str(reason))


@pytest.mark.timeout(1200)
def test_a_repair_killed_anywhere_goes_on(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    build(whole).database.close()
    assert mend_killed(whole) == 0
    calls = [call for call in kill_points(calls_of(whole / "trace")) if call.name in CALLS]
    renames = [call for call in calls if call.name == "renameat2"]
    assert len(renames) > 5
    world = open_world(whole)
    assert wrong_with(world) == []
    world.database.close()
    wrong, in_time = [], 0
    points = {*spread(calls, KILLS, 0.5), renames[2], renames[4], renames[-1]}
    for call in sorted(points, key=calls.index):
        folder = tmp_path / f"{call.name}-{call.number}"
        build(folder).database.close()
        in_time += mend_killed(folder, *kill(call)) == -signal.SIGKILL
        world = open_world(folder)
        wrong += [f"killed at {call.name} {call.number}: {what}" for what in wrong_with(world)]
        world.database.close()
    assert wrong == []
    assert in_time >= 0.8 * len(points)
