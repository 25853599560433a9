"""Resyncs: one cause each, and all that follows from it, file by file."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from seiton.core.causes.confirming import confirm as confirm_resync
from seiton.core.causes.confirming import reject as reject_resync
from seiton.core.causes.undo import preview_undo
from seiton.core.causes.undo import undo as undo_resync
from seiton.core.queries import get_resync, list_resyncs
from seiton.core.service import Core
from seiton.domain.states import ResyncState
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.fields import MOST, IdInPath, Offset, cap, words_of
from seiton.faces.problems import documented


class Outcome(StrEnum):
    """What a resync came to for one download."""

    PENDING = "pending"
    WAITING = "waiting"
    MOVED = "moved"
    UNCHANGED = "unchanged"
    HELD = "held"
    FAILED = "failed"
    SUPERSEDED = "superseded"


class Statistics(BaseModel):
    """The contract's ReparseStats: how all titles stand, and how many library files have to follow."""

    total: int
    parsed: int
    failed: int
    no_match: int
    resync_triggered: int


class Counts(BaseModel):
    """Downloads by outcome."""

    pending: int = 0
    waiting: int = 0
    moved: int = 0
    unchanged: int = 0
    held: int = 0
    failed: int = 0
    superseded: int = 0


class Resync(BaseModel):
    """One cause. ``reparsed``: all titles were looked at; then files may still be on their way.

    ``starts`` and ``cancels``: downloads that it begins and takes back; in the state ``waiting`` it would,
    and ``plan_id`` is what a confirmation is of. ``undoes``: the resync that this one takes back,
    ``undone_by``: the one that took this one back.
    """

    resync_id: int
    cause: str
    subject_id: int | None
    subject_name: str | None
    state: ResyncState
    reparsed: bool
    statistics: Statistics
    new_links: int
    starts: int
    cancels: int
    plan_id: str | None
    undoes: int | None
    undone_by: int | None
    counts: Counts
    error_message: str | None
    created_at: datetime
    finished_at: datetime | None


class ResyncItem(BaseModel):
    """What it means for one download. Paths are those in the library, before and after."""

    download_id: int
    title: str | None
    revision: int
    before_path: str | None
    after_path: str | None
    outcome: Outcome
    reason: str | None
    detail: str | None


class ResyncDetail(Resync):
    """A resync with the rule before and after, and a page of its items, by download.

    ``renamed_by_rules``: files of an undo whose viewer knows only the contract. It cannot put back what was,
    and is asked to rename by the former metadata.
    """

    renamed_by_rules: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    items: list[ResyncItem]


class ResyncList(BaseModel):
    """Resyncs, the newest first."""

    resyncs: list[Resync]


def statistics_of(row: Mapping[str, Any]) -> Statistics:
    """Return the statistics in a row of ``resyncs``."""
    return Statistics.model_validate({name: row[name] for name in Statistics.model_fields})


class Confirmation(BaseModel):
    """What a person has seen and wants."""

    plan_id: Annotated[str, Field(max_length=64)] | None = None


def _detail(core: Core, resync_id: int) -> ResyncDetail:
    row = get_resync(core, resync_id)
    return ResyncDetail.model_validate(row | {"statistics": statistics_of(row)})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/resyncs``."""

    @router.get("/resyncs")
    def show_resyncs(
        state: Annotated[str | None, Query(description="A state, or several with commas.")] = None,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(500)] = 50,
        offset: Offset = 0,
    ) -> ResyncList:
        """List resyncs, the newest first; at most 500 at a time."""
        states = words_of("state", state, ResyncState)
        rows = list_resyncs(core, states=states, limit=limit, offset=offset)
        return ResyncList(
            resyncs=[Resync.model_validate(row | {"statistics": statistics_of(row)}) for row in rows]
        )

    @router.get("/resyncs/{resync_id}", responses=documented(404))
    def show_resync(
        resync_id: IdInPath,
        outcome: Annotated[str | None, Query(description="Only items with this outcome.")] = None,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(1000)] = 100,
        offset: Offset = 0,
    ) -> ResyncDetail:
        """Show a resync with its files; at most 1000 at a time."""
        outcomes = words_of("outcome", outcome, Outcome)
        row = get_resync(core, resync_id, outcomes=outcomes, limit=limit, offset=offset)
        return ResyncDetail.model_validate(row | {"statistics": statistics_of(row)})

    @router.post("/resyncs/{resync_id}/confirm", responses=documented(404, 409))
    def confirm(resync_id: IdInPath, body: Confirmation | None = None) -> ResyncDetail:
        """Let a cause that waits go on; with ``plan_id``, only if that is what waits by now."""
        confirm_resync(core, resync_id, plan_id=body.plan_id if body else None)
        return _detail(core, resync_id)

    @router.post("/resyncs/{resync_id}/undo", status_code=202, responses=documented(404, 409))
    def undo(resync_id: IdInPath, body: Confirmation | None = None) -> ResyncDetail:
        """Take back an edit and what followed from it; answers with the resync that does it.

        Files return to their names, with the NFOs that they had, where nobody changed them since.
        """
        undone = undo_resync(core, resync_id, plan_id=body.plan_id if body else None)
        return _detail(core, undone["resync_id"])

    @router.post("/resyncs/{resync_id}/undo/preview", responses=documented(404, 409))
    def show_undo(resync_id: IdInPath) -> ImpactAnswer:
        """Show what an undo would do: what returns, what is left and why. Writes nothing."""
        return ImpactAnswer.model_validate(preview_undo(core, resync_id))

    @router.post("/resyncs/{resync_id}/reject", responses=documented(404, 409))
    def reject(resync_id: IdInPath) -> ResyncDetail:
        """Take back the edit that a cause which waits follows from; nothing of it has happened yet."""
        reject_resync(core, resync_id)
        return _detail(core, resync_id)
