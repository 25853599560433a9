"""Create, edit and delete filter rules. Each write is a cause: links are flagged, downloads follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.following import await_cause
from seiton.core.causes.history import require_last
from seiton.core.causes.records import record_cause
from seiton.core.filters.refilter import mark_changed
from seiton.core.links.flags import filter_rule_of
from seiton.core.queries import Record, fetch_all
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.filters import TargetType, check_rule
from seiton.domain.states import ResyncState
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

WRITABLE = ("rule_order", "regex_pattern", "is_positive", "target_type", "target_id", "is_enabled")
ORDERS = range(-(2**31), 2**31)

_TARGETS = {
    TargetType.ANIME: tables.animes.c.anime_id,
    TargetType.ANIME_SERIES: tables.series.c.series_id,
    TargetType.SUBTITLE_GROUP: tables.subtitle_groups.c.group_id,
    TargetType.SUBSCRIPTION: tables.subscriptions.c.subscription_id,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterWrite:
    """What a write did: the rule (``None`` when deleted) and the cause of what follows from it."""

    rule: Row | None
    resync: Row


def list_filters(core: Core, target_type: TargetType | None, target_id: int | None) -> list[Record]:
    """Return the rules of exactly this target (``None``: of all targets) by order; nothing is inherited."""
    table = tables.filter_rules
    query = sa.select(table).order_by(
        table.c.target_type, table.c.target_id, table.c.rule_order, table.c.rule_id
    )
    if target_type is not None:
        check_target(target_type, target_id)
        query = query.where(table.c.target_type == target_type)
        query = query.where(
            table.c.target_id.is_(None) if target_id is None else table.c.target_id == target_id
        )
    with core.database.read() as connection:
        return fetch_all(connection, query)


def get_filter(core: Core, rule_id: int) -> Record:
    """Return one rule. Raises ``NotFound``."""
    with core.database.read() as connection:
        return dict(_require(connection, rule_id))


def _require(connection: sa.Connection, rule_id: int) -> Row:
    table = tables.filter_rules
    row = connection.execute(sa.select(table).where(table.c.rule_id == rule_id)).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no filter rule {rule_id}.", rule_id=rule_id))
    return row


def create_filter(
    core: Core, values: Mapping[str, Any], *, plan_id: str | None = None, undoes: Row | None = None
) -> FilterWrite:
    """Save a rule; without ``rule_order`` after the others of its target. ``plan_id``: that of its preview.

    ``undoes`` is the cause that deleted it: then it has its number again. Raises ``InvalidInput`` field by
    field, and ``Conflict`` when the order is taken.
    """
    columns: dict[str, Any] = {"target_id": None, "is_enabled": True, "rule_order": None}
    columns |= {name: value for name, value in values.items() if name in WRITABLE}
    now = core.now()
    with core.database.write() as connection:
        lock_state(connection)
        if columns["rule_order"] is None:
            columns["rule_order"] = _next_order(connection, columns)
        check_filter(connection, columns)
        _require_free_order(connection, columns, None)
        row = columns | {"created_at": now, "updated_at": now, "version": 1}
        if undoes is not None:
            row["rule_id"] = undoes["subject_id"]
        key = connection.execute(sa.insert(tables.filter_rules).values(row)).inserted_primary_key
        rule = _require(connection, key[0] if key is not None else 0)
        resync_id = _cause(core, connection, "filter_created", None, rule, plan_id, undoes)
    return FilterWrite(rule=rule, resync=_follow(core, resync_id))


def update_filter(
    core: Core,
    rule_id: int,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    plan_id: str | None = None,
    undoes: Row | None = None,
) -> FilterWrite:
    """Change a rule, or switch it on or off; what ``values`` leaves out stays as it is.

    Raises ``InvalidInput``, ``NotFound``, and ``Conflict`` when the order is taken, or when ``version`` is
    given and another edit came in between.
    """
    now = core.now()
    table = tables.filter_rules
    with core.database.write() as connection:
        lock_state(connection)
        before = _require(connection, rule_id)
        if version is not None and before["version"] != version:
            raise Conflict(_("The filter rule was changed meanwhile; look at it again."))
        changes = {name: value for name, value in values.items() if name in WRITABLE}
        if changes.get("target_type", before["target_type"]) != before["target_type"]:
            changes.setdefault("target_id", None)  # the number was one of another kind
        after = {name: before[name] for name in WRITABLE} | changes
        check_filter(connection, after)
        _require_free_order(connection, after, rule_id)
        connection.execute(
            sa.update(table)
            .where(table.c.rule_id == rule_id)
            .values(changes | {"updated_at": now, "version": before["version"] + 1})
        )
        rule = _require(connection, rule_id)
        resync_id = _cause(core, connection, "filter_updated", before, rule, plan_id, undoes)
    return FilterWrite(rule=rule, resync=_follow(core, resync_id))


def delete_filter(
    core: Core, rule_id: int, *, plan_id: str | None = None, undoes: Row | None = None
) -> FilterWrite:
    """Delete a rule; what only it kept out is fetched. Raises ``NotFound``."""
    table = tables.filter_rules
    with core.database.write() as connection:
        lock_state(connection)
        before = _require(connection, rule_id)
        connection.execute(sa.delete(table).where(table.c.rule_id == rule_id))
        resync_id = _cause(core, connection, "filter_deleted", before, None, plan_id, undoes)
    return FilterWrite(rule=None, resync=_follow(core, resync_id))


def check_target(target_type: TargetType, target_id: int | None) -> None:
    """Raise ``InvalidInput`` unless a target has an id exactly when it needs one."""
    if target_type is TargetType.GLOBAL and target_id is not None:
        message = _("A global rule applies to everything: leave the target out.")
        raise InvalidInput([Problem(field="target_id", message=message, code="invalid_target_id")])
    if target_type is not TargetType.GLOBAL and target_id is None:
        message = _("Say which one.")
        raise InvalidInput([Problem(field="target_id", message=message, code="missing_target_id")])


def check_filter(connection: sa.Connection, columns: Mapping[str, Any]) -> None:
    """Raise ``InvalidInput`` with what is wrong with a rule, by the API's field names."""
    kind = TargetType(columns["target_type"])
    check_target(kind, columns["target_id"])
    if kind in _TARGETS:
        column = _TARGETS[kind]
        found = connection.execute(sa.select(column).where(column == columns["target_id"])).first()
        if found is None:
            message = _("There is none with the number {number}.", number=columns["target_id"])
            raise InvalidInput([Problem(field="target_id", message=message, code="invalid_target_id")])
    if problem := pattern_problem(columns):
        raise InvalidInput([problem])


def pattern_problem(columns: Mapping[str, Any]) -> Problem | None:
    """Return what is wrong with the pattern of a rule, and where in it."""
    if not columns.get("regex_pattern"):
        return Problem(field="regex_pattern", message=_("This is required."), code="required")
    error = check_rule(filter_rule_of({"rule_id": 0, **columns}))
    if error is None:
        return None
    message = _(error.template, **error.values)
    if error.position is not None:
        message = _("{message} (at character {position})", message=message, position=error.position + 1)
    return Problem(field="regex_pattern", message=message, code=error.code)


def _next_order(connection: sa.Connection, columns: Mapping[str, Any]) -> int:
    table = tables.filter_rules.c
    query = sa.select(sa.func.max(table.rule_order)).where(*_same_target(columns))
    most: int | None = connection.execute(query).scalar_one()
    return 1 if most is None else min(most + 1, ORDERS[-1])


def _same_target(columns: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    table, number = tables.filter_rules.c, columns["target_id"]
    return [
        table.target_type == columns["target_type"],
        table.target_id.is_(None) if number is None else table.target_id == number,
    ]


def _require_free_order(connection: sa.Connection, columns: Mapping[str, Any], rule_id: int | None) -> None:
    table = tables.filter_rules.c
    query = sa.select(table.rule_id).where(
        *_same_target(columns), table.rule_order == columns["rule_order"], table.rule_id != (rule_id or 0)
    )
    taken = connection.execute(query).scalar()
    if taken is not None:
        raise Conflict(
            _(
                "Filter rule {rule_id} of this target has the order {rule_order} already.",
                rule_id=taken,
                rule_order=columns["rule_order"],
            )
        )


def _cause(
    core: Core,
    connection: sa.Connection,
    cause: str,
    before: Row | None,
    after: Row | None,
    plan_id: str | None,
    undoes: Row | None,
) -> int:
    """Record the edit as a cause, and whom it concerns, in the same transaction.

    Raises ``Conflict`` when it ``undoes`` a cause that another one came after.
    """
    if undoes is not None:
        require_last(connection, undoes)
    named: Row = after or before or {}
    resync_id = record_cause(
        connection,
        cause,
        core.now(),
        subject_id=named["rule_id"],
        subject_name=named["regex_pattern"],
        before={name: before[name] for name in WRITABLE} if before else None,
        after={name: after[name] for name in WRITABLE} if after else None,
        confirmed_plan_id=plan_id,
        undoes=undoes["resync_id"] if undoes is not None else None,
    )
    targets = {filter_rule_of(row).target for row in (before, after) if row is not None}
    mark_changed(connection, resync_id, targets, lock_state(connection))
    return resync_id


def _follow(core: Core, resync_id: int) -> Row:
    """Start the work and wait for it a little; it goes on whether or not anybody waits."""
    core.wake("filters", "")
    return await_cause(core, resync_id, lambda cause: cause["state"] != ResyncState.RUNNING)
