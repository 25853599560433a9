"""The four system calls that Python does not offer, through the C library.

Each returns 0 or the ``errno``. ``EINVAL``, ``ENOSYS`` and ``EOPNOTSUPP`` from ``rename_flagged`` mean that
the file system (or the kernel) does not know the flag: see ``FLAG_REFUSED``.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
from struct import Struct
from typing import NamedTuple

NOREPLACE = 1
EXCHANGE = 2
FLAG_REFUSED = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
"""Answers that mean "this kind of rename does not exist here" (renameat2(2))."""

_AT_FDCWD = -100
_AT_SYMLINK_NOFOLLOW = 0x100
_AT_STATX_FORCE_SYNC = 0x2000
_LOOK = _AT_SYMLINK_NOFOLLOW | _AT_STATX_FORCE_SYNC  # FUSE and NFS would answer from a cache
_STATX_BASIC_AND_BIRTH = 0xFFF
_STATX_BTIME = 0x800
_FICLONE = 0x40049409

_libc = ctypes.CDLL(None, use_errno=True)

# musl has them since 1.2.5 and 1.1.24 only; without them every file system counts as one that refuses.
_renameat2 = getattr(_libc, "renameat2", None)
if _renameat2 is not None:
    _renameat2.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint)
    _renameat2.restype = ctypes.c_int
_statx = getattr(_libc, "statx", None)
if _statx is not None:
    _statx.argtypes = (ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)
    _statx.restype = ctypes.c_int
_syncfs = _libc.syncfs
_syncfs.argtypes = (ctypes.c_int,)
_syncfs.restype = ctypes.c_int

_get_errno = ctypes.get_errno
_StatxBuffer = ctypes.c_char * 256
# struct statx: mask, mode, inode, size, birth (s, ns), mtime (s, ns), device (major, minor).
_unpack_statx = Struct("=I24xH2xqq32xqI4x16xqI12xII").unpack_from


class Look(NamedTuple):
    """What one ``statx`` saw. ``inode`` is signed (see ``Identity``), times are nanoseconds."""

    mode: int
    inode: int
    size: int
    mtime_ns: int
    birth_ns: int | None
    device: tuple[int, int]


def rename_flagged(source: bytes, target: bytes, flag: int) -> int:
    """Rename with ``NOREPLACE`` or ``EXCHANGE``; return 0 or the errno. Never renames without the flag."""
    if b"\0" in source or b"\0" in target:
        # The C call would silently stop at the NUL and act on another name.
        raise ValueError("embedded null byte")
    if _renameat2 is None:
        return errno.ENOSYS
    if _renameat2(_AT_FDCWD, source, _AT_FDCWD, target, flag) == 0:
        return 0
    return _get_errno()


def look(path: bytes) -> Look | int:
    """Look at ``path`` without following a symbolic link there; return what is seen, or the errno.

    ``ENOSYS`` and ``EPERM`` (some container filters) mean that there is no statx here.
    """
    if b"\0" in path:
        raise ValueError("embedded null byte")
    if _statx is None:
        return errno.ENOSYS
    buffer = _StatxBuffer()
    if _statx(_AT_FDCWD, path, _LOOK, _STATX_BASIC_AND_BIRTH, buffer) != 0:
        return _get_errno()
    mask, mode, inode, size, birth_s, birth_ns, mtime_s, mtime_ns, major, minor = _unpack_statx(buffer)
    born = birth_s * 1_000_000_000 + birth_ns if mask & _STATX_BTIME else 0
    return Look(mode, inode, size, mtime_s * 1_000_000_000 + mtime_ns, born or None, (major, minor))


def sync_filesystem(descriptor: int) -> int:
    """Flush the whole file system that ``descriptor`` lies on; return 0 or the errno (syncfs(2))."""
    return 0 if _syncfs(descriptor) == 0 else _get_errno()


def clone(source: int, target: int) -> None:
    """Let ``target`` share all blocks of ``source`` (descriptors). Raises OSError where that cannot be."""
    fcntl.ioctl(target, _FICLONE, source)
