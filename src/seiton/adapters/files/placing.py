"""First sync: give a downloaded file its place in the library, keeping the download unless told otherwise."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from enum import StrEnum

from seiton.adapters.files.copying import Staged, publish, stage_copy
from seiton.adapters.files.exclusive import LINK_REFUSED, explain, folder_of, unlink_own
from seiton.adapters.files.identity import Identity, identify, identity_of, look_closely
from seiton.adapters.files.moving import move
from seiton.adapters.files.outcomes import (
    AccessRefused,
    CannotLink,
    FileOutcome,
    FilesystemError,
    SourceChanged,
    SourceGone,
    TargetTaken,
)
from seiton.adapters.files.retiring import retire
from seiton.adapters.files.ways import Ways


class LinkMode(StrEnum):
    """How a file comes into the library."""

    AUTO = "auto"  #: hard link, else reflink, else a copy if that is allowed
    HARDLINK = "hardlink"
    REFLINK = "reflink"
    COPY = "copy"
    MOVE = "move"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """``how`` is hardlink, reflink, copy or move; ``identity`` that of the file in the library; ``digest``
    the xxh3_128 (hex) of its content where it was read, that is for a copy."""

    how: str
    identity: Identity
    digest: str | None


def place(
    source: bytes,
    target: bytes,
    *,
    step: str,
    mode: LinkMode,
    allow_copy: bool,
    reserve_bytes: int,
    ways: Ways,
) -> Placed:
    """Place the regular file ``source`` at the free name ``target``, by real attempts as ``mode`` says.

    ``allow_copy`` matters for AUTO only: without it CannotLink says how many bytes a copy takes. Other modes
    do what they say or raise CannotLink. Only MOVE removes the source. ``ways`` are the library's.
    A copy that has to be journaled before it is seen is made by ``stage_copy`` and ``publish`` instead.
    The folder is not flushed. Raises TargetTaken also when the file was placed there before (compare the
    identities), SourceGone, NoSpace, AccessRefused (for a symbolic link), another ``FileOutcome``.
    """
    seen = look_closely(source)
    if seen is None:
        raise SourceGone(errno.ENOENT, source)
    if stat.S_ISDIR(seen.mode):
        raise FilesystemError(errno.EISDIR, source)
    if not stat.S_ISREG(seen.mode):
        raise AccessRefused(errno.ELOOP, source)
    ours = identity_of(seen)
    if mode is LinkMode.MOVE:
        move(source, target, step=step, ours=ours, ways=ways, reserve_bytes=reserve_bytes)
        return _placed("move", target, None)
    if mode in (LinkMode.AUTO, LinkMode.HARDLINK):
        if ways.hard_link and _link(source, target, step, ours, ways):
            return _placed("hardlink", target, None)
        if mode is LinkMode.HARDLINK:
            raise CannotLink(errno.EXDEV, source, bytes_needed=ours.size)
    if identify(target) is not None:
        # Spares a copy in vain; what appears later is found by ``publish``.
        raise TargetTaken(errno.EEXIST, target)
    folder = folder_of(target)
    if mode is not LinkMode.COPY:
        try:
            staged = stage_copy(source, folder, step=step, reserve_bytes=reserve_bytes, reflink_only=True)
            return _publish("reflink", staged, target, ways)
        except CannotLink:
            if mode is LinkMode.REFLINK or not allow_copy:
                raise
    staged = stage_copy(source, folder, step=step, reserve_bytes=reserve_bytes)
    return _publish("copy", staged, target, ways)


def _link(source: bytes, target: bytes, step: str, ours: Identity, ways: Ways) -> bool:
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError as error:
        if error.errno in LINK_REFUSED:
            return False
        raise explain(error.errno or errno.EIO, source, target) from error
    made = identify(target)
    if made is not None and not made.looks_like(ours):
        # Replaced between the look and the link (by a symbolic link, say): undo the link.
        retire(target, step=step, ours=made, survivor=source, ways=ways)
        raise SourceChanged(errno.EAGAIN, source)
    return True


def _publish(how: str, staged: Staged, target: bytes, ways: Ways) -> Placed:
    try:
        publish(staged.temp, target, ours=staged.identity, ways=ways)
    except FileOutcome:
        unlink_own(staged.temp)
        raise
    return _placed(how, target, staged.digest)


def _placed(how: str, target: bytes, digest: str | None) -> Placed:
    identity = identify(target)
    if identity is None:
        raise SourceGone(errno.ENOENT, target)
    return Placed(how=how, identity=identity, digest=digest)
