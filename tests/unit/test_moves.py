"""The planner as a pure function: its plan is replayed on a dictionary that stands for the disk."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.moves import Action, Leg, MovePlan, Seen, Shift, Wish, next_action, plan
from seiton.domain.states import HoldReason

STEMS = [f"{letter}{number}" for letter in "aA" for number in range(5)]
"""``a1`` and ``A1`` have one key."""


Situation = tuple[dict[int, str], list[Wish], set[str]]


def wish(unit_id: int, current: str | None, target: str) -> Wish:
    return Wish(
        unit_id=unit_id,
        current=current.encode() if current is not None else None,
        current_key=current.casefold() if current is not None else None,
        target=target.encode(),
        target_key=target.casefold(),
    )


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Where units lie, what the pending ones wish for, and the keys at which something foreign lies."""
    stems = draw(st.lists(st.sampled_from(STEMS), max_size=5, unique_by=str.casefold))
    lying = dict(enumerate(stems, 1))
    new = range(len(lying) + 1, len(lying) + 1 + draw(st.integers(0, 2)))
    pending = [number for number in lying if draw(st.booleans())] + list(new)
    wishes = [wish(number, lying.get(number), draw(st.sampled_from(STEMS))) for number in pending]
    free = sorted({stem.casefold() for stem in STEMS} - {stem.casefold() for stem in stems})
    foreign = set(draw(st.lists(st.sampled_from(free), max_size=2))) if free else set()
    return lying, draw(st.permutations(wishes)), foreign


def planned(lying: dict[int, str], wishes: list[Wish], foreign: set[str]) -> MovePlan:
    owners = {stem.casefold(): number for number, stem in lying.items()}
    return plan(wishes, owners=owners, foreign=foreign)


def replayed(
    decided: MovePlan, lying: dict[int, str], wishes: list[Wish], foreign: set[str]
) -> dict[int, str]:
    """Do all shifts on a dictionary of keys; whatever meets another one is an overwriting."""
    disk: dict[str, int] = {stem.casefold(): number for number, stem in lying.items()}
    disk |= dict.fromkeys(foreign, 0)
    places = {number: stem.casefold() for number, stem in lying.items()}
    result = dict(lying)
    by_id = {one.unit_id: one for one in wishes}
    for shift in itertools.chain.from_iterable(component.shifts for component in decided.components):
        target = by_id[shift.unit_id].target.decode()
        key = f"parked {shift.unit_id}" if shift.leg is Leg.PARK else target.casefold()
        assert key not in disk, f"{shift} overwrites {disk[key]}"
        if shift.leg is Leg.ENTER:
            assert shift.unit_id not in places
        else:
            del disk[places[shift.unit_id]]
        disk[key], places[shift.unit_id] = shift.unit_id, key
        result[shift.unit_id] = "parked" if shift.leg is Leg.PARK else target
    return result


@given(situations())
def test_no_move_of_a_plan_ever_meets_another_file(situation: Situation) -> None:
    replayed(planned(*situation), *situation)


@given(situations())
def test_every_wish_is_satisfied_or_held_and_nobody_else_moves(
    situation: Situation,
) -> None:
    lying, wishes, _foreign = situation
    decided = planned(*situation)
    after = replayed(decided, *situation)
    held = {hold.unit_id for hold in decided.holds}
    for one in wishes:
        if one.unit_id in held:
            assert after.get(one.unit_id) == lying.get(one.unit_id)
        else:
            assert after[one.unit_id] == one.target.decode()
    pending = {one.unit_id for one in wishes}
    assert {number: stem for number, stem in after.items() if number not in pending} == {
        number: stem for number, stem in lying.items() if number not in pending
    }


@given(situations())
def test_a_hold_has_its_reason_on_the_disk(situation: Situation) -> None:
    _lying, wishes, foreign = situation
    decided = planned(*situation)
    keys = {one.unit_id: one.target_key for one in wishes}
    after = {number: stem.casefold() for number, stem in replayed(decided, *situation).items()}
    for hold in decided.holds:
        wanted = keys[hold.unit_id]
        if hold.reason is HoldReason.TARGET_FOREIGN:
            assert wanted in foreign
        elif hold.reason is HoldReason.TWO_CLAIMS:
            assert hold.blocker is not None and keys[hold.blocker] == wanted
        else:
            assert hold.blocker is not None and after[hold.blocker] == wanted


@given(situations())
def test_the_same_situation_gives_the_same_plan_in_any_order(situation: Situation) -> None:
    lying, wishes, foreign = situation
    assert planned(lying, list(reversed(wishes)), foreign) == planned(lying, wishes, foreign)


@given(st.permutations(range(1, 7)))
def test_each_cycle_parks_exactly_one_unit(targets: list[int]) -> None:
    wishes = [wish(number, f"s{number}", f"s{target}") for number, target in enumerate(targets, 1)]
    decided = plan(wishes, owners={f"s{number}": number for number in range(1, 7)})
    for component in decided.components:
        legs = [shift.leg for shift in component.shifts]
        assert component.parks
        assert legs == [Leg.PARK, *[Leg.DIRECT] * (len(legs) - 2), Leg.UNPARK]
    assert not decided.holds


def test_a_chain_runs_from_its_free_end() -> None:
    wishes = [wish(number, f"s{number}", f"s{number + 1}") for number in (1, 2, 3)]
    decided = plan(wishes, owners={"s1": 1, "s2": 2, "s3": 3})
    (component,) = decided.components
    assert component.shifts == tuple(Shift(number, Leg.DIRECT) for number in (3, 2, 1))
    assert not component.parks


def test_who_waits_for_a_held_unit_is_told_so() -> None:
    wishes = [wish(1, "a", "b"), wish(2, "b", "c")]
    decided = plan(wishes, owners={"a": 1, "b": 2}, foreign={"c"})
    assert [(hold.unit_id, hold.reason) for hold in decided.holds] == [
        (1, HoldReason.WAITING),
        (2, HoldReason.TARGET_FOREIGN),
    ]


def test_of_two_new_claimants_the_one_known_longer_wins() -> None:
    decided = plan([wish(2, None, "x"), wish(1, None, "x")], owners={})
    assert decided.components[0].shifts == (Shift(1, Leg.ENTER),)
    assert [(hold.unit_id, hold.blocker) for hold in decided.holds] == [(2, 1)]


def test_whoever_lies_at_a_name_keeps_it_from_an_older_claimant() -> None:
    decided = plan([wish(1, "a", "b"), wish(2, "b", "b")], owners={"a": 1, "b": 2})
    assert decided.in_place == (2,)
    assert [(hold.unit_id, hold.blocker) for hold in decided.holds] == [(1, 2)]


def test_a_change_of_case_goes_through_a_parking_name() -> None:
    decided = plan([wish(1, "a1", "A1")], owners={"a1": 1})
    (component,) = decided.components
    assert [shift.leg for shift in component.shifts] == [Leg.PARK, Leg.UNPARK]
    assert component.parks


def test_a_change_of_case_is_held_where_somebody_elses_file_has_the_new_name() -> None:
    wishes = [wish(1, "a", "A"), wish(2, "b", "a")]
    decided = plan(wishes, owners={"a": 1, "b": 2}, foreign={"a"})
    assert not decided.components
    assert [(hold.unit_id, hold.reason) for hold in decided.holds] == [
        (1, HoldReason.TARGET_FOREIGN),
        (2, HoldReason.TARGET_FOREIGN),
    ]


def test_ten_thousand_units_are_planned_in_linear_time() -> None:
    count = 10_000
    wishes = [wish(number, f"s{number}", f"s{number + 1}") for number in range(count)]
    decided = plan(wishes, owners={f"s{number}": number for number in range(count)})
    assert len(decided.components[0].shifts) == count
    blocked = plan(wishes, owners={f"s{number}": number for number in range(count)}, foreign={f"s{count}"})
    assert len(blocked.holds) == count


@pytest.mark.parametrize(
    ("source", "target", "action"),
    [
        (Seen.OURS, Seen.ABSENT, Action.MOVE),
        (Seen.OURS, Seen.OURS, Action.FINISH),
        (Seen.ABSENT, Seen.OURS, Action.RECORD),
        (Seen.OTHER, Seen.OURS, Action.RECORD),
        (Seen.OURS, Seen.OTHER, Action.HOLD_TAKEN),
        (Seen.ABSENT, Seen.OTHER, Action.HOLD_TAKEN),
        (Seen.OTHER, Seen.OTHER, Action.HOLD_TAKEN),
        (Seen.ABSENT, Seen.ABSENT, Action.HOLD_MISSING),
        (Seen.OTHER, Seen.ABSENT, Action.HOLD_CHANGED),
    ],
)
def test_what_the_disk_shows_decides_a_step(source: Seen, target: Seen, action: Action) -> None:
    assert next_action(source, target) is action
