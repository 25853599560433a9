"""Take the viewer's immediate answers to what it was asked, or its silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.contract import ItemReceipt, Receipt
from seiton.core import tables
from seiton.core.retries import FIRST_RETRY, next_try
from seiton.core.service import Core
from seiton.domain.states import IN_LIBRARY, DownloadStatus, HoldReason

_ASKED = (DownloadStatus.SYNCING.value, DownloadStatus.RESYNCING.value)


def take_receipts(core: Core, rows: Sequence[Row], receipts: Sequence[ItemReceipt]) -> int:
    """Act on what the viewer said to each item; what it did not mention is asked again later.

    ``rows`` are the downloads as they were sent. Returns how many requests were taken.
    """
    by_id = {row["download_id"]: row for row in rows}
    known = [(by_id[answer.download_id], answer) for answer in receipts if answer.download_id in by_id]
    stale = [(row, answer) for row, answer in known if answer.receipt is Receipt.STALE]
    refused = [(row, a) for row, a in known if a.receipt in {Receipt.UNKNOWN, Receipt.REFUSED}]
    if stale or refused:
        with core.database.write() as connection:
            _go_beyond(core, connection, stale)
            _refused(core, connection, refused)
    if stale:
        core.wake("reconcile", "")
    return len(known) - len(stale) - len(refused)


def _go_beyond(core: Core, connection: sa.Connection, stale: Sequence[tuple[Row, ItemReceipt]]) -> None:
    """A restored backup knows less than the viewer: the next revision is beyond what that has seen."""
    if not stale:
        return
    table = tables.downloads
    connection.execute(
        sa.update(table)
        .where(
            table.c.download_id == sa.bindparam("its_id"),
            table.c.desired_revision < sa.bindparam("beyond"),
        )
        .values(desired_revision=sa.bindparam("beyond"), updated_at=core.now()),
        [{"its_id": row["download_id"], "beyond": answer.revision + 1} for row, answer in stale],
    )


def _refused(core: Core, connection: sa.Connection, refused: Sequence[tuple[Row, ItemReceipt]]) -> None:
    if not refused:
        return
    table, items = tables.downloads, tables.resync_items
    now = core.now()
    parameters: list[dict[str, Any]] = [
        {
            "its_id": row["download_id"],
            "its_revision": row["desired_revision"],
            "back": _before_sending(row).value,
            "why": answer.reason or HoldReason.SOURCE_MISSING.value,
            "tried": row["attempts"] + 1,
            "again": next_try(now, row["attempts"] + 1),
        }
        for row, answer in refused
    ]
    connection.execute(
        sa.update(table)
        .where(
            table.c.download_id == sa.bindparam("its_id"),
            # What was sent or reported meanwhile is newer than this answer.
            table.c.sent_revision == sa.bindparam("its_revision"),
            table.c.desired_revision == sa.bindparam("its_revision"),
            sa.or_(*(table.c.status == status for status in _ASKED)),
        )
        .values(
            status=sa.bindparam("back"),
            hold_reason=sa.bindparam("why"),
            attempts=sa.bindparam("tried"),
            next_try_at=sa.bindparam("again"),
            failing_since=sa.func.coalesce(table.c.failing_since, now),
            updated_at=now,
        ),
        parameters,
    )
    connection.execute(
        sa.update(items)
        .where(
            items.c.download_id == sa.bindparam("its_id"),
            items.c.revision <= sa.bindparam("its_revision"),
            items.c.outcome == "pending",
        )
        .values(outcome="held", reason=sa.bindparam("why")),
        parameters,
    )


def _before_sending(row: Row) -> DownloadStatus:
    """Return the state to go back to when the viewer will not do it."""
    return DownloadStatus.SYNCED if row["status"] in IN_LIBRARY else DownloadStatus.SYNC_FAILED


def viewer_away(core: Core, download_ids: Sequence[int], message: str) -> None:
    """Nobody knows whether the message arrived: the state stays, it is sent again soon.

    That is no failure of the files, so it does not count as an attempt.
    """
    table = tables.downloads
    now = core.now()
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.download_id.in_(download_ids), table.c.status.in_(_ASKED))
            .values(error_message=message, next_try_at=now + FIRST_RETRY, sent_at=None, updated_at=now)
        )
