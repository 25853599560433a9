"""Copies: written whole under a disposable name, on the disk before anybody can see them."""

from __future__ import annotations

import contextlib
import errno
import os
from dataclasses import dataclass

import xxhash

from seiton.adapters.files.exclusive import explain, put, retire_path, set_aside, temp_path, tidy, unlink_own
from seiton.adapters.files.hashing import CHUNK, open_regular
from seiton.adapters.files.identity import Identity, identify
from seiton.adapters.files.outcomes import (
    CannotLink,
    FilesystemError,
    NoSpace,
    NotOurs,
    SourceChanged,
    SourceGone,
    UnsafeFilesystem,
    outcome_of,
)
from seiton.adapters.files.retiring import put_back
from seiton.adapters.files.syscalls import clone
from seiton.adapters.files.ways import Ways

_CLONE_REFUSED = frozenset(
    {errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOTTY, errno.ENOSYS, errno.EPERM, errno.EBADF}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A finished copy under its disposable name: flushed, not published. ``digest`` is xxh3_128 (hex) of
    what was read, None for a reflink (nothing was read)."""

    temp: bytes
    identity: Identity
    digest: str | None


def stage_copy(
    source: bytes, folder: bytes, *, step: str, reserve_bytes: int, reflink_only: bool = False
) -> Staged:
    """Copy the file ``source`` to ``.seiton-tmp-<step>`` in ``folder``, with its times and permissions.

    ``reserve_bytes`` must stay free (NoSpace before anything is written). With ``reflink_only`` blocks are
    shared, or CannotLink is raised. An older temp of the same step is removed. Raises SourceChanged when
    the source was written to meanwhile; whatever is raised, the temp is gone and the source untouched.
    Extended attributes are not copied. The entry in ``folder`` is not flushed.
    """
    temp = temp_path(folder, step)
    reading = open_regular(source)
    try:
        before = os.fstat(reading)
        if not reflink_only:
            _require_space(folder, before.st_size, reserve_bytes)
        unlink_own(temp)
        try:
            digest = _fill(reading, before, temp, source, reflink_only)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(temp)
            raise
    finally:
        os.close(reading)
    made = identify(temp)
    if made is None:
        raise SourceGone(errno.ENOENT, temp)
    return Staged(temp=temp, identity=made, digest=digest)


def _fill(reading: int, before: os.stat_result, temp: bytes, source: bytes, reflink_only: bool) -> str | None:
    try:
        writing = os.open(
            temp, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, before.st_mode & 0o777
        )
    except OSError as error:
        raise explain(error.errno or errno.EIO, source, temp) from error
    digest: str | None = None
    try:
        if reflink_only:
            _clone(reading, writing, source, before.st_size)
        else:
            digest = pump(reading, writing)
        after = os.fstat(reading)
        written = os.fstat(writing).st_size
        if (after.st_size, after.st_mtime_ns, written) != (
            before.st_size,
            before.st_mtime_ns,
            before.st_size,
        ):
            raise SourceChanged(errno.EAGAIN, source)
        _dress(writing, before)
        os.fsync(writing)
    except OSError as error:
        raise outcome_of(error, temp) from error
    finally:
        os.close(writing)
    return digest


def _clone(reading: int, writing: int, source: bytes, size: int) -> None:
    try:
        clone(reading, writing)
    except OSError as error:
        if error.errno in _CLONE_REFUSED:
            raise CannotLink(error.errno or errno.EXDEV, source, bytes_needed=size) from error
        raise


def pump(reading: int, writing: int) -> str:
    """Copy from one descriptor to the other until the end; return the xxh3_128 (hex) of the bytes."""
    state = xxhash.xxh3_128()
    while chunk := os.read(reading, CHUNK):
        state.update(chunk)
        left = memoryview(chunk)
        while left:
            left = left[os.write(writing, left) :]
    return state.hexdigest()


def _dress(writing: int, like: os.stat_result) -> None:
    """Give a copy the permissions and times of its source, as far as the file system keeps them (FAT)."""
    with contextlib.suppress(OSError):
        os.fchmod(writing, like.st_mode & 0o777)
    with contextlib.suppress(OSError):
        os.utime(writing, ns=(like.st_atime_ns, like.st_mtime_ns))


def _require_space(folder: bytes, size: int, reserve_bytes: int) -> None:
    try:
        room = os.statvfs(folder)
    except OSError as error:
        raise FilesystemError(error.errno or errno.EIO, folder) from error
    if room.f_bavail * room.f_frsize - size < reserve_bytes:
        raise NoSpace(errno.ENOSPC, folder)


def publish(staged_temp: bytes, target: bytes, *, ours: Identity, ways: Ways) -> None:
    """Give a staged file its name, without overwriting. Called again after a crash it does nothing.

    ``ours`` is the identity of the temp. Where a file system has neither a no-replace rename nor hard
    links, the content is written into a new, exclusively created ``target`` (with another inode, and
    visible while it grows). Does not flush the folder. Raises TargetTaken (the temp stays), NotOurs,
    SourceGone or another ``FileOutcome``.
    """
    found = identify(staged_temp)
    if found is None:
        there = identify(target)
        if there is None or not ways.same(ours, there):
            raise SourceGone(errno.ENOENT, staged_temp)
        return
    if not ways.same(ours, found):
        raise NotOurs(errno.EEXIST, staged_temp)
    try:
        put(staged_temp, target, ways)
    except UnsafeFilesystem:
        if found.is_dir or found.is_link:
            raise
        copy_exclusively(staged_temp, target, ways)
        unlink_own(staged_temp)


def copy_exclusively(source: bytes, target: bytes, ways: Ways) -> None:
    """Copy ``source`` into a new file ``target``, flushed. A half-written one is taken away again."""
    reading = open_regular(source)
    try:
        status = os.fstat(reading)
        try:
            writing = os.open(
                target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, status.st_mode & 0o777
            )
        except OSError as error:
            raise explain(error.errno or errno.EIO, source, target) from error
        try:
            pump(reading, writing)
            _dress(writing, status)
            os.fsync(writing)
        except BaseException as error:
            _take_away(target, writing, source, ways)
            if isinstance(error, OSError):
                raise outcome_of(error, target) from error
            raise
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _take_away(target: bytes, writing: int, source: bytes, ways: Ways) -> None:
    """Remove the half-written ``target``, unless another file has taken its name meanwhile."""
    # The own name of the source (a temp) makes one that is free.
    aside = retire_path(target, os.path.basename(source).decode("utf-8", "replace").strip("."))
    held = set_aside(target, aside, ways)
    ours, found = os.fstat(writing), os.lstat(held)
    if (ours.st_dev, ours.st_ino) != (found.st_dev, found.st_ino):
        raise put_back(held, aside, target, ways)
    unlink_own(held)
    tidy(aside)
