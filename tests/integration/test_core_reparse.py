"""Parsing stored titles again: what is looked at may be little, what comes out is the same as all."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.brake import waiting_links
from seiton.core.downloads.offers import plan_downloads
from seiton.core.feeds.ingest import reparse_item
from seiton.core.feeds.searching import index_titles
from seiton.core.feeds.skip import skip_raw_item
from seiton.core.filing.resync import reconcile
from seiton.core.links.wanted import wanted_links
from seiton.core.rules.affected import affected_items
from seiton.core.rules.parsers import DEFAULTS, create_parser, delete_parser, update_parser
from seiton.core.rules.reparse import reparse
from seiton.core.rules.rulesets import rule_of, snapshot
from seiton.core.works.works import list_series
from seiton.domain.duplicates import Choice
from seiton.domain.edits import Edit
from seiton.domain.rules import Failed, Matched
from seiton.domain.titles import Ruleset
from tests.integration.core_world import CoreWorld, rule, statements
from tests.integration.core_world import world as world

SHOWS = ("Show", "Other Show", "86", "Re Zero")
ROOT = Path(__file__).parents[2]


def _titles(chance: random.Random, number: int) -> list[str]:
    made = []
    for count in range(number):
        show, episode = chance.choice(SHOWS), chance.randrange(1, 30)
        made.append(
            chance.choice(
                [
                    f"[G{count % 3}] {show} - {episode:02} [1080p] {count}",
                    f"[G{count % 3}] {show} - {episode:02}v2 [720p] {count}",
                    f"[G] {show} - {episode}.5 {count}",
                    f"[G] {show} [{episode:02}-{episode + count % 4:02}] {count}",
                    f"{show} {episode} raw {count}",
                    f"nothing in particular {count}",
                ]
            )
        )
    return made


def _random_rule(chance: random.Random) -> dict[str, Any]:
    show = chance.choice(SHOWS)
    shape = chance.choice(
        [
            rule(condition=chance.choice([r" - \d", "1080p", show, "v2", r"\d$"])),
            rule(condition=show, anime_title=chance.choice(["Fixed", show])),
            rule(condition=r"raw", parse=r"^(?<title>.+?) (?<episode>\d+) raw(?<group>x)?"),
            rule(condition=r"raw", parse=r"^(?<title>\w+) (?<episode>\w+) (?<group>raw)"),
            rule(
                condition=r"\[\d+-",
                parse=r"^\[(?<group>\w+)\] (?<title>.+?) \[(?<episode>\d+)-(?<last>\d+)\]",
                episode_end_source="regex",
                episode_end_value="last",
            ),
        ]
    )
    return (
        DEFAULTS
        | shape
        | {
            "name": "random",
            "priority": chance.randrange(-3, 4),
            "is_enabled": chance.random() < 0.8,
            "episode_offset": chance.choice([0, 0, 0, 1, -1, 12]),
        }
    )


def _edit(world: CoreWorld, chance: random.Random) -> None:
    """Make, change or delete a parser at random; nothing is parsed yet."""
    builtin = tables.parsers.c.origin == "builtin"
    ids = [row["parser_id"] for row in world.rows(tables.parsers, ~builtin)]
    what = chance.random()
    if what < 0.35 or not ids:
        create_parser(world.core, _random_rule(chance))
    elif what < 0.45:
        number = chance.choice([row["parser_id"] for row in world.rows(tables.parsers, builtin)])
        switches = {"priority": -chance.randrange(1000), "is_enabled": chance.random() < 0.5}
        update_parser(world.core, number, switches)
    elif what < 0.8:
        draft = _random_rule(chance)
        names = [("priority",), ("is_enabled",), ("episode_offset",), tuple(draft)]
        update_parser(world.core, chance.choice(ids), {name: draft[name] for name in chance.choice(names)})
    else:
        delete_parser(world.core, chance.choice(ids))


def _expected(world: CoreWorld) -> dict[int, list[tuple[Any, ...]]]:
    """Parse every title by all rules; a failing title may keep what it has."""
    with world.database.read() as connection:
        rules = Ruleset(rule_of(row) for row in snapshot(connection))
    found: dict[int, list[tuple[Any, ...]]] = {}
    for item in world.rows(tables.raw_items, tables.raw_items.c.status != "skipped"):
        outcome = rules.parse(item["title"])
        if isinstance(outcome, Failed):
            assert (item["status"], item["parser_id"]) == ("failed", outcome.parser_id), item
            continue
        parsed = isinstance(outcome, Matched)
        assert item["status"] == ("parsed" if parsed else "no_match"), item
        assert item["parser_id"] == (outcome.parser_id if isinstance(outcome, Matched) else None), item
        found[item["item_id"]] = (
            sorted(
                (w.title, w.series_no, w.group, w.episode_no, w.episode_tenths, w.version, w.resolution)
                for w in wanted_links(item, outcome.parsed, ())
            )
            if isinstance(outcome, Matched)
            else []
        )
    return found


def _stored(world: CoreWorld) -> dict[int, list[tuple[Any, ...]]]:
    links, series, animes, groups = tables.links, tables.series, tables.animes, tables.subtitle_groups
    query = (
        sa.select(
            links.c.raw_item_id,
            animes.c.title,
            series.c.series_no,
            groups.c.group_name,
            links.c.episode_no,
            links.c.episode_tenths,
            links.c.version,
            links.c.resolution,
        )
        .select_from(
            links.join(series, series.c.series_id == links.c.series_id)
            .join(animes, animes.c.anime_id == series.c.anime_id)
            .join(groups, groups.c.group_id == links.c.group_id)
        )
        .where(links.c.detached_at.is_(None))
    )
    found: dict[int, list[tuple[Any, ...]]] = {}
    with world.database.read() as connection:
        for row in connection.execute(query):
            found.setdefault(row[0], []).append(tuple(row[1:]))
    return found


def _check(world: CoreWorld) -> None:
    stored = _stored(world)
    for item_id, links in _expected(world).items():
        assert sorted(stored.get(item_id, []), key=str) == sorted(links, key=str), item_id
    with world.database.read() as connection:
        outcomes = plan_downloads(connection, None).values()
        left = {outcome.link_id for outcome in outcomes if isinstance(outcome, Choice)}
        assert left == waiting_links(connection, left), "a look over everything finds nothing to fetch"
    assert not world.rows(tables.series, tables.series.c.is_unsettled)


@pytest.mark.parametrize("seed", range(6))
def test_what_an_edit_can_affect_is_enough(world: CoreWorld, seed: int) -> None:
    chance = random.Random(seed)
    if seed % 2:
        world.without_builtin()
    world.bring(*_titles(chance, 60))
    _check(world)
    for _turn in range(12):
        if seed > 2 and chance.random() < 0.8:  # what an edit can affect is found by the index of titles
            index_titles(world.core)
        _edit(world, chance)
        _check(world)
        if chance.random() < 0.3:
            world.bring(*_titles(chance, 3))


class _Crash(Exception):
    """The process dies here."""


@pytest.mark.parametrize("seed", range(8))
def test_anything_may_happen_while_titles_are_parsed_again(world: CoreWorld, seed: int) -> None:
    """Between reading and writing a chunk: edits, new items, an item skipped or parsed by itself, a crash."""
    chance = random.Random(seed)
    world.chunk = 7
    world.start()
    if seed % 2:
        world.without_builtin()
    world.bring(*_titles(chance, 40))
    if seed > 3:
        index_titles(world.core)
    world.reparses = False
    skipped: set[int] = set()

    def meanwhile() -> None:
        what = chance.choice(["nothing", "edit", "bring", "skip", "alone", "crash", "crash"])
        item_id = chance.choice([row["item_id"] for row in world.rows(tables.raw_items)])
        if what == "edit":
            _edit(world, chance)
        elif what == "bring":
            world.bring(*_titles(chance, 2))
        elif what == "skip":
            skip_raw_item(world.core, item_id)
            skipped.add(item_id)
        elif what == "alone":
            skipped.discard(item_id)
            reparse_item(world.core, item_id)
        world.meanwhile = meanwhile
        if what == "crash":
            raise _Crash

    for _turn in range(5):
        _edit(world, chance)
        for _start in range(8):
            world.meanwhile = meanwhile
            with contextlib.suppress(_Crash):
                reparse(world.core)
            world.start()
        world.meanwhile = None
        reparse(world.core)
        _check(world)
        items = world.rows(tables.raw_items, tables.raw_items.c.status == "skipped")
        assert {row["item_id"] for row in items} == skipped


def test_an_edit_looks_at_titles_that_have_its_text_and_chooses_for_their_series(world: CoreWorld) -> None:
    others = [f"[G] Other {number} - {episode:02}" for number in range(30) for episode in (1, 2)]
    world.bring(*others, "[Named] Show - 01", "[Named] Show - 02", "nothing about [named] ones")
    draft = DEFAULTS | rule(condition=r"^\[Named\]", priority=9, series_no=2) | {"name": "named"}
    with world.database.read() as connection:
        before = [rule_of(row) for row in snapshot(connection)]
        visits = Edit(Ruleset(before), Ruleset([*before, rule_of(draft | {"parser_id": 999})])).visits()
        assert affected_items(connection, visits) is None, "there is no index yet"
    index_titles(world.core)
    world.bring("[G] Other 3 - 03")
    with world.database.read() as connection:
        found = affected_items(connection, visits)
    titles = {row["title"] for row in world.rows(tables.raw_items) if row["item_id"] in (found or ())}
    assert titles == {
        "[Named] Show - 01",
        "[Named] Show - 02",
        "nothing about [named] ones",
        "[G] Other 3 - 03",
    }
    world.reparses = False
    create_parser(world.core, draft)
    with statements(world.database) as seen:
        reparse(world.core)
    (chosen,) = [statement for statement in seen if statement.startswith("SELECT DISTINCT core_links.series")]
    assert "core_links.series_id IN" in chosen, "releases of other series are not looked through"
    assert {link[1] for link in world.links() if link[0] == "Show"} == {2}


def test_a_crash_between_two_chunks_goes_on_from_the_cursor(world: CoreWorld) -> None:
    world.chunk = 4
    world.start()
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 13)))
    world.settle()
    world.reparses = False
    write = world.create(priority=9, series_no=2)
    chunks_done = []

    def crash() -> None:
        chunks_done.append(world.row(tables.state)["reparse_cursor"])
        if len(chunks_done) == 3:
            raise _Crash
        world.meanwhile = crash

    world.meanwhile = crash
    with pytest.raises(_Crash):
        reparse(world.core)
    assert chunks_done == [0, 4, 8]
    assert [link[1] for link in world.links()] == [2] * 8 + [1] * 4
    assert not world.resync(write.resync["resync_id"])["reparsed"]
    world.start()
    with statements(world.database) as seen:
        reparse(world.core)
    assert sum(s.startswith("UPDATE core_links") for s in seen) == 1, "only the last four titles"
    resync = world.resync(write.resync["resync_id"])
    assert (resync["total"], resync["parsed"], resync["resync_triggered"]) == (12, 12, 12)
    world.settle()
    assert sorted(world.videos()) == [f"Show - S02E{number:02}" for number in range(1, 13)]


def test_nothing_is_sent_while_half_a_season_has_its_new_numbers(world: CoreWorld) -> None:
    world.chunk = 4
    world.start()
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 9)))
    world.settle()
    world.reparses = False
    world.create(priority=9, episode_offset=1)
    world.wire.messages.clear()
    seen = []

    def look() -> None:
        reconcile(world.core)
        seen.append(len(world.wire.messages))
        world.meanwhile = look

    world.meanwhile = look
    reparse(world.core)
    world.meanwhile = None
    assert set(seen) == {0}
    world.settle()
    assert sorted(world.videos()) == [f"Show - S01E{number:02}" for number in range(2, 10)]


def test_a_second_release_is_not_fetched_because_its_neighbour_was_renumbered_first(world: CoreWorld) -> None:
    world.chunk = 2
    world.start()
    world.bring(*(f"[A] Show - {number:02}" for number in range(1, 5)))
    world.bring(*(f"[B] Show - {number:02}" for number in range(1, 5)))
    world.settle()
    assert len(world.states()) == 4
    world.create(priority=9, episode_offset=1)
    world.settle()
    assert len(world.states()) == 4, "group B offers the same episodes as before"


def test_an_episode_that_was_taken_by_mistake_is_fetched_when_it_is_free(world: CoreWorld) -> None:
    parse = r"^\[(?<group>G)\] (?<title>Show) - OVA (?<episode>\d+)"
    write = world.create(priority=9, condition="OVA", parse=parse, episode_no=1)
    assert write.parser is not None
    world.bring("[G] Show - OVA 07", "[G] Show - 01 [1080p]")
    world.create(priority=9, condition="OVA", parse=r"^\[(?<group>G)\] (?<title>Show) - OVA (?<episode>\d+)")
    world.edit(
        write.parser["parser_id"], parse_regex=r"^\[(?<group>G)\] (?<title>Show) - OVA (?<episode>\d+)"
    )
    world.settle()
    assert sorted(world.videos()) == ["Show - S01E01"]
    world.edit(write.parser["parser_id"], episode_no_source="regex", episode_no_value="episode")
    world.settle()
    assert world.videos() == {
        "Show - S01E01": "[G] Show - 01 [1080p]",
        "Show - S01E07": "[G] Show - OVA 07",
    }


def test_two_edits_before_the_first_reparse_are_one_round(world: CoreWorld) -> None:
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 4)))
    world.settle()
    world.reparses = False
    first = world.create(priority=9, series_no=2)
    second = world.create(priority=10, series_no=3)
    assert (first.resync["reparsed"], first.resync["state"]) == (False, "running")
    with statements(world.database) as seen:
        reparse(world.core)
    assert sum(s.startswith("UPDATE core_links") for s in seen) == 1
    one, two = (world.resync(write.resync["resync_id"]) for write in (first, second))
    assert (one["total"], one["parsed"], one["resync_triggered"], one["state"]) == (3, 3, 0, "done")
    assert (two["total"], two["parsed"], two["resync_triggered"], two["state"]) == (3, 3, 3, "running")
    world.settle()
    assert world.resync(two["resync_id"])["state"] == "done"
    assert sorted(world.videos()) == [f"Show - S03E0{number}" for number in range(1, 4)]


def test_a_later_edit_takes_over_what_an_earlier_one_has_not_finished(world: CoreWorld) -> None:
    world.bring("[G] Show - 01", "[G] Show - 02")
    world.settle()
    world.wire.is_cut = True
    first = world.create(priority=9, series_no=2)
    world.settle()
    second = world.create(priority=10, series_no=3)
    assert world.outcomes(first.resync["resync_id"]) == {"superseded": 2}
    assert world.resync(first.resync["resync_id"])["state"] == "done"
    assert world.outcomes(second.resync["resync_id"]) == {"pending": 2}
    world.wire.is_cut = False
    world.pass_time(minutes=2)
    world.settle()
    assert world.outcomes(second.resync["resync_id"]) == {"moved": 2}
    assert sorted(world.videos()) == ["Show - S03E01", "Show - S03E02"]


def test_an_edit_and_its_return_leave_everything_as_it_was(world: CoreWorld) -> None:
    write = world.create(priority=9, series_no=2)
    assert write.parser is not None
    world.bring("[G] Show - 01")
    world.settle()
    before = world.tree()
    world.edit(write.parser["parser_id"], series_no_value="3")
    back = world.edit(write.parser["parser_id"], series_no_value="2")
    world.settle()
    assert world.tree() == before
    assert world.outcomes(back.resync["resync_id"]) == {"unchanged": 1}


def test_an_edit_that_changes_no_title_costs_no_reparse(world: CoreWorld) -> None:
    write = world.create(priority=9)
    assert write.parser is not None
    world.bring("[G] Show - 01")
    with statements(world.database) as seen:
        renamed = world.edit(write.parser["parser_id"], name="a better name", description="…")
    assert not [s for s in seen if "core_links" in s and s.startswith("UPDATE")]
    assert (renamed.resync["state"], renamed.resync["total"]) == ("done", 1)
    assert world.row(tables.parsers, tables.parsers.c.name == "a better name")["version"] == 2


def test_a_title_that_was_corrected_is_not_on_the_shelf_any_more(world: CoreWorld) -> None:
    write = world.create()
    assert write.parser is not None
    world.bring("[G] Show - 01")
    world.edit(write.parser["parser_id"], anime_title_source="static", anime_title_value="Better")

    def titles(*, with_releases: bool) -> set[str]:
        found = list_series(world.core, limit=9, offset=0, with_releases=with_releases)
        return {row["anime_title"] for row in found}

    assert titles(with_releases=True) == {"Better"}
    assert titles(with_releases=False) == {"Better", "Show"}


def test_the_statistics_say_how_all_titles_stand(world: CoreWorld) -> None:
    world.without_builtin()
    world.bring("[G] Show - 01", "[G] Show - 02", "[G] Show - 03v", "nothing", "nothing else", "skip me")
    skip_raw_item(world.core, 6)
    write = world.create()
    stats = {
        name: write.resync[name] for name in ("total", "parsed", "failed", "no_match", "resync_triggered")
    }
    assert stats == {"total": 5, "parsed": 2, "failed": 1, "no_match": 2, "resync_triggered": 0}
    assert write.resync["new_links"] == 2


def test_two_workers_do_not_end_each_others_round(world: CoreWorld) -> None:
    world.chunk = 4
    world.start()
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 13)))
    world.reparses = False
    world.create(priority=9, series_no=2)
    turns: list[int] = []

    def crash_later() -> None:
        turns.append(1)
        world.meanwhile = crash_later
        if len(turns) == 2:
            raise _Crash

    def other_worker() -> None:
        """Do one chunk, then die: the round is neither where it was nor over."""
        world.meanwhile = crash_later
        with contextlib.suppress(_Crash):
            reparse(world.core)
        world.meanwhile = None

    world.meanwhile = other_worker
    reparse(world.core)
    assert len(turns) == 2
    assert [link[1] for link in world.links()] == [2] * 12
    state = world.row(tables.state)
    assert (state["reparsed_version"], state["reparse_target"]) == (state["rules_version"], None)


def test_a_process_killed_in_the_middle_goes_on_when_it_is_started_again(
    world: CoreWorld, tmp_path: Path
) -> None:
    world.bring(*(f"[G] Show - {number:03}" for number in range(1, 61)))
    world.reparses = False
    write = world.create(priority=9, series_no=2)
    script = textwrap.dedent(
        """
        import os, signal, sys
        from pathlib import Path
        from seiton.core import tables
        from seiton.core.rules.reparse import reparse
        from tests.integration.core_world import CoreWorld

        world = CoreWorld(Path(sys.argv[1]), sys.argv[2], subscribes=False)
        world.chunk = 10
        world.start()

        def die() -> None:
            if world.row(tables.state)["reparse_cursor"] >= 30:
                os.kill(os.getpid(), signal.SIGKILL)
            world.meanwhile = die

        world.meanwhile = die
        reparse(world.core)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), world.database.url],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        check=False,
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert world.row(tables.state)["reparse_cursor"] == 30
    assert [link[1] for link in world.links()] == [2] * 30 + [1] * 30
    world.start()
    reparse(world.core)
    assert [link[1] for link in world.links()] == [2] * 60
    assert world.resync(write.resync["resync_id"])["reparsed"]
