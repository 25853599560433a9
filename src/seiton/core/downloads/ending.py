"""What becomes of torrents that are not wanted any more, or have seeded enough; library copies stay."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.torrents.port import ClientAway, TorrentStatus, TransferState
from seiton.core import tables
from seiton.core.removal.removing import INCOMPLETE, shared_torrents
from seiton.core.retries import NO_HOLD
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus
from seiton.errors import Conflict, NotFound
from seiton.text import _

log = logging.getLogger(__name__)

_D = DownloadStatus
_CANCELLABLE = INCOMPLETE | {_D.NO_DOWNLOADER, _D.FAILED, _D.BATCH_UNMATCHED, _D.BATCH_FAILED}
AT_REST = frozenset({_D.SYNCED, _D.CANCELLED, _D.BATCH_FAILED})
"""A download that does not need its torrent's data any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedingGoals:
    """When a torrent has given enough: whichever comes first; ``None``: never.

    ``remove_data``: delete what lies in the download folder, too. Never what lies in the library.
    """

    ratio: float | None = None
    hours: float | None = None
    remove_data: bool = False

    def are_met(self, status: TorrentStatus) -> bool:
        """Say whether a complete torrent has reached one of the goals."""
        if status.state is not TransferState.COMPLETED:
            return False
        by_ratio = self.ratio is not None and status.uploaded >= self.ratio * max(status.size, 1)
        by_time = self.hours is not None and status.seeding_seconds >= self.hours * 3600
        return by_ratio or by_time


def cancel_download(core: Core, download_id: int) -> None:
    """Take back a download that is not complete. Its torrent goes, with what it has, unless others need it.

    Raises ``NotFound``, and ``Conflict`` for what is complete: that is removed instead.
    """
    table = tables.downloads
    query = sa.select(table).where(table.c.download_id == download_id).with_for_update()
    with core.database.write() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise NotFound(_("There is no download {download_id}.", download_id=download_id))
        if row["status"] not in _CANCELLABLE:
            raise Conflict(
                _(
                    "Download {download_id} cannot be cancelled: it is complete, or was cancelled.",
                    download_id=download_id,
                )
            )
        connection.execute(
            sa.update(table)
            .where(table.c.download_id == download_id)
            .values(
                status=_D.CANCELLED.value,
                torrent_wish="delete" if row["torrent_hash"] else None,
                next_try_at=None,
                **NO_HOLD,
                updated_at=core.now(),
            )
        )
    core.wake("torrents", "")


def end_torrents(core: Core, goals: SeedingGoals) -> int:
    """Do what is wanted of torrents, and end those that have seeded enough; return how many."""
    return _grant_wishes(core) + _end_seeding(core, goals)


def _grant_wishes(core: Core) -> int:
    table = tables.downloads
    query = sa.select(table.c.torrent_hash, table.c.torrent_wish).where(
        table.c.torrent_wish.is_not(None),
        table.c.torrent_hash.is_not(None),
    )
    with core.database.read() as connection:
        # Of a removal: once the viewer has put everything away, it needs the download no more.
        wishes: dict[str, set[str]] = {}
        for info_hash, wish in connection.execute(query):
            wishes.setdefault(info_hash, set()).add(wish)
        is_waiting = sa.and_(table.c.removed_at.is_not(None), table.c.status != _D.CANCELLED)
        waiting = set(connection.execute(sa.select(table.c.torrent_hash).where(is_waiting)).scalars())
        wishes = {info_hash: wanted for info_hash, wanted in wishes.items() if info_hash not in waiting}
        shared = shared_torrents(connection, list(wishes))
    granted = 0
    for info_hash, wanted in wishes.items():
        try:
            if "pause" in wanted:
                _pause(core, info_hash)
            elif info_hash not in shared:
                core.torrents.remove(info_hash, delete_data="delete" in wanted)
        except ClientAway as error:
            log.info("%s", error)  # the next look will do it
            continue
        _granted(core, info_hash, ended=info_hash not in shared and "pause" not in wanted)
        granted += 1
    return granted


def _pause(core: Core, info_hash: str) -> None:
    try:
        core.torrents.pause(info_hash)
    except NotFound:
        return


def _granted(core: Core, info_hash: str, *, ended: bool) -> None:
    table = tables.downloads
    with core.database.write() as connection:
        connection.execute(
            sa.update(table)
            .where(table.c.torrent_hash == info_hash)
            .values(torrent_wish=None, **({"torrent_ended_at": core.now()} if ended else {}))
        )


def _end_seeding(core: Core, goals: SeedingGoals) -> int:
    """End torrents of which every download is at rest in the library, or was given up for good."""
    if goals.ratio is None and goals.hours is None:
        return 0
    table, other = tables.downloads, tables.downloads.alias("other")
    is_needed = sa.exists().where(
        other.c.torrent_hash == table.c.torrent_hash, other.c.status.not_in(sorted(AT_REST))
    )
    query = (
        sa.select(table.c.torrent_hash)
        .where(
            table.c.status == _D.SYNCED,
            table.c.torrent_hash.is_not(None),
            table.c.torrent_ended_at.is_(None),
            ~is_needed,
        )
        .distinct()
        .order_by(table.c.torrent_hash)
    )
    with core.database.read() as connection:
        hashes = list(connection.execute(query).scalars())
    ended = 0
    for part in chunks(hashes):
        try:
            for info_hash, status in core.torrents.status(part).items():
                if goals.are_met(status):
                    core.torrents.remove(info_hash, delete_data=goals.remove_data)
                    _granted(core, info_hash, ended=True)
                    ended += 1
        except ClientAway as error:
            log.info("%s", error)
    return ended
