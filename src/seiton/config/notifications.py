"""Settings of notifications: who is told, by which way, of what, and in which words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from seiton.config.values import lower, tables_or
from seiton.text import _

N_ = str  # marks a text for the catalogues; it is translated when it is shown

Happens = Literal[
    "filed",
    "held",
    "resync_done",
    "braked",
    "download_failed",
    "drift",
    "neighbour_away",
    "neighbour_back",
]


class NotificationSettings(BaseModel):
    """One target. ``url`` is a secret: whoever knows it can write there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    """What it is called in messages and tables."""
    kind: Annotated[Literal["webhook", "apprise"], BeforeValidator(lower)]
    url: SecretStr = Field(min_length=1)
    """A webhook's address; for ``apprise`` one of its addresses (``ntfys://…``, ``tgram://…``)."""
    on: tuple[Happens, ...] = ("filed", "held", "braked", "download_failed", "drift", "neighbour_away")
    """Of which happenings it is told."""
    template: str | None = Field(default=None, min_length=1, max_length=10_000)
    """What is sent: of a webhook the JSON, else the text; nothing: Seiton's own."""
    timeout: float = Field(default=10.0, ge=0.1, le=120)
    """Seconds that an answer may take."""

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"


def _distinct(targets: tuple[NotificationSettings, ...]) -> tuple[NotificationSettings, ...]:
    if len({target.name for target in targets}) < len(targets):
        raise ValueError(_("must be notification targets with different names"))
    for target in targets:
        url = target.url.get_secret_value()
        if target.kind == "webhook" and not url.startswith(("http://", "https://")):
            raise ValueError(_("{name}: url must begin with http:// or https://", name=target.name))
    return targets


Notifications = Annotated[
    tuple[NotificationSettings, ...],
    BeforeValidator(tables_or(N_("must be a JSON list of notification targets"))),
    AfterValidator(_distinct),
]
