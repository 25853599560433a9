"""Show and season folders on the disk, and the NFOs that say what they are."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import FileOutcome, LibraryRoot, digest_of, list_names, read_small
from seiton.domain.naming import in_movies
from seiton.domain.nfo import season_nfo, show_nfo
from seiton.domain.nfo_merge import Unreadable, merge
from seiton.viewer import tables
from seiton.viewer.gather import Unit
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.show_images import FormerShows
from seiton.viewer.shows import Show, season_rank

SHOW_NFO = b"tvshow.nfo"
SEASON_NFO = b"season.nfo"
_PICTURE = re.compile(rb"(?:poster|.+-poster)\.(?:jpg|png)")


def is_picture(name: bytes) -> bool:
    """Say whether a file of this name is a poster, of a show, a season or a film (nfo-naming §2.1).

    Kodi 20 reads ``poster.jpg`` for shows alone; that of a film begins with the film's own name.
    """
    return _PICTURE.fullmatch(name) is not None


def posters_in(library: LibraryRoot, folders: Iterable[bytes]) -> set[bytes]:
    """Return the posters that there are in ``folders``, whoever made them."""
    found: set[bytes] = set()
    for folder in folders:
        with contextlib.suppress(FileOutcome):
            names = list_names(library.at(folder))
            found |= {os.path.join(folder, name) for name in names if is_picture(name)}
    return found


@dataclass(slots=True, kw_only=True)
class Shared:
    """Steps that several units need before they come, and the generated contents in them."""

    steps: list[Step] = field(default_factory=list)
    contents: dict[str, bytes] = field(default_factory=dict)

    def keep(self, *contents: bytes) -> None:
        """Note what is written or replaced."""
        self.contents.update((digest_of(content), content) for content in contents)


class ShowFiles:
    """Gives the steps that show and season folders need before units come to them, each once for a plan.

    ``pictures`` are posters at hand, by name; ``missing``: where others belong → name and cause.
    """

    def __init__(
        self,
        library: LibraryRoot,
        shows: Mapping[bytes, Show],
        artifacts: Mapping[bytes, Row],
        units: Iterable[Unit],
        former: FormerShows | None = None,
        pictures: Mapping[str, bytes] | None = None,
    ) -> None:
        self._library = library
        self._pictures = pictures or {}
        self.missing: dict[bytes, tuple[str, str | None]] = {}
        self._former = former or FormerShows()
        self._owners: dict[bytes, int | None] = {}
        self._restored: set[bytes] = set()
        self._rendered: set[bytes] = set()
        self._shows = shows
        self._artifacts = artifacts
        self._ready: set[bytes] = set()
        self._speaker: dict[bytes, Unit] = {}
        self._resynced: set[bytes] = set()
        self.renderings: dict[bytes, str] = {}
        for unit in units:
            if unit.name is None:
                continue
            folders = {unit.name.show_folder, unit.name.season_folder}
            if unit.restore is None:
                self._rendered |= folders
            else:
                self._restored |= folders
                self._owners[unit.name.show_folder] = unit.restore.show_id
            best = self._speaker.setdefault(unit.name.show_folder, unit)
            if _rank(unit) < _rank(best):
                self._speaker[unit.name.show_folder] = unit
            if unit.stem is not None:
                self._resynced |= folders

    def show_id(self, unit: Unit) -> int | None:
        """Return the show that ``unit`` belongs to once it has arrived."""
        show = self._shows.get(unit.name.show_folder) if unit.name else None
        return show.show_id if show else None

    def before(self, units: Iterable[Unit]) -> Shared:
        """Return what the folders of ``units`` lack; nothing for folders that were asked about before."""
        shared = Shared()
        for unit in units:
            known = len(shared.steps)
            self._before(unit, shared)
            shared.steps[known:] = [replace(step, cause=unit.cause) for step in shared.steps[known:]]
        return shared

    def _before(self, unit: Unit, shared: Shared) -> None:
        if unit.trash is not None:
            self._trash_folders(unit.trash, shared)
        if unit.name is None or not unit.name.season_folder or unit.name.season_folder in self._ready:
            return
        show, season = unit.name.show_folder, unit.name.season_folder
        if in_movies(show):
            self._folder(show, shared)
            self._poster(unit, os.path.basename(unit.target) + b"-poster", shared)
            self._ready.add(show)
            return
        if show not in self._ready:
            self._folder(show, shared)
            self._show_file(show, shared)
            if self._speaks(self._shows[show], self._speaker[show]):
                self._poster(self._speaker[show], b"poster", shared)
        self._folder(season, shared)
        content = season_nfo(unit.wish, added=self._shows[show].added_at)
        self._generated(season, SEASON_NFO, content, shared)
        number = unit.wish.series_no
        self._poster(unit, b"season%02d-poster" % number if number else b"season-specials-poster", shared)
        self._ready |= {show, season}

    def forget(self, steps: Iterable[Step]) -> None:
        """Ask again about the folders of ``steps``, which could not be done."""
        for step in steps:
            self._ready -= {step.target, os.path.dirname(step.target)}

    def _is_there(self, folder: bytes) -> bool:
        return os.path.lexists(self._library.at(folder))

    def _folder(self, folder: bytes, shared: Shared) -> None:
        if not self._is_there(folder):
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
        if not self._speaks(show, speaker) and self._is_there(os.path.join(folder, SHOW_NFO)):
            return
        content = show_nfo(speaker.wish, custom_id=show.custom_id, seasons=None, added=show.added_at)
        self._generated(folder, SHOW_NFO, content, shared)

    def _poster(self, unit: Unit, stem: bytes, shared: Shared) -> None:
        name, folder = unit.wish.show.picture, unit.name.show_folder if unit.name else b""
        if name is None:
            return
        file = stem + os.path.splitext(name)[1].encode()
        content = self._pictures.get(name)
        if content is None:
            self.missing[os.path.join(folder, file)] = name, unit.cause
        else:
            self._generated(folder, file, content, shared)

    def _speaks(self, show: Show, unit: Unit) -> bool:
        """Say whether ``unit`` is of the season that its show is known by: the first that there is."""
        return show.series_no is None or season_rank(unit.wish.series_no) <= season_rank(show.series_no)

    def _generated(self, folder: bytes, name: bytes, ours: bytes, shared: Shared) -> None:
        path = os.path.join(folder, name)
        rendering, artifact = digest_of(ours), self._artifacts.get(path)
        try:
            there = read_small(self._library.at(path))
        except FileOutcome:
            return  # a link, a folder, something huge: not ours
        if self._is_given_back(folder, name):
            self._give_back(path, ours, there, shared)
            return
        if there is None:
            self.renderings[path] = rendering
            shared.steps.append(Step(kind=StepKind.WRITE, target=path, after_digest=rendering))
            shared.keep(ours)
            return
        # A first sync keeps what is there; a resync brings it up to date, if Seiton wrote it.
        if folder not in self._resynced or artifact is None or artifact["rendering"] == rendering:
            return
        after: bytes | Unreadable = ours
        if digest_of(there) != artifact["digest"] or artifact["digest"] != artifact["rendering"]:
            if is_picture(name):
                return  # somebody has put another one there
            after = merge(there, ours)
        if isinstance(after, Unreadable) or after == there:
            return
        self.renderings[path] = rendering
        shared.keep(there, after)
        shared.steps.append(
            Step(
                kind=StepKind.REWRITE,
                target=path,
                before_digest=digest_of(there),
                after_digest=digest_of(after),
                before_rendering=artifact["rendering"],
            )
        )

    def _is_given_back(self, folder: bytes, name: bytes) -> bool:
        """Say whether all that comes to ``folder`` is undone. A show's file goes back to that very show."""
        if folder not in self._restored or folder in self._rendered:
            return False
        owner = self._owners.get(folder)
        return name != SHOW_NFO or owner is None or owner == self._shows[folder].show_id

    def _give_back(self, path: bytes, ours: bytes, there: bytes | None, shared: Shared) -> None:
        folder = os.path.dirname(path)
        step = self._former.rewrite(path, None if there is None else digest_of(there))
        if step is not None:
            self._add(step, there, shared)
        elif there is None and folder not in self._former.pruned and not self._is_there(folder):
            # Another cause has pruned the folder since.
            self.renderings[path] = digest_of(ours)
            shared.steps.append(Step(kind=StepKind.WRITE, target=path, after_digest=digest_of(ours)))
            shared.keep(ours)

    def _add(self, step: Step, there: bytes | None, shared: Shared) -> None:
        """Add a step that gives back a former content."""
        if step.after_digest is not None:
            shared.keep(self._former.contents[step.after_digest])
            if rendering := self._former.files[step.target].before_rendering:
                self.renderings[step.target] = rendering
        if there is not None:
            shared.keep(there)
        artifact = self._artifacts.get(step.target)
        shared.steps.append(replace(step, before_rendering=artifact["rendering"] if artifact else None))

    def after(self, steps: Iterable[Step], cause: str | None) -> Shared:
        """Return what becomes of show files in folders that nobody comes back to; see ``leftovers``."""
        shared = Shared()
        for step in steps:
            there = read_small(self._library.at(step.target))
            if there is not None and digest_of(there) == step.before_digest:
                self._add(replace(step, cause=cause), there, shared)
        return shared


def _rank(unit: Unit) -> tuple[bool, int, int]:
    return (*season_rank(unit.wish.series_no), unit.wish.episode_no)


def load_artifacts(
    connection: sa.Connection, library_id: str, folders: Iterable[bytes], posters: Iterable[bytes] = ()
) -> dict[bytes, Row]:
    """Return what Seiton made of ``folders``, of NFO files that belong there, and of ``posters``, by path."""
    table = tables.artifacts
    paths = set(posters)
    for folder in folders:
        paths |= {folder, os.path.join(folder, SHOW_NFO), os.path.join(folder, SEASON_NFO)}
    found: dict[bytes, Row] = {}
    for part in chunks(sorted(paths)):
        query = sa.select(table).where(table.c.library_id == library_id, table.c.path.in_(part))
        found.update((row["path"], row) for row in connection.execute(query).mappings())
    return found
