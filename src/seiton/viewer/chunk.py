"""One chunk of recorded steps: run, flushed, put on record, and taken back where it could not go on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.files import Identity, LibraryRoot
from seiton.domain.states import HoldReason, StepState
from seiton.viewer import images, journal, settle, tables
from seiton.viewer.apply import Applier, Failure
from seiton.viewer.enter import Evidence
from seiton.viewer.gather import NFO
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.places import places_after
from seiton.viewer.service import Viewer

_PRUNING = {StepKind.DROP, StepKind.PRUNE}
FINAL = {HoldReason.TARGET_FOREIGN, HoldReason.SOURCE_MISSING, HoldReason.SOURCE_CHANGED}
"""What the disk looks like. Anything else says that it could not be changed, which may be otherwise later."""
_BACKWARDS = {StepKind.WRITE: 1, StepKind.DROP: 2}
"""On the way back the files of a unit go first: the old NFO is of use only where its video lies."""


@dataclass(slots=True, kw_only=True)
class Ran:
    """What became of steps: ``done`` to stay, ``undo`` done but to be taken back, ``dropped`` not done."""

    done: list[Step] = field(default_factory=list)
    undo: list[Step] = field(default_factory=list)
    dropped: list[Step] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    found: set[int] = field(default_factory=set)  # FOLDER steps whose folder was there
    digests: dict[int, str] = field(default_factory=dict)  # of what was copied, by step id

    def kept_open(self) -> list[Step]:
        """Return the steps back that the disk refused, and those behind: tried again, in order."""
        is_refused = any(f.step.leads_back and f.reason not in FINAL for f in self.failures)
        return [step for step in self.dropped if step.leads_back] if is_refused else []

    def not_done(self) -> set[int]:
        """Return the ids of the steps that are not done, or not to stay."""
        return {step.step_id for step in itertools.chain(self.undo, self.dropped)}


def applier_for(viewer: Viewer, library: LibraryRoot, contents: Mapping[str, bytes]) -> Applier:
    """Return what applies a new chunk."""
    return Applier(library, viewer.profile, contents, evidence(viewer))


def evidence(viewer: Viewer) -> Evidence:
    """Return what records a staged copy, in a transaction of its own."""

    def write(step: Step, identity: Identity, digest: str | None) -> None:
        with viewer.database.write() as connection:
            journal.set_evidence(connection, step, identity, digest)

    return write


def run_steps(applier: Applier, steps: Sequence[Step], *, recovering: bool = False) -> Ran:
    """Run recorded ``steps`` in order, folders first, and flush. Raises a ``FileOutcome`` if that fails:
    nothing counts as done then, and the steps stay open.
    """
    ran = Ran()
    stopped: set[int] = set()
    broken: set[int] = set()
    finished: list[Step] = []
    is_halted = False  # on the way back one unit's file makes room for the next one's, of any component

    def run(step: Step) -> None:
        nonlocal is_halted
        is_stopped = step.component in stopped or (is_halted and step.leads_back)
        if is_stopped and step.step_id not in early:
            ran.dropped.append(step)
            return
        failure = applier.run(step)
        if failure is None:
            finished.append(step)
            return
        ran.failures.append(failure)
        is_halted |= step.leads_back and failure.reason not in FINAL
        # What failed in its middle is taken back like what was done: looking shows how much there is to do.
        is_half = step.bundle is not None and failure.reason not in FINAL
        (finished if is_half else ran.dropped).append(step)
        if step.component is not None:
            stopped.add(step.component)
        if step.bundle is not None:
            broken.add(step.bundle)

    early: set[int] = set()
    for step in steps:
        if step.kind is StepKind.FOLDER:
            run(step)
    _forgive(ran, finished, applier.made)
    rest = [step for step in steps if step.kind is not StepKind.FOLDER]
    applier.prepare(rest)
    if recovering:  # first what a crash cut in the middle: only that very step can resolve it
        early = {step.step_id for step in rest if applier.is_half_done(step) and applier.run(step) is None}
    for step in rest:
        run(step)
    applier.discard(steps)
    applier.flush()
    ran.found, ran.digests = applier.found, applier.digests
    for step in finished:
        (ran.undo if step.bundle is not None and step.bundle in broken else ran.done).append(step)
    return ran


def _forgive(ran: Ran, finished: list[Step], made: Sequence[bytes]) -> None:
    """Count folders as done that could not be made at first, and were on the way to one below: they are ours,
    and go when they are empty.
    """
    for failure in [failure for failure in ran.failures if failure.step.target in made]:
        ran.failures.remove(failure)
        ran.dropped.remove(failure.step)
        finished.append(failure.step)


def finish(
    viewer: Viewer,
    library: LibraryRoot,
    plan_id: str,
    ran: Ran,
    *,
    record: Callable[[sa.Connection, datetime], None] | None = None,
    renderings: Mapping[bytes, str] | None = None,
) -> None:
    """Put on record what was done, with ``record`` in the same transaction, and take back what has to be."""
    now, library_id = viewer.now(), library.library_id
    made = [step for step in ran.done if step.step_id not in ran.found]
    kept = {step.step_id for step in ran.kept_open()}
    abandoned = [step for step in ran.dropped if step.step_id not in kept]
    with viewer.database.write() as connection:
        journal.close(connection, ran.done, StepState.DONE, now)
        journal.close(connection, abandoned, StepState.ABANDONED, now)
        journal.note_failures(
            connection, {f.step.step_id: f"{f.reason.value}: {f.detail}" for f in ran.failures}
        )
        settle.record_artifacts(connection, library_id, made, renderings or {}, now)
        settle.mark_left(connection, library_id, _left(ran), now)
        if record is not None:
            record(connection, now)
        back = _take_back(connection, library_id, plan_id, ran.undo, now)
    if back:
        _run_back(viewer, library, plan_id, back)


def _left(ran: Ran) -> dict[bytes, str | None]:
    """Return the folders that may be empty now, each with the cause; not those just found not to be."""
    left = {os.path.dirname(s.source): s.cause for s in ran.done if s.kind is StepKind.MOVE and s.source}
    taken = {StepKind.LEAVE, StepKind.DROP, StepKind.PRUNE, StepKind.ERASE}
    left |= {os.path.dirname(step.target): step.cause for step in ran.done if step.kind in taken}
    in_vain = [step for step in itertools.chain(ran.undo, ran.dropped) if step.kind not in _PRUNING]
    return left | {os.path.dirname(step.target): step.cause for step in in_vain}


def _take_back(
    connection: sa.Connection, library_id: str, plan_id: str, steps: Sequence[Step], now: datetime
) -> list[Step]:
    """Record the inverse of ``steps``, last first, and close the originals as reversed."""
    inverse: list[Step] = []
    for _unit, group in itertools.groupby(reversed(steps), key=lambda step: step.unit_id):
        backwards = [back for step in group if (back := step.inverse()) is not None]
        inverse += sorted(backwards, key=lambda step: _BACKWARDS.get(step.kind, 0))
    journal.close(connection, steps, StepState.REVERSED, now)
    return journal.record(connection, library_id, plan_id, inverse, now)


def _run_back(viewer: Viewer, library: LibraryRoot, plan_id: str, steps: Sequence[Step]) -> None:
    with viewer.database.read() as connection:
        contents = journal.contents_of(connection, (s.after_digest for s in steps if s.after_digest))
    ran = run_steps(applier_for(viewer, library, contents), steps)
    if ran.failures:
        library.check()
    record_places(viewer, library, plan_id, ran)


def record_places(viewer: Viewer, library: LibraryRoot, plan_id: str, ran: Ran) -> None:
    """Finish steps that no plan in memory stands behind: where their units lie now, the disk says."""
    with viewer.database.read() as connection:
        arrivals = places_after(connection, library, [*ran.done, *ran.dropped])

    def record(connection: sa.Connection, now: datetime) -> None:
        settle.release_targets(connection, library.library_id)
        settle.record_arrivals(connection, library.library_id, arrivals, now)
        images.record_after(connection, _left_by(ran.done))

    finish(viewer, library, plan_id, ran, record=record)
    _rescue(viewer, library, plan_id, ran)


def _left_by(steps: Iterable[Step]) -> dict[tuple[int, str], tuple[bytes, str | None]]:
    """Return stem and NFO of the units that causes gave a new NFO, as ``images.record_after`` takes them."""
    return {
        (step.unit_id, step.cause): (step.target.removesuffix(NFO), step.after_digest)
        for step in steps
        if step.unit_id is not None
        and step.cause is not None
        and step.kind in {StepKind.WRITE, StepKind.REWRITE}
    }


def _rescue(viewer: Viewer, library: LibraryRoot, plan_id: str, ran: Ran) -> None:
    """Give sidecars a numbered name whose own was taken while they were away: their video is back, and nobody
    looks for its followers at the name of another.
    """
    kept = {step.step_id for step in ran.kept_open()}
    lost = [s for s in ran.dropped if s.kind is StepKind.MOVE and s.leads_back and s.step_id not in kept]
    if not lost:
        return
    units = tables.units
    steps = []
    with viewer.database.read() as connection:
        query = sa.select(units.c.stem).where(units.c.unit_id == sa.bindparam("its_id"))
        for step in lost:
            stem = connection.execute(query, {"its_id": step.unit_id}).scalar()
            is_there = os.path.lexists(library.at(step.source or b""))
            if stem is not None and step.target.startswith(stem) and is_there:
                target = _free_name(library, stem, step.target[len(stem) :])
                steps.append(replace(step, target=target, token="", step_id=0))
    if not steps:
        return
    with viewer.database.write() as connection:
        steps = journal.record(connection, library.library_id, plan_id, steps, viewer.now())
    finish(viewer, library, plan_id, run_steps(applier_for(viewer, library, {}), steps))


def _free_name(library: LibraryRoot, stem: bytes, tail: bytes) -> bytes:
    """Return ``stem`` with ``tail``, or where that is taken a name that follows the stem as well."""
    number, name = 1, stem + tail
    while os.path.lexists(library.at(name)):
        number += 1
        name = b"%s.track%d%s" % (stem, number, tail)
    return name
