"""Hand wanted links to the torrent client: intent recorded first, matched by info hash, never twice."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from hashlib import sha1
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.http import FetchError, FetchFault, NotModified
from seiton.adapters.torrents.port import TorrentRefused, TorrentSource
from seiton.adapters.torrents.torrent_file import read_magnet, read_torrent
from seiton.core import tables
from seiton.core.downloads.downloaders import NoDownloader, served_types
from seiton.core.downloads.offers import is_fetched
from seiton.core.downloads.wanting import want_instead
from seiton.core.notifications.happened import about_downloads
from seiton.core.retries import GIVE_UP, NO_FAILURE, next_try
from seiton.core.service import Core, trust_feed
from seiton.domain.states import DownloadStatus, DownloadType, Happens, HoldReason
from seiton.errors import SeitonError, Unavailable
from seiton.text import _

MAX_TORRENT_BYTES = 10 * 1024 * 1024
TOGETHER = 50
"""Torrents handed over in one look; the rest follow in the next."""

GONE = frozenset({404, 410})
GONE_ATTEMPTS = 3
"""Times that a torrent is asked for where there is none, before another release may take its place."""


def start_downloads(core: Core) -> int:
    """Hand pending downloads to the torrent client; return how many torrents it was given."""
    revive_unserved(core)
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
            links.c.detached_at.is_(None),  # waits until a parser says again what it is
            ~links.c.filtered_flag,  # is taken back when a person has confirmed that
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


def revive_unserved(core: Core) -> int:
    """Let downloads go on that nobody could fetch until now, if somebody can; return how many.

    Their rows and reasons stay. Of two releases of an episode the one recorded first goes on; where another
    release has taken the place it keeps it.
    """
    with core.database.read() as connection:
        if not _unserved(core, connection):
            return 0
    table = tables.downloads
    with core.database.write() as connection:
        revived = connection.execute(
            sa.update(table)
            .where(table.c.download_id.in_(_unserved(core, connection)))
            .values(
                status=DownloadStatus.PENDING.value,
                **NO_FAILURE,
                updated_at=core.now(),
            )
        )
    return revived.rowcount


def _unserved(core: Core, connection: sa.Connection) -> Sequence[int]:
    """Return the downloads that nobody could fetch, and somebody can now."""
    table, links = tables.downloads, tables.links
    query = (
        sa.select(sa.func.min(table.c.download_id))
        .select_from(table.join(links, links.c.link_id == table.c.link_id))
        .where(
            table.c.status == DownloadStatus.NO_DOWNLOADER,
            table.c.downloader_type.in_(sorted(served_types(core, connection))),
            table.c.removed_at.is_(None),
            links.c.detached_at.is_(None),
            ~links.c.filtered_flag,
            ~is_fetched(),
        )
        .group_by(links.c.series_id, links.c.episode_no, links.c.episode_tenths)
        .limit(TOGETHER * 20)
    )
    return connection.execute(query).scalars().all()


def _start(core: Core, group: Sequence[Row]) -> None:
    """Start one torrent for all downloads that come from it."""
    try:
        source = _source(core, group[0])
        with core.database.write() as connection:
            named = {"torrent_hash": source.info_hash, "updated_at": core.now()}
            if not _update(connection, group, named):
                return  # taken back while its torrent was fetched
        added = core.torrents.add(source, save_path=save_path(core, source.info_hash or ""))
    except SeitonError as error:
        _failed(core, group, error)
    else:
        with core.database.write() as connection:
            is_wanted = _update(
                connection,
                group,
                {
                    "torrent_hash": added.info_hash,
                    "status": DownloadStatus.DOWNLOADING.value,
                    "error_message": None,
                    "next_try_at": None,
                    "progress_at": core.now(),
                    "torrent_ended_at": None,
                    "updated_at": core.now(),
                },
            )
            if not is_wanted:
                _taken_back(connection, group, added.info_hash)
        if not is_wanted:
            core.wake("torrents", "")
        if added.existed:
            core.wake("transfers", "")


def save_path(core: Core, info_hash: str) -> str:
    """Return a torrent's own folder: two releases with files of one name must not meet."""
    return os.path.join(core.downloads_folder, info_hash)


def _source(core: Core, row: Row) -> TorrentSource:
    url = row["url"]
    if row["download_type"] == DownloadType.MAGNET:
        return TorrentSource(magnet=url, info_hash=read_magnet(url).info_hash, url=url)
    if row["download_type"] != DownloadType.TORRENT:
        name = sha1(url.encode(), usedforsecurity=False).hexdigest()
        return TorrentSource(url=url, info_hash=name, hash_is_ours=True)
    if row["source_url"]:
        trust_feed(core, row["source_url"])
    fetched = core.web.get(
        url,
        max_bytes=MAX_TORRENT_BYTES,
        accept="application/x-bittorrent",
        linked_from=row["source_url"],
    )
    if isinstance(fetched, NotModified):
        raise Unavailable(_("{url} gave no torrent.", url=fetched.url))
    info = read_torrent(fetched.body)
    return TorrentSource(content=fetched.body, info_hash=info.info_hash, url=url)


def _taken_back(connection: sa.Connection, group: Sequence[Row], info_hash: str) -> None:
    """Name the torrent on downloads that were cancelled while it was handed over: so it is removed again."""
    table = tables.downloads
    connection.execute(
        sa.update(table)
        .where(
            table.c.download_id.in_([row["download_id"] for row in group]),
            table.c.status == DownloadStatus.CANCELLED,
        )
        .values(torrent_hash=info_hash, torrent_wish="delete")
    )


def _update(connection: sa.Connection, group: Sequence[Row], values: Mapping[str, Any]) -> int:
    """Change those of ``group`` that are still pending; return how many."""
    table = tables.downloads
    done = connection.execute(
        sa.update(table)
        .where(
            table.c.download_id.in_([row["download_id"] for row in group]),
            table.c.status == DownloadStatus.PENDING,
        )
        .values(values)
    )
    return done.rowcount


def _failed(core: Core, group: Sequence[Row], error: SeitonError) -> None:
    """Note why a torrent was not started: tried again later, or given up for another release."""
    now = core.now()
    attempts = group[0]["attempts"] + 1
    since = group[0]["failing_since"] or now
    is_final = _is_final(error, attempts) or now - since > GIVE_UP
    status = DownloadStatus.FAILED if is_final else DownloadStatus.PENDING
    if isinstance(error, NoDownloader):
        status, is_final = DownloadStatus.NO_DOWNLOADER, False  # it goes on when somebody registers
    values: Mapping[str, Any] = {
        "status": status.value,
        "error_message": str(error),
        "attempts": attempts,
        "failing_since": since,
        "next_try_at": next_try(now, attempts) if status is DownloadStatus.PENDING else None,
        "hold_reason": HoldReason.GAVE_UP.value if is_final and now - since > GIVE_UP else None,
        "updated_at": now,
    }
    with core.database.write() as connection:
        changed = _update(connection, group, values)
        replaced = want_instead(connection, [row["download_id"] for row in group], now) if is_final else 0
        if is_final and changed and not replaced:
            given_up = [(row["download_id"], Happens.DOWNLOAD_FAILED, None) for row in group]
            about_downloads(connection, given_up, now)
    if replaced:
        core.wake("downloads", "")


def _is_final(error: SeitonError, attempts: int) -> bool:
    """Say whether trying again would not help."""
    if isinstance(error, FetchError):
        is_gone = error.http_status in GONE and attempts >= GONE_ATTEMPTS
        return is_gone or error.reason is FetchFault.TOO_LARGE
    return isinstance(error, TorrentRefused)
