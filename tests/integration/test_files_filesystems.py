"""The same battery on real file systems of every kind that this machine can make and mount."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from seiton.adapters.files import (
    AccessRefused,
    CannotLink,
    FilesystemError,
    LibraryRoot,
    LinkMode,
    NotOurs,
    TargetTaken,
    UnsafeFilesystem,
    Ways,
    digest_of,
    flush,
    identify,
    list_names,
    make_folders,
    move,
    place,
    probe,
    replace_generated,
    retire,
    retire_generated,
    write_new,
)

Mount = Callable[[Path, ExitStack], Path]


def run(*command: str | Path) -> str:
    """Run a tool, or skip with its own words: it may be absent, or mounting not be permitted."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"{command[0]}: {(done.stderr or done.stdout).strip().partition(chr(10))[0]}")
    return done.stdout.strip()


def unmount(point: Path) -> None:
    subprocess.run(["umount", str(point)], check=True)


def image(tmp: Path, stack: ExitStack, megabytes: int, *mkfs: str) -> Path:
    """Make a file system in a file and return a loop device on it."""
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    file = tmp / "image"
    with file.open("wb") as stream:
        stream.truncate(megabytes << 20)
    run(*mkfs, file)
    device = run("losetup", "--find", "--show", file)
    stack.callback(subprocess.run, ["losetup", "--detach", device], check=True)
    return Path(device)


def mounted(tmp: Path, stack: ExitStack, *command: str | Path) -> Path:
    if os.geteuid() != 0:
        pytest.skip("mounting needs root")
    point = tmp / "mnt"
    point.mkdir()
    run(*command, point)
    stack.callback(unmount, point)
    return point


def layered(tmp: Path, stack: ExitStack, *command: str) -> Path:
    (tmp / "below").mkdir()
    return mounted(tmp, stack, *command, tmp / "below")


def ntfs_ignoring_case(tmp: Path, stack: ExitStack) -> Path:
    device = image(tmp, stack, 64, "mkntfs", "-q", "-F")
    return mounted(tmp, stack, "lowntfs-3g", "-o", "ignore_case", device)


def exfat_by_fuse(tmp: Path, stack: ExitStack) -> Path:
    return mounted(tmp, stack, "mount.exfat-fuse", image(tmp, stack, 64, "mkfs.exfat"))


KINDS: dict[str, Mount] = {
    "plain": lambda tmp, _stack: tmp,
    "tmpfs": lambda tmp, stack: mounted(tmp, stack, "mount", "-t", "tmpfs", "none"),
    "ext4": lambda tmp, stack: mounted(tmp, stack, "mount", image(tmp, stack, 64, "mkfs.ext4", "-q")),
    "btrfs": lambda tmp, stack: mounted(tmp, stack, "mount", image(tmp, stack, 200, "mkfs.btrfs", "-q")),
    "xfs": lambda tmp, stack: mounted(tmp, stack, "mount", image(tmp, stack, 400, "mkfs.xfs", "-q")),
    "vfat": lambda tmp, stack: mounted(tmp, stack, "mount", image(tmp, stack, 64, "mkfs.vfat")),
    "bindfs": lambda tmp, stack: layered(tmp, stack, "bindfs"),
    "mergerfs": lambda tmp, stack: layered(tmp, stack, "mergerfs"),
    "mergerfs use_ino": lambda tmp, stack: layered(tmp, stack, "mergerfs", "-o", "use_ino"),
    "ntfs ignoring case": ntfs_ignoring_case,
    "exfat by FUSE": exfat_by_fuse,
}


@pytest.fixture(params=list(KINDS))
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[bytes]:
    with ExitStack() as stack:
        point = KINDS[request.param](tmp_path, stack)
        folder = point / "library"
        folder.mkdir()
        yield os.fsencode(folder)


def put(path: bytes, content: bytes) -> None:
    Path(os.fsdecode(path)).write_bytes(content)


def read(path: bytes) -> bytes:
    return Path(os.fsdecode(path)).read_bytes()


def test_moves_and_retirements_lose_and_overwrite_nothing(root: bytes) -> None:
    ways = probe(root)
    make_folders(root, b"Show/Season 01")
    season = root + b"/Show/Season 01"
    source, target = season + b"/S01E01.mkv", season + "/第2話 が.mkv".encode()
    put(source, b"one" * 100_000)
    put(target, b"two")
    ours = identify(source)
    assert ours is not None
    with pytest.raises(TargetTaken):
        move(source, target, step="s1", ours=ours, ways=ways)
    assert (read(source), read(target)) == (b"one" * 100_000, b"two")
    os.unlink(target)
    move(source, target, step="s1", ours=ours, ways=ways)
    assert list_names(season) == [os.path.basename(target)]
    assert read(target) == b"one" * 100_000
    flush(root, files=[target], folders=[season])
    flush(root, files=[target] * 70, folders=[season])
    ours = identify(target)
    assert ours is not None
    with pytest.raises(NotOurs):
        retire(target, step="s2", ours=ours, survivor=season + b"/absent.mkv", ways=ways)
    if ways.no_replace or ways.hard_link:
        assert list_names(season) == [os.path.basename(target)]
        retire(target, step="s3", ours=ours, survivor=None, ways=ways)
        assert list_names(season) == []
    else:
        # It could not be put back without the danger of overwriting: it lies, whole, where the error says.
        assert [read(season + b"/" + name + b"/file") for name in list_names(season)] == [b"one" * 100_000]


def test_a_half_done_link_move_is_finished_after_the_crash(root: bytes) -> None:
    ways = probe(root)
    if not ways.hard_link:
        pytest.skip("no hard links here")
    source, target = root + b"/1.mkv", root + b"/2.mkv"
    put(source, b"one")
    ours = identify(source)
    assert ours is not None
    os.link(source, target)
    retire(source, step="s1", ours=ours, survivor=target, ways=ways)
    assert (list_names(root + b"/absent"), read(target), identify(source)) == ([], b"one", None)


def test_a_change_of_case_alone_arrives(root: bytes) -> None:
    ways = probe(root)
    source, target = root + b"/show.mkv", root + b"/Show.mkv"
    put(source, b"one")
    ours = identify(source)
    assert ours is not None
    try:
        move(source, target, step="s1", ours=ours, ways=ways)
    except UnsafeFilesystem:
        assert not (ways.no_replace or ways.hard_link)
        target = source
    (name,) = [name for name in list_names(root) if name != b".seiton"]
    # lowntfs-3g shows every name in lower case, whatever it was given.
    assert name == os.path.basename(target) or (ways.case_insensitive and name == b"show.mkv")
    assert read(target) == b"one"


def test_a_change_of_case_of_a_folder_arrives_or_is_refused(root: bytes) -> None:
    ways = probe(root)
    source, target = root + b"/a.trickplay", root + b"/A.trickplay"
    os.mkdir(source)
    put(source + b"/0.jpg", b"tiles")
    ours = identify(source)
    assert ours is not None
    try:
        move(source, target, step="s1", ours=ours, ways=ways)
    except UnsafeFilesystem:
        assert not ways.no_replace
        target = source
    assert [name for name in list_names(root) if name != b".seiton"] == [os.path.basename(target)]
    assert read(target + b"/0.jpg") == b"tiles"


def test_downloads_are_placed_by_the_best_way_there_is(root: bytes) -> None:
    ways = probe(root)
    source = root + b"/download.mkv"
    put(source, b"episode" * 100_000)

    def try_mode(mode: LinkMode, name: bytes, allow_copy: bool) -> str:
        placed = place(
            source, root + name, step="s1", mode=mode, allow_copy=allow_copy, reserve_bytes=0, ways=ways
        )
        assert read(root + name) == b"episode" * 100_000
        assert placed.identity == identify(root + name)
        return placed.how

    if ways.hard_link:
        assert try_mode(LinkMode.AUTO, b"/auto.mkv", allow_copy=False) == "hardlink"
    else:
        with pytest.raises(CannotLink):
            try_mode(LinkMode.AUTO, b"/auto.mkv", allow_copy=False)
        assert try_mode(LinkMode.AUTO, b"/auto.mkv", allow_copy=True) == "copy"
    try:
        assert try_mode(LinkMode.REFLINK, b"/reflink.mkv", allow_copy=False) == "reflink"
    except CannotLink:
        assert identify(root + b"/reflink.mkv") is None
    assert try_mode(LinkMode.COPY, b"/copy.mkv", allow_copy=False) == "copy"
    assert read(source) == b"episode" * 100_000
    assert try_mode(LinkMode.MOVE, b"/move.mkv", allow_copy=False) == "move"
    assert identify(source) is None
    assert not [name for name in list_names(root) if name.startswith(b".seiton-")]


def test_nfos_are_written_replaced_and_removed(root: bytes) -> None:
    ways = probe(root)
    nfo = root + b"/e.nfo"
    write_new(nfo, b"old", step="s1", ways=ways)
    with pytest.raises(TargetTaken):
        write_new(nfo, b"new", step="s1", ways=ways)
    assert replace_generated(nfo, b"new", step="s1", before_digest=digest_of(b"old"), ways=ways)
    assert not replace_generated(nfo, b"newer", step="s1", before_digest=digest_of(b"old"), ways=ways)
    assert read(nfo) == b"new"
    assert not retire_generated(nfo, step="s1", digest=digest_of(b"old"), ways=ways)
    assert retire_generated(nfo, step="s1", digest=digest_of(b"new"), ways=ways)
    assert [name for name in list_names(root) if name != b".seiton"] == []


def test_a_library_lives_there(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    with library.acting(timeout_s=1):
        library.check()
    assert LibraryRoot.open(root, expected_id=library.library_id, create=False).ways == library.ways
    assert not [name for name in list_names(root + b"/.seiton") if name.startswith((b".", b"probe"))]


def test_on_btrfs_and_xfs_a_reflink_takes_no_space_of_its_own(tmp_path: Path) -> None:
    with ExitStack() as stack:
        root = os.fsencode(KINDS["btrfs"](tmp_path, stack))
        put(root + b"/a.mkv", b"x" * 5_000_000)
        placed = place(
            root + b"/a.mkv",
            root + b"/b.mkv",
            step="s1",
            mode=LinkMode.REFLINK,
            allow_copy=False,
            reserve_bytes=0,
            ways=Ways(),
        )
        assert placed.how == "reflink"
        assert placed.digest is None
        assert read(root + b"/b.mkv") == b"x" * 5_000_000


def test_a_move_between_btrfs_subvolumes_arrives(tmp_path: Path) -> None:
    with ExitStack() as stack:
        root = os.fsencode(KINDS["btrfs"](tmp_path, stack))
        for name in (b"/one", b"/two"):
            run("btrfs", "subvolume", "create", os.fsdecode(root + name))
        put(root + b"/one/a.mkv", b"x" * 5_000_000)
        ours = identify(root + b"/one/a.mkv")
        assert ours is not None
        move(root + b"/one/a.mkv", root + b"/two/a.mkv", step="s1", ours=ours, ways=probe(root))
        assert read(root + b"/two/a.mkv") == b"x" * 5_000_000
        assert list_names(root + b"/one") == []


def test_a_read_only_mount_refuses_everything_and_loses_nothing(tmp_path: Path) -> None:
    with ExitStack() as stack:
        below = tmp_path / "below"
        below.mkdir()
        (below / "a.mkv").write_bytes(b"one")
        (below / "a.nfo").write_bytes(b"old")
        point = mounted(tmp_path, stack, "mount", "--bind", below)
        run("mount", "-o", "remount,ro,bind", point)
        root = os.fsencode(point)
        ours = identify(root + b"/a.mkv")
        assert ours is not None
        for ways in (Ways(), Ways(no_replace=False), Ways(no_replace=False, hard_link=False)):
            with pytest.raises(AccessRefused):
                move(root + b"/a.mkv", root + b"/b.mkv", step="s1", ours=ours, ways=ways)
            with pytest.raises(AccessRefused):
                retire(root + b"/a.mkv", step="s1", ours=ours, survivor=None, ways=ways)
            with pytest.raises(AccessRefused):
                retire_generated(root + b"/a.nfo", step="s1", digest=digest_of(b"old"), ways=ways)
            with pytest.raises(AccessRefused):
                write_new(root + b"/b.nfo", b"new", step="s1", ways=ways)
            with pytest.raises(AccessRefused):
                replace_generated(
                    root + b"/a.nfo", b"new", step="s1", before_digest=digest_of(b"old"), ways=ways
                )
        for act in (lambda: make_folders(root, b"Show"), lambda: probe(root)):
            with pytest.raises((AccessRefused, FilesystemError)):
                act()
        assert sorted(os.listdir(below)) == ["a.mkv", "a.nfo"]
        assert (below / "a.mkv").read_bytes() == b"one"
