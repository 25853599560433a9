"""How the neighbours are that Core asks over the web: since when, why, and when they are asked again."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa

from seiton.adapters.http import FetchError
from seiton.adapters.neighbours import Standing
from seiton.core import tables
from seiton.core.notifications.happened import Happening, happened
from seiton.core.retries import next_try
from seiton.core.service import Core
from seiton.domain.states import Happens, NeighbourKind, NeighbourState

LONGEST_ASKED = timedelta(days=1)


def list_neighbours(core: Core) -> list[Standing]:
    """Return all neighbours that were asked over the web so far, by kind and address.

    ``last_error`` is that of the last failure, also of one that is over.
    """
    table = tables.neighbours
    query = sa.select(table).order_by(table.c.kind, table.c.address)
    with core.database.read() as connection:
        rows = connection.execute(query).mappings().all()
    return [
        Standing(
            kind=row["kind"],
            address=row["address"],
            state=NeighbourState(row["state"]),
            since=row["since"],
            version=None,
            last_error=row["last_error"],
            next_try=row["next_try_at"],
            is_given_up=False,
        )
        for row in rows
    ]


def may_ask(core: Core, kind: NeighbourKind, url: str) -> bool:
    """Say whether the neighbour at ``url`` is not being left alone after a failure."""
    table = tables.neighbours.c
    query = sa.select(table.next_try_at).where(table.kind == kind, table.address == origin_of(url))
    with core.database.read() as connection:
        again = connection.execute(query).scalar_one_or_none()
    return again is None or again <= core.now()


def note_answer(core: Core, kind: NeighbourKind, url: str) -> None:
    """Remember that the neighbour at ``url`` answers; writes only where that is news."""
    table, now = tables.neighbours, core.now()
    mine = sa.and_(table.c.kind == kind, table.c.address == origin_of(url))
    with core.database.read() as connection:
        before = connection.execute(sa.select(table.c.state).where(mine)).scalar()
    if before == NeighbourState.WELL:
        return
    values = {"state": NeighbourState.WELL.value, "since": now, "failures": 0, "next_try_at": None}
    with core.database.write() as connection:
        if not connection.execute(sa.update(table).where(mine).values(values)).rowcount:
            key = {"kind": kind.value, "address": origin_of(url)}
            connection.execute(sa.insert(table).values(key | values))
        if before == NeighbourState.AWAY:
            happened(connection, [Happening(kind=Happens.NEIGHBOUR_BACK, subject=origin_of(url))], now)


def note_failure(core: Core, kind: NeighbourKind, url: str, error: Exception) -> None:
    """Remember why the neighbour at ``url`` gave nothing of use; it is left alone for longer each time."""
    table, now = tables.neighbours, core.now()
    mine = sa.and_(table.c.kind == kind, table.c.address == origin_of(url))
    with core.database.write() as connection:
        row = connection.execute(sa.select(table).where(mine)).mappings().one_or_none()
        failures = (row["failures"] if row is not None else 0) + 1
        is_new = row is None or row["state"] != NeighbourState.AWAY
        if is_new:
            happened(connection, [Happening(kind=Happens.NEIGHBOUR_AWAY, subject=origin_of(url))], now)
        values = {
            "state": NeighbourState.AWAY.value,
            "since": now if row is None or is_new else row["since"],
            "failures": failures,
            "last_error": str(error)[:2000],
            "next_try_at": now + _rest(now, failures, error),
        }
        if row is None:
            key = {"kind": kind.value, "address": origin_of(url)}
            connection.execute(sa.insert(table).values(key | values))
        else:
            connection.execute(sa.update(table).where(mine).values(values))


def _rest(now: datetime, failures: int, error: Exception) -> timedelta:
    """Return for how long: a minute doubling to six hours and up to a tenth longer, or what it asks for."""
    pause = (next_try(now, failures) - now) * (1 + random.random() / 10)  # noqa: S311  # not a secret
    asked = error.retry_after_s if isinstance(error, FetchError) else None
    return max(pause, min(timedelta(seconds=asked or 0), LONGEST_ASKED))


def origin_of(url: str) -> str:
    """Return scheme, host and port of ``url``, without a user name."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
