"""External ids by hand: set, taken away, suggested by a search, accepted and rejected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.metadata.bangumi import NAMESPACE, read_found
from seiton.core import tables
from seiton.core.filing.finishing import close_finished
from seiton.core.identity.ids import ALIASES, FEED_NAMESPACES, set_standing
from seiton.core.identity.placing import follow_facts, forget_facts, title_of
from seiton.core.neighbours.answers import Question, ask
from seiton.core.queries import Record, fetch_all, page
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.core.works.entities import require_series
from seiton.domain.states import SURE, IdSource, IdStanding, NeighbourKind
from seiton.domain.suggestions import is_exact
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

REMOVED = "metadata_removed"
SEARCH_LASTS = timedelta(days=1)
MOST_EXACT = 1000
_NAMESPACE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_VALUE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.:-]{0,99}")


def list_ids(
    core: Core,
    *,
    series_id: int | None = None,
    standings: Sequence[IdStanding] = (),
    limit: int | None,
    offset: int,
) -> list[Record]:
    """Return external ids by number, each with ``anime_title``, ``series_no`` and ``is_exact``."""
    ids = tables.external_ids
    query = _named()
    if series_id is not None:
        query = query.where(ids.c.series_id == series_id)
    if standings:
        query = query.where(ids.c.standing.in_(standings))
    with core.database.read() as connection:
        rows = fetch_all(connection, page(query, limit, offset, ids.c.external_id))
    return [row | {"is_exact": _fits(row)} for row in rows]


def _named() -> sa.Select[Any]:
    ids, series, animes, seasons = tables.external_ids, tables.series, tables.animes, tables.seasons
    return sa.select(
        ids,
        animes.c.title.label("anime_title"),
        series.c.series_no,
        series.c.anime_id,
        animes.c.year.label("anime_year"),
        seasons.c.year.label("season_year"),
    ).select_from(
        ids.join(series, series.c.series_id == ids.c.series_id)
        .join(animes, animes.c.anime_id == series.c.anime_id)
        .outerjoin(seasons, seasons.c.season_id == series.c.season_id)
    )


def _fits(row: Record) -> bool:
    """Say whether a suggestion has just the title, season and year of its series."""
    if row["standing"] != IdStanding.SUGGESTED:
        return False
    is_first = row["series_no"] == 1 and row["anime_year"] is not None
    year = row["anime_year"] if is_first else row["season_year"]
    return is_exact(row["anime_title"], row["series_no"], year, (row["title"] or "").split("\n"), row["year"])


def set_id(core: Core, series_id: int, namespace: str, value: str) -> Record:
    """Say by hand which work a series is; return the id as it stands.

    It stays whatever feeds and searches say. Where another series has it, it is a claim: the two are to be
    merged. Raises ``InvalidInput`` and ``NotFound``.
    """
    namespace, value = _checked(namespace, value)
    ids, now = tables.external_ids, core.now()
    with core.database.write() as connection:
        lock_state(connection)
        require_series(connection, series_id)
        same = sa.and_(ids.c.namespace == namespace, ids.c.value == value)
        others = sa.and_(ids.c.series_id == series_id, ids.c.namespace == namespace, ids.c.value != value)
        by_hand = ids.c.standing.in_([IdStanding.MANUAL, IdStanding.CONFIRMED, IdStanding.SUGGESTED])
        connection.execute(sa.delete(ids).where(others, by_hand))
        connection.execute(
            sa.update(ids).where(others).values(standing=IdStanding.REJECTED.value, updated_at=now)
        )
        is_taken = _is_taken(connection, namespace, value, series_id)
        standing = IdStanding.CLAIMED if is_taken else IdStanding.MANUAL
        values = {"standing": standing.value, "source": IdSource.USER.value, "updated_at": now}
        mine = sa.update(ids).where(same, ids.c.series_id == series_id).values(values)
        if not connection.execute(mine).rowcount:
            key = {"namespace": namespace, "value": value, "series_id": series_id, "created_at": now}
            connection.execute(sa.insert(ids).values(key | values))
        found = fetch_all(connection, _named().where(same, ids.c.series_id == series_id))[0]
    core.wake("identity", "")
    return found | {"is_exact": False}


def remove_id(core: Core, external_id: int) -> None:
    """Say that a series is not what an id says; what was known by it goes. Raises ``NotFound``.

    Nobody gives the series this id again, but a person.
    """
    with core.database.write() as connection:
        lock_state(connection)
        row = _require(connection, external_id)
        set_standing(connection, external_id, IdStanding.REJECTED, core.now())
        facts = tables.series_facts.c
        known = sa.select(facts.facts, facts.value).where(facts.series_id == row["series_id"])
        stored = connection.execute(known).one_or_none()
        if row["namespace"] == NAMESPACE and stored is not None and stored.value == row["value"]:
            forget_facts(connection, row["series_id"])
            follow_facts(
                core,
                connection,
                [row["series_id"]],
                REMOVED,
                subject_id=row["series_id"],
                subject_name=title_of(connection, row["series_id"]),
                before={"facts": stored.facts},
            )
            close_finished(core, connection)
    for job in ("identity", "reconcile"):
        core.wake(job, "")


def suggest(core: Core, series_id: int) -> list[Record]:
    """Search for the work that a series is; what is found is suggested, and nothing more.

    Raises ``NotFound``, ``Conflict`` where no source is to be asked, and ``Unavailable`` when the search
    is not to be had.
    """
    source = core.bangumi
    if source is None:
        raise Conflict(_("No source of facts is asked here: bangumi_url is off."))
    animes, series = tables.animes, tables.series
    query = (
        sa.select(animes.c.title, series.c.series_no)
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.series_id == series_id)
    )
    with core.database.read() as connection:
        named = connection.execute(query).one_or_none()
    if named is None:
        raise NotFound(_("There is no series {series_id}.", series_id=series_id))
    question = Question(
        kind=NeighbourKind.METADATA,
        address=source.address,
        source=NAMESPACE,
        key=f"search/{named.title}"[:300],
        lasts=SEARCH_LASTS,
    )
    found = read_found(ask(core, question, lambda: source.search(named.title)).body or [])
    ids, now = tables.external_ids, core.now()
    with core.database.write() as connection:
        mine = sa.select(ids.c.value).where(ids.c.series_id == series_id, ids.c.namespace == NAMESPACE)
        known = set(connection.execute(mine).scalars())
        rows = [
            {
                "namespace": NAMESPACE,
                "value": one.value,
                "series_id": series_id,
                "standing": IdStanding.SUGGESTED.value,
                "source": IdSource.SEARCH.value,
                "title": "\n".join(one.titles.values()),
                "year": one.year,
                "picture_url": one.picture_url,
                "created_at": now,
                "updated_at": now,
            }
            for one in found
            if one.value not in known
        ]
        if rows:
            connection.execute(sa.insert(ids), rows)
    return list_ids(core, series_id=series_id, standings=[IdStanding.SUGGESTED], limit=None, offset=0)


def accept(core: Core, external_id: int) -> Record:
    """Confirm a suggestion; the others for the series go. Raises ``NotFound`` and ``Conflict``."""
    with core.database.write() as connection:
        lock_state(connection)
        row = _require(connection, external_id)
        if row["standing"] != IdStanding.SUGGESTED:
            raise Conflict(_("This is no suggestion (any more)."))
        _accept(core, connection, row)
        found = fetch_all(connection, _named().where(tables.external_ids.c.external_id == external_id))[0]
    core.wake("identity", "")
    return found | {"is_exact": False}


def accept_exact(core: Core) -> list[Record]:
    """Confirm every suggestion that has just the title, season and year of its series, if it is the only one.

    Returns what was confirmed.
    """
    rows = list_ids(core, standings=[IdStanding.SUGGESTED], limit=MOST_EXACT, offset=0)
    fitting: dict[int, list[Record]] = {}
    for row in rows:
        if row["is_exact"]:
            fitting.setdefault(row["series_id"], []).append(row)
    chosen = [found[0] for found in fitting.values() if len(found) == 1]
    with core.database.write() as connection:
        lock_state(connection)
        for row in chosen:
            _accept(core, connection, row)
    if chosen:
        core.wake("identity", "")
    return chosen


def _accept(core: Core, connection: sa.Connection, row: Row) -> None:
    ids, now = tables.external_ids, core.now()
    is_taken = _is_taken(connection, row["namespace"], row["value"], row["series_id"])
    standing = IdStanding.CLAIMED if is_taken else IdStanding.CONFIRMED
    set_standing(connection, row["external_id"], standing, now)
    others = sa.and_(
        ids.c.series_id == row["series_id"],
        ids.c.namespace == row["namespace"],
        ids.c.external_id != row["external_id"],
    )
    connection.execute(sa.delete(ids).where(others, ids.c.standing == IdStanding.SUGGESTED))


def _require(connection: sa.Connection, external_id: int) -> Row:
    ids = tables.external_ids
    query = sa.select(ids).where(ids.c.external_id == external_id)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound(_("There is no external id {external_id}.", external_id=external_id))
    return row


def _is_taken(connection: sa.Connection, namespace: str, value: str, series_id: int) -> bool:
    """Say whether a series other than ``series_id`` surely has this id."""
    ids = tables.external_ids
    owner = sa.select(ids.c.external_id).where(
        ids.c.namespace == namespace,
        ids.c.value == value,
        ids.c.standing.in_(sorted(SURE)),
        ids.c.series_id != series_id,
    )
    return connection.execute(owner).first() is not None


def _checked(namespace: str, value: str) -> tuple[str, str]:
    space, text = namespace.strip().lower(), value.strip()
    space = ALIASES.get(space, space)
    problems = []
    if _NAMESPACE.fullmatch(space) is None:
        message = _("Give a short name such as bgm, mikan or anidb.")
        problems.append(Problem(field="namespace", message=message))
    if _VALUE.fullmatch(text) is None or (space in FEED_NAMESPACES and not text.isdigit()):
        message = _("Give the number from the address of its page, such as 400602.")
        problems.append(Problem(field="value", message=message))
    if problems:
        raise InvalidInput(problems)
    return space, text
