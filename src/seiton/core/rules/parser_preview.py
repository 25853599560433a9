"""What an edit of a parser would do, by the code that would do it: nothing is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.rehearsal import Done, Edit, Impact, rehearse
from seiton.core.links.making import failure_text
from seiton.core.rules.pack_updates import take_within
from seiton.core.rules.parsers import (
    DEFAULTS,
    WRITABLE,
    add_parser,
    change_parser,
    check_values,
    drop_parser,
    get_parser,
    refuse_builtin,
)
from seiton.core.rules.rulesets import SNAPSHOT, rule_of, snapshot
from seiton.core.service import Core
from seiton.domain.rules import Failed, Matched, NoMatch, ParsedTitle
from seiton.domain.titles import Ruleset
from seiton.errors import InvalidInput, Problem
from seiton.text import _

DRAFT = 2**62
"""The id of a parser that is not saved: of equal priorities it comes last, as it will when it is saved."""

MAX_TITLES = 200
CURRENT = "(current)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which titles a preview shows: those of a subscription, or related to an anime, series or group."""

    kind: Literal["subscription", "fetcher", "anime", "anime_series", "subtitle_group"]
    target_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewResult:
    """One stored title, parsed by the rules as they are and as they would be (contract §3.7)."""

    title: str
    before_matched_by: str | None
    after_matched_by: str | None
    is_newly_matched: bool
    is_override: bool
    parse_result: ParsedTitle | None
    parse_error: str | None


@dataclass(slots=True, kw_only=True)
class ParserPreview:
    """The answer to "what would this parser do?"."""

    condition_regex_valid: bool = True
    parse_regex_valid: bool = True
    regex_error: str | None = None
    problems: list[Problem] = field(default_factory=list)
    results: list[PreviewResult] = field(default_factory=list)
    impact: Impact | None = None


def preview_parser(
    core: Core,
    values: Mapping[str, Any],
    *,
    parser_id: int | None = None,
    exclude_parser_id: int | None = None,
    scope: Scope | None = None,
    limit: int = 50,
    with_impact: bool = True,
) -> ParserPreview:
    """Say what saving ``values`` would do: as an edit of ``parser_id``, or as a new parser.

    ``exclude_parser_id`` is the reference's name for the parser being edited. A faulty draft gives an
    answer that names its faults. ``with_impact``: over all titles, not only those shown. Raises ``NotFound``
    for an unknown parser or scope, and ``Conflict`` for a built-in one of which more than a switch changes.
    """
    edited = parser_id if parser_id is not None else exclude_parser_id
    stored = get_parser(core, edited) if edited is not None else None
    draft = DEFAULTS | {"name": CURRENT, "is_enabled": True}
    if stored is not None:
        draft |= {name: stored[name] for name in (*WRITABLE, *SNAPSHOT)}
        refuse_builtin(stored, values)
    draft |= {name: value for name, value in values.items() if name in WRITABLE}
    try:
        check_values(draft)
    except InvalidInput as error:
        return _faulty(error.problems)
    draft_id = edited if edited is not None else DRAFT
    with core.database.read() as connection:
        before_rows = snapshot(connection)
        after_rows = [row for row in before_rows if row["parser_id"] != draft_id]
        after_rows.append({**draft, "parser_id": draft_id})
        before = Ruleset(rule_of(row) for row in before_rows)
        after = Ruleset(rule_of(row) for row in after_rows)
        titles = _titles(connection, scope, min(max(limit, 1), MAX_TITLES))
    answer = ParserPreview()
    names = {row["parser_id"]: row["name"] for row in before_rows}
    answer.results = [_result(title, before, after, names, draft_id) for title in titles]
    if with_impact:
        answer.impact = rehearse(core, _saving(core, values, edited))
    return answer


def _saving(core: Core, values: Mapping[str, Any], parser_id: int | None) -> Edit:
    def save(connection: sa.Connection) -> Done:
        if parser_id is None:
            saved = add_parser(core, connection, {"name": CURRENT, **values})
        else:
            saved = change_parser(core, connection, parser_id, values)
        return Done(resync_id=saved.resync_id)

    return save


def preview_deletion(core: Core, parser_id: int) -> Impact:
    """Say what deleting a parser would do. Raises ``NotFound``, and ``Conflict`` for a built-in one."""
    return rehearse(
        core,
        lambda connection: Done(resync_id=drop_parser(core, connection, parser_id).resync_id),
    )


def preview_deferred(core: Core) -> Impact:
    """Say what taking the deferred part of an update of the built-in parsers would do."""
    return rehearse(core, lambda connection: Done(resync_id=take_within(core, connection)))


def _faulty(problems: list[Problem]) -> ParserPreview:
    wrong = {problem.field for problem in problems}
    first = next((p.message for p in problems if p.field in {"condition_regex", "parse_regex"}), None)
    return ParserPreview(
        condition_regex_valid="condition_regex" not in wrong,
        parse_regex_valid="parse_regex" not in wrong,
        regex_error=first,
        problems=problems,
    )


def _titles(connection: sa.Connection, scope: Scope | None, limit: int) -> list[str]:
    """Return the newest titles in scope."""
    items, ties, links, series = (
        tables.raw_items,
        tables.item_subscriptions,
        tables.links,
        tables.series,
    )
    query = sa.select(items.c.title).order_by(items.c.item_id.desc()).limit(limit)
    if scope is not None:
        if scope.kind in {"subscription", "fetcher"}:
            subscriptions = sa.select(sa.literal(scope.target_id))
        else:
            column = {
                "anime": series.c.anime_id,
                "anime_series": series.c.series_id,
                "subtitle_group": links.c.group_id,
            }[scope.kind]
            related = links.join(series, series.c.series_id == links.c.series_id).join(
                ties, ties.c.item_id == links.c.raw_item_id
            )
            subscriptions = (
                sa.select(ties.c.subscription_id).select_from(related).where(column == scope.target_id)
            )
        query = query.where(
            items.c.item_id.in_(sa.select(ties.c.item_id).where(ties.c.subscription_id.in_(subscriptions)))
        )
    return list(connection.execute(query).scalars())


def _result(
    title: str, before: Ruleset, after: Ruleset, names: Mapping[int, str], draft_id: int
) -> PreviewResult:
    was, now = before.parse(title), after.parse(title)
    was_by = names.get(was.parser_id) if isinstance(was, Matched) else None
    mine = not isinstance(now, NoMatch) and now.parser_id == draft_id
    now_by = None
    if mine:
        now_by = CURRENT
    elif isinstance(now, Matched):
        now_by = names.get(now.parser_id)
    return PreviewResult(
        title=title,
        before_matched_by=was_by,
        after_matched_by=now_by,
        is_newly_matched=mine and was_by is None,
        is_override=mine and was_by is not None,
        parse_result=now.parsed if isinstance(now, Matched) else None,
        parse_error=failure_text(now) if isinstance(now, Failed) else None,
    )


def require_scope(kind: str | None, target_id: int | None) -> Scope | None:
    """Turn the request's ``target_type`` and ``target_id`` into a scope; raises ``InvalidInput``."""
    if kind is None or kind == "global":
        return None
    kinds = ("subscription", "fetcher", "anime", "anime_series", "subtitle_group")
    for known in kinds:
        if kind == known:
            if target_id is None:
                raise InvalidInput([Problem(field="target_id", message=_("This is required."))])
            return Scope(kind=known, target_id=target_id)  # type: ignore[arg-type]
    raise InvalidInput(
        [Problem(field="target_type", message=_("Choose one of {kinds}.", kinds=", ".join(kinds)))]
    )
