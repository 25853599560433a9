"""What waits for a decision: titles that nobody reads, releases to choose from, works that may be one."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.holds import list_holds
from seiton.core.downloads.choices import (
    list_link_conflicts,
    list_subscription_conflicts,
    resolve_link_conflict,
    resolve_subscription_conflict,
)
from seiton.core.feeds.skip import skip_raw_item
from seiton.core.identity.merging import list_merges
from seiton.core.rules.learning import Cluster, list_unmatched_shapes
from seiton.core.rules.rulesets import columns_of
from seiton.core.works.same_works import list_likely_same
from seiton.domain.captures import Piece, pieces_of
from seiton.domain.rules import Matched
from seiton.domain.titles import Ruleset
from seiton.errors import InvalidInput, Problem
from seiton.faces.web.drafts import FIELD_NAMES
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.identity import by_series, suggestions
from seiton.faces.web.shell import Web, go, number_of, page
from seiton.text import _

SHOWN = 20
"""Shapes, conflicts and pairs on the page."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request) -> HTMLResponse:
        return page(
            request,
            "inbox.html",
            releases=list_link_conflicts(core, limit=SHOWN, offset=0),
            fetchers=list_subscription_conflicts(core, limit=SHOWN, offset=0),
            held=list_holds(core, reasons=(), limit=0, offset=0)[1],
            suggested=by_series(suggestions(core, limit=SHOWN, offset=0)),
            merges=list_merges(core)[:SHOWN],
        )

    def look_through(request: Request) -> HTMLResponse:
        same, titles = list_likely_same(core)
        found = list_unmatched_shapes(core, limit=SHOWN)
        return page(
            request,
            "inbox_found.html",
            shapes=[_shape(cluster) for cluster in found.clusters],
            newest=found.looked_at if found.has_more else None,
            same=same[:SHOWN],
            titles=titles,
            field_names=FIELD_NAMES,
        )

    def choose_release(request: Request) -> Response:
        link_id = _chosen(form_of(request), "link_id")
        resolve_link_conflict(core, number_of(request, "conflict_id"), link_id)
        return go(request, "/inbox?said=chosen")

    def choose_fetcher(request: Request) -> Response:
        fetcher_id = _chosen(form_of(request), "fetcher_id")
        resolve_subscription_conflict(core, number_of(request, "conflict_id"), fetcher_id)
        return go(request, "/inbox?said=chosen")

    def set_aside(request: Request) -> Response:
        skip_raw_item(core, number_of(request, "item_id"))
        return go(request, "/inbox?said=aside")

    return [
        Route("/inbox", show),
        Route("/inbox/found", look_through),
        Route("/inbox/releases/{conflict_id:int}", choose_release, methods=["POST"]),
        Route("/inbox/fetchers/{conflict_id:int}", choose_fetcher, methods=["POST"]),
        Route("/inbox/titles/{item_id:int}/aside", set_aside, methods=["POST"]),
    ]


def _chosen(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInput([Problem(field=name, message=_("Choose one of them."))])
    return int(text)


def _shape(cluster: Cluster) -> dict[str, Any]:
    """Return what the page shows of titles of one shape: examples as the proposed parser would read them."""
    rule = cluster.proposal.rule if cluster.proposal else None
    rules = Ruleset((rule,)) if rule else None
    examples = []
    for row in cluster.examples:
        outcome = rules.parse(row["title"]) if rules else None
        is_read = rule is not None and isinstance(outcome, Matched)
        pieces = [Piece(text=row["title"])]
        if rule is not None and isinstance(outcome, Matched):
            pieces = pieces_of(rule, row["title"], outcome.parsed)
        examples.append({"item_id": row["item_id"], "pieces": pieces, "is_read": is_read})
    return {
        "shape": cluster.shape,
        "total": cluster.total,
        "examples": examples,
        "columns": columns_of(rule) if rule else None,
        "assumed": cluster.proposal.assumed if cluster.proposal else (),
    }
