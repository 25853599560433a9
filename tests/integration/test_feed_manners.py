"""How sites are treated that feeds come from, and what is remembered of them."""

from __future__ import annotations

from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from seiton.adapters.feeds.delivered import read_delivered
from seiton.core import tables
from seiton.core.feeds.subscriptions import fetch_subscription
from seiton.core.neighbours.states import list_neighbours, may_ask
from seiton.domain.states import NeighbourKind, NeighbourState
from tests.integration.api_world import served
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.neighbours import listening


class Busy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(429)
        self.send_header("Retry-After", "7200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


def _row(world: CoreWorld, subscription_id: int) -> dict[str, object]:
    table = tables.subscriptions
    return dict(world.row(table, table.c.subscription_id == subscription_id))


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        ("mikan_goto_bangumi_3391.xml", "mikan"),
        ("sonarr_nyaa_2021.xml", "nyaa"),
        ("dmhy_alist.xml", "dmhy"),
        ("acgrip_alist.xml", "acg_rip"),
        ("sonarr_torznab_animetosho.xml", "torznab"),
        ("subsplease_2022_batches.xml", "subsplease"),
        ("sonarr_generic_showrss.xml", "generic"),
    ],
)
def test_a_subscription_says_whose_feed_it_is(
    world: CoreWorld, corpus: Path, document: str, kind: str
) -> None:
    with served((corpus / "feeds" / document).read_bytes()) as base:
        subscription_id = world.subscribe(f"{base}/rss")
        assert fetch_subscription(world.core, subscription_id) is not None
    assert _row(world, subscription_id)["feed_kind"] == kind


def test_a_public_site_is_not_asked_every_minute(world: CoreWorld, corpus: Path) -> None:
    with served((corpus / "feeds" / "mikan_goto_bangumi_3391.xml").read_bytes()) as base:
        subscription_id = world.subscribe(f"{base}/rss")
        table = tables.subscriptions
        with world.database.write() as connection:
            connection.execute(table.update().values(fetch_interval_minutes=1))
        fetch_subscription(world.core, subscription_id)
    assert _row(world, subscription_id)["next_fetch_at"] >= world.time + timedelta(minutes=5)  # type: ignore[operator]


def test_a_site_that_names_a_pause_is_left_alone_for_that_long_and_is_on_record(world: CoreWorld) -> None:
    with listening(Busy) as base:
        subscription_id = world.subscribe(f"{base}/rss")
        assert fetch_subscription(world.core, subscription_id) is None
        (site,) = list_neighbours(world.core)
    assert _row(world, subscription_id)["next_fetch_at"] == world.time + timedelta(hours=2)
    assert (site.kind, site.address, site.state) == (NeighbourKind.SITE, base, NeighbourState.AWAY)
    assert site.since == world.time
    assert "429" in (site.last_error or "")
    assert not may_ask(world.core, NeighbourKind.SITE, f"{base}/other")
    world.pass_time(hours=3)
    assert may_ask(world.core, NeighbourKind.SITE, f"{base}/other")


def test_a_site_that_is_back_answers_since_then_and_its_last_error_is_kept(
    world: CoreWorld, corpus: Path
) -> None:
    body = (corpus / "feeds" / "mikan_goto_bangumi_3391.xml").read_bytes()
    answers = [(503, b""), (200, body), (200, body)]

    class Shaky(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, content = answers.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with listening(Shaky) as base:
        subscription_id = world.subscribe(f"{base}/rss")
        fetch_subscription(world.core, subscription_id)
        world.pass_time(minutes=30)
        back = world.time
        fetch_subscription(world.core, subscription_id)
        world.pass_time(minutes=30)
        fetch_subscription(world.core, subscription_id)
    (site,) = list_neighbours(world.core)
    assert (site.state, site.since, site.next_try) == (NeighbourState.WELL, back, None)
    assert "503" in (site.last_error or "")


def test_what_a_fetcher_knows_besides_the_title_is_kept_and_nothing_that_is_ours() -> None:
    entry = {
        "title": "[A] B - 01",
        "download_url": "https://nyaa.si/download/1.torrent",
        "info_hash": "0651A36393EABAF6AEE48624EFC951983EBD3156",
        "size": 5379446784,
        "page_url": "https://nyaa.si/view/1",
        "facts": {"mikan": "3391", "adopted": "x", "subgroup": 5},
    }
    (item,), faults = read_delivered([entry])
    assert faults == []
    assert (item.info_hash, item.size) == ("0651a36393eabaf6aee48624efc951983ebd3156", 5379446784)
    assert (item.page_url, dict(item.facts)) == ("https://nyaa.si/view/1", {"mikan": "3391"})
