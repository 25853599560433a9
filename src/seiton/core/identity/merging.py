"""Two titles that turn out to be one series: made one by a cause of its own, previewed, never by itself."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.records import record_cause
from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.filing.finishing import close_finished
from seiton.core.queries import Record, fetch_all
from seiton.core.rules.pinning import follow_pins, pin_series
from seiton.core.rules.reparse import follow_rules
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.pins import PinField
from seiton.domain.states import SURE, IdStanding
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

CAUSE = "identity_merged"


def list_merges(core: Core) -> list[Record]:
    """Return series that claim an id that another one has: ``series`` is to become ``into``."""
    claims, owners = tables.external_ids.alias(), tables.external_ids.alias()
    series, into = tables.series.alias(), tables.series.alias()
    animes, others = tables.animes.alias(), tables.animes.alias()
    query = (
        sa.select(
            claims.c.namespace,
            claims.c.value,
            claims.c.series_id,
            animes.c.title.label("anime_title"),
            series.c.series_no,
            owners.c.series_id.label("into_series_id"),
            others.c.title.label("into_title"),
            into.c.series_no.label("into_series_no"),
        )
        .select_from(
            claims.join(
                owners,
                sa.and_(owners.c.namespace == claims.c.namespace, owners.c.value == claims.c.value),
            )
            .join(series, series.c.series_id == claims.c.series_id)
            .join(animes, animes.c.anime_id == series.c.anime_id)
            .join(into, into.c.series_id == owners.c.series_id)
            .join(others, others.c.anime_id == into.c.anime_id)
        )
        .where(claims.c.standing == IdStanding.CLAIMED, owners.c.standing.in_(sorted(SURE)))
        .order_by(claims.c.external_id)
    )
    with core.database.read() as connection:
        return fetch_all(connection, query)


def merge(core: Core, series_id: int, into_id: int, *, plan_id: str | None = None) -> Record:
    """Make one series another: its titles, now and to come, are those of ``into_id``; return the cause.

    Files follow, or wait for a person, who confirms by the ``plan_id`` of a preview. Raises ``NotFound``,
    ``InvalidInput`` and ``Conflict``.
    """
    with core.database.write() as connection:
        done = merge_within(core, connection, series_id, into_id, plan_id=plan_id)
        close_finished(core, connection)
    for job in ("identity", "reconcile", "downloads", "torrents"):
        core.wake(job, "")
    table = tables.resyncs
    with core.database.read() as connection:
        return fetch_all(connection, sa.select(table).where(table.c.resync_id == done.resync_id))[0]


def preview_merge(core: Core, series_id: int, into_id: int) -> Impact:
    """Return what ``merge`` would do."""
    return rehearse(core, lambda connection: merge_within(core, connection, series_id, into_id))


def merge_within(
    core: Core, connection: sa.Connection, series_id: int, into_id: int, *, plan_id: str | None = None
) -> Done:
    """Do what ``merge`` does in the caller's transaction."""
    lock_state(connection)
    if series_id == into_id:
        raise InvalidInput([Problem(field="into", message=_("A series is one with itself already."))])
    source, target = _require(connection, series_id), _require(connection, into_id)
    ids = tables.external_ids
    own = sa.select(ids.c.external_id).where(ids.c.series_id == series_id, ids.c.standing.in_(sorted(SURE)))
    pins = dict(source["pins"] or {})
    before = {
        "title": pins.get(PinField.ANIME_TITLE),
        "series_no": pins.get(PinField.SERIES_NO),
        "ids": list(connection.execute(own).scalars()),
    }
    return _pin(
        core,
        connection,
        series_id,
        target["title"],
        target["series_no"],
        before=before,
        after={"title": target["title"], "series_no": target["series_no"], "into": into_id},
        subject_name=f"{source['title']} S{source['series_no']:02}",
        plan_id=plan_id,
    )


def split_within(core: Core, connection: sa.Connection, cause: Row, *, plan_id: str | None = None) -> Done:
    """Take a merge back in the caller's transaction: titles and ids are again those of two series."""
    before, series_id = cause["before"], cause["subject_id"]
    ids = tables.external_ids
    if before["ids"]:  # before its titles come back and claim them
        mine = sa.update(ids).where(ids.c.external_id.in_(before["ids"]))
        connection.execute(mine.values(series_id=series_id, updated_at=core.now()))
    return _pin(
        core,
        connection,
        series_id,
        before["title"],
        before["series_no"],
        before=cause["after"],
        after=before,
        subject_name=cause["subject_name"],
        plan_id=plan_id,
    )


def _pin(
    core: Core,
    connection: sa.Connection,
    series_id: int,
    title: str | None,
    series_no: int | None,
    *,
    plan_id: str | None,
    **values: Any,
) -> Done:
    now = core.now()
    links: dict[int, Row] = {}
    for field, value in ((PinField.ANIME_TITLE, title), (PinField.SERIES_NO, series_no)):
        _name, _before, found = pin_series(connection, series_id, field, value)
        links |= {link["link_id"]: link for link in found}
    resync_id = record_cause(
        connection, CAUSE, now, subject_id=series_id, confirmed_plan_id=plan_id, reparsed=True, **values
    )
    applied = follow_pins(connection, list(links.values()), resync_id, now)
    return Done(resync_id=resync_id, applied=applied, effects=follow_rules(core, connection, resync_id, now))


def _require(connection: sa.Connection, series_id: int) -> Row:
    series, animes = tables.series, tables.animes
    query = (
        sa.select(series, animes.c.title)
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.series_id == series_id, series.c.removed_at.is_(None))
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no series {series_id}.", series_id=series_id))
    if animes_removed(connection, row["anime_id"]):
        raise Conflict(_("{title} was removed; it can be restored from the trash.", title=row["title"]))
    return row


def animes_removed(connection: sa.Connection, anime_id: int) -> bool:
    """Say whether a work was removed."""
    animes = tables.animes.c
    query = sa.select(animes.removed_at).where(animes.anime_id == anime_id)
    return connection.execute(query).scalar_one() is not None
