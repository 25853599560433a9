"""The only way in which a media name is ever removed."""

from __future__ import annotations

import errno
import stat

from seiton.adapters.files.exclusive import (
    is_one_file,
    put,
    retire_path,
    set_aside,
    set_aside_at,
    tidy,
    unlink_own,
)
from seiton.adapters.files.hashing import hash_file
from seiton.adapters.files.identity import Identity, identify, look_closely
from seiton.adapters.files.outcomes import FileOutcome, NotOurs, SourceGone, TargetTaken, UnsafeFilesystem
from seiton.adapters.files.ways import EVERY_WAY, Ways


def retire(path: bytes, *, step: str, ours: Identity, survivor: bytes | None, ways: Ways = EVERY_WAY) -> None:
    """Remove the name ``path`` of the file ``ours``, of which ``survivor`` is another name or an equal copy.

    The file is renamed to ``.seiton-retire-<step>`` first and judged *there*, where nobody replaces it: it
    must be ours, and ``survivor`` (None: the user removed the file by name) must lead to the same inode or
    to a file of equal content. Only then it is unlinked; else it is renamed back and NotOurs raised.

    Called again after a crash, it goes on from what it finds; where everything is done, it does nothing.
    It does not make ``survivor`` durable: flush that before. Raises SourceGone when neither the file nor
    the survivor is there, UnsafeFilesystem for a folder, another ``FileOutcome`` when the kernel refuses.
    """
    if ours.is_dir:
        raise UnsafeFilesystem(errno.EISDIR, path)
    aside = retire_path(path, step)
    held = set_aside_at(aside)
    resumed = held is not None
    if held is None:
        here = identify(path)
        if here is None:
            tidy(aside)
            if survivor is not None and identify(survivor) is None:
                raise SourceGone(errno.ENOENT, path)
            return
        if not ways.same(ours, here):
            raise NotOurs(errno.EEXIST, path)
        held = set_aside(path, aside, ways)
    if not _may_go(held, ours, survivor, ways):
        raise put_back(held, aside, path, ways)
    unlink_or_put_back(held, aside, path, ways)
    if resumed and (here := identify(path)) is not None and ways.same(ours, here):
        # It had been on its way back under its old name when the crash came.
        retire(path, step=step, ours=ours, survivor=survivor, ways=ways)


def _may_go(held: bytes, ours: Identity, survivor: bytes | None, ways: Ways) -> bool:
    found = identify(held)
    if found is None or found.is_dir:
        return False
    if survivor is None:
        return ways.same(ours, found)
    # With the same bytes elsewhere nothing can be lost, so a new inode number (mergerfs) does not matter.
    return found.looks_like(ours) and _survives(survivor, held)


def _survives(survivor: bytes, held: bytes) -> bool:
    """Say whether ``survivor`` is another name of ``held``, or has equal content (both are read then)."""
    if is_one_file(held, survivor):
        return True
    one, other = look_closely(held), look_closely(survivor)
    if one is None or other is None or not (stat.S_ISREG(one.mode) and stat.S_ISREG(other.mode)):
        return False
    return one.size == other.size and hash_file(held) == hash_file(survivor)


def unlink_or_put_back(held: bytes, aside: bytes, path: bytes, ways: Ways) -> None:
    """Unlink a file that was set aside; where the kernel refuses that, give it its name back and raise."""
    try:
        unlink_own(held)
    except FileOutcome as error:
        back = put_back(held, aside, path, ways)
        if back.path == held:
            raise back from error
        raise
    if held != aside:
        tidy(aside)


def put_back(held: bytes, aside: bytes, path: bytes, ways: Ways) -> NotOurs:
    """Give a file that was set aside its name back; return what is to be raised, with where it lies now."""
    try:
        put(held, path, ways)
    except (TargetTaken, UnsafeFilesystem) as error:
        return NotOurs(error.errno, held)
    tidy(aside)
    return NotOurs(errno.EEXIST, path)
