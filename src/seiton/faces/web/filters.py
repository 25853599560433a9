"""Filter rules: what a release must, or must not, contain; each edit is seen before it is saved."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.filters.preview import preview_filter
from seiton.core.filters.rules import create_filter, delete_filter, get_filter, list_filters, update_filter
from seiton.domain.filters import TargetType
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.shell import Web, go, number_of, page
from seiton.text import _

SHOWN = 30
"""Releases of each kind that a preview lists."""

NEW = {
    "regex_pattern": "",
    "is_positive": False,
    "target_type": "global",
    "target_id": None,
    "is_enabled": True,
}


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show_all(request: Request) -> HTMLResponse:
        return page(request, "filter_list.html", rows=list_filters(core, None, None))

    def new(request: Request) -> HTMLResponse:
        return page(request, "filter.html", rule=NEW, rule_id=None, targets=tuple(TargetType), problems=[])

    def show(request: Request) -> HTMLResponse:
        rule = get_filter(core, number_of(request, "rule_id"))
        values: dict[str, Any] = {"targets": tuple(TargetType), "problems": []}
        return page(request, "filter.html", rule=rule, rule_id=rule["rule_id"], **values)

    def look(request: Request) -> HTMLResponse:
        form = form_of(request)
        found, problem = None, ""
        try:
            found = preview_filter(core, _values(form), rule_id=_edited(form), limit=SHOWN)
            problem = found.problem.message if found.problem else ""
        except InvalidInput as error:
            problem = error.problems[0].message
        return page(request, "filter_preview.html", preview=found, problem=problem)

    def save(request: Request) -> Response:
        form = form_of(request)
        rule_id, plan_id = _edited(form), form.get("plan_id") or None
        try:
            if rule_id is None:
                write = create_filter(core, _values(form), plan_id=plan_id)
            else:
                write = update_filter(core, rule_id, _values(form), plan_id=plan_id)
        except InvalidInput as error:
            rule = dict(NEW) | {name: form.get(name) for name in NEW}
            rule |= {"is_positive": form.get("is_positive") == "on", "is_enabled": "is_enabled" in form}
            values: dict[str, Any] = {"targets": tuple(TargetType), "problems": error.problems}
            return page(request, "filter.html", 422, rule=rule, rule_id=rule_id, **values)
        return go(request, f"/resyncs/{write.resync['resync_id']}?said=saved")

    def delete(request: Request) -> Response:
        write = delete_filter(core, number_of(request, "rule_id"))
        return go(request, f"/resyncs/{write.resync['resync_id']}?said=chosen")

    return [
        Route("/filters", show_all),
        Route("/filters/new", new),
        Route("/filters/look", look, methods=["POST"]),
        Route("/filters/save", save, methods=["POST"]),
        Route("/filters/{rule_id:int}", show),
        Route("/filters/{rule_id:int}/delete", delete, methods=["POST"]),
    ]


def _edited(form: Form) -> int | None:
    text = form.get("rule_id", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _values(form: Form) -> dict[str, Any]:
    """Return what a form says of a rule. Raises ``InvalidInput``."""
    target, number = form.get("target_type", ""), form.get("target_id", "").strip()
    if target not in set(TargetType):
        raise InvalidInput([Problem(field="target_type", message=_("Choose one of them."))])
    if number and (not number.isdecimal() or len(number) > 18):
        raise InvalidInput([Problem(field="target_id", message=_("Give a whole number."))])
    return {
        "regex_pattern": form.get("regex_pattern", ""),
        "is_positive": form.get("is_positive") == "on",
        "is_enabled": form.get("is_enabled") == "on",
        "target_type": TargetType(target),
        "target_id": int(number) if number and target != TargetType.GLOBAL else None,
    }
