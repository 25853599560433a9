"""Try a download again now, instead of when its pause is over."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.torrents.port import ClientAway
from seiton.core import tables
from seiton.core.downloads.downloaders import served_types
from seiton.core.filing.desired import is_waiting
from seiton.core.retries import NO_FAILURE, NO_HOLD
from seiton.core.service import Core
from seiton.domain.states import GIVEN_UP, IN_LIBRARY, DownloadStatus, HoldReason
from seiton.errors import Conflict, NotFound
from seiton.text import _

_D = DownloadStatus
_AGAIN: Mapping[DownloadStatus, DownloadStatus] = {
    _D.FAILED: _D.PENDING,
    _D.CANCELLED: _D.PENDING,
    _D.NO_DOWNLOADER: _D.PENDING,
    _D.SYNC_FAILED: _D.COMPLETED,
}
"""Where a download that was given up starts again; the others stay where they are."""


def retry_download(core: Core, download_id: int) -> None:
    """Forget past failures of a download and have it tried at once, in the background.

    Raises ``NotFound``, and ``Conflict`` where there is nothing to try: it is under way, or done.
    """
    table = tables.downloads
    query = (
        sa.select(table, tables.links.c.download_type)
        .select_from(table.join(tables.links, tables.links.c.link_id == table.c.link_id))
        .where(table.c.download_id == download_id)
        .with_for_update(of=table)
    )
    with core.database.write() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound(_("There is no download {download_id}.", download_id=download_id))
        _require_confirmed(connection, row)
        status = _next_status(core, connection, row)
        connection.execute(
            sa.update(table)
            .where(table.c.download_id == download_id)
            .values(
                status=status.value,
                **_by_the_rules(row),
                **_anew(row, status),
                cancel_reason=None,
                sync_retry_count=0,
                **NO_FAILURE,
                **NO_HOLD,
                error_message=None,
                progress_at=None,
                torrent_wish=None,
                updated_at=core.now(),
            )
        )
    _resume(core, row)
    for job in ("downloads", "transfers", "reconcile"):
        core.wake(job, "")


def retry_failed(core: Core) -> int:
    """Try failed downloads again whose pause is over; return how many.

    One whose place another release has taken is left alone from then on.
    """
    table, links = tables.downloads, tables.links
    query = (
        sa.select(table, links.c.download_type)
        .select_from(table.join(links, links.c.link_id == table.c.link_id))
        .where(
            table.c.status == _D.FAILED,
            table.c.next_try_at <= core.now(),
            table.c.removed_at.is_(None),
            links.c.detached_at.is_(None),
            ~links.c.filtered_flag,
        )
        .order_by(table.c.download_id)
        .limit(500)
    )
    with core.database.read() as connection:
        if connection.execute(query.limit(1)).first() is None:
            return 0
    again: list[Row] = []
    with core.database.write() as connection:
        for row in connection.execute(query.with_for_update(of=table)).mappings().all():
            changes: dict[str, object] = {"next_try_at": None, "updated_at": core.now()}
            with suppress(Conflict):
                _require_fetchable(core, connection, row)
                changes["status"] = _D.PENDING.value
                again.append(row)
            connection.execute(
                sa.update(table).where(table.c.download_id == row["download_id"]).values(changes)
            )
    for retried in again:
        _resume(core, retried)
    return len(again)


def _by_the_rules(row: Row) -> dict[str, Any]:
    """Return what changes where an undo left a file alone that was changed since: it is not undone any more,
    but goes where its former metadata belong, with what was changed.
    """
    if row["hold_reason"] != HoldReason.CHANGED_SINCE:
        return {}
    return {"desired_revision": row["desired_revision"] + 1, "resync_id": None}


def _anew(row: Row, status: DownloadStatus) -> dict[str, Any]:
    """Return what changes where a file is gone from the library: it is filed from its download again."""
    is_gone = row["hold_reason"] == HoldReason.SOURCE_MISSING and status in IN_LIBRARY
    if not is_gone or row["desired_revision"] > row["applied_revision"]:
        return {}
    return {"desired_revision": row["desired_revision"] + 1}


def _resume(core: Core, row: Row) -> None:
    """Have the client go on, if it still has the torrent, stopped by its error."""
    if row["status"] == DownloadStatus.FAILED and row["torrent_hash"]:
        with suppress(NotFound, ClientAway):
            core.torrents.resume(row["torrent_hash"])


def _require_confirmed(connection: sa.Connection, row: Row) -> None:
    """Raise ``Conflict`` where a person has to confirm the cause first."""
    mine = tables.downloads.c.download_id == row["download_id"]
    if connection.execute(sa.select(tables.downloads.c.download_id).where(mine, is_waiting())).first():
        raise Conflict(_("It waits for your confirmation of resync {resync_id}.", resync_id=row["resync_id"]))


def _next_status(core: Core, connection: sa.Connection, row: Row) -> DownloadStatus:
    status = DownloadStatus(row["status"])
    if row["removed_at"] is not None:
        raise Conflict(
            _("Download {download_id} was removed: restore it instead.", download_id=row["download_id"])
        )
    if status in _AGAIN:
        if _AGAIN[status] is DownloadStatus.PENDING:
            _require_fetchable(core, connection, row)
        return _AGAIN[status]
    is_waiting = row["next_try_at"] is not None or row["hold_reason"] is not None
    drifts = status in IN_LIBRARY and row["desired_revision"] > row["applied_revision"]
    if is_waiting or drifts or status is DownloadStatus.DOWNLOADER_ERROR:
        return status
    if status is DownloadStatus.SYNCED:
        raise Conflict(_("Download {download_id} is in the library.", download_id=row["download_id"]))
    raise Conflict(_("Download {download_id} is under way.", download_id=row["download_id"]))


def _require_fetchable(core: Core, connection: sa.Connection, row: Row) -> None:
    """Raise ``Conflict`` where nobody can fetch it, or another release of the episode is on its way."""
    table, links = tables.downloads, tables.links
    if row["downloader_type"] not in served_types(core, connection):
        raise Conflict(
            _("Nothing here can fetch this kind of link: {url_kind}.", url_kind=row["download_type"])
        )
    mine = sa.select(links).where(links.c.link_id == row["link_id"]).subquery()
    if connection.execute(sa.select(mine.c.filtered_flag)).scalar_one():
        raise Conflict(_("A filter rule keeps this release out."))
    other = (
        sa.select(table.c.download_id)
        .select_from(table.join(links, links.c.link_id == table.c.link_id))
        .where(
            links.c.series_id == mine.c.series_id,
            links.c.episode_no == mine.c.episode_no,
            links.c.episode_tenths == mine.c.episode_tenths,
            table.c.download_id != row["download_id"],
            # An earlier version is what it replaces.
            ~sa.and_(links.c.group_id == mine.c.group_id, links.c.version < mine.c.version),
            table.c.status.not_in(sorted(GIVEN_UP))
            | (links.c.link_id == mine.c.link_id) & (table.c.status != _D.CANCELLED),
        )
    )
    found = connection.execute(other).scalars().first()
    if found is not None:
        raise Conflict(_("Download {download_id} has taken its place.", download_id=found))
