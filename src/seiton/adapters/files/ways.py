"""What a library root can do, found out by doing it once with disposable files."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass

from seiton.adapters.files.identity import Identity, identify
from seiton.adapters.files.outcomes import outcome_of
from seiton.adapters.files.syscalls import EXCHANGE, NOREPLACE, rename_flagged

OWN_FOLDER = b".seiton"
"""Seiton's own folder in a library root."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What the file system of a root can do.

    ``stable_inode`` is False where a file gets another inode number by being renamed or linked (mergerfs
    with its default ``inodecalc``): recorded identities are then compared by ``same``, without the inode.
    """

    no_replace: bool = True
    hard_link: bool = True
    exchange: bool = True
    case_insensitive: bool = False
    normalising: bool = False
    stable_inode: bool = True

    def same(self, recorded: Identity, found: Identity) -> bool:
        """Say whether ``found`` is the ``recorded`` file, as far as this file system can tell."""
        return found.same_file(recorded) if self.stable_inode else found.looks_like(recorded)


EVERY_WAY = Ways()
"""Try everything; what the file system refuses is then done in the next best way."""


def probe(root: bytes) -> Ways:
    """Find out by real attempts, in a new folder below ``root/.seiton`` that is gone afterwards, what works.

    Raises a ``FileOutcome`` when no file can be made there. It speaks for the file system of
    ``root/.seiton``; what is mounted further below may differ, and the calls cope with that.
    """
    folder = b"%s/%s/probe-%s" % (root, OWN_FOLDER, secrets.token_hex(8).encode())
    try:
        # Not makedirs: where the root is not mounted, nothing may be made in its stead.
        with contextlib.suppress(FileExistsError):
            os.mkdir(b"%s/%s" % (root, OWN_FOLDER))
        os.mkdir(folder)
        try:
            return _attempt(folder)
        finally:
            with contextlib.suppress(OSError):
                for name in os.listdir(folder):
                    os.unlink(b"%s/%s" % (folder, name))
                os.rmdir(folder)
    except OSError as error:
        raise outcome_of(error, folder) from error


def _attempt(folder: bytes) -> Ways:
    first, second, third = (b"%s/%s" % (folder, name) for name in (b"first", b"second", b"third"))
    _write(first, b"1")
    _write(second, b"22")
    before = identify(first)
    # A file system that ignores the flag would overwrite here: it must refuse the taken name as well.
    taken = rename_flagged(first, second, NOREPLACE)
    no_replace = taken != 0 and _size(second) == 2 and rename_flagged(first, third, NOREPLACE) == 0
    lone = third if no_replace else first
    if not no_replace and _size(first) is not None:
        os.rename(first, third)
        lone = third
    after = identify(lone)
    stable = before is not None and after is not None and after.inode == before.inode
    exchange = rename_flagged(lone, second, EXCHANGE) == 0 and _size(lone) == 2 and _size(second) == 1
    links, stable_when_linked = _links(second, first)
    cased = b"%s/probe-Case" % folder
    _write(cased, b"")
    composed = "é".encode()
    with contextlib.suppress(OSError):
        _write(b"%s/%s" % (folder, composed), b"")
    return Ways(
        no_replace=no_replace,
        hard_link=links,
        exchange=exchange,
        case_insensitive=identify(b"%s/PROBE-cASE" % folder) is not None,
        normalising=identify(b"%s/%s" % (folder, b"e\xcc\x81")) is not None,
        stable_inode=stable and stable_when_linked,
    )


def _links(existing: bytes, new: bytes) -> tuple[bool, bool]:
    """Try a hard link; return whether it is one, and whether the inode number survived it."""
    before = identify(existing)
    try:
        os.link(existing, new)
    except OSError:
        return False, True
    one, other = identify(existing), identify(new)
    if before is None or one is None or other is None:
        return False, True
    return one.inode == other.inode, one.inode == before.inode


def _write(path: bytes, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def _size(path: bytes) -> int | None:
    found = identify(path)
    return None if found is None else found.size
