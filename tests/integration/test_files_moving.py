"""Moving and retiring: nothing is overwritten, nothing is lost, and a crash is continued."""

from __future__ import annotations

import os
from itertools import product
from pathlib import Path

import pytest

from seiton.adapters.files import (
    FilesystemError,
    Identity,
    NameTooLong,
    NotOurs,
    SourceGone,
    TargetTaken,
    UnsafeFilesystem,
    Ways,
    identify,
    is_respelling,
    move,
    park_path,
    retire,
    retire_path,
)

EVERY_COMBINATION = [
    Ways(no_replace=no_replace, hard_link=hard_link, exchange=exchange, stable_inode=stable)
    for no_replace, hard_link, exchange, stable in product((True, False), repeat=4)
]
NO_FLAGS = Ways(no_replace=False, exchange=False)
NOTHING = Ways(no_replace=False, hard_link=False, exchange=False)


@pytest.fixture
def room(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path)


def put(path: bytes, content: bytes = b"media") -> Identity:
    Path(os.fsdecode(path)).write_bytes(content)
    found = identify(path)
    assert found is not None
    return found


def read(path: bytes) -> bytes:
    return Path(os.fsdecode(path)).read_bytes()


def names(folder: bytes) -> set[bytes]:
    return set(os.listdir(folder))


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_a_file_moves_to_a_free_name_whatever_the_file_system_can_do(room: bytes, ways: Ways) -> None:
    ours = put(room + b"/a.mkv", b"episode")
    move(room + b"/a.mkv", room + b"/b.mkv", step="s1", ours=ours, ways=ways)
    assert names(room) == {b"b.mkv"}
    assert read(room + b"/b.mkv") == b"episode"


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_a_taken_target_is_never_overwritten(room: bytes, ways: Ways) -> None:
    ours = put(room + b"/a.mkv", b"episode")
    put(room + b"/b.mkv", b"another")
    with pytest.raises(TargetTaken) as refused:
        move(room + b"/a.mkv", room + b"/b.mkv", step="s1", ours=ours, ways=ways)
    assert refused.value.path == room + b"/b.mkv"
    assert names(room) == {b"a.mkv", b"b.mkv"}
    assert (read(room + b"/a.mkv"), read(room + b"/b.mkv")) == (b"episode", b"another")


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
@pytest.mark.parametrize("kind", ["folder", "dangling link", "pipe"])
def test_whatever_lies_at_the_target_stays(room: bytes, ways: Ways, kind: str) -> None:
    ours, target = put(room + b"/a.mkv"), room + b"/b.mkv"
    {"folder": os.mkdir, "dangling link": lambda p: os.symlink(b"nowhere", p), "pipe": os.mkfifo}[kind](
        target
    )
    before = identify(target)
    with pytest.raises(TargetTaken):
        move(room + b"/a.mkv", target, step="s1", ours=ours, ways=ways)
    assert identify(target) == before
    assert identify(room + b"/a.mkv") == ours


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_a_missing_source_is_told_from_a_missing_folder(room: bytes, ways: Ways) -> None:
    ours = put(room + b"/a.mkv")
    with pytest.raises(FilesystemError) as no_folder:
        move(room + b"/a.mkv", room + b"/absent/b.mkv", step="s1", ours=ours, ways=ways)
    assert no_folder.value.path == room + b"/absent"
    with pytest.raises(SourceGone):
        move(room + b"/gone.mkv", room + b"/b.mkv", step="s1", ours=ours, ways=ways)
    assert names(room) == {b"a.mkv"}


def test_two_names_of_one_file_are_not_collapsed_by_a_move(room: bytes) -> None:
    ours = put(room + b"/a.mkv")
    os.link(room + b"/a.mkv", room + b"/b.mkv")
    for ways in EVERY_COMBINATION:
        with pytest.raises(TargetTaken):
            move(room + b"/a.mkv", room + b"/b.mkv", step="s1", ours=ours, ways=ways)
    assert names(room) == {b"a.mkv", b"b.mkv"}


def test_hard_links_move_along_a_chain_without_touching_each_other(room: bytes) -> None:
    ours = put(room + b"/1.mkv", b"seeded")
    os.link(room + b"/1.mkv", room + b"/seed.mkv")
    for ways in (Ways(), NO_FLAGS):
        move(room + b"/1.mkv", room + b"/2.mkv", step="s1", ours=ours, ways=ways)
        move(room + b"/2.mkv", room + b"/3.mkv", step="s2", ours=ours, ways=ways)
        move(room + b"/3.mkv", room + b"/1.mkv", step="s3", ours=ours, ways=ways)
    assert names(room) == {b"1.mkv", b"seed.mkv"}
    assert os.stat(room + b"/1.mkv").st_nlink == 2


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_a_folder_is_renamed_whole_or_left_alone(room: bytes, ways: Ways) -> None:
    source, target = room + b"/a.trickplay", room + b"/b.trickplay"
    os.makedirs(source + b"/320")
    ours = identify(source)
    assert ours is not None
    assert ours.is_dir
    put(source + b"/320/0.jpg", b"tiles")
    if ways.no_replace:
        move(source, target, step="s1", ours=ours, ways=ways)
        assert read(target + b"/320/0.jpg") == b"tiles"
        moved = identify(target)
        assert moved is not None
        assert moved.same_file(ours)  # although its content, hence its mtime, has changed
    else:
        with pytest.raises(UnsafeFilesystem):
            move(source, target, step="s1", ours=ours, ways=ways)
        assert names(room) == {b"a.trickplay"}


def test_names_that_are_not_utf8_survive(room: bytes) -> None:
    odd = room + b"/\xff\xfe\x80 \xe3\x81.mkv"
    for ways in (Ways(), NO_FLAGS, NOTHING):
        ours = put(odd, b"odd")
        move(odd, odd + b"2", step="s1", ours=ours, ways=ways)
        assert names(room) == {os.path.basename(odd) + b"2"}
        with pytest.raises(SourceGone) as gone:
            move(odd, odd + b"3", step="s1", ours=ours, ways=ways)
        assert "\\xff" in str(gone.value)
        os.unlink(odd + b"2")


def test_a_name_of_255_bytes_works_and_one_of_256_is_refused(room: bytes) -> None:
    longest = room + b"/" + b"x" * 251 + b".mkv"
    for ways in (Ways(), NO_FLAGS, NOTHING):
        ours = put(room + b"/a.mkv")
        move(room + b"/a.mkv", longest, step="s1", ours=ours, ways=ways)
        ours = identify(longest) or ours
        with pytest.raises(NameTooLong):
            move(longest, room + b"/" + b"x" * 256, step="s2", ours=ours, ways=ways)
        move(longest, room + b"/a.mkv", step="s3", ours=ours, ways=ways)
        assert names(room) == {b"a.mkv"}
        os.unlink(room + b"/a.mkv")


def test_a_nul_in_a_path_is_refused_instead_of_cutting_the_path(room: bytes) -> None:
    ours = put(room + b"/a.mkv")
    with pytest.raises(ValueError, match="null"):
        move(room + b"/a.mkv", room + b"/b.mkv\0.x", step="s1", ours=ours, ways=Ways())
    with pytest.raises(ValueError, match="null"):
        identify(room + b"/a.mkv\0")
    assert names(room) == {b"a.mkv"}


def test_a_file_that_was_replaced_before_a_move_by_link_stays(room: bytes) -> None:
    ours = put(room + b"/a.mkv", b"first")
    os.unlink(room + b"/a.mkv")
    put(room + b"/a.mkv", b"somebody else's")
    for ways in (NO_FLAGS, NOTHING):
        with pytest.raises(NotOurs):
            move(room + b"/a.mkv", room + b"/b.mkv", step="s1", ours=ours, ways=ways)
        assert names(room) == {b"a.mkv"}
    assert read(room + b"/a.mkv") == b"somebody else's"


def test_a_respelling_that_a_crash_left_parked_is_finished_by_the_same_call(room: bytes) -> None:
    source, target = room + b"/Episode.mkv", room + b"/episode.mkv"
    for ways in (Ways(), NO_FLAGS):
        ours = put(source, b"parked")
        os.rename(source, park_path(source, "s1"))
        move(source, target, step="s1", ours=ours, ways=ways)
        assert names(room) == {b"episode.mkv"}
        os.unlink(target)


def test_a_parked_file_goes_back_when_its_new_name_is_taken(room: bytes) -> None:
    source, target = room + b"/Episode.mkv", room + b"/episode.mkv"
    ours = put(source, b"parked")
    put(target, b"another")
    os.rename(source, park_path(source, "s1"))
    with pytest.raises(TargetTaken):
        move(source, target, step="s1", ours=ours, ways=Ways())
    assert names(room) == {b"Episode.mkv", b"episode.mkv"}
    assert read(source) == b"parked"


def test_a_foreign_file_under_the_parking_name_is_not_taken_for_ours(room: bytes) -> None:
    source, target = room + b"/Episode.mkv", room + b"/episode.mkv"
    ours = put(room + b"/elsewhere.mkv", b"ours")
    put(park_path(source, "s1"), b"not ours at all")
    with pytest.raises(NotOurs):
        move(source, target, step="s1", ours=ours, ways=Ways())
    assert read(source) == b"not ours at all"
    assert identify(target) is None


def test_a_respelling_is_told_by_case_and_normalisation_of_the_last_name_only() -> None:
    assert is_respelling(b"/l/Show/Ep.mkv", b"/l/Show/EP.mkv")
    assert is_respelling("/l/\u304c.mkv".encode(), "/l/\u304b\u3099.mkv".encode())
    assert not is_respelling(b"/l/Show/Ep.mkv", b"/l/show/EP.mkv")
    assert not is_respelling(b"/l/a", b"/l/a")
    assert not is_respelling(b"/l/\xff", b"/l/\xfe")


def test_retire_unlinks_only_the_name_whose_file_survives_elsewhere(room: bytes) -> None:
    for ways in (Ways(), NO_FLAGS, NOTHING):
        ours = put(room + b"/old.mkv", b"episode")
        os.link(room + b"/old.mkv", room + b"/new.mkv")
        retire(room + b"/old.mkv", step="s1", ours=ours, survivor=room + b"/new.mkv", ways=ways)
        assert names(room) == {b"new.mkv"}
        retire(room + b"/old.mkv", step="s1", ours=ours, survivor=room + b"/new.mkv", ways=ways)
        os.unlink(room + b"/new.mkv")


def test_retire_accepts_an_equal_copy_and_refuses_one_that_differs(room: bytes) -> None:
    for ways in (Ways(), NO_FLAGS):
        ours = put(room + b"/old.mkv", b"episode")
        put(room + b"/new.mkv", b"epis0de")
        with pytest.raises(NotOurs) as refused:
            retire(room + b"/old.mkv", step="s1", ours=ours, survivor=room + b"/new.mkv", ways=ways)
        assert refused.value.path == room + b"/old.mkv"
        assert names(room) == {b"old.mkv", b"new.mkv"}
        put(room + b"/new.mkv", b"episode")
        retire(room + b"/old.mkv", step="s1", ours=ours, survivor=room + b"/new.mkv", ways=ways)
        assert names(room) == {b"new.mkv"}


@pytest.mark.parametrize("survivor", [b"/absent.mkv", b"/link.mkv", b"/folder", b"/old.mkv"])
def test_retire_puts_the_file_back_when_nothing_real_survives(room: bytes, survivor: bytes) -> None:
    os.symlink(b"old.mkv", room + b"/link.mkv")
    os.mkdir(room + b"/folder")
    for ways in (Ways(), NO_FLAGS):
        ours = put(room + b"/old.mkv", b"episode")
        with pytest.raises(NotOurs):
            retire(room + b"/old.mkv", step="s1", ours=ours, survivor=room + survivor, ways=ways)
        assert names(room) == {b"old.mkv", b"link.mkv", b"folder"}
        assert read(room + b"/old.mkv") == b"episode"


def test_retire_leaves_a_file_that_is_not_ours(room: bytes) -> None:
    ours = put(room + b"/new.mkv", b"episode")
    put(room + b"/old.mkv", b"episode of another day")
    for survivor in (None, room + b"/new.mkv"):
        with pytest.raises(NotOurs):
            retire(room + b"/old.mkv", step="s1", ours=ours, survivor=survivor)
    assert names(room) == {b"old.mkv", b"new.mkv"}


def test_retire_without_survivor_removes_what_the_user_named(room: bytes) -> None:
    for ways in (Ways(), NO_FLAGS, NOTHING):
        ours = put(room + b"/old.mkv")
        retire(room + b"/old.mkv", step="s1", ours=ours, survivor=None, ways=ways)
        assert names(room) == set()


def test_retire_never_removes_a_folder(room: bytes) -> None:
    os.mkdir(room + b"/a.trickplay")
    ours = identify(room + b"/a.trickplay")
    assert ours is not None
    with pytest.raises(UnsafeFilesystem):
        retire(room + b"/a.trickplay", step="s1", ours=ours, survivor=None)
    assert names(room) == {b"a.trickplay"}


@pytest.mark.parametrize("in_own_folder", [False, True])
def test_retire_goes_on_after_a_crash_between_its_rename_and_its_unlink(
    room: bytes, in_own_folder: bool
) -> None:
    old, new = room + b"/old.mkv", room + b"/new.mkv"
    ours = put(old)
    os.link(old, new)
    set_aside_by_hand(old, "s1", in_own_folder)
    retire(old, step="s1", ours=ours, survivor=new)
    assert names(room) == {b"new.mkv"}


@pytest.mark.parametrize("in_own_folder", [False, True])
def test_retire_puts_back_what_a_crash_left_aside_when_the_survivor_is_gone(
    room: bytes, in_own_folder: bool
) -> None:
    old = room + b"/old.mkv"
    ours = put(old, b"the only copy")
    set_aside_by_hand(old, "s1", in_own_folder)
    with pytest.raises(NotOurs):
        retire(old, step="s1", ours=ours, survivor=room + b"/new.mkv")
    assert names(room) == {b"old.mkv"}
    assert read(old) == b"the only copy"


@pytest.mark.parametrize("survives", [True, False])
def test_a_foreign_file_under_the_retire_name_is_not_unlinked(room: bytes, survives: bool) -> None:
    old, new = room + b"/old.mkv", room + b"/new.mkv"
    ours = put(new, b"media")
    put(retire_path(old, "s1"), b"media")
    os.utime(retire_path(old, "s1"), ns=(1, 1))
    with pytest.raises(NotOurs):
        retire(old, step="s1", ours=ours, survivor=new if survives else None)
    assert names(room) == {b"old.mkv", b"new.mkv"}


def test_retire_says_where_the_file_lies_when_its_name_was_taken_meanwhile(room: bytes) -> None:
    old = room + b"/old.mkv"
    ours = put(old, b"the only copy")
    set_aside_by_hand(old, "s1", in_own_folder=False)
    put(old, b"somebody was quick")
    with pytest.raises(NotOurs) as refused:
        retire(old, step="s1", ours=ours, survivor=room + b"/new.mkv")
    assert read(refused.value.path) == b"the only copy"
    assert read(old) == b"somebody was quick"


def test_retire_finishes_when_the_crash_came_while_putting_back_by_link(room: bytes) -> None:
    old, new = room + b"/old.mkv", room + b"/new.mkv"
    ours = put(old)
    os.link(old, new)
    set_aside_by_hand(old, "s1", in_own_folder=True)
    os.link(retire_path(old, "s1") + b"/file", old)
    retire(old, step="s1", ours=ours, survivor=new, ways=NO_FLAGS)
    assert names(room) == {b"new.mkv"}


@pytest.mark.parametrize("ways", [Ways(), NO_FLAGS], ids=str)
def test_an_empty_folder_of_a_crashed_retire_is_no_obstacle(room: bytes, ways: Ways) -> None:
    old, new = room + b"/old.mkv", room + b"/new.mkv"
    ours = put(old)
    os.link(old, new)
    os.mkdir(retire_path(old, "s1"))
    retire(old, step="s1", ours=ours, survivor=new, ways=ways)
    assert names(room) == {b"new.mkv"}


def test_a_move_by_link_cut_in_half_is_finished_by_retire(room: bytes) -> None:
    source, target = room + b"/a.mkv", room + b"/b.mkv"
    ours = put(source)
    os.link(source, target)
    retire(source, step="s1", ours=ours, survivor=target, ways=NO_FLAGS)
    assert names(room) == {b"b.mkv"}
    assert identify(target) == ours


def test_retire_says_when_neither_file_nor_survivor_is_there(room: bytes) -> None:
    ours = put(room + b"/a.mkv")
    os.unlink(room + b"/a.mkv")
    with pytest.raises(SourceGone):
        retire(room + b"/a.mkv", step="s1", ours=ours, survivor=room + b"/b.mkv")


def set_aside_by_hand(path: bytes, step: str, in_own_folder: bool) -> None:
    """Bring about the state in which a crash leaves ``retire``."""
    aside = retire_path(path, step)
    if in_own_folder:
        os.mkdir(aside)
        aside += b"/file"
    os.rename(path, aside)


def test_a_step_cannot_smuggle_a_path(room: bytes) -> None:
    ours = put(room + b"/a.mkv")
    for step in ("../x", "", "a\0b"):
        with pytest.raises(ValueError, match="not a step"):
            retire(room + b"/a.mkv", step=step, ours=ours, survivor=None)
    assert names(room) == {b"a.mkv"}


def test_identity_tells_content_written_later_and_another_file_of_the_same_inode(room: bytes) -> None:
    ours = put(room + b"/a.mkv", b"one")
    os.utime(room + b"/a.mkv", ns=(1, 1))
    touched = identify(room + b"/a.mkv")
    assert touched is not None
    assert not touched.same_file(ours)
    os.utime(room + b"/a.mkv", ns=(1, ours.mtime_ns))
    assert identify(room + b"/a.mkv") == ours
    stat = os.lstat(room + b"/a.mkv")
    assert (ours.inode, ours.size, ours.mtime_ns) == (stat.st_ino, stat.st_size, stat.st_mtime_ns)
    other_birth = Identity(inode=ours.inode, size=ours.size, mtime_ns=ours.mtime_ns, birth_ns=1)
    unknown_birth = Identity(inode=ours.inode, size=ours.size, mtime_ns=ours.mtime_ns, birth_ns=None)
    assert ours.birth_ns is not None
    assert not ours.same_file(other_birth)
    assert ours.same_file(unknown_birth)


def test_identify_sees_links_themselves_and_absence(room: bytes) -> None:
    os.symlink(b"nowhere", room + b"/link")
    link = identify(room + b"/link")
    assert link is not None
    assert link.is_link
    assert identify(room + b"/absent") is None
    put(room + b"/file")
    assert identify(room + b"/file/below") is None
