"""A scenario on the disk: made once, put back for every kill, gone on with after it, and judged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from seiton.adapters.database import Database, Row
from seiton.contract import Described, Facts
from seiton.core.adoption.adoptions import confirm_adoption, create_adoption
from seiton.core.adoption.recording import record_adoptions
from seiton.core.filters.refilter import refilter
from seiton.core.rules.reparse import reparse
from seiton.core.tables import adoption_files, adoptions
from seiton.domain.states import AdoptionState
from seiton.viewer import tables
from seiton.viewer.receive import receive
from seiton.viewer.removal import receive_removals
from tests.crash.scenarios import (
    FILM,
    Adoption,
    Edit,
    Moves,
    Place,
    Scenario,
    Undo,
    has_films,
    stem,
    uses_two_disks,
)
from tests.integration.core_world import CoreWorld, media, torrent_of
from tests.integration.messy_folders import put
from tests.integration.oracle import Truth, digest, losses, picture, walk
from tests.integration.viewer_world import ViewerWorld

SOMEBODYS = b"somebody else's"
D = TypeVar("D", bound=Described)


@dataclass(kw_only=True)
class Verdict:
    """What was looked at in one world at rest, and what was wrong: sentences by kind of fault.

    A file is lost when its bytes lie at no proper name, neither in the library nor in its trash nor in the
    download folder: also under a name of Seiton's own nobody finds it.
    """

    files: int = 0
    lost: list[str] = field(default_factory=list)
    overwritten: list[str] = field(default_factory=list)
    unconverged: list[str] = field(default_factory=list)

    @property
    def sentences(self) -> list[str]:
        return [*self.lost, *self.overwritten, *self.unconverged]


class Stage:
    """One scenario below ``folder``. ``act`` is what is killed."""

    library: Path
    films: Path | None = None
    downloads: Path
    database: Database
    truth: Truth
    ends_alone = True  # nobody else puts files into the library while the viewer is dead
    before: Mapping[str, str] | None = None  # the library before what is undone

    def act(self) -> None:
        raise NotImplementedError

    def go_on(self) -> list[str]:
        """Start again, as after a crash, and let all come to rest; return what is not where it belongs."""
        raise NotImplementedError

    def roots(self) -> list[Path]:
        """Return the folders that have to be put back after a kill."""
        raise NotImplementedError

    def not_as_before(self) -> list[str]:
        """Return what an undo did not give back to the byte, or did not take away."""
        if self.before is None:
            return []
        now, before, foreign = picture(self.library, self.films), self.before, self.truth.foreign
        changed = {path for path in now.keys() | before.keys() if now.get(path) != before.get(path)}
        # A folder in which somebody else has a file now stays, with the show files that describe it.
        kept = {os.fspath(folder) for path in foreign for folder in Path(path).parents}
        stay = {f"{folder}/{name}" for folder in kept for name in ("", "tvshow.nfo", "season.nfo")}
        changed -= stay - before.keys()
        return [f"not as before: {path}" for path in sorted(changed - foreign.keys())]

    def close(self) -> None:
        self.database.close()

    def judge(self, *, intruder: str | None = None) -> Verdict:
        """Go on and look. ``intruder`` is where somebody put a file in the last instant: it has to be there
        still, and units may be held because of it.
        """
        foreign = dict(self.truth.foreign)
        truth = Truth(**(vars(self.truth) | {"foreign": foreign}))
        if intruder is not None:
            foreign[intruder] = SOMEBODYS
        self.truth, kept = truth, self.truth
        misplaced = self.go_on()
        verdict = Verdict(files=len(truth.media) + len(truth.subtitles) + len(foreign))
        found = _contents(self.library, self.films)
        proper = self._digests_at_proper_names()
        verdict.lost = [
            f"lost: {name}" for name, content in truth.media.items() if digest(content) not in proper
        ]
        verdict.overwritten = [
            f"overwritten: {path}" for path, content in foreign.items() if not _survives(path, content, found)
        ]
        if intruder is None:
            verdict.unconverged = [*misplaced, *losses(self.library, truth, self.films)]
        else:
            verdict.unconverged = [*self._neither_there_nor_held(misplaced), *self._open()]
        self.truth = kept
        return verdict

    def _digests_at_proper_names(self) -> set[str]:
        places = (self.library, self.library / ".seiton/trash", self.downloads)
        found = [item for place in places for item in _contents(place, self.films).items()]
        return {digest(content) for path, content in found if not _is_own(path)}

    def _neither_there_nor_held(self, misplaced: list[str]) -> list[str]:
        units = tables.units
        held = sa.select(sa.func.count()).where(units.c.hold_reason.is_not(None))
        with self.database.read() as connection:
            return [] if connection.execute(held).scalar_one() else misplaced

    def _open(self) -> list[str]:
        table = tables.journal
        with self.database.read() as connection:
            steps = connection.execute(sa.select(table.c.target).where(table.c.state == "open")).scalars()
            return [f"a step is open: {os.fsdecode(target)}" for target in steps]


class MovesStage(Stage):
    """A viewer that is told where episodes belong."""

    def __init__(self, folder: Path, database: Database, scenario: Moves, *, elsewhere: Path) -> None:
        self.scenario, self.folder, self.elsewhere = scenario, folder, elsewhere
        self.world = ViewerWorld(
            folder,
            database,
            link_mode=scenario.link_mode,
            chunk_steps=scenario.chunk_steps,
            migrate=False,
            downloads=elsewhere / "downloads" if scenario.other_device else None,
            films=(elsewhere if scenario.films_apart else folder) / "films" if has_films(scenario) else None,
        )
        self.films = self.world.films
        if scenario.films_apart and self.films is not None:
            # Both lie one beside the other to the eye, as in a home.
            self.films.mkdir(parents=True)
            folder.joinpath("films").symlink_to(self.films)
            self.films = self.world.films = folder / "films"
            self.world.start()
        self.library, self.downloads, self.database = self.world.library, self.world.downloads, database
        self.truth = Truth()
        self.ends_alone = scenario.appears is None
        self.contents: dict[int, bytes] = {}
        self.followers: dict[bytes, int] = {}
        self._begin()

    def roots(self) -> list[Path]:
        return [self.folder, *([self.elsewhere] if uses_two_disks(self.scenario) else [])]

    def _begin(self) -> None:
        scenario, world = self.scenario, self.world
        gone = {*scenario.removed, *scenario.erased}
        for number in {**scenario.start, **scenario.edit}:
            name = self._download_name(number)
            self.contents[number] = world.download(name).read_bytes()
            if number not in gone:
                self.truth.media[f"{number}.mkv"] = self.contents[number]
            if scenario.subtitles:
                content = b"subtitle of %d" % number
                world.downloads.joinpath(self._subtitle_name(number)).write_bytes(content)
                if number not in gone:
                    self.truth.subtitles[content] = f"{number}.mkv"
        if scenario.start:
            self._ask(scenario.start, is_new=True)
            world.settle()
            self._lay_followers()
            # The torrents have ended: what lies in the library is the only copy.
            for path in world.downloads.iterdir():
                path.unlink()
        if scenario.foreign is not None:
            self._put_foreign(scenario.foreign)
        if scenario.trashed:
            self._remove(scenario.trashed)
            world.settle()
        if scenario.undo is not Undo.NEVER:
            self.before = picture(self.library, self.films)
        self._ask(scenario.edit, is_new=not scenario.start, facts=scenario.facts)
        if scenario.undo is Undo.KILLED:
            world.settle()
            self._undo()
        self._remove(scenario.removed)
        self._remove(scenario.erased, erase=True)

    def _download_name(self, number: int) -> str:
        return os.path.join(self.scenario.packs.get(number, ""), f"{number}.mkv")

    def _subtitle_name(self, number: int) -> str:
        return os.path.join(self.scenario.packs.get(number, ""), f"{number}.TC.ass")

    def _lay_followers(self) -> None:
        for number, place in self.scenario.start.items():
            for tail in self.scenario.followers:
                content = b"%s of %d" % (tail.encode(), number)
                path = self.library / (stem(place) + tail)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
                self.followers[content] = number
                if tail.endswith(".srt"):
                    self.truth.subtitles[content] = f"{number}.mkv"

    def _put_foreign(self, place: Place) -> None:
        path = f"{stem(place)}.mkv"
        (self.library / path).write_bytes(SOMEBODYS)
        self.truth.foreign[path] = SOMEBODYS

    def _undo(self) -> None:
        former = {number: self.scenario.start[number] for number in self.scenario.edit}
        self._ask(former, cause=2, undoes=1)

    def _ask(
        self,
        wishes: dict[int, Place],
        *,
        is_new: bool = False,
        facts: Facts | None = None,
        cause: int = 1,
        undoes: int | None = None,
    ) -> None:
        world = self.world
        if not is_new:
            changes = {"facts": facts, "resync_id": cause, "undoes": undoes}
            resyncs = [world.resync_request(number, *_shown(place)) for number, place in wishes.items()]
            asked = [request.model_copy(update=changes) for request in resyncs]
            receive(world.viewer, [_of_kind(*pair) for pair in zip(asked, wishes.values(), strict=True)])
            return
        requests = []
        for number, place in wishes.items():
            subtitles = [self._subtitle_name(number)] if self.scenario.subtitles else []
            request = _of_kind(world.sync_request(number, *_shown(place), subtitles=subtitles), place)
            path = str(world.downloads / self._download_name(number))
            requests.append(request.model_copy(update={"file_path": path}))
        receive(world.viewer, requests)

    def _remove(self, numbers: tuple[int, ...], *, erase: bool = False) -> None:
        requests = [self.world.removal(number, "r1", erase=erase) for number in numbers]
        if requests:
            receive_removals(self.world.viewer, requests)

    def act(self) -> None:
        self.world.passed = timedelta()
        self.world.start()
        self.world.settle()

    def go_on(self) -> list[str]:
        world, scenario = self.world, self.scenario
        revisions = dict(world.revisions)
        world.passed = timedelta()
        world.start()
        if scenario.appears is not None:
            path = self.library / f"{stem(scenario.appears)}.mkv"
            if path.parent.exists() and not path.exists():
                self._put_foreign(scenario.appears)
        if scenario.late:
            self._ask(scenario.late, facts=scenario.facts, cause=2)
        if scenario.undo is Undo.LATE:
            self._undo()
        world.settle()
        world.wait()
        world.revisions = revisions
        return [*self._misplaced(), *self._wrong_in_trash(), *self.not_as_before()]

    def _misplaced(self) -> Iterable[str]:
        found = {digest(content): path for path, content in _contents(self.library, self.films).items()}
        for number, place in self.scenario.end.items():
            lies = found.get(digest(self.contents[number]))
            if lies != f"{stem(place)}.mkv":
                yield f"{number}.mkv lies at {lies} instead of {stem(place)}.mkv"
        for content, number in self.followers.items():
            video = found.get(digest(self.contents[number]), "").removesuffix(".mkv")
            if not found.get(digest(content), "").startswith(video):
                yield f"{content.decode()} lies at {found.get(digest(content))}"

    def _wrong_in_trash(self) -> Iterable[str]:
        """Removed episodes lie in the trash whole, no others do."""
        root = self.library / ".seiton/trash"
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        tails = (".mkv", ".nfo", ".zh-hant.ass") if self.scenario.subtitles else (".mkv", ".nfo")
        wanted = {
            f"r1/{stem(self.scenario.start[number])}{tail}": number
            for number in self.scenario.removed
            for tail in tails
        }
        yield from (f"in the trash: {path}" for path in sorted(found.keys() ^ wanted.keys()))
        for path in found.keys() & wanted.keys():
            if path.endswith(".mkv") and found[path].read_bytes() != self.contents[wanted[path]]:
                yield f"another content: {path}"
        if not wanted and root.exists():
            yield "folders are left in the trash"


def _shown(place: Place) -> Place:
    """Return a place in the words of the contract, which counts a film as an episode."""
    title, season, number = place
    return (title, 1, number) if season == FILM else place


def _of_kind(request: D, place: Place) -> D:
    if place[1] != FILM:
        return request
    facts = request.facts or Facts()
    return request.model_copy(update={"facts": facts.model_copy(update={"is_movie": True})})


class EditStage(Stage):
    """Core and viewer, and a user who edits a rule."""

    def __init__(self, folder: Path, database: Database, scenario: Edit) -> None:
        self.scenario, self.folder = scenario, folder
        self.world = CoreWorld(folder, database, migrate=False)
        self.world.chunk = scenario.chunk
        self.library, self.downloads, self.database = self.world.library, self.world.downloads, database
        self.truth = Truth(media={title: media(torrent_of(title)) for title in scenario.titles})
        scenario.before(self.world)
        self.world.bring(*scenario.titles)
        self.world.settle()
        for path in self.world.downloads.rglob("*.mkv"):
            path.unlink()
        if scenario.first is not None:
            self.before = picture(self.library)
            scenario.first(self.world)
            self.world.settle()

    def roots(self) -> list[Path]:
        return [self.folder]

    def act(self) -> None:
        self.world.start()
        self.scenario.edit(self.world)
        self.world.settle()

    def go_on(self) -> list[str]:
        world = self.world
        began = world.time
        world.start()
        if not self.scenario.is_saved(world):
            self.scenario.edit(world)
        for _look in range(2):
            reparse(world.core)
            refilter(world.core)
            world.settle()
            world.pass_time(hours=7)
        world.time = began
        found = {os.path.basename(path): content for path, content in _contents(self.library).items()}
        wanted = {f"{name}.mkv": media(torrent_of(title)) for name, title in self.scenario.end.items()}
        astray = [name for name, content in wanted.items() if found.get(name) != content]
        return [*(f"not at its place: {name}" for name in astray), *self.not_as_before()]

    def close(self) -> None:
        self.world.close()


class AdoptionStage(Stage):
    """Core and viewer, and a user who has a library adopted."""

    def __init__(self, folder: Path, database: Database, scenario: Adoption) -> None:
        self.scenario, self.folder = scenario, folder
        self.world = CoreWorld(folder, database, migrate=False)
        self.library, self.downloads, self.database = self.world.library, self.world.downloads, database
        self.world.viewer.library()
        self.contents = {
            path: scenario.nfos[path].encode() if path in scenario.nfos else media(path)
            for path in scenario.files
        }
        self.truth = Truth(foreign={path: b"%s is mine" % path.encode() for path in scenario.foreign})
        for path, content in {**self.contents, **self.truth.foreign}.items():
            put(self.library, path, content)
        if scenario.in_place:
            self.truth.foreign |= self.contents
        else:
            self.truth.media = {path: c for path, c in self.contents.items() if path.endswith(".mkv")}

    def roots(self) -> list[Path]:
        return [self.folder]

    def act(self) -> None:
        self.world.start()
        self._adopt()
        self.world.settle()

    def _adopt(self) -> None:
        core = self.world.core
        planned = create_adoption(core, os.fspath(self.library))
        confirm_adoption(core, planned["adoption_id"], in_place=self.scenario.in_place)

    def go_on(self) -> list[str]:
        world = self.world
        began = world.time
        world.start()
        confirmed = adoptions.c.state.in_([AdoptionState.CONFIRMED, AdoptionState.DONE])
        if not world.rows(adoptions, confirmed):
            self._adopt()
        for _look in range(2):
            record_adoptions(world.core)
            world.settle()
            world.pass_time(hours=7)
        world.time = began
        found = _contents(self.library)
        ends = self.scenario.files.items()
        return [
            *(f"not at its place: {end}" for path, end in ends if found.get(end) != self.contents[path]),
            *(f"not on record: {row['path']}" for row in self._unrecorded()),
        ]

    def _unrecorded(self) -> Iterable[Row]:
        return self.world.rows(
            adoption_files,
            adoption_files.c.reason.is_(None),
            adoption_files.c.download_id.is_(None),
            adoption_files.c.adoption_id.in_(
                sa.select(adoptions.c.adoption_id).where(adoptions.c.state == AdoptionState.DONE)
            ),
        )

    def close(self) -> None:
        self.world.close()


def make_stage(folder: Path, database: Database, scenario: Scenario, *, elsewhere: Path) -> Stage:
    """Make the world of ``scenario`` in ``folder`` (downloads ``elsewhere``, where it asks for that)."""
    if isinstance(scenario, Edit):
        return EditStage(folder, database, scenario)
    if isinstance(scenario, Adoption):
        return AdoptionStage(folder, database, scenario)
    return MovesStage(folder, database, scenario, elsewhere=elsewhere)


def _contents(library: Path, films: Path | None = None) -> dict[str, bytes]:
    """Return every file below a folder and that of films, without Seiton's own records, by relative path."""
    found = {}
    for base, _folders, names in walk(library, films):
        for name in names:
            found[os.path.relpath(os.path.join(base, name), library)] = Path(base, name).read_bytes()
    return found


def _survives(path: str, content: bytes, found: dict[str, bytes]) -> bool:
    """Say whether a foreign file is where it was; one that is called like a video's follower follows it."""
    if path.endswith((".mkv", ".nfo")):
        return found.get(path) == content
    return content in found.values()


def _is_own(path: str) -> bool:
    return any(part.startswith(".seiton") for part in path.split("/"))
