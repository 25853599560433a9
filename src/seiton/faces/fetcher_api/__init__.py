"""The Fetcher's HTTP interface (contract §1.6)."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from seiton.errors import InvalidInput, Problem
from seiton.faces.fields import Id
from seiton.faces.service_door import is_service
from seiton.fetcher import MAX_URL, Errand, Fetcher
from seiton.text import _

Url = Annotated[str, Field(max_length=MAX_URL)]


class Health(BaseModel):
    """The fetcher answers."""

    status: Literal["ok"] = "ok"
    service: Literal["fetcher"] = "fetcher"


class FetchRequest(BaseModel):
    """A feed to fetch, and where to deliver what is in it."""

    subscription_id: Id
    rss_url: Url
    callback_url: Url


class Accepted(BaseModel):
    """It is fetched in the background."""

    accepted: bool = True
    message: str


class Question(BaseModel):
    """Would this fetcher look after a feed?"""

    source_url: Url
    source_type: str


class Answer(BaseModel):
    """It would; a no is an answer without a body."""

    can_handle: bool


def create_fetcher_api(fetcher: Fetcher) -> APIRouter:
    """Return the routes over ``fetcher``."""
    router = APIRouter()

    @router.get("/health")
    def health() -> Health:
        """Say that the fetcher answers."""
        return Health()

    @router.post("/fetch", status_code=202)
    def fetch(body: FetchRequest, http: Request) -> Accepted:
        """Fetch a feed in the background and deliver it to ``callback_url``."""
        if not fetcher.can_handle(body.rss_url, "rss"):
            message = _("Give the address of a feed, such as https://example.org/rss.")
            raise InvalidInput([Problem(field="rss_url", message=message)])
        errand = Errand(
            subscription_id=body.subscription_id, url=body.rss_url, callback_url=body.callback_url
        )
        caller = http.client.host if http.client else None
        fetcher.accept(errand, caller, is_service=is_service(http))
        return Accepted(message=_("{url} is being fetched.", url=body.rss_url))

    @router.post("/can-handle-subscription", response_model=Answer, responses={204: {"description": "No."}})
    def can_handle(body: Question) -> Answer | Response:
        """Say whether this fetcher would look after a feed; 204: no."""
        if fetcher.can_handle(body.source_url, body.source_type):
            return Answer(can_handle=True)
        return Response(status_code=204)

    return router
