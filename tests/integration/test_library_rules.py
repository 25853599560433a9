"""Several viewers: a rule says which library an anime goes to; one that is away does not slow the others."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.core import tables
from seiton.domain.library_rules import LibraryRule, rule_for
from tests.acceptance.peers import Answer, Peer, Received, call, register
from tests.acceptance.roles import get, running, wait_for
from tests.integration.api_world import ApiWorld, title


class Taking(Peer):
    """A viewer of ours that takes everything and reports nothing."""

    def answer(self, request: Received) -> Answer:
        if request.path in ("/sync", "/resync"):
            said = {"download_id": request.body["download_id"], "revision": request.body["revision"]}
            return 202, said | {"receipt": "accepted"}
        return super().answer(request)

    def asked(self) -> list[str]:
        """Return the titles of what it was asked to file, in order, each once."""
        return list(dict.fromkeys(str(one.body["anime_title"]) for one in self.sent("POST", "/sync")))


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as world:
        yield world


@pytest.fixture
def attic() -> Iterator[Taking]:
    with Taking() as viewer:
        yield viewer


def join(world: ApiWorld, viewer: Taking, name: str = "attic") -> None:
    """Have a viewer register from this machine."""
    with world.listening() as url:
        register(url, "viewer", name, viewer.port, sync_endpoint="/sync", seiton=1)


def arrive(world: ApiWorld) -> None:
    """Let every download that is not filed arrive, and have the viewers asked."""
    for row in world.client.get("/downloads?limit=200").json():
        if row["status"] == "pending":
            path = world.settings.downloads / f"{row['download_id']}.mkv"
            path.write_bytes(b"%d" % row["download_id"] * 64)
            world.set_download(row["download_id"], "downloading", "completed", source_path=str(path))
    world.settle()


def put(world: ApiWorld, *rules: dict[str, Any], **more: object) -> Any:
    answer = world.client.put("/library/rules", json={"rules": rules, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def viewers(world: ApiWorld) -> dict[str, str | None]:
    with world.core.database.read() as connection:
        query = sa.select(tables.animes.c.title, tables.downloads.c.viewer).select_from(
            tables.downloads.join(tables.links, tables.links.c.link_id == tables.downloads.c.link_id)
            .join(tables.series, tables.series.c.series_id == tables.links.c.series_id)
            .join(tables.animes, tables.animes.c.anime_id == tables.series.c.anime_id)
        )
        return {row.title: row.viewer for row in connection.execute(query)}


def test_the_first_rule_that_speaks_of_an_anime_says_where_its_files_go(
    world: ApiWorld, attic: Taking
) -> None:
    world.subscribe([title(1), title(1, "Sea"), title(1, "Seaside"), title(1, "Mountain")])
    world.add_parser()
    join(world, attic)
    anime = {row["title"]: row["anime_id"] for row in world.client.get("/anime").json()["animes"]}
    put(
        world,
        {"anime_id": anime["Seaside"], "viewer": None},
        {"pattern": "^Sea", "viewer": "attic"},
        {"pattern": "Mount", "viewer": "attic"},
        {"pattern": ".", "viewer": None},
    )
    arrive(world)
    assert viewers(world) == {"Tea": None, "Sea": "attic", "Seaside": None, "Mountain": "attic"}
    assert sorted(attic.asked()) == ["Mountain", "Sea"]
    assert {path.split("/")[0] for path in world.library_files()} == {"Tea", "Seaside"}


def test_without_a_rule_the_viewer_of_the_highest_priority_has_it(world: ApiWorld, attic: Taking) -> None:
    world.subscribe([title(1), title(1, "Sea")])
    world.add_parser()
    join(world, attic)
    [module] = world.client.get("/services").json()["services"]
    world.client.patch(f"/services/{module['service_id']}", json={"priority": 90})
    put(world, {"pattern": "^Sea$", "viewer": None})
    arrive(world)
    assert viewers(world) == {"Tea": "attic", "Sea": None}


def test_a_change_is_previewed_and_what_was_filed_stays_and_is_listed(world: ApiWorld, attic: Taking) -> None:
    world.subscribe([title(1), title(2), title(1, "Sea")])
    world.add_parser()
    join(world, attic)
    arrive(world)
    before = world.library_files()
    world.subscribe([title(1), title(2), title(1, "Sea"), title(3)])
    rules: list[dict[str, Any]] = [{"pattern": "Tea", "viewer": "attic"}, {"pattern": "^Sea", "viewer": None}]
    preview = world.client.post("/library/rules/preview", json={"rules": rules}).json()
    [tea] = preview["changes"]
    assert preview["total"] == 1, "where no rule spoke and the same viewer has it, nothing changes"
    assert {name: tea[name] for name in ("title", "viewer", "wanted", "files", "coming")} == {
        "title": "Tea",
        "viewer": None,
        "wanted": "attic",
        "files": 2,
        "coming": 1,
    }
    assert world.client.get("/library/rules").json()["version"] == 0, "a preview writes nothing"

    written = put(world, *rules, version=0)
    assert (written["version"], written["elsewhere_total"]) == (1, 1)
    arrive(world)
    assert attic.asked() == ["Tea"] and len(attic.sent("POST", "/sync")) == 1, "the new episode alone"
    assert world.library_files() == before, "what was filed stays"
    [stays] = world.client.get("/library/rules").json()["elsewhere"]
    assert (stays["title"], stays["files"], stays["viewer"], stays["wanted"]) == ("Tea", 2, None, "attic")
    kept = put(world, {"anime_id": stays["anime_id"], "viewer": None}, *rules)
    assert kept["elsewhere"] == [], "the way out: a rule that has the anime where it is"
    conflict = world.client.put("/library/rules", json={"rules": [], "version": 1})
    assert conflict.status_code == 409
    assert put(world)["rules"] == []


def test_rules_that_cannot_be_used_are_refused_with_the_field(world: ApiWorld, attic: Taking) -> None:
    join(world, attic)
    bad = [
        {"pattern": "(", "viewer": "attic"},
        {"pattern": "x", "viewer": "cellar"},
        {"viewer": "attic"},
        {"anime_id": 7, "pattern": "x", "viewer": "attic"},
        {"anime_id": 99, "viewer": "attic"},
    ]
    for path, method in (("/library/rules", "PUT"), ("/library/rules/preview", "POST")):
        answer = world.client.request(method, path, json={"rules": bad})
        assert answer.status_code == 422
        fields = {problem["field"] for problem in answer.json()["errors"]}
        assert fields >= {
            "rules.0.pattern",
            "rules.1.viewer",
            "rules.2.pattern",
            "rules.3.pattern",
            "rules.4.anime_id",
        }
    assert "attic" in answer.text and world.client.get("/library/rules").json()["version"] == 0


def test_a_viewer_that_is_switched_off_has_its_files_wait_and_the_others_get_theirs(
    world: ApiWorld, attic: Taking
) -> None:
    world.subscribe([title(1), title(1, "Sea")])
    world.add_parser()
    join(world, attic)
    put(world, {"pattern": "^Sea", "viewer": "attic"})
    [module] = world.client.get("/services").json()["services"]
    world.client.patch(f"/services/{module['service_id']}", json={"is_enabled": False})
    arrive(world)
    states = {row["anime_title"]: row["status"] for row in world.client.get("/downloads").json()}
    assert states["Tea"] == "synced" and states["Sea"] != "synced"
    assert attic.asked() == []


def test_the_command_line_lists_previews_and_sets(
    world: ApiWorld, attic: Taking, capsys: pytest.CaptureFixture[str]
) -> None:
    from seiton.faces.cli import run

    world.subscribe([title(1)])
    world.add_parser()
    join(world, attic)
    arrive(world)
    with world.listening() as url:
        where = ["--url", url]
        assert run(["library", "rules", "preview", "^Tea=attic", *where]) == 0
        assert "attic" in capsys.readouterr().out
        assert run(["library", "rules", "set", "anime:1=built-in", "^Tea=attic", "--json", *where]) == 0
        document = json.loads(capsys.readouterr().out)
        assert document["rules"] == [
            {"anime_id": 1, "pattern": None, "viewer": None},
            {"anime_id": None, "pattern": "^Tea", "viewer": "attic"},
        ]
        assert run(["library", "rules", "set", "^Tea=attic", *where]) == 0
        assert "They stay where they are" in capsys.readouterr().out
        assert run(["library", "rules", "set", "nonsense", *where]) == 2


def test_a_rule_of_an_anime_and_one_of_a_pattern_stand_in_one_order() -> None:
    one = LibraryRule(anime_id=3, viewer="a")
    other = LibraryRule(pattern="^夏", viewer="b")
    assert rule_for([one, other], 3, "夏目友人帳") is one
    assert rule_for([other, one], 3, "夏目友人帳") is other
    assert rule_for([one, other], 4, "初夏") is None
    assert rule_for([], 4, "初夏") is None


class Hanging:
    """A viewer that is well when probed, takes every other request, and never answers it."""

    def __init__(self, events: list[str]) -> None:
        self._events = events
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.taken = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._hold, args=(connection,), daemon=True).start()

    def _hold(self, connection: socket.socket) -> None:
        with connection:
            if connection.recv(65_536).startswith(b"GET /health"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
                return
            self.taken.set()
            while connection.recv(65_536):
                pass
            self._events.append("the silent one was given up")

    def close(self) -> None:
        self._listener.close()


@pytest.mark.timeout(300)
def test_one_viewer_that_does_not_answer_does_not_slow_the_others(tmp_path: Path, sqlite_url: str) -> None:
    events: list[str] = []
    with ApiWorld(tmp_path, sqlite_url) as world:
        world.subscribe([title(number, name) for name in ("Tea", "Sea") for number in (1, 2)])
        world.add_parser()
        later = datetime.now(UTC) + timedelta(days=1)
        for row in world.client.get("/downloads").json():
            path = f"/downloads/{row['download_id']}.mkv"
            values = {"source_path": path, "next_try_at": later}
            world.set_download(row["download_id"], "downloading", "completed", **values)
    database, silent = Database(sqlite_url), Hanging(events)

    def arrives(episode: int) -> None:
        links, downloads = tables.links, tables.downloads
        mine = sa.select(links.c.link_id).where(links.c.episode_no == episode)
        with database.write() as connection:
            due = sa.update(downloads).where(downloads.c.link_id.in_(mine)).values(next_try_at=None)
            connection.execute(due)

    with Taking() as cellar, running("core", tmp_path, "--database-url", sqlite_url) as core:
        register(core, "viewer", "attic", silent.port, sync_endpoint="/sync", seiton=1)
        register(core, "viewer", "cellar", cellar.port, sync_endpoint="/sync", seiton=1)
        rules = {"rules": [{"pattern": "Tea", "viewer": "attic"}, {"pattern": "Sea", "viewer": "cellar"}]}
        assert call("PUT", f"{core}/library/rules", rules)[0] == 200
        for episode in (1, 2):
            arrives(episode)
            assert call("PUT", f"{core}/library/rules", rules)[0] == 200
            wait_for(lambda wanted=episode: len(cellar.sent("POST", "/sync")) >= wanted, "it is filed")  # type: ignore[misc]
            assert silent.taken.wait(60), "the other one was asked as well"
            events.append(f"the other one has episode {episode}")
        assert events == ["the other one has episode 1", "the other one has episode 2"]
        assert cellar.asked() == ["Sea"]
        assert len(get(f"{core}/services")["services"]) == 2
        silent.close()
    database.close()
