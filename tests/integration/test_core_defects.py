"""Defects of the reference that have no better place: their numbers are those of docs/defects.md."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from seiton.adapters.feeds import FeedItem
from seiton.adapters.torrents.port import Added, TorrentSource, TorrentStatus
from seiton.core import tables
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.transfers import check_transfers
from seiton.core.feeds.ingest import ingest
from seiton.core.feeds.subscriptions import fetch_subscription
from seiton.core.filing.resync import reconcile
from seiton.core.filters.rules import create_filter
from seiton.core.works.catalogue import create_anime
from seiton.domain.states import DownloadType, ModuleType
from seiton.errors import Conflict
from tests.integration.api_world import ApiWorld, feed_of
from tests.integration.api_world import title as release
from tests.integration.core_world import CoreWorld, Shelf, Wire, world
from tests.integration.test_modules import Scripted, add, downloads, wanted

__all__ = ["world"]


@pytest.fixture
def api(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as made:
        yield made


def held(world: CoreWorld) -> int:
    """Return how many connections somebody has out."""
    number: int = world.database.engine.pool.checkedout()  # type: ignore[attr-defined]
    return number


def test_50_no_connection_is_held_while_others_are_asked(world: CoreWorld) -> None:
    asked: dict[str, int] = {}

    class WatchedShelf(Shelf):
        def add(self, source: TorrentSource, *, save_path: str) -> Added:
            asked["client"] = held(world)
            return super().add(source, save_path=save_path)

        def status(self, hashes: Collection[str]) -> dict[str, TorrentStatus]:
            asked["status"] = held(world)
            return super().status(hashes)

    class Feed(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked["feed"] = held(world)
            body = feed_of(["[G] Show - 01 [1080p]"])
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    class WatchedWire(Wire):
        def _here(self) -> Any:
            asked["viewer"] = held(world)
            return super()._here()

    world.torrents = WatchedShelf()
    world.wire = WatchedWire(world)
    world.start()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Feed)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        assert fetch_subscription(world.core, world.subscribe(f"http://127.0.0.1:{server.server_port}/rss"))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    start_downloads(world.core)
    check_transfers(world.core)
    reconcile(world.core)
    assert asked == {"feed": 0, "client": 0, "status": 0, "viewer": 0}


def test_51_an_item_has_one_link_in_each_place(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    [link] = world.rows(tables.links)
    again = {name: value for name, value in link.items() if name != "link_id"}
    again |= {"episode_no": 9, "source_hash": "another"}
    with pytest.raises(IntegrityError), world.database.write() as connection:
        connection.execute(sa.insert(tables.links).values(again))


def test_53_a_series_is_of_the_year_in_which_its_first_release_came_out(world: CoreWorld) -> None:
    published = datetime(2019, 10, 5, 12, tzinfo=UTC)
    url = "magnet:?xt=urn:btih:" + "a" * 40
    item = FeedItem(
        title="[G] Old Show - 01 [1080p]",
        download_url=url,
        download_type=DownloadType.MAGNET,
        info_hash="a" * 40,
        pub_date=published,
    )
    ingest(world.core, world.subscription_id, [item])
    assert [row["year"] for row in world.rows(tables.seasons)] == [2019]


def test_54_a_series_without_releases_keeps_its_id_and_its_rules(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    [series] = world.rows(tables.series)
    rule = {"target_type": "anime_series", "target_id": series["series_id"], "is_positive": False}
    create_filter(world.core, rule | {"regex_pattern": "720p"})
    edit = world.create(priority=9, anime_title="Misread")
    [link] = world.rows(tables.links)
    assert edit.parser is not None
    assert link["series_id"] != series["series_id"]
    world.edit(edit.parser["parser_id"], is_enabled=False)
    [link] = world.rows(tables.links)
    assert link["series_id"] == series["series_id"]
    world.bring("[G] Show - 02 [720p]")
    assert [row["filtered_flag"] for row in world.rows(tables.links)] == [False, True]


def test_73_a_viewer_is_told_the_address_at_which_it_registered(api: ApiWorld) -> None:
    with Scripted(POST_sync=(202, None)) as viewer:
        add(api, viewer.port, module_type=ModuleType.VIEWER, name="foreign", core_url="http://nas.test:8000")
        wanted(api, release(1))
        [row] = downloads(api)
        path = api.settings.downloads / "1.mkv"
        path.write_bytes(b"tea" * 1000)
        api.set_download(row["download_id"], "downloading", "completed", source_path=str(path))
        reconcile(api.core)
        [message] = viewer.sent("POST", "/sync")
    assert message.body["callback_url"].startswith("http://nas.test:8000/sync-callback")


def test_84_times_have_one_form_everywhere(api: ApiWorld) -> None:
    api.add_parser()
    api.subscribe([release(1)])
    api.file_episodes()
    times: list[str] = []

    def collect(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                collect(key, inner)
        elif isinstance(value, list):
            for inner in value:
                collect(name, inner)
        elif isinstance(value, str) and name.endswith(("_at", "_date", "_until")):
            times.append(value)

    for path in (
        "/anime",
        "/series",
        "/links/1",
        "/downloads",
        "/raw-items",
        "/parsers",
        "/resyncs",
        "/seasons",
    ):
        answer = api.client.get(path)
        assert answer.status_code == 200, path
        collect("", answer.json())
    assert len(times) > 15
    assert [
        time for time in times if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", time)
    ] == []


def test_a_work_is_entered_once(world: CoreWorld) -> None:
    added = create_anime(world.core, "Tea\u0301 Time")
    assert added["title"] == "Teá Time"
    with pytest.raises(Conflict):
        create_anime(world.core, " Teá Time ")
