"""Posters: those that are stored, and those of suggestions, fetched once; never from another host."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from seiton.core.identity.pictures import kind_of_picture, picture_of, read_picture
from seiton.errors import NotFound
from seiton.faces.web.shell import Web, go, number_of
from seiton.text import _

_NAME = re.compile(r"[0-9a-f]{8,64}\.(jpg|png)")
KEPT = "private, max-age=31536000, immutable"
"""A picture is named by its content, so it never changes; who is not logged in gets it from no cache."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""

    def show(request: Request) -> Response:
        name = request.path_params["name"]
        if _NAME.fullmatch(name) is None:
            raise NotFound(_("There is no picture {name}.", name=name))
        return _picture(read_picture(web.core, name), name)

    def show_suggested(request: Request) -> Response:
        name = picture_of(web.core, number_of(request, "external_id"))
        return go(request, f"/pictures/{name}")

    return [
        Route("/pictures/{name}", show),
        Route("/pictures/suggested/{external_id:int}", show_suggested),
    ]


def _picture(content: bytes, name: str) -> Response:
    """Return a picture as what its bytes say that it is. Raises ``NotFound`` where they are none."""
    kind = kind_of_picture(content)
    if kind is None:
        raise NotFound(_("There is no picture {name}.", name=name))
    return Response(content, media_type=f"image/{kind}", headers={"Cache-Control": KEPT})
