"""Show folders keep the year that they were named with, whatever is learned about the work later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.naming import in_movies
from seiton.viewer import tables

Years = Mapping[tuple[str, bool], int | None]
"""Title of a work that has a folder, and whether among films → the year by which that was named, if any."""


def frozen_years(connection: sa.Connection, library_id: str, titles: Iterable[str]) -> Years:
    """Return those of ``titles`` that have a folder in the library; of several the first one made counts."""
    shows, found = tables.shows.c, dict[tuple[str, bool], int | None]()
    for part in chunks(sorted(titles)):
        query = sa.select(shows.title, shows.year, shows.folder).where(
            shows.library_id == library_id, shows.title.in_(part)
        )
        for title, year, folder in connection.execute(query.order_by(shows.show_id.desc())):
            found[title, in_movies(folder)] = year
    return found


def keep_year(wish: EpisodeMeta, years: Years) -> EpisodeMeta:
    """Return ``wish`` as its folder is named: by the year of then, if the work has a folder."""
    work = wish.anime_title, wish.is_movie
    if work not in years:
        return wish
    year, show = years[work], wish.show
    if (show.year, show.premiered) == (year, None):
        return wish
    return replace(wish, show=replace(show, year=year, premiered=None))


def year_of(wish: EpisodeMeta) -> int | None:
    """Return the year that a new folder for ``wish`` is named with."""
    return wish.show.year or (wish.show.premiered.year if wish.show.premiered else None)
