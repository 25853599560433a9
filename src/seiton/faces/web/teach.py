"""Teach by example: a title, marked by mouse or keys, becomes a parser that is looked at in the workshop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import BaseRoute, Route

from seiton.core.feeds.raw_items import get_raw_item, list_raw_items
from seiton.core.feeds.searching import Reach
from seiton.core.queries import Record
from seiton.core.rules.learning import UNREAD, learn_parser
from seiton.core.rules.rulesets import columns_of
from seiton.core.service import Core
from seiton.domain.captures import Piece, pieces_of
from seiton.domain.example_pattern import Mark
from seiton.domain.learning import GROUPS
from seiton.domain.proposals import propose
from seiton.domain.rules import Matched
from seiton.domain.titles import Ruleset
from seiton.errors import InvalidInput
from seiton.faces.web.drafts import FIELD_NAMES
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.shell import PAGE, Web, number_of, page, page_number, paged

MAX_SEARCH = 100
SHOWN = 30
"""Titles that a lesson shows."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def choose(request: Request) -> HTMLResponse:
        wanted = request.query_params.get("q", "").strip()[:MAX_SEARCH]
        reach = Reach()
        found, problem = [], ""
        try:
            found = _titles(core, wanted, _before(request), page_number(request), reach)
        except InvalidInput as error:
            problem = error.problems[0].message
        rows, pager = paged(request, found)
        template = "teach_titles.html" if request.headers.get("hx-request") else "teach_list.html"
        values: dict[str, Any] = {"wanted": wanted, "problem": problem, "before": _before(request)}
        # A search looks at some thousand titles, and goes on where a person wants it.
        values["searched_to"] = None if pager.has_more else reach.stopped_at
        return page(request, template, rows=rows, pager=pager, **values)

    def show(request: Request) -> HTMLResponse:
        item = get_raw_item(core, number_of(request, "item_id"))
        marks = _proposed(item["title"])
        return page(
            request,
            "teach.html",
            item=item,
            marks=marks,
            fields={name: FIELD_NAMES[name] for name in GROUPS},
        )

    def learn(request: Request) -> HTMLResponse:
        form = form_of(request)
        fixed = {name: text for name in GROUPS if (text := form.get(f"fixed_{name}", "").strip())}
        return page(request, "teach_lesson.html", **_lesson(core, form.get("title", ""), _marks(form), fixed))

    return [
        Route("/teach", choose),
        Route("/teach/lesson", learn, methods=["POST"]),
        Route("/teach/{item_id:int}", show),
    ]


def _before(request: Request) -> int | None:
    text = request.query_params.get("before", "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _titles(core: Core, wanted: str, before: int | None, number: int, reach: Reach) -> list[Record]:
    """Return titles that contain ``wanted``, the newest first; those that nobody reads without it."""
    statuses, search = ((), wanted) if wanted else (UNREAD, None)
    choice: dict[str, Any] = {"statuses": statuses, "subscription_id": None, "search": search}
    offset = (number - 1) * PAGE
    return list_raw_items(core, **choice, before=before, limit=PAGE + 1, offset=offset, reach=reach)


def _proposed(title: str) -> dict[str, Mark]:
    """Return the marks with which a person begins: what the structural reader finds, if anything."""
    proposal = propose(title)
    if proposal is None:
        return {}
    outcome = Ruleset((proposal.rule,)).parse(title)
    if not isinstance(outcome, Matched):
        return {}
    marks: dict[str, Mark] = {}
    at = 0
    for piece in pieces_of(proposal.rule, title, outcome.parsed):
        if piece.field is not None:
            marks[piece.field] = Mark(start=at, stop=at + len(piece.text))
        at += len(piece.text)
    return marks


def _marks(form: Form) -> dict[str, Mark]:
    """Return the marks of a form: ``mark_FIELD`` is ``start-stop``, in characters."""
    marks = {}
    for name in GROUPS:
        start, _dash, stop = form.get(f"mark_{name}", "").partition("-")
        if start.isdecimal() and stop.isdecimal() and len(start) < 6 and len(stop) < 6:
            marks[name] = Mark(start=int(start), stop=int(stop))
    return marks


def _lesson(core: Core, title: str, marks: Mapping[str, Mark], fixed: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {
        "pieces": _pieces(title, marks),
        "lesson": None,
        "problems": [],
        "columns": {},
        "matches": [],
        "field_names": FIELD_NAMES,
    }
    if not marks:
        return values
    try:
        lesson = learn_parser(core, title, marks, fixed, limit=SHOWN)
    except InvalidInput as error:
        return values | {"problems": error.problems}
    rule = lesson.rule
    matches = [(match, pieces_of(rule, match.title, match.parsed)) for match in lesson.matches]
    return values | {"lesson": lesson, "columns": columns_of(rule), "matches": matches}


def _pieces(title: str, marks: Mapping[str, Mark]) -> list[Piece]:
    """Return the title cut at its marks, as far as they lie in it one behind the other."""
    pieces: list[Piece] = []
    at = 0
    for field, mark in sorted(marks.items(), key=lambda entry: entry[1].start):
        if not at <= mark.start < mark.stop <= len(title):
            continue
        if mark.start > at:
            pieces.append(Piece(text=title[at : mark.start]))
        pieces.append(Piece(text=title[mark.start : mark.stop], field=field))
        at = mark.stop
    if title[at:]:
        pieces.append(Piece(text=title[at:]))
    return pieces
