"""Legs that wait to be done, cut into chunks that are recorded, flushed and settled as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from seiton.viewer.journal import Step
from seiton.viewer.legs import UnitLeg


@dataclass(slots=True, kw_only=True)
class Work:
    """What is left of one component, whose number its steps carry in the journal."""

    number: int
    legs: deque[UnitLeg]
    parks: bool
    members: list[int]
    arrived: set[int] = field(default_factory=set)


@dataclass(slots=True, kw_only=True)
class Part:
    """The legs of one component that go into one chunk."""

    work: Work
    legs: list[UnitLeg]


class Backlog:
    """First in, first out, in chunks of about ``chunk_steps``; only whole legs.

    A component that parks is never divided, so that all of it can be taken back.
    """

    def __init__(self, chunk_steps: int) -> None:
        self._chunk_steps = chunk_steps
        self._works: deque[Work] = deque()
        self._steps = 0
        self._bundles = 0
        self._components = 0

    def add(self, legs: Sequence[UnitLeg], *, parks: bool = False) -> None:
        """Add the legs of a component; ``parks`` as in the plan."""
        self._components += 1
        if parks:
            self._bundles += 1
        for leg in legs:
            if not parks:
                self._bundles += 1
            for step in leg.steps:
                step.component, step.bundle, step.cause = self._components, self._bundles, leg.unit.cause
            self._steps += len(leg.steps)
        members = list(dict.fromkeys(leg.unit.unit_id for leg in legs))
        self._works.append(Work(number=self._components, legs=deque(legs), parks=parks, members=members))

    def give_up(self, work: Work) -> None:
        """Forget what is left of a component of which a leg failed."""
        self._steps -= sum(len(leg.steps) for leg in work.legs)
        work.legs.clear()

    def chunks(self, *, everything: bool) -> Iterator[list[Part]]:
        """Take full chunks off the front; with ``everything``, also the last, which may be small."""
        while self._works and (everything or self._steps >= self._chunk_steps):
            if parts := self._next():
                yield parts

    def _next(self) -> list[Part]:
        parts: list[Part] = []
        room = self._chunk_steps
        while self._works and (room > 0 or not parts):
            work = self._works[0]
            legs: list[UnitLeg] = []
            while work.legs and (work.parks or room > 0):
                leg = work.legs.popleft()
                room -= max(len(leg.steps), 1)
                self._steps -= len(leg.steps)
                legs.append(leg)
            if legs:
                parts.append(Part(work=work, legs=legs))
            if not work.legs:
                self._works.popleft()
        return parts


def steps_of(parts: Sequence[Part]) -> list[Step]:
    """Return the steps of ``parts`` in order."""
    return [step for part in parts for leg in part.legs for step in leg.steps]
