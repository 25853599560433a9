"""Holds, pins, follow modes and confirmation over the API and the command line: every way out works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seiton.adapters.jobs import Jobs
from seiton.core.downloads.retry import retry_download
from seiton.domain.consent import Brake
from seiton.domain.hold_choices import HoldChoice, choices_for
from seiton.domain.states import DownloadStatus, HoldReason
from seiton.faces.cli import run
from seiton.faces.core_api.state import add_routes
from seiton.faces.words import hold_choice
from seiton.text import use_language
from tests.integration.api_world import ApiWorld, title


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path) as world:
        yield world


@pytest.fixture
def both(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as world:
        yield world


def _filed(world: ApiWorld, *episodes: int) -> int:
    number = int(world.add_parser()["parser_id"])
    world.subscribe([title(episode) for episode in episodes])
    world.file_episodes()
    return number


def _edit(world: ApiWorld, number: int, **changes: object) -> dict[str, Any]:
    answer = world.client.patch(f"/parsers/{number}", json=changes)
    assert answer.status_code == 200, answer.text
    written: dict[str, Any] = answer.json()
    return written


def _holds(world: ApiWorld, query: str = "") -> list[dict[str, Any]]:
    answer = world.client.get(f"/holds{query}")
    assert answer.status_code == 200, answer.text
    holds: list[dict[str, Any]] = answer.json()["holds"]
    return holds


def _choose(world: ApiWorld, hold: dict[str, Any], code: str, value: object = None) -> dict[str, Any]:
    """Do what a choice says, by its own data."""
    (choice,) = [choice for choice in hold["choices"] if choice["code"] == code]
    assert choice["sentence"]
    assert choice["command"].startswith("seiton ")
    body = choice["body"]
    for name in choice["needs"]:
        body = {**body, name: value}
    answer = world.client.request(choice["method"], choice["path"], json=body)
    assert answer.status_code < 300, (choice, answer.text)
    world.settle()
    done: dict[str, Any] = answer.json()
    return done


def _library(world: ApiWorld) -> list[str]:
    return [Path(name).stem for name in world.library_files() if not name.startswith(".seiton")]


def _foreign(world: ApiWorld, name: str) -> Path:
    path = world.settings.library / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"mine")
    return path


@pytest.mark.parametrize("code", ["confirm", "reject"])
def test_an_edit_that_waits_is_a_hold_with_two_ways_out(both: ApiWorld, code: str) -> None:
    number = _filed(both, 1, 2)
    both.core.brake = Brake(files=1)
    written = _edit(both, number, episode_offset=1)
    assert written["state"] == "waiting"
    both.settle()
    (hold,) = _holds(both)
    assert (hold["kind"], hold["reason"], hold["files"]) == ("resync", "braked", 2)
    assert both.client.get(f"/holds/resyncs/{hold['id']}").json() == hold
    detail = both.client.get(f"/resyncs/{hold['id']}").json()
    assert (detail["counts"]["waiting"], detail["plan_id"]) == (2, hold["plan_id"])
    assert both.client.post(f"/downloads/{1}/retry").status_code == 409
    _choose(both, hold, code)
    assert _holds(both) == []
    after = ["Tea - S01E02", "Tea - S01E03"] if code == "confirm" else ["Tea - S01E01", "Tea - S01E02"]
    assert _library(both) == after
    assert both.client.get("/parsers").json()[0]["episode_offset"] == (1 if code == "confirm" else 0)
    assert both.client.post(f"/resyncs/{hold['id']}/{code}").status_code == 409
    assert both.client.post(f"/resyncs/999/{code}").status_code == 404
    assert both.client.get(f"/holds/resyncs/{hold['id']}").status_code == 404


@pytest.mark.parametrize("code", ["retry", "pin_episode", "remove"])
def test_a_file_in_the_way_of_another_is_dealt_with(both: ApiWorld, code: str) -> None:
    number = _filed(both, 1)
    foreign = _foreign(both, "Tea/Season 01/Tea - S01E02.mkv")
    _edit(both, number, episode_offset=1)
    both.settle()
    (hold,) = _holds(both, "?reason=target_foreign,braked")
    assert (hold["kind"], hold["reason"]) == ("download", "target_foreign")
    assert _holds(both, "?reason=no_space") == []
    assert both.client.get(f"/holds/downloads/{hold['id']}").json() == hold
    if code == "retry":
        foreign.unlink()
    _choose(both, hold, code, 9)
    both.settle()
    assert _holds(both) == []
    others = [] if code == "retry" else ["Tea - S01E02"]
    mine = {"retry": ["Tea - S01E02"], "pin_episode": ["Tea - S01E09"], "remove": []}[code]
    shown = [path.stem for path in both.settings.library.glob("Tea/*/*.mkv")]
    assert sorted(shown) == sorted(others + mine)


def test_a_file_that_is_gone_is_looked_for_again_when_it_was_put_back(both: ApiWorld) -> None:
    number = _filed(both, 1)
    video = both.settings.library / both.library_files()[0]
    aside = both.folder / "aside.mkv"
    video.rename(aside)
    _edit(both, number, episode_offset=1)
    both.settle()
    (hold,) = _holds(both)
    assert hold["reason"] == "source_missing"
    aside.rename(video)
    _choose(both, hold, "retry")
    both.settle()
    assert (_library(both), _holds(both)) == (["Tea - S01E02"], [])


@pytest.mark.parametrize("code", ["pin_title", "remove"])
def test_what_cannot_be_named_is_named_by_hand(both: ApiWorld, code: str) -> None:
    number = _filed(both, 1)
    _edit(both, number, anime_title_source="static", anime_title_value="...")
    both.settle()
    holds = _holds(both)
    assert [hold["reason"] for hold in holds] == ["name_impossible"]
    _choose(both, holds[0], code, "Coffee")
    assert _holds(both) == []
    assert _library(both) == (["Coffee - S01E01"] if code == "pin_title" else [])


def test_two_files_that_want_one_name(both: ApiWorld) -> None:
    number = _filed(both, 1, 2)
    _edit(both, number, episode_no_source="static", episode_no_value="5")
    both.settle()
    holds = _holds(both)
    assert {hold["reason"] for hold in holds} <= {"two_claims", "target_owned", "waiting"}
    assert holds
    for place, hold in enumerate(holds):
        _choose(both, hold, "pin_episode", 10 + place)
    for _turn in range(3):
        for hold in _holds(both):
            _choose(both, hold, "retry")
    assert _holds(both) == []
    assert len(_library(both)) == 2


@pytest.mark.parametrize("code", ["retry", "cancel"])
def test_a_transfer_that_stands_still(both: ApiWorld, code: str) -> None:
    both.add_parser()
    both.subscribe([title(1)])
    both.set_download(1, "downloading", hold_reason="stalled", hold_detail="3 days")
    (hold,) = _holds(both)
    assert [choice["code"] for choice in hold["choices"]] == ["retry", "cancel"]
    assert _choose(both, hold, code)["status"] == ("downloading" if code == "retry" else "cancelled")
    assert _holds(both) == []


def test_a_removal_that_cannot_be_done_is_taken_back(both: ApiWorld) -> None:
    _filed(both, 1)
    removal = {"target_type": "download", "target_id": 1}
    removal_id = both.client.post("/removals", json=removal).json()["removal_id"]
    both.set_download(1, "synced", hold_reason="no_removal")
    (hold,) = _holds(both)
    assert [choice["path"] for choice in hold["choices"]] == [f"/removals/{removal_id}/restore"]
    _choose(both, hold, "restore")
    assert (_holds(both), _library(both)) == ([], ["Tea - S01E01"])


@pytest.mark.parametrize("reason", list(HoldReason))
def test_every_reason_offers_a_way_out(reason: HoldReason) -> None:
    use_language("en")
    for status in (DownloadStatus.SYNCED, DownloadStatus.SYNC_FAILED):
        found = choices_for(reason, status, is_removed=False, is_batch=True)
        assert found
        assert HoldChoice.PIN_EPISODE not in found
        assert all(hold_choice(code, reason) for code in found)
    assert choices_for(reason, DownloadStatus.SYNCED, is_removed=True, is_batch=False) == (
        HoldChoice.RESTORE,
    )


@pytest.mark.parametrize(
    "reason", [reason for reason in HoldReason if reason not in {HoldReason.BRAKED, HoldReason.STALLED}]
)
@pytest.mark.parametrize("status", ["synced", "sync_failed"])
def test_trying_again_and_removing_is_possible_whatever_the_reason(
    world: ApiWorld, reason: HoldReason, status: str
) -> None:
    world.add_parser()
    world.subscribe([title(1)])
    world.set_download(1, "downloading", "completed", source_path="/nowhere/1.mkv")
    world.set_download(1, "syncing", "sync_failed")
    if status == "synced":
        world.set_download(1, "synced", library_path="Tea/1.mkv")
    world.set_download(1, status, hold_reason=reason.value)
    (hold,) = _holds(world)
    codes = [choice["code"] for choice in hold["choices"]]
    if "retry" in codes:
        retry_download(world.core, 1)
        assert _holds(world) == []
        world.set_download(1, "completed" if status == "sync_failed" else status, hold_reason=reason.value)
    assert "remove" in codes
    (choice,) = [choice for choice in hold["choices"] if choice["code"] == "remove"]
    answer = world.client.post(choice["path"], json=choice["body"])
    assert answer.status_code == 202, answer.text


def test_holds_come_in_pages(both: ApiWorld) -> None:
    number = _filed(both, 1, 2)
    for episode in (2, 3):
        _foreign(both, f"Tea/Season 01/Tea - S01E{episode + 5:02}.mkv")
    _edit(both, number, episode_offset=5 + 1)
    both.settle()
    both.core.brake = Brake(files=0, some_files=0, percent=0)
    assert both.client.get("/holds").json()["total"] == 2
    page = [_holds(both, f"?limit=1&offset={offset}") for offset in range(3)]
    assert [len(holds) for holds in page] == [1, 1, 0]
    assert page[0] != page[1]
    assert both.client.get("/holds?reason=nonsense").status_code == 422
    assert both.client.get("/holds/downloads/99").status_code == 404


def test_a_plan_is_confirmed_with_the_save(both: ApiWorld) -> None:
    number = _filed(both, 1, 2)
    both.core.brake = Brake(files=1)
    draft = {"parser_id": number, "episode_offset": 1}
    impact = both.client.post("/parsers/preview", json=draft).json()["impact"]
    assert (impact["needs_confirmation"], impact["waits"]) == (True, 2)
    assert _edit(both, number, episode_offset=1, plan_id=impact["plan_id"])["state"] == "running"
    both.settle()
    deletion = both.client.post(f"/parsers/{number}/preview-deletion").json()
    gone = both.client.delete(f"/parsers/{number}?plan_id={deletion['plan_id']}").json()
    assert (deletion["waits"], gone["state"]) == (2, "running")
    switch = {"parser_id": 1, "is_enabled": False, "with_impact": False}
    quick = both.client.post("/parsers/preview", json=switch).json()
    assert quick["impact"] is None


def test_pins_and_follow_modes_over_the_api(both: ApiWorld) -> None:
    _filed(both, 1)
    series_id = both.client.get("/downloads").json()[0]["series_id"]
    path = "/links/1/pins/episode_no"
    assert len(both.client.post(f"{path}/preview", json={"value": 4}).json()["moves"]) == 1
    assert both.client.put(path, json={"value": 4}).status_code == 200
    both.settle()
    assert _library(both) == ["Tea - S01E04"]
    assert [row["pins"] for row in both.client.get("/pins").json()["pins"]] == [{"episode_no": 4}]
    assert both.client.delete(path).json()["state"] == "running"
    both.settle()
    assert _library(both) == ["Tea - S01E01"]
    assert both.client.put("/links/1/pins/nonsense", json={"value": 4}).status_code == 422
    assert both.client.put("/links/77/pins/episode_no", json={"value": 4}).status_code == 404
    assert both.client.put(path, json={"value": "four"}).status_code == 422
    modes = both.client.put(f"/series/{series_id}/follow-modes/metadata", json={"mode": "automatic"}).json()
    assert modes["follow_modes"][-1]["anime_title"] == "Tea"
    asks = both.client.put("/follow-modes/rule", json={"mode": "ask"}).json()["follow_modes"]
    assert asks[0]["mode"] == "ask"
    assert both.client.delete("/follow-modes/rule").json()["follow_modes"][0]["is_default"]
    left = both.client.delete(f"/series/{series_id}/follow-modes/metadata").json()["follow_modes"]
    assert len(left) == 5
    assert both.client.put("/series/99/follow-modes/rule", json={"mode": "ask"}).status_code == 404


def test_work_that_fails_again_and_again_is_shown_with_the_reason(world: ApiWorld) -> None:
    _filed(world, 1)

    def crash() -> None:
        raise RuntimeError("the rule cannot be read")

    broken = Jobs(world.settings.database_url, executor_id="test", application="seiton-test")
    broken.define("core.reparse", lambda _key: crash())
    broken.launch()
    try:
        broken.wake("core.reparse", "")
        while not any(job.error for job in broken.list() if job.name == "core.reparse"):
            broken.wait_idle(0.05)
        from fastapi import APIRouter, FastAPI
        from starlette.testclient import TestClient

        router, app = APIRouter(), FastAPI()
        add_routes(router, world.core, broken)
        app.include_router(router)
        client = TestClient(app)
        (stuck,) = client.get("/dashboard/stats").json()["stuck"]
        assert (stuck["job"], "the rule cannot be read" in stuck["error"]) == ("core.reparse", True)
        assert stuck["sentence"]
        # Titles wait to be parsed again: the work that cannot be done says why.
        world.core.wake = lambda _job, _key: None
        world.client.patch("/parsers/1", json={"priority": 1})
        found = client.get("/jobs").json()["activities"]
        errors = {row["kind"]: row["error"] for row in found}
        assert "the rule cannot be read" in errors["reparse"]
    finally:
        broken.close()


def _terminal(url: str, capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> str:
    use_language("en")
    capsys.readouterr()
    ended = run([*map(str, words), "--url", url])
    out, error = capsys.readouterr()
    assert ended == code, (words, out, error)
    return out + error


def test_the_commands_show_and_decide_the_same(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> None:
    number = _filed(world, 1, 2)
    world.core.brake = Brake(files=1)
    with world.listening() as url:

        def seiton(*words: object, code: int = 0) -> str:
            return _terminal(url, capsys, *words, code=code)

        assert "Nothing is held" in seiton("holds", "list")
        shown = seiton("parsers", "edit", number, "--set", "episode_offset=1", "--preview")
        assert "wait for your confirmation" in shown
        said = seiton("parsers", "edit", number, "--set", "episode_offset=1")
        resync_id = json.loads(seiton("holds", "list", "--json"))["holds"][0]["id"]
        assert f"seiton resyncs confirm {resync_id}" in said
        assert f"seiton resyncs confirm {resync_id}" in seiton("holds", "list")
        shown = seiton("holds", "show", "--resync", resync_id)
        assert "Take the edit back" in shown
        seiton("holds", "show", code=2)
        assert "is taken back" in seiton("resyncs", "reject", resync_id)
        seiton("resyncs", "confirm", resync_id, code=1)
        plan = json.loads(seiton("plan", "parser", number, "--set", "episode_offset=1", "--json"))
        edit = ("parsers", "edit", number, "--set", "episode_offset=1")
        assert "It goes on" in seiton(*edit, "--plan", plan["plan_id"])
        world.settle()
        assert _library(world) == ["Tea - S01E02", "Tea - S01E03"]
        deletion = json.loads(seiton("plan", "delete", number, "--json"))
        assert deletion["waits"] == 2
        assert "Nothing was changed" in seiton("plan", "policy", "--group", "Group")
        assert "S01E09" in seiton("pins", "set", "link", 1, "episode_no", 9, "--preview")
        assert "Saved" in seiton("pins", "set", "link", 1, "episode_no", 9)
        assert "episode_no" in seiton("pins", "list")
        world.settle()
        assert "Tea - S01E09" in _library(world)
        assert "Nothing was changed" in seiton("pins", "clear", "link", 1, "episode_no", "--preview")
        seiton("pins", "clear", "link", 1, "episode_no")
        assert "Nothing is set by hand" in seiton("pins", "list")
        world.settle()
        assert "waits for you" in seiton("follow", "set", "rule", "ask", "--series", 1)
        assert "by themselves" in seiton("follow", "list")
        seiton("follow", "set", "rule", "default", "--series", 1)
        _foreign(world, "Tea/Season 01/Tea - S01E05.mkv")
        seiton("pins", "set", "link", 1, "episode_no", 5)
        world.settle()
        assert "seiton downloads retry 1" in seiton("holds", "show", 1)
        assert "seiton pins set link 1 episode_no VALUE" in seiton("holds", "show", 1)
