"""Which library this viewer keeps: recognised by the id on the disk, never by its path alone."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.files import LibraryRoot
from seiton.domain.naming import MOVIES
from seiton.viewer import tables
from seiton.viewer.service import Viewer


def open_library(viewer: Viewer) -> LibraryRoot:
    """Open the root; at the very first time give it an id and remember it.

    Raises ``LibraryAway`` when the folder is missing, cannot be written or carries another id than the one
    on record (another disk is mounted there).
    """
    known = sa.select(tables.libraries.c.library_id).where(tables.libraries.c.root == viewer.root)
    with viewer.database.read() as connection:
        expected = connection.execute(known).scalar_one_or_none()
        has_movies = _has_movies(connection, expected)
    _require_movies(viewer, has_movies=has_movies)
    library = LibraryRoot.open(
        viewer.root,
        expected_id=expected,
        create=expected is None,
        movies=viewer.movies_root,
        create_movies=not has_movies,
    )
    if expected is None:
        row = {
            "library_id": library.library_id,
            "root": viewer.root,
            "created_at": viewer.now(),
        }
        with viewer.database.write() as connection:
            moved = connection.execute(
                sa.update(tables.libraries)
                .where(tables.libraries.c.library_id == library.library_id)
                .values(root=viewer.root)
            )
            if not moved.rowcount:  # a known library that is mounted elsewhere now keeps its records
                connection.execute(sa.insert(tables.libraries).values(row))
    return library


def look_at_library(viewer: Viewer) -> LibraryRoot:
    """Open the root to look only: a new library is not made. Raises ``LibraryAway``."""
    known = sa.select(tables.libraries.c.library_id).where(tables.libraries.c.root == viewer.root)
    with viewer.database.read() as connection:
        expected = connection.execute(known).scalar_one_or_none()
        has_movies = _has_movies(connection, expected)
    _require_movies(viewer, has_movies=has_movies)
    movies = viewer.movies_root if has_movies else None
    return LibraryRoot.open(viewer.root, expected_id=expected, create=False, movies=movies)


def _has_movies(connection: sa.Connection, library_id: str | None) -> bool:
    """Say whether films are on record: their folder was there once and is never made anew."""
    units = tables.units.c
    query = sa.select(units.unit_id).where(
        units.library_id == library_id, units.stem > MOVIES + b"/", units.stem < MOVIES + b"0"
    )
    return connection.execute(query.limit(1)).first() is not None


def _require_movies(viewer: Viewer, *, has_movies: bool) -> None:
    if has_movies:
        viewer.at(MOVIES)
