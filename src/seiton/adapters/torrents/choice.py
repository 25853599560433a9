"""The torrent client that the settings name."""

from __future__ import annotations

from seiton.adapters.torrents.access import Access
from seiton.adapters.torrents.path_map import PathMap
from seiton.adapters.torrents.program import Program
from seiton.adapters.torrents.remote import RemoteClient
from seiton.config.clients import TorrentClientSettings


def remote_client(settings: TorrentClientSettings) -> RemoteClient | None:
    """Return the client in another process that ``settings`` name; ``None``: it is the embedded one.

    Nothing is asked yet. Each library is loaded only where it is used.
    """
    if settings.kind == "embedded" or settings.url is None:
        return None
    access = Access(
        url=settings.url,
        user=settings.user,
        password=settings.password.get_secret_value(),
        category=settings.category,
        timeout_s=settings.timeout,
    )
    return RemoteClient(_program(settings.kind, access), access.shown, paths=PathMap(settings.pairs))


def _program(kind: str, access: Access) -> Program:
    if kind == "qbittorrent":
        from seiton.adapters.torrents.qbittorrent import QBittorrent

        return QBittorrent(access)
    if kind == "transmission":
        from seiton.adapters.torrents.transmission import Transmission

        return Transmission(access)
    from seiton.adapters.torrents.aria2 import Aria2

    return Aria2(access)
