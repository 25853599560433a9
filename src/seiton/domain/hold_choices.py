"""What a person can do about each thing that Seiton left alone."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from seiton.domain.states import BEFORE_FILES, DownloadStatus, HoldReason


class HoldChoice(StrEnum):
    """One way out of a hold; each is one call of the API and one command."""

    CONFIRM = "confirm"  #: let the cause that waits go on
    REJECT = "reject"  #: take back the edit that it follows from
    RETRY = "retry"  #: the obstacle is gone: try again now
    PIN_EPISODE = "pin_episode"  #: it is another episode: say which
    PIN_TITLE = "pin_title"  #: it is called otherwise: say how
    REMOVE = "remove"  #: it is not wanted: into the trash
    CANCEL = "cancel"  #: do not fetch it
    RESTORE = "restore"  #: keep it after all


_H = HoldReason
_C = HoldChoice
_NUMBERED = (_C.PIN_EPISODE, _C.REMOVE, _C.RETRY)
_BY_REASON: Mapping[HoldReason, tuple[HoldChoice, ...]] = {
    _H.TARGET_OWNED: _NUMBERED,
    _H.TWO_CLAIMS: _NUMBERED,
    _H.WAITING: _NUMBERED,
    _H.TARGET_FOREIGN: (_C.RETRY, _C.PIN_EPISODE, _C.REMOVE),
    _H.NAME_IMPOSSIBLE: (_C.PIN_TITLE, _C.REMOVE),
    _H.STALLED: (_C.RETRY, _C.CANCEL),
}


def choices_for(
    reason: HoldReason, status: DownloadStatus, *, is_removed: bool, is_batch: bool, is_by_hand: bool = False
) -> tuple[HoldChoice, ...]:
    """Return the ways out of a hold, the likeliest first; only such as work for a download in ``status``.

    Episodes of a batch are numbered together, and what was added by hand (``is_by_hand``) has nothing to pin.
    """
    if is_removed:
        return (_C.RESTORE,)
    found = _BY_REASON.get(reason, (_C.RETRY, _C.REMOVE))
    if is_batch or is_by_hand:
        found = tuple(choice for choice in found if choice is not _C.PIN_EPISODE)
    if is_by_hand:
        found = tuple(choice for choice in found if choice is not _C.PIN_TITLE)
    if status not in BEFORE_FILES:
        found = tuple(choice for choice in found if choice is not _C.CANCEL)
    return found
