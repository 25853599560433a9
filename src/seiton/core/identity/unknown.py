"""Series of which nobody has said which work they are, for lists."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.metadata.bangumi import NAMESPACE
from seiton.core import tables
from seiton.core.queries import Record, fetch_all, page
from seiton.core.service import Core
from seiton.domain.states import SURE, IdStanding
from seiton.errors import NotFound
from seiton.text import _


def list_unknown(core: Core, *, limit: int, offset: int, wanted: str = "") -> list[Record]:
    """Return series without an id that facts come by, the newest first: with title, number and how many
    suggestions there are. ``wanted``: only of works whose title contains it.
    """
    series, animes, ids = tables.series, tables.animes, tables.external_ids
    is_known = sa.exists().where(
        ids.c.series_id == series.c.series_id,
        ids.c.namespace == NAMESPACE,
        ids.c.standing.in_([*sorted(SURE), IdStanding.CLAIMED]),
    )
    suggested = (
        sa.select(sa.func.count())
        .where(ids.c.series_id == series.c.series_id, ids.c.standing == IdStanding.SUGGESTED)
        .scalar_subquery()
    )
    query = (
        sa.select(
            series.c.series_id,
            series.c.series_no,
            series.c.anime_id,
            animes.c.title.label("anime_title"),
            suggested.label("suggestions"),
        )
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.removed_at.is_(None), animes.c.removed_at.is_(None), ~is_known)
    )
    if wanted:
        query = query.where(animes.c.title.icontains(wanted, autoescape=True))
    with core.database.read() as connection:
        return fetch_all(connection, page(query, limit, offset, series.c.series_id.desc()))


def get_named_series(core: Core, series_id: int) -> Record:
    """Return a series with the title of its work. Raises ``NotFound``."""
    series, animes = tables.series, tables.animes
    query = (
        sa.select(series, animes.c.title.label("anime_title"))
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.series_id == series_id)
    )
    with core.database.read() as connection:
        for row in fetch_all(connection, query):
            return row
    raise NotFound(_("There is no series {series_id}.", series_id=series_id))
