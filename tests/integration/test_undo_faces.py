"""Undo and the history of rules by HTTP and by the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seiton.faces.cli import run
from seiton.text import use_language
from tests.integration.api_world import ApiWorld, title
from tests.integration.oracle import picture


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as made:
        made.add_parser()
        made.subscribe([title(1), title(2)])
        made.file_episodes()
        yield made


def _parser(world: ApiWorld) -> dict[str, Any]:
    return next(row for row in world.client.get("/parsers").json() if row["origin"] == "user")


def _edit(world: ApiWorld, **changes: object) -> int:
    written = world.client.patch(f"/parsers/{_parser(world)['parser_id']}", json=changes).json()
    world.settle()
    return int(written["resync_id"])


def test_an_edit_is_previewed_undone_and_in_the_history(world: ApiWorld) -> None:
    library = world.settings.library
    before, parser_id = picture(library), _parser(world)["parser_id"]
    edit = _edit(world, episode_offset=4)
    after = picture(library)
    assert after != before
    preview = world.client.post(f"/resyncs/{edit}/undo/preview")
    assert preview.status_code == 200
    assert len(preview.json()["moves"]) == 2
    assert picture(library) == after
    answer = world.client.post(f"/resyncs/{edit}/undo", json={"plan_id": preview.json()["plan_id"]})
    assert answer.status_code == 202
    said = answer.json()
    assert (said["undoes"], said["renamed_by_rules"]) == (edit, 0)
    world.settle()
    assert picture(library) == before
    assert world.client.get(f"/resyncs/{edit}").json()["undone_by"] == said["resync_id"]
    newest = world.client.get(f"/parsers/{parser_id}/history").json()["edits"][0]
    assert (newest["resync_id"], newest["undoes"]) == (said["resync_id"], edit)
    assert (newest["before"]["episode_offset"], newest["after"]["episode_offset"]) == (4, 0)


def test_what_cannot_be_undone_says_why(world: ApiWorld) -> None:
    first = _edit(world, episode_offset=4)
    second = _edit(world, episode_offset=5)
    refused = world.client.post(f"/resyncs/{first}/undo")
    assert refused.status_code == 409
    assert f"resync {second}" in refused.json()["detail"]
    assert world.client.post(f"/resyncs/{first}/undo/preview").status_code == 409
    assert world.client.post("/resyncs/99/undo").status_code == 404
    assert world.client.get("/parsers/99/history").status_code == 404


def test_the_commands(world: ApiWorld, capsys: pytest.CaptureFixture[str]) -> None:
    library = world.settings.library
    before, parser_id = picture(library), _parser(world)["parser_id"]
    edit = _edit(world, episode_offset=4)
    use_language("en")
    with world.listening() as url:
        assert run(["resyncs", "undo", str(edit), "--preview", "--url", url]) == 0
        assert "Nothing was changed." in capsys.readouterr().out
        assert run(["resyncs", "undo", str(edit), "--url", url]) == 0
        assert f"Resync {edit} is undone by resync" in capsys.readouterr().out
        world.settle()
        assert picture(library) == before
        assert run(["parsers", "history", str(parser_id), "--url", url]) == 0
        shown = capsys.readouterr().out
        assert f"undo of {edit}" in shown
        assert "episode_offset: 4 → 0" in shown
        assert run(["parsers", "history", str(parser_id), "--url", url, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["edits"][0]["undoes"] == edit
        assert run(["resyncs", "undo", str(edit), "--url", url]) != 0
        assert "undid it already" in capsys.readouterr().err
