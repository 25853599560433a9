"""Teach by example, and the titles that no parser reads, put together by their shape; nothing is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.queries import fetch_all
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
"""Most matches that a lesson shows; it counts all."""

MAX_LOOKED_AT = 20_000
"""Most unmatched titles, the newest, that are put together by shape."""

EXAMPLES = 3
"""Titles that stand for a shape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A stored title that a parser reads, and what it reads."""

    item_id: int
    title: str
    parsed: ParsedTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What an example teaches: a parser that is not saved, and what it reads of the stored titles."""

    rule: ParserRule
    matches: Sequence[Match]
    total: int


@dataclass(slots=True, kw_only=True)
class Cluster:
    """Unmatched titles of one shape; ``examples`` are the newest, ``proposal`` is made from the first."""

    shape: Shape
    total: int = 0
    examples: list[Row] = field(default_factory=list)
    proposal: Proposal | None = None


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
    matches: list[Match] = []
    total = 0
    for match in _matches(core, rule):
        total += 1
        if len(matches) < min(limit, MAX_SHOWN):
            matches.append(match)
    return Lesson(rule=rule, matches=matches, total=total)


def _refusal(fault: NotLearnt) -> InvalidInput:
    name = fault.field if fault.field == "marks" else f"marks.{fault.field}"
    message = _(TEMPLATES[fault.code], found=fault.found)
    return InvalidInput([Problem(field=name, message=message, code=fault.code)])


def _matches(core: Core, rule: ParserRule) -> Iterator[Match]:
    rules = Ruleset((rule,))
    for row in _titles(core, (), None):
        outcome = rules.parse(row["title"])
        if isinstance(outcome, Matched):
            yield Match(item_id=row["item_id"], title=row["title"], parsed=outcome.parsed)


def _titles(core: Core, statuses: Sequence[str], most: int | None) -> Iterator[Row]:
    """Give stored titles, the newest first, a chunk at a time: nobody waits for the reader meanwhile."""
    items = tables.raw_items.c
    query = sa.select(items.item_id, items.title).order_by(items.item_id.desc()).limit(core.chunk)
    if statuses:
        query = query.where(items.status.in_(statuses))
    cursor: int | None = None
    given = 0
    while most is None or given < most:
        with core.database.read() as connection:
            here = query if cursor is None else query.where(items.item_id < cursor)
            rows = fetch_all(connection, here)
        yield from rows
        if len(rows) < core.chunk:
            return
        given += len(rows)
        cursor = rows[-1]["item_id"]


def list_unmatched_shapes(core: Core, *, limit: int) -> list[Cluster]:
    """Return the shapes of the titles that no parser reads, the most frequent first, each with a proposal."""
    clusters: dict[Shape, Cluster] = {}
    unread = (RawItemStatus.NO_MATCH.value, RawItemStatus.FAILED.value)
    for row in _titles(core, unread, MAX_LOOKED_AT):
        shape = shape_of(row["title"])
        cluster = clusters.setdefault(shape, Cluster(shape=shape))
        cluster.total += 1
        if len(cluster.examples) < EXAMPLES:
            cluster.examples.append(row)
    listed = sorted(clusters.values(), key=lambda cluster: (-cluster.total, -cluster.examples[0]["item_id"]))
    for cluster in listed[:limit]:
        proposals = (propose(row["title"]) for row in cluster.examples)
        cluster.proposal = next((proposal for proposal in proposals if proposal is not None), None)
    return listed[:limit]
