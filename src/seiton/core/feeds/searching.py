"""Raw items by a part of their title: the index is filled in the background, the rest is looked through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.title_index import add_titles, candidates, indexed_upto, make_index
from seiton.core import tables
from seiton.core.service import Core
from seiton.domain.grams import comparable, pieces_of_search, pieces_of_title
from seiton.errors import InvalidInput, Problem
from seiton.text import _

BATCH = 2_000
"""Titles that are indexed in one transaction."""
FEW = 50_000
"""So many items of a state or subscription are sooner compared than found by the index."""
LOOK = 2_000
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
) -> Iterator[int]:
    """Yield the ids of the raw items that have ``search`` in their title and meet ``conditions``, the newest
    first; ``before``: only older ones than this. ``look``: how many will be wanted, probably.
    """
    wanted = check_search(search)
    upto = None if _are_few(connection, conditions) else indexed_upto(connection)
    titles = sa.select(_ITEMS.c.item_id, _ITEMS.c.title).where(*conditions)
    fresh = titles if upto is None else titles.where(_ITEMS.c.item_id > upto)
    yield from _compared(connection, fresh, _ITEMS.c.item_id, wanted, before, LOOK)
    if upto is not None:
        found = candidates(connection, pieces_of_search(search))
        indexed = titles.join(found, found.c.item_id == _ITEMS.c.item_id)
        look = max(1, min(look, LOOK))
        yield from _compared(connection, indexed, found.c.item_id, wanted, before, look)


def _are_few(connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]]) -> bool:
    if not conditions:
        return False
    some = sa.select(_ITEMS.c.item_id).where(*conditions).limit(FEW + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()) <= FEW


def _compared(
    connection: sa.Connection,
    query: sa.Select[Any],
    number: sa.ColumnElement[Any],
    wanted: str,
    before: int | None,
    look: int,
) -> Iterator[int]:
    """Yield what ``query`` (of id and title) finds and really has it, by ``number``, the highest first."""
    query = query.order_by(number.desc()).limit(look)
    while True:
        part = query if before is None else query.where(number < before)
        rows = connection.execute(part).all()
        yield from (row.item_id for row in rows if wanted in comparable(row.title))
        if len(rows) < look:
            return
        before = rows[-1].item_id
