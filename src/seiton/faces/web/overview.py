"""The first page: what is going on, what waits for a person, and how to begin."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.holds import list_holds
from seiton.core.feeds.raw_items import list_raw_items
from seiton.core.figures import count_everything
from seiton.core.modules.activities import list_activities
from seiton.core.modules.registry import is_healthy, list_modules
from seiton.core.neighbours.states import list_neighbours
from seiton.core.queries import list_resyncs
from seiton.faces.web.live import Frame, stream
from seiton.faces.web.shell import Web, page, render


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""

    def show(request: Request) -> HTMLResponse:
        return page(request, "overview.html", **_figures(web))

    async def live(request: Request) -> Response:
        def look() -> Frame:
            return Frame(html=render(request, "overview_live.html", **_figures(web)))

        return stream(web.core, look)

    return [Route("/", show), Route("/live", live)]


def _figures(web: Web) -> dict[str, Any]:
    core = web.core
    counts = count_everything(core)

    def figure(*names: str) -> str:
        """Return the sum of figures as it is shown: a plus says that there are more."""
        number = sum(_figure(counts, name) for name in names)
        return f"{number}+" if set(names) & set(counts["more"]) else str(number)

    held, held_total = list_holds(core, reasons=(), limit=5, offset=0)
    return {
        "counts": counts,
        "figure": figure,
        "activities": list_activities(core, limit=8),
        "resyncs": list_resyncs(core, states=(), limit=6, offset=0),
        "held": held,
        "held_total": held_total,
        "items": list_raw_items(core, statuses=(), subscription_id=None, limit=8, offset=0),
        "neighbours": [*core.neighbours(), *list_neighbours(core)],
        "modules": [(row, is_healthy(core, row)) for row in list_modules(core)],
        "stuck": [job for job in web.jobs.failing() if job.error],
    }


def _figure(counts: dict[str, Any], name: str) -> int:
    kind, dot, status = name.partition(".")
    return int(counts[kind].get(status, 0) if dot else counts[kind])
