"""Worlds in which a viewer is killed, and the processes that are killed."""

from __future__ import annotations

import ctypes
import os
import sys
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from seiton.adapters.files import LinkMode
from seiton.contract import Facts
from seiton.viewer.converge import converge
from seiton.viewer.receive import receive
from seiton.viewer.removal import receive_removals
from tests.integration.oracle import Truth
from tests.integration.viewer_world import ViewerWorld

Place = tuple[str, int, int]

_PR_SET_PTRACER = 0x59616D61


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """Where episodes lie, where they belong then, and where each is in the end.

    ``late`` is a second edit, which arrives while the viewer is dead. ``foreign`` lies at one of the targets,
    ``appears`` is where somebody puts a file while the viewer is dead, if nothing lies there. An empty
    ``end`` is not looked at: where episodes lie depends on when the crash came. Those in ``trashed``
    were removed before, ``removed`` and ``erased`` are by the edit.
    """

    start: dict[int, Place] = field(default_factory=dict)
    edit: dict[int, Place]
    late: dict[int, Place] = field(default_factory=dict)
    end: dict[int, Place]
    foreign: Place | None = None
    appears: Place | None = None
    chunk_steps: int = 500
    facts: Facts | None = None  # that come with the edit
    trashed: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    erased: tuple[int, ...] = ()
    subtitles: bool = False
    link_mode: LinkMode = LinkMode.HARDLINK


def _scenario(
    start: dict[int, Place], edit: dict[int, Place], *, late: dict[int, Place] | None = None, **more: Any
) -> Scenario:
    late = late or {}
    return Scenario(start=start, edit=edit, late=late, end={**start, **edit, **late}, **more)


def _season(title: str, numbers: range, by: int = 0) -> dict[int, Place]:
    return {number: (title, 1, number + by) for number in numbers}


_THREE = _season("Show", range(1, 4))
_SWAPPED: dict[int, Place] = {1: ("Show", 1, 2), 2: ("Show", 1, 1)}
_ROTATED: dict[int, Place] = {1: ("Show", 1, 2), 2: ("Show", 1, 3), 3: ("Show", 1, 1)}
_TWO = _season("Show", range(1, 3))

SCENARIOS: dict[str, Scenario] = {
    "swap": _scenario(_TWO, _SWAPPED, subtitles=True),
    "shift": _scenario(_season("Show", range(1, 7)), _season("Show", range(1, 7), by=1)),
    "rotation": _scenario(_THREE, _ROTATED),
    "title": _scenario(_season("Shwo", range(1, 4)), _season("Show", range(1, 4)), subtitles=True),
    "collision": Scenario(
        start=_TWO,
        edit={1: ("Show", 1, 2), 2: ("Show", 1, 3)},
        end=_TWO,
        foreign=("Show", 1, 3),
    ),
    "case": _scenario(_season("show", range(1, 3)), _season("Show", range(1, 3)), subtitles=True),
    "somebody takes the place of the parked": Scenario(
        start=_THREE, edit=_ROTATED, end={}, appears=("Show", 1, 1), subtitles=True
    ),
    "somebody takes a target": Scenario(
        start=_THREE, edit=_season("Show", range(1, 4), by=1), end={}, appears=("Show", 1, 3), subtitles=True
    ),
    "small chunks": _scenario(
        {**_season("Show", range(1, 7)), 7: ("Shwo", 1, 9), 8: ("Shwo", 2, 1)},
        {**_season("Show", range(2, 7), by=1), 1: ("Show", 1, 2), 7: ("Show", 1, 8), 8: ("Show", 2, 1)},
        subtitles=True,
        chunk_steps=5,
    ),
    "new facts": _scenario(
        _TWO, _TWO, facts=Facts(episode_title="Begin", show_plot="A story.", premiered=date(2024, 4, 1))
    ),
    "first sync by link": Scenario(edit=_TWO, end=_TWO, subtitles=True),
    "first sync by copy": Scenario(edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.COPY),
    "first sync by move": Scenario(edit=_TWO, end=_TWO, subtitles=True, link_mode=LinkMode.MOVE),
    "removal": Scenario(
        start=_THREE, edit={3: ("Show", 1, 1)}, removed=(1, 2), end={3: ("Show", 1, 1)}, subtitles=True
    ),
    "removal of a show": Scenario(start=_TWO, edit={}, removed=(1, 2), end={}, subtitles=True),
    "restoring": Scenario(start=_TWO, trashed=(1, 2), edit=_TWO, end=_TWO, subtitles=True),
    "emptying the trash": Scenario(
        start=_THREE, trashed=(1, 2), edit={}, erased=(1, 2), end={3: ("Show", 1, 3)}, subtitles=True
    ),
    "second edit of a rotation": _scenario(_THREE, _ROTATED, late={1: ("Show", 1, 1), 3: ("Show", 2, 9)}),
    "second edit of a title": _scenario(
        _season("Shwo", range(1, 4)), _season("Show", range(1, 4)), late=_season("Shou", range(2, 4), by=-1)
    ),
}


class CrashWorld:
    """One scenario on the disk, ready for the viewer that will be killed."""

    def __init__(self, folder: Path, scenario: Scenario) -> None:
        self.scenario = scenario
        self.world = open_world(folder, scenario)
        self.truth = Truth()
        gone = {*scenario.removed, *scenario.erased}
        everything = {**scenario.start, **scenario.edit}
        for number in everything:
            content = self.world.download(f"{number}.mkv").read_bytes()
            if number not in gone:
                self.truth.media[f"{number}.mkv"] = content
            if scenario.subtitles:
                subtitle = self.world.downloads / f"{number}.TC.ass"
                subtitle.write_bytes(b"subtitle of %d" % number)
                if number in gone:
                    continue
                self.truth.subtitles[subtitle.read_bytes()] = f"{number}.mkv"
        if scenario.start:
            self._ask(scenario.start, is_new=True)
            self.world.settle()
        if scenario.foreign is not None:
            path = f"{stem(scenario.foreign)}.mkv"
            (self.world.library / path).write_bytes(b"somebody else's")
            self.truth.foreign[path] = b"somebody else's"
        if scenario.trashed:
            self._remove(scenario.trashed)
            self.world.settle()
        self._ask(scenario.edit, is_new=not scenario.start)
        self._remove(scenario.removed)
        self._remove(scenario.erased, erase=True)
        self.world.database.close()

    def _ask(self, wishes: dict[int, Place], *, is_new: bool = False) -> None:
        world = self.world
        if not is_new:
            changes = {"facts": self.scenario.facts}
            resyncs = [world.resync_request(number, *place) for number, place in wishes.items()]
            receive(world.viewer, [request.model_copy(update=changes) for request in resyncs])
            return
        requests = [
            world.sync_request(
                number, *place, subtitles=[f"{number}.TC.ass"] if self.scenario.subtitles else []
            )
            for number, place in wishes.items()
        ]
        receive(world.viewer, requests)

    def _remove(self, numbers: tuple[int, ...], *, erase: bool = False) -> None:
        requests = [self.world.removal(number, "r1", erase=erase) for number in numbers]
        if requests:
            receive_removals(self.world.viewer, requests)

    def _trash(self) -> list[str]:
        """Return what is wrong with the trash: removed episodes lie there whole, no others do."""
        root = self.world.library / ".seiton/trash"
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        tails = (".mkv", ".nfo", ".zh-hant.ass") if self.scenario.subtitles else (".mkv", ".nfo")
        wanted = {
            f"r1/{stem(self.scenario.start[number])}{tail}": number
            for number in self.scenario.removed
            for tail in tails
        }
        wrong = [f"in the trash: {path}" for path in sorted(found.keys() ^ wanted.keys())]
        for path in found.keys() & wanted.keys():
            original = self.world.downloads / f"{wanted[path]}.mkv"
            if path.endswith(".mkv") and found[path].read_bytes() != original.read_bytes():
                wrong.append(f"another content: {path}")
        if not wanted and root.exists():
            wrong.append("folders are left in the trash")
        return wrong

    def go_on(self) -> list[str]:
        """Start the viewer again, as after a crash; return where an episode is not where it belongs."""
        world = self.world
        world.start()
        if self.scenario.appears is not None:
            path = f"{stem(self.scenario.appears)}.mkv"
            if (world.library / path).parent.exists() and not (world.library / path).exists():
                (world.library / path).write_bytes(b"somebody else's")
                self.truth.foreign[path] = b"somebody else's"
        if self.scenario.late:
            self._ask(self.scenario.late)
        world.settle()
        world.wait()
        found = {path: name for path, name in world.videos().items() if path not in self.truth.foreign}
        wanted = {f"{stem(place)}.mkv": f"{number}.mkv" for number, place in self.scenario.end.items()}
        if self.scenario.link_mode is LinkMode.MOVE:  # no downloads are left to tell contents by
            return sorted(set(wanted) - set(found))
        return [
            f"{path}: {found.get(path)} instead of {name}"
            for path, name in wanted.items()
            if found.get(path) != name
        ] + self._trash()


def open_world(folder: Path, scenario: Scenario) -> ViewerWorld:
    url = f"sqlite:///{folder / 'seiton.db'}"
    how, steps = scenario.link_mode, scenario.chunk_steps
    return ViewerWorld(folder, url, link_mode=how, chunk_steps=steps, migrate=False)


def stem(place: Place) -> str:
    title, season, number = place
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}"


def main() -> None:
    """Serve victims: for each ``FOLDER<tab>SCENARIO`` on standard input fork a process that converges there.

    Prints its number, and its wait status once it is dead. It begins when somebody opens the pipe ``go``, so
    that there is time to attach to it.
    """
    for line in sys.stdin:
        folder, name = line.rstrip("\n").split("\t")
        victim = os.fork()
        if victim == 0:
            _be_killed(Path(folder), SCENARIOS[name])
        print(victim, flush=True)
        print(os.waitpid(victim, 0)[1], flush=True)


def _be_killed(folder: Path, scenario: Scenario) -> NoReturn:
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(-1))  # Ubuntu lets only parents trace
    status = 1
    try:
        with (folder / "go").open():
            pass
        converge(open_world(folder, scenario).viewer)
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
