"""Take requests from a Core: record what is wanted, touch no file.

Messages only upsert desired rows, so they may come late, twice or in the wrong order. What cannot be
recorded is refused; nothing is ever done untracked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import Row, chunks, plain
from seiton.contract import (
    Described,
    Facts,
    ItemReceipt,
    Receipt,
    ViewerResyncRequest,
    ViewerSyncRequest,
)
from seiton.domain.metadata import NOTHING_OF_EPISODE, NOTHING_OF_SHOW, EpisodeFacts, EpisodeMeta, ShowFacts
from seiton.domain.naming import path_key
from seiton.domain.path_text import text_of_path
from seiton.domain.states import HoldReason, TaskStatus, TaskType, UnitState
from seiton.domain.wishes import dump_wish
from seiton.errors import Unavailable
from seiton.text import _
from seiton.viewer import tables
from seiton.viewer.given_paths import find_source, find_unowned
from seiton.viewer.pictures import note_sources
from seiton.viewer.service import Viewer

FOREIGN = "foreign"
"""The instance name of a core that gives none."""


def receive(viewer: Viewer, requests: Sequence[Described]) -> list[ItemReceipt]:
    """Record ``requests`` in one transaction and say for each what becomes of it.

    Raises ``LibraryAway`` when the library is not there and ``Unavailable`` when nothing can be recorded.
    """
    try:
        library_id = viewer.library().library_id
        with viewer.database.write() as connection:
            receipts = _Recording(viewer, connection, library_id).take(requests)
            has_pictures = note_sources(connection, requests, FOREIGN)
    except SQLAlchemyError as error:
        raise Unavailable(_("The request could not be recorded, so nothing was done.")) from error
    if has_pictures:
        viewer.wake("pictures")
    viewer.wake("converge")
    if any(_is_kept(request) for request in requests):
        viewer.wake("report")
    return receipts


class _Recording:
    """One message: each item is judged in turn; what it changes is written in bulk at the end."""

    def __init__(self, viewer: Viewer, connection: sa.Connection, library_id: str) -> None:
        self._viewer, self._connection, self._library_id = viewer, connection, library_id
        self._known: dict[tuple[str, int], Row] = {}
        self._updates: dict[int, dict[str, Any]] = {}
        self._tasks: list[dict[str, Any]] = []
        self._repeated: list[dict[str, int]] = []

    def take(self, requests: Sequence[Described]) -> list[ItemReceipt]:
        """Record ``requests`` in order; return a receipt for each."""
        self._known = known_units(self._connection, requests, *_JUDGED)
        receipts = [self._take(request) for request in requests]
        self._write()
        return receipts

    def _take(self, request: Described) -> ItemReceipt:
        key = (request.core_instance or FOREIGN, request.download_id)
        unit = self._known.get(key)
        stored = dump_wish(wish_of(request))
        revision, receipt = _judge(request, unit, stored)
        refusal: HoldReason | None = None
        if receipt is Receipt.ACCEPTED:
            row = self._accept(request, unit, stored, revision)
            if isinstance(row, HoldReason):
                refusal = row
                receipt = Receipt.UNKNOWN if refusal is HoldReason.SOURCE_MISSING else Receipt.REFUSED
            else:
                self._known[key] = row
                self._tasks.append(_task(self._viewer, request, row, revision))
        elif receipt is Receipt.REPEATED and unit is not None:
            self._repeated.append({"its_id": unit["unit_id"], "its_revision": revision})
        return ItemReceipt(
            download_id=request.download_id, receipt=receipt, revision=revision, reason=refusal
        )

    def _accept(
        self, request: Described, unit: Row | None, stored: dict[str, Any], revision: int
    ) -> Row | HoldReason:
        changes = _wanted(self._viewer, request, unit, stored, revision)
        if isinstance(changes, HoldReason):
            return changes
        if unit is None:
            return _insert(self._viewer, self._connection, self._library_id, request, changes)
        row = {**unit, **changes}
        self._updates[row["unit_id"]] = {name: row[name] for name in _UPDATED} | {"its_id": row["unit_id"]}
        return row

    def _write(self) -> None:
        units, tasks = tables.units, tables.sync_tasks
        _WANT(self._connection, list(self._updates.values()))
        _ASK(self._connection, self._tasks)
        if self._repeated:
            again = sa.update(tasks).where(
                tasks.c.unit_id == sa.bindparam("its_id"),
                tasks.c.revision == sa.bindparam("its_revision"),
                tasks.c.status != TaskStatus.PROCESSING,
            )
            due = again.values(report_due_at=self._viewer.now(), reported_at=None)
            self._connection.execute(due, self._repeated)
            # Whoever asks again for what is held wants it tried now.
            held = sa.update(units).where(
                units.c.unit_id == sa.bindparam("its_id"),
                units.c.revision > units.c.applied_revision,
                units.c.hold_reason.is_not(None),
            )
            asked = [{"its_id": row["its_id"]} for row in self._repeated]
            self._connection.execute(held.values(next_try_at=None), asked)


def known_units(
    connection: sa.Connection, requests: Sequence[Described], *columns: sa.Column[Any]
) -> dict[tuple[str, int], Row]:
    """Return the rows of the downloads that ``requests`` are about, by core instance and download id.

    ``columns`` are those that are read; without them all are.
    """
    units = tables.units
    known: dict[tuple[str, int], Row] = {}
    for part in chunks(sorted({request.download_id for request in requests})):
        query = sa.select(*(columns or (units,))).where(units.c.download_id.in_(part))
        rows = plain(connection.execute(query))
        known.update(((row["core_instance"], row["download_id"]), row) for row in rows)
    return known


def _judge(request: Described, unit: Row | None, stored: dict[str, Any]) -> tuple[int, Receipt]:
    """Compare the message's revision with the one on record; revision-less ones count by arrival."""
    if unit is None:
        return request.revision or 1, Receipt.ACCEPTED
    current: int = unit["revision"]
    same = unit["wish"] == stored and unit["trash_id"] is None
    if request.revision is None:
        is_met = same and unit["state"] != UnitState.MISSING
        return (current, Receipt.REPEATED) if is_met else (current + 1, Receipt.ACCEPTED)
    if request.revision > current:
        return request.revision, Receipt.ACCEPTED
    if request.revision == current and same:
        return current, Receipt.REPEATED
    return current, Receipt.STALE


_UPDATED = (
    "wish",
    "revision",
    "series_id",
    "updated_at",
    "hold_reason",
    "hold_detail",
    "attempts",
    "next_try_at",
    "source_path",
    "subtitle_sources",
    "trash_id",
    "erase",
    "cause",
    "undoes",
    "was_met",
    "applied_revision",
)


_JUDGED = tuple(
    tables.units.c[name]
    for name in (
        *("unit_id", "core_instance", "download_id", "state", "stem", "video", "home", "wish", "revision"),
        *("applied_revision", "cause", "was_met", "trash_id", "source_path", "subtitle_sources"),
    )
)
"""What a message is compared with, and what of a row it may leave as it is."""

_WANT = BulkWrite(
    sa.update(tables.units)
    .where(tables.units.c.unit_id == sa.bindparam("its_id"))
    .values({name: sa.bindparam(name) for name in _UPDATED})
)


def _wanted(
    viewer: Viewer,
    request: Described,
    unit: Row | None,
    stored: dict[str, Any],
    revision: int,
) -> dict[str, Any] | HoldReason:
    """Return what the message changes in the unit's row, or why it cannot be taken."""
    changes: dict[str, Any] = {
        "wish": stored,
        "revision": revision,
        "series_id": request.series_id,
        "updated_at": viewer.now(),
        "hold_reason": None,
        "hold_detail": None,
        "attempts": 0,
        "next_try_at": None,
        "trash_id": None,  # wanted again
        "erase": False,
        "applied_revision": unit["applied_revision"] if unit is not None else 0,
        **causes_of(request),
    }
    changes["was_met"] = unit is None or unit["revision"] == unit["applied_revision"]
    if unit is not None and changes["cause"] is not None and unit["cause"] == changes["cause"]:
        changes["was_met"] = unit["was_met"]  # the same cause, sent again
    if stays(request, unit):
        changes |= {"applied_revision": revision, "undoes": None}
    if isinstance(request, ViewerSyncRequest) and (unit is None or unit["stem"] is None):
        source = find_source(viewer, request.file_path)
        if source is None:
            return HoldReason.OUTSIDE_ROOT
        changes["source_path"] = source
        subtitles = [find_source(viewer, path) for path in request.subtitle_paths]
        changes["subtitle_sources"] = [text_of_path(path) for path in subtitles if path is not None]
    return changes


def _insert(
    viewer: Viewer,
    connection: sa.Connection,
    library_id: str,
    request: Described,
    changes: dict[str, Any],
) -> dict[str, Any] | HoldReason:
    """Insert a unit that is new to this viewer; a resync of a file it never held takes that file over."""
    row = new_row(viewer, connection, library_id, request, changes)
    if isinstance(row, HoldReason):
        return row
    inserted = connection.execute(sa.insert(tables.units).values(row)).inserted_primary_key
    assert inserted is not None
    row |= {"unit_id": inserted[0]}
    row.setdefault("source_path", None)
    if row["state"] == UnitState.PLACED:
        claim = {"library_id": library_id, "kind": "current", "unit_id": row["unit_id"]}
        connection.execute(sa.insert(tables.claims).values(path_key=path_key(row["stem"]), **claim))
    return row


def new_row(
    viewer: Viewer,
    connection: sa.Connection,
    library_id: str,
    request: Described,
    changes: Mapping[str, Any],
) -> dict[str, Any] | HoldReason:
    """Return the row of a unit that is new to this viewer, without its id, or why it can be none."""
    row = {
        "subtitle_sources": [],
        **changes,
        "library_id": library_id,
        "core_instance": request.core_instance or FOREIGN,
        "download_id": request.download_id,
        "created_at": viewer.now(),
        "state": UnitState.WANTED,
    }
    if isinstance(request, ViewerResyncRequest):
        found = find_unowned(viewer, connection, library_id, request.old_target_path)
        if isinstance(found, HoldReason):
            return found
        row |= found
    return row


def _is_kept(request: Described) -> bool:
    return isinstance(request, ViewerResyncRequest) and request.kept is not None


def stays(request: Described, unit: Row | None) -> bool:
    """Say whether a unit meets ``request`` where it lies: not moved since the revision that this names."""
    if not isinstance(request, ViewerResyncRequest) or request.kept is None:
        return False
    if unit is None:
        return True
    is_still = unit["state"] == UnitState.PLACED and unit["home"] is None
    return is_still and unit["applied_revision"] == request.kept


def _task(viewer: Viewer, request: Described, unit: Row, revision: int) -> dict[str, Any]:
    resync = isinstance(request, ViewerResyncRequest)
    source = request.old_target_path if isinstance(request, ViewerResyncRequest) else ""
    if isinstance(request, ViewerSyncRequest):
        source = request.file_path
    is_done = unit["applied_revision"] == revision  # it is kept where it lies
    return {
        "unit_id": unit["unit_id"],
        "core_instance": unit["core_instance"],
        "download_id": request.download_id,
        "core_series_id": request.series_id,
        "anime_title": request.anime_title,
        "series_no": request.series_no,
        "episode_no": request.episode_no,
        "subtitle_group": request.subtitle_group,
        "task_type": TaskType.RESYNC if resync else TaskType.SYNC,
        "source_path": source,
        "status": TaskStatus.COMPLETED if is_done else TaskStatus.PROCESSING,
        "outcome": "unchanged" if is_done else None,
        "target_path": text_of_path(unit["video"]) if is_done else None,
        "completed_at": viewer.now() if is_done else None,
        "report_due_at": viewer.now() if is_done else None,
        "revision": revision,
        "batch_id": request.batch_id,
        "callback_url": request.callback_url,
        "created_at": viewer.now(),
    }


_ASK = BulkWrite(
    sa.insert(tables.sync_tasks),
    [
        column.name
        for column in tables.sync_tasks.c
        if column.name not in {"task_id", "error_message", "reason", "report_attempts", "reported_at"}
    ],
)


def causes_of(request: Described) -> dict[str, str | None]:
    """Return what the unit's columns ``cause`` and ``undoes`` hold after ``request``."""
    core = request.core_instance or FOREIGN
    numbers: dict[str, int | None] = {"cause": None, "undoes": None}
    if isinstance(request, ViewerResyncRequest):
        numbers = {"cause": request.resync_id, "undoes": request.undoes}
    return {name: None if number is None else f"{core}:{number}" for name, number in numbers.items()}


def wish_of(request: Described) -> EpisodeMeta:
    """Turn a message into what the rest of the Viewer works with."""
    facts = request.facts
    return EpisodeMeta(
        anime_title=request.anime_title,
        series_no=request.series_no,
        episode_no=request.episode_no,
        episode_end=request.episode_end,
        subtitle_group=request.subtitle_group,
        resolution=request.resolution,
        version=request.version or 1,
        display_season=request.display_season,
        display_episode=request.display_episode,
        naming=request.naming.template if request.naming is not None else None,
        show=NOTHING_OF_SHOW if facts is None else _show_of(facts),
        facts=NOTHING_OF_EPISODE if facts is None else _episode_of(facts),
    )


def _show_of(facts: Facts) -> ShowFacts:
    return ShowFacts(
        title=facts.show_title,
        original_title=facts.original_title,
        plot=facts.show_plot,
        premiered=facts.premiered,
        year=facts.year,
        rating=facts.rating,
        genres=facts.genres,
        studios=facts.studios,
        ids=facts.show_ids,
        picture=facts.picture,
        is_movie=facts.is_movie,
    )


def _episode_of(facts: Facts) -> EpisodeFacts:
    return EpisodeFacts(
        title=facts.episode_title,
        original_title=facts.episode_original_title,
        plot=facts.episode_plot,
        aired=facts.aired,
        runtime_minutes=facts.runtime_minutes,
        ids=facts.episode_ids,
    )
