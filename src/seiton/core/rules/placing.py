"""Put a parser at another place of the list, and say beforehand what that would do."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.queries import fetch_all
from seiton.core.rules.parsers import ParserWrite, change_parser, follow
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.ordering import Placement, Ranked, place
from seiton.errors import Conflict, NotFound
from seiton.text import _


def place_parser(
    core: Core, parser_id: int, before_id: int | None, *, plan_id: str | None = None
) -> ParserWrite | None:
    """Have ``parser_id`` tried right before ``before_id`` (None: last of its kind); None if it is already.

    Only the last edit, that of the parser itself, changes the order: it is the cause that can be undone.
    Raises ``NotFound``, and ``Conflict`` between built-in parsers and the user's own.
    """
    with core.database.write() as connection:
        lock_state(connection)
        placement, is_there = _placement(connection, parser_id, before_id)
        if is_there:
            return None
        for entry in placement.room:
            change_parser(core, connection, entry.parser_id, {"priority": entry.priority})
        saved = change_parser(core, connection, parser_id, {"priority": placement.priority}, plan_id=plan_id)
    return ParserWrite(parser=saved.parser, resync=follow(core, saved.resync_id))


def preview_placing(core: Core, parser_id: int, before_id: int | None) -> Impact | None:
    """Say what ``place_parser`` would do; None: it stands there already. Raises as ``place_parser``."""
    with core.database.read() as connection:
        _placed, is_there = _placement(connection, parser_id, before_id)
    if is_there:
        return None

    def edit(connection: sa.Connection) -> Done:
        lock_state(connection)
        placement, _is_there = _placement(connection, parser_id, before_id)
        for entry in placement.room:
            change_parser(core, connection, entry.parser_id, {"priority": entry.priority})
        saved = change_parser(core, connection, parser_id, {"priority": placement.priority})
        return Done(resync_id=saved.resync_id)

    return rehearse(core, edit)


def _placement(connection: sa.Connection, parser_id: int, before_id: int | None) -> tuple[Placement, bool]:
    """Return how to put the parser there, and whether it stands there already."""
    parsers = tables.parsers.c
    mine = sa.select(parsers.origin).where(parsers.parser_id == parser_id).scalar_subquery()
    query = (
        sa.select(parsers.parser_id, parsers.priority)
        .where(parsers.origin == mine)
        .order_by(parsers.priority.desc(), parsers.parser_id)
    )
    rows = fetch_all(connection, query)
    ranked = [Ranked(parser_id=row["parser_id"], priority=row["priority"]) for row in rows]
    ids = [entry.parser_id for entry in ranked]
    if parser_id not in ids:
        raise NotFound(_("There is no parser {parser_id}.", parser_id=parser_id))
    if before_id is not None and before_id not in ids:
        raise Conflict(_("Your own parsers always come before the built-in ones."))
    at = ids.index(parser_id)
    follower = ids[at + 1] if at + 1 < len(ids) else None
    return place(ranked, parser_id, before_id), before_id in (parser_id, follower)
