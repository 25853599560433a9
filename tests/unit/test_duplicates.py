"""Of several releases of one episode, which one is fetched."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.duplicates import (
    Candidate,
    Choice,
    Habit,
    Policy,
    Settled,
    Standing,
    Undecided,
    Why,
    choose,
    shape_of,
)


def release(link_id: int, group: str = "G", title: str | None = None, **values: object) -> Candidate:
    named = title if title is not None else f"[{group}] Show - 01 #{link_id}"
    return Candidate(link_id=link_id, group=group, title=named, **values)  # type: ignore[arg-type]


def decide(*items: Candidate, policy: Policy = Policy(), habit: Habit = Habit()) -> object:
    return choose(items, policy, habit)


candidates = st.builds(
    Candidate,
    link_id=st.integers(1, 1000),
    group=st.sampled_from("ABC"),
    title=st.sampled_from(["a 01", "b 01", "c 01v2"]),
    resolution=st.sampled_from([None, "720p", "1080p"]),
    version=st.integers(1, 3),
    is_batch=st.booleans(),
    is_fetchable=st.booleans(),
    release=st.sampled_from([None, "x", "y"]),
    standing=st.sampled_from(Standing),
)
several = st.lists(candidates, max_size=5, unique_by=lambda item: item.link_id)
policies = st.builds(
    Policy,
    group_order=st.permutations("ABC").map(tuple),
    resolution_order=st.just(("1080p", "720p")) | st.just(()),
)


@given(several, policies | st.just(Policy()))
def test_what_is_chosen_is_free_and_does_not_depend_on_the_order(
    items: list[Candidate], policy: Policy
) -> None:
    outcomes = {choose(order, policy, Habit()) for order in list(permutations(items))[:24]}
    assert len(outcomes) == 1
    (outcome,) = outcomes
    standing = {item.link_id: item.standing for item in items}
    if isinstance(outcome, Choice):
        assert standing[outcome.link_id] is Standing.FREE
        assert outcome.replaces is None or standing[outcome.replaces] is Standing.RUNNING
    if isinstance(outcome, Undecided):
        assert len(outcome.candidates) > 1
    if not any(item.standing is Standing.FREE for item in items):
        assert outcome == Settled()


@given(several, policies | st.just(Policy()))
def test_beside_what_is_there_or_on_its_way_only_a_later_version_of_it_is_fetched(
    items: list[Candidate], policy: Policy
) -> None:
    outcome = choose(items, policy, Habit())
    taken = [item for item in items if item.standing in {Standing.RUNNING, Standing.FILED}]
    if taken:
        assert not isinstance(outcome, Undecided)
    if isinstance(outcome, Choice):
        new = next(item for item in items if item.link_id == outcome.link_id)
        assert all(old.group == new.group and old.version < new.version for old in taken)


def test_the_only_release_is_taken() -> None:
    assert decide(release(1)) == Choice(link_id=1)
    assert decide() == Settled()


def test_two_groups_are_left_to_a_person() -> None:
    assert decide(release(2, "B"), release(1, "A")) == Undecided(candidates=(1, 2), why=Why.GROUPS)


def test_the_group_filed_already_goes_on() -> None:
    habit = Habit(groups=(frozenset("B"), frozenset("A")))
    assert decide(release(1, "A"), release(2, "B"), habit=habit) == Choice(link_id=2)
    assert decide(release(1, "A"), release(3, "C"), habit=habit) == Choice(link_id=1)


def test_an_order_of_groups_goes_before_what_was_filed() -> None:
    policy = Policy(group_order=("a",))
    habit = Habit(groups=(frozenset("B"),))
    assert decide(release(1, "A"), release(2, "B"), policy=policy, habit=habit) == Choice(link_id=1)


def test_an_order_of_resolutions_decides_between_groups_too() -> None:
    policy = Policy(resolution_order=("720p",))
    items = release(1, "A", resolution="1080p"), release(2, "B", resolution="720p")
    assert decide(*items, policy=policy) == Choice(link_id=2)


def test_of_one_group_the_higher_resolution_and_the_later_version_are_taken() -> None:
    items = [
        release(1, resolution="720p", version=2),
        release(2, resolution="1080p"),
        release(3, resolution="4K"),
    ]
    assert decide(*items[:2]) == Choice(link_id=2)
    assert decide(*items) == Choice(link_id=3)
    assert decide(release(1), release(2, version=2)) == Choice(link_id=2)


def test_a_single_episode_goes_before_a_batch() -> None:
    assert decide(release(1, is_batch=True), release(2)) == Choice(link_id=2)


def test_two_variants_of_one_group_are_left_to_a_person_until_one_was_taken() -> None:
    items = release(1, title="[G] Show - 05 [CHS]"), release(2, title="[G] Show - 05 [CHT]")
    assert decide(*items) == Undecided(candidates=(1, 2), why=Why.VARIANTS)
    habit = Habit(groups=(frozenset("G"),), shapes=frozenset({shape_of("[G] Show - 04v2 [CHT]")}))
    assert decide(*items, habit=habit) == Choice(link_id=2)


def test_one_torrent_posted_at_two_places_is_one_release() -> None:
    assert decide(release(1, release="x"), release(2, release="x")) == Choice(link_id=1)
    assert decide(release(1, title="same"), release(2, title="same")) == Choice(link_id=1)


def test_what_nobody_here_can_fetch_is_the_last_choice() -> None:
    assert decide(release(1, "A", is_fetchable=False), release(2, "B")) == Choice(link_id=2)
    assert decide(release(1, is_fetchable=False)) == Choice(link_id=1)


def test_what_was_given_up_is_not_taken_again() -> None:
    assert decide(release(1, standing=Standing.SPENT)) == Settled()
    assert decide(release(1, standing=Standing.SPENT), release(2, "B")) == Choice(link_id=2)


def test_a_later_version_takes_the_place_of_one_that_is_not_there_yet() -> None:
    old = release(1, standing=Standing.RUNNING)
    assert decide(old, release(2, version=2)) == Choice(link_id=2, replaces=1)
    assert decide(old, release(2, "B", version=2)) == Settled()
    assert decide(old, release(2, version=2, is_batch=True)) == Settled()
    assert decide(old, release(2, version=2, is_fetchable=False)) == Settled()


def test_a_later_version_of_what_is_filed_is_fetched_beside_it() -> None:
    old = release(1, standing=Standing.FILED)
    assert decide(old, release(2, version=2), release(3, version=3)) == Choice(link_id=3)
    assert decide(old, release(2, "B", version=2)) == Settled()
    both = old, release(2, version=2, standing=Standing.FILED)
    assert decide(*both, release(4, version=2)) == Settled()
    running = old, release(2, version=2, standing=Standing.RUNNING)
    assert decide(*running, release(3, version=3)) == Choice(link_id=3, replaces=2)


def test_what_a_person_removed_stays_removed_whoever_offers_it() -> None:
    assert decide(release(1, standing=Standing.REMOVED), release(2, "B")) == Settled()


@pytest.mark.parametrize(
    ("one", "other"),
    [("[G] Show - 01 [1080p]", "[G] Show - 12 [720P]"), ("[G] Show - 01v2", "[g] show - 1")],
)
def test_the_shape_of_a_title_leaves_numbers_out(one: str, other: str) -> None:
    assert shape_of(one) == shape_of(other)
