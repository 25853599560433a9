"""Feeds: add, list, remove, fetch now."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from pydantic import AfterValidator, AliasChoices, BaseModel, Field

from seiton.core.feeds.subscriptions import (
    MAX_INTERVAL_MINUTES,
    MAX_URL,
    add_subscription,
    remove_subscription,
)
from seiton.core.queries import get_subscription, list_subscriptions
from seiton.core.service import Core
from seiton.errors import Conflict
from seiton.faces.fields import IdInPath, Offset, OptionalLimit, Prose, Small, plain_json
from seiton.faces.problems import documented
from seiton.text import _


def _splittable(value: str) -> str:
    try:
        urlsplit(value)
    except ValueError as error:
        raise ValueError(_("Give the address of a feed, such as https://example.org/rss.")) from error
    return value


class SubscriptionInput(BaseModel):
    """A feed to follow. ``rss_url`` is understood for ``source_url``."""

    source_url: Annotated[str, Field(max_length=MAX_URL), AfterValidator(_splittable)] = Field(
        validation_alias=AliasChoices("source_url", "rss_url")
    )
    fetcher_id: Small | None = None
    name: Prose | None = None
    description: Prose | None = None
    fetch_interval_minutes: Annotated[int, Field(ge=1, le=MAX_INTERVAL_MINUTES)] | None = None
    config: Annotated[dict[str, Any], AfterValidator(plain_json)] | None = None
    source_type: Prose | None = None


class Subscription(BaseModel):
    """A feed; from ``failures`` on additions: failed fetches in a row, and what was wrong in the last one."""

    subscription_id: int
    fetcher_id: int
    source_url: str
    name: str | None
    description: str | None
    last_fetched_at: datetime | None
    next_fetch_at: datetime | None
    fetch_interval_minutes: int
    is_active: bool
    config: dict[str, Any] | None
    source_type: str
    assignment_status: str
    assigned_at: datetime | None
    auto_selected: bool
    created_at: datetime
    updated_at: datetime
    failures: int
    last_error: str | None
    item_faults: list[dict[str, Any]] | None
    feed_kind: str | None


class SubscriptionList(BaseModel):
    """The active subscriptions."""

    subscriptions: list[Subscription]


class SubscriptionRemoved(BaseModel):
    """What it brought stays, so ``raw_items_deleted`` is always 0."""

    message: str
    subscription_id: int
    raw_items_deleted: int = 0


class FetchAccepted(BaseModel):
    """The feed is fetched in the background."""

    accepted: bool = True
    message: str
    subscription_id: int


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/subscriptions``."""

    @router.post("/subscriptions", status_code=201, responses=documented(400, 409))
    def create_subscription(body: SubscriptionInput) -> Subscription:
        """Follow a feed; it is fetched at once, in the background."""
        try:
            row = add_subscription(core, body.model_dump())
        except Conflict as error:
            error.code = "duplicate_url"
            raise
        return Subscription.model_validate(dict(row))

    @router.get("/subscriptions")
    def show_subscriptions(limit: OptionalLimit = None, offset: Offset = 0) -> SubscriptionList:
        """List the feeds that are followed."""
        rows = list_subscriptions(core, limit=limit, offset=offset)
        return SubscriptionList(subscriptions=[Subscription.model_validate(row) for row in rows])

    @router.delete("/subscriptions/{subscription_id}", responses=documented(404))
    def delete_subscription(subscription_id: IdInPath) -> SubscriptionRemoved:
        """Stop following a feed. What it brought stays: titles, downloads and files."""
        remove_subscription(core, subscription_id)
        message = _("The feed is not followed any more; what it brought stays.")
        return SubscriptionRemoved(message=message, subscription_id=subscription_id)

    @router.post("/subscriptions/{subscription_id}/fetch", status_code=202, responses=documented(404))
    def fetch_subscription(subscription_id: IdInPath) -> FetchAccepted:
        """Fetch a feed now, in the background; its row says what came of it."""
        row = get_subscription(core, subscription_id)
        core.wake("fetch", str(subscription_id))
        message = _("{url} is being fetched.", url=row["source_url"])
        return FetchAccepted(message=message, subscription_id=subscription_id)
