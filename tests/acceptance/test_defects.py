"""Defects of the reference (contract §6) by number that no other test has for its subject.

Each fails on what the reference does. The others are found where the thing itself is tested.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from seiton.viewer.receive import receive
from tests.acceptance.peers import ForeignViewer, call
from tests.integration.api_world import PARSER, ApiWorld, title
from tests.integration.core_world import CoreWorld
from tests.integration.core_world import world as world
from tests.integration.viewer_world import ViewerWorld


@pytest.fixture
def viewer(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    made = ViewerWorld(tmp_path, database_url)
    yield made
    made.database.close()


def stamps(folder: Path) -> dict[str, int]:
    return {
        os.path.relpath(os.path.join(base, name), folder): os.lstat(os.path.join(base, name)).st_mtime_ns
        for base, folders, names in os.walk(folder)
        for name in [*folders, *names]
        if ".seiton" not in base and name != ".seiton"
    }


def test_defect_12_where_a_download_came_from_and_where_it_is_filed_are_two_things(world: CoreWorld) -> None:
    write = world.create(priority=9, series_no=1)
    world.bring("[G] Show - 01")
    world.settle()
    first = world.download(1)
    assert first["source_path"].startswith(os.fspath(world.downloads))
    assert first["library_path"].startswith(os.fspath(world.library))
    assert write.parser is not None
    world.edit(write.parser["parser_id"], series_no_value="2")
    world.settle()
    second = world.download(1)
    assert second["source_path"] == first["source_path"]
    assert second["library_path"] != first["library_path"]


def test_defect_22_only_another_device_is_a_reason_to_copy(viewer: ViewerWorld) -> None:
    """A folder in the way is said to be one; the file keeps its inode, so nothing was copied or removed."""
    viewer.file_away(1, "Show", 1, 1)
    before = (viewer.library / "Show/Season 01/Show - S01E01.mkv").stat().st_ino
    (viewer.library / "Show/Season 01/Show - S01E02.mkv").mkdir()
    viewer.resync((1, "Show", 1, 2))
    assert viewer.core.last(1).reason == "target_foreign"
    assert (viewer.library / "Show/Season 01/Show - S01E01.mkv").stat().st_ino == before
    assert (viewer.library / "Show/Season 01/Show - S01E02.mkv").is_dir()


def test_defect_33_a_later_season_does_not_speak_for_the_show(viewer: ViewerWorld) -> None:
    viewer.file_away(1, "Show", 1, 1)
    nfo = viewer.library / "Show/tvshow.nfo"
    before = nfo.read_bytes()
    viewer.file_away(2, "Show", 2, 1)
    viewer.resync((2, "Show", 2, 2))
    assert nfo.read_bytes() == before
    for season in (1, 2):
        content = (viewer.library / f"Show/Season {season:02}/season.nfo").read_bytes()
        assert etree.fromstring(content).findtext("seasonnumber") == str(season)


def test_defect_34_a_new_group_alone_moves_nothing_and_writes_nothing(viewer: ViewerWorld) -> None:
    viewer.file_away(1, "Show", 1, 1)
    before = stamps(viewer.library)
    request = viewer.resync_request(1, "Show", 1, 1).model_copy(update={"subtitle_group": "Another"})
    receive(viewer.viewer, [request])
    assert viewer.settle().moved == 0
    assert stamps(viewer.library) == before
    report = viewer.core.last(1)
    assert (report.status, report.revision) == ("synced", 2)


def test_defect_35_an_edit_of_a_title_moves_files_whatever_ids_it_keeps(world: CoreWorld) -> None:
    write = world.create(priority=9, series_no=1, anime_title="Shwo")
    world.bring("[G] Show - 01")
    world.settle()
    before = world.download(1)
    assert write.parser is not None
    world.edit(write.parser["parser_id"], anime_title_value="Show")
    world.settle()
    after = world.download(1)
    assert (after["download_id"], after["link_id"]) == (before["download_id"], before["link_id"])
    assert world.videos() == {"Show - S01E01": "[G] Show - 01"}
    assert not (world.library / "Shwo").exists()


def test_defect_15_a_resync_goes_to_the_viewer_that_has_the_file(tmp_path: Path) -> None:
    with ApiWorld(tmp_path) as made, ForeignViewer(str(tmp_path / "foreign")) as foreign:
        parser = made.add_parser(priority=9999)["parser_id"]
        made.subscribe([title(1)])
        made.file_episodes()
        message: dict[str, object] = {
            "service_type": "viewer",
            "service_name": "foreign",
            "host": "127.0.0.1",
        }
        message |= {"port": foreign.port, "capabilities": {"sync_endpoint": "/sync"}}
        answer = made.client.post("/services/register", json=message)
        assert answer.status_code == 201, answer.text
        change = {"anime_title_source": "static", "anime_title_value": "Green Tea"}
        assert made.client.patch(f"/parsers/{parser}", json=change).status_code == 200
        made.settle()
        assert made.library_files() == ["Green Tea/Season 01/Green Tea - S01E01.mkv"]
        assert foreign.sent("POST", "/resync") == foreign.sent("POST", "/sync") == []


def test_defect_37_a_request_that_waits_for_the_database_keeps_no_other_waiting(tmp_path: Path) -> None:
    answers: list[int] = []
    with ApiWorld(tmp_path) as made, made.listening() as base:

        def write() -> None:
            answers.append(call("POST", f"{base}/parsers", PARSER)[0])

        writing = threading.Thread(target=write)
        with made.core.database.write():
            writing.start()
            for _turn in range(5):
                assert call("GET", f"{base}/parsers")[0] == 200
            assert writing.is_alive() and answers == []
        writing.join()
    assert answers == [201]
