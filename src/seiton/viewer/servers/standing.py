"""How media servers are: who there is, who is away since when, and when each is asked again."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.neighbours import Standing
from seiton.adapters.servers.port import MediaServer
from seiton.domain.states import NeighbourState
from seiton.errors import Unavailable
from seiton.viewer import tables
from seiton.viewer.service import Viewer

FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(minutes=10)
log = logging.getLogger(__name__)


def enroll(viewer: Viewer) -> None:
    """Record the servers of the settings; what others had to learn is forgotten."""
    table = tables.servers
    wanted = {server.name: server for server in viewer.servers}
    with viewer.database.write() as connection:
        known = set(connection.execute(sa.select(table.c.name)).scalars())
        for name in known - set(wanted):
            connection.execute(sa.delete(table).where(table.c.name == name))
        rows = [{"name": name, "kind": wanted[name].kind} for name in sorted(set(wanted) - known)]
        if rows:
            connection.execute(sa.insert(table), rows)


def is_away(viewer: Viewer, server: MediaServer) -> bool:
    """Say whether ``server`` is not to be asked yet."""
    row = _row(viewer, server)
    return row is not None and row["next_try_at"] is not None and row["next_try_at"] > viewer.now()


def failed(viewer: Viewer, server: MediaServer, error: Unavailable) -> None:
    """Record that ``server`` did not answer; it is left alone for 5 s, doubling to 10 min."""
    now, row = viewer.now(), _row(viewer, server)
    failures = (row["failures"] if row else 0) + 1
    if failures == 1:
        log.warning("%s", error)
    values: dict[str, Any] = {
        "failures": failures,
        "error": str(error),
        "away_since": (row["away_since"] if row else None) or now,
        "next_try_at": now + min(FIRST_RETRY * 2 ** min(failures - 1, 20), LAST_RETRY),
    }
    _update(viewer, server, values)


def answered(viewer: Viewer, server: MediaServer) -> None:
    """Record that ``server`` answered."""
    values = {"failures": 0, "error": None, "away_since": None, "next_try_at": None}
    _update(viewer, server, values | {"answered_at": viewer.now()})


def next_due(viewer: Viewer, library_id: str) -> float | None:
    """Return in how many seconds some server is to be looked at; ``None``: not before something changes."""
    servers, changes = tables.servers.c, tables.server_changes.c
    at = sa.func.min(changes.look_at)
    query = (
        sa.select(servers.next_try_at, at.label("look_at"))
        .select_from(tables.servers.join(tables.server_changes, changes.server == servers.name))
        .where(changes.library_id == library_id, changes.look_at.is_not(None))
        .group_by(servers.name, servers.next_try_at)
    )
    with viewer.database.read() as connection:
        rows = connection.execute(query).mappings().all()
    moments = [max(filter(None, (row["next_try_at"], row["look_at"]))) for row in rows]
    return max((min(moments) - viewer.now()).total_seconds(), 0.0) if moments else None


def list_standing(viewer: Viewer) -> list[Standing]:
    """Return how every server is, by name."""
    with viewer.database.read() as connection:
        rows = connection.execute(sa.select(tables.servers)).mappings().all()
    known = {row["name"]: row for row in rows}
    return [_standing(server, known[server.name]) for server in viewer.servers if server.name in known]


def _standing(server: MediaServer, row: Row) -> Standing:
    is_new = row["away_since"] is None and row["answered_at"] is None
    state = NeighbourState.UNKNOWN if is_new else NeighbourState.WELL
    return Standing(
        kind=server.kind,
        address=server.address,
        state=NeighbourState.AWAY if row["away_since"] is not None else state,
        since=row["away_since"],
        version=None,
        last_error=row["error"],
        next_try=row["next_try_at"],
        is_given_up=False,
    )


def _row(viewer: Viewer, server: MediaServer) -> Any:
    query = sa.select(tables.servers).where(tables.servers.c.name == server.name)
    with viewer.database.read() as connection:
        return connection.execute(query).mappings().one_or_none()


def _update(viewer: Viewer, server: MediaServer, values: dict[str, Any]) -> None:
    with viewer.database.write() as connection:
        connection.execute(
            sa.update(tables.servers).where(tables.servers.c.name == server.name).values(values)
        )
