"""How it stands with an episode: there, on its way, missing, still to come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from enum import StrEnum

from seiton.domain.states import GIVEN_UP, DownloadStatus

D = DownloadStatus
_THERE = frozenset({D.COMPLETED, D.SYNCING, D.SYNCED, D.RESYNCING, D.SYNC_FAILED})
"""The files of a download are there, in the library or before it."""


class EpisodeStanding(StrEnum):
    """How it stands with an episode."""

    HERE = "here"  #: its file is there
    COMING = "coming"  #: it is on its way
    MISSING = "missing"  #: it was broadcast, and nothing of it is there or on its way
    AHEAD = "ahead"  #: it is still to be broadcast
    LEFT = "left"  #: nobody knows when it was broadcast, and no release of it is fetched


def standing_of(statuses: Collection[str], aired: date | None, today: date) -> EpisodeStanding:
    """Say how it stands with an episode that has downloads of these ``statuses``."""
    if any(status in _THERE for status in statuses):
        return EpisodeStanding.HERE
    if any(status not in GIVEN_UP for status in statuses):
        return EpisodeStanding.COMING
    if aired is None:
        return EpisodeStanding.LEFT
    return EpisodeStanding.MISSING if aired <= today else EpisodeStanding.AHEAD
