"""A library root: is it the right one, is it there, may I act now, what can its file system do?"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from seiton.adapters.files.exclusive import put, sync_folder, temp_path, unlink_own
from seiton.adapters.files.folders import make_folders
from seiton.adapters.files.generated import read_small
from seiton.adapters.files.outcomes import (
    FileOutcome,
    FilesystemError,
    LibraryAway,
    LibraryBusy,
    TargetTaken,
    UnsafeFilesystem,
    outcome_of,
    shown,
)
from seiton.adapters.files.ways import EVERY_WAY, OWN_FOLDER, Ways, probe
from seiton.domain.naming import MOVIES, in_movies
from seiton.text import _

_ID, _MOVIES_OF = b"library-id", b"movies-of"
_ID_LIMIT = 64
_RETRY_S = 0.02


def room_in(folder: bytes) -> int | None:
    """Return how many bytes an ordinary user may write into ``folder``; ``None``: it cannot be asked."""
    try:
        room = os.statvfs(folder)
    except OSError:
        return None
    return room.f_bavail * room.f_frsize


class LibraryRoot:
    """An open library. Safe to share between threads; holds no descriptor between calls.

    ``root`` is absolute bytes, ``library_id`` the UUID (text) in ``.seiton/library-id``. ``movies`` is the
    folder for films, if there is one, on whatever disk: paths on record that begin with ``.movies/`` are
    below it.
    """

    __slots__ = ("_lock_path", "_ways", "library_id", "movies", "root")

    def __init__(self, root: bytes, library_id: str, movies: bytes | None = None) -> None:
        self.root = root
        self.library_id = library_id
        self.movies = movies
        self._lock_path = _own(root, b"lock")
        self._ways: Ways | None = None

    @classmethod
    def open(
        cls,
        root: bytes,
        *,
        expected_id: str | None,
        create: bool,
        movies: bytes | None = None,
        create_movies: bool = False,
    ) -> LibraryRoot:
        """Open the library at ``root``, and its folder for films at ``movies``.

        With ``expected_id`` it must be that library. Without, it is the library that lies there, or with
        ``create`` a new one: the folder is made where it is absent and gets an id where it has none. An
        expected library is never created: its disk may only be unplugged. The folder for films is made, and
        marked as that of this library, with ``create_movies`` alone.

        Raises LibraryAway (missing, another, not a folder, not writable); ValueError when ``root`` or
        ``movies`` is not an absolute path.
        """
        root, movies = _absolute(root), None if movies is None else _absolute(movies)
        found = _read_id(root)
        if found is None and create and expected_id is None:
            found = _create(root)
        library = cls(root, _require(root, found, expected_id), movies)
        if movies is not None:
            open_movies(movies, library.library_id, create=create_movies)
        with library._lock_file():
            return library

    def at(self, relative: bytes) -> bytes:
        """Return the absolute path of one on record. Raises LibraryAway for a film that has no folder."""
        return below(self.root, self.movies, relative)

    def make_folders(self, relative: bytes, *, made: list[bytes]) -> None:
        """Do what ``folders.make_folders`` does, below the root or in the folder for films."""
        if self.movies is None or not in_movies(relative):
            make_folders(self.root, relative, made=made)
            return
        before, mine = MOVIES + b"/", list[bytes]()
        try:
            make_folders(self.movies, relative.removeprefix(before), made=mine)
        finally:
            made += [before + folder for folder in mine]

    @property
    def ways(self) -> Ways:
        """What the file system can do: found out at the first use, so that looking on writes nothing.

        Where films lie on another one, what both can.
        """
        if self._ways is None:
            self.check()
            found = self._probed(self.root)
            if self.movies is not None:
                spans = os.stat(self.root).st_dev != os.stat(self.movies).st_dev
                found = found.shared_with(self._probed(self.movies), spans=spans)
            self._ways = found
        return self._ways

    def _probed(self, root: bytes) -> Ways:
        try:
            return probe(root)
        except FileOutcome as error:
            raise _unwritable(root, error) from error

    @property
    def known_ways(self) -> Ways | None:
        """The same as far as it was found out before; asking writes nothing."""
        return self._ways

    def check(self) -> None:
        """Raise LibraryAway unless this library lies at the root now, and its films where they should (one
        small file is read for each).
        """
        _require(self.root, _read_id(self.root), self.library_id)
        if self.movies is not None:
            open_movies(self.movies, self.library_id, create=False)

    @contextmanager
    def acting(self, timeout_s: float = 30.0) -> Iterator[None]:
        """Hold the library's lock for the time of the block: only one process moves files in it.

        Waits up to ``timeout_s`` seconds, then raises LibraryBusy; LibraryAway when another library lies
        there once the lock is held; UnsafeFilesystem where the file system has no locks. Not re-entrant:
        the same thread asking again waits for itself. The kernel gives the lock back when the process dies.
        """
        with self._lock_file() as descriptor:
            self._lock(descriptor, timeout_s)
            self.check()
            held = os.fstat(descriptor)
            try:
                there = os.stat(self._lock_path)
            except OSError as error:
                raise _unwritable(self.root, error) from error
            if (held.st_dev, held.st_ino) != (there.st_dev, there.st_ino):
                # Unmounted and mounted again while we waited: this lock guards nothing.
                raise LibraryBusy(_("{path} was replaced while waiting for it.", path=shown(self.root)))
            yield

    def free_bytes(self) -> int:
        """Return how many bytes may be written by an ordinary user. Raises LibraryAway."""
        room = room_in(self.root)
        if room is None:
            raise LibraryAway(_missing(self.root))
        return room

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        try:
            descriptor = os.open(
                self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666
            )
        except OSError as error:
            raise _unwritable(self.root, error) from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _lock(self, descriptor: int, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise LibraryBusy(
                        _("Another process is moving files in {path}.", path=shown(self.root))
                    ) from error
                time.sleep(min(_RETRY_S, left))
            except OSError as error:
                raise UnsafeFilesystem(error.errno or errno.ENOLCK, self._lock_path) from error
            else:
                return


def below(root: bytes, movies: bytes | None, relative: bytes) -> bytes:
    """Return the absolute path of one on record: below ``root``, or in the folder ``movies`` for films.

    Raises LibraryAway for a film where there is no such folder.
    """
    if relative != MOVIES and not in_movies(relative):
        return os.path.join(root, relative) if relative else root
    if movies is None:
        raise LibraryAway(
            _("Films of this library lie in a folder that is not named any more: set movies_root to it.")
        )
    return os.path.join(movies, relative[len(MOVIES) + 1 :]) if relative != MOVIES else movies


def open_movies(movies: bytes, library_id: str, *, create: bool) -> None:
    """Find out that the films of library ``library_id`` lie in the folder ``movies``; it says so in its
    ``.seiton/movies-of``. Raises LibraryAway: missing, another's, or a library itself.
    """
    found = _read_id(movies, _MOVIES_OF)
    if found is None and create:
        if _read_id(movies) is not None:
            raise LibraryAway(
                _("{path} is a library itself: films need a folder of their own.", path=shown(movies))
            )
        found = _create(movies, _MOVIES_OF, library_id)
    if found is None:
        raise LibraryAway(
            _("The folder for films is not at {path} (movies_root). Is it mounted?", path=shown(movies))
        )
    _require(movies, found, library_id)


def _absolute(path: bytes) -> bytes:
    if not path.startswith(b"/") or b"\0" in path:
        raise ValueError(f"not an absolute path: {path!r}")
    return path.rstrip(b"/") or b"/"


def _own(root: bytes, name: bytes) -> bytes:
    return b"%s/%s/%s" % (root.rstrip(b"/"), OWN_FOLDER, name)


def _read_id(root: bytes, name: bytes = _ID) -> str | None:
    """Return the id that lies at ``root``, None if there is none. Raises LibraryAway if it is unreadable."""
    try:
        content = read_small(_own(root, name), _ID_LIMIT)
    except FileOutcome as error:
        raise _unwritable(root, error) from error
    if content is None:
        return None
    try:
        return str(uuid.UUID(content.decode("ascii").strip()))
    except ValueError as error:
        raise LibraryAway(_("The library id in {path} is damaged.", path=shown(_own(root, name)))) from error


def _require(root: bytes, found: str | None, expected: str | None) -> str:
    if found is None:
        raise LibraryAway(_missing(root))
    if expected is not None and found != expected:
        raise LibraryAway(
            _(
                "{path} is library {found}, but {expected} belongs there.",
                path=shown(root),
                found=found,
                expected=expected,
            )
        )
    return found


def _create(root: bytes, name: bytes = _ID, library_id: str | None = None) -> str:
    """Make the folder if need be and give it an id, a new one; return the id that lies there then."""
    own, target = root.rstrip(b"/") + b"/" + OWN_FOLDER, _own(root, name)
    library_id = library_id or str(uuid.uuid4())
    temp = temp_path(own, library_id)
    root_is_new = not os.path.lexists(root)
    try:
        os.makedirs(own, exist_ok=True)
        if not stat.S_ISDIR(os.lstat(own).st_mode):
            raise FilesystemError(errno.ENOTDIR, own)
        try:
            _write_id(temp, target, library_id)
        finally:
            unlink_own(temp)
        sync_folder(own)
        sync_folder(root)
        if root_is_new:
            sync_folder(os.path.dirname(root))
    except OSError as error:
        raise _unwritable(root, error) from error
    except FileOutcome as error:
        raise _unwritable(root, error) from error
    return _read_id(root, name) or library_id


def _write_id(temp: bytes, target: bytes, library_id: str) -> None:
    """Put the id in place whole and flushed. Another process that does the same is as good: its id stays."""
    content = f"{library_id}\n".encode()
    _write_flushed(temp, content)
    try:
        put(temp, target, EVERY_WAY)
    except TargetTaken:
        return
    except UnsafeFilesystem:
        _write_flushed(target, content)


def _write_flushed(path: bytes, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    except OSError as error:
        raise outcome_of(error, path) from error
    finally:
        os.close(descriptor)


def _missing(root: bytes) -> str:
    return _("There is no library at {path}. Is it mounted?", path=shown(root))


def _unwritable(root: bytes, error: OSError | FileOutcome) -> LibraryAway:
    reason = os.strerror(error.errno or errno.EIO)
    return LibraryAway(_("The library {path} cannot be used: {error}.", path=shown(root), error=reason))
