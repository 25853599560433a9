"""Take removals from a Core, and tell it what there is to remove."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from seiton.adapters.database import Row
from seiton.adapters.files import Identity, LibraryRoot, identify
from seiton.contract import HeldFile, ItemReceipt, Receipt, ViewerFiles, ViewerFilesRequest, ViewerRemoval
from seiton.domain.naming import display
from seiton.domain.states import TaskStatus, TaskType
from seiton.errors import Unavailable
from seiton.text import _
from seiton.viewer import tables
from seiton.viewer.folders import Folders
from seiton.viewer.gather import NFO, Unit, look_at
from seiton.viewer.receive import FOREIGN
from seiton.viewer.service import Viewer


def receive_removals(viewer: Viewer, requests: Sequence[ViewerRemoval]) -> list[ItemReceipt]:
    """Record removals in one transaction, touch no file, and say for each what becomes of it.

    Raises ``LibraryAway`` when the library is not there and ``Unavailable`` when nothing can be recorded.
    """
    viewer.library()
    try:
        with viewer.database.write() as connection:
            receipts = _record(viewer, connection, requests)
    except SQLAlchemyError as error:
        raise Unavailable(_("The request could not be recorded, so nothing was done.")) from error
    viewer.wake("converge")
    return receipts


def _record(
    viewer: Viewer, connection: sa.Connection, requests: Sequence[ViewerRemoval]
) -> list[ItemReceipt]:
    units = tables.units
    query = sa.select(units).where(units.c.download_id.in_({request.download_id for request in requests}))
    known: dict[tuple[str, int], Row] = {
        (row["core_instance"], row["download_id"]): row for row in connection.execute(query).mappings()
    }
    receipts = []
    for request in requests:
        unit = known.get((request.core_instance or FOREIGN, request.download_id))
        receipt, revision = _judge(request, unit)
        if receipt is Receipt.ACCEPTED and unit is not None:
            _want_removed(viewer, connection, request, unit)
            known[unit["core_instance"], unit["download_id"]] = {
                **unit,
                "revision": revision,
                "trash_id": request.trash,
                "erase": request.erase,
            }
        elif receipt is Receipt.REPEATED and unit is not None:
            _report_again(viewer, connection, unit["unit_id"], revision)
        receipts.append(ItemReceipt(download_id=request.download_id, receipt=receipt, revision=revision))
    return receipts


def _report_again(viewer: Viewer, connection: sa.Connection, unit_id: int, revision: int) -> None:
    tasks = tables.sync_tasks
    is_over = tasks.c.status != TaskStatus.PROCESSING
    connection.execute(
        sa.update(tasks)
        .where(tasks.c.unit_id == unit_id, tasks.c.revision == revision, is_over)
        .values(report_due_at=viewer.now(), reported_at=None)
    )


def _judge(request: ViewerRemoval, unit: Row | None) -> tuple[Receipt, int]:
    if unit is None:
        return Receipt.UNKNOWN, request.revision
    current: int = unit["revision"]
    if request.revision > current:
        return Receipt.ACCEPTED, request.revision
    is_same = (unit["trash_id"], unit["erase"]) == (request.trash, request.erase)
    return (Receipt.REPEATED if request.revision == current and is_same else Receipt.STALE), current


def _want_removed(viewer: Viewer, connection: sa.Connection, request: ViewerRemoval, unit: Row) -> None:
    now, units = viewer.now(), tables.units
    connection.execute(
        sa.update(units)
        .where(units.c.unit_id == unit["unit_id"])
        .values(
            trash_id=request.trash,
            erase=request.erase,
            cause=None,
            undoes=None,
            was_met=unit["revision"] == unit["applied_revision"],
            revision=request.revision,
            hold_reason=None,
            hold_detail=None,
            attempts=0,
            next_try_at=None,
            updated_at=now,
        )
    )
    wish: dict[str, Any] = unit["wish"]
    path = unit["video"] if unit["video"] is not None else unit["source_path"]
    connection.execute(
        sa.insert(tables.sync_tasks).values(
            unit_id=unit["unit_id"],
            core_instance=unit["core_instance"],
            download_id=unit["download_id"],
            core_series_id=unit["series_id"],
            anime_title=wish.get("anime_title"),
            series_no=wish.get("series_no"),
            episode_no=wish.get("episode_no", 0),
            subtitle_group=wish.get("subtitle_group"),
            task_type=TaskType.REMOVE.value,
            source_path=display(path or b""),
            status=TaskStatus.PROCESSING.value,
            revision=request.revision,
            callback_url=request.callback_url,
            created_at=now,
        )
    )


def list_files(viewer: Viewer, request: ViewerFilesRequest) -> ViewerFiles:
    """Return what lies in the library for downloads, by looking. Raises ``LibraryAway``."""
    library, units = viewer.library(), tables.units
    query = sa.select(units).where(
        units.c.library_id == library.library_id,
        units.c.core_instance == (request.core_instance or FOREIGN),
        units.c.download_id.in_(request.download_ids),
        units.c.stem.is_not(None),
    )
    with viewer.database.read() as connection:
        rows = connection.execute(query.order_by(units.c.unit_id)).mappings().all()
        ids = {row["unit_id"]: row["download_id"] for row in rows}
        found = look_at(connection, library, rows, viewer.profile.naming, viewer.now(), Folders(library))
    return ViewerFiles(
        files=tuple(file for unit in found for file in _files_of(unit, ids[unit.unit_id], library))
    )


def _files_of(unit: Unit, download_id: int, library: LibraryRoot) -> list[HeldFile]:
    stem = unit.stem or b""
    there: list[tuple[bytes, Identity | None, Any]] = []
    if unit.video is not None and os.path.lexists(library.at(unit.video)):
        there.append((unit.video, unit.identity, "video"))
    if unit.has_nfo and (nfo := identify(library.at(stem + NFO))) is not None:
        there.append((stem + NFO, nfo, "nfo"))
    there += [(stem + member.tail, member.identity, "sidecar") for member in unit.sidecars]
    return [
        HeldFile(download_id=download_id, path=display(path), size=seen.size if seen else 0, kind=kind)
        for path, seen, kind in there
    ]
