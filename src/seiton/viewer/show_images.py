"""What a cause did to show files and folders, read back from the journal: what an undo gives back of them."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.files import FileOutcome, LibraryRoot, digest_of, read_small
from seiton.domain.states import StepState
from seiton.viewer import journal, tables
from seiton.viewer.journal import Step, StepKind


@dataclass(slots=True)
class ShowImage:
    """A show file before a cause and as that left it: digests, ``None`` where there was none."""

    before: str | None
    after: str | None
    before_rendering: str | None


@dataclass(slots=True)
class FormerShows:
    """Show files that ``causes`` changed, with contents by digest; folders that they made and pruned."""

    causes: set[str] = field(default_factory=set)
    files: dict[bytes, ShowImage] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    made: set[bytes] = field(default_factory=set)
    pruned: set[bytes] = field(default_factory=set)

    def rewrite(self, path: bytes, there: str | None) -> Step | None:
        """Return the step that gives ``path`` its former content; ``there``: the digest of what it has now.

        ``None`` where somebody changed it since, or there is nothing to do.
        """
        image = self.files.get(path)
        if image is None or image.before not in self.contents or there == image.before:
            return None
        if there is None:
            return Step(kind=StepKind.WRITE, target=path, after_digest=image.before)
        if there != image.after:
            return None
        return Step(kind=StepKind.REWRITE, target=path, before_digest=image.after, after_digest=image.before)


def load_former_shows(connection: sa.Connection, causes: Iterable[str]) -> FormerShows:
    """Return what ``causes`` did, several in a row taken as one."""
    table, former = tables.journal, FormerShows(causes=set(causes))
    for part in chunks(sorted(former.causes)):
        query = (
            sa.select(
                table.c.kind,
                table.c.target,
                table.c.before_digest,
                table.c.after_digest,
                table.c.before_rendering,
            )
            .where(
                table.c.cause.in_(part),
                table.c.unit_id.is_(None),
                # What was taken back is followed by the step that did.
                table.c.state.in_([StepState.DONE.value, StepState.REVERSED.value]),
            )
            .order_by(table.c.step_id)
        )
        for row in connection.execute(query):
            if row.kind == StepKind.FOLDER:
                former.made.add(row.target)
            elif row.kind == StepKind.PRUNE:
                former.pruned.add(row.target)
            else:
                image = former.files.setdefault(
                    row.target, ShowImage(row.before_digest, None, row.before_rendering)
                )
                image.after = row.after_digest
    digests = (image.before for image in former.files.values() if image.before is not None)
    former.contents = journal.contents_of(connection, digests)
    return former


def leftovers(connection: sa.Connection, library: LibraryRoot, former: FormerShows) -> list[Step]:
    """Return the steps that undo what causes did to show files of folders that no unit comes back to.

    A file that the cause made in a folder of somebody else's goes with the last unit that came there since;
    the folders that the cause made are pruned when they are empty.
    """
    steps = []
    for path, image in former.files.items():
        there = _digest_at(library, path)
        if there is None or there != image.after:
            continue
        if step := former.rewrite(path, there):
            steps.append(step)
            continue
        folder = os.path.dirname(path)
        is_guest = image.before is None and folder not in former.made
        if is_guest and not _is_lived_in(connection, library.library_id, folder, former.causes):
            steps.append(Step(kind=StepKind.DROP, target=path, before_digest=there))
    return steps


def _is_lived_in(connection: sa.Connection, library_id: str, folder: bytes, causes: Collection[str]) -> bool:
    """Say whether there are units in ``folder`` but for those that lay there before ``causes``: back again,
    or adopted in place and of no show.
    """
    units, images = tables.units.c, tables.unit_images.c
    lay_there = sa.exists().where(
        images.unit_id == units.unit_id, images.cause.in_(sorted(causes)), images.stem == units.stem
    )
    query = sa.select(units.unit_id).where(
        units.library_id == library_id,
        units.stem > folder + b"/",
        units.stem < folder + b"0",
        units.show_id.is_not(None),
        ~lay_there,
    )
    return connection.execute(query.limit(1)).first() is not None


def _digest_at(library: LibraryRoot, path: bytes) -> str | None:
    try:
        content = read_small(library.at(path))
    except FileOutcome:
        return None
    return None if content is None else digest_of(content)
