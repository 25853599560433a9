"""Causes: what an edit, a removal or an update led to, each a row of ``resyncs``."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.domain.states import ResyncState
from seiton.errors import NotFound
from seiton.text import _


def record_cause(connection: sa.Connection, cause: str, now: datetime, **values: Any) -> int:
    """Record that ``cause`` happened at ``now``, with other columns from ``values``; return its id."""
    row = {"cause": cause, "state": ResyncState.RUNNING.value, "created_at": now, **values}
    key = connection.execute(sa.insert(tables.resyncs).values(row)).inserted_primary_key
    return int(key[0]) if key is not None else 0


def require_cause(connection: sa.Connection, resync_id: int) -> Row:
    """Return a cause; raises ``NotFound``."""
    table = tables.resyncs
    query = sa.select(table).where(table.c.resync_id == resync_id)
    cause = connection.execute(query).mappings().one_or_none()
    if cause is None:
        raise NotFound(_("There is no resync {resync_id}.", resync_id=resync_id))
    return cause
