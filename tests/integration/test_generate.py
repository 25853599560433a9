"""``seiton dev generate``: what it makes is what the rules make of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.database import Database
from seiton.adapters.migrations import SERVICES, upgrade
from seiton.adapters.pack_file import builtin_pack
from seiton.core import tables
from seiton.core.filing.desired import refresh_desired
from seiton.core.links.making import apply_outcomes
from seiton.core.rules.builtin import prepare_state
from seiton.core.rules.rulesets import ruleset
from seiton.demo.generate import Generated, made_installation
from seiton.demo.titles import made_releases
from seiton.errors import Conflict
from seiton.faces.cli import run

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 700


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    for service in SERVICES:
        upgrade(made, service)
    prepare_state(made, builtin_pack(), NOW)
    yield made
    made.close()


def fill(database: Database) -> Generated:
    *_, last = made_installation(database, COUNT, seed=1, library="/library", now=NOW)
    return last


def test_the_rules_find_nothing_to_change_in_it(database: Database) -> None:
    made = fill(database)
    with database.write() as connection:
        items = connection.execute(sa.select(tables.raw_items)).mappings().all()
        rules = ruleset(connection, 1)
        applied = apply_outcomes(connection, [(row, rules.parse(row["title"])) for row in items], NOW)
        assert (applied.changes, applied.detached, applied.items_changed) == ([], [], 0)
        links = connection.execute(sa.select(tables.links.c.link_id)).scalars().all()
        assert refresh_desired(connection, links, None, NOW) == 0
        revisions = connection.execute(sa.select(tables.downloads.c.desired_revision).distinct()).scalars()
        assert revisions.all() == [1]
    assert (len(items), len(links)) == (COUNT, made.links) == (made.items, made.links)
    assert 0.9 * COUNT < made.parsed < COUNT


def test_an_episode_has_one_download(database: Database) -> None:
    fill(database)
    links, downloads = tables.links.c, tables.downloads
    query = sa.select(links.series_id, links.episode_no, sa.func.count()).join_from(
        tables.links, downloads, downloads.c.link_id == links.link_id
    )
    with database.read() as connection:
        episodes = connection.execute(query.group_by(links.series_id, links.episode_no)).all()
    assert {count for *_, count in episodes} == {1}


def test_new_rows_get_numbers_behind_it(database: Database) -> None:
    fill(database)
    table = tables.subscriptions
    with database.write() as connection:
        rows = connection.execute(sa.select(table)).mappings().all()
        another = {**rows[0], "source_url": "https://other.invalid/", "url_hash": "other"}
        del another["subscription_id"]
        key = connection.execute(sa.insert(table).values(another)).inserted_primary_key
    assert key is not None
    assert key[0] == len(rows) + 1


def test_an_installation_that_holds_something_is_left_alone(database: Database) -> None:
    fill(database)
    with pytest.raises(Conflict, match="empty"):
        fill(database)


def test_the_same_seed_makes_the_same_titles_and_no_two_are_equal_in_one_place() -> None:
    titles = [release.title for release in made_releases(3_000)]
    assert titles == [release.title for release in made_releases(3_000)]
    assert titles != [release.title for release in made_releases(3_000, seed=2)]
    assert len(set(titles)) > 2_700


def test_the_command_makes_it_and_says_what_there_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(tmp_path / "data"), "--library", str(tmp_path / "library")]
    assert run(["dev", "generate", "--items", "40", "--json", *where]) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["items"] == 40
    assert counts["links"] >= counts["downloads"] > 0
    assert run(["dev", "generate", "--items", "40", *where]) == 1
