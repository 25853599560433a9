"""What the engine is busy with, and how far it has got."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.states import IN_CLIENT, ResyncState


def list_activities(core: Core, *, limit: int) -> list[Record]:
    """Return the reparse, running resyncs, the search for episodes, transfers and failing feeds, each with
    ``done`` of ``total``.
    """
    with core.database.read() as connection:
        found = [
            *_reparse(connection),
            *_resyncs(connection, limit),
            *_seeks(connection),
            *_transfers(connection, limit),
            *_fetches(connection, limit),
        ]
    return found[:limit]


def _reparse(connection: sa.Connection) -> list[Record]:
    state, items = tables.state.c, tables.raw_items.c
    query = sa.select(state.reparse_target, state.reparse_cursor, state.rules_version, state.reparsed_version)
    row = connection.execute(query).one()
    if row.rules_version == row.reparsed_version:
        return []
    cursor = row.reparse_cursor or 0
    total = connection.execute(sa.select(sa.func.count(items.item_id))).scalar_one()
    done = connection.execute(sa.select(sa.func.count()).where(items.item_id <= cursor)).scalar_one()
    return [_entry("reparse", row.reparse_target or row.rules_version, None, done, total, "titles")]


def _resyncs(connection: sa.Connection, limit: int) -> list[Record]:
    causes, items = tables.resyncs, tables.resync_items
    waiting = sa.func.sum(sa.case((items.c.outcome.in_(("pending", "failed")), 1), else_=0))
    query = (
        sa.select(causes, sa.func.count(items.c.download_id).label("files"), waiting.label("waiting"))
        .select_from(causes.outerjoin(items, items.c.resync_id == causes.c.resync_id))
        .where(causes.c.state == ResyncState.RUNNING)
        .group_by(causes.c.resync_id)
        .order_by(causes.c.resync_id)
        .limit(limit)
    )
    return [
        _entry(
            "resync",
            row["resync_id"],
            row["subject_name"],
            row["files"] - (row["waiting"] or 0),
            row["files"],
            "files",
            row["error_message"],
        )
        for row in fetch_all(connection, query)
    ]


def _seeks(connection: sa.Connection) -> list[Record]:
    finished = sa.func.count(tables.seeks.c.finished_at)
    done, total = connection.execute(sa.select(finished, sa.func.count()).select_from(tables.seeks)).one()
    return [_entry("seek", 1, None, done, total, "series")] if done < total else []


def _transfers(connection: sa.Connection, limit: int) -> list[Record]:
    downloads, links = tables.downloads, tables.links
    # Each state by its index: of all downloads there are nearly none in these.
    oldest = [
        sa.select(downloads.c.download_id)
        .where(downloads.c.status == status)
        .order_by(downloads.c.download_id)
        .limit(limit)
        .subquery()
        for status in sorted(IN_CLIENT)
    ]
    query = (
        sa.select(downloads, links.c.title)
        .select_from(downloads.join(links, links.c.link_id == downloads.c.link_id))
        .where(downloads.c.download_id.in_(sa.union_all(*(sa.select(part) for part in oldest))))
        .order_by(downloads.c.download_id)
        .limit(limit)
    )
    return [
        _entry(
            "transfer",
            row["download_id"],
            row["title"],
            row["downloaded_bytes"] or 0,
            row["total_bytes"] or None,
            "bytes",
            row["error_message"],
        )
        for row in fetch_all(connection, query)
    ]


def _fetches(connection: sa.Connection, limit: int) -> list[Record]:
    """Feeds whose last fetch failed: they are tried again, and shown as failed until that works."""
    table = tables.subscriptions
    query = (
        sa.select(table)
        .where(table.c.is_active, table.c.failures > 0)
        .order_by(table.c.subscription_id)
        .limit(limit)
    )
    return [
        _entry("fetch", row["subscription_id"], row["name"], 0, 1, "fetches", row["last_error"])
        for row in fetch_all(connection, query)
    ]


def _entry(
    kind: str, key: int, name: str | None, done: int, total: int | None, unit: str, error: str | None = None
) -> Record:
    return {
        "kind": kind,
        "id": f"{kind}:{key}",
        "name": name,
        "done": done,
        "total": total,
        "unit": unit,
        "error": error,
    }
