"""The one place where a link is found wanted or filtered out: at ingest, reparse, edits and in previews."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.domain.filters import Decision, FilterRule, FilterSet, Target, TargetType, targets_of

LinkFacts = Mapping[int, tuple[Row, Decision]]
"""Links by id, each with what the rules say about it."""


def filter_rule_of(row: Row) -> FilterRule:
    """Return the rule that a row of ``filter_rules`` holds."""
    return FilterRule(
        rule_id=row["rule_id"],
        target_type=TargetType(row["target_type"]),
        target_id=row["target_id"],
        rule_order=row["rule_order"],
        is_positive=row["is_positive"],
        pattern=row["regex_pattern"],
        is_enabled=row["is_enabled"],
    )


def load_filters(connection: sa.Connection) -> list[FilterRule]:
    """Return all filter rules as they are."""
    table = tables.filter_rules
    query = sa.select(table).order_by(table.c.rule_id)
    return [filter_rule_of(row) for row in connection.execute(query).mappings()]


def decide_links(connection: sa.Connection, link_ids: Sequence[int], filters: FilterSet) -> LinkFacts:
    """Return links (id, title, flag, raw item, episode), each with what ``filters`` decide on it."""
    links, series = tables.links, tables.series
    query = sa.select(
        links.c.link_id,
        links.c.title,
        links.c.filtered_flag,
        links.c.raw_item_id,
        links.c.group_id,
        links.c.series_id,
        links.c.episode_no,
        links.c.episode_tenths,
        series.c.anime_id,
    ).select_from(links.join(series, series.c.series_id == links.c.series_id))
    found: dict[int, tuple[Row, Decision]] = {}
    for part in chunks(sorted(set(link_ids))):
        rows = connection.execute(query.where(links.c.link_id.in_(part))).mappings().all()
        brought = _subscriptions(connection, [row["raw_item_id"] for row in rows if row["raw_item_id"]])
        for row in rows:
            targets = targets_of(
                anime_id=row["anime_id"],
                series_id=row["series_id"],
                group_id=row["group_id"],
                subscriptions=brought.get(row["raw_item_id"], {}),
            )
            found[row["link_id"]] = row, filters.decide(row["title"] or "", targets)
    return found


def _subscriptions(connection: sa.Connection, item_ids: Sequence[int]) -> dict[int, dict[int, int]]:
    """Return who brought each item: subscription → fetcher."""
    ties, subscriptions = tables.item_subscriptions, tables.subscriptions
    brought: dict[int, dict[int, int]] = {}
    for part in chunks(sorted(set(item_ids))):
        query = (
            sa.select(ties.c.item_id, ties.c.subscription_id, subscriptions.c.fetcher_id)
            .select_from(ties.join(subscriptions, subscriptions.c.subscription_id == ties.c.subscription_id))
            .where(ties.c.item_id.in_(part))
        )
        for item_id, subscription_id, fetcher_id in connection.execute(query):
            brought.setdefault(item_id, {})[subscription_id] = fetcher_id
    return brought


def refresh_flags(
    connection: sa.Connection, link_ids: Sequence[int], now: datetime
) -> tuple[list[int], set[tuple[int, int, int]]]:
    """Flag links by the rules as they are. Only what differs is written.

    Returns the links that are filtered out now and were not, and the episodes of all that changed. The
    caller takes back the downloads of the former, and wants the latter.
    """
    facts = decide_links(connection, link_ids, FilterSet(load_filters(connection)))
    changed = [
        (row, decision) for row, decision in facts.values() if row["filtered_flag"] == decision.included
    ]
    table = tables.links
    for is_wanted in (True, False):
        ids = [row["link_id"] for row, decision in changed if decision.included is is_wanted]
        for part in chunks(ids):
            update = sa.update(table).where(table.c.link_id.in_(part))
            connection.execute(update.values(filtered_flag=not is_wanted, updated_at=now))
    out = [row["link_id"] for row, decision in changed if not decision.included]
    episodes = {(row["series_id"], row["episode_no"], row["episode_tenths"]) for row, _decision in changed}
    return out, episodes


def links_in(targets: Collection[Target]) -> sa.ColumnElement[bool]:
    """Return the condition on ``links`` that finds those to which rules of ``targets`` apply."""
    if any(kind is TargetType.GLOBAL for kind, _number in targets):
        return sa.true()
    links, series, subscriptions = tables.links.c, tables.series.c, tables.subscriptions.c
    ties = tables.item_subscriptions.c
    numbers: dict[TargetType, list[int]] = {}
    for kind, number in targets:
        numbers.setdefault(kind, []).append(number or 0)
    conditions: list[sa.ColumnElement[bool]] = []
    for kind, ids in numbers.items():
        if kind is TargetType.ANIME:
            mine = sa.select(series.series_id).where(series.anime_id.in_(ids))
            conditions.append(links.series_id.in_(mine))
        elif kind is TargetType.ANIME_SERIES:
            conditions.append(links.series_id.in_(ids))
        elif kind is TargetType.SUBTITLE_GROUP:
            conditions.append(links.group_id.in_(ids))
        else:
            feeds = sa.select(subscriptions.subscription_id)
            if kind is TargetType.FETCHER:
                feeds = feeds.where(subscriptions.fetcher_id.in_(ids))
            else:
                feeds = feeds.where(subscriptions.subscription_id.in_(ids))
            conditions.append(
                links.raw_item_id.in_(sa.select(ties.item_id).where(ties.subscription_id.in_(feeds)))
            )
    return sa.or_(sa.false(), *conditions)


def link_chunks(connection: sa.Connection, targets: Collection[Target]) -> Iterator[Sequence[int]]:
    """Give the ids of the links to which rules of ``targets`` apply, in ascending pieces."""
    links, cursor = tables.links.c, 0
    condition = links_in(targets)
    while True:
        query = (
            sa.select(links.link_id)
            .where(links.link_id > cursor, condition)
            .order_by(links.link_id)
            .limit(_TOGETHER)
        )
        ids = connection.execute(query).scalars().all()
        if not ids:
            return
        yield ids
        cursor = ids[-1]


_TOGETHER = 500
