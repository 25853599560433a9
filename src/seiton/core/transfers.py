"""Follow transfers until their files are there, then say which file is which episode."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.torrents.port import ClientAway, TorrentStatus, TransferState
from seiton.core import tables
from seiton.core.dispatch import save_path
from seiton.core.service import Core, next_try
from seiton.domain.contents import TorrentFile, Wanted, WhyMissing, assign
from seiton.domain.states import IN_CLIENT, DownloadStatus, HoldReason
from seiton.text import _

MAX_HASHES = 500


def check_transfers(core: Core) -> int:
    """Look at every running transfer; return how many downloads were completed by it."""
    downloads = tables.downloads
    query = (
        sa.select(downloads.c.torrent_hash)
        .where(downloads.c.status.in_(sorted(IN_CLIENT)), downloads.c.torrent_hash.is_not(None))
        .distinct()
        .order_by(downloads.c.torrent_hash)
    )
    with core.database.read() as connection:
        hashes = list(connection.execute(query).scalars())
    completed = 0
    for part in chunks(hashes, MAX_HASHES):
        try:
            statuses = core.torrents.status(part)
        except ClientAway as error:
            _client_away(core, part, str(error))
            continue
        completed += _record(core, part, statuses)
    if completed:
        core.wake("reconcile", "")
    return completed


def _client_away(core: Core, hashes: Sequence[str], message: str) -> None:
    table = tables.downloads
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.torrent_hash.in_(hashes), table.c.status == DownloadStatus.DOWNLOADING)
            .values(
                status=DownloadStatus.DOWNLOADER_ERROR.value, error_message=message, updated_at=core.now()
            )
        )


def _record(core: Core, hashes: Sequence[str], statuses: Mapping[str, TorrentStatus]) -> int:
    done = [s.info_hash for s in statuses.values() if s.state is TransferState.COMPLETED]
    files = {info_hash: core.torrents.files(info_hash) for info_hash in done}
    running: list[dict[str, Any]] = []
    now = core.now()
    for info_hash in hashes:
        status = statuses.get(info_hash)
        if status is None:
            # The client forgot it (removed by hand): hand it over again, nothing is lost by that.
            running.append(_running(info_hash, DownloadStatus.PENDING, None, 0.0, 0, 0))
        elif status.state in {TransferState.ERROR, TransferState.MISSING_FILES}:
            message = status.error or _("The torrent client reports an error.")
            running.append(
                _running(
                    info_hash, DownloadStatus.FAILED, message, status.progress, status.downloaded, status.size
                )
            )
        elif status.state is not TransferState.COMPLETED:
            running.append(
                _running(
                    info_hash,
                    DownloadStatus.DOWNLOADING,
                    None,
                    status.progress,
                    status.downloaded,
                    status.size,
                )
            )
    table = tables.downloads
    with core.database.write() as connection:
        if running:
            names = ("status", "error_message", "progress", "downloaded_bytes", "total_bytes")
            # Only rows that a client works on: a filed one is never demoted by a poll.
            connection.execute(
                sa.update(table)
                .where(
                    table.c.torrent_hash == sa.bindparam("its_hash"),
                    sa.or_(*(table.c.status == status for status in sorted(IN_CLIENT))),
                )
                .values({name: sa.bindparam(name) for name in names} | {"updated_at": now}),
                running,
            )
        completed = 0
        for info_hash in done:
            completed += _complete(core, connection, statuses[info_hash], files[info_hash])
    return completed


def _running(
    info_hash: str, status: DownloadStatus, message: str | None, progress: float, downloaded: int, size: int
) -> dict[str, Any]:
    return {
        "its_hash": info_hash,
        "status": status.value,
        "error_message": message,
        "progress": progress,
        "downloaded_bytes": downloaded,
        "total_bytes": size,
    }


def _complete(
    core: Core, connection: sa.Connection, status: TorrentStatus, files: Sequence[TorrentFile]
) -> int:
    """Match the files of a finished torrent with the episodes that were wanted from it."""
    downloads, links, series = tables.downloads, tables.links, tables.series
    query = (
        sa.select(
            downloads.c.download_id,
            downloads.c.attempts,
            downloads.c.failing_since,
            links.c.title,
            links.c.slot,
            links.c.episode_no,
            links.c.episode_tenths,
            series.c.series_no,
        )
        .select_from(
            downloads.join(links, links.c.link_id == downloads.c.link_id).join(
                series, series.c.series_id == links.c.series_id
            )
        )
        .where(downloads.c.torrent_hash == status.info_hash, downloads.c.status.in_(sorted(IN_CLIENT)))
        .order_by(downloads.c.download_id)
    )
    rows = connection.execute(query).mappings().all()
    wanted = [
        Wanted(
            slot=position,
            episode_no=row["episode_no"],
            episode_tenths=row["episode_tenths"],
            series_no=row["series_no"],
        )
        for position, row in enumerate(rows)
    ]
    found = assign(files, wanted, hint_title=rows[0]["title"] if rows else None)
    for position, row in enumerate(rows):
        chosen = found.chosen.get(position)
        values: dict[str, Any] = {
            "progress": 1.0,
            "total_bytes": status.size,
            "downloaded_bytes": status.size,
            "content_path": status.content_path,
            "updated_at": core.now(),
        }
        if chosen is None:
            values |= _unmatched(core, row, found.missing_slots.get(position))
        else:
            values |= {
                "status": DownloadStatus.COMPLETED.value,
                "error_message": None,
                "source_path": _absolute(core, status, chosen.video),
                "subtitle_paths": [_absolute(core, status, file) for file in chosen.subtitles],
            }
        connection.execute(
            sa.update(downloads).where(downloads.c.download_id == row["download_id"]).values(values)
        )
    return len(found.chosen)


def _absolute(core: Core, status: TorrentStatus, file: TorrentFile) -> str:
    return os.path.join(save_path(core, status.info_hash), os.fsdecode(file.path))


def _unmatched(core: Core, row: Row, why: WhyMissing | None) -> dict[str, Any]:
    message = _("No file of the torrent is episode {episode_no}.", episode_no=row["episode_no"])
    return {
        "status": DownloadStatus.COMPLETED.value,
        "source_path": None,
        "subtitle_paths": [],
        "error_message": message,
        "hold_reason": HoldReason.NO_VIDEO.value,
        "hold_detail": why.value if why else None,
        "attempts": row["attempts"] + 1,
        "failing_since": row["failing_since"] or core.now(),
        "next_try_at": next_try(core.now(), row["attempts"] + 1),
    }
