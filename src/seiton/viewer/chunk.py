"""One chunk of steps after the plan: finishing it after a crash, taking it back after a failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.files import Identity, LibraryRoot
from seiton.domain.states import StepState
from seiton.viewer import journal, settle
from seiton.viewer.apply import Applier, Evidence
from seiton.viewer.journal import Step
from seiton.viewer.service import Viewer


def recover(viewer: Viewer, library: LibraryRoot) -> int:
    """Finish the chunk that a killed process left open: its steps are done, or done now, in order."""
    with viewer.database.read() as connection:
        plan_id, steps = journal.open_steps(connection, library.library_id)
        contents = journal.contents_of(connection, (s.after_digest for s in steps if s.after_digest))
    if not steps:
        return 0
    applier = Applier(library, viewer.profile, contents, evidence(viewer))
    applier.prepare(steps, recovering=True)
    done: list[Step] = []
    failed: list[Step] = []
    broken: set[int | None] = set()
    for step in steps:
        if step.unit_id is not None and step.unit_id in broken:
            failed.append(step)
            continue
        failure = applier.run(step)
        if failure is None:
            done.append(step)
        else:
            failed.append(step)
            broken.add(step.unit_id)
    undo = [step for step in done if step.unit_id is not None and step.unit_id in broken]
    applier.flush()
    now = viewer.now()
    with viewer.database.write() as connection:
        kept = [step for step in done if step not in undo]
        arrivals = settle.arrivals_from_steps(connection, library.root, kept)
        settle.record_arrivals(connection, library.library_id, arrivals, now)
        settle.record_artifacts(connection, library.library_id, kept, {}, now)
        journal.close(connection, kept, StepState.DONE, now)
        journal.close(connection, failed, StepState.ABANDONED, now)
        back = take_back(connection, library.library_id, plan_id, undo, now)
    run_back(viewer, library, back)
    return len(steps)


def take_back(
    connection: sa.Connection, library_id: str, plan_id: str, steps: Sequence[Step], now: datetime
) -> list[Step]:
    """Record the inverse of ``steps``, last first, and close the originals as reversed."""
    inverse = [back for step in reversed(steps) if (back := step.inverse()) is not None]
    journal.close(connection, steps, StepState.REVERSED, now)
    return journal.record(connection, library_id, plan_id, inverse, now)


def run_back(viewer: Viewer, library: LibraryRoot, steps: Sequence[Step]) -> None:
    if not steps:
        return
    with viewer.database.read() as connection:
        contents = journal.contents_of(connection, (s.after_digest for s in steps if s.after_digest))
    applier = Applier(library, viewer.profile, contents, evidence(viewer))
    failures = [failure for step in steps if (failure := applier.run(step)) is not None]
    applier.flush()
    stuck = {failure.step.step_id for failure in failures}
    now = viewer.now()
    with viewer.database.write() as connection:
        settle.record_arrivals(
            connection,
            library.library_id,
            settle.arrivals_from_steps(
                connection, library.root, [s for s in steps if s.step_id not in stuck]
            ),
            now,
        )
        journal.close(connection, [s for s in steps if s.step_id not in stuck], StepState.DONE, now)
        journal.close(connection, [f.step for f in failures], StepState.ABANDONED, now)


def evidence(viewer: Viewer) -> Evidence:
    def write(step: Step, identity: Identity, digest: str | None) -> None:
        with viewer.database.write() as connection:
            journal.set_evidence(connection, step, identity, digest)

    return write
