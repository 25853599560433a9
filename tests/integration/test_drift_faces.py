"""Checking and repairing a library by HTTP and by the command line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.modules.foreign_viewer import ForeignViewer
from seiton.adapters.modules.viewer import ViewerOverHttp
from seiton.contract import DriftFound, LibraryCheck, LibraryCheckPart, LibraryRepair
from seiton.core import tables
from seiton.core.filing.viewers import Viewers
from seiton.domain.drift import DriftKind, Mending
from seiton.errors import InvalidInput, Unavailable
from seiton.faces.cli import run
from seiton.faces.words import DRIFTS, MENDINGS
from seiton.text import use_language
from tests.integration.api_world import ApiWorld, title

FIRST = "Tea/Season 01/Tea - S01E01.mkv"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as made:
        made.add_parser()
        made.subscribe([title(1), title(2)])
        made.file_episodes()
        yield made


def look(world: ApiWorld) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        part = world.client.post("/library/check", json={"cursor": cursor}).json()
        found += part["findings"]
        cursor = part["cursor"]
        if cursor is None:
            return found


def download(world: ApiWorld) -> dict[str, Any]:
    row: dict[str, Any] = next(
        row for row in world.client.get("/downloads").json() if (row["library_path"] or "").endswith(FIRST)
    )
    return row


def test_every_word_of_a_check_has_words_for_people() -> None:
    assert set(DRIFTS) == {kind.value for kind in DriftKind}
    assert set(MENDINGS) == {mending.value for mending in Mending}


def test_a_missing_file_is_a_hold_in_core_and_a_retry_files_it_again(world: ApiWorld) -> None:
    assert look(world) == []
    before = download(world)
    (world.settings.library / FIRST).unlink()
    (world.settings.library / FIRST.replace(".mkv", ".nfo")).unlink()
    (found,) = look(world)
    assert (found["kind"], found["path"]) == ("missing", FIRST)
    assert found["download_id"] == before["download_id"]
    assert download(world)["hold_reason"] is None  # a check tells nobody
    answer = world.client.post("/library/repair", json={"items": [found]})
    assert answer.json()["items"][0]["outcome"] == "mended"
    world.settle()
    held = download(world)
    assert (held["status"], held["hold_reason"], held["hold_detail"]) == ("synced", "source_missing", FIRST)
    assert FIRST not in world.library_files()  # nothing comes back unasked
    assert world.client.post(f"/downloads/{held['download_id']}/retry").status_code in {200, 202}
    world.settle()
    assert FIRST in world.library_files()
    again = download(world)
    assert (again["status"], again["hold_reason"], again["library_path"]) == (
        "synced",
        None,
        before["library_path"],
    )
    assert look(world) == []


def test_a_missing_file_that_turns_up_again_is_told_to_core(world: ApiWorld) -> None:
    path, aside = world.settings.library / FIRST, world.folder / "aside.mkv"
    path.rename(aside)
    world.client.post("/library/repair", json={"items": look(world)})
    world.settle()
    assert download(world)["hold_reason"] == "source_missing"
    aside.rename(world.settings.library / "here.mkv")
    assert "moved_by_hand" in {one["kind"] for one in look(world)}
    world.client.post("/library/repair", json={"items": look(world)})
    world.settle()
    assert download(world)["hold_reason"] is None
    assert path.exists()
    assert look(world) == []


def test_an_old_report_of_a_repair_does_not_undo_what_came_later(world: ApiWorld) -> None:
    row = download(world)
    report = {
        "download_id": row["download_id"],
        "status": "failed",
        "reason": "source_missing",
        "held": True,
        "drifted": True,
        "core_instance": world.core.instance_id,
    }
    table = tables.downloads
    with world.core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.download_id == row["download_id"])
            .values(desired_revision=5, sent_revision=5, applied_revision=5)
        )
    world.client.post("/sync-callback", json=report | {"revision": 4})
    assert download(world)["hold_reason"] is None
    world.client.post("/sync-callback", json=report | {"revision": 5})
    assert download(world)["hold_reason"] == "source_missing"


def test_a_library_is_checked_and_repaired_from_the_command_line(
    world: ApiWorld, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_language("en")
    library = world.settings.library
    with world.listening() as url:
        at = ["--url", url]
        assert run(["library", "check", *at]) == 0
        assert "Everything is as it was left." in capsys.readouterr().out
        (library / "film.mkv").write_text("mine")
        (library / FIRST).rename(library / "first.mkv")
        assert run(["library", "check", *at]) == 1
        shown = capsys.readouterr().out
        assert "moved by hand" in shown and "not Seiton's" in shown and "first.mkv" in shown
        assert run(["library", "check", "--json", *at]) == 1
        document = json.loads(capsys.readouterr().out)
        assert document["counts"] == {"moved_by_hand": 1, "foreign": 1, "orphaned_sidecar": 1}
        assert document["units"] == 2
        monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
        assert run(["library", "repair", *at]) == 0
        assert "Nothing was changed." in capsys.readouterr().out
        assert run(["library", "repair", "--json", *at]) == 0  # a plan only
        assert [one["mending"] for one in json.loads(capsys.readouterr().out)["plan"]] == ["put_back"]
        assert (library / "first.mkv").exists()
        assert run(["library", "repair", "--yes", *at]) == 0
        shown = capsys.readouterr().out
        assert "is moved back" in shown and "1 mended." in shown
        assert run(["library", "repair", "--yes", *at]) == 0
        assert "There is nothing to mend." in capsys.readouterr().out
        assert run(["library", "check", *at]) == 1
        assert run(["library", "check", "--ignore", "foreign", *at]) == 0
        assert (library / "film.mkv").read_text() == "mine"
        library.rename(library.with_name("unmounted"))
        capsys.readouterr()
        assert run(["library", "check", "--json", *at]) == 2
        assert [one["kind"] for one in json.loads(capsys.readouterr().out)["findings"]] == ["library_away"]
        assert run(["library", "repair", "--yes", *at]) == 2
        library.with_name("unmounted").rename(library)
    assert run(["library", "check", "--url", url]) == 2
    assert "does not answer" in capsys.readouterr().err


def test_a_viewer_elsewhere_is_asked_over_http(world: ApiWorld) -> None:
    (world.settings.library / FIRST).rename(world.settings.library / "first.mkv")
    with world.listening() as url:
        there = ViewerOverHttp(world.core.web, url, "shelf", "http://core.test")
        world.seiton.policy.allow_url(url)
        part = there.check(LibraryCheck())
        assert {one.kind for one in part.findings} == {"moved_by_hand", "orphaned_sidecar"}
        done = there.repair(LibraryRepair(items=part.findings)).items
        assert {item.outcome for item in done} == {"mended", "left"}
        with pytest.raises(Unavailable):
            there.check(LibraryCheck(cursor="forgotten.1"))
    assert FIRST in world.library_files()


def test_viewers_that_cannot_look_are_named(world: ApiWorld) -> None:
    nobody = Viewers(world.core.database, world.core.web, None, public_url=None)
    (silent,) = nobody.check(LibraryCheck()).silent
    assert silent.reason
    foreign = ForeignViewer(world.core.web, "http://viewer.test", "http://core.test")
    assert foreign.check(LibraryCheck()).silent
    item = DriftFound(kind="missing", path="x", at="x", mending="record_missing")
    assert foreign.repair(LibraryRepair(items=(item,))).items[0].outcome == "left"
    with pytest.raises(InvalidInput):
        nobody.check(LibraryCheck(cursor="gone/1.1"))


def test_one_viewer_after_the_other_is_asked_and_each_finding_names_its_own(world: ApiWorld) -> None:
    (world.settings.library / "film.mkv").write_text("mine")
    module = {
        "service_type": "viewer",
        "service_name": "attic",
        "host": "127.0.0.1",
        "port": 9,  # nobody listens there
        "capabilities": {"seiton": 1},
    }
    service_id = world.client.post("/services/register", json=module).json()["service_id"]
    assert world.client.patch(f"/services/{service_id}", json={"is_enabled": True}).status_code == 200
    first: LibraryCheckPart = world.core.viewer.check(LibraryCheck())
    assert [one.path for one in first.findings] == ["film.mkv"]
    assert first.cursor is not None
    second = world.core.viewer.check(LibraryCheck(cursor=first.cursor))
    assert [one.viewer for one in second.silent] == ["attic"]
    assert second.cursor is None


def test_bad_requests_are_refused(world: ApiWorld) -> None:
    assert world.client.post("/library/check", json={"cursor": "nobody/1"}).status_code == 422
    assert world.client.post("/viewer/library/check", json={"cursor": "00.1"}).status_code == 404
    many = [{"kind": "missing", "path": "x", "at": "x"}] * 101
    assert world.client.post("/library/repair", json={"items": many}).status_code == 422
    odd = {"kind": "leftover", "path": "x", "at": "../x", "mending": "discard"}
    assert world.client.post("/library/repair", json={"items": [odd]}).status_code == 422
    assert world.client.post("/library/repair", json={"items": []}).json() == {"items": []}


def test_a_finding_of_a_viewer_that_is_not_there_is_refused(world: ApiWorld) -> None:
    finding = {"kind": "missing", "path": "Tea", "at": "Tea", "viewer": "nobody"}
    answer = world.client.post("/library/repair", json={"items": [finding]})
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {
        "field": "viewer",
        "message": "There is no viewer nobody.",
        "code": "invalid",
    }
