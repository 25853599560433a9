"""Faults of the disk under a viewer: a hold with its reason, nothing lost, and the rest when it is over."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from seiton.adapters.files import LinkMode
from seiton.errors import Unavailable
from seiton.viewer import tables
from seiton.viewer.receive import receive
from tests.integration.viewer_world import ViewerWorld

SEASON = "Show/Season 01"
SIZE_KB = 640


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    made = ViewerWorld(tmp_path, database_url)
    yield made
    made.database.close()


@pytest.fixture
def small_library(tmp_path: Path) -> Iterator[Path]:
    """A tmpfs of ``SIZE_KB`` where the library will be."""
    library = tmp_path / "library"
    library.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_KB}k", "none", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"mounting is not permitted: {done.stderr.strip()}")
    yield library
    subprocess.run(["umount", str(library)], check=True)


def holds(world: ViewerWorld) -> list[str | None]:
    query = sa.select(tables.units.c.hold_reason).order_by(tables.units.c.unit_id)
    with world.database.read() as connection:
        return list(connection.execute(query).scalars())


def fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            return filler


def test_a_copy_onto_a_full_disk_is_held_and_comes_when_there_is_room(
    tmp_path: Path, small_library: Path, sqlite_url: str
) -> None:
    world = ViewerWorld(tmp_path, sqlite_url, link_mode=LinkMode.COPY)
    world.file_away(1, "Show", 1, 1)
    filler = fill(small_library)
    original = world.download("2.mkv", size=60_000).read_bytes()
    receive(world.viewer, [world.sync_request(2, "Show", 1, 2)])
    world.settle()
    assert holds(world) == [None, "no_space"]
    assert list(world.videos()) == [f"{SEASON}/Show - S01E01.mkv"]
    assert world.core.last(2).status == "failed"
    filler.unlink()
    world.wait()
    assert (small_library / f"{SEASON}/Show - S01E02.mkv").read_bytes() == original
    assert holds(world) == [None, None]
    assert not list(small_library.rglob(".seiton-*"))
    world.database.close()


def test_a_resync_on_a_full_disk_is_held_as_it_was_and_goes_on_when_there_is_room(
    tmp_path: Path, small_library: Path, sqlite_url: str
) -> None:
    world = ViewerWorld(tmp_path, sqlite_url, link_mode=LinkMode.COPY)
    for number in (1, 2):
        world.file_away(number, "Show", 1, number)
    before = {path: (small_library / path).read_bytes() for path in world.tree()}
    filler = fill(small_library)
    world.resync((1, "Show", 1, 2), (2, "Show", 1, 1))
    assert all(holds(world))
    filler.unlink()
    assert {path: (small_library / path).read_bytes() for path in world.tree()} == before
    world.wait()
    assert world.videos() == {
        f"{SEASON}/Show - S01E01.mkv": "2.mkv",
        f"{SEASON}/Show - S01E02.mkv": "1.mkv",
    }
    world.database.close()


def test_a_folder_that_vanished_is_a_hold_until_it_is_back(world: ViewerWorld) -> None:
    for number in (1, 2):
        world.file_away(number, "Show", 1, number)
    (world.library / "Show").rename(world.library.parent / "taken away")
    world.resync((1, "Shou", 1, 1), (2, "Shou", 1, 2))
    assert holds(world) == ["source_missing"] * 2
    assert world.tree() == []
    (world.library.parent / "taken away").rename(world.library / "Show")
    world.wait()
    assert world.videos() == {
        "Shou/Season 01/Shou - S01E01.mkv": "1.mkv",
        "Shou/Season 01/Shou - S01E02.mkv": "2.mkv",
    }
    assert not (world.library / "Show").exists()


def test_a_library_that_is_unplugged_is_no_hold_of_any_file(world: ViewerWorld) -> None:
    world.file_away(1, "Show", 1, 1)
    receive(world.viewer, [world.resync_request(1, "Shou", 1, 1)])
    away = world.library.with_name("unplugged")
    world.library.rename(away)
    with pytest.raises(Unavailable):
        world.settle()
    assert not os.path.lexists(world.library)
    assert holds(world) == [None]
    away.rename(world.library)
    world.settle()
    assert list(world.videos()) == ["Shou/Season 01/Shou - S01E01.mkv"]
