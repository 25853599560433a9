"""Rules that people write: parsers and their versions, filters, naming, policy, follow modes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states
from seiton.domain.consent import CauseKind, FollowMode
from seiton.domain.filters import TargetType

rulesets = table(
    "rulesets",
    # Snapshots of all parsers by version: a reparse goes from one to the next, also after a crash.
    Column("version", Id, primary_key=True, autoincrement=False),
    Column("rules", sa.JSON, nullable=False),
    Column("resync_id", Id),  # the edit that made it
    Column("mode", String(10), nullable=False, server_default="edit"),  # how titles come to it
    one_of("mode", states.RulesMode, "mode"),
    Column("created_at", Instant, nullable=False),
)

_FIELDS = ("anime_title", "episode_no", "series_no", "subtitle_group", "resolution", "season", "year")


def _source_columns() -> list[Column[str]]:
    columns: list[Column[str]] = []
    for field in (*_FIELDS, "episode_end"):
        required = field in {"anime_title", "episode_no"}
        columns.append(Column(f"{field}_source", String(10), nullable=not required))
        columns.append(Column(f"{field}_value", Text, nullable=not required))
    return columns


parsers = table(
    "parsers",
    Column("parser_id", Id, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("priority", Integer, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("condition_regex", Text, nullable=False),
    Column("parse_regex", Text, nullable=False),
    *_source_columns(),
    Column("created_from_type", String(20)),
    Column("created_from_id", Id),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # additions
    Column("episode_offset", Integer, nullable=False, server_default="0"),  # added to a title's numbers
    Column("origin", String(20), nullable=False, server_default="user"),  # user | builtin
    Column("version", Integer, nullable=False, server_default="1"),  # counts edits
    Column("kind", String(12), nullable=False, server_default="pattern"),
    Column("edition", Integer, nullable=False, server_default="0"),  # of the structural reader
    Column("builtin_key", String(40), unique=True),  # names a built-in parser in every version of the pack
    Column("builtin_priority", Integer),  # as shipped; another one is the user's
    one_of("kind", states.ParserKind, "kind"),
)

filter_rules = table(
    "filter_rules",
    Column("rule_id", Id, primary_key=True),
    Column("rule_order", Integer, nullable=False),
    Column("regex_pattern", Text, nullable=False),
    Column("is_positive", Boolean, nullable=False),
    Column("target_type", String(20), nullable=False),
    Column("target_id", Id),  # no foreign key: it is of several tables
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # additions
    Column("is_enabled", Boolean, nullable=False, server_default=sa.true()),
    Column("version", Integer, nullable=False, server_default="1"),  # counts edits
    one_of("target_type", TargetType, "target_type"),
    sa.CheckConstraint("(target_type = 'global') = (target_id IS NULL)", name="target_id"),
    sa.UniqueConstraint("target_type", "target_id", "rule_order"),
    # NULLs are all different to a unique constraint: global rules need one of their own.
    Index(
        "ix_core_filter_rules_global_order",
        "rule_order",
        unique=True,
        sqlite_where=sa.text("target_id IS NULL"),
        postgresql_where=sa.text("target_id IS NULL"),
    ),
)

library_profiles = table(
    "library_profiles",
    # How a library is laid out, one row for every version; the highest holds. One library so far.
    Column("profile_id", Id, primary_key=True),
    Column("library", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("naming_template", Text, nullable=False),
    Column("resync_id", Id, ForeignKey("core_resyncs.resync_id")),  # the edit that made it
    Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("library", "version"),
)

library_policy = table(
    "library_policy",
    # One row, if any: which of several releases of an episode is fetched.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("group_order", sa.JSON, nullable=False),
    Column("resolution_order", sa.JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

library_rules = table(
    "library_rules",
    # One row, if any: which viewer keeps the new files of which anime; first match by order.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("rules", sa.JSON, nullable=False),  # anime_id or pattern, viewer (none: the built-in one)
    Column("version", Integer, nullable=False),  # counts edits
    Column("updated_at", Instant, nullable=False),
)

follow_modes = table(
    "follow_modes",
    # Whether files follow a kind of cause by themselves; without a row as by default.
    Column("mode_id", Id, primary_key=True),
    Column("cause_kind", String(20), nullable=False),
    Column("series_id", Id, ForeignKey("core_series.series_id")),  # none: for all that have no own
    Column("mode", String(20), nullable=False),
    Column("updated_at", Instant, nullable=False),
    one_of("cause_kind", CauseKind, "cause_kind"),
    one_of("mode", FollowMode, "mode"),
    sa.UniqueConstraint("cause_kind", "series_id"),
)
