"""Random libraries, random edits, undone one by one: each undo leaves the tree that the edit found."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from seiton.viewer.receive import receive
from tests.integration.oracle import losses, picture
from tests.integration.test_viewer_property import TITLES, Place, Story, libraries, places
from tests.integration.viewer_world import ViewerWorld

RULES = st.one_of(
    st.tuples(st.just("permute"), st.randoms(use_true_random=False)),
    st.tuples(st.just("shift"), st.integers(-2, 2)),
    st.tuples(st.just("title"), st.sampled_from(TITLES)),
    st.tuples(st.just("season"), st.integers(0, 2)),
    st.tuples(st.just("split"), st.sampled_from(TITLES)),
    st.tuples(st.just("scatter"), st.lists(places, min_size=1, max_size=8)),
)
BY_HAND = st.one_of(
    st.tuples(st.just("foreign"), places),
    st.tuples(st.just("sidecar"), st.integers(0, 7)),
    st.tuples(st.just("edit nfo"), st.integers(0, 7)),
)


class UndoneStory(Story):
    """A story whose edits are causes."""

    def resync(self, changed: dict[int, Place], cause: int, undoes: int | None = None) -> None:
        requests = [self.world.resync_request(number, *place) for number, place in changed.items()]
        update = {"resync_id": cause, "undoes": undoes}
        receive(self.world.viewer, [request.model_copy(update=update) for request in requests])
        self.wishes |= changed
        self.world.settle()

    def is_contested(self) -> bool:
        """Say whether units wish for one name, so that some are held."""
        names = {(title.casefold(), *numbers) for title, *numbers in self.wishes.values()}
        return len(names) < len(self.wishes)

    def edit(self, edit: tuple[str, Any]) -> dict[int, Place]:
        """Return what an edit of a rule changes."""
        numbers = sorted(self.wishes)
        after = self._after(*edit, [self.wishes[number] for number in numbers])
        wanted = dict(zip(numbers, after, strict=True))
        return {number: place for number, place in wanted.items() if place != self.wishes[number]}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty")
    ViewerWorld(path, f"sqlite:///{path / 'seiton.db'}").database.close()
    return path / "seiton.db"


@pytest.mark.timeout(1200)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@example(
    start=[("Show", 1, 1), (TITLES[3], 0, 3), ("Show", 0, 1), ("Show", 0, 2), (TITLES[3], 1, 3)],
    by_hand=[],
    rules=[("season", 0), ("split", "Show")],
    chunk_steps=3,
)
@given(
    start=libraries,
    by_hand=st.lists(BY_HAND, max_size=3),
    rules=st.lists(RULES, min_size=1, max_size=3),
    chunk_steps=st.sampled_from([3, 500]),
)
def test_edits_undone_in_turn_leave_no_trace(
    empty: Path,
    start: list[Place],
    by_hand: list[tuple[str, Any]],
    rules: list[tuple[str, Any]],
    chunk_steps: int,
) -> None:
    folder = Path(tempfile.mkdtemp())
    shutil.copy(empty, folder / "seiton.db")
    story = UndoneStory(folder, f"sqlite:///{folder / 'seiton.db'}", start, chunk_steps)
    try:
        for edit in by_hand:
            story.tell(edit)
        story.world.settle()
        library, done = story.world.library, []
        for cause, rule in enumerate(rules, 1):
            changed = story.edit(rule)
            former = {number: story.wishes[number] for number in changed}
            done.append((cause, former, picture(library), story.is_contested()))
            story.resync(changed, cause)
        for number, (cause, former, before, was_contested) in enumerate(reversed(done), len(done) + 1):
            story.resync(former, number, undoes=cause)
            # Who waited for a name that the edit made free has it now, by an earlier wish, and keeps it:
            # the one that comes back is held.
            assert picture(library) == before or was_contested
        assert losses(library, story.truth) == []
    finally:
        story.world.database.close()
        shutil.rmtree(folder)
