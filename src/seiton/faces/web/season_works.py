"""A work that is broadcast and not in the library: what a feed of it would bring, then to follow that."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.feeds.search_places import follow_work, look_for_work, places_of_work
from seiton.core.works.airing import get_airing
from seiton.errors import InvalidInput, SeitonError
from seiton.faces.web.drafts import FIELD_NAMES
from seiton.faces.web.gate import form_of
from seiton.faces.web.shell import Web, go, page


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request) -> HTMLResponse:
        work = get_airing(core, _value(request))
        _names, places = places_of_work(core, work["value"])
        asked = request.query_params.get("source", "")
        chosen = next((place for place in places if place.key == asked), places[0] if places else None)
        return page(request, "season_work.html", work=work, places=places, chosen=chosen)

    def look(request: Request) -> HTMLResponse:
        value, source = _value(request), request.query_params.get("source", "")
        found, problem = None, ""
        try:
            found = look_for_work(core, value, source)
        except InvalidInput as error:
            problem = error.problems[0].message
        except SeitonError as error:
            problem = str(error)
        values: dict[str, Any] = {"value": value, "source": source, "field_names": FIELD_NAMES}
        return page(request, "season_work_found.html", found=found, problem=problem, **values)

    def follow(request: Request) -> Response:
        form = form_of(request)
        value = _value(request)
        subscription_id = follow_work(core, value, form.get("source", ""), form.get("name", ""))
        return go(request, f"/subscriptions/{subscription_id}?said=followed")

    return [
        Route("/season/works/{value:int}", show),
        Route("/season/works/{value:int}/found", look),
        Route("/season/works/{value:int}/follow", follow, methods=["POST"]),
    ]


def _value(request: Request) -> str:
    """Return the number of a work at its source."""
    return str(request.path_params["value"])
