"""What the facts say is wrong with seasons and numbers: offered as pins, which have a preview."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.identity.placing import load_known, offers
from seiton.core.queries import page
from seiton.core.service import Core
from seiton.domain.pins import PinField


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Pin ``field`` of a series to ``value``, which is ``now`` now."""

    series_id: int
    anime_id: int
    anime_title: str
    series_no: int
    field: PinField
    now: str | int
    value: str | int
    namespace: str
    id_value: str


def list_fixes(core: Core, *, limit: int, offset: int, with_titles: bool = False) -> tuple[list[Fix], bool]:
    """Return where facts say another season than the title, or that numbers count on from the seasons before,
    for a page of the series of which they may say so, by id; and whether there are more of those.

    ``with_titles``: and where they have another title, which would rename a folder. Nothing that is pinned.
    """
    facts, series, animes = tables.series_facts, tables.series, tables.animes
    query = (
        sa.select(facts, series.c.series_no, series.c.pins, animes.c.anime_id, animes.c.title)
        .select_from(
            facts.join(series, series.c.series_id == facts.c.series_id).join(
                animes, animes.c.anime_id == series.c.anime_id
            )
        )
        .order_by(facts.c.series_id)
    )
    with core.database.read() as connection:
        ids = connection.execute(_candidates(limit + 1, offset, with_titles=with_titles)).scalars().all()
        rows = [
            row
            for part in chunks(ids[:limit])
            for row in connection.execute(query.where(facts.c.series_id.in_(part))).mappings()
        ]
    fixes = [fix for row in rows for fix in _fixes_of(core, row, with_titles=with_titles)]
    return fixes, len(ids) > limit


def _candidates(limit: int, offset: int, *, with_titles: bool) -> sa.Select[Any]:
    """Return the query for a page of the series that may differ: each kind by an index of its own."""
    facts, series, animes = tables.series_facts, tables.series, tables.animes
    named = facts.join(series, series.c.series_id == facts.c.series_id).join(
        animes, animes.c.anime_id == series.c.anime_id
    )
    kept = sa.select(facts.c.series_id).select_from(named)
    kept = kept.where(series.c.removed_at.is_(None), animes.c.removed_at.is_(None))
    kinds = (facts.c.may_differ, facts.c.may_rename) if with_titles else (facts.c.may_differ,)
    parts = [kept.where(kind).order_by(facts.c.series_id).limit(limit + offset).subquery() for kind in kinds]
    found = sa.union(*(sa.select(part) for part in parts)).subquery()
    return page(sa.select(found.c.series_id), limit, offset, found.c.series_id.asc())


def _fixes_of(core: Core, row: Row, *, with_titles: bool) -> list[Fix]:
    pins = row["pins"] or {}
    return [
        Fix(
            series_id=row["series_id"],
            anime_id=row["anime_id"],
            anime_title=row["title"],
            series_no=row["series_no"],
            field=offer.field,
            now=offer.now,
            value=offer.value,
            namespace=row["namespace"],
            id_value=row["value"],
        )
        for offer in offers(row, load_known(row["known"]), core.to_traditional)
        if offer.field not in pins and (with_titles or offer.field is not PinField.ANIME_TITLE)
    ]
