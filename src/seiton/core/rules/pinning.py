"""Set a value by hand, for one release or a whole series, and let go of it: a cause like any other edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.causes.records import record_cause
from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.filing.desired import refresh_desired
from seiton.core.filing.finishing import close_finished
from seiton.core.links.making import Applied, apply_outcomes, outcome_for
from seiton.core.queries import Record, fetch_all, page
from seiton.core.rules.reparse import follow_rules
from seiton.core.rules.rulesets import lock_state, ruleset
from seiton.core.service import Core
from seiton.domain.metadata import MAX_NUMBER, WorkKind
from seiton.domain.pins import NUMBERS, SERIES_FIELDS, PinField
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

MAX_TEXT = 255


def set_pin(
    core: Core,
    *,
    link_id: int | None = None,
    series_id: int | None = None,
    field: PinField,
    value: str | int | None,
    plan_id: str | None = None,
) -> Record:
    """Pin a field of a link or a series to ``value`` (``None``: let parsers say it again); return the cause.

    Raises ``NotFound``, ``InvalidInput``, and ``Conflict`` where it cannot be pinned.
    """
    with core.database.write() as connection:
        done = pin_within(
            core,
            connection,
            link_id=link_id,
            series_id=series_id,
            field=field,
            value=value,
            plan_id=plan_id,
        )
        close_finished(core, connection)
    for job in ("reconcile", "downloads", "torrents"):
        core.wake(job, "")
    table = tables.resyncs
    with core.database.read() as connection:
        return fetch_all(connection, sa.select(table).where(table.c.resync_id == done.resync_id))[0]


def preview_pin(
    core: Core,
    *,
    link_id: int | None = None,
    series_id: int | None = None,
    field: PinField,
    value: str | int | None,
) -> Impact:
    """Return what ``set_pin`` would do."""
    return rehearse(
        core,
        lambda connection: pin_within(
            core, connection, link_id=link_id, series_id=series_id, field=field, value=value
        ),
    )


def list_pins(core: Core, *, limit: int, offset: int) -> list[Record]:
    """Return what is pinned, series first: each with ``pins`` (field → value) and what it is of."""
    series, animes, links = tables.series, tables.animes, tables.links
    named = series.join(animes, animes.c.anime_id == series.c.anime_id)
    of_series = (
        sa.select(
            series.c.series_id,
            sa.null().label("link_id"),
            animes.c.title.label("title"),
            series.c.series_no,
            series.c.pins,
        )
        .select_from(named)
        .where(series.c.pins.is_not(None))
    )
    of_links = (
        sa.select(links.c.series_id, links.c.link_id, links.c.title, series.c.series_no, links.c.pins)
        .select_from(links.join(series, series.c.series_id == links.c.series_id))
        .where(links.c.pins.is_not(None))
    )
    with core.database.read() as connection:
        ids = sa.select(series.c.series_id).where(series.c.pins.is_not(None))
        skipped = len(connection.execute(ids).all())
        found = fetch_all(connection, page(of_series, limit, offset, series.c.series_id))
        left = limit - len(found)
        if left > 0:
            query = page(of_links, left, max(offset - skipped, 0), links.c.link_id)
            found += fetch_all(connection, query)
    return found


def pin_within(
    core: Core,
    connection: sa.Connection,
    *,
    link_id: int | None = None,
    series_id: int | None = None,
    field: PinField,
    value: str | int | None,
    plan_id: str | None = None,
) -> Done:
    """Do what ``set_pin`` does in the caller's transaction."""
    now = core.now()
    checked = None if value is None else _check(field, value)
    lock_state(connection)
    if link_id is not None:
        name, before, links = _pin_link(connection, link_id, field, checked)
    else:
        name, before, links = pin_series(connection, series_id or 0, field, checked)
    of = "link" if link_id is not None else "series"
    resync_id = record_cause(
        connection,
        "pin_removed" if checked is None else "pin_set",
        now,
        subject_id=link_id if link_id is not None else series_id,
        subject_name=name,
        before={"of": of, "field": field, "value": before},
        after={"of": of, "field": field, "value": checked},
        confirmed_plan_id=plan_id,
        reparsed=True,
    )
    applied = follow_pins(connection, links, resync_id, now)
    effects = follow_rules(core, connection, resync_id, now)
    return Done(resync_id=resync_id, applied=applied, effects=effects)


def _check(field: PinField, value: str | int) -> str | int:
    if field in NUMBERS:
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= MAX_NUMBER):
            message = _("Give a whole number from 0 to {most}.", most=MAX_NUMBER)
            raise InvalidInput([Problem(field="value", message=message, code="number")])
        return int(text)
    text = str(value).strip()
    if field is PinField.KIND and text not in list(WorkKind):
        message = _("Give one of {choices}.", choices=", ".join(WorkKind))
        raise InvalidInput([Problem(field="value", message=message, code="kind")])
    if not text or len(text) > MAX_TEXT:
        message = _("Give a text of at most {most} characters.", most=MAX_TEXT)
        raise InvalidInput([Problem(field="value", message=message, code="text")])
    return text


def _changed(
    pins: Mapping[str, Any] | None, field: PinField, value: str | int | None
) -> dict[str, Any] | None:
    """Return pins as they are stored."""
    kept = {name: held for name, held in (pins or {}).items() if name != field}
    if value is not None:
        kept[field.value] = value
    return kept or None


def _pin_link(
    connection: sa.Connection, link_id: int, field: PinField, value: str | int | None
) -> tuple[str | None, object, list[Row]]:
    links = tables.links
    query = sa.select(links).where(links.c.link_id == link_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no link {link_id}.", link_id=link_id))
    if row["raw_item_id"] is None:
        raise Conflict(_("This release was added by hand: nothing but a person changes it."))
    if row["is_batch"] and field is PinField.EPISODE_NO:
        raise Conflict(_("Of a batch all episodes are numbered together: use the offset of its parser."))
    pins = _changed(row["pins"], field, value)
    connection.execute(sa.update(links).where(links.c.link_id == link_id).values(pins=pins))
    return row["title"], (row["pins"] or {}).get(field), [row]


def pin_series(
    connection: sa.Connection, series_id: int, field: PinField, value: str | int | None
) -> tuple[str | None, object, list[Row]]:
    """Pin a series for titles to come, and the links that it has, which keep it wherever parsers put them."""
    if field not in SERIES_FIELDS:
        message = _(
            "Of a series the title, the number of the season, by how much its episodes run ahead, and whether"
            " it is a film can be pinned."
        )
        raise InvalidInput([Problem(field="field", message=message, code="field")])
    series, animes, links = tables.series, tables.animes, tables.links
    query = (
        sa.select(series.c.pins, series.c.series_no, animes.c.title)
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.series_id == series_id)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no series {series_id}.", series_id=series_id))
    before = (row["pins"] or {}).get(field)
    connection.execute(
        sa.update(series)
        .where(series.c.series_id == series_id)
        .values(pins=_changed(row["pins"], field, value))
    )
    mine = sa.select(links).where(links.c.raw_item_id.is_not(None))
    if value is not None:
        found: list[Row] = list(connection.execute(mine.where(links.c.series_id == series_id)).mappings())
    else:  # those that have the value from here
        pinned = connection.execute(mine.where(links.c.pins.is_not(None))).mappings()
        found = [link for link in pinned if (link["pins"] or {}).get(field) == before]
    rows = [{"its_id": link["link_id"], "kept": _changed(link["pins"], field, value)} for link in found]
    if rows:
        update = sa.update(links).where(links.c.link_id == sa.bindparam("its_id"))
        connection.execute(update.values(pins=sa.bindparam("kept", type_=links.c.pins.type)), rows)
    return f"{row['title']} S{row['series_no']:02}", before, found


def follow_pins(connection: sa.Connection, links: Sequence[Row], resync_id: int, now: datetime) -> Applied:
    """Read the titles of ``links`` again by the rules as they were read last."""
    applied = Applied()
    item_ids = sorted({link["raw_item_id"] for link in links})
    items = tables.raw_items
    state = lock_state(connection)
    rules = ruleset(connection, state["rules_version"])
    for part in chunks(item_ids):
        rows = connection.execute(sa.select(items).where(items.c.item_id.in_(part))).mappings().all()
        pairs = [(row, outcome_for(row, rules.parse(row["title"]))) for row in rows]
        done = apply_outcomes(connection, pairs, now)
        refresh_desired(connection, done.touched, resync_id, now)
        applied.add(done)
    # Whether a work is a film is in no title's link, but in what files are to be.
    refresh_desired(connection, [link["link_id"] for link in links], resync_id, now)
    return applied
