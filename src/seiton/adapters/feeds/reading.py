"""From the bytes of a feed to its entries."""

from __future__ import annotations

from lxml import etree

from seiton.adapters.feeds import values
from seiton.adapters.feeds.document import read_document
from seiton.adapters.feeds.entry import ATOM, OWN, RSS, Unusable, read_entry, title_of
from seiton.adapters.feeds.feed import (
    MAX_ITEMS,
    MAX_TITLE,
    Feed,
    FeedError,
    FeedFault,
    FeedItem,
    FeedKind,
    FeedReason,
)
from seiton.adapters.feeds.kinds import address_facts, kind_of
from seiton.text import _


def read_feed(body: bytes, *, url: str, content_type: str | None = None) -> Feed:
    """Read RSS 0.9x/1.0/2.0 or Atom that came from ``url`` (relative addresses are resolved against it).

    Entries that cannot be used become faults, the others are kept; of entries with the same download
    URL the first is kept. Raises ``FeedError`` for a document that is no readable feed.
    """
    root = read_document(body, content_type)
    head, elements = _parts(root)
    if len(elements) > MAX_ITEMS:
        message = _("The feed has {n} entries; {limit} are allowed.", n=len(elements), limit=MAX_ITEMS)
        raise FeedError(FeedReason.TOO_MANY_ITEMS, message)
    kind = kind_of(url, body)
    shared = address_facts(url, _text(head, "link")) if kind is FeedKind.MIKAN else {}
    items: dict[str, FeedItem] = {}
    faults: list[FeedFault] = []
    for index, element in enumerate(elements):
        try:
            item = read_entry(element, url, shared)
        except Unusable as fault:
            faults.append(
                FeedFault(index=index, title=title_of(element), code=fault.code, message=fault.message)
            )
            continue
        items.setdefault(item.download_url, item)
    title = values.one_line(_text(head, "title"))[:MAX_TITLE]
    return Feed(title=title, kind=kind, items=tuple(items.values()), faults=tuple(faults))


def _parts(root: etree._Element) -> tuple[etree._Element, list[etree._Element]]:
    """Return the element that describes the feed, and those of its entries."""
    name = etree.QName(root)
    own = (name.namespace or "") in OWN
    if name.localname == "rss" and own:
        channel = next(iter(_children(root, "channel", RSS)), root)
        return channel, [*_children(channel, "item", RSS), *_outside(root, channel)]
    if name.localname == "RDF":
        return next(iter(_children(root, "channel", RSS)), root), _children(root, "item", RSS)
    if name.localname == "feed" and (name.namespace or "") in ATOM:
        return root, _children(root, "entry", ATOM)
    if name.localname == "error" and root.get("description"):  # Torznab and Newznab
        said = values.plain_text(root.get("description") or "", 300)
        message = _("The site answers with an error: {said}. Check the key in the address.", said=said)
        raise FeedError(FeedReason.SITE_ERROR, message)
    message = _("The answer is XML, but not RSS or Atom: it begins with <{name}>.", name=name.localname[:60])
    raise FeedError(FeedReason.NOT_A_FEED, message)


def _outside(root: etree._Element, channel: etree._Element) -> list[etree._Element]:
    """Return entries that stand beside the channel instead of in it."""
    return [] if channel is root else _children(root, "item", RSS)


def _children(parent: etree._Element, name: str, namespaces: frozenset[str]) -> list[etree._Element]:
    return [
        child
        for child in parent.iterchildren()
        if etree.QName(child).localname == name and (etree.QName(child).namespace or "") in namespaces
    ]


def _text(head: etree._Element, name: str) -> str:
    for child in _children(head, name, OWN):
        text = "".join(str(part) for part in child.itertext()).strip()
        if text:
            return text
    return ""
