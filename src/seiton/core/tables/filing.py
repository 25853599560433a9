"""What became of links: causes, downloads, and the files of each."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states

resyncs = table(
    "resyncs",
    Column("resync_id", Id, primary_key=True),
    Column("cause", String(40), nullable=False),  # parser_created, parser_updated, …
    Column("subject_id", Id),  # of the parser, anime, …
    Column("subject_name", Text),
    Column("before", sa.JSON),  # the rule as it was: undo and history
    Column("after", sa.JSON),
    Column("state", String(20), nullable=False),
    Column("rules_version", Id),
    Column("total", Integer, nullable=False, server_default="0"),
    Column("parsed", Integer, nullable=False, server_default="0"),
    Column("failed", Integer, nullable=False, server_default="0"),
    Column("no_match", Integer, nullable=False, server_default="0"),
    Column("resync_triggered", Integer, nullable=False, server_default="0"),
    Column("new_links", Integer, nullable=False, server_default="0"),
    Column("starts", Integer, nullable=False, server_default="0"),  # downloads that it begins
    Column("cancels", Integer, nullable=False, server_default="0"),  # downloads that it takes back
    Column("confirmed_at", Instant),
    Column("plan_id", String(32)),  # of all that follows from it
    Column("waiting_plan_id", String(32)),  # of what of it waits for a person
    Column("confirmed_plan_id", String(32)),  # of what a person has seen and wants
    Column("reparsed", Boolean, nullable=False, server_default=sa.false()),
    Column("error_message", Text),
    Column("created_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("trash_until", Instant),  # of a removal that can be restored: until when
    Column("undoes", Id, ForeignKey("core_resyncs.resync_id"), index=True),  # the cause that it takes back
    one_of("state", states.ResyncState, "state"),
    Index(None, "state", "resync_id"),
)

downloads = table(
    "downloads",
    Column("download_id", Id, primary_key=True),
    Column("link_id", Id, ForeignKey("core_links.link_id"), nullable=False, index=True),
    Column("downloader_type", String(50), nullable=False),  # the download type, as in the reference
    Column("status", String(20), nullable=False),
    Column("progress", Float),
    Column("downloaded_bytes", sa.BigInteger),
    Column("total_bytes", sa.BigInteger),
    Column("error_message", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("module_id", Id),
    Column("torrent_hash", String(64)),
    Column("sync_retry_count", Integer, nullable=False, server_default="0"),
    Column("cancel_reason", String(20)),  # addition, of a cancelled one; none: by hand
    # additions: where the bytes are (never changes) and where the library has them (as last reported)
    Column("content_path", Text),
    Column("source_path", Text),
    Column("subtitle_paths", sa.JSON),
    Column("library_path", Text),
    Column("viewer", Text),  # who owns the library file
    # what the rules say, and what is known to be applied
    Column("desired", sa.JSON),
    Column("desired_fingerprint", String(32)),
    Column("profile_version", Integer),  # of the library profile that the wish was made with
    Column("desired_revision", Integer, nullable=False, server_default="0"),
    Column("applied_revision", Integer, nullable=False, server_default="0"),
    Column("applied_fingerprint", String(32)),
    Column("sent_revision", Integer, nullable=False, server_default="0"),
    Column("sent_at", Instant),
    Column("resync_id", Id, ForeignKey("core_resyncs.resync_id")),  # cause of the last revision
    # the revision that is met wherever the file lies: adopted in place
    Column("kept_revision", Integer, nullable=False, server_default="0"),
    # when it does not work
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("failing_since", Instant),
    Column("next_try_at", Instant),
    Column("hold_reason", String(30)),
    Column("hold_detail", Text),
    Column("progress_at", Instant),  # when the transfer got further last
    # when it is not wanted any more
    Column("removed_at", Instant),  # by its removal, which is resync_id; status follows when that is done
    Column(
        "torrent_wish", String(10)
    ),  # what is to become of the torrent: remove | delete (data, too) | pause
    Column("torrent_ended_at", Instant),  # the client does not have it any more, by our doing
    one_of("status", states.DownloadStatus, "status"),
    sa.CheckConstraint("status <> 'synced' OR library_path IS NOT NULL", name="synced_has_path"),
    Index(None, "status", "download_id"),
    Index(None, "torrent_hash"),
    Index(None, "removed_at"),
    Index(None, "updated_at", "download_id"),
    Index("ix_core_downloads_list", "status", "updated_at", "download_id"),
    Index(
        "ix_core_downloads_held",
        "updated_at",
        "download_id",
        sqlite_where=sa.text("hold_reason IS NOT NULL"),
        postgresql_where=sa.text("hold_reason IS NOT NULL"),
    ),
    Index(
        "ix_core_downloads_one_active_per_link",
        "link_id",
        unique=True,
        sqlite_where=sa.text("status NOT IN ('cancelled')"),
        postgresql_where=sa.text("status NOT IN ('cancelled')"),
    ),
    Index(
        "ix_core_downloads_drifting",
        "status",
        "download_id",
        sqlite_where=sa.text("desired_revision > applied_revision"),
        postgresql_where=sa.text("desired_revision > applied_revision"),
    ),
    one_of("cancel_reason", states.CancelReason, "cancel_reason"),
)

resync_items = table(
    "resync_items",
    # What one cause meant for one download, kept for ever: progress now, history and undo later.
    Column("resync_id", Id, ForeignKey("core_resyncs.resync_id"), primary_key=True),
    Column("download_id", Id, ForeignKey("core_downloads.download_id"), primary_key=True, index=True),
    Column("revision", Integer, nullable=False),
    Column("before", sa.JSON),
    Column("before_path", Text),
    Column("after_path", Text),
    Column("outcome", String(20), nullable=False),  # waiting: for a person's confirmation
    Column("reason", String(30)),
    Column("detail", Text),
    one_of(
        "outcome", ("pending", "waiting", "moved", "unchanged", "held", "failed", "superseded"), "outcome"
    ),
)

waiting_downloads = table(
    "waiting_downloads",
    # Downloads that a cause begins or takes back when a person confirms it; gone when that was decided.
    Column("resync_id", Id, ForeignKey("core_resyncs.resync_id"), primary_key=True),
    Column("link_id", Id, ForeignKey("core_links.link_id"), primary_key=True, index=True),
    Column("is_start", Boolean, nullable=False),
)


def status_guard(dialect: str) -> list[str]:
    """Return the statements that make the database refuse a download's step that no code should take.

    One state machine: the transitions come from ``domain.states``.
    """
    legal = ", ".join(
        f"'{before}>{after}'"
        for before, afters in states.DOWNLOAD_TRANSITIONS.items()
        for after in sorted(afters)
    )
    when = f"OLD.status <> NEW.status AND OLD.status || '>' || NEW.status NOT IN ({legal})"
    trigger = "CREATE TRIGGER core_downloads_status BEFORE UPDATE OF status ON core_downloads FOR EACH ROW"
    if dialect == "sqlite":
        return [f"{trigger} WHEN {when} BEGIN SELECT RAISE(ABORT, 'illegal download status'); END"]
    function = (
        "CREATE FUNCTION core_downloads_status() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'illegal download status: % to %', OLD.status, NEW.status "
        "USING ERRCODE = 'check_violation'; END $$"
    )
    return [function, f"{trigger} WHEN ({when}) EXECUTE FUNCTION core_downloads_status()"]
