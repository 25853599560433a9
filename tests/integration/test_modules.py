"""Modules that register, lie, are slow, or speak for others."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.feeds import FeedLimits
from seiton.adapters.http import FetchError, FetchFault, WebClient
from seiton.adapters.http_policy import HostPolicy
from seiton.adapters.modules.downloader import DownloaderOverHttp, NotReached
from seiton.adapters.torrents.port import ClientAway, TorrentRefused, TorrentSource, TransferState
from seiton.core import tables
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.transfers import check_transfers
from seiton.core.feeds.subscriptions import fetch_subscription
from seiton.core.filing.resync import ask_again, reconcile
from seiton.core.modules.probing import probe_modules
from seiton.core.modules.registry import Registration, register
from seiton.core.service import utc_now
from seiton.domain.states import ModuleType
from seiton.errors import InvalidInput
from seiton.fetcher import Errand, Fetcher
from tests.acceptance.peers import Answer, ForeignCore, ForeignViewer, Peer, Received, call
from tests.acceptance.peers import register as register_over_http
from tests.acceptance.roles import wait_for
from tests.integration.api_world import PARSER, ApiWorld, feed_of, served, title

HASHES = [f"{number:040x}" for number in range(1, 10_001)]


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ApiWorld]:
    with ApiWorld(tmp_path, database_url) as world:
        yield world


@pytest.fixture
def web() -> Iterator[WebClient]:
    policy = HostPolicy(frozenset({"127.0.0.1"}))
    client = WebClient(user_agent="test", timeout_s=10, max_redirects=0, policy=policy)
    yield client
    client.close()


class Scripted(Peer):
    """Answers each address with what it was told to."""

    def __init__(self, **answers: Answer) -> None:
        self.answers = answers
        super().__init__()

    def answer(self, request: Received) -> Answer:
        name = request.path.strip("/").split("/")[0]
        return self.answers.get(f"{request.method}_{name}", super().answer(request))


class Silent:
    """Takes a request and hangs up: nobody knows what became of it."""

    def __init__(self) -> None:
        self.taken = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            with connection:
                self.taken += connection.recv(65536).startswith(b"POST /downloads")

    def __enter__(self) -> Silent:
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()


def said(**changes: Any) -> Registration:
    given: dict[str, Any] = {
        "module_type": ModuleType.DOWNLOADER,
        "name": "other",
        "host": "127.0.0.1",
        "port": 8002,
        "capabilities": {"supported_download_types": ["magnet", "torrent"]},
        "core_url": "http://127.0.0.1:8000",
        "caller": "127.0.0.1",
    }
    return Registration(**(given | changes))


def add(world: ApiWorld, port: int, *, priority: int = 60, **changes: Any) -> int:
    """Register a module of this machine and rank it."""
    row = register(world.core, said(port=port, **changes))
    change = world.client.patch(f"/services/{row['service_id']}", json={"priority": priority})
    assert change.status_code == 200
    return int(row["module_id"])


def downloads(world: ApiWorld) -> list[Any]:
    with world.core.database.read() as connection:
        query = sa.select(tables.downloads).order_by(tables.downloads.c.download_id)
        return list(connection.execute(query).mappings())


def due_now(world: ApiWorld) -> None:
    with world.core.database.write() as connection:
        connection.execute(sa.update(tables.downloads).values(next_try_at=None))


# Registering


def test_a_module_that_registers_twice_is_one_and_stays_as_a_person_set_it(world: ApiWorld) -> None:
    with world.listening() as core:
        first = register_over_http(core, "downloader", "other", 8002)
        path = f"{core}/services/{first['service_id']}"
        status, _row = call("PUT", path, {})
        assert status == 405
        world.client.patch(f"/services/{first['service_id']}", json={"is_enabled": False, "priority": 7})
        second = register_over_http(core, "downloader", "other", 8012)
        register_over_http(core, "viewer", "other", 8003)
    assert second["service_id"] == first["service_id"]
    one, two = world.client.get("/services").json()["services"]
    assert (one["service_name"], one["port"], one["is_enabled"], one["priority"]) == ("other", 8012, False, 7)
    assert (two["service_type"], two["is_enabled"], two["priority"]) == ("viewer", True, 50)
    assert world.client.get("/services/viewer").json()["services"] == [two]
    assert world.client.get("/services/clown").status_code == 404


def test_localhost_said_by_another_machine_means_that_machine(world: ApiWorld) -> None:
    for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0"):
        row = register(world.core, said(host=host, caller="192.0.2.7"))
        assert (row["base_url"], row["admitted"]) == ("http://192.0.2.7:8002", True)
    assert register(world.core, said(host="localhost"))["base_url"] == "http://localhost:8002"
    six = register(world.core, said(host="localhost", caller="2001:db8::7"))
    assert six["base_url"] == "http://[2001:db8::7]:8002"


def test_a_base_url_on_somebody_elses_machine_is_not_asked_until_a_person_says_so(world: ApiWorld) -> None:
    with Scripted() as victim:
        row = register(world.core, said(host="127.0.0.1", port=victim.port, caller="::1"))
        assert row["admitted"]
        row = register(world.core, said(name="rogue", host="192.0.2.1", port=victim.port, caller="192.0.2.7"))
        assert not row["admitted"]
        probe_modules(world.core)
        service = f"/services/{row['service_id']}"
        assert world.client.get(f"{service}/health").status_code == 409
        assert not world.core.web.policy.permits(row["base_url"])
        assert world.client.patch(service, json={"is_enabled": True}).json()["admitted"]
        assert world.core.web.policy.permits(row["base_url"])
    moved = register(world.core, said(name="rogue", host="192.0.2.2", caller="192.0.2.7"))
    assert not moved["admitted"]


@pytest.mark.parametrize("host", ["a/b", "user@host", "host:1:2", "a b", "#", "-?", "host\\x"])
def test_a_host_that_is_none_is_named(world: ApiWorld, host: str) -> None:
    body = {"service_type": "viewer", "service_name": "x", "host": host, "port": 80}
    answer = world.client.post("/services/register", json=body)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["host"]


def test_health_is_what_a_probe_found(world: ApiWorld) -> None:
    with (
        Scripted() as well,
        Scripted(GET_health=(200, b"<html>router login</html>")) as page,
        Scripted(GET_health=(500, {"error": "x"})) as broken,
    ):
        for name, peer in (("well", well), ("page", page), ("broken", broken)):
            add(world, peer.port, name=name)
        add(world, 1, name="down")
        assert probe_modules(world.core) == 1
        found = {one["service_name"]: one for one in world.client.get("/services").json()["services"]}
        assert {name: one["is_healthy"] for name, one in found.items()} == {
            "well": True,
            "page": False,
            "broken": False,
            "down": False,
        }
        assert "JSON" in found["page"]["last_error"] and "500" in found["broken"]["last_error"]
        health = world.client.get(f"/services/{found['page']['service_id']}/health")
        assert health.status_code == 503
        page.answers = {}
        health = world.client.get(f"/services/{found['page']['service_id']}/health")
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        unknown = "/services/00000000-0000-0000-0000-000000000000"
        assert world.client.get(f"{unknown}/health").status_code == 404
        assert world.client.post(f"{unknown}/heartbeat").status_code == 404
        beat = world.client.post(f"/services/{found['well']['service_id']}/heartbeat")
        assert beat.json()["is_healthy"]


# A downloader that does not do as the contract says


def over_http(web: WebClient, peer: Peer, folder: Path | None = None) -> DownloaderOverHttp:
    return DownloaderOverHttp(web, peer.url, "other", str(folder or "/nowhere"))


def magnet(number: int) -> str:
    return f"magnet:?xt=urn:btih:{HASHES[number]}"


def source(number: int) -> TorrentSource:
    return TorrentSource(magnet=magnet(number), url=magnet(number), info_hash=HASHES[number])


def test_results_are_matched_by_url_in_any_order_and_too_few_are_unknown(web: WebClient) -> None:
    results = [
        {"url": "magnet:?unasked", "hash": HASHES[9], "status": "accepted"},
        {"url": magnet(1), "hash": HASHES[1].upper(), "status": "accepted"},
        "nonsense",
        {"url": magnet(0), "hash": None, "status": "failed", "reason": "full"},
    ]
    with Scripted(POST_downloads=(200, {"results": results})) as peer:
        found = over_http(web, peer).submit([(magnet(n), "/downloads") for n in range(3)])
        assert {url: (one.accepted, one.hash) for url, one in found.items()} == {
            magnet(0): (False, None),
            magnet(1): (True, HASHES[1]),
        }
        with pytest.raises(ClientAway):
            over_http(web, peer).add(source(2), save_path="/downloads")
        with pytest.raises(TorrentRefused, match="full"):
            over_http(web, peer).add(source(0), save_path="/downloads")


@pytest.mark.parametrize("content", [b"<html>login</html>", {"results": "all"}, [], None, {"results": [[]]}])
def test_an_answer_that_is_none_leaves_it_unknown(web: WebClient, content: object) -> None:
    with Scripted(POST_downloads=(200, content)) as peer, pytest.raises(ClientAway) as caught:
        over_http(web, peer).add(source(0), save_path="/downloads")
    assert not isinstance(caught.value, NotReached)


def test_a_slow_module_costs_its_time_and_no_more(web: WebClient) -> None:
    class Slow(Peer):
        def answer(self, request: Received) -> Answer:
            time.sleep(2)
            return super().answer(request)

    with Slow() as peer:
        begun = time.monotonic()
        with pytest.raises(FetchError) as caught:
            web.request_json("GET", f"{peer.url}/health", timeout_s=0.3)
        assert time.monotonic() - begun < 1.5
        assert (caught.value.reason, caught.value.sent) == (FetchFault.TIMEOUT, True)
    with pytest.raises(FetchError) as caught:
        web.request_json("GET", f"{peer.url}/health", timeout_s=0.3)
    assert not caught.value.sent


def test_a_missing_hash_is_the_one_that_the_link_has(web: WebClient) -> None:
    answer = {"results": [{"url": magnet(0), "status": "accepted", "hash": None}]}
    with Scripted(POST_downloads=(200, answer)) as peer:
        assert over_http(web, peer).add(source(0), save_path="/downloads").info_hash == HASHES[0]
        nameless = TorrentSource(url=magnet(0), info_hash=HASHES[5], hash_is_ours=True)
        with pytest.raises(TorrentRefused, match="under which hash"):
            over_http(web, peer).add(nameless, save_path="/downloads")


def test_another_torrent_than_the_one_asked_for_is_refused(web: WebClient) -> None:
    answer = {"results": [{"url": magnet(0), "status": "accepted", "hash": HASHES[1]}]}
    with Scripted(POST_downloads=(200, answer)) as peer, pytest.raises(TorrentRefused, match=HASHES[1]):
        over_http(web, peer).add(source(0), save_path="/downloads")


def test_strange_statuses_are_bounded_and_those_of_others_ignored(web: WebClient, tmp_path: Path) -> None:
    entries = [
        {
            "hash": HASHES[0].upper(),
            "status": "stoppedUP",
            "progress": 1.0,
            "size": 5,
            "content_path": "/x/a",
        },
        {"hash": HASHES[1], "status": "downloading", "progress": 1e400, "size": -5},
        {"hash": HASHES[2], "status": "completed", "progress": "all", "size": True},
        {"hash": HASHES[3], "status": "not_found"},
        {"hash": HASHES[4], "status": ["odd"], "progress": 0.5, "size": 2**200},
        {"hash": HASHES[9], "status": "error"},
    ]
    with Scripted(GET_downloads=(200, {"statuses": entries})) as peer:
        found = over_http(web, peer, tmp_path).status(HASHES[:6])
    assert {key: one.state for key, one in found.items()} == {
        HASHES[0]: TransferState.COMPLETED,
        HASHES[1]: TransferState.DOWNLOADING,
        HASHES[2]: TransferState.ERROR,
        HASHES[4]: TransferState.DOWNLOADING,
    }
    assert (found[HASHES[1]].progress, found[HASHES[1]].size) == (0.0, 0)
    assert found[HASHES[4]].size == 2**53
    assert "where it lies" in (found[HASHES[2]].error or "")


def test_ten_thousand_hashes_are_asked_in_addresses_that_servers_take(web: WebClient) -> None:
    class Everything(Peer):
        def answer(self, request: Received) -> Answer:
            asked = request.query["hashes"][0].split(",")
            assert len(",".join(asked)) < 8000
            entries = [{"hash": one, "status": "downloading", "progress": 0.5, "size": 2} for one in asked]
            return 200, {"statuses": entries[::-1]}

    with Everything() as peer:
        found = over_http(web, peer).status(HASHES)
        assert len(peer.received) == 100
    assert set(found) == set(HASHES)


def test_the_files_of_a_folder_are_looked_up_where_this_process_sees_it(
    web: WebClient, tmp_path: Path
) -> None:
    (tmp_path / "Pack" / "Subs").mkdir(parents=True)
    for name in ("Pack/Tea - 01.mkv", "Pack/Subs/Tea - 01.ass"):
        (tmp_path / name).write_bytes(b"tea")
    entry = {
        "hash": HASHES[0],
        "status": "completed",
        "progress": 1,
        "size": 6,
        "content_path": "/downloads/Pack",
    }
    with Scripted(GET_downloads=(200, {"statuses": [entry]})) as peer:
        client = over_http(web, peer, tmp_path)
        assert [(f.path, f.size) for f in client.files(HASHES[0])] == [
            (b"Pack/Tea - 01.mkv", 3),
            (b"Pack/Subs/Tea - 01.ass", 3),
        ]
        assert client.status(HASHES[:1])[HASHES[0]].folder == str(tmp_path)


# Who gets a download


def wanted(world: ApiWorld, *titles: str) -> None:
    world.add_parser()
    world.subscribe(list(titles))


def accepting() -> Scripted:
    class Accepting(Scripted):
        def answer(self, request: Received) -> Answer:
            if (request.method, request.path) == ("POST", "/downloads"):
                items = request.body["items"]
                return 200, {
                    "results": [{"url": i["url"], "hash": None, "status": "accepted"} for i in items]
                }
            return super().answer(request)

    return Accepting(GET_downloads=(200, {"statuses": []}))


def test_a_downloader_that_hangs_up_is_asked_again_and_nobody_else_is(world: ApiWorld) -> None:
    wanted(world, title(1))
    with Silent() as silent, accepting() as other:
        owner = add(world, silent.port, priority=70, name="silent")
        add(world, other.port, priority=60, name="second")
        start_downloads(world.core)
        assert (silent.taken, other.sent("POST", "/downloads")) == (1, [])
        [row] = downloads(world)
        assert (row["status"], row["module_id"]) == ("pending", owner)
        assert row["error_message"] and row["next_try_at"] is not None
        due_now(world)
        start_downloads(world.core)  # it still does not say what it has
        assert (silent.taken, other.sent("POST", "/downloads")) == (1, [])
    with Scripted(
        GET_downloads=(200, {"statuses": [{"hash": row["torrent_hash"], "status": "downloading"}]})
    ) as back:
        register(world.core, said(port=back.port, name="silent"))
        due_now(world)
        start_downloads(world.core)
        assert back.sent("POST", "/downloads") == []
        assert [one["status"] for one in downloads(world)] == ["downloading"]


def test_a_refusal_and_a_closed_door_go_to_the_next(world: ApiWorld) -> None:
    wanted(world, title(1))
    refusal = {"results": [{"url": "magnet:?xt=urn:btih:0", "status": "failed", "reason": "no"}]}
    with Scripted() as refusing, accepting() as third:
        refusing.answers = {"POST_downloads": (200, refusal)}
        with world.core.database.read() as connection:
            url = str(connection.execute(sa.select(tables.links.c.url)).scalar_one())
        refusal["results"][0]["url"] = url
        add(world, 1, priority=90, name="closed")
        add(world, refusing.port, priority=80, name="refusing")
        last = add(world, third.port, priority=70, name="third")
        start_downloads(world.core)
        assert len(refusing.sent("POST", "/downloads")) == 1
        [row] = downloads(world)
        assert (row["status"], row["module_id"]) == ("downloading", last)


def test_of_equal_priorities_the_built_in_one_is_taken(world: ApiWorld) -> None:
    wanted(world, title(1))
    with accepting() as other:
        add(world, other.port, priority=50)
        start_downloads(world.core)
        assert other.sent("POST", "/downloads") == []
    [row] = downloads(world)
    assert (row["status"], row["module_id"]) == ("downloading", None)


def test_a_downloader_that_is_away_holds_up_no_other(world: ApiWorld) -> None:
    wanted(world, title(1), title(2))
    start_downloads(world.core)
    first, second = downloads(world)
    with accepting() as other:
        owner = add(world, other.port)
    world.set_download(second["download_id"], "downloading", module_id=owner)
    check_transfers(world.core)
    assert [row["status"] for row in downloads(world)] == ["downloading", "downloader_error"]
    assert first["module_id"] is None


def test_plain_web_links_wait_for_somebody_who_takes_them(world: ApiWorld) -> None:
    world.add_parser()
    with Scripted(POST_fetch=(202, {"accepted": True})) as peer:
        number = subscribed(world, peer.port)
    item = {"title": title(1), "download_url": "http://127.0.0.1:1/tea.mkv", "pub_date": None}
    results = {"subscription_id": number, "success": True, "items": [item]}
    assert world.client.post("/raw-fetcher-results", json=results).json()["success"] is True
    start_downloads(world.core)
    assert [row["status"] for row in downloads(world)] == ["no_downloader"]
    answer = {"url": "http://127.0.0.1:1/tea.mkv", "hash": "Web-1", "status": "accepted"}
    with Scripted(POST_downloads=(200, {"results": [answer]})) as other:
        owner = add(world, other.port, capabilities={"supported_download_types": ["http", "carrier pigeon"]})
        start_downloads(world.core)
    [row] = downloads(world)
    assert (row["status"], row["module_id"], row["torrent_hash"]) == ("downloading", owner, "web-1")


# Viewers


def _wait(gate: threading.Event) -> None:
    gate.wait(30)


def test_a_foreign_viewer_never_has_two_messages_of_one_file(world: ApiWorld, tmp_path: Path) -> None:
    gate = threading.Event()
    library = str(tmp_path / "theirs")
    with ForeignViewer(library, lambda: _wait(gate)) as viewer, world.listening() as core:
        register_over_http(core, "viewer", "foreign", viewer.port)
        add(world, viewer.port, module_type=ModuleType.VIEWER, name="foreign", core_url=core)
        wanted(world, title(1))
        [row] = downloads(world)
        path = world.settings.downloads / "1.mkv"
        path.write_bytes(b"tea" * 1000)
        world.set_download(row["download_id"], "downloading", "completed", source_path=str(path))
        reconcile(world.core)
        [parser] = [one for one in world.client.get("/parsers").json() if one["name"] == "Group"]
        draft = PARSER | {"anime_title_source": "static", "anime_title_value": "Green Tea"}
        assert world.client.put(f"/parsers/{parser['parser_id']}", json=draft).status_code == 200
        for _look in range(3):
            ask_again(world.core)  # as at a start of Core
            reconcile(world.core)
        assert [one.path for one in viewer.received] == ["/sync"]
        gate.set()
        wait_for(lambda: downloads(world)[0]["status"] == "synced", "the report")
        [row] = downloads(world)
        assert (row["viewer"], row["applied_revision"], row["desired_revision"]) == ("foreign", 1, 2)
        reconcile(world.core)
        wait_for(lambda: downloads(world)[0]["applied_revision"] == 2, "the second report")
    assert [one.path for one in viewer.received] == ["/sync", "/resync"]
    assert (tmp_path / "theirs/Green Tea/Season 01/Green Tea - S01E01.mkv").exists()


def test_a_report_to_a_host_that_nobody_configured_is_refused(world: ApiWorld) -> None:
    message = {
        "download_id": 1,
        "series_id": 1,
        "anime_title": "Tea",
        "series_no": 1,
        "episode_no": 1,
        "subtitle_group": "G",
        "file_path": "/downloads/a.mkv",
        "callback_url": "http://203.0.113.9/x",
    }
    answer = world.client.post("/sync", json=message)
    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["errors"]] == ["callback_url"]


def test_a_fetcher_delivers_to_no_host_that_nobody_configured(web: WebClient) -> None:
    fetcher = Fetcher(web=web, limits=FeedLimits(), wake=lambda _key: None)
    errand = Errand(subscription_id=1, url="http://127.0.0.1/rss", callback_url="http://192.0.2.9/x")
    with pytest.raises(InvalidInput, match="callback_url"):
        fetcher.accept(errand, "192.0.2.7")
    fetcher.accept(errand, "192.0.2.9")


def test_a_fetcher_reads_no_private_address_that_nobody_configured() -> None:
    web = WebClient(user_agent="test", timeout_s=10, max_redirects=0, policy=HostPolicy())
    fetcher = Fetcher(web=web, limits=FeedLimits(), wake=lambda _key: None)
    with Peer() as victim, ForeignCore() as core:
        callback = f"{core.url}/raw-fetcher-results"
        fetcher.accept(Errand(subscription_id=1, url=f"{victim.url}/rss", callback_url=callback), "127.0.0.1")
        fetcher.run(f"1 {callback}")
        [delivered] = core.sent("POST", "/raw-fetcher-results")
        assert delivered.body["success"] is False and "allowed hosts" in delivered.body["error_message"]
        assert victim.received == []
    web.close()


def test_a_long_feed_is_delivered_in_messages_that_a_core_takes() -> None:
    web = WebClient(
        user_agent="test", timeout_s=10, max_redirects=0, policy=HostPolicy(frozenset({"127.0.0.1"}))
    )
    fetcher = Fetcher(web=web, limits=FeedLimits(), wake=lambda _key: None)
    with served(feed_of([title(number) for number in range(450)])) as base, ForeignCore() as core:
        callback = f"{core.url}/raw-fetcher-results"
        fetcher.accept(Errand(subscription_id=1, url=f"{base}/rss", callback_url=callback), "127.0.0.1")
        fetcher.run(f"1 {callback}")
        sizes = [len(one.body["items"]) for one in core.sent("POST", "/raw-fetcher-results")]
    assert sizes == [200, 200, 50]
    web.close()


# Fetchers


def subscribed(world: ApiWorld, fetcher_port: int) -> int:
    module = add(world, fetcher_port, module_type=ModuleType.FETCHER, name="other")
    body = {"source_url": "http://127.0.0.1:1/rss", "fetcher_id": module}
    answer = world.client.post("/subscriptions", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["subscription_id"])


def subscription(world: ApiWorld) -> Any:
    [row] = world.client.get("/subscriptions").json()["subscriptions"]
    return row


def test_results_are_taken_only_for_feeds_of_registered_fetchers(world: ApiWorld) -> None:
    with served(feed_of([])) as base:
        own = world.client.post("/subscriptions", json={"source_url": f"{base}/rss"}).json()
    results: dict[str, Any] = {"subscription_id": own["subscription_id"], "success": True, "items": []}
    assert world.client.post("/raw-fetcher-results", json=results).status_code == 409
    unknown = world.client.post("/raw-fetcher-results", json=results | {"subscription_id": 999})
    assert unknown.status_code == 404


def test_bad_items_are_errors_on_those_items(world: ApiWorld) -> None:
    world.add_parser()
    with Scripted(POST_fetch=(202, {"accepted": True})) as peer:
        number = subscribed(world, peer.port)
    items = [
        {"title": title(1), "download_url": magnet(1), "pub_date": "yesterday"},
        {"title": title(1), "download_url": magnet(1)},
        {"title": " ", "download_url": magnet(2)},
        {"title": title(3), "download_url": "file:///etc/passwd"},
        {"title": "x" * 3000, "download_url": magnet(4)},
        "nonsense",
    ]
    results = {"subscription_id": number, "success": True, "items": items}
    answer = world.client.post("/raw-fetcher-results", json=results).json()
    assert (answer["items_received"], answer["items_parsed"], answer["items_failed"]) == (6, 1, 4)
    assert answer["success"] is False
    faults = subscription(world)["item_faults"]
    assert [(fault["index"], fault["code"]) for fault in faults] == [
        *((2, "no_title"), (3, "bad_url"), (4, "title_too_long"), (5, "no_title"))
    ]


def test_a_failed_fetch_is_visible_as_failed(world: ApiWorld) -> None:
    with Scripted(POST_fetch=(202, {"accepted": True})) as peer:
        number = subscribed(world, peer.port)
    results = {"subscription_id": number, "success": False, "items": [], "error_message": "site is down"}
    answer = world.client.post("/raw-fetcher-results", json=results).json()
    assert answer["success"] is False
    row = subscription(world)
    assert (row["failures"], row["last_error"], row["last_fetched_at"]) == (1, "site is down", None)


def test_a_fetcher_that_never_delivers_is_asked_once_and_then_has_failed(world: ApiWorld) -> None:
    with Scripted(POST_fetch=(200, b"<html>ok</html>")) as peer:
        number = subscribed(world, peer.port)
        fetch_subscription(world.core, number)
        assert len(peer.sent("POST", "/fetch")) == 1
        fetch_subscription(world.core, number)
        assert len(peer.sent("POST", "/fetch")) == 1
        assert subscription(world)["failures"] == 0
        world.core.now = lambda: utc_now() + timedelta(minutes=11)
        fetch_subscription(world.core, number)
        assert len(peer.sent("POST", "/fetch")) == 1
        assert subscription(world)["failures"] == 1
        assert "did not deliver" in subscription(world)["last_error"]
        fetch_subscription(world.core, number)
        assert len(peer.sent("POST", "/fetch")) == 2
    [service] = world.client.get("/services").json()["services"]
    world.client.patch(f"/services/{service['service_id']}", json={"is_enabled": False})
    fetch_subscription(world.core, number)
    assert "not enabled" in subscription(world)["last_error"]


def test_a_feed_goes_to_a_fetcher_that_ranks_above_ours_and_wants_it(world: ApiWorld) -> None:
    with Scripted() as peer:
        peer.answers = {"POST_can-handle-subscription": (200, {"can_handle": "yes"})}
        module = add(world, peer.port, module_type=ModuleType.FETCHER)
        first = world.client.post("/subscriptions", json={"source_url": "http://127.0.0.1:1/a"}).json()
        assert first["fetcher_id"] == 0
        peer.answers = {"POST_can-handle-subscription": (200, {"can_handle": True})}
        second = world.client.post("/subscriptions", json={"source_url": "http://127.0.0.1:1/b"}).json()
        assert (second["fetcher_id"], second["auto_selected"]) == (module, True)
    no_such = {"source_url": "http://127.0.0.1:1/c", "fetcher_id": 77}
    assert world.client.post("/subscriptions", json=no_such).status_code == 422


def test_several_fetchers_of_one_rank_are_a_question_and_the_first_begins(world: ApiWorld) -> None:
    wants = (200, {"can_handle": True})
    takes = (202, {"accepted": True})
    with (
        Scripted(**{"POST_can-handle-subscription": wants, "POST_fetch": takes}) as first,
        Scripted(**{"POST_can-handle-subscription": (204, None), "POST_fetch": takes}) as unwilling,
        Scripted(**{"POST_can-handle-subscription": wants, "POST_fetch": takes}) as second,
        Scripted(**{"POST_can-handle-subscription": wants, "POST_fetch": takes}) as lower,
    ):
        one = add(world, first.port, module_type=ModuleType.FETCHER, name="one")
        add(world, unwilling.port, module_type=ModuleType.FETCHER, name="unwilling")
        two = add(world, second.port, module_type=ModuleType.FETCHER, name="two")
        add(world, lower.port, module_type=ModuleType.FETCHER, name="lower", priority=55)
        body = {"source_url": "http://127.0.0.1:1/rss"}
        row = world.client.post("/subscriptions", json=body).json()
        assert (row["fetcher_id"], row["assignment_status"]) == (one, "auto_assigned")
        assert lower.received == []
        fetch_subscription(world.core, row["subscription_id"])
        assert len(first.sent("POST", "/fetch")) == 1
        [conflict] = world.client.get("/conflicts").json()["conflicts"]
        assert (conflict["subscription_id"], conflict["rss_url"]) == (
            row["subscription_id"],
            body["source_url"],
        )
        assert conflict["conflict_data"]["candidate_fetcher_ids"] == [one, two]
        assert conflict["candidate_fetchers"] == [
            {"fetcher_id": one, "name": "one"},
            {"fetcher_id": two, "name": "two"},
        ]
        chosen = world.client.post(f"/conflicts/{conflict['conflict_id']}/resolve", json={"fetcher_id": two})
        assert chosen.json()["resolved_fetcher_id"] == two
        fetch_subscription(world.core, row["subscription_id"])
        assert len(second.sent("POST", "/fetch")) == 1
    [after] = world.client.get("/subscriptions").json()["subscriptions"]
    assert (after["fetcher_id"], after["assignment_status"]) == (two, "assigned")
    assert world.client.get("/conflicts").json()["conflicts"] == []


def test_no_fetcher_has_to_be_chosen_for_a_feed_that_is_not_followed_any_more(world: ApiWorld) -> None:
    wants = {"POST_can-handle-subscription": (200, {"can_handle": True})}
    with Scripted(**wants) as first, Scripted(**wants) as second:
        for name, peer in (("one", first), ("two", second)):
            add(world, peer.port, module_type=ModuleType.FETCHER, name=name)
        for number, removal in enumerate(("delete", "post")):
            row = world.client.post(
                "/subscriptions", json={"source_url": f"http://127.0.0.1:1/{number}"}
            ).json()
            assert world.client.get("/dashboard/stats").json()["pending_conflicts"] == 1
            target = {"target_type": "subscription", "target_id": row["subscription_id"]}
            gone = (
                world.client.delete(f"/subscriptions/{row['subscription_id']}")
                if removal == "delete"
                else world.client.post("/removals", json=target)
            )
            assert gone.is_success, gone.text
            assert world.client.get("/dashboard/stats").json()["pending_conflicts"] == 0


# A viewer that does not do as it should


def filing(world: ApiWorld, port: int, name: str, **capabilities: object) -> None:
    add(world, port, module_type=ModuleType.VIEWER, name=name, capabilities=capabilities)
    wanted(world, title(1), title(2))
    for row in downloads(world):
        path = world.settings.downloads / f"{row['download_id']}.mkv"
        path.write_bytes(b"tea" * 1000)
        world.set_download(row["download_id"], "downloading", "completed", source_path=str(path))


@pytest.mark.parametrize("capabilities", [{"seiton": 1}, {}])
def test_a_web_page_in_place_of_a_viewer_files_nothing_and_loses_nothing(
    world: ApiWorld, capabilities: dict[str, object]
) -> None:
    with Scripted(POST_sync=(200, b"<html>router login</html>")) as page:
        filing(world, page.port, "page", **capabilities)
        reconcile(world.core)
    assert page.sent("POST", "/sync")
    for row in downloads(world):
        assert row["status"] in {"completed", "syncing"}
        assert row["library_path"] is None


def test_receipts_for_other_downloads_than_those_that_were_sent_are_ignored(world: ApiWorld) -> None:
    lie = {"download_id": 2, "receipt": "refused", "revision": 1, "reason": "source_missing"}
    with Scripted(POST_sync=(202, lie)) as liar:
        filing(world, liar.port, "liar", seiton=1)
        world.set_download(2, "syncing", "synced", library_path="/x.mkv", applied_revision=1)
        reconcile(world.core)
    one, two = downloads(world)
    assert [request.body["download_id"] for request in liar.sent("POST", "/sync")][:1] == [1]
    assert (two["status"], two["hold_reason"], two["library_path"]) == ("synced", None, "/x.mkv")
    assert one["status"] in {"completed", "syncing"}
