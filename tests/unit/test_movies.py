"""Films: what says that a work is one, what its folder is called, and what its NFO says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from seiton.domain.consent import path_changes
from seiton.domain.metadata import EpisodeFacts, EpisodeMeta, ShowFacts, decide_movie, fingerprint
from seiton.domain.naming import Impossible, Name, NamingProfile, render
from seiton.domain.nfo import episode_nfo, video_nfo
from seiton.domain.nfo_merge import merge
from seiton.domain.nfo_numbers import renumbered
from seiton.domain.reading import ParsedTitle, parse, says_movie
from seiton.domain.wishes import dump_wish, load_wish

ADDED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NAMES = NamingProfile()


def film(name: str, *, number: int = 1, **show: object) -> EpisodeMeta:
    return EpisodeMeta(
        anime_title=name,
        series_no=1,
        episode_no=number,
        show=ShowFacts(is_movie=True, **show),  # type: ignore[arg-type]
    )


def stem(meta: EpisodeMeta) -> str:
    name = render(meta, NAMES)
    assert isinstance(name, Name), name
    return name.stem.decode()


@pytest.mark.parametrize(
    ("meta", "where"),
    [
        (film("Look Back", year=2024), ".movies/Look Back (2024)/Look Back (2024)"),
        (film("Look Back", premiered=date(2024, 6, 28)), ".movies/Look Back (2024)/Look Back (2024)"),
        (film("Look Back"), ".movies/Look Back/Look Back"),
        (film("Look Back (2024)", year=2024), ".movies/Look Back (2024)/Look Back (2024)"),
        (film("Wounds", number=2, year=2016), ".movies/Wounds 2 (2016)/Wounds 2 (2016)"),
        (film("Re:ゼロ？", year=2018), ".movies/Re：ゼロ？ (2018)/Re：ゼロ？ (2018)"),
        (film(".hack", year=2012), ".movies/hack (2012)/hack (2012)"),
        (film("Story Part 1"), ".movies/Story Part 1＿/Story Part 1＿"),
        (film("Extras"), ".movies/Extras＿/Extras＿"),
    ],
)
def test_a_film_has_a_folder_of_its_name_and_year(meta: EpisodeMeta, where: str) -> None:
    assert stem(meta) == where


def test_the_naming_template_is_for_episodes_alone() -> None:
    assert stem(replace(film("Look Back"), naming="{title}/S{season}/{title} S{season}E{episode}")) == stem(
        film("Look Back")
    )


def test_a_long_name_leaves_room_for_what_follows_the_film() -> None:
    name = render(film("とても" * 60, number=12, year=2020), NAMES)
    assert isinstance(name, Name)
    assert len(name.base.encode()) <= 190


@pytest.mark.parametrize("title", ["", "  ", "\x07"])
def test_a_film_without_a_title_cannot_be_named(title: str) -> None:
    assert isinstance(render(film(title), NAMES), Impossible)


@pytest.mark.parametrize(
    ("pinned", "known", "said", "is_movie"),
    [
        (None, None, True, True),
        (None, None, False, False),
        (None, True, False, True),
        (None, False, True, False),
        ("movie", False, False, True),
        ("series", True, True, False),
    ],
)
def test_a_person_counts_before_the_id_and_the_id_before_the_title(
    pinned: str | None, known: bool | None, said: bool, is_movie: bool
) -> None:
    assert decide_movie(pinned, known, said) is is_movie


@pytest.mark.parametrize(
    "title",
    [
        "[Group] Gekijouban Some Story [1080p]",
        "[Group] 劇場版 某部作品 [BDRip 1080p]",
        "[Group] Some Story The Movie (2020) [BD 1080p]",
        "[北宇治字幕组] 蓦然回首 / Look Back [Movie][WebRip][HEVC_AAC]",
    ],
)
def test_a_title_without_a_number_that_speaks_of_a_film_is_one(title: str) -> None:
    assert says_movie(title)
    assert isinstance(parse(title), ParsedTitle)


@pytest.mark.parametrize(
    "title",
    [
        "[Group] Some Story - 01 [1080p]",
        "[Group] Movie Lovers - 03 [1080p]",
        "[Group] Some Story 01-12 + Movie [BD]",
        "[Group] Some Story [1080p]",
    ],
)
def test_an_episode_is_none_whatever_its_work_is_called(title: str) -> None:
    assert not says_movie(title)


def test_a_film_is_never_taken_for_an_episode_of_the_series_of_its_name() -> None:
    series, one = parse("[G] Look Back - 01 [1080p]"), parse("[G] Look Back [Movie][1080p]")
    assert isinstance(series, ParsedTitle)
    assert isinstance(one, ParsedTitle)
    assert (series.anime_title, one.anime_title) == ("Look Back", "Look Back Movie")
    han = parse("[G] 蓦然回首 [Movie][1080p]")
    assert isinstance(han, ParsedTitle)
    assert han.anime_title == "蓦然回首 劇場版"


def test_the_nfo_of_a_film_says_title_year_and_id() -> None:
    meta = replace(
        film(
            "Look Back",
            title="蓦然回首",
            original_title="ルックバック",
            plot="Two <draw>.\x0b",
            premiered=date(2024, 6, 28),
            rating=8.1,
            genres=("科幻/機戰",),
            studios=("Durian",),
            ids=(("bgm", "424663"),),
        ),
        facts=EpisodeFacts(runtime_minutes=58),
    )
    root = etree.fromstring(video_nfo(meta, added=ADDED))
    said = [(element.tag, element.text) for element in root]
    assert root.tag == "movie"
    assert said == [
        ("title", "蓦然回首"),
        ("originaltitle", "ルックバック"),
        ("plot", "Two <draw>."),
        ("premiered", "2024-06-28"),
        ("year", "2024"),
        ("runtime", "58"),
        ("genre", "科幻"),
        ("genre", "機戰"),
        ("studio", "Durian"),
        ("rating", "8.1"),
        ("uniqueid", "424663"),
        ("dateadded", "2026-01-02 03:04:05"),
    ]
    assert dict(root.find("uniqueid").attrib) == {"type": "Bangumi", "default": "true"}  # type: ignore[union-attr]


def test_what_a_user_wrote_stays_when_an_episode_turns_out_to_be_a_film() -> None:
    meta = film("Look Back", year=2024)
    was = episode_nfo(replace(meta, show=ShowFacts()), added=ADDED)
    mine = was.replace(b"</episodedetails>", b"<director>Me</director><tag>drawn</tag></episodedetails>")
    merged = merge(mine, video_nfo(meta, added=ADDED))
    assert isinstance(merged, bytes)
    root = etree.fromstring(merged)
    assert root.tag == "movie"
    assert [element.tag for element in root if element.tag in ("season", "episode", "showtitle")] == []
    assert (root.findtext("director"), root.findtext("tag"), root.findtext("year")) == ("Me", "drawn", "2024")
    back = merge(merged, was)
    assert isinstance(back, bytes)
    again = etree.fromstring(back)
    assert (again.tag, again.findtext("episode"), again.findtext("director")) == ("episodedetails", "1", "Me")
    assert again.find("year") is None


def test_somebody_elses_nfo_of_a_film_goes_along_as_it_is() -> None:
    theirs = b"<movie><title>Theirs</title><mpaa>12</mpaa></movie>"
    assert renumbered(theirs, film("Look Back")) == theirs


def test_what_is_no_film_has_the_fingerprint_that_it_had_before_there_were_films() -> None:
    meta = EpisodeMeta(anime_title="Tea", series_no=1, episode_no=1)
    said_no = replace(meta, show=ShowFacts(is_movie=False))
    assert fingerprint(meta) == fingerprint(said_no)
    assert fingerprint(film("Tea")) != fingerprint(meta)
    assert load_wish(dump_wish(film("Tea"))) == film("Tea")


def test_facts_by_which_a_work_is_a_film_move_its_file() -> None:
    series = EpisodeMeta(anime_title="Tea", series_no=1, episode_no=1)
    assert path_changes(series, film("Tea"))
    assert not path_changes(film("Tea", year=2020), film("Tea", year=2021))
