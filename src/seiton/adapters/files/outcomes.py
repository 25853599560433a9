"""What the file system may answer instead of doing it: one exception per outcome that callers tell apart.

Each keeps the ``errno`` of the kernel and the ``path`` (bytes) that it is about, so that a hold or a
journal row can be made from it. None of them is raised after a file was lost or overwritten.
"""

from __future__ import annotations

import errno as codes
import os

from seiton.errors import SeitonError, Unavailable
from seiton.text import _


def shown(path: bytes) -> str:
    """Return ``path`` for people: UTF-8, and ``\\xNN`` for the bytes that are not."""
    return path.decode("utf-8", "backslashreplace")


class FileOutcome(SeitonError):
    """A file operation did not happen; ``errno`` and ``path`` say why and where."""

    code = "filesystem_error"

    def __init__(self, errno: int, path: bytes) -> None:
        self.errno = errno
        self.path = path
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """Say in the user's language what is the case."""
        return _("{path}: {error}", path=shown(self.path), error=os.strerror(self.errno))


class FilesystemError(FileOutcome):
    """The file system refused for a reason that has no name of its own here (I/O error, stale handle, …)."""


class TargetTaken(FileOutcome):
    """Something lies at the target already. It was left alone."""

    code = "target_taken"

    def sentence(self) -> str:
        return _("{path} exists already and was left alone.", path=shown(self.path))


class SourceGone(FileOutcome):
    """There is nothing at the source."""

    code = "source_missing"

    def sentence(self) -> str:
        return _("{path} is not there any more.", path=shown(self.path))


class SourceChanged(FileOutcome):
    """The source was written to, or replaced, while it was read."""

    code = "source_changed"

    def sentence(self) -> str:
        return _("{path} changed while it was being read.", path=shown(self.path))


class NotOurs(FileOutcome):
    """Another file than the expected one lies there. It was left (or put back) there.

    ``path`` is the place where it lies now; that is the parking name in the one case that the file
    could not be put back, because its name was taken meanwhile or because nothing here can rename
    without overwriting.
    """

    code = "not_ours"

    def sentence(self) -> str:
        return _("{path} is not the file that was recorded.", path=shown(self.path))


class UnsafeFilesystem(FileOutcome):
    """No call here can do it without the danger of overwriting or losing a file."""

    code = "filesystem_unsafe"

    def sentence(self) -> str:
        return _(
            "{path}: this file system cannot move it without the danger of a loss.", path=shown(self.path)
        )


class CannotLink(FileOutcome):
    """Neither link nor reflink is possible, and copying is not allowed; ``bytes_needed`` is what it costs."""

    code = "no_link"

    def __init__(self, errno: int, path: bytes, *, bytes_needed: int) -> None:
        self.bytes_needed = bytes_needed
        super().__init__(errno, path)

    def sentence(self) -> str:
        return _(
            "{path} cannot be linked into the library; a copy would take {bytes} bytes.",
            path=shown(self.path),
            bytes=self.bytes_needed,
        )


class NoSpace(FileOutcome):
    """It would not fit, or not leave the reserve."""

    code = "no_space"

    def sentence(self) -> str:
        return _("There is not enough free space for {path}.", path=shown(self.path))


class NameTooLong(FileOutcome):
    """The file system does not take names or paths of this length."""

    code = "name_impossible"

    def sentence(self) -> str:
        return _("{path}: the name is too long for the file system.", path=shown(self.path))


class AccessRefused(FileOutcome):
    """Permission is missing, the file system is read-only, or the path leads through a symbolic link."""

    code = "access_refused"

    def sentence(self) -> str:
        return _("{path}: access is refused ({error}).", path=shown(self.path), error=os.strerror(self.errno))


class OutsideRoot(AccessRefused):
    """The path leads out of the root."""

    code = "outside_root"

    def sentence(self) -> str:
        return _("{path} leads out of the library.", path=shown(self.path))


class LibraryAway(Unavailable):
    """The library is not mounted, is another one, or cannot be written to."""

    code = "library_away"


class LibraryBusy(Unavailable):
    """Another process is moving files in this library."""

    code = "library_busy"


_BY_ERRNO: dict[int, type[FileOutcome]] = {
    codes.EEXIST: TargetTaken,
    codes.ENOTEMPTY: TargetTaken,
    codes.ENOENT: SourceGone,
    codes.ENOSPC: NoSpace,
    codes.EDQUOT: NoSpace,
    codes.ENAMETOOLONG: NameTooLong,
    codes.EACCES: AccessRefused,
    codes.EPERM: AccessRefused,
    codes.EROFS: AccessRefused,
    codes.ELOOP: AccessRefused,
}


def outcome(errno: int, path: bytes) -> FileOutcome:
    """Return the outcome that ``errno`` stands for, to be raised."""
    kind = _BY_ERRNO.get(errno, FilesystemError)
    return kind(errno, path)


def outcome_of(error: OSError, path: bytes) -> FileOutcome:
    """Return the outcome that an ``OSError`` stands for, to be raised ``from`` it."""
    return outcome(error.errno or codes.EIO, path)
