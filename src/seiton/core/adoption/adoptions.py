"""Adoptions from plan to confirmation: made, looked at, confirmed, thrown away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.adoption.planning import discard, plan_adoption
from seiton.core.adoption.recording import record_adoptions
from seiton.core.causes.records import record_cause
from seiton.core.queries import Record, fetch_all, page
from seiton.core.service import Core
from seiton.domain.states import AdoptionState
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

CAUSE = "adopted"


def create_adoption(core: Core, path: str) -> Record:
    """Plan to adopt the folder ``path`` and return the plan; nothing but the plan is written.

    Raises ``InvalidInput``, ``NotFound``, ``Conflict`` or ``Unavailable``.
    """
    if not path.startswith(("/", "file:/")):
        message = _("Give the whole path of the folder, from / on.")
        raise InvalidInput([Problem(field="path", message=message)])
    return get_adoption(core, plan_adoption(core, path))


def get_adoption(core: Core, adoption_id: int) -> Record:
    """Return a plan with its works and seasons. Raises ``NotFound``."""
    with core.database.read() as connection:
        row = dict(_require(connection, adoption_id))
        row["shows"] = _shows(connection, adoption_id)
    return row


def list_adoptions(core: Core, *, limit: int | None, offset: int) -> list[Record]:
    """Return plans, the newest first."""
    table = tables.adoptions
    query = sa.select(table).where(table.c.state != AdoptionState.REPLACED, table.c.digest.is_not(None))
    with core.database.read() as connection:
        return fetch_all(connection, page(query, limit, offset, table.c.adoption_id.desc()))


def list_adoption_files(
    core: Core, adoption_id: int, *, what: str | None, limit: int | None, offset: int
) -> list[Record]:
    """Return files of a plan: ``left`` alone, those that would be ``moved``, ``held``, or all. Raises
    ``NotFound``.
    """
    table = tables.adoption_files
    query = sa.select(table).where(table.c.adoption_id == adoption_id)
    conditions = {
        "left": table.c.reason.is_not(None),
        "moved": sa.and_(
            table.c.reason.is_(None), table.c.target.is_not(None), table.c.hold_reason.is_(None)
        ),
        "held": sa.and_(table.c.reason.is_(None), table.c.hold_reason.is_not(None)),
    }
    if what is not None:
        query = query.where(conditions[what])
    with core.database.read() as connection:
        _require(connection, adoption_id)
        return fetch_all(connection, page(query, limit, offset, table.c.number))


def confirm_adoption(core: Core, adoption_id: int, *, in_place: bool = False) -> Record:
    """Confirm a plan, so that its files are put on record and moved; ``in_place``: nothing of it moves.

    The folder is looked through again first. If anything would be otherwise now, the new plan takes the
    place of the old one and waits in its turn: ``replaced_by`` names it. Raises ``NotFound``, ``Conflict``
    for a plan that is not waiting, and ``InvalidInput`` where nothing is in place.
    """
    with core.database.read() as connection:
        row = _require(connection, adoption_id)
        _require_planned(row)
    if in_place and not row["is_library"]:
        message = _("This is a download folder: its files are linked into the library, or not adopted.")
        raise InvalidInput([Problem(field="in_place", message=message)])
    fresh_id = plan_adoption(core, row["path"])
    with core.database.write() as connection:
        fresh = _require(connection, fresh_id)
        row = _require(connection, adoption_id, lock=True)
        _require_planned(row)
        if fresh["digest"] != row["digest"]:
            values = {"state": AdoptionState.REPLACED.value, "replaced_by": fresh_id}
        else:
            values = {
                "state": AdoptionState.CONFIRMED.value,
                "in_place": in_place,
                "confirmed_at": core.now(),
                "resync_id": _begin_resync(core, connection, row),
            }
            discard(connection, fresh_id)
        _change(connection, adoption_id, values)
    if fresh["digest"] == row["digest"]:
        record_adoptions(core)
    return get_adoption(core, adoption_id)


def discard_adoption(core: Core, adoption_id: int) -> None:
    """Throw a plan away. Raises ``NotFound``, and ``Conflict`` once it was confirmed."""
    with core.database.write() as connection:
        _require_planned(_require(connection, adoption_id, lock=True))
        discard(connection, adoption_id)


def _change(connection: sa.Connection, adoption_id: int, values: dict[str, Any]) -> None:
    table = tables.adoptions
    connection.execute(sa.update(table).where(table.c.adoption_id == adoption_id).values(values))


def _begin_resync(core: Core, connection: sa.Connection, row: Row) -> int:
    """Record the cause that files will move by; the plan was confirmed, so nobody is asked again."""
    now = core.now()
    return record_cause(
        connection,
        CAUSE,
        now,
        subject_id=row["adoption_id"],
        subject_name=row["path"],
        reparsed=False,
        confirmed_at=now,
    )


def _require(connection: sa.Connection, adoption_id: int, *, lock: bool = False) -> Row:
    table = tables.adoptions
    query = sa.select(table).where(table.c.adoption_id == adoption_id)
    row = connection.execute(query.with_for_update() if lock else query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no adoption {adoption_id}.", adoption_id=adoption_id))
    return row


def _require_planned(row: Row) -> None:
    if row["state"] == AdoptionState.REPLACED:
        raise Conflict(
            _(
                "Files have changed, so plan {adoption_id} was replaced by plan {other}.",
                adoption_id=row["adoption_id"],
                other=row["replaced_by"],
            )
        )
    if row["state"] != AdoptionState.PLANNED or row["digest"] is None:
        message = _("Adoption {adoption_id} is not waiting for you.", adoption_id=row["adoption_id"])
        raise Conflict(message)


def _shows(connection: sa.Connection, adoption_id: int) -> Sequence[Record]:
    """Return the seasons that are adopted: work, number, files, first and last episode, unsure ones."""
    table = tables.adoption_files
    query = (
        sa.select(
            table.c.title,
            table.c.series_no,
            sa.func.max(table.c.year).label("year"),
            sa.func.count().label("episodes"),
            sa.func.min(table.c.episode_no).label("first_episode"),
            sa.func.max(table.c.episode_no).label("last_episode"),
            sa.func.count(table.c.target).label("moves"),
        )
        .where(table.c.adoption_id == adoption_id, table.c.reason.is_(None))
        .group_by(table.c.title, table.c.series_no)
        .order_by(table.c.title, table.c.series_no)
    )
    return fetch_all(connection, query)
