"""Putting a parser at another place: it stands there, the others keep their order, few priorities change."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from seiton.domain.ordering import Placement, Ranked, place


def ranked(*priorities: int) -> list[Ranked]:
    entries = [Ranked(parser_id=number, priority=value) for number, value in enumerate(priorities, 1)]
    return in_order(entries)


def in_order(entries: list[Ranked]) -> list[Ranked]:
    return sorted(entries, key=lambda entry: (-entry.priority, entry.parser_id))


def applied(entries: list[Ranked], moved: int, placement: Placement) -> list[int]:
    changed = {entry.parser_id: entry.priority for entry in placement.room} | {moved: placement.priority}
    after = [
        Ranked(parser_id=entry.parser_id, priority=changed.get(entry.parser_id, entry.priority))
        for entry in entries
    ]
    return [entry.parser_id for entry in in_order(after)]


def test_between_two_priorities_only_the_moved_one_changes() -> None:
    placement = place(ranked(30, 20, 10), moved=3, before=2)
    assert placement == Placement(room=(), priority=21)


def test_between_equals_those_above_make_room() -> None:
    entries = ranked(5, 5, 5)
    placement = place(entries, moved=3, before=2)
    assert applied(entries, 3, placement) == [1, 3, 2]
    assert [entry.parser_id for entry in placement.room] == [1]


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=8), st.data())
def test_it_stands_where_it_was_put_and_making_room_changes_no_order(
    priorities: list[int], data: st.DataObject
) -> None:
    entries = ranked(*priorities)
    ids = [entry.parser_id for entry in entries]
    moved = data.draw(st.sampled_from(ids))
    before = data.draw(st.sampled_from([*(number for number in ids if number != moved), None]))
    placement = place(entries, moved, before)
    others = [number for number in ids if number != moved]
    at = others.index(before) if before is not None else len(others)
    assert applied(entries, moved, placement) == [*others[:at], moved, *others[at:]]
    now = list(entries)
    for change in placement.room:
        now = [change if entry.parser_id == change.parser_id else entry for entry in now]
        assert [entry.parser_id for entry in in_order(now) if entry.parser_id != moved] == others
