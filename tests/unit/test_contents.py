"""Which file of a torrent is which episode, and when that cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.contents import Assignment, TorrentFile, Wanted, WhyMissing, WhyRefused, assign, hostile
from seiton.domain.episode_numbers import read_numbers

MB = 1_000_000
CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "titles.jsonl"


def files(*paths: str | bytes | tuple[str, int]) -> list[TorrentFile]:
    found = []
    for index, item in enumerate(paths):
        path, size = item if isinstance(item, tuple) else (item, 300 * MB)
        raw = path if isinstance(path, bytes) else path.encode()
        found.append(TorrentFile(index=index, path=raw, size=size))
    return found


def wanted(*numbers: float, series_no: int = 1) -> list[Wanted]:
    return [
        Wanted(slot=slot, episode_no=int(no), episode_tenths=round(no * 10) % 10, series_no=series_no)
        for slot, no in enumerate(numbers, start=1)
    ]


def chosen(assignment: Assignment) -> dict[int, str]:
    return {slot: found.video.path.decode() for slot, found in assignment.chosen.items()}


def subtitles(assignment: Assignment) -> dict[int, list[str]]:
    return {slot: [s.path.decode() for s in found.subtitles] for slot, found in assignment.chosen.items()}


def test_one_wanted_and_one_video_belong_together_whatever_its_name() -> None:
    found = assign(files("d/whatever.mkv", "d/readme.txt", "d/NCOP.mkv", ("d/sample.mkv", MB)), wanted(7))
    assert chosen(found) == {1: "d/whatever.mkv"}
    assert chosen(assign(files("[G] Show - 03.mkv"), wanted(99))) == {1: "[G] Show - 03.mkv"}
    assert chosen(assign(files("Show PV 01.mkv"), wanted(1))) == {1: "Show PV 01.mkv"}


@pytest.mark.parametrize(
    "pattern",
    [
        "[G] Show - {:02d} [1080p][x264 10bit][ABCD1234].mkv",
        "[G][Show][{:02d}][1080P][GB_JP].mp4",
        "[G][Show][{:02d}v2][BIG5].mp4",
        "[G] Show 第{:02d}話 [2023].mkv",
        "Show.S02E{:02d}.1080p.WEB-DL.AAC2.0.H.264.mkv",
        "Show S2 - {:02d} (BD 1920x1080 HEVC-10bit FLAC).mkv",
        "【G】【Show】【{:02d}】【1080P】.mkv",
        "Show_{:02d}_[720p].mkv",
        "{:02d}. Show 2024.mkv",
        "86 - Eighty Six {:d}.mkv",
        "Show EP{:02d} END.mkv",
        "Show 1080 {:02d} 5.1ch.mkv",
        "２０２４　ショー　#{:02d}.mkv",
    ],
)
def test_several_videos_go_by_the_number_that_differs(pattern: str) -> None:
    names = [pattern.format(no) for no in (3, 1, 2)]
    found = assign(files(*names), wanted(1, 2, 3))
    assert chosen(found) == {1: names[1], 2: names[2], 3: names[0]}
    assert not found.unmatched_videos


def test_the_titles_own_digits_are_not_the_episode() -> None:
    only = assign(files("[G] 86 [02].mkv", "[G] 86 [03].mkv"), wanted(3), hint_title="86")
    assert chosen(only) == {1: "[G] 86 [03].mkv"}
    assert read_numbers(["[G] Mob Psycho 100 07.mkv"], hint_title="Mob Psycho 100")[0].first == 70  # type: ignore[union-attr]


def test_a_fractional_episode_is_not_the_whole_one() -> None:
    found = assign(files("A - 12.mkv", "A - 12.5.mkv", "A - 13.mkv"), wanted(12, 12.5))
    assert chosen(found) == {1: "A - 12.mkv", 2: "A - 12.5.mkv"}
    assert [f.path for f in found.unmatched_videos] == [b"A - 13.mkv"]
    assert assign(files("A - 12.mkv", "A - 13.mkv"), wanted(12.5)).missing_slots == {1: WhyMissing.NOT_THERE}


def test_the_newest_version_is_taken_and_equal_ones_are_not_guessed() -> None:
    assert (
        chosen(assign(files("A - 01.mkv", "A - 01v2.mkv", "A - 02.mkv"), wanted(1, 2)))[1] == "A - 01v2.mkv"
    )
    found = assign(files("A - 01 [1080p].mkv", "A - 01 [720p].mkv", "A - 02.mkv"), wanted(1, 2))
    assert found.missing_slots == {1: WhyMissing.AMBIGUOUS}
    assert chosen(found) == {2: "A - 02.mkv"}


def test_a_file_with_two_episodes_serves_both() -> None:
    found = assign(files("A - 01-02.mkv", "A - 03.mkv"), wanted(1, 2, 3))
    assert chosen(found) == {1: "A - 01-02.mkv", 2: "A - 01-02.mkv", 3: "A - 03.mkv"}


def test_files_that_count_on_are_matched_by_order_only_without_a_gap() -> None:
    names = [f"A - {no}.mkv" for no in range(13, 25)]
    found = assign(files(*reversed(names)), wanted(*range(1, 13)))
    assert chosen(found) == dict(enumerate(names, start=1))
    gap = assign(files(*names[:-1], "A - 26.mkv"), wanted(*range(1, 13)))
    assert not gap.chosen
    assert set(gap.missing_slots.values()) == {WhyMissing.NOT_THERE}
    fewer = assign(files(*names), wanted(1, 2, 3))
    assert not fewer.chosen


def test_one_wanted_among_several_is_never_guessed_unless_it_dwarfs_the_rest() -> None:
    assert assign(files("a.mkv", "b.mkv"), wanted(1)).missing_slots == {1: WhyMissing.NOT_THERE}
    found = assign(files(("movie.mkv", 1000 * MB), ("talk.mkv", 100 * MB), ("song.mkv", 90 * MB)), wanted(1))
    assert chosen(found) == {1: "movie.mkv"}
    close = assign(files(("movie.mkv", 1000 * MB), ("talk.mkv", 300 * MB)), wanted(1))
    assert close.missing_slots == {1: WhyMissing.NOT_THERE}


def test_extras_and_tiny_files_are_no_episodes() -> None:
    found = assign(
        files(
            "A/A - 01.mkv", "A/A - 02.mkv", "A/Extras/A - 01.mkv", "A/SP&PV/PV - 02.mkv", "A/NCOP 01.mkv",
            "A/[G] A [NCED2].mkv", "A/Menu02.mkv", ("A/A - 02 x.mkv", MB), "A/映像特典/01.mkv",
        ),
        wanted(1, 2),
    )  # fmt: skip
    assert chosen(found) == {1: "A/A - 01.mkv", 2: "A/A - 02.mkv"}
    assert not found.unmatched_videos


def test_seasons_of_one_torrent_are_kept_apart() -> None:
    pack = files(
        "A/Season 1/01.mkv", "A/Season 1/02.mkv", "A/Season 2/01.mkv", "A/Season 2/02.mkv", "A/SPs/01.mkv"
    )
    assert chosen(assign(pack, wanted(1, 2, series_no=2))) == {1: "A/Season 2/01.mkv", 2: "A/Season 2/02.mkv"}
    assert chosen(assign(pack, wanted(1, series_no=0))) == {1: "A/SPs/01.mkv"}
    short = assign(
        files("A S1 - 01.mkv", "A S1 - 02.mkv", "A S1 - 03.mkv", "A S2 - 01.mkv"), wanted(3, series_no=2)
    )
    assert short.missing_slots == {1: WhyMissing.NOT_THERE}


def test_a_season_in_the_names_may_be_called_otherwise_by_the_rule() -> None:
    assert chosen(assign(files("A S2 - 01.mkv", "A S2 - 02.mkv"), wanted(2, series_no=1))) == {
        1: "A S2 - 02.mkv"
    }


def test_specials_and_episodes_are_told_apart() -> None:
    pack = files("A - 01.mkv", "A - 02.mkv", "A - SP01.mkv", "A - OVA 2.mkv")
    assert chosen(assign(pack, wanted(1, 2))) == {1: "A - 01.mkv", 2: "A - 02.mkv"}
    assert chosen(assign(pack, wanted(1, 2, series_no=0))) == {1: "A - SP01.mkv", 2: "A - OVA 2.mkv"}


def test_a_fractional_episode_is_found_although_it_will_be_filed_as_a_special() -> None:
    pack = files("A - 12.mkv", "A - 12.5.mkv", "A - SP01.mkv")
    assert chosen(assign(pack, wanted(12.5, 1, series_no=0))) == {1: "A - 12.5.mkv", 2: "A - SP01.mkv"}


def test_a_year_is_not_an_episode() -> None:
    (reading,) = read_numbers(["Show 07 2023.mkv"])
    assert reading is not None
    assert reading.whole == 7


def test_a_torrent_without_a_video_says_so() -> None:
    assert assign(files("a.ass", "b.zip"), wanted(1, 2)).missing_slots == dict.fromkeys(
        (1, 2), WhyMissing.NO_VIDEO
    )


def test_subtitles_go_with_the_video_of_their_base_or_their_number() -> None:
    found = assign(
        files(
            "A/A - 01.mkv", "A/A - 02.mkv", "A/A - 01.sc.ass", "A/A - 01.tc.ass", "A/A - 01.5.ass",
            "A/A - 010.ass",
            "A/Subs/[TC] A 02.ass", "A/Subs/[TC] A 03.ass", "A/Fonts/a.ttf", "A/Fonts.7z", "A/NCOP 01.ass",
        ),
        wanted(1, 2),
    )  # fmt: skip
    assert subtitles(found) == {1: ["A/A - 01.sc.ass", "A/A - 01.tc.ass"], 2: ["A/Subs/[TC] A 02.ass"]}


def test_the_only_video_takes_every_subtitle() -> None:
    found = assign(files("A.mkv", "Subs/2_English.srt", "Subs/zh.ass"), wanted(1))
    assert subtitles(found) == {1: ["Subs/2_English.srt", "Subs/zh.ass"]}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (b"", WhyRefused.EMPTY),
        (b"a//b.mkv", WhyRefused.EMPTY),
        (b"a/", WhyRefused.EMPTY),
        (b"/etc/passwd", WhyRefused.ABSOLUTE),
        (b"../x.mkv", WhyRefused.PARENT),
        (b"a/../../x.mkv", WhyRefused.PARENT),
        (b"./x.mkv", WhyRefused.PARENT),
        (b"a\\..\\x.mkv", WhyRefused.BACKSLASH),
        (b"a\0.mkv", WhyRefused.NUL),
    ],
)
def test_hostile_paths_are_listed_and_never_chosen(path: bytes, reason: WhyRefused) -> None:
    found = assign(files(path), wanted(1))
    assert [refusal.reason for refusal in found.refused] == [reason]
    assert found.missing_slots == {1: WhyMissing.NO_VIDEO}


def test_an_absurdly_long_name_costs_nothing() -> None:
    assert subtitles(assign(files("x.mkv", "y.mkv", "." * 1_000_000 + "ass"), wanted(1))) == {}


def test_names_that_are_not_utf8_are_matched_too() -> None:
    found = assign(files(b"\x83A - 01.mkv", b"\x83A - 02.mkv", b"\x83A - 02.ass"), wanted(2))
    assert found.chosen[1].video.path == b"\x83A - 02.mkv"
    assert [s.path for s in found.chosen[1].subtitles] == [b"\x83A - 02.ass"]


PIECE = st.sampled_from(
    ["A", "01", "02", " - ", "[", "]", "/", "..", "\\", ".mkv", ".ass", "v2", "S01E", "第", "話", "SP", ".5",
     "NCOP", "１", "\udcff"]
)  # fmt: skip


@given(
    st.lists(st.lists(PIECE, max_size=8).map("".join), max_size=8), st.lists(st.integers(0, 3), max_size=3)
)
def test_every_slot_is_answered_once_and_no_file_is_made_up(paths: list[str], numbers: list[int]) -> None:
    given_files = files(*(path.encode("utf-8", "surrogateescape") for path in paths))
    slots = wanted(*numbers)
    found = assign(given_files, slots)
    assert set(found.chosen) | set(found.missing_slots) == {item.slot for item in slots}
    assert not set(found.chosen) & set(found.missing_slots)
    for choice in found.chosen.values():
        for file in (choice.video, *choice.subtitles):
            assert file in given_files
            assert hostile(file.path) is None


def test_most_real_titles_are_read_even_without_siblings() -> None:
    if not CORPUS.exists():
        pytest.skip(f"the corpus of titles is not at {CORPUS}")
    right = total = 0
    for line in CORPUS.read_text().splitlines():
        entry = json.loads(line)
        expected = entry["expect"]
        if entry["tier"] == "hand" and expected.get("kind") == "episode" and "episode" in expected:
            (reading,) = read_numbers([entry["title"]])
            total += 1
            right += reading is not None and reading.first == round(float(expected["episode"]) * 10)
    assert right / total > 0.94
