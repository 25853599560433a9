"""Settings of a torrent client in another process."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from seiton.text import _

ADDRESSES = {
    "qbittorrent": "http://127.0.0.1:8080",
    "transmission": "http://127.0.0.1:9091",
    "aria2": "http://127.0.0.1:6800",
}
"""Where each is by default."""


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _address(value: str) -> str:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        port, parts = -1, urlsplit("")
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.query
        or parts.fragment
        or port == 0
    ):
        raise ValueError(_("must be an address such as http://192.0.2.7:8000"))
    if parts.username or parts.password:
        raise ValueError(_("must be without user name and password: they have settings of their own"))
    return value.rstrip("/")


def _pairs(value: object) -> object:
    """Split what a variable can only give as one text: pairs with ``;`` between them."""
    return (
        tuple(part.strip() for part in value.split(";") if part.strip()) if isinstance(value, str) else value
    )


def _pair(value: str) -> str:
    here, equals, there = value.partition("=")
    if not (equals and here.startswith("/") and there.startswith("/") and "\0" not in value):
        raise ValueError(_("must be pairs of absolute folders, such as /media/downloads=/downloads"))
    return value


class TorrentClientSettings(BaseModel):
    """Which torrent client there is, where, and what it calls our folders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Literal["embedded", "qbittorrent", "transmission", "aria2"], BeforeValidator(_lower)] = (
        "embedded"
    )
    url: Annotated[str, AfterValidator(_address)] | None = Field(default=None, repr=False)
    """``None``: on this machine, at the port that the client has by default."""
    user: str = ""
    password: SecretStr = SecretStr("")
    """Of aria2 its RPC secret."""
    category: str = Field(default="seiton", max_length=100, pattern=r"^[^/\\,;\x00-\x1f]*$")
    """What torrents of ours are marked with: a category, a label; nothing with aria2."""
    path_map: Annotated[tuple[Annotated[str, AfterValidator(_pair)], ...], BeforeValidator(_pairs)] = ()
    """``HERE=THERE``: what Seiton calls a folder, and what the client calls it."""
    timeout: float = Field(default=10.0, ge=0.1, le=300)
    """Seconds that an answer may take."""

    @model_validator(mode="after")
    def _has_address(self) -> TorrentClientSettings:
        if self.url is None and self.kind in ADDRESSES:
            object.__setattr__(self, "url", ADDRESSES[self.kind])
        return self

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """``path_map`` as pairs."""
        return tuple((pair.partition("=")[0], pair.partition("=")[2]) for pair in self.path_map)
