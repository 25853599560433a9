"""Language and light or dark: kept by the browser, chosen by the person in front of it."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from seiton.faces.web.gate import LANGUAGE_COOKIE, THEME_COOKIE, YEAR_S, form_of
from seiton.faces.web.shell import ROOT, Web, go
from seiton.text import LANGUAGES

THEMES = ("auto", "light", "dark")


def routes(_web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""

    def choose(request: Request) -> Response:
        form = form_of(request)
        response = go(request, _back(request))
        is_secure = request.url.scheme == "https"
        chosen = ((LANGUAGE_COOKIE, "language", LANGUAGES), (THEME_COOKIE, "theme", THEMES))
        for cookie, field, allowed in chosen:
            value = form.get(field)
            if value in allowed:
                response.set_cookie(cookie, value, max_age=YEAR_S, samesite="lax", secure=is_secure)
        return response

    return [Route("/preferences", choose, methods=["POST"])]


def _back(request: Request) -> str:
    """Return the page from which the choice was made, if it was one of ours."""
    came = urlsplit(request.headers.get("referer", ""))
    if came.netloc != request.headers.get("host") or not came.path.startswith(f"{ROOT}/"):
        return "/"
    query = f"?{came.query}" if came.query else ""
    return came.path.removeprefix(ROOT) + query
