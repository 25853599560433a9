"""Which links are downloaded: an episode is fetched once, whatever number of releases offer it.

``domain.duplicates`` decides between them. What it leaves open becomes a conflict for a person; a conflict
that has nothing to choose any more is closed at the same place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.causes.brake import waiting_links
from seiton.core.downloads.conflicts import note_link_conflicts
from seiton.core.downloads.offers import NO_FLAGS, initial_status, plan_downloads
from seiton.core.filing.desired import refresh_desired
from seiton.core.links.making import Episode
from seiton.core.rules.rulesets import is_unfinished
from seiton.domain.duplicates import Choice
from seiton.domain.states import BEFORE_FILES, CancelReason, DownloadStatus, DownloadType

__all__ = ["add_downloads", "initial_status", "want_downloads", "want_instead"]


def want_downloads(connection: sa.Connection, episodes: Collection[Episode] | None, now: datetime) -> int:
    """Record a pending download for each of ``episodes`` (``None``: of all) that has none; return how many.

    The release that is on its way or filed stays the one, unless its group corrects it before it is there.
    Others wait as links (a batch beside its single episodes, a second group), until it is given up. A link
    is never taken twice by itself: what failed or was cancelled by hand is tried again by hand.
    """
    return take_choices(connection, choose_downloads(connection, episodes, now), now)


def want_when_settled(connection: sa.Connection, episodes: Collection[Episode], now: datetime) -> int:
    """Do the same; while titles are parsed again, note the series instead: the end of that does it."""
    if not is_unfinished(connection):
        return want_downloads(connection, episodes, now)
    unsettle(connection, {series_id for series_id, _number, _tenths in episodes})
    return 0


def unsettle(connection: sa.Connection, series_ids: Collection[int] | None) -> None:
    """Note series (``None``: all), of whose episodes is to be chosen what is fetched when a reparse ends."""
    table = tables.series
    update = sa.update(table).where(~table.c.is_unsettled).values(is_unsettled=True)
    if series_ids is None:
        connection.execute(update)
        return
    for part in chunks(sorted(series_ids)):
        connection.execute(update.where(table.c.series_id.in_(part)))


def take_unsettled(connection: sa.Connection, link_ids: Sequence[int]) -> set[int]:
    """Return the series that were noted, and those of ``link_ids``; none is noted any more."""
    table, links = tables.series, tables.links
    found = set(connection.execute(sa.select(table.c.series_id).where(table.c.is_unsettled)).scalars())
    if found:
        connection.execute(sa.update(table).where(table.c.is_unsettled).values(is_unsettled=False))
    for part in chunks(link_ids):
        query = sa.select(links.c.series_id).where(links.c.link_id.in_(part))
        found |= set(connection.execute(query).scalars())
    return found


def choose_downloads(
    connection: sa.Connection,
    episodes: Collection[Episode] | None,
    now: datetime,
    flags: Mapping[int, bool] = NO_FLAGS,
    series_ids: Collection[int] | None = None,
) -> list[Choice]:
    """Return what ``want_downloads`` would begin, conflicts being noted; ``flags`` and ``series_ids`` as of
    ``plan_downloads``.

    What waits for a person's confirmation is not begun by anything else; what would not be begun any more
    ceases to wait.
    """
    outcomes = plan_downloads(connection, episodes, flags, series_ids)
    is_all = episodes is None
    note_link_conflicts(connection, outcomes, now, is_all=is_all, series_ids=series_ids)
    choices = [outcome for outcome in outcomes.values() if isinstance(outcome, Choice)]
    if is_all:
        _drop_waiting(connection, {choice.link_id for choice in choices}, series_ids)
    waiting = waiting_links(connection, [choice.link_id for choice in choices])
    return [choice for choice in choices if choice.link_id not in waiting]


def _drop_waiting(
    connection: sa.Connection, chosen: Collection[int], series_ids: Collection[int] | None
) -> None:
    """Forget downloads of ``series_ids`` (``None``: of all) that wait to be begun and are not ``chosen``, and
    those that wait to be taken back and are wanted.
    """
    table, links = tables.waiting_downloads, tables.links
    query = sa.select(table.c.link_id, table.c.is_start, links.c.series_id)
    rows = connection.execute(query.join(links, links.c.link_id == table.c.link_id)).all()
    if not rows:
        return
    gone = [
        link_id
        for link_id, is_start, series_id in rows
        if is_start and link_id not in chosen and (series_ids is None or series_id in series_ids)
    ]
    for part in chunks(gone):
        connection.execute(sa.delete(table).where(table.c.link_id.in_(part), table.c.is_start))
    kept_out = sa.select(links.c.link_id).where(links.c.filtered_flag)
    connection.execute(sa.delete(table).where(~table.c.is_start, table.c.link_id.not_in(kept_out)))


def take_choices(connection: sa.Connection, choices: Sequence[Choice], now: datetime) -> int:
    """Record a pending download for each of ``choices``, and take back what they replace."""
    replaced = [choice.replaces for choice in choices if choice.replaces is not None]
    cancel_downloads(connection, replaced, CancelReason.REPLACED, now)
    return add_downloads(connection, [choice.link_id for choice in choices], now)


def add_downloads(connection: sa.Connection, link_ids: Sequence[int], now: datetime) -> int:
    """Record a pending download for each of ``link_ids``, which have none; return how many."""
    links = tables.links.c
    rows: list[dict[str, Any]] = []
    for part in chunks(sorted(link_ids)):
        query = sa.select(links.link_id, links.download_type).where(links.link_id.in_(part))
        rows += [
            {
                "link_id": row.link_id,
                "downloader_type": row.download_type or DownloadType.HTTP.value,
                "status": initial_status(row.download_type).value,
                "created_at": now,
                "updated_at": now,
            }
            for row in connection.execute(query.order_by(links.link_id))
        ]
    for part_rows in chunks(rows):
        connection.execute(sa.insert(tables.downloads), part_rows)
    refresh_desired(connection, [row["link_id"] for row in rows], None, now)
    return len(rows)


def cancel_downloads(
    connection: sa.Connection, link_ids: Iterable[int], reason: CancelReason, now: datetime
) -> int:
    """Take back the downloads of ``link_ids`` of which no file is used yet; return how many.

    Their torrents go too, afterwards, unless others need them (``ending.end_torrents``).
    """
    table = tables.downloads
    cancelled = 0
    for part in chunks(sorted(set(link_ids))):
        done = connection.execute(
            sa.update(table)
            .where(
                table.c.link_id.in_(part),
                table.c.status.in_(sorted(BEFORE_FILES | {DownloadStatus.NO_DOWNLOADER})),
            )
            .values(
                status=DownloadStatus.CANCELLED.value,
                cancel_reason=reason.value,
                torrent_wish=sa.case((table.c.torrent_hash.is_not(None), "delete")),
                next_try_at=None,
                updated_at=now,
            )
        )
        cancelled += done.rowcount
    return cancelled


def unwanted_downloads(connection: sa.Connection) -> list[int]:
    """Return the links that rules keep out and that are on their way all the same; not those that wait."""
    downloads, links, waiting = tables.downloads, tables.links, tables.waiting_downloads
    query = (
        sa.select(links.c.link_id)
        .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
        .where(
            downloads.c.status.in_(sorted(BEFORE_FILES | {DownloadStatus.NO_DOWNLOADER})),
            links.c.filtered_flag,
            ~sa.exists().where(waiting.c.link_id == links.c.link_id),
        )
        .order_by(links.c.link_id)
    )
    return list(connection.execute(query).scalars())


def want_instead(connection: sa.Connection, download_ids: Sequence[int], now: datetime) -> int:
    """Let other releases take the place of downloads that were given up; return how many did."""
    downloads, links = tables.downloads, tables.links
    episodes: set[Episode] = set()
    for part in chunks(download_ids):
        query = (
            sa.select(links.c.series_id, links.c.episode_no, links.c.episode_tenths)
            .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
            .where(downloads.c.download_id.in_(part))
        )
        episodes |= {(row[0], row[1], row[2]) for row in connection.execute(query)}
    return want_downloads(connection, episodes, now)
