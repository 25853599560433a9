"""Several releases of one episode: fetched once, by the library's policy; the rest is a question."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from seiton.adapters.torrents.port import TransferState
from seiton.core import tables
from seiton.core.downloads.choices import (
    get_policy,
    list_link_conflicts,
    list_subscription_conflicts,
    resolve_link_conflict,
    resolve_subscription_conflict,
    set_policy,
)
from seiton.core.downloads.conflicts import note_subscription_conflict
from seiton.core.downloads.retry import retry_download
from seiton.core.filters.rules import create_filter
from seiton.core.removal.trash import expire_trash, list_trash
from seiton.domain.duplicates import Policy
from seiton.errors import Conflict, InvalidInput, NotFound
from tests.integration.core_world import CoreWorld, torrent_of
from tests.integration.core_world import world as world


def conflicts(world: CoreWorld) -> list[tuple[int, str, list[str]]]:
    """Return open questions: episode, why, titles."""
    rows = list_link_conflicts(world.core, limit=None, offset=0)
    return [
        (row["episode_no"], row["why"], sorted(candidate["title"] for candidate in row["candidates"]))
        for row in rows
    ]


def fetched(world: CoreWorld) -> list[str]:
    """Return the titles of downloads that are not cancelled."""
    links = {row["link_id"]: row["title"] for row in world.rows(tables.links)}
    return [links[row["link_id"]] for row in world.rows(tables.downloads) if row["status"] != "cancelled"]


def trashed(world: CoreWorld) -> list[str]:
    """Return the names of the files in the library's trash."""
    return [path.name for path in (world.library / ".seiton").rglob("*") if path.is_file()]


def link_of(world: CoreWorld, title: str) -> int:
    number: int = world.row(tables.links, tables.links.c.title == title)["link_id"]
    return number


def first_conflict(world: CoreWorld) -> int:
    number: int = list_link_conflicts(world.core, limit=1, offset=0)[0]["conflict_id"]
    return number


def test_the_group_filed_already_goes_on(world: CoreWorld) -> None:
    world.bring("[B] Show - 01")
    world.settle()
    world.bring("[A] Show - 02", "[B] Show - 02")
    assert fetched(world) == ["[B] Show - 01", "[B] Show - 02"]
    assert conflicts(world) == []


def test_two_groups_at_once_are_a_question_and_one_answer_is_enough(world: CoreWorld) -> None:
    world.bring("[A] Show - 01", "[B] Show - 01", "[A] Show - 02", "[B] Show - 02")
    assert fetched(world) == []
    assert conflicts(world) == [
        (1, "groups", ["[A] Show - 01", "[B] Show - 01"]),
        (2, "groups", ["[A] Show - 02", "[B] Show - 02"]),
    ]
    resolve_link_conflict(world.core, first_conflict(world), link_of(world, "[B] Show - 01"))
    assert fetched(world) == ["[B] Show - 01", "[B] Show - 02"]
    assert conflicts(world) == []
    world.settle()
    assert set(world.videos().values()) == {"[B] Show - 01", "[B] Show - 02"}


def test_what_can_be_decided_of_a_series_decides_the_rest_of_it(world: CoreWorld) -> None:
    world.bring("[A] Show - 01", "[B] Show - 01", "[B] Show - 02")
    assert sorted(fetched(world)) == ["[B] Show - 01", "[B] Show - 02"]
    assert conflicts(world) == []


def test_an_order_of_groups_decides_what_was_a_question(world: CoreWorld) -> None:
    world.bring("[A] Show - 01", "[B] Show - 01")
    set_policy(world.core, Policy(group_order=("B",)))
    assert get_policy(world.core) == Policy(group_order=("B",))
    assert (fetched(world), conflicts(world)) == (["[B] Show - 01"], [])
    set_policy(world.core, Policy(group_order=("A",)))
    assert fetched(world) == ["[B] Show - 01"], "what is on its way stays"


def test_a_filter_decides_what_was_a_question(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [CHS]", "[G] Show - 01 [CHT]")
    assert conflicts(world) == [(1, "variants", ["[G] Show - 01 [CHS]", "[G] Show - 01 [CHT]"])]
    values = {"target_type": "global", "is_positive": True, "regex_pattern": "CHT"}
    write = create_filter(world.core, values)
    assert (write.resync["starts"], conflicts(world)) == (1, [])
    assert fetched(world) == ["[G] Show - 01 [CHT]"]


def test_the_variant_that_was_chosen_once_goes_on(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [CHS]", "[G] Show - 01 [CHT]")
    resolve_link_conflict(world.core, first_conflict(world), link_of(world, "[G] Show - 01 [CHT]"))
    world.bring("[G] Show - 02 [CHS]", "[G] Show - 02v2 [CHT]", "[G] Show - 03 [CHT]", "[G] Show - 03 [CHS]")
    assert fetched(world) == ["[G] Show - 01 [CHT]", "[G] Show - 02v2 [CHT]", "[G] Show - 03 [CHT]"]
    assert conflicts(world) == []


def test_a_later_version_takes_the_place_of_one_that_is_not_there_yet(world: CoreWorld) -> None:
    world.torrents.states[torrent_of("[G] Show - 01")] = TransferState.DOWNLOADING
    world.bring("[G] Show - 01")
    world.settle()
    world.bring("[G] Show - 01v2")
    assert fetched(world) == ["[G] Show - 01v2"]
    world.settle()
    assert set(world.videos().values()) == {"[G] Show - 01v2"}
    assert world.states() == ["cancelled", "synced"]


def test_a_later_version_replaces_what_is_filed_once_it_is_complete(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    world.settle()
    world.torrents.states[torrent_of("[G] Show - 01v2")] = TransferState.DOWNLOADING
    world.bring("[G] Show - 01v2")
    world.settle()
    assert world.states() == ["synced", "downloading"]
    assert set(world.videos().values()) == {"[G] Show - 01"}
    world.torrents.states.clear()
    world.settle()
    assert world.states() == ["cancelled", "synced"]
    assert world.videos()["Show - S01E01"] == "[G] Show - 01v2"
    (kept,) = list_trash(world.core, limit=10, offset=0)
    (item,) = kept["items"]
    assert item["before_path"].endswith("/Show/Season 01/Show - S01E01.mkv")
    assert len([name for name in trashed(world) if name.endswith(".mkv")]) == 1
    assert world.torrents.status([torrent_of("[G] Show - 01")]), "the old torrent seeds on"
    assert conflicts(world) == []
    world.pass_time(days=4000)
    assert expire_trash(world.core) == 0, "nobody removed it by name"
    world.settle()
    assert len([name for name in trashed(world) if name.endswith(".mkv")]) == 1
    assert len(list_trash(world.core, limit=10, offset=0)) == 1


def test_a_later_version_that_failed_is_tried_again(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    world.settle()
    world.torrents.states[torrent_of("[G] Show - 01v2")] = TransferState.ERROR
    world.bring("[G] Show - 01v2")
    world.settle()
    assert world.states() == ["synced", "failed"]
    world.torrents.states.clear()
    retry_download(world.core, 2)
    world.settle()
    assert world.states() == ["cancelled", "synced"]
    with pytest.raises(Conflict):
        retry_download(world.core, 1)


def test_a_later_version_waits_until_the_earlier_one_has_left(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    world.settle()
    world.bring("[G] Show - 01v2")
    world.fetch()
    world.wire.holds_reports = True
    world.file()
    assert world.states() == ["synced", "completed"]
    assert {message.download_id for message in world.wire.messages} == {1}
    world.wire.release()
    world.file()
    assert world.states() == ["cancelled", "synced"]


def test_what_was_replaced_is_not_fetched_again(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    world.settle()
    world.bring("[G] Show - 01v2")
    world.settle()
    world.create(priority=9)
    world.settle()
    assert world.states() == ["cancelled", "synced"]
    assert world.download(1)["cancel_reason"] == "replaced"


def test_a_later_version_of_another_group_is_no_question(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    world.settle()
    world.bring("[H] Show - 01v2")
    assert (fetched(world), conflicts(world)) == (["[G] Show - 01"], [])


def test_defect_61_an_episode_is_fetched_once_whatever_offers_it(world: CoreWorld) -> None:
    world.bring("[G] Show - 01")
    world.bring("[H] Show - 01", "[G] Show - 01 [batch of one]")
    world.bring("[G] Show - 01")
    world.settle()
    assert fetched(world) == ["[G] Show - 01"]


def test_another_release_takes_the_place_of_one_that_failed(world: CoreWorld) -> None:
    world.bring("[A] Show - 01")
    world.bring("[B] Show - 01")
    world.torrents.states[torrent_of("[A] Show - 01")] = TransferState.ERROR
    world.settle()
    assert set(world.videos().values()) == {"[B] Show - 01"}
    with pytest.raises(Conflict):
        retry_download(world.core, world.rows(tables.downloads)[0]["download_id"])


def test_what_a_parser_edit_takes_apart_is_no_question_any_more(world: CoreWorld) -> None:
    world.bring("[A] Show - 01", "[B] Show - 01")
    number = first_conflict(world)
    world.create(priority=9, condition=r"^\[B\]", series_no=2)
    assert conflicts(world) == []
    assert sorted(fetched(world)) == ["[A] Show - 01", "[B] Show - 01"]
    with pytest.raises(Conflict):
        resolve_link_conflict(world.core, number, link_of(world, "[A] Show - 01"))


def test_an_answer_is_one_of_the_candidates(world: CoreWorld) -> None:
    world.bring("[A] Show - 01", "[B] Show - 01", "[C] Other - 01")
    with pytest.raises(InvalidInput):
        resolve_link_conflict(world.core, first_conflict(world), link_of(world, "[C] Other - 01"))
    with pytest.raises(NotFound):
        resolve_link_conflict(world.core, 99, 1)


def test_the_fetcher_of_a_subscription_is_chosen(world: CoreWorld) -> None:
    number = world.subscription_id
    candidates = [{"fetcher_id": 4, "name": "mikanani"}, {"fetcher_id": 7, "name": "other"}]
    for _again in range(2):
        with world.database.write() as connection:
            note_subscription_conflict(connection, number, candidates, world.time)
    (row,) = list_subscription_conflicts(world.core, limit=None, offset=0)
    assert (row["rss_url"], row["conflict_data"]["candidate_fetcher_ids"]) == (
        "https://feed.test/rss",
        [4, 7],
    )
    with pytest.raises(InvalidInput):
        resolve_subscription_conflict(world.core, row["conflict_id"], 5)
    resolve_subscription_conflict(world.core, row["conflict_id"], 7)
    stored = world.row(tables.subscriptions)
    assert (stored["fetcher_id"], stored["assignment_status"]) == (7, "assigned")
    assert list_subscription_conflicts(world.core, limit=None, offset=0) == []
    with pytest.raises(Conflict):
        resolve_subscription_conflict(world.core, row["conflict_id"], 7)


def test_there_is_one_open_question_for_an_episode(world: CoreWorld) -> None:
    world.bring("[A] Show - 01", "[B] Show - 01")
    world.bring("[C] Show - 01")
    assert conflicts(world) == [(1, "groups", ["[A] Show - 01", "[B] Show - 01", "[C] Show - 01"])]
    with pytest.raises(sa.exc.IntegrityError), world.database.write() as connection:
        stored = dict(world.row(tables.conflicts))
        del stored["conflict_id"]
        connection.execute(sa.insert(tables.conflicts).values(stored))
