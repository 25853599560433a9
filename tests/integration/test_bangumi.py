"""The adapter of bangumi.tv against a double, and against answers that bangumi.tv once gave."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from seiton.adapters.http import FetchError, HostPolicy, WebClient
from seiton.adapters.metadata.bangumi import Bangumi, prequel_of, read_found, read_known
from seiton.bootstrap import USER_AGENT
from seiton.domain.facts import Kind
from tests.neighbours import Bangumi as Double
from tests.neighbours import bangumi


@pytest.fixture
def double() -> Iterator[Double]:
    with bangumi() as running:
        yield running


@pytest.fixture
def source(double: Double) -> Iterator[Bangumi]:
    web = WebClient(user_agent=USER_AGENT, timeout_s=60, max_redirects=3, policy=HostPolicy())
    yield Bangumi(web, double.base, gap_s=0)
    web.close()


def recorded(corpus: Path, name: str) -> dict[str, object]:
    content = json.loads((corpus / "bangumi" / name).read_text())
    assert isinstance(content, dict)
    return content


def test_a_recorded_subject_is_read(corpus: Path) -> None:
    known = read_known(recorded(corpus, "v0_subject_876.json"), [], season=None)
    assert known.titles == {"ja": "CLANNAD 〜AFTER STORY〜"}
    assert (known.premiered, known.rating, known.studios) == (date(2008, 10, 2), 9.2, ("京都アニメーション",))
    assert known.genres == ("恋爱", "日常")
    assert known.plot is not None and "\r" not in known.plot
    assert known.picture_url == "https://lain.bgm.tv/r/800/pic/cover/l/67/d1/876_dCfrd.jpg"


def test_recorded_episodes_are_read_also_without_a_title_in_one_language(corpus: Path) -> None:
    answer = recorded(corpus, "v0_episodes_528828.json")
    known = read_known({}, answer["data"], season=None)  # type: ignore[arg-type]
    first, second = known.episodes
    assert (first.titles, first.aired, first.ep) == ({"zh-Hans": "第一话"}, date(2026, 7, 5), (1, 0))
    assert (second.titles, second.plot, second.value) == ({"ja": "Ep2"}, None, "1704901")


def test_a_recorded_special_has_a_fraction_for_a_number(corpus: Path) -> None:
    known = read_known({}, [recorded(corpus, "v0_episode_1047618_special_partial.json")], season=None)
    (special,) = known.episodes
    assert (special.kind, special.sort, special.ep, special.runtime_minutes) == (
        Kind.SPECIAL,
        (6, 5),
        None,
        24,
    )


def test_a_list_of_more_than_a_page_comes_whole(double: Double, source: Bangumi) -> None:
    double.add_episodes(7, *({"ep": number, "sort": number} for number in range(1, 251)))
    assert [one["sort"] for one in source.episodes("7")] == list(range(1, 251))
    assert double.asked["/v0/episodes"] == 3


def test_the_user_agent_names_developer_program_and_version(double: Double, source: Bangumi) -> None:
    double.add(1, "x")
    source.subject("1")
    (agent,) = double.agents
    assert agent.split(" ")[0].count("/") == 2
    assert agent.startswith("seiton/Seiton/")


def test_what_is_not_there_is_none_and_no_fault(source: Bangumi) -> None:
    assert source.subject("404") is None
    assert source.episodes("404") == []
    assert source.relations("404") == []


def test_a_web_page_with_200_is_named_as_one(double: Double, source: Bangumi) -> None:
    double.html = True
    with pytest.raises(FetchError, match="web page"):
        source.subject("1")


def test_nothing_found_is_no_fault_and_what_is_found_is_a_suggestion(double: Double, source: Bangumi) -> None:
    assert source.search("nobody") == []
    double.add(9, "名", "名字")
    double.found = [double.subjects["9"], {"id": "odd"}]
    (found,) = read_found(source.search("名字"))
    assert (found.value, found.titles["zh-Hans"], found.year) == ("9", "名字", 2024)


def test_an_answer_of_another_form_is_named(double: Double, source: Bangumi) -> None:
    double.subjects["1"] = []  # type: ignore[assignment]
    with pytest.raises(FetchError, match="form"):
        source.subject("1")


def test_numbers_and_fields_that_make_no_sense_are_left_out() -> None:
    episodes: list[dict[str, object]] = [
        {"type": 0, "sort": "first"},
        {"type": 0, "sort": -1},
        {"type": 0, "sort": 1.25},
        {"type": 0, "sort": float("nan")},
        {"type": 6, "sort": 1},
        {"type": 0, "sort": 3, "ep": None, "name": 5, "airdate": "2024-13-40", "duration": "24m"},
    ]
    known = read_known({"images": "x", "rating": 5, "infobox": "x", "date": 7}, episodes, season=None)
    (only,) = known.episodes
    assert (only.sort, only.titles, only.aired, only.runtime_minutes) == ((3, 0), {}, None, 24)
    assert (known.picture_url, known.rating, known.premiered) == (None, None, None)


def test_the_prequel_is_an_anime_and_no_book() -> None:
    relations = [
        {"id": 5, "type": 1, "relation": "前传"},
        {"id": 6, "type": 2, "relation": "续集"},
        {"id": 51, "type": 2, "relation": "前传"},
    ]
    assert prequel_of(relations) == "51"
    assert prequel_of([]) is None
