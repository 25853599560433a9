"""Search by a part of a title: every part is found by its pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.grams import comparable, pieces_of_search, pieces_of_title

texts = st.text(alphabet=st.sampled_from("葬送的芙莉蓮ふりーれんFRIERENabc 123-[]！・é"), max_size=30)


@given(texts, texts, texts)
def test_a_title_has_the_pieces_of_every_part_of_it(before: str, part: str, after: str) -> None:
    assert pieces_of_search(part) <= pieces_of_title(before + part + after)


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
