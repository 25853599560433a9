"""Follow transfers until their files are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.torrents.port import ClientAway, TorrentStatus, TransferState
from seiton.core import tables
from seiton.core.downloads.matching import match_files
from seiton.core.downloads.wanting import want_instead
from seiton.core.notifications.happened import about_downloads
from seiton.core.retries import GIVE_UP, next_try
from seiton.core.service import Core
from seiton.domain.contents import TorrentFile
from seiton.domain.states import IN_CLIENT, UNMATCHED, DownloadStatus, Happens, HoldReason
from seiton.errors import NotFound
from seiton.text import _, plural

MAX_HASHES = 500
_BROKEN = (TransferState.ERROR, TransferState.MISSING_FILES)
_PROGRESS = ("status", "error_message", "progress", "downloaded_bytes", "total_bytes")
_TRIES = (
    "progress_at",
    "attempts",
    "failing_since",
    "next_try_at",
    "hold_reason",
    "hold_detail",
    "torrent_wish",
)
STALLED: Mapping[TransferState, timedelta] = {
    TransferState.METADATA: timedelta(days=3),
    TransferState.DOWNLOADING: timedelta(days=7),
}
"""How long a transfer may stand still before it is given up; one that is paused or queued may for ever."""
_NOTED = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class _Look:
    """What the client said of some torrents; ``files`` only of those that are complete."""

    statuses: Mapping[str, TorrentStatus]
    files: dict[str, Sequence[TorrentFile]] = field(default_factory=dict)


def check_transfers(core: Core) -> int:
    """Look at every running transfer; return how many downloads were completed by it.

    A torrent without a file for its episode is looked at again when the rules say something new of it.
    """
    downloads = tables.downloads
    query = (
        sa.select(downloads.c.torrent_hash, sa.func.max(downloads.c.module_id))
        .where(_is_watched(), downloads.c.torrent_hash.is_not(None))
        .group_by(downloads.c.torrent_hash)
        .order_by(downloads.c.torrent_hash)
    )
    with core.database.read() as connection:
        owned: dict[int | None, list[str]] = {}  # by downloader: one that is away holds up no other
        for info_hash, module_id in connection.execute(query):
            owned.setdefault(module_id, []).append(info_hash)
    completed = 0
    for part in (part for hashes in owned.values() for part in chunks(hashes, MAX_HASHES)):
        try:
            look = _look(core, part)
        except ClientAway as error:
            _client_away(core, part, str(error))
            continue
        completed += _record(core, part, look)
    if completed:
        core.wake("reconcile", "")
    return completed


def _is_watched() -> sa.ColumnElement[bool]:
    table = tables.downloads.c
    is_asked_again = sa.and_(table.status.in_(sorted(UNMATCHED)), table.hold_reason.is_(None))
    return sa.or_(table.status.in_(sorted(IN_CLIENT)), is_asked_again)


def _look(core: Core, hashes: Sequence[str]) -> _Look:
    look = _Look(statuses=core.torrents.status(hashes))
    for info_hash, status in look.statuses.items():
        if status.state is TransferState.COMPLETED:
            try:
                look.files[info_hash] = core.torrents.files(info_hash)
            except NotFound:
                continue  # it went away in between: the next look sees that
    return look


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


def _record(core: Core, hashes: Sequence[str], look: _Look) -> int:
    """Write what changed, for downloads that wait for a client only: a filed one is never demoted."""
    downloads, links, series = tables.downloads, tables.links, tables.series
    items, parsers, animes = tables.raw_items, tables.parsers, tables.animes
    query = (
        sa.select(
            downloads,
            links.c.episode_no,
            links.c.episode_tenths,
            series.c.series_no,
            animes.c.title.label("anime_title"),
            sa.func.coalesce(parsers.c.episode_offset, 0).label("episode_offset"),
        )
        .select_from(
            downloads.join(links, links.c.link_id == downloads.c.link_id)
            .join(series, series.c.series_id == links.c.series_id)
            .join(animes, animes.c.anime_id == series.c.anime_id)
            .outerjoin(items, items.c.item_id == links.c.raw_item_id)
            .outerjoin(parsers, parsers.c.parser_id == items.c.parser_id)
        )
        .where(downloads.c.torrent_hash.in_(hashes), _is_watched())
        .order_by(downloads.c.torrent_hash, downloads.c.download_id)
        .with_for_update(of=downloads)
    )
    with core.database.write() as connection:
        by_hash: dict[str, list[Row]] = {}
        for row in connection.execute(query).mappings():
            by_hash.setdefault(row["torrent_hash"], []).append(row)
        progress: list[dict[str, Any]] = []
        matched: list[dict[str, Any]] = []
        for info_hash, rows in by_hash.items():
            status = look.statuses.get(info_hash)
            if info_hash in look.files and status is not None:
                matched += match_files(core, rows, status, look.files[info_hash])
            else:
                progress += [changes for row in rows if (changes := _progress(row, status, core.now()))]
        _update(core, connection, progress)
        _update(core, connection, matched)
        lost = [row["its_id"] for row in (*progress, *matched) if _is_lost(row)]
        replaced = want_instead(connection, lost, core.now()) if lost else 0
        if lost and not replaced:
            given_up = [one for row in progress for one in _given_up(row)]
            about_downloads(connection, given_up, core.now())
    if replaced:
        core.wake("downloads", "")
    if any(row["torrent_wish"] for row in progress):
        core.wake("torrents", "")
    return sum(row["status"] == DownloadStatus.COMPLETED for row in matched)


def _is_lost(changes: Mapping[str, Any]) -> bool:
    return changes["status"] in UNMATCHED or changes["status"] == DownloadStatus.FAILED


def _given_up(changes: Mapping[str, Any]) -> Iterator[tuple[int, Happens, str | None]]:
    """Yield what people may want to know: a download that nobody tries again by itself."""
    if changes["status"] == DownloadStatus.FAILED and changes["next_try_at"] is None:
        yield changes["its_id"], Happens.DOWNLOAD_FAILED, changes["hold_reason"]


def _progress(row: Row, status: TorrentStatus | None, now: datetime) -> dict[str, Any] | None:
    """Return what is new about a download whose torrent is not complete; ``None``: nothing."""
    tries: dict[str, Any] = {name: row[name] for name in _TRIES}
    if row["status"] in UNMATCHED:
        # The files were there, and the client has no complete torrent now: nothing to look at again.
        kept: dict[str, Any] = {name: row[name] for name in _PROGRESS}
        return kept | tries | {"hold_reason": HoldReason.NO_VIDEO.value, "its_id": row["download_id"]}
    if status is None:
        # The client forgot it (removed by hand): hand it over again, nothing is lost by that.
        changes = dict(zip(_PROGRESS, (DownloadStatus.PENDING.value, None, 0.0, 0, 0), strict=True))
    else:
        is_broken = status.state in _BROKEN
        changes = {
            "status": (DownloadStatus.FAILED if is_broken else DownloadStatus.DOWNLOADING).value,
            "error_message": None,
            "progress": status.progress,
            "downloaded_bytes": status.downloaded,
            "total_bytes": status.size,
        }
        if is_broken:
            changes["error_message"] = status.error or _("The torrent client reports an error.")
            changes |= _failed_again(row, now)
        else:
            changes |= _standing_still(row, status, now)
    if all(row[name] == value for name, value in changes.items()):
        return None
    return tries | changes | {"its_id": row["download_id"]}


def _failed_again(row: Row, now: datetime) -> dict[str, Any]:
    """When to try what the client reports as broken again: 1 minute doubling to 6 hours, for 14 days."""
    attempts, since = row["attempts"] + 1, row["failing_since"] or now
    is_over = now - since > GIVE_UP
    return {
        "attempts": attempts,
        "failing_since": since,
        "next_try_at": None if is_over else next_try(now, attempts),
        "hold_reason": HoldReason.GAVE_UP.value if is_over else row["hold_reason"],
    }


def _standing_still(row: Row, status: TorrentStatus, now: datetime) -> dict[str, Any]:
    """Note when a transfer got further; give up one that has not for days."""
    since, limit = row["progress_at"], STALLED.get(status.state)
    has_moved = status.downloaded != (row["downloaded_bytes"] or 0)
    if since is None or has_moved or (limit is None and now - since > _NOTED):
        return {"progress_at": now}
    if limit is None or now - since <= limit:
        return {}
    is_unknown = status.state is TransferState.METADATA
    said = (
        plural(
            "Nobody has told the file list of this magnet link for {number} day.",
            "Nobody has told the file list of this magnet link for {number} days.",
            limit.days,
        )
        if is_unknown
        else plural(
            "The transfer has stood still for {number} day.",
            "The transfer has stood still for {number} days.",
            limit.days,
        )
    )
    return {
        "status": DownloadStatus.FAILED.value,
        "error_message": said,
        "hold_reason": HoldReason.STALLED.value,
        "hold_detail": "no_metadata" if is_unknown else "no_progress",
        "next_try_at": None,
        "torrent_wish": "pause",
    }


def _update(core: Core, connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write ``rows``, which all have the same columns and are locked."""
    if not rows:
        return
    table = tables.downloads
    values: dict[str, Any] = {
        name: sa.bindparam(name, type_=table.c[name].type) for name in rows[0] if name != "its_id"
    }
    update = sa.update(table).where(table.c.download_id == sa.bindparam("its_id"))
    connection.execute(update.values(values | {"updated_at": core.now()}), list(rows))
