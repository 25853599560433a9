"""A program beside Seiton: how it is, since when, and when it may be asked again.

One that is away is asked less and less often, so that nothing waits for it again and again. One that does not
take the password is asked twice and then no more: programs ban whoever goes on.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from seiton.domain.states import NeighbourState

FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 300.0
PASSWORD_WAIT_S = 60.0
PASSWORD_TRIES = 2
"""Of a wrong password; programs ban after three to five, and a person wants to try it as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a neighbour is at the moment. ``address`` has no secrets. ``next_try`` is set while it is not
    asked; with ``is_given_up`` nothing but a start of Seiton makes it ask again.
    """

    kind: str
    address: str
    state: NeighbourState
    since: datetime | None
    version: str | None
    last_error: str | None
    next_try: datetime | None
    is_given_up: bool


class Neighbour:
    """What is known of one neighbour. Thread-safe."""

    def __init__(
        self,
        kind: str,
        address: str,
        *,
        first_wait_s: float = FIRST_WAIT_S,
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        self.kind, self.address = kind, address
        self._first_wait_s, self._longest_wait_s = first_wait_s, longest_wait_s
        self._lock = threading.Lock()
        self._state = NeighbourState.UNKNOWN
        self._since: datetime | None = None
        self._version: str | None = None
        self._fault: Exception | None = None
        self._next_try = 0.0  # on the monotonic clock
        self._failures = 0
        self._refusals = 0

    def check(self) -> None:
        """Raise the last fault once more while it is too early, or pointless, to ask."""
        with self._lock:
            if self._fault is None or (not self._is_given_up() and time.monotonic() >= self._next_try):
                return
            fault = self._fault
        raise type(fault)(str(fault)) from fault

    def is_well(self, version: str | None = None) -> None:
        """Note that it answered; ``version`` if it said that."""
        with self._lock:
            self._turn(NeighbourState.WELL)
            self._version = version or self._version
            self._fault = None
            self._failures = self._refusals = 0

    def failed(self, fault: Exception, state: NeighbourState) -> None:
        """Note that it did not answer as it should: ``fault`` is raised by ``check`` until the next try."""
        with self._lock:
            self._turn(state)
            self._fault = fault
            self._failures += 1
            wait_s = min(self._first_wait_s * 2.0 ** min(self._failures - 1, 32), self._longest_wait_s)
            if state is NeighbourState.REFUSED:
                self._refusals += 1
                wait_s = max(wait_s, min(PASSWORD_WAIT_S, self._longest_wait_s))
            self._next_try = time.monotonic() + wait_s

    def standing(self) -> Standing:
        """Return how it is. Does not wait for a request that is on its way."""
        with self._lock:
            wait_s = self._next_try - time.monotonic()
            waits = self._fault is not None and not self._is_given_up() and wait_s > 0
            return Standing(
                kind=self.kind,
                address=self.address,
                state=self._state,
                since=self._since,
                version=self._version,
                last_error=str(self._fault) if self._fault else None,
                next_try=datetime.now(UTC) + timedelta(seconds=wait_s) if waits else None,
                is_given_up=self._is_given_up(),
            )

    def _is_given_up(self) -> bool:
        return self._refusals >= PASSWORD_TRIES

    def _turn(self, state: NeighbourState) -> None:
        if state is not self._state:
            self._state, self._since = state, datetime.now(UTC)
