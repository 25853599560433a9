"""A corrected release takes the place of the one before it, once all of it is there.

The old unit goes to the trash of its library, by the viewer's journal, and is kept there for good; it can be
restored like anything that was removed. The new one is not sent to the viewer before the old one has left.
"""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.removal.removing import TargetType, remove
from seiton.core.rules.rulesets import is_unfinished
from seiton.core.service import Core
from seiton.domain.states import CancelReason, DownloadStatus
from seiton.errors import Conflict

_D = DownloadStatus
_FILED = (_D.COMPLETED, _D.SYNCING, _D.SYNCED, _D.RESYNCING, _D.SYNC_FAILED)

_old, _old_link = tables.downloads.alias("old"), tables.links.alias("old_link")


def _is_older_than(link: sa.FromClause) -> sa.ColumnElement[bool]:
    """Say of ``old`` that it is an earlier version of the same release as ``link``."""
    return sa.and_(
        _old.c.link_id == _old_link.c.link_id,
        _old_link.c.series_id == link.c.series_id,
        _old_link.c.episode_no == link.c.episode_no,
        _old_link.c.episode_tenths == link.c.episode_tenths,
        _old_link.c.group_id == link.c.group_id,
        _old_link.c.version < link.c.version,
        ~_old_link.c.is_batch,
        ~link.c.is_batch,
    )


def waits_for_its_place() -> sa.ColumnElement[bool]:
    """Say of a row of ``downloads`` that an earlier version has not left the library yet."""
    links = tables.links
    return sa.exists().where(
        links.c.link_id == tables.downloads.c.link_id,
        _old.c.status.in_(_FILED),
        _is_older_than(links),
    )


def replace_versions(core: Core) -> int:
    """Remove the earlier versions of what is complete now; return how many downloads."""
    downloads, links = tables.downloads, tables.links
    query = (
        sa.select(_old.c.download_id)
        .where(
            downloads.c.link_id == links.c.link_id,
            downloads.c.status == _D.COMPLETED,
            downloads.c.source_path.is_not(None),
            downloads.c.removed_at.is_(None),
            _old.c.status.in_(_FILED),
            _old.c.removed_at.is_(None),
            _is_older_than(links),
        )
        .distinct()
    )
    with core.database.read() as connection:
        if is_unfinished(connection):
            return 0
        found = sorted(connection.execute(query).scalars())
    for download_id in found:
        with core.database.write() as connection:
            connection.execute(
                sa.update(downloads)
                .where(downloads.c.download_id == download_id)
                .values(cancel_reason=CancelReason.REPLACED.value)
            )
        try:
            # Nobody removed it by name, so nothing ever deletes it.
            remove(core, TargetType.DOWNLOAD, download_id, for_good=True)
        except Conflict:
            continue  # somebody was quicker
    return len(found)
