"""Title parsers: list, create, edit, delete. Each write answers with what follows from it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from seiton.adapters.database import Row
from seiton.core.causes.history import parser_history
from seiton.core.queries import list_parsers
from seiton.core.rules.parsers import (
    WRITABLE,
    ParserWrite,
    create_parser,
    delete_parser,
    get_parser,
    update_parser,
)
from seiton.core.service import Core
from seiton.domain.states import ResyncState
from seiton.faces.core_api.resyncs import Statistics, statistics_of
from seiton.faces.fields import Id, IdInPath, Prose, Small
from seiton.faces.problems import documented

Source = Literal["regex", "static"]
Kind = Literal["pattern", "structural"]
TargetType = Literal["global", "anime", "subtitle_group", "anime_series", "fetcher", "subscription"]


class ParserFields(BaseModel):
    """What of a parser may always be left out."""

    description: Prose | None = None
    is_enabled: bool = True
    priority: Small = 0
    series_no_source: Source | None = None
    series_no_value: Prose | None = None
    subtitle_group_source: Source | None = None
    subtitle_group_value: Prose | None = None
    resolution_source: Source | None = None
    resolution_value: Prose | None = None
    season_source: Source | None = None
    season_value: Prose | None = None
    year_source: Source | None = None
    year_value: Prose | None = None
    episode_end_source: Source | None = None
    episode_end_value: Prose | None = None
    episode_offset: Small = 0
    created_from_type: TargetType | None = None
    created_from_id: Id | None = None
    kind: Kind = "pattern"

    def given(self) -> dict[str, Any]:
        """Return what the request says, without what it leaves out."""
        return {
            name: value for name, value in self.model_dump(exclude_unset=True).items() if name in WRITABLE
        }


class ParserInput(ParserFields):
    """A new parser."""

    name: Prose
    condition_regex: Prose
    parse_regex: Prose
    anime_title_source: Source
    anime_title_value: Prose
    episode_no_source: Source
    episode_no_value: Prose


PlanId = Annotated[str, Field(max_length=64)]
"""A preview gave it: when just that plan follows from the write, nothing waits for a confirmation."""


class ParserCreation(ParserInput):
    """A new parser, with ``plan_id`` (an addition) as its preview showed it."""

    plan_id: PlanId | None = None


class ParserDraft(ParserFields):
    """A parser of which anything may be left out."""

    name: Prose | None = None
    condition_regex: Prose | None = None
    parse_regex: Prose | None = None
    anime_title_source: Source | None = None
    anime_title_value: Prose | None = None
    episode_no_source: Source | None = None
    episode_no_value: Prose | None = None


class ParserChange(ParserDraft):
    """Changes to a parser: what is left out stays. With ``version``, only if nobody changed it meanwhile."""

    plan_id: PlanId | None = None
    version: Small | None = None


class Parser(ParserInput):
    """A parser as stored; ``episode_end``, ``episode_offset``, ``kind`` and from ``origin`` on additions.

    ``origin``: ``user`` or ``builtin``; a ``structural`` parser reads without a parse regex.
    """

    parser_id: int
    created_at: datetime
    updated_at: datetime
    origin: str
    version: int


class Follows(BaseModel):
    """What follows from a write. ``state`` is that of the resync: ``running`` while files move."""

    reparse: Statistics
    reparsed: bool
    resync_id: int
    state: ResyncState


class ParserWritten(Parser, Follows):
    """A parser after a write, and what follows from it."""


class ParserEdit(BaseModel):
    """One edit of a parser: when, what (its fields before and after), and the resync that followed."""

    resync_id: int
    cause: str
    state: ResyncState
    created_at: datetime
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    undoes: int | None
    undone_by: int | None


class History(BaseModel):
    """The edits of a parser, the newest first."""

    edits: list[ParserEdit]


def follows(resync: Row) -> dict[str, Any]:
    """Return what follows from a write, by the names of ``Follows``."""
    return {
        "reparse": statistics_of(resync),
        "reparsed": resync["reparsed"],
        "resync_id": resync["resync_id"],
        "state": resync["state"],
    }


def written(write: ParserWrite) -> ParserWritten:
    """Return a parser after a write as it is sent."""
    return ParserWritten.model_validate({**dict(write.parser or {}), **follows(write.resync)})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/parsers``."""

    @router.get("/parsers")
    def show_parsers(
        created_from_type: Annotated[TargetType | None, Query()] = None,
        created_from_id: Annotated[Id | None, Query()] = None,
    ) -> list[Parser]:
        """List parsers in the order in which they are tried: yours first, then by priority and id."""
        rows = list_parsers(core, created_from_type=created_from_type, created_from_id=created_from_id)
        return [Parser.model_validate(row) for row in rows]

    @router.post("/parsers", status_code=201)
    def add_parser(body: ParserCreation) -> ParserWritten:
        """Save a parser. Stored titles are parsed by it at once, and files follow."""
        return written(create_parser(core, body.given(), plan_id=body.plan_id))

    @router.get("/parsers/{parser_id}", responses=documented(404))
    def show_parser(parser_id: IdInPath) -> Parser:
        """Show one parser."""
        return Parser.model_validate(dict(get_parser(core, parser_id)))

    @router.get("/parsers/{parser_id}/history", responses=documented(404))
    def show_history(parser_id: IdInPath) -> History:
        """List the edits of a parser, the newest first, also of one that was deleted."""
        return History(edits=[ParserEdit.model_validate(row) for row in parser_history(core, parser_id)])

    @router.put("/parsers/{parser_id}", responses=documented(404, 409))
    @router.patch("/parsers/{parser_id}", responses=documented(404, 409))
    def edit_parser(parser_id: IdInPath, body: ParserChange) -> ParserWritten:
        """Change a parser; what the request leaves out stays. Titles are parsed again, and files follow."""
        write = update_parser(core, parser_id, body.given(), version=body.version, plan_id=body.plan_id)
        return written(write)

    @router.delete("/parsers/{parser_id}", responses=documented(404, 409))
    def remove_parser(parser_id: IdInPath, plan_id: Annotated[PlanId | None, Query()] = None) -> Follows:
        """Delete a parser, used or not. Titles that only it matched keep their downloads and files."""
        return Follows.model_validate(follows(delete_parser(core, parser_id, plan_id=plan_id).resync))
