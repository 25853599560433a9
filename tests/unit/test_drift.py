"""What a check makes of names and marks."""

from __future__ import annotations

import pytest

from seiton.domain.drift import (
    Listing,
    Lost,
    LostFiles,
    Mark,
    Sight,
    is_same,
    sight_of,
    sort_names,
    stems_of,
    way_to_join,
)
from seiton.domain.naming import path_key

OURS = Mark(inode=7, size=100, mtime_ns=5, birth_ns=3)
VIDEO = b"Show/Season 01/Show - S01E01.mkv"


def mark(inode: int = 7, size: int = 100, mtime_ns: int = 5, birth_ns: int | None = 3) -> Mark:
    return Mark(inode=inode, size=size, mtime_ns=mtime_ns, birth_ns=birth_ns)


@pytest.mark.parametrize(
    ("found", "sight"),
    [
        (None, Sight.ABSENT),
        (mark(), Sight.OURS),
        (mark(size=120, mtime_ns=9), Sight.OURS),  # tagged in place
        (mark(inode=8, birth_ns=4), Sight.COPY),
        (mark(birth_ns=4), Sight.COPY),  # the number was given away again
        (mark(inode=8, size=1, birth_ns=4), Sight.OTHER),
        (mark(size=1, birth_ns=4), Sight.OTHER),
    ],
)
def test_a_file_is_told_by_inode_and_birth_and_a_copy_by_size_and_time(
    found: Mark | None, sight: Sight
) -> None:
    assert sight_of(OURS, found, has_stable_inodes=True) is sight


def test_where_inodes_change_by_themselves_size_and_time_have_to_do() -> None:
    ours, renumbered = mark(birth_ns=None), mark(inode=9, birth_ns=None)
    assert is_same(ours, renumbered, has_stable_inodes=False)
    assert is_same(ours, renumbered, has_stable_inodes=None)
    assert not is_same(ours, renumbered, has_stable_inodes=True)
    assert not is_same(ours, mark(size=1, birth_ns=None), has_stable_inodes=False)
    assert not is_same(mark(), mark(inode=9), has_stable_inodes=None)


def lost(unit_id: int, digest: str | None = None) -> Lost:
    return Lost(unit_id=unit_id, path=VIDEO, mark=OURS, digest=digest)


def never_read() -> str:
    raise AssertionError("it was read without need")


def test_a_missing_file_is_found_by_its_identity_without_being_read() -> None:
    files = LostFiles()
    files.add(lost(1, "abc"))
    found = files.find(b"x.mkv", mark(), never_read, True)
    assert found is not None and found.unit_id == 1
    assert files.places == {1: b"x.mkv"}
    assert files.find(b"y.mkv", mark(), never_read, True) is None  # it has only one place


def test_in_doubt_the_content_decides_and_without_a_digest_it_stays_nobodys() -> None:
    copy = mark(inode=9, birth_ns=8)
    files = LostFiles()
    files.add(lost(1))
    assert files.find(b"x.mkv", copy, never_read, True) is None
    files.add(lost(2, "abc"))
    assert files.find(b"x.mkv", copy, lambda: "other", True) is None
    found = files.find(b"x.mkv", copy, lambda: "abc", True)
    assert found is not None and found.unit_id == 2


def listing(files: list[bytes], folders: list[bytes] | None = None, *, is_kept: bool = True) -> Listing:
    return Listing(
        folder=b"Show/Season 01",
        files=sorted(files),
        folders=sorted(folders or []),
        owners={path_key(VIDEO.removesuffix(b".mkv")): VIDEO},
        ours={b"season.nfo"},
        is_kept=is_kept,
    )


BASE = b"Show - S01E01"


def test_what_follows_a_recorded_video_is_accounted_for() -> None:
    files = [BASE + tail for tail in (b".mkv", b".nfo", b".zh.ass", b"-thumb.jpg")]
    result = sort_names(listing([*files, b"season.nfo"], [BASE + b".trickplay"]))
    assert (result.strays, result.orphans, result.foreign, result.below) == ({}, [], [], [])


def test_a_stray_video_takes_its_followers_along() -> None:
    result = sort_names(listing([BASE + b".mkv", b"other.mkv", b"other.srt", b"poster.jpg"]))
    assert result.strays == {b"other.mkv": [b"other.srt"]}
    assert result.foreign == [b"poster.jpg"]


def test_sidecars_without_a_video_are_orphans_where_seiton_keeps_the_folder_only() -> None:
    names = [b"Show - S01E02.ja.ass", b"Show - S01E02.nfo", b"notes.txt"]
    assert sort_names(listing(names)).orphans == sorted(names[:2])
    alone = sort_names(listing(names, is_kept=False))
    assert (alone.orphans, alone.foreign) == ([], sorted(names))


def test_a_name_that_counts_as_the_same_is_a_strangers_where_the_disk_tells_them_apart() -> None:
    result = sort_names(listing([BASE + b".mkv", BASE.lower() + b".mkv", BASE + b".mp4"]))
    assert [*result.foreign, *result.strays] == [BASE + b".mp4", BASE.lower() + b".mkv"]
    assert sort_names(listing([BASE.lower() + b".mkv"])).strays == {}


def test_names_of_seitons_own_are_leftovers_and_folders_are_looked_into() -> None:
    result = sort_names(
        listing([b".seiton-tmp-ab", b".seiton-park-cd.mkv"], [b".seiton-retire-ef", b"Extra"])
    )
    assert sorted(result.leftovers) == [b".seiton-park-cd.mkv", b".seiton-retire-ef", b".seiton-tmp-ab"]
    assert result.below == [b"Extra"]


def test_a_sidecar_joins_the_one_video_that_it_belongs_to() -> None:
    assert list(stems_of(b"A.zh.ass")) == [b"A.zh", b"A"]
    assert list(stems_of(b"A-thumb.jpg")) == [b"A", b"A-thumb"]
    assert way_to_join(b"A.zh.ass", {b"A": {b"S/B"}}) == b"S/B.zh.ass"
    assert way_to_join(b"A.zh.ass", {b"A": {b"S/B", b"S/C"}}) is None
    assert way_to_join(b"A.zh.ass", {b"A.zh": {b"S/D"}, b"A": {b"S/B"}}) == b"S/D.ass"
    assert way_to_join(b"A.zh.ass", {}) is None
