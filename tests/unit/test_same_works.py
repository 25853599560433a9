"""Works under two titles: what is suggested to be one, and what is not."""

from __future__ import annotations

import pytest

from seiton.domain.same_works import Name, Work, likely_same, names_of


def groups(*works: tuple[str, str | None]) -> list[tuple[int, ...]]:
    made = [
        Work(anime_id=number, title=title, release=release)
        for number, (title, release) in enumerate(works, start=1)
    ]
    return [group.anime_ids for group in likely_same(map(named, made))]


def named(work: Work) -> tuple[int, list[Name]]:
    return work.anime_id, names_of(work)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Some Show", "some show!"),
        ("Ｓｏｍｅ　Ｓｈｏｗ", "Some Show"),
        ("某部动画：副题", "某部动画 副题"),
        ("Some Show", "Some Show S2"),
    ],
)
def test_titles_that_differ_in_how_they_are_written_are_suggested(one: str, other: str) -> None:
    assert groups((one, None), (other, None), ("Else", None)) == [(1, 2)]


def test_a_release_that_names_both_connects_two_titles() -> None:
    both = "[A] 某部动画 / Some Show - 05 [1080p]"
    assert groups(("某部动画", both), ("Some Show", "[B] Some Show - 05 [720p]")) == [(1, 2)]


def test_three_titles_meet_through_the_one_in_the_middle() -> None:
    works = [
        ("Some Show", None),
        ("別的名字", None),
        ("某部动画", "[A] 某部动画 / 別的名字 / Some Show - 05 [1080p]"),
    ]
    assert groups(*works) == [(1, 2, 3)]


def test_a_release_filed_under_a_title_of_the_users_own_connects_nothing() -> None:
    assert groups(("Mine", "[A] Some Show - 05 [1080p]"), ("Some Show", None)) == []


def test_the_name_that_connects_is_told() -> None:
    (found,) = likely_same(map(named, [Work(anime_id=1, title="A Name"), Work(anime_id=2, title="a name")]))
    assert found.name == "A Name"
