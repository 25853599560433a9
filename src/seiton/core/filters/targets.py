"""What filter rules are for, by name: looked for, and named."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.service import Core
from seiton.domain.filters import Target, TargetType
from seiton.domain.states import ModuleType
from seiton.text import _

Named = tuple[int, str]
"""A number, and what people call what has it."""


def find_targets(core: Core, kind: TargetType, wanted: str, *, limit: int) -> list[Named]:
    """Return what of a kind has ``wanted`` in its name, by name; ``global`` has none."""
    if kind is TargetType.GLOBAL:
        return []
    source, number, name, kept = _of(kind)
    query = sa.select(number, name).select_from(source).where(*kept).order_by(name, number).limit(limit)
    if kind is TargetType.ANIME_SERIES:
        query = query.add_columns(tables.series.c.series_no).order_by(None)
        query = query.order_by(name, tables.series.c.series_no)
    if wanted:
        query = query.where(name.icontains(wanted, autoescape=True))
    with core.database.read() as connection:
        return [_named(kind, row) for row in connection.execute(query)]


def name_targets(core: Core, targets: Collection[Target]) -> dict[Target, str]:
    """Return the names of targets, as far as there is such a thing."""
    found: dict[Target, str] = {}
    with core.database.read() as connection:
        for kind in {kind for kind, number in targets if number is not None}:
            source, number, name, _kept = _of(kind)
            for part in chunks(sorted(n for k, n in targets if k is kind and n is not None)):
                query = sa.select(number, name).select_from(source).where(number.in_(part))
                if kind is TargetType.ANIME_SERIES:
                    query = query.add_columns(tables.series.c.series_no)
                for row in connection.execute(query):
                    key, text = _named(kind, row)
                    found[kind, key] = text
    return found


def _of(
    kind: TargetType,
) -> tuple[sa.FromClause, sa.Column[int], sa.ColumnElement[str], list[sa.ColumnElement[bool]]]:
    """Return where things of a kind stand, their number and name, and which of them there still are."""
    animes, series, groups = tables.animes, tables.series, tables.subtitle_groups
    modules, subscriptions = tables.modules, tables.subscriptions
    match kind:
        case TargetType.ANIME:
            return animes, animes.c.anime_id, animes.c.title, [animes.c.removed_at.is_(None)]
        case TargetType.ANIME_SERIES:
            source = series.join(animes, animes.c.anime_id == series.c.anime_id)
            return source, series.c.series_id, animes.c.title, [series.c.removed_at.is_(None)]
        case TargetType.SUBTITLE_GROUP:
            return groups, groups.c.group_id, groups.c.group_name, [groups.c.removed_at.is_(None)]
        case TargetType.FETCHER:
            is_one = modules.c.module_type == ModuleType.FETCHER
            return modules, modules.c.module_id, modules.c.name, [is_one]
        case _:
            name = sa.func.coalesce(subscriptions.c.name, subscriptions.c.source_url)
            return subscriptions, subscriptions.c.subscription_id, name, [subscriptions.c.is_active]


def _named(kind: TargetType, row: Sequence[Any]) -> Named:
    if kind is TargetType.ANIME_SERIES:
        return int(row[0]), _("{title}, season {number}", title=row[1], number=row[2])
    return int(row[0]), str(row[1])
