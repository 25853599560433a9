"""Which library an anime goes to: the rules, what others would do, and what lies elsewhere than they say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from seiton.core.filing.library_rules import (
    Destination,
    LibraryRules,
    elsewhere,
    get_rules,
    preview_rules,
    set_rules,
)
from seiton.core.service import Core
from seiton.domain.library_rules import MOST_RULES, LibraryRule
from seiton.faces.fields import Id, Prose
from seiton.faces.problems import documented


class LibraryRuleEntry(BaseModel):
    """Of one anime, or of all whose title the pattern is found in. ``viewer``: none is the built-in one."""

    anime_id: Id | None = None
    pattern: Prose | None = None
    viewer: Annotated[str, Field(max_length=255)] | None = None


class DestinationView(BaseModel):
    """An anime: ``files`` lie with ``viewer`` and stay, ``coming`` are not filed yet and go to ``wanted``."""

    anime_id: int
    title: str
    viewer: str | None
    wanted: str | None
    files: int
    coming: int


class LibraryRulesAnswer(BaseModel):
    """The rules, the first that speaks of an anime counts; ``version`` counts edits.

    ``elsewhere``: anime of which files lie in another library than the rules say, of ``elsewhere_total``.
    """

    rules: list[LibraryRuleEntry]
    version: int
    updated_at: datetime | None
    elsewhere: list[DestinationView]
    elsewhere_total: int


class LibraryRulesDraft(BaseModel):
    """All rules in their order."""

    rules: Annotated[list[LibraryRuleEntry], Field(max_length=MOST_RULES)]


class LibraryRulesInput(LibraryRulesDraft):
    """All rules in their order; with ``version`` only if they are still those that were looked at."""

    version: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None


class LibraryRulesPreview(BaseModel):
    """The anime whose new files would go elsewhere than now, of ``total``."""

    changes: list[DestinationView]
    total: int


def _rules(draft: LibraryRulesDraft) -> list[LibraryRule]:
    return [LibraryRule(**rule.model_dump()) for rule in draft.rules]


def _views(found: Sequence[Destination]) -> list[DestinationView]:
    return [DestinationView.model_validate(asdict(one)) for one in found]


def _answer(core: Core, known: LibraryRules) -> LibraryRulesAnswer:
    found, total = elsewhere(core)
    return LibraryRulesAnswer(
        rules=[LibraryRuleEntry.model_validate(asdict(rule)) for rule in known.rules],
        version=known.version,
        updated_at=known.updated_at,
        elsewhere=_views(found),
        elsewhere_total=total,
    )


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/library/rules``."""

    @router.get("/library/rules")
    def show_rules() -> LibraryRulesAnswer:
        """Show which library an anime goes to, and which files lie elsewhere."""
        return _answer(core, get_rules(core))

    @router.put("/library/rules", responses=documented(409))
    def edit_rules(body: LibraryRulesInput) -> LibraryRulesAnswer:
        """Replace the rules. New files go by them; those that were filed stay, listed if elsewhere."""
        return _answer(core, set_rules(core, _rules(body), version=body.version))

    @router.post("/library/rules/preview")
    def preview(body: LibraryRulesDraft) -> LibraryRulesPreview:
        """Show whose new files would go elsewhere, and how many files would stay. Writes nothing."""
        found, total = preview_rules(core, _rules(body))
        return LibraryRulesPreview(changes=_views(found), total=total)
