"""The library as people know it: works, seasons, series, groups, releases, identities."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, Date, ForeignKey, Index, Integer, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table

animes = table(
    "animes",
    Column("anime_id", Id, primary_key=True),
    Column("title", Text, nullable=False, unique=True),
    Column("year", Integer),  # addition: in which it began, if that is known
    Column("removed_at", Instant),  # addition: nothing new of it is downloaded
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

seasons = table(
    "seasons",
    Column("season_id", Id, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("season", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    sa.UniqueConstraint("year", "season"),
)

series = table(
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
    # addition: its releases changed while titles are parsed again; the end of that chooses what is fetched
    Column("is_unsettled", Boolean, nullable=False, server_default=sa.false()),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index(
        "ix_core_series_unsettled",
        "series_id",
        sqlite_where=sa.text("is_unsettled = 1"),
        postgresql_where=sa.text("is_unsettled"),
    ),
    sa.UniqueConstraint("anime_id", "series_no"),
    sa.CheckConstraint("series_no >= 0", name="series_no"),
)

subtitle_groups = table(
    "subtitle_groups",
    Column("group_id", Id, primary_key=True),
    Column("group_name", Text, nullable=False, unique=True),
    Column("removed_at", Instant),  # addition: nothing new of it is downloaded
    Column("created_at", Instant, nullable=False),
)

links = table(
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
    Column("is_movie", Boolean, nullable=False, server_default=sa.false()),  # the title says a film
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

identities = table(
    "identities",
    # What the world outside calls a work or an episode, as NFOs and folder names of adopted files say.
    Column("subject_type", String(10), primary_key=True),
    Column("subject_id", Id, primary_key=True, autoincrement=False),
    Column("namespace", String(100), primary_key=True),
    Column("value", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    one_of("subject_type", ("anime", "link"), "subject_type"),
)

named_works = table(
    "named_works",
    # Works whose names were taken down, to be compared, and the release that says more than the title.
    Column("anime_id", Id, ForeignKey("core_animes.anime_id"), primary_key=True, autoincrement=False),
    Column("item_id", Id, ForeignKey("core_raw_items.item_id")),
)

work_names = table(
    "work_names",
    # What they are called: the title first. Derived, like the index of titles: domain.same_works.names_of.
    Column("anime_id", Id, ForeignKey("core_animes.anime_id"), primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Index(None, "key", "anime_id"),
)
