"""Core's tables. Column names are the reference's (contract §2.1); what Seiton adds is said in comments.

Nothing here cascades: deleting a row never deletes history, downloads or files.
"""

from __future__ import annotations

from seiton.core.tables.access import api_tokens, people, sessions
from seiton.core.tables.choices import adoption_files, adoptions, conflicts
from seiton.core.tables.engine import looks, module_capabilities, modules, state
from seiton.core.tables.filing import downloads, resync_items, resyncs, status_guard, waiting_downloads
from seiton.core.tables.knowledge import (
    airing,
    answers,
    episode_facts,
    external_ids,
    neighbours,
    pictures,
    series_facts,
    title_order,
)
from seiton.core.tables.notices import notices, notification_targets
from seiton.core.tables.rules import (
    filter_rules,
    follow_modes,
    library_policy,
    library_profiles,
    library_rules,
    parsers,
    rulesets,
)
from seiton.core.tables.schema import metadata
from seiton.core.tables.seeking import seeks
from seiton.core.tables.titles import item_subscriptions, raw_items, subscriptions
from seiton.core.tables.works import (
    animes,
    identities,
    links,
    named_works,
    seasons,
    series,
    subtitle_groups,
    work_names,
)

__all__ = [
    "adoption_files",
    "adoptions",
    "airing",
    "animes",
    "answers",
    "api_tokens",
    "conflicts",
    "downloads",
    "episode_facts",
    "external_ids",
    "filter_rules",
    "follow_modes",
    "identities",
    "item_subscriptions",
    "library_policy",
    "library_profiles",
    "library_rules",
    "links",
    "looks",
    "metadata",
    "module_capabilities",
    "modules",
    "named_works",
    "neighbours",
    "notices",
    "notification_targets",
    "parsers",
    "people",
    "pictures",
    "raw_items",
    "resync_items",
    "resyncs",
    "rulesets",
    "seasons",
    "seeks",
    "series",
    "series_facts",
    "sessions",
    "state",
    "status_guard",
    "subscriptions",
    "subtitle_groups",
    "title_order",
    "waiting_downloads",
    "work_names",
]
