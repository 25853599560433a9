"""The parsers as stored, and their snapshots by version, from which a reparse goes to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Database, Row
from seiton.core import tables
from seiton.core.desired import MAIN_LIBRARY
from seiton.domain.default_rules import DEFAULT_RULES
from seiton.domain.naming import DEFAULT_TEMPLATE
from seiton.domain.rules import FIELDS, FieldSource, ParserRule
from seiton.domain.states import SourceType
from seiton.domain.titles import Ruleset

BEHAVIOUR = (
    "name",
    "priority",
    "is_enabled",
    "condition_regex",
    "parse_regex",
    *(f"{field}_{part}" for field in FIELDS for part in ("source", "value")),
    "episode_offset",
)
"""The columns of a parser that say what it does."""


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
        **sources,  # type: ignore[arg-type]
    )


def columns_of(rule: ParserRule) -> dict[str, Any]:
    """Return the columns of ``parsers`` that hold ``rule``, without its id."""
    columns: dict[str, Any] = {
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
    names = ("parser_id", *BEHAVIOUR)
    query = sa.select(*(tables.parsers.c[name] for name in names)).order_by(tables.parsers.c.parser_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def lock_state(connection: sa.Connection) -> Row:
    """Lock Core's one state row to the end of the transaction and return it."""
    return connection.execute(sa.select(tables.state).with_for_update()).mappings().one()


def advance(connection: sa.Connection, resync_id: int | None, now: datetime) -> int:
    """Store the parsers as a new version, made by ``resync_id``; return its number."""
    version: int = lock_state(connection)["rules_version"] + 1
    connection.execute(
        sa.insert(tables.rulesets).values(
            version=version, rules=snapshot(connection), resync_id=resync_id, created_at=now
        )
    )
    connection.execute(sa.update(tables.state).values(rules_version=version))
    return version


def ruleset(connection: sa.Connection, version: int) -> Ruleset:
    """Return the rules of a stored version."""
    query = sa.select(tables.rulesets.c.rules).where(tables.rulesets.c.version == version)
    stored: list[dict[str, Any]] = connection.execute(query).scalar_one()
    return Ruleset(rule_of(row) for row in stored)


def prepare_state(database: Database, now: datetime) -> str:
    """Give a new installation its identity and first parsers; return the instance id."""
    with database.write() as connection:
        row = connection.execute(sa.select(tables.state)).mappings().one_or_none()
        if row is not None:
            return str(row["instance_id"])
        instance = str(uuid4())
        for rule in DEFAULT_RULES:
            connection.execute(
                sa.insert(tables.parsers).values(
                    columns_of(rule)
                    | {
                        # Far below anything that people choose: their own parsers come first.
                        "priority": rule.priority - 1000,
                        "origin": "builtin",
                        "created_at": now,
                        "updated_at": now,
                    }
                )
            )
        connection.execute(
            sa.insert(tables.state).values(id=1, instance_id=instance, rules_version=1, reparsed_version=1)
        )
        connection.execute(
            sa.insert(tables.rulesets).values(version=1, rules=snapshot(connection), created_at=now)
        )
        # Written down, so that another default of a later Seiton moves no file.
        connection.execute(
            sa.insert(tables.library_profiles).values(
                library=MAIN_LIBRARY, version=1, naming_template=DEFAULT_TEMPLATE, created_at=now
            )
        )
        return instance
