"""Conflicts as people see and decide them, and what the library prefers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import chunks
from seiton.core import tables
from seiton.core.causes.records import record_cause
from seiton.core.causes.rehearsal import Done, Impact, rehearse
from seiton.core.downloads.offers import load_policy
from seiton.core.downloads.wanting import add_downloads, want_when_settled
from seiton.core.filing.finishing import close_finished
from seiton.core.queries import Record, fetch_all, page
from seiton.core.rules.reparse import follow_rules
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.duplicates import Policy
from seiton.domain.states import ConflictType, ResolutionStatus
from seiton.errors import Conflict, InvalidInput, NotFound, Problem
from seiton.text import _

_OPEN = ResolutionStatus.UNRESOLVED


def list_subscription_conflicts(core: Core, *, limit: int | None, offset: int) -> list[Record]:
    """Return open questions of which fetcher serves a subscription, the oldest first."""
    table, subscriptions = tables.conflicts, tables.subscriptions
    query = (
        sa.select(table, subscriptions.c.source_url.label("rss_url"))
        .select_from(table.join(subscriptions, subscriptions.c.subscription_id == table.c.subscription_id))
        .where(table.c.conflict_type == ConflictType.SUBSCRIPTION, table.c.resolution_status == _OPEN)
    )
    with core.database.read() as connection:
        return fetch_all(connection, page(query, limit, offset, table.c.conflict_id))


def resolve_subscription_conflict(core: Core, conflict_id: int, fetcher_id: int) -> Record:
    """Have ``fetcher_id`` serve the subscription. Raises ``NotFound``, ``Conflict`` and ``InvalidInput``."""
    subscriptions, now = tables.subscriptions, core.now()
    with core.database.write() as connection:
        row = _require_open(connection, conflict_id, ConflictType.SUBSCRIPTION)
        if fetcher_id not in row["conflict_data"]["candidate_fetcher_ids"]:
            message = _("This is none of the candidates.")
            raise InvalidInput([Problem(field="fetcher_id", message=message, code="invalid_fetcher")])
        connection.execute(
            sa.update(subscriptions)
            .where(subscriptions.c.subscription_id == row["subscription_id"])
            .values(
                fetcher_id=fetcher_id,
                assignment_status="assigned",
                assigned_at=now,
                auto_selected=False,
                awaiting_since=None,
                updated_at=now,
            )
        )
        _resolve(core, connection, conflict_id, {"fetcher_id": fetcher_id})
    core.wake("fetch", str(row["subscription_id"]))
    return dict(row) | {"resolved_fetcher_id": fetcher_id, "resolved_at": now}


def list_link_conflicts(core: Core, *, limit: int | None, offset: int) -> list[Record]:
    """Return open questions of which release of an episode is fetched, each with its ``candidates``."""
    table, series, animes = tables.conflicts, tables.series, tables.animes
    query = (
        sa.select(table, series.c.series_no, series.c.anime_id, animes.c.title.label("anime_title"))
        .select_from(
            table.join(series, series.c.series_id == table.c.series_id).join(
                animes, animes.c.anime_id == series.c.anime_id
            )
        )
        .where(table.c.conflict_type == ConflictType.LINK, table.c.resolution_status == _OPEN)
    )
    with core.database.read() as connection:
        rows = fetch_all(connection, page(query, limit, offset, table.c.conflict_id))
        ids = sorted({link_id for row in rows for link_id in row["conflict_data"]["link_ids"]})
        known = _links(connection, ids)
    for row in rows:
        row["why"] = row["conflict_data"]["why"]
        row["candidates"] = [known[number] for number in row["conflict_data"]["link_ids"] if number in known]
    return rows


def _links(connection: sa.Connection, link_ids: Sequence[int]) -> dict[int, Record]:
    links, groups, downloads = tables.links, tables.subtitle_groups, tables.downloads
    latest = (
        sa.select(downloads.c.link_id, sa.func.max(downloads.c.download_id).label("download_id"))
        .group_by(downloads.c.link_id)
        .subquery()
    )
    found: dict[int, Record] = {}
    for part in chunks(link_ids):
        query = (
            sa.select(links, groups.c.group_name, downloads.c.download_id, downloads.c.status)
            .select_from(
                links.join(groups, groups.c.group_id == links.c.group_id)
                .outerjoin(latest, latest.c.link_id == links.c.link_id)
                .outerjoin(downloads, downloads.c.download_id == latest.c.download_id)
            )
            .where(links.c.link_id.in_(part))
        )
        found |= {row["link_id"]: row for row in fetch_all(connection, query)}
    return found


def resolve_link_conflict(core: Core, conflict_id: int, link_id: int) -> Record:
    """Fetch the release ``link_id``, or keep it where it is there already; the others wait behind it.

    Raises ``NotFound``, ``Conflict`` when there is nothing to choose any more, and ``InvalidInput``.
    """
    now = core.now()
    downloads, links = tables.downloads.c, tables.links.c
    with core.database.write() as connection:
        lock_state(connection)
        row = _require_open(connection, conflict_id, ConflictType.LINK)
        if link_id not in row["conflict_data"]["link_ids"]:
            message = _("This is none of the candidates.")
            raise InvalidInput([Problem(field="link_id", message=message, code="invalid_link")])
        link = connection.execute(sa.select(tables.links).where(links.link_id == link_id)).mappings().one()
        if link["filtered_flag"] or link["detached_at"] is not None:
            raise Conflict(_("This release is not wanted any more; look at the conflicts again."))
        own = sa.select(downloads.download_id).where(
            downloads.link_id == link_id, downloads.status != "cancelled"
        )
        if connection.execute(own).first() is None:
            add_downloads(connection, [link_id], now)
        _resolve(core, connection, conflict_id, {"link_id": link_id})
        # The first choice of a series decides the same question of its other episodes.
        want_when_settled(connection, _open_in_series(connection, row["series_id"]), now)
    core.wake("downloads", "")
    return dict(row) | {"resolved_link_id": link_id, "resolved_at": now}


def _open_in_series(connection: sa.Connection, series_id: int) -> list[tuple[int, int, int]]:
    table = tables.conflicts.c
    query = sa.select(table.series_id, table.episode_no, table.episode_tenths).where(
        table.series_id == series_id, table.resolution_status == _OPEN
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def _require_open(connection: sa.Connection, conflict_id: int, kind: ConflictType) -> Record:
    table = tables.conflicts
    query = sa.select(table).where(table.c.conflict_id == conflict_id, table.c.conflict_type == kind)
    for row in fetch_all(connection, query.with_for_update()):
        if row["resolution_status"] != _OPEN:
            raise Conflict(_("Conflict {conflict_id} is settled already.", conflict_id=conflict_id))
        return row
    raise NotFound(_("There is no conflict {conflict_id}.", conflict_id=conflict_id))


def _resolve(core: Core, connection: sa.Connection, conflict_id: int, choice: dict[str, Any]) -> None:
    table = tables.conflicts
    connection.execute(
        sa.update(table)
        .where(table.c.conflict_id == conflict_id)
        .values(
            resolution_status=ResolutionStatus.RESOLVED.value, resolution_data=choice, resolved_at=core.now()
        )
    )


def get_policy(core: Core) -> Policy:
    """Return what the library prefers."""
    with core.database.read() as connection:
        return load_policy(connection)


def set_policy(core: Core, policy: Policy, *, plan_id: str | None = None) -> Record:
    """Say what the library prefers; return the cause. What was undecided is decided by it; what is there
    stays. ``plan_id``: that of a preview.
    """
    with core.database.write() as connection:
        done = policy_within(core, connection, _columns(policy), plan_id=plan_id)
        close_finished(core, connection)
    core.wake("downloads", "")
    table = tables.resyncs
    with core.database.read() as connection:
        return fetch_all(connection, sa.select(table).where(table.c.resync_id == done.resync_id))[0]


def preview_policy(core: Core, policy: Policy) -> Impact:
    """Return what ``set_policy`` would do."""
    return rehearse(core, lambda connection: policy_within(core, connection, _columns(policy)))


def _columns(policy: Policy) -> dict[str, Any]:
    return {"group_order": list(policy.group_order), "resolution_order": list(policy.resolution_order)}


def policy_within(
    core: Core, connection: sa.Connection, values: Mapping[str, Any], *, plan_id: str | None = None
) -> Done:
    """Do what ``set_policy`` does in the caller's transaction."""
    table, now = tables.library_policy, core.now()
    lock_state(connection)
    before = _columns(load_policy(connection))
    stored = {**values, "updated_at": now}
    if not connection.execute(sa.update(table).where(table.c.id == 1).values(stored)).rowcount:
        connection.execute(sa.insert(table).values(stored | {"id": 1}))
    resync_id = record_cause(
        connection,
        "policy_changed",
        now,
        before=before,
        after=dict(values),
        confirmed_plan_id=plan_id,
        reparsed=True,
    )
    return Done(resync_id=resync_id, effects=follow_rules(core, connection, resync_id, now))
