"""What a feed is once it is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from seiton.domain.states import DownloadType
from seiton.errors import SeitonError

MAX_ITEMS = 10_000
"""Most entries of one feed; more is not a feed but an archive, or an attack."""
MAX_TITLE = 2_000
MAX_URL = 8_192
MAX_DESCRIPTION = 4_000
MAX_GUID = 2_000


class FeedKind(StrEnum):
    """Whose feed it is."""

    MIKAN = "mikan"
    NYAA = "nyaa"
    DMHY = "dmhy"
    ACG_RIP = "acg_rip"
    ANIMETOSHO = "animetosho"
    BANGUMI_MOE = "bangumi_moe"
    SUBSPLEASE = "subsplease"
    TORZNAB = "torznab"
    GENERIC = "generic"


class FaultCode(StrEnum):
    """Why one entry cannot be used."""

    NO_TITLE = "no_title"
    TITLE_TOO_LONG = "title_too_long"
    TITLE_GARBLED = "title_garbled"
    NO_DOWNLOAD = "no_download"
    USENET = "usenet"
    BAD_URL = "bad_url"


class FeedReason(StrEnum):
    """Why a whole document cannot be used."""

    EMPTY = "empty"
    HTML = "html"
    NOT_A_FEED = "not_a_feed"
    MALFORMED = "malformed"
    FORBIDDEN_XML = "forbidden_xml"
    TOO_MANY_ITEMS = "too_many_items"
    SITE_ERROR = "site_error"


class FeedError(SeitonError):
    """What came is not a feed that can be read; nothing was taken from it."""

    status = 502
    code = "bad_feed"

    def __init__(self, reason: FeedReason, message: str) -> None:
        self.reason = reason
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """One entry that can be fetched.

    ``title`` is one line of text, ``download_url`` an absolute http, https or magnet URL, ``pub_date`` is
    in UTC, ``size`` in bytes (rounded where the feed gives only "1.4 GiB"), ``info_hash`` 40 lower-case hex
    digits, ``magnet`` a magnet for the same torrent. ``facts`` are what the site says besides
    (``mikan`` → bangumi id, ``mikan_subgroup``, ``subgroup``, ``category``, ``seeders``, ``tvdb``, …).
    """

    title: str
    download_url: str
    download_type: DownloadType
    guid: str | None = None
    description: str | None = None
    pub_date: datetime | None = None
    size: int | None = None
    info_hash: str | None = None
    page_url: str | None = None
    magnet: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedFault:
    """One entry that cannot be used: its place in the document from 0, its title if it has one."""

    index: int
    title: str | None
    code: FaultCode
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed: entries in the order of the document, no download URL twice."""

    title: str
    kind: FeedKind
    items: tuple[FeedItem, ...]
    faults: tuple[FeedFault, ...] = ()
