"""Digests: xxh3_128 for media (fast, guards against accidents), blake2b for what Seiton writes."""

from __future__ import annotations

import errno
import hashlib
import os
import stat

import xxhash

from seiton.adapters.files.outcomes import AccessRefused, FilesystemError, outcome_of

CHUNK = 4 << 20
"""Bytes per read of a media file."""


def digest_of(content: bytes) -> str:
    """Return the blake2b digest (32 bytes, hex) by which generated files are recognised."""
    return hashlib.blake2b(content, digest_size=32).hexdigest()


def hash_file(path: bytes) -> str:
    """Return the xxh3_128 (hex) of the whole file at ``path``. Raises a ``FileOutcome``."""
    descriptor = open_regular(path)
    state = xxhash.xxh3_128()
    try:
        while chunk := os.read(descriptor, CHUNK):
            state.update(chunk)
    except OSError as error:
        raise outcome_of(error, path) from error
    finally:
        os.close(descriptor)
    return state.hexdigest()


def open_regular(path: bytes) -> int:
    """Open a regular file for reading and return the descriptor; never follows a link there, never blocks.

    Raises SourceGone, AccessRefused (also for a symbolic link), FilesystemError (a folder, a pipe, …).
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise outcome_of(error, path) from error
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise FilesystemError(errno.EISDIR, path)
    raise AccessRefused(errno.EACCES, path)
