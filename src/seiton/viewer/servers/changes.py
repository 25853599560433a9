"""What media servers have to learn, as rows: one per server and unit, written with the journal."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.domain.naming import path_key
from seiton.viewer import tables

SHOW_NFO = b"tvshow.nfo"


def note(
    connection: sa.Connection,
    library_id: str,
    units: Collection[int],
    show_folders: Collection[bytes],
    now: datetime,
) -> None:
    """Record for every server that something of ``units`` is about to change, or the NFOs of shows.

    A unit that is on record already keeps the path by which the server knows it, and its watched state:
    that of before the first step.
    """
    if connection.execute(sa.select(tables.servers.c.name).limit(1)).first() is None:
        return
    changes, of_units, servers = tables.server_changes, tables.units, tables.servers
    ids = set(units) | _speakers(connection, library_id, show_folders)
    video = sa.select(of_units.c.video).where(of_units.c.unit_id == changes.c.unit_id).scalar_subquery()
    for part in chunks(sorted(ids)):
        again = {
            "known_video": sa.func.coalesce(changes.c.known_video, video),
            "told_at": None,
            "looks": 0,
            "look_at": now,
            "changed_at": now,
        }
        connection.execute(sa.update(changes).where(changes.c.unit_id.in_(part)).values(again))
        is_known = sa.exists().where(
            changes.c.server == servers.c.name, changes.c.unit_id == of_units.c.unit_id
        )
        moment = sa.literal(now, tables.server_changes.c.changed_at.type)
        fresh = (
            sa.select(
                servers.c.name,
                of_units.c.unit_id,
                sa.literal(library_id),
                of_units.c.video,
                sa.literal(0),
                moment,
                moment,
            )
            .select_from(of_units.join(servers, sa.true()))
            .where(of_units.c.unit_id.in_(part), ~is_known)
        )
        names = ["server", "unit_id", "library_id", "known_video", "looks", "look_at", "changed_at"]
        connection.execute(sa.insert(changes).from_select(names, fresh))


def _speakers(connection: sa.Connection, library_id: str, folders: Collection[bytes]) -> set[int]:
    """Return one unit of each show in ``folders``: by it a server is asked what it has of the show."""
    shows, units = tables.shows, tables.units
    found: set[int] = set()
    for part in chunks(sorted({path_key(folder) for folder in folders})):
        query = (
            sa.select(sa.func.min(units.c.unit_id))
            .select_from(shows.join(units, units.c.show_id == shows.c.show_id))
            .where(
                shows.c.library_id == library_id,
                shows.c.folder_key.in_(part),
                units.c.video.is_not(None),
                units.c.trash_id.is_(None),
            )
            .group_by(shows.c.show_id)
        )
        found.update(connection.execute(query).scalars())
    return found


def of_server(server: str, library_id: str, *conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """Return the query of a server's rows, each with what is on record of its unit and show."""
    changes, units, shows = tables.server_changes, tables.units, tables.shows
    return (
        sa.select(
            changes,
            *(units.c[name] for name in ("video", "state", "home", "erase")),
            shows.c.folder.label("show_folder"),
        )
        .select_from(
            changes.join(units, units.c.unit_id == changes.c.unit_id).outerjoin(
                shows, shows.c.show_id == units.c.show_id
            )
        )
        .where(changes.c.server == server, changes.c.library_id == library_id, *conditions)
    )


def unchanged(connection: sa.Connection, rows: Iterable[Row]) -> list[Row]:
    """Return those of ``rows`` (of one server) that no step was recorded for since they were read."""
    changes = tables.server_changes.c
    kept: list[Row] = []
    for part in chunks(list(rows)):
        query = sa.select(changes.unit_id, changes.changed_at).where(
            changes.server == part[0]["server"], changes.unit_id.in_([row["unit_id"] for row in part])
        )
        at = {row.unit_id: row.changed_at for row in connection.execute(query)}
        kept += [row for row in part if at.get(row["unit_id"]) == row["changed_at"]]
    return kept


def finish(connection: sa.Connection, rows: Sequence[Row]) -> None:
    """Forget rows (of one server) that it knows all about; their watched states go with them."""
    changes = tables.server_changes
    for part in chunks(rows):
        is_it = changes.c.server == part[0]["server"]
        ids = [row["unit_id"] for row in part]
        connection.execute(sa.delete(changes).where(is_it, changes.c.unit_id.in_(ids)))
