"""The Fetcher service: reads a feed when a Core asks, and delivers what it found (contract §5.1)."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from seiton.adapters.feeds import FeedItem, FeedLimits, fetch_feed
from seiton.adapters.http import WebClient
from seiton.errors import InvalidInput, Problem, SeitonError, Unavailable
from seiton.text import _

MOST_WAITING = 1000
MAX_URL = 8192
MOST_ITEMS = 200
"""In one message."""
NAME = "seiton"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One feed to fetch and where to deliver."""

    subscription_id: int
    url: str
    callback_url: str


@dataclass(slots=True, kw_only=True)
class Fetcher:
    """``wake(key)`` runs ``run(key)`` soon in the background, again after a failure.

    Errands are kept in memory: a Core whose fetcher died asks again.
    """

    web: WebClient
    limits: FeedLimits
    wake: Callable[[str], None]
    service_token: str | None = None
    _errands: dict[str, Errand] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def accept(self, errand: Errand, caller: str | None, *, is_service: bool = False) -> None:
        """Take an errand; ``is_service``: from a Core with the service token, which is answered with it.

        Raises ``InvalidInput`` for a callback to a host that nobody configured, and ``Unavailable`` when too
        many wait.
        """
        if not self.web.policy.admit(errand.callback_url, caller):
            message = _("The host of this address is not configured here, so nothing is sent to it.")
            raise InvalidInput([Problem(field="callback_url", message=message)])
        if is_service:
            self.web.carry(errand.callback_url, self.service_token)
        key = f"{errand.subscription_id} {errand.callback_url}"
        with self._lock:
            if len(self._errands) >= MOST_WAITING and key not in self._errands:
                raise Unavailable(_("Too many feeds wait to be fetched; ask again later."))
            self._errands[key] = errand
        self.wake(key)

    def can_handle(self, source_url: str, source_type: str) -> bool:
        """Say whether this is a feed: RSS or Atom at a web address."""
        is_web = source_url[:8].lower().startswith(("http://", "https://")) and len(source_url) <= MAX_URL
        return is_web and source_type in ("rss", "atom")

    def run(self, key: str) -> None:
        """Do the errand ``key`` and deliver. Raises when the delivery fails: then it is tried again."""
        with self._lock:
            errand = self._errands.get(key)
        if errand is None:
            return
        for message in self._fetch(errand):
            answer = self.web.request_json("POST", errand.callback_url, message)
            if answer.status >= 500:
                raise Unavailable(_("The Core answered HTTP {status}.", status=answer.status))
            if not answer.is_success:
                log.warning("%s: the delivery was answered HTTP %s", errand.url, answer.status)
        with self._lock:
            if self._errands.get(key) is errand:
                del self._errands[key]

    def _fetch(self, errand: Errand) -> list[dict[str, Any]]:
        """Return the messages to deliver: several where one would be too large for a Core."""
        common = {"subscription_id": errand.subscription_id, "fetcher_source": NAME}
        try:
            # Anybody can ask: a feed on a private address is read only if its host is configured here.
            fetched = fetch_feed(self.web, errand.url, limits=self.limits, linked_from=errand.callback_url)
        except SeitonError as error:
            return [common | {"items": [], "success": False, "error_message": str(error)}]
        items = [_item(item) for item in fetched.feed.items] if fetched.feed is not None else []
        parts = [items[start : start + MOST_ITEMS] for start in range(0, len(items), MOST_ITEMS)] or [[]]
        return [common | {"items": part, "success": True, "error_message": None} for part in parts]


def _item(item: FeedItem) -> dict[str, Any]:
    return {
        "title": item.title,
        "description": item.description,
        "download_url": item.download_url,
        "pub_date": item.pub_date.isoformat() if item.pub_date else None,
        # additions
        "info_hash": item.info_hash,
        "size": item.size,
        "page_url": item.page_url,
        "facts": dict(item.facts),
    }
