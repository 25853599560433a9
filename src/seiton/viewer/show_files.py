"""Show and season folders on the disk, and the NFOs that say what they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import FileOutcome, digest_of, read_small
from seiton.domain.nfo import season_nfo, show_nfo
from seiton.domain.nfo_merge import Unreadable, merge
from seiton.viewer import tables
from seiton.viewer.gather import Unit
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.shows import Show

SHOW_NFO = b"tvshow.nfo"
SEASON_NFO = b"season.nfo"


@dataclass(slots=True, kw_only=True)
class Shared:
    """Steps that several units need before they come, and the generated contents in them."""

    steps: list[Step] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)


class ShowFiles:
    """Gives the steps that show and season folders need before units come to them, each once for a plan."""

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
        self._resynced: set[bytes] = set()
        self.renderings: dict[bytes, str] = {}
        for unit in units:
            if unit.name is None:
                continue
            best = self._speaker.setdefault(unit.name.show_folder, unit)
            if _rank(unit) < _rank(best):
                self._speaker[unit.name.show_folder] = unit
            if unit.stem is not None:
                self._resynced |= {unit.name.show_folder, unit.name.season_folder}

    def show_id(self, unit: Unit) -> int | None:
        """Return the show that ``unit`` belongs to once it has arrived."""
        show = self._shows.get(unit.name.show_folder) if unit.name else None
        return show.show_id if show else None

    def before(self, units: Iterable[Unit]) -> Shared:
        """Return what the folders of ``units`` lack; nothing for folders that were asked about before."""
        shared = Shared()
        for unit in units:
            if unit.trash is not None:
                self._trash_folders(unit.trash, shared)
            if unit.name is None or unit.name.season_folder in self._ready:
                continue
            show, season = unit.name.show_folder, unit.name.season_folder
            if show not in self._ready:
                self._folder(show, shared)
                self._show_file(show, shared)
            self._folder(season, shared)
            content = season_nfo(unit.wish, added=self._shows[show].added_at)
            self._generated(season, SEASON_NFO, content, shared)
            self._ready |= {show, season}
        return shared

    def forget(self, steps: Iterable[Step]) -> None:
        """Ask again about the folders of ``steps``, which could not be done."""
        for step in steps:
            self._ready -= {step.target, os.path.dirname(step.target)}

    def _folder(self, folder: bytes, shared: Shared) -> None:
        if not os.path.lexists(os.path.join(self._root, folder)):
            shared.steps.append(Step(kind=StepKind.FOLDER, target=folder))

    def _trash_folders(self, stem: bytes, shared: Shared) -> None:
        """Make the folders of a trash one by one: each is on record, so each is removed when it is empty."""
        parts = os.path.dirname(stem).split(b"/")
        for depth in range(2, len(parts) + 1):
            folder = b"/".join(parts[:depth])
            if folder not in self._ready:
                self._folder(folder, shared)
                self._ready.add(folder)

    def _show_file(self, folder: bytes, shared: Shared) -> None:
        show, speaker = self._shows[folder], self._speaker[folder]
        if show.series_no is not None and _season_rank(speaker.wish.series_no) > _season_rank(show.series_no):
            return  # the show's file speaks for its first season; a later one does not change it
        content = show_nfo(speaker.wish, custom_id=show.custom_id, seasons=None, added=show.added_at)
        self._generated(folder, SHOW_NFO, content, shared)

    def _generated(self, folder: bytes, name: bytes, ours: bytes, shared: Shared) -> None:
        path = os.path.join(folder, name)
        rendering, artifact = digest_of(ours), self._artifacts.get(path)
        try:
            there = read_small(os.path.join(self._root, path))
        except FileOutcome:
            return  # a link, a folder, something huge: not ours
        if there is None:
            self.renderings[path] = rendering
            shared.steps.append(Step(kind=StepKind.WRITE, target=path, after_digest=rendering))
            shared.contents.append(ours)
            return
        # A first sync keeps what is there; a resync brings it up to date, if Seiton wrote it.
        if folder not in self._resynced or artifact is None or artifact["rendering"] == rendering:
            return
        after: bytes | Unreadable = ours
        if digest_of(there) != artifact["digest"] or artifact["digest"] != artifact["rendering"]:
            after = merge(there, ours)
        if isinstance(after, Unreadable) or after == there:
            return
        self.renderings[path] = rendering
        shared.contents += [there, after]
        shared.steps.append(
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
