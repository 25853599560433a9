"""The reconciler: whatever differs between what a download should be and what is applied is sent.

It compares levels, never moments: woken by changes, by a viewer coming back, by a timer. State is
committed before a message is sent; a message that was lost is sent again with the same revision.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.contract import (
    MAX_BATCH,
    ItemReceipt,
    Receipt,
    ViewerBatch,
    ViewerResyncRequest,
    ViewerSyncRequest,
)
from seiton.core import tables
from seiton.core.desired import finish_resyncs
from seiton.core.service import Core, next_try
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.states import DownloadStatus, HoldReason
from seiton.domain.wishes import load_wish
from seiton.errors import Unavailable

ANSWER_TIME = timedelta(seconds=60)
"""A report that has not come after this is asked for again; repeats are free."""


def reconcile(core: Core) -> int:
    """Send the viewer everything that differs and is due; return how many requests it took."""
    sent = _send(core, _due_syncs(core), notify_viewer_sync)
    sent += _send(core, _due_resyncs(core), notify_viewer_resync)
    with core.database.write() as connection:
        finish_resyncs(connection, core.now())
    core.progress.announce()
    return sent


def _send(core: Core, rows: Sequence[Row], notify: Any) -> int:
    sent = 0
    for part in chunks(rows, MAX_BATCH):
        try:
            sent += notify(core, part)
        except Unavailable as error:
            _viewer_away(core, part, str(error))
            break  # one viewer: what waits behind is sent when it is back
    return sent


def _is_due(core: Core) -> sa.ColumnElement[bool]:
    table = tables.downloads.c
    return sa.or_(table.next_try_at.is_(None), table.next_try_at <= core.now())


def _to_be_sent(core: Core) -> sa.ColumnElement[bool]:
    """Of what was sent before: what changed since, what nobody took, what got no report in time."""
    table = tables.downloads.c
    return sa.or_(
        table.desired_revision > table.sent_revision,
        table.sent_at.is_(None),
        table.sent_at < core.now() - ANSWER_TIME,
    )


def _due_syncs(core: Core) -> Sequence[Row]:
    """Return completed downloads to be filed, and those whose report is overdue."""
    table = tables.downloads.c
    return _linked(
        core,
        sa.and_(
            table.source_path.is_not(None),
            _is_due(core),
            sa.or_(
                table.status == DownloadStatus.COMPLETED,
                sa.and_(
                    table.status == DownloadStatus.SYNC_FAILED, table.desired_revision > table.sent_revision
                ),
                sa.and_(
                    table.status == DownloadStatus.SYNCING,
                    _to_be_sent(core),
                ),
            ),
        ),
    )


def _due_resyncs(core: Core) -> Sequence[Row]:
    """Return filed downloads whose desired revision is not applied, and those whose report is overdue."""
    table = tables.downloads.c
    return _linked(
        core,
        sa.and_(
            table.desired_revision > table.applied_revision,
            _is_due(core),
            sa.or_(
                table.status == DownloadStatus.SYNCED,
                sa.and_(
                    table.status == DownloadStatus.RESYNCING,
                    _to_be_sent(core),
                ),
            ),
        ),
    )


def _linked(core: Core, condition: sa.ColumnElement[bool]) -> Sequence[Row]:
    downloads, links = tables.downloads, tables.links
    query = (
        sa.select(downloads, links.c.series_id)
        .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
        .where(condition)
        .order_by(downloads.c.download_id)
    )
    with core.database.read() as connection:
        return connection.execute(query).mappings().all()


def notify_viewer_sync(core: Core, rows: Sequence[Row]) -> int:
    """Ask the viewer to file finished downloads; their state is ``syncing`` before it hears of it."""
    _mark_sent(core, rows, DownloadStatus.SYNCING)
    requests = [
        ViewerSyncRequest(
            **described(core, row),
            file_path=row["source_path"],
            subtitle_paths=tuple(row["subtitle_paths"] or ()),
        )
        for row in rows
    ]
    return _take_receipts(core, rows, core.viewer.sync(requests))


def notify_viewer_resync(core: Core, rows: Sequence[Row]) -> int:
    """Ask the viewer to move filed episodes to where they belong now; ``resyncing`` before it hears of it."""
    _mark_sent(core, rows, DownloadStatus.RESYNCING)
    items = tuple(resync_request(core, row) for row in rows)
    batch = ViewerBatch(batch_id=str(uuid4()), items=items)
    return _take_receipts(core, rows, core.viewer.resync(batch))


def resync_request(core: Core, row: Row) -> ViewerResyncRequest:
    """Build the message for one download as its rules have it now."""
    return ViewerResyncRequest(**described(core, row), old_target_path=row["library_path"] or "")


def described(core: Core, row: Row, meta: EpisodeMeta | None = None) -> dict[str, Any]:
    """Return what a message says about a download, from its desired metadata or from ``meta``."""
    wish = meta or load_wish(row["desired"])
    return {
        "download_id": row["download_id"],
        "series_id": row["series_id"],
        "anime_title": wish.anime_title,
        "series_no": wish.series_no,
        "episode_no": wish.episode_no,
        "subtitle_group": wish.subtitle_group or "",
        "callback_url": core.callback_url,
        "core_instance": core.instance_id,
        "revision": row["desired_revision"],
        "resolution": wish.resolution,
        "version": wish.version,
        "display_season": wish.display_season,
        "display_episode": wish.display_episode,
    }


def _mark_sent(core: Core, rows: Sequence[Row], status: DownloadStatus) -> None:
    table = tables.downloads
    now = core.now()
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(
                table.c.download_id == sa.bindparam("its_id"),
                # What changed meanwhile is another revision, sent at the next look.
                table.c.desired_revision == sa.bindparam("its_revision"),
                table.c.status == sa.bindparam("its_status"),
            )
            .values(
                status=status.value, sent_revision=sa.bindparam("its_revision"), sent_at=now, updated_at=now
            ),
            [
                {
                    "its_id": row["download_id"],
                    "its_revision": row["desired_revision"],
                    "its_status": row["status"],
                }
                for row in rows
            ],
        )


def _take_receipts(core: Core, rows: Sequence[Row], receipts: Sequence[ItemReceipt]) -> int:
    """Act on what the viewer said to each item; what it did not mention is asked again later."""
    by_id: Mapping[int, Row] = {row["download_id"]: row for row in rows}
    taken = 0
    stale: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    now = core.now()
    for receipt in receipts:
        row = by_id.get(receipt.download_id)
        if row is None:
            continue
        if receipt.receipt in {Receipt.ACCEPTED, Receipt.REPEATED}:
            taken += 1
        elif receipt.receipt is Receipt.STALE:
            # A restored backup knows less than the viewer: go beyond what it has seen.
            stale.append({"its_id": receipt.download_id, "beyond": receipt.revision + 1})
        else:
            attempts = row["attempts"] + 1
            refused.append(
                {
                    "its_id": receipt.download_id,
                    "back": _before_sending(row).value,
                    "why": receipt.reason or HoldReason.SOURCE_MISSING.value,
                    "tried": attempts,
                    "again": next_try(now, attempts),
                }
            )
    table = tables.downloads
    items = tables.resync_items
    with core.database.write() as connection:
        if stale:
            connection.execute(
                sa.update(table)
                .where(table.c.download_id == sa.bindparam("its_id"))
                .values(desired_revision=sa.bindparam("beyond"), updated_at=now),
                stale,
            )
        if refused:
            connection.execute(
                sa.update(table)
                .where(table.c.download_id == sa.bindparam("its_id"))
                .values(
                    status=sa.bindparam("back"),
                    hold_reason=sa.bindparam("why"),
                    attempts=sa.bindparam("tried"),
                    next_try_at=sa.bindparam("again"),
                    failing_since=sa.func.coalesce(table.c.failing_since, now),
                    updated_at=now,
                ),
                refused,
            )
            connection.execute(
                sa.update(items)
                .where(items.c.download_id == sa.bindparam("its_id"), items.c.outcome == "pending")
                .values(outcome="held", reason=sa.bindparam("why")),
                refused,
            )
    if stale:
        core.wake("reconcile", "")
    return taken


def _before_sending(row: Row) -> DownloadStatus:
    """Return the state to go back to when the viewer will not do it."""
    filed = row["status"] in {DownloadStatus.SYNCED, DownloadStatus.RESYNCING}
    return DownloadStatus.SYNCED if filed else DownloadStatus.SYNC_FAILED


def _viewer_away(core: Core, rows: Sequence[Row], message: str) -> None:
    """Nobody knows whether the message arrived: the state stays, it is sent again later."""
    table = tables.downloads
    now = core.now()
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.download_id == sa.bindparam("its_id"))
            .values(
                error_message=message,
                attempts=sa.bindparam("tried"),
                next_try_at=sa.bindparam("again"),
                failing_since=sa.func.coalesce(table.c.failing_since, now),
                sent_at=None,
                updated_at=now,
            ),
            [
                {
                    "its_id": row["download_id"],
                    "tried": row["attempts"] + 1,
                    "again": next_try(now, row["attempts"] + 1),
                }
                for row in rows
            ],
        )
