"""Remove an episode, a series, a work, a group or what a feed brought: softly, with a way back.

Rows stay as history. Files go to the trash of their library by the viewer's journal; nothing cascades.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.torrents.port import ClientAway
from seiton.contract import MAX_BATCH, HeldFile, ViewerFilesRequest
from seiton.core import tables
from seiton.core.causes.records import record_cause
from seiton.core.downloads.conflicts import close_subscription_conflicts
from seiton.core.filing.desired import supersede
from seiton.core.retries import NO_FAILURE, NO_HOLD
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus
from seiton.errors import Conflict, NotFound
from seiton.text import _

KEPT_FOR = timedelta(days=14)
"""How long a removal can be restored."""
FOR_GOOD = datetime(9000, 1, 1, tzinfo=UTC)
"""Until then lies in the trash what nobody removed by name."""

_D = DownloadStatus
INCOMPLETE = frozenset({_D.PENDING, _D.DOWNLOADING, _D.DOWNLOADER_ERROR})
"""Nothing of use has been downloaded yet."""

_IN_USE = frozenset({*INCOMPLETE, _D.COMPLETED, _D.SYNCING, _D.SYNCED, _D.RESYNCING, _D.SYNC_FAILED})


class TargetType(StrEnum):
    """What can be removed."""

    DOWNLOAD = "download"  #: one episode
    SERIES = "series"
    ANIME = "anime"
    SUBTITLE_GROUP = "subtitle_group"
    SUBSCRIPTION = "subscription"  #: with what no other feed that is followed brought


class TorrentChoice(StrEnum):
    """What becomes of torrents that are complete; incomplete ones are dropped with what they have."""

    KEEP = "keep"  #: they go on seeding
    REMOVE = "remove"  #: the client forgets them, the data in the download folder stays
    DELETE = "delete"  #: the data in the download folder is deleted, too


class FileChoice(StrEnum):
    """What becomes of files in the library."""

    TRASH = "trash"
    KEEP = "keep"  #: they stay as they are; only what is not there yet is taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentFound:
    """A torrent of what would be removed; ``is_shared``: others need it, so it stays whatever is chosen."""

    info_hash: str
    size: int | None
    download_ids: tuple[int, ...]
    is_shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalPreview:
    """What a removal would take away; ``has_more``: and more that was not looked at."""

    name: str
    downloads: tuple[Row, ...]
    files: tuple[HeldFile, ...]
    torrents: tuple[TorrentFound, ...]
    has_more: bool = False


_SUBJECTS: Mapping[TargetType, tuple[sa.Table, str]] = {
    TargetType.SERIES: (tables.series, "series_id"),
    TargetType.ANIME: (tables.animes, "anime_id"),
    TargetType.SUBTITLE_GROUP: (tables.subtitle_groups, "group_id"),
    TargetType.SUBSCRIPTION: (tables.subscriptions, "subscription_id"),
    TargetType.DOWNLOAD: (tables.downloads, "download_id"),
}


def preview_removal(
    core: Core, kind: TargetType, target_id: int, *, most: int | None = None
) -> RemovalPreview:
    """Return what removing would take away, of ``most`` downloads. Writes nothing. Raises ``NotFound``, and
    ``Conflict`` where it is removed already; ``Unavailable`` when the viewer cannot be asked.
    """
    with core.database.read() as connection:
        name = _subject(connection, kind, target_id)
        rows = _downloads_of(connection, kind, target_id, None if most is None else most + 1)
        has_more = most is not None and len(rows) > most
        rows = rows[:most]
        torrents = _torrents(connection, rows)
    ids = [row["download_id"] for row in rows if row["sent_revision"] > 0]
    files: list[HeldFile] = []
    for part in chunks(ids, MAX_BATCH):
        request = ViewerFilesRequest(core_instance=core.instance_id, download_ids=tuple(part))
        files += core.viewer.files(request).files
    return RemovalPreview(
        name=name,
        downloads=tuple(rows),
        files=tuple(files),
        torrents=_with_sizes(core, torrents),
        has_more=has_more,
    )


def remove(
    core: Core,
    kind: TargetType,
    target_id: int,
    *,
    torrents: TorrentChoice = TorrentChoice.KEEP,
    files: FileChoice = FileChoice.TRASH,
    for_good: bool = False,
) -> int:
    """Record a removal and have it done in the background; return its id. ``for_good``: its files are kept in
    the trash and never deleted. Raises as ``preview_removal``.
    """
    now = core.now()
    with core.database.write() as connection:
        name = _subject(connection, kind, target_id)
        rows = _downloads_of(connection, kind, target_id)
        if files is FileChoice.KEEP:
            rows = [row for row in rows if row["status"] in INCOMPLETE]
        removal_id = record_cause(
            connection,
            f"removed_{kind.value}",
            now,
            subject_id=target_id,
            subject_name=name,
            after={"target_type": kind.value, "torrents": torrents.value, "files": files.value},
            total=len(rows),
            reparsed=True,
            trash_until=FOR_GOOD if for_good else now + KEPT_FOR,
        )
        if kind is not TargetType.DOWNLOAD:
            _mark_subject(connection, kind, target_id, now)
        _take_back(connection, rows, removal_id, torrents, now)
    for job in ("reconcile", "torrents"):
        core.wake(job, "")
    return removal_id


def _subject(connection: sa.Connection, kind: TargetType, target_id: int) -> str:
    """Return what is removed by name. Raises ``NotFound`` or ``Conflict``."""
    table, key = _SUBJECTS[kind]
    query = sa.select(table).where(table.c[key] == target_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no {kind} {target_id}.", kind=kind.value, target_id=target_id))
    is_gone = not row["is_active"] if kind is TargetType.SUBSCRIPTION else row["removed_at"] is not None
    if is_gone or (kind is TargetType.DOWNLOAD and row["status"] == _D.CANCELLED):
        raise Conflict(
            _(
                "It was removed or cancelled already: {kind} {target_id}.",
                kind=kind.value,
                target_id=target_id,
            )
        )
    match kind:
        case TargetType.ANIME:
            return str(row["title"])
        case TargetType.SUBTITLE_GROUP:
            return str(row["group_name"])
        case TargetType.SUBSCRIPTION:
            return str(row["name"] or row["source_url"])
        case TargetType.SERIES:
            title = sa.select(tables.animes.c.title).where(tables.animes.c.anime_id == row["anime_id"])
            return f"{connection.execute(title).scalar_one()} S{row['series_no']:02}"
        case TargetType.DOWNLOAD:
            title = sa.select(tables.links.c.title).where(tables.links.c.link_id == row["link_id"])
            return str(connection.execute(title).scalar_one() or f"#{target_id}")


def _downloads_of(
    connection: sa.Connection, kind: TargetType, target_id: int, most: int | None = None
) -> list[Row]:
    """Return the downloads that are part of it and are not removed yet, locked; ``most``: some of them."""
    downloads, links, series, animes = tables.downloads, tables.links, tables.series, tables.animes
    ties = tables.item_subscriptions
    query = (
        sa.select(
            downloads,
            links.c.episode_no,
            links.c.episode_tenths,
            links.c.title,
            series.c.series_no,
            animes.c.title.label("anime_title"),
        )
        .select_from(
            downloads.join(links, links.c.link_id == downloads.c.link_id)
            .join(series, series.c.series_id == links.c.series_id)
            .join(animes, animes.c.anime_id == series.c.anime_id)
        )
        .where(downloads.c.removed_at.is_(None), downloads.c.status != _D.CANCELLED)
        .order_by(downloads.c.download_id)
        .with_for_update(of=downloads)
    )
    match kind:
        case TargetType.DOWNLOAD:
            query = query.where(downloads.c.download_id == target_id)
        case TargetType.SERIES:
            query = query.where(links.c.series_id == target_id)
        case TargetType.ANIME:
            query = query.where(series.c.anime_id == target_id)
        case TargetType.SUBTITLE_GROUP:
            query = query.where(links.c.group_id == target_id)
        case TargetType.SUBSCRIPTION:
            # From the feed on, item by item: of a large one not all is looked through for a few.
            mine = (ties.c.item_id == links.c.raw_item_id) & (ties.c.subscription_id == target_id)
            query = query.join(ties, mine).where(~_also_brought(target_id))
            query = query if most is None else query.order_by(None).order_by(ties.c.item_id, links.c.slot)
    return list(connection.execute(query.limit(most)).mappings())


def _also_brought(subscription_id: int) -> sa.ColumnElement[bool]:
    """Say of a link that another subscription that is followed brought it as well."""
    links, ties, subscriptions = tables.links, tables.item_subscriptions.alias("also"), tables.subscriptions
    return sa.exists().where(
        ties.c.item_id == links.c.raw_item_id,
        ties.c.subscription_id != subscription_id,
        subscriptions.c.subscription_id == ties.c.subscription_id,
        subscriptions.c.is_active,
    )


def _mark_subject(connection: sa.Connection, kind: TargetType, target_id: int, now: datetime) -> None:
    table, key = _SUBJECTS[kind]
    values: dict[str, object] = (
        {"is_active": False} if kind is TargetType.SUBSCRIPTION else {"removed_at": now}
    )
    if "updated_at" in table.c:
        values["updated_at"] = now
    connection.execute(sa.update(table).where(table.c[key] == target_id).values(values))
    if kind is TargetType.SUBSCRIPTION:
        close_subscription_conflicts(connection, target_id, now)


def _take_back(
    connection: sa.Connection, rows: Sequence[Row], removal_id: int, choice: TorrentChoice, now: datetime
) -> None:
    """Mark ``rows`` as removed: what the viewer knows of goes through it, all else is over at once."""
    table = tables.downloads
    wish = None if choice is TorrentChoice.KEEP else choice.value
    updates: list[dict[str, Any]] = []
    items: list[dict[str, Any]] = []
    for row in rows:
        is_known = row["sent_revision"] > 0
        revision = row["desired_revision"] + is_known
        torrent_wish = TorrentChoice.DELETE.value if row["status"] in INCOMPLETE else wish
        updates.append(
            {
                "its_id": row["download_id"],
                "new_status": row["status"] if is_known else _D.CANCELLED.value,
                "revision": revision,
                "wish": torrent_wish if row["torrent_hash"] else None,
            }
        )
        items.append(
            {
                "resync_id": removal_id,
                "download_id": row["download_id"],
                "revision": revision,
                "before": {"status": row["status"], "meta": row["desired"]},
                "before_path": row["library_path"],
                "outcome": "pending" if is_known else "unchanged",
            }
        )
    if not updates:
        return
    connection.execute(
        sa.update(table)
        .where(table.c.download_id == sa.bindparam("its_id"))
        .values(
            status=sa.bindparam("new_status"),
            desired_revision=sa.bindparam("revision"),
            torrent_wish=sa.bindparam("wish"),
            resync_id=removal_id,
            removed_at=now,
            **NO_FAILURE,
            **NO_HOLD,
            updated_at=now,
        ),
        updates,
    )
    supersede(connection, [row["download_id"] for row in rows])
    connection.execute(sa.insert(tables.resync_items), items)


def _torrents(connection: sa.Connection, rows: Sequence[Row]) -> list[TorrentFound]:
    mine: dict[str, list[Row]] = {}
    for row in rows:
        if row["torrent_hash"]:
            mine.setdefault(row["torrent_hash"], []).append(row)
    shared = shared_torrents(connection, list(mine), [row["download_id"] for row in rows])
    return [
        TorrentFound(
            info_hash=info_hash,
            size=members[0]["total_bytes"],
            download_ids=tuple(row["download_id"] for row in members),
            is_shared=info_hash in shared,
        )
        for info_hash, members in mine.items()
    ]


def shared_torrents(
    connection: sa.Connection, hashes: Sequence[str], besides: Sequence[int] = ()
) -> set[str]:
    """Return those of ``hashes`` that a download which is wanted needs, other than ``besides``."""
    table, own = tables.downloads, set(besides)
    found: set[str] = set()
    for part in chunks(list(hashes)):
        query = sa.select(table.c.torrent_hash, table.c.download_id).where(
            table.c.torrent_hash.in_(part),
            table.c.status.in_(sorted(_IN_USE)),
            table.c.removed_at.is_(None),
        )
        found |= {row[0] for row in connection.execute(query) if row[1] not in own}
    return found


def _with_sizes(core: Core, torrents: Sequence[TorrentFound]) -> tuple[TorrentFound, ...]:
    """Ask the client how large the torrents are; what it does not say, the record does."""
    try:
        seen = core.torrents.status([torrent.info_hash for torrent in torrents])
    except ClientAway:
        seen = {}
    return tuple(
        TorrentFound(
            info_hash=torrent.info_hash,
            size=seen[torrent.info_hash].size if torrent.info_hash in seen else torrent.size,
            download_ids=torrent.download_ids,
            is_shared=torrent.is_shared,
        )
        for torrent in torrents
    )
