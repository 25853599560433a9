"""The parsers in the order in which they are tried: moved by mouse or keys, switched, seen beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.rehearsal import Impact
from seiton.core.figures import MOST_COUNTED
from seiton.core.queries import Record, count_reads, list_parsers
from seiton.core.rules.parser_preview import preview_parser
from seiton.core.rules.parsers import get_parser, update_parser
from seiton.core.rules.placing import place_parser, preview_placing
from seiton.core.rules.rulesets import BUILTIN
from seiton.core.service import Core
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.impacts import does_something
from seiton.faces.web.shell import Web, go, number_of, page


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request) -> HTMLResponse:
        template = "parser_rows.html" if request.headers.get("hx-request") else "parser_list.html"
        return page(request, template, **_lists(core))

    def place(request: Request) -> Response:
        parser_id, before = number_of(request, "parser_id"), _before(form_of(request))
        plan_id = form_of(request).get("plan_id")
        if plan_id is None:
            impact = preview_placing(core, parser_id, before)
            if impact is not None and does_something(impact):
                lists = _lists(core)
                lists["mine"], lists["builtin"] = (
                    _moved(lists[name], parser_id, before) for name in ("mine", "builtin")
                )
                proposal = _proposal(core, parser_id, impact, "place", {"before": before or ""})
                return page(request, "parser_rows.html", **lists | {"proposal": proposal})
        write = place_parser(core, parser_id, before, plan_id=plan_id)
        if plan_id is not None and write is not None:
            return go(request, f"/resyncs/{write.resync['resync_id']}")
        return page(request, "parser_rows.html", **_lists(core) | {"moved": parser_id})

    def switch(request: Request) -> Response:
        parser_id, form = number_of(request, "parser_id"), form_of(request)
        values = {"is_enabled": form.get("is_enabled") == "on"}
        plan_id = form.get("plan_id")
        if plan_id is None:
            impact = preview_parser(core, values, parser_id=parser_id, limit=1).impact
            if impact is not None and does_something(impact):
                fields = {"is_enabled": form.get("is_enabled", "")}
                proposal = _proposal(core, parser_id, impact, "switch", fields)
                return page(request, "parser_rows.html", **_lists(core) | {"proposal": proposal})
        write = update_parser(core, parser_id, values, plan_id=plan_id)
        if plan_id is not None:
            return go(request, f"/resyncs/{write.resync['resync_id']}")
        return page(request, "parser_rows.html", **_lists(core) | {"moved": parser_id})

    return [
        Route("/parsers", show),
        Route("/parsers/{parser_id:int}/place", place, methods=["POST"]),
        Route("/parsers/{parser_id:int}/switch", switch, methods=["POST"]),
    ]


def _before(form: Form) -> int | None:
    text = form.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _proposal(core: Core, parser_id: int, impact: Impact, act: str, fields: dict[str, Any]) -> dict[str, Any]:
    return {"parser": get_parser(core, parser_id), "impact": impact, "act": act, "fields": fields}


def _moved(rows: Sequence[Record], parser_id: int, before: int | None) -> list[Record]:
    """Return rows as they would be."""
    moved = [row for row in rows if row["parser_id"] == parser_id]
    others = [row for row in rows if row["parser_id"] != parser_id]
    at = next((n for n, row in enumerate(others) if row["parser_id"] == before), len(others))
    return [*others[:at], *moved, *others[at:]]


def _lists(core: Core) -> dict[str, Any]:
    """Return what the page shows: the user's parsers and the built-in ones, with how much each reads."""
    rows = list_parsers(core, created_from_type=None, created_from_id=None)
    reads = count_reads(core, [row["parser_id"] for row in rows], most=MOST_COUNTED)
    for row in rows:
        row["reads"] = reads[row["parser_id"]]
    return {
        "mine": [row for row in rows if row["origin"] != BUILTIN],
        "builtin": [row for row in rows if row["origin"] == BUILTIN],
        "counted_to": MOST_COUNTED,
        "proposal": None,
        "moved": None,
    }
