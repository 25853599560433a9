"""Ask the viewer to put removed files into the trash, and to delete them there when their time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.contract import ItemReceipt, Receipt, ViewerRemoval
from seiton.core import tables
from seiton.core.retries import FIRST_RETRY
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus, HoldReason


def trash_of(removal_id: int, at: datetime) -> str:
    """Return the name of a removal's folder in the trash."""
    return f"{at:%Y%m%d}-{removal_id}"


def due_removals(core: Core, answer_time: timedelta) -> Sequence[int]:
    """Return the downloads that the viewer is to put away or erase and has not, or not said so in time."""
    table, now = tables.downloads.c, core.now()
    query = (
        sa.select(table.download_id)
        .where(
            table.removed_at.is_not(None),
            table.sent_revision > 0,  # else the viewer never heard of it
            table.desired_revision > table.applied_revision,
            sa.or_(table.next_try_at.is_(None), table.next_try_at <= now),
            sa.or_(
                table.desired_revision > table.sent_revision,
                table.sent_at.is_(None),
                table.sent_at < now - answer_time,
            ),
        )
        .order_by(table.download_id)
    )
    with core.database.read() as connection:
        return connection.execute(query).scalars().all()


def notify_viewer_removal(core: Core, download_ids: Sequence[int]) -> int:
    """Send removals; that they were sent is on record before the viewer hears of it."""
    table, causes = tables.downloads, tables.resyncs
    query = (
        sa.select(table, causes.c.created_at.label("removal_at"))
        .select_from(table.join(causes, causes.c.resync_id == table.c.resync_id))
        .where(table.c.download_id.in_(download_ids), table.c.removed_at.is_not(None))
        .order_by(table.c.download_id)
        .with_for_update(of=table)
    )
    now = core.now()
    with core.database.write() as connection:
        rows = connection.execute(query).mappings().all()
        connection.execute(
            sa.update(table)
            .where(table.c.download_id.in_([row["download_id"] for row in rows]))
            .values(sent_revision=table.c.desired_revision, sent_at=now, next_try_at=None, updated_at=now)
        )
    requests = [
        ViewerRemoval(
            download_id=row["download_id"],
            trash=trash_of(row["resync_id"], row["removal_at"]),
            revision=row["desired_revision"],
            callback_url=core.callback_url,
            core_instance=core.instance_id,
            erase=row["status"] == DownloadStatus.CANCELLED,
        )
        for row in rows
    ]
    by_id = {row["download_id"]: row for row in rows}
    refused = []
    for answer in core.viewer.remove(requests):
        row = by_id.get(answer.download_id)
        if row is not None and answer.receipt not in {Receipt.ACCEPTED, Receipt.REPEATED}:
            refused.append(_answered(row, answer, core.now()))
    if refused:
        with core.database.write() as connection:
            for download_id, revision, changes in refused:
                connection.execute(
                    sa.update(table)
                    .where(table.c.download_id == download_id, table.c.desired_revision == revision)
                    .values(changes | {"updated_at": core.now()})
                )
                if changes.get("status") == DownloadStatus.CANCELLED:
                    _close_items(connection, download_id)
        core.wake("reconcile", "")
    return len(rows) - len(refused)


def _answered(row: Row, answer: ItemReceipt, now: datetime) -> tuple[int, int, dict[str, Any]]:
    """Return what follows from a refusal, for the revision that it is about."""
    sent = row["desired_revision"]
    changes: dict[str, Any]
    if answer.receipt is Receipt.STALE:
        changes = {"desired_revision": answer.revision + 1}
    elif row["library_path"] is None or row["status"] == DownloadStatus.CANCELLED:
        # The viewer has nothing of it: there is nothing to put away.
        changes = {"status": DownloadStatus.CANCELLED.value, "applied_revision": sent, "library_path": None}
    else:
        held = answer.reason or HoldReason.SOURCE_MISSING.value
        changes = {"hold_reason": held, "hold_detail": None, "next_try_at": now + FIRST_RETRY * 60}
    return row["download_id"], sent, changes


def _close_items(connection: sa.Connection, download_id: int) -> None:
    items = tables.resync_items
    connection.execute(
        sa.update(items)
        .where(items.c.download_id == download_id, items.c.outcome == "pending")
        .values(outcome="unchanged")
    )
