"""Identity before metadata: ids from feeds and people, facts by ids, nothing guessed, nothing silent."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.feeds import FeedItem
from seiton.adapters.metadata.bangumi import Bangumi
from seiton.contract import LibraryCheck
from seiton.core import tables
from seiton.core.causes.confirming import confirm
from seiton.core.causes.undo import undo
from seiton.core.feeds.ingest import ingest
from seiton.core.identity.editing import accept, accept_exact, list_ids, remove_id, set_id, suggest
from seiton.core.identity.fixes import list_fixes
from seiton.core.identity.identifying import identify
from seiton.core.identity.merging import list_merges, merge, preview_merge
from seiton.core.identity.title_order import preview_title_order, set_title_order
from seiton.core.neighbours.answers import Answer, Question, ask
from seiton.core.neighbours.states import list_neighbours
from seiton.core.rules.pinning import preview_pin, set_pin
from seiton.domain.pins import PinField
from seiton.domain.states import IdStanding, NeighbourKind, NeighbourState
from seiton.errors import Unavailable
from seiton.viewer.checks import Checks
from seiton.viewer.pictures import fetch_pictures
from tests.integration.core_world import CoreWorld, _magnet
from tests.integration.core_world import world as world
from tests.neighbours import JPEG, bangumi
from tests.neighbours import Bangumi as Double


@pytest.fixture
def double() -> Iterator[Double]:
    with bangumi() as running:
        yield running


@pytest.fixture
def known(world: CoreWorld, double: Double) -> CoreWorld:
    """A world that asks the double."""
    world.core.bangumi = Bangumi(world.web, double.base, gap_s=0)
    world.core.mikan_url = double.base
    return world


def bring(world: CoreWorld, *titles: str, **facts: str) -> None:
    items = [FeedItem(title=title, facts=facts, **_magnet(title)) for title in titles]
    ingest(world.core, world.subscription_id, items[::-1])


def standings(world: CoreWorld) -> dict[str, str]:
    """Return ``mikan/3391 of 1`` → standing."""
    return {
        f"{row['namespace']}/{row['value']} of {row['series_id']}": row["standing"]
        for row in world.rows(tables.external_ids)
    }


def nfo(world: CoreWorld, name: str) -> str:
    (path,) = [one for one in world.tree() if one.endswith(name)]
    return (Path(world.library) / path).read_text()


def season(double: Double, value: int = 400602, shift: int = 0) -> None:
    double.add(value, "負けヒロインが多すぎる!", "败犬女主太多了！", summary="说明")
    double.add_episodes(
        value,
        *(
            {
                "sort": number + shift,
                "ep": number,
                "name_cn": f"第{number}败",
                "airdate": f"2024-07-{number + 10}",
            }
            for number in range(1, 13)
        ),
    )


def filed(world: CoreWorld, *episodes: int, name: str = "Show", **facts: str) -> None:
    world.create(priority=9, series_no=1)
    bring(world, *(f"[G] {name} - {number:02}" for number in episodes), **facts)
    world.settle()


def test_the_same_id_is_the_same_series_and_of_another_title_a_claim(known: CoreWorld) -> None:
    filed(known, 1, mikan="3391")
    bring(known, "[H] Other - 02", mikan="3391")
    bring(known, "[G] Show - 03", mikan="3391")
    assert standings(known) == {"mikan/3391 of 1": "given", "mikan/3391 of 2": "claimed"}
    assert known.links()[1][0] == "Other"  # nothing was merged by itself


def test_a_merge_is_previewed_and_what_was_previewed_happens(known: CoreWorld) -> None:
    filed(known, 1, mikan="3391")
    bring(known, "[H] Other - 02", mikan="3391")
    known.settle()
    (claim,) = list_merges(known.core)
    assert (claim["anime_title"], claim["into_title"]) == ("Other", "Show")
    impact = preview_merge(known.core, claim["series_id"], claim["into_series_id"])
    assert [move.to_path for move in impact.moves if move.to_path.endswith(".mkv")] != []
    assert impact.needs_confirmation
    before = known.tree()
    cause = merge(known.core, claim["series_id"], claim["into_series_id"])
    known.settle()
    assert known.tree() == before, "it waits for a person"
    confirm(known.core, cause["resync_id"], plan_id=impact.plan_id)
    known.settle()
    assert sorted(name for name in known.tree() if name.endswith(".mkv")) == [
        "Show/Season 01/Show - S01E01.mkv",
        "Show/Season 01/Show - S01E02.mkv",
    ]
    assert list_merges(known.core) == []
    bring(known, "[H] Other - 03", mikan="3391")
    assert known.links()[-1][0] == "Show", "titles to come are the same series"


def test_a_merge_can_be_undone_and_each_series_has_its_ids_again(known: CoreWorld) -> None:
    filed(known, 1, mikan="3391")
    bring(known, "[H] Other - 02", mikan="3391", anidb="7")
    known.settle()
    before, ids = known.tree(), standings(known)
    impact = preview_merge(known.core, 2, 1)
    cause = merge(known.core, 2, 1, plan_id=impact.plan_id)
    known.settle()
    assert known.tree() != before
    assert standings(known)["anidb/7 of 1"] == "given"
    taken_back = undo(known.core, cause["resync_id"])
    confirm(known.core, taken_back["resync_id"])
    known.settle()
    assert known.tree() == before
    assert standings(known) == ids


def test_ids_go_along_when_a_rule_gives_a_series_another_title(known: CoreWorld, double: Double) -> None:
    season(double)
    write = known.create(priority=9, series_no=1)
    bring(known, "[G] Show - 01", mikan="3391")
    set_id(known.core, 1, "bgm", "400602")
    identify(known.core)
    known.settle()
    double.status = 503
    assert write.parser is not None
    known.edit(write.parser["parser_id"], anime_title_source="static", anime_title_value="Renamed")
    known.settle()
    assert standings(known) == {"mikan/3391 of 2": "given", "bgm/400602 of 2": "manual"}
    assert "第1敗" in nfo(known, "Renamed - S01E01.nfo")


def test_facts_by_id_come_into_the_nfos_and_no_folder_is_renamed(known: CoreWorld, double: Double) -> None:
    season(double)
    filed(known, 1, 2, mikan="3391")
    videos = [name for name in known.tree() if name.endswith(".mkv")]
    set_id(known.core, 1, "bangumi", "400602")
    identify(known.core)
    known.settle()
    assert [name for name in known.tree() if name.endswith(".mkv")] == videos
    assert "<title>敗犬女主太多了！</title>" in nfo(known, "tvshow.nfo")
    assert '<uniqueid type="Bangumi" default="true">400602</uniqueid>' in nfo(known, "tvshow.nfo")
    assert "<title>第2敗</title>" in nfo(known, "S01E02.nfo")
    assert "<aired>2024-07-12</aired>" in nfo(known, "S01E02.nfo")


def test_filing_does_not_wait_for_a_source_that_is_away_and_its_state_is_on_record(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    double.status = 503
    filed(known, 1, bgm="400602")
    identify(known.core)
    assert known.states() == ["synced"]
    (source,) = list_neighbours(known.core)
    assert (source.kind, source.state, source.since) == (
        NeighbourKind.METADATA,
        NeighbourState.AWAY,
        known.time,
    )
    asked = sum(double.asked.values())
    identify(known.core)
    assert sum(double.asked.values()) == asked, "it is left alone"
    double.status = 200
    known.pass_time(minutes=2)
    identify(known.core)
    known.settle()
    assert "第1敗" in nfo(known, "S01E01.nfo")


@pytest.mark.parametrize("trouble", ["away", "html"])
def test_no_nfo_loses_anything_when_the_source_fails_later(
    known: CoreWorld, double: Double, trouble: str
) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    before = nfo(known, "S01E01.nfo")
    double.status, double.html = (503, False) if trouble == "away" else (200, True)
    known.pass_time(days=30)
    identify(known.core)
    known.settle()
    assert nfo(known, "S01E01.nfo") == before
    assert list_neighbours(known.core)[0].state is NeighbourState.AWAY


def test_a_title_that_was_not_known_yet_is_a_resync_of_what_it_changes(
    known: CoreWorld, double: Double
) -> None:
    double.add(5, "名", date="2025-12-20")
    double.add_episodes(5, {"sort": 1, "ep": 1, "name_cn": "开始"}, {"sort": 2, "ep": 2})
    filed(known, 1, 2, bgm="5")
    identify(known.core)
    known.settle()
    assert "<title>第 2 話</title>" in nfo(known, "S01E02.nfo")
    first = (Path(known.library) / "Show/Season 01/Show - S01E01.nfo").stat()
    double.add_episodes(5, {"sort": 1, "ep": 1, "name_cn": "开始"}, {"sort": 2, "ep": 2, "name_cn": "终"})
    known.pass_time(hours=12)
    identify(known.core)
    known.settle()
    assert "<title>終</title>" in nfo(known, "S01E02.nfo")
    cause = known.rows(tables.resyncs)[-1]
    assert cause["cause"] == "metadata_updated"
    assert sum(known.outcomes(cause["resync_id"]).values()) == 1, "one file, the other is as it was"
    assert (Path(known.library) / "Show/Season 01/Show - S01E01.nfo").stat() == first


def test_changing_the_language_of_titles_is_a_resync_with_a_preview(known: CoreWorld, double: Double) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    impact = preview_title_order(known.core, ["ja"])
    assert impact.plan_id
    assert "敗犬" in nfo(known, "tvshow.nfo"), "a preview changes nothing"
    cause = set_title_order(known.core, ["ja"])
    assert cause is not None
    known.settle()
    assert "<title>負けヒロインが多すぎる!</title>" in nfo(known, "tvshow.nfo")
    undo(known.core, cause["resync_id"])
    known.settle()
    assert "<title>敗犬女主太多了！</title>" in nfo(known, "tvshow.nfo")


def test_a_season_counted_on_from_the_one_before_is_offered_as_a_fix(
    known: CoreWorld, double: Double
) -> None:
    season(double, shift=12)
    double.relations["400602"] = [{"id": 51, "type": 2, "relation": "前传"}]
    double.add(51, "前")
    filed(known, 13, 14, bgm="400602")
    identify(known.core)
    known.settle()
    assert "<title>第1敗</title>" in nfo(known, "S01E13.nfo"), "facts are right before the number is"
    fixes = {fix.field: fix for fix in list_fixes(known.core, limit=50, offset=0)[0]}
    assert list_fixes(known.core, limit=0, offset=0) == ([], True)
    assert list_fixes(known.core, limit=50, offset=1) == ([], False)
    named = list_fixes(known.core, limit=50, offset=0, with_titles=True)[0]
    assert {fix.field for fix in named} == {*fixes, PinField.ANIME_TITLE}
    ahead, number = fixes[PinField.EPISODES_AHEAD], fixes[PinField.SERIES_NO]
    assert (ahead.value, number.value) == (12, 2)
    impact = preview_pin(known.core, series_id=1, field=ahead.field, value=ahead.value)
    assert len([move for move in impact.moves if move.to_path.endswith(".mkv")]) == 2
    set_pin(known.core, series_id=1, field=ahead.field, value=ahead.value)
    set_pin(known.core, series_id=1, field=number.field, value=number.value)
    known.settle()
    identify(known.core)
    known.settle()
    assert sorted(known.videos()) == ["Show - S02E01", "Show - S02E02"]
    assert "<title>第1敗</title>" in nfo(known, "S02E01.nfo")
    assert list_fixes(known.core, limit=50, offset=0) == ([], False)


def test_a_search_only_suggests_and_what_is_accepted_stays(known: CoreWorld, double: Double) -> None:
    season(double)
    double.add(2, "別", "别的")
    double.found = [double.subjects["400602"], double.subjects["2"]]
    filed(known, 1)
    identify(known.core)
    assert standings(known) == {}
    first, _second = suggest(known.core, 1)
    assert (first["title"], first["year"], first["picture_url"]) == (
        "败犬女主太多了！\n負けヒロインが多すぎる!",
        2024,
        f"{double.base}/pic/400602.jpg",
    )
    identify(known.core)
    assert known.rows(tables.series_facts) == [], "a suggestion is no fact"
    accept(known.core, first["external_id"])
    bring(known, "[G] Show - 02", bgm="2")
    assert standings(known) == {"bgm/400602 of 1": "confirmed"}
    identify(known.core)
    assert len(known.rows(tables.series_facts)) == 1


def test_exact_matches_of_title_and_year_are_accepted_together(known: CoreWorld, double: Double) -> None:
    known.create(priority=9, series_no=1)
    bring(known, "[G] Show - 01", "[G] Tea - 01")
    with known.database.write() as connection:
        connection.execute(sa.update(tables.animes).values(year=2024))
    double.add(1, "Show")
    double.add(2, "Show 2nd Season")
    double.add(3, "Coffee")
    double.found = [double.subjects[one] for one in "123"]
    suggest(known.core, 1)
    suggest(known.core, 2)
    assert [(row["anime_title"], row["value"]) for row in accept_exact(known.core)] == [("Show", "1")]
    left = list_ids(known.core, standings=[IdStanding.SUGGESTED], limit=None, offset=0)
    assert {row["anime_title"] for row in left} == {"Tea"}


def test_an_id_that_a_person_takes_away_takes_its_facts_along_and_no_feed_gives_it_back(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    remove_id(known.core, known.row(tables.external_ids)["external_id"])
    bring(known, "[G] Show - 02", bgm="400602")
    identify(known.core)
    known.settle()
    assert standings(known) == {"bgm/400602 of 1": "rejected"}
    assert "<title>第 1 話</title>" in nfo(known, "S01E01.nfo")
    assert "敗犬" not in nfo(known, "tvshow.nfo")


def test_the_page_of_an_entry_leads_to_the_work_and_that_to_its_subject_each_asked_once(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    double.pages["/Home/Episode/1"] = (
        '<a href="/Home/Bangumi/3391#583">x</a> <a href="/Home/Bangumi/3391">y</a>'
    )
    double.pages["/Home/Bangumi/3391"] = '<p>链接：<a href="https://bgm.tv/subject/400602">x</a></p>'
    known.create(priority=9, series_no=1)
    with known.database.write() as connection:
        feed = f"{double.base}/RSS/MyBangumi?token=x"
        connection.execute(sa.update(tables.subscriptions).values(feed_kind="mikan", source_url=feed))
    items = [
        FeedItem(title=title, page_url=f"{double.base}/Home/Episode/{number}", **_magnet(title))
        for number, title in ((1, "[G] Show - 01"), (2, "[G] Show - 02"))
    ]
    ingest(known.core, known.subscription_id, items)
    identify(known.core)
    identify(known.core)
    assert standings(known) == {"mikan/3391 of 1": "given", "bgm/400602 of 1": "given"}
    assert double.asked["/Home/Episode/1"] == double.asked["/Home/Bangumi/3391"] == 1
    assert double.asked["/Home/Episode/2"] == 0


def _question(double: Double, key: str, **lasts: float) -> Question:
    return Question(
        kind=NeighbourKind.METADATA,
        address=double.base,
        source="bgm",
        key=key,
        lasts=timedelta(**lasts),
    )


def test_an_old_answer_is_used_while_the_neighbour_is_away(known: CoreWorld, double: Double) -> None:
    double.add(1, "x")
    source = known.core.bangumi
    assert source is not None
    question = _question(double, "a", hours=1)
    assert ask(known.core, question, lambda: source.subject("1")) == Answer(body=double.subjects["1"])
    double.status = 503
    known.pass_time(hours=2)
    answer = ask(known.core, question, lambda: source.subject("1"))
    assert (answer.is_stale, answer.body["id"]) == (True, 1)
    with pytest.raises(Unavailable):
        ask(known.core, _question(double, "b"), lambda: source.subject("1"))


def test_what_several_threads_want_to_know_is_asked_once(known: CoreWorld, double: Double) -> None:
    double.add(1, "x")
    source = known.core.bangumi
    assert source is not None
    double.before_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        waiting = [
            pool.submit(ask, known.core, _question(double, "a", hours=1), lambda: source.subject("1"))
            for _thread in range(4)
        ]
        double.before_answer.set()
        assert {one.result().body["id"] for one in waiting} == {1}
    assert double.asked["/v0/subjects/1"] == 1


def posters(world: CoreWorld) -> dict[str, bytes]:
    return {name: (Path(world.library) / name).read_bytes() for name in world.tree() if name.endswith(".jpg")}


def hang(world: CoreWorld) -> None:
    """Let the viewer fetch what it lacks and put it up."""
    fetch_pictures(world.viewer)
    world.settle()


def test_posters_come_into_the_show_folder_and_files_do_not_wait_for_them(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    assert posters(known) == {}, "the NFO is there already"
    assert "第1敗" in nfo(known, "S01E01.nfo")
    hang(known)
    picture = double.pictures["/pic/400602.jpg"]
    assert posters(known) == {"Show/poster.jpg": picture, "Show/season01-poster.jpg": picture}


def test_a_second_season_has_its_own_poster_and_show_files_keep_speaking_for_the_first(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    double.add(7, "二")
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    hang(known)
    known.create(name="second", priority=10, series_no=2, condition=r"^\[S2\]")
    bring(known, "[S2] Show - 01", bgm="7")
    known.settle()
    identify(known.core)
    known.settle()
    hang(known)
    one, two = double.pictures["/pic/400602.jpg"], double.pictures["/pic/7.jpg"]
    assert posters(known) == {
        "Show/poster.jpg": one,
        "Show/season01-poster.jpg": one,
        "Show/season02-poster.jpg": two,
    }
    assert "<title>敗犬女主太多了！</title>" in nfo(known, "tvshow.nfo")


def test_a_poster_that_is_no_picture_is_named_and_nothing_else_fails(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    double.pictures["/pic/400602.jpg"] = b"<html>blocked</html>"
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    assert "第1敗" in nfo(known, "S01E01.nfo")
    (failing,) = [one for one in list_neighbours(known.core) if one.state is NeighbourState.AWAY]
    assert (failing.kind, "JPEG" in (failing.last_error or "")) == (NeighbourKind.PICTURES, True)
    double.pictures["/pic/400602.jpg"] = JPEG
    known.pass_time(hours=2)
    identify(known.core)
    known.settle()
    hang(known)
    assert posters(known)["Show/poster.jpg"] == JPEG


def test_a_poster_of_the_users_own_stays(known: CoreWorld, double: Double) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    (Path(known.library) / "Show" / "poster.jpg").write_bytes(b"mine")
    identify(known.core)
    known.settle()
    hang(known)
    assert posters(known)["Show/poster.jpg"] == b"mine"


def test_posters_move_with_their_show_and_keep_no_empty_folder_alive(
    known: CoreWorld, double: Double
) -> None:
    season(double)
    write = known.create(priority=9, series_no=1)
    bring(known, "[G] Show - 01", bgm="400602")
    known.settle()
    identify(known.core)
    known.settle()
    hang(known)
    assert write.parser is not None
    known.edit(write.parser["parser_id"], anime_title_source="static", anime_title_value="Renamed")
    known.settle()
    hang(known)
    assert sorted(posters(known)) == ["Renamed/poster.jpg", "Renamed/season01-poster.jpg"]
    assert not (Path(known.library) / "Show").exists()


def test_posters_are_no_drift(known: CoreWorld, double: Double) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    hang(known)
    assert Checks().next_part(known.viewer, LibraryCheck()).findings == ()
    (Path(known.library) / "Show" / "season02-poster.jpg").write_bytes(b"somebody else's")
    (found,) = Checks().next_part(known.viewer, LibraryCheck()).findings
    assert (found.kind, found.path) == ("foreign", "Show/season02-poster.jpg")


def test_a_poster_hung_up_twice_is_written_once(known: CoreWorld, double: Double) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    hang(known)
    poster = Path(known.library) / "Show" / "poster.jpg"
    before = poster.stat()
    filed(known, 2, bgm="400602")
    hang(known)
    after = poster.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_another_poster_replaces_the_one_that_seiton_put_there(known: CoreWorld, double: Double) -> None:
    season(double)
    filed(known, 1, bgm="400602")
    identify(known.core)
    known.settle()
    hang(known)
    double.pictures["/pic/new.jpg"] = JPEG + b"new"
    double.subjects["400602"] = dict(double.subjects["400602"]) | {
        "images": {"medium": f"{double.base}/pic/new.jpg"}
    }
    known.pass_time(days=10)
    identify(known.core)
    known.settle()
    hang(known)
    assert set(posters(known).values()) == {JPEG + b"new"}


def test_news_that_are_undone_stay_away_until_that_is_undone_too(known: CoreWorld, double: Double) -> None:
    double.add(5, "名", date="2025-12-20")
    double.add_episodes(5, {"sort": 1, "ep": 1, "name_cn": "开始"})
    filed(known, 1, bgm="5")
    identify(known.core)
    known.settle()
    before = nfo(known, "S01E01.nfo")
    double.add_episodes(5, {"sort": 1, "ep": 1, "name_cn": "恶作剧"})
    known.pass_time(hours=12)
    identify(known.core)
    known.settle()
    assert "惡作劇" in nfo(known, "S01E01.nfo")
    back = undo(known.core, known.rows(tables.resyncs)[-1]["resync_id"])
    known.settle()
    assert nfo(known, "S01E01.nfo") == before
    known.pass_time(hours=12)
    identify(known.core)
    known.settle()
    assert nfo(known, "S01E01.nfo") == before, "they are held"
    undo(known.core, back["resync_id"])
    known.settle()
    assert "惡作劇" in nfo(known, "S01E01.nfo")


def test_defect_82_the_first_hit_of_a_search_is_no_fact_and_fractions_are_read(
    known: CoreWorld, double: Double
) -> None:
    """Defect 82 of the reference: an unverified first hit, no refresh, a list that fails for a fraction."""
    double.add(1, "Showtime", "別的作品", date="2025-12-20")
    double.add(2, "Show", "作品", date="2025-12-20")
    double.found = [double.subjects["1"], double.subjects["2"]]
    double.add_episodes(2, {"sort": 1, "ep": 1, "name_cn": "一"}, {"type": 1, "sort": 1.5, "name_cn": "间"})
    known.create(priority=9, series_no=1)
    bring(known, "[G] Show - 01", "[G] Show - 01.5")
    known.settle()
    _first, second = suggest(known.core, 1)
    identify(known.core)
    assert known.rows(tables.series_facts) == []
    accept(known.core, second["external_id"])
    identify(known.core)
    known.settle()
    assert "<title>作品</title>" in nfo(known, "tvshow.nfo")
    assert "<title>間</title>" in nfo(known, "S00E15.nfo")
    double.add(2, "Show", "新名", date="2025-12-20")
    known.pass_time(days=1)
    identify(known.core)
    known.settle()
    assert "<title>新名</title>" in nfo(known, "tvshow.nfo")
