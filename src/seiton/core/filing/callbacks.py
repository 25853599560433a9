"""Take a viewer's reports: what was asked with which revision, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.contract import ViewerSyncCallback
from seiton.core import tables
from seiton.core.filing.finishing import close_finished
from seiton.core.notifications.happened import JOB, about_downloads
from seiton.core.retries import GIVE_UP, NO_FAILURE, NO_HOLD, next_try
from seiton.core.service import Core
from seiton.domain.states import IN_LIBRARY, DownloadStatus, Happens, HoldReason, may_follow
from seiton.errors import InvalidInput, NotFound, Problem
from seiton.text import _

ATTEMPTS = 3
"""Failed first syncs before a download is shown as ``sync_failed`` (contract §2.3)."""


_UNDER_WAY = frozenset({DownloadStatus.SYNCING, DownloadStatus.RESYNCING})


def take_callback(core: Core, callback: ViewerSyncCallback) -> bool:
    """Apply one report. Raises ``NotFound`` for an unknown download and ``InvalidInput`` for a ``synced``
    without a path; a repeated or old one is ignored: returns whether anything was applied.
    """
    if callback.status == "synced" and not callback.target_path and not callback.removed:
        message = _("A file that was synced lies somewhere: say where.")
        raise InvalidInput([Problem(field="target_path", message=message)])
    applied = take_callbacks(core, [callback])
    if callback.download_id not in applied:
        raise NotFound(_("There is no download {download_id}.", download_id=callback.download_id))
    return applied[callback.download_id]


def take_callbacks(core: Core, callbacks: Sequence[ViewerSyncCallback]) -> dict[int, bool]:
    """Apply reports in one transaction; return for each known download whether one of its was applied."""
    table = tables.downloads
    result: dict[int, bool] = {}
    with core.database.write() as connection:
        rows: dict[int, dict[str, Any]] = {}
        for part in chunks(sorted({callback.download_id for callback in callbacks})):
            query = sa.select(table).where(table.c.download_id.in_(part)).with_for_update()
            rows.update((row["download_id"], dict(row)) for row in connection.execute(query).mappings())
        updates: dict[int, dict[str, Any]] = {}
        outcomes: list[dict[str, Any]] = []
        news: list[tuple[int, Happens, str | None]] = []
        for callback in callbacks:
            row = rows.get(callback.download_id)
            if row is None:
                continue
            changes = _changes(core, row, callback)
            result[callback.download_id] = changes is not None or result.get(callback.download_id, False)
            if changes is None:
                continue
            outcomes.append(_outcome(row, changes, callback))
            news += _news(row, changes, outcomes[-1])
            row |= changes
            updates[callback.download_id] = updates.get(callback.download_id, {}) | changes
        if updates:
            _write(connection, rows, updates, outcomes)
            about_downloads(connection, news, core.now())
            close_finished(core, connection)
    if any(row["desired_revision"] > row["applied_revision"] for row in rows.values()):
        core.wake("reconcile", "")
    core.wake(JOB, "")
    core.progress.announce()
    return result


def _changes(core: Core, row: Mapping[str, Any], callback: ViewerSyncCallback) -> dict[str, Any] | None:
    """Return what a report changes in its download; ``None``: nothing, or it is about nothing we asked."""
    if callback.core_instance is not None and callback.core_instance != core.instance_id:
        return None
    revision = callback.revision if callback.revision is not None else row["sent_revision"]
    if revision == 0 or revision > row["sent_revision"]:
        return None
    if callback.drifted:
        drifted = _drifted(row, callback, revision)
        if drifted is None:
            return None
        changes = drifted
    elif callback.removed:
        changes = _removed(row, callback, revision)
    elif callback.status == "synced":
        if revision < row["applied_revision"] or not callback.target_path:
            return None
        changes = _synced(row, callback.target_path, revision)
    else:
        # A failure that was overtaken by a success, or by a newer message.
        if revision <= row["applied_revision"] or revision < row["sent_revision"]:
            return None
        changes = _failed(core, row, callback)
    is_legal = may_follow(DownloadStatus(row["status"]), DownloadStatus(changes["status"]))
    is_news = any(row[name] != value for name, value in changes.items())
    return changes | {"updated_at": core.now()} if is_legal and is_news else None


def _news(
    row: Mapping[str, Any], changes: Mapping[str, Any], outcome: Mapping[str, Any]
) -> list[tuple[int, Happens, str | None]]:
    """Return what people may want to know of a report; ``row`` is as it was before."""
    if changes["status"] == DownloadStatus.SYNCED and row["library_path"] is None and outcome["why"] is None:
        return [(row["download_id"], Happens.FILED, None)]
    reason = changes.get("hold_reason")
    if outcome["what"] == "held" and reason not in (None, row["hold_reason"]):
        return [(row["download_id"], Happens.HELD, reason)]
    return []


def _synced(row: Mapping[str, Any], path: str, revision: int) -> dict[str, Any]:
    """Where the file lies is news even if a later wish is under way already; then it is all the news."""
    is_desired = revision == row["desired_revision"]
    position = {
        "library_path": path,
        "applied_revision": revision,
        "applied_fingerprint": row["desired_fingerprint"] if is_desired else None,
    }
    if revision < row["sent_revision"]:
        is_asked = row["status"] in _UNDER_WAY
        return position | {"status": row["status"] if is_asked else DownloadStatus.SYNCED.value}
    return position | {
        "status": DownloadStatus.SYNCED.value,
        "sync_retry_count": 0,
        **NO_FAILURE,
        **NO_HOLD,
        "error_message": None,
    }


def _removed(row: Mapping[str, Any], callback: ViewerSyncCallback, revision: int) -> dict[str, Any]:
    """What became of a removal; ``status`` stays if it was taken back meanwhile, or could not be done."""
    changes: dict[str, Any] = {"status": row["status"]}
    is_wanted = row["removed_at"] is not None and revision == row["sent_revision"]
    if callback.status != "synced":
        news = {"hold_reason": callback.reason, "hold_detail": callback.error_message}
        return changes | (news if is_wanted else {})
    if revision < row["applied_revision"]:
        return changes
    changes |= {"applied_revision": revision, "applied_fingerprint": None}
    if not is_wanted:
        return changes | ({"library_path": callback.target_path} if callback.target_path else {})
    return changes | {
        "status": DownloadStatus.CANCELLED.value,
        "library_path": callback.target_path,
        **NO_FAILURE,
        **NO_HOLD,
        "error_message": None,
    }


def _drifted(row: Mapping[str, Any], callback: ViewerSyncCallback, revision: int) -> dict[str, Any] | None:
    """What a repair found out about a file in the library; what was sent later has its own report."""
    if row["status"] != DownloadStatus.SYNCED or revision < row["sent_revision"]:
        return None
    if callback.status != "synced":
        return {
            "status": row["status"],
            "hold_reason": callback.reason,
            "hold_detail": callback.error_message,
        }
    changes = {"status": row["status"], "library_path": callback.target_path or row["library_path"]}
    if row["desired_revision"] == row["applied_revision"]:
        changes |= {"hold_reason": None, "hold_detail": None}
    return changes


def _failed(core: Core, row: Mapping[str, Any], callback: ViewerSyncCallback) -> dict[str, Any]:
    if row["status"] not in _UNDER_WAY:
        # Said before: it counts once. The viewer may have a better reason by now.
        reason = callback.reason or row["hold_reason"]
        return {"status": row["status"], "hold_reason": reason, "hold_detail": callback.error_message}
    now = core.now()
    attempts = row["attempts"] + 1
    since = row["failing_since"] or now
    reason = callback.reason or HoldReason.FILESYSTEM_ERROR.value
    gave_up = now - since > GIVE_UP
    changes: dict[str, Any] = {
        "attempts": attempts,
        "failing_since": since,
        "next_try_at": None if gave_up else next_try(now, attempts),
        "error_message": callback.error_message,
        "hold_reason": HoldReason.GAVE_UP.value if gave_up else reason,
        "hold_detail": reason if gave_up else callback.error_message,
    }
    if callback.held and callback.target_path:
        changes["library_path"] = callback.target_path
    if row["status"] in IN_LIBRARY or "library_path" in changes:
        # It plays where it lies: a resync that did not work never makes a file a failed download.
        return changes | {"status": DownloadStatus.SYNCED.value}
    retries = row["sync_retry_count"] + 1
    is_final = callback.held or gave_up or retries >= ATTEMPTS
    status = DownloadStatus.SYNC_FAILED if is_final else DownloadStatus.COMPLETED
    return changes | {"status": status.value, "sync_retry_count": retries}


def _outcome(
    row: Mapping[str, Any], changes: Mapping[str, Any], callback: ViewerSyncCallback
) -> dict[str, Any]:
    """Return what the report means for the resyncs that wait for it, from the row as it was before."""
    if callback.status == "synced":
        what = "moved" if callback.target_path != row["library_path"] else "unchanged"
        why = detail = None
    else:
        why, detail = changes.get("hold_reason"), changes.get("hold_detail")
        what = "held" if callback.held or why == HoldReason.GAVE_UP else "failed"
    revision = callback.revision if callback.revision is not None else row["sent_revision"]
    return {
        "its_download": row["download_id"],
        "upto": revision,
        "what": what,
        "path": callback.target_path or row["library_path"],
        "why": why,
        "more": detail,
    }


def _write(
    connection: sa.Connection,
    rows: Mapping[int, Row],
    updates: Mapping[int, dict[str, Any]],
    outcomes: Sequence[dict[str, Any]],
) -> None:
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
            sa.or_(*(items.c.outcome == outcome for outcome in ("pending", "waiting", "held", "failed"))),
        )
        .values(
            outcome=sa.bindparam("what"),
            after_path=sa.bindparam("path"),
            reason=sa.bindparam("why"),
            detail=sa.bindparam("more"),
        ),
        list(outcomes),
    )
