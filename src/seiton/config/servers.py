"""Settings of media servers: which there are, where, and what they call our folders."""

from __future__ import annotations

import json
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from seiton.text import _


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if not is_usable or parts.query or parts.fragment:
        raise ValueError(_("must be an address such as http://192.0.2.7:8000"))
    if parts.username or parts.password:
        raise ValueError(_("must be without user name and password: they have settings of their own"))
    return value.rstrip("/")


def _pairs(value: object) -> object:
    return (
        tuple(part.strip() for part in value.split(";") if part.strip()) if isinstance(value, str) else value
    )


def _pair(value: str) -> str:
    here, equals, there = value.partition("=")
    if not (equals and here.startswith("/") and there.strip() and "\0" not in value):
        raise ValueError(
            _("must be pairs of folders, such as /media/anime=/tv or /media/anime=nfs://nas/anime")
        )
    return value


class MediaServerSettings(BaseModel):
    """One media server that reads the library."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=64)
    """What it is called in messages and tables; the watched states on record go by it."""
    kind: Annotated[Literal["kodi", "jellyfin", "emby", "plex"], BeforeValidator(_lower)]
    url: Annotated[str, AfterValidator(_address)] = Field(repr=False)
    user: str = ""
    """Kodi's web server: its user name."""
    token: SecretStr = SecretStr("")
    """An API key; of Kodi's web server its password."""
    path_map: Annotated[tuple[Annotated[str, AfterValidator(_pair)], ...], BeforeValidator(_pairs)] = ()
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
        return tuple((pair.partition("=")[0], pair.partition("=")[2]) for pair in self.path_map)


def _read(value: object) -> object:
    """Read what a variable can only give as one text: a JSON list of tables."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(_("must be a JSON list of media servers")) from error


def _distinct(servers: tuple[MediaServerSettings, ...]) -> tuple[MediaServerSettings, ...]:
    if len({server.name for server in servers}) < len(servers):
        raise ValueError(_("must be media servers with different names"))
    return servers


MediaServers = Annotated[tuple[MediaServerSettings, ...], BeforeValidator(_read), AfterValidator(_distinct)]
