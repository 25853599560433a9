"""A webhook: JSON, posted to one address."""

from __future__ import annotations

from urllib.parse import urlsplit

from seiton.adapters.http import FetchError, WebClient
from seiton.adapters.http_errors import FetchFault
from seiton.adapters.notifications.port import Message
from seiton.adapters.notifications.template import MessageTemplate
from seiton.config.notifications import NotificationSettings
from seiton.errors import Unavailable
from seiton.text import _


class Webhook:
    """One webhook. Of its address only scheme and host are ever shown."""

    kind = "webhook"

    def __init__(self, settings: NotificationSettings, web: WebClient) -> None:
        self.name = settings.name
        self.wants: tuple[str, ...] = settings.on
        self._url = settings.url.get_secret_value()
        parts = urlsplit(self._url)
        port = f":{parts.port}" if parts.port else ""
        self.address = f"{parts.scheme}://{parts.hostname}{port} ({self.name})"
        self._web, self._timeout_s = web, settings.timeout
        self._template = None
        if settings.template is not None:
            field = f"notifications {self.name} template"
            self._template = MessageTemplate(settings.template, field=field, is_json=True)
        web.policy.allow_url(self._url)

    def send(self, message: Message) -> None:
        """Post ``message``; any status of success is a yes."""
        values = message.values()
        payload = values if self._template is None else self._template.render(values)
        headers = {"Idempotency-Key": message.message_id}
        try:
            status = self._web.deliver_json(self._url, payload, timeout_s=self._timeout_s, headers=headers)
        except FetchError as error:
            raise Unavailable(self._why(error)) from None  # what it says names the address
        if not 200 <= status < 300:
            raise Unavailable(
                _("{name} did not take the message (HTTP {status}).", name=self.name, status=status)
            )

    def _why(self, error: FetchError) -> str:
        if error.reason is FetchFault.TIMEOUT:
            return _("{name} did not answer in time.", name=self.name)
        if error.reason is FetchFault.TOO_MANY_REDIRECTS:
            return _("{name} redirects, which is not followed: give the address itself.", name=self.name)
        if error.reason is FetchFault.REFUSED_HOST:
            return _("{name} leads to a host that is not configured.", name=self.name)
        return _("{name} cannot be reached.", name=self.name)
