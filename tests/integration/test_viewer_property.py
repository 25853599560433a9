"""Random libraries, random edits, real folders: whatever is asked for, nothing is lost and it converges."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from seiton.viewer import tables
from seiton.viewer.receive import receive
from tests.integration.oracle import Truth, losses
from tests.integration.viewer_world import ViewerWorld
from tests.postgres import Server

TITLES = ("Show", "SHOW", "Other: Thing?", "葬送のフリーレン", "Dr. Stone")
FOREIGN = b"somebody else's"

Place = tuple[str, int, int]
Edits = list[tuple[tuple[str, Any], bool]]
"""Each with whether the viewer converges before the next."""
places = st.tuples(st.sampled_from(TITLES), st.integers(0, 2), st.integers(1, 6))
libraries = st.lists(
    places, min_size=1, max_size=8, unique_by=lambda place: (place[0].casefold(), *place[1:])
)
edits = st.one_of(
    st.tuples(st.just("permute"), st.randoms(use_true_random=False)),
    st.tuples(st.just("shift"), st.integers(-2, 2)),
    st.tuples(st.just("title"), st.sampled_from(TITLES)),
    st.tuples(st.just("season"), st.integers(0, 2)),
    st.tuples(st.just("split"), st.sampled_from(TITLES)),
    st.tuples(st.just("scatter"), st.lists(places, min_size=1, max_size=8)),
    st.tuples(st.just("foreign"), places),
    st.tuples(st.just("remove"), st.integers(0, 7)),
    st.tuples(st.just("sidecar"), st.integers(0, 7)),
    st.tuples(st.just("edit nfo"), st.integers(0, 7)),
)
stories = st.lists(st.tuples(edits, st.booleans()), min_size=1, max_size=5)


def stem(place: Place) -> str:
    title = place[0].replace(":", "：").replace("?", "？")
    return f"{title}/Season {place[1]:02}/{title} - S{place[1]:02}E{place[2]:02}"


class Story:
    """A world, what was asked of it, and what the witness has to find."""

    def __init__(self, folder: Path, url: str, start: list[Place], chunk_steps: int) -> None:
        self.world = ViewerWorld(folder, url, chunk_steps=chunk_steps)
        self.truth = Truth()
        self.wishes: dict[int, Place] = {}
        self.gone: set[int] = set()
        requests = []
        for number, place in enumerate(start, 1):
            self.wishes[number] = place
            self.truth.media[f"{number}.mkv"] = self.world.download(f"{number}.mkv").read_bytes()
            subtitles = []
            if number % 2:
                subtitle = self.world.downloads / f"{number}.TC.ass"
                subtitle.write_bytes(b"subtitle of %d" % number)
                self.truth.subtitles[subtitle.read_bytes()] = f"{number}.mkv"
                subtitles.append(subtitle.name)
            requests.append(self.world.sync_request(number, *place, subtitles=subtitles))
        receive(self.world.viewer, requests)
        self.world.settle()

    def tell(self, edit: tuple[str, Any]) -> None:
        kind, value = edit
        if kind in {"foreign", "remove", "sidecar", "edit nfo"}:
            self._by_hand(kind, value)
            return
        numbers = sorted(self.wishes)
        before = [self.wishes[number] for number in numbers]
        after = self._after(kind, value, before)
        changed = dict(zip(numbers, after, strict=True))
        requests = [self.world.resync_request(number, *place) for number, place in changed.items()]
        receive(self.world.viewer, requests)
        self.wishes = changed

    def _after(self, kind: str, value: Any, before: list[Place]) -> list[Place]:
        if kind == "permute":
            shuffled = list(before)
            value.shuffle(shuffled)
            return shuffled
        if kind == "shift":
            return [(title, season, max(episode + value, 0)) for title, season, episode in before]
        if kind == "title":
            return [(value, season, episode) for _title, season, episode in before]
        if kind == "season":
            return [(title, value, episode) for title, _season, episode in before]
        if kind == "split":
            return [(value, *place[1:]) if index % 2 else place for index, place in enumerate(before)]
        return [value[index] if index < len(value) else place for index, place in enumerate(before)]

    def _by_hand(self, kind: str, value: Any) -> None:
        library = self.world.library
        if kind == "foreign":
            path = library / f"{stem(value)}.mkv"
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(FOREIGN)
                self.truth.foreign[os.path.relpath(path, library)] = FOREIGN
            return
        videos = sorted(set(self.world.videos()) - set(self.truth.foreign))
        if value >= len(videos):
            return
        video = library / videos[value]
        name = self.world.videos()[videos[value]]
        if kind == "remove":
            for path in video.parent.iterdir():
                if path.name.startswith(f"{video.stem}."):
                    path.unlink()
            season = os.path.dirname(videos[value])
            self.truth.foreign_folders |= {season, os.path.dirname(season)}  # whoever emptied them
            self.gone.add(int(name.removesuffix(".mkv")))
            del self.truth.media[name]
            self.truth.subtitles = {c: n for c, n in self.truth.subtitles.items() if n != name}
        elif kind == "sidecar":
            content = f"by hand for {name} {len(self.truth.subtitles)}".encode()
            path = video.with_suffix(".fr.srt")
            if not path.exists():
                path.write_bytes(content)
                self.truth.subtitles[content] = name
        else:
            nfo = video.with_suffix(".nfo")
            text = nfo.read_text()
            nfo.write_text(text.replace("</episodedetails>", "  <tag>mine</tag>\n</episodedetails>", 1))

    def check(self) -> None:
        self.world.settle()
        assert losses(self.world.library, self.truth) == []
        self._record_is_true()
        self.world.wait()
        assert losses(self.world.library, self.truth) == []
        self._record_is_true()
        self._wishes_are_met_or_held()
        self.world.wait()
        after = self._mtimes()
        self.world.wait()
        assert self._mtimes() == after

    def _rows(self) -> list[Any]:
        with self.world.database.read() as connection:
            return list(connection.execute(sa.select(tables.units)).all())

    def _record_is_true(self) -> None:
        videos = self.world.videos()
        for row in self._rows():
            if row.download_id not in self.gone:
                assert videos.get(os.fsdecode(row.video)) == f"{row.download_id}.mkv"
        with self.world.database.read() as connection:
            open_steps = sa.select(sa.func.count()).where(tables.journal.c.state == "open")
            assert connection.execute(open_steps).scalar_one() == 0
            targets = sa.select(sa.func.count()).where(tables.claims.c.kind == "target")
            assert connection.execute(targets).scalar_one() == 0

    def _wishes_are_met_or_held(self) -> None:
        for row in self._rows():
            wanted = stem(self.wishes[row.download_id])
            if row.applied_revision == row.revision:
                if row.download_id not in self.gone:
                    assert os.fsdecode(row.stem) == wanted
                continue
            assert row.hold_reason is not None
            occupied = any(name.casefold().startswith(f"{wanted}.".casefold()) for name in self.world.tree())
            rivals = [n for n, place in self.wishes.items() if stem(place).casefold() == wanted.casefold()]
            assert occupied or row.download_id in self.gone or len(rivals) > 1, row

    def _mtimes(self) -> dict[str, int]:
        library = self.world.library
        names = [*self.world.tree(), *self.world.folders()]
        return {name: (library / name).stat().st_mtime_ns for name in names}


@contextmanager
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="seiton-story-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them, to be copied: migrating takes longer than a story."""
    path = tmp_path_factory.mktemp("database")
    ViewerWorld(path, f"sqlite:///{path / 'seiton.db'}").database.close()
    return path / "seiton.db"


def play(path: Path, url: str, start: list[Place], story: Edits, chunk_steps: int) -> None:
    told = Story(path, url, start, chunk_steps)
    try:
        told.check()
        for edit, settles in story:
            told.tell(edit)
            if settles:
                told.check()
        told.check()
    finally:
        told.world.database.close()


@pytest.mark.timeout(1800)  # whole stories on a real disk: minutes on a slow one
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(start=libraries, story=stories, chunk_steps=st.sampled_from((500, 7, 1)))
def test_whatever_is_edited_nothing_is_lost(
    empty_database: Path, start: list[Place], story: Edits, chunk_steps: int
) -> None:
    with folder() as path:
        shutil.copy(empty_database, path / "seiton.db")
        play(path, f"sqlite:///{path / 'seiton.db'}", start, story, chunk_steps)


@pytest.mark.postgres
@pytest.mark.timeout(1800)
@settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(start=libraries, story=stories)
def test_it_is_the_same_on_postgresql(postgres_server: Server, start: list[Place], story: Edits) -> None:
    with folder() as path, postgres_server.database() as url:
        play(path, url, start, story, 20)
