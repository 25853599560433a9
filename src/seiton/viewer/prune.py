"""Remove folders that units have left: only those that Seiton made, looked at again before each."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.files import (
    FileOutcome,
    LibraryRoot,
    digest_of,
    list_names,
    read_small,
    unlink_own,
)
from seiton.domain.drift import TEMP
from seiton.viewer import journal, settle, tables
from seiton.viewer.chunk import FINAL, applier_for, finish, run_steps
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.service import Viewer
from seiton.viewer.show_files import load_artifacts, posters_in


def prune(viewer: Viewer, library: LibraryRoot) -> None:
    """Remove the folders marked as left, and their parents, that are empty but for our own show files.

    A folder that holds anything else, or that somebody else made, stays with all that is in it. One that
    could not be removed although it is empty, or that a disposable file could not be removed from, is looked
    at again the next time.
    """
    table = tables.artifacts
    query = sa.select(table.c.path).where(
        table.c.library_id == library.library_id, table.c.left_at.is_not(None)
    )
    refused: set[bytes] = set()
    while True:
        with viewer.database.read() as connection:
            left = connection.execute(query.order_by(table.c.path)).scalars().all()
        if refused.issuperset(left):
            return
        refused |= _prune(viewer, library, left)


def _prune(viewer: Viewer, library: LibraryRoot, folders: Sequence[bytes]) -> set[bytes]:
    """Remove those of ``folders`` that may go; return, marked as left still, those that the disk refused."""
    posters = posters_in(library, folders)
    with viewer.database.read() as connection:
        artifacts = load_artifacts(connection, library.library_id, folders, posters)
    plan_id = str(uuid4())
    steps: list[Step] = []
    contents: dict[str, bytes] = {}
    refused = _discard(viewer, library, folders)
    for number, folder in enumerate(folders):
        if folder in refused:
            continue
        files = _only_ours(library, folder, artifacts)
        if files is None:
            continue
        contents |= {digest_of(content): content for content in files.values()}
        # Did somebody put a file there meanwhile, what belongs to the folder goes back to it.
        drops = [(StepKind.DROP, path, digest_of(content)) for path, content in files.items()]
        steps += [
            Step(
                kind=kind,
                target=path,
                before_digest=before,
                component=number,
                bundle=number,
                cause=artifacts[folder]["left_by"],
                before_rendering=artifacts[path]["rendering"],
            )
            for kind, path, before in [*drops, (StepKind.PRUNE, folder, None)]
        ]
    with viewer.database.write() as connection:
        settle.clear_left(connection, library.library_id, [one for one in folders if one not in refused])
        journal.keep(connection, contents, viewer.now())
        steps = journal.record(connection, library.library_id, plan_id, steps, viewer.now())
    if not steps:
        return refused
    ran = run_steps(applier_for(viewer, library, {}), steps)
    if ran.failures:
        library.check()
    again = {
        folders[failure.step.component]
        for failure in ran.failures
        if failure.step.component is not None and failure.reason not in FINAL
    }

    def mark(connection: sa.Connection, now: datetime) -> None:
        causes = {folder: artifacts[folder]["left_by"] for folder in again}
        settle.mark_left(connection, library.library_id, causes, now)

    finish(viewer, library, plan_id, ran, record=mark)
    return refused | again


def _discard(viewer: Viewer, library: LibraryRoot, folders: Sequence[bytes]) -> set[bytes]:
    """Remove from ``folders`` what a step left under its disposable name when the disk did not let go of it.

    Only what is kept in the database besides, and no step under way will want. Return the folders in which
    the disk still does not let go of it.
    """
    found: dict[bytes, str] = {}
    refused: set[bytes] = set()
    for folder in folders:
        with contextlib.suppress(FileOutcome):
            for name in list_names(library.at(folder)):
                path = os.path.join(folder, name)
                if name.startswith(TEMP) and (content := read_small(library.at(path))) is not None:
                    found[path] = digest_of(content)
    if not found:
        return refused
    with viewer.database.read() as connection:
        kept = journal.contents_of(connection, found.values())
        _plan_id, steps = journal.open_steps(connection, library.library_id)
    wanted = {TEMP + step.token.encode() for step in steps}
    for path, digest in found.items():
        if digest in kept and os.path.basename(path) not in wanted:
            try:
                unlink_own(library.at(path))
            except FileOutcome:
                refused.add(os.path.dirname(path))
    return refused


def _only_ours(
    library: LibraryRoot, folder: bytes, artifacts: Mapping[bytes, Row]
) -> dict[bytes, bytes] | None:
    """Return our files in ``folder`` with their contents, or ``None`` if there is anything else."""
    ours: dict[bytes, bytes] = {}
    try:
        for name in list_names(library.at(folder)):
            path = os.path.join(folder, name)
            artifact = artifacts.get(path)
            content = read_small(library.at(path)) if artifact is not None else None
            if artifact is None or content is None or digest_of(content) != artifact["digest"]:
                return None
            ours[path] = content
    except FileOutcome:
        return None
    return ours
