"""Who is told what happened, whether it arrives, and what of it was sent, waits or did not arrive."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.notifications.sending import list_targets, try_out
from seiton.core.notifications.targets import list_notices, reread_targets
from seiton.domain.states import NoticeState
from seiton.errors import InvalidInput, Problem
from seiton.faces.happenings import say
from seiton.faces.web.gate import form_of
from seiton.faces.web.shell import PAGE, Web, go, page, page_number, paged
from seiton.faces.words import HAPPENS, NOTICES

VIEWS: dict[str, tuple[NoticeState, ...]] = {
    "": (),
    "waiting": (NoticeState.WAITING, NoticeState.SENDING),
    "sent": (NoticeState.SENT,),
    "lost": (NoticeState.UNKNOWN, NoticeState.GIVEN_UP),
}


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request, problems: tuple[Problem, ...] = ()) -> HTMLResponse:
        view = request.query_params.get("view", "")
        view = view if view in VIEWS else ""
        offset = (page_number(request) - 1) * PAGE
        found = list_notices(core, states=VIEWS[view], limit=PAGE + 1, offset=offset)
        rows, pager = paged(request, [row | {"says": say(row)} for row in found])
        words: dict[str, Any] = {"happens": HAPPENS, "notices": NOTICES}
        return page(
            request,
            "notifications.html",
            422 if problems else 200,
            targets=list_targets(core),
            rows=rows,
            pager=pager,
            view=view,
            problems=problems,
            **words,
        )

    def try_one(request: Request) -> Response:
        done = try_out(core, form_of(request).get("name") or None)
        # The row of one that did not take it says why.
        return go(
            request, "/notifications" if any(row["error"] for row in done) else "/notifications?said=tested"
        )

    def read_again(request: Request) -> Response:
        try:
            reread_targets(core)
        except InvalidInput as error:
            return show(request, tuple(error.problems))
        return go(request, "/notifications?said=reread")

    return [
        Route("/notifications", show),
        Route("/notifications/test", try_one, methods=["POST"]),
        Route("/notifications/reread", read_again, methods=["POST"]),
    ]
