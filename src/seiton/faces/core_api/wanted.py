"""Episodes by the day of their broadcast, those that are missing, and looking for them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from seiton.core.feeds.seeking import seek
from seiton.core.service import Core
from seiton.core.works.calendar import Days, list_wanted, list_week
from seiton.domain.episodes import EpisodeStanding
from seiton.faces.core_api.raw_items import SEARCHED_TO
from seiton.faces.fields import MOST, IdInPath, Offset, cap
from seiton.faces.problems import documented


class MissingEpisode(BaseModel):
    """An episode that was broadcast on ``aired`` and is neither there nor on its way."""

    episode_no: int
    episode_tenths: int
    title: str | None
    aired: date


class WantedSeries(BaseModel):
    """A series with its missing episodes; ``missing`` counts them, ``episodes`` names the first 60."""

    series_id: int
    anime_id: int
    anime_title: str
    series_no: int
    picture: str | None
    missing: int
    latest: date
    episodes: list[MissingEpisode]


class BroadcastEpisode(BaseModel):
    """An episode, the day of its broadcast, and how it stands with it."""

    series_id: int
    anime_id: int
    anime_title: str
    series_no: int
    picture: str | None
    episode_no: int
    episode_tenths: int
    title: str | None
    aired: date
    standing: EpisodeStanding


class SeekInput(BaseModel):
    """``episode_no``: only this one; without it all that are missing."""

    episode_no: Annotated[int, Field(ge=0, le=MOST)] | None = None
    episode_tenths: Annotated[int, Field(ge=0, le=9)] = 0


class SiteFailure(BaseModel):
    """A site that could not be searched."""

    host: str
    why: str


class UnreadTitle(BaseModel):
    """A stored title that has a name of the work, and that no parser reads."""

    item_id: int
    title: str


class SoughtAnswer(BaseModel):
    """``asked``: sites that were searched; ``found``: entries of the episodes there, of which ``new`` were
    not known; ``started``: downloads begun or tried again; ``filtered``: releases that filter rules keep out.
    """

    episodes: int
    asked: list[str]
    failures: list[SiteFailure]
    found: int
    new: int
    started: int
    unread: list[UnreadTitle]
    filtered: int


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/wanted``, ``/calendar`` and ``/series/{id}/seek``."""

    @router.get("/wanted")
    def show_wanted(
        search: Annotated[str, Query(max_length=100)] = "",
        limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 50,
        offset: Offset = 0,
        until: Annotated[date | None, Query(ge=date(1900, 1, 8), le=date(9000, 1, 1))] = None,
        *,
        response: Response,
    ) -> list[WantedSeries]:
        """List series of which episodes were broadcast that are neither there nor on their way.

        It looks at the last 5,000 episodes. Where there are more, the header ``Seiton-Searched-To`` has the
        first day of those: ``until`` the day before it goes on.
        """
        days = Days(until=until)
        rows = list_wanted(core, limit=limit, offset=offset, wanted=search.strip(), days=days)
        if days.stopped_at is not None:
            response.headers[SEARCHED_TO] = days.stopped_at.isoformat()
        return [WantedSeries.model_validate(row | {"episodes": _episodes(row)}) for row in rows]

    @router.get("/calendar")
    def show_week(
        day: Annotated[
            date | None,
            Query(ge=date(1900, 1, 8), le=date(9000, 1, 1), description="Any day of it; else today."),
        ] = None,
    ) -> list[BroadcastEpisode]:
        """List the episodes that are broadcast in a week, Monday to Sunday."""
        asked = day or core.now().date()
        rows = list_week(core, asked - timedelta(days=asked.weekday()))
        return [BroadcastEpisode.model_validate(row | {"title": row["facts"].title}) for row in rows]

    @router.post("/series/{series_id}/seek", responses=documented(404))
    def seek_episodes(series_id: IdInPath, body: SeekInput | None = None) -> SoughtAnswer:
        """Look for missing episodes: where feeds come from that can be searched, and among what is stored."""
        wanted = body or SeekInput()
        number = None if wanted.episode_no is None else (wanted.episode_no, wanted.episode_tenths)
        found = seek(core, series_id, number)
        return SoughtAnswer(
            episodes=found.episodes,
            asked=found.asked,
            failures=[SiteFailure(host=host, why=why) for host, why in found.failures],
            found=found.found,
            new=found.new,
            started=found.started,
            unread=[UnreadTitle.model_validate(row) for row in found.unread],
            filtered=found.filtered,
        )


def _episodes(row: dict[str, Any]) -> list[MissingEpisode]:
    return [
        MissingEpisode(
            episode_no=one["episode_no"],
            episode_tenths=one["episode_tenths"],
            title=one["facts"].title,
            aired=one["aired"],
        )
        for one in row["episodes"]
    ]
