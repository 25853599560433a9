"""The seed's eleven steps, by name: what each one asks for, seen from outside."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree
from pydantic import ValidationError

from seiton.adapters.database import Database
from seiton.adapters.migrations import SERVICES, downgrade, upgrade
from seiton.contract import ViewerResyncRequest, ViewerSyncCallback, ViewerSyncRequest
from seiton.core import tables
from seiton.core.filing.resync import notify_viewer_resync, reconcile
from seiton.core.links.making import apply_outcomes
from seiton.core.rules.reparse import reparse
from seiton.domain.rules import Matched, ParsedTitle
from seiton.viewer import tables as viewer_tables
from seiton.viewer.converge import converge
from seiton.viewer.report import report
from tests.integration.api_world import PARSER, ApiWorld, title
from tests.integration.core_world import START, CoreWorld
from tests.integration.core_world import world as world

ROOT = Path(__file__).parents[2]
RESYNC = {
    "download_id": 1,
    "series_id": 2,
    "anime_title": "Show",
    "series_no": 2,
    "episode_no": 3,
    "subtitle_group": "G",
    "old_target_path": "/media/Show/Season 01/Show - S01E03.mkv",
    "callback_url": "http://core.test/sync-callback",
}


@pytest.fixture
def api(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    """A whole Seiton behind its HTTP interface, on each of the two databases."""
    with ApiWorld(tmp_path, database_url) as made:
        yield made


def _filed(world: CoreWorld, number: int = 1) -> int:
    """File episodes under a parser of their own; return its id."""
    write = world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, number + 1)))
    world.settle()
    assert world.states() == ["synced"] * number
    assert write.parser is not None
    return int(write.parser["parser_id"])


def _tasks(world: CoreWorld) -> list[dict[str, Any]]:
    names = ("download_id", "anime_title", "series_no", "episode_no", "subtitle_group", "task_type", "status")
    return [{name: row[name] for name in names} for row in world.rows(viewer_tables.sync_tasks)]


# 1. The message


@pytest.mark.parametrize("missing", RESYNC)
def test_step_01_the_resync_message_has_its_eight_fields(missing: str) -> None:
    assert ViewerResyncRequest.model_validate(RESYNC).model_dump(exclude_unset=True) == RESYNC
    with pytest.raises(ValidationError, match=missing):
        ViewerResyncRequest.model_validate({name: RESYNC[name] for name in RESYNC if name != missing})


def test_step_01_the_resync_message_stands_beside_sync_and_callback() -> None:
    rest = {name: value for name, value in RESYNC.items() if name != "old_target_path"}
    sync = ViewerSyncRequest.model_validate(rest | {"file_path": "/downloads/a.mkv"})
    assert sync.model_dump(exclude_unset=True) == rest | {"file_path": "/downloads/a.mkv"}
    said = {"download_id": 1, "status": "synced", "target_path": "/media/a.mkv"}
    assert ViewerSyncCallback.model_validate(said).model_dump(exclude_unset=True) == said
    for absurd in ({"series_no": -1}, {"episode_no": 10**9}, {"download_id": 0}):
        with pytest.raises(ValidationError):
            ViewerResyncRequest.model_validate(RESYNC | absurd)


# 2. The tables


def test_step_02_sync_tasks_carry_the_metadata_and_migrate_up_and_down(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    for service in SERVICES:
        upgrade(database, service)
    with database.read() as connection:
        columns = {
            column["name"]: column for column in sa.inspect(connection).get_columns("viewer_sync_tasks")
        }
    assert {"anime_title", "series_no", "subtitle_group", "task_type"} <= columns.keys()
    assert not columns["task_type"]["nullable"]
    for service in SERVICES:
        downgrade(database, service, "base")
    with database.read() as connection:
        left = set(sa.inspect(connection).get_table_names()) - {"sqlite_sequence"}
    assert left == {"core_schema_version", "viewer_schema_version"}
    for service in SERVICES:
        upgrade(database, service)
    database.close()


def test_step_02_a_task_is_a_sync_or_a_resync(world: CoreWorld) -> None:
    _filed(world)
    with pytest.raises(sa.exc.IntegrityError), world.database.write() as connection:
        connection.execute(sa.update(viewer_tables.sync_tasks).values(task_type="rename"))


# 3. The first sync


def test_step_03_a_first_sync_records_that_metadata(world: CoreWorld) -> None:
    _filed(world)
    assert _tasks(world) == [
        {
            "download_id": 1,
            "anime_title": "Show",
            "series_no": 1,
            "episode_no": 1,
            "subtitle_group": "G",
            "task_type": "sync",
            "status": "completed",
        }
    ]


# 4. The move


def test_step_04_the_unit_moves_to_where_its_metadata_belongs(world: CoreWorld) -> None:
    parser_id = _filed(world, 2)
    old = world.library / "Show" / "Season 01" / "Show - S01E01"
    old.with_suffix(".zh.ass").write_text("subtitle")
    before = (old.with_suffix(".mkv").read_bytes(), old.with_suffix(".mkv").stat().st_ino)
    world.edit(parser_id, anime_title_source="static", anime_title_value="Named", series_no_value="2")
    world.settle()
    assert world.tree() == [
        "Named/Season 02/Named - S02E01.mkv",
        "Named/Season 02/Named - S02E01.nfo",
        "Named/Season 02/Named - S02E01.zh.ass",
        "Named/Season 02/Named - S02E02.mkv",
        "Named/Season 02/Named - S02E02.nfo",
        "Named/Season 02/season.nfo",
        "Named/tvshow.nfo",
    ]
    new = world.library / "Named" / "Season 02" / "Named - S02E01.mkv"
    assert (new.read_bytes(), new.stat().st_ino) == before
    assert sorted(path.name for path in world.library.iterdir() if path.name != ".seiton") == ["Named"]


def test_step_04_folders_that_hold_something_else_stay(world: CoreWorld) -> None:
    parser_id = _filed(world)
    note = world.library / "Show" / "Season 01" / "notes.txt"
    note.write_text("mine")
    world.edit(parser_id, series_no_value="2")
    world.settle()
    assert note.read_text() == "mine"
    assert "Show/Season 02/Show - S02E01.mkv" in world.tree()


# 5. POST /resync


@pytest.fixture
def callbacks() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A Core of somebody else: an address, and what was posted to it."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/sync-callback", received
    server.shutdown()
    server.server_close()
    thread.join()


def test_step_05_a_resync_by_http_moves_the_file_from_its_real_path_and_reports(
    api: ApiWorld, callbacks: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = callbacks
    api.seiton.policy.allow("127.0.0.1")
    video = api.settings.downloads / "a.mkv"
    video.write_bytes(b"video" * 500)
    message = {name: value for name, value in RESYNC.items() if name != "old_target_path"}
    sync = message | {"series_no": 1, "callback_url": url, "file_path": str(video)}
    assert api.client.post("/sync", json=sync).status_code == 202
    converge(api.viewer)
    report(api.viewer)
    library = os.fspath(api.settings.library)
    first = f"{library}/Show/Season 01/Show - S01E03.mkv"
    assert [(said["status"], said["target_path"]) for said in received] == [("synced", first)]
    # The path in the message is wrong: the viewer knows better.
    resync = RESYNC | {"callback_url": url, "old_target_path": "/nowhere/at/all.mkv"}
    assert api.client.post("/resync", json=resync).status_code == 202
    converge(api.viewer)
    report(api.viewer)
    second = f"{library}/Show/Season 02/Show - S02E03.mkv"
    assert (received[-1]["download_id"], received[-1]["status"]) == (1, "synced")
    assert received[-1]["target_path"] == second
    assert Path(second).read_bytes() == b"video" * 500
    root = etree.fromstring(Path(second).with_suffix(".nfo").read_bytes())
    assert (root.findtext("season"), root.findtext("episode")) == ("2", "3")


def test_step_05_a_file_that_another_program_filed_is_taken_over_from_its_old_path(api: ApiWorld) -> None:
    api.viewer.library()
    old = api.settings.library / "Show" / "Season 01" / "old name.mkv"
    old.parent.mkdir(parents=True)
    old.write_bytes(b"video" * 500)
    answer = api.client.post("/resync", json=RESYNC | {"old_target_path": str(old)})
    assert answer.status_code == 202
    converge(api.viewer)
    assert api.library_files() == ["Show/Season 02/Show - S02E03.mkv"]


def test_step_05_an_old_path_outside_the_library_or_of_another_owner_is_refused(
    api: ApiWorld, tmp_path: Path
) -> None:
    outside = tmp_path / "outside.mkv"
    outside.write_bytes(b"mine")
    refused = api.client.post("/resync", json=RESYNC | {"old_target_path": str(outside)})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "old_target_path")
    api.add_parser()
    api.subscribe([title(1)])
    (filed,) = api.file_episodes()
    path = api.settings.library / api.library_files()[0]
    other = RESYNC | {"download_id": filed["download_id"] + 1, "old_target_path": str(path)}
    assert api.client.post("/resync", json=other).status_code == 422
    converge(api.viewer)
    assert (outside.read_bytes(), path.exists()) == (b"mine", True)


# 6. tvshow.nfo


def test_step_06_tvshow_nfo_is_kept_while_the_show_is_the_same(world: CoreWorld) -> None:
    parser_id = _filed(world)
    show = world.library / "Show" / "tvshow.nfo"
    before = (show.read_bytes(), show.stat().st_mtime_ns, show.stat().st_ino)
    world.bring("[G] Show - 02")
    world.settle()
    world.edit(parser_id, series_no_value="2")
    world.settle()
    assert (show.read_bytes(), show.stat().st_mtime_ns, show.stat().st_ino) == before


def test_step_06_a_changed_title_writes_a_new_one_and_leaves_no_ghost(world: CoreWorld) -> None:
    parser_id = _filed(world)
    world.edit(parser_id, anime_title_source="static", anime_title_value="Named")
    world.settle()
    assert [name for name in world.tree() if name.endswith("tvshow.nfo")] == ["Named/tvshow.nfo"]
    root = etree.fromstring((world.library / "Named" / "tvshow.nfo").read_bytes())
    assert (root.tag, root.findtext("title")) == ("tvshow", "Named")
    assert not (world.library / "Show").exists()


# 7. The upsert of a link


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"anime_title": "Named"}, (True, False, False)),
        ({"series_no": 2}, (True, False, False)),
        ({"subtitle_group": "H"}, (False, True, False)),
        ({"episode_no": 2}, (False, False, True)),
        ({"episode_tenths": 5}, (False, False, True)),
        ({"series_no": 2, "subtitle_group": "H", "episode_no": 2}, (True, True, True)),
    ],
)
def test_step_07_the_upsert_of_a_link_says_what_changed(
    world: CoreWorld, changes: dict[str, Any], expected: tuple[bool, bool, bool] | None
) -> None:
    world.bring("no parser is for this")
    (item,) = world.rows(tables.raw_items)
    first: dict[str, Any] = {"anime_title": "Show", "episode_no": 1, "subtitle_group": "G"}
    with world.database.write() as connection:
        outcome = Matched(parser_id=1, parsed=ParsedTitle(**first))
        (made,) = apply_outcomes(connection, [(item, outcome)], START).changes
    (link,) = world.rows(tables.links)
    assert (made.link_id, made.is_new) == (link["link_id"], True)
    with world.database.write() as connection:
        outcome = Matched(parser_id=1, parsed=ParsedTitle(**(first | changes)))
        found = apply_outcomes(connection, [(item, outcome)], START).changes
    said = [(c.link_id, c.is_new, c.series_changed, c.group_changed, c.episode_changed) for c in found]
    assert said == ([] if expected is None else [(link["link_id"], False, *expected)])
    assert len(world.rows(tables.links)) == 1


# 8. notify_viewer_resync


def test_step_08_the_request_is_built_from_link_series_anime_and_group(world: CoreWorld) -> None:
    parser_id = _filed(world)
    old = world.download(1)["library_path"]
    world.edit(
        parser_id,
        anime_title_source="static",
        anime_title_value="Named",
        series_no_value="2",
        subtitle_group_source="static",
        subtitle_group_value="H",
        episode_offset=4,
    )
    world.wire.messages.clear()
    seen: list[str] = []
    world.wire.while_sending = lambda: seen.extend(world.states())
    assert notify_viewer_resync(world.core, [1]) == 1
    (message,) = world.wire.messages
    said = message.model_dump(include=set(RESYNC))
    (link,) = world.rows(tables.links)
    assert said == {
        "download_id": 1,
        "series_id": link["series_id"],
        "anime_title": "Named",
        "series_no": 2,
        "episode_no": 5,
        "subtitle_group": "H",
        "old_target_path": old,
        "callback_url": world.core.callback_url,
    }
    assert seen == ["resyncing"], "it is recorded before the viewer hears of it"
    world.settle()
    assert world.states() == ["synced"]
    assert world.download(1)["library_path"].endswith("/Named/Season 02/Named - S02E05.mkv")


@pytest.mark.parametrize("status", ["completed", "sync_failed", "failed", "pending", "renaming"])
def test_step_08_the_database_refuses_what_the_state_machine_does_not_know(
    world: CoreWorld, status: str
) -> None:
    _filed(world)
    with pytest.raises(sa.exc.IntegrityError), world.database.write() as connection:
        connection.execute(sa.update(tables.downloads).values(status=status))
    assert world.states() == ["synced"]


# 9. and 10. Parsers, their reparse and its statistics


def test_step_09_creating_editing_and_deleting_a_parser_moves_the_files(api: ApiWorld) -> None:
    general = api.add_parser()
    api.subscribe([title(1), title(2)])
    api.file_episodes()
    special = api.add_parser(
        priority=90, condition_regex="- 02", anime_title_source="static", anime_title_value="Coffee"
    )
    api.settle()
    assert api.library_files() == ["Coffee/Season 01/Coffee - S01E02.mkv", "Tea/Season 01/Tea - S01E01.mkv"]
    edited = api.client.put(f"/parsers/{general['parser_id']}", json={"series_no_value": "2"})
    api.settle()
    assert api.library_files() == ["Coffee/Season 01/Coffee - S01E02.mkv", "Tea/Season 02/Tea - S02E01.mkv"]
    deleted = api.client.delete(f"/parsers/{special['parser_id']}")
    api.settle()
    assert api.library_files() == ["Tea/Season 02/Tea - S02E01.mkv", "Tea/Season 02/Tea - S02E02.mkv"]
    for answer in (special, edited.json(), deleted.json()):
        assert answer["reparse"]["resync_triggered"] == 1


def test_step_10_the_answer_to_a_write_carries_statistics_and_a_resync(api: ApiWorld) -> None:
    api.add_parser()
    api.subscribe([title(1), title(2), "[Group] Tea - 03", "nothing in particular"])
    api.file_episodes()
    answer = api.add_parser(name="second", priority=90, series_no_value="2")
    assert answer["reparse"] == {"total": 4, "parsed": 3, "failed": 0, "no_match": 1, "resync_triggered": 2}
    api.settle()
    resync = api.client.get(f"/resyncs/{answer['resync_id']}").json()
    assert (resync["state"], resync["counts"]["moved"]) == ("done", 2)


def test_step_10_a_reparse_that_outlasts_the_wait_goes_on_as_a_job(api: ApiWorld) -> None:
    api.subscribe([title(1)])
    api.core.wake = lambda job, key: None
    api.core.answer_wait_s = 0.05
    answer = api.client.post("/parsers", json=PARSER).json()
    assert (answer["state"], answer["reparsed"], answer["reparse"]["total"]) == ("running", False, 0)
    reparse(api.core)
    reconcile(api.core)
    resync = api.client.get(f"/resyncs/{answer['resync_id']}").json()
    assert (resync["state"], resync["statistics"]["parsed"]) == ("done", 1)


# 11. The whole suite


def test_step_11_the_whole_suite_is_what_ci_runs() -> None:
    steps = (ROOT / ".ci" / "run").read_text()
    assert re.search(r"^make test$", steps, re.MULTILINE)
    recipe = re.search(r"^test:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert "scripts/test.sh" in recipe[1]
    script = (ROOT / "scripts" / "test.sh").read_text()
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"):
        assert tool in script, tool
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
