"""What follows a video, and what does not although it begins alike."""

from __future__ import annotations

import pytest

from seiton.domain.naming import BASE_BYTES
from seiton.domain.sidecars import Kind, followers, numbered, renamed, subtitle_tail


def names(base: bytes, folder: list[bytes]) -> list[bytes]:
    return [sidecar.name for sidecar in followers(base, folder)]


def test_a_unit_is_the_video_and_all_that_follows_it() -> None:
    unit = {
        b"A - S01E01.mkv": (b".mkv", Kind.VIDEO),
        b"A - S01E01.nfo": (b".nfo", Kind.NFO),
        b"A - S01E01.zh-hant.ass": (b".zh-hant.ass", Kind.SUBTITLE),
        b"A - S01E01.zh-hans.forced.SRT": (b".zh-hans.forced.SRT", Kind.SUBTITLE),
        b"A - S01E01-thumb.jpg": (b"-thumb.jpg", Kind.IMAGE),
        b"A - S01E01.jpg": (b".jpg", Kind.IMAGE),
        b"A - S01E01.trickplay": (b".trickplay", Kind.TRICKPLAY),
        b"A - S01E01.txt": (b".txt", Kind.OTHER),
    }
    strangers = [
        b"A - S01E01",
        b"A - S01E01x.mkv",
        b"A - S01E01-poster.jpg",
        b"A - S01E01-thumb.txt",
        b"B.nfo",
    ]
    found = followers(b"A - S01E01", [*unit, *strangers])
    assert {sidecar.name: (sidecar.tail, sidecar.kind) for sidecar in found} == unit


def test_golden_26_episode_1_leaves_the_files_of_episode_10_alone() -> None:
    folder = [
        b"A - S01E1.mkv",
        b"A - S01E1.ass",
        b"A - S01E10.mkv",
        b"A - S01E10.ass",
        b"A - S01E10-thumb.jpg",
    ]
    assert names(b"A - S01E1", folder) == [b"A - S01E1.mkv", b"A - S01E1.ass"]


@pytest.mark.parametrize("with_video", [True, False])
def test_golden_26_episode_12_leaves_the_files_of_12_5_alone(with_video: bool) -> None:
    folder = [b"A - S01E12.mkv", b"A - S01E12.5.ass", b"A - S01E12.5-thumb.jpg", b"A - S01E12.5.zh.ass"]
    if with_video:
        folder.append(b"A - S01E12.5.mkv")
    assert names(b"A - S01E12", folder) == [b"A - S01E12.mkv"]


def test_a_file_belongs_to_the_video_with_the_longest_base() -> None:
    folder = [b"A.mkv", b"A.ass", b"A.Special.mkv", b"A.Special.ja.ass", b"A.Special.nfo"]
    assert names(b"A", folder) == [b"A.mkv", b"A.ass"]
    assert names(b"A.Special", folder) == [b"A.Special.mkv", b"A.Special.ja.ass", b"A.Special.nfo"]


def test_bytes_that_are_no_text_follow_too_and_are_renamed() -> None:
    (sidecar,) = followers(b"\xff 1", [b"\xff 1.\xfe.ass"])
    assert renamed(sidecar, b"B - S01E02") == b"B - S01E02.\xfe.ass"


@pytest.mark.parametrize(
    ("subtitle", "tail"),
    [
        ("x.TC.ass", ".zh-hant.ass"),
        ("x.CHS.srt", ".zh-hans.srt"),
        ("x.sc.ass", ".zh-hans.ass"),
        ("x.GB.ASS", ".zh-hans.ass"),
        ("x.big5.ass", ".zh-hant.ass"),
        ("x.JP.ass", ".ja.ass"),
        ("x.zh-Hant.ass", ".zh-hant.ass"),
        ("x.简体.ass", ".zh-hans.ass"),
        ("x[繁體].ass", ".zh-hant.ass"),
        ("x.sc&jp.ass", ".zh-hans.bilingual.ass"),
        ("x.CHS_JP.ass", ".zh-hans.bilingual.ass"),
        ("x.JPTC.ass", ".zh-hant.bilingual.ass"),
        ("x.简日双语.ass", ".zh-hans.bilingual.ass"),
        ("x.简繁日.ass", ".zh.bilingual.ass"),
        ("x.cc.srt", ".sdh.srt"),
        ("x.forced.en.srt", ".en.forced.srt"),
        ("x.SumiSora.tc.ass", ".zh-hant.SumiSora.ass"),
        ("x.ass", ".ass"),
        ("x.hi.ass", ".ass"),
        ("x.xx.ass", ".ass"),
        ("x.mydefaultstyle.ass", ".ass"),
        ("x.5.ass", ".ass"),
    ],
)
def test_golden_25_subtitle_languages_are_written_so_that_servers_know_them(subtitle: str, tail: str) -> None:
    assert subtitle_tail("x.mkv", subtitle) == tail


def test_a_subtitle_called_otherwise_keeps_only_its_language() -> None:
    assert (
        subtitle_tail("[G] Show [01][JP][1080p].mkv", "[G] Show [01][CHS][1080p][abcd].ass") == ".zh-hans.ass"
    )


def test_a_numbered_subtitle_still_follows_its_episode() -> None:
    tail = numbered(".ass", 2)
    assert names(b"A - S01E12", [b"A - S01E12" + tail.encode()]) == [b"A - S01E12.track2.ass"]


def test_the_longest_tail_fits_behind_the_longest_base() -> None:
    tail = subtitle_tail("x.mkv", "x.sc&jp.abcdefghijkl.mnopqrstuvwx.forced.default.cc.ass")
    assert BASE_BYTES + len(numbered(tail, 99).encode()) <= 255
