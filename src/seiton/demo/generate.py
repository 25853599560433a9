"""A large installation out of nothing: feed entries, and all that the rules make of them.

It is written as the rules have it (titles are parsed by the built-in parsers), set-based and in a stream:
memory does not grow with the number of entries. Media files are not made.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import Database
from seiton.core import tables
from seiton.core.feeds.ingest import hash_url
from seiton.core.filing.desired import meta_of
from seiton.core.links.making import Episode, item_result
from seiton.core.links.wanted import Wanted, wanted_links
from seiton.core.rules.rulesets import lock_state, ruleset
from seiton.core.works.entities import ensure_groups, ensure_series
from seiton.demo.titles import MadeRelease, made_releases
from seiton.domain.metadata import fingerprint
from seiton.domain.naming import DEFAULT_TEMPLATE, Impossible, NamingProfile, render
from seiton.domain.rules import Matched, Outcome
from seiton.domain.states import DownloadStatus, DownloadType, RawItemStatus
from seiton.domain.titles import Ruleset
from seiton.domain.wishes import dump_wish
from seiton.errors import Conflict
from seiton.text import _

T = TypeVar("T")
BATCH = 5_000
"""Entries in one transaction."""
PER_FEED = 5_000
"""Entries that one subscription brings."""
FOLDER = "/generated/"
"""Where the downloads are said to lie; nothing is there."""

Record = dict[str, Any]


def _write(table: sa.Table, *names: str) -> BulkWrite:
    return BulkWrite(sa.insert(table), names)


_ITEMS = _write(
    tables.raw_items,
    *("item_id", "title", "description", "download_url", "url_hash", "pub_date", "subscription_id", "status"),
    *("parser_id", "error_message", "parsed_at", "created_at", "download_type", "info_hash", "size"),
    *("page_url", "facts"),
)
_TIES = _write(tables.item_subscriptions, "item_id", "subscription_id", "seen_at")
_LINKS = _write(
    tables.links,
    *("link_id", "series_id", "group_id", "episode_no", "title", "url", "source_hash", "filtered_flag"),
    *("created_at", "raw_item_id", "download_type", "slot", "episode_tenths", "version", "resolution"),
    *("is_batch", "updated_at"),
)
_DOWNLOADS = _write(
    tables.downloads,
    *("download_id", "link_id", "downloader_type", "status", "progress", "downloaded_bytes", "total_bytes"),
    *("created_at", "updated_at", "torrent_hash", "content_path", "source_path", "subtitle_paths"),
    *("library_path", "desired", "desired_fingerprint", "profile_version", "desired_revision"),
    *("applied_revision", "applied_fingerprint", "sent_revision"),
)


@dataclass(slots=True, kw_only=True)
class Generated:
    """How much was made."""

    items: int = 0
    parsed: int = 0
    links: int = 0
    downloads: int = 0


@dataclass(slots=True, kw_only=True)
class _World:
    """What the next batch needs of those before it. ``filed`` are the episodes of late that have a download:
    a season's releases stand together.
    """

    database: Database
    rules: Ruleset
    now: datetime
    library: str
    made: Generated = field(default_factory=Generated)
    filed: dict[Episode, None] = field(default_factory=dict)


def made_installation(
    database: Database, count: int, *, seed: int, library: str, now: datetime
) -> Iterator[Generated]:
    """Fill an empty installation with ``count`` feed entries; yield after each transaction how many there
    are. ``library`` is the folder that files are said to lie in.

    Raises ``Conflict`` when there are entries already. Cut short, it leaves a smaller installation.
    """
    with database.write() as connection:
        state = lock_state(connection)
        if connection.execute(sa.select(tables.raw_items.c.item_id).limit(1)).first() is not None:
            raise Conflict(_("The database has feed entries already: give another one, which is empty."))
        rules = ruleset(connection, state["rules_version"])
        _add_subscriptions(connection, -(-count // PER_FEED), now)
    world = _World(database=database, rules=rules, now=now, library=library.rstrip("/"))
    for releases in _batched(made_releases(count, seed), BATCH):
        with database.write() as connection:
            lock_state(connection)
            _add(connection, world, releases)
        yield world.made
    _finish(database)


def _batched(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while part := list(itertools.islice(rest, size)):
        yield part


def _add_subscriptions(connection: sa.Connection, count: int, now: datetime) -> None:
    rows = [
        {
            "subscription_id": number,
            "source_url": f"https://feed-{number}.invalid/rss",
            "url_hash": hash_url(f"https://feed-{number}.invalid/rss"),
            "name": f"Feed {number}",
            "fetch_interval_minutes": 60,
            "is_active": False,  # there is nothing to fetch
            "source_type": "rss",
            "assignment_status": "auto_assigned",
            "auto_selected": True,
            "created_at": now,
            "updated_at": now,
        }
        for number in range(1, count + 1)
    ]
    connection.execute(sa.insert(tables.subscriptions), rows)


def _add(connection: sa.Connection, world: _World, releases: Sequence[MadeRelease]) -> None:
    outcomes = list(world.rules.parse_many([release.title for release in releases]))
    numbers = itertools.count(world.made.items + 1)
    items = [
        _item(number, release, outcome)
        for number, release, outcome in zip(numbers, releases, outcomes, strict=False)
    ]
    _ITEMS(connection, items)
    ties = ("item_id", "subscription_id")
    _TIES(
        connection, [{name: item[name] for name in ties} | {"seen_at": item["created_at"]} for item in items]
    )
    world.made.items += len(items)
    wanted = [
        link
        for item, outcome in zip(items, outcomes, strict=True)
        if isinstance(outcome, Matched)
        for link in wanted_links(item, outcome.parsed, ())
    ]
    world.made.parsed += sum(isinstance(outcome, Matched) for outcome in outcomes)
    _add_links(connection, world, wanted)


def _item(number: int, release: MadeRelease, outcome: Outcome) -> Record:
    status, parser_id, message = item_result(outcome)
    info_hash = hashlib.sha1(b"%d" % number, usedforsecurity=False).hexdigest()
    url = f"magnet:?xt=urn:btih:{info_hash}"
    return {
        "item_id": number,
        "title": release.title,
        "description": None,
        "download_url": url,
        "url_hash": hash_url(url),
        "pub_date": release.published,
        "subscription_id": (number - 1) // PER_FEED + 1,
        "status": RawItemStatus(status).value,
        "parser_id": parser_id,
        "error_message": message,
        "parsed_at": release.published,
        "created_at": release.published,
        "download_type": DownloadType.MAGNET.value,
        "info_hash": info_hash,
        "size": release.size,
        "page_url": None,
        "facts": {},
    }


def _add_links(connection: sa.Connection, world: _World, wanted: Sequence[Wanted]) -> None:
    series = ensure_series(connection, [(link.item, link.parsed) for link in wanted], world.now)
    groups = ensure_groups(connection, {link.group for link in wanted}, world.now)
    links: list[Record] = []
    downloads: list[Record] = []
    for link in wanted:
        number = world.made.links + len(links) + 1
        row = _link(number, link, series[link.title, link.series_no], groups[link.group])
        links.append(row)
        episode = (row["series_id"], row["episode_no"], row["episode_tenths"])
        if episode not in world.filed:
            world.filed[episode] = None
            downloads.append(_download(world, world.made.downloads + len(downloads) + 1, row, link))
    _LINKS(connection, links)
    _DOWNLOADS(connection, downloads)
    world.made.links += len(links)
    world.made.downloads += len(downloads)
    while len(world.filed) > BATCH:
        del world.filed[next(iter(world.filed))]


def _link(number: int, link: Wanted, series_id: int, group_id: int) -> Record:
    item = link.item
    digest = hashlib.sha256(item["download_url"].encode()).hexdigest()
    return {
        "link_id": number,
        "series_id": series_id,
        "group_id": group_id,
        "episode_no": link.episode_no,
        "title": item["title"],
        "url": item["download_url"],
        "source_hash": f"{digest}#ep{link.slot + 1}" if link.is_batch else digest,
        "filtered_flag": False,
        "created_at": item["created_at"],
        "raw_item_id": item["item_id"],
        "download_type": item["download_type"],
        "slot": link.slot,
        "episode_tenths": link.episode_tenths,
        "version": link.version,
        "resolution": link.resolution,
        "is_batch": link.is_batch,
        "is_movie": link.is_movie,
        "updated_at": item["created_at"],
    }


def _download(world: _World, number: int, link: Record, wanted: Wanted) -> Record:
    """Return a download that has long been filed, as the rules have it."""
    item = wanted.item
    meta = meta_of(
        anime_title=wanted.title,
        series_no=wanted.series_no,
        episode_no=wanted.episode_no,
        episode_tenths=wanted.episode_tenths,
        subtitle_group=wanted.group,
        resolution=wanted.resolution,
        version=wanted.version,
        naming=DEFAULT_TEMPLATE,
        year=None,
        says_movie=wanted.is_movie,
    )
    name = render(meta, NamingProfile())
    stem = f"{number}" if isinstance(name, Impossible) else name.stem.decode()
    mark = fingerprint(meta)
    source = f"{FOLDER}{item['info_hash']}/{number}.mkv"
    return {
        "download_id": number,
        "link_id": link["link_id"],
        "downloader_type": item["download_type"],
        "status": DownloadStatus.SYNCED.value,
        "progress": 100.0,
        "downloaded_bytes": item["size"],
        "total_bytes": item["size"],
        "created_at": item["created_at"],
        "updated_at": item["created_at"],
        "torrent_hash": item["info_hash"],
        "content_path": f"{FOLDER}{item['info_hash']}",
        "source_path": source,
        "subtitle_paths": [],
        "library_path": f"{world.library}/{stem}.mkv",
        "desired": dump_wish(meta),
        "desired_fingerprint": mark,
        "profile_version": 1,
        "desired_revision": 1,
        "applied_revision": 1,
        "applied_fingerprint": mark,
        "sent_revision": 1,
    }


_NUMBERED = (tables.subscriptions, tables.raw_items, tables.links, tables.downloads)


def _finish(database: Database) -> None:
    """Let the next numbers follow those given here, and the planner know what there is."""
    with database.write() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("ANALYZE")
            return
        for table in _NUMBERED:
            key = next(iter(table.primary_key.columns))
            last = sa.select(sa.func.max(key)).scalar_subquery()
            sequence = sa.func.pg_get_serial_sequence(table.name, key.name)
            connection.execute(sa.select(sa.func.setval(sequence, last)))
        connection.exec_driver_sql("ANALYZE")
