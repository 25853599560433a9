"""Which link of a release stays which, when the numbers of its episodes change."""

from __future__ import annotations

from collections.abc import Sequence

from seiton.adapters.database import Row


def place_slots(numbers: Sequence[int], known: Sequence[Row]) -> list[int]:
    """Return a slot for each of ``numbers``, which ascend; ``known`` are the release's links as stored.

    A download belongs to its slot, with its file, whatever the number becomes. As many episodes as
    before: their order decides (01-12 is now 13-24). Otherwise the number does (01-06 grew to 01-12, or
    11-12 turned out to be 01-12), and what is left on both sides is joined in order.
    """
    by_number = sorted(known, key=lambda row: (row["episode_no"], row["slot"]))
    attached = [row["slot"] for row in by_number if row["detached_at"] is None]
    if len(attached) == len(numbers):
        return attached
    free = {row["episode_no"]: row["slot"] for row in by_number if row["detached_at"] is not None}
    free |= {row["episode_no"]: row["slot"] for row in by_number if row["detached_at"] is None}
    same = {number: free[number] for number in numbers if number in free}
    taken = set(same.values())
    left = [row["slot"] for row in by_number if row["slot"] not in taken]
    following = max((row["slot"] for row in known), default=-1) + 1
    spare = iter([*left, *range(following, following + len(numbers))])
    return [same[number] if number in same else next(spare) for number in numbers]
