"""Targets of notifications: how they are, what they were told, and a test."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from seiton.core.notifications.sending import list_targets, try_out
from seiton.core.notifications.targets import list_notices, reread_targets
from seiton.core.service import Core
from seiton.domain.states import Happens, NoticeState
from seiton.faces.fields import MOST, Offset, cap
from seiton.faces.happenings import say
from seiton.faces.problems import documented


class TargetView(BaseModel):
    """A target of the settings; of its address nothing that is secret."""

    name: str
    kind: str
    address: str
    wants: list[Happens]
    waiting: int
    failures: int
    error: str | None
    away_since: datetime | None
    answered_at: datetime | None
    next_try_at: datetime | None


class TargetList(BaseModel):
    """All targets, by name."""

    targets: list[TargetView]


class NoticeView(BaseModel):
    """A happening on its way to one target; ``says`` is the sentence. ``unknown``: Seiton ended in the middle
    of the request, and it is not said twice; ``given_up``: too old, or too many. ``error``: why it waits.
    """

    notice_id: int
    target: str
    kind: Happens
    subject: str
    detail: str | None
    count: int
    says: str
    state: NoticeState
    error: str | None
    happened_at: datetime
    finished_at: datetime | None


class NoticeList(BaseModel):
    """Happenings, the newest first."""

    notices: list[NoticeView]


class RereadAnswer(BaseModel):
    """Targets that are told from now on, and those that no longer are, by name."""

    added: list[str]
    removed: list[str]


class TestInput(BaseModel):
    """``name``: only this target; without it all."""

    name: Annotated[str, Field(max_length=64)] | None = None


class Tried(BaseModel):
    """What came of it; ``error`` says why a target did not take it."""

    name: str
    kind: str
    error: str | None


class TriedList(BaseModel):
    """Each target that was tried."""

    results: list[Tried]


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/notifications``."""

    @router.get("/notifications")
    def show_targets() -> TargetList:
        """List who is told what happened, and how many happenings wait for each."""
        return TargetList(targets=[TargetView.model_validate(row) for row in list_targets(core)])

    @router.get("/notifications/sent")
    def show_notices(
        target: Annotated[str | None, Query(max_length=64)] = None,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(1000)] = 100,
        offset: Offset = 0,
    ) -> NoticeList:
        """List what was sent to whom, what waits and why, and what did not arrive; kept for a week."""
        rows = list_notices(core, target=target, limit=limit, offset=offset)
        return NoticeList(notices=[NoticeView.model_validate(row | {"says": say(row)}) for row in rows])

    @router.post("/notifications/reread", responses=documented(422))
    def reread() -> RereadAnswer:
        """Read the targets from the settings again; the rest of the settings is read at the start only."""
        added, removed = reread_targets(core)
        return RereadAnswer(added=added, removed=removed)

    @router.post("/notifications/test", responses=documented(404))
    def test_targets(body: TestInput) -> TriedList:
        """Send a test now, to one target or to all."""
        return TriedList(results=[Tried.model_validate(row) for row in try_out(core, body.name)])
