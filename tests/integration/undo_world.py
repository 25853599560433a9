"""A library, an edit of it, and its undo."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from seiton.contract import Facts, ViewerResyncRequest
from seiton.viewer.receive import receive
from tests.crash.scenarios import Place, stem
from tests.integration.oracle import picture
from tests.integration.viewer_world import ViewerWorld


class UndoWorld:
    """Episodes that lie where ``start`` says; ``ask`` is an edit, or its undo."""

    def __init__(self, world: ViewerWorld, start: Mapping[int, Place]) -> None:
        self.world = world
        requests = []
        for number, place in start.items():
            world.download(f"{number}.mkv")
            (world.downloads / f"{number}.TC.ass").write_bytes(b"subtitle of %d" % number)
            requests.append(world.sync_request(number, *place, subtitles=[f"{number}.TC.ass"]))
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

    def picture(self) -> dict[str, str]:
        return picture(self.library)

    def path(self, place: Place, tail: str = ".nfo") -> Path:
        return self.library / (stem(place) + tail)
