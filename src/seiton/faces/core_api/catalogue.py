"""What people enter by hand instead of a feed: works, seasons, series, groups, links."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from seiton.core.service import Core
from seiton.core.works.catalogue import (
    create_anime,
    create_link,
    create_series,
    ensure_group,
    ensure_season,
    get_series,
    list_seasons,
    update_series,
)
from seiton.domain.metadata import MAX_NUMBER
from seiton.faces.core_api.works import Anime, Group, Series
from seiton.faces.fields import MOST_CHARACTERS, Id, IdInPath, Offset, OptionalLimit, Prose
from seiton.faces.problems import documented

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Number = Annotated[int, Field(ge=0, le=MAX_NUMBER)]


class AnimeInput(BaseModel):
    """A new work."""

    title: Name


class SeasonInput(BaseModel):
    """When a series aired."""

    year: Annotated[int, Field(ge=1900, le=2200)]
    season: Name


class Season(BaseModel):
    """A broadcast season."""

    season_id: int
    year: int
    season: str
    created_at: datetime


class SeasonList(BaseModel):
    """Broadcast seasons by id."""

    seasons: list[Season]


class SeriesInput(BaseModel):
    """A new series of an anime; 0 holds the specials."""

    anime_id: Id
    series_no: Number
    season_id: Id | None = None
    description: Prose | None = None
    aired_date: date | None = None
    end_date: date | None = None


class SeriesChange(BaseModel):
    """Changes to a series: what is left out stays, ``null`` clears."""

    season_id: Id | None = None
    description: Prose | None = None
    aired_date: date | None = None
    end_date: date | None = None


class GroupInput(BaseModel):
    """Who makes releases."""

    group_name: Name


class LinkInput(BaseModel):
    """A release of an episode."""

    series_id: Id
    group_id: Id
    episode_no: Number
    title: Annotated[str, Field(max_length=2000)] | None = None
    url: Annotated[str, Field(min_length=1, max_length=MOST_CHARACTERS)]
    source_hash: Annotated[str, Field(min_length=1, max_length=80)]


class Link(BaseModel):
    """A release as stored; from ``filtered_flag`` on additions."""

    link_id: int
    series_id: int
    group_id: int
    episode_no: int
    title: str | None
    url: str
    source_hash: str
    created_at: datetime
    filtered_flag: bool
    download_type: str


def add_routes(router: APIRouter, core: Core) -> None:
    """Add what can be entered below ``/anime``, ``/seasons``, ``/subtitle-groups`` and ``/links``."""

    @router.post("/anime", status_code=201, responses=documented(409))
    def add_anime(body: AnimeInput) -> Anime:
        """Add a work."""
        return Anime.model_validate(create_anime(core, body.title))

    @router.get("/seasons")
    def show_seasons(limit: OptionalLimit = None, offset: Offset = 0) -> SeasonList:
        """List all broadcast seasons."""
        rows = list_seasons(core, limit=limit, offset=offset)
        return SeasonList(seasons=[Season.model_validate(row) for row in rows])

    @router.post("/seasons", status_code=201)
    def add_season(body: SeasonInput) -> Season:
        """Find or add a broadcast season."""
        return Season.model_validate(ensure_season(core, body.year, body.season))

    @router.post("/anime/series", status_code=201, responses=documented(409))
    def add_series(body: SeriesInput) -> Series:
        """Add a series to an anime."""
        return Series.model_validate(create_series(core, body.model_dump()))

    @router.get("/anime/series/{series_id}", responses=documented(404))
    def show_one_series(series_id: IdInPath) -> Series:
        """Show one series."""
        return Series.model_validate(get_series(core, series_id))

    @router.put("/anime/series/{series_id}", responses=documented(404))
    def edit_series(series_id: IdInPath, body: SeriesChange) -> Series:
        """Change what a series says of itself; its files stay where they are."""
        return Series.model_validate(update_series(core, series_id, body.model_dump(exclude_unset=True)))

    @router.post("/subtitle-groups", status_code=201)
    def add_group(body: GroupInput) -> Group:
        """Find or add a subtitle group."""
        return Group.model_validate(ensure_group(core, body.group_name))

    @router.post("/links", status_code=201, responses=documented(409))
    def add_link(body: LinkInput) -> Link:
        """Add a release by hand; it is fetched if filter rules and the library's policy have it so."""
        return Link.model_validate(create_link(core, body.model_dump()))
