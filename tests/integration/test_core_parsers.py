"""Parsers as they are written: what is refused and why, what an edit keeps, what a preview promises."""

from __future__ import annotations

from typing import Any

import pytest

from seiton.core import tables
from seiton.core.feeds.subscriptions import add_subscription, due_subscriptions, remove_subscription
from seiton.core.rules.parser_preview import Scope, preview_deletion, preview_parser, require_scope
from seiton.core.rules.parsers import create_parser, delete_parser, get_parser, update_parser
from seiton.errors import Conflict, InvalidInput, NotFound
from tests.integration.core_world import CoreWorld, everything, rule
from tests.integration.core_world import world as world


def _problems(caught: pytest.ExceptionInfo[InvalidInput]) -> dict[str, str]:
    return {problem.field: problem.code for problem in caught.value.problems}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"condition_regex": "("}, "condition_regex"),
        ({"parse_regex": "[a"}, "parse_regex"),
        ({"parse_regex": "(?=x)"}, "parse_regex"),
        ({"parse_regex": r"(a)\1"}, "parse_regex"),
        ({"condition_regex": ""}, "condition_regex"),
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"description": "a\0b"}, "description"),
        ({"is_enabled": None}, "is_enabled"),
        ({"anime_title_value": "no_such_group"}, "anime_title_value"),
        ({"episode_no_value": "$9"}, "episode_no_value"),
        ({"episode_no_source": "static", "episode_no_value": "-1"}, "episode_no_value"),
        ({"episode_no_source": "static", "episode_no_value": "999999999999"}, "episode_no_value"),
        ({"episode_no_source": "static", "episode_no_value": "one"}, "episode_no_value"),
        ({"series_no_source": "static", "series_no_value": "-3"}, "series_no_value"),
        ({"series_no_source": "static", "series_no_value": "100000"}, "series_no_value"),
        ({"episode_offset": 10**6}, "episode_offset"),
        ({"priority": 2**40}, "priority"),
        ({"anime_title_source": "static", "anime_title_value": "  "}, "anime_title_value"),
        ({"anime_title_source": "guess"}, "anime_title_source"),
        ({"series_no_source": "static"}, "series_no_value"),
        ({"series_no_value": "1"}, "series_no_source"),
        ({"anime_title_source": None, "anime_title_value": None}, "anime_title_source"),
    ],
)
def test_a_faulty_parser_is_refused_with_the_field_and_changes_nothing(
    world: CoreWorld, values: dict[str, Any], field: str
) -> None:
    world.bring("[G] Show - 01")
    before = world.rows(tables.parsers), world.rows(tables.raw_items), world.rows(tables.resyncs)
    with pytest.raises(InvalidInput) as caught:
        create_parser(world.core, rule() | values)
    assert field in _problems(caught)
    assert before == (world.rows(tables.parsers), world.rows(tables.raw_items), world.rows(tables.resyncs))


def test_all_faults_are_named_at_once(world: CoreWorld) -> None:
    with pytest.raises(InvalidInput) as caught:
        create_parser(world.core, {"name": ""})
    assert _problems(caught) == {
        "name": "required",
        "condition_regex": "required",
        "parse_regex": "required",
        "anime_title_source": "required",
        "episode_no_source": "required",
    }


def test_a_fault_in_a_pattern_says_where(world: CoreWorld) -> None:
    with pytest.raises(InvalidInput, match=r"parse_regex: .*\(at character 3\)"):
        create_parser(world.core, rule() | {"parse_regex": "ab("})


def test_an_edit_keeps_what_it_leaves_out(world: CoreWorld) -> None:
    write = world.create(description="mine", is_enabled=False, priority=3, created_from_type="anime")
    assert write.parser is not None
    edited = world.edit(write.parser["parser_id"], name="renamed")
    assert edited.parser is not None
    kept = {
        name: value for name, value in edited.parser.items() if name not in {"name", "version", "updated_at"}
    }
    assert kept == {name: write.parser[name] for name in kept}
    assert (edited.parser["name"], edited.parser["version"]) == ("renamed", 2)


def test_an_edit_of_an_older_version_is_a_conflict(world: CoreWorld) -> None:
    write = world.create()
    assert write.parser is not None
    parser_id = write.parser["parser_id"]
    update_parser(world.core, parser_id, {"priority": 1}, version=1)
    with pytest.raises(Conflict):
        update_parser(world.core, parser_id, {"priority": 2}, version=1)
    assert get_parser(world.core, parser_id)["priority"] == 1


def test_an_edit_is_checked_together_with_what_it_leaves_out(world: CoreWorld) -> None:
    write = world.create()
    assert write.parser is not None
    with pytest.raises(InvalidInput) as caught:
        world.edit(write.parser["parser_id"], parse_regex=r"^(?<title>.+)$")
    assert set(_problems(caught)) == {"episode_no_value", "subtitle_group_value"}


def test_an_unknown_parser_is_not_found(world: CoreWorld) -> None:
    for call in (
        lambda: get_parser(world.core, 99),
        lambda: update_parser(world.core, 99, {}),
        lambda: delete_parser(world.core, 99),
        lambda: preview_deletion(world.core, 99),
        lambda: preview_parser(world.core, {}, parser_id=99),
    ):
        with pytest.raises(NotFound, match="99"):
            call()


def test_of_equal_priorities_the_older_parser_is_first(world: CoreWorld) -> None:
    world.create(priority=9, anime_title="First")
    world.create(priority=9, anime_title="Second")
    world.bring("[G] Show - 01")
    assert world.links()[0][0] == "First"


def test_a_disabled_parser_is_not_tried(world: CoreWorld) -> None:
    world.create(priority=9, anime_title="Off", is_enabled=False)
    world.bring("[G] Show - 01 [1080p]")
    assert world.links()[0][0] == "Show"


def test_a_write_is_the_cause_of_a_resync_that_remembers_the_rule_before(world: CoreWorld) -> None:
    write = world.create(priority=9, series_no=1)
    assert write.parser is not None
    edited = world.edit(write.parser["parser_id"], series_no_value="2")
    resync = world.resync(edited.resync["resync_id"])
    assert (resync["cause"], resync["subject_id"]) == ("parser_updated", write.parser["parser_id"])
    assert (resync["before"]["series_no_value"], resync["after"]["series_no_value"]) == ("1", "2")
    deleted = delete_parser(world.core, write.parser["parser_id"])
    assert (deleted.resync["cause"], deleted.resync["after"]) == ("parser_deleted", None)


# Previews


def _filed(world: CoreWorld, number: int) -> int:
    write = world.create(priority=9, series_no=1)
    assert write.parser is not None
    world.bring(*(f"[G] Show - {episode:02}" for episode in range(1, number + 1)))
    world.settle()
    return int(write.parser["parser_id"])


def test_a_preview_says_what_the_edit_then_does_and_writes_nothing(world: CoreWorld) -> None:
    parser_id = _filed(world, 4)
    draft = {"episode_offset": 1, "anime_title_source": "static", "anime_title_value": "Named"}
    before = everything(world)
    preview = preview_parser(world.core, draft, parser_id=parser_id)
    assert everything(world) == before
    assert preview.impact is not None
    edited = world.edit(parser_id, **draft)
    world.settle()
    items = world.rows(tables.resync_items, tables.resync_items.c.resync_id == edited.resync["resync_id"])
    moved = [(row["download_id"], row["before_path"], row["after_path"]) for row in items]
    root = f"{world.library}/"
    planned = [
        (move.download_id, root + move.from_path, root + move.to_path) for move in preview.impact.moves
    ]
    assert sorted(planned) == moved
    assert preview.impact.links_changed == 4
    assert (preview.impact.links_new, preview.impact.unmatched) == (0, 0)


def test_a_preview_shows_each_title_before_and_after(world: CoreWorld) -> None:
    world.without_builtin()
    world.create(name="shows", priority=9, condition="Show")
    parse = r"^\[(?<group>.+)\] .+ - (?:then )?(?<episode>\d+)"
    world.bring("[G] Show - 01", "[G] Other - then 02", "nothing")
    preview = preview_parser(
        world.core, rule(priority=99, anime_title="Draft", condition="Show|Other", parse=parse)
    )
    by_title = {result.title: result for result in preview.results}
    shown = by_title["[G] Show - 01"]
    assert (shown.before_matched_by, shown.after_matched_by, shown.is_override) == (
        "shows",
        "(current)",
        True,
    )
    assert shown.parse_result is not None and shown.parse_result.anime_title == "Draft"
    other = by_title["[G] Other - then 02"]
    assert (other.after_matched_by, other.is_newly_matched) == ("(current)", True)
    assert by_title["nothing"].after_matched_by is None


def test_a_preview_of_a_parser_that_is_not_saved_counts_links_that_would_change(world: CoreWorld) -> None:
    world.bring("[A] Show - 01 [1080p]", "[B] Show - 01 [1080p]", "[A] Show - 02 [1080p]")
    same = preview_parser(world.core, rule(priority=9, resolution_source="static", resolution_value="1080p"))
    assert same.impact is not None
    assert (same.impact.items_reparsed, same.impact.links_changed) == (3, 0)
    other = preview_parser(world.core, rule(priority=9, anime_title="Else"))
    assert other.impact is not None
    assert (other.impact.links_changed, other.impact.moves) == (3, ())


def test_a_preview_of_a_deletion_says_what_is_left(world: CoreWorld) -> None:
    parser_id = _filed(world, 2)
    world.without_builtin()
    impact = preview_deletion(world.core, parser_id)
    assert (impact.items_reparsed, impact.unmatched, impact.links_changed) == (2, 2, 0)
    assert [row["title"] for row in impact.titles_lost] == ["[G] Show - 01", "[G] Show - 02"]


def test_a_preview_of_a_faulty_draft_names_its_faults(world: CoreWorld) -> None:
    preview = preview_parser(world.core, rule() | {"parse_regex": "("})
    assert (preview.condition_regex_valid, preview.parse_regex_valid) == (True, False)
    assert preview.regex_error and preview.results == [] and preview.impact is None
    assert "parse_regex" in {problem.field for problem in preview.problems}


def test_a_disabled_draft_is_previewed_as_disabled(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    preview = preview_parser(world.core, rule(priority=9, anime_title="Off", is_enabled=False))
    assert preview.impact is not None
    assert (preview.impact.items_reparsed, preview.impact.links_changed, preview.impact.moves) == (0, 0, ())


@pytest.mark.parametrize("kind", ["subscription", "anime", "anime_series", "subtitle_group"])
def test_a_preview_shows_the_titles_in_scope(world: CoreWorld, kind: str) -> None:
    other = world.subscribe("https://other.test/rss")
    world.bring("[B] Other - 01 [1080p]", subscription_id=other)
    world.bring("[G] Show - 01 [1080p]", "[G] Show - 02 [1080p]")
    target = world.subscription_id if kind == "subscription" else 2
    scope = require_scope(kind, target)
    assert isinstance(scope, Scope)
    preview = preview_parser(world.core, rule(), scope=scope)
    assert [result.title for result in preview.results] == ["[G] Show - 02 [1080p]", "[G] Show - 01 [1080p]"]
    assert len(preview_parser(world.core, rule(), scope=scope, limit=1).results) == 1


def test_a_scope_is_complete_or_refused() -> None:
    assert require_scope("global", None) is None
    assert require_scope(None, None) is None
    for kind, target in (("anime", None), ("weather", 1)):
        with pytest.raises(InvalidInput):
            require_scope(kind, target)


# Subscriptions


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x/rss",
        "feed",
        "http://",
        "http://[::1",
        "https://x/\0",
        "javascript:alert(1)",
        "http://" + "a" * 9000,
    ],
)
def test_what_is_no_address_is_refused(world: CoreWorld, url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        add_subscription(world.core, {"source_url": url})
    assert set(_problems(caught)) == {"source_url"}


@pytest.mark.parametrize("minutes", [-5, 10**9, "often", 1.5, True])
def test_an_absurd_interval_is_refused(world: CoreWorld, minutes: object) -> None:
    values = {"source_url": "https://x.test/rss", "fetch_interval_minutes": minutes}
    with pytest.raises(InvalidInput) as caught:
        add_subscription(world.core, values)
    assert set(_problems(caught)) == {"fetch_interval_minutes"}


def test_a_feed_is_subscribed_to_once_and_comes_back_with_what_it_brought(world: CoreWorld) -> None:
    world.bring("[G] Show - 01 [1080p]")
    with pytest.raises(Conflict):
        world.subscribe("https://feed.test/rss")
    remove_subscription(world.core, world.subscription_id)
    assert due_subscriptions(world.core) == []
    with pytest.raises(NotFound):
        remove_subscription(world.core, world.subscription_id)
    assert len(world.links()) == 1
    assert world.subscribe("https://feed.test/rss") == world.subscription_id
    assert due_subscriptions(world.core) == [world.subscription_id]
