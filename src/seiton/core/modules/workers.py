"""Several processes that do Core's background work: whose turn it is, and what a worker cannot help with."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from seiton.adapters.database import Database
from seiton.adapters.migrations import state_of
from seiton.core import tables
from seiton.core.service import Core
from seiton.errors import InvalidInput, Problem, Unavailable
from seiton.text import _

EARLY = 0.8
"""Share of a look's interval after which anybody may take the next one: timers are not exact."""


def take_turn(database: Database, name: str, every_s: float, now: datetime) -> bool:
    """Say whether the look ``name``, due every ``every_s`` seconds, is for this process to take now."""
    table = tables.looks
    is_due = sa.and_(table.c.name == name, table.c.looked_at <= now - timedelta(seconds=every_s * EARLY))
    try:
        with database.write() as connection:
            if connection.execute(sa.update(table).where(is_due).values(looked_at=now)).rowcount:
                return True
            known = sa.select(table.c.name).where(table.c.name == name)
            if connection.execute(known).first() is not None:
                return False
            connection.execute(sa.insert(table).values(name=name, looked_at=now))
            return True
    except IntegrityError:  # somebody else took the very first one
        return False


def note_built_in(core: Core) -> None:
    """Have workers know what Core's process has itself."""
    kinds = sorted(kind.value for kind in core.built_in)
    with core.database.write() as connection:
        connection.execute(sa.update(tables.state).values(built_in=kinds))


def check_help(core: Core) -> None:
    """Raise ``Unavailable`` where a worker would do harm: Core has modules in its own process."""
    with core.database.read() as connection:
        kinds = connection.execute(sa.select(tables.state.c.built_in)).scalar_one_or_none()
    if kinds is None:
        raise _no_core()
    if kinds:
        raise Unavailable(
            _(
                "The Core of this database has its own {kinds} in one process (seiton serve), where a worker"
                " cannot reach them. Workers help a Core that runs by itself: seiton core.",
                kinds=", ".join(kinds),
            )
        )


def join_core(database: Database) -> str:
    """Return the instance id of the Core whose database this is.

    Raises ``InvalidInput`` for a database that only one process may work on, and ``Unavailable`` where no
    Core of this version ran.
    """
    if database.is_sqlite:
        message = _("A worker needs the PostgreSQL database of its Core: --database-url postgresql://…")
        raise InvalidInput([Problem(field="database_url", message=message)])
    found, newest = state_of(database, "core")
    if found is None:
        raise _no_core()
    if found != newest:
        raise Unavailable(_("Core and worker must be of the same version of Seiton."))
    with database.read() as connection:
        instance_id = connection.execute(sa.select(tables.state.c.instance_id)).scalar_one_or_none()
    if instance_id is None:
        raise _no_core()
    return str(instance_id)


def _no_core() -> Unavailable:
    return Unavailable(_("No Core has run on this database yet. Start one: seiton core --database-url …"))
