"""Feed entries as they came: list, parse again, set aside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from seiton.core.feeds.ingest import reparse_item
from seiton.core.feeds.raw_items import count_raw_items, get_raw_item, list_raw_items
from seiton.core.feeds.searching import Reach
from seiton.core.feeds.skip import skip_raw_item
from seiton.core.service import Core
from seiton.domain.states import RawItemStatus
from seiton.errors import NotFound
from seiton.faces.fields import MOST, Id, IdInPath, Offset, cap, words_of
from seiton.faces.problems import documented
from seiton.text import _

SEARCHED_TO = "Seiton-Searched-To"
Statuses = Annotated[
    str | None, Query(description="One of pending, parsed, no_match, failed, skipped; several with commas.")
]
Limit = Annotated[int, Query(ge=0, le=MOST), cap(1000)]

Before = Annotated[
    Id | None, Query(description="Only entries older than the one of this number: the last of a page.")
]
Search = Annotated[
    str | None,
    Query(
        max_length=200,
        description="Part of the title. Width, case, punctuation and blanks do not matter.",
    ),
]


class ItemDownload(BaseModel):
    """Of the downloads of an item, the one that has got furthest."""

    status: str
    progress: float | None


class RawItem(BaseModel):
    """An entry of a feed, or an adopted file, which no subscription brought; from ``subscription_ids`` on
    additions.
    """

    item_id: int
    title: str
    description: str | None
    download_url: str
    pub_date: datetime | None
    subscription_id: int | None
    status: RawItemStatus
    parser_id: int | None
    error_message: str | None
    parsed_at: datetime | None
    created_at: datetime
    download: ItemDownload | None
    subscription_ids: list[int]
    download_type: str
    info_hash: str | None
    size: int | None
    page_url: str | None


class Count(BaseModel):
    """A number of items."""

    count: int


class ItemReparse(BaseModel):
    """What parsing one title again came to."""

    success: bool
    items_processed: int = 1
    items_parsed: int
    message: str
    status: RawItemStatus


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/raw-items``."""

    @router.get("/raw-items")
    def show_raw_items(
        status: Statuses = None,
        subscription_id: Annotated[Id | None, Query()] = None,
        limit: Limit = 100,
        offset: Offset = 0,
        before: Before = None,
        search: Search = None,
        *,
        response: Response,
    ) -> list[RawItem]:
        """List entries, the newest first; at most 1000 at a time. The next page is quickest by ``before``.

        A search looks at some thousand titles at most. Where it had to stop, the header
        ``Seiton-Searched-To`` has the number of the last one: ``before`` that number it goes on.
        """
        reach = Reach()
        rows = list_raw_items(
            core,
            statuses=words_of("status", status, RawItemStatus),
            subscription_id=subscription_id,
            limit=limit,
            offset=offset,
            before=before,
            search=search,
            reach=reach,
        )
        if reach.stopped_at is not None:
            response.headers[SEARCHED_TO] = str(reach.stopped_at)
        return [RawItem.model_validate(row) for row in rows]

    @router.get("/raw-items/count")
    def count_items(status: Statuses = None, subscription_id: Annotated[Id | None, Query()] = None) -> Count:
        """Count entries, of one subscription or of all."""
        statuses = words_of("status", status, RawItemStatus)
        return Count(count=count_raw_items(core, statuses=statuses, subscription_id=subscription_id))

    @router.get("/raw-items/{item_id}", responses=documented(404))
    def show_raw_item(item_id: IdInPath) -> RawItem:
        """Show one entry."""
        return RawItem.model_validate(get_raw_item(core, item_id))

    @router.post("/raw-items/{item_id}/reparse", responses=documented(404))
    def reparse_raw_item(item_id: IdInPath) -> ItemReparse:
        """Parse one title again, by all rules; one that was set aside takes part again."""
        if reparse_item(core, item_id) is None:
            raise NotFound(_("There is no raw item {item_id}.", item_id=item_id))
        row = get_raw_item(core, item_id)
        is_parsed = row["status"] == RawItemStatus.PARSED
        sentences = {
            RawItemStatus.PARSED: _("The title was parsed."),
            RawItemStatus.NO_MATCH: _("No parser matches the title."),
        }
        message = sentences.get(RawItemStatus(row["status"])) or row["error_message"] or ""
        return ItemReparse(
            success=is_parsed, items_parsed=int(is_parsed), message=message, status=row["status"]
        )

    @router.post("/raw-items/{item_id}/skip", status_code=204, responses=documented(404))
    def skip_item(item_id: IdInPath) -> Response:
        """Set an entry aside: no rule edit takes it up again."""
        skip_raw_item(core, item_id)
        return Response(status_code=204)
