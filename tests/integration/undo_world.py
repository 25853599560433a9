"""A library, an edit of it, and its undo: what is on the disk before and after, byte by byte."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from seiton.contract import Facts, ViewerResyncRequest
from seiton.viewer.receive import receive
from tests.integration.crash_viewer import Place, Scenario
from tests.integration.viewer_world import ViewerWorld

Picture = dict[str, str]


def picture(library: Path) -> Picture:
    """Return every file (with its digest) and every folder of a library, but for Seiton's own folder."""
    seen: Picture = {}
    for base, folders, names in os.walk(library):
        if Path(base) == library:
            folders[:] = [name for name in folders if name != ".seiton"]
        for name in folders:
            seen[os.path.relpath(os.path.join(base, name), library) + "/"] = "folder"
        for name in names:
            path = Path(base, name)
            seen[os.path.relpath(path, library)] = hashlib.sha256(path.read_bytes()).hexdigest()
    return seen


class UndoWorld:
    """Episodes that lie where ``start`` says; ``ask`` is an edit, or its undo."""

    def __init__(self, world: ViewerWorld, start: Mapping[int, Place], *, subtitles: bool = False) -> None:
        self.world = world
        requests = []
        for number, place in start.items():
            world.download(f"{number}.mkv")
            (world.downloads / f"{number}.TC.ass").write_bytes(b"subtitle of %d" % number)
            names = [f"{number}.TC.ass"] if subtitles else []
            requests.append(world.sync_request(number, *place, subtitles=names))
        receive(world.viewer, requests)
        world.settle()

    @property
    def library(self) -> Path:
        return self.world.library

    def request(
        self,
        number: int,
        place: Place,
        cause: int,
        *,
        undoes: int | None = None,
        facts: Facts | None = None,
        revision: int | None = None,
    ) -> ViewerResyncRequest:
        request = self.world.resync_request(number, *place, revision=revision)
        return request.model_copy(update={"resync_id": cause, "undoes": undoes, "facts": facts})

    def ask(
        self,
        places: Mapping[int, Place],
        cause: int,
        *,
        undoes: int | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Record the wish that episodes lie at ``places``, by a cause. Nothing is done yet."""
        receive(
            self.world.viewer,
            [
                self.request(number, place, cause, undoes=undoes, facts=facts)
                for number, place in places.items()
            ],
        )

    def resync(
        self,
        places: Mapping[int, Place],
        cause: int,
        *,
        undoes: int | None = None,
        facts: Facts | None = None,
    ) -> None:
        """Ask, and let the viewer do it."""
        self.ask(places, cause, undoes=undoes, facts=facts)
        self.world.settle()

    def picture(self) -> Picture:
        return picture(self.library)

    def path(self, place: Place, tail: str = ".nfo") -> Path:
        title, season, number = place
        return self.library / f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}{tail}"


def edited(scenario: Scenario) -> dict[int, Place]:
    """Return where the episodes lay that the edit of a scenario is about."""
    return {number: scenario.start[number] for number in scenario.edit}
