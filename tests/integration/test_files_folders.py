"""Folders are made below the root only and removed when empty only; flushing reports what it could not do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from seiton.adapters.files import (
    AccessRefused,
    FilesystemError,
    NameTooLong,
    OutsideRoot,
    SourceGone,
    flush,
    list_names,
    make_folders,
    remove_empty_folder,
)


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    (tmp_path / "library").mkdir()
    return os.fsencode(tmp_path / "library")


def test_missing_folders_are_made_and_named_outermost_first(root: bytes) -> None:
    assert make_folders(root, b"Show/Season 01") == [b"Show", b"Show/Season 01"]
    assert make_folders(root, b"Show/Season 01") == []
    assert make_folders(root, b"Show/Season 02/\xff\xfe") == [b"Show/Season 02", b"Show/Season 02/\xff\xfe"]
    assert make_folders(root, b"") == []


@pytest.mark.parametrize("relative", [b"..", b"Show/../..", b"/etc/x", b"Show//x", b".", b"Show/"])
def test_a_path_that_is_not_plain_is_refused(root: bytes, relative: bytes) -> None:
    with pytest.raises(OutsideRoot):
        make_folders(root, relative)
    assert list_names(root) == []


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_that_leads_out_of_the_root_is_refused(root: bytes, absolute: bool) -> None:
    outside = os.path.dirname(root) + b"/outside"
    os.mkdir(outside)
    os.symlink(outside if absolute else b"../outside", root + b"/Show")
    for relative in (b"Show", b"Show/Season 01"):
        with pytest.raises(OutsideRoot):
            make_folders(root, relative)
    assert list_names(outside) == []


def test_a_link_to_a_sibling_with_the_same_beginning_leads_out(root: bytes) -> None:
    os.mkdir(root + b"-2")
    os.symlink(root + b"-2", root + b"/Show")
    with pytest.raises(OutsideRoot):
        make_folders(root, b"Show/Season 01")


@pytest.mark.parametrize("absolute", [True, False])
def test_a_link_within_the_root_is_followed(root: bytes, absolute: bool) -> None:
    os.mkdir(root + b"/Real")
    os.symlink(root + b"/Real" if absolute else b"Real", root + b"/Alias")
    assert make_folders(root, b"Alias/Season 01") == [b"Alias/Season 01"]
    assert list_names(root + b"/Real") == [b"Season 01"]


def test_a_file_or_a_dangling_link_in_the_way_is_refused(root: bytes) -> None:
    Path(os.fsdecode(root + b"/Show")).write_bytes(b"a file")
    os.symlink(root + b"/nowhere", root + b"/Dangling")
    for relative in (b"Show", b"Show/Season 01", b"Dangling", b"Dangling/x"):
        with pytest.raises(AccessRefused):
            make_folders(root, relative)
    assert sorted(list_names(root)) == [b"Dangling", b"Show"]


def test_an_absent_root_is_not_created(root: bytes) -> None:
    with pytest.raises(FilesystemError):
        make_folders(root + b"/unmounted", b"Show")
    assert list_names(root) == []
    with pytest.raises(NameTooLong):
        make_folders(root, b"x" * 256)


def test_folders_that_were_made_before_it_failed_are_told(root: bytes) -> None:
    made: list[bytes] = []
    with pytest.raises(NameTooLong):
        make_folders(root, b"Show/Season 01/" + b"x" * 256, made=made)
    assert made == [b"Show", b"Show/Season 01"]


def test_only_an_empty_folder_is_removed(root: bytes) -> None:
    make_folders(root, b"Show/Season 01")
    Path(os.fsdecode(root + b"/file")).write_bytes(b"")
    os.symlink(b"Show/Season 01", root + b"/link")
    assert not remove_empty_folder(root + b"/Show")
    assert not remove_empty_folder(root + b"/file")
    assert not remove_empty_folder(root + b"/link")
    assert not remove_empty_folder(root + b"/absent")
    assert remove_empty_folder(root + b"/Show/Season 01")
    assert remove_empty_folder(root + b"/Show")
    assert sorted(list_names(root)) == [b"file", b"link"]


def test_listing_an_absent_folder_is_empty_and_listing_a_file_an_error(root: bytes) -> None:
    assert list_names(root + b"/absent") == []
    Path(os.fsdecode(root + b"/file")).write_bytes(b"")
    with pytest.raises(FilesystemError):
        list_names(root + b"/file")


@pytest.mark.parametrize("count", [3, 100])
def test_flushing_few_and_many_reports_what_is_missing(root: bytes, count: int) -> None:
    files = [root + b"/%d" % number for number in range(count)]
    for file in files:
        Path(os.fsdecode(file)).write_bytes(b"x")
    flush(root, files=files, folders={root})
    flush(root)
    with pytest.raises(SourceGone):
        flush(root, files=files, folders=[root + b"/absent"])
