"""The reconciler: whatever differs between what a download should be and what is applied is sent.

It compares levels, never moments: woken by changes, by a viewer coming back, by a timer. State is
committed before a message is sent; a message that was lost is sent again with the same revision.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.contract import (
    Facts,
    ItemReceipt,
    LibraryNaming,
    ViewerBatch,
    ViewerResyncRequest,
    ViewerSyncRequest,
)
from seiton.core import tables
from seiton.core.downloads.replacing import replace_versions, waits_for_its_place
from seiton.core.filing.desired import is_waiting
from seiton.core.filing.finishing import finish_resyncs
from seiton.core.filing.naming import is_renaming
from seiton.core.filing.receipts import take_receipts, viewer_away
from seiton.core.filing.viewers import foreign_viewers, note_unsent, viewer_batches, viewer_names
from seiton.core.removal.putting_away import due_removals, notify_viewer_removal
from seiton.core.rules.rulesets import is_unfinished, lock_state
from seiton.core.service import Core
from seiton.domain.metadata import EpisodeFacts, EpisodeMeta, ShowFacts
from seiton.domain.states import DownloadStatus, HoldReason
from seiton.domain.wishes import load_wish
from seiton.errors import Unavailable

_VIEWER = "viewer:"
ANSWER_TIME = timedelta(seconds=60)
"""A report that has not come after this is asked for again; repeats are free."""


_CAUSE, _UNDONE = tables.resyncs.alias(), tables.resync_items.alias()
MESSAGE_ROWS = (
    tables.downloads.join(tables.links, tables.links.c.link_id == tables.downloads.c.link_id)
    .outerjoin(_CAUSE, _CAUSE.c.resync_id == tables.downloads.c.resync_id)
    .outerjoin(
        _UNDONE,
        sa.and_(
            _UNDONE.c.resync_id == _CAUSE.c.undoes,
            _UNDONE.c.download_id == tables.downloads.c.download_id,
        ),
    )
)
"""Downloads with their link, their cause, and what the cause that this one undoes meant for them."""
MESSAGE_COLUMNS = (
    tables.links.c.series_id,
    _UNDONE.c.resync_id.label("undone"),
    _UNDONE.c.before.label("undone_wish"),
)
"""What a message needs besides the download."""


def reconcile(core: Core, only: str | None = None) -> int:
    """Send the viewers everything that differs and is due, or ``only`` one of them (``""``: the built-in
    one); return how many requests they took.
    """
    if only is None:
        replace_versions(core)
    sent = _send(core, due_removals(core, ANSWER_TIME), notify_viewer_removal, only)
    sent += _send(core, _due_syncs(core), notify_viewer_sync, only)
    sent += _send(core, _due_resyncs(core), notify_viewer_resync, only)
    finish_resyncs(core)
    core.progress.announce()
    return sent


def reconcile_apart(core: Core, key: str) -> None:
    """Do it as jobs: where there are several viewers one for each, so that nobody waits for one that is away.

    ``key`` is empty, or names one of them.
    """
    if key:
        reconcile(core, key.removeprefix(_VIEWER))
        return
    viewers = viewer_names(core)
    if len(viewers) < 2:
        reconcile(core)
        return
    replace_versions(core)
    for name in viewers:
        core.wake("reconcile", _VIEWER + name)


def ask_again(core: Core) -> int:
    """Have everything that no report answered sent again at the next look; return how much that is.

    For the start of Core: nobody knows whether a message arrived that was on its way when Core ended. What a
    viewer has that knows only the contract is not asked for twice.
    """
    table = tables.downloads
    is_asked = sa.or_(
        table.c.status.in_([DownloadStatus.SYNCING, DownloadStatus.RESYNCING]),
        table.c.removed_at.is_not(None),
    )
    is_open = sa.and_(
        is_asked, table.c.desired_revision > table.c.applied_revision, table.c.sent_at.is_not(None)
    )
    with core.database.write() as connection:
        foreign = foreign_viewers(connection)
        is_ours = sa.or_(table.c.viewer.is_(None), table.c.viewer.not_in(foreign))
        again = sa.update(table).where(is_open, is_ours)
        return int(connection.execute(again.values(sent_at=None)).rowcount)


def _send(
    core: Core, due: Sequence[int], notify: Callable[[Core, Sequence[int]], int], only: str | None
) -> int:
    sent = 0
    away: set[str] = set()
    for viewer, part in viewer_batches(core, due):
        if viewer in away or only not in (None, viewer):
            continue  # what waits behind one that is away is sent when it is back
        try:
            sent += notify(core, part)
        except Unavailable as error:
            viewer_away(core, part, str(error))
            away.add(viewer)
    return sent


def _is_due(core: Core) -> sa.ColumnElement[bool]:
    table = tables.downloads.c
    return sa.and_(
        sa.or_(table.next_try_at.is_(None), table.next_try_at <= core.now()),
        sa.or_(table.hold_reason.is_(None), table.hold_reason != HoldReason.GAVE_UP),
    )


def _to_be_sent(core: Core) -> sa.ColumnElement[bool]:
    """Of what was sent before: what changed since, what nobody took, what got no report in time."""
    table = tables.downloads.c
    return sa.or_(
        table.desired_revision > table.sent_revision,
        table.sent_at.is_(None),
        table.sent_at < core.now() - ANSWER_TIME,
    )


def _due_syncs(core: Core) -> Sequence[int]:
    """Return completed downloads to be filed, and those whose report is overdue."""
    table = tables.downloads.c
    is_changed = table.desired_revision > table.sent_revision
    condition = sa.and_(
        table.source_path.is_not(None),
        table.removed_at.is_(None),
        ~waits_for_its_place(),
        _is_due(core),
        sa.or_(
            table.status == DownloadStatus.COMPLETED,
            sa.and_(
                table.status == DownloadStatus.SYNC_FAILED, sa.or_(is_changed, table.next_try_at.is_not(None))
            ),
            sa.and_(table.status == DownloadStatus.SYNCING, _to_be_sent(core), ~is_waiting()),
        ),
    )
    with core.database.read() as connection:
        query = sa.select(table.download_id).where(condition).order_by(table.download_id)
        return connection.execute(query).scalars().all()


def _due_resyncs(core: Core) -> Sequence[int]:
    """Return filed downloads whose desired revision is not applied, and those whose report is overdue.

    None while titles are parsed again, or the library is given new names: a cause is sent as a whole, or
    neighbours are in each other's way.
    """
    table = tables.downloads.c
    condition = sa.and_(
        table.desired_revision > table.applied_revision,
        table.removed_at.is_(None),
        ~is_waiting(),
        _is_due(core),
        sa.or_(
            table.status == DownloadStatus.SYNCED,
            sa.and_(table.status == DownloadStatus.RESYNCING, _to_be_sent(core)),
        ),
    )
    with core.database.read() as connection:
        if is_unfinished(connection) or is_renaming(connection):
            return ()
        query = sa.select(table.download_id).where(condition).order_by(table.download_id)
        return connection.execute(query).scalars().all()


def notify_viewer_sync(core: Core, download_ids: Sequence[int]) -> int:
    """Ask the viewer to file finished downloads; their state is ``syncing`` before it hears of it."""
    rows = _mark_sent(
        core,
        download_ids,
        {DownloadStatus.COMPLETED, DownloadStatus.SYNC_FAILED, DownloadStatus.SYNCING},
        DownloadStatus.SYNCING,
    )
    requests = [
        ViewerSyncRequest(
            **described(core, row),
            file_path=row["source_path"],
            subtitle_paths=tuple(row["subtitle_paths"] or ()),
        )
        for row in rows
    ]
    return _ask(core, rows, lambda: core.viewer.sync(requests))


def notify_viewer_resync(core: Core, download_ids: Sequence[int]) -> int:
    """Ask the viewer to move filed episodes to where they belong now; ``resyncing`` before it hears of it."""
    rows = _mark_sent(
        core,
        download_ids,
        {DownloadStatus.SYNCED, DownloadStatus.RESYNCING},
        DownloadStatus.RESYNCING,
    )
    batch_id = str(uuid4())
    items = tuple(resync_request(core, row, batch_id=batch_id) for row in rows)
    return _ask(core, rows, lambda: core.viewer.resync(ViewerBatch(batch_id=batch_id, items=items)))


def _ask(core: Core, rows: Sequence[Row], call: Callable[[], list[ItemReceipt]]) -> int:
    if not rows:
        return 0
    receipts = call()
    note_unsent(core, rows, receipts)
    return take_receipts(core, rows, receipts)


def resync_request(core: Core, row: Row, *, batch_id: str | None = None) -> ViewerResyncRequest:
    """Build the message for one download as its rules have it now.

    Its cause may undo another one: then the viewer gives back exactly what was, if the wish is what it was.
    """
    is_former = row["undone_wish"] is not None and row["undone_wish"] == row["desired"]
    return ViewerResyncRequest(
        **described(core, row),
        batch_id=batch_id,
        old_target_path=row["library_path"] or "",
        resync_id=row["resync_id"],
        undoes=row["undone"] if is_former else None,
        kept=row["applied_revision"] if row["kept_revision"] == row["desired_revision"] else None,
    )


def described(core: Core, row: Row) -> dict[str, Any]:
    """Return what a message says about a download: what it should be."""
    wish = load_wish(row["desired"])
    return {
        "download_id": row["download_id"],
        "series_id": row["series_id"],
        "anime_title": wish.anime_title,
        "series_no": wish.series_no,
        "episode_no": wish.episode_no,
        "subtitle_group": wish.subtitle_group or "",
        "callback_url": core.callback_url,
        "core_instance": core.instance_id,
        "revision": row["desired_revision"],
        "resolution": wish.resolution,
        "version": wish.version,
        "display_season": wish.display_season,
        "display_episode": wish.display_episode,
        "facts": _facts(wish),
        "naming": _naming(wish, row["profile_version"]),
    }


def _facts(wish: EpisodeMeta) -> Facts | None:
    """Return what is known about work and episode; ``None``: nothing."""
    show, episode = wish.show, wish.facts
    if show == ShowFacts() and episode == EpisodeFacts():
        return None
    return Facts(
        episode_title=episode.title,
        episode_original_title=episode.original_title,
        episode_plot=episode.plot,
        aired=episode.aired,
        runtime_minutes=episode.runtime_minutes,
        episode_ids=episode.ids,
        show_title=show.title,
        original_title=show.original_title,
        show_plot=show.plot,
        premiered=show.premiered,
        year=show.year,
        rating=show.rating,
        genres=show.genres,
        studios=show.studios,
        show_ids=show.ids,
        picture=show.picture,
        is_movie=show.is_movie,
    )


def _naming(wish: EpisodeMeta, version: int | None) -> LibraryNaming | None:
    if wish.naming is None or version is None:
        return None
    return LibraryNaming(version=version, template=wish.naming)


def _mark_sent(
    core: Core, download_ids: Sequence[int], before: set[DownloadStatus], status: DownloadStatus
) -> Sequence[Row]:
    """Record that the downloads are sent as they are at this moment, and return what they are.

    An edit may have come since they were found due: what it changed waits until it is worked out as a whole.
    """
    table = tables.downloads
    query = (
        sa.select(table, *MESSAGE_COLUMNS)
        .select_from(MESSAGE_ROWS)
        .where(table.c.download_id.in_(download_ids), table.c.status.in_(sorted(before)))
        .order_by(table.c.download_id)
        .with_for_update(of=table)
    )
    # A file that is in no library yet is filed by what is known now.
    is_new = table.c.status.in_([DownloadStatus.COMPLETED, DownloadStatus.SYNC_FAILED])
    now = core.now()
    with core.database.write() as connection:
        lock_state(connection)
        is_changing = is_unfinished(connection) or is_renaming(connection)
        may_move = sa.false() if is_changing else ~is_waiting()
        rows = connection.execute(query.where(sa.or_(is_new, may_move))).mappings().all()
        connection.execute(
            sa.update(table)
            .where(table.c.download_id.in_([row["download_id"] for row in rows]))
            .values(status=status.value, sent_revision=table.c.desired_revision, sent_at=now, updated_at=now)
        )
    return rows
