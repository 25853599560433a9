"""What is broadcast and is not in the library: asked once a day, and followed where it can be searched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from seiton.adapters.metadata.bangumi import Bangumi, read_calendar
from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.core import tables
from seiton.core.feeds.search_places import follow_work, look_for_work, places_of_work
from seiton.core.feeds.subscriptions import fetch_subscription, remove_subscription
from seiton.core.identity.editing import set_id
from seiton.core.works.airing import ask_if_due, follow_airing, get_airing, list_airing
from seiton.errors import InvalidInput, NotFound, Unavailable
from seiton.faces.cli import run
from tests.integration.api_world import ApiWorld
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.integration.indexer import Indexer, indexer
from tests.integration.test_core_episodes import double as double
from tests.neighbours import Bangumi as Double

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "bangumi"


@pytest.fixture
def season(world: CoreWorld, double: Double) -> CoreWorld:
    """Two works on Wednesday, one on Sunday; a library with one of another name."""
    world.core.bangumi = Bangumi(world.web, double.base, gap_s=0)
    double.broadcast(3, 11, "お茶の時間", "茶的时间")
    double.broadcast(3, 12, "塩の湖", "")
    double.broadcast(7, 13, "雨", "雨巷")
    world.create(priority=9, series_no=1)
    world.bring("[G] Show - 01")
    world.settle()
    return world


@pytest.fixture
def site(season: CoreWorld) -> Iterator[Indexer]:
    """An indexer that is followed as a feed."""
    with indexer() as running:
        fetch_subscription(season.core, season.subscribe(running.feed_url))
        running.asked.clear()
        yield running


def titles(world: CoreWorld) -> list[tuple[int, str]]:
    return [(row["weekday"], row["title"]) for row in list_airing(world.core)]


def test_what_is_broadcast_is_asked_once_a_day_and_has_its_posters(season: CoreWorld, double: Double) -> None:
    assert titles(season) == []
    ask_if_due(season.core)
    assert season.woken[-1] == ("airing", "")
    follow_airing(season.core)
    assert titles(season) == [(3, "塩の湖"), (3, "茶的時間"), (7, "雨巷")]
    assert all(row["picture"] for row in list_airing(season.core))
    season.woken.clear()
    ask_if_due(season.core)
    follow_airing(season.core)
    assert (season.woken, double.asked["/calendar"]) == ([], 1)
    double.calendar.pop()
    season.pass_time(hours=25)
    follow_airing(season.core)
    assert titles(season) == [(3, "塩の湖"), (3, "茶的時間")]
    assert double.asked["/pic/11.jpg"] == 1, "a poster in hand stays"


def test_what_the_library_has_by_id_or_title_is_left_out(season: CoreWorld) -> None:
    follow_airing(season.core)
    set_id(season.core, 1, "bgm", "13")
    assert titles(season) == [(3, "塩の湖"), (3, "茶的時間")]
    season.bring("[G] 茶的時間 - 01")
    assert titles(season) == [(3, "塩の湖")]


def test_a_source_that_is_away_is_left_alone_and_what_is_known_stays(
    season: CoreWorld, double: Double
) -> None:
    follow_airing(season.core)
    season.pass_time(hours=25)
    double.status = 503
    follow_airing(season.core)
    follow_airing(season.core)
    assert double.asked["/calendar"] == 2, "it is left alone after it failed"
    assert len(titles(season)) == 3
    double.status = 200
    season.pass_time(hours=7)
    follow_airing(season.core)
    assert double.asked["/calendar"] == 3


def test_an_answer_of_another_form_is_no_calendar(season: CoreWorld, double: Double) -> None:
    double.calendar = [{"weekday": "Monday"}, {"weekday": {"id": 9}, "items": []}]
    assert read_calendar(double.calendar) == []
    odd = {"weekday": {"id": 1}, "items": ["x", {"id": "1"}, {"id": 2, "name": ""}, {"id": 3, "name": "A"}]}
    assert [work.value for work in read_calendar([odd])] == ["3"]
    double.calendar = []
    follow_airing(season.core)
    assert titles(season) == []


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the recorded answers are not beside the project")
def test_a_recorded_work_is_read_as_the_calendar_has_it() -> None:
    private = json.loads((CORPUS / "p1_calendar__calendar_should_get_calendar_1.json").read_text())
    subject = private["2"][0]["subject"]
    item = {"id": subject["id"], "name": subject["name"], "name_cn": subject["nameCN"]}
    days = [{"weekday": {"id": 2}, "items": [item | {"images": subject["images"], "air_date": "2002-04-02"}]}]
    (work,) = read_calendar(days)
    assert (work.value, work.weekday, work.titles["zh-Hans"]) == ("12", 2, "人形电脑天使心")
    assert work.picture_url == subject["images"]["medium"]


def test_a_work_is_searched_at_every_place_by_one_name_after_the_other(
    season: CoreWorld, site: Indexer
) -> None:
    follow_airing(season.core)
    season.core.mikan_url = "https://mikanani.me"
    names, places = places_of_work(season.core, "11")
    assert names == ["茶的时间", "茶的時間", "お茶の時間"]
    assert [place.host for place in places] == [site.base.removeprefix("http://"), "mikanani.me"]
    site.titles = ["[X] 茶的時間 - 01", "[X] 茶的時間 - 02"]
    found = look_for_work(season.core, "11", places[0].key)
    assert (found.name, found.preview.total, found.preview.read) == ("茶的時間", 2, 2)
    assert [asked["q"] for asked in site.asked] == ["茶的时间", "茶的時間"]
    assert season.rows(tables.raw_items, tables.raw_items.c.title.contains("茶")) == [], "nothing is stored"
    assert look_for_work(season.core, "12", places[0].key).preview.total == 0


def test_a_feed_of_a_work_is_followed_once_and_the_work_says_so(season: CoreWorld, site: Indexer) -> None:
    follow_airing(season.core)
    key = places_of_work(season.core, "11")[1][0].key
    subscription_id = follow_work(season.core, "11", key, "茶的時間")
    assert follow_work(season.core, "11", key, "茶的時間") == subscription_id
    assert get_airing(season.core, "11")["subscription_id"] == subscription_id
    row = season.row(tables.subscriptions, tables.subscriptions.c.subscription_id == subscription_id)
    assert row["source_url"].startswith(f"{site.base}/api?t=search&apikey=secret&cat=5070&q=")
    season.pass_time(hours=25)
    follow_airing(season.core)
    assert get_airing(season.core, "11")["subscription_id"] == subscription_id, "a new list keeps it"


def test_what_cannot_be_searched_or_followed_is_said(season: CoreWorld, site: Indexer) -> None:
    follow_airing(season.core)
    with pytest.raises(NotFound):
        places_of_work(season.core, "99")
    key = places_of_work(season.core, "11")[1][0].key
    for source, name in (("nowhere", "雨"), (key, "another")):
        with pytest.raises(InvalidInput):
            follow_work(season.core, "11", source, name)
    site.status = 500
    with pytest.raises(Unavailable):
        look_for_work(season.core, "11", key)
    for row in season.rows(tables.subscriptions):
        remove_subscription(season.core, row["subscription_id"])
    assert places_of_work(season.core, "11")[1] == []


@pytest.mark.timeout(120)
def test_a_running_seiton_asks_when_somebody_looks(tmp_path: Path, double: Double) -> None:
    double.broadcast(3, 11, "お茶の時間")
    given = {"data": tmp_path / "data", "port": 0, "bangumi_url": double.base, "mikan_url": "off"}
    seiton = Seiton(Settings.model_validate(given | {"private_hosts": "127.0.0.1"}), loopback_only=True)
    with seiton, TestClient(seiton.application()) as client:
        assert double.asked["/calendar"] == 0, "nobody has looked"
        assert client.get("/season").json() == []
        assert seiton.core.progress.wait(lambda: bool(list_airing(seiton.core)), 60)
        (row,) = client.get("/season").json()
        assert (row["value"], row["weekday"], row["title"]) == ("11", 3, "お茶の時間")


def test_the_command_lists_shows_and_follows(
    tmp_path: Path, double: Double, capsys: pytest.CaptureFixture[str]
) -> None:
    double.broadcast(3, 11, "Tea")
    with indexer() as site, ApiWorld(tmp_path) as api, api.listening() as url:
        api.core.bangumi = Bangumi(api.core.web, double.base, gap_s=0)
        assert run(["season", "--url", url]) == 0
        follow_airing(api.core)
        api.client.post("/subscriptions", json={"source_url": site.feed_url})
        fetch_subscription(api.core, 1)
        site.titles = ["[X] Tea - 01"]
        for words in ([], ["--look", "11"], ["--look", "11", "--source", "1"]):
            assert run(["season", *words, "--url", url]) == 0
        assert run(["season", "--look", "11", "--source", "1", "--follow", "--url", url]) == 0
        assert run(["season", "--look", "99", "--url", url]) != 0
    said = capsys.readouterr().out
    assert "[X] Tea - 01" in said
    assert "followed by subscription 2" in said
