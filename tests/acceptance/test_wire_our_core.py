"""Our Core with a fetcher, a downloader and a viewer that know only the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.acceptance.peers import ForeignDownloader, ForeignFetcher, ForeignViewer, call, register
from tests.acceptance.roles import PARSER, Swarm, get, running, wait_for

TYPES = ["magnet", "torrent"]


def subscribe(core: str, swarm: Swarm) -> Any:
    status, parser = call("POST", f"{core}/parsers", PARSER)
    assert status == 201, parser
    status, subscription = call("POST", f"{core}/subscriptions", {"source_url": swarm.feed_url})
    assert status == 201, subscription
    return subscription


def statuses(core: str) -> set[str]:
    return {row["status"] for row in get(f"{core}/downloads")}


def test_our_core_has_a_foreign_fetcher_read_its_feeds(tmp_path: Path) -> None:
    with (
        Swarm(tmp_path) as swarm,
        ForeignFetcher() as fetcher,
        running("core", tmp_path) as core,
    ):
        status, refusal = call("POST", f"{core}/subscriptions", {"source_url": swarm.feed_url})
        assert (status, refusal["code"]) == (400, "no_capable_fetcher")
        register(core, "fetcher", "foreign", fetcher.port, fetch_endpoint="/fetch")
        subscription = subscribe(core, swarm)
        [module] = get(f"{core}/fetcher-modules")["fetcher_modules"]
        assert (subscription["fetcher_id"], module["name"]) == (module["module_id"], "foreign")
        [asked] = fetcher.sent("POST", "/can-handle-subscription")
        assert asked.body == {"source_url": swarm.feed_url, "source_type": "rss"}

        wait_for(lambda: len(get(f"{core}/raw-items")) == 2, "the items are there")
        [errand] = fetcher.sent("POST", "/fetch")
        assert errand.body == {
            "subscription_id": subscription["subscription_id"],
            "rss_url": swarm.feed_url,
            "callback_url": f"{core}/raw-fetcher-results",
        }
        assert {item["status"] for item in get(f"{core}/raw-items")} == {"parsed"}
        [known] = get(f"{core}/subscriptions")["subscriptions"]
        assert known["last_fetched_at"] is not None and known["failures"] == 0
        urls = get(f"{core}/fetcher-modules/{module['module_id']}/subscriptions")
        assert urls == {"fetcher_id": module["module_id"], "urls": [swarm.feed_url]}


def test_our_core_has_a_foreign_downloader_fetch_torrents(tmp_path: Path) -> None:
    with (
        Swarm(tmp_path) as swarm,
        ForeignFetcher() as fetcher,
        ForeignDownloader() as downloader,
        running("core", tmp_path) as core,
    ):
        register(core, "fetcher", "foreign", fetcher.port)
        subscribe(core, swarm)
        wait_for(lambda: statuses(core) == {"no_downloader"}, "nobody can fetch them")
        before = {row["download_id"] for row in get(f"{core}/downloads")}

        register(core, "downloader", "foreign", downloader.port, supported_download_types=TYPES)
        wait_for(lambda: statuses(core) == {"completed"}, "both are complete")
        rows = get(f"{core}/downloads")
        assert {row["download_id"] for row in rows} == before
        urls = [item["url"] for one in downloader.sent("POST", "/downloads") for item in one.body["items"]]
        assert len(urls) == len(set(urls)) == 2
        for row in rows:
            assert Path(row["file_path"]).read_bytes() == swarm.bytes_of(row["episode_no"])


def test_our_core_has_a_foreign_viewer_keep_the_library(tmp_path: Path) -> None:
    library = tmp_path / "foreign library"
    with (
        Swarm(tmp_path) as swarm,
        ForeignFetcher() as fetcher,
        ForeignDownloader() as downloader,
        ForeignViewer(str(library)) as viewer,
        running("core", tmp_path) as core,
    ):
        register(core, "fetcher", "foreign", fetcher.port)
        register(core, "downloader", "foreign", downloader.port, supported_download_types=TYPES)
        register(core, "viewer", "foreign", viewer.port, sync_endpoint="/sync")
        subscribe(core, swarm)
        wait_for(lambda: statuses(core) == {"synced"}, "both are in the library")
        first, second = viewer.sent("POST", "/sync")
        assert set(first.body) == {
            *("download_id", "series_id", "anime_title", "series_no"),
            *("episode_no", "subtitle_group", "file_path", "callback_url"),
        }
        assert first.body["callback_url"] == f"{core}/sync-callback?revision=1"
        assert {first.body["episode_no"], second.body["episode_no"]} == {1, 2}

        [parser] = [one for one in get(f"{core}/parsers") if one["name"] == "Group"]
        draft = PARSER | {"anime_title_source": "static", "anime_title_value": "Green Tea"}
        question = draft | {"exclude_parser_id": parser["parser_id"]}
        status, preview = call("POST", f"{core}/parsers/preview", question)
        assert status == 200
        assert {hold["reason"] for hold in preview["impact"]["holds"]} == {"no_preview"}
        status, written = call("PUT", f"{core}/parsers/{parser['parser_id']}", draft)
        assert (status, written["reparse"]["resync_triggered"]) == (200, 2)
        wait_for(lambda: len(viewer.sent("POST", "/resync")) == 2, "both are to be moved")
        wait_for(lambda: statuses(core) == {"synced"}, "both are moved")
        for request in viewer.sent("POST", "/resync"):
            assert request.body["callback_url"] == f"{core}/sync-callback?revision=2"
            assert "/Tea/" in request.body["old_target_path"]
        for row in get(f"{core}/downloads"):
            wanted = library / "Green Tea" / "Season 01" / f"Green Tea - S01E0{row['episode_no']}.mkv"
            assert row["file_path"] == str(wanted)
            assert wanted.read_bytes() == swarm.bytes_of(row["episode_no"])
            assert row["applied_revision"] == 2
