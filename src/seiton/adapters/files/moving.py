"""Move a file or folder within a library to a free name."""

from __future__ import annotations

import errno
import os
import unicodedata

from seiton.adapters.files.copying import publish, stage_copy
from seiton.adapters.files.exclusive import (
    LINK_REFUSED,
    explain,
    folder_of,
    park_path,
    put,
    set_aside,
    set_aside_at,
    sync_folder,
    temp_path,
    tidy,
    unlink_own,
)
from seiton.adapters.files.identity import Identity, identify
from seiton.adapters.files.outcomes import (
    CannotLink,
    FileOutcome,
    NotOurs,
    SourceGone,
    TargetTaken,
    UnsafeFilesystem,
)
from seiton.adapters.files.retiring import put_back, retire
from seiton.adapters.files.syscalls import FLAG_REFUSED, NOREPLACE, rename_flagged
from seiton.adapters.files.ways import Ways


def is_respelling(source: bytes, target: bytes) -> bool:
    """Say whether two different paths differ in the case or Unicode normalisation of their last name only.

    Where a file system does not tell such names apart, "source is ours, target is ours" is *one* entry:
    then it is to be moved, not to be finished by ``retire``.
    """
    return source != target and folder_of(source) == folder_of(target) and _key(source) == _key(target)


def _key(path: bytes) -> str:
    name = os.path.basename(path).decode("utf-8", "surrogateescape")
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def move(
    source: bytes, target: bytes, *, step: str, ours: Identity, ways: Ways, reserve_bytes: int = 0
) -> None:
    """Move ``source`` to the free name ``target`` in an existing folder; never overwrites, by kernel call.

    The caller has just looked: ``ours`` lies at ``source``. This is one ``renameat2(RENAME_NOREPLACE)``;
    where that is refused: link, flush the folder, ``retire`` the source; where links are refused too (or
    the library spans file systems): copy, flush, publish, ``retire``. Folders are only ever renamed.

    Called again after a crash it finishes a respelling that lay parked; a move by link or copy that was
    cut in half shows as "ours at both" and is finished by ``retire(source, survivor=target)``.
    Nothing is flushed on the fast way: see ``flush``.

    Raises TargetTaken, SourceGone, NotOurs, UnsafeFilesystem, NoSpace or another ``FileOutcome``; the file
    lies at ``source`` then, except as ``NotOurs`` says. ``reserve_bytes`` stay free if it takes a copy.
    """
    if ways.no_replace:
        error = rename_flagged(source, target, NOREPLACE)
        if error == 0:
            return
        if error not in FLAG_REFUSED and error != errno.EXDEV:
            _refused(error, source, target, step, ours, ways)
            return
    else:
        error = errno.EINVAL
    if is_respelling(source, target) and (ours.is_dir or _resume_or_same(source, target, step, ways)):
        _respell(source, target, step, ours, ways)
    elif ours.is_dir:
        raise UnsafeFilesystem(error, source)
    elif not (ways.hard_link and error != errno.EXDEV and _by_link(source, target, step, ours, ways)):
        _by_copy(source, target, step, ours, ways, reserve_bytes)


def _refused(error: int, source: bytes, target: bytes, step: str, ours: Identity, ways: Ways) -> None:
    """Deal with a no from a kernel that knows the call: respell through a parking name, or raise."""
    concerns_names = error in (errno.EEXIST, errno.ENOENT)
    if concerns_names and is_respelling(source, target) and _resume_or_same(source, target, step, ways):
        _respell(source, target, step, ours, ways)
        return
    raise explain(error, source, target)


def _resume_or_same(source: bytes, target: bytes, step: str, ways: Ways) -> bool:
    """Say whether both names lead to one file now, or a file of this step lies parked."""
    if set_aside_at(park_path(source, step)) is not None:
        return True
    one, other = identify(source), identify(target)
    return one is not None and other is not None and ways.same(one, other)


def _respell(source: bytes, target: bytes, step: str, ours: Identity, ways: Ways) -> None:
    park = park_path(source, step)
    if ours.is_dir:
        # A folder can only be renamed itself, so what lies at the parking name is it.
        held = park if identify(park) is not None else None
        if held is None and not ways.no_replace:
            raise UnsafeFilesystem(errno.EINVAL, source)
    else:
        held = set_aside_at(park)
        if held is None and not (ways.no_replace or ways.hard_link):
            raise UnsafeFilesystem(errno.EINVAL, source)
    if held is None:
        held = set_aside(source, park, ways)
    found = identify(held)
    if found is None or not ways.same(ours, found):
        raise put_back(held, park, source, ways)
    try:
        put(held, target, ways)
    except FileOutcome as error:
        back = put_back(held, park, source, ways)
        if back.path == held:
            raise back from error
        raise
    tidy(park)


def _by_link(source: bytes, target: bytes, step: str, ours: Identity, ways: Ways) -> bool:
    """Give the file its second name, then take the first away; False where links are refused."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in LINK_REFUSED:
            return False
        raise explain(error.errno or errno.EIO, source, target) from error
    one, other = identify(source), identify(target)
    if other is None:
        raise SourceGone(errno.ENOENT, target)
    if one is None or not ways.same(one, other) or not other.looks_like(ours):
        # The source was replaced in between: what got a second name is not ours.
        retire(target, step=step, ours=other, survivor=source, ways=ways)
        raise NotOurs(errno.EEXIST, source)
    sync_folder(folder_of(target))
    # ``one`` and not ``ours``: mergerfs numbers a file anew when it has several names.
    retire(source, step=step, ours=one, survivor=target, ways=ways)
    return True


def _by_copy(source: bytes, target: bytes, step: str, ours: Identity, ways: Ways, reserve_bytes: int) -> None:
    """Copy to the new name, flush, then take the old name away (``retire`` compares the contents)."""
    found = identify(source)
    if found is None:
        raise SourceGone(errno.ENOENT, source)
    if not ways.same(ours, found):
        raise NotOurs(errno.EEXIST, source)
    if found.is_link:
        raise UnsafeFilesystem(errno.ELOOP, source)
    if identify(target) is not None:
        # Spares a copy in vain; what appears later is found by ``publish``.
        raise TargetTaken(errno.EEXIST, target)
    folder = folder_of(target)
    try:
        staged = stage_copy(source, folder, step=step, reserve_bytes=0, reflink_only=True)
    except CannotLink:
        staged = stage_copy(source, folder, step=step, reserve_bytes=reserve_bytes)
    try:
        publish(staged.temp, target, ours=staged.identity, ways=ways)
    except FileOutcome:
        unlink_own(temp_path(folder, step))
        raise
    sync_folder(folder)
    retire(source, step=step, ours=ours, survivor=target, ways=ways)
