"""Existing folders under the rules: planned without a touch, recorded where they lie, then moved."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from seiton.core import tables
from seiton.core.adoptions import (
    confirm_adoption,
    create_adoption,
    get_adoption,
    list_adoption_files,
)
from tests.integration.core_world import CoreWorld
from tests.integration.messy_folders import (
    make_messy_library,
    tree,
)


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
