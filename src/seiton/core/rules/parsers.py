"""Create, edit and delete parsers. Each write is a cause: a new version of the rules, and a resync of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.following import await_cause
from seiton.core.causes.records import record_cause
from seiton.core.rules.builtin import SWITCHES
from seiton.core.rules.rulesets import BEHAVIOUR, BUILTIN, advance, lock_state, rule_of
from seiton.core.service import Core
from seiton.domain.rules import FIELDS, MAX_NAME, RuleFault, check_rule
from seiton.domain.states import ParserKind, SourceType
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

WRITABLE = (*BEHAVIOUR, "description", "created_from_type", "created_from_id")
DEFAULTS: dict[str, Any] = dict.fromkeys(WRITABLE) | {
    "kind": ParserKind.PATTERN.value,
    "is_enabled": True,
    "priority": 0,
    "episode_offset": 0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserWrite:
    """What a write did: the parser (``None`` when deleted) and the resync that follows from it."""

    parser: Row | None
    resync: Row


def get_parser(core: Core, parser_id: int) -> Row:
    """Return one parser; raises ``NotFound``."""
    with core.database.read() as connection:
        return _require(connection, parser_id)


def _require(connection: sa.Connection, parser_id: int) -> Row:
    table = tables.parsers
    row = connection.execute(sa.select(table).where(table.c.parser_id == parser_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no parser {parser_id}.", parser_id=parser_id))
    return row


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A write in a transaction that is not committed yet: the parser, and the cause (a resync)."""

    parser: Row | None
    resync_id: int


def create_parser(core: Core, values: Mapping[str, Any], *, plan_id: str | None = None) -> ParserWrite:
    """Save a new parser and have stored titles parsed by it. Raises ``InvalidInput`` field by field.

    ``plan_id`` names the plan of a preview, which a person has seen: if just that follows, nothing waits.
    """
    with core.database.write() as connection:
        saved = add_parser(core, connection, values, plan_id=plan_id)
    return ParserWrite(parser=saved.parser, resync=follow(core, saved.resync_id))


def add_parser(
    core: Core,
    connection: sa.Connection,
    values: Mapping[str, Any],
    *,
    parser_id: int | None = None,
    plan_id: str | None = None,
) -> Saved:
    """Do the same in the caller's transaction; ``parser_id``: under the number that it had before."""
    columns = DEFAULTS | {name: value for name, value in values.items() if name in WRITABLE}
    check_values(columns)
    now = core.now()
    lock_state(connection)
    row = columns | {"created_at": now, "updated_at": now, "origin": "user", "version": 1}
    row["edition"] = _edition(connection, columns["kind"])
    if parser_id is not None:
        row |= {"parser_id": parser_id, "version": _next_version(connection, parser_id)}
    key = connection.execute(sa.insert(tables.parsers).values(row)).inserted_primary_key
    parser_id = int(key[0]) if key is not None else 0
    parser = _require(connection, parser_id)
    return Saved(
        parser=parser,
        resync_id=_cause(core, connection, "parser_created", parser_id, None, parser, plan_id),
    )


def copy_parser(core: Core, parser_id: int) -> ParserWrite:
    """Save a copy of a parser as the user's own: same name, behaviour and rank, switched off.

    Switched off, so that it changes nothing before it was looked at. Raises ``NotFound``.
    """
    with core.database.write() as connection:
        original = _require(connection, parser_id)
        values = {name: original[name] for name in WRITABLE}
        if original["origin"] == BUILTIN:
            values["priority"] = 0  # its rank counts among the built-in ones only
        name = _("{name} (copy)", name=original["name"])[:MAX_NAME]
        saved = add_parser(core, connection, values | {"name": name, "is_enabled": False})
    return ParserWrite(parser=saved.parser, resync=follow(core, saved.resync_id))


def update_parser(
    core: Core,
    parser_id: int,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    plan_id: str | None = None,
) -> ParserWrite:
    """Change a parser; what ``values`` leaves out stays as it is.

    Raises ``InvalidInput``, ``NotFound``, and ``Conflict`` when ``version`` is given and another edit came
    in between, or when more than a switch of a built-in one would change. ``plan_id``: see ``create_parser``.
    """
    with core.database.write() as connection:
        saved = change_parser(core, connection, parser_id, values, version=version, plan_id=plan_id)
    return ParserWrite(parser=saved.parser, resync=follow(core, saved.resync_id))


def change_parser(
    core: Core,
    connection: sa.Connection,
    parser_id: int,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    plan_id: str | None = None,
) -> Saved:
    """Do the same in the caller's transaction."""
    now = core.now()
    lock_state(connection)
    before = _require(connection, parser_id)
    if version is not None and before["version"] != version:
        raise Conflict(_("The parser was changed meanwhile; look at it again."))
    changes = {name: value for name, value in values.items() if name in WRITABLE}
    refuse_builtin(before, changes)
    check_values({name: before[name] for name in WRITABLE} | changes)
    stamps: dict[str, Any] = {"updated_at": now, "version": before["version"] + 1}
    if changes.get("kind", before["kind"]) != before["kind"]:
        stamps["edition"] = _edition(connection, changes["kind"])
    connection.execute(
        sa.update(tables.parsers).where(tables.parsers.c.parser_id == parser_id).values(changes | stamps)
    )
    parser = _require(connection, parser_id)
    return Saved(
        parser=parser,
        resync_id=_cause(core, connection, "parser_updated", parser_id, before, parser, plan_id),
    )


def delete_parser(core: Core, parser_id: int, *, plan_id: str | None = None) -> ParserWrite:
    """Delete a parser, used or not; titles that only it matched keep their downloads and files.

    Raises ``NotFound``, and ``Conflict`` for a built-in one.
    """
    with core.database.write() as connection:
        saved = drop_parser(core, connection, parser_id, plan_id=plan_id)
    return ParserWrite(parser=None, resync=follow(core, saved.resync_id))


def drop_parser(
    core: Core, connection: sa.Connection, parser_id: int, *, plan_id: str | None = None
) -> Saved:
    """Do the same in the caller's transaction."""
    lock_state(connection)
    before = _require(connection, parser_id)
    if before["origin"] == BUILTIN:
        raise Conflict(
            _("{name} comes with Seiton and cannot be deleted; switch it off.", name=before["name"])
        )
    connection.execute(sa.delete(tables.parsers).where(tables.parsers.c.parser_id == parser_id))
    return Saved(
        parser=None,
        resync_id=_cause(core, connection, "parser_deleted", parser_id, before, None, plan_id),
    )


def _edition(connection: sa.Connection, kind: str) -> int:
    """Return the edition that a parser of this kind reads by: that of the structural reader, or none (0)."""
    if kind != ParserKind.STRUCTURAL:
        return 0
    query = sa.select(sa.func.max(tables.parsers.c.edition))
    return int(connection.execute(query).scalar_one() or 0)


def _next_version(connection: sa.Connection, parser_id: int) -> int:
    """Return a version that a parser which was deleted never had: each of its edits counted one."""
    table = tables.resyncs.c
    query = sa.select(sa.func.count()).where(
        table.subject_id == parser_id, table.cause.startswith("parser_", autoescape=True)
    )
    return int(connection.execute(query).scalar_one()) + 1


def _cause(
    core: Core,
    connection: sa.Connection,
    cause: str,
    parser_id: int,
    before: Row | None,
    after: Row | None,
    plan_id: str | None,
) -> int:
    """Record the edit as the cause of a resync, and the rules as a new version, in the same transaction."""
    now = core.now()
    named = after or before or {}
    resync_id = record_cause(
        connection,
        cause,
        now,
        subject_id=parser_id,
        subject_name=named.get("name"),
        before={name: before[name] for name in WRITABLE} if before else None,
        after={name: after[name] for name in WRITABLE} if after else None,
        confirmed_plan_id=plan_id,
    )
    version = advance(connection, resync_id, now)
    connection.execute(
        sa.update(tables.resyncs).where(tables.resyncs.c.resync_id == resync_id).values(rules_version=version)
    )
    return resync_id


def follow(core: Core, resync_id: int) -> Row:
    """Start the reparse and wait for it a little; it goes on whether or not anybody waits."""
    core.wake("reparse", "")
    return await_cause(core, resync_id, lambda cause: bool(cause["reparsed"]))


def refuse_builtin(before: Row, changes: Mapping[str, Any]) -> None:
    """Raise ``Conflict`` if ``changes`` are more than switches, and the parser is a built-in one."""
    if before["origin"] != BUILTIN:
        return
    others = [name for name, value in changes.items() if name in WRITABLE and before[name] != value]
    if not set(others) <= set(SWITCHES):
        raise Conflict(
            _(
                "{name} comes with Seiton and is not changed in place: copy it, change the copy,"
                " which comes first, or switch it off.",
                name=before["name"],
            )
        )


def check_values(columns: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` with every fault of a parser, by the API's field names."""
    is_structural = columns.get("kind") == ParserKind.STRUCTURAL
    if columns.get("kind") not in set(ParserKind):
        raise InvalidInput([Problem(field="kind", message=_("Choose pattern or structural."), code="kind")])
    problems = [
        Problem(field=name, message=_("This is required."), code="required")
        for name in ("name", "condition_regex", "parse_regex", "is_enabled")
        if columns.get(name) in {None, ""} and (name != "parse_regex" or not is_structural)
    ]
    problems += [
        Problem(field=name, message=_("A text cannot contain the character NUL."), code="characters")
        for name, value in columns.items()
        if isinstance(value, str) and "\0" in value
    ]
    for field in FIELDS:
        problems += _source_problems(field, columns)
    if problems:
        raise InvalidInput(problems)
    faults = check_rule(rule_of({"parser_id": 0, **columns}))
    if faults:
        raise InvalidInput([problem_of(fault) for fault in faults])


def _source_problems(field: str, columns: Mapping[str, Any]) -> list[Problem]:
    source, value = columns.get(f"{field}_source"), columns.get(f"{field}_value")
    required = field in {"anime_title", "episode_no"}
    if source is None and value is None:
        if not required:
            return []
        message = _("This is required.")
        return [Problem(field=f"{field}_source", message=message, code="required")]
    if source not in set(SourceType):
        message = _("Choose regex or static.")
        return [Problem(field=f"{field}_source", message=message, code="source")]
    if value is None:
        message = _("A source needs a value: a group such as $1, or the fixed text.")
        return [Problem(field=f"{field}_value", message=message, code="required")]
    return []


def problem_of(fault: RuleFault) -> Problem:
    """Translate a fault of a rule."""
    message = _(fault.template, **fault.values)
    if fault.position is not None:
        message = _("{message} (at character {position})", message=message, position=fault.position + 1)
    return Problem(field=fault.field, message=message, code=fault.code, position=fault.position)
