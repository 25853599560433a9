"""When what failed is tried again, and what a download has that never failed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

FIRST_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=6)
GIVE_UP = timedelta(days=14)

NO_FAILURE: Mapping[str, int | None] = {"attempts": 0, "failing_since": None, "next_try_at": None}
"""What a row has that may be tried at once: what failed before is forgotten."""
NO_HOLD: Mapping[str, None] = {"hold_reason": None, "hold_detail": None}
"""What a row has that nothing holds."""


def next_try(now: datetime, attempts: int) -> datetime:
    """Return when to try again after ``attempts`` failures: 1 minute doubling to 6 hours."""
    pause: timedelta = min(FIRST_RETRY * 2 ** min(max(attempts - 1, 0), 20), LAST_RETRY)
    return now + pause
