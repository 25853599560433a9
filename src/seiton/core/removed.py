"""What a person removed, as conditions of queries: nothing of it is fetched again."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables


def is_removed() -> sa.ColumnElement[bool]:
    """Say of a link that its series, work or group was removed."""
    links, series, animes, groups = tables.links, tables.series, tables.animes, tables.subtitle_groups
    return sa.or_(
        sa.exists().where(
            series.c.series_id == links.c.series_id,
            animes.c.anime_id == series.c.anime_id,
            series.c.removed_at.is_not(None) | animes.c.removed_at.is_not(None),
        ),
        sa.exists().where(groups.c.group_id == links.c.group_id, groups.c.removed_at.is_not(None)),
    )
