"""The library: works with posters, the episodes of a season, where fields of a release come from, pins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.confirming import REJECTABLE
from seiton.core.queries import Record
from seiton.core.rules.pinning import preview_pin, set_pin
from seiton.core.service import Core
from seiton.core.works.episodes import get_release, groups_of, list_episodes, shows_of
from seiton.core.works.provenance import Origin, entry_of, fields_of, moves_of
from seiton.core.works.works import get_anime, list_series, series_of
from seiton.domain.pins import NUMBERS, SERIES_FIELDS, PinField
from seiton.domain.wishes import load_show
from seiton.errors import InvalidInput, NotFound, Problem
from seiton.faces.web.drafts import FIELD_NAMES
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.impacts import verdict
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged
from seiton.text import _

MAX_SEARCH = 100
GROUPS = 12
"""Groups that a season's page names."""
MOVES = 50
"""Moves of a file that its history lists."""
N_ = str  # marks a text for the catalogues; it is translated when it is shown
PIN_NAMES = {**FIELD_NAMES, "episodes_ahead": N_("Episodes ahead"), "kind": N_("Film or series")}
ORIGINS = {
    Origin.PIN: N_("set by hand"),
    Origin.TITLE: N_("read from the title"),
    Origin.PARSER: N_("a fixed value of the parser"),
    Origin.ASSUMED: N_("the title does not say it"),
    Origin.FILE: N_("from names and NFO of the adopted file"),
    Origin.HAND: N_("entered by hand"),
}


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_shelves(web), *_pins(web)]


def _shelves(web: Web) -> list[BaseRoute]:
    core = web.core

    def show_all(request: Request) -> HTMLResponse:
        wanted = request.query_params.get("q", "").strip()[:MAX_SEARCH]
        offset = (page_number(request) - 1) * PAGE
        found = list_series(core, limit=PAGE + 1, offset=offset, wanted=wanted, with_releases=not wanted)
        rows, pager = paged(request, found)
        template = "library_series.html" if request.headers.get("hx-request") else "library.html"
        return page(request, template, rows=rows, pager=pager, wanted=wanted)

    def show(request: Request) -> HTMLResponse:
        anime = get_anime(core, number_of(request, "anime_id"))
        seasons = series_of(core, anime["anime_id"])
        series = _chosen(request, seasons)
        values: dict[str, Any] = {
            "anime": anime,
            "seasons": seasons,
            "series": series,
            "field_names": PIN_NAMES,
        }
        return page(
            request, "library_anime.html", **values | (_season(request, core, series) if series else {})
        )

    def show_release(request: Request) -> HTMLResponse:
        release = get_release(core, number_of(request, "link_id"))
        entry = entry_of(core, release["raw_item_id"]) if release["raw_item_id"] else None
        moves = []
        if release["download"]:
            moves = moves_of(core, release["download"]["download_id"], limit=MOVES)
        for move in moves:
            move["can_undo"] = move["undone_by"] is None and (
                move["cause"] in REJECTABLE or move["cause"].startswith("removed_")
            )
        is_part = bool(request.headers.get("hx-request"))
        return page(
            request,
            "release_parts.html" if is_part else "release.html",
            release=release,
            entry=entry,
            moves=moves,
            fields=fields_of(release, entry),
            origins=ORIGINS,
            field_names=PIN_NAMES,
            pinnable=set(PinField),
        )

    return [
        Route("/library", show_all),
        Route("/library/{anime_id:int}", show),
        Route("/library/releases/{link_id:int}", show_release),
    ]


def _chosen(request: Request, seasons: list[Record]) -> Record | None:
    """Return the season that is asked for, else the first."""
    wanted = request.query_params.get("series", "")
    return next((row for row in seasons if str(row["series_id"]) == wanted), seasons[0] if seasons else None)


def _season(request: Request, core: Core, series: Record) -> dict[str, Any]:
    series_id = series["series_id"]
    found = list_episodes(core, series_id, limit=PAGE + 1, offset=(page_number(request) - 1) * PAGE)
    episodes, pager = paged(request, found)
    known = shows_of(core, [series_id]).get(series_id)
    return {
        "episodes": episodes,
        "pager": pager,
        "known": known,
        "show": load_show(known["facts"] if known else None),
        "groups": groups_of(core, [series_id], most=GROUPS).get(series_id, []),
        "series_fields": tuple(field for field in PinField if field in SERIES_FIELDS),
    }


def _pins(web: Web) -> list[BaseRoute]:
    core = web.core

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
        Route("/library/pin/preview", rehearse, methods=["POST"]),
        Route("/library/pin", pin, methods=["POST"]),
    ]


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
