"""What an episode is: fingerprints, fractional numbers, and the stored form of it all."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.metadata import MAX_NUMBER, EpisodeFacts, EpisodeMeta, ShowFacts, fingerprint, place_number
from seiton.domain.wishes import dump_wish, load_wish

PLAIN = EpisodeMeta(anime_title="葬送的芙莉蓮", series_no=1, episode_no=3, subtitle_group="G")
FULL = replace(
    PLAIN,
    episode_end=4,
    resolution="1080p",
    version=2,
    display_season=1,
    display_episode=5,
    show=ShowFacts(
        title="Frieren",
        premiered=date(2023, 9, 29),
        year=2023,
        rating=8.9,
        genres=("Fantasy",),
        ids=(("bangumi", "400602"), ("tvdb", "424536")),
    ),
    facts=EpisodeFacts(title="…", aired=date(2023, 9, 29), runtime_minutes=24, ids=(("tvdb", "1"),)),
)

numbers = st.integers(0, MAX_NUMBER)
texts = st.text(st.characters(codec="utf-8"), max_size=20)
metas = st.builds(
    EpisodeMeta,
    anime_title=texts,
    series_no=numbers,
    episode_no=numbers,
    episode_end=st.none() | numbers,
    subtitle_group=st.none() | texts,
    resolution=st.none() | texts,
    version=st.integers(1, 9),
    display_season=st.none() | numbers,
    display_episode=st.none() | numbers,
    show=st.builds(
        ShowFacts,
        premiered=st.none() | st.dates(),
        genres=st.lists(texts, max_size=3).map(tuple),
        ids=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    ),
    facts=st.builds(EpisodeFacts, aired=st.none() | st.dates(), title=st.none() | texts),
)


def test_the_fingerprint_is_the_same_on_every_machine_and_in_every_version() -> None:
    assert fingerprint(PLAIN) == "00437f13fd1c6993952c98351619767d"


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAIN, anime_title="葬送的芙莉莲"),
        replace(PLAIN, series_no=2),
        replace(PLAIN, episode_no=4),
        replace(PLAIN, episode_end=4),
        replace(PLAIN, subtitle_group=None),
        replace(PLAIN, subtitle_group=""),
        replace(PLAIN, version=2),
        replace(PLAIN, show=ShowFacts(year=2023)),
        replace(PLAIN, facts=EpisodeFacts(aired=date(2023, 9, 29))),
    ],
)
def test_whatever_differs_shows_in_the_fingerprint(other: EpisodeMeta) -> None:
    assert fingerprint(other) != fingerprint(PLAIN)


def test_what_does_not_belong_in_metadata_is_a_mistake() -> None:
    with pytest.raises(TypeError):
        fingerprint(replace(PLAIN, show=ShowFacts(title={1, 2})))  # type: ignore[arg-type]


@given(metas)
def test_a_stored_wish_is_read_back_as_it_was(meta: EpisodeMeta) -> None:
    stored = json.loads(json.dumps(dump_wish(meta)))
    assert load_wish(stored) == meta


def test_a_full_wish_is_read_back_as_it_was() -> None:
    assert load_wish(json.loads(json.dumps(dump_wish(FULL)))) == FULL


def test_what_is_absent_is_not_stored() -> None:
    assert dump_wish(PLAIN) == {
        "anime_title": "葬送的芙莉蓮",
        "series_no": 1,
        "episode_no": 3,
        "subtitle_group": "G",
        "version": 1,
    }


def test_half_an_episode_is_a_special_shown_after_the_whole_one() -> None:
    placed = place_number(1, 12, 5)
    assert (placed.series_no, placed.episode_no) == (0, 125)
    assert (placed.display_season, placed.display_episode) == (1, 13)


def test_a_whole_episode_stays_where_it_is() -> None:
    assert place_number(2, 12) == replace(place_number(2, 12), display_season=None, display_episode=None)
    assert (place_number(2, 12).series_no, place_number(2, 12).episode_no) == (2, 12)


def test_half_episodes_of_two_seasons_never_meet() -> None:
    seen = {
        place_number(season, episode, tenths).episode_no
        for season in range(1, 10)
        for episode in (0, 1, 12, 13, 999)
        for tenths in (1, 5, 9)
    }
    assert len(seen) == 9 * 5 * 3


@given(numbers, numbers, st.integers(0, 9))
def test_every_number_that_is_believed_finds_a_place_that_is_believed(
    series_no: int, episode_no: int, tenths: int
) -> None:
    placed = place_number(series_no, episode_no, tenths)
    assert 0 <= placed.series_no <= MAX_NUMBER
    assert 0 <= placed.episode_no <= MAX_NUMBER
    assert 0 <= (placed.display_season or 0) <= MAX_NUMBER
    assert 0 <= (placed.display_episode or 0) <= MAX_NUMBER
