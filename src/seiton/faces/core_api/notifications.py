"""Targets of notifications: how they are, and a test."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from seiton.core.notifications.sending import list_targets, try_out
from seiton.core.service import Core
from seiton.domain.states import Happens
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

    @router.post("/notifications/test", responses=documented(404))
    def test_targets(body: TestInput) -> TriedList:
        """Send a test now, to one target or to all."""
        return TriedList(results=[Tried.model_validate(row) for row in try_out(core, body.name)])
