"""Which priorities put a parser at another place of the list: as few of them change as possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEP = 10
"""Between two priorities that had to be given anew: room for later moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A parser and its priority; of equal priorities the smaller id comes first."""

    parser_id: int
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """``room``: new priorities of others, after which all stand in the order as before; ``priority``: that of
    the parser that is moved, given last.
    """

    room: tuple[Ranked, ...]
    priority: int


def place(ranked: Sequence[Ranked], moved: int, before: int | None) -> Placement:
    """Return what puts ``moved`` right before ``before`` (None: last). ``ranked`` is in the order of trying.

    Both are in ``ranked``. The moved parser keeps its priority where that is right already.
    """
    own = next(entry for entry in ranked if entry.parser_id == moved)
    others = [entry for entry in ranked if entry.parser_id != moved]
    at = next((n for n, entry in enumerate(others) if entry.parser_id == before), len(others))
    above = others[at - 1] if at else None
    below = others[at] if at < len(others) else None
    priority = _between(own, above, below)
    if priority is not None:
        return Placement(room=(), priority=priority)
    return _with_room(others, at)


def _between(own: Ranked, above: Ranked | None, below: Ranked | None) -> int | None:
    """Return a priority of ``own`` between its neighbours, the nearest to its present one, if any."""
    highest = lowest = own.priority
    if above is not None:
        highest = above.priority if above.parser_id < own.parser_id else above.priority - 1
    if below is not None:
        lowest = below.priority if own.parser_id < below.parser_id else below.priority + 1
    if above is None:
        return max(own.priority, lowest)
    if below is None:
        return min(own.priority, highest)
    return min(max(own.priority, lowest), highest) if lowest <= highest else None


def _with_room(others: Sequence[Ranked], at: int) -> Placement:
    """Raise those above, the highest first, until there is a step between them and ``others[at]``."""
    priority = others[at].priority + STEP
    room: list[Ranked] = []
    least = priority + STEP
    for entry in reversed(others[:at]):
        if entry.priority >= least:
            break
        room.append(Ranked(parser_id=entry.parser_id, priority=least))
        least += STEP
    # The highest is raised first: at no moment do two of them stand in the wrong order.
    return Placement(room=tuple(reversed(room)), priority=priority)
