"""Other processes that do the same jobs on one PostgreSQL: who is there, and who does what just now.

All of it is advisory locks of sessions: PostgreSQL releases them when a process ends, however it ends, so
nothing has to expire. On SQLite there is one process, and nothing to agree upon.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from seiton.errors import Unavailable

log = logging.getLogger(__name__)

_PATIENCE = "1s"
"""How long one wait for a lock lasts before it is asked whether this process is to end."""
_LOCK_NOT_AVAILABLE = "55P03"


class Peers:
    """The processes of one ``application`` on the database at ``database_url``."""

    def __init__(self, database_url: str, application: str) -> None:
        self._application = application
        self._engine: sa.Engine | None = None
        self._session: sa.Connection | None = None
        self._at_work: set[sa.Connection] = set()
        if sa.make_url(database_url).get_backend_name() == "postgresql":
            self._engine = sa.create_engine(
                database_url, isolation_level="AUTOCOMMIT", pool_size=4, max_overflow=-1, pool_pre_ping=True
            )

    def join(self, executor_id: str) -> str:
        """Be known as ``executor_id`` from now on; ``NAME-*`` is the first free one of NAME-1, NAME-2, ….

        So a worker that is started again is who it was, and two are never the same.
        """
        if self._engine is None:
            return executor_id.replace("*", "1")
        self._session = self._engine.connect()
        for number in count(1):
            name = executor_id.replace("*", str(number))
            if self._try(self._session, self._key("process", name)):
                return name
            if "*" not in executor_id:
                break
        log.warning("somebody else is %s on this database already", executor_id)
        return executor_id

    def is_there(self, executor_id: str) -> bool:
        """Say whether a process of that name runs; where nobody can tell, it does."""
        if self._engine is None:
            return True
        key = self._key("process", executor_id)
        with self._engine.connect() as connection:
            if not self._try(connection, key):
                return True
            connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
            return False

    @contextmanager
    def alone(self, name: str, key: str, is_ending: Callable[[], bool]) -> Iterator[None]:
        """Be the only process that does (name, key); wait while another one does it.

        Raises ``Unavailable`` when this process is to end first.
        """
        if self._engine is None:
            yield
            return
        lock = self._key("job", name, key)
        with self._engine.connect() as connection:
            connection.execute(sa.text(f"SET lock_timeout = '{_PATIENCE}'"))
            while not self._wait(connection, lock):
                if is_ending():
                    raise Unavailable(f"{name} {key}: another process is at it")
            self._at_work.add(connection)
            try:
                yield
            finally:
                self._at_work.discard(connection)
                self._release(connection, lock)

    def close(self) -> None:
        """Leave. What still runs ends with this process and holds up no other."""
        if self._engine is not None:
            for connection in tuple(self._at_work):
                connection.invalidate()
            if self._session is not None:
                self._session.close()
            self._engine.dispose()

    def _key(self, *parts: str) -> int:
        digest = hashlib.blake2b("\0".join((self._application, *parts)).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)

    @staticmethod
    def _try(connection: sa.Connection, key: int) -> bool:
        return bool(connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar_one())

    @staticmethod
    def _wait(connection: sa.Connection, key: int) -> bool:
        try:
            connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
                return False
            raise
        return True

    @staticmethod
    def _release(connection: sa.Connection, key: int) -> None:
        if connection.invalidated:
            return
        try:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
        except DBAPIError:
            # With the session the lock is gone as well; the work itself was done.
            connection.invalidate()
