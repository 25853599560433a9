"""Durable requests to look again, kept by DBOS Transact in the process's own database.

The only module that knows DBOS. One workflow, one queue: a row says ``name`` and ``key`` and stays until a
run that began after its commit has succeeded. DBOS is a singleton: one launched ledger per process.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, EnqueueOptions, WorkflowSerializationFormat

from seiton.adapters.jobs_pool import THREADS, JobState

log = logging.getLogger(__name__)

GRACE_S = 1.0
"""Time in which the process that wrote a row may answer it itself before any process picks it up."""
POLL_S = 1.0
KEPT_ROWS = 1000
"""How many finished rows stay at most, besides the limit by age."""

_WORKFLOW = "seiton.look_again"
_OPEN = ["ENQUEUED", "DELAYED"]
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_CHUNK = 500
_STATES = {
    "ENQUEUED": JobState.QUEUED,
    "DELAYED": JobState.QUEUED,
    "PENDING": JobState.RUNNING,
    "SUCCESS": JobState.DONE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One durable request. ``created_at`` has whole seconds on SQLite with Python 3.11."""

    name: str
    key: str
    state: JobState
    created_at: datetime
    error: str | None


class Ledger:
    """The rows of one ``application`` in one database.

    Processes that share both must define the same jobs, and each needs an ``executor_id`` of its own that
    is the same after a restart: by it DBOS finds the rows that this process had begun when it was killed.
    """

    _launched = threading.Lock()

    def __init__(self, database_url: str, *, executor_id: str, application: str) -> None:
        self._url = database_url
        self.executor_id = executor_id
        self._application = application
        self._queue = f"{application}-jobs"
        # Else DBOS derives it from source text, and the rows of an older Seiton would wait for ever.
        self._version = f"{application}-1"
        self._client = DBOSClient(
            system_database_url=database_url,
            system_database_pool_size=2,
            application_name=application,
            lazy=True,
            retry_connection_errors=False,
        )
        self._active = False

    def launch(self, attend: Callable[[str, str, str], str | None]) -> None:
        """Create or migrate DBOS's tables and call ``attend(ticket, name, key)`` for rows that are due.

        ``attend`` returns when the row is answered or handed on; what it returns is recorded as the error.
        Raises RuntimeError when another ledger of this process is launched.
        """
        if not Ledger._launched.acquire(blocking=False):
            raise RuntimeError("DBOS is a singleton: close the other Jobs of this process first")
        # With a handler in place DBOS adds none, and its warnings go where ours go.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        try:
            DBOS(
                config={
                    "name": self._application,
                    "system_database_url": self._url,
                    "executor_id": self.executor_id,
                    "application_version": self._version,
                    "log_level": "WARNING",
                    "sys_db_pool_size": 5,
                    "max_executor_threads": 2 * THREADS,
                    # Waiting threads are woken by polling memory, and no trigger is put into PostgreSQL.
                    "use_listen_notify": False,
                    "notification_listener_polling_interval_sec": 0.25,
                }
            )

            # No limit of attempts: a job that the process did not survive must still be tried again.
            @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)
            def look_again(name: str, key: str) -> str | None:
                return attend(str(DBOS.workflow_id), name, key)

            DBOS.listen_queues([self._queue])
            DBOS.launch()
            DBOS.register_queue(self._queue, worker_concurrency=THREADS, polling_interval_sec=POLL_S)
        except BaseException:
            self._destroy()
            raise
        self._active = True

    def enqueue(self, connection: sa.Connection, name: str, key: str) -> None:
        """Write a row in the caller's open transaction; it exists if and when that commits."""
        self._client.enqueue_in_transaction(connection, self._options(name, key, GRACE_S), name, key)

    def leave(self, name: str, key: str, delay_s: float) -> None:
        """Write a row, due after ``delay_s``, in a transaction of its own."""
        self._client.enqueue(self._options(name, key, delay_s + GRACE_S), name, key)

    def outstanding(self, name: str, key: str) -> frozenset[str]:
        """Return the tickets of committed rows for (name, key) that nobody has begun (1000 at most)."""
        return frozenset(
            row.workflow_id
            for row in self._list(
                status=_OPEN, workflow_id_prefix=self._prefix(name, key), limit=1000, load_input=False
            )
        )

    def left(self) -> set[tuple[str, str]]:
        """Return the (name, key) of committed rows that nobody has begun (of the oldest 1000)."""
        return {(row.name, row.key) for row in map(self._row, self._list(status=_OPEN, limit=1000))}

    def any_open(self) -> bool:
        """Say whether a row waits or is being attended, here or in another process."""
        return bool(self._list(status=[*_OPEN, "PENDING"], limit=1, load_input=False))

    def adopt(self, is_there: Callable[[str], bool]) -> int:
        """Write anew the rows that processes had begun which are gone; say how many."""
        begun = [
            row for row in self._list(status="PENDING", limit=1000) if row.executor_id != self.executor_id
        ]
        gone = {name for name in {str(row.executor_id) for row in begun} if not is_there(name)}
        left = [row for row in begun if str(row.executor_id) in gone]
        for row in left:
            known = self._row(row)
            # The new one first: a crash in between means one more run, not one less.
            self.leave(known.name, known.key, 0.0)
            self.delete([row.workflow_id])
        return len(left)

    def delete(self, tickets: Iterable[str]) -> None:
        """Remove rows; unknown tickets are no error."""
        left = list(tickets)
        while left:
            self._client.delete_workflows(left[:_CHUNK])
            del left[:_CHUNK]

    def rows(self, limit: int) -> list[Row]:
        """Return rows, those that are not finished first, then the newest first."""
        wanted = self._list(status=[*_OPEN, "PENDING"], limit=limit, sort_desc=True)
        if len(wanted) < limit:
            more = self._list(status=_ENDED, limit=limit - len(wanted), sort_desc=True, load_output=True)
            wanted += more
        return [self._row(status) for status in wanted]

    def prune(self, older_than: datetime) -> int:
        """Delete rows finished before ``older_than`` and all but the newest ``KEPT_ROWS``; say how many."""
        removed = 0
        for choice in (
            {"completed_before": older_than.astimezone(UTC).isoformat()},
            {"offset": KEPT_ROWS, "sort_desc": True},
        ):
            while True:
                old = self._list(status=_ENDED, limit=_CHUNK, load_input=False, **choice)
                self.delete(row.workflow_id for row in old)
                removed += len(old)
                if len(old) < _CHUNK:
                    break
        return removed

    def close(self) -> None:
        """Stop DBOS. Rows that were being attended stay and are found again at the next launch."""
        if self._active:
            self._active = False
            self._destroy()
        self._client.destroy()

    def _destroy(self) -> None:
        try:
            DBOS.destroy(destroy_registry=True)
        finally:
            Ledger._launched.release()

    def _prefix(self, name: str, key: str) -> str:
        # A digest, because a key may be long and hold anything.
        digest = hashlib.blake2b(f"{name}\0{key}".encode(), digest_size=16).hexdigest()
        return f"{self._application}:{digest}:"

    def _options(self, name: str, key: str, delay_s: float) -> EnqueueOptions:
        return {
            "workflow_name": _WORKFLOW,
            "queue_name": self._queue,
            "workflow_id": self._prefix(name, key) + uuid.uuid4().hex,
            "app_version": self._version,
            "delay_seconds": delay_s,
            "serialization_type": WorkflowSerializationFormat.PORTABLE,
        }

    def _list(self, **choice: Any) -> list[Any]:
        choice.setdefault("load_output", False)
        return self._client.list_workflows(name=_WORKFLOW, application_name=self._application, **choice)

    @staticmethod
    def _row(status: Any) -> Row:
        name, key = status.input["args"] if status.input else ("?", "")
        error = status.error if status.error is not None else status.output
        state = _STATES.get(status.status, JobState.FAILED)
        if state is JobState.DONE and error is not None:
            state = JobState.FAILED
        return Row(
            name=name,
            key=key,
            state=state,
            created_at=datetime.fromtimestamp((status.created_at or 0) / 1000, UTC),
            error=None if error is None else str(error),
        )
