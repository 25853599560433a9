"""Notifications: the targets of the settings, as programs that take messages."""

from __future__ import annotations

from collections.abc import Sequence

from seiton.adapters.http import WebClient
from seiton.adapters.notifications.apprise_target import AppriseTarget
from seiton.adapters.notifications.port import Notifier
from seiton.adapters.notifications.webhook import Webhook
from seiton.config.notifications import NotificationSettings

__all__ = ["notifiers"]


def notifiers(settings: Sequence[NotificationSettings], web: WebClient) -> tuple[Notifier, ...]:
    """Return the targets of the settings. Raises ``InvalidInput`` for a template or address of no use."""
    return tuple(Webhook(one, web) if one.kind == "webhook" else AppriseTarget(one) for one in settings)
