"""Take the entries of a feed: store what is new, parse it by the rules as they are, want its downloads."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.feeds import FeedItem
from seiton.core import tables
from seiton.core.downloads.wanting import cancel_downloads, want_when_settled
from seiton.core.filing.desired import refresh_desired
from seiton.core.links.flags import refresh_flags
from seiton.core.links.making import Applied, apply_outcomes, outcome_for
from seiton.core.rules.rulesets import lock_state, ruleset
from seiton.core.service import Core
from seiton.domain.rules import Failed, Matched, Outcome
from seiton.domain.states import CancelReason, RawItemStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingested:
    """What became of the entries of one feed document."""

    received: int
    new: int
    parsed: int
    failed: int


def hash_url(url: str) -> str:
    """Return the SHA-256 (hex) by which URLs are told apart: they outgrow an index."""
    return hashlib.sha256(url.encode()).hexdigest()


def ingest(core: Core, subscription_id: int, items: Sequence[FeedItem]) -> Ingested:
    """Store ``items`` under the subscription and parse the new ones, in transactions of a few hundred.

    An item that another subscription brought before belongs to both.
    """
    received = new = parsed = failed = 0
    for part in chunks(items):
        with core.database.write() as connection:
            state = lock_state(connection)
            fresh, joined = _store(core, connection, subscription_id, part)
            pairs: list[tuple[Row, Outcome]] = []
            if fresh:
                rules = ruleset(connection, state["rules_version"])
                pairs = [(row, rules.parse(row["title"])) for row in fresh]
            applied = apply_outcomes(connection, pairs, core.now())
            _join(core, connection, joined, applied)
            _want(core, connection, applied)
        received += len(part)
        new += len(fresh)
        parsed += sum(isinstance(outcome, Matched) for _row, outcome in pairs)
        failed += sum(isinstance(outcome, Failed) for _row, outcome in pairs)
    core.wake("downloads", "")
    if new:
        core.wake("titles", "")
        core.wake("identity", "")
    return Ingested(received=received, new=new, parsed=parsed, failed=failed)


def _want(core: Core, connection: sa.Connection, applied: Applied) -> None:
    """Want downloads, unless titles are being parsed again: the end of that sees what is missing."""
    cancel_downloads(connection, applied.filtered_out, CancelReason.FILTER, core.now())
    want_when_settled(connection, applied.episodes, core.now())


def _join(core: Core, connection: sa.Connection, item_ids: Sequence[int], applied: Applied) -> None:
    """Filter known items by the rules of the subscription that they belong to from now on as well."""
    links = tables.links.c
    for part in chunks(item_ids):
        found = (
            connection.execute(sa.select(links.link_id).where(links.raw_item_id.in_(part))).scalars().all()
        )
        out, episodes = refresh_flags(connection, found, core.now())
        applied.filtered_out += out
        applied.episodes |= episodes


def _store(
    core: Core, connection: sa.Connection, subscription_id: int, items: Sequence[FeedItem]
) -> tuple[list[Row], list[int]]:
    """Insert unknown items and tie all to the subscription; return the new rows, and the known items that
    were not tied to it before."""
    table, ties = tables.raw_items, tables.item_subscriptions
    now = core.now()
    by_hash = {hash_url(item.download_url): item for item in items}
    known = _by_hash(connection, list(by_hash))
    missing = [
        _row(item, digest, subscription_id) | {"created_at": now}
        for digest, item in by_hash.items()
        if digest not in known
    ]
    # The oldest entry of a feed stands last: ids follow publication.
    for rows in chunks(list(reversed(missing))):
        connection.execute(sa.insert(table), rows)
    stored = _by_hash(connection, list(by_hash))
    tied = set(
        connection.execute(
            sa.select(ties.c.item_id).where(
                ties.c.subscription_id == subscription_id,
                ties.c.item_id.in_([row["item_id"] for row in stored.values()]),
            )
        ).scalars()
    )
    new_ties = [
        {"item_id": row["item_id"], "subscription_id": subscription_id, "seen_at": now}
        for row in stored.values()
        if row["item_id"] not in tied
    ]
    if new_ties:
        connection.execute(sa.insert(ties), new_ties)
    fresh = sorted(
        (row for digest, row in stored.items() if digest not in known), key=lambda row: int(row["item_id"])
    )
    return fresh, [row["item_id"] for row in known.values() if row["item_id"] not in tied]


def _by_hash(connection: sa.Connection, hashes: Sequence[str]) -> dict[str, Row]:
    table = tables.raw_items
    found: dict[str, Row] = {}
    for part in chunks(hashes):
        query = sa.select(table).where(table.c.url_hash.in_(part))
        found.update((row["url_hash"], row) for row in connection.execute(query).mappings())
    return found


def _row(item: FeedItem, digest: str, subscription_id: int) -> dict[str, Any]:
    return {
        "title": item.title,
        "description": item.description,
        "download_url": item.download_url,
        "url_hash": digest,
        "pub_date": item.pub_date,
        "subscription_id": subscription_id,
        "status": RawItemStatus.PENDING.value,
        "download_type": item.download_type.value,
        "info_hash": item.info_hash,
        "size": item.size,
        "page_url": item.page_url,
        "facts": dict(item.facts),
    }


def reparse_item(core: Core, item_id: int) -> Applied | None:
    """Parse one stored title again by all rules, the same way as everything else; ``None``: no such item."""
    table = tables.raw_items
    with core.database.write() as connection:
        state = lock_state(connection)
        row = connection.execute(sa.select(table).where(table.c.item_id == item_id)).mappings().one_or_none()
        if row is None:
            return None
        outcome = outcome_for(row, ruleset(connection, state["rules_version"]).parse(row["title"]))
        applied = apply_outcomes(connection, [(row, outcome)], core.now())
        refresh_desired(connection, applied.touched, None, core.now())
        _want(core, connection, applied)
    core.wake("downloads", "")
    core.wake("reconcile", "")
    return applied
