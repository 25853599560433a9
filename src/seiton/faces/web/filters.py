"""Filter rules: what a release must, or must not, contain; each edit is seen before it is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.filters.preview import preview_filter
from seiton.core.filters.rules import create_filter, delete_filter, get_filter, list_filters, update_filter
from seiton.core.filters.targets import Named, find_targets, name_targets
from seiton.core.service import Core
from seiton.domain.filters import TargetType
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged
from seiton.text import _

SHOWN = 30
"""Releases of each kind that a preview lists."""

OFFERED = 20
"""Works, series, groups, … that a search for a target lists."""
MAX_SEARCH = 100

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
        found = list_filters(core, None, None)
        first = (page_number(request) - 1) * PAGE
        rows, pager = paged(request, found[first : first + PAGE + 1])
        names = name_targets(core, {(TargetType(row["target_type"]), row["target_id"]) for row in rows})
        return page(request, "filter_list.html", rows=rows, pager=pager, names=names)

    def new(request: Request) -> HTMLResponse:
        return _form(core, request, NEW, None)

    def show(request: Request) -> HTMLResponse:
        rule = get_filter(core, number_of(request, "rule_id"))
        return _form(core, request, rule, rule["rule_id"])

    def offer(request: Request) -> HTMLResponse:
        asked = request.query_params
        kind = asked.get("target_type", "")
        found: list[Named] = []
        chosen = _named(core, kind, asked.get("target_id", ""))
        if kind in set(TargetType):
            wanted = asked.get("target_q", "").strip()[:MAX_SEARCH]
            found = find_targets(core, TargetType(kind), wanted, limit=OFFERED + 1)
        others = [one for one in found[:OFFERED] if one != chosen]
        values: dict[str, Any] = {"offered": others, "has_more": len(found) > OFFERED}
        return page(request, "filter_targets.html", kind=kind, chosen=chosen, **values)

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
            return _form(core, request, rule, rule_id, error.problems)
        return go(request, f"/resyncs/{write.resync['resync_id']}?said=saved")

    def rehearse_deletion(request: Request) -> HTMLResponse:
        rule = get_filter(core, number_of(request, "rule_id"))
        found = preview_filter(core, None, rule_id=rule["rule_id"], limit=SHOWN)
        return page(request, "filter_deletion.html", rule=rule, preview=found)

    def delete(request: Request) -> Response:
        plan_id = form_of(request).get("plan_id") or None
        write = delete_filter(core, number_of(request, "rule_id"), plan_id=plan_id)
        return go(request, f"/resyncs/{write.resync['resync_id']}?said=chosen")

    return [
        Route("/filters", show_all),
        Route("/filters/new", new),
        Route("/filters/targets", offer),
        Route("/filters/look", look, methods=["POST"]),
        Route("/filters/save", save, methods=["POST"]),
        Route("/filters/{rule_id:int}", show),
        Route("/filters/{rule_id:int}/delete", rehearse_deletion),
        Route("/filters/{rule_id:int}/delete", delete, methods=["POST"]),
    ]


def _form(
    core: Core,
    request: Request,
    rule: Mapping[str, Any],
    rule_id: int | None,
    problems: Sequence[Problem] = (),
) -> HTMLResponse:
    """Return the page of a rule as it is, or as it was typed; what it is for is named."""
    kind = str(rule["target_type"])
    chosen = _named(core, kind, str(rule["target_id"] or ""))
    values: dict[str, Any] = {"targets": tuple(TargetType), "problems": problems, "kind": kind}
    values |= {"chosen": chosen, "offered": [], "has_more": False}
    return page(request, "filter.html", 422 if problems else 200, rule=rule, rule_id=rule_id, **values)


def _named(core: Core, kind: str, number: str) -> Named | None:
    """Return the target that is chosen, as far as one is."""
    if kind not in set(TargetType) or not number.isdecimal() or len(number) > 18:
        return None
    target = (TargetType(kind), int(number))
    return target[1], name_targets(core, {target}).get(target, f"#{number}")


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
