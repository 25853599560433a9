"""Where a work can be searched: what a feed of it would bring, then to follow that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import sqlalchemy as sa

from seiton.adapters.feeds.feed import FeedKind
from seiton.adapters.feeds.search_addresses import search_address
from seiton.core import tables
from seiton.core.feeds.ingest import hash_url
from seiton.core.feeds.preview import FeedPreview, preview_feed
from seiton.core.feeds.subscriptions import add_subscription
from seiton.core.neighbours.states import may_ask
from seiton.core.queries import Record
from seiton.core.service import Core
from seiton.core.works.airing import get_airing
from seiton.domain.states import NeighbourKind
from seiton.errors import Conflict, InvalidInput, Problem, Unavailable
from seiton.text import _

MOST_SITES = 20
MOST_NAMES = 4
MIKAN = "mikan"
"""The key of Mikan where no feed of it is followed; other places are known by the number of a feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A site that can be searched: ``addresses`` are feeds of what it finds, one for each name."""

    key: str
    host: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a place has by one of the names: the first by which it has anything, else the first of all."""

    name: str
    preview: FeedPreview


def places_for(core: Core, words: Sequence[str]) -> list[Place]:
    """Return where ``words`` can be searched, one after the other: Mikan, if it is configured, and every site
    that a feed is followed of and that is known to be searched, each once.
    """
    table = tables.subscriptions
    query = sa.select(table.c.subscription_id, table.c.source_url, table.c.feed_kind)
    query = query.where(table.c.is_active, table.c.fetcher_id == 0).order_by(table.c.subscription_id)
    with core.database.read() as connection:
        known = [(str(number), url, kind) for number, url, kind in connection.execute(query)]
    if core.mikan_url is not None and not any(kind == FeedKind.MIKAN for _key, _url, kind in known):
        known.append((MIKAN, core.mikan_url, FeedKind.MIKAN))
    found: dict[str, Place] = {}
    for key, url, kind in known:
        addresses = tuple(one for name in words if (one := search_address(url, kind, name)) is not None)
        if addresses and addresses[0] not in found and len(found) < MOST_SITES:
            found[addresses[0]] = Place(
                key=key, host=urlsplit(url).netloc.rpartition("@")[2], addresses=addresses
            )
    return list(found.values())


def places_of_work(core: Core, value: str) -> tuple[list[str], list[Place]]:
    """Return the names of a work that is broadcast, and where they can be searched. Raises ``NotFound``."""
    return _places(core, get_airing(core, value))


def look_for_work(core: Core, value: str, key: str) -> Found:
    """Return what a feed of the place ``key`` would bring of a work, by one name after the other.

    Raises ``NotFound``, ``InvalidInput`` for another key, and what fetching raises.
    """
    names, places = places_of_work(core, value)
    place = _place(places, key)
    first: Found | None = None
    for name, address in zip(names, place.addresses, strict=True):
        if not may_ask(core, NeighbourKind.SITE, address):
            raise Unavailable(_("It did not answer a short while ago and is left alone."))
        found = Found(name=name, preview=preview_feed(core, address))
        first = first or found
        if found.preview.total:
            return found
    assert first is not None
    return first


def follow_work(core: Core, value: str, key: str, name: str) -> int:
    """Follow the feed of what the place ``key`` finds by ``name``; return the subscription's id.

    One that is followed already is what the work is followed by from now on. Raises ``NotFound`` and
    ``InvalidInput``.
    """
    work = get_airing(core, value)
    names, places = _places(core, work)
    place = _place(places, key)
    if name not in names:
        raise InvalidInput([Problem(field="name", message=_("The work has no such name: {name}", name=name))])
    url = place.addresses[names.index(name)]
    title = f"{work['title']} · {place.host}"
    try:
        subscription_id = int(add_subscription(core, {"source_url": url, "name": title})["subscription_id"])
    except Conflict:
        table = tables.subscriptions.c
        query = sa.select(table.subscription_id).where(table.url_hash == hash_url(url))
        with core.database.read() as connection:
            subscription_id = connection.execute(query).scalar_one()
    airing = tables.airing
    with core.database.write() as connection:
        mine = sa.update(airing).where(airing.c.value == value)
        connection.execute(mine.values(subscription_id=subscription_id))
    return subscription_id


def _places(core: Core, work: Record) -> tuple[list[str], list[Place]]:
    names = work["names"][:MOST_NAMES]
    return names, places_for(core, names)


def _place(places: Sequence[Place], key: str) -> Place:
    for place in places:
        if place.key == key:
            return place
    message = _(
        "There is no such place to search. Choose from: {known}", known=", ".join(p.key for p in places)
    )
    raise InvalidInput([Problem(field="source", message=message)])
