"""Converge the library: recover what was cut short, plan everything pending together, apply it.

Level-triggered: it looks at the rows as they are, so it does not matter how often, by whom or in which
order it is called. One process at a time acts on a library, under the lock on its disk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from seiton.adapters.database import Row
from seiton.adapters.files import LibraryRoot, digest_of, identify
from seiton.domain.moves import Component, Leg, MovePlan, plan
from seiton.domain.states import HoldReason, StepState
from seiton.viewer import journal, settle
from seiton.viewer.apply import Applier, Failure
from seiton.viewer.chunk import evidence, recover, run_back, take_back
from seiton.viewer.gather import Gathered, Unit, gather, pending_rows
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.legs import LegMaker, Stuck, UnitLeg
from seiton.viewer.prune import prune
from seiton.viewer.service import Viewer
from seiton.viewer.shows import FolderSteps, ensure_shows, load_artifacts

CHUNK_STEPS = 500
CYCLE_STEPS = 4000
"""A cycle up to this size is one chunk, so that a failure can take all of it back."""


@dataclass(slots=True, kw_only=True)
class Summary:
    """What one pass did."""

    moved: int = 0
    unchanged: int = 0
    held: int = 0
    recovered: int = 0


class _Run:
    """Legs of one component, in order; what fails takes the rest of its component along."""

    def __init__(self, *, legs: list[UnitLeg], is_cycle: bool) -> None:
        self.legs = legs
        self.is_cycle = is_cycle
        self.members = list(dict.fromkeys(leg.unit.unit_id for leg in legs))
        self.done: list[UnitLeg] = []
        self.failure: Failure | None = None
        self.failed_unit: int | None = None


def converge(viewer: Viewer) -> Summary:
    """Do everything that is pending. Raises ``LibraryAway`` or ``LibraryBusy``; nothing is lost by either."""
    library = viewer.library()
    summary = Summary()
    with library.acting():
        summary.recovered = recover(viewer, library)
        with viewer.database.read() as connection:
            rows = pending_rows(connection, library.library_id, viewer.now())
        if rows:
            _Pass(viewer, library, rows, summary).run()
    if rows or summary.recovered:
        viewer.wake("report")
    return summary


class _Pass:
    """One plan over everything pending, from gathering to the records."""

    def __init__(self, viewer: Viewer, library: LibraryRoot, rows: Sequence[Row], summary: Summary) -> None:
        self.viewer, self.library, self.summary = viewer, library, summary
        self.rows = {row["unit_id"]: row for row in rows}
        self.plan_id = str(uuid4())
        self.holds: list[tuple[Row, HoldReason, str | None]] = []
        self.left: set[bytes] = set()

    def run(self) -> None:
        """Gather, decide, apply."""
        now = self.viewer.now()
        with self.viewer.database.read() as connection:
            gathered = gather(
                connection,
                self.library.library_id,
                self.library.root,
                list(self.rows.values()),
                self.viewer.profile.naming,
                now,
            )
        decided = plan(gathered.wishes, owners=gathered.owners, foreign=gathered.foreign)
        self._note_holds(gathered, decided)
        units = [gathered.units[unit_id] for unit_id in _planned(decided)]
        if units:
            self._prepare(gathered, units, decided)
        with self.viewer.database.write() as connection:
            settle.record_holds(connection, self.holds, self.viewer.now())
        self.summary.held = len(self.holds)
        if self.left:
            prune(self.viewer, self.library, self.plan_id, self.left)

    def _note_holds(self, gathered: Gathered, decided: MovePlan) -> None:
        for unit in gathered.held:
            self.holds.append((self.rows[unit.unit_id], unit.hold or HoldReason.SOURCE_MISSING, unit.detail))
        for hold in decided.holds:
            target = os.fsdecode(gathered.units[hold.unit_id].target)
            self.holds.append((self.rows[hold.unit_id], hold.reason, target))

    def _prepare(self, gathered: Gathered, units: Sequence[Unit], decided: MovePlan) -> None:
        now = self.viewer.now()
        with self.viewer.database.write() as connection:
            shows = ensure_shows(connection, self.library.library_id, units, now)
            folders = {unit.name.show_folder for unit in units if unit.name}
            folders |= {unit.name.season_folder for unit in units if unit.name}
            artifacts = load_artifacts(connection, self.library.library_id, folders)
        self.folder_steps = FolderSteps(self.library.root, shows, artifacts, units)
        maker = LegMaker(self.library.root, gathered.folders, self.folder_steps.before)
        pending: list[_Run] = []
        unchanged: list[tuple[Unit, UnitLeg | None]] = []
        for unit_id in decided.in_place:
            unit = gathered.units[unit_id]
            leg = maker.refresh_nfo(unit)
            if isinstance(leg, Stuck):
                self.holds.append((self.rows[unit_id], leg.reason, leg.detail))
            elif leg is None or not leg.steps:
                unchanged.append((unit, leg))
            else:
                pending.append(_Run(legs=[leg], is_cycle=False))
            self._fill(pending)
        self._settle_unchanged(unchanged)
        for component in decided.components:
            legs = maker.expand(component, gathered.units)
            if isinstance(legs, Stuck):
                self._component_stuck(component, legs)
                continue
            pending.append(_Run(legs=legs, is_cycle=component.is_cycle))
            self._fill(pending)
        self._fill(pending, last=True)

    def _component_stuck(self, component: Component, stuck: Stuck) -> None:
        for unit_id in dict.fromkeys(shift.unit_id for shift in component.shifts):
            mine = unit_id == stuck.unit.unit_id
            reason = stuck.reason if mine else HoldReason.WAITING
            self.holds.append((self.rows[unit_id], reason, stuck.detail if mine else None))

    def _fill(self, pending: list[_Run], *, last: bool = False) -> None:
        """Run full chunks of what is pending; with ``last``, everything."""
        while pending and (last or sum(_size(run) for run in pending) >= CHUNK_STEPS):
            chunk: list[tuple[_Run, list[UnitLeg]]] = []
            room = CHUNK_STEPS
            while pending and (room > 0 or not chunk):
                run = pending[0]
                whole = run.is_cycle and _size(run) <= CYCLE_STEPS
                taken = _cut(run, room if not whole else CYCLE_STEPS)
                if not taken:
                    break
                room -= sum(len(leg.steps) for leg in taken)
                chunk.append((run, taken))
                if not run.legs:
                    pending.pop(0)
            self._run_chunk(chunk)
            pending[:] = [run for run in pending if run.failure is None and run.legs]

    def _run_chunk(self, chunk: Sequence[tuple[_Run, list[UnitLeg]]]) -> None:
        self.library.check()
        library_id, now = self.library.library_id, self.viewer.now()
        legs = [leg for _run, taken in chunk for leg in taken]
        with self.viewer.database.write() as connection:
            journal.keep(connection, (content for leg in legs for content in leg.contents), now)
            targets = {leg.unit.unit_id: leg.stem for leg in legs}
            settle.claim_targets(connection, library_id, targets)
            recorded = journal.record(
                connection, library_id, self.plan_id, [step for leg in legs for step in leg.steps], now
            )
        by_digest = {digest_of(content): content for leg in legs for content in leg.contents}
        applier = Applier(self.library, self.viewer.profile, by_digest, evidence(self.viewer))
        applier.prepare(recorded, recovering=False)
        done: list[Step] = []
        undo: list[Step] = []
        dropped: list[Step] = []
        at = 0
        for run, taken in chunk:
            own: list[Step] = []
            for leg in taken:
                steps = recorded[at : at + len(leg.steps)]
                at += len(leg.steps)
                leg.steps = steps
                if run.failure is not None:
                    dropped += steps
                    continue
                finished: list[Step] = []
                for step in steps:
                    run.failure = run.failure or applier.run(step)
                    (dropped if run.failure else finished).append(step)
                if run.failure is None:
                    own += finished
                    run.done.append(leg)
                    continue
                run.failed_unit = leg.unit.unit_id
                if run.is_cycle:  # half a cycle leaves a unit parked: take all of it back
                    finished, own, run.done = own + finished, [], []
                # Folders and show files serve the neighbours too; they stay, and are pruned when empty.
                undo += [step for step in finished if step.unit_id is not None]
                own += [step for step in finished if step.unit_id is None]
            done += own
        applier.flush()
        self._settle_chunk(chunk, done, undo, dropped)

    def _settle_chunk(
        self,
        chunk: Sequence[tuple[_Run, list[UnitLeg]]],
        done: list[Step],
        undo: list[Step],
        dropped: list[Step],
    ) -> None:
        library_id, now = self.library.library_id, self.viewer.now()
        arrivals: dict[int, settle.Arrival] = {}
        outcomes: list[tuple[int, int, str, bytes]] = []
        for run, taken in chunk:
            finished = {id(leg) for leg in run.done}
            for leg in taken:
                if id(leg) in finished:
                    arrivals[leg.unit.unit_id] = self._arrival(leg)
        for arrival in arrivals.values():
            if arrival.applied_revision is not None:
                unit_row = self.rows[arrival.unit_id]
                what = "unchanged" if unit_row["video"] == arrival.video else "moved"
                self.summary.moved += what == "moved"
                self.summary.unchanged += what == "unchanged"
                outcomes.append((arrival.unit_id, arrival.applied_revision, what, arrival.video))
        with self.viewer.database.write() as connection:
            journal.close(connection, done, StepState.DONE, now)
            journal.close(connection, dropped, StepState.ABANDONED, now)
            settle.release_claims(connection, [leg.unit.unit_id for _r, t in chunk for leg in t], "target")
            settle.record_arrivals(connection, library_id, list(arrivals.values()), now)
            settle.record_artifacts(connection, library_id, done, self.folder_steps.renderings, now)
            settle.finish_tasks(connection, outcomes, now)
            back = take_back(connection, library_id, self.plan_id, undo, now)
        run_back(self.viewer, self.library, back)
        for run, _taken in chunk:
            if run.failure is not None:
                self._note_failure(run, run.failure)
        for step in done:
            if step.kind is StepKind.MOVE and step.source is not None:
                self.left.add(os.path.dirname(step.source))

    def _note_failure(self, run: _Run, failure: Failure) -> None:
        """Hold what the failure leaves behind: its own unit with the reason, the rest waiting for it."""
        arrived = {leg.unit.unit_id for leg in run.done if leg.shift.leg is not Leg.PARK}
        for unit_id in run.members:
            if unit_id not in arrived:
                mine = unit_id == run.failed_unit
                reason = failure.reason if mine else HoldReason.WAITING
                self.holds.append((self.rows[unit_id], reason, failure.detail))

    def _arrival(self, leg: UnitLeg) -> settle.Arrival:
        unit = leg.unit
        video = leg.stem + unit.video_tail
        parked = leg.shift.leg is Leg.PARK
        identity = unit.identity
        if leg.shift.leg is Leg.ENTER or not self.library.ways.no_replace:
            identity = identify(os.path.join(self.library.root, video))
        return settle.Arrival(
            unit_id=unit.unit_id,
            stem=leg.stem,
            video=video,
            identity=identity,
            nfo_digest=None if parked else leg.nfo_digest,
            nfo_rendering=None if parked else leg.nfo_rendering,
            applied_revision=None if parked else unit.revision,
            show_id=None if parked else self.folder_steps.show_id(unit),
            added_at=unit.added_at,
        )

    def _settle_unchanged(self, unchanged: Sequence[tuple[Unit, UnitLeg | None]]) -> None:
        """Nothing to do on the disk costs nothing there: only the record says that the wish is met."""
        if not unchanged:
            return
        now = self.viewer.now()
        arrivals, outcomes = [], []
        for unit, leg in unchanged:
            stem, video = unit.stem or b"", unit.video or b""
            arrivals.append(
                settle.Arrival(
                    unit_id=unit.unit_id,
                    stem=stem,
                    video=video,
                    identity=unit.identity,
                    nfo_digest=leg.nfo_digest if leg else unit.nfo_digest,
                    nfo_rendering=leg.nfo_rendering if leg else unit.nfo_rendering,
                    applied_revision=unit.revision,
                    show_id=self.folder_steps.show_id(unit),
                )
            )
            outcomes.append((unit.unit_id, unit.revision, "unchanged", video))
        with self.viewer.database.write() as connection:
            settle.record_arrivals(connection, self.library.library_id, arrivals, now)
            settle.finish_tasks(connection, outcomes, now)
        self.summary.unchanged += len(unchanged)


def _planned(decided: MovePlan) -> list[int]:
    moving = (shift.unit_id for component in decided.components for shift in component.shifts)
    return list(dict.fromkeys([*decided.in_place, *moving]))


def _size(run: _Run) -> int:
    return sum(len(leg.steps) for leg in run.legs)


def _cut(run: _Run, room: int) -> list[UnitLeg]:
    """Take legs off the front of ``run`` until ``room`` steps are used; always at least one."""
    taken: list[UnitLeg] = []
    used = 0
    while run.legs and (not taken or used + len(run.legs[0].steps) <= room):
        leg = run.legs.pop(0)
        used += len(leg.steps)
        taken.append(leg)
    return taken
