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

    ``stable_inode`` is False where a file may get another inode number by being renamed, linked or just
    forgotten by the kernel (mergerfs by default, FAT, sshfs): recorded identities are then compared by
    ``same``, without the inode. ``spans``: a library lies on two file systems, with copies between them.
    """

    no_replace: bool = True
    hard_link: bool = True
    exchange: bool = True
    case_insensitive: bool = False
    normalising: bool = False
    stable_inode: bool = True
    spans: bool = False

    def same(self, recorded: Identity, found: Identity) -> bool:
        """Say whether ``found`` is the ``recorded`` file, as far as this file system can tell."""
        return found.same_file(recorded) if self.stable_inode else found.looks_like(recorded)

    def shared_with(self, other: Ways, *, spans: bool) -> Ways:
        """Return what both file systems can do, and what either confuses; ``spans``: they are two."""
        return Ways(
            spans=spans,
            no_replace=self.no_replace and other.no_replace,
            hard_link=self.hard_link and other.hard_link,
            exchange=self.exchange and other.exchange,
            case_insensitive=self.case_insensitive or other.case_insensitive,
            normalising=self.normalising or other.normalising,
            stable_inode=self.stable_inode and other.stable_inode,
        )


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
    first, second, third, cased, composed = (
        b"%s/%s" % (folder, name) for name in (b"1", b"2", b"3", b"probe-Case", "é".encode())
    )
    _write(first, b"1")
    _write(second, b"22")
    _write(cased, b"")
    with contextlib.suppress(OSError):
        _write(composed, b"")
    before = _inode(first)
    # A file system that ignores the flag would overwrite here: it must refuse the taken name as well.
    no_replace = (
        rename_flagged(first, second, NOREPLACE) != 0
        and _size(second) == 2
        and rename_flagged(first, third, NOREPLACE) == 0
    )
    if not no_replace:
        with contextlib.suppress(FileNotFoundError):
            os.rename(first, third)
    renamed = _inode(third)
    exchange = rename_flagged(third, second, EXCHANGE) == 0 and (_size(third), _size(second)) == (2, 1)
    linked_from = _inode(second)
    hard_link = _links(second, first)
    return Ways(
        no_replace=no_replace,
        hard_link=hard_link,
        exchange=exchange,
        case_insensitive=_size(b"%s/PROBE-cASE" % folder) is not None,
        normalising=_size(b"%s/e\xcc\x81" % folder) is not None,
        # Where there are no hard links (FAT, most of FUSE), numbers are made up and given anew after a while.
        stable_inode=hard_link and before == renamed and linked_from == _inode(second) == _inode(first),
    )


def _links(existing: bytes, new: bytes) -> bool:
    """Try a hard link; some network file systems make a copy and say that it is one."""
    try:
        os.link(existing, new)
    except OSError:
        return False
    return os.lstat(new).st_nlink == 2


def _write(path: bytes, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        os.write(descriptor, content)
    finally:
        os.close(descriptor)


def _size(path: bytes) -> int | None:
    found = identify(path)
    return None if found is None else found.size


def _inode(path: bytes) -> int | None:
    found = identify(path)
    return None if found is None else found.inode
