"""Bring the records up to what was done on the disk: units, claims, folders and files of Seiton's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import chunks
from seiton.domain.naming import path_key
from seiton.domain.states import UnitState
from seiton.viewer import tables
from seiton.viewer.gather import TRASH
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.places import Arrival
from seiton.viewer.show_files import SEASON_NFO, SHOW_NFO, is_picture

_ALWAYS = (
    *("stem", "video", "inode", "size", "mtime_ns", "birth_ns"),
    *("nfo_digest", "nfo_rendering", "home", "home_nfo", "state", "updated_at"),
)
_IF_KNOWN = ("added_at", "content_digest", "show_id", "applied_revision", "applied_video")


def _arrive() -> BulkWrite:
    units = tables.units
    values: dict[str, Any] = {name: sa.bindparam(f"{name}_") for name in _ALWAYS}
    for name in _IF_KNOWN:
        column = units.c[name]
        values[name] = sa.func.coalesce(sa.bindparam(f"{name}_", type_=column.type), column)
    values["undoes"] = sa.case((sa.bindparam("undone_", type_=sa.Boolean), sa.null()), else_=units.c.undoes)
    values |= {"hold_reason": None, "hold_detail": None}
    values |= {"attempts": 0, "next_try_at": None}
    return BulkWrite(sa.update(units).where(units.c.unit_id == sa.bindparam("its_id")).values(values))


_ARRIVE = _arrive()
_CLAIM = BulkWrite(sa.insert(tables.claims), ("library_id", "path_key", "kind", "unit_id"))


def record_arrivals(
    connection: sa.Connection, library_id: str, arrivals: Sequence[Arrival], now: datetime
) -> None:
    """Write where the units lie now; their claims follow in the same transaction."""
    if not arrivals:
        return
    _ARRIVE(connection, [_row(arrival, now) for arrival in arrivals])
    _claim_current(connection, library_id, arrivals)


def _row(arrival: Arrival, now: datetime) -> dict[str, Any]:
    identity, is_applied = arrival.identity, arrival.applied_revision is not None
    state = UnitState.REMOVED if arrival.stem.startswith(TRASH) else UnitState.PLACED
    return {
        "state_": state.value,
        "undone_": arrival.is_undone,
        "its_id": arrival.unit_id,
        "stem_": arrival.stem,
        "video_": arrival.video,
        "inode_": identity.inode if identity else None,
        "size_": identity.size if identity else None,
        "mtime_ns_": identity.mtime_ns if identity else None,
        "birth_ns_": identity.birth_ns if identity else None,
        "nfo_digest_": arrival.nfo_digest,
        "nfo_rendering_": arrival.nfo_rendering,
        "home_": arrival.home,
        "home_nfo_": arrival.home_nfo,
        "updated_at_": now,
        "added_at_": arrival.added_at,
        "content_digest_": arrival.content_digest,
        "show_id_": arrival.show_id,
        "applied_revision_": arrival.applied_revision,
        "applied_video_": arrival.video if is_applied else None,
    }


def _claim_current(connection: sa.Connection, library_id: str, arrivals: Sequence[Arrival]) -> None:
    """Claim where units lie. A claim of another unit there is stale: the disk says who lies there."""
    claims = tables.claims
    rows = [
        {
            "library_id": library_id,
            "path_key": path_key(arrival.stem),
            "kind": "current",
            "unit_id": arrival.unit_id,
        }
        for arrival in arrivals
    ]
    for part in chunks(rows):
        mine = claims.c.unit_id.in_([row["unit_id"] for row in part])
        here = claims.c.path_key.in_([row["path_key"] for row in part])
        stale = sa.and_(claims.c.library_id == library_id, claims.c.kind == "current", here)
        connection.execute(sa.delete(claims).where(sa.or_(mine, stale)))
    _CLAIM(connection, rows)


def claim_targets(connection: sa.Connection, library_id: str, targets: Mapping[int, bytes]) -> None:
    """Claim where units are going, before the first step is taken. Older claims are void."""
    release_targets(connection, library_id)
    rows = [
        {"library_id": library_id, "path_key": path_key(stem), "kind": "target", "unit_id": unit_id}
        for unit_id, stem in targets.items()
    ]
    _CLAIM(connection, rows)


def release_targets(connection: sa.Connection, library_id: str) -> None:
    """Give up all claims on names to come. The caller holds the library's lock; no chunk is running."""
    claims = tables.claims
    connection.execute(sa.delete(claims).where(claims.c.library_id == library_id, claims.c.kind == "target"))


def record_artifacts(
    connection: sa.Connection,
    library_id: str,
    steps: Iterable[Step],
    renderings: Mapping[bytes, str],
    now: datetime,
) -> None:
    """Remember folders and show files that Seiton made, forget those that it took away."""
    made: dict[bytes, dict[str, Any]] = {}
    gone: set[bytes] = set()
    for step in steps:
        kind = _artifact_kind(step)
        if kind is None:
            continue
        if step.kind in {StepKind.DROP, StepKind.PRUNE}:
            made.pop(step.target, None)
            gone.add(step.target)
            continue
        made[step.target] = {
            "library_id": library_id,
            "path": step.target,
            "kind": kind,
            "digest": step.after_digest,
            "rendering": renderings.get(step.target),
            "created_at": now,
        }
    table = tables.artifacts
    for part in chunks(sorted(gone | set(made))):
        connection.execute(sa.delete(table).where(table.c.library_id == library_id, table.c.path.in_(part)))
    for rows in chunks(list(made.values())):
        connection.execute(sa.insert(table), rows)


def _artifact_kind(step: Step) -> str | None:
    """Return what sort of shared thing a step makes or takes away, ``None`` for a unit's own file."""
    if step.kind in {StepKind.FOLDER, StepKind.PRUNE}:
        return "folder"
    if step.kind in {StepKind.WRITE, StepKind.REWRITE, StepKind.DROP}:
        name = os.path.basename(step.target)
        picture = "picture" if step.unit_id is None and is_picture(name) else None
        return {SHOW_NFO: "show_nfo", SEASON_NFO: "season_nfo"}.get(name, picture)
    return None


def mark_left(
    connection: sa.Connection, library_id: str, folders: Mapping[bytes, str | None], now: datetime
) -> None:
    """Note that ``folders`` may be empty now, and by which cause; only those that Seiton made are removed."""
    for cause in set(folders.values()):
        mine = [folder for folder, by in folders.items() if by == cause]
        _set_left(connection, library_id, mine, now, cause)


def clear_left(connection: sa.Connection, library_id: str, folders: Iterable[bytes]) -> None:
    """Note that ``folders`` were looked at."""
    _set_left(connection, library_id, folders, None, None)


def _set_left(
    connection: sa.Connection,
    library_id: str,
    folders: Iterable[bytes],
    at: datetime | None,
    cause: str | None,
) -> None:
    table = tables.artifacts
    for part in chunks(sorted(folders)):
        update = sa.update(table).where(
            table.c.library_id == library_id, table.c.kind == "folder", table.c.path.in_(part)
        )
        connection.execute(update.values(left_at=at, left_by=cause))
