"""Remove folders that a plan left empty: only those that Seiton made, looked at again before each."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from seiton.adapters.database import Row
from seiton.adapters.files import LibraryRoot, digest_of, list_names, read_small
from seiton.domain.states import StepState
from seiton.viewer import journal, settle
from seiton.viewer.apply import Applier
from seiton.viewer.chunk import evidence, run_back, take_back
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.service import Viewer
from seiton.viewer.shows import load_artifacts


def prune(viewer: Viewer, library: LibraryRoot, plan_id: str, left: Iterable[bytes]) -> None:
    """Remove from ``left`` (relative folders) and their parents what is empty but for our own show files.

    A folder that holds anything else, or that somebody else made, stays with all that is in it.
    """
    level = {folder for folder in left if folder}
    while level:
        emptied = _prune_level(viewer, library, plan_id, sorted(level))
        level = {os.path.dirname(folder) for folder in emptied} - {b""}


def _prune_level(viewer: Viewer, library: LibraryRoot, plan_id: str, folders: list[bytes]) -> list[bytes]:
    with viewer.database.read() as connection:
        artifacts = load_artifacts(connection, library.library_id, folders)
    steps: list[Step] = []
    contents: list[bytes] = []
    for folder in folders:
        drops = _only_ours(library.root, folder, artifacts)
        if drops is not None and folder in artifacts:
            steps += [step for step, _content in drops]
            contents += [content for _step, content in drops]
            steps.append(Step(kind=StepKind.PRUNE, target=folder))
    if not steps:
        return []
    now = viewer.now()
    with viewer.database.write() as connection:
        journal.keep(connection, contents, now)
        recorded = journal.record(connection, library.library_id, plan_id, steps, now)
    applier = Applier(library, viewer.profile, {}, evidence(viewer))
    applier.prepare(recorded, recovering=False)
    for step in recorded:
        applier.run(step)
    applier.flush()
    remaining = {
        step.target
        for step in recorded
        if step.kind is StepKind.PRUNE and os.path.lexists(os.path.join(library.root, step.target))
    }
    # Somebody put a file there in between: what belongs to the folder goes back to it.
    undo = [
        step for step in recorded if step.kind is StepKind.DROP and os.path.dirname(step.target) in remaining
    ]
    kept = [step for step in recorded if step not in undo and step.target not in remaining]
    with viewer.database.write() as connection:
        settle.record_artifacts(connection, library.library_id, kept, {}, now)
        journal.close(connection, recorded, StepState.DONE, now)
        back = take_back(connection, library.library_id, plan_id, undo, now)
    run_back(viewer, library, back)
    return [step.target for step in kept if step.kind is StepKind.PRUNE]


def _only_ours(root: bytes, folder: bytes, artifacts: Mapping[bytes, Row]) -> list[tuple[Step, bytes]] | None:
    """Return the steps that take away our files in ``folder``, or ``None`` if there is anything else."""
    drops = []
    for name in list_names(os.path.join(root, folder)):
        path = os.path.join(folder, name)
        artifact = artifacts.get(path)
        content = read_small(os.path.join(root, path)) if artifact is not None else None
        if artifact is None or content is None or digest_of(content) != artifact["digest"]:
            return None
        drops.append((Step(kind=StepKind.DROP, target=path, before_digest=artifact["digest"]), content))
    return drops
