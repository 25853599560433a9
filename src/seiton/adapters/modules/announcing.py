"""Register at a Core, and stay registered: again after a failure, a restart or a lost lease."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from seiton.adapters.http import FetchError, WebClient

ASK_S = 10.0
log = logging.getLogger(__name__)


class Announcer:
    """Speaks for one module. ``registration`` is the message of contract §1.3."""

    def __init__(self, web: WebClient, core_url: str, registration: dict[str, Any]) -> None:
        self._web, self._core_url, self._registration = web, core_url, registration
        self._service_id: str | None = None
        self._has_lease = False

    def announce(self) -> bool:
        """Register, or renew the lease; return whether Core knows this module. Failures are only logged."""
        try:
            if self._service_id is not None and (not self._has_lease or self._renew(self._service_id)):
                return True
            return self._register()
        except FetchError as error:
            log.warning("%s", error)
            return False

    def _register(self) -> bool:
        answer = self._web.request_json(
            "POST", f"{self._core_url}/services/register", self._registration, timeout_s=ASK_S
        )
        said = answer.content
        if not answer.is_success or not isinstance(said, dict):
            reason = str(said.get("detail") or "")[:500] if isinstance(said, dict) else ""
            log.warning("%s did not register us: HTTP %s %s", self._core_url, answer.status, reason)
            return False
        self._service_id = str(said.get("service_id"))
        # A Core that knows only the contract has no leases, and would list us once more each time.
        self._has_lease = isinstance(said.get("lease_seconds"), int)
        return True

    def _renew(self, service_id: str) -> bool:
        path = f"/services/{quote(service_id, safe='')}/heartbeat"
        return self._web.request_json("POST", self._core_url + path, timeout_s=ASK_S).is_success
