"""Where a site that a feed comes from can be searched: the address of a feed of what it finds."""

from __future__ import annotations

from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from seiton.adapters.feeds.feed import FeedKind

_WORDS = ("q", "searchstr", "keyword", "term", "search", "query")
"""Parameters by which sites are searched; a feed that has one is a search already."""
_OF_A_PAGE = frozenset({"offset", "limit", "ep", "season", "imdbid", "tvdbid"})


def search_address(url: str, kind: str | None, words: str) -> str | None:
    """Return the address of a feed of what has ``words`` at the site of the feed ``url``.

    ``None`` where it is not known how that site is searched. Torznab: function ``search`` with ``q``; keys,
    categories and what else the address says stay.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=50)
    match kind:
        case FeedKind.TORZNAB:
            kept = [(name, value) for name, value in query if name not in {"t", "q", *_OF_A_PAGE}]
            asked = [("t", "search"), *kept, ("q", words)]
        case FeedKind.MIKAN:
            return urlunsplit(parts._replace(path="/RSS/Search", query=urlencode({"searchstr": words})))
        case FeedKind.BANGUMI_MOE:
            return urlunsplit(parts._replace(path=f"/rss/search/{quote(words, safe='')}", query=""))
        case FeedKind.NYAA | FeedKind.ANIMETOSHO:
            asked = [*((name, value) for name, value in query if name != "q"), ("q", words)]
        case FeedKind.DMHY:
            parts = parts._replace(path="/topics/rss/rss.xml")
            asked = [("keyword", words)]
        case FeedKind.ACG_RIP:
            parts = parts._replace(path="/.xml")
            asked = [("term", words)]
        case _:
            if not any(name in _WORDS for name, _value in query):
                return None
            asked = [(name, words if name in _WORDS else value) for name, value in query]
    return urlunsplit(parts._replace(query=urlencode(asked), fragment=""))
