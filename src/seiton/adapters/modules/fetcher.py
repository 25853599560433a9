"""A fetcher in another process: it is asked to fetch, and delivers later (contract §1.6)."""

from __future__ import annotations

from seiton.adapters.http import FetchError, WebClient
from seiton.adapters.modules.refusing import refused
from seiton.errors import Unavailable
from seiton.text import _

ASK_S = 10.0


class FetcherOverHttp:
    """The fetcher ``name`` at ``base_url``; it delivers to ``callback_url``."""

    def __init__(self, web: WebClient, base_url: str, name: str, callback_url: str) -> None:
        self._web, self._base_url, self._name = web, base_url, name
        self._callback_url = callback_url

    def can_handle(self, source_url: str, source_type: str) -> bool:
        """Ask whether it would look after a feed. Silence, and whatever is no clear yes, is a no."""
        question = {"source_url": source_url, "source_type": source_type}
        try:
            answer = self._web.request_json(
                "POST", f"{self._base_url}/can-handle-subscription", question, timeout_s=ASK_S
            )
        except FetchError:
            return False
        said = answer.content
        return answer.is_success and isinstance(said, dict) and said.get("can_handle") is True

    def fetch(self, subscription_id: int, url: str) -> None:
        """Ask to fetch a feed. Raises ``Unavailable`` when it was not taken, or nobody knows."""
        request = {"subscription_id": subscription_id, "rss_url": url, "callback_url": self._callback_url}
        answer = self._web.request_json("POST", f"{self._base_url}/fetch", request, timeout_s=ASK_S)
        if answer.status == 403:
            raise Unavailable(refused(self._name))
        if not answer.is_success:
            raise Unavailable(_("{name} answered HTTP {status}.", name=self._name, status=answer.status))
        said = answer.content
        if isinstance(said, dict) and said.get("accepted") is False:
            raise Unavailable(_("{name} does not take this feed.", name=self._name))
