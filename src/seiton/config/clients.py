"""Settings of a torrent client in another process."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from seiton.config.values import Address, FolderMap, lower, pairs_of

ADDRESSES = {
    "qbittorrent": "http://127.0.0.1:8080",
    "transmission": "http://127.0.0.1:9091",
    "aria2": "http://127.0.0.1:6800",
}
"""Where each is by default."""


class TorrentClientSettings(BaseModel):
    """Which torrent client there is, where, and what it calls our folders."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Annotated[Literal["embedded", "qbittorrent", "transmission", "aria2"], BeforeValidator(lower)] = (
        "embedded"
    )
    url: Address | None = Field(default=None, repr=False)
    """``None``: on this machine, at the port that the client has by default."""
    user: str = ""
    password: SecretStr = SecretStr("")
    """Of aria2 its RPC secret."""
    category: str = Field(default="seiton", max_length=100, pattern=r"^[^/\\,;\x00-\x1f]*$")
    """What torrents of ours are marked with: a category, a label; nothing with aria2."""
    path_map: FolderMap = ()
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
        return pairs_of(self.path_map)
