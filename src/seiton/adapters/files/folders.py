"""Folders: made below the root only, removed when empty only; and flushing, which is per folder."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Collection, Sequence

from seiton.adapters.files.exclusive import folder_of, sync_folder, sync_path
from seiton.adapters.files.outcomes import AccessRefused, FilesystemError, OutsideRoot, outcome, outcome_of
from seiton.adapters.files.syscalls import sync_filesystem

FEW = 64
"""From so many files and folders on, one flush of the file system is cheaper than one for each."""

_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folders(root: bytes, relative: bytes, *, made: list[bytes] | None = None) -> list[bytes]:
    """Create the folders of ``relative`` that are missing below ``root``; return those made, outermost first.

    They are put into ``made``, where that is given, as they are made: also if it fails further on.

    Paths are relative to ``root``, separated by ``/``. A symbolic link on the way is followed only if it
    leads to a folder below ``root``. Raises OutsideRoot (also for ``..``), AccessRefused (something on the
    way is not a folder), FilesystemError (``root`` is absent) or another ``FileOutcome``.
    """
    parts = relative.split(b"/") if relative else []
    if any(part in (b"", b".", b"..") for part in parts):
        raise OutsideRoot(errno.EACCES, b"%s/%s" % (root, relative))
    made = [] if made is None else made
    try:
        here = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise FilesystemError(error.errno or errno.EIO, root) from error
    try:
        for depth, part in enumerate(parts, 1):
            so_far = b"/".join(parts[:depth])
            below, is_new = _enter(root, here, part, b"%s/%s" % (root, so_far))
            os.close(here)
            here = below
            if is_new:
                made.append(so_far)
    finally:
        os.close(here)
    return made


def _enter(root: bytes, parent: int, name: bytes, path: bytes) -> tuple[int, bool]:
    """Open the folder ``name`` in ``parent``, made if it is absent; return it and whether it is new."""
    is_new = False
    try:
        try:
            return os.open(name, _FOLDER, dir_fd=parent), False
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):
                os.mkdir(name, dir_fd=parent)
                is_new = True
            return os.open(name, _FOLDER, dir_fd=parent), is_new
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP):
            raise outcome_of(error, path) from error
    if not stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        raise AccessRefused(errno.ENOTDIR, path)
    return _enter_through_link(root, path), False


def _enter_through_link(root: bytes, path: bytes) -> int:
    """Open the folder that the symbolic link ``path`` leads to, if it lies below ``root``.

    Its real path is walked again without following anything, so a link that changes meanwhile is refused.
    """
    real_root, real = os.path.realpath(root), os.path.realpath(path)
    if not real.startswith(real_root.rstrip(b"/") + b"/"):
        raise OutsideRoot(errno.EACCES, path)
    here = os.open(real_root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in real[len(real_root.rstrip(b"/")) + 1 :].split(b"/"):
            below = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
    except OSError as error:
        os.close(here)
        raise AccessRefused(error.errno or errno.EIO, path) from error
    return here


def remove_empty_folder(path: bytes) -> bool:
    """Remove the folder ``path`` if it is empty; False when it is not, is absent, or is no folder.

    The kernel decides, so a file that appears in the last instant keeps its folder.
    """
    try:
        os.rmdir(path)
    except OSError as error:
        kept = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EBUSY)
        if error.errno in kept:
            return False
        raise outcome_of(error, path) from error
    return True


def list_names(folder: bytes) -> list[bytes]:
    """Return the names in ``folder`` in no order; ``[]`` when it is absent. Raises a ``FileOutcome``."""
    try:
        return os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise outcome_of(error, folder) from error


def flush(root: bytes, *, files: Sequence[bytes] = (), folders: Collection[bytes] = ()) -> None:
    """Bring ``files`` (contents) and ``folders`` (their entries) onto the disk; when it returns, they are.

    Fewer than ``FEW`` are flushed one by one, more by flushing the file system of ``root`` and any other
    that they lie on. Raises a
    ``FileOutcome`` when anything could not be written or is not there: nothing counts as durable then.
    """
    if len(files) + len(folders) >= FEW:
        _flush_filesystem(root)
        flushed = {_device(root)}
        for folder in {folder_of(file) for file in files}.union(folders):
            if (device := _device(folder)) not in flushed:
                _flush_filesystem(folder)
                flushed.add(device)
        return
    for file in files:
        sync_path(file)
    for folder in folders:
        try:
            sync_folder(folder)
        except FilesystemError as error:
            if error.errno != errno.EINVAL:
                raise
            _flush_filesystem(folder)  # some network and FUSE file systems cannot flush a folder alone


def _device(folder: bytes) -> int:
    try:
        return os.stat(folder).st_dev
    except OSError as error:
        raise outcome_of(error, folder) from error


def _flush_filesystem(folder: bytes) -> None:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise outcome_of(error, folder) from error
    try:
        failed = sync_filesystem(descriptor)
    finally:
        os.close(descriptor)
    if failed:
        raise outcome(failed, folder)
