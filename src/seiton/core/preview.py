"""What an edit of a parser would do, by the code that would do it: nothing is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.contract import (
    MAX_BATCH,
    PlanAnswer,
    PlannedHold,
    PlannedMove,
    ViewerPlanRequest,
    ViewerResyncRequest,
)
from seiton.core import tables
from seiton.core.desired import META_COLUMNS, NAMED_LINKS, meta_of, meta_of_row, years_of
from seiton.core.links import failure_text, wanted_links
from seiton.core.parsers import DEFAULTS, WRITABLE, check_values, get_parser
from seiton.core.reparse import next_items, outcomes_of
from seiton.core.resync import resync_request
from seiton.core.rulesets import rule_of, snapshot
from seiton.core.service import Core
from seiton.domain.edits import Edit
from seiton.domain.metadata import fingerprint
from seiton.domain.rules import Failed, Matched, NoMatch, Outcome, ParsedTitle
from seiton.domain.states import IN_LIBRARY, DownloadStatus
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
class Impact:
    """What would follow for links and files, over all stored titles."""

    items_reparsed: int = 0
    links_changed: int = 0
    links_new: int = 0
    unmatched: int = 0
    moves: tuple[PlannedMove, ...] = ()
    holds: tuple[PlannedHold, ...] = ()
    unchanged: int = 0


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
) -> ParserPreview:
    """Say what saving ``values`` would do: as an edit of ``parser_id``, or as a new parser.

    ``exclude_parser_id`` is the reference's name for the parser being edited. A faulty draft gives an
    answer that names its faults. Raises ``NotFound`` for an unknown parser or scope.
    """
    edited = parser_id if parser_id is not None else exclude_parser_id
    stored = get_parser(core, edited) if edited is not None else None
    draft = DEFAULTS | {"name": CURRENT, "is_enabled": True}
    if stored is not None:
        draft |= {name: stored[name] for name in WRITABLE}
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
    answer.impact = impact_of(core, Edit(before, after))
    return answer


def preview_deletion(core: Core, parser_id: int) -> Impact:
    """Say what deleting a parser would do. Raises ``NotFound``."""
    get_parser(core, parser_id)
    with core.database.read() as connection:
        rows = snapshot(connection)
    before = Ruleset(rule_of(row) for row in rows)
    after = Ruleset(rule_of(row) for row in rows if row["parser_id"] != parser_id)
    return impact_of(core, Edit(before, after))


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


def impact_of(core: Core, edit: Edit) -> Impact:
    """Work out what an edit would change, title by title, and have the viewer plan the files."""
    impact = Impact()
    requests: list[ViewerResyncRequest] = []
    visits = edit.visits()
    cursor = 0
    while visits:
        with core.database.read() as connection:
            rows = next_items(connection, visits, cursor, core.chunk)
            pairs = outcomes_of(edit, rows)
            requests += _requests(core, connection, pairs, impact)
        if len(rows) < core.chunk:
            break
        cursor = rows[-1]["item_id"]
    plan_files(core, requests, impact)
    return impact


def _requests(
    core: Core, connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]], impact: Impact
) -> Iterable[ViewerResyncRequest]:
    """Compare what links are with what they would be; give the requests for files that would follow."""
    impact.items_reparsed += len(pairs)
    impact.unmatched += sum(isinstance(outcome, NoMatch) for _item, outcome in pairs)
    links = _links(connection, [item["item_id"] for item, _outcome in pairs])
    years = years_of(connection, {o.parsed.anime_title for _item, o in pairs if isinstance(o, Matched)})
    for item, outcome in pairs:
        if not isinstance(outcome, Matched):
            continue
        known = links.get(item["item_id"], {})
        for wanted in wanted_links(item, outcome.parsed, list(known.values())):
            row = known.get(wanted.slot)
            if row is None:
                impact.links_new += 1
                continue
            meta = meta_of(
                anime_title=wanted.title,
                series_no=wanted.series_no,
                episode_no=wanted.episode_no,
                episode_tenths=wanted.episode_tenths,
                subtitle_group=wanted.group,
                resolution=wanted.resolution,
                version=wanted.version,
                naming=row["naming_template"],
                year=years.get(wanted.title),
            )
            impact.links_changed += row["detached_at"] is not None or meta_of_row(row) != meta
            if row["status"] in IN_LIBRARY and row["desired_fingerprint"] != fingerprint(meta):
                yield resync_request(core, row, meta)


def _links(connection: sa.Connection, item_ids: Sequence[int]) -> dict[int, dict[int, Row]]:
    """Return the links of raw items by item and slot, each with its download."""
    links, downloads = tables.links, tables.downloads
    found: dict[int, dict[int, Row]] = {}
    active = sa.and_(downloads.c.link_id == links.c.link_id, downloads.c.status != DownloadStatus.CANCELLED)
    for part in chunks(item_ids):
        query = (
            sa.select(
                links.c.raw_item_id,
                links.c.slot,
                links.c.detached_at,
                *META_COLUMNS,
                downloads.c.download_id,
                downloads.c.status,
                downloads.c.library_path,
                downloads.c.desired_fingerprint,
            )
            .select_from(NAMED_LINKS.outerjoin(downloads, active))
            .where(links.c.raw_item_id.in_(part))
        )
        for row in connection.execute(query).mappings():
            found.setdefault(row["raw_item_id"], {})[row["slot"]] = row
    return found


def plan_files(core: Core, requests: Sequence[ViewerResyncRequest], impact: Impact) -> None:
    """Have the viewer plan ``requests`` together, and add to ``impact`` what it says."""
    if not requests:
        return
    plan_id = str(uuid4())
    parts = list(chunks(requests, MAX_BATCH))
    answer: PlanAnswer | None = None
    for number, part in enumerate(parts, start=1):
        last = number == len(parts)
        answer = core.viewer.plan(ViewerPlanRequest(plan_id=plan_id, items=tuple(part), last=last))
    if answer is not None:
        impact.moves, impact.holds, impact.unchanged = answer.steps, answer.holds, answer.unchanged


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
