"""Take a viewer's reports: what was asked with which revision, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.contract import ViewerSyncCallback
from seiton.core import tables
from seiton.core.desired import finish_resyncs
from seiton.core.service import GIVE_UP, Core, next_try
from seiton.domain.states import IN_LIBRARY, DownloadStatus, HoldReason, may_follow
from seiton.errors import InvalidInput, NotFound, Problem
from seiton.text import _

ATTEMPTS = 3
"""Failed first syncs before a download is shown as ``sync_failed`` (contract §2.3)."""


def take_callback(core: Core, callback: ViewerSyncCallback) -> bool:
    """Apply one report. Raises ``NotFound`` for an unknown download and ``InvalidInput`` for a ``synced``
    without a path; an old revision is ignored: returns whether anything was applied.
    """
    if callback.status == "synced" and not callback.target_path:
        message = _("A file that was synced lies somewhere: say where.")
        raise InvalidInput([Problem(field="target_path", message=message)])
    applied = take_callbacks(core, [callback])
    if callback.download_id not in applied:
        raise NotFound(_("There is no download {download_id}.", download_id=callback.download_id))
    return applied[callback.download_id]


def take_callbacks(core: Core, callbacks: Sequence[ViewerSyncCallback]) -> dict[int, bool]:
    """Apply reports in one transaction; return for each known download whether its report was applied."""
    table = tables.downloads
    result: dict[int, bool] = {}
    with core.database.write() as connection:
        rows: dict[int, dict[str, Any]] = {}
        for part in chunks(sorted({callback.download_id for callback in callbacks})):
            query = sa.select(table).where(table.c.download_id.in_(part)).with_for_update()
            rows.update((row["download_id"], dict(row)) for row in connection.execute(query).mappings())
        updates: dict[int, dict[str, Any]] = {}
        outcomes: list[dict[str, Any]] = []
        for callback in callbacks:
            row = rows.get(callback.download_id)
            if row is None:
                continue
            changes = _changes(core, row, callback)
            result[callback.download_id] = changes is not None
            if changes is None:
                continue
            outcomes.append(_outcome(row, callback))
            row |= changes
            updates[callback.download_id] = {**updates.get(callback.download_id, {}), **changes}
        _write(connection, rows, updates, outcomes)
        finish_resyncs(connection, core.now())
    if any(row["desired_revision"] > row["applied_revision"] for row in rows.values()):
        core.wake("reconcile", "")
    core.progress.announce()
    return result


def _changes(core: Core, row: Mapping[str, Any], callback: ViewerSyncCallback) -> dict[str, Any] | None:
    """Return what a report changes in its download; ``None``: it is late, or about nothing we asked."""
    if callback.core_instance is not None and callback.core_instance != core.instance_id:
        return None
    revision = callback.revision if callback.revision is not None else row["sent_revision"]
    if revision == 0 or revision > row["sent_revision"] or revision < row["applied_revision"]:
        return None
    if callback.status == "synced":
        changes = _synced(core, row, callback, revision)
    elif revision < row["sent_revision"]:
        return None
    else:
        changes = _not_synced(core, row, callback)
    legal = may_follow(DownloadStatus(row["status"]), DownloadStatus(changes["status"]))
    return changes if legal else None


def _synced(
    core: Core, row: Mapping[str, Any], callback: ViewerSyncCallback, revision: int
) -> dict[str, Any]:
    """Where the file lies is news even if a later wish is under way already."""
    status = DownloadStatus.SYNCED.value if revision == row["sent_revision"] else row["status"]
    is_desired = revision == row["desired_revision"]
    return {
        "status": status,
        "library_path": callback.target_path,
        "applied_revision": revision,
        "applied_fingerprint": row["desired_fingerprint"] if is_desired else None,
        "sync_retry_count": 0,
        "attempts": 0,
        "failing_since": None,
        "next_try_at": None,
        "hold_reason": None,
        "hold_detail": None,
        "error_message": None,
        "updated_at": core.now(),
    }


def _not_synced(core: Core, row: Mapping[str, Any], callback: ViewerSyncCallback) -> dict[str, Any]:
    now = core.now()
    attempts = row["attempts"] + 1
    since = row["failing_since"] or now
    reason = callback.reason or HoldReason.FILESYSTEM_ERROR.value
    if now - since > GIVE_UP:
        reason = HoldReason.GAVE_UP.value
    changes: dict[str, Any] = {
        "attempts": attempts,
        "failing_since": since,
        "next_try_at": next_try(now, attempts),
        "error_message": callback.error_message,
        "hold_reason": reason,
        "hold_detail": callback.error_message,
        "updated_at": now,
    }
    if row["status"] in IN_LIBRARY:
        # It plays where it lies: a resync that did not work never makes a file a failed download.
        return changes | {"status": DownloadStatus.SYNCED.value}
    retries = row["sync_retry_count"] + 1
    final = callback.held or retries >= ATTEMPTS
    status = DownloadStatus.SYNC_FAILED if final else DownloadStatus.COMPLETED
    return changes | {"status": status.value, "sync_retry_count": retries}


def _outcome(row: Mapping[str, Any], callback: ViewerSyncCallback) -> dict[str, Any]:
    if callback.status == "synced":
        what = "moved" if callback.target_path != row["library_path"] else "unchanged"
    else:
        what = "held" if callback.held else "failed"
    revision = callback.revision if callback.revision is not None else row["sent_revision"]
    return {
        "its_download": row["download_id"],
        "upto": revision,
        "what": what,
        "path": callback.target_path or row["library_path"],
        "why": callback.reason,
        "more": callback.error_message,
    }


def _write(
    connection: sa.Connection,
    rows: Mapping[int, Row],
    updates: Mapping[int, dict[str, Any]],
    outcomes: Sequence[dict[str, Any]],
) -> None:
    if not updates:
        return
    downloads, items = tables.downloads, tables.resync_items
    names = sorted({name for changes in updates.values() for name in changes})
    values: dict[str, Any] = {
        name: sa.bindparam(f"new_{name}", type_=downloads.c[name].type) for name in names
    }
    connection.execute(
        sa.update(downloads).where(downloads.c.download_id == sa.bindparam("its_id")).values(values),
        [
            {f"new_{name}": rows[download_id][name] for name in names} | {"its_id": download_id}
            for download_id in updates
        ],
    )
    connection.execute(
        sa.update(items)
        .where(
            items.c.download_id == sa.bindparam("its_download"),
            items.c.revision <= sa.bindparam("upto"),
            sa.or_(*(items.c.outcome == outcome for outcome in ("pending", "held", "failed"))),
        )
        .values(
            outcome=sa.bindparam("what"),
            after_path=sa.bindparam("path"),
            reason=sa.bindparam("why"),
            detail=sa.bindparam("more"),
        ),
        list(outcomes),
    )
