"""Work out what a cause would do to files and downloads, and have it wait where a person is to confirm it.

A cause is judged in the transaction that completes it, before the reconciler can see any of it: files that
wait are marked on their rows of ``resync_items``, downloads in ``waiting_downloads``. Nothing is kept in
memory, so a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from seiton.adapters.database import CHUNK, Row, chunks
from seiton.core import tables
from seiton.core.causes.follow_modes import load_modes
from seiton.core.causes.records import require_cause
from seiton.core.notifications.happened import Happening, happened
from seiton.core.service import Core
from seiton.domain.consent import FollowMode, PlannedFile, ReleaseKey, kind_of, path_changes, plan_id
from seiton.domain.states import IN_VIEWER, Happens, ResyncState
from seiton.domain.wishes import load_wish


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What a cause does to downloads: links that are fetched, links whose fetch is ended."""

    starts: tuple[int, ...] = ()
    cancels: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What follows from one cause. ``waits``: downloads (ids) whose files wait for a person; ``waited``:
    those that did before, under an earlier cause.
    """

    plan_id: str
    files: tuple[int, ...]
    waited: tuple[int, ...]
    waits: tuple[int, ...]
    downloads_wait: bool
    is_confirmed: bool

    @property
    def needs_confirmation(self) -> bool:
        """Say whether a person has to confirm any of it."""
        return bool(self.waits) or self.downloads_wait


NO_EFFECTS = Effects()


def judge(core: Core, connection: sa.Connection, resync_id: int, effects: Effects = NO_EFFECTS) -> Plan:
    """Decide what of a complete cause may happen now, and mark what waits.

    The caller has refreshed what downloads should be (``desired.refresh_desired``) in this transaction, and
    begins and ends downloads unless ``downloads_wait``.
    """
    cause = require_cause(connection, resync_id)
    plan = weigh(core, connection, cause, effects)
    _mark_files(connection, resync_id, plan)
    table, waiting = tables.resyncs, tables.waiting_downloads
    if plan.downloads_wait:
        rows = [(link_id, True) for link_id in effects.starts]
        rows += [(link_id, False) for link_id in effects.cancels]
        for part in chunks(rows):
            connection.execute(
                sa.insert(waiting),
                [{"resync_id": resync_id, "link_id": key, "is_start": start} for key, start in part],
            )
    values: dict[str, object] = {
        "starts": len(effects.starts),
        "cancels": len(effects.cancels),
        "plan_id": plan.plan_id,
    }
    if plan.needs_confirmation:
        values["state"] = ResyncState.WAITING.value
        name = cause["subject_name"] or ""
        braked = Happening(kind=Happens.BRAKED, subject=name, detail=cause["cause"])
        happened(connection, [braked], core.now())
        values["waiting_plan_id"] = waiting_plan(
            connection, resync_id, effects if plan.downloads_wait else NO_EFFECTS
        )
    elif plan.is_confirmed:
        values["confirmed_at"] = core.now()
    connection.execute(sa.update(table).where(table.c.resync_id == resync_id).values(values))
    return plan


def weigh(core: Core, connection: sa.Connection, cause: Row, effects: Effects) -> Plan:
    """Return what follows from ``cause``, and what of it waits unless a person has confirmed just that."""
    modes, kind = load_modes(connection), kind_of(cause["cause"])
    files: list[PlannedFile] = []
    asked: list[int] = []
    waited: list[int] = []
    inherited: list[int] = []
    for row in _items(connection, cause["resync_id"]):
        if row["outcome"] == "waiting":
            waited.append(row["download_id"])
        if row["desired_fingerprint"] == row["applied_fingerprint"]:
            continue  # back to where it lies
        files.append(_planned(row))
        if row["outcome"] == "waiting":
            inherited.append(row["download_id"])
        elif modes.of(kind, row["series_id"]) is FollowMode.ASK and _moves(row):
            asked.append(row["download_id"])
    ids = tuple(file.download_id for file in files)
    found = id_of(connection, files, effects)
    is_confirmed = cause["confirmed_plan_id"] == found
    waits: tuple[int, ...] = ()
    if not is_confirmed:
        is_many = len(ids) > core.brake.some_files or len(ids) > core.brake.files
        is_braked = is_many and core.brake.stops_files(len(ids), _library_size(connection))
        waits = ids if is_braked else tuple(sorted({*asked, *inherited}))
    return Plan(
        plan_id=found,
        files=ids,
        waited=tuple(waited),
        waits=waits,
        downloads_wait=not is_confirmed and is_too_much(core, connection, effects),
        is_confirmed=is_confirmed,
    )


def is_too_much(core: Core, connection: sa.Connection, effects: Effects) -> bool:
    """Say whether a person has to confirm what a cause does to downloads: they are many, or do not fit."""
    links, items = tables.links, tables.raw_items
    sizes: dict[int, int] = {}
    for part in chunks(effects.starts):
        query = (
            sa.select(items.c.item_id, items.c.size)
            .select_from(links.join(items, items.c.item_id == links.c.raw_item_id))
            .where(links.c.link_id.in_(part), items.c.size.is_not(None))
        )
        sizes.update((row[0], row[1]) for row in connection.execute(query))
    return core.brake.stops_downloads(
        len(effects.starts),
        len(effects.cancels),
        size=sum(sizes.values()),
        free=core.free_bytes() if sizes else None,
    )


def waiting_plan(connection: sa.Connection, resync_id: int, effects: Effects) -> str:
    """Return the id of what of a cause waits: its files, and ``effects`` on downloads."""
    files = [
        _planned(row)
        for row in _items(connection, resync_id)
        if row["outcome"] == "waiting" and row["desired_fingerprint"] != row["applied_fingerprint"]
    ]
    return id_of(connection, files, effects)


def id_of(connection: sa.Connection, files: Sequence[PlannedFile], effects: Effects) -> str:
    """Return the id of a plan."""
    return plan_id(
        files, _release_keys(connection, effects.starts), _release_keys(connection, effects.cancels)
    )


def _planned(row: Row) -> PlannedFile:
    return PlannedFile(
        download_id=row["download_id"], fingerprint=row["desired_fingerprint"], path=row["library_path"]
    )


def _release_keys(connection: sa.Connection, link_ids: Sequence[int]) -> list[ReleaseKey]:
    """Return what links are known by before they are saved, too."""
    links = tables.links.c
    keys: list[ReleaseKey] = []
    for part in chunks(link_ids):
        query = sa.select(links.raw_item_id, links.slot, links.link_id).where(links.link_id.in_(part))
        # What was added by hand is of no item.
        keys += [(row[0] or -row[2], row[1]) for row in connection.execute(query)]
    return keys


def waiting_links(connection: sa.Connection, link_ids: Iterable[int]) -> set[int]:
    """Return those of ``link_ids`` whose download a person has to confirm first."""
    table, found = tables.waiting_downloads.c, set[int]()
    for part in chunks(sorted(link_ids)):
        query = sa.select(table.link_id).where(table.link_id.in_(part), table.is_start)
        found |= set(connection.execute(query).scalars())
    return found


def _items(connection: sa.Connection, resync_id: int) -> Iterator[Row]:
    """Give the files of a cause that are not done yet, by download, in ascending pieces."""
    items, downloads, links = tables.resync_items, tables.downloads, tables.links
    query = (
        sa.select(
            items.c.download_id,
            items.c.outcome,
            items.c.before,
            downloads.c.desired,
            downloads.c.desired_fingerprint,
            downloads.c.applied_fingerprint,
            downloads.c.library_path,
            downloads.c.applied_revision,
            downloads.c.kept_revision,
            links.c.series_id,
        )
        .select_from(
            items.join(downloads, downloads.c.download_id == items.c.download_id).join(
                links, links.c.link_id == downloads.c.link_id
            )
        )
        .where(items.c.resync_id == resync_id, items.c.outcome.in_(("pending", "waiting")))
        .order_by(items.c.download_id)
        .limit(CHUNK)
    )
    cursor = 0
    while True:
        rows = connection.execute(query.where(items.c.download_id > cursor)).mappings().all()
        yield from rows
        if len(rows) < CHUNK:
            return
        cursor = rows[-1]["download_id"]


def _moves(row: Row) -> bool:
    """Say whether a file gets another name; one whose name is not known to be its wish's counts as moving."""
    if row["before"] is None or 0 < row["kept_revision"] == row["applied_revision"]:
        return True
    return path_changes(load_wish(row["before"]), load_wish(row["desired"]))


def _library_size(connection: sa.Connection) -> int:
    table = tables.downloads.c
    query = sa.select(sa.func.count()).where(table.status.in_(sorted(IN_VIEWER)), table.removed_at.is_(None))
    return int(connection.execute(query).scalar_one())


def _mark_files(connection: sa.Connection, resync_id: int, plan: Plan) -> None:
    table = tables.resync_items
    mine = sa.update(table).where(table.c.resync_id == resync_id)
    if plan.waited:
        connection.execute(mine.where(table.c.outcome == "waiting").values(outcome="pending"))
    for part in chunks(plan.waits):
        waits = mine.where(table.c.download_id.in_(part), table.c.outcome == "pending")
        connection.execute(waits.values(outcome="waiting"))
