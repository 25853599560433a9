"""A viewer names each file by the template that it was asked with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from seiton.contract import LibraryNaming, ViewerResyncRequest
from seiton.domain.naming import DEFAULT_TEMPLATE, NamingProfile
from seiton.viewer.receive import receive
from tests.integration.viewer_world import ViewerWorld

NUMBER = "S{season:02}E{episode:02}<-E{episode_end:02}>"


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[ViewerWorld]:
    built = ViewerWorld(tmp_path, database_url)
    yield built
    built.database.close()


def test_messages_out_of_order_leave_each_unit_with_the_template_it_was_asked_with_last(
    world: ViewerWorld,
) -> None:
    for number in (1, 2):
        world.file_away(number, "Tea", 1, number)

    def asked(download_id: int, revision: int, template: str) -> ViewerResyncRequest:
        request = world.resync_request(download_id, "Tea", 1, download_id, revision=revision)
        return request.model_copy(update={"naming": LibraryNaming(version=revision, template=template)})

    new = "{title}/S{season}/" + NUMBER
    receive(world.viewer, [asked(1, 3, new)])
    world.settle()  # one is asked with the new template, the other still waits for its message
    assert set(world.videos()) == {"Tea/S1/S01E01.mkv", "Tea/Season 01/Tea - S01E02.mkv"}
    stale = receive(world.viewer, [asked(1, 2, DEFAULT_TEMPLATE)])
    assert stale[0].receipt == "stale"
    repeated = receive(world.viewer, [asked(1, 3, new)])
    assert repeated[0].receipt == "repeated"
    receive(world.viewer, [asked(2, 3, new)])
    world.settle()
    assert set(world.videos()) == {"Tea/S1/S01E01.mkv", "Tea/S1/S01E02.mkv"}


def test_a_core_that_says_no_template_gets_the_viewers_own(world: ViewerWorld) -> None:
    world.file_away(1, "Tea", 1, 1)
    assert set(world.videos()) == {"Tea/Season 01/Tea - S01E01.mkv"}
    own = NamingProfile(template="{title}/S{season}/" + NUMBER)
    world.viewer.profile = replace(world.viewer.profile, naming=own)
    world.file_away(2, "Tea", 1, 2)
    world.resync((1, "Tea", 1, 3))
    assert set(world.videos()) == {"Tea/S1/S01E02.mkv", "Tea/S1/S01E03.mkv"}


def test_a_template_that_this_viewer_cannot_read_holds_the_file_where_it_is(
    world: ViewerWorld,
) -> None:
    world.file_away(1, "Tea", 1, 1)
    naming = LibraryNaming(version=9, template="{title}/{of_a_later_version}/x")
    request = world.resync_request(1, "Tea", 1, 2).model_copy(update={"naming": naming})
    receive(world.viewer, [request])
    world.settle()
    assert set(world.videos()) == {"Tea/Season 01/Tea - S01E01.mkv"}
    assert world.core.last(1).reason == "name_impossible"
