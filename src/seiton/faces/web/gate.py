"""What every request to a page passes: language, forms and whose they are, and what browsers may do."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, ImmutableMultiDict, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seiton.domain.access import Role
from seiton.errors import Forbidden, InvalidInput, Problem, SeitonError
from seiton.faces.entrance import Entrance
from seiton.faces.web.errors import answer
from seiton.faces.web.shell import go
from seiton.text import LANGUAGES, _, use_language

MAX_FORM = 1024 * 1024
"""Most bytes of a form."""

CSRF_COOKIE, LANGUAGE_COOKIE, THEME_COOKIE = "seiton_csrf", "seiton_language", "seiton_theme"
YEAR_S = 365 * 24 * 3600

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


OUTSIDE = ("/static/", "/login", "/welcome", "/preferences")
"""What is there for those who are not in."""

FOR_ADMINS = ("/access",)
"""What only those see who may change things."""

FOR_ALL = ("/logout", "/preferences")
"""What also those may send who only look."""


class Gate:
    """Middleware. Puts ``form``, ``csrf``, ``theme`` and ``person`` into the request's state."""

    def __init__(self, app: ASGIApp, entrance: Entrance) -> None:
        self._app, self._entrance = app, entrance

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        token = request.cookies.get(CSRF_COOKIE, "")
        is_new = len(token) < 20
        if is_new:
            token = secrets.token_urlsafe(24)
        wanted = request.cookies.get(LANGUAGE_COOKIE)
        if wanted in LANGUAGES:
            use_language(wanted)
        state = scope.setdefault("state", {})
        state |= {"csrf": token, "theme": request.cookies.get(THEME_COOKIE, "auto"), "form": Form()}
        state["person"] = None
        leave = _leaving(send, scope, token if is_new else None)
        try:
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            elsewhere = await run_in_threadpool(self._led_elsewhere, request, path)
            if elsewhere is not None:
                await go(request, elsewhere)(scope, receive, leave)
                return
            if request.method not in {"GET", "HEAD"}:
                state["form"] = await _form(request)
                _require_ours(request, state["form"], "" if is_new else token)
        except SeitonError as error:
            await answer(request, error)(scope, receive, leave)
            return
        await self._app(scope, receive, leave)

    def _led_elsewhere(self, request: Request, path: str) -> str | None:
        """Return where somebody has to go first, if anywhere. Raises ``Forbidden``."""
        entrance = self._entrance
        if entrance.is_open():
            entrance.require_known_host(request)
            return None
        person = entrance.person(request)
        request.state.person = person
        if person is None:
            if path.startswith(OUTSIDE):
                return None
            return "/welcome" if entrance.needs_first_password() else "/login"
        is_looking = request.method in {"GET", "HEAD"} and not path.startswith(FOR_ADMINS)
        if person.role is not Role.ADMIN and not is_looking and not path.startswith(FOR_ALL):
            raise Forbidden(_("You may look at everything and change nothing. Ask an admin to do it."))
        return None


Form = ImmutableMultiDict[str, str]
"""What a form says, as text."""


def form_of(request: HTTPConnection) -> Form:
    """Return the form that came with a request; the gate has read it."""
    form: Form = request.state.form
    return form


def _leaving(send: Send, scope: Scope, token: str | None) -> Send:
    is_static = scope["path"].removeprefix(scope.get("root_path", "")).startswith("/static/")

    async def leave(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "max-age=300" if is_static else "no-store")
            if token is not None and not is_static:
                secure = "; Secure" if scope["scheme"] == "https" else ""
                cookie = f"{CSRF_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={YEAR_S}{secure}"
                headers.append("Set-Cookie", cookie)
        await send(message)

    return leave


async def _form(request: Request) -> Form:
    """Read a form. Raises ``InvalidInput`` for what is too large, no form, or cannot be stored."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM:
            message = _("The request is larger than {most} bytes.", most=MAX_FORM)
            raise InvalidInput([Problem(field="form", message=message)])
    if not body:
        return Form()
    if kind != "application/x-www-form-urlencoded":
        raise InvalidInput([Problem(field="form", message=_("The request could not be read."))])
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=2000, errors="strict")
    except ValueError as error:
        raise InvalidInput([Problem(field="form", message=_("The request could not be read."))]) from error
    for name, value in pairs:
        if "\0" in value:
            message = _("A text cannot contain the character NUL.")
            raise InvalidInput([Problem(field=name, message=message)])
    return Form(pairs)


def _require_ours(request: Request, form: Form, token: str) -> None:
    """Raise ``Forbidden`` unless one of our own pages sent this: by its token, and by the browser's word."""
    headers: Headers = request.headers
    origin = headers.get("origin")
    is_foreign = headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if origin not in (None, "null") and urlsplit(origin).netloc != headers.get("host"):
        is_foreign = True
    said = headers.get("x-csrf-token") or form.get("csrf", "")
    if is_foreign or not token or not hmac.compare_digest(said.encode(), token.encode()):
        raise Forbidden(
            _(
                "This did not come from a page of Seiton that is still good."
                " Load the page again, then repeat it."
            )
        )
