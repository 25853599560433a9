"""What people had looked for: asked in a request, done in the background."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer

from seiton.adapters.database import Id, Instant
from seiton.core.tables.schema import table

seeks = table(
    "seeks",
    # A series whose missing episodes are to be looked for, until the next time that any are.
    Column("series_id", Id, ForeignKey("core_series.series_id"), primary_key=True, autoincrement=False),
    Column("asked_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("found", Integer, nullable=False, server_default="0"),
    Column("new", Integer, nullable=False, server_default="0"),
    Column("started", Integer, nullable=False, server_default="0"),
    Column("failures", sa.JSON, nullable=False),  # host and why
    Index(None, "finished_at", "asked_at", "series_id"),
)
