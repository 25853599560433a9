"""NFOs and images: created, replaced and removed only when what lies there is what Seiton wrote."""

from __future__ import annotations

import os
import threading
from itertools import product
from pathlib import Path

import pytest

from seiton.adapters.files import (
    AccessRefused,
    FilesystemError,
    TargetTaken,
    Ways,
    digest_of,
    identify,
    park_path,
    publish,
    read_small,
    replace_generated,
    retire_generated,
    retire_path,
    stage,
    temp_path,
    write_new,
)

EVERY_COMBINATION = [
    Ways(no_replace=no_replace, hard_link=hard_link, exchange=exchange)
    for no_replace, hard_link, exchange in product((True, False), repeat=3)
]
OLD, NEW, EDITED = (
    b"<episodedetails>old</episodedetails>",
    b"<episodedetails>new</episodedetails>",
    b"by hand",
)


@pytest.fixture
def room(tmp_path: Path) -> bytes:
    return os.fsencode(tmp_path)


def write(path: bytes, content: bytes) -> None:
    Path(os.fsdecode(path)).write_bytes(content)


def read(path: bytes) -> bytes:
    return Path(os.fsdecode(path)).read_bytes()


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_a_new_nfo_is_written_once_and_never_over_another(room: bytes, ways: Ways) -> None:
    nfo = room + b"/e.nfo"
    write_new(nfo, NEW, step="s1", ways=ways)
    first = identify(nfo)
    write_new(nfo, NEW, step="s1", ways=ways)
    assert identify(nfo) == first
    for other in (EDITED, b"", NEW + b"!"):
        write(nfo, other)
        with pytest.raises(TargetTaken):
            write_new(nfo, NEW, step="s1", ways=ways)
        assert read(nfo) == other
    assert os.listdir(room) == [b"e.nfo"]


def test_a_folder_or_a_link_at_the_name_of_a_new_nfo_stays(room: bytes) -> None:
    os.mkdir(room + b"/folder.nfo")
    os.symlink(b"elsewhere", room + b"/link.nfo")
    for name in (b"/folder.nfo", b"/link.nfo"):
        with pytest.raises(TargetTaken):
            write_new(room + name, NEW, step="s1")
    assert sorted(os.listdir(room)) == [b"folder.nfo", b"link.nfo"]


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_replacing_needs_the_recorded_content(room: bytes, ways: Ways) -> None:
    nfo = room + b"/e.nfo"
    write(nfo, OLD)
    assert replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD), ways=ways)
    assert read(nfo) == NEW
    assert replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD), ways=ways)
    write(nfo, EDITED)
    assert not replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD), ways=ways)
    assert read(nfo) == EDITED
    os.unlink(nfo)
    assert not replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD), ways=ways)
    assert os.listdir(room) == []


def test_an_equal_nfo_is_not_written_again(room: bytes) -> None:
    nfo = room + b"/e.nfo"
    write(nfo, NEW)
    before = os.stat(nfo), os.stat(room).st_mtime_ns
    assert replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD))
    after = os.stat(nfo), os.stat(room).st_mtime_ns
    assert (before[0].st_ino, before[0].st_mtime_ns, before[1]) == (
        after[0].st_ino,
        after[0].st_mtime_ns,
        after[1],
    )


def test_after_a_crash_the_exchanged_temp_is_tidied_away(room: bytes) -> None:
    nfo = room + b"/e.nfo"
    write(nfo, NEW)
    write(temp_path(room, "s1"), OLD)
    assert replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD))
    assert os.listdir(room) == [b"e.nfo"]


def test_an_edit_that_a_crash_left_in_the_temp_goes_back_to_its_name(room: bytes) -> None:
    nfo = room + b"/e.nfo"
    write(nfo, NEW)
    write(temp_path(room, "s1"), EDITED)
    assert not replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD))
    assert read(nfo) == EDITED
    assert os.listdir(room) == [b"e.nfo"]


def test_edits_in_the_same_instant_are_never_lost(room: bytes) -> None:
    """Somebody saves the NFO (by rename, as editors do) again and again while it is being replaced."""
    nfo, rounds = room + b"/e.nfo", 300
    lost: list[int] = []
    for number in range(rounds):
        write(nfo, OLD)
        mine = b"edit %d" % number
        write(room + b"/editor", mine)
        editor = threading.Thread(target=os.rename, args=(room + b"/editor", nfo))
        editor.start()
        replace_generated(nfo, NEW, step="s1", before_digest=digest_of(OLD))
        editor.join()
        kept = {read(room + b"/" + name) for name in os.listdir(room)}
        if mine not in kept:
            lost.append(number)
        for name in os.listdir(room):
            assert name == b"e.nfo" or room + b"/" + name == park_path(nfo, "s1")
            os.unlink(room + b"/" + name)
    assert lost == []


@pytest.mark.parametrize("ways", EVERY_COMBINATION, ids=str)
def test_removing_needs_the_recorded_content(room: bytes, ways: Ways) -> None:
    nfo = room + b"/e.nfo"
    write(nfo, EDITED)
    assert not retire_generated(nfo, step="s1", digest=digest_of(OLD), ways=ways)
    assert read(nfo) == EDITED
    write(nfo, OLD)
    assert retire_generated(nfo, step="s1", digest=digest_of(OLD), ways=ways)
    assert not retire_generated(nfo, step="s1", digest=digest_of(OLD), ways=ways)
    assert os.listdir(room) == []


def test_a_removal_goes_on_after_a_crash(room: bytes) -> None:
    nfo = room + b"/e.nfo"
    write(retire_path(nfo, "s1"), OLD)
    assert retire_generated(nfo, step="s1", digest=digest_of(OLD))
    write(retire_path(nfo, "s1"), EDITED)
    assert not retire_generated(nfo, step="s1", digest=digest_of(OLD))
    assert read(nfo) == EDITED
    assert os.listdir(room) == [b"e.nfo"]


@pytest.mark.parametrize("name", [b"/e.mkv", b"/e.ass", b"/e", b"/.nfo", b"/e.nfo.mkv"])
def test_media_can_be_neither_replaced_nor_removed_by_digest(room: bytes, name: bytes) -> None:
    write(room + name, OLD)
    with pytest.raises(ValueError, match="not a generated file"):
        replace_generated(room + name, NEW, step="s1", before_digest=digest_of(OLD))
    with pytest.raises(ValueError, match="not a generated file"):
        retire_generated(room + name, step="s1", digest=digest_of(OLD))
    assert read(room + name) == OLD


def test_a_staged_nfo_is_put_in_place_by_publish(room: bytes) -> None:
    temp = stage(room, NEW, step="s1")
    temp = stage(room, NEW, step="s1")
    ours = identify(temp)
    assert ours is not None
    publish(temp, room + b"/e.nfo", ours=ours, ways=Ways())
    assert os.listdir(room) == [b"e.nfo"]
    with pytest.raises(FilesystemError) as missing:
        stage(room + b"/absent", NEW, step="s1")
    assert missing.value.path == room + b"/absent"


def test_reading_has_a_limit_and_follows_no_link(room: bytes) -> None:
    nfo = room + b"/e.nfo"
    assert read_small(nfo) is None
    write(nfo, b"x" * 100)
    assert read_small(nfo, 100) == b"x" * 100
    with pytest.raises(FilesystemError):
        read_small(nfo, 99)
    os.symlink(nfo, room + b"/link.nfo")
    os.mkfifo(room + b"/pipe.nfo")
    for odd in (b"/link.nfo", b"/pipe.nfo"):
        with pytest.raises(AccessRefused):
            read_small(room + odd)
