"""Who is told what happened, and what of it is still to be said."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states

notification_targets = table(
    "notification_targets",
    # Those of the settings; without secrets.
    Column("name", String(64), primary_key=True),
    Column("wants", sa.JSON, nullable=False),  # kinds of happenings
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("error", Text),
    Column("away_since", Instant),
    Column("answered_at", Instant),
    Column("next_try_at", Instant),
)

notices = table(
    "notices",
    # The outbox: written with what happened, one row for each target.
    Column("notice_id", Id, primary_key=True),
    Column("target", String(64), ForeignKey("core_notification_targets.name"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("subject", Text, nullable=False),  # of a work its title
    Column("detail", Text),
    Column("count", Integer, nullable=False),
    Column("happened_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),
    Column("message_id", String(36)),  # of the message that it is part of
    Column("finished_at", Instant),
    one_of("kind", states.Happens, "kind"),
    one_of("state", states.NoticeState, "state"),
    Index(None, "target", "state", "notice_id"),
)
