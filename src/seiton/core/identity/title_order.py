"""In which language titles are wanted: a setting whose change is a resync like any other edit."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.filing.finishing import close_finished
from seiton.core.identity.placing import follow_facts, languages, place_facts, rows_of
from seiton.core.queries import Record, fetch_all
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.facts import Language
from seiton.errors import Conflict, InvalidInput, Problem
from seiton.text import _

CAUSE = "metadata_titles"


def get_title_order(core: Core) -> list[str]:
    """Return the languages, the best first."""
    with core.database.read() as connection:
        return languages(connection)


def set_title_order(core: Core, order: Sequence[str], *, plan_id: str | None = None) -> Record | None:
    """Want titles in another order of languages; return the cause, ``None``: it is that one already.

    Raises ``InvalidInput``.
    """
    checked = _checked(order)
    if checked == get_title_order(core):
        return None
    with core.database.write() as connection:
        done = order_within(core, connection, checked, plan_id=plan_id)
        close_finished(core, connection)
    core.wake("reconcile", "")
    table = tables.resyncs
    with core.database.read() as connection:
        return fetch_all(connection, sa.select(table).where(table.c.resync_id == done.resync_id))[0]


def preview_title_order(core: Core, order: Sequence[str]) -> Impact:
    """Return what ``set_title_order`` would do."""
    checked = _checked(order)
    if checked == get_title_order(core):
        return Impact()
    return rehearse(core, lambda connection: order_within(core, connection, checked))


def order_within(
    core: Core, connection: sa.Connection, order: Sequence[str], *, plan_id: str | None = None
) -> Done:
    """Do it in the caller's transaction. Raises ``Conflict`` where it is so already."""
    lock_state(connection)
    before, now, table = languages(connection), core.now(), tables.title_order
    if before == list(order):
        raise Conflict(_("Titles are wanted in this order already."))
    values = {"languages": list(order), "updated_at": now}
    if not connection.execute(sa.update(table).values(values)).rowcount:
        connection.execute(sa.insert(table).values({"id": 1} | values))
    changed: list[int] = []
    cursor = 0
    while rows := rows_of(connection, tables.series_facts.c.series_id > cursor, limit=core.chunk):
        changed += [row["series_id"] for row in rows if place_facts(core, connection, row) is not None]
        cursor = rows[-1]["series_id"]
    resync_id = follow_facts(
        core,
        connection,
        changed,
        CAUSE,
        plan_id=plan_id,
        always=True,
        subject_name=", ".join(order),
        before={"languages": before},
        after={"languages": list(order)},
    )
    return Done(resync_id=resync_id or 0)


def _checked(order: Sequence[str]) -> list[str]:
    known = [str(language) for language in Language]
    if not order or len(set(order)) != len(order) or not set(order) <= set(known):
        message = _("Give some of these, each once: {languages}", languages=", ".join(known))
        raise InvalidInput([Problem(field="languages", message=message)])
    return list(order)
