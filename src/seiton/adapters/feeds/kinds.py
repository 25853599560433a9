"""Whose feed it is, and what the address of a feed says."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from seiton.adapters.feeds.feed import FeedKind

_HOSTS = {
    "mikanani.me": FeedKind.MIKAN,
    "mikanime.tv": FeedKind.MIKAN,
    "nyaa.si": FeedKind.NYAA,
    "nyaa.se": FeedKind.NYAA,
    "dmhy.org": FeedKind.DMHY,
    "acg.rip": FeedKind.ACG_RIP,
    "animetosho.org": FeedKind.ANIMETOSHO,
    "bangumi.moe": FeedKind.BANGUMI_MOE,
    "subsplease.org": FeedKind.SUBSPLEASE,
}
_MARKS = (
    (b"https://mikanani.me/0.1/", FeedKind.MIKAN),
    (b"://nyaa.si/xmlns/nyaa", FeedKind.NYAA),
    (b"://subsplease.org/rss", FeedKind.SUBSPLEASE),
)
_TORZNAB_MARK = b"://torznab.com/schemas/"
_LINK = re.compile(rb"<link>\s*(?:<!\[CDATA\[)?\s*(https?://[^<\s\]]{1,2000})")
_LOOKED_AT = 65_536
_ID = re.compile(r"^[0-9]{1,10}\Z")


def kind_of(url: str, body: bytes) -> FeedKind:
    """Say whose feed it is: by its address, else by its namespaces, else by the link of its channel.

    A feed of a known site that comes from a mirror or from an indexer on the local network is recognised too.
    """
    by_host = _kind_of_host(url)
    if by_host is not None:
        return by_host
    head = body[:_LOOKED_AT]
    for mark, kind in _MARKS:
        if mark in head:
            return kind
    link = _LINK.search(head.split(b"<item", 1)[0])
    by_link = _kind_of_host(link[1].decode("utf-8", "replace")) if link else None
    if by_link is not None:
        return by_link
    return FeedKind.TORZNAB if _TORZNAB_MARK in head else FeedKind.GENERIC


def _kind_of_host(url: str) -> FeedKind | None:
    try:
        host = (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return None
    for known, kind in _HOSTS.items():
        if host == known or host.endswith("." + known):
            return kind
    return None


def address_facts(url: str, channel_link: str | None) -> dict[str, str]:
    """Return what a Mikan feed's address says about all its entries: bangumi id and subtitle group id.

    ``url`` goes before ``channel_link``, the address that the feed gives for itself. Classic and
    personal feeds hold many works and name none.
    """
    for address in (url, channel_link or ""):
        try:
            query = parse_qs(urlsplit(address).query, max_num_fields=50)
        except ValueError:
            continue
        ids = {name.lower(): values[0] for name, values in query.items() if _ID.match(values[0])}
        if "bangumiid" in ids:
            facts = {"mikan": ids["bangumiid"]}
            if "subgroupid" in ids:
                facts["mikan_subgroup"] = ids["subgroupid"]
            return facts
    return {}
