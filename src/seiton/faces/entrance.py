"""Who stands at the door: a person, a program, a neighbour on this machine, or somebody unknown."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request

from seiton.core.access.people import Person, Tries, has_people, person_of
from seiton.core.access.tokens import scope_of
from seiton.core.service import Core
from seiton.domain.access import Role, Scope
from seiton.errors import Forbidden
from seiton.faces.service_door import ServiceDoor, bearer_of, is_loopback
from seiton.text import _

SESSION_COOKIE = "seiton_session"
MODULE_PATHS = ("/services/", "/sync-callback", "/raw-fetcher-results", "/pictures/", "/health")
_ASKING_AND_SAYING = frozenset({"GET", "HEAD", "POST"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True, kw_only=True)
class Entrance(ServiceDoor):
    """Decides who comes to Core. ``code`` lets the first person set a password from another machine."""

    core: Core
    tries: Tries = field(default_factory=Tries)
    code: str = field(default_factory=lambda: secrets.token_hex(4))
    _has_people: bool = False

    def has_people(self) -> bool:
        """Say whether anybody has a password; once somebody has, that stays so."""
        self._has_people = self._has_people or has_people(self.core)
        return self._has_people

    def is_open(self) -> bool:
        """Say whether no password is asked for: nobody has one, and only this machine can come here."""
        return not self.has_people() and is_loopback(self.settings.host)

    def needs_first_password(self) -> bool:
        """Say whether somebody has to set a password before anything else."""
        return not self.has_people() and not is_loopback(self.settings.host)

    def person(self, request: Request) -> Person | None:
        """Return who is logged in."""
        secret = request.cookies.get(SESSION_COOKIE)
        return person_of(self.core, secret) if secret else None

    def require_known_host(self, request: Request) -> None:
        """Raise ``Forbidden`` where a browser was led here by a name that is not ours (DNS rebinding)."""
        name = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
        own = urlsplit(self.settings.public_url or "").hostname
        if not (is_loopback(name) or name in {self.settings.host, own}):
            raise Forbidden(
                _(
                    "This name is not one of Seiton's own. Open it at {address}, or set a password, or name"
                    " it in public_url.",
                    address=f"http://127.0.0.1:{self.settings.port}/",
                )
            )

    def require_program(self, request: Request) -> None:
        """Raise ``Forbidden`` for a request to the API that nobody may make."""
        if self._require_own_page(request) and self.is_open():
            self.require_known_host(request)
        if self.note_service(request) and _covers(Scope.MODULE, request):
            return
        if self.is_open() or self.is_neighbour(request):
            return
        person = self.person(request)
        if person is not None and (person.role is Role.ADMIN or request.method in _READING):
            return
        token = bearer_of(request)
        scope = scope_of(self.core, token) if token else None
        if scope is not None and _covers(scope, request):
            return
        raise Forbidden(
            _(
                "Programs on other machines need a token: make one under Access and send it as"
                " “Authorization: Bearer …”."
            )
        )


def _covers(scope: Scope, request: Request) -> bool:
    if scope is Scope.MODULE:
        # Whether a module is enabled, and its rank, is for people.
        return request.method in _ASKING_AND_SAYING and request.url.path.startswith(MODULE_PATHS)
    return scope is Scope.WRITE or request.method in _READING
