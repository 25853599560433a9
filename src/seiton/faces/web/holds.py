"""What was left alone: why, and every way out of it as a button."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.causes.confirming import confirm, reject
from seiton.core.causes.holds import get_hold, list_holds
from seiton.core.downloads.ending import cancel_download
from seiton.core.downloads.retry import retry_download
from seiton.core.removal.removing import TargetType, remove
from seiton.core.removal.trash import restore
from seiton.core.rules.pinning import set_pin
from seiton.core.service import Core
from seiton.domain.hold_choices import HoldChoice
from seiton.domain.pins import PinField
from seiton.errors import Conflict, InvalidInput, Problem
from seiton.faces.web.gate import Form, form_of
from seiton.faces.web.shell import PAGE, Web, go, number_of, page, page_number, paged
from seiton.text import _

NEEDS_VALUE = (HoldChoice.PIN_EPISODE, HoldChoice.PIN_TITLE)


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    core = web.core

    def show(request: Request) -> HTMLResponse:
        offset = (page_number(request) - 1) * PAGE
        found, total = list_holds(core, reasons=(), limit=PAGE + 1, offset=offset)
        rows, pager = paged(request, found)
        values: dict[str, Any] = {"rows": rows, "total": total, "pager": pager, "needs_value": NEEDS_VALUE}
        return page(request, "hold_list.html", **values)

    def choose(request: Request) -> Response:
        number, form = number_of(request, "number"), form_of(request)
        is_cause = request.path_params["kind"] == "resync"
        held = get_hold(core, **{"resync_id" if is_cause else "download_id": number})
        wanted = form.get("choice", "")
        if wanted not in set(held["choices"]):
            raise Conflict(_("That is no way out of it any more: look at it again."))
        cause = _ACTS[HoldChoice(wanted)](core, held, form)
        return go(request, f"/resyncs/{cause}" if cause else "/holds?said=chosen")

    return [
        Route("/holds", show),
        Route("/holds/{kind:str}/{number:int}", choose, methods=["POST"]),
    ]


Held = Mapping[str, Any]


def _confirm(core: Core, held: Held, form: Form) -> int | None:
    confirm(core, held["resync_id"], plan_id=form.get("plan_id") or None)
    return int(held["resync_id"])


def _reject(core: Core, held: Held, _form: Form) -> int | None:
    reject(core, held["resync_id"])
    return None


def _retry(core: Core, held: Held, _form: Form) -> int | None:
    retry_download(core, held["download_id"])
    return None


def _cancel(core: Core, held: Held, _form: Form) -> int | None:
    cancel_download(core, held["download_id"])
    return None


def _pin_episode(core: Core, held: Held, form: Form) -> int | None:
    text = form.get("value", "").strip()
    if not text.isdecimal() or len(text) > 6:
        raise InvalidInput([Problem(field=_("Episode"), message=_("Give a whole number."))])
    return _pin(core, held, PinField.EPISODE_NO, int(text))


def _pin_title(core: Core, held: Held, form: Form) -> int | None:
    return _pin(core, held, PinField.ANIME_TITLE, form.get("value", "").strip())


def _pin(core: Core, held: Held, field: PinField, value: str | int) -> int:
    return int(set_pin(core, link_id=held["link_id"], field=field, value=value)["resync_id"])


def _remove(core: Core, held: Held, _form: Form) -> int | None:
    remove(core, TargetType.DOWNLOAD, held["download_id"])
    return None


def _restore(core: Core, held: Held, _form: Form) -> int | None:
    return restore(core, held["resync_id"])


_ACTS: Mapping[HoldChoice, Callable[[Core, Held, Form], int | None]] = {
    HoldChoice.CONFIRM: _confirm,
    HoldChoice.REJECT: _reject,
    HoldChoice.RETRY: _retry,
    HoldChoice.CANCEL: _cancel,
    HoldChoice.PIN_EPISODE: _pin_episode,
    HoldChoice.PIN_TITLE: _pin_title,
    HoldChoice.REMOVE: _remove,
    HoldChoice.RESTORE: _restore,
}
