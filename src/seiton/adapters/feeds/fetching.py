"""A feed, over the web."""

from __future__ import annotations

from dataclasses import dataclass

from seiton.adapters.feeds.feed import Feed
from seiton.adapters.feeds.reading import read_feed
from seiton.adapters.http import NotModified, WebClient

ACCEPT = "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedLimits:
    """``max_bytes``: most bytes of a feed, unpacked."""

    max_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedFeed:
    """``feed`` is None when nothing changed; the other two belong into the next request."""

    feed: Feed | None
    etag: str | None
    last_modified: str | None


DEFAULT_LIMITS = FeedLimits()


def fetch_feed(
    client: WebClient,
    url: str,
    *,
    etag: str | None = None,
    last_modified: str | None = None,
    limits: FeedLimits = DEFAULT_LIMITS,
    linked_from: str | None = None,
) -> FetchedFeed:
    """Fetch and read ``url``, whose host the client's policy must know as configured, unless it is public and
    named by ``linked_from``, whose host is.

    Raises ``FetchError`` and ``FeedError``; then ``etag`` and ``last_modified`` must stay as they were, or
    a broken answer would be taken for the last good one.
    """
    answer = client.get(
        url,
        max_bytes=limits.max_bytes,
        accept=ACCEPT,
        etag=etag,
        last_modified=last_modified,
        linked_from=linked_from,
    )
    if isinstance(answer, NotModified):
        return FetchedFeed(feed=None, etag=answer.etag, last_modified=answer.last_modified)
    feed = read_feed(answer.body, url=answer.url, content_type=answer.content_type)
    return FetchedFeed(feed=feed, etag=answer.etag, last_modified=answer.last_modified)
