"""What a filter rule would do, by the code that would do it: nothing is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.causes.brake import Effects, id_of, is_too_much
from seiton.core.filters.refilter import changed_flags, foresee
from seiton.core.filters.rules import WRITABLE, check_target, pattern_problem
from seiton.core.links.flags import decide_links, filter_rule_of, link_chunks, load_filters
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.filters import FilterRule, FilterSet, Target, TargetType
from seiton.errors import NotFound, Problem
from seiton.text import _

DRAFT = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedLink:
    """A release; ``reason`` is the rule that keeps it out."""

    link_id: int
    raw_item_id: int | None
    title: str
    reason: int | None = None


@dataclass(slots=True, kw_only=True)
class Panel:
    """How one version of the rules sorts releases: the newest of each kind, and how many there are."""

    passed_items: list[PreviewedLink] = field(default_factory=list)
    filtered_items: list[PreviewedLink] = field(default_factory=list)
    passed: int = 0
    filtered: int = 0


@dataclass(slots=True, kw_only=True)
class FilterPreview:
    """The answer to "what would this rule do?". ``starts``, ``cancels``: links with their titles."""

    problem: Problem | None = None
    before: Panel = field(default_factory=Panel)
    after: Panel = field(default_factory=Panel)
    starts: list[Record] = field(default_factory=list)
    cancels: list[Record] = field(default_factory=list)
    is_braked: bool = False
    plan_id: str | None = None


def preview_filter(
    core: Core, values: Mapping[str, Any] | None, *, rule_id: int | None = None, limit: int
) -> FilterPreview:
    """Say what saving ``values`` would do, as an edit of ``rule_id`` or a new rule; ``None``: its deletion.

    The panels show the releases to which the rule applies, as they stand by all rules before and after.
    """
    with core.database.read() as connection:
        before = load_filters(connection)
        edited = [rule for rule in before if rule.rule_id == rule_id]
        if rule_id is not None and not edited:
            raise NotFound(_("There is no filter rule {rule_id}.", rule_id=rule_id))
        after = [rule for rule in before if rule.rule_id != rule_id]
        targets: set[Target] = {rule.target for rule in edited}
        if values is not None:
            columns = _draft(values, edited)
            check_target(TargetType(columns["target_type"]), columns["target_id"])
            if problem := pattern_problem(columns):
                return FilterPreview(problem=problem)
            draft = filter_rule_of({"rule_id": rule_id or DRAFT, **columns})
            targets.add(draft.target)
            after.append(draft)
        result, effects = _compare(connection, targets, before, after, limit)
        result.is_braked = is_too_much(core, connection, effects)
        return result


def _draft(values: Mapping[str, Any], edited: Sequence[FilterRule]) -> dict[str, Any]:
    columns: dict[str, Any] = {"target_id": None, "is_positive": True, "is_enabled": True, "rule_order": 0}
    for rule in edited:
        columns |= {"is_enabled": rule.is_enabled, "rule_order": rule.rule_order}
    return columns | {name: value for name, value in values.items() if name in WRITABLE}


def _compare(
    connection: sa.Connection,
    targets: Collection[Target],
    before: Sequence[FilterRule],
    after: Sequence[FilterRule],
    limit: int,
) -> tuple[FilterPreview, Effects]:
    result = FilterPreview()
    for rules, panel in ((before, result.before), (after, result.after)):
        filters = FilterSet(rules)
        for ids in link_chunks(connection, targets):
            for _link_id, (row, decision) in sorted(decide_links(connection, ids, filters).items()):
                reason = decision.reason.rule_id if decision.reason else None
                _sort(panel, row, reason, is_passed=decision.included, limit=limit)
        panel.passed_items.reverse()
        panel.filtered_items.reverse()
    effects = foresee(connection, changed_flags(connection, targets, FilterSet(after)))
    result.starts = _titles(connection, effects.starts)
    result.cancels = _titles(connection, effects.cancels)
    result.plan_id = id_of(connection, (), effects)
    return result, effects


def _sort(panel: Panel, row: Row, reason: int | None, *, is_passed: bool, limit: int) -> None:
    items = panel.passed_items if is_passed else panel.filtered_items
    if is_passed:
        panel.passed += 1
    else:
        panel.filtered += 1
    items.append(
        PreviewedLink(
            link_id=row["link_id"],
            raw_item_id=row["raw_item_id"],
            title=row["title"] or "",
            reason=None if reason == DRAFT else reason,
        )
    )
    if len(items) > limit:
        del items[0]  # the newest are shown


def _titles(connection: sa.Connection, link_ids: Sequence[int]) -> list[Record]:
    links = tables.links.c
    found: list[Record] = []
    for part in chunks(link_ids):
        query = sa.select(links.link_id, links.raw_item_id, links.title).where(links.link_id.in_(part))
        found += fetch_all(connection, query.order_by(links.link_id))
    return found
