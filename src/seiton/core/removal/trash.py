"""What was removed and can come back: list it, restore it, and let go of it when its time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.records import record_cause
from seiton.core.downloads.wanting import initial_status, unsettle
from seiton.core.filing.desired import refresh_desired
from seiton.core.queries import Record, fetch_all, page
from seiton.core.removal.removing import TargetType
from seiton.core.retries import NO_FAILURE, NO_HOLD
from seiton.core.service import Core
from seiton.domain.states import DownloadStatus
from seiton.errors import Conflict, NotFound
from seiton.text import _

_D = DownloadStatus


def list_trash(core: Core, *, limit: int, offset: int) -> list[Record]:
    """Return the removals that can be restored, the newest first, each with its ``files``: video paths."""
    causes, items = tables.resyncs, tables.resync_items
    query = sa.select(causes).where(causes.c.trash_until > core.now())
    with core.database.read() as connection:
        rows = fetch_all(connection, page(query, limit, offset, causes.c.resync_id.desc()))
        ids = [row["resync_id"] for row in rows]
        of_cause: dict[int, list[Record]] = {}
        for item in fetch_all(
            connection, sa.select(items).where(items.c.resync_id.in_(ids)).order_by(items.c.download_id)
        ):
            of_cause.setdefault(item["resync_id"], []).append(item)
    for row in rows:
        row["items"] = of_cause.get(row["resync_id"], [])
    return rows


def restore(core: Core, removal_id: int) -> int:
    """Take a removal back: files return to the names that they have by the rules; return the cause's id.

    Where somebody lies at such a name now, the file is held in the trash, with the reason. Raises
    ``NotFound``, and ``Conflict`` when its time is over or it was restored before.
    """
    now, causes = core.now(), tables.resyncs
    with core.database.write() as connection:
        query = sa.select(causes).where(causes.c.resync_id == removal_id).with_for_update()
        removal = connection.execute(query).mappings().one_or_none()
        if removal is None or not removal["cause"].startswith("removed_"):
            raise NotFound(_("There is no removal {removal_id}.", removal_id=removal_id))
        if removal["trash_until"] is None or removal["trash_until"] <= now:
            raise Conflict(_("Removal {removal_id} cannot be restored any more.", removal_id=removal_id))
        connection.execute(sa.update(causes).where(causes.c.resync_id == removal_id).values(trash_until=None))
        _unmark_subject(connection, removal, now)
        rows = _removed_by(connection, removal_id)
        cause_id = record_cause(
            connection,
            "restored",
            now,
            subject_id=removal_id,
            undoes=removal_id,
            subject_name=removal["subject_name"],
            after=removal["after"],
            total=len(rows),
            reparsed=True,
        )
        _bring_back(connection, rows, now)
        refresh_desired(connection, [row["link_id"] for row in rows], cause_id, now)
    for job in ("reconcile", "downloads"):
        core.wake(job, "")
    return cause_id


def _unmark_subject(connection: sa.Connection, removal: Row, now: datetime) -> None:
    match removal["after"]["target_type"]:
        case TargetType.SUBSCRIPTION:
            table, key = tables.subscriptions, "subscription_id"
            values = {"is_active": True, "next_fetch_at": now}
        case TargetType.ANIME:
            table, key, values = tables.animes, "anime_id", {"removed_at": None}
        case TargetType.SERIES:
            table, key, values = tables.series, "series_id", {"removed_at": None}
        case TargetType.SUBTITLE_GROUP:
            table, key, values = tables.subtitle_groups, "group_id", {"removed_at": None}
        case _:
            return
    connection.execute(sa.update(table).where(table.c[key] == removal["subject_id"]).values(values))
    unsettle(connection, None)  # what came in meanwhile is chosen from at the end of the next reparse


def _removed_by(connection: sa.Connection, removal_id: int) -> Sequence[Row]:
    table, links = tables.downloads, tables.links
    query = (
        sa.select(table, links.c.download_type)
        .select_from(table.join(links, links.c.link_id == table.c.link_id))
        .where(table.c.resync_id == removal_id, table.c.removed_at.is_not(None))
        .order_by(table.c.download_id)
        .with_for_update(of=table)
    )
    return connection.execute(query).mappings().all()


def _bring_back(connection: sa.Connection, rows: Sequence[Row], now: datetime) -> None:
    if not rows:
        return
    table = tables.downloads
    connection.execute(
        sa.update(table)
        .where(table.c.download_id == sa.bindparam("its_id"))
        .values(
            status=sa.bindparam("new_status"),
            removed_at=None,
            torrent_wish=None,
            desired_fingerprint=None,  # so that it differs, and what is in the trash is sent for
            **NO_FAILURE,
            **NO_HOLD,
            error_message=None,
            updated_at=now,
        ),
        [{"its_id": row["download_id"], "new_status": _status_again(row)} for row in rows],
    )


def _status_again(row: Row) -> str:
    if row["status"] != _D.CANCELLED:
        return str(row["status"])  # the removal had not got that far
    if row["library_path"] is not None:
        return _D.SYNCED.value
    # CANCELLED may only become PENDING; nobody who can fetch it is found out by the dispatch.
    return _D.PENDING.value if initial_status(row["download_type"]) is _D.PENDING else _D.CANCELLED.value


def expire_trash(core: Core) -> int:
    """Have the files of removals deleted whose time is over; return of how many downloads."""
    now, causes, table = core.now(), tables.resyncs, tables.downloads
    # A viewer that was away all the time first puts the files there, or nobody would ever look for them.
    unfinished = sa.exists().where(
        table.c.resync_id == causes.c.resync_id,
        table.c.removed_at.is_not(None),
        table.c.status != _D.CANCELLED,
    )
    query = sa.select(causes.c.resync_id).where(causes.c.trash_until <= now, ~unfinished)
    with core.database.read() as connection:
        if not connection.execute(query.limit(1)).first():
            return 0
    with core.database.write() as connection:
        ids = connection.execute(query.with_for_update()).scalars().all()
        connection.execute(sa.update(causes).where(causes.c.resync_id.in_(ids)).values(trash_until=None))
        done = connection.execute(
            sa.update(table)
            .where(
                table.c.resync_id.in_(ids),
                table.c.removed_at.is_not(None),
                table.c.status == _D.CANCELLED,
                table.c.library_path.is_not(None),
            )
            .values(desired_revision=table.c.desired_revision + 1, next_try_at=None, updated_at=now)
        )
    core.wake("reconcile", "")
    return done.rowcount
