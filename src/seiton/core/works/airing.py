"""What is broadcast at present and is not in the library: asked once a day, while somebody looks at it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.adapters.http import FetchError
from seiton.adapters.metadata.bangumi import NAMESPACE, Airing, Bangumi, read_calendar
from seiton.core import tables
from seiton.core.identity.pictures import fetch_picture
from seiton.core.identity.placing import languages
from seiton.core.neighbours.states import may_ask, note_answer, note_failure
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.facts import Language, Titles, choose_title
from seiton.domain.states import SURE, NeighbourKind
from seiton.errors import NotFound
from seiton.text import _

JOB = "airing"
LASTS = timedelta(days=1)
AGAIN = timedelta(days=1)
"""After which a poster is asked for once more that was not to be had."""
MOST = 1000
log = logging.getLogger(__name__)


def list_airing(core: Core) -> list[Record]:
    """Return the works that are broadcast at present and of which the library has neither id nor title, by
    weekday and title.
    """
    table, ids = tables.airing, tables.external_ids
    is_ours = sa.exists().where(
        ids.c.namespace == table.c.namespace, ids.c.value == table.c.value, ids.c.standing.in_(sorted(SURE))
    )
    query = sa.select(table).where(~is_ours).order_by(table.c.weekday, table.c.value).limit(MOST)
    with core.database.read() as connection:
        rows = fetch_all(connection, query)
        order = languages(connection)
        names = {row["value"]: names_of(core, row["titles"]) for row in rows}
        had = _titles_in_library(connection, {name for found in names.values() for name in found})
    rows = [row for row in rows if had.isdisjoint(names[row["value"]])]
    for row in rows:
        row["title"] = choose_title(row["titles"], order, core.to_traditional)
    return sorted(rows, key=lambda row: (row["weekday"], row["title"]))


def get_airing(core: Core, value: str) -> Record:
    """Return one of them, also where the library has it, with ``names``. Raises ``NotFound``."""
    table = tables.airing
    with core.database.read() as connection:
        query = sa.select(table).where(table.c.namespace == NAMESPACE, table.c.value == value)
        rows = fetch_all(connection, query)
        order = languages(connection)
    for row in rows:
        title = choose_title(row["titles"], order, core.to_traditional)
        return row | {"title": title, "names": names_of(core, row["titles"])}
    raise NotFound(_("Nothing that is broadcast at present has the number {value}.", value=value))


def names_of(core: Core, titles: Titles) -> list[str]:
    """Return by which names releases may go: Chinese in both scripts, then as the work is called at home."""
    chinese = titles.get(Language.SIMPLIFIED)
    found = [] if chinese is None else [chinese, core.to_traditional(chinese)]
    return list(dict.fromkeys([*found, *titles.values()]))


def ask_if_due(core: Core) -> None:
    """Have the list made anew, or its posters fetched, in the background where that is due."""
    if core.bangumi is not None and (_is_old(core) or _without_picture(core, 1)):
        core.wake(JOB, "")


def is_known(core: Core) -> bool:
    """Say whether there is a list."""
    with core.database.read() as connection:
        return connection.execute(sa.select(tables.airing.c.value).limit(1)).first() is not None


def follow_airing(core: Core) -> None:
    """Make the list anew where it is old, then fetch its posters one after the other.

    Who does not answer is left alone for longer each time; what is known stays in use.
    """
    source = core.bangumi
    if source is None:
        return
    if _is_old(core) and may_ask(core, NeighbourKind.METADATA, source.address):
        try:
            found = read_calendar(source.calendar())
        except FetchError as error:
            note_failure(core, NeighbourKind.METADATA, source.address, error)
            log.info("%s", error)
            core.progress.announce()
            return
        note_answer(core, NeighbourKind.METADATA, source.address)
        _keep(core, found)
        core.progress.announce()
    _fetch_pictures(core, source)


def _is_old(core: Core) -> bool:
    with core.database.read() as connection:
        seen_at = connection.execute(sa.select(sa.func.max(tables.airing.c.seen_at))).scalar_one_or_none()
    return seen_at is None or seen_at <= core.now() - LASTS


def _keep(core: Core, found: Sequence[Airing]) -> None:
    """Write the list; posters in hand, and by what a work is followed, stay."""
    table, now = tables.airing, core.now()
    with core.database.write() as connection:
        query = sa.select(table).where(table.c.namespace == NAMESPACE).with_for_update()
        before = {row["value"]: row for row in fetch_all(connection, query)}
        connection.execute(sa.delete(table).where(table.c.namespace == NAMESPACE))
        for part in chunks([_row(one, before.get(one.value)) | {"seen_at": now} for one in found]):
            connection.execute(sa.insert(table), part)


def _row(one: Airing, before: Record | None) -> dict[str, Any]:
    has_picture = before is not None and before["picture_url"] == one.picture_url
    return {
        "namespace": NAMESPACE,
        "value": one.value,
        "weekday": one.weekday,
        "titles": dict(one.titles),
        "premiered": one.premiered,
        "picture_url": one.picture_url,
        "picture": before["picture"] if before is not None and has_picture else None,
        "picture_tried_at": None,
        "subscription_id": None if before is None else before["subscription_id"],
    }


def _without_picture(core: Core, most: int) -> list[Record]:
    table = tables.airing.c
    is_open = sa.or_(table.picture_tried_at.is_(None), table.picture_tried_at <= core.now() - AGAIN)
    query = sa.select(table.namespace, table.value, table.picture_url)
    query = query.where(table.picture.is_(None), table.picture_url.is_not(None), is_open)
    with core.database.read() as connection:
        return fetch_all(connection, query.order_by(table.weekday, table.value).limit(most))


def _fetch_pictures(core: Core, source: Bangumi) -> None:
    table = tables.airing
    for row in _without_picture(core, MOST):
        if not may_ask(core, NeighbourKind.PICTURES, row["picture_url"]):
            return
        name = fetch_picture(core, row["picture_url"], linked_from=source.address)
        mine = sa.and_(table.c.namespace == row["namespace"], table.c.value == row["value"])
        with core.database.write() as connection:
            change = sa.update(table).where(mine)
            connection.execute(change.values(picture=name, picture_tried_at=core.now()))


def _titles_in_library(connection: sa.Connection, titles: Iterable[str]) -> set[str]:
    found: set[str] = set()
    table = tables.animes.c
    for part in chunks(sorted(titles)):
        found.update(connection.execute(sa.select(table.title).where(table.title.in_(part))).scalars())
    return found
