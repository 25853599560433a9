"""What is broadcast this season and is not in the library: where it can be searched, and to follow that."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from seiton.core.feeds.search_places import follow_work, look_for_work, places_of_work
from seiton.core.service import Core
from seiton.core.works.airing import ask_if_due, list_airing
from seiton.faces.problems import documented

Value = Annotated[str, Path(max_length=100, description="The work's number at the source.")]


class AiringWork(BaseModel):
    """A work that is broadcast on ``weekday`` (Monday is 1); ``value`` is its number at ``namespace``.
    ``subscription_id``: the feed by which it is followed from here.
    """

    namespace: str
    value: str
    weekday: int
    title: str
    titles: dict[str, str]
    premiered: date | None
    picture: str | None
    subscription_id: int | None


class SearchPlace(BaseModel):
    """A site that can be searched; ``source`` is what it is called in requests."""

    source: str
    host: str


class SearchPlaces(BaseModel):
    """By which names a work is searched, and where."""

    names: list[str]
    places: list[SearchPlace]


class LookInput(BaseModel):
    """``source``: of a place."""

    source: Annotated[str, Field(max_length=40)]


class FoundEntry(BaseModel):
    """An entry that the feed would bring; ``parser`` reads it, if any does."""

    title: str
    parser: str | None


class FoundFeed(BaseModel):
    """What a feed of the work would bring: ``total`` entries, of which ``read`` are read, the first of them
    named; ``name``: the name by which they were found.
    """

    name: str
    total: int
    read: int
    faults: int
    entries: list[FoundEntry]


class FollowInput(LookInput):
    """``name``: one of the work's names."""

    name: Annotated[str, Field(max_length=500)]


class FollowedWork(BaseModel):
    """The feed by which it is followed."""

    subscription_id: int


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/season``."""

    @router.get("/season")
    def show_season() -> list[AiringWork]:
        """List what is broadcast at present and is not in the library. It is asked for once a day at most, in
        the background, when somebody looks.
        """
        ask_if_due(core)
        return [AiringWork.model_validate(row) for row in list_airing(core)]

    @router.get("/season/{value}/places", responses=documented(404))
    def show_places(value: Value) -> SearchPlaces:
        """Say where a work can be searched, by which names."""
        names, places = places_of_work(core, value)
        listed = [SearchPlace(source=place.key, host=place.host) for place in places]
        return SearchPlaces(names=names, places=listed)

    @router.post("/season/{value}/preview", responses=documented(404, 503))
    def preview_work(value: Value, body: LookInput) -> FoundFeed:
        """Say what a feed of a place would bring of a work. Nothing is stored."""
        found = look_for_work(core, value, body.source)
        shown = found.preview
        return FoundFeed(
            name=found.name,
            total=shown.total,
            read=shown.read,
            faults=shown.faults,
            entries=[FoundEntry(title=one.title, parser=one.parser) for one in shown.entries],
        )

    @router.post("/season/{value}/follow", status_code=201, responses=documented(400, 404, 503))
    def follow(value: Value, body: FollowInput) -> FollowedWork:
        """Follow the feed of what a place finds by a name."""
        return FollowedWork(subscription_id=follow_work(core, value, body.source, body.name))
