"""What feeds bring, and where it came from."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states

subscriptions = table(
    "subscriptions",
    Column("subscription_id", Id, primary_key=True),
    Column("fetcher_id", Id, nullable=False, server_default="0"),  # 0 = the built-in fetcher
    Column("source_url", Text, nullable=False),
    Column("url_hash", String(64), nullable=False, unique=True),  # of source_url: URLs outgrow an index
    Column("name", Text),
    Column("description", Text),
    Column("last_fetched_at", Instant),
    Column("next_fetch_at", Instant),
    Column("fetch_interval_minutes", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("config", sa.JSON),
    Column("source_type", String(20), nullable=False),
    Column("assignment_status", String(20), nullable=False),
    Column("assigned_at", Instant),
    Column("auto_selected", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # additions
    Column("etag", Text),
    Column("last_modified", Text),
    Column("last_error", Text),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("item_faults", sa.JSON),  # malformed entries of the last fetch
    Column("awaiting_since", Instant),  # a registered fetcher was asked and has not delivered yet
    Column("feed_kind", String(20)),  # whose feed it is, as last read
    sa.CheckConstraint("fetch_interval_minutes > 0", name="interval"),
)

raw_items = table(
    "raw_items",
    Column("item_id", Id, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("download_url", Text, nullable=False),
    Column("url_hash", String(64), nullable=False, unique=True),
    Column("pub_date", Instant),
    # the first that brought it; none for a file that was adopted
    Column("subscription_id", Id, ForeignKey("core_subscriptions.subscription_id")),
    Column("status", String(20), nullable=False),
    Column("parser_id", Id),  # who matched, or failed; no foreign key: parsers may be deleted
    Column("error_message", Text),
    Column("parsed_at", Instant),
    Column("created_at", Instant, nullable=False),
    # additions
    Column("download_type", String(20), nullable=False),
    Column("info_hash", String(64)),
    Column("size", sa.BigInteger),
    Column("page_url", Text),
    Column("facts", sa.JSON),
    # an update of the built-in parsers reads it otherwise: its links wait for the user
    Column("is_deferred", Boolean, nullable=False, server_default=sa.false()),
    one_of("status", states.RawItemStatus, "status"),
    Index(
        "ix_core_raw_items_deferred",
        "item_id",
        sqlite_where=sa.text("is_deferred"),
        postgresql_where=sa.text("is_deferred"),
    ),
    Index(None, "status", "item_id"),
    # Not by status first: SQLite would take that for lists in several states, too.
    Index(None, "parser_id", "status", "item_id"),
    Index(None, "created_at", "item_id"),
)

item_subscriptions = table(
    "item_subscriptions",
    # An item belongs to every subscription that brought it.
    Column("item_id", Id, ForeignKey("core_raw_items.item_id"), primary_key=True),
    Column("subscription_id", Id, ForeignKey("core_subscriptions.subscription_id"), primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Index(None, "subscription_id", "item_id"),
)
