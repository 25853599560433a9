"""The week by the days of broadcast, and what is missing: looked for with one button."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.feeds.known import feeds_to_follow
from seiton.core.feeds.seeking import seek
from seiton.core.feeds.seeks import Seeking, ask_for, standing
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.neighbours.states import list_neighbours
from seiton.core.queries import Record
from seiton.core.service import Core
from seiton.core.works.airing import ask_if_due, is_known, list_airing
from seiton.core.works.calendar import Days, groups_of_week, list_wanted, list_week
from seiton.domain.episodes import EpisodeStanding
from seiton.domain.states import NeighbourKind, NeighbourState
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.live import Frame, stream
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged, render
from seiton.text import _

MAX_SEARCH = 100
GROUPS = 3
"""Groups that the calendar names of a series."""
FIRST, LAST = date(1950, 1, 2), date(2999, 12, 30)
"""Weeks that the calendar shows."""
NEWS = timedelta(hours=12)
"""For so long the page says what a search came to."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_week(web.core), *_wanted(web.core)]


def _week(core: Core) -> list[BaseRoute]:
    def show(request: Request) -> HTMLResponse:
        today = core.now().date()
        monday = _monday(request.query_params.get("week", ""), today)
        rows = list_week(core, monday)
        ids = {row["series_id"] for row in rows}
        groups, feeds = groups_of_week(core, monday, ids, most=GROUPS), feeds_to_follow(core, ids)
        for row in rows:
            row["groups"], row["feed"] = groups.get(row["series_id"], []), feeds.get(row["series_id"])
        is_now = monday <= today <= monday + timedelta(days=6)
        others: dict[int, list[Record]] = {}
        if is_now:
            ask_if_due(core)
        for row in list_airing(core) if is_now else ():
            others.setdefault(row["weekday"], []).append(row)
        days = {day: list(found) for day, found in groupby(rows, key=lambda row: row["aired"])}
        missing = {row["series_id"] for row in rows if row["standing"] is EpisodeStanding.MISSING}
        return page(
            request,
            "season.html",
            days=[
                (day, days.get(day, []), others.get(day.isoweekday(), []))
                for day in (monday + timedelta(days=n) for n in range(7))
            ],
            has_any=bool(rows) or bool(others),
            asks=is_now and not is_known(core),
            asking=_asking(core),
            today=today,
            monday=monday,
            before=monday - timedelta(days=7),
            after=monday + timedelta(days=7),
            missing=len(missing),
            seeking=_shown_seeking(core),
        )

    async def live(request: Request) -> Response:
        def look() -> Frame:
            seeking = _shown_seeking(core)
            html = render(request, "season_seeking.html", seeking=seeking)
            return Frame(html=html, is_last=seeking is None or not seeking.is_running)

        return stream(core, look)

    async def live_asking(request: Request) -> Response:
        def look() -> Frame:
            asking = _asking(core)
            html = render(request, "season_asking.html", asking=asking)
            return Frame(html=html, is_last=asking.is_there)

        return stream(core, look)

    def fetch(request: Request) -> Response:
        monday = _monday(form_of(request).get("week", ""), core.now().date())
        rows = list_week(core, monday)
        ids = sorted({row["series_id"] for row in rows if row["standing"] is EpisodeStanding.MISSING})
        ask_for(core, ids)
        return go(request, f"/season?week={monday}&said=sought")

    def follow(request: Request) -> Response:
        series_id = number_of(request, "series_id")
        url = feeds_to_follow(core, [series_id]).get(series_id)
        if url is None:
            message = _("A feed that is followed brings it already, or none is known.")
            raise InvalidInput([Problem(field="series_id", message=message)])
        row = add_subscription(core, {"source_url": url})
        return go(request, f"/subscriptions/{row['subscription_id']}?said=followed")

    return [
        Route("/season", show),
        Route("/season/live", live),
        Route("/season/asking", live_asking),
        Route("/season/fetch", fetch, methods=["POST"]),
        Route("/season/{series_id:int}/follow", follow, methods=["POST"]),
    ]


def _shown_seeking(core: Core) -> Seeking | None:
    """Return how far the search is, or what came of one that ended lately."""
    found = standing(core)
    if found.is_running:
        return found
    is_news = found.finished_at is not None and core.now() - found.finished_at < NEWS
    return found if is_news else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """How it is with the list of what is broadcast: whether somebody is configured to ask, whether it is
    there, and what went wrong.
    """

    is_configured: bool
    is_there: bool
    error: str | None


def _asking(core: Core) -> Asking:
    away = [row for row in list_neighbours(core) if row.kind == NeighbourKind.METADATA]
    errors = [row.last_error for row in away if row.state is NeighbourState.AWAY]
    return Asking(
        is_configured=core.bangumi is not None,
        is_there=is_known(core),
        error=next(iter(errors), None),
    )


def _monday(text: str, today: date) -> date:
    """Return the first day of the week that is asked for, else of this one."""
    day = _day(text) or today
    return day - timedelta(days=day.weekday())


def _day(text: str) -> date | None:
    """Return the day that is asked for, if the calendar has it."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if FIRST <= day <= LAST else None


def _wanted(core: Core) -> list[BaseRoute]:
    def show(request: Request) -> HTMLResponse:
        wanted = request.query_params.get("q", "").strip()[:MAX_SEARCH]
        number, until = page_number(request), _day(request.query_params.get("until", ""))
        # The list comes after: with very many episodes it takes a while.
        if not request.headers.get("hx-request"):
            return page(request, "wanted.html", number=number, wanted=wanted, until=until)
        days = Days(until=until)
        found = list_wanted(core, limit=PAGE + 1, offset=(number - 1) * PAGE, wanted=wanted, days=days)
        rows, pager = paged(request, found)
        values: dict[str, Any] = {"wanted": wanted, "until": until, "since": days.stopped_at}
        values["earlier"] = days.stopped_at - timedelta(days=1) if days.stopped_at else None
        return page(request, "wanted_rows.html", rows=rows, pager=pager, **values)

    def look(request: Request) -> HTMLResponse:
        series_id, episode = number_of(request, "series_id"), _episode(form_of(request))
        values: dict[str, Any] = {"sought": seek(core, series_id, episode), "series_id": series_id}
        is_part = bool(request.headers.get("hx-request"))
        return page(request, "wanted_found.html" if is_part else "wanted_answer.html", **values)

    return [
        Route("/wanted", show),
        Route("/wanted/{series_id:int}/seek", look, methods=["POST"]),
    ]


def _episode(form: Form) -> tuple[int, int] | None:
    """Return the number of an episode as ``7`` or ``6.5``, if one is asked for."""
    whole, _dot, tenths = form.get("episode", "").partition(".")
    if not whole.isdecimal() or len(whole) > 6 or not (tenths or "0").isdecimal() or len(tenths) > 1:
        return None
    return int(whole), int(tenths or 0)
