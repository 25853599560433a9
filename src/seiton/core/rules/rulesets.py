"""The parsers as stored, and their snapshots by version, from which a reparse goes to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.records import record_cause
from seiton.domain.rules import FIELDS, FieldSource, ParserRule
from seiton.domain.states import ParserKind, RulesMode, SourceType
from seiton.domain.titles import Ruleset

BUILTIN = "builtin"
"""The origin of a parser that came with Seiton."""

BEHAVIOUR = (
    "kind",
    "name",
    "priority",
    "is_enabled",
    "condition_regex",
    "parse_regex",
    *(f"{field}_{part}" for field in FIELDS for part in ("source", "value")),
    "episode_offset",
)
"""The columns of a parser that say what it does."""

SNAPSHOT = ("parser_id", *BEHAVIOUR, "origin", "edition")
"""What a snapshot keeps of a parser."""


def rule_of(row: Row) -> ParserRule:
    """Return the rule that a row of ``parsers`` (or a snapshot) holds."""
    sources: dict[str, FieldSource | None] = {}
    for field in FIELDS:
        source, value = row[f"{field}_source"], row[f"{field}_value"]
        complete = source is not None and value is not None
        sources[field] = FieldSource(source=SourceType(source), value=value) if complete else None
    return ParserRule(
        parser_id=row["parser_id"],
        name=row["name"],
        priority=row["priority"],
        is_enabled=row["is_enabled"],
        condition_regex=row["condition_regex"],
        parse_regex=row["parse_regex"],
        episode_offset=row["episode_offset"],
        kind=ParserKind(row["kind"]),
        is_builtin=row.get("origin") == BUILTIN,
        edition=row.get("edition", 0),
        **sources,  # type: ignore[arg-type]
    )


def columns_of(rule: ParserRule) -> dict[str, Any]:
    """Return the columns of ``parsers`` that hold ``rule``, without its id."""
    columns: dict[str, Any] = {
        "kind": rule.kind.value,
        "edition": rule.edition,
        "name": rule.name,
        "priority": rule.priority,
        "is_enabled": rule.is_enabled,
        "condition_regex": rule.condition_regex,
        "parse_regex": rule.parse_regex,
        "episode_offset": rule.episode_offset,
    }
    for field, source in rule.sources():
        columns[f"{field}_source"] = source.source.value if source else None
        columns[f"{field}_value"] = source.value if source else None
    return columns


def snapshot(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return all parsers as they are, as plain JSON values, by id."""
    query = sa.select(*(tables.parsers.c[name] for name in SNAPSHOT)).order_by(tables.parsers.c.parser_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def lock_state(connection: sa.Connection) -> Row:
    """Lock Core's one state row to the end of the transaction and return it."""
    return connection.execute(sa.select(tables.state).with_for_update()).mappings().one()


def is_unfinished(connection: sa.Connection) -> bool:
    """Say whether there are titles that may not be parsed by the rules as they are."""
    state = tables.state.c
    query = sa.select(state.rules_version != state.reparsed_version)
    return bool(connection.execute(query).scalar_one())


def advance(
    connection: sa.Connection, resync_id: int | None, now: datetime, mode: RulesMode = RulesMode.EDIT
) -> int:
    """Store the parsers as a new version, made by ``resync_id``; return its number."""
    version: int = lock_state(connection)["rules_version"] + 1
    connection.execute(
        sa.insert(tables.rulesets).values(
            version=version,
            rules=snapshot(connection),
            resync_id=resync_id,
            mode=mode.value,
            created_at=now,
        )
    )
    connection.execute(sa.update(tables.state).values(rules_version=version))
    return version


_CAUSES = {RulesMode.UPDATE: "builtin_rules_updated", RulesMode.TAKE: "builtin_taken"}
"""An update is of the kind ``builtin_rules``; that it is taken is the user's own act, which files follow."""


def cause_of_pack(
    connection: sa.Connection,
    mode: RulesMode,
    pack_version: int,
    now: datetime,
    *,
    plan_id: str | None = None,
) -> int:
    """Record an update of the built-in parsers, or that its deferred part is taken, as a cause.

    ``plan_id``: the plan of a preview, which a person has seen.
    """
    resyncs = tables.resyncs
    resync_id = record_cause(
        connection, _CAUSES[mode], now, subject_id=pack_version, confirmed_plan_id=plan_id
    )
    version = advance(connection, resync_id, now, mode)
    connection.execute(
        sa.update(resyncs).where(resyncs.c.resync_id == resync_id).values(rules_version=version)
    )
    return resync_id


def ruleset(connection: sa.Connection, version: int) -> Ruleset:
    """Return the rules of a stored version."""
    query = sa.select(tables.rulesets.c.rules).where(tables.rulesets.c.version == version)
    stored: list[dict[str, Any]] = connection.execute(query).scalar_one()
    return Ruleset(rule_of(row) for row in stored)
