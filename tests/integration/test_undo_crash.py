"""A viewer killed with SIGKILL in the middle of an undo, started again: the tree is what it was to the byte.

``SEITON_CRASH_ALL=1`` kills at every call that changes a file system or commits; otherwise at some.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.crash_viewer import SCENARIOS, open_world
from tests.integration.test_viewer_crash import AGAIN, LOG, Victims, calls_of
from tests.integration.test_viewer_crash import empty_database as empty_database
from tests.integration.test_viewer_crash import victims as victims
from tests.integration.undo_world import Picture, UndoWorld, edited, picture

KILLS = 6
"""In each scenario, unless all are wanted."""
NAMES = ("swap", "shift", "rotation", "title", "case", "small chunks", "new facts")


def build(
    folder: Path, database: Path, name: str, *, is_killed_before: bool = False
) -> tuple[UndoWorld, Picture]:
    """Make a library, an edit, and an undo that is recorded and not begun.

    ``is_killed_before``: neither is the edit.
    """
    scenario = SCENARIOS[name]
    folder.mkdir()
    shutil.copy(database, folder / "seiton.db")
    world = UndoWorld(open_world(folder, scenario), scenario.start, subtitles=scenario.subtitles)
    before = world.picture()
    world.ask(scenario.edit, 1, facts=scenario.facts)
    if not is_killed_before:
        world.world.settle()
        assert world.picture() != before
        world.ask(edited(scenario), 2, undoes=1)
    world.world.database.close()
    return world, before


def go_on(world: UndoWorld) -> None:
    """Start the viewer again."""
    world.world.start()
    world.world.settle()
    world.world.wait()


def spread(calls: list[tuple[str, int]], name: str) -> list[tuple[str, int]]:
    if os.environ.get("SEITON_CRASH_ALL"):
        return calls
    # Of calls in a row that fill the database's log one is enough: nothing is committed between them.
    pairs = itertools.pairwise([*calls, ("", 0)])
    calls = [call for call, after in pairs if (call[0], after[0]) != (LOG, LOG)]
    offset = NAMES.index(name) / len(NAMES)
    return [calls[int(len(calls) * (kill + offset) / KILLS)] for kill in range(KILLS)]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", NAMES)
def test_an_undo_killed_anywhere_gives_back_the_tree(
    name: str, victims: Victims, empty_database: Path, tmp_path: Path
) -> None:
    whole, before = build(tmp_path / "whole", empty_database, name)
    assert victims.run(tmp_path / "whole", name) == 0
    assert whole.picture() == before
    calls = calls_of(tmp_path / "whole" / "trace")
    assert len(calls) > 20
    wrong, in_time = [], 0
    points = spread(calls, name)
    for index, (call, number) in enumerate(points):
        folder = tmp_path / f"{call}-{number}"
        killed, former = build(folder, empty_database, name)
        status = victims.run(folder, name, "-e", f"inject={call}:signal=KILL:when={number}")
        assert status in (0, -signal.SIGKILL)
        in_time += status == -signal.SIGKILL
        again = AGAIN[index % len(AGAIN)]
        victims.run(folder, name, "-e", f"inject={again}:signal=KILL:when={1 + index % 7}")
        go_on(killed)
        wrong += [f"killed at {call} {number} and at {again}: {what}" for what in differences(killed, former)]
        killed.world.database.close()
        shutil.rmtree(folder)
    assert wrong == []
    assert in_time >= 0.9 * len(points)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["swap", "title", "small chunks", "new facts"])
def test_an_edit_killed_anywhere_is_undone_to_the_byte(
    name: str, victims: Victims, empty_database: Path, tmp_path: Path
) -> None:
    """The undo comes while the viewer is dead, in the middle of the edit."""
    scenario = SCENARIOS[name]
    build(tmp_path / "whole", empty_database, name, is_killed_before=True)
    assert victims.run(tmp_path / "whole", name) == 0
    wrong = []
    for call, number in spread(calls_of(tmp_path / "whole" / "trace"), name):
        folder = tmp_path / f"{call}-{number}"
        killed, former = build(folder, empty_database, name, is_killed_before=True)
        victims.run(folder, name, "-e", f"inject={call}:signal=KILL:when={number}")
        killed.world.start()
        killed.ask(edited(scenario), 2, undoes=1)
        go_on(killed)
        wrong += [f"killed at {call} {number}: {what}" for what in differences(killed, former)]
        killed.world.database.close()
        shutil.rmtree(folder)
    assert wrong == []


def differences(world: UndoWorld, former: Mapping[str, str]) -> list[str]:
    """Return what is not as it was, but for the folder of Seiton's own."""
    now = picture(world.library)
    return sorted(path for path in now.keys() | former.keys() if now.get(path) != former.get(path))
