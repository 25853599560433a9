"""Pages of raw items that an index gives in order, whatever they are chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.queries import newest_in, page


def items_where(statuses: Sequence[str], subscription_id: int | None) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of a choice of raw items."""
    items, ties = tables.raw_items.c, tables.item_subscriptions.c
    conditions: list[sa.ColumnElement[bool]] = []
    if statuses:
        conditions.append(items.status.in_(statuses))
    if subscription_id is not None:
        mine = sa.select(ties.item_id).where(ties.subscription_id == subscription_id)
        conditions.append(items.item_id.in_(mine))
    return conditions


def items_page(
    columns: Sequence[sa.Table | sa.Column[Any]],
    statuses: Sequence[str],
    subscription_id: int | None,
    before: int | None,
    limit: int,
    offset: int = 0,
) -> sa.Select[Any]:
    """Return the query for ``columns`` of a page of the chosen items, the newest first; ``before``: only
    older ones than this.
    """
    items, ties = tables.raw_items, tables.item_subscriptions
    source: sa.FromClause = items
    number: sa.ColumnElement[int] = items.c.item_id
    conditions: list[sa.ColumnElement[bool]] = []
    if subscription_id is not None:
        source, number = ties.join(items, items.c.item_id == ties.c.item_id), ties.c.item_id
        conditions.append(ties.c.subscription_id == subscription_id)
    if before is not None:
        conditions.append(number < before)
    if len(statuses) < 2 or subscription_id is not None:
        conditions += [items.c.status.in_(statuses)] if statuses else []
        query = sa.select(*columns).select_from(source).where(*conditions)
        return page(query, limit, offset, number.desc())
    keys = newest_in(statuses, (items.c.item_id,), limit, offset, *conditions)
    query = sa.select(*columns).where(items.c.item_id.in_(keys))
    return query.order_by(items.c.item_id.desc())
