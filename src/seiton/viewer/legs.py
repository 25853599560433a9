"""From the plan's shifts to the steps of each: the new NFO, sidecars, the video, the old NFO last."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from seiton.adapters.files import FileOutcome, Identity, LibraryRoot, digest_of, identify, read_small
from seiton.domain.moves import Component, Leg, Shift
from seiton.domain.naming import path_key
from seiton.domain.nfo import video_nfo
from seiton.domain.nfo_merge import Unreadable, merge
from seiton.domain.nfo_numbers import renumbered
from seiton.domain.sidecars import numbered, subtitle_tail
from seiton.domain.states import HoldReason
from seiton.viewer.gather import NFO, PARK, Member, Unit
from seiton.viewer.images import Restore
from seiton.viewer.journal import Step, StepKind, new_token


@dataclass(slots=True, kw_only=True)
class UnitLeg:
    """One leg of one unit with its steps; never divided between chunks. ``stem`` is where it leads."""

    unit: Unit
    shift: Shift
    stem: bytes
    steps: list[Step] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)
    nfo_digest: str | None = None
    nfo_rendering: str | None = None
    nfo_before: str | None = None
    nfo_after: str | None = None

    def write_nfo(self, content: bytes, *, is_foreign: bool = False) -> None:
        """Add the step that puts an NFO beside the video; one that somebody else wrote stays theirs."""
        self.nfo_after = self._keep(content)
        if not is_foreign:
            ours = render_nfo(self.unit)
            self.nfo_digest = self.nfo_after
            self.nfo_rendering = self.nfo_after if content == ours else digest_of(ours)
        step = Step(
            kind=StepKind.WRITE,
            unit_id=self.unit.unit_id,
            target=self.stem + NFO,
            after_digest=self.nfo_after,
        )
        self.steps.append(step)

    def rewrite_nfo(self, old: bytes, new: bytes) -> None:
        """Add the step that changes the NFO beside a video that stays."""
        self.nfo_after = self._keep(new)
        self.steps.append(
            Step(
                kind=StepKind.REWRITE,
                unit_id=self.unit.unit_id,
                target=self.stem + NFO,
                before_digest=self._keep(old),
                after_digest=self.nfo_after,
            )
        )

    def drop_nfo(self, stem: bytes, old: bytes, digest: str) -> None:
        """Add the step that takes the NFO at ``stem`` away; its content, of this ``digest``, is kept."""
        self.contents[digest] = old
        self.steps.append(
            Step(
                kind=StepKind.DROP,
                unit_id=self.unit.unit_id,
                target=stem + NFO,
                before_digest=digest,
            )
        )

    def _keep(self, content: bytes) -> str:
        digest = digest_of(content)
        self.contents[digest] = content
        return digest


@dataclass(slots=True, kw_only=True)
class Stuck:
    """A unit whose steps cannot even be listed, with the reason."""

    unit: Unit
    reason: HoldReason
    detail: str | None


class LegMaker:
    """Expands shifts into the steps of each unit. Reads NFOs, writes nothing."""

    def __init__(self, library: LibraryRoot) -> None:
        self._library = library
        self._at: dict[int, bytes] = {}
        self._nfo_dropped: set[int] = set()

    def expand(self, component: Component, units: dict[int, Unit]) -> list[UnitLeg] | Stuck:
        """Return the legs of ``component`` in order, or the unit that makes it impossible."""
        legs = []
        for shift in component.shifts:
            leg = self._guarded(units[shift.unit_id], shift)
            if isinstance(leg, Stuck):
                return leg
            legs.append(leg)
        return legs

    def _guarded(self, unit: Unit, shift: Shift) -> UnitLeg | Stuck:
        try:
            if unit.trash is not None and shift.leg is not Leg.PARK:
                return self._put_away(unit, shift)
            return self._enter(unit, shift) if shift.leg is Leg.ENTER else self._shift(unit, shift)
        except FileOutcome as error:
            return Stuck(unit=unit, reason=HoldReason.FILESYSTEM_ERROR, detail=str(error))

    def _shift(self, unit: Unit, shift: Shift) -> UnitLeg | Stuck:
        origin = self._at.get(unit.unit_id, unit.stem or b"")
        target = unit.target
        if shift.leg is Leg.PARK:
            target = os.path.join(os.path.dirname(origin), PARK + new_token().encode())
        leg = UnitLeg(unit=unit, shift=shift, stem=target)
        old = self._old_nfo(unit)
        if isinstance(old, Stuck):
            return old
        leg.nfo_before = None if old is None else digest_of(old)
        if shift.leg is not Leg.PARK:
            new = unit.restore.nfo if unit.restore else self._render(unit, old, leg.nfo_before)
            if isinstance(new, Stuck):
                return new
            if new is not None:
                leg.write_nfo(new, is_foreign=_is_foreign(unit, old))
            if unit.restore:
                leg.nfo_digest, leg.nfo_rendering = unit.restore.nfo_digest, unit.restore.nfo_rendering
        leg.steps += move_steps(unit, origin, target)
        if unit.has_nfo and old is not None and unit.unit_id not in self._nfo_dropped:
            self._nfo_dropped.add(unit.unit_id)
            leg.drop_nfo(unit.stem or b"", old, leg.nfo_before or digest_of(old))
        self._at[unit.unit_id] = target
        return leg

    def _put_away(self, unit: Unit, shift: Shift) -> UnitLeg:
        """Take everything to the trash as it is, the NFO among it."""
        origin = self._at.get(unit.unit_id, unit.stem or b"")
        leg = UnitLeg(unit=unit, shift=shift, stem=unit.target)
        leg.nfo_digest, leg.nfo_rendering = unit.nfo_digest, unit.nfo_rendering
        if unit.has_nfo and origin == unit.stem:
            identity = identify(self._library.at(origin + NFO))
            if identity is not None:
                leg.steps.append(_move_step(unit, origin, unit.target, Member(tail=NFO, identity=identity)))
        elif unit.parked_nfo is not None and not unit.has_nfo:
            leg.write_nfo(unit.parked_nfo)
        leg.steps += move_steps(unit, origin, unit.target)
        return leg

    def _old_nfo(self, unit: Unit) -> bytes | Stuck | None:
        """Return the NFO that the unit has, or had when it was parked; it may hold a user's elements."""
        if not unit.has_nfo or unit.stem is None:
            return unit.parked_nfo
        try:
            return read_small(self._library.at(unit.stem + NFO))
        except FileOutcome as error:
            return Stuck(unit=unit, reason=HoldReason.NFO_UNREADABLE, detail=str(error))

    def _render(self, unit: Unit, old: bytes | None, digest: str | None) -> bytes | Stuck:
        """Return the NFO for the new name; the user's own elements in the ``old`` one survive."""
        ours = render_nfo(unit)
        if old is None or digest == unit.nfo_digest == unit.nfo_rendering:
            return ours
        merged = renumbered(old, unit.wish) if _is_foreign(unit, old) else merge(old, ours)
        if isinstance(merged, Unreadable):
            return Stuck(unit=unit, reason=HoldReason.NFO_UNREADABLE, detail=merged.reason)
        return merged

    def _enter(self, unit: Unit, shift: Shift) -> UnitLeg:
        leg = UnitLeg(unit=unit, shift=shift, stem=unit.target)
        leg.write_nfo(render_nfo(unit))
        taken: set[str] = set()
        video_name = os.fsdecode(os.path.basename(unit.source or b""))
        for source in unit.subtitle_sources:
            identity = identify(source)
            if identity is None:
                continue
            tail = _free_tail(subtitle_tail(video_name, os.fsdecode(os.path.basename(source))), taken)
            leg.steps.append(_enter_step(unit, source, unit.target + tail, identity))
        video = unit.target + unit.video_tail
        leg.steps.append(_enter_step(unit, unit.source or b"", video, unit.identity))
        return leg

    def refresh_nfo(self, unit: Unit) -> UnitLeg | Stuck:
        """Return the steps that bring the NFO of a unit in place up to date: none or one."""
        ours = render_nfo(unit)
        leg = UnitLeg(unit=unit, shift=Shift(unit.unit_id, Leg.DIRECT), stem=unit.stem or b"")
        leg.nfo_digest, leg.nfo_rendering = unit.nfo_digest, digest_of(ours)
        if unit.trash is not None:
            leg.nfo_rendering = unit.nfo_rendering
            return leg
        old = self._old_nfo(unit)
        if isinstance(old, Stuck):
            return old
        leg.nfo_before = leg.nfo_after = None if old is None else digest_of(old)
        if unit.restore is not None:
            _give_back(unit.restore, old, leg)
            return leg
        if old is None:
            leg.write_nfo(ours)
            return leg
        if old == ours:
            leg.nfo_digest = leg.nfo_rendering
            return leg
        if leg.nfo_rendering == unit.nfo_rendering:
            return leg  # what differs is the user's
        new = self._render(unit, old, leg.nfo_before)
        if isinstance(new, Stuck):
            return new
        if _is_foreign(unit, old):
            leg.nfo_rendering = None
        else:
            leg.nfo_digest = digest_of(new)
        if new != old:
            leg.rewrite_nfo(old, new)
        return leg


def _give_back(restore: Restore, old: bytes | None, leg: UnitLeg) -> None:
    """Add the steps, none or one, that give a unit in place the NFO that it had."""
    if not restore.keeps_nfo and restore.nfo != old:
        if old is None:
            leg.write_nfo(restore.nfo or b"")
        elif restore.nfo is None:
            leg.drop_nfo(leg.stem, old, digest_of(old))
            leg.nfo_after = None
        else:
            leg.rewrite_nfo(old, restore.nfo)
    leg.nfo_digest, leg.nfo_rendering = restore.nfo_digest, restore.nfo_rendering


def _is_foreign(unit: Unit, old: bytes | None) -> bool:
    """Say whether the NFO ``old`` was never Seiton's: it keeps every word but its numbers."""
    return old is not None and unit.nfo_digest is None


def move_steps(unit: Unit, origin: bytes, target: bytes) -> list[Step]:
    """Return the steps that take sidecars and video from the stem ``origin`` to ``target``, video last."""
    files = [*unit.sidecars, Member(tail=unit.video_tail, identity=unit.identity)]
    return [_move_step(unit, origin, target, member) for member in files]


def _move_step(unit: Unit, origin: bytes, target: bytes, member: Member) -> Step:
    return Step(
        kind=StepKind.MOVE,
        unit_id=unit.unit_id,
        source=origin + member.tail,
        target=target + member.tail,
        identity=member.identity,
    )


def render_nfo(unit: Unit) -> bytes:
    """Return the unit's NFO as the rules have it; rendered once."""
    if unit.rendered_nfo is None:
        unit.rendered_nfo = video_nfo(unit.wish, added=unit.added_at)
    return unit.rendered_nfo


def _enter_step(unit: Unit, source: bytes, target: bytes, identity: Identity | None) -> Step:
    return Step(
        kind=StepKind.ENTER,
        unit_id=unit.unit_id,
        source=source,
        target=target,
        identity=identity,
    )


def _free_tail(tail: str, taken: set[str]) -> bytes:
    """Number a second subtitle of one language, so that both can follow the video."""
    candidate, number = tail, 2
    while path_key(os.fsencode(candidate)) in taken:
        candidate = numbered(tail, number)
        number += 1
    taken.add(path_key(os.fsencode(candidate)))
    return os.fsencode(candidate)
