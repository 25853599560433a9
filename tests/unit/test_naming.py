"""Names: the golden cases of Jellyfin and Kodi, and what no title may do to a library."""

from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seiton.domain.metadata import UNKNOWN_GROUP, EpisodeMeta, ShowFacts, place_number
from seiton.domain.naming import (
    BASE_BYTES,
    Impossible,
    Name,
    NamingProfile,
    WhyImpossible,
    display,
    path_key,
    render,
    split_stem,
)

DEFAULT = NamingProfile()
EPISODE = "{title} - S{season:02}E{episode:02}<-E{episode_end:02}>"
WITH_YEAR = NamingProfile(template="{title}< ({year})>/Season {season:02}/" + EPISODE)
WITH_GROUP = NamingProfile(template="{title}/Season {season:02}/" + EPISODE + "< [{group}]>")
WITH_BOTH = NamingProfile(template="{title}< ({year})>/Season {season:02}/" + EPISODE + "< [{group}]>")


def name(
    title: str,
    series_no: int = 1,
    episode_no: int = 1,
    *,
    end: int | None = None,
    year: int | None = None,
    group: str | None = None,
    profile: NamingProfile = DEFAULT,
) -> Name:
    meta = EpisodeMeta(
        anime_title=title,
        series_no=series_no,
        episode_no=episode_no,
        episode_end=end,
        subtitle_group=group,
        show=ShowFacts(year=year),
    )
    rendered = render(meta, profile)
    assert isinstance(rendered, Name), rendered
    return rendered


def fault(title: str, series_no: int = 1, episode_no: int = 1, end: int | None = None) -> WhyImpossible:
    meta = EpisodeMeta(anime_title=title, series_no=series_no, episode_no=episode_no, episode_end=end)
    rendered = render(meta, DEFAULT)
    assert isinstance(rendered, Impossible), rendered
    return rendered.code


def test_the_default_layout_is_the_references() -> None:
    found = name("葬送的芙莉蓮", year=2023)
    assert found.stem.decode() == "葬送的芙莉蓮/Season 01/葬送的芙莉蓮 - S01E01"
    assert found.show_folder.decode() == "葬送的芙莉蓮"
    assert found.season_folder.decode() == "葬送的芙莉蓮/Season 01"


def test_golden_1_year_in_the_folder_but_not_in_the_file() -> None:
    found = name("葬送的芙莉蓮", year=2023, profile=WITH_YEAR)
    assert found.stem.decode() == "葬送的芙莉蓮 (2023)/Season 01/葬送的芙莉蓮 - S01E01"


def test_golden_5_two_episodes_in_one_file() -> None:
    assert name("某", 1, 3, end=4).base == "某 - S01E03-E04"
    assert name("某", 1, 3, end=3).base == "某 - S01E03"


def test_golden_6_a_fractional_episode_lies_among_the_specials() -> None:
    placed = place_number(1, 12, tenths=5)
    assert name("某", placed.series_no, placed.episode_no).stem.decode() == "某/Season 00/某 - S00E125"


def test_golden_7_and_8_specials_and_episode_0() -> None:
    assert name("某", 0, 1).stem.decode() == "某/Season 00/某 - S00E01"
    assert name("某", 2, 0).stem.decode() == "某/Season 02/某 - S02E00"


def test_golden_9_a_thousandth_episode_keeps_its_digits() -> None:
    assert name("某", 1, 1071).base == "某 - S01E1071"


def test_golden_11_two_groups_side_by_side() -> None:
    assert name("某", group="LoliHouse", profile=WITH_GROUP).base == "某 - S01E01 [LoliHouse]"
    assert name("某", group="ANi", profile=WITH_GROUP).base == "某 - S01E01 [ANi]"
    assert name("某", group="Other", profile=WITH_GROUP).base == "某 - S01E01 [Other]"
    assert name("某", group=UNKNOWN_GROUP, profile=WITH_GROUP).base == "某 - S01E01"
    assert name("某", group="A]S02E03[B/..", profile=WITH_GROUP).base == "某 - S01E01 [A］S02Ｅ03［B／]"


def test_golden_12_and_13_characters_that_shares_refuse() -> None:
    assert name("Re:ゼロ？", year=2016, profile=WITH_YEAR).show == "Re：ゼロ？ (2016)"
    found = name('.hack//SIGN: "x"? ...', year=2002, profile=WITH_YEAR)
    assert found.show == "hack／／SIGN： ＂x＂？ (2002)"
    assert found.base == "hack／／SIGN： ＂x＂？ - S01E01"


@pytest.mark.parametrize("title", ["K", "A", "1", "86", "Season", "S01", "Season 2"])
def test_golden_14_titles_that_mislead_season_parsers_get_their_year(title: str) -> None:
    assert name(title, year=2012).show == f"{title} (2012)"
    assert name(title).show == title  # golden 29: a year is never invented


def test_golden_15_a_long_title_is_cut_on_a_character_and_stays_distinct() -> None:
    one, other = name("長" * 120 + "一"), name("長" * 120 + "二")
    assert len(one.base.encode()) <= 150
    assert one.base.startswith("長長長")
    assert one.show != other.show
    assert one == name("長" * 120 + "一")


def test_golden_17_nine_refused_characters_do_not_meet() -> None:
    titles = [f"A{char}B" for char in '/\\:*?"<>|']
    assert len({path_key(name(title).show_folder) for title in titles}) == 9


def test_golden_17_titles_equal_after_cleaning_have_one_key_so_that_a_claim_can_catch_them() -> None:
    assert path_key(name("Abc.").show_folder) == path_key(name("aBc").show_folder)


@pytest.mark.parametrize("title", ["Extras", "subs", "Behind the Scenes", "con", "CON.x", "Foo.trickplay"])
def test_ignored_folder_names_get_the_year_or_a_mark(title: str) -> None:
    assert name(title, year=2020).show == f"{title} (2020)"
    assert name(title).show == f"{title}＿"


def test_a_sample_is_hidden_from_kodis_exclusion() -> None:
    found = name("The Sample")
    assert (found.show, found.base) == ("The [Sample]", "The [Sample] - S01E01")
    assert name("Samples of Life").show == "Samples of Life"


def test_markup_that_jellyfin_obeys_is_disarmed() -> None:
    assert name("X [tvdbid-123]").show == "X ［tvdbid-123]"
    assert name("X {tmdb-1} [DontFetchMeta]").show == "X ｛tmdb-1} ［DontFetchMeta]"
    assert name("X [2020]").show == "X [2020]"


def test_a_year_that_the_title_ends_with_is_not_written_twice() -> None:
    assert name("X (2020)", year=2020, profile=WITH_YEAR).show == "X (2020)"
    assert name("X (2020)", year=2021, profile=WITH_YEAR).show == "X (2020) (2021)"


def test_letters_with_separate_marks_are_composed() -> None:
    assert name("カ\u3099").show == "ガ"


def test_a_number_in_the_title_is_not_taken_for_the_files() -> None:
    assert name("Foo S02E03 Bar").base == "Foo S02Ｅ03 Bar - S01E01"


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", WhyImpossible.EMPTY_TITLE),
        ("  \t\n", WhyImpossible.EMPTY_TITLE),
        (".", WhyImpossible.NOTHING_PRINTABLE),
        ("..", WhyImpossible.NOTHING_PRINTABLE),
        (" .. . ", WhyImpossible.NOTHING_PRINTABLE),
        ("\u200b\u202e\ufeff", WhyImpossible.NOTHING_PRINTABLE),
        ("\u0301\u0302", WhyImpossible.NOTHING_PRINTABLE),
        ("\x00\ud800", WhyImpossible.NOTHING_PRINTABLE),
    ],
)
def test_titles_that_cannot_be_a_name(title: str, code: WhyImpossible) -> None:
    assert fault(title) is code


def test_numbers_out_of_range_are_refused_not_wrapped() -> None:
    assert fault("A", series_no=-1) is WhyImpossible.NUMBER_OUT_OF_RANGE
    assert fault("A", episode_no=100_000) is WhyImpossible.NUMBER_OUT_OF_RANGE
    assert fault("A", episode_no=5, end=4) is WhyImpossible.NUMBER_OUT_OF_RANGE
    assert fault("A", episode_no=1, end=99_999) is WhyImpossible.NUMBER_OUT_OF_RANGE


def test_a_leading_dot_never_hides_a_show_nor_reaches_our_own_names() -> None:
    assert name(".seiton").show == "seiton"
    assert name(" . .seiton-tmp-1").show == "seiton-tmp-1"
    assert name("Trailing. . ").show == "Trailing"


def test_a_cut_does_not_part_a_letter_from_its_marks() -> None:
    title = "x" * 118 + "q\u0323\u0307" + "tail" * 10  # no composed form
    cut = name(title).show.partition("~")[0]
    assert cut == "x" * 118


@given(
    title=st.text(max_size=300),
    series_no=st.integers(0, 99_999),
    episode_no=st.integers(0, 99_999),
    span=st.integers(0, 3),
    group=st.none() | st.text(max_size=300),
    year=st.none() | st.integers(1900, 2100),
)
@example(title="a/../../b", series_no=1, episode_no=1, span=0, group="../x", year=None)
def test_whatever_the_title_a_name_is_safe_short_and_normalised(
    title: str, series_no: int, episode_no: int, span: int, group: str | None, year: int | None
) -> None:
    meta = EpisodeMeta(
        anime_title=title,
        series_no=series_no,
        episode_no=episode_no,
        episode_end=episode_no + span,
        subtitle_group=group,
        show=ShowFacts(premiered=date(year, 1, 1) if year else None),
    )
    found = render(meta, WITH_BOTH)
    if isinstance(found, Impossible):
        return
    for component in (found.show, found.season, found.base):
        assert component == unicodedata.normalize("NFC", component)
        assert component not in ("", ".", "..")
        assert not component.startswith((".", " "))
        assert not component.endswith((".", " "))
        assert not set('/\\:*?"<>|') & set(component)
        assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in component)
        assert len(component.encode()) <= BASE_BYTES
    assert found.stem.count(b"/") == 2
    assert len(name(title, series_no, episode_no).base.encode()) <= 150


def test_a_key_ignores_case_and_normalisation() -> None:
    assert path_key("Ä/straße".encode()) == path_key(unicodedata.normalize("NFD", "ä/STRASSE").encode())
    assert path_key("ガ".encode()) == path_key("カ\u3099".encode())
    assert path_key(b"a/b") != path_key(b"ab")


@given(st.lists(st.binary(max_size=6), min_size=2, max_size=2, unique=True))
@example([b"a\xe9", b"a\xe8"])
@example([b"a\xe9", b"a\\xe9"])
def test_names_that_are_not_utf8_stay_distinct_and_can_be_stored(names: list[bytes]) -> None:
    one, other = (name.replace(b"/", b"x") for name in names)
    key = path_key(one)
    key.encode()
    decoded = [name.decode("utf-8", "surrogateescape") for name in (one, other)]
    if any("\udc80" <= char <= "\udcff" for text in decoded for char in text):
        same = [unicodedata.normalize("NFD", unicodedata.normalize("NFD", t).casefold()) for t in decoded]
        assert (key == path_key(other)) == (same[0] == same[1])


def test_a_byte_that_is_not_utf8_does_not_meet_its_own_digits() -> None:
    assert len({path_key(raw) for raw in (b"a\xe9", b"ae9", b"a/e9", b"a\xe8", "aé".encode())}) == 5


def test_a_path_is_displayed_without_tricks() -> None:
    assert display("某/ガ　x".encode()) == "某/ガ　x"
    assert display(b"a\xe9") == "a\\xe9"
    assert display("a\x1b[31m\u202egpj\n".encode()) == "a\\x1b[31m\\u202egpj\\n"


@pytest.mark.parametrize(
    ("path", "stem", "extension"),
    [
        (b"a/b - S01E01.MKV", b"a/b - S01E01", b".mkv"),
        (b"a.b/c", b"a.b/c", b""),
        (b"a/S01E12.5", b"a/S01E12.5", b""),
        (b"a/Mr. X", b"a/Mr. X", b""),
        (b"a/.mkv", b"a/.mkv", b""),
        (b"a/x.Ass", b"a/x", b".Ass"),
        (b"\xff.3gp", b"\xff", b".3gp"),
    ],
)
def test_stem_and_extension(path: bytes, stem: bytes, extension: bytes) -> None:
    assert split_stem(path) == (stem, extension)
