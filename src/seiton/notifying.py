"""When notifications are sent: soon after something may have happened, and from time to time."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from seiton.adapters.jobs import Jobs
from seiton.adapters.neighbours import Standing
from seiton.core.notifications.happened import JOB
from seiton.core.notifications.sending import send_due
from seiton.core.notifications.watching import Comings
from seiton.core.service import Core

GATHER_S = 5.0
"""For so long happenings are gathered into one message."""
LOOK_S = 60.0


class Notifying:
    """The job of one process; ``neighbours`` says how the programs beside Seiton are."""

    def __init__(self, core: Core, jobs: Jobs, neighbours: Callable[[], Sequence[Standing]]) -> None:
        self._core, self._jobs, self._neighbours = core, jobs, neighbours
        self._comings, self._due = Comings(), 0.0

    def define(self) -> None:
        """Name the job."""
        self._jobs.define(f"core.{JOB}", lambda _key: self._run(), every=LOOK_S)

    def soon(self) -> None:
        """Have it look when some more may have happened: one alarm at a time."""
        if self._core.notifiers and time.monotonic() >= self._due:
            self._due = time.monotonic() + GATHER_S
            self._jobs.wake_later(f"core.{JOB}", "", GATHER_S)

    def _run(self) -> None:
        from seiton.faces.happenings import sentence

        self._comings.look(self._core, self._neighbours())
        send_due(self._core, sentence)
