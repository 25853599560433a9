"""What only a person can decide: recorded when it comes up, closed when it is gone or chosen."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.links.making import Episode
from seiton.domain.duplicates import Outcome, Undecided
from seiton.domain.states import ConflictType, ResolutionStatus

_OPEN = ResolutionStatus.UNRESOLVED


def note_link_conflicts(
    connection: sa.Connection,
    outcomes: Mapping[Episode, Outcome],
    now: datetime,
    *,
    is_all: bool,
    series_ids: Collection[int] | None = None,
) -> None:
    """Have exactly one open conflict for each undecided episode of ``outcomes``, and none for the others.

    ``is_all``: what is not in ``outcomes`` has nothing left to choose, if it is of ``series_ids`` (``None``:
    of any). A choice between the same releases is asked for once.
    """
    undecided = {
        episode: {"link_ids": list(outcome.candidates), "why": outcome.why.value}
        for episode, outcome in outcomes.items()
        if isinstance(outcome, Undecided)
    }
    known = _link_conflicts(connection, None if is_all else list(outcomes))
    if series_ids is not None:
        known = [row for row in known if row["series_id"] in series_ids]
    chosen = {
        (_episode(row), tuple(row["conflict_data"]["link_ids"]))
        for row in known
        if row["resolution_status"] == ResolutionStatus.RESOLVED
    }
    wanted = {
        episode: data
        for episode, data in undecided.items()
        if (episode, tuple(data["link_ids"])) not in chosen
    }
    opened = {_episode(row): row for row in known if row["resolution_status"] == _OPEN}
    _close(connection, [row for episode, row in opened.items() if episode not in wanted], now)
    table = tables.conflicts
    for episode, row in opened.items():
        if episode in wanted and row["conflict_data"] != wanted[episode]:
            update = sa.update(table).where(table.c.conflict_id == row["conflict_id"])
            connection.execute(update.values(conflict_data=wanted[episode]))
    missing = [
        {
            "conflict_type": ConflictType.LINK.value,
            "series_id": episode[0],
            "episode_no": episode[1],
            "episode_tenths": episode[2],
            "conflict_data": data,
            "resolution_status": _OPEN.value,
            "created_at": now,
        }
        for episode, data in wanted.items()
        if episode not in opened
    ]
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for part in chunks(missing):
        # Another transaction may have found the same just now.
        connection.execute(insert(table).on_conflict_do_nothing(), list(part))


def note_subscription_conflict(
    connection: sa.Connection, subscription_id: int, candidates: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    """Ask which fetcher serves a subscription; ``candidates`` are ``{fetcher_id, name}``, the best first."""
    table = tables.conflicts
    data = {
        "candidate_fetcher_ids": [entry["fetcher_id"] for entry in candidates],
        "candidate_fetchers": [dict(entry) for entry in candidates],
    }
    is_open = sa.and_(table.c.subscription_id == subscription_id, table.c.resolution_status == _OPEN)
    if connection.execute(sa.update(table).where(is_open).values(conflict_data=data)).rowcount:
        return
    connection.execute(
        sa.insert(table).values(
            conflict_type=ConflictType.SUBSCRIPTION.value,
            subscription_id=subscription_id,
            conflict_data=data,
            resolution_status=_OPEN.value,
            created_at=now,
        )
    )


def close_subscription_conflicts(connection: sa.Connection, subscription_id: int, now: datetime) -> None:
    """Stop asking which fetcher serves a subscription: it is not followed any more."""
    table = tables.conflicts
    query = sa.select(table).where(
        table.c.conflict_type == ConflictType.SUBSCRIPTION,
        table.c.subscription_id == subscription_id,
        table.c.resolution_status == _OPEN,
    )
    _close(connection, connection.execute(query).mappings().all(), now)


def _link_conflicts(connection: sa.Connection, episodes: Sequence[Episode] | None) -> list[Row]:
    table = tables.conflicts
    query = sa.select(table).where(
        table.c.conflict_type == ConflictType.LINK,
        table.c.resolution_status.in_([_OPEN, ResolutionStatus.RESOLVED]),
    )
    if episodes is None:
        return list(connection.execute(query).mappings())
    episode = sa.tuple_(table.c.series_id, table.c.episode_no, table.c.episode_tenths)
    found: list[Row] = []
    for part in chunks(episodes, 300):
        found += connection.execute(query.where(episode.in_(part))).mappings()
    return found


def _episode(row: Row) -> Episode:
    return row["series_id"], row["episode_no"], row["episode_tenths"]


def _close(connection: sa.Connection, rows: Sequence[Row], now: datetime) -> None:
    table = tables.conflicts
    for part in chunks([row["conflict_id"] for row in rows]):
        close = sa.update(table).where(table.c.conflict_id.in_(part))
        connection.execute(close.values(resolution_status=ResolutionStatus.OBSOLETE.value, resolved_at=now))
