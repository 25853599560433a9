"""Show and season folders: who they are to a media server, and the files that say so."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import digest_of, read_small
from seiton.domain.naming import path_key
from seiton.domain.nfo import season_nfo, show_nfo
from seiton.domain.nfo_merge import Unreadable, merge
from seiton.viewer import tables
from seiton.viewer.gather import Unit
from seiton.viewer.journal import Step, StepKind

SHOW_NFO = b"tvshow.nfo"
SEASON_NFO = b"season.nfo"


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
            .where(table.c.show_id.in_(part))
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


class FolderSteps:
    """Gives the steps that a show or season folder needs before its first unit arrives in this plan."""

    def __init__(
        self,
        root: bytes,
        shows: Mapping[bytes, Show],
        artifacts: Mapping[bytes, Row],
        units: Iterable[Unit],
    ) -> None:
        self._root = root
        self._shows = shows
        self._artifacts = artifacts
        self._ready: set[bytes] = set()
        self._speaker: dict[bytes, Unit] = {}
        self.renderings: dict[bytes, str] = {}
        for unit in units:
            if unit.name is not None:
                best = self._speaker.setdefault(unit.name.show_folder, unit)
                if _rank(unit) < _rank(best):
                    self._speaker[unit.name.show_folder] = unit

    def before(self, unit: Unit) -> tuple[list[Step], list[bytes]]:
        """Return steps and generated contents for the folders of ``unit``; empty the second time."""
        steps: list[Step] = []
        contents: list[bytes] = []
        if unit.name is None or unit.name.season_folder in self._ready:
            return steps, contents
        show, season = unit.name.show_folder, unit.name.season_folder
        if show not in self._ready:
            self._folder(show, steps)
            self._show_file(show, unit, steps, contents)
        self._folder(season, steps)
        self._season_file(unit, season, steps, contents)
        self._ready |= {show, season}
        return steps, contents

    def show_id(self, unit: Unit) -> int | None:
        """Return the show that ``unit`` belongs to once it has arrived."""
        show = self._shows.get(unit.name.show_folder) if unit.name else None
        return show.show_id if show else None

    def _folder(self, folder: bytes, steps: list[Step]) -> None:
        if not os.path.lexists(os.path.join(self._root, folder)):
            steps.append(Step(kind=StepKind.FOLDER, target=folder))

    def _show_file(self, folder: bytes, unit: Unit, steps: list[Step], contents: list[bytes]) -> None:
        show = self._shows[folder]
        speaker = self._speaker.get(folder, unit)
        if show.series_no is not None and _season_rank(speaker.wish.series_no) > _season_rank(show.series_no):
            return  # the show's file speaks for its first season; a later one does not change it
        content = show_nfo(speaker.wish, custom_id=show.custom_id, seasons=None, added=show.added_at)
        # A first sync keeps what is there; a resync brings it up to date.
        self._generated(os.path.join(folder, SHOW_NFO), content, unit.stem is None, steps, contents)

    def _season_file(self, unit: Unit, season: bytes, steps: list[Step], contents: list[bytes]) -> None:
        show = self._shows[unit.name.show_folder] if unit.name else None
        content = season_nfo(unit.wish, added=show.added_at if show else unit.added_at)
        self._generated(os.path.join(season, SEASON_NFO), content, unit.stem is None, steps, contents)

    def _generated(
        self, path: bytes, ours: bytes, keep: bool, steps: list[Step], contents: list[bytes]
    ) -> None:
        rendering = digest_of(ours)
        there = read_small(os.path.join(self._root, path))
        artifact = self._artifacts.get(path)
        if there is None:
            if not os.path.lexists(os.path.join(self._root, path)):
                self.renderings[path] = rendering
                steps.append(Step(kind=StepKind.WRITE, target=path, after_digest=rendering))
                contents.append(ours)
            return
        if keep or artifact is None or artifact["rendering"] == rendering or there == ours:
            return
        after: bytes | Unreadable = ours
        if digest_of(there) != artifact["digest"] or artifact["digest"] != artifact["rendering"]:
            after = merge(there, ours)
        if isinstance(after, Unreadable) or after == there:
            return
        self.renderings[path] = rendering
        contents += [there, after]
        steps.append(
            Step(
                kind=StepKind.REWRITE,
                target=path,
                before_digest=digest_of(there),
                after_digest=digest_of(after),
            )
        )


def _season_rank(series_no: int) -> tuple[bool, int]:
    return series_no == 0, series_no


def _rank(unit: Unit) -> tuple[bool, int, int]:
    return (*_season_rank(unit.wish.series_no), unit.wish.episode_no)


def load_artifacts(connection: sa.Connection, library_id: str, folders: Iterable[bytes]) -> dict[bytes, Row]:
    """Return what Seiton made of ``folders`` and of the NFO files that belong to them, by path."""
    table = tables.artifacts
    paths: set[bytes] = set()
    for folder in folders:
        paths |= {folder, os.path.join(folder, SHOW_NFO), os.path.join(folder, SEASON_NFO)}
    found: dict[bytes, Row] = {}
    for part in chunks(sorted(paths)):
        query = sa.select(table).where(table.c.library_id == library_id, table.c.path.in_(part))
        found.update((row["path"], row) for row in connection.execute(query).mappings())
    return found
