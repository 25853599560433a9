"""Works, series, seasons and groups: found by name, made where they are missing, set-based."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.queries import Record, fetch_all
from seiton.domain.pins import SeriesName
from seiton.domain.rules import ParsedTitle
from seiton.errors import NotFound
from seiton.text import _

UNKNOWN_SEASON = "unknown"


def require_series(connection: sa.Connection, series_id: int) -> Record:
    """Return the row of ``series_id``. Raises ``NotFound``."""
    table = tables.series
    for row in fetch_all(connection, sa.select(table).where(table.c.series_id == series_id)):
        return row
    raise NotFound(_("There is no series {series_id}.", series_id=series_id))


def ensure_series(
    connection: sa.Connection, parsed: Sequence[tuple[Row, ParsedTitle]], now: datetime
) -> Mapping[SeriesName, int]:
    """Return the ids of the series that ``parsed`` (raw items and what they say) name.

    A series is its work and number; the broadcast season is a fact that the first title to name it gives.
    """
    titles = {title.anime_title for _item, title in parsed}
    animes = _ensure(connection, tables.animes, "title", titles, now)
    wanted: dict[tuple[int, int], tuple[Row, ParsedTitle]] = {}
    for item, title in parsed:
        wanted.setdefault((animes[title.anime_title], title.series_no), (item, title))
    known = _known_series(connection, animes.values())
    missing = {key: value for key, value in wanted.items() if key not in known}
    if missing:
        _insert_series(connection, missing, now)
        known = _known_series(connection, animes.values())
    return {
        (title.anime_title, title.series_no): known[animes[title.anime_title], title.series_no]
        for _item, title in parsed
    }


def note_years(connection: sa.Connection, years: Mapping[str, int]) -> None:
    """Remember of works, by title, in which year they began, where nothing says so yet."""
    table = tables.animes
    update = sa.update(table).where(table.c.title == sa.bindparam("its_title"), table.c.year.is_(None))
    if years:
        rows = [{"its_title": title, "its_year": year} for title, year in sorted(years.items())]
        connection.execute(update.values(year=sa.bindparam("its_year")), rows)


def ensure_groups(connection: sa.Connection, names: set[str], now: datetime) -> Mapping[str, int]:
    """Return the ids of the subtitle groups called ``names``."""
    return _ensure(connection, tables.subtitle_groups, "group_name", names, now)


def _insert_series(
    connection: sa.Connection, missing: Mapping[tuple[int, int], tuple[Row, ParsedTitle]], now: datetime
) -> None:
    seasons = {key: _season_of(item, title) for key, (item, title) in missing.items()}
    season_ids = _ensure_seasons(connection, set(seasons.values()), now)
    rows = [
        {
            "anime_id": anime_id,
            "series_no": series_no,
            "season_id": season_ids[seasons[anime_id, series_no]],
            "created_at": now,
            "updated_at": now,
        }
        for anime_id, series_no in missing
    ]
    _insert_missing(connection, tables.series, rows)


def _season_of(item: Row, parsed: ParsedTitle) -> tuple[int, str]:
    published = item["pub_date"] or item["created_at"]
    return parsed.year or published.year, parsed.season or UNKNOWN_SEASON


def _known_series(connection: sa.Connection, anime_ids: Iterable[int]) -> dict[tuple[int, int], int]:
    table = tables.series
    known: dict[tuple[int, int], int] = {}
    for part in chunks(sorted(anime_ids)):
        query = sa.select(table.c.anime_id, table.c.series_no, table.c.series_id)
        query = query.where(table.c.anime_id.in_(part))
        known.update(((row.anime_id, row.series_no), row.series_id) for row in connection.execute(query))
    return known


def _ensure(
    connection: sa.Connection, table: sa.Table, column: str, values: set[str], now: datetime
) -> dict[str, int]:
    """Return the ids of ``values``, inserting what is not there, in at most three statements a chunk."""
    key = next(iter(table.primary_key.columns))

    def known() -> dict[str, int]:
        found: dict[str, int] = {}
        for part in chunks(sorted(values)):
            query = sa.select(table.c[column], key).where(table.c[column].in_(part))
            found.update((row[0], row[1]) for row in connection.execute(query))
        return found

    ids = known()
    missing = sorted(values - ids.keys())
    if not missing:
        return ids
    stamps = {name: now for name in ("created_at", "updated_at") if name in table.c}
    _insert_missing(connection, table, [{column: value} | stamps for value in missing])
    return known()


def _ensure_seasons(
    connection: sa.Connection, wanted: set[tuple[int, str]], now: datetime
) -> dict[tuple[int, str], int]:
    table = tables.seasons
    rows = [{"year": year, "season": season, "created_at": now} for year, season in sorted(wanted)]
    _insert_missing(connection, table, rows)
    years = sorted({year for year, _season in wanted})
    query = sa.select(table.c.year, table.c.season, table.c.season_id).where(table.c.year.in_(years))
    return {(row.year, row.season): row.season_id for row in connection.execute(query)}


def _insert_missing(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that no unique constraint forbids; another process may have been quicker."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for part in chunks(rows):
        connection.execute(insert(table).on_conflict_do_nothing(), part)
