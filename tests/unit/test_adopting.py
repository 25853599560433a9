"""What videos of an existing folder are, told from names, neighbours and NFOs."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.adopting import (
    NO_PARSER,
    Adopted,
    Evidence,
    Fit,
    Folder,
    Layout,
    Left,
    Source,
    Verdict,
    Video,
    WhyLeft,
    as_adopted,
    best_layouts,
    dump_evidence,
    fitting,
    is_skipped,
    judge,
    load_evidence,
    readable,
)
from seiton.domain.metadata import EpisodeMeta, ShowFacts
from seiton.domain.nfo_merge import Unreadable
from seiton.domain.nfo_numbers import renumbered
from seiton.domain.nfo_reading import About, Said, read_nfo
from seiton.domain.path_text import path_of_text, text_of_path
from seiton.domain.rules import Failed, Matched, NoMatch, ParsedTitle


def verdicts(
    path: str, *names: str | Video, is_library: bool = True, show: Said | None = None, show_depth: int = 0
) -> list[Verdict]:
    videos = tuple(name if isinstance(name, Video) else Video(name=f"{name}.mkv".encode()) for name in names)
    parts = tuple(part.encode() for part in path.split("/")) if path else ()
    return judge(Folder(path=parts, videos=videos, is_library=is_library, show=show, show_depth=show_depth))


def told(verdict: Verdict) -> tuple[str, int, float] | str:
    if isinstance(verdict, Left):
        return verdict.why.value
    found = verdict.parsed
    return found.anime_title, found.series_no, found.episode_no + found.episode_tenths / 10


@pytest.mark.parametrize(
    ("path", "names", "expected"),
    [
        ("Frieren (2023)/Season 01", ["Frieren - S01E01"], [("Frieren", 1, 1)]),
        ("Frieren [tvdbid-9]/Season 02", ["[G] Sousou no Frieren - 05v2"], [("Frieren", 2, 5)]),
        ("进击的巨人/第二季", ["05", "06", "07.5"], [("进击的巨人", 2, n) for n in (5, 6, 7.5)]),
        ("Tea Season 2", ["1", "2", "10"], [("Tea", 2, n) for n in (1, 2, 10)]),
        ("Tea/S02", ["ep01", "ep02"], [("Tea", 2, 1), ("Tea", 2, 2)]),
        ("Tea/Specials", ["SP01", "SP02"], [("Tea", 0, 1), ("Tea", 0, 2)]),
        ("Tea/Season 00", ["Tea - S00E03 OVA"], [("Tea", 0, 3)]),
        (
            "Area 88/Season 01",
            ["[G] Area 88 - 89", "[G] Area 88 - 90"],
            [("Area 88", 1, n) for n in (89, 90)],
        ),
        ("Tea 2/Season 01", ["[G] Tea 2 - 05"], [("Tea 2", 1, 5)]),
        ("86", ["86 - 01", "86 - 02"], [("86", 1, 1), ("86", 1, 2)]),
        ("Mob 100", ["Mob 100 - 01", "Mob 100 - 02"], [("Mob 100", 1, 1), ("Mob 100", 1, 2)]),
        ("A/Show (1999)", ["Show.1x01", "Show.1x02"], [("Show", 1, 1), ("Show", 1, 2)]),
        ("", ["[A] Tea - 01 [1080p]"], [("Tea", 1, 1)]),
        ("anime/2024-01", ["[A] Tea - 01", "[B] Cake - 02"], [("Tea", 1, 1), ("Cake", 1, 2)]),
        ("Tea", ["[A] Tea - 01", "[B] Cake - 02"], [("Tea", 1, 1), ("Cake", 1, 2)]),
        ("Mixed", ["[A] Tea - 01", "[B] Cake - 02"], [("Tea", 1, 1), ("Cake", 1, 2)]),
        ("Tea", ["Tea - S01E01-E02", "Tea - 03-04"], ["several_episodes"] * 2),
        ("Tea/Season 02", ["Tea - S01E04"], ["season_unclear"]),
        ("Tea", ["holiday"], ["no_episode"]),
        ("Tea", ["Tea - 01", "NCOP", "Tea PV1"], [("Tea", 1, 1), "extra", "extra"]),
    ],
)
def test_names_of_folders_and_files_are_heard_together(
    path: str, names: list[str], expected: list[object]
) -> None:
    assert [told(verdict) for verdict in verdicts(path, *names)] == expected


def test_a_download_folder_has_no_say_in_titles_unless_files_have_none() -> None:
    found = verdicts("some folder", "[A] Tea - 01", "[A] Tea - 02", is_library=False)
    assert [told(verdict) for verdict in found] == [("Tea", 1, 1), ("Tea", 1, 2)]
    found = verdicts("[A] Tea S2 [1080p]", "01", "02", is_library=False)
    assert [told(verdict) for verdict in found] == [("Tea", 2, 1), ("Tea", 2, 2)]


def test_an_nfo_has_the_last_word_on_numbers() -> None:
    said = Said(about=About.EPISODE, season=3, episode=7, ids=(("tvdb", "5"),))
    (found,) = verdicts("Tea/Season 01", Video(name=b"Tea - S01E02.mkv", nfo=said))
    assert isinstance(found, Adopted)
    assert told(found) == ("Tea", 3, 7)
    assert found.sources == {"title": Source.FOLDER, "season": Source.NFO, "episode": Source.NFO}
    assert found.episode_ids == (("tvdb", "5"),)
    movie = Said(about=About.MOVIE)
    assert [told(v) for v in verdicts("Tea", Video(name=b"Tea - 02.mkv", nfo=movie))] == ["movie"]
    two = Said(about=About.EPISODE, season=1, episode=1, episodes=2)
    assert [told(v) for v in verdicts("Tea", Video(name=b"Tea - 01.mkv", nfo=two))] == ["several_episodes"]


def test_the_users_parser_is_heard_first_but_season_1_is_what_it_says_without_one() -> None:
    parsed = ParsedTitle(anime_title="Green Tea", episode_no=4, series_no=3)
    (found,) = verdicts("Tea/Season 02", Video(name=b"Tea - 01.mkv", parsed=parsed))
    assert told(found) == ("Green Tea", 3, 4)
    parsed = ParsedTitle(anime_title="Green Tea", episode_no=4)
    (found,) = verdicts("Tea/Season 02", Video(name=b"Tea - 01.mkv", parsed=parsed))
    assert told(found) == ("Green Tea", 2, 4)


def test_a_show_file_says_which_folder_is_the_show() -> None:
    show = Said(about=About.SHOW, title="葬送のフリーレン", year=2023, ids=(("tvdb", "9"),))
    (found,) = verdicts("Frieren/Arc One", "E01", show=show, show_depth=1)
    assert isinstance(found, Adopted)
    assert (told(found), found.parsed.year, found.show_ids) == (("Frieren", 1, 1), 2023, (("tvdb", "9"),))


def test_old_encodings_are_read_and_nonsense_is_not() -> None:
    assert readable("进击的巨人".encode("gbk")) == "进击的巨人"
    assert readable("進擊的巨人".encode("big5")) == "進擊的巨人"
    assert readable("進撃の巨人".encode("cp932")) == "進撃の巨人"
    assert readable("茶".encode()) == "茶"
    assert readable(b"\xff\xfe\x81") is None
    folder = Folder(path=(b"\xff\xfe",), videos=(Video(name=b"01.mkv"),), is_library=True)
    assert judge(folder) == [Left(why=WhyLeft.UNREADABLE_NAME)]


def test_folders_without_episodes_are_not_looked_into() -> None:
    skipped = (b".seiton", b"Extras", b"Subs", b"@eaDir", b"Scans", b"a.trickplay", b"lost+found")
    assert all(map(is_skipped, skipped))
    assert not any(map(is_skipped, (b"Season 01", b"Extra Love", "第二季".encode())))


@given(st.lists(st.text(max_size=12), max_size=6), st.lists(st.binary(min_size=1, max_size=20), max_size=5))
def test_every_video_gets_a_verdict_whatever_it_is_called(path: list[str], names: list[bytes]) -> None:
    folder = Folder(
        path=tuple(part.encode("utf-8", "replace") for part in path),
        videos=tuple(Video(name=name.replace(b"/", b"_") + b".mkv") for name in names),
        is_library=True,
    )
    found = judge(folder)
    assert len(found) == len(names)
    for verdict in found:
        assert isinstance(verdict, Left) or (verdict.parsed.anime_title and verdict.parsed.episode_no >= 0)


@given(st.binary(max_size=40).filter(lambda path: b"\0" not in path))
def test_every_path_has_a_text_that_leads_back(path: bytes) -> None:
    text = text_of_path(path)
    assert path_of_text(text) == path
    assert text.encode().decode() == text


def test_text_of_a_readable_path_is_the_path() -> None:
    assert text_of_path("/茶/Tea.mkv".encode()) == "/茶/Tea.mkv"
    assert text_of_path(b"/\xb2\xe8") == "file:/%B2%E8"
    assert path_of_text(text_of_path(b"file:x")) == b"file:x"


FOUND = ParsedTitle(anime_title="Shelf", episode_no=3, series_no=2, subtitle_group="A")
HEARD = ParsedTitle(anime_title="Shelf", episode_no=3, subtitle_group="A")


def test_of_a_parser_that_was_heard_only_what_it_says_anew_is_followed() -> None:
    evidence = Evidence(found=FOUND, rules=HEARD, parser_id=7, unheard=(1, 2))
    same = as_adopted(evidence, Matched(parser_id=7, parsed=HEARD))
    assert same == Matched(parser_id=7, parsed=FOUND)
    edited = ParsedTitle(anime_title="Tea", episode_no=3, subtitle_group="A")
    after = as_adopted(evidence, Matched(parser_id=7, parsed=edited))
    assert isinstance(after, Matched)
    assert (after.parsed.anime_title, after.parsed.series_no) == ("Tea", 2)


def test_parsers_that_were_not_heard_stay_so_and_without_any_a_file_stays_what_it_is() -> None:
    evidence = Evidence(found=FOUND, unheard=(1, 2))
    builtin = Matched(parser_id=1, parsed=ParsedTitle(anime_title="Else", episode_no=9))
    assert as_adopted(evidence, builtin) == Matched(parser_id=1, parsed=FOUND)
    assert as_adopted(evidence, NoMatch()) == Matched(parser_id=NO_PARSER, parsed=FOUND)
    failed = Failed(parser_id=7, field="episode_no", code="x", template="x", values={})
    assert as_adopted(evidence, failed) == failed
    batch = Matched(parser_id=9, parsed=ParsedTitle(anime_title="Tea", episode_no=1, episode_end=12))
    after = as_adopted(evidence, batch)
    assert isinstance(after, Matched)
    assert (after.parsed.episode_no, after.parsed.episode_end, after.parsed.series_no) == (1, None, 2)
    assert load_evidence(dump_evidence(evidence)) == evidence


def test_templates_are_told_by_how_many_files_they_leave_where_they_are() -> None:
    fits: Counter[Fit] = Counter()
    for episode in (1, 2, 3):
        meta = EpisodeMeta(
            anime_title="Tea", series_no=1, episode_no=episode, subtitle_group="A", show=ShowFacts(year=2020)
        )
        fit = fitting(meta, f"Tea (2020)/Season 1/Tea (2020) - S01E{episode:02d}".encode())
        assert fit is not None
        fits[fit] += 1
    fit = fitting(EpisodeMeta(anime_title="Cake", series_no=0, episode_no=1), b"Cake/Specials/Cake - S00E01")
    assert fit is not None
    fits[fit] += 1
    best, second, *_rest = best_layouts(fits, 9)
    number = "S{season:02}E{episode:02}<-E{episode_end:02}>"
    title = "{title}< ({year})>"
    assert best == Layout(
        template=f"{title}/<special?Specials|Season {{season}}>/{title} - {number}", stays=4
    )
    assert second.stays <= 4
    assert fitting(meta, b"Tea/02") is None
    assert best_layouts(Counter(), 9) == []


def test_what_an_nfo_says_is_read_and_what_is_none_is_said_so() -> None:
    said = read_nfo(
        b"<episodedetails><showtitle>Tea</showtitle><season>0</season><episode>3</episode>"
        b"<episodenumberend>4</episodenumberend><uniqueid type='TVDB'>12</uniqueid><tmdbid>x y</tmdbid>"
        b"<imdbid>tt0000001</imdbid><uniqueid type='Custom'>seiton:1:</uniqueid></episodedetails>"
    )
    assert said == Said(
        about=About.EPISODE,
        title="Tea",
        season=0,
        episode=3,
        episodes=2,
        ids=(("imdb", "tt0000001"), ("tvdb", "12")),
    )
    show = read_nfo(b"<tvshow><title> Green\n Tea </title><premiered>2020-01-02</premiered></tvshow>")
    assert show == Said(about=About.SHOW, title="Green Tea", year=2020)
    for broken in (b"", b"<a/>", b"no xml", b"<tvshow><title>", b"\xff\xfe\xff", b"x" * (2 << 20)):
        assert isinstance(read_nfo(broken), Unreadable)


def test_a_foreign_nfo_keeps_its_bytes_while_its_numbers_are_right() -> None:
    nfo = b"<episodedetails>\n<title>Mine</title><season>1</season><episode>2</episode></episodedetails>"
    meta = EpisodeMeta(anime_title="Tea", series_no=1, episode_no=2)
    assert renumbered(nfo, meta) is nfo
    after = renumbered(nfo, EpisodeMeta(anime_title="Tea", series_no=2, episode_no=14))
    assert isinstance(after, bytes)
    assert b"<title>Mine</title><season>2</season><episode>14</episode>" in after
    assert isinstance(renumbered(b"<tvshow/>", meta), Unreadable)
