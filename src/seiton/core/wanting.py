"""Which links are downloaded: an episode is fetched once, whatever number of releases offer it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.desired import refresh_desired
from seiton.core.links import Episode
from seiton.domain.states import GIVEN_UP, DownloadStatus, DownloadType


def want_downloads(connection: sa.Connection, episodes: Collection[Episode] | None, now: datetime) -> int:
    """Record a pending download for each of ``episodes`` (``None``: of all) that has none; return how many.

    The release that is on its way or filed stays the one, else the link known longest is taken. Others are
    passed over (a batch beside its single episodes, a second group), until it is given up: an edit that
    gives the filed release another number downloads nothing. A link is never taken twice by itself: what
    failed or was cancelled is tried again by hand.
    """
    made = _want(connection, episodes, now, passed_over=False)
    _pass_over(connection, episodes)
    return made


def _want(
    connection: sa.Connection, episodes: Collection[Episode] | None, now: datetime, *, passed_over: bool
) -> int:
    wanted: dict[Episode, Any] = {}
    for row in sorted(_free_links(connection, episodes, passed_over=passed_over), key=_preference):
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
    for part in chunks(rows):
        connection.execute(sa.insert(tables.downloads), part)
    refresh_desired(connection, [row["link_id"] for row in rows], None, now)
    return len(rows)


def initial_status(download_type: str | None) -> DownloadStatus:
    """Return where a new download starts: nobody fetches plain web files here."""
    known = download_type in {DownloadType.MAGNET, DownloadType.TORRENT}
    return DownloadStatus.PENDING if known else DownloadStatus.NO_DOWNLOADER


def _preference(link: Any) -> tuple[bool, int]:
    return initial_status(link.download_type) is DownloadStatus.NO_DOWNLOADER, link.link_id


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
    return _want(connection, episodes, now, passed_over=True)


def _pass_over(connection: sa.Connection, episodes: Collection[Episode] | None) -> None:
    """Note which links are not needed, because their episode comes from another release."""
    links, downloads = tables.links, tables.downloads
    own = sa.exists().where(downloads.c.link_id == links.c.link_id)
    update = sa.update(links).where(
        ~links.c.passed_over, ~links.c.filtered_flag, links.c.detached_at.is_(None), ~own, is_fetched()
    )
    if episodes is None:
        connection.execute(update.values(passed_over=True))
        return
    episode = sa.tuple_(links.c.series_id, links.c.episode_no, links.c.episode_tenths)
    for part in chunks(sorted(episodes)):
        series = links.c.series_id.in_({series_id for series_id, _number, _tenths in part})
        connection.execute(update.where(series, episode.in_(part)).values(passed_over=True))


def _free_links(
    connection: sa.Connection, episodes: Collection[Episode] | None, *, passed_over: bool
) -> Iterable[Any]:
    """Give the links that could be taken now; those that were ``passed_over`` only where it is said."""
    links, downloads = tables.links, tables.downloads
    own = sa.exists().where(downloads.c.link_id == links.c.link_id)
    query = sa.select(
        links.c.link_id,
        links.c.download_type,
        links.c.series_id,
        links.c.episode_no,
        links.c.episode_tenths,
    ).where(~links.c.filtered_flag, links.c.detached_at.is_(None), ~own, ~is_fetched())
    if not passed_over:
        query = query.where(~links.c.passed_over)
    if episodes is None:
        return connection.execute(query).all()
    episode = sa.tuple_(links.c.series_id, links.c.episode_no, links.c.episode_tenths)
    found: list[Any] = []
    for part in chunks(sorted(episodes)):
        # SQLite finds no index for the triple alone.
        series = links.c.series_id.in_({series_id for series_id, _number, _tenths in part})
        found += connection.execute(query.where(series, episode.in_(part)))
    return found


def is_fetched() -> sa.ColumnElement[bool]:
    """Say of a link that another release of its episode is on its way, or there."""
    links, downloads, other = tables.links, tables.downloads, tables.links.alias("other")
    # What has not begun, of a title that no parser matches any more, does not begin.
    asleep = (downloads.c.status == DownloadStatus.PENDING) & other.c.detached_at.is_not(None)
    return sa.exists().where(
        other.c.series_id == links.c.series_id,
        other.c.episode_no == links.c.episode_no,
        other.c.episode_tenths == links.c.episode_tenths,
        downloads.c.link_id == other.c.link_id,
        downloads.c.status.not_in(sorted(GIVEN_UP)),
        ~asleep,
    )
