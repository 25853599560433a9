"""Identity over HTTP and from the command line, against a double of bangumi.tv."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seiton.adapters.metadata.bangumi import Bangumi
from seiton.core import tables
from seiton.core.identity.identifying import identify
from seiton.faces.cli import run
from seiton.in_process import CoreHere
from tests.integration.api_world import ApiWorld, title
from tests.neighbours import Bangumi as Double
from tests.neighbours import bangumi


@pytest.fixture
def double() -> Iterator[Double]:
    with bangumi() as running:
        running.add(5, "お茶", "茶", date="2026-01-05")
        running.add_episodes(5, {"sort": 13, "ep": 1, "name_cn": "一"}, {"sort": 14, "ep": 2})
        running.found = [running.subjects["5"]]
        yield running


@pytest.fixture
def world(tmp_path: Path, double: Double) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path) as running:
        running.core.bangumi = Bangumi(running.core.web, double.base, gap_s=0)
        running.add_parser()
        running.subscribe([title(13), title(14)])
        yield running


def test_a_suggestion_is_shown_accepted_and_its_facts_are_offered_as_fixes(world: ApiWorld) -> None:
    (found,) = world.client.post("/series/1/identities/suggest").json()
    assert (found["titles"], found["year"], found["standing"]) == (["茶", "お茶"], 2026, "suggested")
    assert found["picture_url"].endswith("/pic/5.jpg")
    accepted = world.client.post(f"/identities/{found['external_id']}/accept").json()
    assert accepted["standing"] == "confirmed"
    assert ("identity", "") in world.wakes
    assert world.client.post(f"/identities/{found['external_id']}/accept").status_code == 409
    identify(world.core)
    (fix,) = world.client.get("/identities/fixes").json()
    assert (fix["field"], fix["value"], fix["path"]) == (
        "episodes_ahead",
        12,
        "/series/1/pins/episodes_ahead",
    )
    assert world.client.put(fix["path"], json={"value": fix["value"]}).status_code == 200
    links = world.client.get("/links/1").json()["links"]
    assert sorted(link["episode_no"] for link in links) == [1, 2]


def test_an_id_by_hand_is_checked_and_one_of_another_series_is_a_claim(world: ApiWorld) -> None:
    wrong = world.client.post("/series/1/identities", json={"namespace": "bgm", "value": "five"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "value")
    assert (
        world.client.post("/series/9/identities", json={"namespace": "bgm", "value": "5"}).status_code == 404
    )
    world.subscribe([title(1, "Coffee")])
    first = world.client.post("/series/1/identities", json={"namespace": "bangumi", "value": "5"}).json()
    assert (first["namespace"], first["standing"]) == ("bgm", "manual")
    second = world.client.post("/series/2/identities", json={"namespace": "bgm", "value": "5"}).json()
    assert second["standing"] == "claimed"
    (merge,) = world.client.get("/identities/merges").json()
    assert (merge["anime_title"], merge["into_title"]) == ("Coffee", "Tea")
    body = {"into_series_id": 1}
    impact = world.client.post("/series/2/merge/preview", json=body)
    assert impact.status_code == 200, impact.text
    assert world.client.post("/series/2/merge", json=body).json()["state"] == "done"
    assert world.client.get("/identities/merges").json() == []
    assert {link["episode_no"] for link in world.client.get("/links/1").json()["links"]} == {1, 13, 14}


def test_the_order_of_titles_is_read_changed_and_refused(world: ApiWorld) -> None:
    assert world.client.get("/library/titles").json()["languages"][0] == "zh-Hant"
    assert world.client.put("/library/titles", json={"languages": ["tlh"]}).status_code == 422
    written = world.client.put("/library/titles", json={"languages": ["ja", "en"]}).json()
    assert (written["languages"], written["resync"]["state"]) == (["ja", "en"], "done")
    assert world.client.put("/library/titles", json={"languages": ["ja", "en"]}).json()["resync"] is None


def test_a_poster_is_given_by_its_name(world: ApiWorld, double: Double) -> None:
    world.client.post("/series/1/identities", json={"namespace": "bgm", "value": "5"})
    identify(world.core)
    with world.core.database.read() as connection:
        (name,) = connection.execute(tables.pictures.select().with_only_columns(tables.pictures.c.name)).one()
    answer = world.client.get(f"/pictures/{name}")
    picture = double.pictures["/pic/5.jpg"]
    assert (answer.content, answer.headers["content-type"]) == (picture, "image/jpeg")
    with world.listening() as url:  # a viewer on another machine fetches it from there
        far = CoreHere(world.core.web)
        world.core.web.policy.allow_url(url)
        assert far.picture(f"{url}/pictures/{name}", world.core.instance_id, name) == picture
        assert far.picture(f"{url}/pictures/{'0' * 64}.jpg", "x", "x") is None
    assert world.client.get(f"/pictures/{'0' * 64}.jpg").status_code == 404


def test_the_command_line_does_the_same(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> None:
    with world.listening() as url:

        def says(*arguments: str) -> dict[str, Any]:
            assert run(["identity", *arguments, "--url", url, "--json"]) == 0
            answer = json.loads(capsys.readouterr().out)
            assert isinstance(answer, dict)
            return answer

        (found,) = says("suggest", "1")["identities"]
        assert says("reject", str(found["external_id"]))
        assert says("list", "--standing", "rejected")["identities"][0]["value"] == "5"
        (by_hand,) = says("set", "1", "bgm/5")["identities"]
        assert by_hand["standing"] == "manual"
        identify(world.core)
        assert [fix["field"] for fix in says("fixes")["fixes"]] == ["episodes_ahead"]
        assert {fix["field"] for fix in says("fixes", "--titles")["fixes"]} == {
            "episodes_ahead",
            "anime_title",
        }
        assert says("merges") == {"merges": []}
        assert says("titles")["languages"][0] == "zh-Hant"
        assert says("titles", "ja", "--preview")["plan_id"]
        assert says("titles", "ja")["languages"] == ["ja"]
        assert run(["identity", "list", "--url", url]) == 0
        assert "bgm/5" in capsys.readouterr().out
        assert run(["identity", "accept", "--url", url]) == 2
