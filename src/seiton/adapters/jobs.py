"""Jobs: "look again at ``key``", now, later, for ever and after a crash.

A job carries no data and promises no order: whoever runs it reads the domain rows and does what they ask for.
So a job that is lost, doubled or late changes nothing (docs/decisions/0002-jobs.md).
"""

from __future__ import annotations

import logging
import threading
import time
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import sqlalchemy as sa

from seiton.adapters.jobs_ledger import GRACE_S, Ledger
from seiton.adapters.jobs_peers import Peers
from seiton.adapters.jobs_pool import JobState, Pool
from seiton.adapters.jobs_timers import Timers, jitter

__all__ = ["Job", "JobState", "Jobs"]

log = logging.getLogger(__name__)

_PRUNE = "jobs.prune"
_PRUNE_EVERY_S = 3600.0
_ADOPT = "jobs.adopt"
_ADOPT_EVERY_S = 30.0
_KEPT = timedelta(days=1)
_MARK_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One (name, key) that was asked for; ``created_at`` is when it came into this state."""

    id: str
    name: str
    key: str
    state: JobState
    created_at: datetime
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Definition:
    run: Callable[[str], object]
    every: float | None


class Jobs:
    """All background work of one process. Not reusable after ``close``; one launched per process.

    ``executor_id`` is unique among the processes on ``database_url`` and stable over restarts; ``NAME-*`` is
    the first free of NAME-1, NAME-2, …. ``application`` (3 or more of ``a-z0-9-_``) separates processes with
    different jobs on one database. ``turn(name, every)`` says whether it is for this process to take a
    periodic look now; without it always.
    """

    def __init__(
        self,
        database_url: str,
        *,
        executor_id: str,
        application: str = "seiton",
        turn: Callable[[str, float], bool] | None = None,
    ) -> None:
        self._ledger = Ledger(database_url, executor_id=executor_id, application=application)
        self._peers = Peers(database_url, application)
        self._turn = turn
        self._timers = Timers()
        self._pool = Pool(
            run=self._run, outstanding=self._outstanding, settle=self._ledger.delete, timers=self._timers
        )
        self._definitions: dict[str, _Definition] = {}
        self._lock = threading.Lock()
        self._marked: dict[tuple[str, str], float] = {}
        self._written: weakref.WeakKeyDictionary[sa.Transaction, set[tuple[str, str]]] = (
            weakref.WeakKeyDictionary()
        )
        self._launched = False
        self._closed = False
        self.define(_PRUNE, self._prune, every=_PRUNE_EVERY_S)
        self.define(_ADOPT, self._adopt, every=_ADOPT_EVERY_S)

    @property
    def executor_id(self) -> str:
        """What this process is called among those that do the same jobs."""
        return self._ledger.executor_id

    def define(self, name: str, run: Callable[[str], object], *, every: float | None = None) -> None:
        """Let ``run(key)`` do the work of jobs called ``name``. Before ``launch`` only.

        With ``every`` it also runs with the key ``""`` at launch and then about every so many seconds, in one
        of the processes. The same (name, key) never runs twice at once, on PostgreSQL not even in two
        processes. A run must do its effects in small steps and may be killed between any two; one that raises
        is logged and tried again after 1 s, doubling to 5 min.
        """
        if self._launched:
            raise RuntimeError("jobs are defined before launch")
        if name in self._definitions:
            raise ValueError(f"job {name!r} is defined twice")
        self._definitions[name] = _Definition(run=run, every=every)

    def launch(self) -> None:
        """Make the job tables, start the threads, and pick up what a killed process left. Idempotent.

        On SQLite the application's own database comes first: it puts the file into WAL, which fails with
        "database is locked" while anybody else has it open.
        """
        if self._closed:
            raise RuntimeError("these jobs were closed")
        if self._launched:
            return
        self._ledger.executor_id = self._peers.join(self._ledger.executor_id)
        self._ledger.launch(self._attend)
        self._launched = True
        for name, key in self._ledger.left():
            if name in self._definitions:
                self._marked[name, key] = time.monotonic()
                self._pool.ask(name, key)
        self._pool.start()
        self._timers.start()
        for name, definition in self._definitions.items():
            if definition.every is not None:
                self._pool.ask(name, "", patient=True)
                self._look_later(name, definition.every)

    def _look_later(self, name: str, every: float) -> None:
        self._timers.after(jitter(every, 0.1), partial(self._look, name, every))

    def _look(self, name: str, every: float) -> None:
        self._look_later(name, every)
        if self._turn is None or self._turn(name, every):
            self._pool.ask(name, "", patient=True)

    def wake(self, name: str, key: str = "") -> None:
        """Have ``name`` look at ``key`` now, in the background. Call it right after the commit, never before.

        While (name, key) runs, any number of wakes cause exactly one more run after it. Kept in memory only:
        use ``enqueue`` as well where a crash in the next instant must not be left to the periodic look.
        """
        self._known(name)
        if not self._closed:
            self._pool.ask(name, key)

    def wake_later(self, name: str, key: str, delay_s: float) -> None:
        """``wake`` after ``delay_s`` seconds, unless the process ends before."""
        self._known(name)
        self._timers.after(delay_s, partial(self.wake, name, key))

    def enqueue(self, connection: sa.Connection, name: str, key: str) -> None:
        """Record in the caller's transaction that ``name`` must look at ``key``; ``wake`` after the commit.

        The record is answered by any run that starts after the commit, as a rule that of the ``wake``. If
        none succeeds, here or in another process, it is run again, after a restart too. Needs tables that
        some process's ``launch`` has made.
        """
        self._known(name)
        scope = _scope(connection)
        with self._lock:
            self._marked[name, key] = time.monotonic()
            if scope is not None and (name, key) in self._written.get(scope, ()):
                # A second record in the same scope would live and die with the first.
                return
        self._ledger.enqueue(connection, name, key)
        scope = _scope(connection)
        if scope is not None:
            with self._lock:
                self._written.setdefault(scope, set()).add((name, key))

    def list(self, *, limit: int = 100) -> tuple[Job, ...]:
        """Return one entry per (name, key): what is not finished first, then the newest first."""
        found: dict[tuple[str, str], Job] = {}
        for seen in self._pool.seen():
            found[seen.name, seen.key] = _job(seen.name, seen.key, seen.state, seen.since, seen.error)
        for row in self._ledger.rows(limit):
            known = found.get((row.name, row.key))
            open_row = row.state in (JobState.QUEUED, JobState.RUNNING)
            if known is None or (open_row and known.state is JobState.DONE):
                found[row.name, row.key] = _job(row.name, row.key, row.state, row.created_at, row.error)
        ended = (JobState.DONE, JobState.FAILED)
        order = sorted(found.values(), key=lambda j: (j.state in ended, -j.created_at.timestamp()))
        return tuple(order[:limit])

    def failing(self) -> tuple[Job, ...]:
        """Return what failed the last time that this process ran it, and is to be tried again."""
        return tuple(
            _job(seen.name, seen.key, seen.state, seen.since, seen.error)
            for seen in self._pool.seen()
            if seen.error and seen.state is not JobState.DONE
        )

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is queued, running, retrying or recorded; say whether that came in time.

        What ``wake_later`` and ``every`` will start in future does not count.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not self._pool.wait_idle(left):
                return False
            if not self._ledger.any_open():
                # A row may have been answered by a job that woke another.
                if self._pool.wait_idle(0):
                    return True
            elif not left:
                return False
            time.sleep(min(left, 0.02))

    def close(self, timeout_s: float = 5) -> None:
        """Take no more work, wait ``timeout_s`` for what runs, stop. Records left run at the next launch."""
        if self._closed:
            return
        self._closed = True
        self._timers.close()
        if self._launched and not self._pool.close(timeout_s):
            log.warning("jobs are still running at the end of the process; they will be looked at again")
        self._ledger.close()
        self._peers.close()

    def _known(self, name: str) -> None:
        if name not in self._definitions:
            raise ValueError(f"no job is called {name!r}")

    def _run(self, name: str, key: str) -> None:
        with self._peers.alone(name, key, lambda: self._closed):
            self._definitions[name].run(key)

    def _outstanding(self, name: str, key: str) -> frozenset[str]:
        # Only where this process has written or met a record lately: a plain wake costs no query.
        with self._lock:
            now = time.monotonic()
            if now - self._marked.get((name, key), now - 2 * _MARK_S) > _MARK_S:
                self._marked.pop((name, key), None)
                return frozenset()
        return self._ledger.outstanding(name, key)

    def _attend(self, ticket: str, name: str, key: str) -> str | None:
        """Answer a durable record that is due; called by the ledger in a thread of its own."""
        if name not in self._definitions:
            log.error("a job %r is recorded, but this process knows no such job", name)
            return f"no job is called {name!r}"
        with self._lock:
            self._marked[name, key] = time.monotonic()
        # The record ends here, so that nobody sleeps on it; its successor is due after our own next try.
        return self._pool.attend(
            ticket, name, key, lambda delay_s: self._ledger.leave(name, key, delay_s + GRACE_S)
        )

    def _adopt(self, _key: str) -> None:
        if adopted := self._ledger.adopt(self._peers.is_there):
            log.warning("took over %d jobs of processes that are gone", adopted)

    def _prune(self, _key: str) -> None:
        self._ledger.prune(datetime.now(UTC) - _KEPT)
        with self._lock:
            limit = time.monotonic() - _MARK_S
            self._marked = {job: at for job, at in self._marked.items() if at > limit}


def _scope(connection: sa.Connection) -> sa.Transaction | None:
    """Return the innermost open savepoint or transaction of ``connection``."""
    return connection.get_nested_transaction() or connection.get_transaction()


def _job(name: str, key: str, state: JobState, at: datetime, error: str | None) -> Job:
    return Job(id=f"{name}:{key}", name=name, key=key, state=state, created_at=at, error=error)
