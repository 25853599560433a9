"""Modules in other processes: whether they answer, and whether they may be asked."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.modules.probing import probe_module
from seiton.core.modules.registry import change_module, get_module, is_healthy, list_modules
from seiton.core.modules.usage import usage_of
from seiton.core.neighbours.states import list_neighbours
from seiton.errors import SeitonError
from seiton.faces.web.gate import form_of
from seiton.faces.web.shell import Web, go, page


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request) -> HTMLResponse:
        rows = [(row, is_healthy(core, row)) for row in list_modules(core)]
        neighbours = [*core.neighbours(), *list_neighbours(core)]
        return page(request, "modules.html", rows=rows, built_in=sorted(core.built_in), neighbours=neighbours)

    def rehearse(request: Request) -> HTMLResponse:
        row = get_module(core, request.path_params["service_id"])
        return page(request, "module_off.html", row=row, usage=usage_of(core, row))

    def switch(request: Request) -> Response:
        is_enabled = form_of(request).get("is_enabled") == "on"
        change_module(core, request.path_params["service_id"], is_enabled=is_enabled)
        return go(request, "/modules?said=chosen")

    def ask(request: Request) -> Response:
        try:
            probe_module(core, request.path_params["service_id"])
        except SeitonError:
            return go(request, "/modules")  # its row says why it did not answer
        return go(request, "/modules?said=answers")

    return [
        Route("/modules", show),
        Route("/modules/{service_id}/off", rehearse),
        Route("/modules/{service_id}/switch", switch, methods=["POST"]),
        Route("/modules/{service_id}/probe", ask, methods=["POST"]),
    ]
