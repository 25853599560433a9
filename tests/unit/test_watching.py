"""What media servers have of a video: names there, what an NFO says, whether they have read it."""

from __future__ import annotations

import pytest

from seiton.domain.watching import Facts, PathMap, Watched, agrees, common_folder, spoken

NFO = """<?xml version="1.0"?>
<episodedetails><title>A  &amp; B</title><season>1</season><episode>2</episode><plot>One
two</plot><aired>2026-01-02</aired></episodedetails>"""


@pytest.mark.parametrize(
    ("paths", "folder"),
    [
        ([b"Show/Season 01/a.mkv", b"Show/Season 01/b.mkv"], b"Show"),
        ([b"Show/Season 01/a.mkv", b"Show/Season 02/b.mkv"], b"Show"),
        ([b"Show/Season 01/a.mkv", b"Other/Season 01/a.mkv"], b""),
        ([b"a.mkv"], b""),
        ([], b""),
    ],
)
def test_one_folder_holds_all_that_changed_and_it_is_never_a_seasons(
    paths: list[bytes], folder: bytes
) -> None:
    assert common_folder(paths) == folder


@pytest.mark.parametrize(
    ("pairs", "here", "there"),
    [
        ((), b"/media/anime/Show", "/media/anime/Show"),
        ((("/media/anime", "/tv"),), b"/media/anime/Show", "/tv/Show"),
        ((("/media/anime/", "/tv/"),), b"/media/anime/Show", "/tv/Show"),
        ((("/media/anime", "/tv"),), b"/media/anime", "/tv"),
        ((("/media/anime", "/tv"),), b"/media/anime2/Show", "/media/anime2/Show"),
        ((("/media", "/m"), ("/media/anime", "/tv")), b"/media/anime/Show", "/tv/Show"),
        ((("/media/anime", "nfs://nas/anime"),), b"/media/anime/A/B.mkv", "nfs://nas/anime/A/B.mkv"),
        ((("/media/anime", r"\\nas\anime"),), b"/media/anime/A/B.mkv", r"\\nas\anime\A\B.mkv"),
    ],
)
def test_a_server_has_names_of_its_own_for_folders(
    pairs: tuple[tuple[str, str], ...], here: bytes, there: str
) -> None:
    assert PathMap(pairs).there(here) == there


def test_an_nfo_says_title_numbers_plot_and_date() -> None:
    said = spoken(NFO.encode())
    assert said == Facts(title="A & B", season=1, episode=2, plot="One two", date="2026-01-02")


def test_of_several_episodes_in_one_file_only_the_numbers_count() -> None:
    said = spoken((NFO + NFO.partition("\n")[2].replace("A  &amp; B", "C")).encode())
    assert said == Facts(season=1, episode=2, date="2026-01-02")


@pytest.mark.parametrize("content", [b"", b"no XML", b"<a>"])
def test_what_is_no_nfo_contradicts_nobody(content: bytes) -> None:
    assert agrees(spoken(content), Facts(title="x"))


@pytest.mark.parametrize(
    ("heard", "is_read"),
    [
        (Facts(title="A & B", season=1, episode=2, plot="One\ntwo", date="2026-01-02"), True),
        (Facts(title="A & B"), True),
        (Facts(title="A"), False),
        (Facts(title="A & B", episode=3), False),
        (Facts(title="A & B", plot=""), False),
        (Facts(title="A & B", date="2026-01-03"), False),
    ],
)
def test_a_server_has_read_an_nfo_if_it_says_nothing_else(heard: Facts, is_read: bool) -> None:
    assert agrees(spoken(NFO.encode()), heard) == is_read


@pytest.mark.parametrize(
    ("other", "is_like"),
    [
        (Watched(count=1, position_s=60.9), True),
        (Watched(count=1, position_s=60, total_s=1400), True),
        (Watched(count=2, position_s=60), False),
        (Watched(count=1, position_s=90), False),
        (Watched(count=1, position_s=60, favourite=True), False),
        (Watched(count=1, position_s=60, last_played="2026-01-02"), False),
    ],
)
def test_a_state_is_like_another_whatever_the_server_rounds(other: Watched, is_like: bool) -> None:
    assert Watched(count=1, position_s=60).is_like(other) == is_like
