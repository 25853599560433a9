"""The roles that a process can have: all of them at once, or one by itself."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from urllib.parse import urlsplit

from seiton import __version__
from seiton.config import Settings, is_given


class Role(StrEnum):
    """What a process does."""

    CORE = "core"
    FETCHER = "fetcher"
    DOWNLOADER = "downloader"
    VIEWER = "viewer"


ALL = frozenset(Role)
PORTS: Mapping[Role, int] = MappingProxyType(
    {Role.CORE: 8000, Role.FETCHER: 8001, Role.DOWNLOADER: 8002, Role.VIEWER: 8003}
)
"""Where each listens unless told otherwise (contract §1.1)."""

_CAPABILITIES: Mapping[Role, dict[str, object]] = MappingProxyType(
    {
        Role.FETCHER: {"fetch_endpoint": "/fetch"},
        Role.DOWNLOADER: {
            "download_endpoint": "/downloads",
            "supported_download_types": ["magnet", "torrent"],
        },
        Role.VIEWER: {"sync_endpoint": "/sync", "seiton": 1},
    }
)


def alone(role: Role, settings: Settings) -> Settings:
    """Return the settings of a process that is only ``role``: a port and a database of its own by default."""
    changes: dict[str, object] = {}
    if not is_given(settings, "port"):
        changes["port"] = PORTS[role]
    if not is_given(settings, "database_url") and role is not Role.CORE:
        changes["database_url"] = f"sqlite:///{settings.data / f'{role}.db'}"
    return settings.model_copy(update=changes)


def registration(role: Role, settings: Settings) -> dict[str, object]:
    """Return what a module says when it registers (contract §1.3). Core takes the address that it is called
    from for ``localhost``, so that is what a process says which does not know its own.
    """
    parts = urlsplit(settings.public_url) if settings.public_url else None
    host = settings.host if settings.host not in ("0.0.0.0", "::") else "localhost"  # noqa: S104
    return {
        "service_type": role.value,
        "service_name": settings.module_name,
        "host": parts.hostname if parts else host,
        "port": (parts.port or (443 if parts.scheme == "https" else 80)) if parts else settings.port,
        "capabilities": _CAPABILITIES[role],
        "version": __version__,
    }
