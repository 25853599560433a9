"""The week by the days of broadcast, and what is missing: looked for with one button."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.feeds.known import feeds_to_follow
from seiton.core.feeds.seeking import seek
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.service import Core
from seiton.core.works.calendar import Days, groups_of_week, list_wanted, list_week
from seiton.domain.episodes import EpisodeStanding
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged
from seiton.text import _

MAX_SEARCH = 100
GROUPS = 3
"""Groups that the calendar names of a series."""
FIRST, LAST = date(1950, 1, 2), date(2999, 12, 30)
"""Weeks that the calendar shows."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_week(web.core), *_wanted(web.core)]


def _week(core: Core) -> list[BaseRoute]:
    def show(request: Request) -> HTMLResponse:
        today = core.now().date()
        monday = _monday(request.query_params.get("week", ""), today)
        rows = list_week(core, monday)
        ids = {row["series_id"] for row in rows}
        groups, feeds = groups_of_week(core, monday, most=GROUPS), feeds_to_follow(core, ids)
        for row in rows:
            row["groups"], row["feed"] = groups.get(row["series_id"], []), feeds.get(row["series_id"])
        days = {day: list(found) for day, found in groupby(rows, key=lambda row: row["aired"])}
        missing = {row["series_id"] for row in rows if row["standing"] is EpisodeStanding.MISSING}
        return page(
            request,
            "season.html",
            days=[(monday + timedelta(days=n), days.get(monday + timedelta(days=n), [])) for n in range(7)],
            has_any=bool(rows),
            today=today,
            monday=monday,
            before=monday - timedelta(days=7),
            after=monday + timedelta(days=7),
            missing=len(missing),
        )

    def fetch(request: Request) -> Response:
        monday = _monday(form_of(request).get("week", ""), core.now().date())
        rows = list_week(core, monday)
        ids = sorted({row["series_id"] for row in rows if row["standing"] is EpisodeStanding.MISSING})
        if ids:
            core.wake("seek", ",".join(map(str, ids)))
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
        Route("/season/fetch", fetch, methods=["POST"]),
        Route("/season/{series_id:int}/follow", follow, methods=["POST"]),
    ]


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
        if not request.headers.get(
            "hx-request"
        ):  # the list comes after: with very many episodes it takes a while
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
