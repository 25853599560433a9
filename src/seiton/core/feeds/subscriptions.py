"""Subscriptions: add, list, remove, and fetch those that are due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.feeds import FeedLimits, fetch_feed
from seiton.adapters.http import FetchError, FetchFault
from seiton.core import tables
from seiton.core.downloads.conflicts import close_subscription_conflicts, note_subscription_conflict
from seiton.core.feeds.fetchers import ask_fetcher, choose_fetcher, note_fetch, pause_of
from seiton.core.feeds.ingest import Ingested, hash_url, ingest
from seiton.core.neighbours.states import note_answer, note_failure
from seiton.core.retries import next_try
from seiton.core.service import Core, trust_feed
from seiton.domain.states import NeighbourKind
from seiton.errors import Conflict, InvalidInput, NotFound, Problem, SeitonError
from seiton.text import _

MAX_URL = 8192
SITE_GAP_S = 2.0
"""At least so many seconds lie between the fetches of two feeds of one site."""
SITE_REST = timedelta(minutes=15)
"""How long at most a site rests that is away or asks for fewer requests."""
LONGEST_REST = timedelta(days=1)
"""… or how long it can ask for."""
MAX_INTERVAL_MINUTES = 60 * 24 * 30


def add_subscription(core: Core, values: Mapping[str, Any]) -> Row:
    """Add a feed by ``source_url`` and fetch it at once in the background.

    Where several fetchers have an equal claim to it, that is recorded as a conflict, and the first begins.

    Raises ``InvalidInput`` and, for a URL that is subscribed to already, ``Conflict``.
    """
    url = str(values.get("source_url") or "").strip()
    interval = values.get("fetch_interval_minutes") or 60
    _check(url, interval, values.get("source_type") or "rss")
    source_type = values.get("source_type") or "rss"
    choice = choose_fetcher(core, url, source_type, values.get("fetcher_id"))
    now = core.now()
    row = {
        "source_url": url,
        "url_hash": hash_url(url),
        "name": values.get("name"),
        "description": values.get("description"),
        "fetch_interval_minutes": interval,
        "config": values.get("config"),
        "source_type": source_type,
        "fetcher_id": choice.fetcher_id,
        "is_active": True,
        "assignment_status": "assigned" if values.get("fetcher_id") else "auto_assigned",
        "assigned_at": now,
        "auto_selected": not values.get("fetcher_id"),
        "awaiting_since": None,
        "next_fetch_at": now,
        "created_at": now,
        "updated_at": now,
    }
    table = tables.subscriptions
    with core.database.write() as connection:
        known = sa.select(table).where(table.c.url_hash == row["url_hash"])
        found = connection.execute(known).mappings().one_or_none()
        if found is not None and found["is_active"]:
            raise Conflict(_("This feed is subscribed to already: {url}", url=url))
        if found is not None:  # removed before: it goes on with what it brought
            connection.execute(
                sa.update(table).where(table.c.subscription_id == found["subscription_id"]).values(row)
            )
        else:
            connection.execute(sa.insert(table).values(row))
        subscription = connection.execute(known).mappings().one()
        if len(choice.candidates) > 1:
            candidates = [{"fetcher_id": row["module_id"], "name": row["name"]} for row in choice.candidates]
            note_subscription_conflict(connection, subscription["subscription_id"], candidates, now)
    core.wake("fetch", str(subscription["subscription_id"]))
    return subscription


def check_source(url: str) -> None:
    """Raise ``InvalidInput`` for what is not the address of a feed."""
    _check(url, 60, "rss")


def _check(url: str, interval: object, source_type: str) -> None:
    problems = []
    if not _is_web_address(url):
        message = _("Give the address of a feed, such as https://example.org/rss.")
        problems.append(Problem(field="source_url", message=message))
    if type(interval) is not int or not 1 <= interval <= MAX_INTERVAL_MINUTES:
        message = _("Give minutes between 1 and {most}.", most=MAX_INTERVAL_MINUTES)
        problems.append(Problem(field="fetch_interval_minutes", message=message))
    if source_type != "rss":
        problems.append(
            Problem(field="source_type", message=_("Only rss is known (Atom is understood too)."))
        )
    if problems:
        raise InvalidInput(problems)


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_complete = parts.scheme in {"http", "https"} and bool(parts.hostname)
    return is_complete and len(url) <= MAX_URL and url.isprintable()


def remove_subscription(core: Core, subscription_id: int) -> Row:
    """Stop following a feed. What it brought stays: titles, downloads and files."""
    table = tables.subscriptions
    with core.database.write() as connection:
        query = sa.select(table).where(table.c.subscription_id == subscription_id, table.c.is_active)
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound(_("There is no subscription {subscription_id}.", subscription_id=subscription_id))
        connection.execute(
            sa.update(table)
            .where(table.c.subscription_id == subscription_id)
            .values(is_active=False, updated_at=core.now())
        )
        close_subscription_conflicts(connection, subscription_id, core.now())
    return row


def follow_again(core: Core, subscription_id: int) -> Row:
    """Follow a feed again that was followed before, as it was. Raises ``NotFound`` and ``Conflict``."""
    table = tables.subscriptions
    query = sa.select(table).where(table.c.subscription_id == subscription_id)
    with core.database.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no subscription {subscription_id}.", subscription_id=subscription_id))
    kept = ("source_url", "name", "description", "fetch_interval_minutes", "config", "source_type")
    chosen = {} if row["auto_selected"] else {"fetcher_id": row["fetcher_id"]}
    return add_subscription(core, {name: row[name] for name in kept} | chosen)


def due_subscriptions(core: Core) -> list[int]:
    """Return the ids of active subscriptions whose next fetch is due, the longest waiting first."""
    table = tables.subscriptions
    query = (
        sa.select(table.c.subscription_id)
        .where(
            table.c.is_active, sa.or_(table.c.next_fetch_at.is_(None), table.c.next_fetch_at <= core.now())
        )
        .order_by(table.c.next_fetch_at)
        .limit(1000)
    )
    with core.database.read() as connection:
        return list(connection.execute(query).scalars())


def stagger(core: Core, subscription_ids: Sequence[int]) -> list[tuple[int, float]]:
    """Return when to fetch each, in seconds from now: feeds of one site one after the other."""
    table = tables.subscriptions
    with core.database.read() as connection:
        query = sa.select(table.c.subscription_id, table.c.source_url)
        urls = {row[0]: row[1] for row in connection.execute(query.where(table.c.is_active))}
    counts: Counter[str | None] = Counter()
    delays = []
    for subscription_id in subscription_ids:
        if subscription_id in urls:
            site = _site(urls[subscription_id])
            delays.append((subscription_id, counts[site] * SITE_GAP_S))
            counts[site] += 1
    return delays


def fetch_if_due(core: Core, subscription_id: int) -> Ingested | None:
    """Fetch a feed unless that happened, or was put off, since it was found to be due."""
    table = tables.subscriptions
    query = sa.select(table.c.next_fetch_at).where(table.c.subscription_id == subscription_id)
    with core.database.read() as connection:
        due = connection.execute(query).scalar_one_or_none()
    return fetch_subscription(core, subscription_id) if due is None or due <= core.now() else None


def _site(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _is_about_the_site(error: SeitonError) -> bool:
    """Say whether other feeds of the site would fail in the same way: it is away, or wants fewer requests."""
    if not isinstance(error, FetchError):
        return False
    is_away = error.reason in {FetchFault.CONNECTION, FetchFault.TIMEOUT}
    return is_away or error.http_status in {429, 503}


def _asked_pause(error: SeitonError) -> timedelta:
    """Return how long the site asks not to be asked, a day at most."""
    seconds = error.retry_after_s if isinstance(error, FetchError) else None
    return min(timedelta(seconds=seconds or 0), LONGEST_REST)


def _let_site_rest(core: Core, failed: Row, until: datetime) -> None:
    """Put off the other feeds of a site that are due before ``until``."""
    table, site = tables.subscriptions, _site(failed["source_url"])
    with core.database.write() as connection:
        query = sa.select(table.c.subscription_id, table.c.source_url).where(
            table.c.is_active, sa.or_(table.c.next_fetch_at.is_(None), table.c.next_fetch_at < until)
        )
        same = [row[0] for row in connection.execute(query) if _site(row[1]) == site]
        for part in chunks(same):
            update = sa.update(table).where(table.c.subscription_id.in_(part))
            connection.execute(update.values(next_fetch_at=until))


def fetch_subscription(core: Core, subscription_id: int) -> Ingested | None:
    """Fetch one feed now; ``None`` when it did not change, could not be had (the row says why), or comes
    later from a registered fetcher.
    """
    table = tables.subscriptions
    query = sa.select(table).where(table.c.subscription_id == subscription_id, table.c.is_active)
    with core.database.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    if row["fetcher_id"]:
        ask_fetcher(core, row)
        return None
    trust_feed(core, row["source_url"])
    try:
        fetched = fetch_feed(
            core.web,
            row["source_url"],
            etag=row["etag"],
            last_modified=row["last_modified"],
            limits=FeedLimits(max_bytes=core.max_feed_bytes),
        )
    except SeitonError as error:
        failures = row["failures"] + 1
        asked = _asked_pause(error)
        again = max(next_try(core.now(), failures), core.now() + asked)
        note_fetch(core, row, {"last_error": str(error), "failures": failures, "next_fetch_at": again})
        if _is_about_the_site(error):
            note_failure(core, NeighbourKind.SITE, row["source_url"], error)
            _let_site_rest(core, row, min(again, core.now() + max(SITE_REST, asked)))
        return None
    note_answer(core, NeighbourKind.SITE, row["source_url"])
    result = ingest(core, subscription_id, fetched.feed.items) if fetched.feed is not None else None
    values: dict[str, Any] = {
        "last_error": None,
        "failures": 0,
        "etag": fetched.etag,
        "last_modified": fetched.last_modified,
        "last_fetched_at": core.now(),
        "next_fetch_at": core.now() + pause_of(row["fetch_interval_minutes"], row["feed_kind"]),
    }
    if fetched.feed is not None:
        kind = fetched.feed.kind.value
        values["feed_kind"] = kind
        values["next_fetch_at"] = core.now() + pause_of(row["fetch_interval_minutes"], kind)
        values["item_faults"] = [
            {"index": fault.index, "title": fault.title, "code": fault.code.value, "message": fault.message}
            for fault in fetched.feed.faults
        ]
        values["name"] = row["name"] or fetched.feed.title or None
    # After the items are stored: a crash in between fetches again and finds them known.
    note_fetch(core, row, values)
    return result
