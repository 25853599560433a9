"""Our fetcher, downloader and viewer for a Core that knows only the contract."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.acceptance.peers import ForeignCore, call
from tests.acceptance.roles import Swarm, get, running, wait_for


def registration_of(core: ForeignCore) -> Any:
    wait_for(lambda: bool(core.sent("POST", "/services/register")), "the module registers")
    return core.sent("POST", "/services/register")[0].body


def test_our_fetcher_reads_feeds_for_a_foreign_core(tmp_path: Path) -> None:
    with (
        Swarm(tmp_path) as swarm,
        ForeignCore() as core,
        running("fetcher", tmp_path, "--core-url", core.url) as fetcher,
    ):
        said = registration_of(core)
        assert (said["service_type"], f"http://{said['host']}:{said['port']}") == ("fetcher", fetcher)
        question = {"source_url": swarm.feed_url, "source_type": "rss"}
        assert call("POST", f"{fetcher}/can-handle-subscription", question) == (200, {"can_handle": True})
        no = {"source_url": "gopher://old.example", "source_type": "rss"}
        assert call("POST", f"{fetcher}/can-handle-subscription", no) == (204, None)

        callback = f"{core.url}/raw-fetcher-results"
        errand = {"subscription_id": 7, "rss_url": swarm.feed_url, "callback_url": callback}
        status, answer = call("POST", f"{fetcher}/fetch", errand)
        assert (status, answer["accepted"]) == (202, True)
        wait_for(lambda: bool(core.sent("POST", "/raw-fetcher-results")), "it delivers")
        [delivered] = core.sent("POST", "/raw-fetcher-results")
        assert delivered.body["subscription_id"] == 7 and delivered.body["success"] is True
        assert {item["title"] for item in delivered.body["items"]} == {
            item.release.title for item in swarm.items
        }
        assert all(item["download_url"].endswith(".torrent") for item in delivered.body["items"])

        gone = errand | {"subscription_id": 8, "rss_url": f"{swarm.web.base}/nothing"}
        assert call("POST", f"{fetcher}/fetch", gone)[0] == 202
        wait_for(lambda: len(core.sent("POST", "/raw-fetcher-results")) == 2, "it says that it failed")
        failed = core.sent("POST", "/raw-fetcher-results")[1].body
        assert (failed["success"], failed["items"]) == (False, []) and "404" in failed["error_message"]
        assert len(core.sent("POST", "/services/register")) == 1


def test_our_downloader_fetches_torrents_for_a_foreign_core(tmp_path: Path) -> None:
    with (
        Swarm(tmp_path) as swarm,
        ForeignCore() as core,
        running("downloader", tmp_path, "--core-url", core.url) as downloader,
    ):
        assert registration_of(core)["capabilities"]["supported_download_types"] == ["magnet", "torrent"]
        assert call("POST", f"{downloader}/downloads", {"items": []})[0] == 422
        assert call("GET", f"{downloader}/downloads")[0] == 422
        items = [
            {"url": f"{swarm.web.base}/Download/20260106/{item.info_hash}.torrent", "save_path": "/downloads"}
            for item in swarm.items
        ]
        outside = {"url": items[0]["url"], "save_path": "/etc"}
        status, answer = call("POST", f"{downloader}/downloads", {"items": [*items, outside]})
        first, second, refused = answer["results"]
        assert status == 200
        assert [first["hash"], second["hash"]] == [item.info_hash for item in swarm.items]
        assert (refused["status"], refused["hash"]) == ("failed", None) and "/etc" in refused["reason"]

        hashes = ",".join([first["hash"].upper(), second["hash"], "0" * 40])

        def states() -> list[str]:
            return [one["status"] for one in get(f"{downloader}/downloads?hashes={hashes}")["statuses"]]

        wait_for(lambda: states() == ["completed", "completed", "not_found"], "both are complete")
        one, two, _unknown = get(f"{downloader}/downloads?hashes={hashes}")["statuses"]
        assert one["hash"] == first["hash"].upper() and one["progress"] == 1.0
        assert Path(one["content_path"]).read_bytes() == swarm.bytes_of(1)
        assert Path(two["content_path"]).read_bytes() == swarm.bytes_of(2)

        assert call("POST", f"{downloader}/downloads/{first['hash']}/pause") == (200, None)
        assert call("POST", f"{downloader}/downloads/{first['hash']}/resume") == (200, None)
        assert call("POST", f"{downloader}/downloads/{'0' * 40}/pause")[0] == 404
        status, answer = call("POST", f"{downloader}/downloads/cancel", {"hashes": [first["hash"]]})
        assert answer == {"results": [{"hash": first["hash"], "status": "cancelled"}]}
        path = f"{downloader}/downloads/{second['hash']}?delete_files=true"
        assert call("DELETE", path) == (200, None)
        wait_for(lambda: states() == ["not_found"] * 3, "both are forgotten")
        assert Path(one["content_path"]).exists() and not Path(two["content_path"]).exists()


def test_our_viewer_keeps_the_library_of_a_foreign_core(tmp_path: Path) -> None:
    downloads, library = tmp_path / "downloads", tmp_path / "library"
    downloads.mkdir()
    (downloads / "tea.mkv").write_bytes(b"tea" * 50_000)
    flags = ("--library", str(library), "--downloads", str(downloads))
    with ForeignCore() as core, running("viewer", tmp_path, "--core-url", core.url, *flags) as viewer:
        said = registration_of(core)
        assert (said["service_type"], said["capabilities"]["sync_endpoint"]) == ("viewer", "/sync")
        assert get(f"{viewer}/health")["status"] == "healthy"
        about = {
            "download_id": 5,
            "series_id": 3,
            "anime_title": "Tea",
            "series_no": 1,
            "episode_no": 1,
            "subtitle_group": "Group",
            "callback_url": f"{core.url}/sync-callback",
        }
        status, _answer = call("POST", f"{viewer}/sync", about | {"file_path": "/downloads/tea.mkv"})
        assert status == 202
        wait_for(lambda: len(core.sent("POST", "/sync-callback")) == 1, "it reports")
        [report] = core.sent("POST", "/sync-callback")
        assert set(report.body) == {"download_id", "status", "target_path", "error_message"}
        assert (report.body["download_id"], report.body["status"], report.query) == (5, "synced", {})
        filed = Path(report.body["target_path"])
        assert filed.read_bytes() == (downloads / "tea.mkv").read_bytes()
        assert filed.is_relative_to(library) and filed.with_suffix(".nfo").exists()

        moved = about | {"anime_title": "Green Tea", "old_target_path": str(filed)}
        assert call("POST", f"{viewer}/resync", moved)[0] == 202
        wait_for(lambda: len(core.sent("POST", "/sync-callback")) == 2, "it reports the move")
        target = Path(core.sent("POST", "/sync-callback")[1].body["target_path"])
        assert target.exists() and not filed.exists() and "Green Tea" in os.fspath(target)
        assert not filed.parent.exists()
