"""Films: a folder of their own, held without it, and what becomes of files when a work proves to be one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree

from seiton.adapters.feeds import FeedItem
from seiton.adapters.files import LibraryAway
from seiton.adapters.metadata.bangumi import Bangumi
from seiton.contract import Facts, LibraryCheck, ViewerPlanRequest
from seiton.core import tables
from seiton.core.causes.confirming import confirm
from seiton.core.causes.undo import undo
from seiton.core.feeds.ingest import ingest
from seiton.core.identity.editing import set_id
from seiton.core.identity.identifying import identify
from seiton.core.rules.pinning import preview_pin, set_pin
from seiton.domain.pins import PinField
from seiton.errors import InvalidInput
from seiton.viewer import tables as viewer_tables
from seiton.viewer.checks import Checks
from seiton.viewer.pictures import fetch_pictures
from seiton.viewer.preview import Previews
from seiton.viewer.receive import receive
from tests.integration.core_world import CoreWorld, _magnet
from tests.integration.core_world import world as world
from tests.integration.viewer_world import ViewerWorld
from tests.neighbours import bangumi

TEA = ".movies/Tea (2020)/Tea (2020).mkv"


class FilmWorld(ViewerWorld):
    """A viewer that may be told of films; ``name_folder`` names a folder for them."""

    def name_folder(self) -> None:
        self.films = self.library.parent / "films"
        self.start()

    def ask(self, download: int, title: str, *, is_new: bool = False, **facts: Any) -> None:
        make = self.sync_request if is_new else self.resync_request
        request = make(download, title, 1, 1)
        changes = {"facts": Facts(**facts), "resync_id": None if is_new else self.revisions[download]}
        receive(self.viewer, [request.model_copy(update=changes)])
        self.settle()

    def film(self, download: int, title: str, **facts: Any) -> None:
        """Download and sync one film."""
        self.download(f"{download}.mkv")
        self.ask(download, title, is_new=True, is_movie=True, **facts)

    def shelf(self) -> list[str]:
        """Return every file in the folder for films."""
        root = self.films or Path("/nowhere")
        found = (path for path in root.rglob("*") if path.is_file() and ".seiton" not in path.parts)
        return sorted(path.relative_to(root).as_posix() for path in found)

    def hold(self, download: int) -> tuple[str | None, str | None]:
        units = viewer_tables.units.c
        query = sa.select(units.hold_reason, units.hold_detail).where(units.download_id == download)
        with self.database.read() as connection:
            reason, detail = connection.execute(query).one()
        return reason, detail


@pytest.fixture
def home(tmp_path: Path, database_url: str) -> Iterator[FilmWorld]:
    built = FilmWorld(tmp_path, database_url)
    yield built
    built.database.close()


def test_a_film_has_a_folder_with_its_name_its_nfo_and_what_follows_it(home: FilmWorld) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020, show_title="Tea, the Film", show_ids=(("bgm", "7"),))
    assert home.shelf() == ["Tea (2020)/Tea (2020).mkv", "Tea (2020)/Tea (2020).nfo"]
    assert home.tree() == []
    assert home.films is not None
    assert home.core.last(1).target_path == os.fspath(home.films / "Tea (2020)/Tea (2020).mkv")
    said = etree.parse(home.films / "Tea (2020)/Tea (2020).nfo").getroot()
    assert (said.tag, said.findtext("title"), said.findtext("year")) == ("movie", "Tea, the Film", "2020")


def test_without_a_folder_for_films_a_film_is_held_and_filed_when_there_is_one(home: FilmWorld) -> None:
    home.film(1, "Tea", year=2020)
    assert home.hold(1) == ("no_movies_root", "Tea")
    assert (home.core.last(1).held, home.core.last(1).reason) == (True, "no_movies_root")
    assert home.tree() == []
    home.file_away(2, "Show", 1, 1)
    assert [name for name in home.tree() if name.endswith(".mkv")] == ["Show/Season 01/Show - S01E01.mkv"]
    home.name_folder()
    home.settle()
    assert home.hold(1) == (None, None)
    assert home.shelf() == ["Tea (2020)/Tea (2020).mkv", "Tea (2020)/Tea (2020).nfo"]


def test_an_episode_that_turns_out_to_be_a_film_stays_playable_while_there_is_no_folder(
    home: FilmWorld,
) -> None:
    home.file_away(1, "Tea", 1, 1)
    before = home.tree()
    home.ask(1, "Tea", is_movie=True, year=2020)
    assert home.tree() == before
    assert home.hold(1)[0] == "no_movies_root"
    home.name_folder()
    home.settle()
    assert home.shelf() == ["Tea (2020)/Tea (2020).mkv", "Tea (2020)/Tea (2020).nfo"]
    assert (home.tree(), home.folders()) == ([], [])


def test_the_preview_of_it_is_what_happens(home: FilmWorld) -> None:
    home.name_folder()
    home.file_away(1, "Tea", 1, 1)
    wish = home.resync_request(1, "Tea", 1, 1).model_copy(
        update={"facts": Facts(is_movie=True, year=2020), "resync_id": 5}
    )
    answer = Previews().ask(home.viewer, ViewerPlanRequest(plan_id="p", items=(wish,)))
    assert [(step.from_path, step.to_path) for step in answer.steps] == [
        ("Tea/Season 01/Tea - S01E01.mkv", TEA)
    ]
    assert home.shelf() == []
    receive(home.viewer, [wish])
    home.settle()
    assert home.shelf()[0] == "Tea (2020)/Tea (2020).mkv"


def test_a_film_that_is_none_after_all_goes_back_among_the_shows(home: FilmWorld) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020)
    home.ask(1, "Tea", is_movie=False)
    assert home.shelf() == []
    assert home.films is not None
    assert [path.name for path in home.films.iterdir()] == [".seiton"]
    assert home.tree() == [
        "Tea/Season 01/Tea - S01E01.mkv",
        "Tea/Season 01/Tea - S01E01.nfo",
        "Tea/Season 01/season.nfo",
        "Tea/tvshow.nfo",
    ]


def test_a_folder_that_a_film_got_keeps_its_year_and_one_of_a_show_of_that_name_has_its_own(
    home: FilmWorld,
) -> None:
    home.name_folder()
    home.file_away(2, "Tea", 1, 2)
    home.film(1, "Tea", year=2020)
    assert home.shelf()[0] == "Tea (2020)/Tea (2020).mkv"
    home.ask(1, "Tea", is_movie=True, year=2021)
    assert home.shelf()[0] == "Tea (2020)/Tea (2020).mkv"
    assert "Tea/Season 01/Tea - S01E02.mkv" in home.tree()


def test_two_films_of_one_name_and_year_are_not_one(home: FilmWorld) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020)
    home.film(2, "Tea", year=2020)
    assert home.hold(2)[0] == "target_owned"
    assert home.shelf() == ["Tea (2020)/Tea (2020).mkv", "Tea (2020)/Tea (2020).nfo"]


def test_a_check_knows_films_and_finds_what_is_strange_among_them(home: FilmWorld) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020)
    part = Checks().next_part(home.viewer, LibraryCheck())
    assert (part.findings, part.cursor) == ((), None)
    assert home.films is not None
    (home.films / "Holiday").mkdir()
    (home.films / "Holiday/us.mkv").write_bytes(b"us")
    (home.films / TEA.removeprefix(".movies/")).unlink()
    found = Checks().next_part(home.viewer, LibraryCheck()).findings
    assert {(one.kind, one.path) for one in found} == {
        ("missing", TEA),
        ("foreign", ".movies/Holiday/us.mkv"),
        ("orphaned_sidecar", TEA.replace(".mkv", ".nfo")),
    } or {(one.kind, one.path) for one in found} >= {
        ("missing", TEA),
        ("foreign", ".movies/Holiday/us.mkv"),
    }


def test_a_folder_for_films_that_went_away_stops_everything_and_nothing_is_made_in_its_place(
    home: FilmWorld,
) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020)
    assert home.films is not None
    home.films.rename(home.films.with_name("unplugged"))
    with pytest.raises(LibraryAway, match="movies_root"):
        home.settle()
    home.start()
    with pytest.raises(LibraryAway, match="movies_root"):
        home.settle()
    assert not home.films.exists()
    home.films.with_name("unplugged").rename(home.films)
    home.ask(1, "Coffee", is_movie=True, year=2020)
    assert home.shelf() == ["Coffee (2020)/Coffee (2020).mkv", "Coffee (2020)/Coffee (2020).nfo"]


def test_films_on_record_without_a_folder_in_the_settings_are_not_forgotten(home: FilmWorld) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020)
    home.films = None
    home.start()
    with pytest.raises(LibraryAway, match="set movies_root"):
        home.settle()


def test_a_folder_of_another_library_is_not_taken_for_films(home: FilmWorld, tmp_path: Path) -> None:
    home.name_folder()
    home.film(1, "Tea", year=2020)
    other = ViewerWorld(tmp_path / "other", home.database, migrate=False, films=home.films)
    with pytest.raises(LibraryAway, match="is library"):
        other.settle()
    third = ViewerWorld(tmp_path / "third", home.database, migrate=False, films=home.library)
    with pytest.raises(LibraryAway, match="a folder of their own"):
        third.settle()


# Core: who says that something is a film


@pytest.fixture
def core(world: CoreWorld) -> CoreWorld:
    world.films = world.folder / "films"
    world.start()
    return world


def shelf(world: CoreWorld) -> list[str]:
    assert world.films is not None
    return sorted(path.relative_to(world.films).as_posix() for path in world.films.rglob("*.mkv"))


def filed(world: CoreWorld) -> None:
    world.create(priority=9, series_no=1)
    world.bring("[G] Tea - 01")
    world.settle()


def test_a_title_that_speaks_of_a_film_is_filed_as_one(core: CoreWorld) -> None:
    core.bring("[G] 劇場版 Tea (2020) [1080p]", "[G] Tea - 01 [1080p]")
    core.settle()
    assert shelf(core) == ["劇場版 Tea (2020)/劇場版 Tea (2020).mkv"]
    assert [name for name in core.tree() if name.endswith(".mkv")] == ["Tea/Season 01/Tea - S01E01.mkv"]


def test_without_a_folder_a_film_from_a_feed_is_held_with_the_way_out(world: CoreWorld) -> None:
    world.bring("[G] Look Back [Movie][1080p]")
    world.settle()
    assert (world.download(1)["hold_reason"], world.tree()) == ("no_movies_root", [])


def test_a_person_says_that_a_series_is_a_film_and_sees_it_before(core: CoreWorld) -> None:
    filed(core)
    impact = preview_pin(core.core, series_id=1, field=PinField.KIND, value="movie")
    assert [move.to_path for move in impact.moves] == [".movies/Tea/Tea.mkv"]
    assert shelf(core) == []
    cause = set_pin(core.core, series_id=1, field=PinField.KIND, value="movie")
    assert cause["plan_id"] == impact.plan_id
    core.settle()
    assert (shelf(core), core.tree()) == (["Tea/Tea.mkv"], [])
    undo(core.core, cause["resync_id"])
    core.settle()
    assert shelf(core) == []
    assert [name for name in core.tree() if name.endswith(".mkv")] == ["Tea/Season 01/Tea - S01E01.mkv"]


def test_a_person_says_that_what_looks_like_a_film_is_none(core: CoreWorld) -> None:
    core.bring("[G] 劇場版 Tea [1080p]")
    core.settle()
    assert shelf(core) == ["劇場版 Tea/劇場版 Tea.mkv"]
    set_pin(core.core, series_id=1, field=PinField.KIND, value="series")
    core.settle()
    assert shelf(core) == []
    assert "劇場版 Tea/Season 01/劇場版 Tea - S01E01.mkv" in core.tree()


def test_nothing_else_can_be_pinned_as_a_kind(core: CoreWorld) -> None:
    filed(core)
    with pytest.raises(InvalidInput) as caught:
        set_pin(core.core, series_id=1, field=PinField.KIND, value="opera")
    assert caught.value.problems[0].message == "Give one of series, movie."


def test_what_the_id_says_moves_a_file_when_a_person_has_said_yes(core: CoreWorld) -> None:
    filed(core)
    with bangumi() as double:
        core.core.bangumi = Bangumi(core.web, double.base, gap_s=0)
        double.add(7, "茶", "茶", platform="剧场版", date="2020-05-01")
        set_id(core.core, 1, "bgm", "7")
        identify(core.core)
        core.settle()
        (cause,) = core.rows(tables.resyncs, tables.resyncs.c.cause == "metadata_updated")
        assert (cause["state"], shelf(core)) == ("waiting", [])
        confirm(core.core, cause["resync_id"], plan_id=cause["waiting_plan_id"])
        core.settle()
    assert shelf(core) == ["Tea (2020)/Tea (2020).mkv"]
    assert core.tree() == []


def test_a_film_that_is_known_before_it_comes_is_filed_at_once_with_its_year(core: CoreWorld) -> None:
    with bangumi() as double:
        core.core.bangumi = Bangumi(core.web, double.base, gap_s=0)
        double.add(7, "茶", "茶", platform="剧场版", date="2020-05-01")
        title = "[G] 劇場版 Tea [1080p]"
        ingest(core.core, core.subscription_id, [FeedItem(title=title, facts={"bgm": "7"}, **_magnet(title))])
        set_id(core.core, 1, "bgm", "7")
        identify(core.core)
        core.settle()
        fetch_pictures(core.viewer)
        core.settle()
        poster = double.pictures["/pic/7.jpg"]
    assert shelf(core) == ["劇場版 Tea (2020)/劇場版 Tea (2020).mkv"]
    assert core.films is not None
    assert (core.films / "劇場版 Tea (2020)/劇場版 Tea (2020)-poster.jpg").read_bytes() == poster
