"""Where the fields of a release come from, and what became of its file over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.queries import Record, fetch_all, undone_by
from seiton.core.service import Core
from seiton.domain.metadata import UNKNOWN_GROUP
from seiton.domain.states import ParserKind, SourceType


class Origin(StrEnum):
    """Who says a field."""

    PIN = "pin"  #: a person
    TITLE = "title"  #: the title, by a parser
    PARSER = "parser"  #: the parser itself: a fixed value
    ASSUMED = "assumed"  #: nobody does
    FILE = "file"  #: names, folders and NFO of a file that was adopted
    HAND = "hand"  #: the release was added by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldOrigin:
    """A field of a release, its value, and who says it."""

    field: str
    value: str | int | None
    origin: Origin


_FIELDS = (
    ("anime_title", "anime_title"),
    ("series_no", "series_no"),
    ("episode_no", "episode_no"),
    ("subtitle_group", "group_name"),
    ("resolution", "resolution"),
)
"""Fields of parsers and pins, and the columns of a release that have them."""


def entry_of(core: Core, item_id: int) -> Record | None:
    """Return the entry that a release was read from: title, feed, ids that it names (``facts``), parser
    (``parser``: its row, None once it is gone).
    """
    items, parsers, subscriptions = tables.raw_items, tables.parsers, tables.subscriptions
    query = (
        sa.select(items, subscriptions.c.name.label("feed_name"), subscriptions.c.source_url)
        .select_from(
            items.outerjoin(subscriptions, subscriptions.c.subscription_id == items.c.subscription_id)
        )
        .where(items.c.item_id == item_id)
    )
    with core.database.read() as connection:
        for row in fetch_all(connection, query):
            mine = sa.select(parsers).where(parsers.c.parser_id == row["parser_id"])
            found = fetch_all(connection, mine) if row["parser_id"] is not None else []
            return row | {"parser": found[0] if found else None}
    return None


def fields_of(release: Mapping[str, Any], entry: Mapping[str, Any] | None) -> list[FieldOrigin]:
    """Say of each field of ``release`` where its value comes from; ``entry`` as of ``entry_of``."""
    return [
        FieldOrigin(
            field=field, value=release[column], origin=_origin(field, release[column], release, entry)
        )
        for field, column in _FIELDS
    ]


def _origin(field: str, value: object, release: Mapping[str, Any], entry: Mapping[str, Any] | None) -> Origin:
    if field in (release["pins"] or {}):
        return Origin.PIN
    if entry is None:
        return Origin.HAND
    parser, unsaid = entry["parser"], Origin.ASSUMED if entry["subscription_id"] else Origin.FILE
    if parser is None or value is None or value == UNKNOWN_GROUP:
        return unsaid
    source = parser[f"{field}_source"]
    if source is None:
        return Origin.TITLE if parser["kind"] == ParserKind.STRUCTURAL else unsaid
    return Origin.TITLE if source == SourceType.REGEX else Origin.PARSER


def moves_of(core: Core, download_id: int, *, limit: int, offset: int = 0) -> list[Record]:
    """Return the causes that touched the file of a download, the newest first: both paths, ``undone_by``."""
    items, resyncs = tables.resync_items, tables.resyncs
    query = (
        sa.select(
            items.c.before_path,
            items.c.after_path,
            items.c.outcome,
            resyncs.c.resync_id,
            resyncs.c.cause,
            resyncs.c.subject_name,
            resyncs.c.undoes,
            resyncs.c.created_at,
        )
        .select_from(items.join(resyncs, resyncs.c.resync_id == items.c.resync_id))
        .where(items.c.download_id == download_id)
        .order_by(resyncs.c.resync_id.desc())
        .limit(limit)
        .offset(offset)
    )
    with core.database.read() as connection:
        rows = fetch_all(connection, query)
        undone = undone_by(connection, [row["resync_id"] for row in rows])
    return [row | {"undone_by": undone.get(row["resync_id"])} for row in rows]
