"""Examples and unmatched shapes over the API and on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.api_world import ApiWorld
from tests.integration.test_cli import Terminal
from tests.integration.test_core_api import problem

TITLES = [f"[G] Show S2 - {number:02} [1080p]" for number in range(1, 6)]
FILMS = ["[H] A Film [BD 1080p][FLAC]", "[H] Another Film [BD 720p][FLAC]"]
MARKS = {"anime_title": "Show", "episode_no": "03", "subtitle_group": "G", "series_no": "S2"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path) as made:
        made.subscribe([*TITLES, *FILMS])
        yield made


def test_a_lesson_is_a_parser_that_can_be_saved_and_what_it_reads(world: ApiWorld) -> None:
    answer = world.client.post("/parsers/learn", json={"title": TITLES[2], "marks": MARKS, "limit": 2})
    lesson = answer.json()
    assert lesson["total_matches"] == 5
    assert [match["title"] for match in lesson["matches"]] == TITLES[:-3:-1]
    assert lesson["matches"][0]["parse_result"]["series_no"] == 2
    saved = world.client.post("/parsers", json=lesson["parser"])
    assert saved.status_code == 201
    assert saved.json()["origin"] == "user"


def test_marks_may_be_places(world: ApiWorld) -> None:
    by_text = world.client.post("/parsers/learn", json={"title": TITLES[2], "marks": MARKS}).json()
    places = {
        name: {"start": TITLES[2].index(text), "stop": TITLES[2].index(text) + len(text)}
        for name, text in MARKS.items()
    }
    by_place = world.client.post("/parsers/learn", json={"title": TITLES[2], "marks": places}).json()
    assert by_place == by_text


@pytest.mark.parametrize(
    ("marks", "field"),
    [
        ({"anime_title": "Show"}, "marks"),
        ({"anime_title": "Show", "episode_no": "9"}, "marks.episode_no"),
        ({"anime_title": "Show", "episode_no": {"start": 5, "stop": 500}}, "marks.episode_no"),
        ({"anime_title": "Show", "episode_no": "Show"}, "marks.episode_no"),
    ],
)
def test_a_wrong_mark_is_named(world: ApiWorld, marks: dict[str, object], field: str) -> None:
    problem(world.client.post("/parsers/learn", json={"title": TITLES[0], "marks": marks}), 422, field)


def test_unmatched_titles_are_put_together_by_shape_with_a_proposal(world: ApiWorld) -> None:
    (shape,) = world.client.get("/raw-items/unmatched-shapes").json()
    assert (shape["group"], shape["total"]) == ("H", 2)
    assert [example["title"] for example in shape["examples"]] == FILMS[::-1]
    assert shape["assumed"] == ["episode_no"]
    saved = world.client.post("/parsers", json=shape["parser"]).json()
    assert saved["reparse"]["no_match"] == 0
    assert world.client.get("/raw-items/unmatched-shapes").json() == []


def test_built_in_parsers_are_copied_and_refuse_edits(world: ApiWorld) -> None:
    builtin = world.client.get("/parsers/builtin").json()
    assert builtin["deferred"] == 0
    first = next(row for row in world.client.get("/parsers").json() if row["origin"] == "builtin")
    path = f"/parsers/{first['parser_id']}"
    problem(world.client.patch(path, json={"name": "mine"}), 409)
    problem(world.client.delete(path), 409)
    assert world.client.patch(path, json={"is_enabled": False}).json()["is_enabled"] is False
    copied = world.client.post(f"{path}/copy")
    assert (copied.status_code, copied.json()["origin"]) == (201, "user")
    problem(world.client.post("/parsers/builtin/take"), 409)
    assert world.client.post("/parsers/builtin/preview").json()["items_reparsed"] == 0


def test_the_command_line_learns_copies_and_shows_shapes(
    world: ApiWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    with world.listening() as url:
        seiton = Terminal(url, capsys)
        example = ("parsers", "learn", TITLES[0], "--title", "Show", "--episode", "01", "--group", "G")
        assert "Stored titles that it reads: 5" in seiton(*example)
        assert seiton.json(*example)["total_matches"] == 5
        saved = seiton.json(*example, "--save")
        assert saved["origin"] == "user"
        seiton("parsers", "learn", TITLES[0], "--title", "Show", "--episode", "99", code=1)
        assert "99 does not stand in the title" in seiton.error
        assert seiton.json("raw-items", "shapes")[0]["total"] == 2
        assert "Film" in seiton("raw-items", "shapes")
        assert seiton.json("parsers", "copy", saved["parser_id"])["is_enabled"] is False
        assert "Version" in seiton("parsers", "builtin")
        assert "Nothing was changed." in seiton("parsers", "builtin", "--preview")
        seiton("parsers", "builtin", "--preview", "--take", code=2)
        seiton("parsers", "builtin", "--take", code=1)


def test_works_that_share_a_name_are_suggested_to_be_one(
    world: ApiWorld, capsys: pytest.CaptureFixture[str]
) -> None:
    world.subscribe(["[A] 某部动画 / Other Name - 05 [1080p]", "[B] Other Name - 05 [1080p]"])
    (found,) = world.client.get("/anime/likely-same").json()
    assert found["name"] == "Other Name"
    assert {anime["title"] for anime in found["animes"]} == {"某部动画", "Other Name"}
    with world.listening() as url:
        seiton = Terminal(url, capsys)
        assert seiton.json("parsers", "likely-same") == [found]
        assert "某部动画" in seiton("parsers", "likely-same")
