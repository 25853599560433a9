"""What a feed brings, and how it would be read, before it is followed. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seiton.adapters.feeds import FeedLimits, fetch_feed
from seiton.core.feeds.subscriptions import check_source
from seiton.core.rules.rulesets import rule_of, snapshot
from seiton.core.service import Core, trust_feed
from seiton.domain.captures import Piece, pieces_of
from seiton.domain.rules import Matched, ParsedTitle
from seiton.domain.titles import Ruleset

SHOWN = 30
"""Entries of a feed that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedEntry:
    """An entry of a feed; ``parsed`` is None where no parser reads its title."""

    title: str
    pieces: Sequence[Piece]
    parsed: ParsedTitle | None
    parser: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPreview:
    """``total`` entries, of which ``read`` are read; ``faults``: entries that cannot be used."""

    title: str
    total: int
    read: int
    faults: int
    entries: Sequence[FeedEntry]


def preview_feed(core: Core, url: str) -> FeedPreview:
    """Fetch ``url``, which a person wants to follow, and read its titles by the parsers as they are.

    Raises ``InvalidInput`` for what is no address, and what fetching raises.
    """
    check_source(url)
    trust_feed(core, url)
    fetched = fetch_feed(core.web, url, limits=FeedLimits(max_bytes=core.max_feed_bytes))
    feed = fetched.feed
    titles = [item.title for item in feed.items] if feed is not None else []
    with core.database.read() as connection:
        rows = snapshot(connection)
    rules = {row["parser_id"]: rule_of(row) for row in rows}
    ruleset = Ruleset(rules.values())
    entries: list[FeedEntry] = []
    read = 0
    for title in titles:
        outcome = ruleset.parse(title)
        is_read = isinstance(outcome, Matched)
        read += is_read
        if len(entries) < SHOWN and isinstance(outcome, Matched):
            rule = rules[outcome.parser_id]
            pieces = pieces_of(rule, title, outcome.parsed)
            entries.append(FeedEntry(title=title, pieces=pieces, parsed=outcome.parsed, parser=rule.name))
        elif len(entries) < SHOWN:
            entries.append(FeedEntry(title=title, pieces=[Piece(text=title)], parsed=None, parser=None))
    return FeedPreview(
        title=(feed.title or "") if feed is not None else "",
        total=len(titles),
        read=read,
        faults=len(feed.faults) if feed is not None else 0,
        entries=entries,
    )
