"""The built-in parsers as a user meets them: visible, switched off, copied; and what an update may not do."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sqlalchemy as sa

from seiton.adapters.pack_file import builtin_pack
from seiton.core import tables
from seiton.core.causes.confirming import confirm, reject
from seiton.core.causes.follow_modes import set_mode
from seiton.core.causes.history import parser_history
from seiton.core.causes.undo import undo
from seiton.core.feeds.skip import skip_raw_item
from seiton.core.queries import list_parsers
from seiton.core.rules.builtin import prepare_state
from seiton.core.rules.pack_updates import count_deferred, take_deferred
from seiton.core.rules.parser_preview import preview_deferred, preview_parser
from seiton.core.rules.parsers import copy_parser, delete_parser, update_parser
from seiton.core.rules.pinning import set_pin
from seiton.core.rules.reparse import reparse
from seiton.domain.consent import Brake, CauseKind, FollowMode
from seiton.domain.pack import Pack
from seiton.domain.pins import PinField
from seiton.domain.rules import FieldSource
from seiton.domain.states import SourceType
from seiton.errors import Conflict
from tests.integration.core_world import START, CoreWorld, everything, rule
from tests.integration.core_world import world as world

STRUCTURAL = "structure"
TITLES = ("[G] Show - 01 [1080p]", "[G] Show - 02 [1080p]")


_READ = {
    "parse_regex": "",
    "anime_title_value": "title",
    "episode_no_value": "episode",
    "subtitle_group_value": "group",
}


def _parser(world: CoreWorld, key: str) -> int:
    return int(world.row(tables.parsers, tables.parsers.c.builtin_key == key)["parser_id"])


def _winner(world: CoreWorld, item_id: int = 1) -> str:
    items, parsers = tables.raw_items.c, tables.parsers.c
    query = sa.select(parsers.builtin_key).where(
        items.item_id == item_id, items.parser_id == parsers.parser_id
    )
    with world.database.read() as connection:
        return str(connection.execute(query).scalar_one())


def _updated(**changed: str) -> Pack:
    """Return the next version of the pack, in which the parsers by key put what they read into a series."""
    pack = builtin_pack()
    rules = [
        replace(
            entry,
            rule=replace(
                entry.rule, series_no=FieldSource(source=SourceType.STATIC, value=changed[entry.key])
            ),
        )
        if entry.key in changed
        else entry
        for entry in pack.rules
    ]
    return Pack(version=pack.version + 1, rules=tuple(rules))


def _update(world: CoreWorld, pack: Pack) -> None:
    prepare_state(world.database, pack, START)
    reparse(world.core)
    world.settle()


def _deferred(world: CoreWorld) -> int:
    with world.database.read() as connection:
        return count_deferred(connection)


def test_they_are_listed_after_the_parsers_of_the_user_and_the_structural_one_is_last(
    world: CoreWorld,
) -> None:
    world.create(name="mine", priority=-2_000_000)
    listed = list_parsers(world.core, created_from_type=None, created_from_id=None)
    assert listed[0]["name"] == "mine"
    assert {row["origin"] for row in listed[1:]} == {"builtin"}
    assert (listed[-1]["kind"], listed[-1]["builtin_key"]) == ("structural", STRUCTURAL)
    assert all(row["description"] for row in listed[1:])


def test_a_parser_of_the_user_comes_first_whatever_its_priority(world: CoreWorld) -> None:
    world.create(priority=-2_000_000, anime_title="Mine")
    world.bring(*TITLES)
    assert {link[0] for link in world.links()} == {"Mine"}


def test_one_that_is_switched_off_leaves_its_titles_to_the_next(world: CoreWorld) -> None:
    world.bring(*TITLES)
    first = _winner(world)
    update_parser(world.core, _parser(world, first), {"is_enabled": False})
    assert _winner(world) != first
    update_parser(world.core, _parser(world, STRUCTURAL), {"is_enabled": False})
    world.bring("[G] 某部动画 第二季 -副题- / Show S2 - 05 [1080p]")
    assert world.rows(tables.raw_items)[-1]["status"] == "no_match"
    update_parser(world.core, _parser(world, STRUCTURAL), {"is_enabled": True})
    assert _winner(world, 3) == STRUCTURAL


def test_the_structural_reader_can_be_ranked_before_the_others(world: CoreWorld) -> None:
    world.bring(*TITLES)
    assert _winner(world) != STRUCTURAL
    preview = preview_parser(world.core, {"priority": 5}, parser_id=_parser(world, STRUCTURAL))
    assert {result.after_matched_by for result in preview.results} == {"(current)"}
    update_parser(world.core, _parser(world, STRUCTURAL), {"priority": 5})
    assert _winner(world) == STRUCTURAL


def test_they_are_neither_edited_in_place_nor_deleted(world: CoreWorld) -> None:
    parser_id = _parser(world, "one")
    for values in ({"name": "x"}, {"parse_regex": "(.)"}, {"episode_offset": 1}, {"kind": "structural"}):
        with pytest.raises(Conflict, match="copy it"):
            update_parser(world.core, parser_id, values)
        with pytest.raises(Conflict, match="copy it"):
            preview_parser(world.core, values, parser_id=parser_id)
    with pytest.raises(Conflict, match="switch it off"):
        delete_parser(world.core, parser_id)


def test_a_copy_is_the_users_own_and_reads_the_same(world: CoreWorld) -> None:
    world.bring(*TITLES)
    before = world.links()
    key = _winner(world)
    copied = copy_parser(world.core, _parser(world, key)).parser
    assert copied is not None
    assert (copied["origin"], copied["builtin_key"], copied["is_enabled"]) == ("user", None, False)
    update_parser(world.core, copied["parser_id"], {"is_enabled": True, "name": "mine"})
    assert {row["parser_id"] for row in world.rows(tables.raw_items)} == {copied["parser_id"]}
    assert world.links() == before
    delete_parser(world.core, copied["parser_id"])
    assert _winner(world) == key


def test_a_copy_of_the_structural_reader_takes_fixed_values(world: CoreWorld) -> None:
    world.bring("[G] Strange II - 13 [1080p]")
    copied = copy_parser(world.core, _parser(world, STRUCTURAL)).parser
    assert copied is not None
    values = {
        "is_enabled": True,
        "condition_regex": "Strange",
        "anime_title_source": "static",
        "anime_title_value": "Named",
        "series_no_source": "static",
        "series_no_value": "4",
        "episode_offset": -12,
    }
    update_parser(world.core, copied["parser_id"], values)
    assert [link[:4] for link in world.links()] == [("Named", 4, 1.0, "G")]


def test_an_update_changes_the_parsers_and_neither_switches_nor_parsers_of_the_user(
    world: CoreWorld,
) -> None:
    mine = world.create(name="mine").parser
    assert mine is not None
    update_parser(world.core, _parser(world, "one"), {"is_enabled": False, "priority": -5})
    _update(world, _updated(one="3"))
    row = world.row(tables.parsers, tables.parsers.c.builtin_key == "one")
    assert (row["series_no_value"], row["is_enabled"], row["priority"]) == ("3", False, -5)
    assert world.row(tables.parsers, tables.parsers.c.parser_id == mine["parser_id"]) == mine
    assert world.row(tables.state)["pack_version"] == builtin_pack().version + 1


def test_a_start_without_an_update_changes_nothing(world: CoreWorld) -> None:
    copy_parser(world.core, _parser(world, STRUCTURAL))
    update_parser(world.core, world.create().resync["subject_id"], {"kind": "structural", **_READ})
    before = world.rows(tables.parsers), world.rows(tables.resyncs), world.rows(tables.state)
    world.start()
    assert before == (world.rows(tables.parsers), world.rows(tables.resyncs), world.rows(tables.state))


def test_an_update_moves_no_file_until_its_deferred_is_taken(world: CoreWorld) -> None:
    world.bring(*TITLES)
    world.settle()
    key = _winner(world)
    before = world.tree()
    _update(world, _updated(**{key: "3"}))
    assert (world.tree(), _deferred(world)) == (before, 2)
    assert [link[1] for link in world.links()] == [1, 1]
    world.bring("[G] Show - 03 [1080p]")
    assert [link[1] for link in world.links()] == [1, 1, 3], "what is new is read by the new rules at once"
    impact = preview_deferred(world.core)
    assert (impact.items_reparsed, impact.links_changed, len(impact.moves)) == (2, 2, 2)
    resync_id = take_deferred(world.core)
    reparse(world.core)
    world.settle()
    assert (_deferred(world), world.outcomes(resync_id)) == (0, {"moved": 2})
    assert sorted(world.videos()) == ["Show - S03E01", "Show - S03E02", "Show - S03E03"]
    with pytest.raises(Conflict, match="waits"):
        take_deferred(world.core)


def test_a_preview_of_what_is_deferred_is_the_plan_and_writes_nothing(world: CoreWorld) -> None:
    world.brake = Brake(files=1)
    world.start()
    world.bring(*TITLES)
    world.settle()
    assert (preview_deferred(world.core).items_reparsed, _deferred(world)) == (0, 0), "there is none"
    _update(world, _updated(**{_winner(world): "3"}))
    before = everything(world)
    impact = preview_deferred(world.core)
    assert (impact.waits, impact.needs_confirmation, everything(world) == before) == (2, True, True)
    resync_id = take_deferred(world.core, plan_id=impact.plan_id)
    reparse(world.core)
    assert world.outcomes(resync_id) == {"pending": 2}
    assert world.resync(resync_id)["confirmed_at"] is not None


def test_taking_more_than_the_brake_lets_pass_waits_and_goes_on_when_it_is_confirmed(
    world: CoreWorld,
) -> None:
    world.brake = Brake(files=1)
    world.start()
    world.bring(*TITLES)
    world.settle()
    _update(world, _updated(**{_winner(world): "3"}))
    before = world.tree()
    resync_id = take_deferred(world.core)
    reparse(world.core)
    world.settle()
    assert (world.resync(resync_id)["state"], world.tree() == before) == ("waiting", True)
    with pytest.raises(Conflict, match="cannot be taken back"):
        reject(world.core, resync_id)
    confirm(world.core, resync_id)
    world.settle()
    assert sorted(world.videos()) == ["Show - S03E01", "Show - S03E02"]


def test_series_that_follow_updates_by_themselves_are_not_deferred(world: CoreWorld) -> None:
    world.bring(*TITLES, "[G] Other - 01 [1080p]")
    world.settle()
    shown = world.rows(tables.links)[0]["series_id"]
    set_mode(world.core, CauseKind.BUILTIN_RULES, FollowMode.AUTOMATIC)
    set_mode(world.core, CauseKind.BUILTIN_RULES, FollowMode.ASK, shown)
    _update(world, _updated(**{_winner(world): "3"}))
    assert ([link[1] for link in world.links()], _deferred(world)) == ([1, 1, 3], 2)
    assert sorted(world.videos()) == ["Other - S03E01", "Show - S01E01", "Show - S01E02"]


def test_a_series_that_follows_by_itself_is_not_left_unasked_for_another_one(world: CoreWorld) -> None:
    world.bring(*TITLES)
    world.settle()
    mine = world.rows(tables.links)[0]["series_id"]
    set_mode(world.core, CauseKind.BUILTIN_RULES, FollowMode.AUTOMATIC, mine)
    _update(world, _updated(**{_winner(world): "3"}))
    assert ([link[1] for link in world.links()], _deferred(world)) == ([1, 1], 2)


def test_what_is_set_by_hand_stays_so_an_update_that_reads_it_otherwise_defers_nothing(
    world: CoreWorld,
) -> None:
    world.bring(TITLES[0])
    link_id = world.row(tables.links)["link_id"]
    set_pin(world.core, link_id=link_id, field=PinField.SERIES_NO, value=2)
    _update(world, _updated(**{_winner(world): "3"}))
    assert ([link[1] for link in world.links()], _deferred(world)) == ([2], 0)


def test_a_switch_is_undone_although_an_update_came_in_between(world: CoreWorld) -> None:
    world.bring(*TITLES)
    world.settle()
    key = _winner(world)
    parser_id = _parser(world, key)
    off = update_parser(world.core, parser_id, {"is_enabled": False}).resync["resync_id"]
    _update(world, _updated(**{key: "3"}))
    undo(world.core, off)
    row = world.row(tables.parsers, tables.parsers.c.parser_id == parser_id)
    assert (row["is_enabled"], row["series_no_value"], row["origin"]) == (True, "3", "builtin")
    (undone, edit) = parser_history(world.core, parser_id)
    assert (undone["undoes"], edit["undone_by"]) == (off, undone["resync_id"])


def test_a_deleted_copy_of_the_structural_reader_comes_back_as_it_was(world: CoreWorld) -> None:
    copied = copy_parser(world.core, _parser(world, STRUCTURAL)).parser
    assert copied is not None
    deleted = delete_parser(world.core, copied["parser_id"]).resync["resync_id"]
    undo(world.core, deleted)
    row = world.row(tables.parsers, tables.parsers.c.parser_id == copied["parser_id"])
    assert (row["kind"], row["edition"], row["origin"]) == ("structural", copied["edition"], "user")


def test_an_update_reads_what_was_not_read_before(world: CoreWorld) -> None:
    update_parser(world.core, _parser(world, STRUCTURAL), {"is_enabled": False})
    pack = builtin_pack()
    lame = replace(pack, rules=tuple(e for e in pack.rules if e.key == STRUCTURAL))
    _update(world, lame)
    world.bring(*TITLES)
    assert world.links() == []
    _update(world, pack)
    assert [link[:3] for link in world.links()] == [("Show", 1, 1.0), ("Show", 1, 2.0)]
    assert _deferred(world) == 0


def test_an_update_that_changes_no_link_is_applied_and_not_deferred(world: CoreWorld) -> None:
    world.bring(*TITLES)
    world.settle()
    key = _winner(world)
    pack = builtin_pack()
    without = replace(pack, rules=tuple(entry for entry in pack.rules if entry.key != key))
    before = world.links()
    _update(world, without)
    assert (_winner(world), world.links(), _deferred(world)) == (STRUCTURAL, before, 0)


def test_later_edits_leave_what_is_deferred_alone_until_they_concern_it(world: CoreWorld) -> None:
    world.bring(*TITLES, "[G] Other - 01 [1080p]")
    world.settle()
    key = _winner(world)
    pack = _updated()
    rules = [entry for entry in pack.rules if entry.key != key]
    fixed = FieldSource(source=SourceType.STATIC, value="4")
    rules[-1] = replace(rules[-1], rule=replace(rules[-1].rule, series_no=fixed))
    _update(world, replace(pack, rules=tuple(rules)))
    assert _deferred(world) == 3
    world.create(priority=9, condition="Unrelated")
    assert ([link[1] for link in world.links()], _deferred(world)) == ([1, 1, 1], 3)
    world.create(priority=9, condition="Other", series_no=7)
    assert ([link[1] for link in world.links()], _deferred(world)) == ([1, 1, 7], 2)
    skip_raw_item(world.core, 1)
    assert _deferred(world) == 1


def test_an_edit_and_an_update_are_two_rounds(world: CoreWorld) -> None:
    """A crash left an edit unfinished; the next start brings an update as well."""
    world.bring(*TITLES)
    key = _winner(world)
    world.reparses = False
    world.create(priority=9, condition="02", series_no=8)
    prepare_state(world.database, _updated(**{key: "3"}), START)
    world.edit(len(builtin_pack().rules) + 1, name="later")
    world.reparses = True
    reparse(world.core)
    assert [link[1] for link in world.links()] == [1, 8]
    assert _deferred(world) == 1
    assert {row["state"] for row in world.rows(tables.resyncs)} == {"done"}


def test_a_draft_of_a_structural_parser_is_checked(world: CoreWorld) -> None:
    answer = preview_parser(world.core, rule() | {"kind": "structural", "anime_title_value": "$1"})
    assert {problem.field for problem in answer.problems} == {"parse_regex", "anime_title_value"}
    good = rule() | {"kind": "structural", "parse_regex": ""}
    assert preview_parser(world.core, good).problems == []
