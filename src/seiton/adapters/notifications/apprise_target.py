"""A target of apprise, which knows some hundred services. It says yes or no, and little more.

Apprise is loaded when a target of it is configured: it takes a moment.
"""

from __future__ import annotations

import logging
import re
import warnings

from seiton.adapters.notifications.port import Message
from seiton.adapters.notifications.template import MessageTemplate
from seiton.config.notifications import NotificationSettings
from seiton.errors import InvalidInput, Problem, Unavailable
from seiton.text import _


class AppriseTarget:
    """One address of apprise. Of it only the service (``ntfy``, ``tgram``) is ever shown."""

    kind = "apprise"

    def __init__(self, settings: NotificationSettings) -> None:
        import apprise

        for name in ("apprise", "urllib3"):  # what they log has addresses in it
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        self.name = settings.name
        self.wants: tuple[str, ...] = settings.on
        url = settings.url.get_secret_value()
        schema = re.match(r"[A-Za-z0-9]{1,20}(?=://)", url)
        self.address = f"{schema[0] if schema else '?'}:// ({self.name})"
        self._template = None
        field = f"notifications {self.name}"
        if settings.template is not None:
            self._template = MessageTemplate(settings.template, field=f"{field} template", is_json=False)
        self._apprise = apprise.Apprise()
        separator = "&" if "?" in url else "?"
        timed = f"{url}{separator}rto={settings.timeout}&cto={settings.timeout}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of what its services use on older Pythons
            is_known = self._apprise.add(timed)
        if not is_known:
            message = _("apprise does not know this address; see its list of services")
            raise InvalidInput([Problem(field=f"{field} url", message=message, code="unknown")])

    def send(self, message: Message) -> None:
        """Send ``message``; apprise says whether the service has taken it."""
        values = message.values()
        body = message.text if self._template is None else str(self._template.render(values))
        if not self._apprise.notify(title=message.title, body=body):
            raise Unavailable(
                _("{name} did not take the message, or cannot be reached (apprise).", name=self.name)
            )
