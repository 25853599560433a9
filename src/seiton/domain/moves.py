"""The plan: which units move where, in which order, and which are left alone.

Pure and linear in the number of units. A *unit* is a video with everything that follows it; it
occupies a *stem* (path without extension). Names are compared by *key* (NFC, case-folded), because
a name that differs only there is the same file on many file systems.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from itertools import repeat
from operator import attrgetter
from typing import NamedTuple

from seiton.domain.states import HoldReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A unit that is pending: where it lies (``None``: not in the library yet) and where it belongs."""

    unit_id: int
    current: bytes | None
    current_key: str | None
    target: bytes
    target_key: str


class Leg(StrEnum):
    """One leg of a unit's way."""

    DIRECT = "direct"  #: from its stem to the target stem
    PARK = "park"  #: out of the way, to break a cycle or to change only the case of a name
    UNPARK = "unpark"  #: from the parking name to the target stem
    ENTER = "enter"  #: into the library from outside


class Shift(NamedTuple):
    """Move one unit one leg. A tuple like ``Component``, because there are many: a dataclass takes thrice as
    long to make.
    """

    unit_id: int
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A unit that stays where it is, with the reason and who or what stands in the way."""

    unit_id: int
    reason: HoldReason
    blocker: int | None = None


class Component(NamedTuple):
    """Units whose moves depend on each other, in an order in which every target is free in time.

    ``parks``: the first goes aside before the others move and to its target after them, so all of it has to
    be done, or all taken back. ``enters``: the last comes into the library from outside.
    """

    units: tuple[int, ...]
    parks: bool = False
    enters: bool = False

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The moves in their order; made when they are asked for, because a plan may have very many."""
        shifts = list(map(Shift, self.units, repeat(Leg.DIRECT)))
        if self.parks:
            first = self.units[0]
            shifts[0] = Shift(first, Leg.PARK)
            shifts.append(Shift(first, Leg.UNPARK))
        elif self.enters:
            shifts[-1] = Shift(self.units[-1], Leg.ENTER)
        return tuple(shifts)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePlan:
    """What to do with all pending units of one library."""

    components: tuple[Component, ...]
    holds: tuple[Hold, ...]
    in_place: tuple[int, ...]


def plan(wishes: Sequence[Wish], *, owners: Mapping[str, int], foreign: Iterable[str] = ()) -> MovePlan:
    """Order the moves of ``wishes`` so that no move ever meets an existing file.

    ``owners`` maps path keys to the unit that lies there, for every unit of ours (pending or not) that lies
    at a key some wish wants. ``foreign`` are wanted keys at which something lies that is not ours, alone or
    (under names that differ in case, where the disk tells them apart) beside ours.
    Chains run from the free end; a cycle parks one unit. Of two claimants of a name, the one that lies
    there wins, then the one known longer (smaller id); the other is held.
    """
    ordered = sorted(wishes, key=attrgetter("unit_id"))
    taken = frozenset(foreign)
    at_its_key = [wish for wish in ordered if wish.current_key == wish.target_key]
    claimant = {wish.target_key: wish.unit_id for wish in reversed(ordered)}
    claimant.update((wish.target_key, wish.unit_id) for wish in at_its_key)
    in_place = tuple(wish.unit_id for wish in at_its_key if wish.current == wish.target)
    is_contested = len(claimant) < len(ordered) or bool(taken)
    held = _contested(ordered, claimant, taken) if is_contested else {}
    movers = {wish.unit_id: wish for wish in ordered}
    for unit_id in (*in_place, *held):
        del movers[unit_id]
    free, behind = _queue(movers, held, owners)
    return MovePlan(
        components=(*_chains(free, behind, movers), *_cycles(behind)),
        holds=tuple(held[unit_id] for unit_id in sorted(held)),
        in_place=in_place,
    )


def _contested(
    ordered: Iterable[Wish], claimant: Mapping[str, int], taken: Container[str]
) -> dict[int, Hold]:
    """Hold whoever wants a name that somebody else's file has, or another unit before it."""
    held: dict[int, Hold] = {}
    for wish in ordered:
        key, unit_id = wish.target_key, wish.unit_id
        if wish.current == wish.target:
            continue
        if key in taken:
            held[unit_id] = Hold(unit_id=unit_id, reason=HoldReason.TARGET_FOREIGN)
        elif claimant[key] != unit_id and wish.current_key != key:
            held[unit_id] = Hold(unit_id=unit_id, reason=HoldReason.TWO_CLAIMS, blocker=claimant[key])
    return held


def _queue(
    movers: dict[int, Wish], held: dict[int, Hold], owners: Mapping[str, int]
) -> tuple[list[int], dict[int, int]]:
    """Return the movers that wait for nobody, and by unit the mover that waits for it to leave.

    Those whose target is kept by one that stays are held and taken out, then those behind them, and so on.
    """
    waits_for = list(map(owners.get, map(attrgetter("target_key"), movers.values())))
    waits = zip(movers, waits_for, strict=True)
    # One claimant a key, so at most one waits for each.
    behind = {owner: unit for unit, owner in waits if owner is not None and owner != unit}
    waits = zip(movers, waits_for, strict=True)
    free = [unit for unit, owner in waits if owner is None or owner == unit]
    for stays in [owner for owner in behind if owner not in movers]:
        reason = HoldReason.WAITING if stays in held else HoldReason.TARGET_OWNED
        blocker, waiting = stays, behind.pop(stays, None)
        while waiting is not None:
            del movers[waiting]
            held[waiting] = Hold(unit_id=waiting, reason=reason, blocker=blocker)
            blocker, waiting, reason = waiting, behind.pop(waiting, None), HoldReason.WAITING
    return free, behind


def _chains(free: Iterable[int], behind: dict[int, int], movers: Mapping[int, Wish]) -> Iterator[Component]:
    """Take from ``behind`` the queue behind each unit that waits for nobody.

    Only the last of a queue can come from outside: nobody waits for it to leave. A name of which the case
    alone changes is free only when the unit itself is away, and nobody else gets that name.
    """
    follow = behind.pop
    for first in free:
        chain = [first]
        unit = follow(first, None)
        while unit is not None:
            chain.append(unit)
            unit = follow(unit, None)
        lone = movers[chain[-1]]
        is_recased = lone.current_key == lone.target_key
        yield Component(units=tuple(chain), parks=is_recased, enters=lone.current is None)


def _cycles(behind: dict[int, int]) -> Iterator[Component]:
    """Take the cycles, of which the first parks: that frees its stem for the one that waits for it."""
    follow = behind.pop
    for first in list(behind.values()):  # in the order of the movers
        unit = follow(first, None)
        if unit is None:
            continue
        cycle = [first]
        while unit != first:
            cycle.append(unit)
            unit = follow(unit)
        yield Component(units=tuple(cycle), parks=True)


class Seen(Enum):
    """What lies at one end of a step, compared with the file that the step is about."""

    OURS = auto()
    OTHER = auto()
    ABSENT = auto()


class Action(Enum):
    """What to do about one step, given what the disk shows."""

    MOVE = auto()  #: do it
    FINISH = auto()  #: both names exist: a link was made, the old name is to be retired
    RECORD = auto()  #: it was done before
    HOLD_TAKEN = auto()
    HOLD_MISSING = auto()
    HOLD_CHANGED = auto()


def next_action(source: Seen, target: Seen) -> Action:
    """Decide one step from what the disk shows, never from memory (design/resync.md, "The plan" 4)."""
    if target is Seen.OURS:
        return Action.FINISH if source is Seen.OURS else Action.RECORD
    if target is Seen.OTHER:
        return Action.HOLD_TAKEN
    if source is Seen.OURS:
        return Action.MOVE
    return Action.HOLD_CHANGED if source is Seen.OTHER else Action.HOLD_MISSING
