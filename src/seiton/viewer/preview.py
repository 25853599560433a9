"""Answer "what would you do?" with the very code that would do it, up to the point of doing it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from seiton.adapters.database import Row
from seiton.adapters.files import LibraryRoot
from seiton.contract import (
    Described,
    PlanAnswer,
    PlannedHold,
    PlannedMove,
    ViewerPlanRequest,
)
from seiton.domain.moves import plan
from seiton.domain.naming import display
from seiton.domain.states import HoldReason
from seiton.domain.wishes import dump_wish
from seiton.viewer.gather import Gathered, gather, pending_rows
from seiton.viewer.legs import LegMaker, Stuck
from seiton.viewer.receive import FOREIGN, causes_of, known_units, stays, wish_of
from seiton.viewer.service import Viewer
from seiton.viewer.supposed import Supposed

OPEN_PLANS = 32
"""Questions that may be asked in parts at one time; the oldest is forgotten beyond that."""


class Previews:
    """Collects the parts of a question in memory; nothing is written for it anywhere."""

    def __init__(self) -> None:
        self._parts: OrderedDict[str, list[Described]] = OrderedDict()
        self._lock = threading.Lock()

    def ask(self, viewer: Viewer, request: ViewerPlanRequest) -> PlanAnswer:
        """Take a part; with the last one, answer with every move and hold."""
        with self._lock:
            items = self._parts.setdefault(request.plan_id, [])
            items.extend(request.items)
            if not request.last:
                while len(self._parts) > OPEN_PLANS:
                    self._parts.popitem(last=False)
                return PlanAnswer(plan_id=request.plan_id, complete=False)
            del self._parts[request.plan_id]
        return preview(viewer, request.plan_id, items)


def preview(viewer: Viewer, plan_id: str, items: Sequence[Described]) -> PlanAnswer:
    """Plan ``items`` together with everything that is pending already. Writes nothing."""
    library = viewer.library()
    now = viewer.now()
    unknown: list[PlannedHold] = []
    kept = 0
    with viewer.database.read() as connection:
        rows: dict[int, Row] = {row["unit_id"]: row for row in pending_rows(connection, library, now)}
        units = known_units(connection, items)
        supposed = Supposed(viewer, connection, library.library_id)
        for item in items:
            known = units.get((item.core_instance or FOREIGN, item.download_id))
            if known is not None and stays(item, known):
                rows.pop(known["unit_id"], None)
                kept += 1
                continue
            unit = known or supposed.take(item)
            if isinstance(unit, HoldReason):
                hold = PlannedHold(download_id=item.download_id, path=None, target=None, reason=unit)
                unknown.append(hold)
            else:
                rows[unit["unit_id"]] = {**unit, "wish": dump_wish(wish_of(item)), **causes_of(item)}
        gathered = gather(connection, library, list(rows.values()), viewer.profile.naming, now)
        gathered.owners |= supposed.owners
        gathered.foreign -= supposed.owners.keys()
    return _answer(plan_id, library, rows, gathered, unknown, kept)


def _answer(
    plan_id: str,
    library: LibraryRoot,
    rows: Mapping[int, Row],
    gathered: Gathered,
    unknown: list[PlannedHold],
    unchanged: int,
) -> PlanAnswer:
    decided = plan(gathered.wishes, owners=gathered.owners, foreign=gathered.foreign)
    maker = LegMaker(library)
    steps, holds, nfos = [], list(unknown), 0
    holds += [
        _hold(rows[unit.unit_id], unit.hold, None, unit.detail)
        for unit in gathered.units.values()
        if unit.hold is not None
    ]
    for hold in decided.holds:
        target = display(gathered.units[hold.unit_id].target)
        holds.append(_hold(rows[hold.unit_id], hold.reason, target, None))
    for component in decided.components:
        legs = maker.expand(component, gathered.units)
        moving = component.units
        for unit_id in moving:
            unit = gathered.units[unit_id]
            if isinstance(legs, Stuck):
                mine = legs.unit.unit_id == unit_id
                reason = legs.reason if mine else HoldReason.WAITING
                holds.append(_hold(rows[unit_id], reason, display(unit.target), legs.detail))
                continue
            steps.append(
                PlannedMove(
                    download_id=rows[unit_id]["download_id"],
                    from_path=display(unit.video or unit.source or b""),
                    to_path=display(unit.target + unit.video_tail),
                    files=1 + len(unit.sidecars) + unit.has_nfo,
                )
            )
            nfos += 1
    for unit_id in decided.in_place:
        leg = maker.refresh_nfo(gathered.units[unit_id])
        if isinstance(leg, Stuck):
            holds.append(_hold(rows[unit_id], leg.reason, None, leg.detail))
        elif leg.steps:
            nfos += 1
        else:
            unchanged += 1
    return PlanAnswer(
        plan_id=plan_id,
        complete=True,
        steps=tuple(steps),
        holds=tuple(holds),
        unchanged=unchanged,
        nfos=nfos,
    )


def _hold(row: Row, reason: HoldReason, target: str | None, detail: str | None) -> PlannedHold:
    video = row["video"]
    return PlannedHold(
        download_id=row["download_id"],
        path=display(video) if video is not None else None,
        target=target,
        reason=reason.value,
        detail=detail,
    )
