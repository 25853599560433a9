"""Core's HTTP interface: what each route answers, and what it answers to nonsense."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from httpx2 import Response

from seiton.adapters.bulk import BulkWrite
from seiton.core import tables
from seiton.core.figures import MOST_COUNTED
from tests.integration.api_world import PARSER, ApiWorld, served, title

ROOT = Path(__file__).parents[2]
HUGE = 2**63


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path) as world:
        yield world


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    """A world on each of the two databases."""
    with ApiWorld(tmp_path, database_url) as world:
        yield world


def problem(answer: Response, status: int, field: str | None = None) -> dict[str, Any]:
    """Check that ``answer`` is an error in the one format, about ``field``; return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code", "errors", "error", "message"} <= document.keys()
    assert document["status"] == status
    assert document["error"] == document["code"]
    assert document["message"] == document["detail"]
    if field is not None:
        assert field in [entry["field"] for entry in document["errors"]], document
        assert all(entry["message"] and entry["code"] for entry in document["errors"])
    return document


# Health and figures


def test_health_names_the_service(world: ApiWorld) -> None:
    answer = world.client.get("/health")
    assert answer.status_code == 200
    assert answer.json().items() >= {"status": "ok", "service": "core-service"}.items()


def test_health_is_503_when_the_database_is_gone(world: ApiWorld) -> None:
    world.core.database.close()
    (world.settings.data / "seiton.db").unlink()
    (world.settings.data / "seiton.db").mkdir()
    problem(world.client.get("/health"), 503)
    (world.settings.data / "seiton.db").rmdir()


def test_the_root_is_left_for_pages(world: ApiWorld) -> None:
    problem(world.client.get("/"), 404)


def test_figures_count_by_status(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1), title(2)])
    figures = both.client.get("/dashboard/stats").json()
    assert figures["active_subscriptions"] == figures["total_anime"] == figures["total_series"] == 1
    assert figures["downloads"] == {"pending": 2}
    assert figures["raw_items"] == {"parsed": 2}
    assert figures["total_downloads"] == 2


def test_figures_say_where_they_stopped_counting(both: ApiWorld) -> None:
    table, most = tables.raw_items, MOST_COUNTED
    row = {"status": "no_match", "created_at": datetime.now(UTC), "download_type": "http"}
    rows = [
        row | {"title": "x", "download_url": f"https://feed.test/{n}", "url_hash": f"{n:064x}"}
        for n in range(most + 5)
    ]
    with both.core.database.write() as connection:
        BulkWrite(sa.insert(table), list(rows[0]))(connection, rows)
        connection.execute(sa.update(table).where(table.c.item_id <= 4).values(status="failed"))
    figures = both.client.get("/dashboard/stats").json()
    assert figures["raw_items"] == {"no_match": most, "failed": 4}
    assert (figures["counted_to"], figures["more"]) == (most, ["raw_items.no_match"])
    exact = both.client.get("/dashboard/stats?exact=true").json()
    assert exact["raw_items"] == {"no_match": most + 1, "failed": 4}
    assert (exact["counted_to"], exact["more"]) == (None, [])
    assert f"<b>{most + 4}+</b>" in both.client.get("/ui/", headers={"host": "127.0.0.1"}).text


def test_jobs_are_listed(world: ApiWorld) -> None:
    world.seiton.start()
    assert world.seiton.jobs.wait_idle(120)
    names = {job["name"] for job in world.client.get("/jobs").json()["jobs"]}
    assert {"core.reparse", "viewer.converge"} <= names
    assert world.client.get("/jobs?limit=0").json() == {"jobs": [], "activities": []}
    problem(world.client.get("/jobs?limit=-1"), 422, "limit")


# Subscriptions


def test_a_subscription_is_added_listed_fetched_and_removed(both: ApiWorld) -> None:
    client = both.client
    added = client.post(
        "/subscriptions", json={"source_url": "https://feeds.test/rss", "name": "Tea", "config": {"a": [1]}}
    )
    assert added.status_code == 201
    row = added.json()
    assert row["source_url"] == "https://feeds.test/rss"
    assert row["fetch_interval_minutes"] == 60
    assert row["config"] == {"a": [1]}
    assert row["created_at"].endswith("Z")
    number = row["subscription_id"]
    assert ("fetch", str(number)) in both.wakes
    assert [s["subscription_id"] for s in client.get("/subscriptions").json()["subscriptions"]] == [number]
    both.wakes.clear()
    assert client.post(f"/subscriptions/{number}/fetch").status_code == 202
    assert both.wakes == [("fetch", str(number))]
    removed = client.delete(f"/subscriptions/{number}")
    assert removed.json().items() >= {"subscription_id": number, "raw_items_deleted": 0}.items()
    assert client.get("/subscriptions").json() == {"subscriptions": []}
    problem(client.delete(f"/subscriptions/{number}"), 404)
    problem(client.post(f"/subscriptions/{number}/fetch"), 404)


def test_the_contracts_old_name_of_the_address_is_understood(world: ApiWorld) -> None:
    assert world.client.post("/subscriptions", json={"rss_url": "https://feeds.test/a"}).status_code == 201


def test_a_feed_is_subscribed_to_once(both: ApiWorld) -> None:
    body = {"source_url": "https://feeds.test/rss"}
    both.client.post("/subscriptions", json=body)
    assert problem(both.client.post("/subscriptions", json=body), 409)["error"] == "duplicate_url"


def test_a_subscription_shows_what_was_wrong_with_its_last_fetch(world: ApiWorld) -> None:
    from seiton.core.feeds.subscriptions import fetch_subscription

    with served(b"<html>no feed</html>", "text/html") as base:
        number = world.client.post("/subscriptions", json={"source_url": base}).json()["subscription_id"]
        assert fetch_subscription(world.core, number) is None
    row = world.client.get("/subscriptions").json()["subscriptions"][0]
    assert row["failures"] == 1
    assert row["last_error"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "source_url"),
        ({"source_url": "ftp://x/"}, "source_url"),
        ({"source_url": "http://[x"}, "source_url"),
        ({"source_url": 5}, "source_url"),
        ({"source_url": "https://x/" + "a" * 9000}, "source_url"),
        ({"source_url": "https://x/\0"}, "source_url"),
        ({"source_url": "https://x/", "fetch_interval_minutes": 0}, "fetch_interval_minutes"),
        ({"source_url": "https://x/", "fetch_interval_minutes": -5}, "fetch_interval_minutes"),
        ({"source_url": "https://x/", "fetch_interval_minutes": HUGE}, "fetch_interval_minutes"),
        ({"source_url": "https://x/", "source_type": "carrier pigeon"}, "source_type"),
        ({"source_url": "https://x/", "fetcher_id": 3}, "fetcher_id"),
        ({"source_url": "https://x/", "name": "\0"}, "name"),
        ({"source_url": "https://x/", "config": {"a": {"b": "\0"}}}, "config.a.b"),
    ],
)
def test_a_bad_subscription_is_refused_by_field(world: ApiWorld, body: object, field: str) -> None:
    problem(world.client.post("/subscriptions", json=body), 422, field)
    assert world.client.get("/subscriptions").json() == {"subscriptions": []}


# Raw items


def test_raw_items_are_listed_newest_first_in_stable_pages(both: ApiWorld) -> None:
    both.add_parser()
    number = both.subscribe([title(episode) for episode in range(1, 8)])
    every = both.client.get("/raw-items").json()
    ids = [row["item_id"] for row in every]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == 7
    pages = [both.client.get(f"/raw-items?limit=3&offset={offset}").json() for offset in (0, 3, 6)]
    assert [row["item_id"] for page in pages for row in page] == ids
    first = every[-1]
    assert first["title"] == title(1)
    assert first["status"] == "parsed"
    assert first["download"] == {"status": "pending", "progress": None}
    assert first["subscription_ids"] == [number]
    assert both.client.get(f"/raw-items/{first['item_id']}").json() == first


def test_raw_items_are_filtered_and_counted(both: ApiWorld) -> None:
    both.add_parser()
    number = both.subscribe([title(1), title(2), "no rule reads this"])
    get = both.client.get
    unread = [row["title"] for row in get("/raw-items?status=no_match,failed").json()]
    assert unread == ["no rule reads this"]
    assert len(get(f"/raw-items?subscription_id={number}&status=parsed").json()) == 2
    assert get(f"/raw-items/count?subscription_id={number}&status=parsed,no_match").json() == {"count": 3}
    assert get("/raw-items/count").json() == {"count": 3}
    assert get("/raw-items/count?subscription_id=999").json() == {"count": 0}
    assert get("/raw-items?status=").json() == get("/raw-items").json()


def test_the_furthest_download_of_an_item_stands_for_it(world: ApiWorld) -> None:
    world.add_parser()
    world.subscribe([title(1)])
    world.file_episodes()
    assert world.client.get("/raw-items").json()[0]["download"]["status"] == "synced"


def test_one_title_is_parsed_again_and_set_aside(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1), "no rule reads this"])
    odd, tea = both.client.get("/raw-items").json()
    again = both.client.post(f"/raw-items/{tea['item_id']}/reparse").json()
    assert again.items() >= {"success": True, "items_processed": 1, "items_parsed": 1}.items()
    miss = both.client.post(f"/raw-items/{odd['item_id']}/reparse").json()
    assert miss.items() >= {"success": False, "items_parsed": 0, "status": "no_match"}.items()
    assert both.client.post(f"/raw-items/{odd['item_id']}/skip").status_code == 204
    both.add_parser(
        condition_regex=".", parse_regex="^()(.+)()()$", episode_no_source="static", episode_no_value="1"
    )
    assert both.client.get(f"/raw-items/{odd['item_id']}").json()["status"] == "skipped"


def test_unknown_raw_items_are_404(world: ApiWorld) -> None:
    for method, path in (("GET", ""), ("POST", "/reparse"), ("POST", "/skip")):
        problem(world.client.request(method, f"/raw-items/77{path}"), 404)


# Parsers


def test_a_parser_is_created_read_edited_and_deleted(both: ApiWorld) -> None:
    both.subscribe([title(1), title(2)])
    created = both.add_parser(description="for tea")
    number = created["parser_id"]
    assert created["reparse"] == {"total": 2, "parsed": 2, "failed": 0, "no_match": 0, "resync_triggered": 0}
    assert created["state"] == "done"
    assert created["resync_id"] > 0
    shown = both.client.get(f"/parsers/{number}").json()
    assert shown.items() >= (PARSER | {"description": "for tea", "is_enabled": True}).items()
    listed = both.client.get("/parsers").json()
    ranks = [(-row["priority"], row["parser_id"]) for row in listed]
    assert ranks == sorted(ranks)
    assert shown in listed
    edited = both.client.put(f"/parsers/{number}", json={"priority": 60}).json()
    assert edited.items() >= (PARSER | {"priority": 60, "description": "for tea", "version": 2}).items()
    deleted = both.client.delete(f"/parsers/{number}")
    assert deleted.status_code == 200
    assert deleted.json()["reparse"].keys() == created["reparse"].keys()
    problem(both.client.get(f"/parsers/{number}"), 404)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_an_edit_keeps_what_the_request_leaves_out(world: ApiWorld, method: str) -> None:
    number = world.add_parser(is_enabled=False, description="kept", year_source="static", year_value="2026")[
        "parser_id"
    ]
    edited = world.client.request(method, f"/parsers/{number}", json={"name": "other"}).json()
    assert edited["is_enabled"] is False
    assert edited["description"] == "kept"
    assert (edited["year_source"], edited["year_value"]) == ("static", "2026")
    emptied = world.client.request(
        method, f"/parsers/{number}", json={"year_source": None, "year_value": None}
    ).json()
    assert emptied["year_source"] is None


def test_what_get_answers_can_be_given_back(world: ApiWorld) -> None:
    number = world.add_parser()["parser_id"]
    row = world.client.get(f"/parsers/{number}").json()
    assert world.client.put(f"/parsers/{number}", json=row | {"priority": 1}).status_code == 200
    # … but not twice: somebody changed it in between.
    problem(world.client.put(f"/parsers/{number}", json=row | {"priority": 2}), 409)
    assert world.client.get(f"/parsers/{number}").json()["priority"] == 1


def test_parsers_are_found_by_what_they_were_made_from(world: ApiWorld) -> None:
    number = world.add_parser(created_from_type="anime", created_from_id=7)["parser_id"]
    found = world.client.get("/parsers?created_from_type=anime&created_from_id=7").json()
    assert [row["parser_id"] for row in found] == [number]
    assert world.client.get("/parsers?created_from_type=anime&created_from_id=8").json() == []
    problem(world.client.get("/parsers?created_from_type=planet"), 422, "created_from_type")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"priority": None}, "priority"),
        ({"priority": 2**31}, "priority"),
        ({"priority": "high"}, "priority"),
        ({"is_enabled": None}, "is_enabled"),
        ({"condition_regex": "("}, "condition_regex"),
        ({"parse_regex": "(?=a)"}, "parse_regex"),
        ({"parse_regex": "a" * 20_000}, "parse_regex"),
        ({"anime_title_value": "$9"}, "anime_title_value"),
        ({"anime_title_source": "guess"}, "anime_title_source"),
        ({"episode_no_source": "static", "episode_no_value": "many"}, "episode_no_value"),
        ({"series_no_source": "static", "series_no_value": "-1"}, "series_no_value"),
        ({"series_no_source": None}, "series_no_source"),
        ({"episode_offset": 10**9}, "episode_offset"),
        ({"created_from_id": 0}, "created_from_id"),
        ({"created_from_id": HUGE}, "created_from_id"),
    ],
)
def test_a_bad_parser_is_refused_by_field(world: ApiWorld, changes: dict[str, object], field: str) -> None:
    before = world.client.get("/parsers").json()
    problem(world.client.post("/parsers", json=PARSER | changes), 422, field)
    assert world.client.get("/parsers").json() == before
    number = world.add_parser()["parser_id"]
    problem(world.client.patch(f"/parsers/{number}", json=changes), 422, field)
    assert world.client.get("/resyncs?limit=500").json()["resyncs"][0]["cause"] == "parser_created"


def test_required_fields_are_named_together(world: ApiWorld) -> None:
    fields = {entry["field"] for entry in problem(world.client.post("/parsers", json={}), 422)["errors"]}
    assert fields == {
        "name",
        "condition_regex",
        "parse_regex",
        "anime_title_source",
        "anime_title_value",
        "episode_no_source",
        "episode_no_value",
    }


def test_an_edit_moves_files_and_its_resync_tells_of_them(both: ApiWorld) -> None:
    number = both.add_parser()["parser_id"]
    both.subscribe([title(1), title(2), title(3)])
    both.file_episodes()
    written = both.client.patch(f"/parsers/{number}", json={"episode_offset": 1}).json()
    assert written["reparse"]["resync_triggered"] == 3
    assert written["state"] == "running"
    address = f"/resyncs/{written['resync_id']}"
    assert both.client.get(address).json()["counts"]["pending"] == 3
    both.settle()
    resync = both.client.get(address).json()
    assert resync["state"] == "done"
    assert resync["cause"] == "parser_updated"
    assert resync["counts"]["moved"] == 3
    assert resync["before"]["episode_offset"] == 0
    assert resync["after"]["episode_offset"] == 1
    assert resync["finished_at"].endswith("Z")
    for item in resync["items"]:
        assert item["before_path"] != item["after_path"]
        assert Path(item["after_path"]).exists()
    page = both.client.get(f"{address}?limit=1&offset=1&outcome=moved").json()["items"]
    assert page == resync["items"][1:2]
    assert both.client.get(f"{address}?outcome=held").json()["items"] == []
    problem(both.client.get(f"{address}?outcome=lost"), 422, "outcome")
    listed = both.client.get("/resyncs?state=done").json()["resyncs"]
    assert listed[0]["counts"] == resync["counts"]
    problem(both.client.get("/resyncs/999"), 404)


def test_a_preview_changes_nothing_and_is_what_happens_then(both: ApiWorld) -> None:
    number = both.add_parser()["parser_id"]
    both.subscribe([title(1), title(2)])
    both.file_episodes()
    before = both.library_files()
    draft = {"parser_id": number, "episode_offset": 1}
    preview = both.client.post("/parsers/preview", json=draft).json()
    assert preview["condition_regex_valid"] and preview["parse_regex_valid"]
    assert [row["after_matched_by"] for row in preview["results"]] == ["(current)", "(current)"]
    assert [row["parse_result"]["episode_no"] for row in preview["results"]] == [3, 2]
    moves = {move["from_path"]: move["to_path"] for move in preview["impact"]["moves"]}
    assert sorted(moves) == before == both.library_files()
    both.client.patch(f"/parsers/{number}", json={"episode_offset": 1})
    both.settle()
    assert both.library_files() == sorted(moves.values())
    gone = both.client.post(f"/parsers/{number}/preview-deletion").json()
    assert gone["items_reparsed"] == 2
    problem(both.client.post("/parsers/999/preview-deletion"), 404)


def test_a_faulty_draft_is_answered_with_its_faults(world: ApiWorld) -> None:
    answer = world.client.post("/parsers/preview", json=PARSER | {"parse_regex": "("})
    assert answer.status_code == 200
    preview = answer.json()
    assert preview["parse_regex_valid"] is False
    assert preview["condition_regex_valid"] is True
    assert preview["regex_error"]
    assert preview["results"] == []
    assert preview["impact"] is None


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"limit": -1}, 422, "limit"),
        ({"target_type": "planet"}, 422, "target_type"),
        ({"target_type": "anime"}, 422, "target_id"),
        ({"target_type": "anime", "target_id": -1}, 422, "target_id"),
        ({"parser_id": HUGE}, 422, "parser_id"),
        ({"exclude_parser_id": 999}, 404, None),
        ({"anime_title_source": "guess"}, 422, "anime_title_source"),
    ],
)
def test_a_preview_of_nonsense_is_refused(
    world: ApiWorld, changes: dict[str, object], status: int, field: str | None
) -> None:
    problem(world.client.post("/parsers/preview", json=PARSER | changes), status, field)


def test_a_preview_can_be_scoped(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    both.subscribe(["something else"])
    assert len(both.client.post("/parsers/preview", json=PARSER).json()["results"]) == 2
    for kind in ("subscription", "fetcher", "anime", "anime_series", "subtitle_group"):
        body = PARSER | {"target_type": kind, "target_id": 1}
        answer = both.client.post("/parsers/preview", json=body)
        assert answer.status_code == 200
        assert [row["title"] for row in answer.json()["results"]] == [title(1)]


# Works, links, downloads


def test_the_library_is_listed_by_work_series_group_and_link(both: ApiWorld) -> None:
    both.add_parser()
    number = both.subscribe([title(1), title(2), title(1, "Cake")])
    both.file_episodes()
    get = both.client.get
    animes = get("/anime").json()["animes"]
    assert sorted(anime["title"] for anime in animes) == ["Cake", "Tea"]
    tea = next(anime for anime in animes if anime["title"] == "Tea")
    assert get(f"/anime/{tea['anime_id']}").json() == tea
    (series,) = get(f"/anime/{tea['anime_id']}/series").json()["series"]
    rich = next(row for row in get("/series").json()["series"] if row["series_id"] == series["series_id"])
    assert (rich["anime_title"], rich["episode_found"], rich["episode_downloaded"]) == ("Tea", 2, 2)
    assert rich["subscriptions"] == [{"subscription_id": number, "name": "Tea feed"}]
    assert rich["season"]["season"] == "unknown"
    links = get(f"/links/{series['series_id']}").json()["links"]
    assert [link["episode_no"] for link in links] == [1, 2]
    assert links[0]["group_name"] == "Group"
    assert links[0]["download"]["status"] == "synced"
    assert [group["group_name"] for group in get("/subtitle-groups").json()["groups"]] == ["Group"]
    assert len(get("/anime?limit=1&offset=1").json()["animes"]) == 1
    assert len(get("/series?limit=1").json()["series"]) == 1
    for path in ("/anime/99", "/anime/99/series", "/links/99"):
        problem(get(path), 404)


def test_downloads_are_listed_in_stable_pages(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(episode) for episode in range(1, 6)])
    get = both.client.get
    every = get("/downloads").json()
    assert [row["status"] for row in every] == ["pending"] * 5
    ids = [row["download_id"] for row in every]
    pages = [get(f"/downloads?limit=2&offset={offset}").json() for offset in (0, 2, 4)]
    assert [row["download_id"] for page in pages for row in page] == ids
    one = get(f"/downloads/{ids[0]}").json()
    assert one == every[0]
    assert (one["anime_title"], one["series_no"], one["subtitle_group"]) == ("Tea", 1, "Group")
    assert one["file_path"] is None
    assert get("/downloads?status=synced").json() == []
    problem(get("/downloads?status=lost"), 422, "status")
    problem(get("/downloads/99"), 404)


def test_a_filed_download_says_where_it_lies(world: ApiWorld) -> None:
    world.add_parser()
    world.subscribe([title(1)])
    (row,) = world.file_episodes()
    assert row["file_path"] == row["library_path"]
    assert Path(row["file_path"]).exists()


@pytest.mark.parametrize(
    ("way", "after"),
    [
        (["failed"], "pending"),
        (["cancelled"], "pending"),
        (["no_downloader"], "pending"),
        (["downloading", "completed", "sync_failed"], "completed"),
        (["downloading", "downloader_error"], "downloader_error"),
    ],
)
def test_what_was_given_up_is_tried_again(both: ApiWorld, way: list[str], after: str) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    number = both.client.get("/downloads").json()[0]["download_id"]
    both.set_download(number, *way, attempts=9, hold_reason="no_space", error_message="no")
    both.wakes.clear()
    answer = both.client.post(f"/downloads/{number}/retry")
    assert answer.status_code == 200, answer.text
    row = answer.json()
    assert (row["status"], row["attempts"], row["hold_reason"], row["error_message"]) == (
        after,
        0,
        None,
        None,
    )
    assert {job for job, _key in both.wakes} >= {"downloads", "reconcile"}


def test_what_is_under_way_or_done_is_not_tried_again(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    number = both.client.get("/downloads").json()[0]["download_id"]
    problem(both.client.post(f"/downloads/{number}/retry"), 409)
    both.file_episodes()
    problem(both.client.post(f"/downloads/{number}/retry"), 409)
    problem(both.client.post("/downloads/99/retry"), 404)


def test_a_download_that_was_replaced_is_not_tried_again(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    number = both.client.get("/downloads").json()[0]["download_id"]
    both.set_download(number, "cancelled")
    item = both.client.get("/raw-items").json()[0]["item_id"]
    both.client.post(f"/raw-items/{item}/reparse")
    later = [row["download_id"] for row in both.client.get("/downloads?status=pending").json()]
    if not later:  # the title led to nothing new: take the link's place by another release
        both.subscribe([title(1).replace("1080p", "720p")])
        later = [row["download_id"] for row in both.client.get("/downloads?status=pending").json()]
    assert later
    assert str(later[0]) in problem(both.client.post(f"/downloads/{number}/retry"), 409)["detail"]


# Callbacks


def test_a_callback_files_a_download(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    number = both.client.get("/downloads").json()[0]["download_id"]
    both.set_download(number, "downloading", "completed", "syncing", sent_revision=1)
    body = {"download_id": number, "status": "synced", "target_path": "/library/Tea/1.mkv"}
    late = both.client.post("/sync-callback?revision=7", json=body)
    assert late.json() == {"status": "ok", "applied": False}
    taken = both.client.post("/sync-callback?revision=1", json=body)
    assert taken.json() == {"status": "ok", "applied": True}
    row = both.client.get(f"/downloads/{number}").json()
    assert (row["status"], row["file_path"]) == ("synced", "/library/Tea/1.mkv")


def test_a_failed_callback_keeps_the_reason(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    number = both.client.get("/downloads").json()[0]["download_id"]
    both.set_download(number, "downloading", "completed", "syncing", sent_revision=1)
    body = {"download_id": number, "status": "failed", "error_message": "disk " * 5000, "reason": "no_space"}
    assert both.client.post("/sync-callback", json=body | {"held": True}).json()["applied"]
    row = both.client.get("/downloads?held=true").json()[0]
    assert (row["status"], row["hold_reason"]) == ("sync_failed", "no_space")
    assert both.client.get("/downloads?held=false").json() == []


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"download_id": 99}, 404, None),
        ({"download_id": 99, "status": "failed"}, 404, None),
        ({"target_path": None}, 422, "target_path"),
        ({"status": "moved"}, 422, "status"),
        ({"download_id": -1}, 422, "download_id"),
        ({"download_id": HUGE}, 422, "download_id"),
        ({"download_id": "one"}, 422, "download_id"),
        ({"target_path": "/a\0b"}, 422, "target_path"),
        ({"target_path": "/" + "a" * 5000}, 422, "target_path"),
        ({"revision": 0}, 422, "revision"),
        ({"reason": "x" * 31}, 422, "reason"),
    ],
)
def test_a_bad_callback_is_refused(
    world: ApiWorld, changes: dict[str, object], status: int, field: str | None
) -> None:
    body = {"download_id": 1, "status": "synced", "target_path": "/x.mkv"} | changes
    problem(world.client.post("/sync-callback", json=body), status, field)


def test_a_revision_in_the_address_is_checked_too(world: ApiWorld) -> None:
    body = {"download_id": 1, "status": "synced", "target_path": "/x.mkv"}
    problem(world.client.post("/sync-callback?revision=0", json=body), 422, "revision")
    problem(world.client.post("/sync-callback?revision=one", json=body), 422, "revision")


# Nonsense, everywhere

_NUMBERS = ["0", "-1", str(HUGE), "9" * 5000, "1.5", "abc", "%00", "1%00", "٣x", " "]


def test_an_absurd_number_in_any_path_is_an_error_of_the_client(both: ApiWorld) -> None:
    asked = 0
    paths = [path for path in both.app.openapi()["paths"] if "{" in path]
    for path, number in itertools.product(paths, _NUMBERS):
        for method in both.app.openapi()["paths"][path]:
            answer = both.client.request(method, re.sub(r"\{\w+\}", number, path), json={})
            assert 400 <= answer.status_code < 500, (method, path, answer.text)
            problem(answer, answer.status_code)
            asked += 1
    assert asked > 15 * len(_NUMBERS)


def test_absurd_query_values_are_never_a_fault_of_ours(both: ApiWorld) -> None:
    values = ["-1", str(HUGE), "x", "%00", "%ED%A0%80", "1e9", ""]
    for path, operations in both.app.openapi()["paths"].items():
        if "get" not in operations or "{" in path:
            continue
        for parameter, value in itertools.product(operations["get"].get("parameters", []), values):
            answer = both.client.get(f"{path}?{parameter['name']}={value}")
            assert answer.status_code in {200, 422}, (path, parameter["name"], answer.text)
            if answer.status_code == 422:
                problem(answer, 422, parameter["name"])


def test_the_largest_numbers_are_answered(both: ApiWorld) -> None:
    most = HUGE - 1
    for path in ("/raw-items", "/downloads", "/resyncs", "/anime", "/series", "/subtitle-groups"):
        assert both.client.get(f"{path}?limit={most}&offset={most}").status_code == 200


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 422),
        (b"[" * 100_000, 400),
        (b'{"name": "\xff"}', 400),
        (b"null", 422),
        (b"[]", 422),
        (b'"text"', 422),
        (b'{"name": "\\ud800"}', 422),
        (b'{"name": "\\u0000"}', 422),
        (b'{"priority": 1e999}', 422),
        (b'{"priority": NaN}', 422),
        (b'{"limit": 1' + b"0" * 5000 + b"}", 400),
    ],
)
def test_a_body_that_is_no_json_of_ours_is_refused(world: ApiWorld, content: bytes, status: int) -> None:
    for path in ("/parsers", "/parsers/preview", "/subscriptions", "/sync-callback"):
        answer = world.client.post(path, content=content, headers={"Content-Type": "application/json"})
        problem(answer, status)


def test_text_beyond_the_basic_plane_is_not_mistaken_for_half_of_it(both: ApiWorld) -> None:
    body = json.dumps(PARSER | {"name": "茶 🍵 \\u0000"})
    assert "\\ud83c" in body
    answer = both.client.post("/parsers", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201
    assert both.client.get(f"/parsers/{answer.json()['parser_id']}").json()["name"] == "茶 🍵 \\u0000"


def test_a_body_that_is_too_large_is_refused_before_it_is_read(world: ApiWorld) -> None:
    large = b"x" * (5 * 1024 * 1024 + 1)
    json_type = {"Content-Type": "application/json"}
    problem(world.client.post("/parsers", content=large, headers=json_type), 413)
    in_parts = (large[start : start + 65536] for start in range(0, len(large), 65536))
    problem(world.client.post("/parsers", content=in_parts, headers=json_type), 413)


def test_a_wrong_method_says_which_are_right(world: ApiWorld) -> None:
    answer = world.client.delete("/subscriptions")
    problem(answer, 405)
    assert "POST" in answer.headers["allow"] or "GET" in answer.headers["allow"]


def test_errors_are_in_the_readers_language(world: ApiWorld) -> None:
    english = problem(world.client.get("/parsers/99"), 404)["detail"]
    chinese = problem(world.client.get("/parsers/99", headers={"Accept-Language": "zh-TW"}), 404)["detail"]
    assert english == "There is no parser 99."
    assert chinese != english
    assert "99" in chinese


# The documents


def test_the_schema_describes_every_error(world: ApiWorld) -> None:
    schema = world.client.get("/openapi.json").json()
    assert schema["info"]["title"] == "Seiton"
    text = json.dumps(schema)
    assert "HTTPValidationError" not in text
    assert {"ProblemDocument", "FieldProblem"} <= schema["components"]["schemas"].keys()
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in schema["components"]["schemas"]


def test_the_document_of_the_api_names_every_route(world: ApiWorld) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8").partition("<!-- routes -->")[0]
    documented = set(re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/\S*)`", text, re.MULTILINE))
    routes = {
        (method.upper(), path)
        for path, operations in world.app.openapi()["paths"].items()
        for method in operations
    }
    assert documented == routes
