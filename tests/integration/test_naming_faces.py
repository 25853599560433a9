"""The naming template at the HTTP interface and the command line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.domain.naming import DEFAULT_TEMPLATE
from tests.integration.api_world import ApiWorld, title
from tests.integration.test_cli import Terminal
from tests.integration.test_core_api import both as both
from tests.integration.test_core_api import problem
from tests.integration.test_core_api import world as world

OTHER = "{title}/S{season}/{title} S{season:02}E{episode:02}<-E{episode_end:02}>< [{group}]>"


@pytest.fixture
def seiton(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    with world.listening() as url:
        yield Terminal(url, capsys)


def library(world: ApiWorld) -> list[str]:
    root = Path(world.settings.library)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*.mkv"))


def test_the_template_is_shown_with_samples(both: ApiWorld) -> None:
    naming = both.client.get("/library/naming").json()
    assert (naming["template"], naming["version"]) == (DEFAULT_TEMPLATE, 1)
    assert naming["default_template"] == DEFAULT_TEMPLATE
    assert "episode_end" in naming["placeholders"]
    paths = {sample["path"] for sample in naming["samples"]}
    assert "葬送的芙莉蓮/Season 01/葬送的芙莉蓮 - S01E03-E04.mkv" in paths


def test_a_new_template_is_previewed_set_and_followed(both: ApiWorld) -> None:
    both.add_parser()
    both.subscribe([title(number) for number in range(1, 4)])
    both.file_episodes()
    before = library(both)
    preview = both.client.post("/library/naming/preview", json={"template": OTHER}).json()
    assert preview["problems"] == []
    moves = preview["impact"]["moves"]
    assert len(moves) == len(before)
    assert library(both) == before
    written = both.client.put("/library/naming", json={"template": OTHER, "version": 1}).json()
    assert (written["template"], written["version"], written["reparsed"]) == (OTHER, 2, True)
    both.settle()
    assert library(both) == sorted(move["to_path"] for move in moves)
    shown = both.client.get(f"/resyncs/{written['resync_id']}").json()
    assert (shown["cause"], shown["state"]) == ("naming_updated", "done")
    assert (shown["before"], shown["after"]) == ({"template": DEFAULT_TEMPLATE}, {"template": OTHER})
    same = both.client.put("/library/naming", json={"template": OTHER}).json()
    assert (same["resync_id"], same["version"]) == (None, 2)
    problem(both.client.put("/library/naming", json={"template": DEFAULT_TEMPLATE, "version": 1}), 409)


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{title}", "three parts"),
        ("{titel}/S{season}/x", "{titel}"),
        ("{title}/Season {season}/{title}", "S01E02"),
        ("{title}/Season {season}/{title} {season}x{episode}", "find no season and episode"),
        ("{title}/Season {season}/a:b", "(at character 26)"),
        ("x" * 600, "at most 500"),
    ],
)
def test_a_template_that_cannot_be_used_is_refused_by_name(world: ApiWorld, template: str, says: str) -> None:
    answer = world.client.put("/library/naming", json={"template": template})
    problem(answer, 422, "template")
    assert says in answer.json()["errors"][0]["message"]
    preview = world.client.post("/library/naming/preview", json={"template": template}).json()
    assert says in preview["problems"][0]["message"]
    assert preview["impact"] is None
    assert world.client.get("/library/naming").json()["version"] == 1


def test_the_command_line_shows_previews_and_sets(world: ApiWorld, seiton: Terminal) -> None:
    world.add_parser()
    world.subscribe([title(number) for number in range(1, 4)])
    world.file_episodes()
    assert DEFAULT_TEMPLATE in seiton("library", "naming", "show")
    assert seiton.json("library", "naming", "show")["version"] == 1
    shown = seiton("library", "naming", "preview", OTHER)
    assert "Files that would move" in shown
    assert "Nothing was changed." in shown
    assert seiton.json("library", "naming", "preview", OTHER)["impact"]["holds"] == []
    assert "Files that follow" in seiton("library", "naming", "set", OTHER)
    assert "already" in seiton("library", "naming", "set", OTHER)
    world.settle()
    assert all(name.startswith("Tea/S1/") for name in library(world))
    assert "naming template edited" in seiton("resyncs", "list")
    assert seiton.json("library", "naming", "set", DEFAULT_TEMPLATE)["version"] == 3


def test_the_command_line_says_what_is_wrong(seiton: Terminal) -> None:
    seiton("library", "naming", "set", "{title}/Season {season}/{episode_title}", code=1)
    assert "The title of an episode cannot be part of a name" in seiton.error
    seiton("library", "naming", "preview", "{title}/Season {season}/{title}", code=1)
    assert "would both lie at" in seiton.error


def test_what_is_filed_after_the_edit_is_named_by_it(world: ApiWorld) -> None:
    world.client.put("/library/naming", json={"template": OTHER})
    world.add_parser()
    world.subscribe([title(1)])
    world.file_episodes()
    assert library(world) == ["Tea/S1/Tea S01E01 [Group].mkv"]
