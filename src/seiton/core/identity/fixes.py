"""What the facts say is wrong with seasons and numbers: offered as pins, which have a preview."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.identity.placing import load_known
from seiton.core.service import Core
from seiton.domain.facts import choose_title
from seiton.domain.pins import PinField


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Pin ``field`` of a series to ``value``, which is ``now`` now."""

    series_id: int
    anime_id: int
    anime_title: str
    series_no: int
    field: PinField
    now: str | int
    value: str | int
    namespace: str
    id_value: str


def list_fixes(core: Core, *, with_titles: bool = False) -> list[Fix]:
    """Return where facts say another season than the title, or that numbers count on from the seasons before.

    ``with_titles``: and where they have another title, which would rename a folder. Nothing that is pinned.
    """
    facts, series, animes = tables.series_facts, tables.series, tables.animes
    query = (
        sa.select(facts, series.c.series_no, series.c.pins, animes.c.anime_id, animes.c.title)
        .select_from(
            facts.join(series, series.c.series_id == facts.c.series_id).join(
                animes, animes.c.anime_id == series.c.anime_id
            )
        )
        .where(series.c.removed_at.is_(None), animes.c.removed_at.is_(None))
        .order_by(facts.c.series_id)
    )
    fixes: list[Fix] = []
    with core.database.read() as connection:
        for row in connection.execute(query).mappings():
            known, pins = load_known(row["known"]), row["pins"] or {}
            title = row["facts"].get("title") or choose_title(known.titles, (), core.to_traditional)
            wanted: list[tuple[PinField, str | int, str | int | None]] = [
                (PinField.SERIES_NO, row["series_no"], known.season if row["series_no"] else None),
                (PinField.EPISODES_AHEAD, 0, row["offset"] if row["offset"] > 0 else None),
                (PinField.ANIME_TITLE, row["title"], title if with_titles else None),
            ]
            fixes += [
                Fix(
                    series_id=row["series_id"],
                    anime_id=row["anime_id"],
                    anime_title=row["title"],
                    series_no=row["series_no"],
                    field=field,
                    now=now,
                    value=value,
                    namespace=row["namespace"],
                    id_value=row["value"],
                )
                for field, now, value in wanted
                if value is not None and value != now and field not in pins
            ]
    return fixes
