"""The first steps: folders that are looked at, then a feed."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from seiton.core.figures import count_everything
from seiton.faces.folder_checks import folder, links
from seiton.faces.web.shell import Web, page


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""

    def show(request: Request) -> HTMLResponse:
        settings = web.settings
        checked = {
            name: (path, list(folder(name, Path(path))))
            for name, path in (("library", settings.library), ("downloads", settings.downloads))
        }
        return page(
            request,
            "start.html",
            checked=checked,
            links=list(links(settings)),
            counts=count_everything(web.core),
            is_open=web.entrance.is_open(),
        )

    return [Route("/start", show)]
