"""Let a cause that waits for a person go on, or take back what it was the cause of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.causes.brake import NO_EFFECTS, Effects, waiting_plan
from seiton.core.causes.history import require_last
from seiton.core.causes.records import require_cause
from seiton.core.causes.rehearsal import Done
from seiton.core.downloads.choices import policy_within
from seiton.core.downloads.wanting import cancel_downloads, choose_downloads, take_choices, unwanted_downloads
from seiton.core.filing.finishing import close_finished
from seiton.core.filing.naming import CAUSE as NAMING
from seiton.core.filing.naming import is_renaming
from seiton.core.filing.renaming import rename_within
from seiton.core.filters.rules import create_filter, delete_filter, update_filter
from seiton.core.identity.holding import HELD, RELEASED, exchange_within
from seiton.core.identity.knowing import CAUSE as UPDATED
from seiton.core.identity.merging import CAUSE as MERGED
from seiton.core.identity.merging import split_within
from seiton.core.identity.title_order import CAUSE as TITLES
from seiton.core.identity.title_order import order_within
from seiton.core.links.making import Episode
from seiton.core.links.wanted import ADOPTED
from seiton.core.rules.parsers import WRITABLE, add_parser, change_parser, drop_parser
from seiton.core.rules.pinning import pin_within
from seiton.core.rules.rulesets import is_unfinished, lock_state
from seiton.core.service import Core
from seiton.domain.duplicates import Choice
from seiton.domain.pins import PinField
from seiton.domain.states import CancelReason, ResyncState
from seiton.errors import Conflict
from seiton.text import _

_FILTERS = "filter_"
REJECTABLE = frozenset(
    {
        *(f"{_FILTERS}{word}" for word in ("created", "updated", "deleted")),
        *(f"parser_{word}" for word in ("created", "updated", "deleted")),
        "policy_changed",
        NAMING,
        "pin_set",
        "pin_removed",
        MERGED,
        TITLES,
        UPDATED,
        HELD,
        RELEASED,
    }
)
"""Causes that are taken back by the opposite edit."""


def confirm(core: Core, resync_id: int, *, plan_id: str | None = None) -> None:
    """Let a cause that waits do what it would do; with ``plan_id``, only if that is what waits.

    Raises ``NotFound``, and ``Conflict`` when it does not wait (any more) or is another plan by now: then
    it goes on waiting, as it is now.
    """
    is_same = True
    with core.database.write() as connection:
        lock_state(connection)
        cause = _require_waiting(connection, resync_id)
        if plan_id is not None and plan_id not in {cause["plan_id"], cause["waiting_plan_id"]}:
            raise Conflict(_changed(resync_id))
        if cause["cause"].startswith(_FILTERS):
            # What its rules would do is worked out again before it is done.
            _set(connection, resync_id, ResyncState.RUNNING, core, confirmed=cause["plan_id"])
        elif is_unfinished(connection) or is_renaming(connection):
            raise Conflict(_("Titles are being parsed again: look at it again in a moment."))
        else:
            is_same = _release(core, connection, cause)
    if not is_same:
        raise Conflict(_changed(resync_id))
    for job in ("filters", "reconcile", "downloads", "torrents"):
        core.wake(job, "")


def _changed(resync_id: int) -> str:
    return _("Resync {resync_id} is another plan by now: look at it again.", resync_id=resync_id)


def _require_waiting(connection: sa.Connection, resync_id: int) -> Row:
    cause = require_cause(connection, resync_id)
    if cause["state"] != ResyncState.WAITING:
        raise Conflict(_("Resync {resync_id} does not wait for a confirmation.", resync_id=resync_id))
    return cause


def _set(
    connection: sa.Connection, resync_id: int, state: ResyncState, core: Core, **values: str | None
) -> None:
    table = tables.resyncs
    changes: dict[str, Any] = {"state": state.value}
    if "confirmed" in values:
        changes |= {"confirmed_at": core.now(), "confirmed_plan_id": values["confirmed"]}
    if state is ResyncState.REJECTED:
        changes["finished_at"] = core.now()
    connection.execute(sa.update(table).where(table.c.resync_id == resync_id).values(changes))


def _release(core: Core, connection: sa.Connection, cause: Row) -> bool:
    """Release what waits if it is what waited when it was shown; else record what it is now."""
    resync_id, now = cause["resync_id"], core.now()
    table, waiting = tables.resyncs, tables.waiting_downloads
    rows = connection.execute(sa.select(waiting).where(waiting.c.resync_id == resync_id)).mappings().all()
    connection.execute(sa.delete(waiting).where(waiting.c.resync_id == resync_id))
    choices, cancels = _downloads(connection, rows, now)
    effects = Effects(starts=tuple(choice.link_id for choice in choices), cancels=tuple(cancels))
    found = waiting_plan(connection, resync_id, effects if rows else NO_EFFECTS)
    if found != cause["waiting_plan_id"]:
        _wait_again(connection, resync_id, effects)
        changes = {"waiting_plan_id": found, "starts": len(effects.starts), "cancels": len(effects.cancels)}
        connection.execute(sa.update(table).where(table.c.resync_id == resync_id).values(changes))
        return False
    items = tables.resync_items
    connection.execute(
        sa.update(items)
        .where(items.c.resync_id == resync_id, items.c.outcome == "waiting")
        .values(outcome="pending")
    )
    cancel_downloads(connection, cancels, CancelReason.FILTER, now)
    take_choices(connection, choices, now)
    _set(connection, resync_id, ResyncState.RUNNING, core, confirmed=cause["plan_id"])
    close_finished(core, connection)
    return True


def _downloads(
    connection: sa.Connection, rows: Sequence[Row], now: datetime
) -> tuple[list[Choice], Sequence[int]]:
    """Return what the downloads that wait would be by now."""
    links = tables.links.c
    mine = {row["link_id"] for row in rows if not row["is_start"]}
    cancels = [link_id for link_id in unwanted_downloads(connection) if link_id in mine]
    episodes: set[Episode] = set()
    for part in chunks(sorted(row["link_id"] for row in rows if row["is_start"])):
        query = sa.select(links.series_id, links.episode_no, links.episode_tenths)
        found = connection.execute(query.where(links.link_id.in_(part)))
        episodes |= {(row[0], row[1], row[2]) for row in found}
    if not episodes:
        return [], cancels
    return choose_downloads(connection, episodes, now, dict.fromkeys(cancels, True)), cancels


def _wait_again(connection: sa.Connection, resync_id: int, effects: Effects) -> None:
    rows = [(link_id, True) for link_id in effects.starts]
    rows += [(link_id, False) for link_id in effects.cancels]
    for part in chunks(rows):
        connection.execute(
            sa.insert(tables.waiting_downloads),
            [{"resync_id": resync_id, "link_id": key, "is_start": start} for key, start in part],
        )


def reject(core: Core, resync_id: int) -> None:
    """Take back the edit that a cause which waits follows from: what it would have done is not done.

    Raises ``NotFound``, and ``Conflict`` when it does not wait, or was edited again since: then that is to
    be edited.
    """
    with core.database.read() as connection:
        cause = _require_waiting(connection, resync_id)
    if cause["cause"].startswith(_FILTERS):
        take_back_filter(core, cause)
        with core.database.write() as connection:
            _set(connection, resync_id, ResyncState.REJECTED, core)
        return
    with core.database.write() as connection:
        lock_state(connection)
        cause = _require_waiting(connection, resync_id)
        require_last(connection, cause)
        waiting = tables.waiting_downloads
        connection.execute(sa.delete(waiting).where(waiting.c.resync_id == resync_id))
        take_back(core, connection, cause)
        _set(connection, resync_id, ResyncState.REJECTED, core)
    for job in ("reparse", "reconcile", "downloads"):
        core.wake(job, "")


def take_back(core: Core, connection: sa.Connection, cause: Row, *, plan_id: str | None = None) -> Done:
    """Do the opposite edit, which is a cause of its own, in the caller's transaction.

    Raises ``Conflict`` for a cause that is no such edit.
    """
    before, subject_id = cause["before"], cause["subject_id"]
    match cause["cause"]:
        case "parser_created":
            saved = drop_parser(core, connection, subject_id, plan_id=plan_id)
        case "parser_updated":
            # What it left as it was may have been brought up to date since, in a built-in one.
            former = {name: before[name] for name in WRITABLE if before[name] != cause["after"][name]}
            saved = change_parser(core, connection, subject_id, former, plan_id=plan_id)
        case "parser_deleted":
            saved = add_parser(core, connection, before, parser_id=subject_id, plan_id=plan_id)
        case "policy_changed":
            return policy_within(core, connection, before, plan_id=plan_id)
        case str(word) if word == NAMING:
            return rename_within(core, connection, before["template"], plan_id=plan_id)
        case "pin_set" | "pin_removed":
            is_link = before["of"] == "link"
            return pin_within(
                core,
                connection,
                link_id=subject_id if is_link else None,
                series_id=None if is_link else subject_id,
                field=PinField(before["field"]),
                value=before["value"],
                plan_id=plan_id,
            )
        case str(word) if word == MERGED:
            return split_within(core, connection, cause, plan_id=plan_id)
        case str(word) if word in {UPDATED, HELD, RELEASED}:
            return exchange_within(core, connection, cause, plan_id=plan_id)
        case str(word) if word == TITLES:
            return order_within(core, connection, before["languages"], plan_id=plan_id)
        case str(word) if word == ADOPTED:
            raise Conflict(
                _(
                    "An adoption cannot be taken back: its files are episodes like any other now. Undo what"
                    " was edited since, or give them other names by a rule, a pin or a naming template."
                )
            )
        case _:
            raise Conflict(_("Changes of this kind cannot be taken back."))
    return Done(resync_id=saved.resync_id)


def take_back_filter(core: Core, cause: Row, *, plan_id: str | None = None) -> int:
    """Do the opposite edit of a filter rule; return the id of that cause. Raises ``Conflict``."""
    before, rule_id = cause["before"], cause["subject_id"]
    match cause["cause"]:
        case "filter_created":
            write = delete_filter(core, rule_id, plan_id=plan_id, undoes=cause)
        case "filter_deleted":
            write = create_filter(core, before, plan_id=plan_id, undoes=cause)
        case _:
            write = update_filter(core, rule_id, before, plan_id=plan_id, undoes=cause)
    return int(write.resync["resync_id"])
