"""What was edited when, by which cause, and whether that can be taken back."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.queries import Record, fetch_all, undone_by
from seiton.core.service import Core
from seiton.errors import Conflict, NotFound
from seiton.text import _

_PARSER = "parser_"


def require_last(connection: sa.Connection, cause: Row) -> None:
    """Raise ``Conflict`` where a later edit of the same thing would be undone along with it."""
    table = tables.resyncs.c
    family = cause["cause"].split("_")[0]
    query = sa.select(table.resync_id, table.undoes).where(
        table.resync_id > cause["resync_id"],
        table.cause.startswith(family, autoescape=True),
        table.subject_id.is_not_distinct_from(cause["subject_id"]),
    )
    later = connection.execute(query.order_by(table.resync_id.desc())).first()
    if later is None:
        return
    if later.undoes == cause["resync_id"]:
        message = _("Resync {resync_id} undid it already.", resync_id=later.resync_id)
    else:
        message = _("It was edited again by resync {resync_id}: undo that first.", resync_id=later.resync_id)
    raise Conflict(message)


def parser_history(core: Core, parser_id: int) -> list[Record]:
    """Return the edits of a parser, the newest first, also of one that was deleted. Raises ``NotFound``."""
    resyncs, parsers = tables.resyncs, tables.parsers.c
    query = sa.select(resyncs).where(
        resyncs.c.subject_id == parser_id, resyncs.c.cause.startswith(_PARSER, autoescape=True)
    )
    with core.database.read() as connection:
        rows = fetch_all(connection, query.order_by(resyncs.c.resync_id.desc()))
        known = sa.select(parsers.parser_id).where(parsers.parser_id == parser_id)
        if not rows and connection.execute(known).first() is None:
            raise NotFound(_("There is no parser {parser_id}.", parser_id=parser_id))
        undone = undone_by(connection, [row["resync_id"] for row in rows])
    return [row | {"undone_by": undone.get(row["resync_id"])} for row in rows]
