"""The pages for people, below ``/ui``: server-rendered, with htmx and server-sent events.

They call the use cases that the API calls. Nothing is loaded from another host; there is no build step.
"""

from __future__ import annotations

import os

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from seiton.adapters.jobs import Jobs
from seiton.config import Settings
from seiton.core.service import Core
from seiton.faces.entrance import Entrance
from seiton.faces.web import (
    access,
    adopting,
    downloads,
    filters,
    holds,
    identity,
    inbox,
    library,
    log,
    modules,
    notifications,
    overview,
    parser_editor,
    parser_list,
    pictures,
    preferences,
    resyncs,
    season,
    season_works,
    start,
    subscriptions,
    teach,
)
from seiton.faces.web import settings as settings_pages
from seiton.faces.web.errors import HANDLERS
from seiton.faces.web.gate import Gate
from seiton.faces.web.shell import STATIC, Web

ROOMS = (
    overview,
    start,
    library,
    season,
    season_works,
    inbox,
    identity,
    parser_list,
    parser_editor,
    teach,
    filters,
    resyncs,
    holds,
    downloads,
    subscriptions,
    adopting,
    modules,
    notifications,
    settings_pages,
    access,
    log,
    pictures,
    preferences,
)


def create_web(core: Core, *, jobs: Jobs, settings: Settings, entrance: Entrance) -> Starlette:
    """Return the application of the pages over ``core``; it is mounted at ``/ui``."""
    web = Web(core=core, jobs=jobs, settings=settings, entrance=entrance)
    routes: list[BaseRoute] = [Mount("/static", StaticFiles(directory=STATIC), name="static")]
    for room in ROOMS:
        routes += room.routes(web)
    gate = Middleware(Gate, entrance=entrance)
    app = Starlette(routes=routes, middleware=[gate], exception_handlers=HANDLERS)
    app.state.library = os.path.abspath(settings.library)
    return app
