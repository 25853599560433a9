"""Conflicts: what only a person can decide. And what the library prefers, so that fewer come up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from seiton.core.downloads.choices import (
    get_policy,
    list_link_conflicts,
    list_subscription_conflicts,
    preview_policy,
    resolve_link_conflict,
    resolve_subscription_conflict,
    set_policy,
)
from seiton.core.service import Core
from seiton.domain.duplicates import Policy, Why
from seiton.domain.states import ResyncState
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.fields import MOST, Id, IdInPath, Offset, OptionalLimit
from seiton.faces.problems import documented
from seiton.text import _


class CandidateFetcher(BaseModel):
    """A fetcher that can serve the subscription."""

    fetcher_id: int
    name: str


class SubscriptionConflict(BaseModel):
    """Which fetcher serves a subscription?"""

    conflict_id: int
    subscription_id: int
    rss_url: str
    conflict_type: str
    conflict_data: dict[str, Any]
    candidate_fetchers: list[CandidateFetcher]
    created_at: datetime


class SubscriptionConflicts(BaseModel):
    """Open questions, the oldest first."""

    conflicts: list[SubscriptionConflict]


class FetcherChoice(BaseModel):
    """The answer to one."""

    fetcher_id: Annotated[int, Field(ge=0, le=MOST)]


class SubscriptionResolved(BaseModel):
    """Who serves it from now on."""

    message: str
    conflict_id: int
    subscription_id: int
    resolved_fetcher_id: int
    resolved_at: datetime


class CandidateLink(BaseModel):
    """A release of the episode, with its download if it has one."""

    link_id: int
    title: str | None
    group_name: str
    resolution: str | None
    version: int
    is_batch: bool
    raw_item_id: int | None
    download_id: int | None
    status: str | None


class LinkConflict(BaseModel):
    """Which release of an episode is fetched? ``why`` nothing here could tell."""

    conflict_id: int
    anime_id: int
    anime_title: str
    series_id: int
    series_no: int
    episode_no: int
    episode_tenths: int
    why: Why
    candidates: list[CandidateLink]
    created_at: datetime


class LinkConflicts(BaseModel):
    """Open questions, the oldest first."""

    conflicts: list[LinkConflict]


class LinkChoice(BaseModel):
    """The answer to one: a link among its candidates."""

    link_id: Id


class LinkResolved(BaseModel):
    """What is fetched, or kept."""

    message: str
    conflict_id: int
    resolved_link_id: int
    resolved_at: datetime


Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=255)]], Field(max_length=1000)]


class LibraryPolicy(BaseModel):
    """What the library prefers, the best first: names of subtitle groups, and resolutions (``1080p``)."""

    group_order: Names = []
    resolution_order: Names = []

    def policy(self) -> Policy:
        """Return it as a value."""
        return Policy(group_order=tuple(self.group_order), resolution_order=tuple(self.resolution_order))


class PolicyChange(LibraryPolicy):
    """What it is to prefer; ``plan_id`` as a preview gave it."""

    plan_id: Annotated[str, Field(max_length=64)] | None = None


class PolicyWritten(LibraryPolicy):
    """What the library prefers, and what follows: in the state ``waiting`` a person is to confirm it."""

    resync_id: int
    state: ResyncState
    starts: int


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/conflicts``, ``/link-conflicts`` and ``/library/policy``."""

    @router.get("/conflicts")
    def show_conflicts(limit: OptionalLimit = None, offset: Offset = 0) -> SubscriptionConflicts:
        """List subscriptions for which a fetcher has to be chosen."""
        rows = list_subscription_conflicts(core, limit=limit, offset=offset)
        for row in rows:
            row["candidate_fetchers"] = row["conflict_data"]["candidate_fetchers"]
        return SubscriptionConflicts(conflicts=[SubscriptionConflict.model_validate(row) for row in rows])

    @router.post("/conflicts/{conflict_id}/resolve", responses=documented(404, 409))
    def resolve_conflict(conflict_id: IdInPath, body: FetcherChoice) -> SubscriptionResolved:
        """Choose the fetcher of a subscription."""
        row = resolve_subscription_conflict(core, conflict_id, body.fetcher_id)
        return SubscriptionResolved.model_validate(row | {"message": _("The fetcher is chosen.")})

    @router.get("/link-conflicts")
    def show_link_conflicts(limit: OptionalLimit = None, offset: Offset = 0) -> LinkConflicts:
        """List episodes of which a release has to be chosen."""
        rows = list_link_conflicts(core, limit=limit, offset=offset)
        return LinkConflicts(conflicts=[LinkConflict.model_validate(row) for row in rows])

    @router.post("/link-conflicts/{conflict_id}/resolve", responses=documented(404, 409))
    def resolve_link(conflict_id: IdInPath, body: LinkChoice) -> LinkResolved:
        """Choose the release of an episode: it is fetched, or kept if it is there; the others wait."""
        row = resolve_link_conflict(core, conflict_id, body.link_id)
        return LinkResolved.model_validate(row | {"message": _("The release is chosen.")})

    @router.get("/library/policy")
    def show_policy() -> LibraryPolicy:
        """Show what the library prefers of several releases of an episode."""
        policy = get_policy(core)
        return LibraryPolicy(
            group_order=list(policy.group_order), resolution_order=list(policy.resolution_order)
        )

    @router.put("/library/policy")
    def edit_policy(body: PolicyChange) -> PolicyWritten:
        """Say what the library prefers. Open conflicts that this decides are decided; what is there stays."""
        resync = set_policy(core, body.policy(), plan_id=body.plan_id)
        return PolicyWritten.model_validate(body.model_dump() | resync)

    @router.post("/library/policy/preview")
    def show_policy_plan(body: LibraryPolicy) -> ImpactAnswer:
        """Show which downloads another policy would begin."""
        return ImpactAnswer.model_validate(preview_policy(core, body.policy()))
