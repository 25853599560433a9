"""The plan: which units move where, in which order, and which are left alone.

Pure and linear in the number of units. A *unit* is a video with everything that follows it; it
occupies a *stem* (path without extension). Names are compared by *key* (NFC, case-folded), because
a name that differs only there is the same file on many file systems.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

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


@dataclass(frozen=True, slots=True)
class Shift:
    """Move one unit one leg."""

    unit_id: int
    leg: Leg


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A unit that stays where it is, with the reason and who or what stands in the way."""

    unit_id: int
    reason: HoldReason
    blocker: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """Units whose moves depend on each other, in an order in which every target is free in time.

    ``parks``: a unit lies at a parking name in between, so all of it has to be done, or all taken back.
    """

    shifts: tuple[Shift, ...]
    parks: bool = False


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
    by_id = {wish.unit_id: wish for wish in wishes}
    taken_by_others = set(foreign)
    held: dict[int, Hold] = {}
    in_place: list[int] = []
    movers: dict[int, Wish] = {}
    claimant: dict[str, int] = {}

    for wish in sorted(wishes, key=lambda wish: wish.unit_id):
        if wish.current == wish.target:
            in_place.append(wish.unit_id)
            claimant[wish.target_key] = wish.unit_id
        elif wish.current_key == wish.target_key:
            claimant[wish.target_key] = wish.unit_id
            if wish.target_key in taken_by_others:
                held[wish.unit_id] = Hold(unit_id=wish.unit_id, reason=HoldReason.TARGET_FOREIGN)
            else:
                movers[wish.unit_id] = wish
    for unit_id in sorted(by_id):
        wish = by_id[unit_id]
        if wish.current_key == wish.target_key:
            continue
        first = claimant.setdefault(wish.target_key, unit_id)
        if wish.target_key in taken_by_others:
            held[unit_id] = Hold(unit_id=unit_id, reason=HoldReason.TARGET_FOREIGN)
        elif first != unit_id:
            held[unit_id] = Hold(unit_id=unit_id, reason=HoldReason.TWO_CLAIMS, blocker=first)
        else:
            movers[unit_id] = wish
    _hold_the_blocked(movers, held, owners)
    ordered = [movers[unit_id] for unit_id in sorted(movers)]
    return MovePlan(
        components=tuple(_components(ordered, owners)),
        holds=tuple(held[unit_id] for unit_id in sorted(held)),
        in_place=tuple(in_place),
    )


def _hold_the_blocked(movers: dict[int, Wish], held: dict[int, Hold], owners: Mapping[str, int]) -> None:
    """Hold movers whose target is kept by one that stays, then those behind them, and so on."""
    waiting_for: dict[int, int] = {}
    blocked: list[int] = []
    for unit_id, wish in movers.items():
        owner = owners.get(wish.target_key)
        if owner is None or owner == unit_id:
            continue
        if owner in movers:
            waiting_for[owner] = unit_id  # one claimant a key, so at most one waits for each
        else:
            reason = HoldReason.WAITING if owner in held else HoldReason.TARGET_OWNED
            held[unit_id] = Hold(unit_id=unit_id, reason=reason, blocker=owner)
            blocked.append(unit_id)
    while blocked:
        blocker = blocked.pop()
        del movers[blocker]
        behind = waiting_for.pop(blocker, None)
        if behind is not None and behind in movers:
            held[behind] = Hold(unit_id=behind, reason=HoldReason.WAITING, blocker=blocker)
            blocked.append(behind)


def _components(movers: Sequence[Wish], owners: Mapping[str, int]) -> Iterable[Component]:
    """Cut the moves into chains and cycles; each unit waits for at most one other."""
    by_id = {wish.unit_id: wish for wish in movers}
    before: dict[int, int] = {}  # unit -> the unit that has to leave first
    after: dict[int, int] = {}
    for wish in movers:
        owner = owners.get(wish.target_key)
        if owner is not None and owner != wish.unit_id and owner in by_id:
            before[wish.unit_id] = owner
            after[owner] = wish.unit_id
    done: set[int] = set()
    for wish in movers:
        if wish.unit_id in before or wish.unit_id in done:
            continue
        chain: list[Shift] = []
        unit: int | None = wish.unit_id
        while unit is not None:
            chain.extend(_legs(by_id[unit]))
            done.add(unit)
            unit = after.get(unit)
        parks = any(shift.leg is Leg.PARK for shift in chain)
        yield Component(shifts=tuple(chain), parks=parks)
    for wish in movers:
        if wish.unit_id in done:
            continue
        # Only cycles are left. Park the first, which frees its stem for the one that waits for it.
        shifts = [Shift(wish.unit_id, Leg.PARK)]
        done.add(wish.unit_id)
        unit = after[wish.unit_id]
        while unit != wish.unit_id:
            shifts.append(Shift(unit, Leg.DIRECT))
            done.add(unit)
            unit = after[unit]
        shifts.append(Shift(wish.unit_id, Leg.UNPARK))
        yield Component(shifts=tuple(shifts), parks=True)


def _legs(wish: Wish) -> list[Shift]:
    if wish.current is None:
        return [Shift(wish.unit_id, Leg.ENTER)]
    if wish.current_key == wish.target_key:
        return [Shift(wish.unit_id, Leg.PARK), Shift(wish.unit_id, Leg.UNPARK)]
    return [Shift(wish.unit_id, Leg.DIRECT)]


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
