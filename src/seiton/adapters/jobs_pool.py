"""Threads that look again: coalescing, bounded concurrency and back-off, all in memory.

Nothing here survives the process; what must is in ``jobs_ledger``.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import Context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from seiton.adapters.jobs_timers import Timers, jitter

log = logging.getLogger(__name__)

THREADS = 8
FIRST_RETRY_S = 1.0
LAST_RETRY_S = 300.0
REMEMBERED = 500
"""How many finished jobs, one per (name, key), are kept for display."""
ANSWERED = 1000
"""How many of the durable records answered last are remembered: whoever attends one may come late."""


class JobState(StrEnum):
    """What a job is doing."""

    QUEUED = "queued"  #: waits for a free thread, or in the database for any process
    RUNNING = "running"
    RETRYING = "retrying"  #: failed; will be tried again by itself
    DONE = "done"
    FAILED = "failed"  #: ended without success and is not tried again from that record


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """How the run that a caller waited for ended.

    ``done`` is false when it failed (``error`` says why) and when the pool closed first (``error`` is None);
    ``retry_in_s`` is then the time after which somebody should look again.
    """

    done: bool
    error: str | None = None
    retry_in_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One (name, key) as the pool knows it."""

    name: str
    key: str
    state: JobState
    since: datetime
    error: str | None


@dataclass(slots=True, kw_only=True, eq=False)
class _Slot:
    name: str
    key: str
    state: JobState = JobState.QUEUED
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    again: bool = False
    failures: int = 0
    error: str | None = None
    retry_at: float = 0.0  # monotonic
    tickets: frozenset[str] = frozenset()  # durable records that the present run answers
    waiting: list[Future[_Outcome]] = field(default_factory=list)  # for a run that has yet to start
    served: list[Future[_Outcome]] = field(default_factory=list)  # by the present run


class Pool:
    """Runs ``run(name, key)`` in up to ``threads`` threads, the same (name, key) never twice at once.

    ``outstanding(name, key)`` is asked when a run starts: the tickets (ids of durable records) that were
    committed by then and that the run therefore answers. ``settle(tickets)`` is called after it succeeded.
    """

    def __init__(
        self,
        *,
        run: Callable[[str, str], object],
        outstanding: Callable[[str, str], frozenset[str]],
        settle: Callable[[frozenset[str]], None],
        timers: Timers,
        threads: int = THREADS,
    ) -> None:
        self._run = run
        self._outstanding = outstanding
        self._settle = settle
        self._timers = timers
        self._threads = threads
        self._changed = threading.Condition()
        self._slots: dict[tuple[str, str], _Slot] = {}
        self._queue: deque[_Slot] = deque()
        self._finished: OrderedDict[tuple[str, str], Seen] = OrderedDict()
        self._attended: set[str] = set()
        self._settling: set[str] = set()
        self._settled: OrderedDict[str, None] = OrderedDict()
        self._closed = False
        self._over = False

    def start(self) -> None:
        """Start the threads. What was asked for before runs now."""
        for number in range(self._threads):
            threading.Thread(target=self._work, name=f"seiton-job-{number}", daemon=True).start()

    def ask(self, name: str, key: str, *, patient: bool = False) -> None:
        """Have a run that starts after this call. ``patient``: not before a pending retry is due."""
        with self._changed:
            slot = self._slots.get((name, key))
            if not (patient and slot is not None and slot.state is JobState.RETRYING):
                self._demand(name, key)

    def attend(self, ticket: str, name: str, key: str, hand_on: Callable[[float], None]) -> str | None:
        """Wait for a run that answers the durable record ``ticket``, asking for one only if none does.

        Without success ``hand_on(seconds)`` must see to it that somebody looks again after that time. Return
        the error of the run, if there was one.
        """
        with self._changed:
            self._attended.add(ticket)
            future = self._expect(ticket, name, key)
        try:
            outcome = future.result()
            if not outcome.done:
                hand_on(outcome.retry_in_s)
            return outcome.error
        finally:
            with self._changed:
                self._attended.discard(ticket)
                self._changed.notify_all()

    def _expect(self, ticket: str, name: str, key: str) -> Future[_Outcome]:
        future: Future[_Outcome] = Future()
        slot = self._slots.get((name, key))
        if ticket in self._settling or ticket in self._settled:
            future.set_result(_Outcome(done=True))
        elif self._closed:
            future.set_result(_Outcome(done=False))
        elif slot is not None and slot.state is JobState.RETRYING:
            # Waiting here would hold a place for up to five minutes.
            wait = max(0.0, slot.retry_at - time.monotonic())
            future.set_result(_Outcome(done=False, error=slot.error, retry_in_s=wait))
        elif slot is not None and ticket in slot.tickets:
            slot.served.append(future)
        else:
            self._demand(name, key).waiting.append(future)
        return future

    def seen(self) -> list[Seen]:
        """Return one entry per (name, key), whatever is not finished first, then newest first."""
        with self._changed:
            active = [
                Seen(name=s.name, key=s.key, state=s.state, since=s.since, error=s.error)
                for s in self._slots.values()
            ]
            return active + list(reversed(self._finished.values()))

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is queued, running or due to be tried again. Say whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._slots, timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Start nothing more and wait for running jobs; say whether they ended in time.

        Everyone who attends is told that the pool closed, so that no thread waits for what will not come.
        """
        with self._changed:
            self._closed = True
            self._queue.clear()
            for slot in self._slots.values():
                self._answer(slot.waiting, _Outcome(done=False))
            self._changed.notify_all()
            ended = self._changed.wait_for(lambda: not self._running(), timeout_s)
            for slot in self._slots.values():
                self._answer(slot.served, _Outcome(done=False))
            self._changed.wait_for(lambda: not self._attended and not self._settling, 1.0)
            self._over = True
        return ended

    def _running(self) -> bool:
        return any(slot.state is JobState.RUNNING for slot in self._slots.values())

    def _demand(self, name: str, key: str) -> _Slot:
        slot = self._slots.get((name, key))
        if slot is None:
            slot = self._slots[name, key] = _Slot(name=name, key=key)
            self._put(slot)
        elif slot.state is JobState.RUNNING:
            slot.again = True
        elif slot.state is JobState.RETRYING:
            self._put(slot)
        return slot

    def _put(self, slot: _Slot) -> None:
        self._turn(slot, JobState.QUEUED)
        slot.again = False
        if not self._closed:
            self._queue.append(slot)
            self._changed.notify_all()

    @staticmethod
    def _turn(slot: _Slot, state: JobState) -> None:
        slot.state, slot.since = state, datetime.now(UTC)

    @staticmethod
    def _answer(futures: list[Future[_Outcome]], outcome: _Outcome) -> None:
        for future in futures:
            future.set_result(outcome)
        futures.clear()

    def _work(self) -> None:
        while (slot := self._next()) is not None:
            error = None
            try:
                tickets = self._outstanding(slot.name, slot.key)
                with self._changed:
                    slot.tickets = tickets
                # An empty context: a language set by one job must not be that of the next.
                Context().run(self._run, slot.name, slot.key)
            except BaseException as fault:  # a thread that dies takes its place in the pool with it
                log.exception("job %s %r failed", slot.name, slot.key)
                error = f"{type(fault).__name__}: {fault}"
            self._finish(slot, error)

    def _next(self) -> _Slot | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._queue)
            if self._closed:
                return None
            slot = self._queue.popleft()
            self._turn(slot, JobState.RUNNING)
            slot.served, slot.waiting = slot.waiting, []
            return slot

    def _finish(self, slot: _Slot, error: str | None) -> None:
        with self._changed:
            settled = frozenset[str]()
            slot.error = error
            if error is None:
                slot.failures = 0
                # A record whose attendant is awake ends by itself.
                settled = frozenset() if self._over else slot.tickets - self._attended
                self._settling |= settled
                outcome = _Outcome(done=True)
            else:
                delay = jitter(min(LAST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(slot.failures, 30)), 0.2)
                slot.failures += 1
                slot.retry_at = time.monotonic() + delay
                outcome = _Outcome(done=False, error=error, retry_in_s=delay)
            slot.tickets = frozenset()
            self._answer(slot.served, outcome)
            self._continue(slot, outcome)
            self._changed.notify_all()
        if settled:
            self._settle_now(settled)

    def _continue(self, slot: _Slot, outcome: _Outcome) -> None:
        """Decide what becomes of a slot whose run has just ended."""
        if not outcome.done:
            # Also when it was woken meanwhile: a job that wakes itself and then fails must not spin.
            self._answer(slot.waiting, outcome)
            self._turn(slot, JobState.RETRYING)
            number = slot.failures
            self._timers.after(outcome.retry_in_s, lambda: self._retry(slot, number))
        elif slot.again and not self._closed:
            self._put(slot)
        else:
            del self._slots[slot.name, slot.key]
            self._finished.pop((slot.name, slot.key), None)
            self._finished[slot.name, slot.key] = Seen(
                name=slot.name, key=slot.key, state=JobState.DONE, since=datetime.now(UTC), error=None
            )
            while len(self._finished) > REMEMBERED:
                self._finished.popitem(last=False)

    def _retry(self, slot: _Slot, number: int) -> None:
        with self._changed:
            # A wake may have run it since, and it may have failed once more with a timer of its own.
            if slot.state is JobState.RETRYING and slot.failures == number:
                self._put(slot)

    def _settle_now(self, tickets: frozenset[str]) -> None:
        try:
            self._settle(tickets)
        except Exception:
            # The records stay and end when somebody attends them, in another process by one more run.
            log.exception("cannot remove %d finished job records", len(tickets))
        with self._changed:
            self._settling -= tickets
            self._settled.update(dict.fromkeys(tickets))
            while len(self._settled) > ANSWERED:
                self._settled.popitem(last=False)
            self._changed.notify_all()
