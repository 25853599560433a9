"""Which services come in: those with the service token, neighbours on this machine, trusted addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from starlette.requests import Request

from seiton.config import Settings
from seiton.domain.access import is_one_of
from seiton.errors import Forbidden
from seiton.text import _

_PROXIED = ("x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip")
_HEALTH = ("/health", "/viewer/health")


@dataclass(slots=True, kw_only=True)
class ServiceDoor:
    """The door of a role that runs by itself. Whether the role is well is no secret."""

    settings: Settings

    def is_open(self) -> bool:
        """Say whether everybody may come: only this machine can, and no token was agreed upon."""
        return is_loopback(self.settings.host) and not self.settings.service_tokens

    def is_neighbour(self, request: Request) -> bool:
        """Say whether a request comes from this machine itself, or from an address that is trusted."""
        address = request.client.host if request.client else ""
        is_proxied = any(name in request.headers for name in _PROXIED)
        return (is_loopback(address) and not is_proxied) or self._is_trusted(address)

    def _is_trusted(self, address: str) -> bool:
        try:
            found = ip_address(address)
        except ValueError:
            return False
        return any(found in ip_network(entry, strict=False) for entry in self.settings.trusted_peers)

    def note_service(self, request: Request) -> bool:
        """Say whether a request carries a service token, and have ``is_service`` say so as well."""
        secrets = [token.get_secret_value() for token in self.settings.service_tokens]
        request.state.is_service = bool(secrets) and is_one_of(bearer_of(request), secrets)
        return bool(request.state.is_service)

    def require_program(self, request: Request) -> None:
        """Raise ``Forbidden`` for a request that nobody may make."""
        self._require_own_page(request)
        if self.note_service(request) or self.is_open() or self.is_neighbour(request):
            return
        if request.method == "GET" and request.url.path in _HEALTH:
            return
        raise Forbidden(
            _(
                "Services on other machines need the service token: set service_tokens alike on both, or name"
                " the address in trusted_peers."
            )
        )

    def _require_own_page(self, request: Request) -> bool:
        """Raise ``Forbidden`` for what somebody else's page makes a browser send; say whether a page did."""
        origin = request.headers.get("origin")
        site = request.headers.get("sec-fetch-site", "none")
        if origin is None and site in {"none", "same-origin"}:
            return False
        is_own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
        if not is_own or site not in {"none", "same-origin"}:
            raise Forbidden(_("Another site's page sent this; only Seiton's own may."))
        return True


def is_service(request: Request) -> bool:
    """Say whether a request that was let in carries a service token."""
    return bool(getattr(request.state, "is_service", False))


def bearer_of(request: Request) -> str:
    """Return the token that a program sends; empty: none."""
    word, _blank, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if word.lower() == "bearer" else ""


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine and no other can come to it."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
