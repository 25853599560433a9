"""Existing folders under the rules: planned without a touch, recorded where they lie, then moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.files import LinkMode
from seiton.core import tables
from seiton.core.adoption.adoptions import (
    confirm_adoption,
    create_adoption,
    discard_adoption,
    get_adoption,
    list_adoption_files,
)
from seiton.core.adoption.recording import record_adoptions
from seiton.core.filing.naming import set_naming
from seiton.core.identity.editing import list_ids
from seiton.core.removal.removing import FileChoice, TargetType, TorrentChoice, remove
from seiton.core.removal.trash import restore
from seiton.core.rules.parsers import delete_parser
from seiton.domain.naming import DEFAULT_TEMPLATE
from seiton.errors import Conflict, InvalidInput, NotFound
from tests.integration.core_world import CoreWorld, torrent_of
from tests.integration.messy_folders import EPISODE, make_jellyfin_show, make_messy_library, put, tree


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[CoreWorld]:
    made = CoreWorld(tmp_path, database_url)
    made.viewer.library()  # it has its id before anybody looks at mtimes
    yield made
    made.close()


def plan(world: CoreWorld, path: Path | None = None) -> int:
    adoption_id: int = create_adoption(world.core, os.fspath(path or world.library))["adoption_id"]
    return adoption_id


def files(world: CoreWorld, adoption_id: int) -> dict[str, dict[str, object]]:
    rows = list_adoption_files(world.core, adoption_id, what=None, limit=None, offset=0)
    return {row["path"]: row for row in rows}


def test_a_messy_library_is_planned_without_a_touch_and_keeps_every_foreign_file(world: CoreWorld) -> None:
    make_messy_library(world.library)
    before = tree(world.library)
    adoption_id = plan(world)
    world.settle()
    assert tree(world.library) == before
    assert world.rows(tables.downloads) == world.rows(tables.links) == world.rows(tables.raw_items) == []
    found = files(world, adoption_id)
    left = {path: row["reason"] for path, row in found.items() if row["reason"]}
    assert left == {
        "Odds/holiday.mkv": "no_episode",
        "Odds/Pair - S01E01-E02.mkv": "several_episodes",
        "Odds/Season 02/Odds - S01E04.mkv": "season_unclear",
        "Tea/[A] Tea - 01 [1080p].mkv": "duplicate",
        "Tea/[B] Tea - 05 [1080p].mkv": "undecided",
        "Tea/[C] Tea - 05 [1080p].mkv": "undecided",
        "packs/[G] Deep S2 [01-02][1080p]/[G] Deep S2 [NCOP][1080p].mkv": "extra",
    }
    counts = get_adoption(world.core, adoption_id)["counts"]
    assert (counts["adopted"], counts["stays"], counts["moves"], counts["held"]) == (9, 2, 7, 0)

    confirm_adoption(world.core, adoption_id)
    world.settle()
    after = tree(world.library)
    lost = {value[2] for value in before.values()} - {value[2] for value in after.values()}
    renumbered = {value[2] for path, value in before.items() if b"99 [720p].nfo" in path}
    assert lost == set(), renumbered
    foreign = [b"Frieren/tvshow.nfo", b"Frieren/poster.jpg", b"Frieren/theme.mp3", b"loose.txt"]
    foreign += [b"Odds/notes.txt", b"link to etc", *map(os.fsencode, left)]
    foreign += [b"packs/[G] Deep S2 [01-02][1080p]/Scans/cover.png"]
    stays = [path for path in before if path.startswith(b"Frieren/Season 01/Frieren - ")]
    for path in [*foreign, *stays]:
        assert after[path] == before[path], path
    videos = {path.decode() for path in after if path.endswith(b".mkv")} - left.keys()
    assert videos == {
        "Frieren/Season 01/Frieren - S01E01.mkv",
        "Frieren/Season 01/Frieren - S01E02.mkv",
        "Frieren/Season 01/Frieren - S01E03.mkv",
        "进击的巨人/Season 02/进击的巨人 - S02E01.mkv",
        "进击的巨人/Season 02/进击的巨人 - S02E02.mkv",
        "Tea/Season 01/Tea - S01E01.mkv",
        "Tea/Season 01/Tea - S01E02.mkv",
        "Deep/Season 02/Deep - S02E01.mkv",
        "Deep/Season 02/Deep - S02E02.mkv",
    }
    assert set(world.states()) == {"synced"}
    assert "进击的巨人/Season 02/进击的巨人 - S02E01.ass".encode() in after
    adoption = get_adoption(world.core, adoption_id)
    assert adoption["state"] == "done"
    assert world.resync(adoption["resync_id"])["state"] == "done"
    assert world.outcomes(adoption["resync_id"]) == {"moved": 7, "unchanged": 2}


def test_an_nfo_of_another_program_goes_along_and_only_its_numbers_follow(world: CoreWorld) -> None:
    put(world.library, "Tea/Season 01/[Sub] Tea - 03.mkv")
    nfo = EPISODE.format(title="Third Cup", number=7, season=1, episode=3).encode()
    put(world.library, "Tea/Season 01/[Sub] Tea - 03.nfo", nfo)
    confirm_adoption(world.core, plan(world))
    world.settle()
    moved = world.library / "Tea/Season 01/Tea - S01E03.nfo"
    assert moved.read_bytes() == nfo
    world.create(anime_title="Tea", series_no=2, priority=50)
    world.settle()
    assert world.videos().keys() == {"Tea - S02E03"}
    assert not moved.exists()
    after = (world.library / "Tea/Season 02/Tea - S02E03.nfo").read_text()
    assert "<season>2</season>" in after
    as_before = after.replace("<season>2</season>", "<season>1</season>").replace("UTF-8", "utf-8")
    assert as_before.split() == nfo.decode().split()


def test_an_nfo_that_cannot_be_read_is_left_and_its_video_held(world: CoreWorld) -> None:
    put(world.library, "Tea/[Sub] Tea - 01.mkv")
    put(world.library, "Tea/[Sub] Tea - 01.nfo", b"<episodedetails><title>A & B</title>")
    before = tree(world.library)
    adoption_id = plan(world)
    (row,) = files(world, adoption_id).values()
    assert (row["reason"], row["hold_reason"]) == (None, "nfo_unreadable")
    confirm_adoption(world.core, adoption_id)
    world.settle()
    for path in (b"Tea/[Sub] Tea - 01.mkv", b"Tea/[Sub] Tea - 01.nfo"):
        assert tree(world.library)[path] == before[path]
    assert world.row(tables.downloads)["hold_reason"] == "nfo_unreadable"


def test_adopted_in_place_nothing_moves_until_a_rule_of_the_user_says_so(world: CoreWorld) -> None:
    put(world.library, "Tea/[A] Tea - 01 [1080p].mkv")
    put(world.library, "Cake/[A] Cake - 01 [1080p].mkv")
    before = tree(world.library)
    adoption_id = plan(world)
    done = confirm_adoption(world.core, adoption_id, in_place=True)
    world.settle()
    assert tree(world.library) == before
    assert {(row["status"], row["applied_revision"]) for row in world.rows(tables.downloads)} == {
        ("synced", 1)
    }
    assert world.resync(done["resync_id"])["state"] == "done"
    world.pass_time(hours=7)
    world.settle()
    assert tree(world.library) == before
    world.create(condition=r"Tea", anime_title="Green Tea", priority=50)
    world.settle()
    assert world.videos().keys() == {"Green Tea - S01E01", "[A] Cake - 01 [1080p]"}


def test_an_edited_parser_moves_adopted_files_and_an_edit_elsewhere_moves_none(world: CoreWorld) -> None:
    """A parser that reads no season leaves to the folder what it knows of it."""
    put(world.library, "Shelf/Season 02/[A] Tea - 01 [1080p].mkv")
    put(world.library, "Shelf/Season 02/[A] Tea - 02 [1080p].mkv")
    confirm_adoption(world.core, plan(world))
    world.settle()
    assert world.videos().keys() == {"Shelf - S02E01", "Shelf - S02E02"}
    world.create(name="elsewhere", condition=r"^Nothing like it", anime_title="Else", priority=90)
    world.settle()
    assert world.videos().keys() == {"Shelf - S02E01", "Shelf - S02E02"}
    written = world.create(anime_title="Tea", priority=95)
    assert written.parser is not None
    number = written.parser["parser_id"]
    world.settle()
    assert world.videos().keys() == {"Tea - S02E01", "Tea - S02E02"}
    world.edit(number, series_no_source="static", series_no_value="4")
    world.settle()
    assert world.videos().keys() == {"Tea - S04E01", "Tea - S04E02"}
    delete_parser(world.core, number)
    world.settle()
    assert world.videos().keys() == {"Shelf - S02E01", "Shelf - S02E02"}
    assert set(world.states()) == {"synced"}


def test_the_users_own_parser_is_heard_before_names_of_folders(world: CoreWorld) -> None:
    world.create(condition=r"Tea", anime_title="Green Tea", series_no=3, priority=50)
    put(world.library, "Shelf/Season 02/[A] Tea - 01 [1080p].mkv")
    adoption_id = plan(world)
    (row,) = files(world, adoption_id).values()
    assert (row["title"], row["series_no"], row["episode_no"]) == ("Green Tea", 3, 1)
    assert row["sources"] == {"title": "parser", "season": "parser", "episode": "parser"}


def test_a_plan_whose_files_changed_is_made_again_and_waits_again(world: CoreWorld) -> None:
    put(world.library, "Tea/[A] Tea - 01.mkv")
    adoption_id = plan(world)
    put(world.library, "Tea/[A] Tea - 02.mkv")
    before = tree(world.library)
    answer = confirm_adoption(world.core, adoption_id)
    assert (answer["state"], answer["replaced_by"]) == ("replaced", adoption_id + 1)
    world.settle()
    assert tree(world.library) == before
    assert world.rows(tables.downloads) == []
    with pytest.raises(Conflict, match=str(adoption_id + 1)):
        confirm_adoption(world.core, adoption_id)
    assert confirm_adoption(world.core, adoption_id + 1)["state"] == "done"
    with pytest.raises(Conflict):
        confirm_adoption(world.core, adoption_id + 1)
    with pytest.raises(Conflict):
        discard_adoption(world.core, adoption_id + 1)
    world.settle()
    assert world.videos().keys() == {"Tea - S01E01", "Tea - S01E02"}


def test_a_plan_can_be_thrown_away(world: CoreWorld) -> None:
    put(world.library, "Tea/[A] Tea - 01.mkv")
    adoption_id = plan(world)
    discard_adoption(world.core, adoption_id)
    with pytest.raises(NotFound):
        get_adoption(world.core, adoption_id)
    assert world.rows(tables.adoption_files) == []


def test_only_the_library_and_download_folders_are_looked_into(world: CoreWorld, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (world.library / "way out").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "elsewhere", world.library / "way out", Path("/etc"), world.library / ".."):
        with pytest.raises(InvalidInput) as error:
            plan(world, path)
        assert error.value.problems[0].field == "path"
    with pytest.raises(NotFound):
        plan(world, world.library / "absent")
    assert world.rows(tables.adoptions) == []


def test_a_download_folder_is_only_linked_from(world: CoreWorld) -> None:
    release = "[G] Deep S2 [01-02][1080p]"
    put(world.downloads, f"{release}/[G] Deep S2 [01][1080p].mkv")
    put(world.downloads, f"{release}/[G] Deep S2 [01][1080p].TC.ass", b"subtitle")
    put(world.downloads, f"{release}/[G] Deep S2 [02][1080p].mkv")
    put(world.downloads, "[A] Tea - 01.mkv")
    put(world.downloads, "readme.txt", b"mine")
    before = tree(world.downloads)
    adoption_id = plan(world, world.downloads)
    assert get_adoption(world.core, adoption_id)["counts"]["moves"] == 3
    confirm_adoption(world.core, adoption_id)
    world.settle()
    assert {path: value[1:] for path, value in tree(world.downloads).items()} == {
        path: value[1:] for path, value in before.items()
    }
    assert world.videos().keys() == {"Deep - S02E01", "Deep - S02E02", "Tea - S01E01"}
    linked = world.library / "Deep/Season 02/Deep - S02E01.mkv"
    assert linked.stat().st_nlink == 2
    assert (world.library / "Deep/Season 02/Deep - S02E01.zh-hant.ass").read_bytes() == b"subtitle"
    again = files(world, plan(world, world.downloads))
    assert {row["reason"] for row in again.values()} == {"already_kept"}


def test_a_download_folder_inside_the_library_is_not_part_of_it(world: CoreWorld) -> None:
    inside = world.library / "incoming"
    world.viewer.download_roots = (os.fsencode(inside),)
    put(inside, "[A] Tea - 01.mkv")
    put(world.library, "Cake/[A] Cake - 01.mkv")
    assert files(world, plan(world)).keys() == {"Cake/[A] Cake - 01.mkv"}
    adoption_id = plan(world, inside)
    assert files(world, adoption_id).keys() == {"[A] Tea - 01.mkv"}
    with pytest.raises(InvalidInput, match="download folder"):
        confirm_adoption(world.core, adoption_id, in_place=True)


def test_an_adopted_file_is_removed_and_restored_like_any_other(world: CoreWorld) -> None:
    put(world.library, "Tea/[A] Tea - 01.mkv")
    confirm_adoption(world.core, plan(world), in_place=True)
    world.settle()
    row = world.row(tables.downloads)
    removal_id = remove(
        world.core,
        TargetType.DOWNLOAD,
        row["download_id"],
        torrents=TorrentChoice.KEEP,
        files=FileChoice.TRASH,
    )
    world.settle()
    assert world.videos() == {}
    restore(world.core, removal_id)
    world.settle()
    assert len(world.videos()) == 1


def test_a_download_folder_is_refused_while_first_syncs_move_files_away(world: CoreWorld) -> None:
    put(world.downloads, "[A] Tea - 01.mkv")
    world.viewer.profile = replace(world.viewer.profile, link_mode=LinkMode.MOVE)
    with pytest.raises(Conflict, match="move"):
        plan(world, world.downloads)


def test_what_seiton_fetched_or_has_is_left_alone(world: CoreWorld) -> None:
    world.bring("[A] Tea - 01 [1080p]")
    world.settle()
    put(world.library, "Tea/[B] Tea - 01 [720p].mkv")
    put(world.library, "Tea/[B] Tea - 02 [720p].mkv")
    found = files(world, plan(world))
    assert {path: row["reason"] for path, row in found.items()} == {
        "Tea/Season 01/Tea - S01E01.mkv": "already_kept",
        "Tea/[B] Tea - 01 [720p].mkv": "episode_kept",
        "Tea/[B] Tea - 02 [720p].mkv": None,
    }
    found = files(world, plan(world, world.downloads))
    assert {row["reason"] for row in found.values()} == {"already_kept"}


def test_a_library_file_is_paired_with_its_name_in_the_download_folder(world: CoreWorld) -> None:
    info_hash = torrent_of("[A] Tea - 01 [1080p]")
    world.bring("[A] Tea - 01 [1080p]")
    world.fetch()
    with world.database.write() as connection:  # the same torrent, and a Core that never filed it
        connection.execute(
            sa.update(tables.downloads).values(status="cancelled", next_try_at=None, hold_reason=None)
        )
    (source,) = (world.downloads / info_hash).iterdir()
    (world.library / "Tea").mkdir()
    os.link(source, world.library / "Tea/[A] Tea - 01 [1080p].mkv")
    os.link(source, world.library / "Tea/another name - 01.mkv")
    found = files(world, plan(world))
    row = found.pop("Tea/[A] Tea - 01 [1080p].mkv")
    assert (row["source_path"], row["info_hash"], row["reason"]) == (os.fspath(source), info_hash, None)
    assert [row["reason"] for row in found.values()] == ["same_file"]


def test_works_of_one_title_are_told_apart_by_their_year(world: CoreWorld) -> None:
    put(world.library, "Hunter (1999)/Season 01/Hunter - S01E01.mkv")
    put(world.library, "Hunter (2011)/Season 01/Hunter - S01E01.mkv")
    confirm_adoption(world.core, plan(world))
    world.settle()
    assert [row["title"] for row in world.rows(tables.animes)] == ["Hunter (1999)", "Hunter (2011)"]
    assert len(world.videos()) == 2


def test_ids_of_nfos_and_folder_names_are_kept(world: CoreWorld) -> None:
    make_jellyfin_show(world.library)
    put(world.library, "Tea [anidbid-17]/Season 01/Tea - S01E01.mkv")
    confirm_adoption(world.core, plan(world))
    found = {(row["subject_type"], row["namespace"], row["value"]) for row in world.rows(tables.identities)}
    assert found == {
        ("anime", "tvdb", "424536"),
        ("link", "tvdb", "9001"),
        ("link", "tvdb", "9002"),
        ("anime", "anidb", "17"),
    }


def test_ids_of_a_work_with_one_season_are_the_seasons_own(world: CoreWorld) -> None:
    put(world.library, "Tea [bangumi-400602]/Season 01/Tea - S01E01.mkv")
    put(world.library, "Salt [anidbid-17]/Season 01/Salt - S01E01.mkv")
    put(world.library, "Salt [anidbid-17]/Season 02/Salt - S02E01.mkv")
    put(world.library, "Lake [tvdbid-5]/Season 01/Lake - S01E01.mkv")
    confirm_adoption(world.core, plan(world))
    ids = list_ids(world.core, limit=10, offset=0)
    found = [(row["namespace"], row["value"], row["standing"], row["source"]) for row in ids]
    assert found == [("bgm", "400602", "given", "file")]


def test_a_foreign_file_in_the_way_is_told_in_the_plan_and_stays(world: CoreWorld) -> None:
    put(world.library, "Tea/[A] Tea - 01.mkv")
    put(world.library, "Tea/Season 01/Tea - S01E01.m2ts.txt", b"not a video")
    put(world.library, "Tea/Season 01/Tea - S01E01.iso", b"an image of a disc")
    adoption_id = plan(world)
    (row,) = files(world, adoption_id).values()
    assert row["hold_reason"] == "target_foreign"
    before = tree(world.library)
    confirm_adoption(world.core, adoption_id)
    world.settle()
    assert {path: v[2] for path, v in tree(world.library).items()} == {p: v[2] for p, v in before.items()}


def test_files_that_trade_places_are_adopted_together(world: CoreWorld) -> None:
    """Each lies at the name of the other, as their NFOs say: recorded as a whole, moved as a whole."""
    for name, episode in (("S01E01", 2), ("S01E02", 1)):
        put(world.library, f"Tea/Season 01/Tea - {name}.mkv")
        nfo = EPISODE.format(title=f"Cup {episode}", number=episode, season=1, episode=episode)
        put(world.library, f"Tea/Season 01/Tea - {name}.nfo", nfo)
    before = {path: value[2] for path, value in tree(world.library).items()}
    adoption_id = plan(world)
    assert get_adoption(world.core, adoption_id)["counts"]["moves"] == 2
    confirm_adoption(world.core, adoption_id)
    world.settle()
    after = {path: value[2] for path, value in tree(world.library).items()}
    stem = b"Tea/Season 01/Tea - S01E0"
    for suffix in (b".mkv", b".nfo"):
        assert after[stem + b"1" + suffix] == before[stem + b"2" + suffix]
        assert after[stem + b"2" + suffix] == before[stem + b"1" + suffix]


def test_the_template_that_leaves_most_files_where_they_are_is_found_and_does(world: CoreWorld) -> None:
    for episode in (1, 2, 3):
        put(world.library, f"Tea (2020)/Season 01/Tea - S01E{episode:02d}.mkv")
    put(world.library, "Cake/Season 01/Cake - S01E01.mkv")
    adoption = get_adoption(world.core, plan(world))
    best = adoption["layouts"][0]
    assert best == {"template": DEFAULT_TEMPLATE.replace("{title}/", "{title}< ({year})>/"), "stays": 4}
    assert (adoption["counts"]["stays"], adoption["counts"]["moves"]) == (1, 3)
    set_naming(world.core, best["template"])
    before = tree(world.library)
    adoption_id = plan(world)
    assert get_adoption(world.core, adoption_id)["counts"]["stays"] == 4
    confirm_adoption(world.core, adoption_id)
    world.settle()
    assert set(tree(world.library)) >= set(before)
    assert len(world.videos()) == 4


def test_a_recording_that_was_cut_short_goes_on_and_sends_nothing_before_its_end(world: CoreWorld) -> None:
    for episode in range(1, 13):
        put(world.library, f"Tea/[A] Tea - {episode:02d}.mkv")
    adoption_id = plan(world)
    done = confirm_adoption(world.core, adoption_id, in_place=True)
    with world.database.write() as connection:  # as it was after the first part
        connection.execute(sa.update(tables.adoptions).values(state="confirmed", in_place=False))
        connection.execute(sa.update(tables.resyncs).values(reparsed=False))
        connection.execute(sa.delete(tables.resync_items))
        nothing = dict.fromkeys(("desired", "desired_fingerprint", "applied_fingerprint"))
        revisions = dict.fromkeys(("desired_revision", "kept_revision"), 0)
        connection.execute(sa.update(tables.downloads).values(**nothing, **revisions))
        late = tables.adoption_files.c.number > 5
        ids = connection.execute(sa.select(tables.adoption_files.c.download_id).where(late)).scalars().all()
        links = sa.select(tables.downloads.c.link_id).where(tables.downloads.c.download_id.in_(ids))
        link_ids = connection.execute(links).scalars().all()
        items = sa.select(tables.links.c.raw_item_id).where(tables.links.c.link_id.in_(link_ids))
        item_ids = connection.execute(items).scalars().all()
        connection.execute(sa.update(tables.adoption_files).where(late).values(download_id=None))
        connection.execute(sa.delete(tables.downloads).where(tables.downloads.c.download_id.in_(ids)))
        connection.execute(sa.delete(tables.links).where(tables.links.c.link_id.in_(link_ids)))
        connection.execute(sa.delete(tables.raw_items).where(tables.raw_items.c.item_id.in_(item_ids)))
    before = tree(world.library)
    world.settle()
    assert tree(world.library) == before
    assert record_adoptions(world.core) == 7
    world.settle()
    assert len(world.videos()) == 12
    assert all(name.startswith("Tea - S01E") for name in world.videos())
    assert world.resync(done["resync_id"])["state"] == "done"
