"""From what titles say to links: set-based, in place, and nothing is ever deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.identity.ids import carry_ids, claim_ids, note_numbers
from seiton.core.links.flags import refresh_flags
from seiton.core.links.wanted import (
    ADOPTED,
    LinksOf,
    Wanted,
    load_series_pins,
    named,
    pin_down,
    wanted_links,
)
from seiton.core.works.entities import ensure_groups, ensure_series, note_years
from seiton.domain.adopting import NO_PARSER, as_adopted, load_evidence
from seiton.domain.pins import SeriesName
from seiton.domain.rules import Failed, Matched, NoMatch, Outcome
from seiton.domain.states import RawItemStatus

Episode = tuple[int, int, int]
"""Series id, number, tenths: what is fetched once, however many links offer it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkChange:
    """What the upsert of one link did (the seed's step 7)."""

    link_id: int
    is_new: bool
    series_changed: bool = False
    group_changed: bool = False
    episode_changed: bool = False
    reattached: bool = False


@dataclass(slots=True, kw_only=True)
class Applied:
    """What a chunk of outcomes came to.

    ``episodes``: those that links have come to, or have left; ``filtered_out``: links that rules keep out
    now, the downloads of which are to be taken back; ``moved``: series that links have left → those that they
    have come to; ``unmatched``: items that a parser matched until now,
    and none does any more; ``pins_passed``: values set by hand where the parser says something else.
    """

    changes: list[LinkChange] = field(default_factory=list)
    detached: list[int] = field(default_factory=list)
    episodes: set[Episode] = field(default_factory=set)
    items_changed: int = 0
    filtered_out: list[int] = field(default_factory=list)
    items_read: int = 0
    moved: dict[int, set[int]] = field(default_factory=dict)
    unmatched: list[int] = field(default_factory=list)
    pins_passed: int = 0

    def add(self, other: Applied) -> None:
        """Count another chunk in."""
        self.changes += other.changes
        self.detached += other.detached
        self.episodes |= other.episodes
        self.items_changed += other.items_changed
        self.filtered_out += other.filtered_out
        self.items_read += other.items_read
        self.unmatched += other.unmatched
        self.pins_passed += other.pins_passed

    @property
    def new_links(self) -> list[int]:
        """Links that were not there before."""
        return [change.link_id for change in self.changes if change.is_new]

    @property
    def touched(self) -> list[int]:
        """Links whose downloads may have to change."""
        return [change.link_id for change in self.changes]


def apply_outcomes(connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]], now: datetime) -> Applied:
    """Write what parsing made of ``pairs`` of (raw item, outcome).

    A title that no parser matches any more detaches its links; a failing one keeps its last good ones.
    Neither loses a download or a file.
    """
    applied = Applied()
    existing = _existing_links(connection, [item["item_id"] for item, _outcome in pairs])
    parsed = [(item, outcome.parsed) for item, outcome in pairs if isinstance(outcome, Matched)]
    said = [
        link
        for item, title in parsed
        for link in wanted_links(item, title, existing.get(item["item_id"], ()))
    ]
    wanted, applied.pins_passed = pin_down(said, existing, load_series_pins(connection))
    series = ensure_series(connection, [(link.item, named(link)) for link in wanted], now)
    note_years(
        connection, {link.title: year for link in wanted if link.is_movie and (year := link.parsed.year)}
    )
    groups = ensure_groups(connection, {link.group for link in wanted}, now)
    _upsert(connection, wanted, existing, series, groups, applied, now)
    _detach(connection, pairs, wanted, existing, applied, now)
    applied.items_read = len(pairs)
    applied.unmatched = [
        item["item_id"]
        for item, outcome in pairs
        if isinstance(outcome, NoMatch) and item["status"] == RawItemStatus.PARSED
    ]
    applied.items_changed = _mark_items(connection, pairs, now)
    applied.filtered_out, episodes = refresh_flags(connection, applied.touched, now)
    applied.episodes |= episodes
    _identify(connection, applied, now)
    return applied


def _identify(connection: sa.Connection, applied: Applied, now: datetime) -> None:
    """Have ids and facts of series follow what became of their links."""
    if not applied.changes:
        return
    carry_ids(connection, applied.moved, now)
    claim_ids(connection, applied.touched, now)
    note_numbers(connection, {episode[0] for episode in applied.episodes})


def _existing_links(connection: sa.Connection, item_ids: Sequence[int]) -> dict[int, list[Row]]:
    table = tables.links
    found: dict[int, list[Row]] = {}
    for part in chunks(item_ids):
        query = sa.select(table).where(table.c.raw_item_id.in_(part))
        for row in connection.execute(query).mappings():
            found.setdefault(row["raw_item_id"], []).append(row)
    return found


_FOLLOWING = (
    "series_id",
    "group_id",
    "episode_no",
    "episode_tenths",
    "version",
    "resolution",
    "is_batch",
    "is_movie",
    "title",
    "pins",
    "detached_at",
)
"""The columns of a link that follow the rules; it takes the pins of its series along, and keeps them."""


def _upsert(
    connection: sa.Connection,
    wanted: Iterable[Wanted],
    existing: LinksOf,
    series: Mapping[SeriesName, int],
    groups: Mapping[str, int],
    applied: Applied,
    now: datetime,
) -> None:
    stored = {(row["raw_item_id"], row["slot"]): row for rows in existing.values() for row in rows}
    inserts: list[dict[str, Any]] = []
    updates: list[dict[str, Any]] = []
    for link in wanted:
        values = {
            "series_id": series[link.title, link.series_no],
            "group_id": groups[link.group],
            "episode_no": link.episode_no,
            "episode_tenths": link.episode_tenths,
            "version": link.version,
            "resolution": link.resolution,
            "is_batch": link.is_batch,
            "is_movie": link.is_movie,
            "title": link.item["title"],
            "pins": dict(link.pins) or None,
            "detached_at": None,
        }
        row = stored.get((link.item["item_id"], link.slot))
        if row is None:
            inserts.append(values | _fixed_values(link) | {"created_at": now, "updated_at": now})
            applied.episodes.add(_episode(values))
        elif any(row[name] != values[name] for name in _FOLLOWING):
            updates.append(values | {"its_id": row["link_id"], "updated_at": now})
            applied.episodes |= {_episode(row), _episode(values)}
            applied.changes.append(_change(row, values))
            if row["series_id"] != values["series_id"]:
                applied.moved.setdefault(row["series_id"], set()).add(values["series_id"])
    if updates:
        names: dict[str, Any] = {
            name: sa.bindparam(name, type_=tables.links.c[name].type) for name in (*_FOLLOWING, "updated_at")
        }
        update = sa.update(tables.links).where(tables.links.c.link_id == sa.bindparam("its_id"))
        connection.execute(update.values(names), updates)
    if inserts:
        _insert(connection, inserts, applied)


def _episode(link: Row) -> Episode:
    return link["series_id"], link["episode_no"], link["episode_tenths"]


def _change(before: Row, after: Mapping[str, Any]) -> LinkChange:
    return LinkChange(
        link_id=before["link_id"],
        is_new=False,
        series_changed=before["series_id"] != after["series_id"],
        group_changed=before["group_id"] != after["group_id"],
        episode_changed=_episode(before)[1:] != _episode(after)[1:],
        reattached=before["detached_at"] is not None,
    )


def _insert(connection: sa.Connection, inserts: Sequence[dict[str, Any]], applied: Applied) -> None:
    for rows in chunks(inserts):
        connection.execute(sa.insert(tables.links), rows)
    stored = _existing_links(connection, sorted({row["raw_item_id"] for row in inserts}))
    ids = {(row["raw_item_id"], row["slot"]): row["link_id"] for rows in stored.values() for row in rows}
    applied.changes += [
        LinkChange(link_id=ids[row["raw_item_id"], row["slot"]], is_new=True) for row in inserts
    ]


def _fixed_values(link: Wanted) -> dict[str, Any]:
    """Return what a link keeps for ever. The hash of a batch's episodes tells them apart (contract §7.3)."""
    digest = hashlib.sha256(link.item["download_url"].encode()).hexdigest()
    return {
        "raw_item_id": link.item["item_id"],
        "slot": link.slot,
        "url": link.item["download_url"],
        "source_hash": f"{digest}#ep{link.slot + 1}" if link.is_batch else digest,
        "download_type": link.item["download_type"],
        "filtered_flag": False,
    }


def _detach(
    connection: sa.Connection,
    pairs: Sequence[tuple[Row, Outcome]],
    wanted: Sequence[Wanted],
    existing: LinksOf,
    applied: Applied,
    now: datetime,
) -> None:
    """Detach the links of titles that no parser matches, and of episodes that a batch does not have."""
    kept = {(link.item["item_id"], link.slot) for link in wanted}
    for item, outcome in pairs:
        if isinstance(outcome, Failed):
            continue
        for row in existing.get(item["item_id"], ()):
            if (item["item_id"], row["slot"]) not in kept and row["detached_at"] is None:
                applied.detached.append(row["link_id"])
                applied.episodes.add(_episode(row))
    for part in chunks(applied.detached):
        detach = sa.update(tables.links).where(tables.links.c.link_id.in_(part))
        connection.execute(detach.values(detached_at=now, updated_at=now))


def _mark_items(connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]], now: datetime) -> int:
    rows: list[dict[str, Any]] = []
    for item, outcome in pairs:
        status, parser_id, message = item_result(outcome)
        result = (status, parser_id, message)
        if item["is_deferred"] or (item["status"], item["parser_id"], item["error_message"]) != result:
            rows.append(
                {
                    "its_id": item["item_id"],
                    "status": status.value,
                    "parser_id": parser_id,
                    "error_message": message,
                    "parsed_at": now,
                }
            )
    if rows:
        names: dict[str, Any] = {
            name: sa.bindparam(name) for name in ("status", "parser_id", "error_message", "parsed_at")
        }
        names["is_deferred"] = False
        update = sa.update(tables.raw_items).where(tables.raw_items.c.item_id == sa.bindparam("its_id"))
        connection.execute(update.values(names), rows)
    return len(rows)


def outcome_for(item: Row, outcome: Outcome) -> Outcome:
    """Return what an item is, the rules saying ``outcome`` of its title: more is known of adopted files."""
    evidence = (item["facts"] or {}).get(ADOPTED)
    return outcome if evidence is None else as_adopted(load_evidence(evidence), outcome)


def item_result(outcome: Outcome) -> tuple[RawItemStatus, int | None, str | None]:
    """Return status, parser and message of a raw item with this outcome."""
    if isinstance(outcome, Matched) and outcome.parser_id != NO_PARSER:
        return RawItemStatus.PARSED, outcome.parser_id, None
    if isinstance(outcome, Failed):
        return RawItemStatus.FAILED, outcome.parser_id, failure_text(outcome)
    return RawItemStatus.NO_MATCH, None, None


def failure_text(failed: Failed) -> str:
    """Return the sentence that says why a parser could not use a title (English: it is stored)."""
    return f"{failed.field}: {failed.template.format(**failed.values)}"
