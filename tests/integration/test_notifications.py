"""Notifications: said when it happened, once, to real receivers on loopback, and never in anybody's way."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.notifications import notifiers
from seiton.adapters.notifications.port import Message
from seiton.adapters.torrents.port import TransferState
from seiton.bootstrap import Seiton
from seiton.config import Settings, load_settings
from seiton.config.notifications import NotificationSettings
from seiton.contract import LibraryCheckPart
from seiton.core import tables
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.retry import retry_failed
from seiton.core.downloads.transfers import check_transfers
from seiton.core.neighbours.states import note_answer, note_failure
from seiton.core.notifications.happened import Happening, enroll, happened
from seiton.core.notifications.sending import list_targets, send_due, standings, try_out
from seiton.core.notifications.watching import Comings, note_drift
from seiton.core.rules.pinning import set_pin
from seiton.domain.consent import Brake
from seiton.domain.pins import PinField
from seiton.domain.states import Happens, NeighbourKind, NeighbourState
from seiton.errors import InvalidInput, NotFound, Unavailable
from seiton.faces.cli import run
from seiton.faces.happenings import sentence
from tests.integration.api_world import ApiWorld
from tests.integration.core_world import CoreWorld, torrent_of
from tests.integration.core_world import world as world

EVERYTHING = tuple(str(kind) for kind in Happens)
SECRET = "s3cr3t-path-of-mine"


class Receiver:
    """A real HTTP server that takes what is posted to it, or does not."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str], Any]] = []
        self.status, self.location = 200, ""
        self.base = ""

    @property
    def texts(self) -> list[str]:
        return [content.get("text") or content.get("message") or "" for _path, _headers, content in self.got]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.got.append((self.path, dict(self.headers), json.loads(body)))
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_arguments: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def settings(url: str, *, kind: str = "webhook", on: tuple[str, ...] = EVERYTHING, **more: Any) -> Any:
    values = {"name": "phone", "kind": kind, "url": url, "on": on, **more}
    return NotificationSettings.model_validate(values)


def configure(world: CoreWorld | ApiWorld, *targets: NotificationSettings) -> None:
    world.core.notifiers = notifiers(targets, world.core.web)
    with world.core.database.write() as connection:
        enroll(connection, world.core.notifiers)


@pytest.fixture
def told(world: CoreWorld, receiver: Receiver) -> CoreWorld:
    """A world that tells a webhook of everything."""
    configure(world, settings(f"{receiver.base}/{SECRET}?token={SECRET}"))
    return world


def filed(world: CoreWorld, *episodes: int) -> None:
    world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Tea - {episode:02}" for episode in episodes))
    world.settle()


def say(world: CoreWorld) -> None:
    send_due(world.core, sentence)


def states(world: CoreWorld) -> list[str]:
    return [row["state"] for row in world.rows(tables.notices)]


def test_episodes_that_were_filed_together_are_one_message(told: CoreWorld, receiver: Receiver) -> None:
    filed(told, 1, 2, 3)
    assert receiver.got == [], "nothing is sent by who files"
    say(told)
    ((path, headers, content),) = receiver.got
    assert path == f"/{SECRET}?token={SECRET}"
    assert content["text"] == content["title"] == "3 episodes of Tea were filed"
    assert content["happenings"] == [
        {
            "kind": "filed",
            "subject": "Tea",
            "detail": None,
            "count": 3,
            "says": content["text"],
        }
    ]
    assert headers["Idempotency-Key"] == content["id"]
    say(told)
    assert len(receiver.got) == 1
    told.bring("[G] Tea - 04")
    told.settle()
    say(told)
    assert receiver.texts[1:] == ["An episode of Tea was filed"]


def test_a_receiver_that_is_away_holds_nothing_up_and_is_told_once_when_it_is_back(
    told: CoreWorld, receiver: Receiver
) -> None:
    receiver.status = 503
    filed(told, 1)
    say(told)
    say(told)
    assert len(receiver.got) == 1, "it is left alone"
    assert [name for name in told.tree() if name.endswith(".mkv")] == ["Tea/Season 01/Tea - S01E01.mkv"]
    (standing,) = standings(told.core)
    assert (standing.state, standing.last_error) == (
        NeighbourState.AWAY,
        "phone did not take the message (HTTP 503).",
    )
    receiver.status = 204
    told.pass_time(minutes=2)
    say(told)
    told.pass_time(hours=7)
    say(told)
    assert [content["happenings"][0]["count"] for _path, _headers, content in receiver.got] == [1, 1]
    assert (states(told), standings(told.core)[0].state) == (["sent"], NeighbourState.WELL)


class Killed(BaseException):
    """The process ends here."""


def test_what_was_taken_is_not_said_again_after_a_kill_in_the_middle(
    told: CoreWorld, receiver: Receiver
) -> None:
    (webhook,) = told.core.notifiers

    class Dies:
        name, kind, address, wants = webhook.name, webhook.kind, webhook.address, webhook.wants

        def send(self, message: Message) -> None:
            webhook.send(message)
            raise Killed

    filed(told, 1)
    told.core.notifiers = (Dies(),)
    with pytest.raises(Killed):
        say(told)
    told.core.notifiers = (webhook,)
    told.bring("[G] Tea - 02")
    told.settle()
    say(told)
    assert receiver.texts == ["An episode of Tea was filed", "An episode of Tea was filed"]
    assert states(told) == ["unknown", "sent"]


def test_a_held_file_a_braked_cause_and_one_that_is_done_are_told(
    told: CoreWorld, receiver: Receiver
) -> None:
    filed(told, 1, 2)
    say(told)
    (told.library / "Tea/Season 01/Tea - S01E09.mkv").write_bytes(b"somebody's")
    set_pin(told.core, link_id=1, field=PinField.EPISODE_NO, value=9)
    told.settle()
    say(told)
    assert receiver.texts[1].splitlines() == [
        "A file of Tea was left alone: a file that is not Seiton's lies there",
        "Done: set by hand: [G] Tea - 01, 1 file",
    ]
    told.brake = Brake(files=0, some_files=0)
    told.start()
    configure(told, settings(f"{receiver.base}/x"))
    set_pin(told.core, link_id=2, field=PinField.EPISODE_NO, value=7)
    say(told)
    assert receiver.texts[2] == "Waits for you: set by hand: [G] Tea - 02"


def test_a_preview_is_no_happening(told: CoreWorld) -> None:
    from seiton.core.rules.pinning import preview_pin

    filed(told, 1)
    before = len(states(told))
    told.core.brake = Brake(files=0, some_files=0)
    assert preview_pin(told.core, link_id=1, field=PinField.EPISODE_NO, value=7).needs_confirmation
    assert len(states(told)) == before


def test_a_site_that_goes_and_comes_back_is_told_once_each(told: CoreWorld, receiver: Receiver) -> None:
    site = "https://feed.test/rss?token=abc"
    for _time in range(3):
        note_failure(told.core, NeighbourKind.SITE, site, Unavailable("no"))
    note_answer(told.core, NeighbourKind.SITE, site)
    note_answer(told.core, NeighbourKind.SITE, site)
    say(told)
    assert receiver.texts == ["https://feed.test does not answer\nhttps://feed.test answers again"]


def test_a_program_beside_us_that_goes_and_comes_is_told(told: CoreWorld, receiver: Receiver) -> None:
    from seiton.adapters.neighbours import Neighbour

    client, comings = Neighbour("qbittorrent", "http://nas:8080"), Comings()
    comings.look(told.core, [client.standing()])
    client.failed(Unavailable("no"), NeighbourState.AWAY)
    comings.look(told.core, [client.standing()])
    comings.look(told.core, [client.standing()])
    client.is_well()
    comings.look(told.core, [client.standing()])
    say(told)
    name = "qbittorrent http://nas:8080"
    assert receiver.texts == [f"{name} does not answer\n{name} answers again"]


def test_findings_of_a_check_are_told(told: CoreWorld, receiver: Receiver) -> None:
    note_drift(told.core, LibraryCheckPart(counts={"missing": 2, "foreign": 0}))
    note_drift(told.core, LibraryCheckPart(counts={"missing": 1}))
    say(told)
    assert receiver.texts == ["A check of the library found missing: 3"]


def test_a_target_hears_only_what_it_wants(world: CoreWorld, receiver: Receiver) -> None:
    configure(world, settings(f"{receiver.base}/x", on=("held",)))
    filed(world, 1)
    assert states(world) == []


def test_a_target_that_left_the_settings_is_forgotten_with_what_it_was_to_be_told(told: CoreWorld) -> None:
    filed(told, 1)
    configure(told)
    assert (states(told), list_targets(told.core)) == ([], [])


def test_what_is_too_old_or_too_much_is_given_up(told: CoreWorld, receiver: Receiver) -> None:
    receiver.status = 503
    for number in range(3):
        with told.database.write() as connection:
            many = [Happening(kind=Happens.FILED, subject=f"Work {number} {one}") for one in range(400)]
            happened(connection, many, told.core.now())
    say(told)
    assert {state: states(told).count(state) for state in set(states(told))} == {
        "waiting": 1000,
        "given_up": 200,
    }
    told.pass_time(days=4)
    receiver.status = 200
    say(told)
    assert set(states(told)) == {"given_up"}
    assert len(receiver.got) == 1, "nothing of it is news any more"
    told.pass_time(days=8)
    say(told)
    assert states(told) == []


def test_a_message_names_some_and_counts_the_rest(told: CoreWorld, receiver: Receiver) -> None:
    with told.database.write() as connection:
        many = [Happening(kind=Happens.FILED, subject=f"Work {one:02}") for one in range(30)]
        happened(connection, many, told.core.now())
    say(told)
    lines = receiver.texts[0].splitlines()
    assert (len(lines), lines[0], lines[-1]) == (21, "An episode of Work 00 was filed", "… and 10 more.")
    assert len(receiver.got[0][2]["happenings"]) == 30


def test_a_test_says_whether_it_arrived(told: CoreWorld, receiver: Receiver) -> None:
    assert try_out(told.core, None) == [{"name": "phone", "kind": "webhook", "error": None}]
    receiver.status = 404
    assert try_out(told.core, "phone")[0]["error"] == "phone did not take the message (HTTP 404)."
    with pytest.raises(NotFound):
        try_out(told.core, "nobody")
    configure(told)
    with pytest.raises(InvalidInput):
        try_out(told.core, None)


@pytest.mark.parametrize("fault", ["refused", "redirect", "nobody"])
def test_the_secret_address_is_in_no_log_no_answer_and_no_row(
    world: CoreWorld, receiver: Receiver, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    base = receiver.base if fault != "nobody" else "http://127.0.0.1:1"
    configure(world, settings(f"{base.replace('://', f'://me:{SECRET}@')}/{SECRET}?key={SECRET}"))
    receiver.status = 403 if fault == "refused" else 307
    receiver.location = "http://127.0.0.1:1/elsewhere" if fault == "redirect" else ""
    filed(world, 1)
    with caplog.at_level(logging.DEBUG):
        say(world)
        (tried,) = try_out(world.core, None)
    seen = [caplog.text, repr(tried), repr(list_targets(world.core)), repr(standings(world.core))]
    with world.database.read() as connection:
        seen += [repr(connection.execute(sa.select(table)).all()) for table in tables.metadata.sorted_tables]
    assert tried["error"]
    assert [text for text in seen if SECRET in text] == []
    assert SECRET not in repr(settings(f"https://x/{SECRET}"))


def test_nothing_but_the_configured_host_is_asked(world: CoreWorld, receiver: Receiver) -> None:
    with receiving() as other:
        configure(world, settings(f"{receiver.base}/x"))
        receiver.status, receiver.location = 307, f"{other.base}/y"
        assert "redirects" in try_out(world.core, None)[0]["error"]
        assert other.got == []


# Templates


def test_a_template_makes_the_json_that_a_service_wants(world: CoreWorld, receiver: Receiver) -> None:
    kinds = '{{ happenings|map(attribute="kind")|list|tojson }}'
    template = '{"content": {{ text|tojson }}, "n": {{ count }}, "kinds": ' + kinds + "}"
    configure(world, settings(f"{receiver.base}/x", template=template))
    filed(world, 1, 2)
    say(world)
    assert receiver.got[0][2] == {"content": "2 episodes of Tea were filed", "n": 2, "kinds": ["filed"]}


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ('{"a": {{ txt }}}', "{{ txt }}"),
        ('{"a": {{ text }', "cannot be read"),
        ('{"a": "{{ text }}"}', "does not work"),  # quotes and line breaks: no JSON
        ('{"a": {{ happenings[0].nothing|tojson }}}', "does not work"),
        ("{{ ''.__class__.__mro__ }}", "does not work"),
        ("{{ 'a' * 1000000000 }}", "does not work"),
        ("{% for a in happenings %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", "{{ range }}"),
        ("{% include 'x' %}", "does not work"),
    ],
)
def test_a_template_of_no_use_is_refused_with_field_and_placeholder(
    world: CoreWorld, template: str, says: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        notifiers([settings("http://127.0.0.1:1/x", template=template)], world.web)
    (problem,) = caught.value.problems
    assert problem.field == "notifications phone template"
    assert says in problem.message


# Apprise


def test_apprise_sends_to_its_services(world: CoreWorld, receiver: Receiver) -> None:
    address = receiver.base.replace("http://", "json://") + f"/{SECRET}/"
    configure(world, settings(address, kind="apprise", template="{{ text }} ({{ count }})"))
    filed(world, 1, 2)
    say(world)
    ((path, _headers, content),) = receiver.got
    assert path == f"/{SECRET}/"
    assert (content["title"], content["message"]) == (
        "2 episodes of Tea were filed",
        "2 episodes of Tea were filed (2)",
    )
    assert states(world) == ["sent"]


def test_what_apprise_could_not_send_waits_and_its_address_is_in_no_log(
    world: CoreWorld, receiver: Receiver, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    receiver.status = 500
    address = receiver.base.replace("http://", f"json://me:{SECRET}@") + f"/{SECRET}/"
    configure(world, settings(address, kind="apprise"))
    filed(world, 1)
    with caplog.at_level(logging.DEBUG):
        say(world)
    assert states(world) == ["waiting"]
    (standing,) = standings(world.core)
    assert (standing.kind, standing.address) == ("apprise", "json:// (phone)")
    assert standing.state is NeighbourState.AWAY
    said = caplog.text + repr(standing) + "".join(capfd.readouterr())
    assert SECRET not in said
    receiver.status = 200
    world.pass_time(minutes=2)
    say(world)
    assert states(world) == ["sent"]


def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    web = WebClient(user_agent="tests", timeout_s=5, max_redirects=0, policy=HostPolicy())
    with pytest.raises(InvalidInput) as caught:
        notifiers([settings(f"nosuchservice://{SECRET}", kind="apprise")], web)
    web.close()
    assert caught.value.problems[0].field == "notifications phone url"
    assert SECRET not in caught.value.problems[0].message


# The whole program


def whole(tmp_path: Path, receiver: Receiver) -> Seiton:
    given = {
        "data": tmp_path / "data",
        "bangumi_url": "off",
        "mikan_url": "off",
        "private_hosts": "127.0.0.1",
    }
    target = {"name": "phone", "kind": "webhook", "url": f"{receiver.base}/{SECRET}"}
    settings_ = Settings.model_validate({**given, "port": 0, "notifications": [target]})
    return Seiton(settings_, loopback_only=True)


def test_a_running_seiton_says_what_happened_by_itself(tmp_path: Path, receiver: Receiver) -> None:
    with whole(tmp_path, receiver) as seiton:
        with seiton.database.write() as connection:
            news = Happening(kind=Happens.FILED, subject="Tea", count=2)
            happened(connection, [news], seiton.core.now())
        seiton.core.wake("notify", "")
        deadline = time.monotonic() + 120
        while not receiver.got and time.monotonic() < deadline:
            time.sleep(0.1)
    assert receiver.texts == ["2 episodes of Tea were filed"]


def test_targets_are_listed_and_tried_without_their_address(tmp_path: Path, receiver: Receiver) -> None:
    seiton = whole(tmp_path, receiver)
    with TestClient(seiton.application()) as client:
        listed, services = client.get("/notifications"), client.get("/services")
        assert [row["name"] for row in listed.json()["targets"]] == ["phone"]
        (neighbour,) = [row for row in services.json()["neighbours"] if row["kind"] == "webhook"]
        assert neighbour["state"] == "unknown"
        tried = client.post("/notifications/test", json={})
        assert tried.json() == {"results": [{"name": "phone", "kind": "webhook", "error": None}]}
        assert client.post("/notifications/test", json={"name": "nobody"}).status_code == 404
        assert client.get("/services").json()["neighbours"][-1]["state"] == "well"
        assert SECRET not in listed.text + services.text + tried.text
    seiton.close()
    assert receiver.texts == ["This is a test. Notifications arrive here."]


def test_the_command_says_whether_a_test_arrived(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    with ApiWorld(tmp_path) as api, api.listening() as url:
        configure(api, settings(f"{receiver.base}/{SECRET}", on=("filed", "held")))
        assert run(["notifications", "test", "--url", url]) == 0
        receiver.status = 500
        assert run(["notifications", "test", "phone", "--url", url]) == 1
        assert run(["notifications", "list", "--url", url]) == 0
    said = capsys.readouterr()
    assert "HTTP 500" in said.out
    assert "filed, held" in said.out
    assert SECRET not in said.out + said.err


def test_a_download_that_is_given_up_is_told(told: CoreWorld, receiver: Receiver) -> None:
    told.create(priority=9, series_no=1)
    told.bring("[G] Tea - 01")
    start_downloads(told.core)
    told.torrents.states[torrent_of("[G] Tea - 01")] = TransferState.ERROR
    check_transfers(told.core)
    say(told)
    assert receiver.got == [], "it is tried again"
    told.pass_time(days=15)
    retry_failed(told.core)
    start_downloads(told.core)
    told.torrents.states[torrent_of("[G] Tea - 01")] = TransferState.ERROR
    check_transfers(told.core)
    say(told)
    assert [text for text in receiver.texts if "Given up: a download of Tea" in text]


def test_settings_name_what_is_wrong_with_a_target(tmp_path: Path) -> None:
    for wrong in (
        {"name": "a", "kind": "webhook", "url": "ftp://x"},
        {"name": "a", "kind": "smoke", "url": "http://x"},
        {"name": "a", "kind": "webhook", "url": "http://x", "on": ["parties"]},
    ):
        environ = {"SEITON_NOTIFICATIONS": json.dumps([wrong]), "HOME": str(tmp_path)}
        with pytest.raises(InvalidInput) as caught:
            load_settings(environ=environ, folder=tmp_path)
        assert caught.value.problems[0].field == "SEITON_NOTIFICATIONS"


# Read again, and what was said


def written(folder: Path, *targets: tuple[str, str]) -> None:
    tables_ = [
        f'[[notifications]]\nname = "{name}"\nkind = "webhook"\nurl = "{url}"' for name, url in targets
    ]
    (folder / "seiton.toml").write_text("\n".join(['bangumi_url = "off"', 'mikan_url = "off"', *tables_]))


def test_targets_that_were_added_or_removed_are_read_without_a_restart(
    tmp_path: Path, receiver: Receiver
) -> None:
    written(tmp_path, ("phone", f"{receiver.base}/{SECRET}"))
    environ = {"HOME": str(tmp_path), "SEITON_PRIVATE_HOSTS": "127.0.0.1"}
    loaded = load_settings(environ=environ, folder=tmp_path, data=tmp_path / "data", port=0)
    seiton = Seiton(loaded, loopback_only=True)
    with TestClient(seiton.application()) as client:
        written(tmp_path, ("home", f"{receiver.base}/{SECRET}/home"), ("desk", f"{receiver.base}/{SECRET}"))
        answer = client.post("/notifications/reread", json={})
        assert answer.json() == {"added": ["desk", "home"], "removed": ["phone"]}
        assert [row["name"] for row in client.get("/notifications").json()["targets"]] == ["desk", "home"]
        assert client.post("/notifications/test", json={"name": "home"}).status_code == 200
        written(tmp_path, ("home", "ftp://nowhere"))
        refused = client.post("/notifications/reread", json={})
        assert (refused.status_code, SECRET in refused.text) == (422, False)
        assert "seiton.toml" in refused.json()["errors"][0]["field"]
        assert len(client.get("/notifications").json()["targets"]) == 2, "they stay as they were"
    seiton.close()
    assert [path for path, _headers, _content in receiver.got] == [f"/{SECRET}/home"]


def test_settings_that_came_from_nowhere_are_read_again_as_they_are(
    tmp_path: Path, receiver: Receiver
) -> None:
    seiton = whole(tmp_path, receiver)
    with TestClient(seiton.application()) as client:
        assert client.post("/notifications/reread", json={}).json() == {"added": [], "removed": []}
    seiton.close()


def test_what_was_said_what_waits_and_why_is_listed(
    tmp_path: Path, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    with ApiWorld(tmp_path) as api, api.listening() as url:
        configure(api, settings(f"{receiver.base}/{SECRET}"))
        for subject, status in (("Tea", 200), ("Salt", 503)):
            receiver.status = status
            with api.core.database.write() as connection:
                happened(connection, [Happening(kind=Happens.FILED, subject=subject)], api.core.now())
            send_due(api.core, sentence)
        rows = api.client.get("/notifications/sent").json()["notices"]
        assert [(row["says"], row["state"], row["error"]) for row in rows] == [
            ("An episode of Salt was filed", "waiting", "phone did not take the message (HTTP 503)."),
            ("An episode of Tea was filed", "sent", None),
        ]
        assert api.client.get("/notifications/sent?target=nobody").json() == {"notices": []}
        assert run(["notifications", "sent", "phone", "--limit", "1", "--url", url]) == 0
        assert run(["notifications", "reread", "--url", url]) == 0
    said = capsys.readouterr().out
    assert "An episode of Salt was filed" in said
    assert "Tea" not in said
    assert SECRET not in said
