"""NFOs and images, which Seiton writes itself: replaced and removed by digest, never by name alone."""

from __future__ import annotations

import contextlib
import errno
import os

from seiton.adapters.files.exclusive import (
    folder_of,
    park_path,
    put,
    retire_path,
    set_aside,
    set_aside_at,
    sync_path,
    temp_path,
    tidy,
    unlink_own,
)
from seiton.adapters.files.hashing import digest_of, open_regular
from seiton.adapters.files.identity import identify
from seiton.adapters.files.outcomes import (
    FileOutcome,
    FilesystemError,
    SourceGone,
    TargetTaken,
    UnsafeFilesystem,
    outcome_of,
)
from seiton.adapters.files.retiring import put_back, unlink_or_put_back
from seiton.adapters.files.syscalls import EXCHANGE, FLAG_REFUSED, NOREPLACE, rename_flagged
from seiton.adapters.files.ways import EVERY_WAY, Ways

GENERATED_SUFFIXES = frozenset({b".nfo", b".jpg", b".jpeg", b".png", b".webp", b".gif", b".svg", b".tbn"})
"""What Seiton may write over or remove by digest. Anything else is media: ValueError."""

_LARGEST = 64 << 20
"""Bytes of the largest generated file; anything larger was not written by Seiton."""


def touch_generated(path: bytes) -> None:
    """Give an NFO or image the present time of change, where it is a regular file; nothing else changes.

    Media servers notice a new content by that alone. Raises a ``FileOutcome``.
    """
    if os.path.splitext(path)[1].lower() not in GENERATED_SUFFIXES:
        raise ValueError(f"{path!r} is no generated file")
    try:
        descriptor = open_regular(path)
    except SourceGone:
        return
    try:
        os.utime(descriptor)
    except OSError as error:
        raise outcome_of(error, path) from error
    finally:
        os.close(descriptor)


def read_small(path: bytes, limit: int = 1 << 20) -> bytes | None:
    """Return the content of a regular file of at most ``limit`` bytes, None if absent.

    Raises FilesystemError (``EFBIG``) for a larger one, AccessRefused for a symbolic link or a pipe.
    """
    try:
        descriptor = open_regular(path)
    except SourceGone:
        return None
    try:
        content = bytearray()
        while chunk := os.read(descriptor, min(1 << 20 if content else 1 << 16, limit + 1 - len(content))):
            content += chunk
            if len(content) > limit:
                raise FilesystemError(errno.EFBIG, path)
        return bytes(content)
    except OSError as error:
        raise outcome_of(error, path) from error
    finally:
        os.close(descriptor)


def stage(folder: bytes, content: bytes, *, step: str) -> bytes:
    """Write ``content`` to ``.seiton-tmp-<step>`` in ``folder`` and return its path.

    An older one is replaced. Not flushed. Put it in place with ``publish``. Raises a ``FileOutcome``; the
    temp is gone then.
    """
    temp = temp_path(folder, step)
    try:
        try:
            _create(temp, content)
        except FileExistsError:
            unlink_own(temp)
            _create(temp, content)
    except FileExistsError as error:
        raise TargetTaken(errno.EEXIST, temp) from error
    except OSError as error:
        unlink_own(temp)
        raise _about_folder(error, temp) from error
    return temp


def write_new(target: bytes, content: bytes, *, step: str, ways: Ways = EVERY_WAY) -> None:
    """Create the generated file ``target``: whole under a temp name, then renamed without overwriting.

    Where exactly these bytes lie already, nothing is written. Not flushed. Raises TargetTaken for any other
    content, or another ``FileOutcome``.
    """
    try:
        there = read_small(target, max(len(content), 1))
    except FileOutcome as error:
        if identify(target) is None:
            raise
        raise TargetTaken(errno.EEXIST, target) from error
    if there is not None:
        if there == content:
            return
        raise TargetTaken(errno.EEXIST, target)
    put_staged(stage(folder_of(target), content, step=step), target, content, ways=ways)


def put_staged(temp: bytes, target: bytes, content: bytes, *, ways: Ways = EVERY_WAY) -> None:
    """Give ``temp``, staged with ``content``, the free name ``target`` without overwriting.

    Was the temp flushed before, the file is whole after a power cut, or not there. Where a file system has
    neither a no-replace rename nor hard links, ``content`` is written into a new, exclusively created
    ``target`` and flushed. The folder is not flushed. Raises TargetTaken or another ``FileOutcome``; the temp
    is gone then, too.
    """
    try:
        put(temp, target, ways)
    except UnsafeFilesystem:
        try:
            _create_exclusively(target, content)
        finally:
            unlink_own(temp)
    except BaseException:
        unlink_own(temp)
        raise


def _create_exclusively(target: bytes, content: bytes) -> None:
    try:
        _create(target, content)
    except OSError as error:
        raise outcome_of(error, target) from error
    sync_path(target)


def _create(path: bytes, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    finally:
        os.close(descriptor)


def _about_folder(error: OSError, temp: bytes) -> Exception:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return FilesystemError(error.errno, folder_of(temp))
    return outcome_of(error, temp)


def replace_generated(
    target: bytes,
    content: bytes,
    *,
    step: str,
    before_digest: str,
    ways: Ways = EVERY_WAY,
    is_staged: bool = False,
) -> bool:
    """Replace the generated file ``target`` if its content has ``before_digest`` (``digest_of``).

    It is exchanged with a temp, and what came out is judged: had somebody edited it in the last instant, it
    is exchanged back. Where exchanging is refused, it is checked and then renamed over (an edit within these
    microseconds would be lost there). Returns True when ``content`` lies there now, also when it did before;
    False when another content, or nothing, does. With ``is_staged`` the temp was made by ``stage`` (and
    flushed) before; it is used, or taken away. Not flushed. Raises ValueError for a media name.
    """
    _require_generated(target)
    temp = temp_path(folder_of(target), step)
    now = _digest_at(target)
    wanted = digest_of(content)
    if now == wanted:
        return _finish_exchange(temp, target, {wanted, before_digest}, step)
    if now != before_digest:
        if is_staged and _digest_at(temp) == wanted:
            unlink_own(temp)
        return False
    if not is_staged:
        stage(folder_of(target), content, step=step)
    error = rename_flagged(temp, target, EXCHANGE) if ways.exchange else errno.EINVAL
    if error in FLAG_REFUSED:
        if _digest_at(target) != before_digest:
            unlink_own(temp)
            return False
        try:
            os.replace(temp, target)
        except OSError as refused:
            unlink_own(temp)
            raise outcome_of(refused, target) from refused
        return True
    if error == errno.ENOENT:
        unlink_own(temp)
        return False
    if error != 0:
        unlink_own(temp)
        raise outcome_of(OSError(error, ""), target)
    return _finish_exchange(temp, target, {before_digest}, step)


def _finish_exchange(temp: bytes, target: bytes, known: set[str], step: str) -> bool:
    """Judge what came out of an exchange (perhaps one before a crash); take it back if it is not known."""
    came_out = _digest_at(temp)
    if came_out is None or came_out in known:
        # It is replaced, also when a disposable file cannot be removed.
        with contextlib.suppress(FileOutcome):
            unlink_own(temp)
        return True
    ours = _digest_at(target)
    error = rename_flagged(temp, target, EXCHANGE)
    if error != 0:
        # It must not stay under a disposable name.
        rename_flagged(temp, park_path(target, step), NOREPLACE)
        raise outcome_of(OSError(error, ""), target)
    if _digest_at(temp) == ours:
        unlink_own(temp)
    else:
        rename_flagged(temp, park_path(target, step), NOREPLACE)
    return False


def retire_generated(
    path: bytes, *, step: str, digest: str, ways: Ways = EVERY_WAY, is_fresh: bool = False
) -> bool:
    """Remove the generated file ``path`` if its content has ``digest`` (``digest_of``).

    It is renamed to ``.seiton-retire-<step>`` and judged there. Returns False, and leaves it (or puts it
    back), when the content is another; False also when nothing lies there. ``is_fresh``: no earlier call of
    this step can have been cut short, so nobody looks for what it left. Raises ValueError for a media name,
    NotOurs in the one case that it could not be put back.
    """
    _require_generated(path)
    aside = retire_path(path, step)
    held = None if is_fresh else set_aside_at(aside)
    if held is None:
        if _digest_at(path) != digest:
            tidy(aside)
            return False
        try:
            held = set_aside(path, aside, ways)
        except SourceGone:
            return False
    if _digest_at(held) == digest:
        unlink_or_put_back(held, aside, path, ways)
        return True
    back = put_back(held, aside, path, ways)
    if back.path == held:
        raise back
    return False


def _digest_at(path: bytes) -> str | None:
    """Return the digest of a generated file; None if absent, ``"-"`` if it is nothing that Seiton writes."""
    try:
        content = read_small(path, _LARGEST)
    except FilesystemError as error:
        if error.errno in (errno.EFBIG, errno.EISDIR):
            return "-"
        raise
    return None if content is None else digest_of(content)


def _require_generated(path: bytes) -> None:
    if os.path.splitext(path)[1].lower() not in GENERATED_SUFFIXES:
        raise ValueError(f"not a generated file: {path!r}")
