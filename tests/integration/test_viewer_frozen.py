"""A show's folder keeps its name whatever is learned about the work, unless the work is called otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.contract import Facts
from seiton.viewer.receive import receive
from tests.integration.viewer_world import ViewerWorld

KNOWN = Facts(year=2020)


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    made = ViewerWorld(tmp_path, database_url)
    yield made
    made.database.close()


def _file(world: ViewerWorld, episode: int, facts: Facts | None, title: str = "Extras") -> None:
    world.download(f"{episode}.mkv")
    request = world.sync_request(episode, title, 1, episode).model_copy(update={"facts": facts})
    receive(world.viewer, [request])
    world.settle()


def _learn(world: ViewerWorld, episodes: int, facts: Facts, title: str = "Extras") -> None:
    requests = [
        world.resync_request(number, title, 1, number).model_copy(update={"facts": facts})
        for number in range(1, episodes + 1)
    ]
    receive(world.viewer, requests)
    world.settle()


def _shows(world: ViewerWorld) -> set[str]:
    return {name.split("/")[0] for name in world.tree()}


def test_a_year_that_is_learned_later_renames_no_folder(world: ViewerWorld) -> None:
    _file(world, 1, None)
    assert _shows(world) == {"Extras＿"}
    _learn(world, 1, KNOWN)
    assert _shows(world) == {"Extras＿"}
    _file(world, 2, KNOWN)
    assert _shows(world) == {"Extras＿"}
    assert sum(name.endswith(".mkv") for name in world.tree()) == 2


def test_a_folder_keeps_the_year_that_it_has(world: ViewerWorld) -> None:
    _file(world, 1, KNOWN)
    assert _shows(world) == {"Extras (2020)"}
    _learn(world, 1, Facts(year=2021))
    _file(world, 2, None)
    assert _shows(world) == {"Extras (2020)"}


def test_another_title_makes_another_folder_by_what_is_known_then(world: ViewerWorld) -> None:
    _file(world, 1, None)
    _learn(world, 1, KNOWN, title="Scenes")
    assert _shows(world) == {"Scenes (2020)"}
    _learn(world, 1, Facts(year=2021), title="Scenes")
    assert _shows(world) == {"Scenes (2020)"}
