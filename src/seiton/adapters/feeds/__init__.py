"""Feeds: documents that name what can be downloaded."""

from __future__ import annotations

from seiton.adapters.feeds.feed import (
    FaultCode,
    Feed,
    FeedError,
    FeedFault,
    FeedItem,
    FeedKind,
    FeedReason,
)
from seiton.adapters.feeds.fetching import FeedLimits, FetchedFeed, fetch_feed
from seiton.adapters.feeds.kinds import kind_of
from seiton.adapters.feeds.reading import read_feed

__all__ = [
    "FaultCode",
    "Feed",
    "FeedError",
    "FeedFault",
    "FeedItem",
    "FeedKind",
    "FeedLimits",
    "FeedReason",
    "FetchedFeed",
    "fetch_feed",
    "kind_of",
    "read_feed",
]
