"""Where fetchers deliver what they read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from seiton.adapters.feeds.feed import MAX_ITEMS
from seiton.core.feeds.fetchers import take_results
from seiton.core.service import Core
from seiton.faces.fields import Id, Prose
from seiton.faces.problems import documented
from seiton.text import _


class FetcherResults(BaseModel):
    """What a fetcher read (contract §1.5); an item that cannot be used is an error on that item."""

    subscription_id: Id
    items: Annotated[list[Any], Field(max_length=MAX_ITEMS)] = []
    fetcher_source: Prose = ""
    success: bool
    error_message: str | None = None


class ResultsTaken(BaseModel):
    """``success``: every item could be used and parsed without a fault."""

    success: bool
    items_received: int
    items_parsed: int
    items_failed: int
    message: str


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/raw-fetcher-results``."""

    @router.post("/raw-fetcher-results", responses=documented(404, 409))
    def raw_fetcher_results(body: FetcherResults) -> ResultsTaken:
        """Take the entries of a feed, or word that it could not be had."""
        taken = take_results(
            core,
            body.subscription_id,
            body.items if body.success else [],
            success=body.success,
            error_message=body.error_message,
        )
        return ResultsTaken(
            success=body.success and taken.failed == 0,
            items_received=taken.received,
            items_parsed=taken.parsed,
            items_failed=taken.failed,
            message=_("{new} of {all} entries are new.", new=taken.new, all=taken.received),
        )
