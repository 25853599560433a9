"""What all pages share: templates, navigation, language and how values are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_datetime, format_timedelta
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from seiton import __version__
from seiton.adapters.jobs import Jobs
from seiton.config import Settings
from seiton.core.service import Core
from seiton.errors import NotFound
from seiton.faces.entrance import Entrance
from seiton.faces.web.differences import halves
from seiton.faces.web.menu import MENU, SAID
from seiton.faces.words import hold, hold_choice, left, word
from seiton.text import NAMES, _, language, plural

STATIC = Path(__file__).parent / "static"
ROOT = "/ui"


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What the pages are made from."""

    core: Core
    jobs: Jobs
    settings: Settings
    entrance: Entrance


_environment = Environment(
    loader=PackageLoader("seiton.faces.web"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _ago(at: datetime | None) -> Markup:
    """Return a time as people say it, with the exact one for those who ask."""
    if at is None:
        return Markup("–")
    locale = language()
    text = format_timedelta(at - datetime.now(UTC), add_direction=True, locale=locale)
    exact = format_datetime(at, "medium", locale=locale)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), exact, text)


def _day(at: date | None) -> Markup:
    """Return a day as people write it."""
    if at is None:
        return Markup("–")
    text = format_date(at, "medium", locale=language())
    return Markup('<time datetime="{}">{}</time>').format(at.isoformat(), text)


def _weekday(at: date) -> str:
    """Return the name of a day's weekday."""
    return str(format_date(at, "EEEE", locale=language()))


def _weekday_no(number: int) -> str:
    """Return the name of a weekday by its ISO number."""
    return _weekday(date(2024, 1, number))  # a year that begins on a Monday


def _href(path: str) -> str:
    return f"{ROOT}{path}"


def _bytes(number: int | None) -> str:
    if number is None:
        return "–"
    size = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _inside(path: str | None, root: str) -> str | None:
    """Return a path below the library without the way to it; others as they are."""
    return path.removeprefix(f"{root}/") if path else path


_environment.filters["inside"] = _inside
_environment.globals.update(
    _=_,
    plural=plural,
    word=word,
    hold=hold,
    left=left,
    hold_choice=hold_choice,
    ago=_ago,
    day=_day,
    weekday=_weekday,
    weekday_no=_weekday_no,
    href=_href,
    bytes=_bytes,
    halves=halves,
    version=__version__,
    languages=NAMES,
    menu=MENU,
)


def render(request: Request, template: str, **values: Any) -> str:
    """Return a template filled in; it also knows ``csrf``, ``theme``, ``lang`` and ``path``, the page's."""
    state = request.state
    path = request.url.path.removeprefix(ROOT)
    said = request.query_params.get("said", "")
    common: Mapping[str, Any] = {
        "csrf": getattr(state, "csrf", ""),
        "theme": getattr(state, "theme", "auto"),
        "person": getattr(state, "person", None),
        "lang": language(),
        "path": path,
        "root": request.app.state.library,
        "said": _(SAID[said]) if said in SAID else "",
    }
    return _environment.get_template(template).render({**common, **values})


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page, or a part of one."""
    return HTMLResponse(render(request, template, **values), status)


def go(request: Request, path: str) -> Response:
    """Send the browser to another page; htmx, which would follow by itself, is told to load it."""
    if request.headers.get("hx-request"):
        return Response(headers={"HX-Redirect": _href(path)})
    return RedirectResponse(_href(path), 303)


def number_of(request: Request, name: str) -> int:
    """Return a number of the path. Raises ``NotFound`` for one that no row can have."""
    number = int(request.path_params[name])
    if not 1 <= number < 2**63:
        raise NotFound(_("There is no such page. It may have moved; the menu leads on."))
    return number


PAGE = 50
"""Rows on a page of a list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pager:
    """Where a page of a list stands; ``number`` counts from 1."""

    number: int
    has_more: bool

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.number - 1) * PAGE


def page_number(request: Request) -> int:
    """Return which page of a list is asked for."""
    text = request.query_params.get("page", "1")
    return max(1, int(text)) if text.isdecimal() and len(text) < 8 else 1


def paged(request: Request, rows: list[Any]) -> tuple[list[Any], Pager]:
    """Cut ``rows``, of which one more than fits was asked for, and say whether there are more."""
    return rows[:PAGE], Pager(number=page_number(request), has_more=len(rows) > PAGE)
