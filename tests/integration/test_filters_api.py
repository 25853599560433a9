"""Filters, conflicts and what is entered by hand, at the HTTP interface and the command line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.core import tables
from seiton.core.downloads.conflicts import note_subscription_conflict
from tests.integration.api_world import ApiWorld, title
from tests.integration.test_cli import Terminal
from tests.integration.test_core_api import both as both
from tests.integration.test_core_api import problem
from tests.integration.test_core_api import world as world

NO_720 = {"target_type": "global", "rule_order": 1, "is_positive": False, "regex_pattern": "720p"}


def magnet(name: str) -> str:
    return "magnet:?xt=urn:btih:" + hashlib.sha1(name.encode()).hexdigest()


@pytest.fixture
def seiton(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with world.listening() as url:
        yield Terminal(url, capsys)


# Filters


def test_a_rule_is_added_listed_changed_and_deleted(both: ApiWorld) -> None:
    client = both.client
    added = client.post("/filters", json=NO_720)
    assert added.status_code == 201
    rule = added.json()
    assert rule.items() >= {**NO_720, "target_id": None, "is_enabled": True, "state": "done"}.items()
    assert rule["created_at"].endswith("Z")
    number = rule["rule_id"]
    listed = client.get("/filters?target_type=global").json()["rules"]
    assert [row["rule_id"] for row in listed] == [number]
    changed = client.patch(f"/filters/{number}", json={"is_enabled": False}).json()
    assert (changed["is_enabled"], changed["regex_pattern"], changed["version"]) == (False, "720p", 2)
    problem(client.put(f"/filters/{number}", json={"is_positive": True, "version": 1}), 409)
    assert client.put(f"/filters/{number}", json={"is_positive": True, "version": 2}).status_code == 200
    assert client.get(f"/filters/{number}").json()["is_positive"] is True
    answer = client.delete(f"/filters/{number}")
    assert (answer.status_code, answer.content) == (204, b"")
    problem(client.get(f"/filters/{number}"), 404)
    problem(client.delete(f"/filters/{number}"), 404)


def test_rules_are_listed_for_exactly_one_target(both: ApiWorld) -> None:
    number = both.subscribe([title(1)])
    both.client.post("/filters", json=NO_720)
    own = {**NO_720, "target_type": "subscription", "target_id": number}
    both.client.post("/filters", json=own)
    rules = both.client.get(f"/filters?target_type=subscription&target_id={number}").json()["rules"]
    assert [row["target_type"] for row in rules] == ["subscription"]
    assert len(both.client.get("/filters").json()["rules"]) == 2
    problem(both.client.get("/filters?target_type=subscription"), 422, "target_id")
    problem(both.client.get("/filters?target_type=nothing"), 422)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"regex_pattern": "("}, "regex_pattern"),
        ({"regex_pattern": "a(?=b)"}, "regex_pattern"),
        ({"regex_pattern": ""}, "regex_pattern"),
        ({"regex_pattern": "x" * 1001}, "regex_pattern"),
        ({"target_type": "planet"}, "target_type"),
        ({"target_type": "anime"}, "target_id"),
        ({"target_type": "anime", "target_id": 5}, "target_id"),
        ({"target_id": 5}, "target_id"),
        ({"rule_order": 2**40}, "rule_order"),
        ({"is_positive": None}, "is_positive"),
    ],
)
def test_defect_58_a_rule_that_is_not_valid_is_refused_by_field(
    world: ApiWorld, changes: dict[str, Any], field: str
) -> None:
    problem(world.client.post("/filters", json=NO_720 | changes), 422, field)
    assert world.client.get("/filters").json() == {"rules": []}


def test_defect_60_a_second_global_rule_of_one_order_is_a_conflict(both: ApiWorld) -> None:
    both.client.post("/filters", json=NO_720)
    problem(both.client.post("/filters", json=NO_720), 409)


def test_defect_83_a_preview_names_links_and_raw_items_and_what_would_begin_and_end(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1), title(2)])
    draft = {"target_type": "global", "regex_pattern": "- 01", "is_positive": False}
    found = both.client.post("/filters/preview", json=draft).json()
    link = both.client.get("/links/1").json()["links"][0]
    item = {"item_id": link["link_id"], "link_id": link["link_id"], "raw_item_id": link["raw_item_id"]}
    assert found["regex_valid"] is True
    assert [row["title"] for row in found["before"]["passed_items"]] == [title(2), title(1)]
    assert (found["before"]["filtered"], found["after"]["filtered"], found["after"]["passed"]) == (0, 1, 1)
    assert found["after"]["filtered_items"][0].items() >= (item | {"title": title(1)}).items()
    assert ([row["link_id"] for row in found["cancels"]], found["starts"]) == ([link["link_id"]], [])
    assert found["needs_confirmation"] is False
    number = both.client.post("/filters", json=draft).json()["rule_id"]
    deletion = both.client.post("/filters/preview", json={"exclude_filter_id": number}).json()
    assert [row["link_id"] for row in deletion["starts"]] == [link["link_id"]]
    bad = both.client.post("/filters/preview", json=draft | {"regex_pattern": "("})
    assert (bad.status_code, bad.json()["regex_valid"]) == (200, False)
    assert bad.json()["regex_error"] and bad.json()["after"]["passed_items"] == []
    problem(both.client.post("/filters/preview", json={"exclude_filter_id": 99}), 404)


def test_an_edit_that_waits_is_confirmed(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(number) for number in range(1, 41)])
    written = both.client.post("/filters", json=NO_720 | {"regex_pattern": "Tea"}).json()
    assert (written["state"], written["cancels"]) == ("waiting", 40)
    figures = both.client.get("/dashboard/stats").json()
    assert (figures["waiting_resyncs"], figures["filtered_links"]) == (1, 0)
    number = written["resync_id"]
    shown = both.client.get(f"/resyncs/{number}").json()
    assert (shown["cause"], shown["state"], shown["cancels"]) == ("filter_created", "waiting", 40)
    assert both.client.post(f"/resyncs/{number}/confirm").json()["state"] == "done"
    rows = both.client.get("/downloads?limit=200").json()
    assert {(row["status"], row["cancel_reason"]) for row in rows} == {("cancelled", "filter")}
    problem(both.client.post(f"/resyncs/{number}/confirm"), 409)
    problem(both.client.post("/resyncs/999/confirm"), 404)


# Conflicts


def test_a_release_is_chosen(both: ApiWorld) -> None:
    both.add_parser(condition_regex="Tea", parse_regex=r"^\[(\w+)\] (.+) - (\d+) \[(\d+p)\]")
    both.subscribe(["[A] Tea - 01 [720p]", "[B] Tea - 01 [720p]"])
    assert both.client.get("/downloads").json() == []
    (conflict,) = both.client.get("/link-conflicts").json()["conflicts"]
    assert (conflict["anime_title"], conflict["episode_no"], conflict["why"]) == ("Tea", 1, "groups")
    first, second = (candidate["link_id"] for candidate in conflict["candidates"])
    address = f"/link-conflicts/{conflict['conflict_id']}/resolve"
    problem(both.client.post(address, json={"link_id": 999}), 422, "link_id")
    assert both.client.post(address, json={"link_id": second}).json()["resolved_link_id"] == second
    assert [row["link_id"] for row in both.client.get("/downloads").json()] == [second]
    problem(both.client.post(address, json={"link_id": first}), 409)
    problem(both.client.post("/link-conflicts/99/resolve", json={"link_id": 1}), 404)


def test_defect_83_a_fetcher_is_chosen_and_open_conflicts_are_counted(both: ApiWorld) -> None:
    number = both.subscribe([title(1)])
    candidates = [{"fetcher_id": 4, "name": "mikanani"}, {"fetcher_id": 7, "name": "other"}]
    with both.core.database.write() as connection:
        note_subscription_conflict(connection, number, candidates, both.core.now())
    assert both.client.get("/dashboard/stats").json()["pending_conflicts"] == 1
    (conflict,) = both.client.get("/conflicts").json()["conflicts"]
    assert conflict.keys() == {
        *("conflict_id", "subscription_id", "rss_url", "conflict_type", "conflict_data"),
        *("candidate_fetchers", "created_at"),
    }
    assert conflict["candidate_fetchers"] == candidates
    address = f"/conflicts/{conflict['conflict_id']}/resolve"
    refused = problem(both.client.post(address, json={"fetcher_id": 5}), 422, "fetcher_id")
    assert refused["errors"][0]["code"] == "invalid_fetcher"
    resolved = both.client.post(address, json={"fetcher_id": 7}).json()
    assert resolved.keys() == {
        *("message", "conflict_id", "subscription_id", "resolved_fetcher_id", "resolved_at")
    }
    assert both.client.get("/conflicts").json() == {"conflicts": []}
    assert both.client.get("/dashboard/stats").json()["pending_conflicts"] == 0
    problem(both.client.post(address, json={"fetcher_id": 7}), 409)
    problem(both.client.post("/conflicts/99/resolve", json={"fetcher_id": 7}), 404)


def test_defect_83_what_is_in_the_library_counts_as_completed_and_is_the_furthest(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    both.file_episodes()
    assert both.client.get("/dashboard/stats").json()["completed"] == 1
    with both.core.database.write() as connection:
        stored = connection.execute(sa.select(tables.downloads)).mappings().one()
        older = {"link_id": stored["link_id"], "downloader_type": "magnet", "status": "cancelled"}
        moments = {"created_at": stored["created_at"], "updated_at": stored["updated_at"]}
        connection.execute(sa.insert(tables.downloads).values(older | moments))
    assert both.client.get("/raw-items").json()[0]["download"]["status"] == "synced"


def test_the_policy_of_the_library_is_kept(both: ApiWorld) -> None:
    assert both.client.get("/library/policy").json() == {"group_order": [], "resolution_order": []}
    policy = {"group_order": ["B", "A"], "resolution_order": ["1080p"]}
    for _again in range(2):
        written = both.client.put("/library/policy", json=policy).json()
        assert (policy.items() <= written.items(), written["state"]) == (True, "done")
    assert both.client.get("/library/policy").json() == policy
    problem(both.client.put("/library/policy", json={"group_order": [""]}), 422)
    problem(both.client.put("/library/policy", json={"group_order": "B"}), 422)


# What is entered by hand


def test_a_series_with_a_release_is_entered_by_hand(both: ApiWorld) -> None:
    client = both.client
    with both.core.database.write() as connection:
        now = both.core.now()
        anime = {"title": "Tea", "created_at": now, "updated_at": now}
        connection.execute(sa.insert(tables.animes).values(anime))
    season = client.post("/seasons", json={"year": 2026, "season": "winter"})
    assert season.status_code == 201
    again = client.post("/seasons", json={"year": 2026, "season": "winter"})
    assert again.json() == season.json()
    assert client.get("/seasons").json()["seasons"] == [season.json()]
    body = {
        "anime_id": 1,
        "series_no": 2,
        "season_id": season.json()["season_id"],
        "aired_date": "2026-01-08",
    }
    added = client.post("/anime/series", json=body)
    assert added.status_code == 201
    series = added.json()["series_id"]
    assert client.get(f"/anime/series/{series}").json() == added.json()
    problem(client.post("/anime/series", json=body), 409)
    problem(client.post("/anime/series", json=body | {"anime_id": 9}), 422, "anime_id")
    problem(client.post("/anime/series", json=body | {"series_no": -1}), 422, "series_no")
    changed = client.put(f"/anime/series/{series}", json={"description": "Two cups", "aired_date": None})
    assert (changed.json()["description"], changed.json()["aired_date"]) == ("Two cups", None)
    assert changed.json()["season_id"] == season.json()["season_id"]
    problem(client.put("/anime/series/99", json={}), 404)
    problem(client.get("/anime/series/99"), 404)
    group = client.post("/subtitle-groups", json={"group_name": "G"})
    assert group.status_code == 201
    assert client.post("/subtitle-groups", json={"group_name": " G "}).json() == group.json()
    problem(client.post("/subtitle-groups", json={"group_name": " "}), 422, "group_name")
    link = {"series_id": series, "group_id": group.json()["group_id"], "episode_no": 3, "source_hash": "x"}
    link |= {"url": magnet("tea"), "title": "[G] Tea - 03"}
    made = client.post("/links", json=link)
    assert made.status_code == 201
    assert made.json().items() >= (link | {"filtered_flag": False, "download_type": "magnet"}).items()
    assert [row["status"] for row in client.get("/downloads").json()] == ["pending"]
    problem(client.post("/links", json=link), 409)
    problem(client.post("/links", json=link | {"series_id": 99}), 422, "series_id")
    problem(client.post("/links", json=link | {"url": "ftp://x/y"}), 422, "url")
    problem(client.post("/links", json=link | {"episode_no": -1}), 422, "episode_no")
    client.post("/filters", json=NO_720)
    kept_out = client.post("/links", json=link | {"episode_no": 4, "title": "[G] Tea - 04 [720p]"})
    assert kept_out.json()["filtered_flag"] is True
    assert len(client.get("/downloads").json()) == 1


# The command line


def test_filters_at_the_command_line(world: ApiWorld, seiton: Terminal) -> None:
    world.add_parser()
    world.subscribe([title(1), title(2)])
    assert "everything is wanted" in seiton("filters", "list")
    draft = ["--target", "global", "--exclude", "--pattern", "- 01"]
    foreseen = seiton("filters", "preview", *draft)
    assert "taken back: 1" in foreseen and "Nothing was changed" in foreseen
    assert "taken back: 1" in seiton("filters", "add", *draft)
    number = seiton.json("filters", "list")["rules"][0]["rule_id"]
    assert "must not match" in seiton("filters", "list", "--target", "global")
    assert "begun: 1" in seiton("filters", "edit", number, "--off")
    assert "was deleted" in seiton("filters", "remove", number)
    assert seiton.json("filters", "list") == {"rules": []}
    seiton("filters", "add", "--exclude", code=2)
    seiton("filters", "add", "--pattern", "x", code=2)
    seiton("filters", "edit", 1, code=2)
    seiton("filters", "list", "--target", "anime:x", code=2)
    seiton("filters", "remove", 99, code=1)
    seiton("filters", "add", "--exclude", "--pattern", "(", code=1)
    assert "regex_pattern" in seiton.error


def test_conflicts_at_the_command_line(world: ApiWorld, seiton: Terminal) -> None:
    world.add_parser(condition_regex="Tea", parse_regex=r"^\[(\w+)\] (.+) - (\d+) \[(\d+p)\]")
    assert "nothing to decide" in seiton("conflicts", "list")
    world.subscribe(["[A] Tea - 01 [720p]", "[B] Tea - 01 [720p]"])
    listed = seiton("conflicts", "list")
    assert "Tea S01E01" in listed and "[B] Tea - 01 [720p]" in listed
    (conflict,) = seiton.json("conflicts", "list")["link_conflicts"]
    link = conflict["candidates"][1]["link_id"]
    seiton("conflicts", "resolve", conflict["conflict_id"], code=2)
    assert "chosen" in seiton("conflicts", "resolve", conflict["conflict_id"], "--link", link)
    assert [row["link_id"] for row in world.client.get("/downloads").json()] == [link]


def test_an_edit_is_confirmed_at_the_command_line(world: ApiWorld, seiton: Terminal) -> None:
    world.add_parser()
    world.subscribe([title(number) for number in range(1, 41)])
    said = seiton("filters", "add", "--exclude", "--pattern", "Tea")
    assert "seiton filters confirm" in said
    (resync,) = [row for row in seiton.json("resyncs", "list")["resyncs"] if row["state"] == "waiting"]
    assert "goes on" in seiton("filters", "confirm", resync["resync_id"])
    assert {row["status"] for row in seiton.json("downloads", "list", "--limit", 100)} == {"cancelled"}
