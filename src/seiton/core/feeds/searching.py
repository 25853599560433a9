"""Raw items by a part of their title: the index is filled in the background, the rest is looked through."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from seiton.adapters.title_index import (
    add_titles,
    are_many,
    candidates,
    indexed_upto,
    make_index,
    spans_before,
)
from seiton.core import tables
from seiton.core.feeds.item_pages import items_page, items_where
from seiton.core.service import Core
from seiton.domain.grams import comparable, pieces_of_search, pieces_of_title
from seiton.errors import InvalidInput, Problem
from seiton.text import _

BATCH = 2_000
"""Titles that are indexed in one transaction."""
FEW = 2_000
"""So many items of a state or subscription are sooner compared than found by the index."""
MANY = 20_000
"""Of more candidates than these it is sooner seen in order which are of a state or subscription."""
FIRST = 500
"""Titles that are compared before the index is asked: what many have is among them."""
LOOK = 2_000
"""Titles that are compared at a time, at most."""
MOST_LOOKED = 3_000
"""Titles that one search compares, at most: what is older is for the next one."""
_ITEMS = tables.raw_items
_TITLES = (_ITEMS.c.item_id, _ITEMS.c.title)

Part = Callable[[int | None, int], sa.Select[Any]]
"""Gives the query for so many titles older than an item, the newest first."""


@dataclass(slots=True)
class Reach:
    """How far a search may look, and how far it has looked: at no item older than ``stopped_at``; ``None``:
    it did not have to stop.
    """

    left: int = MOST_LOOKED
    stopped_at: int | None = None


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
    statuses: Sequence[str],
    subscription_id: int | None,
    before: int | None,
    look: int,
    reach: Reach,
) -> Iterator[int]:
    """Yield the ids of the chosen raw items that have ``search`` in their title, the newest first.

    ``before``: only older ones than this. ``look``: how many will be wanted, probably. It ends where
    ``reach`` does.

    The newest items are looked through in order, and if a page full of hits is to be expected that way, the
    others as well; likewise where the choice has few items, or the index knows too many candidates.
    """
    wanted = check_search(search)
    conditions = items_where(statuses, subscription_id)

    def in_order(after: int | None) -> Part:
        def part(before: int | None, limit: int) -> sa.Select[Any]:
            query = items_page(_TITLES, statuses, subscription_id, before, limit)
            return query if after is None else query.where(_ITEMS.c.item_id > after)

        return part

    first = Reach(left=FIRST)
    hits = list(_compared(connection, in_order(None), wanted, before, FIRST, first))
    yield from hits
    if first.stopped_at is None:
        return
    before, reach.left = first.stopped_at, reach.left - FIRST
    if len(hits) * MOST_LOOKED >= look * FIRST:
        yield from _compared(connection, in_order(None), wanted, before, LOOK, reach)
        return
    upto, pieces = indexed_upto(connection), pieces_of_search(search)
    if upto is None or (conditions and _is_sooner_compared(connection, conditions, pieces, upto)):
        yield from _compared(connection, in_order(None), wanted, before, LOOK, reach)
        return
    yield from _compared(connection, in_order(upto), wanted, before, LOOK, reach)
    look = max(1, min(look, LOOK))
    for span in spans_before(connection, min(before, upto + 1)):
        if reach.stopped_at is not None:
            return
        found = candidates(connection, pieces, span)
        yield from _compared(connection, _indexed(found, conditions), wanted, span.top, look, reach)


def _indexed(found: sa.FromClause, conditions: Sequence[sa.ColumnElement[bool]]) -> Part:
    titles = sa.select(*_TITLES).where(*conditions).join(found, found.c.item_id == _ITEMS.c.item_id)

    def part(before: int | None, limit: int) -> sa.Select[Any]:
        query = titles if before is None else titles.where(found.c.item_id < before)
        return query.order_by(found.c.item_id.desc()).limit(limit)

    return part


def _is_sooner_compared(
    connection: sa.Connection,
    conditions: Sequence[sa.ColumnElement[bool]],
    pieces: Collection[int],
    upto: int,
) -> bool:
    chosen = sa.select(_ITEMS.c.item_id).where(*conditions)
    return _is_few(connection, chosen, FEW) or are_many(connection, pieces, MANY, upto)


def _is_few(connection: sa.Connection, query: sa.Select[Any], most: int) -> bool:
    some = query.limit(most + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()) <= most


def _compared(
    connection: sa.Connection, part: Part, wanted: str, before: int | None, look: int, reach: Reach
) -> Iterator[int]:
    """Yield what of the parts really has it, the highest number first."""
    while True:
        limit = min(look, reach.left)
        rows = connection.execute(part(before, limit)).all()
        reach.left -= len(rows)
        yield from (row.item_id for row in rows if wanted in comparable(row.title))
        if len(rows) < limit:
            return
        before = rows[-1].item_id
        if not reach.left:
            reach.stopped_at = before
            return
