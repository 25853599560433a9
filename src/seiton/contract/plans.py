"""What would a resync do? The question and the answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seiton.contract.filing import ViewerResyncRequest
from seiton.contract.messages import MAX_BATCH, Message, Text


class ViewerPlanRequest(Message):
    """``POST /resync/plan``: a part of a question "what would you do?"; ``last`` asks for the answer."""

    plan_id: Text
    items: Annotated[tuple[ViewerResyncRequest, ...], Field(max_length=MAX_BATCH)]
    last: bool = True


class PlannedMove(Message):
    """One unit that would move; paths relative to the library root, for display."""

    download_id: int
    from_path: str
    to_path: str
    files: int = 1


class PlannedHold(Message):
    """One unit that would be left alone, and why."""

    download_id: int
    path: str | None
    target: str | None
    reason: str
    detail: str | None = None


class PlanAnswer(Message):
    """What a resync would do. Writes nothing."""

    plan_id: str
    complete: bool
    steps: tuple[PlannedMove, ...] = ()
    holds: tuple[PlannedHold, ...] = ()
    unchanged: int = 0
    nfos: int = 0
