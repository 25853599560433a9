"""Identity: which work a series is, what is suggested, what follows from it; posters."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from seiton.core.identity.editing import accept, accept_exact, list_ids, remove_id, set_id, suggest
from seiton.core.identity.fixes import list_fixes
from seiton.core.identity.merging import list_merges, merge, preview_merge
from seiton.core.identity.pictures import read_picture
from seiton.core.identity.title_order import get_title_order, preview_title_order, set_title_order
from seiton.core.service import Core
from seiton.domain.pins import PinField
from seiton.domain.states import IdSource, IdStanding
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.core_api.parsers import PlanId
from seiton.faces.core_api.pins import PinWritten
from seiton.faces.fields import MOST, Id, IdInPath, Offset, cap, words_of
from seiton.faces.problems import documented

Limit = Annotated[int, Query(ge=0, le=MOST), cap(200)]


class ExternalId(BaseModel):
    """An id that a series has or may have. ``titles``, ``year``, ``picture_url`` are of a suggestion.

    ``is_exact``: a suggestion that has just the title, the season and the year of its series.
    """

    external_id: int
    namespace: str
    value: str
    series_id: int
    anime_title: str
    series_no: int
    standing: IdStanding
    source: IdSource
    titles: list[str]
    year: int | None
    picture_url: str | None
    is_exact: bool
    updated_at: datetime


class ExternalIdInput(BaseModel):
    """An id by hand: ``bgm`` and the number from the address of its page."""

    namespace: Annotated[str, Field(max_length=40)]
    value: Annotated[str, Field(max_length=100)]


class Merge(BaseModel):
    """A series that claims an id which another one has: it is to become ``into_series_id``."""

    namespace: str
    value: str
    series_id: int
    anime_title: str
    series_no: int
    into_series_id: int
    into_title: str
    into_series_no: int


class MergeInput(BaseModel):
    """The series that another one is to become; ``plan_id`` as a preview gave it."""

    into_series_id: Id
    plan_id: PlanId | None = None


class FixOffered(BaseModel):
    """A field of a series that facts say is otherwise; pin it, or preview that, at ``path``."""

    series_id: int
    anime_title: str
    series_no: int
    field: PinField
    now: str | int
    value: str | int
    namespace: str
    id_value: str
    path: str


class TitleOrder(BaseModel):
    """The languages that titles are wanted in, the best first: zh-Hant, zh-Hans, ja, romaji, en."""

    languages: list[Annotated[str, Field(max_length=10)]] = Field(max_length=10)


class TitleOrderInput(TitleOrder):
    """Another order; ``plan_id`` as a preview gave it."""

    plan_id: PlanId | None = None


class TitleOrderWritten(TitleOrder):
    """The order as it is now, and the resync that follows from it, if it is another one."""

    resync: PinWritten | None = None


def _shown(row: dict[str, object]) -> ExternalId:
    titles = str(row["title"]).split("\n") if row["title"] else []
    return ExternalId.model_validate(row | {"titles": titles})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/identities``, ``/series/{id}/identities``, ``/library/titles`` and ``/pictures``."""
    _add_ids(router, core)
    _add_merges(router, core)
    _add_titles(router, core)

    @router.get("/pictures/{name}", response_class=Response, responses=documented(404))
    def picture(name: Annotated[str, Path(pattern=r"^[0-9a-f]{8,64}\.(jpg|png)$")]) -> Response:
        """Give a poster, for ever the same under its name."""
        kind = "image/png" if name.endswith(".png") else "image/jpeg"
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(read_picture(core, name), media_type=kind, headers=headers)


def _add_ids(router: APIRouter, core: Core) -> None:
    @router.get("/identities")
    def show_identities(
        standing: Annotated[str | None, Query(max_length=200)] = None,
        series_id: Annotated[int | None, Query(ge=1, le=MOST)] = None,
        limit: Limit = 50,
        offset: Offset = 0,
    ) -> list[ExternalId]:
        """List external ids, also suggested and claimed ones; at most 200 at a time."""
        standings = [IdStanding(word) for word in words_of("standing", standing, IdStanding)]
        rows = list_ids(core, series_id=series_id, standings=standings, limit=limit, offset=offset)
        return [_shown(row) for row in rows]

    @router.get("/identities/fixes")
    def show_fixes(
        titles: bool = False,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 200,
        offset: Offset = 0,
    ) -> list[FixOffered]:
        """List where the facts say another season or other numbers; with ``titles`` also other titles.

        ``limit`` and ``offset`` count series of which that is so, at most 200 at a time, also those where all
        of it is pinned and that are not listed.
        """
        return [
            FixOffered(
                series_id=fix.series_id,
                anime_title=fix.anime_title,
                series_no=fix.series_no,
                field=fix.field,
                now=fix.now,
                value=fix.value,
                namespace=fix.namespace,
                id_value=fix.id_value,
                path=f"/series/{fix.series_id}/pins/{fix.field}",
            )
            for fix in list_fixes(core, limit=limit, offset=offset, with_titles=titles)[0]
        ]

    @router.post("/identities/accept-exact")
    def accept_all_exact() -> list[ExternalId]:
        """Confirm all suggestions that have just the title, season and year of their series."""
        return [_shown(row) for row in accept_exact(core)]

    @router.post("/identities/{external_id}/accept", responses=documented(404, 409))
    def accept_suggestion(external_id: IdInPath) -> ExternalId:
        """Confirm a suggestion; its facts follow in the background."""
        return _shown(accept(core, external_id))

    @router.delete("/identities/{external_id}", status_code=204, responses=documented(404))
    def delete_identity(external_id: IdInPath) -> None:
        """Say that a series is not this work: a suggestion is rejected, an id and its facts go."""
        remove_id(core, external_id)

    @router.post("/series/{series_id}/identities", responses=documented(404))
    def create_identity(series_id: IdInPath, body: ExternalIdInput) -> ExternalId:
        """Say by hand which work a series is. ``claimed``: another series has the id; merge them."""
        return _shown(set_id(core, series_id, body.namespace, body.value))

    @router.post("/series/{series_id}/identities/suggest", responses=documented(404, 409, 503))
    def suggest_identities(series_id: IdInPath) -> list[ExternalId]:
        """Search for the work that a series is; what is found is a suggestion."""
        return [_shown(row) for row in suggest(core, series_id)]


def _add_merges(router: APIRouter, core: Core) -> None:
    @router.get("/identities/merges")
    def show_merges() -> list[Merge]:
        """List series that are one with another by their id, and were not merged yet."""
        return [Merge.model_validate(row) for row in list_merges(core)]

    @router.post("/series/{series_id}/merge", responses=documented(404, 409))
    def merge_series(series_id: IdInPath, body: MergeInput) -> PinWritten:
        """Make a series another one: its titles, also those to come, are that one's. Files follow."""
        row = merge(core, series_id, body.into_series_id, plan_id=body.plan_id)
        return PinWritten.model_validate(row)

    @router.post("/series/{series_id}/merge/preview", responses=documented(404, 409))
    def preview_merging(series_id: IdInPath, body: MergeInput) -> ImpactAnswer:
        """Show what that would do."""
        return ImpactAnswer.model_validate(preview_merge(core, series_id, body.into_series_id))


def _add_titles(router: APIRouter, core: Core) -> None:
    @router.get("/library/titles")
    def show_title_order() -> TitleOrder:
        """Say in which languages titles are wanted."""
        return TitleOrder(languages=get_title_order(core))

    @router.put("/library/titles")
    def change_title_order(body: TitleOrderInput) -> TitleOrderWritten:
        """Want titles in another order of languages; NFOs follow."""
        row = set_title_order(core, body.languages, plan_id=body.plan_id)
        resync = None if row is None else PinWritten.model_validate(row)
        return TitleOrderWritten(languages=get_title_order(core), resync=resync)

    @router.post("/library/titles/preview")
    def preview_titles(body: TitleOrder) -> ImpactAnswer:
        """Show what another order would do."""
        return ImpactAnswer.model_validate(preview_title_order(core, body.languages))
