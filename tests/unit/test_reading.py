"""The structural reader: what it takes from titles of many shapes, and what it does not make up."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.reading import (
    MAX_TITLE,
    Kind,
    Numbering,
    ParsedTitle,
    Script,
    Unread,
    normal_title,
    parse,
    read_title,
)


@pytest.mark.parametrize(
    ("title", "name", "group", "season", "episode", "end", "version"),
    [
        ("[Group] Some Show - 05 [1080p][ABCDEF01].mkv", "Some Show", "Group", None, 5, None, None),
        (
            "[Group]_Some_Show_-_05v2_[1280x720_H.264_FLAC][ABCDEF01].mkv",
            "Some Show",
            "Group",
            None,
            5,
            None,
            2,
        ),
        ("[Group] Some Show S2 - 05 [1080p]", "Some Show", "Group", 2, 5, None, None),
        ("[Group] Some Show 2nd Season - 05 (720p)", "Some Show", "Group", 2, 5, None, None),
        ("[Group] Some Show II - 05 (720p)", "Some Show", "Group", 2, 5, None, None),
        ("[Group] Some Show - S02E05v2 [1080p]", "Some Show", "Group", 2, 5, None, 2),
        ("Some.Show.S02E05.The.Name.1080p.WEB-DL.AAC2.0.H.264-GRP.mkv", "Some Show", "GRP", 2, 5, None, None),
        ("Some Show 2x05 [720p]", "Some Show", None, 2, 5, None, None),
        ("Some.Show.-.05.mkv", "Some Show", None, None, 5, None, None),
        ("Some_Show_Ep05_The_Name_[1080p,BluRay,x264]_-_GRP.mkv", "Some Show", "GRP", None, 5, None, None),
        ("[Group] Some Show #05 [1080p]", "Some Show", "Group", None, 5, None, None),
        ("[Group] Some Show (01-12) (1080p) [Batch]", "Some Show", "Group", None, 1, 12, None),
        ("[Group] Some Show - 01 ~ 12 [1080p]", "Some Show", "Group", None, 1, 12, None),
        ("[Group] Some Show 100 - 05 [1080p]", "Some Show 100", "Group", None, 5, None, None),
        ("[Group] Some [Odd] Show - 05 [1080p]", "Some [Odd] Show", "Group", None, 5, None, None),
        ("[Group] Some Show (Other) - 05 [1080p]", "Some Show (Other)", "Group", None, 5, None, None),
        ("[Group] Some Show (2020) - 05 [1080p]", "Some Show", "Group", None, 5, None, None),
        ("Some Show (DVD) - 05 [Group].mkv", "Some Show", "Group", None, 5, None, None),
        ("[某字幕组] 某部动画 第二季 / Some Show S2 [05][1080p]", "某部动画", "某字幕组", 2, 5, None, None),
        ("[某字幕组][某部动画][Some Show][05][GB][1080P]", "某部动画", "某字幕组", None, 5, None, None),
        (
            "【某字幕組】★04月新番★【某部動畫】【第０５話】【１０８０Ｐ】",
            "某部動畫",
            "某字幕組",
            None,
            5,
            None,
            None,
        ),
        ("某字幕组★04月新番★某部动画★05★1080P★简体★MP4", "某部动画", "某字幕组", None, 5, None, None),
        (
            "【某字幕社】★4月新番 某部动画 第05话 GB 720P MP4（招人内详）",
            "某部动画",
            "某字幕社",
            None,
            5,
            None,
            None,
        ),
        ("[Group][某部动画/Some Show][01-12 END][1080P]", "某部动画", "Group", None, 1, 12, None),
        ("[Group] 某部动画 / Some Show [01-13合集v2][1080p]", "某部动画", "Group", None, 1, 13, 2),
        (
            "[Group] 【某部动画】 (2024) / Some Show (2024) [05][1080p]",
            "某部动画",
            "Group",
            None,
            5,
            None,
            None,
        ),
        ("[某部动画][第05集][国语中字][2160P]", "某部动画", None, None, 5, None, None),
        (
            "[Group][国漫][某部动画 第5季][Some Show Ⅴ][2022][08][HEVC][GB][4K]",
            "某部动画",
            "Group",
            5,
            8,
            None,
            None,
        ),
        ("ある番組 第２期 第１２話「題名」 (BS11 1920x1080 x264 AAC)", "ある番組", None, 2, 12, None, None),
        ("【1月】某部动画 第二季 07.mp4", "某部动画", None, 2, 7, None, None),
        ("Группа - 05 [1080p]", "Группа", None, None, 5, None, None),
    ],
)
def test_a_title_of_this_shape_is_read(
    title: str,
    name: str,
    group: str | None,
    season: int | None,
    episode: int,
    end: int | None,
    version: int | None,
) -> None:
    read = read_title(title)
    assert (read.preferred, read.group) == (name, group)
    assert (read.season, read.episode, read.episode_end, read.version) == (season, episode, end, version)


@pytest.mark.parametrize(
    ("title", "name", "season", "episode", "end"),
    [
        ("어떤 만화 2기 제05화 [1080p].mp4", "어떤 만화", 2, 5, None),
        ("어떤 만화 1~12화 [1080p]", "어떤 만화", None, 1, 12),
        ("Какое-то шоу - 2 сезон 5 серия.mp4", "Какое-то шоу", 2, 5, None),
        ("Some Show [TV-2] [01-12 из 13] [WEBRip 1080p]", "Some Show", 2, 1, 12),
        ("Una Serie 2ª Temporada - Capítulo 05 [720p].mp4", "Una Serie", 2, 5, None),
        ("Una.Serie.T02E05.Castellano.1080p.WEB-DL.mkv", "Una Serie", 2, 5, None),
        ("Uma Série - Episódio 05 [1080p]", "Uma Série", None, 5, None),
        ("[G] Some Show ภาค 2 ตอนที่ 05 [1080p]", "Some Show", 2, 5, None),
        ("[G] Tên Phim - Tập 05 [1080p].mp4", "Tên Phim", None, 5, None),
        ("Bir Dizi 2. Sezon 5. Bölüm 1080p", "Bir Dizi", 2, 5, None),
        ("Eine Serie Staffel 2 Folge 05 1080p", "Eine Serie", 2, 5, None),
        ("[G] 某部动画 第二十三话 [1080p]", "某部动画", None, 23, None),
        ("[某部动画][第十二集][1080P]", "某部动画", None, 12, None),
        ("[G] ある作品 第1話〜第12話 [1080p]", "ある作品", None, 1, 12),
    ],
)
def test_seasons_and_episodes_are_read_in_other_languages(
    title: str, name: str, season: int | None, episode: int, end: int | None
) -> None:
    read = read_title(title)
    assert (read.names[0].text, read.season, read.episode, read.episode_end) == (name, season, episode, end)


@pytest.mark.parametrize(
    ("title", "name", "season", "episode", "end"),
    [
        ("[G] Some Show 4th Season 2nd Cour - 05 [1080p]", "Some Show", 4, 5, None),
        ("[G] Some Show 2nd - 05 RAW (1280x720 x264 AAC).mp4", "Some Show", 2, 5, None),
        ("[G] Some Show SS2 - 05 [1080p]", "Some Show", 2, 5, None),
        ("Some.Show.S01E05E06E07.1080p.WEB.x264-GRP", "Some Show", 1, 5, 7),
        ("Some Show 2x05-06 720p", "Some Show", 2, 5, 6),
        ("[G] Some Show 88 (88) - 05 [1080p]", "Some Show 88", None, 5, None),
        ("[G] Some Show (5).mkv", "Some Show", None, 5, None),
        ("[G] Some Show (2006)-05 [BD 1080p].mkv", "Some Show", None, 5, None),
        ("Some Show 001-100 FRENCH", "Some Show", None, 1, 100),
        ("www.a-site.org - Some Show - 05 [1080p].mkv", "Some Show", None, 5, None),
        ("[G] Some Show 100 - Season 2 (S02) (BD 1080p)", "Some Show 100", 2, None, None),
        ("[G] Some Show (2004 - 2005) [DVD][480p][Batch]", "Some Show", None, None, None),
        ("Some Show S01 MULTi 480p NF WEB-DL x264-GRP", "Some Show", 1, None, None),
        ("Some Show S01P01 1080p BDRip x265-GRP", "Some Show", 1, None, None),
        ("[G] Some Show + SPs [BD 1080p]", "Some Show", None, None, None),
        ("[G] Some Show - Season 3 (Other Name) [1080p]", "Some Show", 3, None, None),
    ],
)
def test_what_stands_around_a_title_is_told_from_it(
    title: str, name: str, season: int | None, episode: int | None, end: int | None
) -> None:
    read = read_title(title)
    assert (read.names[0].text, read.season, read.episode, read.episode_end) == (name, season, episode, end)


@pytest.mark.parametrize(
    ("title", "group"),
    [
        ("Some Show S01E12 1080p WEB-DL AAC2.0 H.264-Some-Raws", "Some-Raws"),
        ("Some Show S01E12 1080p WEB x264 AAC -Some-Raws (CR).mkv", "Some-Raws"),
        ("Some.Show.S01E12.1080p.B-Global.WEB-DL.AAC2.0.H.265-Some.mkv", "Some"),
        ("Some_Show_-_05_[1080p]_-_Some v2.mkv", "Some"),
        ("Some Show (Some Team, 720p) [46B35E25].mkv", "Some Team"),
    ],
)
def test_a_group_behind_the_title_is_read_whole(title: str, group: str) -> None:
    assert read_title(title).group == group


def test_an_alias_behind_a_season_is_a_name_of_its_own() -> None:
    read = read_title("[G][某部动画第二期(Some Show II)][05][1080P]")
    assert [name.text for name in read.names] == ["某部动画", "Some Show"]


def test_everything_that_a_title_says_is_read() -> None:
    read = read_title(
        "[Group&Other] 某部动画 第三季 / Some Show S3 - 12.5 [BDRip 1080p HEVC-10bit FLACx2]"
        "[简繁日内封字幕][END].mkv"
    )
    assert [(name.text, name.script) for name in read.names] == [
        ("某部动画", Script.HAN),
        ("Some Show", Script.LATIN),
    ]
    assert read.groups == ("Group", "Other")
    assert (read.season, read.season_text, read.episode, read.tenths) == (3, "第三季", 12, 5)
    assert read.numbering is Numbering.ABSOLUTE
    assert (read.resolution, read.source) == ("1080p", "BDRip")
    assert (read.video_codec, read.audio_codec) == ("HEVC", "FLAC")
    assert read.subtitles == ("ja", "zh-Hans", "zh-Hant")
    assert (read.container, read.is_final, read.kinds) == ("mkv", True, frozenset())


def test_what_is_not_there_is_absent() -> None:
    read = read_title("Some Show")
    assert [name.text for name in read.names] == ["Some Show"]
    assert (read.group, read.season, read.episode, read.version, read.resolution) == (None,) * 5
    assert (read.numbering, read.year, read.crc, read.container, read.source) == (None,) * 5
    assert read.kinds == frozenset()


@pytest.mark.parametrize(
    "title",
    [
        "[Group] Some Show 3.0 You Can (Not) Watch [1080p]",
        "Show 100 Made ni Shitai 100 no Koto",
        "[Group] Some Show Movie 9 [1080p]",
        "[Group] Some Show (2016) [BD 1080p]",
        "[Group] Some Show 2 [Hi10p_1080p]",
        "[Group] 5 Things per Second [Blu-Ray][1920x1080 H.264][2.0ch AAC]",
    ],
)
def test_a_number_that_counts_something_else_is_no_episode(title: str) -> None:
    assert read_title(title).episode is None


def test_a_season_pack_has_a_season_and_no_episode() -> None:
    read = read_title("[Group] Some Show (Season 1-3) [BD 1080p]")
    assert (read.season, read.season_end, read.episode) == (1, 3, None)
    assert Kind.BATCH in read.kinds


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("[Group] Some Show - SP03 [1080p]", Kind.SPECIAL),
        ("[Group] 某部動畫 [特別篇] - 03 [1080P]", Kind.SPECIAL),
        ("[Group][某部动画][OVA][GB][720P]", Kind.OVA),
        ("[Group] 某部动画 / Some Show [Movie v2][1080p]", Kind.MOVIE),
        ("[Group] Some Show - NCOP1 [1080p]", Kind.EXTRA),
        ("[Group] Some Show Vol.2 [BD 1080p]", Kind.BATCH),
    ],
)
def test_a_kind_is_told(title: str, kind: Kind) -> None:
    assert kind in read_title(title).kinds


def test_the_title_is_also_given_as_written() -> None:
    assert "Some Show S2" in read_title("[Group] Some Show S2 - 05 [1080p]").written


def test_a_final_season_without_a_number_stays_in_the_title() -> None:
    read = read_title("[Group] Some Show The Final Season - 05 [1080p]")
    assert (read.season, read.season_text) == (None, "The Final Season")
    assert read.preferred == "Some Show The Final Season"


def test_a_part_is_not_a_season() -> None:
    read = read_title("[Group] Some Show Season 3 Part 2 - 05 [1080p]")
    assert (read.season, read.part, read.preferred) == (3, 2, "Some Show")


def test_the_title_in_chinese_characters_is_filed_under_wherever_it_stands() -> None:
    assert read_title("[Group] Some Show /  某部動畫 - 02 [1080P]").preferred == "某部動畫"
    assert read_title("[Group] ある番組 / Some Show - 02 [1080P]").preferred == "ある番組"


def test_two_languages_without_a_sign_between_them_are_told_apart_when_it_is_certain() -> None:
    long = read_title("[Group] 某部动画 Some Other Show - 06 [1080P]")
    assert [name.text for name in long.names] == ["某部动画", "Some Other Show"]
    short = read_title("[Group] 某部动画 SHOW - 06 [1080P]")
    assert [name.text for name in short.names] == ["某部动画 SHOW", "某部动画", "SHOW"]


def test_a_slash_inside_a_western_title_belongs_to_it() -> None:
    assert read_title("[Group] Some/Show - 05 [1080p]").preferred == "Some/Show"


def test_what_was_read_can_be_filed() -> None:
    assert parse("[Group] 某部动画 第二季 - 05v2 [1080p]") == ParsedTitle(
        anime_title="某部动画",
        episode_no=5,
        version=2,
        series_no=2,
        subtitle_group="Group",
        resolution="1080p",
    )


def test_specials_are_filed_as_series_0() -> None:
    parsed = parse("[Group] Some Show - SP03 [1080p]")
    assert isinstance(parsed, ParsedTitle)
    assert (parsed.series_no, parsed.episode_no) == (0, 3)


@pytest.mark.parametrize(
    ("title", "reason"),
    [
        ("", Unread.NO_TITLE),
        ("[1080p][MP4]", Unread.NO_TITLE),
        ("[Group] Some Show (BDRip 1080p)", Unread.NO_EPISODE),
        ("[Group] Some Show - NCED2 [1080p]", Unread.EXTRA),
        ("[Group] Some Show - 1-999 [1080p]", Unread.TOO_WIDE),
    ],
)
def test_what_cannot_be_filed_has_a_reason(title: str, reason: Unread) -> None:
    assert parse(title) is reason


def test_titles_of_one_work_meet_under_one_key() -> None:
    assert normal_title("Some Show！") == normal_title("ＳＯＭＥ　show") == normal_title("Sóme-Show")
    assert normal_title("がき") != normal_title("かき")
    assert normal_title("某部动画 2") != normal_title("某部动画")


_PIECES = [
    *"[]()【】（）{}★☆「」『』_-~/|.+&, 　",
    "第",
    "話",
    "季",
    "S0",
    "E1",
    "Ep",
    "12",
    "v2",
    "1080p",
    "字幕组",
]
_PIECES += ["某部", "Show", "の", "新番", "END", "2020", "Season ", "\ud800", "\x00", "\x01", "\n", "é", "👍"]


@given(st.lists(st.sampled_from(_PIECES), max_size=60).map("".join))
def test_any_title_can_be_read(title: str) -> None:
    read = read_title(title)
    parse(title)
    for name in read.names:
        assert name.text.strip() == name.text != ""
    assert read.episode is None or read.episode_end is None or read.episode_end > read.episode


HOSTILE = json.loads(Path(__file__).with_name("hostile_pieces.json").read_text(encoding="utf-8"))
"""What a title is made of, again and again, to keep a reader busy; benchmarks/titles.py measures with it."""


@pytest.mark.timeout(60)  # (a reader that tries every way through the first 2000 characters needs years)
@pytest.mark.parametrize("piece", HOSTILE, ids=range(len(HOSTILE)))
def test_of_a_hostile_title_only_the_beginning_is_read(piece: str) -> None:
    title = "[G] " + piece * 1_000_000
    assert read_title(title) == read_title(title[:MAX_TITLE])


@pytest.mark.timeout(60)
def test_of_a_mixture_of_everything_only_the_beginning_is_read() -> None:
    dice = random.Random(7)
    for _ in range(20):
        title = "".join(dice.choices(HOSTILE, k=100_000))
        assert read_title(title) == read_title(title[:MAX_TITLE])


def test_a_title_is_read_up_to_its_limit() -> None:
    assert read_title("[Group] " + "a" * (2 * MAX_TITLE) + " - 05 [1080p]").episode is None
