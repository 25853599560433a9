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
from seiton.core.causes.follow_modes import load_modes
from seiton.core.filing.desired import META_COLUMNS, NAMED_LINKS, meta_of, meta_of_row
from seiton.core.links.wanted import LinksOf, Wanted, load_series_pins, pin_down, wanted_links
from seiton.core.rules.rulesets import cause_of_pack, lock_state
from seiton.core.service import Core
from seiton.domain.consent import CauseKind, FollowMode, Modes
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.pins import PinField
from seiton.domain.rules import Failed, Matched, Outcome
from seiton.domain.states import RawItemStatus, RulesMode
from seiton.errors import Conflict
from seiton.text import _

_NO_SERIES = 0
"""Stands for a series that has no follow mode of its own."""

Pairs = Sequence[tuple[Row, Outcome]]


def is_deferred() -> sa.ColumnElement[bool]:
    """Return the condition on ``raw_items`` for what is deferred."""
    items = tables.raw_items.c
    return sa.and_(items.is_deferred, items.status != RawItemStatus.SKIPPED)


def count_deferred(connection: sa.Connection) -> int:
    """Return how many raw items are deferred."""
    query = sa.select(sa.func.count()).select_from(tables.raw_items).where(is_deferred())
    return int(connection.execute(query).scalar_one())


def take_deferred(core: Core, *, plan_id: str | None = None) -> int:
    """Have what is deferred applied, files included; return the id of the resync that does it.

    ``plan_id`` names the plan of a preview. Raises ``Conflict`` when nothing is deferred.
    """
    with core.database.write() as connection:
        lock_state(connection)
        if not count_deferred(connection):
            raise Conflict(_("No update of the built-in parsers waits to be taken."))
        return take_within(core, connection, plan_id=plan_id)


def take_within(core: Core, connection: sa.Connection, *, plan_id: str | None = None) -> int:
    """Do the same in the caller's transaction, also where nothing is deferred."""
    pack_version = lock_state(connection)["pack_version"]
    return cause_of_pack(connection, RulesMode.TAKE, pack_version, core.now(), plan_id=plan_id)


def set_aside(connection: sa.Connection, pairs: Pairs) -> Pairs:
    """Mark those of ``pairs`` (raw item, outcome) that would change links as deferred; return the others.

    Which parser reads them now is recorded at once, so that later edits know it; their links stay. Nothing
    is deferred of series that are to follow updates by themselves.
    """
    known = _links(connection, [item["item_id"] for item, _outcome in pairs])
    wanted = _wanted(connection, pairs, known)
    modes = load_modes(connection)
    kept: list[tuple[Row, Outcome]] = []
    deferred: list[dict[str, int | None]] = []
    for item, outcome in pairs:
        links, new = known.get(item["item_id"], ()), wanted.get(item["item_id"], ())
        if not isinstance(outcome, Failed) and _asks(modes, links, new) and _differ(links, new):
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


def _wanted(connection: sa.Connection, pairs: Pairs, known: LinksOf) -> dict[int, list[Wanted]]:
    """Return the links that raw items would have, what is set by hand in its place."""
    said = [
        link
        for item, outcome in pairs
        if isinstance(outcome, Matched)
        for link in wanted_links(item, outcome.parsed, known.get(item["item_id"], ()))
    ]
    wanted, _passed = pin_down(said, known, load_series_pins(connection))
    found: dict[int, list[Wanted]] = {}
    for link in wanted:
        found.setdefault(link.item["item_id"], []).append(link)
    return found


def _asks(modes: Modes, known: Sequence[Row], wanted: Sequence[Wanted]) -> bool:
    """Say whether a person is asked: for the series of the links, and for one that they would go to."""
    if any(modes.of(CauseKind.BUILTIN_RULES, row["series_id"]) is FollowMode.ASK for row in known):
        return True
    names = {(row["anime_title"], row["series_no"]) for row in known}
    leaves = any((link.title, link.series_no) not in names for link in wanted)
    return bool(known) and leaves and modes.of(CauseKind.BUILTIN_RULES, _NO_SERIES) is FollowMode.ASK


def _differ(known: Sequence[Row], wanted: Sequence[Wanted]) -> bool:
    """Say whether stored links are not what they would be; ``known`` are some, attached or not."""
    attached = {row["slot"]: row for row in known if row["detached_at"] is None}
    if {link.slot for link in wanted} != attached.keys():
        return True
    return any(
        meta_of_row(row) != _meta(link, row) or row["is_batch"] != link.is_batch
        for link in wanted
        for row in (attached[link.slot],)
    )


def _meta(link: Wanted, row: Row) -> EpisodeMeta:
    return meta_of(
        anime_title=link.title,
        series_no=link.series_no,
        episode_no=link.episode_no,
        episode_tenths=link.episode_tenths,
        subtitle_group=link.group,
        resolution=link.resolution,
        version=link.version,
        naming=row["naming_template"],
        kind=link.pins.get(PinField.KIND),
        says_movie=link.is_movie,
        year=row["anime_year"],  # that of another title does not matter: the title differs
        show=row["show_facts"],
        facts=row["episode_facts"],
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
