"""The Viewer's HTTP interface: recorded and answered at once, or refused with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seiton.viewer.converge import converge
from tests.integration.api_world import ApiWorld
from tests.integration.test_core_api import HUGE, problem


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path) as world:
        yield world


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    """A world on each of the two databases."""
    with ApiWorld(tmp_path, database_url) as world:
        yield world


def described(download_id: int = 1, **changes: object) -> dict[str, Any]:
    """Return what every request says; a peer that knows only the contract says no more."""
    return {
        "download_id": download_id,
        "series_id": 1,
        "anime_title": "Tea",
        "series_no": 1,
        "episode_no": download_id,
        "subtitle_group": "Group",
        "callback_url": "http://core.test/sync-callback",
        **changes,
    }


def sync(world: ApiWorld, download_id: int = 1, **changes: object) -> dict[str, Any]:
    path = world.settings.downloads / f"{download_id}.mkv"
    path.write_bytes(bytes([download_id]) * 2000)
    return described(download_id, file_path=str(path), **changes)


def filed(world: ApiWorld, *download_ids: int) -> list[str]:
    """File downloads and return the library."""
    for download_id in download_ids:
        assert world.client.post("/sync", json=sync(world, download_id)).status_code == 202
    converge(world.viewer)
    return world.library_files()


def test_health_stands_beside_cores(world: ApiWorld) -> None:
    answer = world.client.get("/viewer/health")
    assert answer.json().items() >= {"status": "healthy", "service": "jellyfin-viewer"}.items()
    assert answer.json()["version"]


def test_a_sync_is_recorded_and_a_repeat_is_free(both: ApiWorld) -> None:
    body = sync(both)
    first = both.client.post("/sync", json=body)
    assert first.status_code == 202
    assert first.json() == {"download_id": 1, "receipt": "accepted", "revision": 1, "reason": None}
    assert ("converge", "") in both.wakes
    again = both.client.post("/sync", json=body)
    assert (again.status_code, again.json()["receipt"]) == (202, "repeated")


def test_a_resync_moves_the_file(both: ApiWorld) -> None:
    assert filed(both, 1) == ["Tea/Season 01/Tea - S01E01.mkv"]
    answer = both.client.post("/resync", json=described(episode_no=2, old_target_path="/nowhere"))
    assert (answer.status_code, answer.json()["revision"]) == (202, 2)
    converge(both.viewer)
    assert both.library_files() == ["Tea/Season 01/Tea - S01E02.mkv"]


def test_a_source_outside_the_download_folder_is_refused(world: ApiWorld) -> None:
    for path in ("/etc/passwd", "../../etc/passwd", "/downloads/../../etc/passwd"):
        answer = world.client.post("/sync", json=described(file_path=path))
        document = problem(answer, 422, "file_path")
        assert document["reason"] == "outside_root"


def test_an_old_path_outside_the_library_is_refused(world: ApiWorld) -> None:
    filed(world, 1)
    answer = world.client.post("/resync", json=described(9, old_target_path="/etc/passwd"))
    assert problem(answer, 422, "old_target_path")["reason"] == "outside_root"


def test_a_file_that_is_not_known_is_404(world: ApiWorld) -> None:
    answer = world.client.post("/resync", json=described(9, old_target_path="Tea/none.mkv"))
    assert problem(answer, 404)["receipt"] == "unknown"


def test_an_older_revision_is_told_the_later_one(both: ApiWorld) -> None:
    newer = sync(both, core_instance="c", revision=5)
    assert both.client.post("/sync", json=newer).status_code == 202
    older = newer | {"revision": 3}
    document = problem(both.client.post("/sync", json=older), 409)
    assert (document["receipt"], document["revision"]) == ("stale", 5)


def test_nothing_is_done_untracked_while_the_library_is_away(world: ApiWorld) -> None:
    filed(world, 1)
    (world.settings.library / ".seiton" / "library-id").write_text("another library\n")
    document = problem(world.client.post("/sync", json=sync(world, 2)), 503)
    assert document["code"] == "library_away"
    one = described(1, episode_no=4, old_target_path="")
    problem(world.client.post("/resync/batch", json={"batch_id": "b", "items": [one]}), 503)
    problem(world.client.get("/resync/batches/b"), 404)


def test_a_batch_is_answered_item_by_item_and_can_be_followed(both: ApiWorld) -> None:
    filed(both, 1, 2)
    items = [
        described(1, episode_no=2, old_target_path=""),
        described(2, episode_no=1, old_target_path=""),
        described(9, old_target_path="/etc/passwd"),
    ]
    answer = both.client.post("/resync/batch", json={"batch_id": "b-1", "items": items})
    assert answer.status_code == 202
    assert answer.json()["batch_id"] == "b-1"
    said = {item["download_id"]: item["receipt"] for item in answer.json()["items"]}
    assert said == {1: "accepted", 2: "accepted", 9: "refused"}
    status = both.client.get("/resync/batches/b-1").json()
    assert (status["total"], status["pending"]) == (2, 2)
    converge(both.viewer)
    status = both.client.get("/resync/batches/b-1").json()
    assert (status["pending"], status["moved"]) == (0, 2)
    problem(both.client.get("/resync/batches/none"), 404)


def test_a_plan_says_what_would_move_and_writes_nothing(both: ApiWorld) -> None:
    before = filed(both, 1, 2)
    first = {
        "plan_id": "p",
        "last": False,
        "items": [described(1, episode_no=2, old_target_path="")],
    }
    assert both.client.post("/resync/plan", json=first).json()["complete"] is False
    last = {"plan_id": "p", "items": [described(2, episode_no=1, old_target_path="")]}
    plan = both.client.post("/resync/plan", json=last).json()
    assert plan["complete"] is True
    assert sorted(step["from_path"] for step in plan["steps"]) == before
    assert sorted(step["to_path"] for step in plan["steps"]) == before  # they swap
    assert plan["holds"] == []
    converge(both.viewer)
    assert both.library_files() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"download_id": 0}, "download_id"),
        ({"download_id": HUGE}, "download_id"),
        ({"series_no": -1}, "series_no"),
        ({"episode_no": 10**6}, "episode_no"),
        ({"anime_title": 7}, "anime_title"),
        ({"anime_title": "a\0"}, "anime_title"),
        ({"anime_title": "a" * 5000}, "anime_title"),
        ({"revision": 0}, "revision"),
        ({"revision": 2**31}, "revision"),
        ({"batch_id": "b" * 65}, "batch_id"),
        ({"core_instance": "c" * 65}, "core_instance"),
        ({"callback_url": None}, "callback_url"),
        ({"facts": {"year": 3}}, "facts.year"),
    ],
)
def test_a_bad_request_is_refused_by_field(world: ApiWorld, changes: dict[str, object], field: str) -> None:
    problem(world.client.post("/sync", json=sync(world) | changes), 422, field)
    resync = described(old_target_path="") | changes
    problem(world.client.post("/resync", json=resync), 422, field)
    for path, key in (("/resync/batch", "batch_id"), ("/resync/plan", "plan_id")):
        answer = world.client.post(path, json={key: "x", "items": [described(old_target_path=""), resync]})
        if not (field == "batch_id" and path == "/resync/batch"):
            problem(answer, 422, f"items.1.{field}")


def test_a_batch_is_bounded_and_named(world: ApiWorld) -> None:
    item = described(old_target_path="")
    problem(world.client.post("/resync/batch", json={"batch_id": "b", "items": [item] * 501}), 422, "items")
    problem(world.client.post("/resync/batch", json={"batch_id": "", "items": []}), 422, "batch_id")
    problem(world.client.post("/resync/batch", json={"batch_id": "b" * 65, "items": []}), 422, "batch_id")
    problem(world.client.get("/resync/batches/" + "b" * 65), 422, "batch_id")


@pytest.mark.parametrize("title", ["..", "", "a" * 300, "CON", "../../etc", "a/b"])
def test_no_title_leads_out_of_the_library(world: ApiWorld, title: str) -> None:
    answer = world.client.post("/sync", json=sync(world, anime_title=title))
    assert answer.status_code in {202, 422}, answer.text
    converge(world.viewer)
    outside = [path for path in world.folder.rglob("*.mkv") if world.settings.downloads not in path.parents]
    assert all(world.settings.library in path.parents for path in outside)
