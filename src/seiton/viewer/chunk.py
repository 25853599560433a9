"""One chunk of recorded steps: run, flushed, put on record, and taken back where it could not go on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.files import Identity, LibraryRoot
from seiton.domain.states import StepState
from seiton.viewer import journal, settle
from seiton.viewer.apply import Applier, Failure
from seiton.viewer.enter import Evidence
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.places import places_after
from seiton.viewer.service import Viewer

_PRUNING = {StepKind.DROP, StepKind.PRUNE}
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

    def run(step: Step) -> None:
        if step.component in stopped and step.step_id not in early:
            ran.dropped.append(step)
            return
        failure = applier.run(step)
        if failure is None:
            finished.append(step)
            return
        ran.failures.append(failure)
        ran.dropped.append(step)
        if step.component is not None:
            stopped.add(step.component)
        if step.bundle is not None:
            broken.add(step.bundle)

    early: set[int] = set()
    for step in steps:
        if step.kind is StepKind.FOLDER:
            run(step)
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
    with viewer.database.write() as connection:
        journal.close(connection, ran.done, StepState.DONE, now)
        journal.close(connection, ran.dropped, StepState.ABANDONED, now)
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


def _left(ran: Ran) -> set[bytes]:
    """Return the folders that may be empty now; not those that were just found not to be."""
    left = {os.path.dirname(step.source) for step in ran.done if step.kind is StepKind.MOVE and step.source}
    taken = {StepKind.PRUNE, StepKind.ERASE}
    left |= {os.path.dirname(step.target) for step in ran.done if step.kind in taken}
    in_vain = [step for step in itertools.chain(ran.undo, ran.dropped) if step.kind not in _PRUNING]
    return left | {os.path.dirname(step.target) for step in in_vain}


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
    record_places(viewer, library, plan_id, ran)


def record_places(viewer: Viewer, library: LibraryRoot, plan_id: str, ran: Ran) -> None:
    """Finish steps that no plan in memory stands behind: where their units lie now, the disk says."""
    with viewer.database.read() as connection:
        arrivals = places_after(connection, library, [*ran.done, *ran.dropped])

    def record(connection: sa.Connection, now: datetime) -> None:
        settle.release_targets(connection, library.library_id)
        settle.record_arrivals(connection, library.library_id, arrivals, now)

    finish(viewer, library, plan_id, ran, record=record)
