"""Causes and what followed from them: the list, one of them live, and the ways on and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.confirming import REJECTABLE, confirm, reject
from seiton.core.causes.undo import preview_undo, undo
from seiton.core.queries import Record, get_resync, list_resyncs
from seiton.core.service import Core
from seiton.domain.states import ResyncState
from seiton.errors import Conflict
from seiton.faces.web.drafts import changes_of, label
from seiton.faces.web.gate import form_of
from seiton.faces.web.impacts import verdict
from seiton.faces.web.live import Frame, stream
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged, render

STATES = tuple(ResyncState)
LISTED = 100
"""Files of a resync on a page."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show_all(request: Request) -> HTMLResponse:
        state = request.query_params.get("state", "")
        states = [state] if state in set(STATES) else []
        offset = (page_number(request) - 1) * PAGE
        rows, pager = paged(request, list_resyncs(core, states=states, limit=PAGE + 1, offset=offset))
        for row in rows:
            _add_progress(row)
        values: dict[str, Any] = {"rows": rows, "pager": pager, "state": state, "states": STATES}
        return page(request, "resync_list.html", **values)

    def show(request: Request) -> HTMLResponse:
        resync = _read(core, number_of(request, "resync_id"), page_number(request))
        changes = changes_of(_rule(resync["before"]), _rule(resync["after"]))
        number = page_number(request)
        values: dict[str, Any] = {"resync": resync, "changes": changes, "label": label, "number": number}
        return page(request, "resync.html", **values)

    async def live(request: Request) -> Response:
        resync_id = number_of(request, "resync_id")
        await run_in_threadpool(_read, core, resync_id, 1)

        def look() -> Frame:
            resync = _read(core, resync_id, 1)
            is_last = resync["state"] not in (ResyncState.RUNNING, ResyncState.WAITING)
            html = render(request, "resync_progress.html", resync=resync, number=1)
            return Frame(html=html, is_last=is_last)

        return stream(core, look)

    def go_on(request: Request) -> Response:
        resync_id = number_of(request, "resync_id")
        confirm(core, resync_id, plan_id=form_of(request).get("plan_id") or None)
        return go(request, f"/resyncs/{resync_id}")

    def take_back(request: Request) -> Response:
        resync_id = number_of(request, "resync_id")
        reject(core, resync_id)
        return go(request, f"/resyncs/{resync_id}?said=rejected")

    def rehearse_undo(request: Request) -> HTMLResponse:
        resync = _read(core, number_of(request, "resync_id"), 1)
        found, refusal = None, ""
        try:
            found = preview_undo(core, resync["resync_id"])
        except Conflict as error:
            refusal = str(error)
        line = verdict(found) if found else ""
        return page(request, "undo.html", resync=resync, impact=found, refusal=refusal, verdict=line)

    def take_back_done(request: Request) -> Response:
        plan_id = form_of(request).get("plan_id") or None
        done = undo(core, number_of(request, "resync_id"), plan_id=plan_id)
        return go(request, f"/resyncs/{done['resync_id']}")

    return [
        Route("/resyncs", show_all),
        Route("/resyncs/{resync_id:int}", show),
        Route("/resyncs/{resync_id:int}/live", live),
        Route("/resyncs/{resync_id:int}/confirm", go_on, methods=["POST"]),
        Route("/resyncs/{resync_id:int}/reject", take_back, methods=["POST"]),
        Route("/resyncs/{resync_id:int}/undo", rehearse_undo),
        Route("/resyncs/{resync_id:int}/undo", take_back_done, methods=["POST"]),
    ]


def _read(core: Core, resync_id: int, number: int) -> Record:
    """Return a resync with a page of its files, and what a page says of it."""
    resync = get_resync(core, resync_id, limit=LISTED, offset=(number - 1) * LISTED)
    _add_progress(resync)
    resync["pages"] = -(-resync["files"] // LISTED)
    is_over = resync["state"] in (ResyncState.DONE, ResyncState.RUNNING, ResyncState.FAILED)
    resync["can_undo"] = is_over and resync["undone_by"] is None and _is_reversible(resync)
    resync["can_reject"] = resync["cause"] in REJECTABLE
    return resync


def _add_progress(resync: Record) -> None:
    """Add how many files there are and how many of them are where they belong, or are left alone."""
    counts: Mapping[str, int] = resync["counts"]
    resync["files"] = sum(counts.values())
    resync["settled"] = resync["files"] - counts.get("pending", 0) - counts.get("waiting", 0)


def _is_reversible(resync: Record) -> bool:
    cause = resync["cause"]
    return cause in REJECTABLE or cause.startswith("removed_")


def _rule(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None
