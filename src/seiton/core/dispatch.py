"""Hand wanted links to the torrent client: intent recorded first, matched by info hash, never twice."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.http import NotModified
from seiton.adapters.torrents.port import ClientAway, TorrentRefused, TorrentSource
from seiton.adapters.torrents.torrent_file import read_magnet, read_torrent
from seiton.core import tables
from seiton.core.desired import refresh_desired
from seiton.core.service import Core, next_try, trust_feed
from seiton.domain.states import DownloadStatus, DownloadType
from seiton.errors import SeitonError, Unavailable
from seiton.text import _

MAX_TORRENT_BYTES = 10 * 1024 * 1024
TOGETHER = 50
"""Torrents handed over in one look; the rest follow in the next."""


def want_downloads(connection: sa.Connection, link_ids: Sequence[int], now: datetime) -> int:
    """Record a pending download for each link that is wanted; return how many.

    An episode is fetched once: the release that is on its way or filed stays the one, else the link
    known longest. Others wait as links (a batch beside its single episodes, a second group).
    """
    links = tables.links
    wanted: dict[tuple[int, int, int], Any] = {}
    for part in chunks(sorted(set(link_ids))):
        query = (
            sa.select(
                links.c.link_id,
                links.c.download_type,
                links.c.series_id,
                links.c.episode_no,
                links.c.episode_tenths,
            )
            .where(
                links.c.link_id.in_(part),
                ~links.c.filtered_flag,
                links.c.detached_at.is_(None),
                ~_is_fetched(),
            )
            .order_by(links.c.link_id)
        )
        for row in connection.execute(query):
            wanted.setdefault((row.series_id, row.episode_no, row.episode_tenths), row)
    rows = [
        {
            "link_id": row.link_id,
            "downloader_type": row.download_type or DownloadType.HTTP.value,
            "status": initial_status(row.download_type).value,
            "created_at": now,
            "updated_at": now,
        }
        for row in wanted.values()
    ]
    for part_rows in chunks(rows):
        connection.execute(sa.insert(tables.downloads), part_rows)
    refresh_desired(connection, [row["link_id"] for row in rows], None, now)
    return len(rows)


def _is_fetched() -> sa.ColumnElement[bool]:
    """Say of a link that its episode has a download already, through this link or another."""
    links, downloads, other = tables.links, tables.downloads, tables.links.alias("other")
    return sa.exists().where(
        other.c.series_id == links.c.series_id,
        other.c.episode_no == links.c.episode_no,
        other.c.episode_tenths == links.c.episode_tenths,
        downloads.c.link_id == other.c.link_id,
        downloads.c.status.not_in(
            [DownloadStatus.CANCELLED, DownloadStatus.FAILED, DownloadStatus.NO_DOWNLOADER]
        )
        | (other.c.link_id == links.c.link_id) & (downloads.c.status != DownloadStatus.CANCELLED),
    )


def initial_status(download_type: str | None) -> DownloadStatus:
    """Return where a new download starts: nobody fetches plain web files here."""
    known = download_type in {DownloadType.MAGNET, DownloadType.TORRENT}
    return DownloadStatus.PENDING if known else DownloadStatus.NO_DOWNLOADER


def start_downloads(core: Core) -> int:
    """Hand pending downloads to the torrent client; return how many torrents it was given."""
    downloads, links, items = tables.downloads, tables.links, tables.raw_items
    subscriptions = tables.subscriptions
    query = (
        sa.select(
            downloads.c.download_id,
            downloads.c.attempts,
            downloads.c.failing_since,
            links.c.url,
            links.c.download_type,
            subscriptions.c.source_url,
        )
        .select_from(
            downloads.join(links, links.c.link_id == downloads.c.link_id)
            .outerjoin(items, items.c.item_id == links.c.raw_item_id)
            .outerjoin(subscriptions, subscriptions.c.subscription_id == items.c.subscription_id)
        )
        .where(
            downloads.c.status == DownloadStatus.PENDING,
            sa.or_(downloads.c.next_try_at.is_(None), downloads.c.next_try_at <= core.now()),
        )
        .order_by(downloads.c.download_id)
        .limit(TOGETHER * 20)
    )
    with core.database.read() as connection:
        rows = connection.execute(query).mappings().all()
    by_url: dict[str, list[Row]] = {}
    for row in rows:
        by_url.setdefault(row["url"], []).append(row)
    for group in list(by_url.values())[:TOGETHER]:
        _start(core, group)
    if len(by_url) > TOGETHER:
        core.wake("downloads", "")
    return min(len(by_url), TOGETHER)


def _start(core: Core, group: Sequence[Row]) -> None:
    """Start one torrent for all downloads that come from it."""
    try:
        source = _source(core, group[0])
        with core.database.write() as connection:
            _update(connection, group, {"torrent_hash": source.info_hash, "updated_at": core.now()})
        added = core.torrents.add(source, save_path=save_path(core, source.info_hash or ""))
    except ClientAway as error:
        _failed(core, group, DownloadStatus.PENDING, error)
    except TorrentRefused as error:
        _failed(core, group, DownloadStatus.FAILED, error)
    except Unavailable as error:
        _failed(core, group, DownloadStatus.PENDING, error)
    else:
        with core.database.write() as connection:
            _update(
                connection,
                group,
                {
                    "torrent_hash": added.info_hash,
                    "status": DownloadStatus.DOWNLOADING.value,
                    "error_message": None,
                    "attempts": 0,
                    "failing_since": None,
                    "next_try_at": None,
                    "updated_at": core.now(),
                },
            )
        if added.existed:
            core.wake("transfers", "")


def save_path(core: Core, info_hash: str) -> str:
    """Return a torrent's own folder: two releases with files of one name must not meet."""
    return os.path.join(core.downloads_folder, info_hash)


def _source(core: Core, row: Row) -> TorrentSource:
    if row["download_type"] == DownloadType.MAGNET:
        return TorrentSource(magnet=row["url"], info_hash=read_magnet(row["url"]).info_hash)
    if row["source_url"]:
        trust_feed(core, row["source_url"])
    fetched = core.web.get(
        row["url"],
        max_bytes=MAX_TORRENT_BYTES,
        accept="application/x-bittorrent",
        linked_from=row["source_url"],
    )
    if isinstance(fetched, NotModified):
        raise Unavailable(_("{url} gave no torrent.", url=fetched.url))
    info = read_torrent(fetched.body)
    return TorrentSource(content=fetched.body, info_hash=info.info_hash)


def _update(connection: sa.Connection, group: Sequence[Row], values: dict[str, Any]) -> None:
    table = tables.downloads
    connection.execute(
        sa.update(table)
        .where(
            table.c.download_id.in_([row["download_id"] for row in group]),
            table.c.status == DownloadStatus.PENDING,
        )
        .values(values)
    )


def _failed(core: Core, group: Sequence[Row], status: DownloadStatus, error: SeitonError) -> None:
    now = core.now()
    attempts = group[0]["attempts"] + 1
    with core.database.write() as connection:
        _update(
            connection,
            group,
            {
                "status": status.value,
                "error_message": str(error),
                "attempts": attempts,
                "failing_since": group[0]["failing_since"] or now,
                "next_try_at": next_try(now, attempts),
                "updated_at": now,
            },
        )
