"""Downloads, live: where each stands, why it does not go on, trying it again and taking it back."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.downloads.ending import cancel_download
from seiton.core.downloads.retry import retry_download
from seiton.core.queries import list_downloads
from seiton.core.service import Core
from seiton.domain.states import BEFORE_FILES, IN_LIBRARY, DownloadStatus
from seiton.faces.web.gate import form_of
from seiton.faces.web.live import Frame, stream
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged, render

_D = DownloadStatus
VIEWS = {
    "": (),
    "on_the_way": (_D.PENDING, _D.DOWNLOADING, _D.COMPLETED, _D.SYNCING, _D.DOWNLOADER_ERROR),
    "there": tuple(sorted(IN_LIBRARY)),
    "stuck": (_D.FAILED, _D.SYNC_FAILED, _D.NO_DOWNLOADER, _D.BATCH_UNMATCHED, _D.BATCH_FAILED),
    "cancelled": (_D.CANCELLED,),
}
"""What the list can be narrowed to, by the word in the address."""

_RETRIABLE = frozenset(_D) - IN_LIBRARY - {_D.CANCELLED, _D.SYNCING, _D.DOWNLOADING}


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request) -> HTMLResponse:
        return page(request, "download_list.html", **_listed(core, request), views=VIEWS)

    async def live(request: Request) -> Response:
        def look() -> Frame:
            return Frame(html=render(request, "download_rows.html", **_listed(core, request)))

        return stream(core, look)

    def retry(request: Request) -> Response:
        retry_download(core, number_of(request, "download_id"))
        return go(request, _back(request, "retried"))

    def cancel(request: Request) -> Response:
        cancel_download(core, number_of(request, "download_id"))
        return go(request, _back(request, "chosen"))

    return [
        Route("/downloads", show),
        Route("/downloads/live", live),
        Route("/downloads/{download_id:int}/retry", retry, methods=["POST"]),
        Route("/downloads/{download_id:int}/cancel", cancel, methods=["POST"]),
    ]


def _back(request: Request, said: str) -> str:
    view = form_of(request).get("view", "")
    return f"/downloads?view={view if view in VIEWS else ''}&said={said}"


def _listed(core: Core, request: Request) -> dict[str, Any]:
    view = request.query_params.get("view", "")
    view = view if view in VIEWS else ""
    offset = (page_number(request) - 1) * PAGE
    found = list_downloads(core, statuses=VIEWS[view], is_held=None, limit=PAGE + 1, offset=offset)
    rows, pager = paged(request, found)
    for row in rows:
        row["can_retry"] = row["status"] in _RETRIABLE or row["hold_reason"] is not None
        row["can_cancel"] = row["status"] in BEFORE_FILES
    return {"rows": rows, "pager": pager, "view": view}
