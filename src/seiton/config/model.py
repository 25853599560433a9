"""What can be set, its bounds and defaults."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr

from seiton.config.clients import TorrentClientSettings
from seiton.config.notifications import Notifications
from seiton.config.servers import MediaServers
from seiton.config.values import lower
from seiton.text import LANGUAGES, _, nearest

MIN_SERVICE_TOKEN = 24
"""Characters of a secret that roles on several hosts share: nobody has to remember it."""


def _folder(value: object) -> Path:
    """Take only what names a folder; an empty text would silently mean the current one."""
    if not isinstance(value, str | os.PathLike) or os.fspath(value) in ("", b"") or "\0" in str(value):
        raise ValueError(_("must be the path of a folder"))
    return Path(value)


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(_("must be an address such as http://192.0.2.7:8000"))
    return value.rstrip("/")


def _database_url(value: str) -> str:
    """Accept SQLite and PostgreSQL, the latter also in the spelling without a driver."""
    value = re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", value)
    if not value.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError(_("must begin with sqlite:/// or postgresql://"))
    return value


def _language(value: str) -> str:
    language = nearest(value)
    if language is None:
        raise ValueError(_("must be one of {choices}", choices=", ".join(LANGUAGES)))
    return language


def _list(value: object) -> object:
    """Split what a flag or variable can only give as one text."""
    return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value


def _host(value: str) -> str:
    """Accept ``nas``, ``192.168.1.7``, ``nas:9117``, ``[fd00::1]:9117`` and networks: ``10.0.0.0/8``."""
    text = value.strip().rstrip(".").lower()
    for read in (ip_address, lambda name: ip_network(name, strict=False)):
        try:
            return str(read(text.strip("[]")))
        except ValueError:
            pass
    if not re.fullmatch(r"([\w-]+(\.[\w-]+)*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", text):
        raise ValueError(_("must be hosts, addresses or networks, such as nas, nas:9117 or 192.168.1.0/24"))
    return text


def _route(value: str, schemes: frozenset[str]) -> str:
    """Accept ``host=address``, where requests to ``host`` (and its subdomains) go instead or through."""
    host, _mark, address = value.strip().partition("=")
    is_name = re.fullmatch(r"[\w-]+(\.[\w-]+)*", host) is not None
    parts = urlsplit(address)
    try:
        is_there = bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is no number
        is_there = False
    if not is_name or not is_there or parts.scheme not in schemes or parts.query or parts.fragment:
        raise ValueError(_("must be like {example}", example=f"mikanani.me={min(schemes)}://192.0.2.7:1080"))
    return f"{host.lower()}={address.rstrip('/')}"


def _mirror(value: str) -> str:
    return _route(value, frozenset({"http", "https"}))


def _proxy(value: str) -> str:
    return _route(value, frozenset({"http", "https", "socks5", "socks5h"}))


def _network(value: str) -> str:
    """Accept ``192.168.1.7`` and ``10.0.0.0/8``."""
    try:
        return str(ip_network(value.strip().strip("[]"), strict=False))
    except ValueError:
        raise ValueError(_("must be addresses or networks, such as 192.168.1.7 or 10.0.0.0/8")) from None


def _service_token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < MIN_SERVICE_TOKEN or not text.isascii() or not text.isprintable():
        raise ValueError(_("must be secrets of {least} letters or digits and more", least=MIN_SERVICE_TOKEN))
    return value


def _off(value: object) -> object:
    """Take ``off`` for none."""
    return None if isinstance(value, str) and value.strip().lower() == "off" else value


Folder = Annotated[Path, BeforeValidator(_folder)]
Port = Annotated[int, Field(ge=0, le=65_535)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
UrlOrOff = Annotated[WebUrl | None, BeforeValidator(_off)]


class FeedLimits(BaseModel):
    """How much a feed may cost: bytes, seconds for the whole request, redirects."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: int = Field(default=20 * 1024 * 1024, ge=1024, le=2**30)
    timeout: float = Field(default=30.0, gt=0, le=600)
    max_redirects: int = Field(default=5, ge=0, le=20)


class Settings(BaseModel):
    """What a process was told. ``load_settings`` makes one; tests may call it with ``data=…`` alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Folder
    host: str = Field(default="127.0.0.1", min_length=1)
    port: Port = 8000
    database_url: Annotated[str, AfterValidator(_database_url)] = Field(
        default_factory=lambda values: f"sqlite:///{values['data'] / 'seiton.db'}", repr=False
    )
    library: Folder = Field(default_factory=lambda values: values["data"] / "library")
    downloads: Folder = Field(default_factory=lambda values: values["data"] / "downloads")
    movies_root: Folder | None = None
    """The folder for films; without it a film is held. Outside of the library and the downloads."""
    language: Annotated[str, AfterValidator(_language)] | None = None
    """``None``: whatever the person in front asks for (``LANG``, the browser)."""
    public_url: WebUrl | None = Field(default=None, repr=False)
    """Where other modules reach this process; ``None``: at ``host`` and ``port``."""
    core_url: WebUrl | None = Field(default=None, repr=False)
    """The Core that a fetcher, downloader or viewer running by itself registers at."""
    module_name: str = Field(default="seiton", min_length=1, max_length=255)
    """What it is called there; two modules of one type need two names."""
    torrent_port: Port = 0
    """Where the embedded client listens; 0: any free port."""
    link_mode: Annotated[Literal["auto", "hardlink", "reflink", "copy", "move"], BeforeValidator(lower)] = (
        "auto"
    )
    allow_copy: bool = False
    """Whether ``auto`` may copy where neither hard link nor reflink is possible."""
    naming_template: str | None = Field(default=None, min_length=1)
    """How a viewer names what comes from a core that says nothing about names; ``None``: by the default."""
    seed_ratio: float | None = Field(default=None, ge=0, le=1000)
    """Times its size that a torrent gives before it ends; nothing: no such goal."""
    seed_hours: float | None = Field(default=None, ge=0, le=24 * 3650)
    """Hours that a torrent seeds before it ends; nothing: no such goal."""
    remove_data_after_seeding: bool = False
    """Whether the data in the download folder goes with it. The library's files stay in any case."""
    brake_files: int = Field(default=200, ge=0, le=2**31 - 1)
    """Files that one edit may move unasked; more wait for a confirmation."""
    brake_some_files: int = Field(default=20, ge=0, le=2**31 - 1)
    """Of a small library: files that it may move however large a part they are."""
    brake_percent: int = Field(default=20, ge=0, le=100)
    """… beyond which it may not move more than this part of the library."""
    brake_downloads: int = Field(default=30, ge=0, le=2**31 - 1)
    """Downloads that one edit may begin and take back unasked."""
    private_hosts: Annotated[tuple[Annotated[str, AfterValidator(_host)], ...], BeforeValidator(_list)] = ()
    """Hosts, also with a port, and networks that requests may go to although they are private."""
    notifications: Notifications = Field(default=(), repr=False)
    """Who is told what happened; in the file ``[[notifications]]``."""
    media_servers: MediaServers = Field(default=(), repr=False)
    """What reads the library and is told of changes; in the file ``[[media_servers]]``."""
    torrent_client: TorrentClientSettings = TorrentClientSettings()
    mirrors: Annotated[tuple[Annotated[str, AfterValidator(_mirror)], ...], BeforeValidator(_list)] = ()
    """``host=address``: what is asked instead of a host, for feeds, torrents, pages and images."""
    proxies: Annotated[tuple[Annotated[str, AfterValidator(_proxy)], ...], BeforeValidator(_list)] = Field(
        default=(), repr=False
    )
    """``host=address``: the HTTP or SOCKS5 proxy that a host and its subdomains are reached through."""
    bangumi_url: UrlOrOff = "https://api.bgm.tv"
    """Where bangumi.tv's v0 interface answers; ``off``: it is not asked."""
    mikan_url: UrlOrOff = "https://mikanani.me"
    """Where Mikan's pages about works are; ``off``: they are not asked for."""
    trusted_peers: Annotated[
        tuple[Annotated[str, AfterValidator(_network)], ...], BeforeValidator(_list)
    ] = ()
    """Addresses and networks from which modules and programs may come in without a token."""
    service_tokens: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(_service_token)], ...], BeforeValidator(_list)
    ] = Field(default=(), repr=False)
    """Secrets that Seiton's roles on several hosts share: the first is sent, all are accepted."""
    feed_limits: FeedLimits = FeedLimits()
    log_level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(lower)] = "info"

    _sources: Mapping[str, str] = PrivateAttr(default_factory=lambda: MappingProxyType({}))
    _again: Callable[[], Settings] | None = PrivateAttr(default=None)


_TABLES: Mapping[str, type[BaseModel]] = MappingProxyType(
    {"feed_limits": FeedLimits, "torrent_client": TorrentClientSettings}
)


def is_given(settings: Settings, name: str) -> bool:
    """Say whether somebody wrote a setting down; without, it has its default."""
    return name in settings._sources


def flat_names() -> dict[str, tuple[str, ...]]:
    """Return each setting's flat name (as flags and variables have it) with its path of attributes."""
    names: dict[str, tuple[str, ...]] = {}
    for name in Settings.model_fields:
        if name in _TABLES:
            names |= {f"{name}_{inner}": (name, inner) for inner in _TABLES[name].model_fields}
        else:
            names[name] = (name,)
    return names
