"""Converge the library: recover what was cut short, plan everything pending together, apply it.

Level-triggered: it looks at the rows as they are, so it does not matter how often, by whom or in which
order it is called. One process at a time acts on a library, under the lock on its disk.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.files import LibraryRoot, identify
from seiton.domain.moves import Component, MovePlan, plan
from seiton.domain.naming import display
from seiton.domain.states import HoldReason
from seiton.viewer import images, journal, settle
from seiton.viewer.apply import Failure
from seiton.viewer.backlog import Backlog, Part, Work, steps_of
from seiton.viewer.chunk import Ran, applier_for, finish, run_steps
from seiton.viewer.gather import Gathered, Unit, gather, pending_rows
from seiton.viewer.homecoming import bring_home
from seiton.viewer.images import Before
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.legs import LegMaker, Stuck, UnitLeg
from seiton.viewer.pictures import at_hand, hang, note_missing
from seiton.viewer.places import Arrival
from seiton.viewer.prune import prune
from seiton.viewer.recover import recover
from seiton.viewer.servers.marks import ReaderAhead, store
from seiton.viewer.service import Viewer
from seiton.viewer.show_files import ShowFiles, load_artifacts, posters_in
from seiton.viewer.shows import ensure_shows
from seiton.viewer.tasks import Held, Outcome, record_holds, record_outcomes
from seiton.viewer.tidy import begin_undo, tidy
from seiton.viewer.trash import empty_trash


@dataclass(slots=True, kw_only=True)
class Summary:
    """What one pass did: units that moved, whose wish was met already, that were held; steps recovered."""

    moved: int = 0
    unchanged: int = 0
    held: int = 0
    recovered: int = 0


def converge(viewer: Viewer) -> Summary:
    """Do everything that is pending.

    Raises ``LibraryAway``, ``LibraryBusy`` or, when the disk cannot be flushed, a ``FileOutcome``. Nothing is
    lost by any of them: what was recorded is recovered by the next call.
    """
    library = viewer.library()
    summary = Summary()
    with library.acting():
        summary.recovered = recover(viewer, library)
        tidy(viewer, library)
        pending = rows = _due(viewer, library)
        while pending and _Pass(viewer, library, pending, summary).run():
            pending = _due(viewer, library)
        bring_home(viewer, library)
        hang(viewer, library)
        erased = empty_trash(viewer, library)
        prune(viewer, library)
    if rows or erased or summary.recovered:
        viewer.wake("report")
        viewer.wake("servers")
    return summary


def _due(viewer: Viewer, library: LibraryRoot) -> Sequence[Row]:
    """Return what is pending, but for units in the middle of steps that could not be ended yet."""
    with viewer.database.read() as connection:
        stuck = journal.units_with_open_steps(connection, library.library_id)
        pending = pending_rows(connection, library, viewer.now())
    return [row for row in pending if row["unit_id"] not in stuck]


class _Pass:
    """One plan over everything pending, from gathering to the records."""

    def __init__(self, viewer: Viewer, library: LibraryRoot, rows: Sequence[Row], summary: Summary) -> None:
        self.viewer, self.library, self.summary = viewer, library, summary
        self.rows = {row["unit_id"]: row for row in rows}
        self.plan_id = str(uuid4())
        self.holds: list[Held] = []
        self.backlog = Backlog(viewer.chunk_steps)
        self.watched = ReaderAhead(viewer)
        self.is_unmet = False

    def run(self) -> bool:
        """Gather, decide, apply. Says whether units are where they were held once, to be looked at again."""
        naming, now = self.viewer.profile.naming, self.viewer.now()
        with self.viewer.database.read() as connection:
            gathered = gather(connection, self.library, list(self.rows.values()), naming, now)
        self.library.check()  # had it gone meanwhile, every file would look as if it were missing
        decided = plan(gathered.wishes, owners=gathered.owners, foreign=gathered.foreign)
        for unit in gathered.units.values():
            if unit.hold is not None:
                self._hold(unit.unit_id, unit.hold, unit.detail)
        for hold in decided.holds:
            self._hold(hold.unit_id, hold.reason, display(gathered.units[hold.unit_id].target))
        units = [gathered.units[unit_id] for unit_id in _planned(decided)]
        if units:
            self._apply(gathered, units, decided)
        tidy(self.viewer, self.library)
        with self.viewer.database.write() as connection:
            record_holds(connection, self.holds, self.viewer.now())
            if units:
                note_missing(connection, self.library.library_id, self.show_files.missing)
        self.summary.held = len(self.holds)
        return self.is_unmet

    def _hold(self, unit_id: int, reason: HoldReason, detail: str | None) -> None:
        self.holds.append(Held(self.rows[unit_id], reason, detail))

    def _apply(self, gathered: Gathered, units: Sequence[Unit], decided: MovePlan) -> None:
        library_id = self.library.library_id
        folders = {unit.name.show_folder for unit in units if unit.name}
        posters = posters_in(self.library, folders)
        with self.viewer.database.write() as connection:
            shows = ensure_shows(connection, library_id, units, self.viewer.now())
            folders |= {unit.name.season_folder for unit in units if unit.name}
            former = begin_undo(connection, library_id, self.rows.values(), self.viewer.now())
            artifacts = load_artifacts(connection, library_id, folders, posters)
            pictures = at_hand(connection, units)
        self.show_files = ShowFiles(self.library, shows, artifacts, units, former, pictures)
        maker = LegMaker(self.library)
        for unit_id in decided.in_place:
            unit = gathered.units[unit_id]
            refreshed = maker.refresh_nfo(unit)
            if isinstance(refreshed, Stuck):
                self._hold(unit_id, refreshed.reason, refreshed.detail)
                continue
            self.backlog.add([refreshed])
            self._work_off()
        for component in decided.components:
            legs = maker.expand(component, gathered.units)
            if isinstance(legs, Stuck):
                self._hold_component(component, legs)
                continue
            self.backlog.add(legs, parks=component.parks)
            self._work_off()
        self._work_off(everything=True)

    def _hold_component(self, component: Component, stuck: Stuck) -> None:
        for unit_id in component.units:
            mine = unit_id == stuck.unit.unit_id
            reason = stuck.reason if mine else HoldReason.WAITING
            self._hold(unit_id, reason, stuck.detail if mine else None)

    def _work_off(self, *, everything: bool = False) -> None:
        for parts in self.backlog.chunks(everything=everything):
            self._run_chunk(parts)

    def _run_chunk(self, parts: Sequence[Part]) -> None:
        """Record the steps of ``parts``, do them, record what was done."""
        self.library.check()
        legs = [leg for part in parts for leg in part.legs]
        shared = self.show_files.before(leg.unit for leg in legs)
        contents = dict(shared.contents)
        for leg in legs:
            contents |= leg.contents
        steps: list[Step] = []
        if shared.steps or any(leg.steps for leg in legs):
            moving = {leg.unit.unit_id: leg.unit.video for leg in legs if leg.steps and leg.unit.video}
            ahead = self.watched.read(moving)
            with self.viewer.database.write() as connection:
                now, library_id = self.viewer.now(), self.library.library_id
                journal.keep(connection, contents, now)
                images.record_before(connection, [self._image(leg) for leg in legs if leg.steps], now)
                settle.claim_targets(connection, library_id, {leg.unit.unit_id: leg.stem for leg in legs})
                planned = [*shared.steps, *steps_of(parts)]
                steps = journal.record(connection, library_id, self.plan_id, planned, now)
                store(connection, ahead, now)
        applier = applier_for(self.viewer, self.library, contents)
        ran = run_steps(applier, steps) if steps else Ran()
        if ran.failures:
            self.library.check()
            self.show_files.forget(step for step in ran.dropped if step.component is None)
        own = iter(steps[len(shared.steps) :])
        for leg in legs:
            leg.steps = [next(own) for _step in leg.steps]
        self._settle(parts, ran)

    def _settle(self, parts: Sequence[Part], ran: Ran) -> None:
        arrivals: dict[int, Arrival] = {}
        left: dict[tuple[int, str], tuple[bytes, str | None]] = {}
        not_done = ran.not_done()
        for part in parts:
            for leg in part.legs:
                if not_done.isdisjoint(step.step_id for step in leg.steps):
                    arrivals[leg.unit.unit_id] = self._arrival(leg, ran.digests)
                    part.work.arrived.add(leg.unit.unit_id)
                    # An undo that a crash cut short finds that there is nothing left to do for a unit.
                    if leg.unit.cause is not None and (leg.steps or leg.unit.restore):
                        left[leg.unit.unit_id, leg.unit.cause] = leg.stem, leg.nfo_after
        self._ask_again_for_show_files(ran, parts, arrivals)
        met = [arrival for arrival in arrivals.values() if arrival.applied_revision is not None]
        outcomes = [self._outcome(arrival) for arrival in met]

        def record(connection: sa.Connection, now: datetime) -> None:
            settle.release_targets(connection, self.library.library_id)
            settle.record_arrivals(connection, self.library.library_id, list(arrivals.values()), now)
            images.record_after(connection, left)
            record_outcomes(connection, outcomes, now)

        renderings = self.show_files.renderings
        finish(self.viewer, self.library, self.plan_id, ran, record=record, renderings=renderings)
        failures = {failure.step.component: failure for failure in reversed(ran.failures)}
        for part in parts:
            if failure := failures.get(part.work.number):
                self.backlog.give_up(part.work)
                self._hold_behind(part.work, failure)

    def _ask_again_for_show_files(
        self, ran: Ran, parts: Sequence[Part], arrivals: dict[int, Arrival]
    ) -> None:
        """Keep one unit of a folder pending whose show or season NFO could not be written: it lies where it
        belongs, but nobody else would look at the folder again.
        """
        for failure in ran.failures:
            if failure.step.component is not None or failure.step.kind is StepKind.FOLDER:
                continue
            folder = os.path.dirname(failure.step.target)
            units = (leg.unit for part in parts for leg in part.legs if leg.unit.name is not None)
            for unit in units:
                folders = (unit.name.show_folder, unit.name.season_folder) if unit.name else ()
                if unit.unit_id in arrivals and folder in folders:
                    arrivals[unit.unit_id].applied_revision = None
                    arrivals[unit.unit_id].is_undone = False
                    self._hold(unit.unit_id, failure.reason, failure.detail)
                    break

    def _hold_behind(self, work: Work, failure: Failure) -> None:
        """Hold what a failure leaves behind: its own unit with the reason, the rest waiting for it."""
        for unit_id in work.members:
            if unit_id not in work.arrived:
                mine = unit_id == failure.step.unit_id
                reason = failure.reason if mine else HoldReason.WAITING
                self._hold(unit_id, reason, failure.detail)

    def _image(self, leg: UnitLeg) -> Before:
        return Before(row=self.rows[leg.unit.unit_id], cause=leg.unit.cause, nfo=leg.nfo_before)

    def _arrival(self, leg: UnitLeg, digests: dict[int, str]) -> Arrival:
        unit = leg.unit
        video = leg.stem + unit.video_tail
        is_met = unit.restore is None or unit.restore.is_met
        self.is_unmet |= not is_met
        return Arrival(
            unit_id=unit.unit_id,
            stem=leg.stem,
            video=video,
            # Looked at again: where files are moved by copying, it is another file now.
            identity=identify(self.library.at(video)) or unit.identity,
            nfo_digest=leg.nfo_digest,
            nfo_rendering=leg.nfo_rendering,
            applied_revision=unit.revision if is_met else None,
            is_undone=True,
            show_id=self.show_files.show_id(unit),
            added_at=unit.added_at,
            content_digest=digests.get(leg.steps[-1].step_id) if leg.steps else None,
        )

    def _outcome(self, arrival: Arrival) -> Outcome:
        has_moved = self.rows[arrival.unit_id]["applied_video"] != arrival.video
        self.summary.moved += has_moved
        self.summary.unchanged += not has_moved
        return Outcome(arrival.unit_id, arrival.applied_revision or 0, has_moved, arrival.video)


def _planned(decided: MovePlan) -> list[int]:
    moving = (unit_id for component in decided.components for unit_id in component.units)
    return [*decided.in_place, *moving]
