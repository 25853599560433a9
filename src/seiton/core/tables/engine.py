"""The engine's own records: versions of the rules, looks taken, modules that registered."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states

state = table(
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

looks = table(
    "looks",
    # When which periodic look was last taken, whoever of several processes took it.
    Column("name", String(100), primary_key=True),
    Column("looked_at", Instant, nullable=False),
)

modules = table(
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
    # it came with the service token, so it is asked with it
    Column("knows_token", Boolean, nullable=False, server_default=sa.false()),
    Column("core_url", Text, nullable=False),  # how it reaches Core, as seen when it registered
    Column("lease_until", Instant),
    Column("last_seen_at", Instant),
    Column("last_error", Text),
    Column("failing_since", Instant),
    sa.UniqueConstraint("module_type", "name"),
    one_of("module_type", states.ModuleType, "module_type"),
)

module_capabilities = table(
    "module_capabilities",
    # Which kinds of links a downloader takes.
    Column("module_id", Id, ForeignKey("core_modules.module_id"), primary_key=True),
    Column("download_type", String(20), primary_key=True),
    one_of("download_type", states.DownloadType, "download_type"),
)
