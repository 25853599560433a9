"""Names of Seiton's own beside the files, and the two exclusive motions that everything else is made of.

``.seiton-tmp-<step>`` is disposable. ``.seiton-park-<step>`` and ``.seiton-retire-<step>`` may be the only
copy of something: they are never swept, only resolved by the call that made them, called again.

Where ``renameat2(RENAME_NOREPLACE)`` is refused, the park or retire name is a *folder* made exclusively for
this purpose, with the file in it: a plain rename into a folder that is new and empty overwrites nothing.
"""

from __future__ import annotations

import errno
import os
import stat

from seiton.adapters.files.identity import look_closely
from seiton.adapters.files.outcomes import (
    FilesystemError,
    SourceGone,
    TargetTaken,
    UnsafeFilesystem,
    outcome,
    outcome_of,
)
from seiton.adapters.files.syscalls import FLAG_REFUSED, NOREPLACE, rename_flagged
from seiton.adapters.files.ways import Ways

LINK_REFUSED = frozenset({errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""Answers to link(2) that mean "not between these two places", rather than that something is wrong."""

_INNER = b"file"
_SLASH = ord("/")


def folder_of(path: bytes) -> bytes:
    """Return the folder that ``path`` lies in: ``os.path.dirname``, shorter for what has one slash there."""
    folder = path.rpartition(b"/")[0]
    return folder if folder and folder[-1] != _SLASH else os.path.dirname(path)


def temp_path(folder: bytes, step: str) -> bytes:
    """Return the disposable name of ``step`` in ``folder``."""
    return _own(folder, b".seiton-tmp-", step)


def park_path(path: bytes, step: str) -> bytes:
    """Return the parking name of ``step`` beside ``path``."""
    return _own(folder_of(path), b".seiton-park-", step)


def retire_path(path: bytes, step: str) -> bytes:
    """Return the name under which ``step`` looks at ``path`` for the last time, beside it."""
    return _own(folder_of(path), b".seiton-retire-", step)


def _own(folder: bytes, prefix: bytes, step: str) -> bytes:
    if not step or "/" in step or "\0" in step:
        raise ValueError(f"not a step: {step!r}")
    return b"%s/%s%s" % (folder, prefix, step.encode())


def set_aside_at(aside: bytes) -> bytes | None:
    """Return where the file lies that an earlier call set aside under ``aside``; None if there is none."""
    seen = look_closely(aside)
    if seen is None:
        return None
    if not stat.S_ISDIR(seen.mode):
        return aside
    inner = b"%s/%s" % (aside, _INNER)
    return inner if look_closely(inner) is not None else None


def set_aside(path: bytes, aside: bytes, ways: Ways) -> bytes:
    """Rename the file ``path`` to the own name ``aside`` without overwriting; return where it lies now.

    Raises SourceGone, TargetTaken (an earlier call left something there) or another ``FileOutcome``.
    """
    if ways.no_replace:
        error = rename_flagged(path, aside, NOREPLACE)
        if error == errno.EEXIST:
            _clear(aside)
            error = rename_flagged(path, aside, NOREPLACE)
        if error == 0:
            return aside
        if error not in FLAG_REFUSED:
            raise outcome(error, aside if error == errno.EEXIST else path)
    _clear(aside)
    inner = b"%s/%s" % (aside, _INNER)
    try:
        os.mkdir(aside, 0o700)
        os.rename(path, inner)
    except OSError as error:
        tidy(aside)
        raise outcome_of(error, path) from error
    return inner


def _clear(aside: bytes) -> None:
    """Remove the empty folder that a crash left under ``aside``: only one made now is sure to be empty."""
    try:
        os.rmdir(aside)
    except FileNotFoundError:
        pass
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise TargetTaken(errno.EEXIST, aside) from error
        raise outcome_of(error, aside) from error


def unlink_own(own: bytes) -> None:
    """Unlink a file under one of Seiton's own names; absent is as good."""
    try:
        os.unlink(own)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise outcome_of(error, own) from error


def tidy(aside: bytes) -> None:
    """Remove the folder of ``set_aside``, if it made one and it is empty."""
    try:
        os.rmdir(aside)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST):
            raise outcome_of(error, aside) from error


def put(own: bytes, target: bytes, ways: Ways) -> None:
    """Rename the file from an own name to ``target`` without overwriting, by renameat2 or link and unlink.

    Raises TargetTaken; UnsafeFilesystem where neither exists (then nothing was done); SourceGone when
    ``own`` is absent; another ``FileOutcome`` otherwise.
    """
    if ways.no_replace:
        error = rename_flagged(own, target, NOREPLACE)
        if error == 0:
            return
        if error not in FLAG_REFUSED:
            _finish_or_raise(error, own, target)
            return
    if not ways.hard_link:
        raise UnsafeFilesystem(errno.EOPNOTSUPP, target)
    try:
        os.link(own, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in LINK_REFUSED:
            raise UnsafeFilesystem(error.errno or errno.EIO, target) from error
        _finish_or_raise(error.errno or errno.EIO, own, target)
        return
    unlink_own(own)


def _finish_or_raise(error: int, own: bytes, target: bytes) -> None:
    """Finish a link that a crash cut off from its unlink: both names are one file then. Else raise."""
    if error == errno.EEXIST and is_one_file(own, target):
        unlink_own(own)
        return
    raise explain(error, own, target)


def is_one_file(path: bytes, other_path: bytes) -> bool:
    """Say whether both are names of one file (not folder): same device, same inode, looked at now."""
    one, other = look_closely(path), look_closely(other_path)
    return (
        one is not None
        and other is not None
        and not stat.S_ISDIR(one.mode)
        and (one.device, one.inode) == (other.device, other.inode)
    )


def explain(error: int, source: bytes, target: bytes) -> Exception:
    """Return the outcome for ``error`` of a call on two paths; ENOENT may be about either."""
    if error in (errno.ENOENT, errno.ENOTDIR):
        if look_closely(source) is None:
            return SourceGone(error, source)
        return FilesystemError(error, folder_of(target))
    return outcome(error, target)


def sync_folder(folder: bytes) -> None:
    """Flush the entries of ``folder`` to the disk."""
    sync_path(folder, os.O_DIRECTORY)


def sync_path(path: bytes, flags: int = os.O_NOFOLLOW | os.O_NONBLOCK) -> None:
    """Flush one file, or a folder with ``O_DIRECTORY``, to the disk."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | flags)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise outcome_of(error, path) from error
