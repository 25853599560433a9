"""What an update of the built-in parsers defers: titles that it reads otherwise than their links say.

An update never moves a file unasked. It reads new titles, and stored ones whose links stay what they are or
that never had any; the others are marked, and wait until the user takes it or edits a parser that
reads them (``docs/decisions/0009``).
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.desired import META_COLUMNS, NAMED_LINKS, meta_of, meta_of_row
from seiton.core.links import Wanted, wanted_links
from seiton.core.rulesets import cause_of_pack, lock_state
from seiton.core.service import Core
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.rules import Failed, Matched, Outcome
from seiton.domain.states import RawItemStatus, RulesMode
from seiton.errors import Conflict
from seiton.text import _

Pairs = Sequence[tuple[Row, Outcome]]


def is_deferred() -> sa.ColumnElement[bool]:
    """Return the condition on ``raw_items`` for what is deferred."""
    items = tables.raw_items.c
    return sa.and_(items.is_deferred, items.status != RawItemStatus.SKIPPED)


def count_deferred(connection: sa.Connection) -> int:
    """Return how many raw items are deferred."""
    query = sa.select(sa.func.count()).select_from(tables.raw_items).where(is_deferred())
    return int(connection.execute(query).scalar_one())


def take_deferred(core: Core) -> int:
    """Have what is deferred applied, files included; return the id of the resync that does it.

    Raises ``Conflict`` when nothing is deferred.
    """
    now = core.now()
    with core.database.write() as connection:
        state = lock_state(connection)
        if not count_deferred(connection):
            raise Conflict(_("No update of the built-in parsers waits to be taken."))
        return cause_of_pack(connection, RulesMode.TAKE, state["pack_version"], now)


def set_aside(connection: sa.Connection, pairs: Pairs) -> Pairs:
    """Mark those of ``pairs`` (raw item, outcome) that would change links as deferred; return the others.

    Which parser reads them now is recorded at once, so that later edits know it; their links stay.
    """
    known = _links(connection, [item["item_id"] for item, _outcome in pairs])
    kept: list[tuple[Row, Outcome]] = []
    deferred: list[dict[str, int | None]] = []
    for item, outcome in pairs:
        if _changes_links(item, outcome, known.get(item["item_id"], ())):
            reader = outcome.parser_id if isinstance(outcome, Matched) else item["parser_id"]
            deferred.append({"its_id": item["item_id"], "its_reader": reader})
        else:
            kept.append((item, outcome))
    if deferred:
        items = tables.raw_items
        mark = sa.update(items).where(items.c.item_id == sa.bindparam("its_id"))
        connection.execute(
            mark.values(is_deferred=True, parser_id=sa.bindparam("its_reader", type_=items.c.parser_id.type)),
            deferred,
        )
    return kept


def _changes_links(item: Row, outcome: Outcome, known: Sequence[Row]) -> bool:
    if not known or isinstance(outcome, Failed):
        return False  # nothing is there yet, or it stays as it is
    attached = {row["slot"]: row for row in known if row["detached_at"] is None}
    if not isinstance(outcome, Matched):
        return bool(attached)
    wanted = wanted_links(item, outcome.parsed, known)
    if {link.slot for link in wanted} != attached.keys():
        return True
    return any(
        meta_of_row(attached[link.slot]) != _meta(link) or attached[link.slot]["is_batch"] != link.is_batch
        for link in wanted
    )


def _meta(link: Wanted) -> EpisodeMeta:
    return meta_of(
        anime_title=link.title,
        series_no=link.series_no,
        episode_no=link.episode_no,
        episode_tenths=link.episode_tenths,
        subtitle_group=link.group,
        resolution=link.resolution,
        version=link.version,
    )


def _links(connection: sa.Connection, item_ids: Sequence[int]) -> dict[int, list[Row]]:
    links = tables.links.c
    columns = (links.raw_item_id, links.slot, links.detached_at, links.is_batch, *META_COLUMNS)
    found: dict[int, list[Row]] = {}
    for part in chunks(item_ids):
        query = sa.select(*columns).select_from(NAMED_LINKS).where(links.raw_item_id.in_(part))
        for row in connection.execute(query).mappings():
            found.setdefault(row["raw_item_id"], []).append(row)
    return found
