"""The built-in parsers in the database: put there, and brought up to date with the pack that is installed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Database, Row
from seiton.core import tables
from seiton.core.filing.desired import MAIN_LIBRARY
from seiton.core.rules.rulesets import BUILTIN, cause_of_pack, columns_of, lock_state, snapshot
from seiton.domain.naming import DEFAULT_TEMPLATE
from seiton.domain.pack import Pack
from seiton.domain.states import ParserKind, RulesMode

SWITCHES = ("is_enabled", "priority")
"""What a user may change of a built-in parser in place; an update leaves it as it is."""


def prepare_state(database: Database, pack: Pack, now: datetime) -> str:
    """Give a new installation its identity and ``pack``, an older one what changed in it.

    Return the instance id.
    """
    with database.write() as connection:
        row = connection.execute(sa.select(tables.state)).mappings().one_or_none()
        if row is None:
            instance = str(uuid4())
            _store(connection, pack, now)
            connection.execute(
                sa.insert(tables.state).values(
                    id=1,
                    instance_id=instance,
                    rules_version=1,
                    reparsed_version=1,
                    pack_version=pack.version,
                )
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
        lock_state(connection)
        if _store(connection, pack, now):
            cause_of_pack(connection, RulesMode.UPDATE, pack.version, now)
        connection.execute(sa.update(tables.state).values(pack_version=pack.version))
        return str(row["instance_id"])


def _store(connection: sa.Connection, pack: Pack, now: datetime) -> bool:
    """Make the built-in parsers those of ``pack``; say whether any changed. Switches stay as they are."""
    table = tables.parsers
    query = sa.select(table).where(table.c.builtin_key.is_not(None))
    stored = {row["builtin_key"]: row for row in connection.execute(query).mappings()}
    wanted = {entry.key: columns_of(entry.rule) | {"description": entry.shapes} for entry in pack.rules}
    gone = sorted(stored.keys() - wanted.keys())
    if gone:
        connection.execute(sa.delete(table).where(table.c.builtin_key.in_(gone)))
    fresh = [_new_row(key, columns, now) for key, columns in wanted.items() if key not in stored]
    if fresh:
        connection.execute(sa.insert(table), fresh)
    changed = 0
    for key in wanted.keys() & stored.keys():
        changes = _changes(stored[key], wanted[key])
        if changes:
            changed += 1
            values = changes | {"version": stored[key]["version"] + 1, "updated_at": now}
            connection.execute(sa.update(table).where(table.c.builtin_key == key).values(values))
    editions = [entry.rule.edition for entry in pack.rules if entry.rule.edition]
    copies = sa.update(table).where(
        table.c.kind == ParserKind.STRUCTURAL, table.c.edition != max(editions, default=0)
    )
    updated = connection.execute(copies.values(edition=max(editions, default=0))).rowcount
    return bool(gone or fresh or changed or updated)


def _new_row(key: str, columns: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    priority = columns["priority"]
    stamps = {"created_at": now, "updated_at": now, "origin": BUILTIN}
    return {**columns, **stamps, "builtin_key": key, "builtin_priority": priority}


def _changes(row: Row, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an update changes of a built-in parser; a rank that the user gave it stays."""
    values = {name: value for name, value in wanted.items() if name not in SWITCHES}
    values["builtin_priority"] = wanted["priority"]
    if row["priority"] == row["builtin_priority"]:
        values["priority"] = wanted["priority"]
    return {name: value for name, value in values.items() if row[name] != value}
