"""Set a feed entry aside by hand."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.states import RawItemStatus
from seiton.errors import NotFound
from seiton.text import _


def skip_raw_item(core: Core, item_id: int) -> None:
    """Keep ``item_id`` out of every later reparse. What it led to stays. Raises ``NotFound``.

    Parsing this one item again takes it back in.
    """
    table = tables.raw_items
    with core.database.write() as connection:
        lock_state(connection)
        done = connection.execute(
            sa.update(table)
            .where(table.c.item_id == item_id)
            .values(status=RawItemStatus.SKIPPED.value, error_message=None, is_deferred=False)
        )
    if not done.rowcount:
        raise NotFound(_("There is no raw item {item_id}.", item_id=item_id))
