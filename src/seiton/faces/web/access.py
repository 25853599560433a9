"""Coming in and going out: the first password, logging in, other people, tokens for programs."""

from __future__ import annotations

import hmac
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from seiton.core.access.people import (
    SESSION,
    add_person,
    has_people,
    list_people,
    log_in,
    log_out,
    open_session,
    remove_person,
    set_password,
)
from seiton.core.access.tokens import create_token, list_tokens, revoke_token
from seiton.domain.access import Role, Scope
from seiton.errors import Conflict, Forbidden, InvalidInput, Problem, SeitonError
from seiton.faces.entrance import SESSION_COOKIE
from seiton.faces.service_door import is_loopback
from seiton.faces.web.gate import form_of
from seiton.faces.web.shell import Web, go, number_of, page
from seiton.text import _


def routes(web: Web) -> list[BaseRoute]:
    """Return the routes of this room."""
    return [*_doors(web), *_keys(web)]


def _doors(web: Web) -> list[BaseRoute]:
    core, entrance = web.core, web.entrance

    def ask_first(request: Request, error: SeitonError | None = None) -> Response:
        if has_people(core):
            return go(request, "/login")
        values: dict[str, Any] = {"error": error, "code": _said_code(request)}
        is_here = is_loopback(entrance.settings.host)
        return page(request, "welcome.html", 422 if error else 200, is_here=is_here, **values)

    def set_first(request: Request) -> Response:
        form = form_of(request)
        try:
            if not entrance.is_neighbour(request) and not hmac.compare_digest(
                _said_code(request).encode(), entrance.code.encode()
            ):
                raise Forbidden(_("The code is not the one that Seiton printed when it started."))
            _require_equal(form.get("password", ""), form.get("again", ""))
            name, password = form.get("name", ""), form.get("password", "")
            person_id = add_person(core, name, password, Role.ADMIN, is_first=True)
        except (InvalidInput, Forbidden, Conflict) as error:
            return ask_first(request, error)
        return _let_in(request, go(request, "/"), open_session(core, person_id))

    def ask(request: Request, error: SeitonError | None = None) -> Response:
        if not has_people(core):
            return go(request, "/" if entrance.is_open() else "/welcome")
        return page(request, "login.html", 403 if error else 200, error=error)

    def enter(request: Request) -> Response:
        form, address = form_of(request), request.client.host if request.client else ""
        try:
            secret = log_in(core, entrance.tries, form.get("name", ""), form.get("password", ""), address)
        except Forbidden as error:
            return ask(request, error)
        return _let_in(request, go(request, "/"), secret)

    def leave(request: Request) -> Response:
        log_out(core, request.cookies.get(SESSION_COOKIE, ""))
        response = go(request, "/login")
        response.delete_cookie(SESSION_COOKIE, path="/")
        return response

    return [
        Route("/welcome", ask_first),
        Route("/welcome", set_first, methods=["POST"]),
        Route("/login", ask),
        Route("/login", enter, methods=["POST"]),
        Route("/logout", leave, methods=["POST"]),
    ]


def _keys(web: Web) -> list[BaseRoute]:
    core = web.core

    def show(request: Request, token: str = "") -> HTMLResponse:
        return page(
            request,
            "access.html",
            people=list_people(core),
            tokens=list_tokens(core),
            token=token,
            roles=tuple(Role),
            scopes=tuple(Scope),
            is_open=web.entrance.is_open(),
            trusted=web.settings.trusted_peers,
        )

    def add(request: Request) -> Response:
        form = form_of(request)
        role = form.get("role", "")
        if role not in set(Role):
            raise InvalidInput([Problem(field="role", message=_("Choose one of them."))])
        is_first = not has_people(core)
        name, password = form.get("name", ""), form.get("password", "")
        person_id = add_person(core, name, password, Role.ADMIN if is_first else Role(role))
        response = go(request, "/access?said=chosen")
        return _let_in(request, response, open_session(core, person_id)) if is_first else response

    def change(request: Request) -> Response:
        form, person_id = form_of(request), number_of(request, "person_id")
        set_password(core, person_id, form.get("password", ""))
        return go(request, "/access?said=chosen")

    def remove(request: Request) -> Response:
        remove_person(core, number_of(request, "person_id"))
        return go(request, "/access?said=chosen")

    def make(request: Request) -> Response:
        form = form_of(request)
        scope = form.get("scope", "")
        if scope not in set(Scope):
            raise InvalidInput([Problem(field="scope", message=_("Choose one of them."))])
        return show(request, create_token(core, form.get("name", ""), Scope(scope)))

    def revoke(request: Request) -> Response:
        revoke_token(core, number_of(request, "token_id"))
        return go(request, "/access?said=chosen")

    return [
        Route("/access", show),
        Route("/access/people", add, methods=["POST"]),
        Route("/access/people/{person_id:int}/password", change, methods=["POST"]),
        Route("/access/people/{person_id:int}/remove", remove, methods=["POST"]),
        Route("/access/tokens", make, methods=["POST"]),
        Route("/access/tokens/{token_id:int}/revoke", revoke, methods=["POST"]),
    ]


def _said_code(request: Request) -> str:
    return form_of(request).get("code", "") or request.query_params.get("code", "")


def _require_equal(password: str, again: str) -> None:
    if password != again:
        raise InvalidInput([Problem(field="again", message=_("The two passwords differ."))])


def _let_in(request: Request, response: Response, secret: str) -> Response:
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(SESSION.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
    return response
