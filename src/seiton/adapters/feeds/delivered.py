"""Entries that a fetcher in another process has read (contract §1.5, ``/raw-fetcher-results``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from seiton.adapters.feeds import values
from seiton.adapters.feeds.feed import (
    MAX_DESCRIPTION,
    MAX_TITLE,
    MAX_URL,
    FaultCode,
    FeedFault,
    FeedItem,
)
from seiton.domain.states import DownloadType
from seiton.text import _

MAGNET = DownloadType.MAGNET
LONGEST_FACT = 300
FACTS = frozenset(
    {"mikan", "mikan_subgroup", "subgroup", "category", "seeders", "peers", "grabs"}
    | {"tvdb", "tmdb", "imdb", "anidb"}
)
"""What a feed may say of an entry; everything else in a raw item's facts is Seiton's own."""


def read_delivered(entries: Sequence[object]) -> tuple[list[FeedItem], list[FeedFault]]:
    """Return what can be used of ``entries`` (no download URL twice), and what is wrong with the others."""
    items: dict[str, FeedItem] = {}
    faults: list[FeedFault] = []
    for index, entry in enumerate(entries):
        found = _read(entry)
        if isinstance(found, FeedItem):
            items.setdefault(found.download_url, found)
        else:
            title = entry.get("title") if isinstance(entry, Mapping) else None
            shown = title[:MAX_TITLE] if isinstance(title, str) else None
            faults.append(FeedFault(index=index, title=shown, code=found, message=_sentence(found)))
    return list(items.values()), faults


def _read(entry: object) -> FeedItem | FaultCode:
    if not isinstance(entry, Mapping):
        return FaultCode.NO_TITLE
    title, url = _text(entry, "title"), _text(entry, "download_url")
    name = values.one_line(title)
    if not name:
        return FaultCode.NO_TITLE
    if len(name) > MAX_TITLE:
        return FaultCode.TITLE_TOO_LONG
    if not url:
        return FaultCode.NO_DOWNLOAD
    address = values.absolute_url("", url, MAX_URL)
    if address is None:
        return FaultCode.BAD_URL
    kind = _kind(address)
    found = values.hash_of_magnet(address) if kind is DownloadType.MAGNET else values.hash_in_url(address)
    return FeedItem(
        title=name,
        download_url=address,
        download_type=kind,
        description=values.plain_text(_text(entry, "description"), MAX_DESCRIPTION),
        pub_date=values.moment(_text(entry, "pub_date")),
        info_hash=found or (values.info_hash(_text(entry, "info_hash")) if kind is not MAGNET else None),
        size=_size(entry),
        page_url=values.absolute_url("", _text(entry, "page_url"), MAX_URL),
        facts=_facts(entry.get("facts")),
    )


def _size(entry: Mapping[str, Any]) -> int | None:
    size = entry.get("size")
    return size if type(size) is int and 1 < size < 2**62 else None


def _facts(given: object) -> dict[str, str]:
    """Return what can be used of what a fetcher knows besides."""
    if not isinstance(given, Mapping):
        return {}
    pairs = [(name, given[name]) for name in sorted(FACTS) if isinstance(given.get(name), str)]
    return {name: values.one_line(value) for name, value in pairs if 0 < len(value) <= LONGEST_FACT}


def _text(entry: Mapping[str, Any], name: str) -> str:
    value = entry.get(name)
    return value if isinstance(value, str) else ""


def _kind(url: str) -> DownloadType:
    """Tell how a link is fetched (contract §4.2)."""
    if url[:7].lower() == "magnet:":
        return DownloadType.MAGNET
    parts = urlsplit(url)
    return DownloadType.TORRENT if ".torrent" in f"{parts.path}?{parts.query}".lower() else DownloadType.HTTP


def _sentence(code: FaultCode) -> str:
    match code:
        case FaultCode.NO_TITLE:
            return _("The entry has no title.")
        case FaultCode.TITLE_TOO_LONG:
            return _("The title is longer than {most} characters.", most=MAX_TITLE)
        case FaultCode.NO_DOWNLOAD:
            return _("The entry has no address to download from.")
        case _:
            return _("The address to download from is not usable.")
