"""Filter rules: list, create, edit, delete, preview. Downloads follow each write."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from seiton.core.filters.preview import FilterPreview, Panel, PreviewedLink, preview_filter
from seiton.core.filters.rules import (
    FilterWrite,
    create_filter,
    delete_filter,
    get_filter,
    list_filters,
    update_filter,
)
from seiton.core.service import Core
from seiton.domain.filters import TargetType
from seiton.domain.states import ResyncState
from seiton.faces.fields import MOST, IdInPath, Prose, Small, cap
from seiton.faces.problems import FieldProblem, documented

PlanId = Annotated[str, Field(max_length=64)]
TargetId = Annotated[int, Field(ge=0, le=MOST)]
"""Number of the target; 0 is the built-in fetcher."""


class FilterInput(BaseModel):
    """A new rule. Without ``rule_order`` it comes after the others of its target."""

    target_type: TargetType
    target_id: TargetId | None = None
    rule_order: Small | None = None
    is_positive: bool
    regex_pattern: Prose
    is_enabled: bool = True
    plan_id: PlanId | None = None


class FilterChange(BaseModel):
    """Changes to a rule: what is left out stays. With ``version``, only if nobody changed it meanwhile."""

    target_type: TargetType | None = None
    target_id: TargetId | None = None
    rule_order: Small | None = None
    is_positive: bool | None = None
    regex_pattern: Prose | None = None
    is_enabled: bool | None = None
    version: Small | None = None
    plan_id: PlanId | None = None

    def given(self) -> dict[str, Any]:
        """Return what is to be changed; nothing but the target can be taken away."""
        sent = self.model_dump(exclude_unset=True, exclude={"version", "plan_id"})
        return {name: value for name, value in sent.items() if value is not None or name == "target_id"}


class Rule(BaseModel):
    """A rule as stored; from ``is_enabled`` on additions."""

    rule_id: int
    target_type: TargetType
    target_id: int | None
    rule_order: int
    is_positive: bool
    regex_pattern: str
    created_at: datetime
    updated_at: datetime
    is_enabled: bool
    version: int


class RuleWritten(Rule):
    """A rule after a write. ``state``: ``waiting`` when more downloads follow than may unasked."""

    resync_id: int
    state: ResyncState
    starts: int
    cancels: int


class RuleList(BaseModel):
    """Rules by target and order."""

    rules: list[Rule]


class PreviewInput(BaseModel):
    """A draft; with ``exclude_filter_id`` an edit of that rule, and without a pattern its deletion."""

    target_type: TargetType | None = None
    target_id: TargetId | None = None
    regex_pattern: Prose | None = None
    is_positive: bool = True
    exclude_filter_id: Annotated[int, Field(ge=1, le=MOST)] | None = None
    is_enabled: bool | None = None
    rule_order: Small | None = None
    limit: Annotated[int, Field(ge=0, le=MOST), cap(5000)] = 500


class PreviewedItem(BaseModel):
    """A release. ``item_id`` is its link, as in the reference, and so is ``link_id``."""

    model_config = ConfigDict(from_attributes=True)

    item_id: int
    title: str
    link_id: int
    raw_item_id: int | None
    rule_id: int | None = None


class PanelAnswer(BaseModel):
    """Releases that pass and do not pass, the newest first; ``passed`` and ``filtered`` count all of them."""

    passed_items: list[PreviewedItem] = []
    filtered_items: list[PreviewedItem] = []
    passed: int = 0
    filtered: int = 0


class FilterPreviewAnswer(BaseModel):
    """What a rule would do; from ``problems`` on additions."""

    regex_valid: bool
    regex_error: str | None
    before: PanelAnswer
    after: PanelAnswer
    problems: list[FieldProblem]
    starts: list[PreviewedItem]
    cancels: list[PreviewedItem]
    needs_confirmation: bool
    plan_id: str | None


def _item(link: PreviewedLink) -> PreviewedItem:
    return PreviewedItem(
        item_id=link.link_id,
        link_id=link.link_id,
        raw_item_id=link.raw_item_id,
        title=link.title,
        rule_id=link.reason,
    )


def _panel(panel: Panel) -> PanelAnswer:
    return PanelAnswer(
        passed_items=[_item(link) for link in panel.passed_items],
        filtered_items=[_item(link) for link in panel.filtered_items],
        passed=panel.passed,
        filtered=panel.filtered,
    )


def _preview(found: FilterPreview) -> FilterPreviewAnswer:
    problems = [FieldProblem.model_validate(asdict(found.problem))] if found.problem else []
    starts, cancels = (
        [
            PreviewedItem.model_validate({**row, "item_id": row["link_id"], "title": row["title"] or ""})
            for row in rows
        ]
        for rows in (found.starts, found.cancels)
    )
    return FilterPreviewAnswer(
        regex_valid=found.problem is None,
        regex_error=found.problem.message if found.problem else None,
        before=_panel(found.before),
        after=_panel(found.after),
        problems=problems,
        starts=starts,
        cancels=cancels,
        needs_confirmation=found.is_braked,
        plan_id=found.plan_id,
    )


def _written(write: FilterWrite) -> RuleWritten:
    follows = {name: write.resync[name] for name in ("resync_id", "state", "starts", "cancels")}
    return RuleWritten.model_validate({**dict(write.rule or {}), **follows})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/filters``."""

    @router.get("/filters")
    def show_filters(
        target_type: Annotated[TargetType | None, Query()] = None,
        target_id: Annotated[int | None, Query(ge=0, le=MOST)] = None,
    ) -> RuleList:
        """List the rules of exactly one target; without a target those of all."""
        rows = list_filters(core, target_type, target_id)
        return RuleList(rules=[Rule.model_validate(row) for row in rows])

    @router.post("/filters", status_code=201, responses=documented(409))
    def add_filter(body: FilterInput) -> RuleWritten:
        """Save a rule. Releases that were known are filtered by it too, and downloads follow."""
        return _written(create_filter(core, body.model_dump(), plan_id=body.plan_id))

    @router.post("/filters/preview", responses=documented(404))
    def preview(body: PreviewInput) -> FilterPreviewAnswer:
        """Show which releases pass before and after, and which downloads would begin or be taken back."""
        values = body.model_dump(exclude={"exclude_filter_id", "limit"}, exclude_none=True)
        rule_id = body.exclude_filter_id
        if rule_id is not None and body.regex_pattern is None:
            return _preview(preview_filter(core, None, rule_id=rule_id, limit=body.limit))
        if rule_id is not None and body.target_type is None:
            stored = get_filter(core, rule_id)
            values = {"target_type": stored["target_type"], "target_id": stored["target_id"], **values}
        return _preview(
            preview_filter(core, {"target_type": "global", **values}, rule_id=rule_id, limit=body.limit)
        )

    @router.get("/filters/{rule_id}", responses=documented(404))
    def show_filter(rule_id: IdInPath) -> Rule:
        """Show one rule."""
        return Rule.model_validate(get_filter(core, rule_id))

    @router.put("/filters/{rule_id}", responses=documented(404, 409))
    @router.patch("/filters/{rule_id}", responses=documented(404, 409))
    def edit_filter(rule_id: IdInPath, body: FilterChange) -> RuleWritten:
        """Change a rule, or switch it on or off; downloads follow."""
        write = update_filter(core, rule_id, body.given(), version=body.version, plan_id=body.plan_id)
        return _written(write)

    @router.delete("/filters/{rule_id}", status_code=204, responses=documented(404))
    def remove_filter(rule_id: IdInPath, plan_id: Annotated[PlanId | None, Query()] = None) -> None:
        """Delete a rule; what only it kept out is fetched."""
        delete_filter(core, rule_id, plan_id=plan_id)
