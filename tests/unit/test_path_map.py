"""Folders that have another name in another container."""

from __future__ import annotations

import pytest

from seiton.adapters.torrents.path_map import PathMap


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/media/downloads", "/downloads"),
        ("/media/downloads/ab/第01話.mkv", "/downloads/ab/第01話.mkv"),
        ("/media/downloads-old/x", "/media/downloads-old/x"),
        ("/media/downloads/fast/x", "/ssd/x"),
        ("/elsewhere", "/elsewhere"),
    ],
)
def test_the_longest_folder_that_fits_decides_both_ways(here: str, there: str) -> None:
    known = PathMap([("/media/downloads/", "/downloads"), ("/media/downloads/fast", "/ssd/")])
    assert known.there(here) == there
    assert known.here(there) == here


def test_the_root_can_be_mapped() -> None:
    known = PathMap([("/", "/host"), ("/mnt/all", "/")])
    assert known.there("/media/x") == "/host/media/x"
    assert known.there("/mnt/all/x") == "/x"
    assert known.here("/x") == "/mnt/all/x"


def test_without_pairs_every_path_stays() -> None:
    assert PathMap().there("/media/x") == PathMap().here("/media/x") == "/media/x"
