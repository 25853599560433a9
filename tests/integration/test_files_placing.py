"""First sync: link, reflink, copy or move into the library; the download is kept and nothing overwritten."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import xxhash

from seiton.adapters.files import (
    AccessRefused,
    CannotLink,
    FilesystemError,
    LinkMode,
    NoSpace,
    NotOurs,
    Placed,
    SourceGone,
    TargetTaken,
    Ways,
    identify,
    move,
    place,
    publish,
    stage,
    stage_copy,
    temp_path,
)

EVERY_COMBINATION = [
    Ways(no_replace=no_replace, hard_link=hard_link)
    for no_replace, hard_link in product((True, False), repeat=2)
]
CONTENT = bytes(range(256)) * 40_000  # 10 MB: several reads


@pytest.fixture
def library(tmp_path: Path) -> bytes:
    (tmp_path / "library").mkdir()
    return os.fsencode(tmp_path / "library")


@pytest.fixture
def download(tmp_path: Path) -> bytes:
    (tmp_path / "downloads").mkdir()
    path = tmp_path / "downloads" / "release.mkv"
    path.write_bytes(CONTENT)
    return os.fsencode(path)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[bytes]:
    """A folder on another file system than ``tmp_path``."""
    shm = Path("/dev/shm")
    if not shm.is_dir() or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("/dev/shm is not there as a second file system")
    folder = tempfile.mkdtemp(dir=shm)
    yield os.fsencode(folder)
    shutil.rmtree(folder)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[bytes]:
    """A file system with 1 MiB of room."""
    point = tmp_path / "small"
    point.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(point)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small tmpfs is not permitted here")
    yield os.fsencode(point)
    subprocess.run(["umount", str(point)], check=True)


def put(
    source: bytes,
    target: bytes,
    mode: LinkMode = LinkMode.AUTO,
    allow_copy: bool = False,
    ways: Ways = Ways(),
    reserve_bytes: int = 0,
) -> Placed:
    return place(
        source, target, step="s1", mode=mode, allow_copy=allow_copy, reserve_bytes=reserve_bytes, ways=ways
    )


def read(path: bytes) -> bytes:
    return Path(os.fsdecode(path)).read_bytes()


def test_auto_makes_a_hard_link_where_it_can(download: bytes, library: bytes) -> None:
    placed = put(download, library + b"/e.mkv")
    assert placed.how == "hardlink"
    assert os.path.samefile(download, library + b"/e.mkv")
    assert placed.identity == identify(download)


def test_auto_asks_before_it_copies_and_says_what_it_costs(download: bytes, elsewhere: bytes) -> None:
    with pytest.raises(CannotLink) as refused:
        put(download, elsewhere + b"/e.mkv")
    assert refused.value.bytes_needed == len(CONTENT)
    assert refused.value.errno == errno.EXDEV
    assert os.listdir(elsewhere) == []


def test_an_allowed_copy_is_whole_has_the_same_times_and_a_digest(download: bytes, elsewhere: bytes) -> None:
    os.chmod(download, 0o640)
    placed = put(download, elsewhere + b"/e.mkv", allow_copy=True)
    assert placed.how == "copy"
    assert placed.digest == xxhash.xxh3_128_hexdigest(CONTENT)
    assert read(elsewhere + b"/e.mkv") == CONTENT == read(download)
    original, copy = os.stat(download), os.stat(elsewhere + b"/e.mkv")
    assert (copy.st_mtime_ns, copy.st_mode) == (original.st_mtime_ns, original.st_mode)
    assert placed.identity == identify(elsewhere + b"/e.mkv")
    assert os.listdir(elsewhere) == [b"e.mkv"]


@pytest.mark.parametrize("mode", [LinkMode.HARDLINK, LinkMode.REFLINK])
def test_a_link_mode_never_copies(download: bytes, elsewhere: bytes, mode: LinkMode) -> None:
    with pytest.raises(CannotLink):
        put(download, elsewhere + b"/e.mkv", mode, allow_copy=True)
    assert os.listdir(elsewhere) == []


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
@pytest.mark.parametrize("mode", list(LinkMode))
def test_no_mode_overwrites_a_taken_target(
    download: bytes, library: bytes, mode: LinkMode, ways: Ways
) -> None:
    target = library + b"/e.mkv"
    Path(os.fsdecode(target)).write_bytes(b"foreign")
    with pytest.raises((TargetTaken, CannotLink)):
        put(download, target, mode, allow_copy=True, ways=ways)
    assert read(target) == b"foreign"
    assert read(download) == CONTENT
    assert os.listdir(library) == [b"e.mkv"]


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
@pytest.mark.parametrize("mode", [LinkMode.AUTO, LinkMode.COPY, LinkMode.MOVE])
def test_every_mode_that_may_copy_ends_with_the_whole_file(
    download: bytes, library: bytes, mode: LinkMode, ways: Ways
) -> None:
    placed = put(download, library + b"/e.mkv", mode, allow_copy=True, ways=ways)
    assert os.listdir(library) == [b"e.mkv"]
    assert read(library + b"/e.mkv") == CONTENT
    assert placed.identity == identify(library + b"/e.mkv")
    assert os.path.exists(download) == (mode is not LinkMode.MOVE)


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_a_move_to_another_file_system_takes_the_source_away_last(
    download: bytes, elsewhere: bytes, ways: Ways
) -> None:
    placed = put(download, elsewhere + b"/e.mkv", LinkMode.MOVE, ways=ways)
    assert placed.how == "move"
    assert read(elsewhere + b"/e.mkv") == CONTENT
    assert os.listdir(os.path.dirname(download)) == []
    assert os.listdir(elsewhere) == [b"e.mkv"]


def test_a_move_across_file_systems_within_a_library_is_a_verified_copy(
    library: bytes, elsewhere: bytes
) -> None:
    source, target = library + b"/e.mkv", elsewhere + b"/e.mkv"
    Path(os.fsdecode(source)).write_bytes(CONTENT)
    ours = identify(source)
    assert ours is not None
    Path(os.fsdecode(target)).write_bytes(b"foreign")
    with pytest.raises(TargetTaken):
        move(source, target, step="s1", ours=ours, ways=Ways())
    os.unlink(target)
    move(source, target, step="s1", ours=ours, ways=Ways())
    assert read(target) == CONTENT
    assert os.listdir(library) == []


def test_symbolic_links_pipes_and_folders_are_not_placed(download: bytes, library: bytes) -> None:
    link, pipe = os.path.dirname(download) + b"/link.mkv", os.path.dirname(download) + b"/pipe.mkv"
    os.symlink(b"/etc/passwd", link)
    os.mkfifo(pipe)
    for mode in LinkMode:
        for odd in (link, pipe):
            with pytest.raises(AccessRefused):
                put(odd, library + b"/e.mkv", mode, allow_copy=True)
        with pytest.raises(FilesystemError):
            put(os.path.dirname(download), library + b"/e.mkv", mode, allow_copy=True)
        with pytest.raises(SourceGone):
            put(download + b".gone", library + b"/e.mkv", mode, allow_copy=True)
    assert os.listdir(library) == []


def test_a_full_disk_leaves_no_debris_and_the_source(download: bytes, small_disk: bytes) -> None:
    for mode in (LinkMode.AUTO, LinkMode.COPY, LinkMode.MOVE):
        with pytest.raises(NoSpace):
            put(download, small_disk + b"/e.mkv", mode, allow_copy=True)
        assert os.listdir(small_disk) == []
        assert read(download) == CONTENT


def test_a_disk_that_fills_up_during_the_copy_leaves_no_debris(tmp_path: Path, small_disk: bytes) -> None:
    # Sparse on purpose: statvfs of tmpfs promises more than is there once the other file grows.
    source = os.fsencode(tmp_path / "source.mkv")
    Path(os.fsdecode(source)).write_bytes(b"x" * 1_000_000)
    Path(os.fsdecode(small_disk + b"/other")).write_bytes(b"y" * 900_000)
    with pytest.raises(NoSpace):
        stage_copy(source, small_disk, step="s1", reserve_bytes=-10_000_000)
    assert os.listdir(small_disk) == [b"other"]
    with pytest.raises(NoSpace):
        ours = identify(source)
        assert ours is not None
        staged = stage_copy(source, os.fsencode(tmp_path), step="s2", reserve_bytes=0)
        publish(
            staged.temp,
            small_disk + b"/e.mkv",
            ours=staged.identity,
            ways=Ways(no_replace=False, hard_link=False),
        )
    assert os.listdir(small_disk) == [b"other"]


def test_the_reserve_stays_free(download: bytes, small_disk: bytes, library: bytes) -> None:
    Path(os.fsdecode(download)).write_bytes(b"x" * 500_000)
    with pytest.raises(NoSpace):
        put(download, small_disk + b"/e.mkv", allow_copy=True, reserve_bytes=600_000)
    with pytest.raises(NoSpace):
        put(download, small_disk + b"/e.mkv", LinkMode.MOVE, reserve_bytes=600_000)
    assert os.listdir(small_disk) == []
    assert put(download, small_disk + b"/e.mkv", allow_copy=True, reserve_bytes=400_000).how == "copy"


def test_an_older_temp_of_the_same_step_is_replaced(download: bytes, library: bytes) -> None:
    Path(os.fsdecode(temp_path(library, "s1"))).write_bytes(b"half a copy")
    staged = stage_copy(download, library, step="s1", reserve_bytes=0)
    assert staged.temp == temp_path(library, "s1")
    assert read(staged.temp) == CONTENT


def test_a_temp_that_is_a_link_is_replaced_and_not_written_through(
    download: bytes, library: bytes, tmp_path: Path
) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    os.symlink(os.fsencode(victim), temp_path(library, "s1"))
    stage_copy(download, library, step="s1", reserve_bytes=0)
    os.unlink(temp_path(library, "s1"))
    os.symlink(os.fsencode(victim), temp_path(library, "s1"))
    stage(library, b"<episodedetails/>", step="s1")
    assert victim.read_bytes() == b"precious"


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_publishing_is_repeatable_and_refuses_a_taken_name(
    download: bytes, library: bytes, ways: Ways
) -> None:
    staged = stage_copy(download, library, step="s1", reserve_bytes=0)
    target = library + b"/e.mkv"
    Path(os.fsdecode(target)).write_bytes(b"foreign")
    with pytest.raises(TargetTaken):
        publish(staged.temp, target, ours=staged.identity, ways=ways)
    assert read(target) == b"foreign"
    os.unlink(target)
    publish(staged.temp, target, ours=staged.identity, ways=ways)
    assert os.listdir(library) == [b"e.mkv"]
    assert read(target) == CONTENT
    if ways != Ways(no_replace=False, hard_link=False):  # else the inode is another: the caller looks again
        publish(staged.temp, target, ours=staged.identity, ways=ways)


def test_publishing_goes_on_after_a_crash_between_link_and_unlink(download: bytes, library: bytes) -> None:
    for ways in (Ways(), Ways(no_replace=False)):
        staged = stage_copy(download, library, step="s1", reserve_bytes=0)
        os.link(staged.temp, library + b"/e.mkv")
        publish(staged.temp, library + b"/e.mkv", ours=staged.identity, ways=ways)
        assert os.listdir(library) == [b"e.mkv"]
        os.unlink(library + b"/e.mkv")


def test_what_was_not_staged_by_this_step_is_not_published(download: bytes, library: bytes) -> None:
    staged = stage_copy(download, library, step="s1", reserve_bytes=0)
    Path(os.fsdecode(staged.temp)).write_bytes(b"tampered")
    with pytest.raises(NotOurs):
        publish(staged.temp, library + b"/e.mkv", ours=staged.identity, ways=Ways())
    os.unlink(staged.temp)
    with pytest.raises(SourceGone):
        publish(staged.temp, library + b"/e.mkv", ours=staged.identity, ways=Ways())
    assert os.listdir(library) == []
