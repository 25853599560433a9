"""Record what happened for those who want to know, in the transaction in which it happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.notifications.port import Notifier
from seiton.core import tables
from seiton.domain.states import Happens, NoticeState

JOB = "notify"
"""The job that says it; wake it after the commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """``count`` things of one kind, about ``subject`` (a work by title, a cause, a neighbour)."""

    kind: Happens
    subject: str
    detail: str | None = None
    count: int = 1


def enroll(connection: sa.Connection, targets: Sequence[Notifier]) -> None:
    """Record the targets of the settings; what others were to be told is forgotten."""
    table, notices = tables.notification_targets, tables.notices
    wanted = {target.name: target for target in targets}
    known = set(connection.execute(sa.select(table.c.name)).scalars())
    for name in known - wanted.keys():
        connection.execute(sa.delete(notices).where(notices.c.target == name))
        connection.execute(sa.delete(table).where(table.c.name == name))
    for name, target in wanted.items():
        values = {"wants": sorted(target.wants), "next_try_at": None}
        if name in known:
            connection.execute(sa.update(table).where(table.c.name == name).values(values))
        else:
            connection.execute(sa.insert(table).values(name=name, **values))


def about_downloads(
    connection: sa.Connection, news: Iterable[tuple[int, Happens, str | None]], now: datetime
) -> bool:
    """Record what happened to downloads (by id, with a detail), by the titles of their works."""
    known = list(news)
    if not known:
        return False
    links, series, animes, table = tables.links, tables.series, tables.animes, tables.downloads
    titles: dict[int, str] = {}
    for part in chunks(sorted({download_id for download_id, _kind, _detail in known})):
        query = (
            sa.select(table.c.download_id, animes.c.title)
            .select_from(
                table.join(links, links.c.link_id == table.c.link_id)
                .join(series, series.c.series_id == links.c.series_id)
                .join(animes, animes.c.anime_id == series.c.anime_id)
            )
            .where(table.c.download_id.in_(part))
        )
        titles |= {row.download_id: row.title for row in connection.execute(query)}
    about = [
        Happening(kind=kind, subject=titles[download_id], detail=detail)
        for download_id, kind, detail in known
        if download_id in titles
    ]
    return happened(connection, about, now)


def happened(connection: sa.Connection, happenings: Iterable[Happening], now: datetime) -> bool:
    """Record ``happenings`` for every target that wants them, equal ones as one; say whether any does."""
    counts: Counter[tuple[Happens, str, str | None]] = Counter()
    for one in happenings:
        counts[one.kind, one.subject, one.detail] += one.count
    if not counts:
        return False
    targets = tables.notification_targets.c
    wants = connection.execute(sa.select(targets.name, targets.wants)).all()
    rows = [
        {
            "target": name,
            "kind": kind.value,
            "subject": subject[:500],
            "detail": None if detail is None else detail[:500],
            "count": count,
            "happened_at": now,
            "state": NoticeState.WAITING.value,
        }
        for name, wanted in wants
        for (kind, subject, detail), count in counts.items()
        if kind in wanted
    ]
    for part in chunks(rows):
        connection.execute(sa.insert(tables.notices), part)
    return bool(rows)
