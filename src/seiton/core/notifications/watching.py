"""What nobody records by itself: findings of checks, and programs that come and go."""

from __future__ import annotations

from collections.abc import Sequence

from seiton.adapters.neighbours import Standing
from seiton.contract import LibraryCheckPart
from seiton.core.notifications.happened import JOB, Happening, happened
from seiton.core.service import Core
from seiton.domain.states import Happens, NeighbourState

_AWAY = frozenset({NeighbourState.AWAY, NeighbourState.REFUSED, NeighbourState.UNFIT})


def note_drift(core: Core, part: LibraryCheckPart) -> None:
    """Record what a part of a check found, by kind."""
    found = [
        Happening(kind=Happens.DRIFT, subject=kind, detail=part.viewer or None, count=count)
        for kind, count in part.counts.items()
        if count
    ]
    if not found or not core.notifiers:
        return
    with core.database.write() as connection:
        happened(connection, found, core.now())
    core.wake(JOB, "")


class Comings:
    """Sees programs beside Seiton (torrent client, media servers) go and come back, from look to look.

    How they were is kept in memory: what changed while Seiton was not running is no news.
    """

    def __init__(self) -> None:
        self._away: dict[str, bool] = {}

    def look(self, core: Core, standings: Sequence[Standing]) -> None:
        """Record those that changed since the last look."""
        found: list[Happening] = []
        for one in standings:
            if one.state is NeighbourState.UNKNOWN:
                continue
            name, is_away = f"{one.kind} {one.address}", one.state in _AWAY
            if self._away.get(name, False) != is_away:
                kind = Happens.NEIGHBOUR_AWAY if is_away else Happens.NEIGHBOUR_BACK
                found.append(Happening(kind=kind, subject=name))
            self._away[name] = is_away
        if found:
            with core.database.write() as connection:
                happened(connection, found, core.now())
