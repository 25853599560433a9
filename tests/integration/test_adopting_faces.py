"""Adoption by HTTP and by the command line, and through a viewer in another process."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.modules.viewer import ViewerOverHttp
from seiton.contract import ViewerScanRequest
from seiton.domain.path_text import path_of_text
from seiton.faces.cli import run
from seiton.text import use_language
from seiton.viewer.scan import scan
from tests.integration.api_world import ApiWorld
from tests.integration.messy_folders import put, tree


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as made:
        made.viewer.library()
        for episode in (1, 2):
            put(library(made), f"Tea/[A] Tea - {episode:02d} [1080p].mkv")
        put(library(made), "Tea/holiday.mkv")
        yield made


def library(world: ApiWorld) -> Path:
    return Path(os.fsdecode(world.viewer.root))


def test_a_plan_is_made_shown_confirmed_and_not_twice(world: ApiWorld) -> None:
    before = tree(library(world))
    answer = world.client.post("/library/adoptions", json={"path": os.fspath(library(world))})
    assert answer.status_code == 201, answer.text
    made = answer.json()
    number = made["adoption_id"]
    assert made["state"] == "planned"
    assert made["counts"] == {
        "files": 3,
        "adopted": 2,
        "stays": 0,
        "moves": 2,
        "held": 0,
        "left": {"no_episode": 1},
        "others": 0,
    }
    assert made["layouts"] == []
    (season,) = made["seasons"]
    assert (season["title"], season["series_no"], season["episodes"]) == ("Tea", 1, 2)
    base = f"/library/adoptions/{number}"
    assert world.client.get(base).json() == made
    assert [row["adoption_id"] for row in world.client.get("/library/adoptions").json()["adoptions"]] == [
        number
    ]
    moved = world.client.get(f"{base}/files?what=moved").json()["files"]
    assert [(row["shown"], row["target"]) for row in moved] == [
        ("Tea/[A] Tea - 01 [1080p].mkv", "Tea/Season 01/Tea - S01E01.mkv"),
        ("Tea/[A] Tea - 02 [1080p].mkv", "Tea/Season 01/Tea - S01E02.mkv"),
    ]
    (left,) = world.client.get(f"{base}/files?what=left").json()["files"]
    assert (left["path"], left["reason"]) == ("Tea/holiday.mkv", "no_episode")
    assert tree(library(world)) == before
    confirmed = world.client.post(f"{base}/confirm")
    assert (confirmed.status_code, confirmed.json()["state"]) == (202, "done")
    world.settle()
    assert world.library_files() == [
        "Tea/Season 01/Tea - S01E01.mkv",
        "Tea/Season 01/Tea - S01E02.mkv",
        "Tea/holiday.mkv",
    ]
    assert world.client.post(f"{base}/confirm").status_code == 409
    assert world.client.delete(base).status_code == 409
    items = world.client.get("/raw-items").json()
    assert {item["subscription_id"] for item in items} == {None}
    resync = world.client.get(f"/resyncs/{confirmed.json()['resync_id']}").json()
    assert (resync["cause"], resync["state"]) == ("adopted", "done")


def test_bad_folders_and_unknown_plans_are_refused(world: ApiWorld, tmp_path: Path) -> None:
    for path in ("relative", "/etc", os.fspath(tmp_path), "file:/%FF%00", ""):
        answer = world.client.post("/library/adoptions", json={"path": path})
        assert answer.status_code == 422, path
        assert answer.json()["errors"][0]["field"] == "path"
    absent = os.fspath(library(world) / "absent")
    assert world.client.post("/library/adoptions", json={"path": absent}).status_code == 404
    for method, path in (("GET", ""), ("GET", "/files"), ("POST", "/confirm"), ("DELETE", "")):
        assert world.client.request(method, f"/library/adoptions/77{path}").status_code == 404


def test_a_plan_can_be_thrown_away_by_http(world: ApiWorld) -> None:
    made = world.client.post("/library/adoptions", json={"path": os.fspath(library(world))}).json()
    base = f"/library/adoptions/{made['adoption_id']}"
    assert world.client.delete(base).status_code == 204
    assert world.client.get(base).status_code == 404


def test_the_command_line_shows_the_plan_and_does_nothing_without_a_yes(
    world: ApiWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    use_language("en")
    path = os.fspath(library(world))
    before = tree(library(world))
    with world.listening() as url:
        assert run(["library", "adopt", path, "--json", "--url", url]) == 0
        made = json.loads(capsys.readouterr().out)
        assert {row["path"] for row in made["files"]} == {
            "Tea/[A] Tea - 01 [1080p].mkv",
            "Tea/[A] Tea - 02 [1080p].mkv",
            "Tea/holiday.mkv",
        }
        assert tree(library(world)) == before
        put(library(world), "Tea/[A] Tea - 03 [1080p].mkv")
        number = str(made["adoption_id"])
        assert run(["library", "adopt", "--confirm", number, "--url", url]) == 1
        assert "--confirm" in capsys.readouterr().out
        assert run(["library", "adopt", "--discard", str(made["adoption_id"] + 1), "--url", url]) == 0
        assert run(["library", "adopt", path, "--yes", "--in-place", "--url", url]) == 0
        shown = capsys.readouterr().out
        assert "Tea - S01E03.mkv" in shown
        assert "nothing says which episode it is" in shown
        assert run(["library", "adopt", "--url", url]) == 2
        assert run(["library", "adopt", "/etc", "--url", url]) == 1
    world.settle()
    assert len(world.client.get("/downloads").json()) == 3
    assert "Tea/[A] Tea - 01 [1080p].mkv" in world.library_files()


def test_a_viewer_elsewhere_tells_the_same_of_names_in_any_encoding(world: ApiWorld) -> None:
    put(library(world), "进击的巨人".encode("gbk") + "/第01话.mkv".encode("gbk"))
    request = ViewerScanRequest(path=os.fspath(library(world)), limit=2)
    with world.listening() as url:
        web = WebClient(user_agent="test", timeout_s=30, max_redirects=0, policy=HostPolicy())
        web.policy.allow_url(url)
        away = ViewerOverHttp(web, url, "attic", f"{url}/sync-callback")
        part = away.scan(request)
        assert part == scan(world.viewer, request)
        assert part.after is not None
        rest = away.scan(request.model_copy(update={"after": part.after}))
        web.close()
    (folder,) = rest.folders
    assert path_of_text(folder.path) == "进击的巨人".encode("gbk")
    assert rest.after is None
