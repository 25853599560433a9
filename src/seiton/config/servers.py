"""Settings of media servers: which there are, where, and what they call our folders."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from seiton.config.values import Address, PlaceMap, lower, pairs_of, tables_or
from seiton.text import _

N_ = str  # marks a text for the catalogues; it is translated when it is shown


class MediaServerSettings(BaseModel):
    """One media server that reads the library."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    """What it is called in messages and tables; the watched states on record go by it."""
    kind: Annotated[Literal["kodi", "jellyfin", "emby", "plex"], BeforeValidator(lower)]
    url: Address = Field(repr=False)
    user: str = ""
    """Kodi's web server: its user name."""
    token: SecretStr = SecretStr("")
    """An API key; of Kodi's web server its password."""
    path_map: PlaceMap = ()
    """``HERE=THERE``: what Seiton calls a folder, and what the server calls it."""
    users: tuple[str, ...] = ()
    """Whose watched state is kept, by name; nothing: everybody's."""
    timeout: float = Field(default=10.0, ge=0.1, le=300)
    """Seconds that an answer may take."""

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})"

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """``path_map`` as pairs."""
        return pairs_of(self.path_map)


def _distinct(servers: tuple[MediaServerSettings, ...]) -> tuple[MediaServerSettings, ...]:
    if len({server.name for server in servers}) < len(servers):
        raise ValueError(_("must be media servers with different names"))
    return servers


MediaServers = Annotated[
    tuple[MediaServerSettings, ...],
    BeforeValidator(tables_or(N_("must be a JSON list of media servers"))),
    AfterValidator(_distinct),
]
