"""What ``seiton doctor`` says of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a check came out."""

    GOOD = "good"
    WARNING = "warning"  #: it works, but not for long, or not as well as it could
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at: ``says`` what was found, ``do`` what to do about it."""

    check: str
    health: Health
    says: str
    do: str = ""


def good(check: str, says: str) -> Finding:
    """Return a finding that needs nothing."""
    return Finding(check=check, health=Health.GOOD, says=says)


def warning(check: str, says: str, do: str) -> Finding:
    """Return a finding that could be better."""
    return Finding(check=check, health=Health.WARNING, says=says, do=do)


def bad(check: str, says: str, do: str) -> Finding:
    """Return a finding that has to be mended."""
    return Finding(check=check, health=Health.BAD, says=says, do=do)
