"""Search by a part of a title: every part is found by its pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.grams import comparable, pieces_of_search, pieces_of_title, pieces_within

texts = st.text(alphabet=st.sampled_from("葬送的芙莉蓮ふりーれんFRIERENabc 123-[]！・é"), max_size=30)


@given(texts, texts, texts)
def test_a_title_has_the_pieces_of_every_part_of_it(before: str, part: str, after: str) -> None:
    assert pieces_of_search(part) <= pieces_of_title(before + part + after)


odd = st.text(
    alphabet=st.sampled_from("葬かがハ\u3099\u309a e\u0301\u0308abﬁß각\u1100\u1161ＡA[]-1½㌀İ"), max_size=12
)


@given(odd, odd, odd)
def test_a_text_has_pieces_that_no_title_around_it_takes_away(before: str, part: str, after: str) -> None:
    assert pieces_within(part) <= pieces_of_title(before + part + after)


def test_a_text_that_is_plain_has_all_of_its_pieces_but_the_last() -> None:
    assert pieces_within("葬送のab") == pieces_of_title("葬送のa")
    assert pieces_within("[Group] ") == pieces_of_title("Group")
    assert pieces_within("é") == set()


@pytest.mark.parametrize(
    ("search", "title"),
    [
        ("芙莉", "[喵萌] 葬送的芙莉蓮 - 01"),
        ("蓮", "葬送的芙莉蓮"),
        ("ＦＲＩＥＲＥＮ", "Sousou no Frieren S01E02"),
        ("s01 e02", "Sousou no Frieren - S01E02"),
    ],
)
def test_width_case_and_punctuation_do_not_matter(search: str, title: str) -> None:
    assert comparable(search) in comparable(title)
    assert pieces_of_search(search)
    assert pieces_of_search(search) <= pieces_of_title(title)


@pytest.mark.parametrize("search", ["", "a", "7", " - ", "！？"])
def test_what_is_too_short_has_no_pieces(search: str) -> None:
    assert pieces_of_search(search) == set()
