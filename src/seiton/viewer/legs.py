"""From the plan's shifts to the steps of each: folders, NFO, sidecars, and the video last."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from seiton.adapters.files import Identity, digest_of, identify, read_small
from seiton.domain.moves import Component, Leg, Shift
from seiton.domain.naming import path_key
from seiton.domain.nfo import episode_nfo
from seiton.domain.nfo_merge import Unreadable, merge
from seiton.domain.sidecars import numbered, subtitle_tail
from seiton.domain.states import HoldReason
from seiton.viewer.gather import NFO, Folders, Unit
from seiton.viewer.journal import Step, StepKind, new_token

PARK = b".seiton-park-"


@dataclass(slots=True, kw_only=True)
class UnitLeg:
    """One leg of one unit with its steps; never divided between chunks."""

    unit: Unit
    shift: Shift
    stem: bytes
    steps: list[Step]
    contents: list[bytes] = field(default_factory=list)
    nfo_digest: str | None = None
    nfo_rendering: str | None = None


@dataclass(slots=True, kw_only=True)
class Stuck:
    """A unit whose steps cannot even be listed, with the reason."""

    unit: Unit
    reason: HoldReason
    detail: str | None


class LegMaker:
    """Expands shifts into steps. ``before`` gives the steps that a new show or season folder needs first."""

    def __init__(
        self, root: bytes, folders: Folders, before: Callable[[Unit], tuple[list[Step], list[bytes]]]
    ) -> None:
        self._root = root
        self._folders = folders
        self._before = before
        self._at: dict[int, bytes] = {}
        self._nfo_dropped: set[int] = set()

    def expand(self, component: Component, units: dict[int, Unit]) -> list[UnitLeg] | Stuck:
        """Return the legs of ``component`` in order, or the unit that makes it impossible."""
        legs = []
        for shift in component.shifts:
            leg = self._leg(units[shift.unit_id], shift)
            if isinstance(leg, Stuck):
                return leg
            legs.append(leg)
        return legs

    def _leg(self, unit: Unit, shift: Shift) -> UnitLeg | Stuck:
        if shift.leg is Leg.ENTER:
            return self._enter(unit, shift)
        origin = self._at.get(unit.unit_id, unit.stem or b"")
        if shift.leg is Leg.PARK:
            target = os.path.join(os.path.dirname(origin), PARK + new_token().encode())
        else:
            target = unit.target
        leg = UnitLeg(unit=unit, shift=shift, stem=target, steps=[])
        old_nfo = self._old_nfo(unit)
        if shift.leg is not Leg.PARK:
            steps, contents = self._before(unit)
            leg.steps += steps
            leg.contents += contents
            new = self._render(unit, old_nfo)
            if isinstance(new, Stuck):
                return new
            leg.steps.append(_write(unit, target + NFO, new))
            leg.contents.append(new)
        for member in unit.sidecars:
            leg.steps.append(
                Step(
                    kind=StepKind.MOVE,
                    unit_id=unit.unit_id,
                    source=origin + member.tail,
                    target=target + member.tail,
                    identity=member.identity,
                )
            )
        leg.steps.append(
            Step(
                kind=StepKind.MOVE,
                unit_id=unit.unit_id,
                source=origin + unit.video_tail,
                target=target + unit.video_tail,
                identity=unit.identity,
            )
        )
        if old_nfo is not None and unit.unit_id not in self._nfo_dropped:
            self._nfo_dropped.add(unit.unit_id)
            leg.contents.append(old_nfo)
            leg.steps.append(
                Step(
                    kind=StepKind.DROP,
                    unit_id=unit.unit_id,
                    target=(unit.stem or b"") + NFO,
                    before_digest=digest_of(old_nfo),
                )
            )
        self._at[unit.unit_id] = target
        self._finish(leg)
        return leg

    def _finish(self, leg: UnitLeg) -> None:
        for step in leg.steps:
            if step.kind is StepKind.WRITE and step.target == leg.stem + NFO:
                leg.nfo_digest = step.after_digest
                leg.nfo_rendering = digest_of(render_nfo(leg.unit))

    def _old_nfo(self, unit: Unit) -> bytes | None:
        if not unit.has_nfo or unit.stem is None:
            return None
        return read_small(os.path.join(self._root, unit.stem + NFO))

    def _render(self, unit: Unit, old: bytes | None) -> bytes | Stuck:
        """Return the NFO for the new name; the user's own elements in the old one survive."""
        ours = render_nfo(unit)
        if old is None:
            if unit.has_nfo:
                return Stuck(unit=unit, reason=HoldReason.NFO_UNREADABLE, detail=None)
            return ours
        if digest_of(old) == unit.nfo_digest == unit.nfo_rendering:
            return ours
        merged = merge(old, ours)
        if isinstance(merged, Unreadable):
            return Stuck(unit=unit, reason=HoldReason.NFO_UNREADABLE, detail=merged.reason)
        return merged

    def _enter(self, unit: Unit, shift: Shift) -> UnitLeg:
        target = unit.target
        leg = UnitLeg(unit=unit, shift=shift, stem=target, steps=[])
        steps, contents = self._before(unit)
        nfo = render_nfo(unit)
        leg.contents += [*contents, nfo]
        leg.steps += [*steps, _write(unit, target + NFO, nfo)]
        taken: set[str] = set()
        video_name = os.fsdecode(os.path.basename(unit.source or b""))
        for source in unit.subtitle_sources:
            identity = identify(source)
            if identity is None:
                continue
            tail = _free_tail(subtitle_tail(video_name, os.fsdecode(os.path.basename(source))), taken)
            leg.steps.append(_enter_step(unit, source, target + tail, identity))
        leg.steps.append(_enter_step(unit, unit.source or b"", target + unit.video_tail, unit.identity))
        self._finish(leg)
        return leg

    def refresh_nfo(self, unit: Unit) -> UnitLeg | Stuck | None:
        """Return the step that brings the NFO of a unit in place up to date; ``None``: it is."""
        stem = unit.stem or b""
        ours = render_nfo(unit)
        old = self._old_nfo(unit)
        shift = Shift(unit.unit_id, Leg.DIRECT)
        leg = UnitLeg(unit=unit, shift=shift, stem=stem, steps=[])
        leg.nfo_rendering = digest_of(ours)
        steps, contents = self._before(unit)
        leg.steps += steps
        leg.contents += contents
        if old is None and not unit.has_nfo:
            leg.steps.append(_write(unit, stem + NFO, ours))
            leg.contents.append(ours)
            leg.nfo_digest = digest_of(ours)
            return leg
        if leg.nfo_rendering == unit.nfo_rendering or old == ours:
            leg.nfo_digest = digest_of(old) if old == ours and old is not None else unit.nfo_digest
            return leg if steps else None
        new = self._render(unit, old)
        if isinstance(new, Stuck):
            return new
        leg.nfo_digest = digest_of(new)
        if old is not None and new != old:
            leg.contents += [old, new]
            leg.steps.append(
                Step(
                    kind=StepKind.REWRITE,
                    unit_id=unit.unit_id,
                    target=stem + NFO,
                    before_digest=digest_of(old),
                    after_digest=leg.nfo_digest,
                )
            )
        return leg if leg.steps else None


def render_nfo(unit: Unit) -> bytes:
    """Return the unit's NFO as the rules have it."""
    return episode_nfo(unit.wish, added=unit.added_at)


def _write(unit: Unit, target: bytes, content: bytes) -> Step:
    return Step(kind=StepKind.WRITE, unit_id=unit.unit_id, target=target, after_digest=digest_of(content))


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
