"""A library is the right one, or nothing is done; and one process at a time moves files in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path

import pytest

from seiton.adapters.files import LibraryAway, LibraryBusy, LibraryRoot, Ways, probe


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path / "library")


def id_file(root: bytes) -> Path:
    return Path(os.fsdecode(root)) / ".seiton" / "library-id"


def test_a_new_library_gets_an_id_and_keeps_it(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    assert str(uuid.UUID(library.library_id)) == library.library_id
    library.check()
    again = LibraryRoot.open(root, expected_id=library.library_id, create=False)
    assert again.library_id == library.library_id
    assert LibraryRoot.open(root + b"/", expected_id=None, create=True).library_id == library.library_id
    assert library.free_bytes() > 0


def test_a_folder_with_the_users_files_becomes_a_library_without_touching_them(root: bytes) -> None:
    os.mkdir(root)
    (Path(os.fsdecode(root)) / "Show").mkdir()
    LibraryRoot.open(root, expected_id=None, create=True)
    assert sorted(os.listdir(root)) == [b".seiton", b"Show"]


def test_what_is_not_there_is_not_created_unasked(root: bytes) -> None:
    with pytest.raises(LibraryAway):
        LibraryRoot.open(root, expected_id=None, create=False)
    assert not os.path.exists(root)


def test_an_unplugged_library_is_never_created_anew(root: bytes) -> None:
    """The empty mount point looks like a new folder: giving it an id would file everything there."""
    expected = str(uuid.uuid4())
    for _ in range(2):
        with pytest.raises(LibraryAway):
            LibraryRoot.open(root, expected_id=expected, create=True)
        Path(os.fsdecode(root)).mkdir(exist_ok=True)
    assert os.listdir(root) == []


def test_another_library_in_its_place_is_refused(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    id_file(root).write_text(f"{uuid.uuid4()}\n")
    with pytest.raises(LibraryAway):
        library.check()
    with pytest.raises(LibraryAway), library.acting():
        pytest.fail("must not act in another library")
    with pytest.raises(LibraryAway):
        LibraryRoot.open(root, expected_id=library.library_id, create=True)


@pytest.mark.parametrize("content", [b"", b"not an id", b"x" * 1000, b"\xff"])
def test_a_damaged_id_is_not_replaced(root: bytes, content: bytes) -> None:
    LibraryRoot.open(root, expected_id=None, create=True)
    id_file(root).write_bytes(content)
    with pytest.raises(LibraryAway):
        LibraryRoot.open(root, expected_id=None, create=True)
    assert id_file(root).read_bytes() == content


def test_a_library_that_is_taken_away_while_open_is_noticed(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    os.rename(root, root + b"-unmounted")
    os.mkdir(root)
    for act in (library.check, lambda: library.ways, lambda: library.acting().__enter__()):
        with pytest.raises(LibraryAway):
            act()
    assert os.listdir(root) == []
    os.rmdir(root)
    with pytest.raises(LibraryAway):
        library.free_bytes()


def test_a_file_in_its_place_is_refused(root: bytes) -> None:
    Path(os.fsdecode(root)).write_bytes(b"")
    with pytest.raises(LibraryAway):
        LibraryRoot.open(root, expected_id=None, create=True)
    with pytest.raises(ValueError, match="absolute"):
        LibraryRoot.open(b"library", expected_id=None, create=True)


def test_a_read_only_library_is_away(root: bytes, tmp_path: Path) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    point = str(tmp_path / "read-only")
    os.mkdir(point)
    bind = ["mount", "--bind", os.fsdecode(root), point]
    if os.geteuid() != 0 or subprocess.run(bind, capture_output=True, check=False).returncode != 0:
        pytest.skip("bind mounts are not permitted here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", point], check=True)
        with pytest.raises(LibraryAway):
            LibraryRoot.open(os.fsencode(point), expected_id=library.library_id, create=False)
        with pytest.raises(LibraryAway):
            LibraryRoot.open(os.fsencode(point), expected_id=None, create=True)
    finally:
        subprocess.run(["umount", point], check=True)


def test_creating_it_twice_at_once_gives_one_id(root: bytes) -> None:
    ids: list[str] = []
    barrier = threading.Barrier(4)

    def create() -> None:
        barrier.wait()
        ids.append(LibraryRoot.open(root, expected_id=None, create=True).library_id)

    threads = [threading.Thread(target=create) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 4
    assert len(set(ids)) == 1
    assert sorted(os.listdir(root + b"/.seiton")) == [b"library-id", b"lock"]


HOLD_THE_LOCK = """
import os, sys
from seiton.adapters.files import LibraryRoot
with LibraryRoot.open(os.fsencode(sys.argv[1]), expected_id=None, create=False).acting():
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_that_acts_is_waited_for_and_its_death_frees_the_lock(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    command = [sys.executable, "-c", HOLD_THE_LOCK, os.fsdecode(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(LibraryBusy), library.acting(timeout_s=0.3):
            pytest.fail("two processes must not act at once")
        threading.Timer(0.2, other.kill).start()
        with library.acting(timeout_s=120):
            assert other.wait() == -9


def test_two_threads_do_not_act_at_once_and_the_lock_is_given_back(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    with library.acting(), pytest.raises(LibraryBusy), library.acting(timeout_s=0.05):
        pytest.fail("not re-entrant")
    with pytest.raises(RuntimeError), library.acting():
        raise RuntimeError
    with library.acting(timeout_s=0):
        pass


def test_a_library_remounted_while_waiting_for_its_lock_is_not_acted_in(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    failures: list[Exception] = []

    def wait() -> None:
        try:
            with library.acting(timeout_s=120):
                pass
        except (LibraryBusy, LibraryAway) as error:
            failures.append(error)

    with library.acting():
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.3)
        shutil.copytree(os.fsdecode(root), os.fsdecode(root + b"-2"))
        os.rename(root, root + b"-1")
        os.rename(root + b"-2", root)
    waiting.join()
    assert len(failures) == 1


def test_looking_on_writes_nothing_and_the_probe_tidies_up(root: bytes) -> None:
    library = LibraryRoot.open(root, expected_id=None, create=True)
    before = os.stat(root + b"/.seiton").st_mtime_ns
    library.check()
    LibraryRoot.open(root, expected_id=library.library_id, create=False).check()
    assert os.stat(root + b"/.seiton").st_mtime_ns == before
    ways = library.ways
    assert sorted(os.listdir(root + b"/.seiton")) == [b"library-id", b"lock"]
    assert ways == library.ways == probe(root)
    assert isinstance(ways, Ways)
