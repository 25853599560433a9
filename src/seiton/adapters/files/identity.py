"""Which file is it? Told by inode, size and times, because names change and contents are large."""

from __future__ import annotations

import ctypes
import errno
import os
import stat
from typing import NamedTuple

from seiton.adapters.files.outcomes import outcome, outcome_of
from seiton.adapters.files.syscalls import Look, look


class Identity(NamedTuple):
    """What tells one file from another within one library. A tuple, as some are made for each file moved.

    ``inode`` is the kernel's number as *signed* 64 bits, so that a database can hold it (mergerfs makes
    numbers beyond 2**63). ``size`` is in bytes, times in nanoseconds. ``birth_ns`` is None where the file
    system keeps no birth time. An inode alone proves nothing: ext4 gives it away again at once.
    """

    inode: int
    size: int
    mtime_ns: int
    birth_ns: int | None
    is_dir: bool = False
    is_link: bool = False

    def same_file(self, other: Identity) -> bool:
        """Say whether both are one file that was not written to in between.

        A folder's size and mtime change with what is in it, so folders are told by inode and birth time,
        by mtime only where no birth time is known.
        """
        return self.inode == other.inode and self.looks_like(other)

    def looks_like(self, other: Identity) -> bool:
        """The same question without the inode, for file systems that renumber when a file is renamed."""
        if self.is_dir != other.is_dir or self.is_link != other.is_link:
            return False
        births_known = self.birth_ns is not None and other.birth_ns is not None
        if births_known and self.birth_ns != other.birth_ns:
            return False
        if self.is_dir and births_known:
            return True
        return self.mtime_ns == other.mtime_ns and (self.is_dir or self.size == other.size)


def identify(path: bytes) -> Identity | None:
    """Return the identity of what lies at ``path``, None if absent.

    A symbolic link is itself, not where it leads. Raises a ``FileOutcome`` when that cannot be said
    (permission, I/O error).
    """
    seen = look_closely(path)
    return None if seen is None else identity_of(seen)


def identity_of(seen: Look) -> Identity:
    """Make the identity from what was seen."""
    kind = stat.S_IFMT(seen.mode)
    is_dir, is_link = kind == stat.S_IFDIR, kind == stat.S_IFLNK
    return Identity(seen.inode, seen.size, seen.mtime_ns, seen.birth_ns, is_dir, is_link)


def look_closely(path: bytes) -> Look | None:
    """Look at ``path``; None if absent. Falls back to lstat (no birth time) where statx is refused."""
    seen = look(path)
    if type(seen) is Look:
        return seen
    if seen in (errno.ENOENT, errno.ENOTDIR):
        return None
    if seen not in (errno.ENOSYS, errno.EPERM):
        raise outcome(seen, path)  # type: ignore[arg-type]
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise outcome_of(error, path) from error
    device = (os.major(status.st_dev), os.minor(status.st_dev))
    inode = ctypes.c_int64(status.st_ino).value
    return Look(status.st_mode, inode, status.st_size, status.st_mtime_ns, None, device)
