"""Works that are likely one, for a person to look at. Nothing is merged here."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.queries import fetch_all
from seiton.core.service import Core
from seiton.domain.same_works import LikelySame, Work, likely_same


def list_likely_same(core: Core) -> tuple[list[LikelySame], dict[int, str]]:
    """Return works that share a name, and the titles of all works by id, in one query."""
    links, series, animes, items = tables.links, tables.series, tables.animes, tables.raw_items
    newest = (
        sa.select(series.c.anime_id, sa.func.max(links.c.raw_item_id).label("item_id"))
        .select_from(links.join(series, series.c.series_id == links.c.series_id))
        .where(links.c.detached_at.is_(None))
        .group_by(series.c.anime_id)
        .subquery()
    )
    query = (
        sa.select(animes.c.anime_id, animes.c.title, items.c.title.label("release"))
        .select_from(
            animes.outerjoin(newest, newest.c.anime_id == animes.c.anime_id).outerjoin(
                items, items.c.item_id == newest.c.item_id
            )
        )
        .where(animes.c.removed_at.is_(None))
        .order_by(animes.c.anime_id)
    )
    with core.database.read() as connection:
        rows = fetch_all(connection, query)
    works = [Work(anime_id=row["anime_id"], title=row["title"], release=row["release"]) for row in rows]
    return likely_same(works), {work.anime_id: work.title for work in works}
