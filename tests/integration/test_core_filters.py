"""Filter rules over stored releases: flags, downloads that begin and end, the brake, crashes."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from seiton.adapters.torrents.port import TransferState
from seiton.core import tables
from seiton.core.causes.confirming import confirm
from seiton.core.downloads.ending import SeedingGoals, end_torrents
from seiton.core.downloads.retry import retry_download
from seiton.core.filters.preview import preview_filter
from seiton.core.filters.refilter import refilter
from seiton.core.filters.rules import FilterWrite, create_filter, delete_filter, list_filters, update_filter
from seiton.domain.consent import Brake
from seiton.domain.filters import TargetType
from seiton.errors import Conflict, InvalidInput, NotFound
from tests.integration.core_world import CoreWorld, torrent_of
from tests.integration.core_world import world as world


def exclude(world: CoreWorld, pattern: str, **values: Any) -> FilterWrite:
    given = {"target_type": "global", "is_positive": False, "regex_pattern": pattern}
    return create_filter(world.core, given | values)


def flagged(world: CoreWorld) -> set[str]:
    """Return the titles that are filtered out."""
    return {row["title"] for row in world.rows(tables.links, tables.links.c.filtered_flag)}


def downloads(world: CoreWorld) -> list[tuple[str, str]]:
    """Return title and status of all downloads."""
    links = {row["link_id"]: row["title"] for row in world.rows(tables.links)}
    return [(links[row["link_id"]], row["status"]) for row in world.rows(tables.downloads)]


def stall(world: CoreWorld, *titles: str) -> None:
    """Have the client not get further with ``titles``."""
    for title in titles:
        world.torrents.states[torrent_of(title)] = TransferState.DOWNLOADING


def end(world: CoreWorld) -> None:
    """Have torrents ended that nothing needs any more."""
    end_torrents(world.core, SeedingGoals())


def rule_id(write: FilterWrite) -> int:
    assert write.rule is not None
    number: int = write.rule["rule_id"]
    return number


def test_a_release_is_filtered_when_it_comes(world: CoreWorld) -> None:
    exclude(world, "720p")
    world.bring("[G] Show - 01 [720p]", "[G] Show - 02 [1080p]")
    assert flagged(world) == {"[G] Show - 01 [720p]"}
    assert downloads(world) == [("[G] Show - 02 [1080p]", "pending")]


def test_defect_56_rules_of_a_subscription_are_consulted(world: CoreWorld) -> None:
    other = world.subscribe("https://feed.test/other")
    exclude(world, ".", target_type="subscription", target_id=other)
    world.bring("[G] Show - 01")
    world.bring("[G] Show - 02", subscription_id=other)
    assert flagged(world) == {"[G] Show - 02"}


def test_defect_56_rules_of_a_fetcher_go_by_the_fetcher_and_not_by_the_subscription(world: CoreWorld) -> None:
    exclude(world, ".", target_type="fetcher", target_id=world.subscription_id)
    world.bring("[G] Show - 01")
    assert flagged(world) == set()
    exclude(world, ".", target_type="fetcher", target_id=0)
    assert flagged(world) == {"[G] Show - 01"}


def test_defect_56_the_preview_is_what_happens_for_every_target(world: CoreWorld) -> None:
    world.bring("[G] Show - 01", "[H] Other - 01")
    link = world.rows(tables.links)[0]
    anime = world.rows(tables.series, tables.series.c.series_id == link["series_id"])[0]["anime_id"]
    targets: list[tuple[str, int | None]] = [
        ("global", None),
        ("anime", anime),
        ("anime_series", link["series_id"]),
        ("subtitle_group", link["group_id"]),
        ("subscription", world.subscription_id),
        ("fetcher", 0),
    ]
    for kind, number in targets:
        values = {"target_type": kind, "target_id": number, "is_positive": False, "regex_pattern": "Show"}
        foreseen = preview_filter(world.core, values, limit=10)
        assert [item.title for item in foreseen.after.filtered_items] == ["[G] Show - 01"], kind
        write = create_filter(world.core, values)
        assert flagged(world) == {"[G] Show - 01"}, kind
        assert (write.resync["starts"], write.resync["cancels"]) == (0, 1)
        deleted = delete_filter(world.core, rule_id(write))
        assert flagged(world) == set()
        assert (deleted.resync["starts"], deleted.resync["cancels"]) == (1, 0)


def test_an_item_of_two_feeds_obeys_the_rules_of_both(world: CoreWorld) -> None:
    other = world.subscribe("https://feed.test/other")
    exclude(world, ".", target_type="subscription", target_id=other)
    world.bring("[G] Show - 01")
    assert downloads(world) == [("[G] Show - 01", "pending")]
    world.bring("[G] Show - 01", subscription_id=other)
    assert flagged(world) == {"[G] Show - 01"}
    assert downloads(world) == [("[G] Show - 01", "cancelled")]


def test_defect_57_what_is_filtered_out_is_taken_back_with_its_torrent(world: CoreWorld) -> None:
    stall(world, "[G] Show - 01 [720p]")
    world.bring("[G] Show - 01 [720p]", "[G] Show - 02 [1080p]")
    world.settle()
    folder = world.downloads / torrent_of("[G] Show - 01 [720p]")
    assert dict(downloads(world))["[G] Show - 01 [720p]"] == "downloading"
    write = exclude(world, "720p")
    assert (write.resync["state"], write.resync["cancels"]) == ("done", 1)
    end(world)
    assert dict(downloads(world)) == {"[G] Show - 01 [720p]": "cancelled", "[G] Show - 02 [1080p]": "synced"}
    assert torrent_of("[G] Show - 01 [720p]") not in world.torrents.status(
        [torrent_of("[G] Show - 01 [720p]")]
    )
    assert not folder.exists()
    assert set(world.videos().values()) == {"[G] Show - 02 [1080p]"}


def test_defect_57_what_is_let_in_again_is_fetched(world: CoreWorld) -> None:
    stall(world, "[G] Show - 01 [720p]")
    world.bring("[G] Show - 01 [720p]")
    world.settle()
    write = exclude(world, "720p")
    world.torrents.states.clear()
    update_filter(world.core, rule_id(write), {"is_enabled": False})
    assert downloads(world) == [("[G] Show - 01 [720p]", "cancelled"), ("[G] Show - 01 [720p]", "pending")]
    world.settle()
    assert set(world.videos().values()) == {"[G] Show - 01 [720p]"}


def test_a_file_of_the_library_stays_whatever_filters_say(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [720p]")
    world.settle()
    before = world.tree()
    write = exclude(world, ".")
    world.settle()
    assert write.resync["cancels"] == 0
    assert (downloads(world), world.tree()) == ([("[G] Show - 01 [720p]", "synced")], before)
    assert world.torrents.status([torrent_of("[G] Show - 01 [720p]")])


def test_a_torrent_that_another_episode_needs_stays(world: CoreWorld) -> None:
    title = "[G] Show [01-02]"
    stall(world, title)
    world.create(
        name="batch",
        condition=r"\[\d+-\d+\]",
        parse=r"^\[(?<group>[^\]]+)\] (?<title>.+?) \[(?<episode>\d+)-(?<last>\d+)\]",
        priority=50,
        episode_end_source="regex",
        episode_end_value="last",
    )
    world.bring(title)
    world.fetch()
    first = world.rows(tables.downloads)[0]
    with world.database.write() as connection:
        change = sa.update(tables.downloads).where(tables.downloads.c.download_id == first["download_id"])
        connection.execute(change.values(status="cancelled", cancel_reason="filter", torrent_wish="delete"))
    end(world)
    assert world.torrents.status([torrent_of(title)])
    exclude(world, ".")
    end(world)
    assert not world.torrents.status([torrent_of(title)])


def test_a_client_that_is_away_is_asked_again_to_forget_a_torrent(world: CoreWorld) -> None:
    stall(world, "[G] Show - 01")
    world.bring("[G] Show - 01")
    world.fetch()
    world.torrents.is_away = True
    exclude(world, ".")
    end(world)
    assert world.states() == ["cancelled"]
    world.torrents.is_away = False
    end(world)
    assert not world.torrents.status([torrent_of("[G] Show - 01")])


def test_another_release_takes_the_place_of_what_is_filtered_out(world: CoreWorld) -> None:
    stall(world, "[A] Show - 01")
    world.bring("[A] Show - 01")
    world.fetch()
    world.bring("[B] Show - 01")
    group = world.row(tables.subtitle_groups, tables.subtitle_groups.c.group_name == "A")["group_id"]
    write = exclude(world, ".", target_type="subtitle_group", target_id=group)
    assert (write.resync["starts"], write.resync["cancels"]) == (1, 1)
    assert downloads(world) == [("[A] Show - 01", "cancelled"), ("[B] Show - 01", "pending")]


def test_a_parser_edit_brings_a_release_under_other_rules(world: CoreWorld) -> None:
    world.bring("[G] Other - 01", "[G] Show - 01 [720p]")
    other = world.row(tables.animes, tables.animes.c.title == "Other")["anime_id"]
    exclude(world, "720p", target_type="anime", target_id=other)
    assert flagged(world) == set()
    world.create(priority=9, condition="Show", anime_title="Other", episode_no=7)
    assert flagged(world) == {"[G] Show - 01 [720p]"}
    assert dict(downloads(world))["[G] Show - 01 [720p]"] == "cancelled"


def test_defect_58_a_bad_pattern_is_refused_with_its_position(world: CoreWorld) -> None:
    with pytest.raises(InvalidInput) as refused:
        exclude(world, "abc(")
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("regex_pattern", "unclosed_group")
    assert "character 4" in problem.message
    assert world.rows(tables.filter_rules) == []
    with pytest.raises(InvalidInput):
        update_filter(world.core, rule_id(exclude(world, "x")), {"regex_pattern": "a(?=b)"})


def test_defect_59_a_recalculation_that_was_cut_short_goes_on(world: CoreWorld) -> None:
    world.bring("[G] Show - 01", "[G] Show - 02")
    world.reparses = False
    write = exclude(world, "01")
    assert (write.resync["state"], flagged(world)) == ("running", set())
    world.start()
    world.reparses = True
    refilter(world.core)
    assert flagged(world) == {"[G] Show - 01"}
    assert world.resync(write.resync["resync_id"])["state"] == "done"


def test_defect_59_edits_that_come_together_are_one_round(world: CoreWorld) -> None:
    world.bring("[G] Show - 01", "[H] Other - 02")
    world.reparses = False
    first, second = exclude(world, "01"), exclude(world, "02")
    world.reparses = True
    refilter(world.core)
    assert flagged(world) == {"[G] Show - 01", "[H] Other - 02"}
    states = [world.resync(write.resync["resync_id"])["state"] for write in (first, second)]
    assert states == ["superseded", "done"]


def test_defect_59_an_edit_in_the_middle_of_a_recalculation_is_not_lost(world: CoreWorld) -> None:
    world.bring("[G] Show - 01", "[G] Show - 02")
    world.reparses = False
    rule = rule_id(exclude(world, "01"))
    announce = world.core.progress.announce
    done: list[FilterWrite] = []

    def edit_meanwhile() -> None:
        announce()
        if not done:
            done.append(update_filter(world.core, rule, {"regex_pattern": "02"}))

    world.core.progress.announce = edit_meanwhile  # type: ignore[method-assign]
    refilter(world.core)
    assert flagged(world) == {"[G] Show - 02"}


def test_defect_60_an_order_is_taken_once_also_among_global_rules(world: CoreWorld) -> None:
    exclude(world, "a", rule_order=1)
    with pytest.raises(Conflict):
        exclude(world, "b", rule_order=1)
    with pytest.raises(sa.exc.IntegrityError), world.database.write() as connection:
        stored = dict(world.rows(tables.filter_rules)[0])
        del stored["rule_id"]
        connection.execute(sa.insert(tables.filter_rules).values(stored))
    exclude(world, "c", rule_order=1, target_type="subscription", target_id=world.subscription_id)
    assert exclude(world, "d").rule["rule_order"] == 2  # type: ignore[index]
    orders = [row["rule_order"] for row in list_filters(world.core, TargetType.GLOBAL, None)]
    assert orders == [1, 2]


def test_defect_60_the_order_says_which_rule_is_named(world: CoreWorld) -> None:
    late, early = exclude(world, "Show", rule_order=5), exclude(world, "01", rule_order=2)
    world.bring("[G] Show - 01")
    named = preview_filter(world.core, None, rule_id=rule_id(late), limit=10)
    assert [item.reason for item in named.before.filtered_items] == [rule_id(early)]


MOST_UNASKED = Brake().downloads


def test_many_downloads_wait_for_a_person(world: CoreWorld) -> None:
    titles = [f"[G] Show - {number:02}" for number in range(1, MOST_UNASKED + 2)]
    world.bring(*titles)
    write = exclude(world, "Show")
    number = write.resync["resync_id"]
    assert (write.resync["state"], write.resync["cancels"]) == ("waiting", MOST_UNASKED + 1)
    refilter(world.core)
    assert (flagged(world), set(world.states())) == (set(), {"pending"})
    confirm(world.core, number)
    assert (flagged(world), set(world.states())) == (set(titles), {"cancelled"})
    assert world.resync(number)["state"] == "done"
    with pytest.raises(Conflict):
        confirm(world.core, number)
    with pytest.raises(NotFound):
        confirm(world.core, 10**6)


def test_thirty_downloads_need_nobody(world: CoreWorld) -> None:
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, MOST_UNASKED + 1)))
    assert exclude(world, "Show").resync["state"] == "done"
    assert set(world.states()) == {"cancelled"}


def test_an_edit_that_waits_can_be_taken_back(world: CoreWorld) -> None:
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 40)))
    write = exclude(world, "Show")
    back = delete_filter(world.core, rule_id(write))
    assert (back.resync["state"], set(world.states())) == ("done", {"pending"})
    assert world.resync(write.resync["resync_id"])["state"] == "superseded"


def test_an_edit_after_one_that_waits_waits_with_it(world: CoreWorld) -> None:
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 40)))
    exclude(world, "Show")
    second = exclude(world, "nothing has this")
    assert second.resync["state"] == "waiting"
    confirm(world.core, second.resync["resync_id"])
    assert set(world.states()) == {"cancelled"}


def test_a_preview_says_what_begins_and_ends_and_changes_nothing(world: CoreWorld) -> None:
    world.bring("[G] Show - 01", "[G] Show - 02")
    write = exclude(world, "02")
    before = (world.rows(tables.links), world.rows(tables.downloads), world.rows(tables.state))
    draft = {"target_type": "global", "is_positive": False, "regex_pattern": "01"}
    foreseen = preview_filter(world.core, draft, rule_id=rule_id(write), limit=10)
    assert [row["title"] for row in foreseen.starts] == ["[G] Show - 02"]
    assert [row["title"] for row in foreseen.cancels] == ["[G] Show - 01"]
    assert [item.title for item in foreseen.before.passed_items] == ["[G] Show - 01"]
    assert [item.title for item in foreseen.after.passed_items] == ["[G] Show - 02"]
    assert before == (world.rows(tables.links), world.rows(tables.downloads), world.rows(tables.state))
    update_filter(world.core, rule_id(write), {"regex_pattern": "01"})
    assert [d for d in downloads(world) if d[1] == "pending"] == [("[G] Show - 02", "pending")]


def test_a_release_that_is_kept_out_is_not_tried_again_by_hand(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    exclude(world, ".")
    with pytest.raises(Conflict):
        retry_download(world.core, world.rows(tables.downloads)[0]["download_id"])


def test_what_was_cancelled_by_hand_is_not_begun_by_an_edit(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    with world.database.write() as connection:
        connection.execute(sa.update(tables.downloads).values(status="cancelled"))
    write = exclude(world, ".")
    delete_filter(world.core, rule_id(write))
    assert world.states() == ["cancelled"]


def test_a_rule_is_for_something_that_is_there(world: CoreWorld) -> None:
    for values in (
        {"target_type": "anime", "target_id": 99},
        {"target_type": "anime"},
        {"target_type": "global", "target_id": 1},
    ):
        with pytest.raises(InvalidInput) as refused:
            exclude(world, "x", **values)
        assert [problem.field for problem in refused.value.problems] == ["target_id"]


def test_two_edits_of_one_rule_at_a_time_are_noticed(world: CoreWorld) -> None:
    number = rule_id(exclude(world, "x"))
    update_filter(world.core, number, {"regex_pattern": "y"}, version=1)
    with pytest.raises(Conflict):
        update_filter(world.core, number, {"regex_pattern": "z"}, version=1)
    with pytest.raises(NotFound):
        update_filter(world.core, 99, {"regex_pattern": "z"})
    with pytest.raises(NotFound):
        delete_filter(world.core, 99)
