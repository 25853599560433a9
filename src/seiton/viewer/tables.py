"""The Viewer's tables: what it was asked, what it holds, and the journal of what it does to files.

Paths are bytes relative to the library root; ``*_display`` columns are for people.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text

from seiton.adapters.database import NAMING, Id, Instant, one_of
from seiton.domain import states

metadata = sa.MetaData(naming_convention=NAMING)


def _table(name: str, *parts: sa.schema.SchemaItem) -> Table:
    return Table(f"viewer_{name}", metadata, *parts, sqlite_autoincrement=True)


libraries = _table(
    "libraries",
    Column("library_id", String(36), primary_key=True),  # what .seiton/library-id says
    Column("root", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

units = _table(
    "units",
    # One video and everything that follows it. Desired rows are upserted by messages, nothing else.
    Column("unit_id", Id, primary_key=True),
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), nullable=False),
    Column("core_instance", String(64), nullable=False),
    Column("download_id", Id, nullable=False),
    Column("series_id", Id, nullable=False),
    Column("show_id", Id, index=True),  # viewer_shows; where it lies now
    Column("wish", sa.JSON, nullable=False),  # domain.metadata.EpisodeMeta
    Column("revision", Integer, nullable=False),  # of the wish
    Column("applied_revision", Integer, nullable=False, server_default="0"),
    Column("state", String(20), nullable=False),
    Column("stem", LargeBinary),  # relative path without extension
    Column("video", LargeBinary),  # relative path
    Column("applied_video", LargeBinary),  # relative path when a wish was last applied: what Core knows
    Column("home", LargeBinary),  # only while it lies at a parking name: the stem that it was parked from
    Column("home_nfo", String(64)),  # … and the digest of its NFO there, kept in viewer_objects
    Column("inode", sa.BigInteger),
    Column("size", sa.BigInteger),
    Column("mtime_ns", sa.BigInteger),
    Column("birth_ns", sa.BigInteger),
    Column("content_digest", String(64)),
    Column("nfo_digest", String(64)),  # of the NFO file as we left it
    Column("nfo_rendering", String(64)),  # of our part of it: differs where the user's elements are kept
    Column("source_path", LargeBinary),  # absolute, below the download folder
    Column("subtitle_sources", sa.JSON, nullable=False),
    Column("added_at", Instant),  # first import; <dateadded>, constant over resyncs
    Column("trash_id", String(64)),  # part of the wish: to lie in this folder of the trash
    Column("erase", sa.Boolean, nullable=False),  # … and not even there any more
    Column("cause", String(90)),  # of the wish: "core instance:resync"; its before-images go by this name
    Column("undoes", String(90)),  # part of the wish: to lie as it did before this cause
    Column("was_met", sa.Boolean, nullable=False),  # the wish before this cause's was applied
    Column("hold_reason", String(30)),
    Column("hold_detail", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("core_instance", "download_id"),
    one_of("state", states.UnitState, "state"),
    Index(
        "ix_viewer_units_parked",
        "library_id",
        sqlite_where=sa.text("home IS NOT NULL"),
        postgresql_where=sa.text("home IS NOT NULL"),
    ),
    Index(
        "ix_viewer_units_pending",
        "library_id",
        "unit_id",
        sqlite_where=sa.text("revision > applied_revision"),
        postgresql_where=sa.text("revision > applied_revision"),
    ),
)

claims = _table(
    "claims",
    # One path, one owner: the database refuses a second claimant of a name, now or to come.
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), primary_key=True),
    Column("path_key", Text, primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("unit_id", Id, ForeignKey("viewer_units.unit_id"), nullable=False, index=True),
    one_of("kind", ("current", "target"), "kind"),
)

sync_tasks = _table(
    "sync_tasks",
    Column("task_id", Id, primary_key=True),
    Column("download_id", Id, nullable=False),
    Column("core_series_id", Id, nullable=False),
    Column("episode_no", Integer, nullable=False),
    Column("source_path", Text, nullable=False),
    Column("target_path", Text),
    Column("status", String(20), nullable=False),
    Column("error_message", Text),
    Column("created_at", Instant, nullable=False),
    Column("completed_at", Instant),
    # the seed's step 2
    Column("anime_title", Text),
    Column("series_no", Integer),
    Column("subtitle_group", Text),
    Column("task_type", String(10), nullable=False),
    # additions
    Column("unit_id", Id, ForeignKey("viewer_units.unit_id"), nullable=False, index=True),
    Column("core_instance", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("batch_id", Text),
    Column("callback_url", Text, nullable=False),
    Column("outcome", String(20)),  # moved unchanged held failed
    Column("reason", String(30)),
    # the outbox: the report is due until Core has taken it
    Column("report_due_at", Instant),
    Column("report_attempts", Integer, nullable=False, server_default="0"),
    Column("reported_at", Instant),
    sa.UniqueConstraint("core_instance", "download_id", "revision"),
    one_of("status", states.TaskStatus, "status"),
    one_of("task_type", states.TaskType, "task_type"),
    Index(
        "ix_viewer_sync_tasks_batch",
        "batch_id",
        sqlite_where=sa.text("batch_id IS NOT NULL"),
        postgresql_where=sa.text("batch_id IS NOT NULL"),
    ),
    Index(
        "ix_viewer_sync_tasks_due",
        "report_due_at",
        sqlite_where=sa.text("report_due_at IS NOT NULL"),
        postgresql_where=sa.text("report_due_at IS NOT NULL"),
    ),
)

journal = _table(
    "journal",
    # Written before the disk is touched; an open row explains any difference between record and disk.
    Column("step_id", Id, primary_key=True),
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), nullable=False),
    Column("plan_id", String(36), nullable=False),
    Column("unit_id", Id),
    Column("token", String(40), nullable=False),  # names its temporary files; 64 random bits
    Column("kind", String(12), nullable=False),
    Column("component", Integer),  # once a step of it fails, its later steps are not tried
    Column("bundle", Integer),  # once a step of it fails, its finished steps are taken back
    Column("cause", String(90)),  # as in units
    Column("source", LargeBinary),
    Column("target", LargeBinary),
    Column("form", String(6)),  # of what is moved
    Column("inode", sa.BigInteger),
    Column("size", sa.BigInteger),
    Column("mtime_ns", sa.BigInteger),
    Column("birth_ns", sa.BigInteger),
    Column("before_digest", String(64)),
    Column("after_digest", String(64)),
    Column("before_rendering", String(64)),  # of a show file: our part of it before
    Column("state", String(12), nullable=False),
    Column("error", Text),
    Column("created_at", Instant, nullable=False),
    Column("done_at", Instant),
    one_of("state", states.StepState, "state"),
    one_of("form", ("file", "folder", "link"), "form"),
    Index(
        "ix_viewer_journal_open",
        "library_id",
        "step_id",
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
    Index(
        "ix_viewer_journal_shared",
        "cause",
        "step_id",
        sqlite_where=sa.text("unit_id IS NULL"),
        postgresql_where=sa.text("unit_id IS NULL"),
    ),
)

unit_images = _table(
    "unit_images",
    # How a unit lay before a cause first touched it, and how that cause left it: what undo gives back, and
    # how it knows what was changed since. Written before the first step.
    Column("unit_id", Id, ForeignKey("viewer_units.unit_id"), primary_key=True),
    Column("cause", String(90), primary_key=True),
    Column("stem", LargeBinary, nullable=False),
    Column("nfo", String(64)),  # of the NFO file as it was; none: there was none
    Column("nfo_digest", String(64)),  # the unit's columns of these names
    Column("nfo_rendering", String(64)),
    Column("show_id", Id),
    Column("is_met", sa.Boolean, nullable=False),  # it lay where it was wanted then; else it was held
    Column("after_stem", LargeBinary),
    Column("after_nfo", String(64)),
    Column("created_at", Instant, nullable=False),
)

undone = _table(
    "undone",
    # Causes that are being undone, until the show files are given back where no unit comes back to.
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), primary_key=True),
    Column("cause", String(90), primary_key=True),  # as in units
    Column("undone_by", String(90)),
    Column("created_at", Instant, nullable=False),
)

objects = _table(
    "objects",
    # Before- and after-images of generated files, by content.
    Column("digest", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", Instant, nullable=False),
)

artifacts = _table(
    "artifacts",
    # Files and folders that Seiton itself made: the only ones it rewrites, prunes or drops.
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), primary_key=True),
    Column("path", LargeBinary, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("digest", String(64)),  # as we left it
    Column("rendering", String(64)),  # our part
    Column("left_at", Instant),  # units have left this folder: it may be empty now
    Column("left_by", String(90)),  # the cause by which they left
    Column("created_at", Instant, nullable=False),
    one_of("kind", ("folder", "show_nfo", "season_nfo", "picture"), "kind"),
)

pictures = _table(
    "pictures",
    # Posters that wishes name, and where to get them; their contents are objects.
    Column("name", String(80), primary_key=True),  # digest and suffix
    Column("url", Text, nullable=False),
    Column("core_instance", Text, nullable=False),
    Column("fetched_at", Instant),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("next_try_at", Instant),
)

wanted_pictures = _table(
    "wanted_pictures",
    # Posters that were not at hand when units came to their folders: hung up as soon as they are.
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), primary_key=True),
    Column("path", LargeBinary, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("cause", String(90)),
)

shows = _table(
    "shows",
    # A show folder and the id that media servers know it by; the id outlives renames of the folder.
    Column("show_id", Id, primary_key=True),
    Column("library_id", String(36), ForeignKey("viewer_libraries.library_id"), nullable=False),
    Column("folder", LargeBinary, nullable=False),
    Column("folder_key", Text, nullable=False),
    Column("custom_id", Text, nullable=False),
    Column("series_no", Integer),  # the season that tvshow.nfo was made from
    Column("title", Text),  # of the work, and
    Column("year", Integer),  # that the folder was named by: it keeps them
    Column("added_at", Instant, nullable=False),
    sa.UniqueConstraint("library_id", "folder_key"),
)

servers = _table(
    "servers",
    # The media servers of the settings, and how they are: while one is away, nothing waits for it.
    Column("name", String(64), primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    Column("away_since", Instant),
    Column("next_try_at", Instant),
    Column("answered_at", Instant),
)

server_changes = _table(
    "server_changes",
    # A unit of which a media server does not know yet how it lies now: told, looked at, and then forgotten.
    # Written with the journal, before the first step.
    Column("server", String(64), ForeignKey("viewer_servers.name", ondelete="CASCADE"), primary_key=True),
    Column("unit_id", Id, ForeignKey("viewer_units.unit_id"), primary_key=True),
    Column("library_id", String(36), nullable=False),
    Column("known_video", LargeBinary),  # relative path by which the server knows it
    Column("read_at", Instant),  # its watched state is in viewer_server_marks
    Column("told_at", Instant),  # the server was told since the last step
    Column("looks", Integer, nullable=False, server_default="0"),  # … and how often it was looked at since
    Column("look_at", Instant),  # the next look; none: nothing is to be done before another step
    Column("changed_at", Instant, nullable=False),
    Index(None, "server", "look_at"),
    Index(None, "unit_id"),
)

server_marks = _table(
    "server_marks",
    # The watched state that a unit had on a server before its first step, for each user.
    Column("server", String(64), primary_key=True),
    Column("unit_id", Id, primary_key=True),
    Column("user_name", String(255), primary_key=True),
    Column("played", sa.Boolean, nullable=False),
    Column("count", Integer, nullable=False),
    Column("last_played", Text, nullable=False),  # as the server writes it
    Column("position_s", sa.Float, nullable=False),
    Column("total_s", sa.Float, nullable=False),
    Column("favourite", sa.Boolean, nullable=False),
    sa.ForeignKeyConstraint(
        ["server", "unit_id"],
        ["viewer_server_changes.server", "viewer_server_changes.unit_id"],
        ondelete="CASCADE",
    ),
)
