"""What a person decides: conflicts, and folders to be adopted."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states

conflicts = table(
    "conflicts",
    # What only a person can decide: the fetcher of a subscription, the release of an episode.
    Column("conflict_id", Id, primary_key=True),
    Column("conflict_type", String(20), nullable=False),
    Column("subscription_id", Id, ForeignKey("core_subscriptions.subscription_id")),
    Column("conflict_data", sa.JSON, nullable=False),
    Column("resolution_status", String(20), nullable=False),
    Column("resolution_data", sa.JSON),
    Column("created_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    # additions
    Column("series_id", Id, ForeignKey("core_series.series_id")),
    Column("episode_no", Integer),
    Column("episode_tenths", Integer),
    one_of("conflict_type", states.ConflictType, "conflict_type"),
    one_of("resolution_status", states.ResolutionStatus, "resolution_status"),
    sa.CheckConstraint(
        "(conflict_type = 'link') = (series_id IS NOT NULL AND episode_no IS NOT NULL)", name="of_link"
    ),
    sa.CheckConstraint(
        "(conflict_type = 'subscription') = (subscription_id IS NOT NULL)", name="of_subscription"
    ),
    Index(None, "resolution_status", "conflict_id"),
    Index(
        "ix_core_conflicts_one_open_per_episode",
        "series_id",
        "episode_no",
        "episode_tenths",
        unique=True,
        sqlite_where=sa.text("resolution_status = 'unresolved'"),
        postgresql_where=sa.text("resolution_status = 'unresolved'"),
    ),
    Index(
        "ix_core_conflicts_one_open_per_subscription",
        "subscription_id",
        unique=True,
        sqlite_where=sa.text("resolution_status = 'unresolved'"),
        postgresql_where=sa.text("resolution_status = 'unresolved'"),
    ),
)

adoptions = table(
    "adoptions",
    # An existing folder that is to be taken under the rules: what lies in it, and what would become of it.
    Column("adoption_id", Id, primary_key=True),
    Column("path", Text, nullable=False),  # as given
    Column("root", Text, nullable=False),  # the library or download folder that it lies in
    Column("is_library", Boolean, nullable=False),
    Column("viewer", Text),  # who keeps it; none: the built-in one
    Column("state", String(20), nullable=False),
    Column("in_place", Boolean, nullable=False, server_default=sa.false()),  # nothing of it moves
    Column("digest", String(64)),  # of files and decisions: does a plan still hold?
    Column("counts", sa.JSON),
    Column("layouts", sa.JSON),  # the templates that leave most files where they are, with their number
    Column("replaced_by", Id),
    Column("resync_id", Id, ForeignKey("core_resyncs.resync_id")),
    Column("created_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    one_of("state", states.AdoptionState, "state"),
)

adoption_files = table(
    "adoption_files",
    # One video of it. Paths are text by domain.path_text, relative to the root.
    Column("adoption_id", Id, ForeignKey("core_adoptions.adoption_id"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("path", Text, nullable=False),
    Column("size", sa.BigInteger, nullable=False),
    Column("inode", sa.BigInteger, nullable=False),
    Column("device", String(40), nullable=False),
    Column("mtime_ns", sa.BigInteger, nullable=False),
    Column("subtitle_paths", sa.JSON, nullable=False),
    # what it is
    Column("title", Text),
    Column("series_no", Integer),
    Column("episode_no", Integer),
    Column("episode_tenths", Integer),
    Column("year", Integer),
    Column("evidence", sa.JSON),  # domain.adopting.Evidence
    Column("sources", sa.JSON),
    Column("show_ids", sa.JSON),
    Column("episode_ids", sa.JSON),
    # or why it is left alone
    Column("reason", String(30)),
    Column("detail", Text),
    # what becomes of it
    Column("target", Text),
    Column("hold_reason", String(30)),
    Column("source_path", Text),  # its other name, in the download folder
    Column("info_hash", String(64)),  # the torrent that it came with
    Column("download_id", Id, ForeignKey("core_downloads.download_id")),
    Index("ix_core_adoption_files_episode", "adoption_id", "title", "series_no", "episode_no"),
    Index("ix_core_adoption_files_inode", "adoption_id", "inode"),
)
