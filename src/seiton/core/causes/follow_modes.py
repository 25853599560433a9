"""Whether files follow a kind of cause by themselves: for all series, or for one."""

from __future__ import annotations

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.queries import Record, fetch_all
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.core.works.entities import require_series
from seiton.domain.consent import DEFAULT_MODES, CauseKind, FollowMode, Modes


def load_modes(connection: sa.Connection) -> Modes:
    """Return all modes that were set."""
    rows = connection.execute(sa.select(tables.follow_modes)).mappings().all()
    return Modes(
        by_kind={
            CauseKind(row["cause_kind"]): FollowMode(row["mode"]) for row in rows if row["series_id"] is None
        },
        by_series={
            (row["series_id"], CauseKind(row["cause_kind"])): FollowMode(row["mode"])
            for row in rows
            if row["series_id"] is not None
        },
    )


def list_modes(core: Core) -> list[Record]:
    """Return the mode of each kind of cause, then those of single series with their titles."""
    table, series, animes = tables.follow_modes, tables.series, tables.animes
    query = (
        sa.select(table, series.c.series_no, animes.c.title.label("anime_title"))
        .select_from(
            table.join(series, series.c.series_id == table.c.series_id).join(
                animes, animes.c.anime_id == series.c.anime_id
            )
        )
        .order_by(table.c.series_id, table.c.cause_kind)
    )
    with core.database.read() as connection:
        known = load_modes(connection).by_kind
        own = fetch_all(connection, query)
    general: list[Record] = [
        {
            "cause_kind": kind,
            "series_id": None,
            "mode": known.get(kind, DEFAULT_MODES[kind]),
            "is_default": kind not in known,
        }
        for kind in CauseKind
    ]
    return general + [row | {"is_default": False} for row in own]


def set_mode(core: Core, kind: CauseKind, mode: FollowMode | None, series_id: int | None = None) -> None:
    """Set the mode of a kind of cause, for all or one series; ``None``: the default. Raises ``NotFound``."""
    table = tables.follow_modes
    mine = sa.and_(
        table.c.cause_kind == kind.value,
        table.c.series_id.is_(None) if series_id is None else table.c.series_id == series_id,
    )
    with core.database.write() as connection:
        lock_state(connection)
        if series_id is not None:
            require_series(connection, series_id)
        connection.execute(sa.delete(table).where(mine))
        if mode is not None:
            connection.execute(
                sa.insert(table).values(
                    cause_kind=kind.value, series_id=series_id, mode=mode.value, updated_at=core.now()
                )
            )
