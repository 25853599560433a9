"""Filter rules: which releases are wanted, and which rule says so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.filters import (
    FilterRule,
    FilterSet,
    TargetType,
    Verdict,
    check_rule,
    decide,
    targets_of,
)

PATTERNS = ["720p", "1080p", "HEVC", "(?i)chs", r"\[CHT\]", "^.G", "v2$", "."]
WORDS = ["[G]", "720p", "1080p", "HEVC", "CHS", "[CHT]", "v2", ""]


def rule(pattern: str, *, positive: bool = True, order: int = 0, **values: object) -> FilterRule:
    plain = {"rule_id": order + 1, "target_type": TargetType.GLOBAL, "rule_order": order}
    return FilterRule(**{**plain, "pattern": pattern, "is_positive": positive, **values})  # type: ignore[arg-type]


rules = st.builds(
    FilterRule,
    rule_id=st.integers(1, 50),
    target_type=st.just(TargetType.GLOBAL),
    rule_order=st.integers(0, 5),
    is_positive=st.booleans(),
    pattern=st.sampled_from(PATTERNS),
    is_enabled=st.booleans(),
)
titles = st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join)


def test_without_rules_everything_is_wanted() -> None:
    decision = decide("anything", [])
    assert (decision.included, decision.verdict, decision.reason) == (True, Verdict.WANTED, None)


def test_every_positive_rule_must_match_and_no_negative_may() -> None:
    both = [rule("1080p", order=1), rule("CHS", positive=False, order=2)]
    assert decide("[G] Show 1080p CHT", both).included
    assert decide("[G] Show 720p CHT", both).verdict is Verdict.NOT_MATCHED
    assert decide("[G] Show 1080p CHS", both).verdict is Verdict.MATCHED


@given(titles, st.lists(rules, max_size=6))
def test_a_release_is_wanted_exactly_if_no_enabled_rule_speaks_against_it(
    title: str, given_rules: list[FilterRule]
) -> None:
    import re

    def agrees(item: FilterRule) -> bool:
        return bool(re.search(item.pattern, title)) == item.is_positive

    assert decide(title, given_rules).included == all(agrees(r) for r in given_rules if r.is_enabled)


@given(titles, st.lists(rules, max_size=6), st.randoms())
def test_the_order_of_rules_changes_the_reason_and_never_the_answer(
    title: str, given_rules: list[FilterRule], chance: object
) -> None:
    shuffled = list(given_rules)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = decide(title, given_rules), decide(title, shuffled)
    assert first.included == second.included
    if not first.included:
        assert first.reason is not None and second.reason is not None
        assert first.reason.rule_order == second.reason.rule_order
        against = [r for r in given_rules if r.is_enabled and not decide(title, [r]).included]
        assert first.reason.rule_order == min(r.rule_order for r in against)


@given(titles, st.lists(rules, max_size=6))
def test_many_rules_compiled_once_say_the_same_as_one_by_one(
    title: str, given_rules: list[FilterRule]
) -> None:
    assert FilterSet(given_rules).decide(title, []) == decide(title, given_rules)


def test_defect_56_one_resolver_for_every_kind_of_target() -> None:
    targets = targets_of(anime_id=1, series_id=2, group_id=3, subscriptions={4: 9, 5: 0})
    numbers = {
        TargetType.ANIME: 1,
        TargetType.ANIME_SERIES: 2,
        TargetType.SUBTITLE_GROUP: 3,
        TargetType.SUBSCRIPTION: 5,
        TargetType.FETCHER: 9,
        TargetType.GLOBAL: None,
    }
    for kind, number in numbers.items():
        hits = FilterSet([rule("x", positive=False, target_type=kind, target_id=number)])
        assert not hits.decide("x", targets).included, kind
        if number is not None:
            misses = FilterSet([rule("x", positive=False, target_type=kind, target_id=77)])
            assert misses.decide("x", targets).included, kind


def test_a_fetchers_rule_is_not_for_a_subscription_of_the_same_number() -> None:
    filters = FilterSet([rule("x", positive=False, target_type=TargetType.FETCHER, target_id=4)])
    targets = targets_of(anime_id=1, series_id=2, group_id=3, subscriptions={4: 9})
    assert filters.decide("x", targets).included


@pytest.mark.parametrize("pattern", ["(", "a(?=b)", "[z-a]", "x{2,1}", "\\"])
def test_defect_58_a_bad_pattern_is_found_with_its_position(pattern: str) -> None:
    error = check_rule(rule(pattern))
    assert error is not None
    assert error.position is not None


def test_defect_58_a_stored_rule_that_cannot_be_read_lets_nothing_pass() -> None:
    for positive in (True, False):
        decision = decide("anything", [rule("(", positive=positive)])
        assert (decision.included, decision.verdict) == (False, Verdict.UNREADABLE)


def test_defect_60_the_rule_of_the_lowest_order_is_named() -> None:
    first, second = rule("a", order=2), rule("b", order=1)
    assert decide("neither of the two: 中", [first, second]).reason == second
