"""A viewer's reports to a Core in another process (contract §1.8)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from urllib.parse import urlsplit

from seiton.adapters.http import Fetched, FetchError, WebClient
from seiton.contract import ViewerSyncCallback

ASK_S = 10.0
LARGEST_PICTURE = 1024 * 1024
_CONTRACT = frozenset({"download_id", "status", "target_path", "error_message"})
_FORGOTTEN = frozenset({404, 410})
log = logging.getLogger(__name__)


class ReportsOverHttp:
    """Posts each report to the address that came with the request, as it came."""

    def __init__(self, web: WebClient) -> None:
        self._web = web

    def report(self, callbacks: Sequence[tuple[str, ViewerSyncCallback]]) -> list[bool]:
        """Deliver ``(callback_url, callback)`` pairs; say for each whether Core has taken it."""
        away: set[str] = set()
        return [self.post(url, callback, away) for url, callback in callbacks]

    def picture(self, url: str) -> bytes | None:
        """Return the poster at ``url``; ``None``: not to be had now."""
        try:
            answer = self._web.get(
                url, max_bytes=LARGEST_PICTURE, accept="image/jpeg, image/png", as_service=True
            )
        except FetchError as error:
            log.warning("%s", error)
            return None
        return answer.body if isinstance(answer, Fetched) else None

    def post(self, url: str, callback: ViewerSyncCallback, away: set[str]) -> bool:
        """Deliver one report, unless its host is ``away``; a silent host is added there.

        A Core that gave no name for itself knows the contract and nothing else, and gets that. One that does
        not know the download any more has no use for the report: it counts as taken.
        """
        host = urlsplit(url).netloc
        if host in away:
            return False
        known = set(_CONTRACT) if callback.core_instance is None else None
        message = callback.model_dump(mode="json", include=known)
        try:
            answer = self._web.request_json("POST", url, message, timeout_s=ASK_S)
        except FetchError as error:
            log.warning("%s", error)
            away.add(host)
            return False
        if not answer.is_success:
            log.warning("a report on download %s was answered HTTP %s", callback.download_id, answer.status)
        return answer.is_success or answer.status in _FORGOTTEN
