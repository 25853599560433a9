"""Core's tables. Column names are the reference's (contract §2.1); what Seiton adds is said in comments.

Nothing here cascades: deleting a row never deletes history, downloads or files.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, Float, ForeignKey, Index, Integer, String, Table, Text

from seiton.adapters.database import NAMING, Id, Instant, one_of
from seiton.domain import states
from seiton.domain.consent import CauseKind, FollowMode
from seiton.domain.filters import TargetType

metadata = sa.MetaData(naming_convention=NAMING)


def _table(name: str, *parts: sa.schema.SchemaItem) -> Table:
    return Table(f"core_{name}", metadata, *parts, sqlite_autoincrement=True)


state = _table(
    "state",
    # One row. Locked by whoever ingests titles or changes rules, so that each title is parsed by
    # the rules of one version.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("instance_id", String(36), nullable=False),
    Column("rules_version", Id, nullable=False),  # of the rules as they are
    Column("reparsed_version", Id, nullable=False),  # every stored title is parsed by these
    Column("reparse_target", Id),  # a reparse to this version is under way
    Column("reparse_cursor", Id),  # items up to this id are done
    Column("pack_version", Integer, nullable=False, server_default="0"),  # of the built-in parsers
    Column("filters_version", Id, nullable=False, server_default="0"),  # counts edits of filter rules
    Column("filter_targets", sa.JSON),  # whose links may not be flagged by the rules as they are
    Column("filter_resync_id", Id),  # the edit that this follows from
    Column("built_in", sa.JSON),  # the types of modules that Core's process has itself
)

looks = _table(
    "looks",
    # When which periodic look was last taken, whoever of several processes took it.
    Column("name", String(100), primary_key=True),
    Column("looked_at", Instant, nullable=False),
)

rulesets = _table(
    "rulesets",
    # Snapshots of all parsers by version: a reparse goes from one to the next, also after a crash.
    Column("version", Id, primary_key=True, autoincrement=False),
    Column("rules", sa.JSON, nullable=False),
    Column("resync_id", Id),  # the edit that made it
    Column("mode", String(10), nullable=False, server_default="edit"),  # how titles come to it
    one_of("mode", states.RulesMode, "mode"),
    Column("created_at", Instant, nullable=False),
)

modules = _table(
    "modules",
    # The reference's service_modules: who registered. Built-in ones need no row.
    Column("module_id", Id, primary_key=True),
    Column("module_type", String(20), nullable=False),
    Column("name", String(255), nullable=False),
    Column("version", String(50), nullable=False, server_default="1.0.0"),
    Column("description", Text),
    Column("is_enabled", Boolean, nullable=False),  # by hand only: registering again never changes it
    Column("config_schema", Text),
    Column("priority", Integer, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    # additions
    Column("service_id", String(36), nullable=False, unique=True),  # its name in the API, for ever the same
    Column("capabilities", sa.JSON, nullable=False),  # as it said
    Column("admitted", Boolean, nullable=False),  # may be asked: it registered itself, or a person said so
    Column("core_url", Text, nullable=False),  # how it reaches Core, as seen when it registered
    Column("lease_until", Instant),
    Column("last_seen_at", Instant),
    Column("last_error", Text),
    Column("failing_since", Instant),
    sa.UniqueConstraint("module_type", "name"),
    one_of("module_type", states.ModuleType, "module_type"),
)

module_capabilities = _table(
    "module_capabilities",
    # Which kinds of links a downloader takes.
    Column("module_id", Id, ForeignKey("core_modules.module_id"), primary_key=True),
    Column("download_type", String(20), primary_key=True),
    one_of("download_type", states.DownloadType, "download_type"),
)

subscriptions = _table(
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
    sa.CheckConstraint("fetch_interval_minutes > 0", name="interval"),
)

raw_items = _table(
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
    Index(None, "created_at", "item_id"),
)

item_subscriptions = _table(
    "item_subscriptions",
    # An item belongs to every subscription that brought it.
    Column("item_id", Id, ForeignKey("core_raw_items.item_id"), primary_key=True),
    Column("subscription_id", Id, ForeignKey("core_subscriptions.subscription_id"), primary_key=True),
    Column("seen_at", Instant, nullable=False),
    Index(None, "subscription_id", "item_id"),
)

_FIELDS = ("anime_title", "episode_no", "series_no", "subtitle_group", "resolution", "season", "year")


def _source_columns() -> list[Column[str]]:
    columns: list[Column[str]] = []
    for field in (*_FIELDS, "episode_end"):
        required = field in {"anime_title", "episode_no"}
        columns.append(Column(f"{field}_source", String(10), nullable=not required))
        columns.append(Column(f"{field}_value", Text, nullable=not required))
    return columns


parsers = _table(
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

animes = _table(
    "animes",
    Column("anime_id", Id, primary_key=True),
    Column("title", Text, nullable=False, unique=True),
    Column("year", Integer),  # addition: in which it began, if that is known
    Column("removed_at", Instant),  # addition: nothing new of it is downloaded
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

seasons = _table(
    "seasons",
    Column("season_id", Id, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("season", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("year", "season"),
)

series = _table(
    "series",
    Column("series_id", Id, primary_key=True),
    Column("anime_id", Id, ForeignKey("core_animes.anime_id"), nullable=False),
    Column("series_no", Integer, nullable=False),
    Column("season_id", Id, ForeignKey("core_seasons.season_id")),  # mutable fact, not identity
    Column("pins", sa.JSON(none_as_null=True)),  # addition: field → value, for what parsers put here
    Column("description", Text),
    Column("aired_date", Date),
    Column("end_date", Date),
    Column("removed_at", Instant),  # addition: nothing new of it is downloaded
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("anime_id", "series_no"),
    sa.CheckConstraint("series_no >= 0", name="series_no"),
)

subtitle_groups = _table(
    "subtitle_groups",
    Column("group_id", Id, primary_key=True),
    Column("group_name", Text, nullable=False, unique=True),
    Column("removed_at", Instant),  # addition: nothing new of it is downloaded
    Column("created_at", Instant, nullable=False),
)

links = _table(
    "links",
    Column("link_id", Id, primary_key=True),
    Column("series_id", Id, ForeignKey("core_series.series_id"), nullable=False),
    Column("group_id", Id, ForeignKey("core_subtitle_groups.group_id"), nullable=False),
    Column("episode_no", Integer, nullable=False),
    Column("title", Text),
    Column("url", Text, nullable=False),
    Column("source_hash", String(80), nullable=False),
    Column("filtered_flag", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("raw_item_id", Id, ForeignKey("core_raw_items.item_id")),
    Column("download_type", String(20)),
    # additions
    Column("slot", Integer, nullable=False, server_default="0"),  # place in a batch; survives renumbering
    Column("episode_tenths", Integer, nullable=False, server_default="0"),  # 12.5 → 5
    Column("version", Integer, nullable=False, server_default="1"),  # 01v2 → 2
    Column("resolution", Text),
    Column("is_batch", Boolean, nullable=False, server_default=sa.false()),
    Column("pins", sa.JSON(none_as_null=True)),  # field → value set by hand; stays whatever parsers say
    Column("detached_at", Instant),  # no parser matches the title any more
    Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("raw_item_id", "slot"),
    sa.CheckConstraint("episode_no >= 0", name="episode_no"),
    Index(None, "series_id", "episode_no", "episode_tenths"),
    Index(
        "ix_core_links_filtered",
        "link_id",
        sqlite_where=sa.text("filtered_flag = 1"),
        postgresql_where=sa.text("filtered_flag"),
    ),
)

resyncs = _table(
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
)

downloads = _table(
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
        "download_id",
        sqlite_where=sa.text("desired_revision > applied_revision"),
        postgresql_where=sa.text("desired_revision > applied_revision"),
    ),
    one_of("cancel_reason", states.CancelReason, "cancel_reason"),
)

library_profiles = _table(
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

resync_items = _table(
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

waiting_downloads = _table(
    "waiting_downloads",
    # Downloads that a cause begins or takes back when a person confirms it; gone when that was decided.
    Column("resync_id", Id, ForeignKey("core_resyncs.resync_id"), primary_key=True),
    Column("link_id", Id, ForeignKey("core_links.link_id"), primary_key=True, index=True),
    Column("is_start", Boolean, nullable=False),
)

follow_modes = _table(
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

adoptions = _table(
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

adoption_files = _table(
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

identities = _table(
    "identities",
    # What the world outside calls a work or an episode, as NFOs and folder names of adopted files say.
    Column("subject_type", String(10), primary_key=True),
    Column("subject_id", Id, primary_key=True, autoincrement=False),
    Column("namespace", String(100), primary_key=True),
    Column("value", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    one_of("subject_type", ("anime", "link"), "subject_type"),
)

filter_rules = _table(
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

library_policy = _table(
    "library_policy",
    # One row, if any: which of several releases of an episode is fetched.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("group_order", sa.JSON, nullable=False),
    Column("resolution_order", sa.JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

conflicts = _table(
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
