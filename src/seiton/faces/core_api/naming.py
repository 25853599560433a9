"""How names in the library are made: the naming template, what it would do, and how to change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from seiton.core.filing.naming import CurrentNaming, get_naming, samples_of, set_naming
from seiton.core.filing.renaming import NamingPreview, preview_naming
from seiton.core.service import Core
from seiton.domain.naming import DEFAULT_TEMPLATE
from seiton.domain.states import ResyncState
from seiton.domain.template_check import Sample, describe
from seiton.domain.templates import PLACEHOLDERS
from seiton.faces.core_api.impact import ImpactAnswer
from seiton.faces.fields import Prose
from seiton.faces.problems import FieldProblem, documented


class NamedSample(BaseModel):
    """An episode that is made up, and where it would lie."""

    episode: str
    path: str


class Naming(BaseModel):
    """The template as it is; ``version`` counts its edits."""

    template: str
    version: int
    updated_at: datetime
    default_template: str = DEFAULT_TEMPLATE
    placeholders: list[str] = list(PLACEHOLDERS)
    samples: list[NamedSample]


class NamingInput(BaseModel):
    """A template; with ``version`` only if it is still the one that was looked at; with ``plan_id`` as its
    preview showed it.
    """

    template: Prose
    version: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    plan_id: Annotated[str, Field(max_length=64)] | None = None


class NamingWritten(Naming):
    """The template as it is now, and the resync that it leads to; none if it was so before."""

    resync_id: int | None
    state: ResyncState | None
    reparsed: bool


class NamingDraft(BaseModel):
    """A template that is not saved."""

    template: Prose


class NamingPreviewAnswer(BaseModel):
    """What saving a template would do; without ``impact`` if it would be refused."""

    samples: list[NamedSample]
    problems: list[FieldProblem]
    impact: ImpactAnswer | None


def _samples(samples: Sequence[Sample]) -> list[NamedSample]:
    return [NamedSample(episode=describe(sample.meta), path=sample.path) for sample in samples]


def _naming(naming: CurrentNaming) -> Naming:
    return Naming(
        template=naming.template,
        version=naming.version,
        updated_at=naming.updated_at,
        samples=_samples(samples_of(naming.template)),
    )


def _answer(preview: NamingPreview) -> NamingPreviewAnswer:
    return NamingPreviewAnswer(
        samples=_samples(preview.samples),
        problems=[FieldProblem.model_validate(asdict(problem)) for problem in preview.problems],
        impact=ImpactAnswer.model_validate(preview.impact) if preview.impact is not None else None,
    )


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/library/naming``."""

    @router.get("/library/naming")
    def show_naming() -> Naming:
        """Show how names in the library are made, with samples."""
        return _naming(get_naming(core))

    @router.put("/library/naming", responses=documented(409))
    def edit_naming(body: NamingInput) -> NamingWritten:
        """Give the library another naming template; every file follows, as after an edit of a rule."""
        written = set_naming(core, body.template, version=body.version, plan_id=body.plan_id)
        resync = written.resync
        return NamingWritten(
            **_naming(written).model_dump(),
            resync_id=resync["resync_id"] if resync is not None else None,
            state=resync["state"] if resync is not None else None,
            reparsed=bool(resync["reparsed"]) if resync is not None else True,
        )

    @router.post("/library/naming/preview")
    def preview(body: NamingDraft) -> NamingPreviewAnswer:
        """Show what a naming template would do: samples, and the files that would move. Writes nothing."""
        return _answer(preview_naming(core, body.template))
