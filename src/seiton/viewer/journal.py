"""The journal: what is about to be done to files, written before, and looked up after a crash."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import chunks
from seiton.adapters.files import Identity
from seiton.domain.states import StepState
from seiton.viewer import tables
from seiton.viewer.servers import changes


class StepKind(StrEnum):
    """What one step does. No step can overwrite; every step can be looked up on the disk."""

    FOLDER = "folder"  #: make a folder
    MOVE = "move"  #: rename a media file, sidecar or trickplay folder inside the library, no-replace
    ENTER = "enter"  #: link, copy or move a file from the download folder into the library
    LEAVE = "leave"  #: take an ENTER back: the download stays, or comes back to its folder
    WRITE = "write"  #: put a generated file where nothing is
    REWRITE = "rewrite"  #: replace a generated file that still has the content we left
    DROP = "drop"  #: take a generated file away; its content is kept in ``objects``
    PRUNE = "prune"  #: remove an empty folder that we made
    ERASE = "erase"  #: delete a file that a removal put into the trash


@dataclass(slots=True, kw_only=True)
class Step:
    """One no-overwrite change of one name. ``source`` of ENTER and LEAVE is absolute, all else relative.

    Once a step of a ``component`` fails, its later steps are not tried; once a step of a ``bundle`` fails,
    its finished steps are taken back. ``None``: the step stands for itself. ``cause`` is what it is done for,
    as in the table of units; ``before_rendering``: of a show file, our part of what it replaces.
    """

    kind: StepKind
    target: bytes
    unit_id: int | None = None
    source: bytes | None = None
    identity: Identity | None = None
    before_digest: str | None = None
    after_digest: str | None = None
    component: int | None = None
    bundle: int | None = None
    cause: str | None = None
    before_rendering: str | None = None
    # Given by ``record``:
    token: str = ""
    step_id: int = 0

    @property
    def leads_back(self) -> bool:
        """Say whether this takes another step back: only such a step is of a component named for its unit."""
        return self.bundle is None and self.unit_id is not None and self.component == self.unit_id

    def inverse(self) -> Step | None:
        """Return the step that takes this one back, or ``None`` where nothing has to be.

        Once one step back of a unit fails, the rest of that unit stays where it is, too.
        """
        before, after = self.after_digest, self.before_digest
        back = replace(self, component=self.unit_id, bundle=None, token="", step_id=0)
        if self.kind is StepKind.MOVE:
            return replace(back, source=self.target, target=self.source or b"")
        if self.kind is StepKind.ENTER:
            return replace(back, kind=StepKind.LEAVE)
        if self.kind is StepKind.WRITE:
            return replace(back, kind=StepKind.DROP, before_digest=before, after_digest=None)
        if self.kind is StepKind.DROP:
            return replace(back, kind=StepKind.WRITE, before_digest=None, after_digest=after)
        if self.kind is StepKind.REWRITE:
            return replace(back, before_digest=before, after_digest=after)
        return None


_RECORD = BulkWrite(
    sa.insert(tables.journal),
    [column.name for column in tables.journal.c if column.name not in {"step_id", "error", "done_at"}],
)
_CLOSE = BulkWrite(
    sa.update(tables.journal)
    .where(tables.journal.c.step_id.between(sa.bindparam("first"), sa.bindparam("last")))
    .values(state=sa.bindparam("as"), done_at=sa.bindparam("at"))
)
_KEEP = BulkWrite(sa.insert(tables.objects), ("digest", "content", "created_at"))


TOKEN_BYTES = 8


def new_token() -> str:
    """Return a name for a step's temporary files, unique for ever."""
    return os.urandom(TOKEN_BYTES).hex()


def record(
    connection: sa.Connection, library_id: str, plan_id: str, steps: Sequence[Step], now: datetime
) -> list[Step]:
    """Write ``steps`` as open rows, in order; return them with their tokens and ids.

    What media servers have to learn of them is on record with them.
    """
    if not steps:
        return []
    units = {step.unit_id for step in steps if step.unit_id is not None}
    shows = {
        os.path.dirname(step.target) for step in steps if os.path.basename(step.target) == changes.SHOW_NFO
    }
    changes.note(connection, library_id, units, shows, now)
    named = list(steps)
    tokens = os.urandom(TOKEN_BYTES * len(named)).hex()
    for at, step in enumerate(named):
        step.token = step.token or tokens[2 * TOKEN_BYTES * at : 2 * TOKEN_BYTES * (at + 1)]
    shared = {"library_id": library_id, "plan_id": plan_id, "created_at": now, "state": StepState.OPEN.value}
    for part in chunks(named):
        _RECORD(connection, [_row(step, shared) for step in part])
    table = tables.journal
    if connection.dialect.name == "sqlite":  # one writer: ids of one transaction are consecutive
        last = connection.execute(sa.select(sa.func.max(table.c.step_id))).scalar_one()
        for step_id, step in enumerate(named, last - len(named) + 1):
            step.step_id = step_id
        return named
    found = sa.select(table.c.token, table.c.step_id).where(
        table.c.library_id == library_id, table.c.state == StepState.OPEN
    )
    ids = {row.token: row.step_id for row in connection.execute(found)}
    for step in named:
        step.step_id = ids[step.token]
    return named


def _row(step: Step, shared: Mapping[str, Any]) -> dict[str, Any]:
    identity = step.identity
    return {
        **shared,
        "unit_id": step.unit_id,
        "token": step.token,
        "kind": step.kind.value,
        "component": step.component,
        "bundle": step.bundle,
        "cause": step.cause,
        "before_rendering": step.before_rendering,
        "source": step.source,
        "target": step.target,
        "form": _form(identity) if identity else None,
        "inode": identity.inode if identity else None,
        "size": identity.size if identity else None,
        "mtime_ns": identity.mtime_ns if identity else None,
        "birth_ns": identity.birth_ns if identity else None,
        "before_digest": step.before_digest,
        "after_digest": step.after_digest,
    }


def _form(identity: Identity) -> str:
    return "folder" if identity.is_dir else "link" if identity.is_link else "file"


def open_steps(connection: sa.Connection, library_id: str) -> tuple[str, list[Step]]:
    """Return the steps that a killed process left open, in order, with their plan's id."""
    table = tables.journal
    query = (
        sa.select(table)
        .where(table.c.library_id == library_id, table.c.state == StepState.OPEN)
        .order_by(table.c.step_id)
    )
    rows = connection.execute(query).mappings().all()
    return (rows[0]["plan_id"] if rows else ""), [_step(row) for row in rows]


def units_with_open_steps(connection: sa.Connection, library_id: str) -> set[int]:
    """Return the units that lie, in part, where neither the record nor a wish says."""
    table = tables.journal
    query = sa.select(table.c.unit_id).where(
        table.c.library_id == library_id, table.c.state == StepState.OPEN, table.c.unit_id.is_not(None)
    )
    return {unit_id for unit_id in connection.execute(query.distinct()).scalars() if unit_id is not None}


def moves_into(connection: sa.Connection, unit_id: int, folder: bytes) -> list[Step]:
    """Return the steps that moved something of a unit below ``folder`` (it ends in a slash), and stayed."""
    table = tables.journal
    query = (
        sa.select(table)
        .where(
            table.c.unit_id == unit_id,
            table.c.kind == StepKind.MOVE.value,
            table.c.state == StepState.DONE.value,
            table.c.target > folder,
            table.c.target < folder + b"\xff",
        )
        .order_by(table.c.step_id)
    )
    steps = [_step(row) for row in connection.execute(query).mappings()]
    return list({step.target: step for step in steps}.values())


def _step(row: Any) -> Step:
    identity = None
    if row["inode"] is not None:
        identity = Identity(
            inode=row["inode"],
            size=row["size"],
            mtime_ns=row["mtime_ns"],
            birth_ns=row["birth_ns"],
            is_dir=row["form"] == "folder",
            is_link=row["form"] == "link",
        )
    return Step(
        kind=StepKind(row["kind"]),
        target=row["target"],
        unit_id=row["unit_id"],
        source=row["source"],
        identity=identity,
        before_digest=row["before_digest"],
        after_digest=row["after_digest"],
        component=row["component"],
        bundle=row["bundle"],
        cause=row["cause"],
        before_rendering=row["before_rendering"],
        token=row["token"],
        step_id=row["step_id"],
    )


def set_evidence(connection: sa.Connection, step: Step, identity: Identity, digest: str | None) -> None:
    """Record what a staged copy is before it is published under its name."""
    table = tables.journal
    connection.execute(
        sa.update(table)
        .where(table.c.step_id == step.step_id)
        .values(
            inode=identity.inode,
            size=identity.size,
            mtime_ns=identity.mtime_ns,
            birth_ns=identity.birth_ns,
            after_digest=digest,
        )
    )


def close(connection: sa.Connection, steps: Iterable[Step], state: StepState, now: datetime) -> None:
    """Mark ``steps`` as finished in ``state``: those of one chunk have ids in a row, so ranges are few."""
    rows = [
        {"first": first, "last": last, "as": state.value, "at": now}
        for first, last in _ranges(sorted(step.step_id for step in steps))
    ]
    _CLOSE(connection, rows)


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the first and the last of each run of consecutive ``numbers``, which are sorted."""
    for _offset, run in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        members = [number for _at, number in run]
        yield members[0], members[-1]


def note_failures(connection: sa.Connection, failures: Mapping[int, str]) -> None:
    """Write why steps were not done, by step id."""
    if failures:
        update = sa.update(tables.journal).where(tables.journal.c.step_id == sa.bindparam("its_id"))
        rows = [{"its_id": step_id, "why": why} for step_id, why in failures.items()]
        connection.execute(update.values(error=sa.bindparam("why")), rows)


def keep(connection: sa.Connection, contents: Mapping[str, bytes], now: datetime) -> None:
    """Store before- and after-images by their digests; equal content is stored once."""
    table = tables.objects
    known: set[str] = set()
    for part in chunks(list(contents)):
        known.update(connection.execute(sa.select(table.c.digest).where(table.c.digest.in_(part))).scalars())
    fresh = [
        {"digest": digest, "content": content, "created_at": now}
        for digest, content in contents.items()
        if digest not in known
    ]
    _KEEP(connection, fresh)


def contents_of(connection: sa.Connection, digests: Iterable[str]) -> dict[str, bytes]:
    """Return stored contents by digest."""
    table = tables.objects
    found: dict[str, bytes] = {}
    for part in chunks(sorted(set(digests))):
        query = sa.select(table.c.digest, table.c.content).where(table.c.digest.in_(part))
        found.update((row.digest, row.content) for row in connection.execute(query))
    return found
