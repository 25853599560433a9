"""Media servers: what reads the library. One port, one file per kind; which there are, the settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seiton.adapters.http import WebClient
from seiton.adapters.servers.jellyfin import Jellyfin
from seiton.adapters.servers.kodi import Kodi
from seiton.adapters.servers.notified import Emby, Plex
from seiton.adapters.servers.port import MediaServer
from seiton.config.servers import MediaServerSettings

__all__ = ["MediaServer", "media_servers"]

_KINDS: dict[str, Callable[[MediaServerSettings, WebClient], MediaServer]] = {
    "kodi": Kodi,
    "jellyfin": Jellyfin,
    "emby": Emby,
    "plex": Plex,
}


def media_servers(settings: Sequence[MediaServerSettings], web: WebClient) -> tuple[MediaServer, ...]:
    """Return the configured servers; nobody is asked anything yet. Their hosts count as configured."""
    for server in settings:
        web.policy.allow_url(server.url)
    return tuple(_KINDS[server.kind](server, web) for server in settings)
