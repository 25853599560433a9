"""The feeds that are followed; a new one is looked at before it is."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.feeds.preview import preview_feed
from seiton.core.feeds.raw_items import list_raw_items
from seiton.core.feeds.subscriptions import add_subscription, follow_again, remove_subscription
from seiton.core.queries import get_subscription, list_subscriptions
from seiton.core.removal.removing import TargetType, preview_removal, remove
from seiton.errors import InvalidInput, SeitonError, Unavailable
from seiton.faces.web.drafts import FIELD_NAMES
from seiton.faces.web.gate import form_of
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged

SHOWN = 100
"""Files of a removal that a page lists."""
MOST_COUNTED = 300
"""Downloads of a removal that a page counts, with their files and torrents."""


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show_all(request: Request) -> HTMLResponse:
        offset = (page_number(request) - 1) * PAGE
        rows, pager = paged(request, list_subscriptions(core, limit=PAGE + 1, offset=offset))
        left = request.query_params.get("left", "")
        left_id = int(left) if left.isdecimal() and len(left) < 19 else None
        return page(request, "subscription_list.html", rows=rows, pager=pager, left_id=left_id)

    def look(request: Request) -> HTMLResponse:
        url = form_of(request).get("source_url", "").strip()
        found, problem = None, ""
        try:
            found = preview_feed(core, url)
        except InvalidInput as error:
            problem = error.problems[0].message
        except SeitonError as error:
            problem = str(error)
        values: dict[str, Any] = {
            "preview": found,
            "problem": problem,
            "url": url,
            "field_names": FIELD_NAMES,
        }
        return page(request, "subscription_preview.html", **values)

    def follow(request: Request) -> Response:
        form = form_of(request)
        minutes = form.get("fetch_interval_minutes", "60")
        row = add_subscription(
            core,
            {
                "source_url": form.get("source_url", ""),
                "name": form.get("name", "").strip() or None,
                "fetch_interval_minutes": int(minutes) if minutes.isdecimal() and len(minutes) < 9 else -1,
            },
        )
        return go(request, f"/subscriptions/{row['subscription_id']}?said=followed")

    def show(request: Request) -> HTMLResponse:
        row = get_subscription(core, number_of(request, "subscription_id"))
        offset = (page_number(request) - 1) * PAGE
        found = list_raw_items(
            core, statuses=(), subscription_id=row["subscription_id"], limit=PAGE + 1, offset=offset
        )
        items, pager = paged(request, found)
        return page(request, "subscription.html", row=row, items=items, pager=pager)

    def fetch(request: Request) -> Response:
        row = get_subscription(core, number_of(request, "subscription_id"))
        core.wake("fetch", str(row["subscription_id"]))
        return go(request, f"/subscriptions/{row['subscription_id']}?said=fetching")

    def rehearse_leaving(request: Request) -> HTMLResponse:
        row = get_subscription(core, number_of(request, "subscription_id"))
        found, problem = None, ""
        try:
            found = preview_removal(core, TargetType.SUBSCRIPTION, row["subscription_id"], most=MOST_COUNTED)
        except Unavailable as error:
            problem = str(error)
        values: dict[str, Any] = {"removal": found, "problem": problem, "shown": SHOWN}
        return page(request, "subscription_leaving.html", row=row, **values)

    def leave(request: Request) -> Response:
        subscription_id = number_of(request, "subscription_id")
        if form_of(request).get("what") == "everything":
            removal_id = remove(core, TargetType.SUBSCRIPTION, subscription_id)
            return go(request, f"/resyncs/{removal_id}?said=removed")
        remove_subscription(core, subscription_id)
        return go(request, f"/subscriptions?said=left&left={subscription_id}")

    def come_back(request: Request) -> Response:
        row = follow_again(core, number_of(request, "subscription_id"))
        return go(request, f"/subscriptions/{row['subscription_id']}?said=followed")

    return [
        Route("/subscriptions", show_all),
        Route("/subscriptions", follow, methods=["POST"]),
        Route("/subscriptions/look", look, methods=["POST"]),
        Route("/subscriptions/{subscription_id:int}", show),
        Route("/subscriptions/{subscription_id:int}/fetch", fetch, methods=["POST"]),
        Route("/subscriptions/{subscription_id:int}/leave", rehearse_leaving),
        Route("/subscriptions/{subscription_id:int}/leave", leave, methods=["POST"]),
        Route("/subscriptions/{subscription_id:int}/again", come_back, methods=["POST"]),
    ]
