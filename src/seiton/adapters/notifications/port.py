"""What Seiton asks of a target of notifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What happened, for people (``title``, ``text``) and for programs (``happenings``).

    ``message_id`` is the same however often it is sent: a receiver can tell repeats by it.
    """

    message_id: str
    title: str
    text: str
    at: datetime
    happenings: tuple[Mapping[str, Any], ...] = ()

    def values(self) -> dict[str, Any]:
        """Return what templates may use."""
        return {
            "id": self.message_id,
            "title": self.title,
            "text": self.text,
            "at": self.at.isoformat(timespec="seconds"),
            "happenings": [dict(one) for one in self.happenings],
            "count": sum(one["count"] for one in self.happenings),
        }


SAMPLE = Message(
    message_id="00000000-0000-4000-8000-000000000000",
    title='Seiton: 2 "things" happened',
    text="2 episodes of 葬送的芙莉蓮 were filed.\nA file of Tea & <Cake> was left alone.",
    at=datetime.fromisoformat("2026-01-02T03:04:05+00:00"),
    happenings=(
        {"kind": "filed", "subject": "葬送的芙莉蓮", "detail": None, "count": 2, "says": "2 episodes …"},
        {"kind": "held", "subject": "Tea & <Cake>", "detail": "no_link", "count": 1, "says": "A file …"},
    ),
)
"""What templates are tried with before they are used."""


class Notifier(Protocol):
    """A target. ``address`` says where it is, without anything secret; ``wants`` are kinds of happenings."""

    name: str
    kind: str
    address: str
    wants: tuple[str, ...]

    def send(self, message: Message) -> None:
        """Send ``message`` once. Raises ``Unavailable``, with a reason that holds no secret, unless the
        receiver said that it has taken it.
        """
