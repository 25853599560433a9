"""The workshop: a parser, what it reads as it is typed, and what saving it would move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.history import parser_history
from seiton.core.rules.draft_titles import DraftTitles, try_draft
from seiton.core.rules.parser_preview import preview_deletion, preview_parser
from seiton.core.rules.parsers import (
    copy_parser,
    create_parser,
    delete_parser,
    get_parser,
    update_parser,
)
from seiton.core.rules.rulesets import BUILTIN
from seiton.core.service import Core
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.drafts import (
    FIELD_NAMES,
    NEW,
    REQUIRED,
    changes_of,
    faults_of,
    label,
    shown_values,
    values_of,
)
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.impacts import verdict
from seiton.faces.web.shell import Web, go, number_of, page


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def new(request: Request) -> HTMLResponse:
        return _editor(core, request, None, dict(NEW))

    def prefilled(request: Request) -> HTMLResponse:
        form = form_of(request)
        titles, problems = _tried(core, form)
        return _editor(core, request, None, shown_values(form), titles, problems)

    def show(request: Request) -> HTMLResponse:
        parser = get_parser(core, number_of(request, "parser_id"))
        try:
            titles = try_draft(core, parser, parser_id=parser["parser_id"])
        except InvalidInput as error:
            return _editor(core, request, parser, dict(parser), None, error.problems)
        return _editor(core, request, parser, dict(parser), titles)

    def attempt(request: Request) -> HTMLResponse:
        form = form_of(request)
        titles, problems = _tried(core, form)
        faults = faults_of(problems, form)
        response = page(request, "parser_titles.html", **_parts(titles, faults), is_update=True)
        response.headers["HX-Trigger-After-Swap"] = "draft-tried"
        return response

    def impact(request: Request) -> HTMLResponse:
        form = form_of(request)
        try:
            preview = preview_parser(core, values_of(form), parser_id=_edited(form), limit=1)
            problems, found = preview.problems, preview.impact
        except InvalidInput as error:
            problems, found = error.problems, None
        line = verdict(found) if found else ""
        return page(request, "parser_impact.html", impact=found, problems=problems, verdict=line)

    def save(request: Request) -> Response:
        form = form_of(request)
        parser_id, plan_id = _edited(form), form.get("plan_id") or None
        try:
            values = values_of(form)
            if parser_id is None:
                write = create_parser(core, values, plan_id=plan_id)
            else:
                version = form.get("version", "")
                known = int(version) if version.isdecimal() else None
                write = update_parser(core, parser_id, values, version=known, plan_id=plan_id)
        except InvalidInput as error:
            parser = get_parser(core, parser_id) if parser_id else None
            return _editor(core, request, parser, shown_values(form), None, error.problems)
        return go(request, f"/resyncs/{write.resync['resync_id']}?said=saved")

    def copy(request: Request) -> Response:
        write = copy_parser(core, number_of(request, "parser_id"))
        parser_id = write.parser["parser_id"] if write.parser else 0
        return go(request, f"/parsers/{parser_id}?said=copied")

    def deletion(request: Request) -> HTMLResponse:
        parser = get_parser(core, number_of(request, "parser_id"))
        found = preview_deletion(core, parser["parser_id"])
        return page(request, "parser_deletion.html", parser=parser, impact=found, verdict=verdict(found))

    def delete(request: Request) -> Response:
        plan_id = form_of(request).get("plan_id") or None
        write = delete_parser(core, number_of(request, "parser_id"), plan_id=plan_id)
        return go(request, f"/resyncs/{write.resync['resync_id']}?said=deleted")

    return [
        Route("/parsers/new", new),
        Route("/parsers/new", prefilled, methods=["POST"]),
        Route("/parsers/draft", attempt, methods=["POST"]),
        Route("/parsers/impact", impact, methods=["POST"]),
        Route("/parsers/save", save, methods=["POST"]),
        Route("/parsers/{parser_id:int}", show),
        Route("/parsers/{parser_id:int}/copy", copy, methods=["POST"]),
        Route("/parsers/{parser_id:int}/delete", deletion),
        Route("/parsers/{parser_id:int}/delete", delete, methods=["POST"]),
    ]


def _edited(form: Form) -> int | None:
    text = form.get("parser_id", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _tried(core: Core, form: Form) -> tuple[DraftTitles | None, Sequence[Problem]]:
    try:
        return try_draft(core, values_of(form), parser_id=_edited(form)), ()
    except InvalidInput as error:
        return None, error.problems


def _parts(titles: DraftTitles | None, faults: Mapping[str, Any]) -> dict[str, Any]:
    return {"titles": titles, "faults": faults, "field_names": FIELD_NAMES}


def _editor(
    core: Core,
    request: Request,
    parser: Mapping[Any, Any] | None,
    values: Mapping[str, Any],
    titles: DraftTitles | None = None,
    problems: Sequence[Problem] = (),
) -> HTMLResponse:
    """Return the page; ``values`` are shown as they were typed, ``titles`` as the draft reads them."""
    parser_id = parser["parser_id"] if parser else None
    history = parser_history(core, parser_id) if parser_id else []
    for edit in history:
        edit["changes"] = changes_of(edit["before"], edit["after"])
    return page(
        request,
        "parser_editor.html",
        status=422 if problems and request.method == "POST" else 200,
        **_parts(titles, faults_of(problems, values)),
        parser=parser,
        values=values,
        required=REQUIRED,
        is_builtin=parser is not None and parser["origin"] == BUILTIN,
        history=history,
        label=label,
        is_update=False,
    )
