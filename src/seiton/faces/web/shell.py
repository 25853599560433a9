"""What all pages share: templates, navigation, language and how values are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from seiton.faces.words import hold, hold_choice, left, word
from seiton.text import NAMES, _, language, plural

STATIC = Path(__file__).parent / "static"
ROOT = "/ui"
N_ = str  # marks a text for the catalogues; it is translated when it is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """What the pages are made from."""

    core: Core
    jobs: Jobs
    settings: Settings
    entrance: Entrance


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of the menu: ``path`` below the root, its name in English, its icon."""

    path: str
    name: str
    icon: str


MENU: Sequence[tuple[str, Sequence[Entry]]] = (
    (
        "",
        (
            Entry(path="/", name=N_("Overview"), icon="home"),
            Entry(path="/library", name=N_("Library"), icon="library"),
            Entry(path="/season", name=N_("This season"), icon="season"),
            Entry(path="/wanted", name=N_("Wanted"), icon="wanted"),
            Entry(path="/inbox", name=N_("Inbox"), icon="inbox"),
            Entry(path="/identity", name=N_("Identity"), icon="identity"),
        ),
    ),
    (
        N_("Rules"),
        (
            Entry(path="/parsers", name=N_("Parsers"), icon="parsers"),
            Entry(path="/teach", name=N_("Teach by example"), icon="teach"),
            Entry(path="/filters", name=N_("Filters"), icon="filters"),
        ),
    ),
    (
        N_("Work"),
        (
            Entry(path="/subscriptions", name=N_("Subscriptions"), icon="feeds"),
            Entry(path="/downloads", name=N_("Downloads"), icon="downloads"),
            Entry(path="/adopt", name=N_("Adopt"), icon="adopt"),
            Entry(path="/resyncs", name=N_("Resyncs"), icon="resyncs"),
            Entry(path="/holds", name=N_("Held"), icon="holds"),
        ),
    ),
    (
        N_("House"),
        (
            Entry(path="/settings", name=N_("Settings"), icon="settings"),
            Entry(path="/modules", name=N_("Modules"), icon="modules"),
            Entry(path="/access", name=N_("Access"), icon="key"),
            Entry(path="/log", name=N_("Log"), icon="log"),
        ),
    ),
)

SAID = {
    "saved": N_("Saved. Files follow in the background."),
    "copied": N_("This is your copy. It is switched off until you switch it on."),
    "deleted": N_("Deleted. What it had filed stays."),
    "retried": N_("It is being tried again."),
    "rejected": N_("The edit was taken back. Nothing had moved."),
    "chosen": N_("Done."),
    "aside": N_("Set aside: no parser looks at it any more."),
    "followed": N_("It is followed from now on, and being fetched."),
    "fetching": N_("It is being fetched."),
    "answers": N_("It answers."),
    "accepted": N_("Said. What is known about it comes in the background."),
    "refused": N_("It is not that, and it is not suggested again."),
    "unclear": N_("No suggestion agrees exactly and alone; decide on each of them."),
    "found": N_("This is what was found."),
    "unfound": N_("The search found nothing new. You can say by hand what it is."),
    "claimed": N_("Another series has this id: the two are likely one. Under Identity they can be made one."),
    "sought": N_("It is being looked for, site by site. What is found comes up under Downloads."),
    "adopted": N_("Adopted. They are put on record now, and what moves stands below."),
    "replaced": N_("Files had changed since, so nothing was done. This is the plan as it is now."),
    "replanned": N_("Files are named like that from now on. This is the plan by it."),
    "discarded": N_("The plan was thrown away; nothing was touched."),
    "removed": N_("It is being taken away. Until its trash is emptied it can be undone here."),
    "left": N_("It is not followed any more; what it brought stays."),
}
"""Notices that a page opens with, by the word in its address."""

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
