"""A real Kodi reads what Seiton files, before and after resyncs, and keeps who watched what."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from seiton.adapters.http import HostPolicy, WebClient
from seiton.adapters.servers import media_servers
from seiton.config.servers import MediaServerSettings
from seiton.contract import Facts
from seiton.domain.states import NeighbourState
from seiton.viewer.converge import converge
from seiton.viewer.receive import receive
from seiton.viewer.removal import receive_removals
from seiton.viewer.servers.standing import enroll, list_standing
from seiton.viewer.servers.telling import attend
from tests.integration.viewer_world import ViewerWorld
from tests.kodi import KodiProcess, running, why_not
from tests.neighbours import JPEG

pytestmark = [
    pytest.mark.skipif(why_not() is not None, reason=why_not() or ""),
    pytest.mark.xdist_group("kodi"),
    pytest.mark.timeout(600),
]
LEARNS_S = 60.0


@pytest.fixture(scope="module")
def kodi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KodiProcess]:
    with running(tmp_path_factory.mktemp("kodi")) as process:
        yield process


class KodiWorld(ViewerWorld):
    """A viewer whose library a Kodi reads, under another name as well if ``there`` says so."""

    def __init__(self, kodi: KodiProcess, url: str, password: str = "secret") -> None:
        self.kodi = kodi
        self.server = MediaServerSettings(
            name="living room", kind="kodi", url=kodi.url, user="kodi", token=SecretStr(password)
        )
        policy = HostPolicy(frozenset())
        self.web = WebClient(user_agent="tests", timeout_s=30, max_redirects=0, policy=policy)
        folder = kodi.new_library()
        super().__init__(folder, url, films=folder / "films")
        self.listen()

    def listen(self) -> None:
        self.viewer.servers = media_servers([self.server], self.web)
        enroll(self.viewer)

    def learn(self) -> None:
        """Let Kodi learn everything that there is to learn."""
        deadline = time.monotonic() + LEARNS_S
        while (delay := attend(self.viewer)) is not None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"Kodi has not learned it: {list_standing(self.viewer)}")
            time.sleep(min(delay, 2.0))

    def has(self) -> dict[str, dict[str, Any]]:
        return self.kodi.episodes(self.library)

    def titles(self) -> dict[str, str]:
        return {path: row["title"] for path, row in self.has().items()}

    def counts(self) -> dict[str, int]:
        return {path: row["playcount"] for path, row in self.has().items()}

    def facts(self, download: int, title: str, season: int, number: int, **facts: Any) -> None:
        """Ask for other facts of a filed episode."""
        request = self.resync_request(download, title, season, number)
        receive(self.viewer, [request.model_copy(update={"facts": Facts(**facts)})])
        self.settle()


@pytest.fixture
def world(kodi: KodiProcess, sqlite_url: str) -> Iterator[KodiWorld]:
    built = KodiWorld(kodi, sqlite_url)
    yield built
    built.web.close()
    built.database.close()


def path(title: str, season: int, number: int) -> str:
    return f"{title}/Season {season:02}/{title} - S{season:02}E{number:02}.mkv"


def test_new_files_are_there_without_anybody_asking_kodi(world: KodiWorld) -> None:
    world.file_away(1, "K-On", 1, 1)
    world.file_away(2, "K-On", 1, 2)
    world.learn()
    assert world.titles() == {path("K-On", 1, 1): "第 1 話", path("K-On", 1, 2): "第 2 話"}
    assert [show["title"] for show in world.kodi.shows(world.library).values()] == ["K-On"]


def test_after_a_swap_each_episode_has_its_own_state_under_its_new_number(world: KodiWorld) -> None:
    for number in (1, 2, 3):
        world.file_away(number, "Swap", 1, number)
    world.learn()
    before = world.has()
    world.kodi.watch(before[path("Swap", 1, 1)], count=3)
    world.kodi.watch(before[path("Swap", 1, 3)], count=0, at="", position=321)
    world.resync((1, "Swap", 1, 2), (2, "Swap", 1, 3), (3, "Swap", 1, 1))
    world.learn()
    after = world.has()
    assert world.counts() == {path("Swap", 1, 1): 0, path("Swap", 1, 2): 3, path("Swap", 1, 3): 0}
    assert after[path("Swap", 1, 2)]["lastplayed"] == "2026-01-02 03:04:05"
    assert after[path("Swap", 1, 1)]["resume"]["position"] == 321
    assert after[path("Swap", 1, 3)]["resume"]["position"] == 0


def test_a_corrected_title_takes_the_states_along_and_leaves_no_ghost(world: KodiWorld) -> None:
    world.file_away(1, "Wrnog", 1, 1)
    world.file_away(2, "Wrnog", 1, 2)
    world.learn()
    world.kodi.watch(world.has()[path("Wrnog", 1, 1)], count=2, position=99)
    world.resync((1, "Wrong", 1, 1), (2, "Wrong", 1, 2))
    world.learn()
    assert world.counts() == {path("Wrong", 1, 1): 2, path("Wrong", 1, 2): 0}
    assert world.has()[path("Wrong", 1, 1)]["resume"]["position"] == 99
    assert list(world.kodi.shows(world.library)) == ["Wrong"]


def test_an_episode_that_belongs_to_another_season_keeps_its_state(world: KodiWorld) -> None:
    world.file_away(1, "Season", 1, 13)
    world.learn()
    world.kodi.watch(world.has()[path("Season", 1, 13)], count=1)
    world.resync((1, "Season", 2, 1))
    world.learn()
    assert world.counts() == {path("Season", 2, 1): 1}


def test_a_title_that_is_learned_later_is_read_and_costs_no_state(world: KodiWorld) -> None:
    world.file_away(1, "Later", 1, 1)
    world.learn()
    world.kodi.watch(world.has()[path("Later", 1, 1)], count=4)
    world.facts(1, "Later", 1, 1, episode_title="旅の終わり & <出発>", show_plot="One.\nTwo.")
    world.learn()
    found = world.has()[path("Later", 1, 1)]
    assert world.kodi.shows(world.library)["Later"]["plot"] == "One.\nTwo."
    assert (found["title"], found["playcount"]) == ("旅の終わり & <出発>", 4)


def test_a_kodi_that_was_away_is_told_when_it_is_back_and_asked_for_the_states_first(
    world: KodiWorld,
) -> None:
    world.file_away(1, "Away", 1, 1)
    world.file_away(2, "Away", 1, 2)
    world.learn()
    world.kodi.watch(world.has()[path("Away", 1, 1)], count=5)
    url = world.server.url
    world.server = world.server.model_copy(update={"url": "http://127.0.0.1:9"})
    world.listen()
    world.resync((1, "Away", 1, 2), (2, "Away", 1, 1))
    assert world.videos() == {path("Away", 1, 2): "1.mkv", path("Away", 1, 1): "2.mkv"}
    attend(world.viewer)
    (standing,) = list_standing(world.viewer)
    assert standing.state is NeighbourState.AWAY
    assert "living room" in (standing.last_error or "")
    world.server = world.server.model_copy(update={"url": url})
    world.listen()
    world.learn()
    assert world.counts() == {path("Away", 1, 1): 0, path("Away", 1, 2): 5}


def test_a_removed_episode_is_forgotten_and_comes_back_as_it_was_watched(world: KodiWorld) -> None:
    world.file_away(1, "Gone", 1, 1)
    world.file_away(2, "Gone", 1, 2)
    world.learn()
    world.kodi.watch(world.has()[path("Gone", 1, 1)], count=7)
    receive_removals(world.viewer, [world.removal(1)])
    world.settle()
    world.learn()
    assert world.counts() == {path("Gone", 1, 2): 0}
    world.resync((1, "Gone", 1, 1))
    world.learn()
    assert world.counts() == {path("Gone", 1, 1): 7, path("Gone", 1, 2): 0}


def test_what_was_read_survives_a_kill_between_any_two_steps(world: KodiWorld) -> None:
    world.file_away(1, "Kill", 1, 1)
    world.learn()
    world.kodi.watch(world.has()[path("Kill", 1, 1)], count=6)
    world.resync((1, "Kill", 1, 2))
    world.start()  # nothing is kept in memory
    world.listen()
    converge(world.viewer)
    attend(world.viewer)
    world.start()
    world.listen()
    world.learn()
    assert world.counts() == {path("Kill", 1, 2): 6}


def test_a_wrong_password_holds_nothing_up_and_is_said(kodi: KodiProcess, sqlite_url: str) -> None:
    world = KodiWorld(kodi, sqlite_url, password="wrong")
    world.file_away(1, "Locked", 1, 1)
    assert world.videos() == {path("Locked", 1, 1): "1.mkv"}
    attend(world.viewer)
    (standing,) = list_standing(world.viewer)
    assert "living room refuses access (HTTP 401)" in (standing.last_error or "")
    world.web.close()
    world.database.close()


def test_kodi_reads_the_golden_library_exactly(world: KodiWorld) -> None:
    """Cases 1, 2, 3, 5, 6, 9, 13, 14, 15 and 16 of the golden names and NFOs."""
    plot = 'He said "so" & <that>.\x0b\nTwo lines.'
    long = "とても" * 40
    begin = "旅の終わり & <出発>"
    special = {"display_season": 1, "display_episode": 13}
    frieren: dict[str, Any] = {"show_title": "葬送的芙莉蓮", "premiered": date(2023, 9, 29), "year": 2023}
    golden: list[tuple[str, int, int, dict[str, Any]]] = [
        ("葬送的芙莉蓮", 1, 1, {"facts": Facts(**frieren, episode_title=begin, episode_plot=plot)}),
        ("葬送的芙莉蓮", 1, 2, {"facts": Facts(**frieren)}),
        ("葬送的芙莉蓮", 1, 3, {"facts": Facts(**frieren), "episode_end": 4}),
        ("葬送的芙莉蓮", 0, 1, {"facts": Facts(**frieren), **special}),
        ("葬送的芙莉蓮", 1, 1071, {"facts": Facts(**frieren)}),
        ('.hack//SIGN: "x"?', 1, 1, {"facts": Facts(show_title=".hack//SIGN", year=2002)}),
        ("K", 1, 1, {"facts": Facts(premiered=date(2012, 10, 5), year=2012)}),
        (long, 1, 1, {}),
        ("Twice 2004", 1, 1, {"facts": Facts(premiered=date(2004, 1, 1), year=2004)}),
        ("Twice 2011", 1, 1, {"facts": Facts(premiered=date(2011, 1, 1), year=2011)}),
    ]
    requests = []
    for number, (title, season, episode, more) in enumerate(golden, 1):
        world.download(f"{number}.mkv")
        requests.append(world.sync_request(number, title, season, episode).model_copy(update=more))
    receive(world.viewer, requests)
    world.settle()
    world.learn()
    found = list(world.has().values())
    rows = world.kodi.call("VideoLibrary.GetEpisodes", properties=["file", "title", "season", "episode"])
    mine = [row for row in rows["episodes"] if row["file"].startswith(f"{world.library}/")]
    numbers = sorted((row["season"], row["episode"]) for row in mine if "芙莉蓮" in row["file"])
    assert numbers == [(0, 1), (1, 1), (1, 2), (1, 3), (1, 4), (1, 1071)]
    of_frieren = {(row["season"], row["episode"]): row for row in found if row["showtitle"] == "葬送的芙莉蓮"}
    assert of_frieren[1, 1]["title"] == begin
    assert of_frieren[1, 1]["plot"] == 'He said "so" & <that>.\nTwo lines.'
    assert of_frieren[1, 2]["title"] == "第 2 話"
    shown = of_frieren[0, 1]
    assert (shown["specialsortseason"], shown["specialsortepisode"]) == (1, 13)
    titles = sorted(show["title"] for show in world.kodi.shows(world.library).values())
    assert titles == sorted([".hack//SIGN", "K", "Twice 2004", "Twice 2011", long, "葬送的芙莉蓮"])
    assert len(mine) == len(golden) + 1


FILM = "Look Back (2024)/Look Back (2024).mkv"


def film(world: KodiWorld, download: int, title: str, *, is_new: bool, **facts: Any) -> None:
    make = world.sync_request if is_new else world.resync_request
    request = make(download, title, 1, 1)
    receive(world.viewer, [request.model_copy(update={"facts": Facts(is_movie=True, **facts)})])
    world.settle()


def movies(world: KodiWorld) -> dict[str, dict[str, Any]]:
    assert world.films is not None
    return world.kodi.movies(world.films)


def test_kodi_reads_a_film_with_title_year_id_and_poster(world: KodiWorld) -> None:
    world.download("1.mkv")
    film(
        world, 1, "Look Back", is_new=True, premiered=date(2024, 6, 28), show_title="蓦然回首 & <back>",
        original_title="ルックバック", show_plot="Two draw.", show_ids=(("bgm", "424663"),),
    )  # fmt: skip
    assert world.films is not None
    (world.films / "Look Back (2024)/Look Back (2024)-poster.jpg").write_bytes(JPEG)
    world.learn()
    assert list(movies(world)) == [FILM]
    assert "poster" in movies(world)[FILM]["art"]
    found = movies(world)[FILM]
    assert (found["title"], found["originaltitle"], found["year"]) == (
        "蓦然回首 & <back>",
        "ルックバック",
        2024,
    )
    assert (found["premiered"], found["plot"]) == ("2024-06-28", "Two draw.")
    assert found["uniqueid"] == {"bangumi": "424663"} or found["uniqueid"] == {"Bangumi": "424663"}
    assert world.has() == {}


def test_a_film_that_gets_another_name_keeps_its_state(world: KodiWorld) -> None:
    world.download("1.mkv")
    film(world, 1, "Lok Back", is_new=True, year=2024)
    world.learn()
    (found,) = movies(world).values()
    world.kodi.call(
        "VideoLibrary.SetMovieDetails",
        movieid=found["movieid"],
        playcount=2,
        lastplayed="2026-01-02 03:04:05",
    )
    film(world, 1, "Look Back", is_new=False, year=2024)
    world.learn()
    assert {path: row["playcount"] for path, row in movies(world).items()} == {FILM: 2}
    assert movies(world)[FILM]["lastplayed"] == "2026-01-02 03:04:05"


def test_an_episode_that_turns_out_to_be_a_film_is_one_for_kodi_and_was_watched(world: KodiWorld) -> None:
    world.file_away(1, "Look Back", 1, 1)
    world.learn()
    (found,) = world.has().values()
    world.kodi.watch(found, count=1)
    film(world, 1, "Look Back", is_new=False, year=2024)
    world.learn()
    assert {path: row["playcount"] for path, row in movies(world).items()} == {FILM: 1}
    assert (world.has(), world.kodi.shows(world.library)) == ({}, {})
