"""What people and programs may do, and how long somebody waits who guesses."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

FREE_TRIES = 5
"""Wrong passwords in a row that cost nothing."""

LONGEST_PAUSE = timedelta(minutes=15)
MIN_PASSWORD = 8
MAX_PASSWORD = 1000
MAX_NAME = 100


class Role(StrEnum):
    """What a person may do."""

    ADMIN = "admin"  #: everything
    VIEWER = "viewer"  #: look, and change nothing


class Scope(StrEnum):
    """What a program may do with a token."""

    READ = "read"  #: ask
    WRITE = "write"  #: ask and change
    MODULE = "module"  #: what modules do: register, report, deliver


def pause_after(failures: int) -> timedelta:
    """Return how long to wait after ``failures`` wrong tries in a row: nothing, then 1 s doubling."""
    if failures < FREE_TRIES:
        return timedelta()
    return min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 20)), LONGEST_PAUSE)


def may_try(failures: int, last: datetime, now: datetime) -> bool:
    """Say whether the pause after the last of ``failures`` wrong tries is over."""
    return now - last >= pause_after(failures)


def is_one_of(given: str, secrets: Sequence[str]) -> bool:
    """Say whether ``given`` is one of ``secrets``, in a time that tells nothing about them."""
    digest = _digest(given)
    # All are compared, also after one was equal.
    found = [hmac.compare_digest(digest, _digest(secret)) for secret in secrets]
    return True in found


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
