"""Jellyfin's ways, as a double has them that was written from its source: no real Jellyfin runs here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from seiton.adapters.database import Database
from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.servers import media_servers
from seiton.bootstrap import Seiton
from seiton.config import Settings
from seiton.config.servers import MediaServerSettings
from seiton.contract import Facts
from seiton.domain.states import NeighbourState
from seiton.viewer.receive import receive
from seiton.viewer.servers.standing import enroll, list_standing, next_due
from seiton.viewer.servers.telling import attend
from tests.integration.viewer_world import ViewerWorld
from tests.jellyfin_double import TOKEN, JellyfinDouble

pytestmark = pytest.mark.timeout(600)
SWAP = ((1, "Show", 1, 2), (2, "Show", 1, 1))


class JellyfinWorld(ViewerWorld):
    """A viewer whose library a double of Jellyfin reads as ``/tv``."""

    def __init__(self, folder: Path, database: str | Database, url: str) -> None:
        super().__init__(folder, database, migrate=False)
        self.server = MediaServerSettings(
            name="den", kind="jellyfin", url=url, token=SecretStr(TOKEN), path_map=(f"{self.library}=/tv",)
        )
        policy = HostPolicy(frozenset())
        self.web = WebClient(user_agent="tests", timeout_s=10, max_redirects=0, policy=policy)
        self.listen()

    def listen(self) -> None:
        self.viewer.servers = media_servers([self.server], self.web)
        enroll(self.viewer)

    def learn(self, looks: int = 60) -> None:
        """Let it learn everything, with the time between looks passed by."""
        for _look in range(looks):
            delay = attend(self.viewer)
            if delay is None:
                return
            self.passed += timedelta(seconds=delay + 0.1)
        raise TimeoutError(f"it has not learned it: {list_standing(self.viewer)}")

    def close(self) -> None:
        self.web.close()
        self.database.close()


@pytest.fixture
def double(tmp_path: Path) -> Iterator[JellyfinDouble]:
    (tmp_path / "library").mkdir()
    made = JellyfinDouble(tmp_path / "library")
    yield made
    made.close()


@pytest.fixture
def world(tmp_path: Path, database_url: str, double: JellyfinDouble) -> Iterator[JellyfinWorld]:
    built = JellyfinWorld(tmp_path, database_url, double.url)
    yield built
    built.close()


def path(title: str, season: int, number: int) -> str:
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}.mkv"


def file_two(world: JellyfinWorld, title: str = "Show") -> None:
    world.file_away(1, title, 1, 1)
    world.file_away(2, title, 1, 2)
    world.learn()


def test_after_a_swap_the_states_of_every_user_follow_the_files(
    world: JellyfinWorld, double: JellyfinDouble
) -> None:
    file_two(world)
    double.watch(path("Show", 1, 1), "alice", Played=True, PlayCount=2, LastPlayedDate="2026-01-02T03:04:05Z")
    double.watch(path("Show", 1, 2), "bob", IsFavorite=True, PlaybackPositionTicks=1234 * 10_000_000)
    world.resync(*SWAP)
    world.learn()
    played = {"Played": True, "PlayCount": 2, "LastPlayedDate": "2026-01-02T03:04:05Z"}
    favourite = {"IsFavorite": True, "PlaybackPositionTicks": 1234 * 10_000_000}
    assert double.state(path("Show", 1, 2), "alice") == played
    assert double.state(path("Show", 1, 1), "bob") == favourite
    assert double.state(path("Show", 1, 1), "alice") == {}
    assert double.state(path("Show", 1, 2), "bob") == {}


def test_a_corrected_season_gives_nothing_to_the_file_that_takes_the_number(
    world: JellyfinWorld, double: JellyfinDouble
) -> None:
    file_two(world)
    double.watch(path("Show", 1, 1), "alice", Played=True, PlayCount=1)
    world.resync((1, "Show", 2, 1), (2, "Show", 1, 1))
    world.learn()
    assert double.state(path("Show", 2, 1), "alice").get("Played") is True
    assert not double.state(path("Show", 1, 1), "alice").get("Played")


def test_a_corrected_title_is_one_refresh_of_the_common_folder(
    world: JellyfinWorld, double: JellyfinDouble
) -> None:
    file_two(world, "Wrnog")
    double.watch(path("Wrnog", 1, 2), "bob", Played=True, PlayCount=1)
    double.refreshes.clear()
    world.resync((1, "Wrong", 1, 1), (2, "Wrong", 1, 2))
    world.learn()
    assert double.refreshes == ["/tv"]
    assert double.state(path("Wrong", 1, 2), "bob").get("Played") is True


def test_within_one_show_only_that_show_is_refreshed(world: JellyfinWorld, double: JellyfinDouble) -> None:
    file_two(world)
    double.refreshes.clear()
    world.resync(*SWAP)
    attend(world.viewer)
    assert double.refreshes == ["/tv/Show"]


def test_an_nfo_that_changed_in_the_blind_minute_is_read_in_the_end(
    world: JellyfinWorld, double: JellyfinDouble
) -> None:
    file_two(world)
    double.hole_s = 1.0
    for item in double.items.values():
        item.saved = time.time()
    request = world.resync_request(1, "Show", 1, 1)
    receive(world.viewer, [request.model_copy(update={"facts": Facts(episode_title="The End")})])
    world.settle()
    attend(world.viewer)
    assert double.named(path("Show", 1, 1)).facts["Name"] == "第 1 話"
    time.sleep(1.1)
    world.learn()
    assert double.named(path("Show", 1, 1)).facts["Name"] == "The End"


def test_a_server_that_knows_only_the_old_header_is_understood(
    world: JellyfinWorld, double: JellyfinDouble
) -> None:
    double.legacy = True
    file_two(world)
    assert double.named(path("Show", 1, 1)).facts["IndexNumber"] == 1


def test_a_wrong_key_is_named_and_holds_nothing_up(world: JellyfinWorld) -> None:
    world.server = world.server.model_copy(update={"token": SecretStr("wrong")})
    world.listen()
    world.file_away(1, "Show", 1, 1)
    assert world.videos() == {path("Show", 1, 1): "1.mkv"}
    attend(world.viewer)
    (standing,) = list_standing(world.viewer)
    assert standing.state is NeighbourState.AWAY
    assert "den refuses access (HTTP 401)" in (standing.last_error or "")


def test_a_user_who_is_not_meant_is_left_alone(world: JellyfinWorld, double: JellyfinDouble) -> None:
    world.server = world.server.model_copy(update={"users": ("alice",)})
    world.listen()
    file_two(world)
    double.watch(path("Show", 1, 1), "bob", Played=True)
    world.resync(*SWAP)
    world.learn()
    assert double.state(path("Show", 1, 1), "bob") == {"Played": True}


def test_settings_that_would_fight_are_named(world: JellyfinWorld, double: JellyfinDouble) -> None:
    double.options = {
        "MetadataSavers": ["Nfo"],
        "DisabledLocalMetadataReaders": ["Nfo"],
        "TypeOptions": [{"Type": "Series", "MetadataFetchers": ["TheTVDB"]}],
        "EnableAutomaticSeriesGrouping": True,
        "EnableRealtimeMonitor": True,
    }
    (server,) = world.viewer.servers
    cautions = list(server.meet(world.viewer.root))
    assert [caution.is_bad for caution in cautions] == [False, True, True, False, False, False]
    assert "TheTVDB" in cautions[3].says


def test_without_media_servers_nothing_is_recorded(tmp_path: Path, sqlite_url: str) -> None:
    world = ViewerWorld(tmp_path, sqlite_url, migrate=False)
    world.file_away(1, "Show", 1, 1)
    assert attend(world.viewer) is None
    world.database.close()


_VICTIM = """
import sys
from pathlib import Path
from tests.integration.test_servers_jellyfin import SWAP, JellyfinWorld
world = JellyfinWorld(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
print("ready", flush=True)
world.revisions = dict.fromkeys((1, 2), int(sys.argv[4]))
world.resync(*SWAP)
world.learn()
print("done", flush=True)
"""


def _run(world: JellyfinWorld, folder: Path, double: JellyfinDouble, kill_at: int) -> bool:
    """Swap two episodes in a process that dies at the ``kill_at``-th request; say whether it got through."""
    known = str(world.revisions[1])
    command = [sys.executable, "-c", _VICTIM, str(folder), world.database.url, double.url, known]
    victim: Any = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    seen = 0

    def before(_request: str) -> None:
        nonlocal seen
        seen += 1
        if seen == kill_at:
            os.kill(victim.pid, signal.SIGKILL)

    double.before = before
    output = victim.communicate()[0].decode()
    double.before = lambda _request: None
    return "done" in output


def test_states_survive_a_kill_at_every_second_request(
    tmp_path: Path, sqlite_url: str, double: JellyfinDouble
) -> None:
    world = JellyfinWorld(tmp_path, sqlite_url, double.url)
    file_two(world)
    first, second = path("Show", 1, 1), path("Show", 1, 2)
    double.watch(first, "alice", Played=True, PlayCount=3)
    is_through, kill_at = False, -1
    while not is_through:
        kill_at += 2
        assert kill_at < 40
        is_through = _run(world, tmp_path, double, kill_at)
        world.start()  # what a restart does
        world.passed += timedelta(minutes=1)
        world.listen()
        world.settle()
        world.learn()
        assert world.videos() == {first: "2.mkv", second: "1.mkv"}
        assert double.state(second, "alice").get("PlayCount") == 3
        assert double.state(first, "alice") == {}
        world.revisions = {number: revision + 1 for number, revision in world.revisions.items()}
        world.resync((1, "Show", 1, 1), (2, "Show", 1, 2))
        world.learn()
        assert double.state(first, "alice").get("PlayCount") == 3
    assert kill_at > 5
    world.close()


def test_a_running_seiton_tells_it_by_itself_and_says_how_it_is(
    tmp_path: Path, double: JellyfinDouble
) -> None:
    server = MediaServerSettings(
        name="den",
        kind="jellyfin",
        url=double.url,
        token=SecretStr(TOKEN),
        path_map=(f"{tmp_path / 'library'}=/tv",),
    )
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "1.mkv").write_bytes(b"video" * 100)
    settings = Settings(
        data=tmp_path / "data", library=tmp_path / "library", downloads=downloads, media_servers=(server,)
    )
    with Seiton(settings, loopback_only=True) as seiton, TestClient(seiton.application()) as client:
        message = {
            "download_id": 1,
            "series_id": 1,
            "anime_title": "Show",
            "series_no": 1,
            "episode_no": 1,
            "subtitle_group": "Group",
            "callback_url": "http://127.0.0.1/sync-callback",
            "core_instance": seiton.instance_id,
            "revision": 1,
            "file_path": str(downloads / "1.mkv"),
        }
        assert client.post("/sync", json=message).status_code < 300
        library_id = seiton.viewer.library().library_id
        deadline = time.monotonic() + 120
        while next_due(seiton.viewer, library_id) is not None or not double.items:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        (found,) = [one for one in client.get("/services").json()["neighbours"] if one["kind"] == "jellyfin"]
    assert double.named(path("Show", 1, 1)).facts["IndexNumber"] == 1
    assert (found["state"], found["address"]) == ("well", double.url)
