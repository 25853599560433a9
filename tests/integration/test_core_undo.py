"""Undo of edits, from the rule to the bytes on the disk; history; what is refused, and what is left."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.history import parser_history
from seiton.core.causes.undo import preview_undo, undo
from seiton.core.downloads.retry import retry_download
from seiton.core.filters.rules import create_filter, delete_filter, get_filter
from seiton.core.queries import get_resync
from seiton.core.removal.removing import TargetType, remove
from seiton.core.rules.parsers import create_parser, delete_parser, get_parser
from seiton.domain.states import DownloadStatus, HoldReason, ResyncState
from seiton.errors import Conflict, NotFound
from tests.integration.core_world import CoreWorld, rule, statements, writes
from tests.integration.core_world import world as world
from tests.integration.oracle import picture

TITLES = tuple(f"[G] Show - {number:02}" for number in range(1, 6))


def _filed(world: CoreWorld, *titles: str) -> int:
    """File ``titles`` by a parser; return its id."""
    world.bring(*(titles or TITLES))
    parser = world.create().parser
    assert parser is not None
    world.settle()
    assert set(world.states()) == {DownloadStatus.SYNCED}
    return int(parser["parser_id"])


def _edit(world: CoreWorld, parser_id: int, **values: object) -> int:
    resync_id: int = world.edit(parser_id, **values).resync["resync_id"]
    world.settle()
    return resync_id


def _undo(world: CoreWorld, resync_id: int) -> int:
    undo_id: int = undo(world.core, resync_id)["resync_id"]
    world.settle()
    return undo_id


def _at_rest(world: CoreWorld) -> None:
    """Everything is applied as it is wanted, and another look does and writes nothing."""
    for row in world.rows(tables.downloads):
        assert row["hold_reason"] is None
        if row["status"] == DownloadStatus.SYNCED:
            assert row["applied_fingerprint"] == row["desired_fingerprint"]
            assert row["applied_revision"] == row["desired_revision"]
    world.pass_time(hours=7)
    before = picture(world.library)
    with statements(world.database) as seen:
        world.file()
    assert writes(seen) == []
    assert picture(world.library) == before


SHIFT: Mapping[str, object] = {"episode_offset": 1}
EDITS: dict[str, Mapping[str, object]] = {
    "shifted by one": SHIFT,
    "shifted down": {"episode_offset": -1},
    "another title": {"anime_title_source": "static", "anime_title_value": "Another"},
    "another season": {"series_no_source": "static", "series_no_value": "2"},
    "switched off": {"is_enabled": False},
    "another group": {"subtitle_group_source": "static", "subtitle_group_value": "H"},
}


@pytest.mark.parametrize("name", EDITS)
def test_undo_of_an_edit_gives_back_the_rule_the_wishes_and_the_bytes(world: CoreWorld, name: str) -> None:
    parser_id = _filed(world)
    rule_before = get_parser(world.core, parser_id)
    before, links = picture(world.library), world.links()
    wishes = [row["desired_fingerprint"] for row in world.rows(tables.downloads)]
    resync_id = _edit(world, parser_id, **EDITS[name])
    undo_id = _undo(world, resync_id)
    assert picture(world.library) == before
    assert world.links() == links
    assert [row["desired_fingerprint"] for row in world.rows(tables.downloads)] == wishes
    rule_after = get_parser(world.core, parser_id)
    changing = {"version", "updated_at"}
    assert {k: v for k, v in rule_after.items() if k not in changing} == {
        k: v for k, v in rule_before.items() if k not in changing
    }
    assert world.resync(undo_id)["state"] == ResyncState.DONE
    assert world.resync(resync_id)["state"] == ResyncState.DONE
    _at_rest(world)


def test_undo_of_an_undo_is_the_edit_again(world: CoreWorld) -> None:
    parser_id = _filed(world)
    before = picture(world.library)
    first = _edit(world, parser_id, **EDITS["another title"])
    after = picture(world.library)
    second = _undo(world, first)
    third = _undo(world, second)
    assert picture(world.library) == after
    assert get_parser(world.core, parser_id)["anime_title_value"] == "Another"
    _undo(world, third)
    assert picture(world.library) == before
    _at_rest(world)


def test_a_deleted_parser_comes_back_under_its_number(world: CoreWorld) -> None:
    parser_id = _filed(world)
    _edit(world, parser_id, **EDITS["another title"])
    before, stored = picture(world.library), get_parser(world.core, parser_id)
    deleted = delete_parser(world.core, parser_id).resync["resync_id"]
    world.settle()
    with pytest.raises(NotFound):
        get_parser(world.core, parser_id)
    undo_id = _undo(world, deleted)
    again = get_parser(world.core, parser_id)
    assert again["version"] > stored["version"]
    assert again["anime_title_value"] == "Another"
    assert picture(world.library) == before
    assert {row["parser_id"] for row in world.rows(tables.raw_items)} == {parser_id}
    _undo(world, undo_id)
    with pytest.raises(NotFound):
        get_parser(world.core, parser_id)


def test_undo_of_a_new_parser_removes_it_and_keeps_what_is_filed(world: CoreWorld) -> None:
    first = _filed(world)
    before = picture(world.library)
    write = create_parser(world.core, rule("second", priority=9, anime_title="Another"))
    world.settle()
    assert picture(world.library) != before
    _undo(world, write.resync["resync_id"])
    assert picture(world.library) == before
    assert {row["parser_id"] for row in world.rows(tables.raw_items)} == {first}
    _at_rest(world)


def test_a_later_edit_is_named_and_in_the_way(world: CoreWorld) -> None:
    parser_id = _filed(world)
    first = _edit(world, parser_id, **SHIFT)
    second = _edit(world, parser_id, episode_offset=2)
    with pytest.raises(Conflict, match=f"resync {second}"):
        undo(world.core, first)
    with pytest.raises(Conflict, match=f"resync {second}"):
        preview_undo(world.core, first)
    undone = _undo(world, second)
    with pytest.raises(Conflict, match=f"{undone} undid it already"):
        undo(world.core, second)
    with pytest.raises(NotFound):
        undo(world.core, 999)


def test_the_history_says_when_what_and_which_resync(world: CoreWorld) -> None:
    parser_id = _filed(world)
    first = _edit(world, parser_id, **SHIFT)
    second = _undo(world, first)
    third = delete_parser(world.core, parser_id).resync["resync_id"]
    found = parser_history(world.core, parser_id)
    assert [(row["resync_id"], row["cause"], row["undoes"], row["undone_by"]) for row in found[:3]] == [
        (third, "parser_deleted", None, None),
        (second, "parser_updated", first, None),
        (first, "parser_updated", None, second),
    ]
    assert (found[2]["before"]["episode_offset"], found[2]["after"]["episode_offset"]) == (0, 1)
    assert found[3]["cause"] == "parser_created"
    with pytest.raises(NotFound):
        parser_history(world.core, 999)
    row = get_resync(world.core, first)
    assert (row["undoes"], row["undone_by"]) == (None, second)


def test_undo_while_the_edit_still_runs(world: CoreWorld) -> None:
    parser_id = _filed(world)
    before = picture(world.library)
    world.wire.holds_reports = True
    edit = world.edit(parser_id, **SHIFT).resync["resync_id"]
    world.file()  # moved; Core has not heard of it
    undo(world.core, edit)
    world.wire.holds_reports = False
    world.wire.release()
    world.settle()
    world.pass_time(minutes=5)
    world.settle()
    assert picture(world.library) == before
    _at_rest(world)


def test_undo_before_anything_was_sent(world: CoreWorld) -> None:
    parser_id = _filed(world)
    before = picture(world.library)
    edit = world.edit(parser_id, **SHIFT).resync["resync_id"]
    undo(world.core, edit)
    world.settle()
    assert picture(world.library) == before
    _at_rest(world)


def test_undo_before_titles_were_parsed_again(world: CoreWorld) -> None:
    parser_id = _filed(world)
    before = picture(world.library)
    world.reparses = False
    edit = world.edit(parser_id, **SHIFT).resync["resync_id"]
    undo(world.core, edit)
    world.reparses = True
    world._wake("reparse", "")
    world.settle()
    assert picture(world.library) == before
    assert world.resync(edit)["state"] == ResyncState.DONE
    _at_rest(world)


def test_undo_with_the_viewer_away_is_done_when_it_is_back(world: CoreWorld) -> None:
    parser_id = _filed(world)
    before = picture(world.library)
    edit = _edit(world, parser_id, **SHIFT)
    world.wire.is_cut = True
    undo(world.core, edit)
    world.settle()
    assert picture(world.library) != before
    world.wire.is_cut = False
    world.pass_time(minutes=5)
    world.settle()
    assert picture(world.library) == before
    _at_rest(world)


def test_a_file_that_was_changed_since_is_left_and_goes_by_the_rules_when_asked(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = _edit(world, parser_id, **EDITS["another title"])
    (nfo,) = world.library.rglob("Another - S01E03.nfo")
    nfo.write_text(nfo.read_text().replace("</episodedetails>", "<tag>mine</tag></episodedetails>"))
    undo_id = _undo(world, edit)
    (held,) = world.rows(tables.downloads, tables.downloads.c.hold_reason.is_not(None))
    assert held["hold_reason"] == HoldReason.CHANGED_SINCE
    assert held["hold_detail"] == "Another/Season 01/Another - S01E03.nfo"
    assert world.outcomes(undo_id) == {"moved": 4, "held": 1}
    assert "<tag>mine</tag>" in nfo.read_text()
    retry_download(world.core, held["download_id"])
    world.settle()
    (nfo,) = world.library.rglob("Show - S01E03.nfo")
    assert "<tag>mine</tag>" in nfo.read_text()
    assert not (world.library / "Another").exists()
    assert world.outcomes(undo_id) == {"moved": 5}
    _at_rest(world)


def test_the_preview_of_an_undo_is_what_it_does_and_writes_nothing(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = _edit(world, parser_id, **EDITS["another title"])
    (nfo,) = world.library.rglob("Another - S01E03.nfo")
    nfo.write_text("mine")
    before = picture(world.library), world.rows(tables.resyncs), world.rows(tables.downloads)
    impact = preview_undo(world.core, edit)
    assert before == (picture(world.library), world.rows(tables.resyncs), world.rows(tables.downloads))
    assert [(hold.reason, hold.path) for hold in impact.holds] == [
        ("changed_since", "Another/Season 01/Another - S01E03.mkv")
    ]
    assert sorted(move.to_path for move in impact.moves) == [
        f"Show/Season 01/Show - S01E{number:02}.mkv" for number in (1, 2, 4, 5)
    ]
    undo_id = _undo(world, edit)
    assert world.outcomes(undo_id) == {"moved": 4, "held": 1}


def test_downloads_that_began_since_stay(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = _edit(
        world,
        parser_id,
        condition_regex=r"^\[.+\] Show - \d",
        anime_title_source="static",
        anime_title_value="Another",
    )
    world.bring("[G] Show - 06")
    world.settle()
    _undo(world, edit)
    world.pass_time(minutes=5)
    world.settle()
    assert len(world.videos()) == 6
    assert not (world.library / "Another").exists()
    _at_rest(world)


def test_an_edit_of_another_parser_in_between_stays_in_force(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = _edit(world, parser_id, **SHIFT)
    create_parser(world.core, rule("other", priority=9, condition=r"Show - 03$", anime_title="Third"))
    world.settle()
    _undo(world, edit)
    assert sorted(world.videos()) == [
        "Show - S01E01",
        "Show - S01E02",
        "Show - S01E04",
        "Show - S01E05",
        "Third - S01E03",
    ]
    _at_rest(world)


def test_a_batch_torrent_comes_back(world: CoreWorld) -> None:
    from tests.integration.core_world import torrent_of

    title = "[G] Pack - 01-03"
    world.torrents.contents[torrent_of(title)] = {
        f"Pack - {number:02}.mkv": b"%d" % number * 2000 for number in range(1, 4)
    }
    world.bring(title)
    write = create_parser(
        world.core,
        rule(
            "pack",
            condition="Pack",
            parse=r"^\[(?<group>[^\]]+)\] (?<title>.+?) - (?<episode>\d+)-(?<end>\d+)",
            episode_end_source="regex",
            episode_end_value="end",
        ),
    )
    world.settle()
    assert len(world.videos()) == 3
    before = picture(world.library)
    assert write.parser is not None
    edit = _edit(world, write.parser["parser_id"], **SHIFT)
    assert picture(world.library) != before
    _undo(world, edit)
    assert picture(world.library) == before
    _at_rest(world)


def test_a_filter_rule_comes_back_under_its_number(world: CoreWorld) -> None:
    _filed(world)
    values = {"regex_pattern": "720p", "is_positive": False, "target_type": "global"}
    written = create_filter(world.core, values)
    assert written.rule is not None
    rule_id = written.rule["rule_id"]
    deleted = delete_filter(world.core, rule_id).resync["resync_id"]
    undo_id = undo(world.core, deleted)["resync_id"]
    assert get_filter(world.core, rule_id)["regex_pattern"] == "720p"
    with pytest.raises(Conflict, match="undid it already"):
        undo(world.core, deleted)
    undo(world.core, undo_id)
    with pytest.raises(NotFound):
        get_filter(world.core, rule_id)


def test_undo_of_a_removal_restores_it(world: CoreWorld) -> None:
    _filed(world)
    before = picture(world.library)
    removal_id = remove(world.core, TargetType.DOWNLOAD, 2)
    world.settle()
    assert picture(world.library) != before
    undo_id = _undo(world, removal_id)
    assert picture(world.library) == before
    assert get_resync(world.core, removal_id)["undone_by"] == undo_id
    with pytest.raises(Conflict):
        undo(world.core, undo_id)


def test_the_database_knows_which_cause_undid_which(world: CoreWorld) -> None:
    parser_id = _filed(world)
    edit = _edit(world, parser_id, **SHIFT)
    undo_id = _undo(world, edit)
    query = sa.select(tables.resyncs.c.undoes).where(tables.resyncs.c.resync_id == undo_id)
    with world.database.read() as connection:
        assert connection.execute(query).scalar_one() == edit


def test_files_of_a_viewer_that_knows_only_the_contract_are_counted(world: CoreWorld) -> None:
    """It is sent the former metadata, and nothing that it could not read."""
    parser_id = _filed(world)
    edit = _edit(world, parser_id, **SHIFT)
    module = {"module_type": "viewer", "name": "attic", "is_enabled": True, "priority": 1}
    module |= {"base_url": "http://127.0.0.1:9", "core_url": "http://127.0.0.1:8", "service_id": "attic"}
    module |= {"capabilities": {}, "admitted": True, "created_at": world.time, "updated_at": world.time}
    downloads = tables.downloads
    with world.database.write() as connection:
        connection.execute(sa.insert(tables.modules).values(module))
        connection.execute(sa.update(downloads).where(downloads.c.download_id < 3).values(viewer="attic"))
    undo_id = _undo(world, edit)
    assert get_resync(world.core, undo_id)["renamed_by_rules"] == 2
    assert get_resync(world.core, edit)["renamed_by_rules"] == 0
