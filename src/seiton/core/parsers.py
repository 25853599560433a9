"""Create, edit and delete parsers. Each write is a cause: a new version of the rules, and a resync of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.builtin import SWITCHES
from seiton.core.rulesets import BEHAVIOUR, BUILTIN, advance, lock_state, rule_of
from seiton.core.service import Core
from seiton.domain.rules import FIELDS, MAX_NAME, RuleFault, check_rule
from seiton.domain.states import ParserKind, ResyncState, SourceType
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


def create_parser(core: Core, values: Mapping[str, Any]) -> ParserWrite:
    """Save a new parser and have stored titles parsed by it. Raises ``InvalidInput`` field by field."""
    columns = DEFAULTS | {name: value for name, value in values.items() if name in WRITABLE}
    check_values(columns)
    now = core.now()
    with core.database.write() as connection:
        lock_state(connection)
        row = columns | {"created_at": now, "updated_at": now, "origin": "user", "version": 1}
        key = connection.execute(sa.insert(tables.parsers).values(row)).inserted_primary_key
        parser_id = key[0] if key is not None else 0
        parser = _require(connection, parser_id)
        resync_id = _cause(core, connection, "parser_created", parser_id, None, parser)
    return ParserWrite(parser=parser, resync=wait_for_reparse(core, resync_id))


def copy_parser(core: Core, parser_id: int) -> ParserWrite:
    """Save a copy of a parser as the user's own: same name, behaviour and rank, switched off.

    Switched off, so that it changes nothing before it was looked at. Raises ``NotFound``.
    """
    with core.database.read() as connection:
        original = _require(connection, parser_id)
    values = {name: original[name] for name in WRITABLE}
    if original["origin"] == BUILTIN:
        values["priority"] = 0  # its rank counts among the built-in ones only
    name = _("{name} (copy)", name=original["name"])[:MAX_NAME]
    return create_parser(core, values | {"name": name, "is_enabled": False})


def update_parser(
    core: Core, parser_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> ParserWrite:
    """Change a parser; what ``values`` leaves out stays as it is.

    Raises ``InvalidInput``, ``NotFound``, and ``Conflict`` when ``version`` is given and another edit came
    in between.
    """
    now = core.now()
    with core.database.write() as connection:
        lock_state(connection)
        before = _require(connection, parser_id)
        if version is not None and before["version"] != version:
            raise Conflict(_("The parser was changed meanwhile; look at it again."))
        changes = {name: value for name, value in values.items() if name in WRITABLE}
        refuse_builtin(before, changes)
        check_values({name: before[name] for name in WRITABLE} | changes)
        connection.execute(
            sa.update(tables.parsers)
            .where(tables.parsers.c.parser_id == parser_id)
            .values(changes | {"updated_at": now, "version": before["version"] + 1})
        )
        parser = _require(connection, parser_id)
        resync_id = _cause(core, connection, "parser_updated", parser_id, before, parser)
    return ParserWrite(parser=parser, resync=wait_for_reparse(core, resync_id))


def delete_parser(core: Core, parser_id: int) -> ParserWrite:
    """Delete a parser, used or not; titles that only it matched keep their downloads and files."""
    with core.database.write() as connection:
        lock_state(connection)
        before = _require(connection, parser_id)
        if before["origin"] == BUILTIN:
            raise Conflict(
                _("{name} comes with Seiton and cannot be deleted; switch it off.", name=before["name"])
            )
        connection.execute(sa.delete(tables.parsers).where(tables.parsers.c.parser_id == parser_id))
        resync_id = _cause(core, connection, "parser_deleted", parser_id, before, None)
    return ParserWrite(parser=None, resync=wait_for_reparse(core, resync_id))


def _cause(
    core: Core,
    connection: sa.Connection,
    cause: str,
    parser_id: int,
    before: Row | None,
    after: Row | None,
) -> int:
    """Record the edit as the cause of a resync, and the rules as a new version, in the same transaction."""
    now = core.now()
    named = after or before or {}
    key = connection.execute(
        sa.insert(tables.resyncs).values(
            cause=cause,
            subject_id=parser_id,
            subject_name=named.get("name"),
            before={name: before[name] for name in WRITABLE} if before else None,
            after={name: after[name] for name in WRITABLE} if after else None,
            state=ResyncState.RUNNING.value,
            created_at=now,
        )
    ).inserted_primary_key
    resync_id: int = key[0] if key is not None else 0
    version = advance(connection, resync_id, now)
    connection.execute(
        sa.update(tables.resyncs).where(tables.resyncs.c.resync_id == resync_id).values(rules_version=version)
    )
    return resync_id


def wait_for_reparse(core: Core, resync_id: int) -> Row:
    """Start the reparse and wait for it a little; it goes on whether or not anybody waits."""
    core.wake("reparse", "")
    table = tables.resyncs
    query = sa.select(table).where(table.c.resync_id == resync_id)

    def look() -> Row:
        with core.database.read() as connection:
            return connection.execute(query).mappings().one()

    core.progress.wait(lambda: bool(look()["reparsed"]), core.answer_wait_s)
    return look()


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
    return Problem(field=fault.field, message=message, code=fault.code)
