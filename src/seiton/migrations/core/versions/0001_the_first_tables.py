"""The first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from seiton.core.tables import status_guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "core_animes",
        sa.Column("anime_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("anime_id", name=op.f("pk_core_animes")),
        sa.UniqueConstraint("title", name=op.f("uq_core_animes_title")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_answers",
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("body", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fresh_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name=op.f("pk_core_answers")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_api_tokens",
        sa.Column("token_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write', 'module')", name=op.f("ck_core_api_tokens_scope")),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_core_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_core_api_tokens_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_filter_rules",
        sa.Column("rule_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("rule_order", sa.Integer(), nullable=False),
        sa.Column("regex_pattern", sa.Text(), nullable=False),
        sa.Column("is_positive", sa.Boolean(), nullable=False),
        sa.Column("target_type", sa.String(length=20), nullable=False),
        sa.Column("target_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.CheckConstraint(
            "(target_type = 'global') = (target_id IS NULL)", name=op.f("ck_core_filter_rules_target_id")
        ),
        sa.CheckConstraint(
            "target_type IN ('global', 'anime', 'anime_series', 'subtitle_group', 'fetcher', 'subscription')",
            name=op.f("ck_core_filter_rules_target_type"),
        ),
        sa.PrimaryKeyConstraint("rule_id", name=op.f("pk_core_filter_rules")),
        sa.UniqueConstraint(
            "target_type",
            "target_id",
            "rule_order",
            name=op.f("uq_core_filter_rules_target_type_target_id_rule_order"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_filter_rules", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_filter_rules_global_order",
            ["rule_order"],
            unique=True,
            sqlite_where=sa.text("target_id IS NULL"),
            postgresql_where=sa.text("target_id IS NULL"),
        )

    op.create_table(
        "core_identities",
        sa.Column("subject_type", sa.String(length=10), nullable=False),
        sa.Column(
            "subject_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("namespace", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("subject_type IN ('anime', 'link')", name=op.f("ck_core_identities_subject_type")),
        sa.PrimaryKeyConstraint("subject_type", "subject_id", "namespace", name=op.f("pk_core_identities")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_library_policy",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group_order", sa.JSON(), nullable=False),
        sa.Column("resolution_order", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_library_policy")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_library_rules",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_library_rules")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_looks",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_looks")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_modules",
        sa.Column("module_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("module_type", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("version", sa.String(length=50), server_default="1.0.0", nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("config_schema", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("service_id", sa.String(length=36), nullable=False),
        sa.Column("capabilities", sa.JSON(), nullable=False),
        sa.Column("admitted", sa.Boolean(), nullable=False),
        sa.Column("knows_token", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("core_url", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "module_type IN ('fetcher', 'downloader', 'viewer')", name=op.f("ck_core_modules_module_type")
        ),
        sa.PrimaryKeyConstraint("module_id", name=op.f("pk_core_modules")),
        sa.UniqueConstraint("module_type", "name", name=op.f("uq_core_modules_module_type_name")),
        sa.UniqueConstraint("service_id", name=op.f("uq_core_modules_service_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_neighbours",
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('site', 'metadata', 'pictures')", name=op.f("ck_core_neighbours_kind")),
        sa.CheckConstraint(
            "state IN ('unknown', 'well', 'away', 'refused', 'unfit')", name=op.f("ck_core_neighbours_state")
        ),
        sa.PrimaryKeyConstraint("kind", "address", name=op.f("pk_core_neighbours")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_notification_targets",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("wants", sa.JSON(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_notification_targets")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_parsers",
        sa.Column("parser_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("condition_regex", sa.Text(), nullable=False),
        sa.Column("parse_regex", sa.Text(), nullable=False),
        sa.Column("anime_title_source", sa.String(length=10), nullable=False),
        sa.Column("anime_title_value", sa.Text(), nullable=False),
        sa.Column("episode_no_source", sa.String(length=10), nullable=False),
        sa.Column("episode_no_value", sa.Text(), nullable=False),
        sa.Column("series_no_source", sa.String(length=10), nullable=True),
        sa.Column("series_no_value", sa.Text(), nullable=True),
        sa.Column("subtitle_group_source", sa.String(length=10), nullable=True),
        sa.Column("subtitle_group_value", sa.Text(), nullable=True),
        sa.Column("resolution_source", sa.String(length=10), nullable=True),
        sa.Column("resolution_value", sa.Text(), nullable=True),
        sa.Column("season_source", sa.String(length=10), nullable=True),
        sa.Column("season_value", sa.Text(), nullable=True),
        sa.Column("year_source", sa.String(length=10), nullable=True),
        sa.Column("year_value", sa.Text(), nullable=True),
        sa.Column("episode_end_source", sa.String(length=10), nullable=True),
        sa.Column("episode_end_value", sa.Text(), nullable=True),
        sa.Column("created_from_type", sa.String(length=20), nullable=True),
        sa.Column("created_from_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("episode_offset", sa.Integer(), server_default="0", nullable=False),
        sa.Column("origin", sa.String(length=20), server_default="user", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("kind", sa.String(length=12), server_default="pattern", nullable=False),
        sa.Column("edition", sa.Integer(), server_default="0", nullable=False),
        sa.Column("builtin_key", sa.String(length=40), nullable=True),
        sa.Column("builtin_priority", sa.Integer(), nullable=True),
        sa.CheckConstraint("kind IN ('pattern', 'structural')", name=op.f("ck_core_parsers_kind")),
        sa.PrimaryKeyConstraint("parser_id", name=op.f("pk_core_parsers")),
        sa.UniqueConstraint("builtin_key", name=op.f("uq_core_parsers_builtin_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_people",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("role IN ('admin', 'viewer')", name=op.f("ck_core_people_role")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_core_people")),
        sa.UniqueConstraint("name", name=op.f("uq_core_people_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_pictures",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_pictures")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_core_pictures_url_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_resyncs",
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("subject_name", sa.Text(), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("rules_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("total", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parsed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("no_match", sa.Integer(), server_default="0", nullable=False),
        sa.Column("resync_triggered", sa.Integer(), server_default="0", nullable=False),
        sa.Column("new_links", sa.Integer(), server_default="0", nullable=False),
        sa.Column("starts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancels", sa.Integer(), server_default="0", nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("plan_id", sa.String(length=32), nullable=True),
        sa.Column("waiting_plan_id", sa.String(length=32), nullable=True),
        sa.Column("confirmed_plan_id", sa.String(length=32), nullable=True),
        sa.Column("reparsed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trash_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undoes", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint(
            "state IN ('running', 'waiting', 'done', 'failed', 'superseded', 'rejected')",
            name=op.f("ck_core_resyncs_state"),
        ),
        sa.ForeignKeyConstraint(["undoes"], ["core_resyncs.resync_id"], name=op.f("fk_core_resyncs_undoes")),
        sa.PrimaryKeyConstraint("resync_id", name=op.f("pk_core_resyncs")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_resyncs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_resyncs_state"), ["state", "resync_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_resyncs_undoes"), ["undoes"], unique=False)

    op.create_table(
        "core_rulesets",
        sa.Column(
            "version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("mode", sa.String(length=10), server_default="edit", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("mode IN ('edit', 'update', 'take')", name=op.f("ck_core_rulesets_mode")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_core_rulesets")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_seasons",
        sa.Column("season_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("season", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("season_id", name=op.f("pk_core_seasons")),
        sa.UniqueConstraint("year", "season", name=op.f("uq_core_seasons_year_season")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("instance_id", sa.String(length=36), nullable=False),
        sa.Column("rules_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reparsed_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("reparse_target", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("reparse_cursor", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("pack_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column(
            "filters_version",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
        sa.Column("filter_targets", sa.JSON(), nullable=True),
        sa.Column("filter_resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("built_in", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_state")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_subscriptions",
        sa.Column("subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "fetcher_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
        sa.Column("source_url", sa.Text(), nullable=False),
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("last_fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_fetch_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetch_interval_minutes", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=True),
        sa.Column("source_type", sa.String(length=20), nullable=False),
        sa.Column("assignment_status", sa.String(length=20), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("auto_selected", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("item_faults", sa.JSON(), nullable=True),
        sa.Column("awaiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feed_kind", sa.String(length=20), nullable=True),
        sa.CheckConstraint("fetch_interval_minutes > 0", name=op.f("ck_core_subscriptions_interval")),
        sa.PrimaryKeyConstraint("subscription_id", name=op.f("pk_core_subscriptions")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_core_subscriptions_url_hash")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_subtitle_groups",
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_name", sa.Text(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("group_id", name=op.f("pk_core_subtitle_groups")),
        sa.UniqueConstraint("group_name", name=op.f("uq_core_subtitle_groups_group_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_title_order",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_title_order")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_adoptions",
        sa.Column("adoption_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("is_library", sa.Boolean(), nullable=False),
        sa.Column("viewer", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("in_place", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=True),
        sa.Column("layouts", sa.JSON(), nullable=True),
        sa.Column("replaced_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('planned', 'replaced', 'confirmed', 'done')", name=op.f("ck_core_adoptions_state")
        ),
        sa.ForeignKeyConstraint(
            ["resync_id"], ["core_resyncs.resync_id"], name=op.f("fk_core_adoptions_resync_id")
        ),
        sa.PrimaryKeyConstraint("adoption_id", name=op.f("pk_core_adoptions")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_airing",
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("premiered", sa.Date(), nullable=True),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("picture", sa.String(length=80), nullable=True),
        sa.Column("picture_tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["core_subscriptions.subscription_id"],
            name=op.f("fk_core_airing_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("namespace", "value", name=op.f("pk_core_airing")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_library_profiles",
        sa.Column("profile_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("library", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("naming_template", sa.Text(), nullable=False),
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["resync_id"], ["core_resyncs.resync_id"], name=op.f("fk_core_library_profiles_resync_id")
        ),
        sa.PrimaryKeyConstraint("profile_id", name=op.f("pk_core_library_profiles")),
        sa.UniqueConstraint("library", "version", name=op.f("uq_core_library_profiles_library_version")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_module_capabilities",
        sa.Column("module_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("download_type", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "download_type IN ('magnet', 'torrent', 'http')",
            name=op.f("ck_core_module_capabilities_download_type"),
        ),
        sa.ForeignKeyConstraint(
            ["module_id"], ["core_modules.module_id"], name=op.f("fk_core_module_capabilities_module_id")
        ),
        sa.PrimaryKeyConstraint("module_id", "download_type", name=op.f("pk_core_module_capabilities")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_notices",
        sa.Column("notice_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("target", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('filed', 'held', 'resync_done', 'braked', 'download_failed', 'drift', 'neighbour_away', 'neighbour_back')",
            name=op.f("ck_core_notices_kind"),
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'sending', 'sent', 'unknown', 'given_up')",
            name=op.f("ck_core_notices_state"),
        ),
        sa.ForeignKeyConstraint(
            ["target"], ["core_notification_targets.name"], name=op.f("fk_core_notices_target")
        ),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_core_notices")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_notices", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_notices_target"), ["target", "state", "notice_id"], unique=False
        )

    op.create_table(
        "core_raw_items",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("download_url", sa.Text(), nullable=False),
        sa.Column("url_hash", sa.String(length=64), nullable=False),
        sa.Column("pub_date", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("parser_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("parsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("download_type", sa.String(length=20), nullable=False),
        sa.Column("info_hash", sa.String(length=64), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("page_url", sa.Text(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.Column("is_deferred", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'parsed', 'no_match', 'failed', 'skipped')",
            name=op.f("ck_core_raw_items_status"),
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["core_subscriptions.subscription_id"],
            name=op.f("fk_core_raw_items_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_core_raw_items")),
        sa.UniqueConstraint("url_hash", name=op.f("uq_core_raw_items_url_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_raw_items", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_raw_items_created_at"), ["created_at", "item_id"], unique=False
        )
        batch_op.create_index(
            "ix_core_raw_items_deferred",
            ["item_id"],
            unique=False,
            sqlite_where=sa.text("is_deferred"),
            postgresql_where=sa.text("is_deferred"),
        )
        batch_op.create_index(
            batch_op.f("ix_core_raw_items_parser_id"), ["parser_id", "status", "item_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_core_raw_items_status"), ["status", "item_id"], unique=False)

    op.create_table(
        "core_series",
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("anime_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("series_no", sa.Integer(), nullable=False),
        sa.Column("season_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("pins", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("aired_date", sa.Date(), nullable=True),
        sa.Column("end_date", sa.Date(), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_unsettled", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("series_no >= 0", name=op.f("ck_core_series_series_no")),
        sa.ForeignKeyConstraint(["anime_id"], ["core_animes.anime_id"], name=op.f("fk_core_series_anime_id")),
        sa.ForeignKeyConstraint(
            ["season_id"], ["core_seasons.season_id"], name=op.f("fk_core_series_season_id")
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_core_series")),
        sa.UniqueConstraint("anime_id", "series_no", name=op.f("uq_core_series_anime_id_series_no")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_series", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_series_unsettled",
            ["series_id"],
            unique=False,
            sqlite_where=sa.text("is_unsettled = 1"),
            postgresql_where=sa.text("is_unsettled"),
        )

    op.create_table(
        "core_sessions",
        sa.Column("session_hash", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["core_people.person_id"], name=op.f("fk_core_sessions_person_id")
        ),
        sa.PrimaryKeyConstraint("session_hash", name=op.f("pk_core_sessions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_sessions_person_id"), ["person_id"], unique=False)

    op.create_table(
        "core_work_names",
        sa.Column(
            "anime_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("place", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["anime_id"], ["core_animes.anime_id"], name=op.f("fk_core_work_names_anime_id")
        ),
        sa.PrimaryKeyConstraint("anime_id", "place", name=op.f("pk_core_work_names")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_work_names", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_work_names_key"), ["key", "anime_id"], unique=False)

    op.create_table(
        "core_conflicts",
        sa.Column("conflict_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conflict_type", sa.String(length=20), nullable=False),
        sa.Column("subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("conflict_data", sa.JSON(), nullable=False),
        sa.Column("resolution_status", sa.String(length=20), nullable=False),
        sa.Column("resolution_data", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("episode_no", sa.Integer(), nullable=True),
        sa.Column("episode_tenths", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(conflict_type = 'link') = (series_id IS NOT NULL AND episode_no IS NOT NULL)",
            name=op.f("ck_core_conflicts_of_link"),
        ),
        sa.CheckConstraint(
            "(conflict_type = 'subscription') = (subscription_id IS NOT NULL)",
            name=op.f("ck_core_conflicts_of_subscription"),
        ),
        sa.CheckConstraint(
            "conflict_type IN ('link', 'subscription')", name=op.f("ck_core_conflicts_conflict_type")
        ),
        sa.CheckConstraint(
            "resolution_status IN ('unresolved', 'resolved', 'obsolete')",
            name=op.f("ck_core_conflicts_resolution_status"),
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_conflicts_series_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["core_subscriptions.subscription_id"],
            name=op.f("fk_core_conflicts_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("conflict_id", name=op.f("pk_core_conflicts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_conflicts", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_conflicts_one_open_per_episode",
            ["series_id", "episode_no", "episode_tenths"],
            unique=True,
            sqlite_where=sa.text("resolution_status = 'unresolved'"),
            postgresql_where=sa.text("resolution_status = 'unresolved'"),
        )
        batch_op.create_index(
            "ix_core_conflicts_one_open_per_subscription",
            ["subscription_id"],
            unique=True,
            sqlite_where=sa.text("resolution_status = 'unresolved'"),
            postgresql_where=sa.text("resolution_status = 'unresolved'"),
        )
        batch_op.create_index(
            batch_op.f("ix_core_conflicts_resolution_status"),
            ["resolution_status", "conflict_id"],
            unique=False,
        )

    op.create_table(
        "core_episode_facts",
        sa.Column(
            "series_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("episode_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("episode_tenths", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("aired", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_episode_facts_series_id")
        ),
        sa.PrimaryKeyConstraint(
            "series_id", "episode_no", "episode_tenths", name=op.f("pk_core_episode_facts")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_episode_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_episode_facts_aired"), ["aired", "series_id"], unique=False)

    op.create_table(
        "core_external_ids",
        sa.Column("external_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("source", sa.String(length=12), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("picture_url", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "source IN ('feed', 'page', 'file', 'search', 'user')", name=op.f("ck_core_external_ids_source")
        ),
        sa.CheckConstraint(
            "standing IN ('given', 'confirmed', 'manual', 'suggested', 'claimed', 'rejected')",
            name=op.f("ck_core_external_ids_standing"),
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_external_ids_series_id")
        ),
        sa.PrimaryKeyConstraint("external_id", name=op.f("pk_core_external_ids")),
        sa.UniqueConstraint(
            "namespace", "value", "series_id", name=op.f("uq_core_external_ids_namespace_value_series_id")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_external_ids", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_external_ids_one_series",
            ["namespace", "value"],
            unique=True,
            sqlite_where=sa.text("standing IN ('given', 'confirmed', 'manual')"),
            postgresql_where=sa.text("standing IN ('given', 'confirmed', 'manual')"),
        )
        batch_op.create_index(batch_op.f("ix_core_external_ids_series_id"), ["series_id"], unique=False)

    op.create_table(
        "core_follow_modes",
        sa.Column("mode_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause_kind", sa.String(length=20), nullable=False),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause_kind IN ('rule', 'metadata', 'identity', 'builtin_rules', 'templates')",
            name=op.f("ck_core_follow_modes_cause_kind"),
        ),
        sa.CheckConstraint("mode IN ('automatic', 'ask')", name=op.f("ck_core_follow_modes_mode")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_follow_modes_series_id")
        ),
        sa.PrimaryKeyConstraint("mode_id", name=op.f("pk_core_follow_modes")),
        sa.UniqueConstraint(
            "cause_kind", "series_id", name=op.f("uq_core_follow_modes_cause_kind_series_id")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_item_subscriptions",
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscription_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["core_raw_items.item_id"], name=op.f("fk_core_item_subscriptions_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["core_subscriptions.subscription_id"],
            name=op.f("fk_core_item_subscriptions_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("item_id", "subscription_id", name=op.f("pk_core_item_subscriptions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_item_subscriptions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_item_subscriptions_subscription_id"),
            ["subscription_id", "item_id"],
            unique=False,
        )

    op.create_table(
        "core_links",
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("group_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("episode_no", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("source_hash", sa.String(length=80), nullable=False),
        sa.Column("filtered_flag", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raw_item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("download_type", sa.String(length=20), nullable=True),
        sa.Column("slot", sa.Integer(), server_default="0", nullable=False),
        sa.Column("episode_tenths", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("is_batch", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_movie", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("pins", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("detached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("episode_no >= 0", name=op.f("ck_core_links_episode_no")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["core_subtitle_groups.group_id"], name=op.f("fk_core_links_group_id")
        ),
        sa.ForeignKeyConstraint(
            ["raw_item_id"], ["core_raw_items.item_id"], name=op.f("fk_core_links_raw_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_links_series_id")
        ),
        sa.PrimaryKeyConstraint("link_id", name=op.f("pk_core_links")),
        sa.UniqueConstraint("raw_item_id", "slot", name=op.f("uq_core_links_raw_item_id_slot")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_links", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_links_filtered",
            ["link_id"],
            unique=False,
            sqlite_where=sa.text("filtered_flag = 1"),
            postgresql_where=sa.text("filtered_flag"),
        )
        batch_op.create_index(
            batch_op.f("ix_core_links_series_id"), ["series_id", "episode_no", "episode_tenths"], unique=False
        )

    op.create_table(
        "core_named_works",
        sa.Column(
            "anime_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("item_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["anime_id"], ["core_animes.anime_id"], name=op.f("fk_core_named_works_anime_id")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["core_raw_items.item_id"], name=op.f("fk_core_named_works_item_id")
        ),
        sa.PrimaryKeyConstraint("anime_id", name=op.f("pk_core_named_works")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "core_seeks",
        sa.Column(
            "series_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("found", sa.Integer(), server_default="0", nullable=False),
        sa.Column("new", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_seeks_series_id")
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_core_seeks")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_seeks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_seeks_finished_at"), ["finished_at", "asked_at", "series_id"], unique=False
        )

    op.create_table(
        "core_series_facts",
        sa.Column(
            "series_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("namespace", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=100), nullable=False),
        sa.Column("known", sa.JSON(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("picture", sa.String(length=80), nullable=True),
        sa.Column("offset", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_stale", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("is_held", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("may_differ", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("may_rename", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["core_series.series_id"], name=op.f("fk_core_series_facts_series_id")
        ),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_core_series_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_series_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_series_facts_due_at"), ["due_at"], unique=False)
        batch_op.create_index(
            "ix_core_series_facts_may_differ",
            ["series_id"],
            unique=False,
            sqlite_where=sa.text("may_differ = 1"),
            postgresql_where=sa.text("may_differ"),
        )
        batch_op.create_index(
            "ix_core_series_facts_may_rename",
            ["series_id"],
            unique=False,
            sqlite_where=sa.text("may_rename = 1"),
            postgresql_where=sa.text("may_rename"),
        )

    op.create_table(
        "core_downloads",
        sa.Column("download_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("downloader_type", sa.String(length=50), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("progress", sa.Float(), nullable=True),
        sa.Column("downloaded_bytes", sa.BigInteger(), nullable=True),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("module_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("torrent_hash", sa.String(length=64), nullable=True),
        sa.Column("sync_retry_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("cancel_reason", sa.String(length=20), nullable=True),
        sa.Column("content_path", sa.Text(), nullable=True),
        sa.Column("source_path", sa.Text(), nullable=True),
        sa.Column("subtitle_paths", sa.JSON(), nullable=True),
        sa.Column("library_path", sa.Text(), nullable=True),
        sa.Column("viewer", sa.Text(), nullable=True),
        sa.Column("desired", sa.JSON(), nullable=True),
        sa.Column("desired_fingerprint", sa.String(length=32), nullable=True),
        sa.Column("profile_version", sa.Integer(), nullable=True),
        sa.Column("desired_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("applied_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("applied_fingerprint", sa.String(length=32), nullable=True),
        sa.Column("sent_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("kept_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_reason", sa.String(length=30), nullable=True),
        sa.Column("hold_detail", sa.Text(), nullable=True),
        sa.Column("progress_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("torrent_wish", sa.String(length=10), nullable=True),
        sa.Column("torrent_ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "cancel_reason IN ('filter', 'replaced')", name=op.f("ck_core_downloads_cancel_reason")
        ),
        sa.CheckConstraint(
            "status <> 'synced' OR library_path IS NOT NULL", name=op.f("ck_core_downloads_synced_has_path")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'downloading', 'completed', 'syncing', 'synced', 'resyncing', 'sync_failed', 'failed', 'cancelled', 'downloader_error', 'no_downloader', 'batch_unmatched', 'batch_failed')",
            name=op.f("ck_core_downloads_status"),
        ),
        sa.ForeignKeyConstraint(["link_id"], ["core_links.link_id"], name=op.f("fk_core_downloads_link_id")),
        sa.ForeignKeyConstraint(
            ["resync_id"], ["core_resyncs.resync_id"], name=op.f("fk_core_downloads_resync_id")
        ),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_core_downloads")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_downloads", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_downloads_drifting",
            ["status", "download_id"],
            unique=False,
            sqlite_where=sa.text("desired_revision > applied_revision"),
            postgresql_where=sa.text("desired_revision > applied_revision"),
        )
        batch_op.create_index(
            "ix_core_downloads_held",
            ["updated_at", "download_id"],
            unique=False,
            sqlite_where=sa.text("hold_reason IS NOT NULL"),
            postgresql_where=sa.text("hold_reason IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_core_downloads_link_id"), ["link_id"], unique=False)
        batch_op.create_index("ix_core_downloads_list", ["status", "updated_at", "download_id"], unique=False)
        batch_op.create_index(
            "ix_core_downloads_one_active_per_link",
            ["link_id"],
            unique=True,
            sqlite_where=sa.text("status NOT IN ('cancelled')"),
            postgresql_where=sa.text("status NOT IN ('cancelled')"),
        )
        batch_op.create_index(batch_op.f("ix_core_downloads_removed_at"), ["removed_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_downloads_status"), ["status", "download_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_core_downloads_torrent_hash"), ["torrent_hash"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_core_downloads_updated_at"), ["updated_at", "download_id"], unique=False
        )

    op.create_table(
        "core_waiting_downloads",
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("link_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("is_start", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["link_id"], ["core_links.link_id"], name=op.f("fk_core_waiting_downloads_link_id")
        ),
        sa.ForeignKeyConstraint(
            ["resync_id"], ["core_resyncs.resync_id"], name=op.f("fk_core_waiting_downloads_resync_id")
        ),
        sa.PrimaryKeyConstraint("resync_id", "link_id", name=op.f("pk_core_waiting_downloads")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_waiting_downloads", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_waiting_downloads_link_id"), ["link_id"], unique=False)

    op.create_table(
        "core_adoption_files",
        sa.Column("adoption_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("inode", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=False),
        sa.Column("subtitle_paths", sa.JSON(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("series_no", sa.Integer(), nullable=True),
        sa.Column("episode_no", sa.Integer(), nullable=True),
        sa.Column("episode_tenths", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=True),
        sa.Column("sources", sa.JSON(), nullable=True),
        sa.Column("show_ids", sa.JSON(), nullable=True),
        sa.Column("episode_ids", sa.JSON(), nullable=True),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("hold_reason", sa.String(length=30), nullable=True),
        sa.Column("source_path", sa.Text(), nullable=True),
        sa.Column("info_hash", sa.String(length=64), nullable=True),
        sa.Column("download_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(
            ["adoption_id"], ["core_adoptions.adoption_id"], name=op.f("fk_core_adoption_files_adoption_id")
        ),
        sa.ForeignKeyConstraint(
            ["download_id"], ["core_downloads.download_id"], name=op.f("fk_core_adoption_files_download_id")
        ),
        sa.PrimaryKeyConstraint("adoption_id", "number", name=op.f("pk_core_adoption_files")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_adoption_files", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_adoption_files_episode",
            ["adoption_id", "title", "series_no", "episode_no"],
            unique=False,
        )
        batch_op.create_index("ix_core_adoption_files_inode", ["adoption_id", "inode"], unique=False)

    op.create_table(
        "core_resync_items",
        sa.Column("resync_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("download_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("before_path", sa.Text(), nullable=True),
        sa.Column("after_path", sa.Text(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome IN ('pending', 'waiting', 'moved', 'unchanged', 'held', 'failed', 'superseded')",
            name=op.f("ck_core_resync_items_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["download_id"], ["core_downloads.download_id"], name=op.f("fk_core_resync_items_download_id")
        ),
        sa.ForeignKeyConstraint(
            ["resync_id"], ["core_resyncs.resync_id"], name=op.f("fk_core_resync_items_resync_id")
        ),
        sa.PrimaryKeyConstraint("resync_id", "download_id", name=op.f("pk_core_resync_items")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("core_resync_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_resync_items_download_id"), ["download_id"], unique=False)

    for statement in status_guard(op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER core_downloads_status ON core_downloads")
        op.execute("DROP FUNCTION core_downloads_status()")
    with op.batch_alter_table("core_resync_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_resync_items_download_id"))

    op.drop_table("core_resync_items")
    with op.batch_alter_table("core_adoption_files", schema=None) as batch_op:
        batch_op.drop_index("ix_core_adoption_files_inode")
        batch_op.drop_index("ix_core_adoption_files_episode")

    op.drop_table("core_adoption_files")
    with op.batch_alter_table("core_waiting_downloads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_waiting_downloads_link_id"))

    op.drop_table("core_waiting_downloads")
    with op.batch_alter_table("core_downloads", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_downloads_updated_at"))
        batch_op.drop_index(batch_op.f("ix_core_downloads_torrent_hash"))
        batch_op.drop_index(batch_op.f("ix_core_downloads_status"))
        batch_op.drop_index(batch_op.f("ix_core_downloads_removed_at"))
        batch_op.drop_index(
            "ix_core_downloads_one_active_per_link",
            sqlite_where=sa.text("status NOT IN ('cancelled')"),
            postgresql_where=sa.text("status NOT IN ('cancelled')"),
        )
        batch_op.drop_index("ix_core_downloads_list")
        batch_op.drop_index(batch_op.f("ix_core_downloads_link_id"))
        batch_op.drop_index(
            "ix_core_downloads_held",
            sqlite_where=sa.text("hold_reason IS NOT NULL"),
            postgresql_where=sa.text("hold_reason IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_core_downloads_drifting",
            sqlite_where=sa.text("desired_revision > applied_revision"),
            postgresql_where=sa.text("desired_revision > applied_revision"),
        )

    op.drop_table("core_downloads")
    with op.batch_alter_table("core_series_facts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core_series_facts_may_rename",
            sqlite_where=sa.text("may_rename = 1"),
            postgresql_where=sa.text("may_rename"),
        )
        batch_op.drop_index(
            "ix_core_series_facts_may_differ",
            sqlite_where=sa.text("may_differ = 1"),
            postgresql_where=sa.text("may_differ"),
        )
        batch_op.drop_index(batch_op.f("ix_core_series_facts_due_at"))

    op.drop_table("core_series_facts")
    with op.batch_alter_table("core_seeks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_seeks_finished_at"))

    op.drop_table("core_seeks")
    op.drop_table("core_named_works")
    with op.batch_alter_table("core_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_links_series_id"))
        batch_op.drop_index(
            "ix_core_links_filtered",
            sqlite_where=sa.text("filtered_flag = 1"),
            postgresql_where=sa.text("filtered_flag"),
        )

    op.drop_table("core_links")
    with op.batch_alter_table("core_item_subscriptions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_item_subscriptions_subscription_id"))

    op.drop_table("core_item_subscriptions")
    op.drop_table("core_follow_modes")
    with op.batch_alter_table("core_external_ids", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_external_ids_series_id"))
        batch_op.drop_index(
            "ix_core_external_ids_one_series",
            sqlite_where=sa.text("standing IN ('given', 'confirmed', 'manual')"),
            postgresql_where=sa.text("standing IN ('given', 'confirmed', 'manual')"),
        )

    op.drop_table("core_external_ids")
    with op.batch_alter_table("core_episode_facts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_episode_facts_aired"))

    op.drop_table("core_episode_facts")
    with op.batch_alter_table("core_conflicts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_conflicts_resolution_status"))
        batch_op.drop_index(
            "ix_core_conflicts_one_open_per_subscription",
            sqlite_where=sa.text("resolution_status = 'unresolved'"),
            postgresql_where=sa.text("resolution_status = 'unresolved'"),
        )
        batch_op.drop_index(
            "ix_core_conflicts_one_open_per_episode",
            sqlite_where=sa.text("resolution_status = 'unresolved'"),
            postgresql_where=sa.text("resolution_status = 'unresolved'"),
        )

    op.drop_table("core_conflicts")
    with op.batch_alter_table("core_work_names", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_work_names_key"))

    op.drop_table("core_work_names")
    with op.batch_alter_table("core_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_sessions_person_id"))

    op.drop_table("core_sessions")
    with op.batch_alter_table("core_series", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core_series_unsettled",
            sqlite_where=sa.text("is_unsettled = 1"),
            postgresql_where=sa.text("is_unsettled"),
        )

    op.drop_table("core_series")
    with op.batch_alter_table("core_raw_items", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_raw_items_status"))
        batch_op.drop_index(batch_op.f("ix_core_raw_items_parser_id"))
        batch_op.drop_index(
            "ix_core_raw_items_deferred",
            sqlite_where=sa.text("is_deferred"),
            postgresql_where=sa.text("is_deferred"),
        )
        batch_op.drop_index(batch_op.f("ix_core_raw_items_created_at"))

    op.drop_table("core_raw_items")
    with op.batch_alter_table("core_notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_notices_target"))

    op.drop_table("core_notices")
    op.drop_table("core_module_capabilities")
    op.drop_table("core_library_profiles")
    op.drop_table("core_airing")
    op.drop_table("core_adoptions")
    op.drop_table("core_title_order")
    op.drop_table("core_subtitle_groups")
    op.drop_table("core_subscriptions")
    op.drop_table("core_state")
    op.drop_table("core_seasons")
    op.drop_table("core_rulesets")
    with op.batch_alter_table("core_resyncs", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_resyncs_undoes"))
        batch_op.drop_index(batch_op.f("ix_core_resyncs_state"))

    op.drop_table("core_resyncs")
    op.drop_table("core_pictures")
    op.drop_table("core_people")
    op.drop_table("core_parsers")
    op.drop_table("core_notification_targets")
    op.drop_table("core_neighbours")
    op.drop_table("core_modules")
    op.drop_table("core_looks")
    op.drop_table("core_library_rules")
    op.drop_table("core_library_policy")
    op.drop_table("core_identities")
    with op.batch_alter_table("core_filter_rules", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_core_filter_rules_global_order",
            sqlite_where=sa.text("target_id IS NULL"),
            postgresql_where=sa.text("target_id IS NULL"),
        )

    op.drop_table("core_filter_rules")
    op.drop_table("core_api_tokens")
    op.drop_table("core_answers")
    op.drop_table("core_animes")
