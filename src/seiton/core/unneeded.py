"""Remove torrents whose downloads were all taken back before they were complete."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.torrents.port import ClientAway
from seiton.core import tables
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus


def remove_unneeded(core: Core) -> int:
    """Have the client forget them, with what it had fetched of them; return how many torrents.

    Only cancelled downloads that name a torrent are looked at, and only where no file of that torrent was
    ever used: files of the library are never in question. A client that is away is asked again later.
    """
    removed = 0
    with core.database.read() as connection:
        hashes = _unneeded(connection)
    for info_hash in hashes:
        try:
            core.torrents.remove(info_hash, delete_data=True)
        except ClientAway:
            return removed
        table = tables.downloads
        with core.database.write() as connection:
            # Whoever wants it again meanwhile sees that the client forgot it, and hands it over anew.
            connection.execute(
                sa.update(table)
                .where(table.c.torrent_hash == info_hash, table.c.status == DownloadStatus.CANCELLED)
                .values(torrent_hash=None)
            )
        removed += 1
    return removed


def _unneeded(connection: sa.Connection) -> list[str]:
    mine, other = tables.downloads.alias("mine"), tables.downloads.alias("other")
    needed = sa.exists().where(
        other.c.torrent_hash == mine.c.torrent_hash,
        sa.or_(
            other.c.status != DownloadStatus.CANCELLED,
            other.c.source_path.is_not(None),
            other.c.content_path.is_not(None),
        ),
    )
    query = (
        sa.select(mine.c.torrent_hash)
        .where(
            mine.c.status == DownloadStatus.CANCELLED,
            mine.c.cancel_reason.is_not(None),
            mine.c.torrent_hash.is_not(None),
            ~needed,
        )
        .distinct()
    )
    return sorted(connection.execute(query).scalars())
