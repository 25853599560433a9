"""From titles to links and downloads: what stays the same when the rules say something else."""

from __future__ import annotations

import pytest

from seiton.core import tables
from seiton.core.feeds.ingest import ingest, reparse_item
from seiton.core.feeds.skip import skip_raw_item
from seiton.core.links.slots import place_slots
from seiton.core.rules.parsers import delete_parser
from seiton.domain.states import RawItemStatus
from tests.integration.core_world import CoreWorld, media, torrent_of
from tests.integration.core_world import world as world

BATCH = r"^\[(?<group>[^\]]+)\] (?<title>.+?) \[(?<episode>\d+)-(?<last>\d+)\]"


def _batch_rule(world: CoreWorld, **values: object) -> int:
    write = world.create(
        name="batch",
        condition=r"\[\d+-\d+\]",
        parse=BATCH,
        priority=50,
        episode_end_source="regex",
        episode_end_value="last",
        **values,
    )
    assert write.parser is not None
    return int(write.parser["parser_id"])


def _batch(world: CoreWorld, title: str, numbers: range) -> None:
    world.torrents.contents[torrent_of(title)] = {f"{n:02}.mkv": media(f"{title}/{n}") for n in numbers}
    world.bring(title)


def _slot(slot: int, episode_no: int, *, detached: bool = False) -> dict[str, object]:
    return {"slot": slot, "episode_no": episode_no, "detached_at": "then" if detached else None}


@pytest.mark.parametrize(
    ("known", "numbers", "slots"),
    [
        ([], range(1, 4), [0, 1, 2]),
        ([_slot(0, 1), _slot(1, 2)], range(13, 15), [0, 1]),
        ([_slot(0, 1), _slot(1, 2)], range(1, 4), [0, 1, 2]),
        ([_slot(0, 11), _slot(1, 12)], range(9, 13), [2, 3, 0, 1]),
        ([_slot(0, 1), _slot(1, 2), _slot(2, 3)], range(3, 4), [2]),
        ([_slot(0, 1), _slot(1, 2, detached=True)], range(1, 3), [0, 1]),
        ([_slot(0, 1), _slot(1, 2), _slot(2, 0)], range(10, 13), [2, 0, 1]),
        ([_slot(0, 20)], range(1, 3), [0, 1]),
    ],
)
def test_links_of_a_batch_keep_their_place(
    known: list[dict[str, object]], numbers: range, slots: list[int]
) -> None:
    assert place_slots(numbers, known) == slots


def test_a_title_becomes_a_link_with_all_that_it_says(world: CoreWorld) -> None:
    world.bring("[G] Show - 01v2 [1080p]", "[G] Show - 12.5 [720p]", "[G] Show - 05 [1080p]")
    rows = world.rows(tables.links)
    assert [
        (row["episode_no"], row["episode_tenths"], row["version"], row["resolution"]) for row in rows
    ] == [
        (1, 0, 2, "1080p"),
        (12, 5, 1, "720p"),
        (5, 0, 1, "1080p"),
    ]
    assert all(row["raw_item_id"] and row["url"].startswith("magnet:") for row in rows)


def test_half_an_episode_is_filed_among_the_specials(world: CoreWorld) -> None:
    world.bring("[G] Show - 12.5 [720p]")
    world.settle()
    assert world.videos() == {"Show - S00E125": "[G] Show - 12.5 [720p]"}
    assert world.wire.messages[0].display_episode == 13


def test_a_title_of_three_hundred_characters_is_filed_like_any_other(world: CoreWorld) -> None:
    name = "長" * 300
    world.bring(f"[G] {name} - 01 [1080p]")
    world.settle()
    assert world.states() == ["synced"]
    assert world.links()[0][0] == name


@pytest.mark.parametrize(
    ("title", "hold"),
    [("..", "name_impossible"), (".", "name_impossible"), ("~", None), ("a/../..", None), ("CON", None)],
)
def test_no_title_leads_out_of_the_library(world: CoreWorld, title: str, hold: str | None) -> None:
    world.create(anime_title=title, priority=9)
    world.bring("[G] Show - 01 [1080p]")
    world.settle()
    inside = sorted(path.name for path in world.folder.iterdir())
    assert [name for name in inside if not name.startswith("seiton.db")] == ["downloads", "library"]
    download = world.download(1)
    assert (download["status"], download["hold_reason"]) == ("sync_failed" if hold else "synced", hold)
    assert len(world.videos()) == (0 if hold else 1)


def test_an_item_in_two_subscriptions_belongs_to_both_and_is_fetched_once(world: CoreWorld) -> None:
    other = world.subscribe("https://other.test/rss")
    assert world.bring("[G] Show - 01 [1080p]").new == 1
    again = world.bring("[G] Show - 01 [1080p]", subscription_id=other)
    assert (again.received, again.new) == (1, 0)
    assert world.bring("[G] Show - 01 [1080p]", subscription_id=other).new == 0
    ties = world.rows(tables.item_subscriptions)
    assert [(row["item_id"], row["subscription_id"]) for row in ties] == [
        (1, world.subscription_id),
        (1, other),
    ]
    assert len(world.states()) == 1


def test_a_document_with_one_entry_twice_brings_it_once(world: CoreWorld) -> None:
    assert world.bring("[G] Show - 01", "[G] Show - 01").new == 1


def test_an_empty_document_changes_nothing(world: CoreWorld) -> None:
    assert ingest(world.core, world.subscription_id, []).received == 0


def test_a_batch_is_fetched_once_and_filed_episode_by_episode(world: CoreWorld) -> None:
    _batch_rule(world)
    _batch(world, "[G] Show [01-03]", range(1, 4))
    world.settle()
    assert world.torrents.added == [torrent_of("[G] Show [01-03]")]
    assert world.videos() == {
        "Show - S01E01": "01.mkv",
        "Show - S01E02": "02.mkv",
        "Show - S01E03": "03.mkv",
    }
    hashes = [row["source_hash"] for row in world.rows(tables.links)]
    assert [mark.rpartition("#")[2] for mark in hashes] == ["ep1", "ep2", "ep3"]


def test_the_files_of_a_batch_follow_when_its_numbers_shift(world: CoreWorld) -> None:
    parser_id = _batch_rule(world)
    _batch(world, "[G] Show [01-03]", range(1, 4))
    world.settle()
    world.edit(parser_id, episode_offset=12)
    world.settle()
    assert world.videos() == {
        "Show - S01E13": "01.mkv",
        "Show - S01E14": "02.mkv",
        "Show - S01E15": "03.mkv",
    }
    assert world.torrents.added == [torrent_of("[G] Show [01-03]")]


def test_a_season_that_counts_on_finds_its_files_by_the_numbers_of_their_makers(world: CoreWorld) -> None:
    _batch_rule(world, episode_offset=-12, series_no=2)
    _batch(world, "[G] Show [13-15]", range(13, 16))
    world.settle()
    assert world.videos() == {
        "Show - S02E01": "13.mkv",
        "Show - S02E02": "14.mkv",
        "Show - S02E03": "15.mkv",
    }


def test_a_range_that_shrinks_loses_no_download_and_one_that_grows_fetches_nothing_twice(
    world: CoreWorld,
) -> None:
    parser_id = _batch_rule(world)
    _batch(world, "[G] Show [01-04]", range(1, 5))
    world.settle()
    before = world.videos()
    world.edit(parser_id, parse_regex=r"^\[(?<group>[^\]]+)\] (?<title>.+?) \[(?<episode>\d+)-0(?<last>\d)\]")
    world.edit(parser_id, episode_end_source="static", episode_end_value="2")
    world.settle()
    assert [link[2] for link in world.links()] == [1, 2]
    assert world.states() == ["synced"] * 4
    assert world.videos() == before
    world.edit(parser_id, episode_end_source="regex", episode_end_value="last")
    world.settle()
    assert [link[2] for link in world.links()] == [1, 2, 3, 4]
    assert world.states() == ["synced"] * 4
    assert world.videos() == before


def test_a_range_that_was_read_too_short_is_fetched_in_full(world: CoreWorld) -> None:
    parser_id = _batch_rule(world)
    world.edit(
        parser_id,
        episode_end_source="static",
        episode_end_value="12",
        episode_no_source="static",
        episode_no_value="11",
    )
    _batch(world, "[G] Show [09-12]", range(9, 13))
    world.settle()
    assert world.videos() == {"Show - S01E11": "11.mkv", "Show - S01E12": "12.mkv"}
    world.edit(parser_id, episode_no_source="regex", episode_no_value="episode")
    world.settle()
    assert world.videos() == {f"Show - S01E{n:02}": f"{n:02}.mkv" for n in range(9, 13)}
    assert world.states() == ["synced"] * 4
    assert len(world.torrents.added) == 1


def test_subtitles_go_with_the_episode_that_they_are_of(world: CoreWorld) -> None:
    _batch_rule(world)
    title = "[G] Show [01-02]"
    files = {f"Show - {n:02}.mkv": media(f"v{n}") for n in (1, 2)}
    files |= {f"Show - {n:02}.tc.ass": f"subtitle {n}".encode() for n in (1, 2)}
    world.torrents.contents[torrent_of(title)] = files
    world.bring(title)
    world.settle()
    names = [name for name in world.tree() if name.endswith(".ass")]
    assert [(world.library / name).read_text() for name in names] == ["subtitle 1", "subtitle 2"]
    assert all(f"S01E0{n}." in name for n, name in enumerate(names, 1))


def test_a_title_that_stops_matching_loses_neither_download_nor_file(world: CoreWorld) -> None:
    write = world.create(priority=9, anime_title="Named")
    assert write.parser is not None
    world.bring("[G] Show - 01", "[G] Show - 02")
    world.settle()
    before = world.tree()
    world.without_builtin()
    gone = world.edit(write.parser["parser_id"], condition_regex="^nothing$")
    world.settle()
    assert gone.resync["no_match"] == 2
    assert world.links() == []
    assert [row["status"] for row in world.rows(tables.raw_items)] == ["no_match"] * 2
    assert world.states() == ["synced"] * 2
    assert world.tree() == before
    world.edit(write.parser["parser_id"], condition_regex=r"^\[", anime_title_value="Renamed")
    world.settle()
    assert len(world.links()) == 2
    assert world.states() == ["synced"] * 2
    assert world.videos() == {"Renamed - S01E01": "[G] Show - 01", "Renamed - S01E02": "[G] Show - 02"}
    assert len(world.torrents.added) == 2


def test_a_download_that_has_not_begun_waits_while_no_parser_says_what_it_is(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    world.without_builtin()
    world.settle()
    assert world.states() == ["pending"]
    assert world.torrents.added == []
    world.create()
    world.settle()
    assert world.states() == ["synced"]


def test_a_used_parser_can_be_deleted(world: CoreWorld) -> None:
    write = world.create(priority=9, anime_title="Named")
    assert write.parser is not None
    world.bring("[G] Show - 01 [1080p]")
    world.settle()
    deleted = delete_parser(world.core, write.parser["parser_id"])
    world.settle()
    assert deleted.parser is None
    assert deleted.resync["resync_triggered"] == 1
    assert world.videos() == {"Show - S01E01": "[G] Show - 01 [1080p]"}


def test_a_title_that_a_parser_cannot_use_keeps_its_last_good_link(world: CoreWorld) -> None:
    write = world.create(priority=9)
    assert write.parser is not None
    world.bring("[G] Show - 01")
    world.settle()
    world.without_builtin()
    failed = world.edit(write.parser["parser_id"], episode_no_value="title")
    world.settle()
    assert failed.resync["failed"] == 1
    item = world.row(tables.raw_items)
    assert (item["status"], item["error_message"]) == ("failed", "episode_no: Show is not a number.")
    assert [link[:3] for link in world.links()] == [("Show", 1, 1.0)]
    assert world.states() == ["synced"]


def test_an_error_in_one_parser_does_not_stop_the_next(world: CoreWorld) -> None:
    world.create(priority=9, episode_no_source="regex", episode_no_value="title")
    world.bring("[G] Show - 01 [1080p]")
    assert [link[:3] for link in world.links()] == [("Show", 1, 1.0)]


def test_a_skipped_item_stays_skipped_whatever_parsers_say(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]", "[G] Show - 02 [1080p]")
    skip_raw_item(world.core, 1)
    write = world.create(priority=9, anime_title="Other")
    assert (write.resync["total"], write.resync["parsed"]) == (1, 1)
    assert [row["status"] for row in world.rows(tables.raw_items)] == ["skipped", "parsed"]
    assert [link[0] for link in world.links()] == ["Show", "Other"]
    applied = reparse_item(world.core, 1)
    assert applied is not None and applied.changes[0].series_changed
    assert [link[0] for link in world.links()] == ["Other", "Other"]


def test_parsing_one_item_again_updates_its_link(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    applied = reparse_item(world.core, 1)
    assert applied is not None and applied.changes == []
    assert reparse_item(world.core, 99) is None
    assert len(world.rows(tables.links)) == 1


def test_two_seasons_named_for_one_series_are_one_series(world: CoreWorld) -> None:
    world.create(
        priority=9,
        condition="Fall|Spring",
        parse=r"^\[(?<group>[^\]]+)\] (?<title>.+?) - (?<episode>\d+) (?<when>\w+) (?<year>\d+)",
        season_source="regex",
        season_value="when",
        year_source="regex",
        year_value="year",
    )
    world.bring("[G] Show - 01 Fall 2023", "[G] Show - 02 Spring 2024")
    assert len(world.rows(tables.series)) == 1
    assert [row["status"] for row in world.rows(tables.raw_items)] == [RawItemStatus.PARSED] * 2
    season = world.row(tables.seasons)
    assert (season["year"], season["season"]) == (2023, "Fall")
