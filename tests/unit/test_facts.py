"""Which title is chosen, and which episode of a list a number is."""

from __future__ import annotations

from seiton.adapters.chinese import to_traditional
from seiton.domain.facts import Kind, KnownEpisode, Number, choose_title, place_episodes
from seiton.domain.suggestions import is_exact


def main(sort: int, ep: int | None = None, tenths: int = 0) -> KnownEpisode:
    return KnownEpisode(kind=Kind.MAIN, sort=(sort, tenths), ep=None if ep is None else (ep, 0))


def special(sort: int, tenths: int = 0) -> KnownEpisode:
    return KnownEpisode(kind=Kind.SPECIAL, sort=(sort, tenths))


def numbers(*values: int) -> set[Number]:
    return {(value, 0) for value in values}


TITLES = {"zh-Hans": "败犬女主太多了！", "ja": "負けヒロインが多すぎる!"}
SECOND = [main(12 + ep, ep) for ep in range(1, 13)]


def test_traditional_chinese_is_made_from_simplified() -> None:
    assert choose_title(TITLES, ["zh-Hant", "ja"], to_traditional) == "敗犬女主太多了！"


def test_the_first_language_that_there_is_a_title_in_is_taken() -> None:
    assert choose_title(TITLES, ["en", "ja", "zh-Hans"], to_traditional) == "負けヒロインが多すぎる!"


def test_a_work_without_a_title_in_any_wanted_language_has_the_one_that_it_has() -> None:
    assert choose_title({"ja": "ぼ"}, ["en", "zh-Hant"], to_traditional) == "ぼ"
    assert choose_title({}, ["en"], to_traditional) is None


def test_releases_count_within_their_season() -> None:
    placed = place_episodes(numbers(1, 2), SECOND)
    assert (placed.offset, placed.episodes[1, 0].sort) == (0, (13, 0))


def test_releases_that_count_on_from_the_season_before_are_recognised_with_their_offset() -> None:
    placed = place_episodes(numbers(13, 14), SECOND)
    assert (placed.offset, placed.episodes[13, 0].ep) == (12, (1, 0))


def test_numbers_that_fit_both_counts_are_within_the_season() -> None:
    long = [main(12 + ep, ep) for ep in range(1, 25)]
    assert place_episodes(numbers(13, 14), long).offset == 0


def test_numbers_beyond_both_counts_change_nothing() -> None:
    placed = place_episodes(numbers(1, 40), SECOND)
    assert (placed.offset, (40, 0) in placed.episodes) == (0, False)


def test_a_recap_between_two_episodes_has_its_place() -> None:
    recap = KnownEpisode(kind=Kind.SPECIAL, sort=(6, 5))
    placed = place_episodes(numbers(6), [main(6, 6), main(7, 7), recap])
    assert placed.episodes[6, 5] is recap


def test_a_recap_of_a_later_season_moves_with_its_neighbours() -> None:
    recap = special(18, 5)
    assert place_episodes(numbers(1), [*SECOND, recap]).episodes[6, 5] is recap
    assert place_episodes(numbers(18), [*SECOND, recap]).episodes[18, 5] is recap


def test_specials_are_counted_by_themselves() -> None:
    placed = place_episodes(numbers(1), [*SECOND, special(1)], specials=True)
    assert {number: one.kind for number, one in placed.episodes.items()} == {(1, 0): Kind.SPECIAL}


def test_a_suggestion_is_exact_by_title_season_and_year_and_never_without_a_year() -> None:
    assert is_exact("Show", 1, 2024, ["SHOW!", "x"], 2024)
    assert not is_exact("Show", 1, 2023, ["Show"], 2024)
    assert not is_exact("Show", 1, None, ["Show"], None)
    assert not is_exact("Show", 1, 2024, ["Show 2nd Season"], 2024)
    assert is_exact("Show", 2, 2024, ["Show 2nd Season"], 2024)
    assert not is_exact("Show", 2, 2024, ["Show"], 2024)
