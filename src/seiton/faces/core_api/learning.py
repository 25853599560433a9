"""Teach by example, and the shapes of titles that no parser reads."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from seiton.core.rules.learning import MAX_SHOWN, Cluster, Lesson, learn_parser, list_unmatched_shapes
from seiton.core.rules.rulesets import columns_of
from seiton.core.service import Core
from seiton.domain.example_pattern import Mark
from seiton.domain.rules import ParserRule
from seiton.faces.core_api.parser_preview import Parsed
from seiton.faces.core_api.parsers import ParserInput
from seiton.faces.fields import MOST, Prose, cap

Marked = Literal[
    "anime_title", "episode_no", "episode_end", "series_no", "subtitle_group", "resolution", "year"
]
Fixed = Literal["episode_no", "series_no", "subtitle_group", "resolution", "year"]

LOOKED_AT = "Seiton-Looked-At"
"""The header that says how many titles were looked at, where there are more."""


class Place(BaseModel):
    """Where a field stands in the title: characters from ``start`` up to ``stop``."""

    model_config = ConfigDict(extra="forbid")

    start: Annotated[int, Field(ge=0, le=MOST)]
    stop: Annotated[int, Field(ge=0, le=MOST)]


class Example(BaseModel):
    """A title, and what it says: by field the text of it, or its place; ``fixed`` is what it does not say."""

    title: Annotated[str, Field(min_length=1, max_length=2000)]
    marks: dict[Marked, Prose | Place]
    fixed: dict[Fixed, Prose] = {}
    limit: Annotated[int, Field(ge=0, le=MOST), cap(MAX_SHOWN)] = 50


class MatchedTitle(BaseModel):
    """A stored title that the parser reads."""

    item_id: int
    title: str
    parse_result: Parsed


class LessonAnswer(BaseModel):
    """The parser that the example teaches, ready for ``POST /parsers``, and what it reads of the newest
    ``looked_at`` titles; ``has_more``: there are older ones.
    """

    parser: ParserInput
    total_matches: int
    matches: list[MatchedTitle]
    looked_at: int
    has_more: bool


class ExampleTitle(BaseModel):
    """A stored title."""

    item_id: int
    title: str


class UnmatchedShape(BaseModel):
    """Titles of one group that are built alike and that no parser reads.

    ``parser`` is a proposal, made from an example: look at it before you save it. ``assumed`` names the
    fields that the titles do not say.
    """

    group: str | None
    form: str
    total: int
    examples: list[ExampleTitle]
    parser: ParserInput | None
    assumed: list[str]


def _draft(rule: ParserRule) -> ParserInput:
    columns: dict[str, Any] = {name: value for name, value in columns_of(rule).items() if name != "edition"}
    return ParserInput.model_validate(columns)


def _lesson(lesson: Lesson) -> LessonAnswer:
    return LessonAnswer(
        parser=_draft(lesson.rule),
        total_matches=lesson.total,
        matches=[
            MatchedTitle(
                item_id=match.item_id, title=match.title, parse_result=Parsed.model_validate(match.parsed)
            )
            for match in lesson.matches
        ],
        looked_at=lesson.looked_at,
        has_more=lesson.has_more,
    )


def _shape(cluster: Cluster) -> UnmatchedShape:
    proposal = cluster.proposal
    return UnmatchedShape(
        group=cluster.shape.group,
        form=cluster.shape.form,
        total=cluster.total,
        examples=[ExampleTitle.model_validate(dict(row)) for row in cluster.examples],
        parser=_draft(proposal.rule) if proposal else None,
        assumed=list(proposal.assumed) if proposal else [],
    )


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/parsers/learn`` and ``/raw-items/unmatched-shapes``. Before ``/raw-items/{item_id}``."""

    @router.post("/parsers/learn")
    def learn_one(body: Example) -> LessonAnswer:
        """Make a parser from one title in which the fields are marked. It is shown, not saved."""
        marks: dict[str, str | Mark] = {
            name: Mark(start=mark.start, stop=mark.stop) if isinstance(mark, Place) else mark
            for name, mark in body.marks.items()
        }
        fixed = {str(name): value for name, value in body.fixed.items()}
        return _lesson(learn_parser(core, body.title, marks, fixed, limit=body.limit))

    @router.get("/raw-items/unmatched-shapes")
    def show_shapes(
        limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 50,
        *,
        response: Response,
    ) -> list[UnmatchedShape]:
        """Put the titles that no parser reads together by shape, the most frequent first, with proposals.

        Only the newest 500 of them: where there are more, the header ``Seiton-Looked-At`` has that number.
        """
        found = list_unmatched_shapes(core, limit=limit)
        if found.has_more:
            response.headers[LOOKED_AT] = str(found.looked_at)
        return [_shape(cluster) for cluster in found.clusters]
