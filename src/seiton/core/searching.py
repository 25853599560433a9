"""Raw items by a part of their title: the index is filled in the background, the rest is looked through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.title_index import add_titles, candidates, indexed_upto, make_index
from seiton.core import tables
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.grams import comparable, pieces_of_search, pieces_of_title
from seiton.errors import InvalidInput, Problem
from seiton.text import _

BATCH = 2_000
"""Titles that are indexed in one transaction."""
LOOK = 500
"""Candidates that are compared at a time, at most."""
_ITEMS = tables.raw_items


def index_titles(core: Core) -> int:
    """Index the titles that are not yet; return how many. Titles never change, and none is ever deleted."""
    indexed = 0
    with core.database.write() as connection:
        make_index(connection)
    while True:
        with core.database.write() as connection:
            upto = indexed_upto(connection) or 0
            query = sa.select(_ITEMS.c.item_id, _ITEMS.c.title).where(_ITEMS.c.item_id > upto)
            rows = connection.execute(query.order_by(_ITEMS.c.item_id).limit(BATCH)).all()
            add_titles(connection, {row.item_id: pieces_of_title(row.title) for row in rows})
        indexed += len(rows)
        if len(rows) < BATCH:
            return indexed


def check_search(search: str) -> str:
    """Return what of ``search`` is compared. Raises ``InvalidInput`` where that is too little."""
    if not pieces_of_search(search):
        message = _("Give at least two letters or digits, or one Chinese or Japanese character.")
        raise InvalidInput([Problem(field="search", message=message)])
    return comparable(search)


def matching_items(
    connection: sa.Connection,
    search: str,
    conditions: Sequence[sa.ColumnElement[bool]],
    before: int | None,
    look: int,
) -> Iterator[Record]:
    """Yield the raw items that have ``search`` in their title and meet ``conditions``, the newest first;
    ``before``: only older ones than this. ``look``: how many will be wanted, probably.
    """
    wanted = check_search(search)
    upto = indexed_upto(connection)
    fresh = [*conditions, *([] if upto is None else [_ITEMS.c.item_id > upto])]
    query = sa.select(_ITEMS).where(*fresh)
    yield from _compared(connection, query, _ITEMS.c.item_id, wanted, before, LOOK)
    if upto is not None:
        found = candidates(connection, pieces_of_search(search))
        query = sa.select(_ITEMS).join(found, found.c.item_id == _ITEMS.c.item_id).where(*conditions)
        look = max(1, min(look, LOOK))
        yield from _compared(connection, query, found.c.item_id, wanted, before, look)


def _compared(
    connection: sa.Connection,
    query: sa.Select[Any],
    number: sa.ColumnElement[Any],
    wanted: str,
    before: int | None,
    look: int,
) -> Iterator[Record]:
    """Yield what ``query`` finds and really has it, by ``number``, from the highest down."""
    query = query.order_by(number.desc()).limit(look)
    while True:
        part = query if before is None else query.where(number < before)
        rows = fetch_all(connection, part)
        yield from (row for row in rows if wanted in comparable(row["title"]))
        if len(rows) < look:
            return
        before = rows[-1]["item_id"]
