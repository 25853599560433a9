"""Where viewers report what became of a sync or resync."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from seiton.contract import ViewerSyncCallback
from seiton.core.filing.callbacks import take_callback
from seiton.core.service import Core
from seiton.errors import InvalidInput, Problem
from seiton.faces.fields import MOST
from seiton.faces.problems import documented
from seiton.text import _

LONGEST_REASON = 30
LONGEST_PROSE = 10_000


class CallbackTaken(BaseModel):
    """``applied`` is false when the report was late and changed nothing."""

    status: Literal["ok"] = "ok"
    applied: bool


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/sync-callback``."""

    @router.post("/sync-callback", responses=documented(404))
    def sync_callback(
        body: ViewerSyncCallback, revision: Annotated[int | None, Query(ge=1, le=MOST)] = None
    ) -> CallbackTaken:
        """Take a report. The revision may stand in the address, for viewers that know nothing of it."""
        changes: dict[str, object] = {}
        if body.revision is None and revision is not None:
            changes["revision"] = revision
        if body.reason is not None and len(body.reason) > LONGEST_REASON:
            message = _("This is too long: at most {most}.", most=LONGEST_REASON)
            raise InvalidInput([Problem(field="reason", message=message)])
        if body.error_message is not None:
            changes["error_message"] = body.error_message[:LONGEST_PROSE]
        return CallbackTaken(applied=take_callback(core, body.model_copy(update=changes)))
