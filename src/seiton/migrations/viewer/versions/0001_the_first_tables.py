"""The first tables"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "viewer_libraries",
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("library_id", name=op.f("pk_viewer_libraries")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_objects",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_viewer_objects")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_pictures",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("core_instance", sa.Text(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_viewer_pictures")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_servers",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("away_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_viewer_servers")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_artifacts",
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("rendering", sa.String(length=64), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_by", sa.String(length=90), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('folder', 'show_nfo', 'season_nfo', 'picture')", name=op.f("ck_viewer_artifacts_kind")
        ),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_artifacts_library_id")
        ),
        sa.PrimaryKeyConstraint("library_id", "path", name=op.f("pk_viewer_artifacts")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_journal",
        sa.Column("step_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("plan_id", sa.String(length=36), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("token", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("component", sa.Integer(), nullable=True),
        sa.Column("bundle", sa.Integer(), nullable=True),
        sa.Column("cause", sa.String(length=90), nullable=True),
        sa.Column("source", sa.LargeBinary(), nullable=True),
        sa.Column("target", sa.LargeBinary(), nullable=True),
        sa.Column("form", sa.String(length=6), nullable=True),
        sa.Column("inode", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.Column("birth_ns", sa.BigInteger(), nullable=True),
        sa.Column("before_digest", sa.String(length=64), nullable=True),
        sa.Column("after_digest", sa.String(length=64), nullable=True),
        sa.Column("before_rendering", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("form IN ('file', 'folder', 'link')", name=op.f("ck_viewer_journal_form")),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'reversed', 'abandoned')", name=op.f("ck_viewer_journal_state")
        ),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_journal_library_id")
        ),
        sa.PrimaryKeyConstraint("step_id", name=op.f("pk_viewer_journal")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("viewer_journal", schema=None) as batch_op:
        batch_op.create_index(
            "ix_viewer_journal_open",
            ["library_id", "step_id"],
            unique=False,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.create_index(
            "ix_viewer_journal_shared",
            ["cause", "step_id"],
            unique=False,
            sqlite_where=sa.text("unit_id IS NULL"),
            postgresql_where=sa.text("unit_id IS NULL"),
        )

    op.create_table(
        "viewer_shows",
        sa.Column("show_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("folder", sa.LargeBinary(), nullable=False),
        sa.Column("folder_key", sa.Text(), nullable=False),
        sa.Column("custom_id", sa.Text(), nullable=False),
        sa.Column("series_no", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_shows_library_id")
        ),
        sa.PrimaryKeyConstraint("show_id", name=op.f("pk_viewer_shows")),
        sa.UniqueConstraint("library_id", "folder_key", name=op.f("uq_viewer_shows_library_id_folder_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_undone",
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("cause", sa.String(length=90), nullable=False),
        sa.Column("undone_by", sa.String(length=90), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_undone_library_id")
        ),
        sa.PrimaryKeyConstraint("library_id", "cause", name=op.f("pk_viewer_undone")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_units",
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("core_instance", sa.String(length=64), nullable=False),
        sa.Column("download_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("show_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("wish", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("applied_revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("stem", sa.LargeBinary(), nullable=True),
        sa.Column("video", sa.LargeBinary(), nullable=True),
        sa.Column("applied_video", sa.LargeBinary(), nullable=True),
        sa.Column("home", sa.LargeBinary(), nullable=True),
        sa.Column("home_nfo", sa.String(length=64), nullable=True),
        sa.Column("inode", sa.BigInteger(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("mtime_ns", sa.BigInteger(), nullable=True),
        sa.Column("birth_ns", sa.BigInteger(), nullable=True),
        sa.Column("content_digest", sa.String(length=64), nullable=True),
        sa.Column("nfo_digest", sa.String(length=64), nullable=True),
        sa.Column("nfo_rendering", sa.String(length=64), nullable=True),
        sa.Column("source_path", sa.LargeBinary(), nullable=True),
        sa.Column("subtitle_sources", sa.JSON(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trash_id", sa.String(length=64), nullable=True),
        sa.Column("erase", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.String(length=90), nullable=True),
        sa.Column("undoes", sa.String(length=90), nullable=True),
        sa.Column("was_met", sa.Boolean(), nullable=False),
        sa.Column("hold_reason", sa.String(length=30), nullable=True),
        sa.Column("hold_detail", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('wanted', 'placed', 'missing', 'removed')", name=op.f("ck_viewer_units_state")
        ),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_units_library_id")
        ),
        sa.PrimaryKeyConstraint("unit_id", name=op.f("pk_viewer_units")),
        sa.UniqueConstraint(
            "core_instance", "download_id", name=op.f("uq_viewer_units_core_instance_download_id")
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("viewer_units", schema=None) as batch_op:
        batch_op.create_index(
            "ix_viewer_units_parked",
            ["library_id"],
            unique=False,
            sqlite_where=sa.text("home IS NOT NULL"),
            postgresql_where=sa.text("home IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_viewer_units_pending",
            ["library_id", "unit_id"],
            unique=False,
            sqlite_where=sa.text("revision > applied_revision"),
            postgresql_where=sa.text("revision > applied_revision"),
        )
        batch_op.create_index(batch_op.f("ix_viewer_units_show_id"), ["show_id"], unique=False)

    op.create_table(
        "viewer_wanted_pictures",
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("path", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("cause", sa.String(length=90), nullable=True),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_wanted_pictures_library_id")
        ),
        sa.PrimaryKeyConstraint("library_id", "path", name=op.f("pk_viewer_wanted_pictures")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_claims",
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("path_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.CheckConstraint("kind IN ('current', 'target')", name=op.f("ck_viewer_claims_kind")),
        sa.ForeignKeyConstraint(
            ["library_id"], ["viewer_libraries.library_id"], name=op.f("fk_viewer_claims_library_id")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["viewer_units.unit_id"], name=op.f("fk_viewer_claims_unit_id")),
        sa.PrimaryKeyConstraint("library_id", "path_key", "kind", name=op.f("pk_viewer_claims")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("viewer_claims", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_viewer_claims_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "viewer_server_changes",
        sa.Column("server", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("library_id", sa.String(length=36), nullable=False),
        sa.Column("known_video", sa.LargeBinary(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("looks", sa.Integer(), server_default="0", nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["server"],
            ["viewer_servers.name"],
            name=op.f("fk_viewer_server_changes_server"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["viewer_units.unit_id"], name=op.f("fk_viewer_server_changes_unit_id")
        ),
        sa.PrimaryKeyConstraint("server", "unit_id", name=op.f("pk_viewer_server_changes")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("viewer_server_changes", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_viewer_server_changes_server"), ["server", "look_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_viewer_server_changes_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "viewer_sync_tasks",
        sa.Column("task_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("download_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("core_series_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("episode_no", sa.Integer(), nullable=False),
        sa.Column("source_path", sa.Text(), nullable=False),
        sa.Column("target_path", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("anime_title", sa.Text(), nullable=True),
        sa.Column("series_no", sa.Integer(), nullable=True),
        sa.Column("subtitle_group", sa.Text(), nullable=True),
        sa.Column("task_type", sa.String(length=10), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("core_instance", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("callback_url", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("report_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("report_attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('processing', 'completed', 'failed')", name=op.f("ck_viewer_sync_tasks_status")
        ),
        sa.CheckConstraint(
            "task_type IN ('sync', 'resync', 'remove', 'repair')", name=op.f("ck_viewer_sync_tasks_task_type")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["viewer_units.unit_id"], name=op.f("fk_viewer_sync_tasks_unit_id")
        ),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_viewer_sync_tasks")),
        sa.UniqueConstraint(
            "core_instance",
            "download_id",
            "revision",
            name=op.f("uq_viewer_sync_tasks_core_instance_download_id_revision"),
        ),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("viewer_sync_tasks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_viewer_sync_tasks_batch",
            ["batch_id"],
            unique=False,
            sqlite_where=sa.text("batch_id IS NOT NULL"),
            postgresql_where=sa.text("batch_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_viewer_sync_tasks_due",
            ["report_due_at"],
            unique=False,
            sqlite_where=sa.text("report_due_at IS NOT NULL"),
            postgresql_where=sa.text("report_due_at IS NOT NULL"),
        )
        batch_op.create_index(batch_op.f("ix_viewer_sync_tasks_unit_id"), ["unit_id"], unique=False)

    op.create_table(
        "viewer_unit_images",
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cause", sa.String(length=90), nullable=False),
        sa.Column("stem", sa.LargeBinary(), nullable=False),
        sa.Column("nfo", sa.String(length=64), nullable=True),
        sa.Column("nfo_digest", sa.String(length=64), nullable=True),
        sa.Column("nfo_rendering", sa.String(length=64), nullable=True),
        sa.Column("show_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("is_met", sa.Boolean(), nullable=False),
        sa.Column("after_stem", sa.LargeBinary(), nullable=True),
        sa.Column("after_nfo", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["viewer_units.unit_id"], name=op.f("fk_viewer_unit_images_unit_id")
        ),
        sa.PrimaryKeyConstraint("unit_id", "cause", name=op.f("pk_viewer_unit_images")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "viewer_server_marks",
        sa.Column("server", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_name", sa.String(length=255), nullable=False),
        sa.Column("played", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("last_played", sa.Text(), nullable=False),
        sa.Column("position_s", sa.Float(), nullable=False),
        sa.Column("total_s", sa.Float(), nullable=False),
        sa.Column("favourite", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["server", "unit_id"],
            ["viewer_server_changes.server", "viewer_server_changes.unit_id"],
            name=op.f("fk_viewer_server_marks_server_unit_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("server", "unit_id", "user_name", name=op.f("pk_viewer_server_marks")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("viewer_server_marks")
    op.drop_table("viewer_unit_images")
    with op.batch_alter_table("viewer_sync_tasks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_viewer_sync_tasks_unit_id"))
        batch_op.drop_index(
            "ix_viewer_sync_tasks_due",
            sqlite_where=sa.text("report_due_at IS NOT NULL"),
            postgresql_where=sa.text("report_due_at IS NOT NULL"),
        )
        batch_op.drop_index(
            "ix_viewer_sync_tasks_batch",
            sqlite_where=sa.text("batch_id IS NOT NULL"),
            postgresql_where=sa.text("batch_id IS NOT NULL"),
        )

    op.drop_table("viewer_sync_tasks")
    with op.batch_alter_table("viewer_server_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_viewer_server_changes_unit_id"))
        batch_op.drop_index(batch_op.f("ix_viewer_server_changes_server"))

    op.drop_table("viewer_server_changes")
    with op.batch_alter_table("viewer_claims", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_viewer_claims_unit_id"))

    op.drop_table("viewer_claims")
    op.drop_table("viewer_wanted_pictures")
    with op.batch_alter_table("viewer_units", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_viewer_units_show_id"))
        batch_op.drop_index(
            "ix_viewer_units_pending",
            sqlite_where=sa.text("revision > applied_revision"),
            postgresql_where=sa.text("revision > applied_revision"),
        )
        batch_op.drop_index(
            "ix_viewer_units_parked",
            sqlite_where=sa.text("home IS NOT NULL"),
            postgresql_where=sa.text("home IS NOT NULL"),
        )

    op.drop_table("viewer_units")
    op.drop_table("viewer_undone")
    op.drop_table("viewer_shows")
    with op.batch_alter_table("viewer_journal", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_viewer_journal_shared",
            sqlite_where=sa.text("unit_id IS NULL"),
            postgresql_where=sa.text("unit_id IS NULL"),
        )
        batch_op.drop_index(
            "ix_viewer_journal_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.drop_table("viewer_journal")
    op.drop_table("viewer_artifacts")
    op.drop_table("viewer_servers")
    op.drop_table("viewer_pictures")
    op.drop_table("viewer_objects")
    op.drop_table("viewer_libraries")
