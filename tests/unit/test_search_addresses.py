"""Where a site is searched that a feed comes from."""

from __future__ import annotations

import pytest

from seiton.adapters.feeds.search_addresses import search_address


@pytest.mark.parametrize(
    ("url", "kind", "address"),
    [
        (
            "http://box:9117/api/v2.0/indexers/all/results/torznab/?t=tvsearch&apikey=k&cat=5070&ep=3",
            "torznab",
            "http://box:9117/api/v2.0/indexers/all/results/torznab/?t=search&apikey=k&cat=5070&q=A+B",
        ),
        ("https://nyaa.si/?page=rss&c=1_2&q=x", "nyaa", "https://nyaa.si/?page=rss&c=1_2&q=A+B"),
        (
            "https://mikanani.me/RSS/MyBangumi?token=t",
            "mikan",
            "https://mikanani.me/RSS/Search?searchstr=A+B",
        ),
        (
            "https://share.dmhy.org/topics/rss/sort_id/2/rss.xml",
            "dmhy",
            "https://share.dmhy.org/topics/rss/rss.xml?keyword=A+B",
        ),
        ("https://bangumi.moe/rss/latest", "bangumi_moe", "https://bangumi.moe/rss/search/A%20B"),
        ("https://acg.rip/team/1.xml", "acg_rip", "https://acg.rip/.xml?term=A+B"),
        ("https://h.example/rss?q=x&c=2", "generic", "https://h.example/rss?q=A+B&c=2"),
        ("https://h.example/rss?c=2", "generic", None),
        ("https://subsplease.org/rss/?r=1080", "subsplease", None),
        ("https://h.example/rss", None, None),
    ],
)
def test_a_site_is_searched_as_it_wants_to_be(url: str, kind: str | None, address: str | None) -> None:
    assert search_address(url, kind, "A B") == address
