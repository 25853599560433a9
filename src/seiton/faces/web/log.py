"""Background work, live: what runs, what waits, what failed and why."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.modules.activities import list_activities
from seiton.faces.web.live import Frame, stream
from seiton.faces.web.shell import Web, page, render

LISTED = 60
"""Pieces of work on the page."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""

    def show(request: Request) -> HTMLResponse:
        return page(request, "log.html", **_listed(web))

    async def live(request: Request) -> Response:
        return stream(web.core, lambda: Frame(html=render(request, "log_rows.html", **_listed(web))))

    return [Route("/log", show), Route("/log/live", live)]


def _listed(web: Web) -> dict[str, Any]:
    return {"jobs": web.jobs.list(limit=LISTED), "activities": list_activities(web.core, limit=LISTED)}
