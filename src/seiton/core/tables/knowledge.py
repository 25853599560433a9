"""What the world outside says: external ids, facts about works and episodes, pictures, who was asked."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, Text

from seiton.adapters.database import Id, Instant, one_of
from seiton.core.tables.schema import table
from seiton.domain import states

external_ids = table(
    "external_ids",
    # Which series is which in the world outside: ``bgm/400602``. Only one series has an id; another that
    # claims it is likely the same one under another title.
    Column("external_id", Id, primary_key=True),
    Column("namespace", String(40), nullable=False),
    Column("value", String(100), nullable=False),
    Column("series_id", Id, ForeignKey("core_series.series_id"), nullable=False, index=True),
    Column("standing", String(12), nullable=False),
    Column("source", String(12), nullable=False),  # who said it
    Column("title", Text),  # of a suggestion: what it is about, to be shown
    Column("year", Integer),
    Column("picture_url", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    sa.UniqueConstraint("namespace", "value", "series_id"),
    one_of("standing", states.IdStanding, "standing"),
    one_of("source", states.IdSource, "source"),
    Index(
        "ix_core_external_ids_one_series",
        "namespace",
        "value",
        unique=True,
        sqlite_where=sa.text("standing IN ('given', 'confirmed', 'manual')"),
        postgresql_where=sa.text("standing IN ('given', 'confirmed', 'manual')"),
    ),
)

answers = table(
    "answers",
    # What neighbours answered, until it is old; after that for as long as they are away.
    Column("source", String(20), primary_key=True),
    Column("key", String(300), primary_key=True),
    Column("body", sa.JSON(none_as_null=True)),  # none: there is no such thing
    Column("fetched_at", Instant, nullable=False),
    Column("fresh_until", Instant, nullable=False),
)

series_facts = table(
    "series_facts",
    # What is known about a series by its id, and what of it Seiton uses: equal to domain.metadata.ShowFacts.
    Column("series_id", Id, ForeignKey("core_series.series_id"), primary_key=True, autoincrement=False),
    Column("namespace", String(40), nullable=False),
    Column("value", String(100), nullable=False),
    Column("known", sa.JSON, nullable=False),  # domain.facts.Known
    Column("facts", sa.JSON, nullable=False),  # chosen of it, for NFOs
    Column("picture", String(80)),  # the poster in hand
    Column("offset", Integer, nullable=False, server_default="0"),  # of the numbers of its releases
    Column("due_at", Instant, nullable=False),  # when to ask again
    # its releases have other numbers than when the facts of its episodes were placed
    Column("is_stale", Boolean, nullable=False, server_default=sa.false()),
    # as they were before a change that a person has undone: nothing new comes in
    Column("is_held", Boolean, nullable=False, server_default=sa.false()),
    # may say another season or other numbers than releases do, or another title: only these are looked at
    Column("may_differ", Boolean, nullable=False, server_default=sa.true()),
    Column("may_rename", Boolean, nullable=False, server_default=sa.true()),
    Index(None, "due_at"),
    Index(
        "ix_core_series_facts_may_differ",
        "series_id",
        sqlite_where=sa.text("may_differ = 1"),
        postgresql_where=sa.text("may_differ"),
    ),
    Index(
        "ix_core_series_facts_may_rename",
        "series_id",
        sqlite_where=sa.text("may_rename = 1"),
        postgresql_where=sa.text("may_rename"),
    ),
)

episode_facts = table(
    "episode_facts",
    # The same for an episode, by the number that its releases have.
    Column("series_id", Id, ForeignKey("core_series.series_id"), primary_key=True, autoincrement=False),
    Column("episode_no", Integer, primary_key=True, autoincrement=False),
    Column("episode_tenths", Integer, primary_key=True, autoincrement=False),
    Column("facts", sa.JSON, nullable=False),  # domain.metadata.EpisodeFacts
    Column("aired", sa.Date),  # of them, to be looked for by
    Index(None, "aired", "series_id"),
)

airing = table(
    "airing",
    # What a source says is broadcast at present, by weekday, whether we have it or not.
    Column("namespace", String(40), primary_key=True),
    Column("value", String(100), primary_key=True),
    Column("weekday", Integer, nullable=False),  # ISO: Monday is 1
    Column("titles", sa.JSON, nullable=False),  # domain.facts.Titles
    Column("premiered", sa.Date),
    Column("picture_url", Text),
    Column("picture", String(80)),  # the poster in hand
    Column("picture_tried_at", Instant),
    Column(
        "subscription_id", Id, ForeignKey("core_subscriptions.subscription_id")
    ),  # by which it is followed
    Column("seen_at", Instant, nullable=False),
)

pictures = table(
    "pictures",
    Column("name", String(80), primary_key=True),  # digest of the content, and its suffix
    Column("url", Text, nullable=False),
    Column("url_hash", String(64), nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("fetched_at", Instant, nullable=False),
)

title_order = table(
    "title_order",
    # One row, if any: in which languages titles are wanted, the best first.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("languages", sa.JSON, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

neighbours = table(
    "neighbours",
    Column("kind", String(12), primary_key=True),
    Column("address", String(300), primary_key=True),
    Column("state", String(12), nullable=False),
    Column("since", Instant, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("last_error", Text),
    Column("next_try_at", Instant),
    one_of("kind", states.NeighbourKind, "kind"),
    one_of("state", states.NeighbourState, "state"),
)
