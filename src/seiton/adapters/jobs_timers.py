"""Things to do later, in memory: one thread and a heap."""

from __future__ import annotations

import heapq
import logging
import threading
import time
from collections.abc import Callable
from itertools import count
from random import SystemRandom

log = logging.getLogger(__name__)

_chance = SystemRandom()


def jitter(seconds: float, share: float) -> float:
    """Return ``seconds`` changed by up to ``share`` of itself, so that processes do not act in step."""
    return seconds * _chance.uniform(1 - share, 1 + share)


class Timers:
    """Calls short actions at their time, in a thread of its own."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._closed = False

    def start(self) -> None:
        """Start the thread; what was set before waits for it."""
        threading.Thread(target=self._keep_time, name="seiton-job-timer", daemon=True).start()

    def after(self, delay_s: float, action: Callable[[], None]) -> None:
        """Call ``action`` (short, not blocking) once, ``delay_s`` seconds from now, unless closed by then."""
        with self._changed:
            due = time.monotonic() + max(0.0, delay_s)
            heapq.heappush(self._due, (due, next(self._numbers), action))
            self._changed.notify()

    def close(self) -> None:
        """Forget everything that is not due yet and end the thread."""
        with self._changed:
            self._closed = True
            self._due.clear()
            self._changed.notify()

    def _keep_time(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                log.exception("a timer of the jobs failed")

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._closed:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
            return None
