"""Which work a series is: what searches suggest, ids by hand, titles that are one, where facts differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.identity.editing import accept, accept_exact, list_ids, remove_id, set_id, suggest
from seiton.core.identity.fixes import list_fixes
from seiton.core.identity.merging import list_merges, merge, preview_merge
from seiton.core.identity.unknown import get_named_series, list_unknown
from seiton.core.queries import Record
from seiton.core.service import Core
from seiton.domain.states import IdStanding
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.impacts import verdict
from seiton.faces.web.library import PIN_NAMES
from seiton.faces.web.shell import PAGE, Pager, Web, go, number_of, page, page_number, paged
from seiton.text import _

SHOWN = 50
"""Fixes and merges on a page."""
MAX_SEARCH = 100


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_pages(web.core), *_acts(web.core), *_merges(web.core)]


def _pages(core: Core) -> list[BaseRoute]:
    def show(request: Request) -> HTMLResponse:
        offset = (page_number(request) - 1) * PAGE
        rows, pager = paged(request, suggestions(core, limit=PAGE + 1, offset=offset))
        merges = list_merges(core)
        values: dict[str, Any] = {"suggested": by_series(rows), "pager": pager, "merges": merges[:SHOWN]}
        return page(request, "identity.html", **values)

    def show_unknown(request: Request) -> HTMLResponse:
        wanted = request.query_params.get("q", "").strip()[:MAX_SEARCH]
        offset = (page_number(request) - 1) * PAGE
        rows, pager = paged(request, list_unknown(core, limit=PAGE + 1, offset=offset, wanted=wanted))
        is_part = bool(request.headers.get("hx-request"))
        template = "identity_unknown_rows.html" if is_part else "identity_unknown.html"
        return page(request, template, rows=rows, pager=pager, wanted=wanted)

    def show_fixes(request: Request) -> HTMLResponse:
        values: dict[str, Any] = {"with_titles": "titles" in request.query_params}
        return page(request, "identity_fixes.html", number=page_number(request), **values)

    def find_fixes(request: Request) -> HTMLResponse:
        number, with_titles = page_number(request), "titles" in request.query_params
        offset = (number - 1) * PAGE
        rows, has_more = list_fixes(core, limit=PAGE, offset=offset, with_titles=with_titles)
        pager = Pager(number=number, has_more=has_more)
        values: dict[str, Any] = {"pager": pager, "field_names": PIN_NAMES, "with_titles": with_titles}
        return page(request, "identity_fixes_found.html", rows=rows, **values)

    def show_series(request: Request) -> HTMLResponse:
        series = get_named_series(core, number_of(request, "series_id"))
        rows = list_ids(core, series_id=series["series_id"], limit=SHOWN, offset=0)
        found = [row for row in rows if row["standing"] == IdStanding.SUGGESTED]
        ids = [row for row in rows if row["standing"] != IdStanding.SUGGESTED]
        values: dict[str, Any] = {"suggested": by_series(found), "ids": ids}
        values["can_search"] = core.bangumi is not None
        return page(request, "identity_series.html", series=series, **values)

    return [
        Route("/identity", show),
        Route("/identity/unknown", show_unknown),
        Route("/identity/fixes", show_fixes),
        Route("/identity/fixes/found", find_fixes),
        Route("/identity/series/{series_id:int}", show_series),
    ]


def suggestions(core: Core, *, limit: int, offset: int) -> list[Record]:
    """Return what searches have found and nobody has decided on yet."""
    return list_ids(core, standings=[IdStanding.SUGGESTED], limit=limit, offset=offset)


def by_series(rows: Sequence[Record]) -> list[list[Record]]:
    """Return suggestions put together by their series; each with its ``names``."""
    for row in rows:
        row["names"] = (row["title"] or "").split("\n")
    return [list(found) for _id, found in groupby(rows, key=lambda row: row["series_id"])]


def _acts(core: Core) -> list[BaseRoute]:
    def confirm(request: Request) -> Response:
        accept(core, number_of(request, "external_id"))
        return go(request, _back(form_of(request), "accepted"))

    def refuse(request: Request) -> Response:
        remove_id(core, number_of(request, "external_id"))
        return go(request, _back(form_of(request), "refused"))

    def confirm_exact(request: Request) -> Response:
        found = accept_exact(core)
        return go(request, _back(form_of(request), "accepted" if found else "unclear"))

    def search(request: Request) -> Response:
        series_id = number_of(request, "series_id")
        found = suggest(core, series_id)
        return go(request, f"/identity/series/{series_id}?said={'found' if found else 'unfound'}")

    def write(request: Request) -> Response:
        series_id = number_of(request, "series_id")
        namespace, _slash, value = form_of(request).get("id", "").strip().rpartition("/")
        if not namespace:
            message = _("Give both: where it has its page, and the number there, such as bgm/400602.")
            raise InvalidInput([Problem(field="id", message=message)])
        row = set_id(core, series_id, namespace, value)
        said = "claimed" if row["standing"] == IdStanding.CLAIMED else "accepted"
        return go(request, f"/identity/series/{series_id}?said={said}")

    return [
        Route("/identity/accept-exact", confirm_exact, methods=["POST"]),
        Route("/identity/{external_id:int}/accept", confirm, methods=["POST"]),
        Route("/identity/{external_id:int}/refuse", refuse, methods=["POST"]),
        Route("/identity/series/{series_id:int}/search", search, methods=["POST"]),
        Route("/identity/series/{series_id:int}/set", write, methods=["POST"]),
    ]


def _back(form: Form, said: str) -> str:
    """Return the page of ours that a form stood on, where it is said what was done."""
    back = form.get("back", "")
    known = back if back in {"/inbox", "/identity"} or back.startswith("/identity/series/") else "/identity"
    return f"{known}?said={said}"


def _merges(core: Core) -> list[BaseRoute]:
    def rehearse(request: Request) -> HTMLResponse:
        series_id, into_id = number_of(request, "series_id"), number_of(request, "into_id")
        source, target = get_named_series(core, series_id), get_named_series(core, into_id)
        found = preview_merge(core, series_id, into_id)
        values: dict[str, Any] = {"impact": found, "verdict": verdict(found)}
        return page(request, "identity_merge.html", source=source, target=target, **values)

    def make_one(request: Request) -> Response:
        series_id, into_id = number_of(request, "series_id"), number_of(request, "into_id")
        cause = merge(core, series_id, into_id, plan_id=form_of(request).get("plan_id") or None)
        return go(request, f"/resyncs/{cause['resync_id']}?said=saved")

    path = "/identity/series/{series_id:int}/merge/{into_id:int}"
    return [Route(path, rehearse), Route(path, make_one, methods=["POST"])]
