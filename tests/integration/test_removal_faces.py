"""Removal by HTTP and by the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.core.modules.activities import list_activities
from seiton.faces.cli import run
from seiton.text import use_language
from tests.integration.api_world import ApiWorld, title


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as made:
        made.add_parser()
        made.subscribe([title(1), title(2)])
        made.file_episodes()
        yield made


def test_a_series_is_previewed_removed_listed_and_restored(world: ApiWorld) -> None:
    before = world.library_files()
    target = {"target_type": "series", "target_id": 1}
    preview = world.client.post("/removals/preview", json=target).json()
    assert preview["name"] == "Tea S01"
    assert {file["kind"] for file in preview["files"]} == {"video", "nfo"}
    assert preview["files_bytes"] == sum(file["size"] for file in preview["files"]) > 2 * 2048
    answer = world.client.post("/removals", json=target)
    assert answer.status_code == 202
    removal_id = answer.json()["removal_id"]
    world.settle()
    assert [path for path in world.library_files() if not path.startswith(".seiton/")] == []
    (entry,) = world.client.get("/trash").json()["removals"]
    assert (entry["removal_id"], entry["cause"], len(entry["items"])) == (removal_id, "removed_series", 2)
    assert all(".seiton/trash/" in item["trash_path"] for item in entry["items"])
    assert world.client.get("/series").json() == {"series": []}
    assert world.client.post(f"/removals/{removal_id}/restore").status_code == 202
    world.settle()
    assert world.library_files() == before
    assert world.client.get("/trash").json() == {"removals": []}
    assert world.client.post(f"/removals/{removal_id}/restore").status_code == 409


def test_81_deletes_of_the_contract_touch_no_file(world: ApiWorld) -> None:
    before = world.library_files()
    answer = world.client.delete("/anime/1")
    assert (answer.status_code, answer.json()["deleted"]) == (200, True)
    assert world.client.delete("/subtitle-groups/1").json()["deleted"]
    assert world.client.delete("/anime/1").status_code == 409
    assert world.client.delete("/anime/99").status_code == 404
    world.settle()
    assert world.library_files() == before
    assert world.client.get("/anime/1").status_code == 404
    assert world.client.get("/subtitle-groups").json() == {"groups": []}
    assert len(world.client.get("/downloads").json()) == 2


def test_bad_targets_are_refused(world: ApiWorld) -> None:
    for body in ({"target_type": "planet", "target_id": 1}, {"target_type": "anime"}, {}):
        assert world.client.post("/removals/preview", json=body).status_code == 422
        assert world.client.post("/removals", json=body).status_code == 422
    unknown = {"target_type": "subscription", "target_id": 77}
    assert world.client.post("/removals", json=unknown).status_code == 404
    assert world.client.post("/removals/77/restore").status_code == 404
    assert world.client.post("/downloads/1/cancel").status_code == 409
    assert world.client.post("/downloads/77/cancel").status_code == 404


def test_the_viewer_refuses_what_would_lead_out_of_its_trash(world: ApiWorld) -> None:
    item = {"download_id": 1, "revision": 9, "callback_url": "http://core.test/x"}
    for trash in ("../../etc", "", "a/b", "x" * 65):
        answer = world.client.post("/remove", json={"items": [item | {"trash": trash}]})
        assert answer.status_code == 422
    for field, value in (("revision", 2**31), ("core_instance", "x" * 65)):
        answer = world.client.post("/remove", json={"items": [item | {"trash": "a", field: value}]})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == f"items.0.{field}"
    answer = world.client.post("/remove", json={"items": [item | {"trash": "a"}]})
    assert [entry["receipt"] for entry in answer.json()] == ["unknown"]  # another core's
    asked = {"core_instance": world.core.instance_id, "download_ids": [1, 77]}
    found = world.client.post("/files", json=asked).json()["files"]
    assert {(file["download_id"], file["kind"]) for file in found} == {(1, "video"), (1, "nfo")}


def test_it_is_removed_and_restored_from_the_command_line(
    world: ApiWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    use_language("en")
    with world.listening() as url:
        assert run(["remove", "anime", "1", "--json", "--url", url]) == 0
        assert "removal" not in json.loads(capsys.readouterr().out)
        assert run(["remove", "anime", "1", "--yes", "--url", url]) == 0
        shown = capsys.readouterr().out
        assert "Tea - S01E01.mkv" in shown
        world.settle()
        assert run(["trash", "list", "--json", "--url", url]) == 0
        (entry,) = json.loads(capsys.readouterr().out)["removals"]
        assert run(["trash", "list", "--url", url]) == 0
        assert "Tea" in capsys.readouterr().out
        assert run(["trash", "restore", str(entry["removal_id"]), "--url", url]) == 0
        assert run(["remove", "anime", "1", "--torrents", "burn", "--yes", "--url", url]) == 1
    world.settle()
    assert len(world.library_files()) == 2


def test_jobs_tell_of_work_with_its_progress(world: ApiWorld) -> None:
    world.client.post("/removals", json={"target_type": "anime", "target_id": 1})
    (entry,) = list_activities(world.core, limit=10)
    assert (entry["kind"], entry["done"], entry["total"], entry["unit"]) == ("resync", 0, 2, "files")
    world.settle()
    assert list_activities(world.core, limit=10) == []
    world.seiton.jobs.launch()
    assert set(world.client.get("/jobs").json()) == {"jobs", "activities"}
