"""An edit of rules looks at what it can affect and at nothing else, and is right about it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from seiton.domain.edits import Edit, Unchanged
from seiton.domain.states import SourceType
from seiton.domain.titles import Failed, FieldSource, Matched, NoMatch, Outcome, ParserRule, Ruleset


def taken(group: int) -> FieldSource:
    return FieldSource(source=SourceType.REGEX, value=str(group))


def rule(
    parser_id: int, text: str = "", *, priority: int = 0, fails: bool = False, enabled: bool = True
) -> ParserRule:
    """A rule for titles that contain ``text``; one that ``fails`` finds no number in them."""
    return ParserRule(
        parser_id=parser_id,
        name=f"rule {parser_id}",
        priority=priority,
        is_enabled=enabled,
        condition_regex=".",
        parse_regex=rf"^(.*?{text}.*?)(\d+)$",
        anime_title=taken(1),
        episode_no=taken(1 if fails else 2),
    )


def stored(outcome: Outcome) -> tuple[int | None, bool]:
    return (outcome.parser_id if isinstance(outcome, Matched) else None), isinstance(outcome, Failed)


def check(before: list[ParserRule], after: list[ParserRule], titles: list[str]) -> None:
    """The edit says for every title what a full parse says, and visits every title that changes."""
    old, new = Ruleset(before), Ruleset(after)
    edit = Edit(old, new)
    visits = edit.visits()
    rows = [(title, *stored(old.parse(title))) for title in titles]
    for (title, winner, failed), many in zip(rows, Edit(old, new).outcomes(rows), strict=True):
        was, expected = old.parse(title), new.parse(title)
        found = edit.outcome(title, winner, failed)
        assert found == many
        assert (was if isinstance(found, Unchanged) else found) == expected
        if expected != was:
            visited = (
                visits.failed if failed else visits.unmatched if winner is None else winner in visits.winners
            )
            assert visited, (title, was, expected)
            if not failed and winner not in visits.changed and visits.needles is not None:
                assert any(needle in title for needle in visits.needles), (title, was, expected)


TEXTS = ["a", "b", "ab", "c", "[ab]", "a|c", "", "zz"]
TITLES = ["a1", "b2", "ab3", "c4", "abc5", "x6", "zz7", "a", "", "cab8", "zza9"]

rules = st.builds(
    rule,
    st.integers(1, 8),
    st.sampled_from(TEXTS),
    priority=st.integers(0, 3),
    fails=st.booleans(),
    enabled=st.sampled_from([True, True, True, False]),
)
rulesets = st.lists(rules, max_size=8, unique_by=lambda made: made.parser_id)


@given(rulesets, rulesets)
@settings(max_examples=400, deadline=None)
def test_any_change_of_rules_equals_a_full_parse(before: list[ParserRule], after: list[ParserRule]) -> None:
    check(before, after, TITLES)


@st.composite
def single_edits(draw: st.DrawFn) -> tuple[list[ParserRule], list[ParserRule]]:
    before = draw(rulesets.filter(bool))
    place = draw(st.integers(0, len(before) - 1))
    chosen = before[place]
    kind = draw(st.sampled_from(["create", "change", "delete", "switch", "priority", "name", "broken"]))
    after = before.copy()
    if kind == "create":
        after.append(replace(draw(rules), parser_id=99))
    elif kind == "change":
        after[place] = replace(draw(rules), parser_id=chosen.parser_id, priority=chosen.priority)
    elif kind == "delete":
        del after[place]
    elif kind == "switch":
        after[place] = replace(chosen, is_enabled=not chosen.is_enabled)
    elif kind == "priority":
        after[place] = replace(chosen, priority=draw(st.integers(-1, 4)))
    elif kind == "name":
        after[place] = replace(chosen, name="another")
    else:
        after[place] = replace(chosen, parse_regex="(")
    return before, after


@given(single_edits())
@settings(max_examples=600, deadline=None)
def test_one_edited_rule_equals_a_full_parse(edit: tuple[list[ParserRule], list[ParserRule]]) -> None:
    check(*edit, TITLES)


@given(single_edits(), st.integers(10, 30))
@settings(max_examples=100, deadline=None)
def test_an_edit_among_many_rules_equals_a_full_parse(
    edit: tuple[list[ParserRule], list[ParserRule]], more: int
) -> None:
    others = [rule(100 + number, TEXTS[number % 7], priority=number % 5) for number in range(more)]
    check(edit[0] + others, edit[1] + others, TITLES)


THREE = [rule(1, "a", priority=3), rule(2, "b", priority=2), rule(3, "c", priority=1)]


def visits(before: list[ParserRule], after: list[ParserRule]) -> tuple[set[int], bool, bool]:
    found = Edit(Ruleset(before), Ruleset(after)).visits()
    return set(found.winners), found.unmatched, found.failed


def test_a_new_name_visits_nothing() -> None:
    after = [replace(made, name="another") for made in THREE]
    assert visits(THREE, after) == (set(), False, False)
    assert not Edit(Ruleset(THREE), Ruleset(after)).visits()


def test_a_new_priority_that_changes_no_order_visits_nothing() -> None:
    assert visits(THREE, [replace(THREE[0], priority=9), *THREE[1:]]) == (set(), False, False)


def test_a_changed_rule_visits_its_own_those_below_and_the_unmatched() -> None:
    after = [THREE[0], rule(2, "x", priority=2), THREE[2]]
    assert visits(THREE, after) == ({2, 3}, True, True)
    first = [rule(1, "x", priority=3), *THREE[1:]]
    assert Edit(Ruleset(THREE), Ruleset(first)).visits().everything


def test_a_deleted_or_disabled_rule_visits_only_its_own() -> None:
    assert visits(THREE, [THREE[0], THREE[2]]) == ({2}, False, True)
    assert visits(THREE, [THREE[0], replace(THREE[1], is_enabled=False), THREE[2]]) == ({2}, False, True)


def test_a_new_rule_visits_what_is_below_it() -> None:
    assert visits(THREE, [*THREE, rule(4, "x")]) == (set(), True, True)
    assert visits(THREE, [*THREE, rule(4, "x", priority=2)]) == ({3}, True, True)


def test_a_raised_rule_visits_those_that_it_overtakes() -> None:
    assert visits(THREE, [*THREE[:2], replace(THREE[2], priority=9)]) == ({1, 2}, False, True)


def test_titles_won_above_the_edit_are_unchanged_whatever_they_say() -> None:
    edit = Edit(Ruleset(THREE), Ruleset([THREE[0], rule(2, "x", priority=2), THREE[2]]))
    # The title would parse differently: that nobody looked is the proof.
    assert isinstance(edit.outcome("x1", 1), Unchanged)


def test_a_stored_winner_that_no_rule_accounts_for_is_parsed_in_full() -> None:
    edit = Edit(Ruleset(THREE), Ruleset(THREE))
    outcome = edit.outcome("b1", 77)
    assert isinstance(outcome, Matched)
    assert outcome.parser_id == 2
    assert isinstance(edit.outcome("x1", 77), NoMatch)
