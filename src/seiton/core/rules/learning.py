"""Teach by example, and the titles that no parser reads, put together by their shape; nothing is saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.feeds.item_pages import items_page
from seiton.core.service import Core
from seiton.domain.example_pattern import Mark
from seiton.domain.learning import TEMPLATES, NotLearnt, find_marks, learn
from seiton.domain.proposals import Proposal, propose
from seiton.domain.rules import Matched, ParsedTitle, ParserRule
from seiton.domain.shapes import Shape, shape_of
from seiton.domain.states import RawItemStatus
from seiton.domain.titles import Ruleset
from seiton.errors import InvalidInput, Problem
from seiton.text import _

MAX_SHOWN = 200
"""Most matches that a lesson shows; it counts them in all titles that it looks at."""

TRIED_ON = 5_000
"""Titles, the newest, that a lesson is tried on, as a draft is."""

MAX_LOOKED_AT = 500
"""Most unmatched titles, the newest, that are put together by shape: when those are read, others come up."""

EXAMPLES = 3
"""Titles that stand for a shape."""

UNREAD = (RawItemStatus.NO_MATCH.value, RawItemStatus.FAILED.value)
"""The states of titles that no parser reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stored title that a parser reads, and what it reads."""

    item_id: int
    title: str
    parsed: ParsedTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What an example teaches: a parser that is not saved, and what it reads of the newest ``looked_at``
    titles; ``has_more``: there are older ones.
    """

    rule: ParserRule
    matches: Sequence[Match]
    total: int
    looked_at: int
    has_more: bool


@dataclass(slots=True, kw_only=True)
class Cluster:
    """Unmatched titles of one shape; ``examples`` are the newest, ``proposal`` is made from the first."""

    shape: Shape
    total: int = 0
    examples: list[Row] = field(default_factory=list)
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """The shapes of the newest ``looked_at`` titles that no parser reads; ``has_more``: there are others."""

    clusters: Sequence[Cluster]
    looked_at: int
    has_more: bool


def learn_parser(
    core: Core,
    title: str,
    marks: Mapping[str, str | Mark],
    fixed: Mapping[str, str] | None = None,
    *,
    limit: int = 50,
) -> Lesson:
    """Return the parser that ``title`` teaches; nothing is saved.

    ``marks``: by field, the text of the title that is its value, or where it stands. ``fixed``: values that
    the title does not say. Raises ``InvalidInput`` that names the mark.
    """
    texts = {name: mark for name, mark in marks.items() if isinstance(mark, str)}
    found = find_marks(title, texts)
    if isinstance(found, NotLearnt):
        raise _refusal(found)
    places = found | {name: mark for name, mark in marks.items() if isinstance(mark, Mark)}
    rule = learn(title, places, fixed)
    if isinstance(rule, NotLearnt):
        raise _refusal(rule)
    titles, has_more = _newest(core, (), TRIED_ON)
    matches = _matches(titles, rule)
    return Lesson(
        rule=rule,
        matches=matches[: min(limit, MAX_SHOWN)],
        total=len(matches),
        looked_at=len(titles),
        has_more=has_more,
    )


def _refusal(fault: NotLearnt) -> InvalidInput:
    name = fault.field if fault.field == "marks" else f"marks.{fault.field}"
    message = _(TEMPLATES[fault.code], found=fault.found)
    return InvalidInput([Problem(field=name, message=message, code=fault.code)])


def _matches(titles: Sequence[sa.Row[Any]], rule: ParserRule) -> list[Match]:
    rules = Ruleset((rule,))
    found = ((row, rules.parse(row.title)) for row in titles)
    return [
        Match(item_id=row.item_id, title=row.title, parsed=outcome.parsed)
        for row, outcome in found
        if isinstance(outcome, Matched)
    ]


def _newest(core: Core, statuses: Sequence[str], most: int) -> tuple[Sequence[sa.Row[Any]], bool]:
    """Return the newest titles, ``most`` of them, and whether there are more."""
    items = tables.raw_items.c
    with core.database.read() as connection:
        query = items_page((items.item_id, items.title), statuses, None, None, most + 1)
        rows = connection.execute(query).all()
    return rows[:most], len(rows) > most


def list_unmatched_shapes(core: Core, *, limit: int) -> Shapes:
    """Return the shapes of the titles that no parser reads, the most frequent first, each with a proposal."""
    clusters: dict[Shape, Cluster] = {}
    titles, has_more = _newest(core, UNREAD, MAX_LOOKED_AT)
    for row in titles:
        shape = shape_of(row.title)
        cluster = clusters.setdefault(shape, Cluster(shape=shape))
        cluster.total += 1
        if len(cluster.examples) < EXAMPLES:
            cluster.examples.append({"item_id": row.item_id, "title": row.title})
    listed = sorted(clusters.values(), key=lambda cluster: (-cluster.total, -cluster.examples[0]["item_id"]))
    for cluster in listed[:limit]:
        proposals = (propose(row["title"]) for row in cluster.examples)
        cluster.proposal = next((proposal for proposal in proposals if proposal is not None), None)
    return Shapes(clusters=listed[:limit], looked_at=len(titles), has_more=has_more)
