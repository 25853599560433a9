"""What work costs: statements that do not grow with the number of items, no write where nothing changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from seiton.adapters.torrents.port import TransferState
from seiton.core import tables
from seiton.core.downloads.dispatch import start_downloads
from seiton.core.downloads.transfers import check_transfers
from seiton.core.filing.callbacks import take_callbacks
from seiton.core.filing.resync import reconcile
from seiton.core.rules.parser_preview import preview_parser
from seiton.core.rules.reparse import reparse
from seiton.viewer.converge import converge
from seiton.viewer.report import report
from tests.integration.core_world import NO_BRAKE, CoreWorld, rule, statements, torrent_of, writes
from tests.integration.core_world import world as world

FEW, MANY = 100, 500
OURS = tuple(tables.metadata.tables)


class Costs:
    """Runs each stage of a library of ``number`` episodes and counts the statements on Core's tables."""

    def __init__(self, world: CoreWorld, number: int) -> None:
        self.world, self.number = world, number
        world.core.brake = NO_BRAKE
        self.seen: dict[str, int] = {}
        self.run()

    def count(self, name: str, work: Callable[[], object]) -> None:
        with statements(self.world.database) as seen:
            work()
        self.seen[name] = sum(any(table in statement for table in OURS) for statement in seen)

    def run(self) -> None:
        world, core = self.world, self.world.core
        titles = [f"[G{n % 7}] Show {'ABCDE'[n % 5]} - {n:03}" for n in range(1, self.number + 1)]
        self.count("ingest", lambda: world.bring(*titles))
        while start_downloads(core):
            pass
        self.count("transfers", lambda: check_transfers(core))
        world.wire.holds_reports = True
        self.count("sync", self._send)
        self._answer("sync reports")
        world.reparses = False
        world.create(priority=9, series_no=2)
        self.count("reparse", lambda: reparse(core))
        world.wire.holds_reports = True
        self.count("resync", self._send)
        self._answer("resync reports")
        draft = rule(priority=10, series_no=3)
        self.count("preview", lambda: preview_parser(core, draft, limit=1))
        assert set(world.states()) == {"synced"}

    def _send(self) -> None:
        assert reconcile(self.world.core) == self.number

    def _answer(self, name: str) -> None:
        converge(self.world.viewer)
        report(self.world.viewer)
        held = self.world.wire.held
        assert len(held) == self.number
        self.world.wire.held = []
        self.world.wire.holds_reports = False
        self.count(name, lambda: take_callbacks(self.world.core, held))


@pytest.mark.timeout(600)
def test_the_number_of_statements_does_not_grow_with_the_number_of_items(tmp_path: Path) -> None:
    costs = {}
    for number in (FEW, MANY):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = CoreWorld(folder, f"sqlite:///{folder / 'seiton.db'}")
        costs[number] = Costs(world, number).seen
        world.close()
    for name, few in costs[FEW].items():
        assert few < FEW, (name, few)
        # The look after a full chunk finds that there is no other.
        assert costs[MANY][name] <= few + 3, (name, few, costs[MANY][name])


def test_a_look_at_a_library_where_nothing_is_to_do_writes_nothing(world: CoreWorld) -> None:
    world.bring(*(f"[G] Show - {number:02}" for number in range(1, 6)))
    world.settle()
    world.create(priority=9, series_no=2)
    world.settle()
    world.pass_time(days=1)
    with statements(world.database) as seen:
        reparse(world.core)
        start_downloads(world.core)
        check_transfers(world.core)
        reconcile(world.core)
        converge(world.viewer)
        report(world.viewer)
    assert writes(seen) == []


def test_a_feed_that_brings_nothing_new_writes_nothing(world: CoreWorld) -> None:
    titles = [f"[G] Show - {number:02}" for number in range(1, 6)]
    world.bring(*titles)
    with statements(world.database) as seen:
        world.bring(*titles)
    assert writes(seen) == []


def test_a_transfer_that_stands_still_writes_nothing(world: CoreWorld) -> None:
    title = "[G] Show - 01"
    world.bring(title)
    world.torrents.states[torrent_of(title)] = TransferState.DOWNLOADING
    world.fetch()
    with statements(world.database) as seen:
        check_transfers(world.core)
    assert writes(seen) == []
