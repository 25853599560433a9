"""Pins: values set by hand, which stay whatever parsers say."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from seiton.core.rules.pinning import MAX_TEXT, list_pins, preview_pin, set_pin
from seiton.core.service import Core
from seiton.domain.pins import PinField
from seiton.domain.states import ResyncState
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.core_api.parsers import PlanId
from seiton.faces.fields import MOST, IdInPath, Offset, cap
from seiton.faces.problems import documented

Value = Annotated[str, Field(max_length=MAX_TEXT)] | Annotated[int, Field(ge=0, le=MOST)]


class PinInput(BaseModel):
    """The value that is to stay; ``plan_id`` as a preview gave it."""

    value: Value
    plan_id: PlanId | None = None


class PinDraft(BaseModel):
    """A value to try; none: what letting go of the pin would do."""

    value: Value | None = None


class PinWritten(BaseModel):
    """What follows from it: a resync. In the state ``waiting`` a person is to confirm it."""

    resync_id: int
    state: ResyncState


class Pinned(BaseModel):
    """What is pinned of a link, or of a series (``link_id`` is none)."""

    link_id: int | None
    series_id: int
    title: str | None
    series_no: int
    pins: dict[PinField, str | int]


class PinList(BaseModel):
    """Everything that is pinned, series first."""

    pins: list[Pinned]


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/pins``, ``/links/{id}/pins`` and ``/series/{id}/pins``."""

    @router.get("/pins")
    def show_pins(limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 50, offset: Offset = 0) -> PinList:
        """List what is set by hand; at most 200 at a time."""
        rows = list_pins(core, limit=limit, offset=offset)
        return PinList(pins=[Pinned.model_validate(row) for row in rows])

    _add(router, core, "link", "/links/{target_id}/pins/{field}")
    _add(router, core, "series", "/series/{target_id}/pins/{field}")


def _add(router: APIRouter, core: Core, kind: str, path: str) -> None:
    """Add the routes of one kind of target."""

    def target(target_id: int) -> dict[str, Any]:
        return {"link_id": target_id} if kind == "link" else {"series_id": target_id}

    @router.put(path, responses=documented(404, 409), name=f"pin_{kind}")
    def pin(target_id: IdInPath, field: PinField, body: PinInput) -> PinWritten:
        """Set a field by hand: it stays whatever parsers say. Files follow."""
        row = set_pin(core, **target(target_id), field=field, value=body.value, plan_id=body.plan_id)
        return PinWritten.model_validate(row)

    @router.delete(path, responses=documented(404, 409), name=f"unpin_{kind}")
    def unpin(
        target_id: IdInPath, field: PinField, plan_id: Annotated[PlanId | None, Query()] = None
    ) -> PinWritten:
        """Let parsers say a field again. Files follow."""
        row = set_pin(core, **target(target_id), field=field, value=None, plan_id=plan_id)
        return PinWritten.model_validate(row)

    @router.post(f"{path}/preview", responses=documented(404, 409), name=f"preview_pin_{kind}")
    def preview(target_id: IdInPath, field: PinField, body: PinDraft) -> ImpactAnswer:
        """Show what setting a field by hand, or letting go of it, would do."""
        found = preview_pin(core, **target(target_id), field=field, value=body.value)
        return ImpactAnswer.model_validate(found)
