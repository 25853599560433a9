"""Undo: the opposite edit, as a cause of its own, and files put back as they were before.

Core restores what was edited and computes what every download should be; where that is what it was, the
viewer gives back names, NFOs and show files exactly. Downloads begun since stay.
"""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.confirming import take_back, take_back_filter
from seiton.core.causes.history import require_last
from seiton.core.causes.records import require_cause
from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.removal.trash import restore
from seiton.core.rules.parsers import follow
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.states import ResyncState
from seiton.errors import Conflict
from seiton.text import _

_FILTER, _REMOVAL, _RESTORED = "filter_", "removed_", "restored"


def undo(core: Core, resync_id: int, *, plan_id: str | None = None) -> Row:
    """Take a cause back and have files follow in the background; return the new cause.

    A removal is restored. Raises ``NotFound``, and ``Conflict`` where a later edit of the same thing would
    go with it, where it was undone already, or where there is nothing to undo. ``plan_id`` confirms what a
    preview showed.
    """
    with core.database.read() as connection:
        cause = require_cause(connection, resync_id)
        _require_done(cause)
        if cause["cause"].startswith(_FILTER):
            require_last(connection, cause)
    if cause["cause"].startswith(_REMOVAL):
        undo_id = restore(core, resync_id)
    elif cause["cause"].startswith(_FILTER):
        undo_id = take_back_filter(core, cause, plan_id=plan_id)
    else:
        with core.database.write() as connection:
            undo_id = undo_within(core, connection, resync_id, plan_id=plan_id).resync_id
        for job in ("reconcile", "downloads", "torrents"):
            core.wake(job, "")
    return follow(core, undo_id)


def undo_within(core: Core, connection: sa.Connection, resync_id: int, *, plan_id: str | None = None) -> Done:
    """Do the same in the caller's transaction, for causes that titles or files follow from."""
    lock_state(connection)
    cause = require_cause(connection, resync_id)
    _require_done(cause)
    require_last(connection, cause)
    done = take_back(core, connection, cause, plan_id=plan_id)
    table = tables.resyncs
    connection.execute(sa.update(table).where(table.c.resync_id == done.resync_id).values(undoes=resync_id))
    return done


def preview_undo(core: Core, resync_id: int) -> Impact:
    """Say what an undo would do: what returns, what is left and why. Raises as ``undo``.

    Of a filter rule, its own preview tells; of a removal, the trash lists what comes back.
    """
    with core.database.read() as connection:
        cause = require_cause(connection, resync_id)
    if cause["cause"].startswith(_FILTER):
        raise Conflict(_("Undoing a filter rule moves no file; many downloads wait for you in any case."))
    if cause["cause"].startswith(_REMOVAL):
        raise Conflict(_("The trash lists what a restored removal gives back."))
    return rehearse(core, lambda connection: undo_within(core, connection, resync_id))


def _require_done(cause: Row) -> None:
    """Raise ``Conflict`` where there is nothing to undo."""
    resync_id, state = cause["resync_id"], cause["state"]
    if cause["cause"] == _RESTORED:
        raise Conflict(_("Resync {resync_id} restored a removal: remove it again.", resync_id=resync_id))
    if state == ResyncState.REJECTED:
        raise Conflict(_("Resync {resync_id} was rejected: nothing of it happened.", resync_id=resync_id))
    if state == ResyncState.WAITING:
        raise Conflict(_("Resync {resync_id} waits for you: reject it instead.", resync_id=resync_id))
