"""What the library consists of: anime, series, subtitle groups, links."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from seiton.core.removal.removing import FileChoice, TargetType, remove
from seiton.core.service import Core
from seiton.core.works.works import get_anime, list_anime, list_groups, list_links, list_series, series_of
from seiton.faces.fields import IdInPath, Offset, OptionalLimit
from seiton.faces.problems import documented


class Anime(BaseModel):
    """A work, by title."""

    anime_id: int
    title: str
    created_at: datetime
    updated_at: datetime


class AnimeList(BaseModel):
    """Works by id."""

    animes: list[Anime]


class Series(BaseModel):
    """One numbered season of an anime; 0 holds the specials."""

    series_id: int
    anime_id: int
    series_no: int
    season_id: int | None
    description: str | None
    aired_date: date | None
    end_date: date | None
    created_at: datetime
    updated_at: datetime


class SeriesOfAnime(BaseModel):
    """The series of one anime, by number."""

    series: list[Series]


class Season(BaseModel):
    """When a series aired."""

    year: int
    season: str


class SeriesSubscription(BaseModel):
    """A feed that brought an episode of a series."""

    subscription_id: int
    name: str | None


class SeriesRich(BaseModel):
    """A series with title, figures and feeds."""

    series_id: int
    anime_id: int
    anime_title: str
    series_no: int
    season: Season | None
    episode_downloaded: int
    episode_found: int
    subscriptions: list[SeriesSubscription]
    description: str | None
    aired_date: date | None
    end_date: date | None
    created_at: datetime
    updated_at: datetime


class SeriesList(BaseModel):
    """Series, the newest first."""

    series: list[SeriesRich]


class Group(BaseModel):
    """Who made a release."""

    group_id: int
    group_name: str
    created_at: datetime


class GroupList(BaseModel):
    """Subtitle groups by id."""

    groups: list[Group]


class Deleted(BaseModel):
    """It is off the list; by ``removal_id`` it can be restored."""

    deleted: bool = True
    removal_id: int


class LinkDownload(BaseModel):
    """The last changed download of a link."""

    download_id: int
    status: str
    progress: float | None
    torrent_hash: str | None
    library_path: str | None


class LinkRich(BaseModel):
    """One downloadable release of an episode; from ``episode_tenths`` on additions."""

    link_id: int
    series_id: int
    group_id: int
    group_name: str
    episode_no: int
    title: str | None
    url: str
    source_hash: str
    filtered_flag: bool
    download: LinkDownload | None
    created_at: datetime
    episode_tenths: int
    version: int
    resolution: str | None
    is_batch: bool
    raw_item_id: int | None
    download_type: str | None
    detached_at: datetime | None


class LinkList(BaseModel):
    """The links of a series."""

    links: list[LinkRich]


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/anime``, ``/series``, ``/links`` and ``/subtitle-groups``."""

    @router.get("/anime")
    def show_animes(limit: OptionalLimit = None, offset: Offset = 0) -> AnimeList:
        """List all works."""
        rows = list_anime(core, limit=limit, offset=offset)
        return AnimeList(animes=[Anime.model_validate(row) for row in rows])

    @router.get("/anime/{anime_id}", responses=documented(404))
    def show_anime(anime_id: IdInPath) -> Anime:
        """Show one work."""
        return Anime.model_validate(get_anime(core, anime_id))

    @router.delete("/anime/{anime_id}", responses=documented(404, 409))
    def delete_anime(anime_id: IdInPath) -> Deleted:
        """Take a work off the list: nothing new of it is downloaded. Files and history stay.

        ``POST /removals`` takes the files away, too; ``POST /removals/{removal_id}/restore`` undoes either.
        """
        removal_id = remove(core, TargetType.ANIME, anime_id, files=FileChoice.KEEP)
        return Deleted(removal_id=removal_id)

    @router.delete("/subtitle-groups/{group_id}", responses=documented(404, 409))
    def delete_group(group_id: IdInPath) -> Deleted:
        """Take a group off the list: nothing new of it is downloaded. Files and history stay."""
        removal_id = remove(core, TargetType.SUBTITLE_GROUP, group_id, files=FileChoice.KEEP)
        return Deleted(removal_id=removal_id)

    @router.get("/anime/{anime_id}/series", responses=documented(404))
    def show_series_of_anime(anime_id: IdInPath) -> SeriesOfAnime:
        """List the series of a work."""
        return SeriesOfAnime(series=[Series.model_validate(row) for row in series_of(core, anime_id)])

    @router.get("/series")
    def show_series(limit: OptionalLimit = None, offset: Offset = 0) -> SeriesList:
        """List all series with how many episodes were found and downloaded."""
        rows: list[dict[str, Any]] = list_series(core, limit=limit, offset=offset)
        return SeriesList(series=[SeriesRich.model_validate(row) for row in rows])

    @router.get("/links/{series_id}", responses=documented(404))
    def show_links(series_id: IdInPath) -> LinkList:
        """List the links of a series: first those that are not filtered out, then by episode."""
        return LinkList(links=[LinkRich.model_validate(row) for row in list_links(core, series_id)])

    @router.get("/subtitle-groups")
    def show_groups(limit: OptionalLimit = None, offset: Offset = 0) -> GroupList:
        """List all subtitle groups."""
        rows = list_groups(core, limit=limit, offset=offset)
        return GroupList(groups=[Group.model_validate(row) for row in rows])
