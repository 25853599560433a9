"""Before- and after-images of units: how each lay before a cause touched it, and how that cause left it.

Undo gives back the one where the disk still shows the other.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

import sqlalchemy as sa

from seiton.adapters.bulk import BulkWrite
from seiton.adapters.database import Row, chunks
from seiton.domain.naming import in_movies
from seiton.viewer import tables

_BEFORE = BulkWrite(
    sa.insert(tables.unit_images),
    [column.name for column in tables.unit_images.c if column.name not in {"after_stem", "after_nfo"}],
)
_AFTER = BulkWrite(
    sa.update(tables.unit_images)
    .where(
        tables.unit_images.c.unit_id == sa.bindparam("its_id"),
        tables.unit_images.c.cause == sa.bindparam("its_cause"),
    )
    .values(after_stem=sa.bindparam("at"), after_nfo=sa.bindparam("nfo_there"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a unit lay. Unlike a name that is made from metadata it can be any path of bytes."""

    stem: bytes

    @property
    def season_folder(self) -> bytes:
        """The folder that it lay in; empty: the library's root."""
        return os.path.dirname(self.stem)

    @property
    def show_folder(self) -> bytes:
        """The folder above that one, if there is one; of a film the one that it lay in."""
        if in_movies(self.stem):
            return self.season_folder
        return os.path.dirname(self.season_folder) or self.season_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """What an undo gives back of a unit besides its name; ``keeps_nfo``: the NFO is as it was already.

    ``is_met``: that is what it is wanted to be; else it was held, and is looked at again from there. ``nfo``
    is its content, ``None``: there was none. The others are the unit's columns.
    """

    keeps_nfo: bool = False
    is_met: bool = True
    nfo: bytes | None = None
    nfo_digest: str | None
    nfo_rendering: str | None
    show_id: int | None = None


class Since(Enum):
    """What became of a unit since the cause that is to be undone."""

    UNTOUCHED = auto()  #: the cause never touched it
    AS_BEFORE = auto()  #: it lies as before that cause
    AS_LEFT = auto()  #: it lies as that cause left it
    MOVED_ON = auto()  #: a later cause changed it
    CHANGED = auto()  #: somebody else did


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A unit before the first step of its cause; ``nfo`` is the digest of the file there."""

    row: Row
    cause: str | None
    nfo: str | None


def judge(image: Row | None, row: Row, nfo: str | None) -> Since:
    """Compare a unit (its ``row``; ``nfo``: the digest of the file beside it, or before it was parked) with
    its image.
    """
    if image is None:
        return Since.UNTOUCHED
    if row["home"] is not None:
        return Since.AS_LEFT  # parked in the middle of a plan of ours
    if (row["stem"], nfo) == (image["stem"], image["nfo"]):
        return Since.AS_BEFORE
    if (row["stem"], nfo) == (image["after_stem"], image["after_nfo"]):
        return Since.AS_LEFT
    # Of another program's NFO no digest is on record: where it lies elsewhere by now, a cause moved it.
    is_foreign = row["nfo_digest"] is None and row["stem"] != image["after_stem"]
    return Since.MOVED_ON if is_foreign or nfo == row["nfo_digest"] else Since.CHANGED


def load_images(connection: sa.Connection, rows: Iterable[Row]) -> dict[int, Row]:
    """Return the images of the causes that units in ``rows`` are to undo, by unit."""
    table = tables.unit_images
    wanted = {row["unit_id"]: row["undoes"] for row in rows if row["undoes"] is not None}
    found: dict[int, Row] = {}
    for part in chunks(sorted(wanted)):
        query = sa.select(table).where(table.c.unit_id.in_(part), table.c.cause.in_({*wanted.values()}))
        for image in connection.execute(query).mappings():
            if wanted[image["unit_id"]] == image["cause"]:
                found[image["unit_id"]] = image
    return found


def record_before(connection: sa.Connection, units: Sequence[Before], now: datetime) -> None:
    """Write how units of a cause lie; of one that comes to a unit again the first image counts."""
    table = tables.unit_images
    known: set[tuple[int, str]] = set()
    for part in chunks(units):
        query = sa.select(table.c.unit_id, table.c.cause).where(
            table.c.unit_id.in_([unit.row["unit_id"] for unit in part])
        )
        known.update((found.unit_id, found.cause) for found in connection.execute(query))
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for unit in units:
        stem = unit.row["home"] or unit.row["stem"]
        if stem is None or unit.cause is None:
            continue
        key = (unit.row["unit_id"], unit.cause)
        if key in known or key in rows:
            continue
        rows[key] = {
            "unit_id": unit.row["unit_id"],
            "cause": unit.cause,
            "stem": stem,
            "nfo": unit.nfo,
            "nfo_digest": unit.row["nfo_digest"],
            "nfo_rendering": unit.row["nfo_rendering"],
            "show_id": unit.row["show_id"],
            "is_met": unit.row["was_met"],
            "created_at": now,
        }
    _BEFORE(connection, list(rows.values()))


def record_after(connection: sa.Connection, left: Mapping[tuple[int, str], tuple[bytes, str | None]]) -> None:
    """Write stem and NFO digest of units, by unit and cause, as the cause left them."""
    _AFTER(
        connection,
        [
            {"its_id": unit_id, "its_cause": cause, "at": stem, "nfo_there": nfo}
            for (unit_id, cause), (stem, nfo) in left.items()
        ],
    )
