"""Look for episodes that were broadcast and are not there: among what is stored, and where feeds come from.

Sites are searched only when a person asks for it, one after the other, and what they find is taken as if the
feed had brought it: by the same parsers, filters and preferences.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.feeds import FeedItem, FeedLimits, fetch_feed
from seiton.core import tables
from seiton.core.downloads.retry import retry_download
from seiton.core.downloads.wanting import want_when_settled
from seiton.core.feeds.ingest import ingest
from seiton.core.feeds.search_places import MIKAN, places_for
from seiton.core.feeds.searching import Reach, matching_items
from seiton.core.links.wanted import Wanted, load_series_pins, pin_down, wanted_links
from seiton.core.neighbours.states import may_ask
from seiton.core.queries import Record, fetch_all
from seiton.core.rules.rulesets import lock_state, rule_of, snapshot
from seiton.core.service import Core, trust_feed
from seiton.core.works.calendar import missing_numbers
from seiton.domain.facts import Number
from seiton.domain.grams import pieces_of_search
from seiton.domain.rules import Matched
from seiton.domain.states import DownloadStatus, NeighbourKind, RawItemStatus
from seiton.domain.titles import Ruleset
from seiton.errors import Conflict, InvalidInput, NotFound, SeitonError
from seiton.text import _

MOST_NAMES = 3
MOST_UNREAD = 10
"""Titles that nobody reads, of which an answer names so many."""


@dataclass(slots=True, kw_only=True)
class Sought:
    """What a search came to.

    ``asked``: hosts; ``failures``: host and why; ``found``: entries of the episodes, of which ``new`` were
    not known; ``started``: downloads begun or tried again; ``unread``: stored titles that name the work and
    that no parser reads; ``filtered``: releases that filter rules keep out.
    """

    episodes: int
    asked: list[str] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    found: int = 0
    new: int = 0
    started: int = 0
    unread: list[Record] = field(default_factory=list)
    filtered: int = 0


def seek(core: Core, series_id: int, episode: Number | None = None) -> Sought:
    """Look for an episode of a series, or for all that are missing. Raises ``NotFound``.

    A site that does not answer is named in ``failures``; the others are asked all the same.
    """
    series = _series(core, series_id)
    numbers = [episode] if episode is not None else missing_numbers(core, series_id)
    sought = Sought(episodes=len(numbers))
    if not numbers:
        return sought
    for subscription_id, addresses in _addresses(core, series["names"], episode):
        _search(core, series, subscription_id, addresses, set(numbers), sought)
    sought.started = _begin(core, series_id, numbers)
    with core.database.read() as connection:
        sought.filtered = _filtered(connection, series_id, numbers)
        sought.unread = _unread(connection, series["names"])
    return sought


def _series(core: Core, series_id: int) -> Record:
    """Return the series with its ``names``: that of releases first, then those that facts have."""
    series, animes, shows = tables.series, tables.animes, tables.series_facts
    query = (
        sa.select(series.c.series_id, series.c.series_no, animes.c.title, shows.c.facts)
        .select_from(
            series.join(animes, animes.c.anime_id == series.c.anime_id).outerjoin(
                shows, shows.c.series_id == series.c.series_id
            )
        )
        .where(series.c.series_id == series_id)
    )
    with core.database.read() as connection:
        for row in fetch_all(connection, query):
            facts = row["facts"] or {}
            names = (row["title"], facts.get("title"), facts.get("original_title"))
            row["names"] = list(dict.fromkeys(name for name in names if name))[:MOST_NAMES]
            return row
    raise NotFound(_("There is no series {series_id}.", series_id=series_id))


def _addresses(core: Core, names: Sequence[str], episode: Number | None) -> list[tuple[int, Sequence[str]]]:
    """Return, for each site that can be searched, a subscription of it and where to ask, name by name."""
    number = "" if episode is None or episode[1] else f" {episode[0]:02}"
    places = places_for(core, [f"{name}{number}" for name in names])
    return [(int(place.key), place.addresses) for place in places if place.key != MIKAN]


def _search(
    core: Core,
    series: Record,
    subscription_id: int,
    addresses: Sequence[str],
    numbers: Collection[Number],
    sought: Sought,
) -> None:
    """Ask one site by one name after the other until it has something; take what is of the episodes."""
    host = urlsplit(addresses[0]).netloc
    sought.asked.append(host)
    for address in addresses:
        if not may_ask(core, NeighbourKind.SITE, address):
            sought.failures.append((host, _("It did not answer a short while ago and is left alone.")))
            return
        trust_feed(core, address)
        try:
            fetched = fetch_feed(core.web, address, limits=FeedLimits(max_bytes=core.max_feed_bytes))
        except SeitonError as error:
            sought.failures.append((host, str(error)))
            return
        items = fetched.feed.items if fetched.feed is not None else ()
        fitting = _fitting(core, items, series, numbers)
        if fitting:
            sought.found += len(fitting)
            sought.new += ingest(core, subscription_id, fitting).new
            return


def _fitting(
    core: Core, items: Sequence[FeedItem], series: Record, numbers: Collection[Number]
) -> list[FeedItem]:
    """Return the entries that parsers and pins say are of these episodes of the series."""
    with core.database.read() as connection:
        rules = Ruleset(rule_of(row) for row in snapshot(connection))
        pins = load_series_pins(connection)
    said: list[Wanted] = []
    for index, item in enumerate(items):
        outcome = rules.parse(item.title)
        if isinstance(outcome, Matched):
            row: Any = {"item_id": index, "title": item.title, "facts": dict(item.facts)}
            said += wanted_links(row, outcome.parsed, [])
    wanted, _passed = pin_down(said, {}, pins)
    name = (series["title"], series["series_no"])
    fitting = {
        link.item["item_id"]
        for link in wanted
        if (link.title, link.series_no) == name and (link.episode_no, link.episode_tenths) in numbers
    }
    return [items[index] for index in sorted(fitting)]


def _begin(core: Core, series_id: int, numbers: Sequence[Number]) -> int:
    """Begin what is known and wanted, and try again what failed; return how many downloads that is."""
    links, downloads = tables.links, tables.downloads
    failed: list[int] = []
    with core.database.write() as connection:
        lock_state(connection)
        episodes = [(series_id, no, tenths) for no, tenths in numbers]
        started = want_when_settled(connection, episodes, core.now())
        for part in _of(series_id, numbers):
            query = (
                sa.select(downloads.c.download_id)
                .select_from(links.join(downloads, downloads.c.link_id == links.c.link_id))
                .where(part, downloads.c.status == DownloadStatus.FAILED, downloads.c.removed_at.is_(None))
                .order_by(downloads.c.download_id.desc())
            )
            failed += connection.execute(query).scalars()
    for download_id in failed:
        with suppress(Conflict, NotFound):  # another one of the episode was quicker
            retry_download(core, download_id)
            started += 1
    core.wake("downloads", "")
    return started


def _of(series_id: int, numbers: Sequence[Number]) -> Iterator[sa.ColumnElement[bool]]:
    links = tables.links.c
    for part in chunks(sorted(numbers)):
        yield sa.and_(
            links.series_id == series_id, sa.tuple_(links.episode_no, links.episode_tenths).in_(part)
        )


def _filtered(connection: sa.Connection, series_id: int, numbers: Sequence[Number]) -> int:
    links = tables.links.c
    count = 0
    for part in _of(series_id, numbers):
        query = sa.select(sa.func.count()).where(part, links.filtered_flag, links.detached_at.is_(None))
        count += int(connection.execute(query).scalar_one())
    return count


def _unread(connection: sa.Connection, names: Sequence[str]) -> list[Record]:
    """Return stored titles that have a name of the work, the newest first."""
    items = tables.raw_items
    statuses = (RawItemStatus.NO_MATCH.value, RawItemStatus.FAILED.value)
    found: set[int] = set()
    for name in names:
        if not pieces_of_search(name):
            continue
        with suppress(InvalidInput):
            ids = matching_items(connection, name, statuses, None, None, MOST_UNREAD, Reach())
            found.update(itertools.islice(ids, MOST_UNREAD))
    query = sa.select(items.c.item_id, items.c.title, items.c.pub_date).where(items.c.item_id.in_(found))
    return fetch_all(connection, query.order_by(items.c.item_id.desc()).limit(MOST_UNREAD))
