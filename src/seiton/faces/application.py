"""The web application that the roles' routes are put into: errors, language, limits, OpenAPI."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import IntegrityError, OperationalError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from seiton import __version__
from seiton.errors import SeitonError
from seiton.faces.fields import storable
from seiton.faces.problems import (
    FieldProblem,
    ProblemDocument,
    documented,
    problem_of_error,
    problem_response,
    problems_of_validation,
)
from seiton.faces.service_door import ServiceDoor
from seiton.text import _, negotiate, use_language

MAX_BODY = 5 * 1024 * 1024
"""Most bytes of a request."""

log = logging.getLogger(__name__)


def create_application(
    routers: Sequence[APIRouter],
    language: str | None = None,
    *,
    pages: ASGIApp | None = None,
    entrance: ServiceDoor | None = None,
) -> FastAPI:
    """Return an application with ``routers``. ``language``: for everybody; ``None``: as each request asks.

    ``pages`` are for people, at ``/ui``; without them there is no page at ``/``. ``entrance`` decides which
    programs come in; without it all do.
    """
    app = FastAPI(
        title="Seiton",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        responses=documented(400, 403, 413, 422, 503),
    )
    for router in routers:
        router.max_body_size = MAX_BODY
        app.include_router(router, dependencies=[*_door(entrance), Depends(storable)])
    if pages is not None:
        app.add_route("/", _to_pages, include_in_schema=False)
        app.mount("/ui", pages)
    app.add_middleware(Reception, language=language)
    app.add_exception_handler(SeitonError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _framework)
    app.add_exception_handler(IntegrityError, _crossed)
    app.add_exception_handler(OperationalError, _database_away)
    app.add_exception_handler(Exception, _unexpected)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    return app


def _door(entrance: ServiceDoor | None) -> list[Any]:
    """Return what lets only those programs in that may come."""
    return [] if entrance is None else [Depends(entrance.require_program)]


def _to_pages(request: Request) -> Response:
    """Send a browser to the pages; there is nothing at ``/`` for programs."""
    is_browser = "text/html" in request.headers.get("accept", "")
    return RedirectResponse("/ui/", 303) if is_browser else _refused(404)


class Reception:
    """Middleware: answers are in the language that the request asks for; what is too large stays outside."""

    def __init__(self, app: ASGIApp, language: str | None) -> None:
        self._app, self._language = app, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Set the language of this request's context."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        use_language(self._language or negotiate(headers.get(b"accept-language", b"").decode("latin-1")))
        length = headers.get(b"content-length", b"0")
        # The framework's own answer to this one is not in our format.
        if length.isdigit() and int(length[:20]) > MAX_BODY:
            await _refused(413)(scope, receive, send)
            return
        await self._app(scope, receive, send)


async def _ours(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, SeitonError)
    if error.status >= 500:
        log.warning("%s: %s", error.code, error)
    return problem_of_error(error)


async def _invalid(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = problems_of_validation(error.errors())
    detail = "; ".join(f"{problem.field}: {problem.message}" for problem in problems[:10])
    return problem_response(422, "invalid_input", detail, problems)


async def _framework(_request: Request, error: Exception) -> JSONResponse:
    """Answer for what the framework refuses: unknown paths, wrong methods, bodies that are too large."""
    assert isinstance(error, HTTPException)
    return _refused(error.status_code, error.headers)


def _refused(number: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    status = HTTPStatus(number)
    sentences = {
        400: _("The request could not be read."),
        404: _("There is nothing at this address."),
        405: _("This address does not take that method."),
        413: _("The request is larger than {most} bytes.", most=MAX_BODY),
    }
    code = status.name.lower()
    detail = sentences.get(status, status.phrase)
    return problem_response(status, code, detail, headers=headers)


async def _crossed(_request: Request, error: Exception) -> JSONResponse:
    log.warning("two requests crossed: %s", error)
    return problem_response(409, "conflict", _("Somebody else changed the same thing just now. Try again."))


async def _database_away(_request: Request, error: Exception) -> JSONResponse:
    log.error("the database does not answer: %s", error)
    return problem_response(503, "unavailable", _("The database does not answer; nothing was changed."))


async def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    # The server logs the exception itself.
    return problem_response(500, "error", _("Something went wrong inside Seiton; its log says what."))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        template = "#/components/schemas/{model}"
        document = ProblemDocument.model_json_schema(ref_template=template)
        document.pop("$defs", None)
        schemas["ProblemDocument"] = document
        schemas["FieldProblem"] = FieldProblem.model_json_schema(ref_template=template)
        app.openapi_schema = schema
    return app.openapi_schema
