"""Where files can share blocks: a file system of this machine, or btrfs in an image, mounted by root."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

SIZE_MB = 400
_FICLONE = 0x40049409


class CannotShare(Exception):
    """There is no such place here; says why."""


@contextmanager
def sharing_place(places: Sequence[Path]) -> Iterator[Path]:
    """Give a new folder in the first of ``places`` where blocks can be shared, else on a btrfs of its own.

    Raises ``CannotShare``.
    """
    for place in places:
        folder = Path(tempfile.mkdtemp(prefix="seiton-crash-", dir=place))
        try:
            if _can_share(folder):
                yield folder
                return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="seiton-crash-") as room, _btrfs(Path(room)) as point:
        yield point


def _can_share(folder: Path) -> bool:
    one, two = folder / "one", folder / "two"
    one.write_bytes(b"x" * 8192)
    with one.open("rb") as source, two.open("wb") as target:
        try:
            fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
        except OSError:
            return False
    return True


@contextmanager
def _btrfs(folder: Path) -> Iterator[Path]:
    image, point = folder / "image", folder / "mnt"
    point.mkdir()
    with image.open("wb") as stream:
        stream.truncate(SIZE_MB << 20)
    _do("mkfs.btrfs", "-q", str(image))
    _do("mount", "-o", "loop", str(image), str(point))
    try:
        yield point
    finally:
        _do("umount", str(point))


def _do(*command: str) -> None:
    if shutil.which(command[0]) is None:
        raise CannotShare(f"no file system here shares blocks, and {command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CannotShare(f"{' '.join(command)}: {(done.stderr or done.stdout).strip()}")
