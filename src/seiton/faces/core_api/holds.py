"""Holds: what was left alone, why, and every way out of it as a call and a command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from seiton.core.causes.holds import get_hold, list_holds
from seiton.core.service import Core
from seiton.domain.hold_choices import HoldChoice
from seiton.domain.states import HoldReason
from seiton.faces.fields import MOST, IdInPath, Offset, cap, words_of
from seiton.faces.problems import documented
from seiton.faces.words import hold, hold_choice


class Choice(BaseModel):
    """A way out: the sentence, the call (``method``, ``path``, ``body``) and the command that do it.

    ``needs``: what of the body a person has to fill in; it stands in capitals in the command.
    """

    code: HoldChoice
    sentence: str
    method: str
    path: str
    body: dict[str, Any] | None
    needs: list[str]
    command: str


class Hold(BaseModel):
    """A cause that waits for a person (``resync``), or a file that cannot go where it belongs."""

    kind: Literal["resync", "download"]
    id: int
    reason: HoldReason
    sentence: str
    detail: str | None
    title: str | None
    cause: str | None
    resync_id: int | None
    download_id: int | None
    link_id: int | None
    path: str | None
    files: int
    starts: int
    cancels: int
    plan_id: str | None
    since: datetime
    next_try_at: datetime | None
    choices: list[Choice]


class Holds(BaseModel):
    """A page of holds; ``total`` of them match."""

    holds: list[Hold]
    total: int


def _choice(code: HoldChoice, row: Mapping[str, Any]) -> Choice:
    resync_id, download_id, link_id = row["resync_id"], row["download_id"], row["link_id"]
    body: dict[str, Any] | None = None
    needs: list[str] = []
    method = "POST"
    match code:
        case HoldChoice.CONFIRM | HoldChoice.REJECT:
            path, command = f"/resyncs/{resync_id}/{code}", f"seiton resyncs {code} {resync_id}"
            if code is HoldChoice.CONFIRM and row["plan_id"]:
                body = {"plan_id": row["plan_id"]}
        case HoldChoice.RETRY | HoldChoice.CANCEL:
            path = f"/downloads/{download_id}/{code}"
            command = f"seiton downloads {code} {download_id}"
        case HoldChoice.PIN_EPISODE | HoldChoice.PIN_TITLE:
            field = "episode_no" if code is HoldChoice.PIN_EPISODE else "anime_title"
            method, path, needs = "PUT", f"/links/{link_id}/pins/{field}", ["value"]
            body = {"value": None}
            command = f"seiton pins set link {link_id} {field} VALUE"
        case HoldChoice.REMOVE:
            path, command = "/removals", f"seiton remove download {download_id}"
            body = {"target_type": "download", "target_id": download_id}
        case HoldChoice.RESTORE:
            path, command = f"/removals/{resync_id}/restore", f"seiton trash restore {resync_id}"
    return Choice(
        code=code,
        sentence=hold_choice(code, row["reason"]),
        method=method,
        path=path,
        body=body,
        needs=needs,
        command=command,
    )


def _hold(row: dict[str, Any]) -> Hold:
    choices = [_choice(code, row) for code in row["choices"]]
    return Hold.model_validate(row | {"sentence": hold(row["reason"]), "choices": choices})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/holds``."""

    @router.get("/holds")
    def show_holds(
        reason: Annotated[str | None, Query(description="A reason, or several with commas.")] = None,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 50,
        offset: Offset = 0,
    ) -> Holds:
        """List what was left alone: causes that wait for you first, then files; at most 200 at a time."""
        reasons = words_of("reason", reason, HoldReason)
        rows, total = list_holds(core, reasons=reasons, limit=limit, offset=offset)
        return Holds(holds=[_hold(row) for row in rows], total=total)

    @router.get("/holds/resyncs/{resync_id}", responses=documented(404))
    def show_waiting(resync_id: IdInPath) -> Hold:
        """Show a cause that waits for you."""
        return _hold(get_hold(core, resync_id=resync_id))

    @router.get("/holds/downloads/{download_id}", responses=documented(404))
    def show_held(download_id: IdInPath) -> Hold:
        """Show why a file was left alone."""
        return _hold(get_hold(core, download_id=download_id))
