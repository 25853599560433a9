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
        if unit.name is not None:
            wanted.setdefault(unit.name.show_folder, []).append(unit)
    known = _known_shows(connection, library_id, wanted)
    leaving = _leaving(connection, wanted)
    table = tables.shows
    shows: dict[bytes, Show] = {}
    for folder, members in wanted.items():
        row = known.get(path_key(folder))
        if row is None:
            old = _sole_origin(members, leaving)
            if old is not None:
                leaving.pop(old, None)
                connection.execute(
                    sa.update(table)
                    .where(table.c.show_id == old)
                    .values(folder=folder, folder_key=path_key(folder))
                )
                row = connection.execute(sa.select(table).where(table.c.show_id == old)).mappings().one()
            else:
                row = _insert(connection, library_id, folder, members, now)
            known[path_key(folder)] = row  # another spelling of the folder is the same show
        shows[folder] = Show(
            show_id=row["show_id"],
            folder=folder,
            custom_id=row["custom_id"],
            series_no=row["series_no"],
            added_at=row["added_at"],
        )
    return shows


def _known_shows(connection: sa.Connection, library_id: str, folders: Iterable[bytes]) -> dict[str, Row]:
    table = tables.shows
    found: dict[str, Row] = {}
    for part in chunks([path_key(folder) for folder in folders]):
        query = sa.select(table).where(table.c.library_id == library_id, table.c.folder_key.in_(part))
        found.update((row["folder_key"], row) for row in connection.execute(query).mappings())
    return found


def _leaving(connection: sa.Connection, wanted: Mapping[bytes, list[Unit]]) -> dict[int, bytes]:
    """Return the shows that lose all their units to one folder, with that folder."""
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
    return {
        show_id: next(iter(targets))
        for show_id, targets in goes_to.items()
        if len(targets) == 1 and sum(targets.values()) == sizes.get(show_id)
    }


def _sole_origin(members: list[Unit], leaving: Mapping[int, bytes]) -> int | None:
    origins = {unit.show_id for unit in members if unit.show_id is not None and unit.show_id in leaving}
    return min(origins, default=None)


def _insert(
    connection: sa.Connection, library_id: str, folder: bytes, members: list[Unit], now: datetime
) -> Row:
    row: dict[str, Any] = {
        "library_id": library_id,
        "folder": folder,
        "folder_key": path_key(folder),
        "custom_id": "",
        "series_no": None,
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
