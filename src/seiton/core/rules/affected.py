"""Which stored titles an edit can affect, found by indexes where they are few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from seiton.adapters.title_index import are_many, candidates, indexed_upto, spans_before
from seiton.core import tables
from seiton.domain.edits import Visits
from seiton.domain.grams import pieces_within
from seiton.domain.states import RawItemStatus

FEW = 20_000
"""So many titles are sooner found by indexes than by walking through all."""
MOST_TEXTS = 20
_ITEMS = tables.raw_items.c


def affected_items(connection: sa.Connection, visits: Visits) -> list[int] | None:
    """Return the ids of at most ``FEW`` raw items, in order, among which are all that an edit can affect;
    ``None``: they are more, or no index finds them.
    """
    found: set[int] = set()
    for part in _parts(connection, visits):
        if part is None:
            return None
        found.update(row[0] for row in connection.execute(part.limit(FEW + 1)))
        if len(found) > FEW:
            return None
    return sorted(found)


def _parts(connection: sa.Connection, visits: Visits) -> Iterator[sa.Select[Any] | None]:
    statuses = [RawItemStatus.PENDING] + ([RawItemStatus.FAILED] if visits.failed else [])
    is_narrow = visits.needles is not None and bool(visits.unmatched or visits.winners - visits.changed)
    if visits.unmatched and not is_narrow:
        statuses.append(RawItemStatus.NO_MATCH)
    for status in statuses:
        yield sa.select(_ITEMS.item_id).where(_ITEMS.status == status)
    is_parsed = _ITEMS.status == RawItemStatus.PARSED
    for parser_id in sorted(visits.changed if is_narrow else visits.winners):
        yield sa.select(_ITEMS.item_id).where(_ITEMS.parser_id == parser_id, is_parsed)
    if is_narrow and visits.needles is not None:
        yield from _with_texts(connection, visits.needles)


def _with_texts(connection: sa.Connection, texts: frozenset[str]) -> Iterator[sa.Select[Any] | None]:
    """Yield the queries for the items of which the title contains one of ``texts``, and for some others."""
    upto = indexed_upto(connection) if len(texts) <= MOST_TEXTS else None
    if upto is None:
        yield None
        return
    yield sa.select(_ITEMS.item_id).where(_ITEMS.item_id > upto)
    for text in sorted(texts):
        pieces = pieces_within(text)
        if not pieces or are_many(connection, pieces, FEW, upto):
            yield None
            return
        for span in spans_before(connection, upto + 1):
            found = candidates(connection, pieces, span)
            yield sa.select(found.c.item_id)
