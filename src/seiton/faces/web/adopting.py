"""Taking a folder that is there already under the rules: what is in it, what would move, then a yes or no."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.adoption.adoptions import (
    confirm_adoption,
    create_adoption,
    discard_adoption,
    get_adoption,
    list_adoption_files,
    list_adoptions,
)
from seiton.core.filing.naming import set_naming
from seiton.core.filing.renaming import preview_naming
from seiton.core.queries import Record
from seiton.domain.adopting import readable
from seiton.domain.naming import display
from seiton.domain.path_text import path_of_text
from seiton.errors import Conflict, SeitonError
from seiton.faces.web.gate import form_of
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged
from seiton.text import _

KINDS = ("moved", "held", "left")
SEASONS = 200
"""Seasons that a plan names; ``counts`` are of all."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_plans(web), *_decisions(web)]


def _plans(web: Web) -> list[BaseRoute]:
    core = web.core

    def show_all(request: Request, path: str = "", problem: str = "") -> HTMLResponse:
        offset = (page_number(request) - 1) * PAGE
        rows, pager = paged(request, list_adoptions(core, limit=PAGE + 1, offset=offset))
        folders = [str(Path(web.settings.library).absolute()), str(Path(web.settings.downloads).absolute())]
        values: dict[str, Any] = {"rows": rows, "pager": pager, "folders": folders, "problem": problem}
        return page(request, "adopt.html", 422 if problem else 200, path_given=path or folders[0], **values)

    def plan(request: Request) -> Response:
        path = form_of(request).get("path", "").strip()
        try:
            found = create_adoption(core, path)
        except SeitonError as error:
            problems = getattr(error, "problems", None)
            return show_all(request, path, problems[0].message if problems else str(error))
        return go(request, f"/adopt/{found['adoption_id']}")

    def show(request: Request) -> HTMLResponse:
        found = get_adoption(core, number_of(request, "adoption_id"))
        asked = request.query_params.get("what", "")
        what = asked if asked in KINDS else next((kind for kind in KINDS if _count(found, kind)), KINDS[0])
        offset = (page_number(request) - 1) * PAGE
        files = list_adoption_files(core, found["adoption_id"], what=what, limit=PAGE + 1, offset=offset)
        rows, pager = paged(request, files)
        for row in rows:
            row["shown"] = _shown(row["path"])
        best = next(iter(found["layouts"] or []), None)
        if best is not None and best["stays"] <= found["counts"]["stays"]:
            best = None
        return page(
            request,
            "adoption.html",
            plan=found,
            files=rows,
            pager=pager,
            what=what,
            kinds=[(kind, _count(found, kind)) for kind in KINDS],
            best=best,
            seasons=found["shows"][:SEASONS],
            is_planned=found["state"] == "planned",
        )

    return [
        Route("/adopt", show_all),
        Route("/adopt", plan, methods=["POST"]),
        Route("/adopt/{adoption_id:int}", show),
    ]


def _count(plan: Record, kind: str) -> int:
    """Return how many files of a plan are of a kind."""
    counts = plan["counts"]
    if kind == "left":
        return int(sum(counts["left"].values()))
    return int(counts["moves" if kind == "moved" else "held"])


def _shown(text: str) -> str:
    path = path_of_text(text)
    return readable(path) or display(path)


def _decisions(web: Web) -> list[BaseRoute]:
    core = web.core

    def confirm(request: Request) -> Response:
        in_place = form_of(request).get("in_place") == "on"
        done = confirm_adoption(core, number_of(request, "adoption_id"), in_place=in_place)
        if done["replaced_by"] is not None:
            return go(request, f"/adopt/{done['replaced_by']}?said=replaced")
        return go(request, f"/resyncs/{done['resync_id']}?said=adopted")

    def discard(request: Request) -> Response:
        discard_adoption(core, number_of(request, "adoption_id"))
        return go(request, "/adopt?said=discarded")

    def rename(request: Request) -> Response:
        """Take the template that leaves most files where they are, if nothing moves by it; plan again."""
        found = get_adoption(core, number_of(request, "adoption_id"))
        best = next(iter(found["layouts"] or []), None)
        if best is None:
            raise Conflict(_("The files follow no template of which anything is known."))
        impact = preview_naming(core, best["template"]).impact
        if impact is None or impact.moves:
            message = _("Files that are in the library already would move by it: see under Settings, Names.")
            raise Conflict(message)
        set_naming(core, best["template"], plan_id=impact.plan_id)
        discard_adoption(core, found["adoption_id"])
        return go(request, f"/adopt/{create_adoption(core, found['path'])['adoption_id']}?said=replanned")

    return [
        Route("/adopt/{adoption_id:int}/confirm", confirm, methods=["POST"]),
        Route("/adopt/{adoption_id:int}/discard", discard, methods=["POST"]),
        Route("/adopt/{adoption_id:int}/template", rename, methods=["POST"]),
    ]
