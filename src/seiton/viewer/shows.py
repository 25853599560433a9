"""Show folders: who they are to a media server, whatever they are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.domain.naming import path_key
from seiton.viewer import tables
from seiton.viewer.frozen import Years, frozen_years, keep_year, year_of
from seiton.viewer.gather import Unit


@dataclass(slots=True, kw_only=True)
class Show:
    """A show folder of the library, with the id that survives its renames."""

    show_id: int
    folder: bytes
    custom_id: str
    series_no: int | None
    added_at: datetime


def ensure_shows(
    connection: sa.Connection, library_id: str, units: Iterable[Unit], now: datetime
) -> dict[bytes, Show]:
    """Return the show of each folder that ``units`` lead to, making or renaming rows.

    A show whose units all leave for one new folder *is* that folder now: its id goes along, so media
    servers keep what they know of it (nfo-naming §3).
    """
    wanted: dict[bytes, list[Unit]] = {}
    for unit in units:
        if unit.name is not None and unit.name.show_folder:
            wanted.setdefault(unit.name.show_folder, []).append(unit)
    known = _known_shows(connection, library_id, wanted)
    keys = {row["show_id"]: key for key, row in known.items()}
    leaving, emptied = _leaving(connection, wanted)
    for show_id in keys:  # a folder that others come to at the same time stays the show that it is
        leaving.pop(show_id, None)
    titles = {unit.wish.anime_title for members in wanted.values() for unit in members}
    years = frozen_years(connection, library_id, titles)
    table = tables.shows
    shows: dict[bytes, Show] = {}
    for folder, members in wanted.items():
        row = known.get(path_key(folder))
        old = _former_show(members, emptied)
        if row is not None and old is not None and row["show_id"] != old and _is_empty(connection, row):
            if old in keys:
                known[keys[old]] = row
            row = _exchange(connection, row, old, _named_by(members, years))
        if row is None:
            if old is None:
                old = _sole_origin(members, leaving)
            if old is not None:
                known.pop(keys.get(old, ""), None)
                connection.execute(
                    sa.update(table)
                    .where(table.c.show_id == old)
                    .values(folder=folder, folder_key=path_key(folder), **_named_by(members, years))
                )
                row = connection.execute(sa.select(table).where(table.c.show_id == old)).mappings().one()
            else:
                row = _insert(connection, library_id, folder, members, years, now)
            known[path_key(folder)] = row  # another spelling of the folder is the same show
        row = _spoken_for(connection, row, members)
        leaving.pop(row["show_id"], None)  # it has its folder now
        emptied.discard(row["show_id"])
        shows[folder] = Show(
            show_id=row["show_id"],
            folder=folder,
            custom_id=row["custom_id"],
            series_no=row["series_no"],
            added_at=row["added_at"],
        )
    return shows


def _spoken_for(connection: sa.Connection, row: Row, members: list[Unit]) -> Row:
    """Return a show with the first season that it has had so far: its NFO and poster are made from that."""
    first = min((unit.wish.series_no for unit in members), key=season_rank)
    if row["series_no"] is not None and season_rank(row["series_no"]) <= season_rank(first):
        return row
    table = tables.shows
    connection.execute(sa.update(table).where(table.c.show_id == row["show_id"]).values(series_no=first))
    return {**row, "series_no": first}


def season_rank(series_no: int) -> tuple[bool, int]:
    """Return by what seasons are ordered: specials come last."""
    return series_no == 0, series_no


def _known_shows(connection: sa.Connection, library_id: str, folders: Iterable[bytes]) -> dict[str, Row]:
    table = tables.shows
    found: dict[str, Row] = {}
    for part in chunks([path_key(folder) for folder in folders]):
        query = sa.select(table).where(table.c.library_id == library_id, table.c.folder_key.in_(part))
        found.update((row["folder_key"], row) for row in connection.execute(query).mappings())
    return found


def _leaving(
    connection: sa.Connection, wanted: Mapping[bytes, list[Unit]]
) -> tuple[dict[int, bytes], set[int]]:
    """Return the shows that lose all their units to one folder, with that folder; and all that lose them."""
    goes_to: dict[int, dict[bytes, int]] = {}
    for folder, members in wanted.items():
        for unit in members:
            if unit.show_id is not None:
                goes_to.setdefault(unit.show_id, {}).setdefault(folder, 0)
                goes_to[unit.show_id][folder] += 1
    table = tables.units
    sizes: dict[int, int] = {}
    for part in chunks(list(goes_to)):
        query = (
            sa.select(table.c.show_id, sa.func.count())
            .where(table.c.show_id.in_(part), table.c.trash_id.is_(None))
            .group_by(table.c.show_id)
        )
        sizes.update((row[0], row[1]) for row in connection.execute(query))
    emptied = {show_id for show_id, targets in goes_to.items() if sum(targets.values()) == sizes.get(show_id)}
    sole = {show_id: next(iter(goes_to[show_id])) for show_id in emptied if len(goes_to[show_id]) == 1}
    return sole, emptied


def _former_show(members: list[Unit], emptied: set[int]) -> int | None:
    """Return the show that units were part of before what they undo, if it can be theirs again."""
    former = {unit.restore.show_id for unit in members if unit.restore is not None} - {None}
    return min((show_id for show_id in former if show_id in emptied), default=None)


def _is_empty(connection: sa.Connection, show: Row) -> bool:
    units = tables.units.c
    query = sa.select(units.unit_id).where(units.show_id == show["show_id"], units.trash_id.is_(None))
    return connection.execute(query.limit(1)).first() is None


def _exchange(connection: sa.Connection, empty: Row, former: int, named_by: Mapping[str, Any]) -> Row:
    """Give the show ``former`` the folder that another show, which has no units left, has on record since."""
    table = tables.shows
    its = sa.select(table).where(table.c.show_id == former)
    other = connection.execute(its).mappings().one()
    left = {name: other[name] for name in ("folder", "folder_key", "title", "year")}
    for show_id, values in (
        (empty["show_id"], {"folder_key": f"{other['folder_key']}//{empty['show_id']}"}),
        (former, {"folder": empty["folder"], "folder_key": empty["folder_key"], **named_by}),
        (empty["show_id"], left),
    ):
        connection.execute(sa.update(table).where(table.c.show_id == show_id).values(values))
    return connection.execute(its).mappings().one()


def _sole_origin(members: list[Unit], leaving: Mapping[int, bytes]) -> int | None:
    origins = {unit.show_id for unit in members if unit.show_id is not None and unit.show_id in leaving}
    return min(origins, default=None)


def _insert(
    connection: sa.Connection,
    library_id: str,
    folder: bytes,
    members: list[Unit],
    years: Years,
    now: datetime,
) -> Row:
    row: dict[str, Any] = {
        "library_id": library_id,
        "folder": folder,
        "folder_key": path_key(folder),
        "custom_id": "",
        "series_no": None,
        **_named_by(members, years),
        "added_at": min((unit.added_at for unit in members), default=now),
    }
    inserted = connection.execute(sa.insert(tables.shows).values(row)).inserted_primary_key
    row["show_id"] = inserted[0] if inserted is not None else 0
    # Ends in a non-digit: media servers append season and episode digits to it (nfo-naming §3.4).
    row["custom_id"] = f"seiton:{library_id[:8]}-{row['show_id']}:"
    connection.execute(
        sa.update(tables.shows)
        .where(tables.shows.c.show_id == row["show_id"])
        .values(custom_id=row["custom_id"])
    )
    return row


def _named_by(members: list[Unit], years: Years) -> dict[str, Any]:
    """Return what a folder is named by: title and year of the first unit in it."""
    wish = keep_year(members[0].wish, years)
    return {"title": wish.anime_title, "year": year_of(wish)}
