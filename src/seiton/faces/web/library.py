"""The library: works, their series, episodes with the file of each, where its fields come from, and pins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.queries import Record
from seiton.core.rules.pinning import preview_pin, set_pin
from seiton.core.service import Core
from seiton.core.works.provenance import moves_of, origins_of
from seiton.core.works.works import get_anime, list_links, list_series, series_of
from seiton.domain.pins import NUMBERS, SERIES_FIELDS, PinField
from seiton.errors import InvalidInput, NotFound, Problem
from seiton.faces.web.drafts import FIELD_NAMES
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.impacts import verdict
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged
from seiton.text import _

MAX_SEARCH = 100
N_ = str  # marks a text for the catalogues; it is translated when it is shown
PIN_NAMES = {**FIELD_NAMES, "episodes_ahead": N_("Episodes ahead"), "kind": N_("Film or series")}

_OF_SERIES = (PinField.EPISODES_AHEAD, PinField.KIND)


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show_all(request: Request) -> HTMLResponse:
        wanted = request.query_params.get("q", "").strip()[:MAX_SEARCH]
        offset = (page_number(request) - 1) * PAGE
        found = list_series(core, limit=PAGE + 1, offset=offset, wanted=wanted)
        rows, pager = paged(request, found)
        template = "library_series.html" if request.headers.get("hx-request") else "library.html"
        return page(request, template, rows=rows, pager=pager, wanted=wanted)

    def show(request: Request) -> HTMLResponse:
        anime = get_anime(core, number_of(request, "anime_id"))
        series = series_of(core, anime["anime_id"])
        for row in series:
            row["links"] = list_links(core, row["series_id"])
        _add_origins(core, series)
        return page(
            request,
            "library_anime.html",
            anime=anime,
            series=series,
            field_names=PIN_NAMES,
            link_fields=tuple(field for field in PinField if field not in _OF_SERIES),
            series_fields=tuple(field for field in PinField if field in SERIES_FIELDS),
        )

    def rehearse(request: Request) -> HTMLResponse:
        form = form_of(request)
        wish = _wish(form)
        found = preview_pin(core, **wish)
        values: dict[str, Any] = {"impact": found, "verdict": verdict(found), "field_names": PIN_NAMES}
        return page(request, "pin.html", wish=wish, back=_number(form, "anime_id"), **values)

    def pin(request: Request) -> Response:
        form = form_of(request)
        cause = set_pin(core, **_wish(form), plan_id=form.get("plan_id") or None)
        return go(request, f"/resyncs/{cause['resync_id']}?said=saved")

    return [
        Route("/library", show_all),
        Route("/library/{anime_id:int}", show),
        Route("/library/pin/preview", rehearse, methods=["POST"]),
        Route("/library/pin", pin, methods=["POST"]),
    ]


def _add_origins(core: Core, series: list[Record]) -> None:
    """Say of each release who read it, and what became of its file over time."""
    links = [link for row in series for link in row["links"]]
    origins = origins_of(core, [link["raw_item_id"] for link in links if link["raw_item_id"]])
    downloads = [link["download"]["download_id"] for link in links if link["download"]]
    moves = moves_of(core, downloads)
    for link in links:
        link["origin"] = origins.get(link["raw_item_id"])
        link["moves"] = moves.get(link["download"]["download_id"], []) if link["download"] else []


def _wish(form: Form) -> Mapping[str, Any]:
    """Return what is to be pinned; without a text it is let go of. Raises ``InvalidInput``."""
    if form.get("field") not in set(PinField):
        raise InvalidInput([Problem(field="field", message=_("Choose one of them."))])
    field = PinField(form["field"])
    text = form.get("value", "").strip()
    value: str | int | None = text or None
    if text and field in NUMBERS:
        if not text.isdecimal() or len(text) > 6:
            raise InvalidInput([Problem(field=_(PIN_NAMES[field]), message=_("Give a whole number."))])
        value = int(text)
    target = "link_id" if form.get("link_id") else "series_id"
    return {target: _number(form, target), "field": field, "value": value}


def _number(form: Form, name: str) -> int:
    text = form.get(name, "")
    if not text.isdecimal() or len(text) > 18:
        raise NotFound(_("There is no such page. It may have moved; the menu leads on."))
    return int(text)
