"""What a parser would do, before it does it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from seiton.core.rules.parser_preview import (
    MAX_TITLES,
    ParserPreview,
    PreviewResult,
    preview_deletion,
    preview_parser,
    require_scope,
)
from seiton.core.service import Core
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.core_api.parsers import ParserDraft
from seiton.faces.fields import MOST, Id, IdInPath, Prose, cap
from seiton.faces.problems import FieldProblem, documented


class PreviewInput(ParserDraft):
    """A draft. With ``parser_id`` (or the contract's ``exclude_parser_id``) it is an edit of that parser.

    Without ``with_impact`` only titles are shown: quick enough for every key that is pressed.
    """

    target_type: Prose | None = None
    target_id: Id | None = None
    parser_id: Id | None = None
    exclude_parser_id: Id | None = None
    limit: Annotated[int, Field(ge=0, le=MOST), cap(MAX_TITLES)] | None = None
    with_impact: bool = True


class Parsed(BaseModel):
    """What a title says."""

    model_config = ConfigDict(from_attributes=True)

    anime_title: str
    episode_no: int
    series_no: int
    subtitle_group: str | None
    resolution: str | None
    season: str | None
    year: int | None
    episode_tenths: int
    episode_end: int | None
    version: int


class TitlePreview(BaseModel):
    """One stored title, by the rules as they are and as they would be."""

    title: str
    before_matched_by: str | None
    after_matched_by: str | None
    is_newly_matched: bool
    is_override: bool
    parse_result: Parsed | None
    parse_error: str | None


class PreviewAnswer(BaseModel):
    """What saving the draft would do; ``problems`` and ``impact`` are additions."""

    condition_regex_valid: bool
    parse_regex_valid: bool
    regex_error: str | None
    results: list[TitlePreview]
    problems: list[FieldProblem]
    impact: ImpactAnswer | None


def _title(result: PreviewResult) -> TitlePreview:
    parsed = result.parse_result
    return TitlePreview(
        title=result.title,
        before_matched_by=result.before_matched_by,
        after_matched_by=result.after_matched_by,
        is_newly_matched=result.is_newly_matched,
        is_override=result.is_override,
        parse_result=Parsed.model_validate(parsed) if parsed is not None else None,
        parse_error=result.parse_error,
    )


def _answer(preview: ParserPreview) -> PreviewAnswer:
    return PreviewAnswer(
        condition_regex_valid=preview.condition_regex_valid,
        parse_regex_valid=preview.parse_regex_valid,
        regex_error=preview.regex_error,
        results=[_title(result) for result in preview.results],
        problems=[FieldProblem.model_validate(asdict(problem)) for problem in preview.problems],
        impact=ImpactAnswer.model_validate(preview.impact) if preview.impact is not None else None,
    )


def add_routes(router: APIRouter, core: Core) -> None:
    """Add the previews of parsers."""

    @router.post("/parsers/preview", responses=documented(404, 409))
    def preview(body: PreviewInput) -> PreviewAnswer:
        """Show what saving a parser would do: titles before and after, and the files that would move."""
        return _answer(
            preview_parser(
                core,
                body.given(),
                parser_id=body.parser_id,
                exclude_parser_id=body.exclude_parser_id,
                scope=require_scope(body.target_type, body.target_id),
                limit=body.limit if body.limit is not None else 50,
                with_impact=body.with_impact,
            )
        )

    @router.post("/parsers/{parser_id}/preview-deletion", responses=documented(404, 409))
    def preview_removal(parser_id: IdInPath) -> ImpactAnswer:
        """Show what deleting a parser would do."""
        return ImpactAnswer.model_validate(preview_deletion(core, parser_id))
