"""Is this the file on record? Stricter than a name, laxer than equal content."""

from __future__ import annotations

from seiton.adapters.files import Identity, Ways


def is_ours(recorded: Identity, found: Identity, ways: Ways) -> bool:
    """Say whether ``found`` is the file on record, as far as the file system of ``ways`` can tell.

    A file edited in place keeps inode and birth, and is still ours: only a changed *object* is not. Where
    files can only be moved by copying them, a copy counts: it has the size and the mtime of its source. So it
    does where the library lies on two file systems, beside the file itself.
    """
    if not (ways.no_replace or ways.hard_link):
        return is_copy(recorded, found)
    return _is_one(recorded, found, ways) or (ways.spans and is_copy(recorded, found))


def _is_one(recorded: Identity, found: Identity, ways: Ways) -> bool:
    if not ways.stable_inode:
        return ways.same(recorded, found)
    if recorded.inode != found.inode:
        return False
    if recorded.birth_ns is not None and found.birth_ns is not None:
        return recorded.birth_ns == found.birth_ns
    return recorded.is_dir or (recorded.size, recorded.mtime_ns) == (found.size, found.mtime_ns)


def is_copy(recorded: Identity, found: Identity) -> bool:
    """Say whether ``found`` may be a copy of the recorded file: Seiton's copies keep size and mtime."""
    return not found.is_dir and (recorded.size, recorded.mtime_ns) == (found.size, found.mtime_ns)
