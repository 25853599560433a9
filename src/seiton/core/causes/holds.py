"""What was left alone, and why: causes that wait for a person, and files that cannot go where they belong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.confirming import REJECTABLE
from seiton.core.queries import Record, fetch_all, page
from seiton.core.service import Core
from seiton.domain.hold_choices import HoldChoice, choices_for
from seiton.domain.states import DownloadStatus, HoldReason, ResyncState
from seiton.errors import NotFound
from seiton.text import _


def list_holds(core: Core, *, reasons: Sequence[str], limit: int, offset: int) -> tuple[list[Record], int]:
    """Return holds (causes first, then downloads, the latest first) and how many there are in all.

    Each has ``kind`` (resync or download), its number, ``reason``, ``detail``, what it is of, and
    ``choices``: codes of ``domain.hold_choices``.
    """
    causes, downloads = _causes(reasons), _downloads(reasons)
    with core.database.read() as connection:
        sizes = [_size(connection, query) for query in (causes, downloads)]
        found = [
            _cause(row)
            for row in fetch_all(connection, page(causes, limit, offset, tables.resyncs.c.resync_id.desc()))
        ]
        left = limit - len(found)
        if left > 0:
            order = (tables.downloads.c.updated_at.desc(), tables.downloads.c.download_id.desc())
            rows = fetch_all(connection, page(downloads, left, max(offset - sizes[0], 0), *order))
            found += [_download(row) for row in rows]
    return found, sum(sizes)


def get_hold(core: Core, *, resync_id: int | None = None, download_id: int | None = None) -> Record:
    """Return one hold as ``list_holds`` does. Raises ``NotFound`` when nothing holds it (any more)."""
    with core.database.read() as connection:
        if resync_id is not None:
            rows = fetch_all(connection, _causes(()).where(tables.resyncs.c.resync_id == resync_id))
            found = [_cause(row) for row in rows]
        else:
            mine = tables.downloads.c.download_id == download_id
            found = [_download(row) for row in fetch_all(connection, _downloads(()).where(mine))]
    for row in found:
        return row
    raise NotFound(_("Nothing holds it (any more)."))


def _size(connection: sa.Connection, query: sa.Select[Any]) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(query.subquery())).scalar_one())


def _causes(reasons: Sequence[str]) -> sa.Select[Any]:
    resyncs, items = tables.resyncs, tables.resync_items.c
    files = (
        sa.select(sa.func.count())
        .where(items.resync_id == resyncs.c.resync_id, items.outcome == "waiting")
        .scalar_subquery()
    )
    query = sa.select(resyncs, files.label("files")).where(resyncs.c.state == ResyncState.WAITING)
    return query if not reasons or HoldReason.BRAKED in reasons else query.where(sa.false())


def _cause(row: Record) -> Record:
    return {
        "kind": "resync",
        "id": row["resync_id"],
        "reason": HoldReason.BRAKED,
        "detail": None,
        "title": row["subject_name"],
        "cause": row["cause"],
        "resync_id": row["resync_id"],
        "download_id": None,
        "link_id": None,
        "path": None,
        "files": row["files"],
        "starts": row["starts"],
        "cancels": row["cancels"],
        "plan_id": row["waiting_plan_id"],
        "since": row["created_at"],
        "next_try_at": None,
        "choices": (HoldChoice.CONFIRM, HoldChoice.REJECT)
        if row["cause"] in REJECTABLE
        else (HoldChoice.CONFIRM,),
    }


def _downloads(reasons: Sequence[str]) -> sa.Select[Any]:
    downloads, links = tables.downloads, tables.links
    query = (
        sa.select(downloads, links.c.title, links.c.is_batch, links.c.raw_item_id)
        .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
        .where(downloads.c.hold_reason.is_not(None), downloads.c.status != DownloadStatus.CANCELLED)
    )
    return query.where(downloads.c.hold_reason.in_(reasons)) if reasons else query


def _download(row: Record) -> Record:
    reason = HoldReason(row["hold_reason"])
    return {
        "kind": "download",
        "id": row["download_id"],
        "reason": reason,
        "detail": row["hold_detail"],
        "title": row["title"],
        "cause": None,
        "resync_id": row["resync_id"],
        "download_id": row["download_id"],
        "link_id": row["link_id"],
        "path": row["library_path"] or row["source_path"],
        "files": 1,
        "starts": 0,
        "cancels": 0,
        "plan_id": None,
        "since": row["failing_since"] or row["updated_at"],
        "next_try_at": row["next_try_at"],
        "choices": choices_for(
            reason,
            DownloadStatus(row["status"]),
            is_removed=row["removed_at"] is not None,
            is_batch=row["is_batch"],
            is_by_hand=row["raw_item_id"] is None,
        ),
    }
