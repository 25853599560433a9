"""Errors as pages: what happened, what to do, and a way back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from seiton.errors import InvalidInput, NotFound, Problem, SeitonError, Unavailable
from seiton.faces.web.shell import render
from seiton.text import _

log = logging.getLogger(__name__)


def answer(request: Request, error: SeitonError) -> HTMLResponse:
    """Return a page about ``error``; to htmx, a notice that comes up on the page that is there."""
    problems: list[Problem] = error.problems if isinstance(error, InvalidInput) else []
    values = {"error": error, "problems": problems, "status": error.status}
    if request.headers.get("hx-request"):
        headers = {"HX-Retarget": "#notices", "HX-Reswap": "beforeend"}
        text = render(request, "error_notice.html", **values)
        return HTMLResponse(text, error.status, headers=headers)
    return HTMLResponse(render(request, "error.html", **values), error.status)


async def _ours(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, SeitonError)
    return answer(request, error)


async def _framework(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(request, NotFound(_("There is no such page. It may have moved; the menu leads on.")))
    found = SeitonError(error.detail)
    found.status = error.status_code
    return answer(request, found)


async def _database_away(request: Request, error: Exception) -> HTMLResponse:
    log.error("the database does not answer: %s", error)
    return answer(request, Unavailable(_("The database does not answer; nothing was changed.")))


async def _unexpected(request: Request, _error: Exception) -> HTMLResponse:
    return answer(request, SeitonError(_("Something went wrong inside Seiton; its log says what.")))


HANDLERS: Mapping[Any, Callable[[Request, Exception], Any]] = {
    SeitonError: _ours,
    HTTPException: _framework,
    OperationalError: _database_away,
    Exception: _unexpected,
}
