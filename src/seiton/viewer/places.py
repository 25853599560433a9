"""Where units lie after steps that no plan in memory stands behind: the disk says."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import FileOutcome, Identity, LibraryRoot, digest_of, identify, read_small
from seiton.domain.nfo import video_nfo
from seiton.domain.wishes import load_wish
from seiton.viewer import tables
from seiton.viewer.gather import NFO, PARK
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.sameness import is_ours


@dataclass(slots=True, kw_only=True)
class Arrival:
    """Where a unit lies now, and what of its wish is applied; ``None`` leaves a column as it is.

    ``is_undone``: if its wish was to lie as before another cause, it does.
    Except for ``home`` and ``home_nfo``, which are known only while it lies at a parking name.
    """

    unit_id: int
    stem: bytes
    video: bytes
    identity: Identity | None
    nfo_digest: str | None
    nfo_rendering: str | None = None
    applied_revision: int | None = None
    is_undone: bool = False
    show_id: int | None = None
    added_at: datetime | None = None
    content_digest: str | None = None
    home: bytes | None = None
    home_nfo: str | None = None


def places_after(connection: sa.Connection, library: LibraryRoot, steps: Sequence[Step]) -> list[Arrival]:
    """Return where the units of ``steps`` lie that do not lie where the record says."""
    units = tables.units
    of_unit: dict[int, list[Step]] = {}
    for step in steps:
        if step.unit_id is not None:
            of_unit.setdefault(step.unit_id, []).append(step)
    arrivals = []
    for part in chunks(sorted(of_unit)):
        query = sa.select(units).where(units.c.unit_id.in_(part))
        for row in connection.execute(query).mappings():
            steps_of = sorted(of_unit[row["unit_id"]], key=lambda step: step.step_id)
            arrival = (
                _entered(row, steps_of, library) if row["video"] is None else _moved(row, steps_of, library)
            )
            if arrival is not None:
                arrivals.append(arrival)
    return arrivals


def _entered(row: Row, steps: Sequence[Step], library: LibraryRoot) -> Arrival | None:
    entered = [step for step in steps if step.kind is StepKind.ENTER]
    if not entered:
        return None
    video = entered[-1]  # subtitles enter before it
    return _arrival(row, video.target, os.path.splitext(video.target)[1], steps, library, video.after_digest)


def _moved(row: Row, steps: Sequence[Step], library: LibraryRoot) -> Arrival | None:
    places = [row["video"]]
    for step in [*steps, *reversed(steps)]:  # the second time for steps that lead back
        if step.kind is StepKind.MOVE and step.source is not None:
            if step.source in places and step.target not in places:
                places.append(step.target)
            elif step.target in places and step.source not in places:
                places.append(step.source)
    ours = {step.identity for step in steps if step.source in places or step.target in places} - {None}
    for place in reversed(places):
        found = identify(library.at(place))
        if found is not None and any(one is not None and is_ours(one, found, library.ways) for one in ours):
            if place == row["video"] and found.inode == row["inode"]:
                return None
            return _arrival(row, place, row["video"][len(row["stem"]) :], steps, library)
    return None


def _arrival(
    row: Row,
    video: bytes,
    tail: bytes,
    steps: Sequence[Step],
    library: LibraryRoot,
    content_digest: str | None = None,
) -> Arrival | None:
    stem = video[: len(video) - len(tail)]
    identity = identify(library.at(video))
    if identity is None:
        return None
    parked = os.path.basename(stem).startswith(PARK)
    home = (row["home"] or row["stem"]) if parked else None
    digest = _nfo_digest(library, stem, {row["nfo_digest"], *_digests(steps, stem + NFO)})
    if row["nfo_digest"] is None and row["video"] is not None and digest != _rendering(row):
        digest = None  # it went along, and is still somebody else's
    return Arrival(
        unit_id=row["unit_id"],
        stem=stem,
        video=video,
        identity=identity,
        nfo_digest=digest or row["nfo_digest"],
        nfo_rendering=row["nfo_rendering"] if digest in {None, row["nfo_digest"]} else None,
        content_digest=content_digest,
        home=home,
        home_nfo=next(_digests(steps, home + NFO), row["home_nfo"]) if home is not None else None,
    )


def _rendering(row: Row) -> str | None:
    if row["added_at"] is None:
        return None
    return digest_of(video_nfo(load_wish(row["wish"]), added=row["added_at"]))


def _digests(steps: Iterable[Step], path: bytes) -> Iterator[str]:
    """Yield what is known to have lain at ``path``."""
    for step in steps:
        if step.target == path:
            yield from (digest for digest in (step.before_digest, step.after_digest) if digest is not None)


def _nfo_digest(library: LibraryRoot, stem: bytes, known: set[str | None]) -> str | None:
    """Return the digest of the NFO beside the video if Seiton wrote it; ``None`` if a user did, or nobody."""
    try:
        content = read_small(library.at(stem + NFO))
    except FileOutcome:
        return None
    digest = None if content is None else digest_of(content)
    return digest if digest in known else None
