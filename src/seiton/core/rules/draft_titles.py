"""What a draft of a parser makes of the stored titles, quick enough for every key that is pressed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.queries import fetch_all
from seiton.core.rules.parser_preview import DRAFT
from seiton.core.rules.parsers import DEFAULTS, WRITABLE, check_values, get_parser
from seiton.core.rules.rulesets import SNAPSHOT, rule_of, snapshot
from seiton.core.service import Core
from seiton.domain.captures import Piece, pieces_of
from seiton.domain.dialect import compile_pattern
from seiton.domain.rules import Failed, Matched, ParsedTitle, ParserRule
from seiton.domain.titles import Ruleset
from seiton.text import _

LOOKED_AT = 5_000
"""Titles, the newest, that a draft is tried on."""

SHOWN = 40
"""Titles of each kind that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftTitle:
    """A stored title as the draft sees it.

    ``before``: who reads it now; ``after``: who would, None for nobody. ``parsed`` and ``pieces`` are of the
    draft where it reads the title, whoever comes before it.
    """

    item_id: int
    title: str
    pieces: Sequence[Piece]
    parsed: ParsedTitle | None
    before: str | None
    after: str | None
    is_mine: bool
    error: str | None = None


@dataclass(slots=True, kw_only=True)
class DraftTitles:
    """``read``: titles that the draft reads; ``missed``: its condition is met, but it cannot read them;
    ``lost``: it reads them now and would not. Counts are of the newest ``looked_at`` titles.
    """

    read: list[DraftTitle] = field(default_factory=list)
    missed: list[DraftTitle] = field(default_factory=list)
    lost: list[DraftTitle] = field(default_factory=list)
    reads: int = 0
    misses: int = 0
    loses: int = 0
    looked_at: int = 0


def try_draft(core: Core, values: Mapping[str, Any], *, parser_id: int | None = None) -> DraftTitles:
    """Try ``values``, as an edit of ``parser_id`` or as a new parser, on the newest titles.

    Raises ``InvalidInput`` with every fault of the draft, and ``NotFound``.
    """
    stored = get_parser(core, parser_id) if parser_id is not None else None
    draft = DEFAULTS | {"name": "…"}
    if stored is not None:
        draft |= {name: stored[name] for name in (*WRITABLE, *SNAPSHOT)}
    draft |= {name: value for name, value in values.items() if name in WRITABLE}
    check_values(draft)
    draft["parser_id"] = parser_id if parser_id is not None else DRAFT
    with core.database.read() as connection:
        rules = snapshot(connection)
        items = tables.raw_items.c
        query = sa.select(items.item_id, items.title, items.parser_id)
        titles = fetch_all(connection, query.order_by(items.item_id.desc()).limit(LOOKED_AT))
    return _Trial(draft, rules).look(titles)


class _Trial:
    """A draft beside the rules as they are."""

    def __init__(self, draft: Row, rules: Sequence[Row]) -> None:
        self._id = draft["parser_id"]
        self._rule = rule_of(draft)
        self._names = {row["parser_id"]: row["name"] for row in rules} | {self._id: draft["name"]}
        others = [rule_of(row) for row in rules if row["parser_id"] != self._id]
        self._before = Ruleset([rule_of(row) for row in rules])
        self._after = Ruleset([*others, self._rule])
        self._alone = Ruleset([_enabled(self._rule)])
        self._former = Ruleset([rule_of(row) for row in rules if row["parser_id"] == self._id])
        self._condition = compile_pattern(self._rule.condition_regex)

    def look(self, titles: Sequence[Row]) -> DraftTitles:
        found = DraftTitles(looked_at=len(titles))
        for row in titles:
            alone = self._alone.parse(row["title"])
            if isinstance(alone, Matched):
                found.reads += 1
                if len(found.read) < SHOWN:
                    found.read.append(self._read(row, alone))
            elif isinstance(self._former.parse(row["title"]), Matched):
                found.loses += 1
                if len(found.lost) < SHOWN:
                    found.lost.append(self._unread(row, None))
            elif isinstance(alone, Failed) or self._condition.search(row["title"]) is not None:
                found.misses += 1
                if len(found.missed) < SHOWN:
                    error = _(alone.template, **alone.values) if isinstance(alone, Failed) else None
                    found.missed.append(self._unread(row, error))
        return found

    def _read(self, row: Row, alone: Matched) -> DraftTitle:
        pieces = pieces_of(self._rule, row["title"], alone.parsed)
        return self._title(row, pieces=pieces, parsed=alone.parsed)

    def _unread(self, row: Row, error: str | None) -> DraftTitle:
        return self._title(row, pieces=[Piece(text=row["title"])], error=error)

    def _title(
        self,
        row: Row,
        *,
        pieces: Sequence[Piece],
        parsed: ParsedTitle | None = None,
        error: str | None = None,
    ) -> DraftTitle:
        before, after = self._before.parse(row["title"]), self._after.parse(row["title"])
        return DraftTitle(
            item_id=row["item_id"],
            title=row["title"],
            pieces=pieces,
            parsed=parsed,
            before=self._names.get(before.parser_id) if isinstance(before, Matched) else None,
            after=self._names.get(after.parser_id) if isinstance(after, Matched) else None,
            is_mine=isinstance(after, Matched) and after.parser_id == self._id,
            error=error,
        )


def _enabled(rule: ParserRule) -> ParserRule:
    """Return the rule switched on: also what is switched off can be tried."""
    return replace(rule, is_enabled=True)
