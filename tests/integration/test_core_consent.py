"""What may happen unasked: the brake, plans that are confirmed, follow modes; whatever happens in between."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.brake import judge
from seiton.core.causes.confirming import confirm, reject
from seiton.core.causes.follow_modes import list_modes, set_mode
from seiton.core.downloads.choices import get_policy, preview_policy, set_policy
from seiton.core.downloads.retry import retry_download
from seiton.core.feeds.ingest import reparse_item
from seiton.core.filing.desired import refresh_desired
from seiton.core.filing.resync import reconcile
from seiton.core.filters.preview import preview_filter
from seiton.core.filters.refilter import refilter
from seiton.core.filters.rules import create_filter, delete_filter
from seiton.core.rules.parser_preview import preview_deletion, preview_parser
from seiton.core.rules.parsers import create_parser, delete_parser, get_parser, update_parser
from seiton.core.rules.reparse import reparse
from seiton.core.rules.rulesets import advance
from seiton.domain.consent import Brake, CauseKind, FollowMode
from seiton.domain.duplicates import Policy
from seiton.domain.states import ResyncState
from seiton.errors import Conflict, NotFound
from tests.integration.core_world import CoreWorld, everything, rule
from tests.integration.core_world import world as world


def _braked(world: CoreWorld, **changes: int) -> None:
    world.brake = Brake(**{"files": 5, "some_files": 2, "percent": 50, "downloads": 30} | changes)
    world.start()


def _filed(world: CoreWorld, number: int) -> int:
    """File ``number`` episodes by a parser of its own; return the parser."""
    write = world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, number + 1)))
    world.settle()
    assert set(world.states()) == {"synced"}
    assert write.parser is not None
    return int(write.parser["parser_id"])


def _season(world: CoreWorld) -> set[str]:
    return {name.split(" - ")[1][:3] for name in world.videos()}


def _state(world: CoreWorld, resync_id: int) -> str:
    return str(world.resync(resync_id)["state"])


def _offset(world: CoreWorld, parser_id: int, by: int) -> int:
    return int(world.edit(parser_id, episode_offset=by).resync["resync_id"])


def test_many_files_wait_for_a_person_and_go_when_confirmed(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    before = world.tree()
    resync_id = _offset(world, parser_id, 1)
    assert _state(world, resync_id) == "waiting"
    world.wire.messages.clear()
    world.settle()
    world.pass_time(days=3)
    world.settle()
    assert world.wire.messages == []
    assert world.tree() == before
    assert world.outcomes(resync_id) == {"waiting": 4}
    confirm(world.core, resync_id)
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E{number:02}" for number in range(2, 6)]
    assert (_state(world, resync_id), world.outcomes(resync_id)) == ("done", {"moved": 4})


@pytest.mark.parametrize(("files", "is_braked"), [(2, False), (3, True)])
def test_a_part_of_the_library_is_measured_too(world: CoreWorld, files: int, is_braked: bool) -> None:
    world.create(name="other", priority=8, condition="Other")
    world.bring(*(f"[G] Other - {episode:02}" for episode in range(1, 4)))
    parser_id = _filed_show(world, files)
    _braked(world, some_files=2, percent=40)
    resync_id = _offset(world, parser_id, 1)
    assert _state(world, resync_id) == ("waiting" if is_braked else "running")


def _filed_show(world: CoreWorld, number: int) -> int:
    write = world.create(name="show", priority=9, condition="Show")
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, number + 1)))
    world.settle()
    assert write.parser is not None
    return int(write.parser["parser_id"])


def test_few_files_of_a_large_library_need_nobody(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world, files=4, some_files=4)
    assert _state(world, _offset(world, parser_id, 1)) == "running"


def test_a_plan_confirmed_in_its_preview_is_not_braked_again(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    before = everything(world)
    impact = preview_parser(world.core, {"episode_offset": 1}, parser_id=parser_id).impact
    assert impact is not None
    assert everything(world) == before
    assert (impact.needs_confirmation, impact.waits, len(impact.moves)) == (True, 4, 4)
    write = update_parser(world.core, parser_id, {"episode_offset": 1}, plan_id=impact.plan_id)
    assert write.resync["state"] == "running"
    world.settle()
    assert len(world.videos()) == 4
    assert _state(world, write.resync["resync_id"]) == "done"
    moves = {(move.download_id, move.to_path) for move in impact.moves}
    items = world.rows(tables.resync_items, tables.resync_items.c.outcome == "moved")
    root = f"{world.library}/"
    assert {(row["download_id"], row["after_path"].removeprefix(root)) for row in items} == moves


def test_what_changed_since_the_preview_waits_again(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    impact = preview_parser(world.core, {"episode_offset": 1}, parser_id=parser_id).impact
    assert impact is not None
    world.bring("[G] Show - 09")
    world.settle()
    write = update_parser(world.core, parser_id, {"episode_offset": 1}, plan_id=impact.plan_id)
    assert write.resync["state"] == "waiting"
    resync_id = write.resync["resync_id"]
    with pytest.raises(Conflict):
        confirm(world.core, resync_id, plan_id=impact.plan_id)
    confirm(world.core, resync_id, plan_id=world.resync(resync_id)["waiting_plan_id"])
    world.settle()
    assert _state(world, resync_id) == "done"


def test_a_confirmation_that_comes_twice_or_late_is_refused(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    resync_id = _offset(world, parser_id, 1)
    confirm(world.core, resync_id)
    with pytest.raises(Conflict):
        confirm(world.core, resync_id)
    world.settle()
    with pytest.raises(Conflict):
        confirm(world.core, resync_id)
    with pytest.raises(NotFound):
        confirm(world.core, 10**6)
    assert world.outcomes(resync_id) == {"moved": 4}


def test_a_restart_forgets_nothing_that_waits(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    resync_id = _offset(world, parser_id, 1)
    world.start()
    before = world.tree()
    world.settle()
    assert world.tree() == before
    confirm(world.core, resync_id)
    world.start()
    world.settle()
    assert _state(world, resync_id) == "done"


def test_a_second_edit_takes_over_what_waits_and_waits_itself(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    first = _offset(world, parser_id, 1)
    second = _offset(world, parser_id, 2)
    world.settle()
    assert (_state(world, first), _state(world, second)) == ("superseded", "waiting")
    with pytest.raises(Conflict):
        confirm(world.core, first)
    confirm(world.core, second)
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E{number:02}" for number in range(3, 7)]


def test_a_small_edit_carries_nothing_past_a_brake(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    first = _offset(world, parser_id, 1)
    small = world.create(name="one", priority=10, condition="Show - 04", anime_title="Else")
    second = small.resync["resync_id"]
    before = world.tree()
    world.settle()
    assert world.tree() == before
    assert (_state(world, first), _state(world, second)) == ("waiting", "waiting")
    assert world.outcomes(first) == {"waiting": 3, "superseded": 1}
    # What is left of the first is another plan than the one that was shown.
    with pytest.raises(Conflict):
        confirm(world.core, first)
    confirm(world.core, first)
    confirm(world.core, second)
    world.settle()
    assert sorted(world.videos()) == ["Else - S01E04", *(f"Show - S01E0{number}" for number in (2, 3, 4))]


def test_an_edit_that_is_taken_back_by_another_moves_nothing(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    before = world.tree()
    first = _offset(world, parser_id, 1)
    second = _offset(world, parser_id, 0)
    world.settle()
    assert (_state(world, first), _state(world, second)) == ("superseded", "done")
    assert world.tree() == before
    assert world.outcomes(second) == {"unchanged": 4}


def test_nothing_can_be_confirmed_while_a_second_edit_is_worked_out(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    first = _offset(world, parser_id, 1)
    world.reparses = False
    second = _offset(world, parser_id, 2)
    with pytest.raises(Conflict):
        confirm(world.core, first)
    world.settle()
    reparse(world.core)
    assert (_state(world, first), _state(world, second)) == ("superseded", "waiting")


def test_an_edit_between_looking_and_sending_is_not_sent_unasked(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    world.edit(parser_id, series_no_value="2")
    _braked(world)
    world.wire.messages.clear()

    def edit() -> None:
        _offset(world, parser_id, 1)

    world.meanwhile = edit
    reconcile(world.core)
    assert world.meanwhile is None
    assert world.wire.messages == []


def test_a_file_on_its_way_is_not_carried_along_by_an_edit_that_waits(world: CoreWorld) -> None:
    world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, 5)))
    world.fetch()
    world.wire.holds_reports = True
    world.file()
    parser_id = world.rows(tables.parsers)[-1]["parser_id"]
    _braked(world)
    resync_id = _offset(world, parser_id, 1)
    assert _state(world, resync_id) == "waiting"
    world.pass_time(hours=1)
    world.wire.messages.clear()
    world.settle()
    assert world.wire.messages == []
    world.wire.release()
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E{number:02}" for number in range(1, 5)]
    with pytest.raises(Conflict):
        retry_download(world.core, 1)
    _confirm_again(world, resync_id)
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E{number:02}" for number in range(2, 6)]


def _confirm_again(world: CoreWorld, resync_id: int) -> None:
    """Where the files lie is part of the plan: it is known now."""
    with pytest.raises(Conflict):
        confirm(world.core, resync_id)
    confirm(world.core, resync_id)


def test_a_title_that_is_parsed_by_itself_goes_on_waiting(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    resync_id = _offset(world, parser_id, 1)
    before = world.tree()
    with world.database.write() as connection:
        connection.execute(sa.update(tables.parsers).values(episode_offset=5))
        advance(connection, None, world.time)
        connection.execute(sa.update(tables.state).values(reparsed_version=tables.state.c.rules_version))
    reparse_item(world.core, 1)
    world.settle()
    assert world.tree() == before
    assert world.outcomes(resync_id) == {"waiting": 4}
    _confirm_again(world, resync_id)
    world.settle()
    names = [f"Show - S01E{number:02}" for number in (3, 4, 5, 6)]
    assert (sorted(world.videos()), _state(world, resync_id)) == (names, "done")


def test_a_file_that_could_not_be_filed_is_filed_by_what_is_known_now(world: CoreWorld) -> None:
    world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, 5)))
    world.fetch()
    aside = world.folder / "aside"
    (world.downloads).rename(aside)
    world.wire.holds_reports = True
    world.file()
    parser_id = world.rows(tables.parsers)[-1]["parser_id"]
    _braked(world)
    resync_id = _offset(world, parser_id, 1)
    assert _state(world, resync_id) == "waiting"
    world.wire.release()
    aside.rename(world.downloads)
    world.pass_time(days=1)
    world.settle()
    world.pass_time(days=1)
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E{number:02}" for number in range(2, 6)]
    assert _state(world, resync_id) == "superseded", "nothing of it is left to confirm"


@pytest.mark.parametrize("what", ["edit", "create", "delete"])
def test_an_edit_that_waits_can_be_rejected(world: CoreWorld, what: str) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    before, rules = world.tree(), world.rows(tables.parsers)
    if what == "edit":
        resync_id = _offset(world, parser_id, 1)
    elif what == "create":
        resync_id = world.create(priority=99, anime_title="New").resync["resync_id"]
    else:
        world.create(name="under", priority=5, anime_title="Under")
        rules = world.rows(tables.parsers)
        resync_id = delete_parser(world.core, parser_id).resync["resync_id"]
    assert _state(world, resync_id) == "waiting"
    reject(world.core, resync_id)
    world.settle()
    assert (world.tree(), _state(world, resync_id)) == (before, "rejected")
    assert [(r["parser_id"], r["episode_offset"], r["priority"]) for r in world.rows(tables.parsers)] == [
        (r["parser_id"], r["episode_offset"], r["priority"]) for r in rules
    ]
    assert {row["state"] for row in world.rows(tables.resyncs)} <= {"done", "rejected"}
    with pytest.raises(Conflict):
        reject(world.core, resync_id)


def test_a_rejection_would_not_undo_a_later_edit(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    _braked(world)
    resync_id = _offset(world, parser_id, 1)
    world.edit(parser_id, name="renamed")
    assert _state(world, resync_id) == "waiting"
    with pytest.raises(Conflict):
        reject(world.core, resync_id)
    assert get_parser(world.core, parser_id)["episode_offset"] == 1


def test_many_downloads_of_a_new_parser_wait(world: CoreWorld) -> None:
    _braked(world, downloads=3)
    world.bring(*(f"Show q{episode} raw" for episode in range(1, 5)))
    draft = rule(name="raw", priority=9, condition="raw", parse=r"^(?<title>\w+) q(?<episode>\d+)(?<group>)")
    impact = preview_parser(world.core, draft).impact
    assert impact is not None
    assert (impact.starts, impact.needs_confirmation, impact.links_new) == (4, True, 4)
    assert [row["title"] for row in impact.starting] == [f"Show q{episode} raw" for episode in range(1, 5)]
    resync_id = create_parser(world.core, draft).resync["resync_id"]
    world.settle()
    assert (_state(world, resync_id), world.states()) == ("waiting", [])
    # Neither a new title nor another edit begins what waits.
    world.bring("[G] Other - 01", "Show q5 raw")
    world.create(name="else", priority=1, condition="Else")
    assert len(world.states()) == 2
    confirm(world.core, resync_id)
    assert (_state(world, resync_id), len(world.states())) == ("done", 6)


def test_downloads_confirmed_in_the_preview_begin_at_once(world: CoreWorld) -> None:
    _braked(world, downloads=3)
    world.bring(*(f"Show q{episode} raw" for episode in range(1, 5)))
    draft = rule(name="raw", priority=9, condition="raw", parse=r"^(?<title>\w+) q(?<episode>\d+)(?<group>)")
    impact = preview_parser(world.core, draft).impact
    assert impact is not None
    write = create_parser(world.core, draft, plan_id=impact.plan_id)
    assert (write.resync["state"], len(world.states())) == ("done", 4)


def test_downloads_that_do_not_fit_on_the_disk_wait(world: CoreWorld) -> None:
    world.bring("Show q1 raw", "Show q2 raw")
    with world.database.write() as connection:
        connection.execute(sa.update(tables.raw_items).values(size=600))
    world.free_bytes = 1000
    draft = rule(name="raw", priority=9, condition="raw", parse=r"^(?<title>\w+) q(?<episode>\d+)(?<group>)")
    impact = preview_parser(world.core, draft).impact
    assert impact is not None
    assert impact.needs_confirmation
    assert create_parser(world.core, draft).resync["state"] == "waiting"
    assert world.states() == []


def test_rejected_downloads_never_begin(world: CoreWorld) -> None:
    _braked(world, downloads=3)
    world.bring(*(f"Show q{episode} raw" for episode in range(1, 5)))
    draft = rule(name="raw", priority=9, condition="raw", parse=r"^(?<title>\w+) q(?<episode>\d+)(?<group>)")
    resync_id = create_parser(world.core, draft).resync["resync_id"]
    reject(world.core, resync_id)
    world.create(name="else", priority=1, condition="Else")
    world.settle()
    assert (world.states(), world.rows(tables.waiting_downloads)) == ([], [])


def test_many_downloads_that_an_edit_would_take_back_wait(world: CoreWorld) -> None:
    _braked(world, downloads=3)
    world.create(priority=9, series_no=1)
    world.bring("[G] Bad - 00")
    anime = world.row(tables.animes, tables.animes.c.title == "Bad")
    values = {"target_type": "anime", "target_id": anime["anime_id"], "is_positive": False}
    create_filter(world.core, values | {"regex_pattern": "."})
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, 5)))
    draft = rule(name="bad", priority=10, condition="Show", anime_title="Bad")
    impact = preview_parser(world.core, draft).impact
    assert impact is not None
    assert (impact.cancels, impact.starts, impact.needs_confirmation) == (4, 0, True)
    resync_id = create_parser(world.core, draft).resync["resync_id"]
    assert _state(world, resync_id) == "waiting"
    assert world.states() == ["cancelled", *["pending"] * 4]
    confirm(world.core, resync_id)
    assert world.states() == ["cancelled"] * 5


def test_a_filter_confirmed_in_its_preview_is_not_braked(world: CoreWorld) -> None:
    _braked(world, downloads=3)
    world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, 5)))
    values = {"target_type": "global", "is_positive": False, "regex_pattern": "Show", "rule_order": 1}
    found = preview_filter(world.core, values, limit=5)
    assert found.is_braked
    write = create_filter(world.core, values, plan_id=found.plan_id)
    assert (write.resync["state"], set(world.states())) == ("done", {"cancelled"})
    assert write.rule is not None
    back = delete_filter(world.core, write.rule["rule_id"], plan_id="another plan")
    assert back.resync["state"] == "waiting"


def test_what_a_filter_would_do_since_its_confirmation_waits_again(world: CoreWorld) -> None:
    _braked(world, downloads=3)
    world.create(priority=9, series_no=1)
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, 5)))
    values = {"target_type": "global", "is_positive": False, "regex_pattern": "Show"}
    resync_id = create_filter(world.core, values).resync["resync_id"]
    world.reparses = False
    confirm(world.core, resync_id)
    # Before it is done one of them is removed by hand.
    table = tables.downloads
    with world.database.write() as connection:
        connection.execute(sa.update(table).where(table.c.download_id == 1).values(status="cancelled"))
    world.brake = Brake(downloads=2)
    world.start()
    refilter(world.core)
    assert _state(world, resync_id) == "waiting"
    reject(world.core, resync_id)
    refilter(world.core)
    assert _state(world, resync_id) == "rejected"
    assert world.rows(tables.filter_rules) == []
    assert world.states() == ["cancelled", *["pending"] * 3]


def test_a_policy_is_previewed_saved_and_rejected(world: CoreWorld) -> None:
    _braked(world, downloads=1)
    world.create(priority=9, series_no=1)
    for episode in (1, 2):
        world.bring(f"[A] Show{episode} - 01", f"[B] Show{episode} - 01")
    assert world.states() == []
    impact = preview_policy(world.core, Policy(group_order=("B", "A")))
    assert (impact.starts, impact.needs_confirmation) == (2, True)
    assert world.states() == []
    resync = set_policy(world.core, Policy(group_order=("B", "A")))
    assert (resync["state"], world.states()) == ("waiting", [])
    reject(world.core, resync["resync_id"])
    assert (get_policy(world.core), world.states()) == (Policy(), [])
    resync = set_policy(world.core, Policy(group_order=("B", "A")), plan_id=impact.plan_id)
    assert (resync["state"], world.states()) == ("done", ["pending"] * 2)


def test_a_preview_of_every_edit_is_what_happens(world: CoreWorld) -> None:
    parser_id = _filed(world, 3)
    world.create(name="under", priority=5, condition="Show", anime_title="Under")
    edits: list[dict[str, Any]] = [
        {"priority": 4},
        {"priority": 9},
        {"is_enabled": False},
        {"is_enabled": True},
    ]
    for edit in edits:
        impact = preview_parser(world.core, edit, parser_id=parser_id).impact
        assert impact is not None
        resync_id = world.edit(parser_id, **edit).resync["resync_id"]
        assert world.resync(resync_id)["plan_id"] == impact.plan_id
        assert world.resync(resync_id)["resync_triggered"] == len(impact.moves) == 3
        world.settle()
    impact = preview_deletion(world.core, parser_id)
    resync_id = delete_parser(world.core, parser_id).resync["resync_id"]
    assert (world.resync(resync_id)["plan_id"], len(impact.moves)) == (impact.plan_id, 3)


# Follow modes


def _cause(world: CoreWorld, cause: str, title: str) -> int:
    """Do what a metadata source or an update would: call a work otherwise, and judge that."""
    animes, links = tables.animes, tables.links
    with world.database.write() as connection:
        values = {"cause": cause, "state": ResyncState.RUNNING.value, "reparsed": True}
        key = connection.execute(
            sa.insert(tables.resyncs).values(values | {"created_at": world.time})
        ).inserted_primary_key
        assert key is not None
        connection.execute(sa.update(animes).where(animes.c.title == "Show").values(title=title))
        ids = connection.execute(sa.select(links.c.link_id)).scalars().all()
        refresh_desired(connection, ids, key[0], world.time)
        judge(world.core, connection, key[0])
    return int(key[0])


@pytest.mark.parametrize("kind", [kind for kind in CauseKind if kind is not CauseKind.RULE])
def test_what_is_not_the_users_own_edit_asks_before_a_file_moves(world: CoreWorld, kind: CauseKind) -> None:
    _filed(world, 1)
    resync_id = _cause(world, f"{kind}_updated", "Renamed")
    world.settle()
    assert (_state(world, resync_id), sorted(world.videos())) == ("waiting", ["Show - S01E01"])
    confirm(world.core, resync_id)
    world.settle()
    assert sorted(world.videos()) == ["Renamed - S01E01"]


def test_rules_that_an_update_brings_are_read_at_once_and_move_nothing_unasked(world: CoreWorld) -> None:
    parser_id = _filed(world, 2)
    with world.database.write() as connection:
        values = {"cause": "builtin_rules_updated", "state": ResyncState.RUNNING.value}
        key = connection.execute(
            sa.insert(tables.resyncs).values(values | {"created_at": world.time})
        ).inserted_primary_key
        assert key is not None
        mine = tables.parsers.c.parser_id == parser_id
        connection.execute(sa.update(tables.parsers).where(mine).values(episode_offset=2))
        version = advance(connection, key[0], world.time)
        cause = tables.resyncs.c.resync_id == key[0]
        connection.execute(sa.update(tables.resyncs).where(cause).values(rules_version=version))
    reparse(world.core)
    world.settle()
    assert (_state(world, key[0]), sorted(world.videos())) == ("waiting", ["Show - S01E01", "Show - S01E02"])
    assert [link[2] for link in world.links()] == [3, 4]
    confirm(world.core, key[0])
    world.settle()
    assert sorted(world.videos()) == ["Show - S01E03", "Show - S01E04"]


def test_an_nfo_follows_by_itself(world: CoreWorld) -> None:
    _filed(world, 1)
    groups = tables.subtitle_groups
    with world.database.write() as connection:
        connection.execute(sa.update(groups).values(group_name="Other name"))
    resync_id = _cause(world, "metadata_updated", "Show")
    assert world.outcomes(resync_id) == {"pending": 1}
    world.settle()
    assert (_state(world, resync_id), world.outcomes(resync_id)) == ("done", {"unchanged": 1})


def test_a_follow_mode_holds_for_all_or_for_one_series(world: CoreWorld) -> None:
    _filed(world, 1)
    set_mode(world.core, CauseKind.METADATA, FollowMode.AUTOMATIC)
    assert _state(world, _cause(world, "metadata_updated", "Second")) == "running"
    world.settle()
    assert sorted(world.videos()) == ["Second - S01E01"]
    series_id = world.row(tables.links)["series_id"]
    set_mode(world.core, CauseKind.RULE, FollowMode.ASK, series_id)
    assert [row["mode"] for row in list_modes(world.core) if row["series_id"] == series_id] == ["ask"]
    parser_id = world.rows(tables.parsers)[-1]["parser_id"]
    resync_id = _offset(world, parser_id, 3)
    # The edit makes it another series of another work, which has no mode of its own.
    assert _state(world, resync_id) == "running"
    set_mode(world.core, CauseKind.RULE, FollowMode.ASK)
    assert _state(world, _offset(world, parser_id, 4)) == "waiting"
    set_mode(world.core, CauseKind.RULE, None)
    assert next(row for row in list_modes(world.core) if row["cause_kind"] == "rule")["is_default"]
    with pytest.raises(NotFound):
        set_mode(world.core, CauseKind.RULE, FollowMode.ASK, 999)
