"""Taking an existing library or download folder under the rules: plan, look, confirm."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from seiton.core.adoption.adoptions import (
    confirm_adoption,
    create_adoption,
    discard_adoption,
    get_adoption,
    list_adoption_files,
    list_adoptions,
)
from seiton.core.service import Core
from seiton.domain.adopting import readable
from seiton.domain.naming import display
from seiton.domain.path_text import path_of_text
from seiton.faces.fields import MOST, IdInPath, Offset, cap
from seiton.faces.problems import documented

Limit = Annotated[int, Query(ge=0, le=MOST), cap(200)]


class AdoptionInput(BaseModel):
    """``path``: a folder in the library or in a download folder, as the viewer sees it."""

    path: Annotated[str, Field(min_length=1, max_length=4096)]


class ConfirmInput(BaseModel):
    """``in_place``: put everything on record and move nothing; later edits of rules do."""

    in_place: bool = False


class AdoptionCounts(BaseModel):
    """``left`` counts by reason; ``others`` are files that are no videos and belong to none."""

    files: int
    adopted: int
    stays: int
    moves: int
    held: int
    left: dict[str, int]
    others: int


class LayoutCount(BaseModel):
    """A naming template, and how many files it would leave where they are."""

    template: str
    stays: int


class AdoptedSeason(BaseModel):
    """A season that is adopted."""

    title: str
    year: int | None
    series_no: int
    episodes: int
    first_episode: int
    last_episode: int
    moves: int


class AdoptionHead(BaseModel):
    """A plan, or what was made of it. ``layouts``: the naming templates that leave most files where they are.
    ``replaced_by``: files had changed, so another plan waits.
    """

    adoption_id: int
    path: str
    is_library: bool
    state: str
    in_place: bool
    counts: AdoptionCounts | None
    layouts: list[LayoutCount]
    replaced_by: int | None
    resync_id: int | None
    created_at: datetime
    confirmed_at: datetime | None


class Adoption(AdoptionHead):
    """A plan with what it found."""

    seasons: list[AdoptedSeason]


class AdoptionList(BaseModel):
    """Plans, the newest first."""

    adoptions: list[AdoptionHead]


class AdoptionFile(BaseModel):
    """A video: what it is and who says so, or why it is left alone; where it would go, or why not.

    ``path`` is relative to the library or download folder, ``target`` to the library; ``shown`` is the path
    for people, also where its bytes are no UTF-8.
    """

    number: int
    path: str
    shown: str
    size: int
    title: str | None
    series_no: int | None
    episode_no: int | None
    episode_tenths: int | None
    year: int | None
    sources: dict[str, str] | None
    show_ids: list[tuple[str, str]] | None
    episode_ids: list[tuple[str, str]] | None
    reason: str | None
    detail: str | None
    target: str | None
    hold_reason: str | None
    source_path: str | None
    info_hash: str | None
    download_id: int | None


class AdoptionFiles(BaseModel):
    """Files of a plan, in the order of their paths."""

    files: list[AdoptionFile]


def _shown(row: dict[str, Any]) -> str:
    path = path_of_text(row["path"])
    return readable(path) or display(path)


def _adoption(row: dict[str, Any]) -> Adoption:
    return Adoption.model_validate(row | {"seasons": row["shows"]})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/library/adoptions``."""

    @router.post("/library/adoptions", status_code=201, responses=documented(404, 409))
    def plan(body: AdoptionInput) -> Adoption:
        """Look through a folder and plan to adopt its videos; no file is touched."""
        return _adoption(create_adoption(core, body.path))

    @router.get("/library/adoptions")
    def show_plans(limit: Limit = 50, offset: Offset = 0) -> AdoptionList:
        """List adoptions."""
        rows = list_adoptions(core, limit=limit, offset=offset)
        return AdoptionList(adoptions=[AdoptionHead.model_validate(row) for row in rows])

    @router.get("/library/adoptions/{adoption_id}", responses=documented(404))
    def show_plan(adoption_id: IdInPath) -> Adoption:
        """Show one adoption."""
        return _adoption(get_adoption(core, adoption_id))

    @router.get("/library/adoptions/{adoption_id}/files", responses=documented(404))
    def show_files(
        adoption_id: IdInPath,
        what: Annotated[Literal["left", "moved", "held"] | None, Query()] = None,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(1000)] = 100,
        offset: Offset = 0,
    ) -> AdoptionFiles:
        """List its files: all, those left alone, those that would be moved, those that would be held."""
        rows = list_adoption_files(core, adoption_id, what=what, limit=limit, offset=offset)
        return AdoptionFiles(
            files=[AdoptionFile.model_validate(row | {"shown": _shown(row)}) for row in rows]
        )

    @router.post("/library/adoptions/{adoption_id}/confirm", status_code=202, responses=documented(404, 409))
    def confirm(adoption_id: IdInPath, body: ConfirmInput | None = None) -> Adoption:
        """Confirm: files are put on record and moved in the background. If files changed since, nothing is
        done and ``replaced_by`` names a new plan to look at.
        """
        in_place = body.in_place if body is not None else False
        return _adoption(confirm_adoption(core, adoption_id, in_place=in_place))

    @router.delete("/library/adoptions/{adoption_id}", status_code=204, responses=documented(404, 409))
    def throw_away(adoption_id: IdInPath) -> Response:
        """Throw a plan away."""
        discard_adoption(core, adoption_id)
        return Response(status_code=204)
