"""From what titles say to links: set-based, in place, and nothing is ever deleted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.domain.metadata import UNKNOWN_GROUP
from seiton.domain.rules import Failed, Matched, NoMatch, Outcome, ParsedTitle
from seiton.domain.states import RawItemStatus

UNKNOWN_SEASON = "unknown"


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
    """What a chunk of outcomes came to."""

    changes: list[LinkChange] = field(default_factory=list)
    detached: list[int] = field(default_factory=list)
    items_changed: int = 0

    @property
    def new_links(self) -> list[int]:
        """Links to be downloaded: new, or wanted again after no parser matched them."""
        return [change.link_id for change in self.changes if change.is_new or change.reattached]

    @property
    def touched(self) -> list[int]:
        """Links whose downloads may have to change."""
        return [change.link_id for change in self.changes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A link as it should be. ``slot`` is its place in a batch, the same whatever its number becomes."""

    item: Row
    slot: int
    title: str
    series_no: int
    group: str
    episode_no: int
    episode_tenths: int
    version: int
    resolution: str | None
    is_batch: bool


def wanted_links(item: Row, parsed: ParsedTitle) -> list[Wanted]:
    """Return the links that ``item`` stands for: one, or one for each episode of a batch."""
    last = parsed.episode_end or parsed.episode_no
    return [
        Wanted(
            item=item,
            slot=slot,
            title=parsed.anime_title,
            series_no=parsed.series_no,
            group=parsed.subtitle_group or UNKNOWN_GROUP,
            episode_no=episode_no,
            episode_tenths=parsed.episode_tenths,
            version=parsed.version,
            resolution=parsed.resolution,
            is_batch=parsed.episode_end is not None,
        )
        for slot, episode_no in enumerate(range(parsed.episode_no, last + 1))
    ]


def apply_outcomes(connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]], now: datetime) -> Applied:
    """Write what parsing made of ``pairs`` of (raw item, outcome).

    A title that no parser matches any more detaches its links; a failing one keeps its last good ones.
    Neither loses a download or a file.
    """
    applied = Applied()
    wanted = [
        link
        for item, outcome in pairs
        if isinstance(outcome, Matched)
        for link in wanted_links(item, outcome.parsed)
    ]
    series = _series_ids(connection, pairs, now)
    groups = _ensure(connection, tables.subtitle_groups, "group_name", {link.group for link in wanted}, now)
    existing = _existing_links(connection, [item["item_id"] for item, _outcome in pairs])
    _upsert(connection, wanted, existing, series, groups, applied, now)
    matched = {item["item_id"] for item, outcome in pairs if isinstance(outcome, Matched)}
    wanted_slots = {(link.item["item_id"], link.slot) for link in wanted}
    unmatched = {item["item_id"] for item, outcome in pairs if isinstance(outcome, NoMatch)}
    for key, row in existing.items():
        gone = key[0] in unmatched or (key[0] in matched and key not in wanted_slots)
        if gone and row["detached_at"] is None:
            applied.detached.append(row["link_id"])
    for part in chunks(applied.detached):
        connection.execute(
            sa.update(tables.links)
            .where(tables.links.c.link_id.in_(part))
            .values(detached_at=now, updated_at=now)
        )
    applied.items_changed = _mark_items(connection, pairs, now)
    return applied


def _series_ids(
    connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]], now: datetime
) -> dict[tuple[str, int], int]:
    """Find or make the series of every match; a season named by a title fills one that is unknown."""
    parsed = [(item, outcome.parsed) for item, outcome in pairs if isinstance(outcome, Matched)]
    animes = _ensure(connection, tables.animes, "title", {title.anime_title for _i, title in parsed}, now)
    wanted = {(animes[title.anime_title], title.series_no): (item, title) for item, title in parsed}
    known = _known_series(connection, {anime_id for anime_id, _no in wanted})
    missing = {key: value for key, value in wanted.items() if key not in known}
    if missing:
        seasons = {key: _season_of(item, title) for key, (item, title) in missing.items()}
        season_ids = _ensure_seasons(connection, set(seasons.values()), now)
        rows = [
            {
                "anime_id": anime_id,
                "series_no": series_no,
                "season_id": season_ids[seasons[anime_id, series_no]],
                "created_at": now,
                "updated_at": now,
            }
            for anime_id, series_no in missing
        ]
        _insert_missing(connection, tables.series, rows)
        known = _known_series(connection, {anime_id for anime_id, _no in wanted})
    return {
        (title.anime_title, title.series_no): known[animes[title.anime_title], title.series_no]
        for _item, title in parsed
    }


def _season_of(item: Row, parsed: ParsedTitle) -> tuple[int, str]:
    published = item["pub_date"] or item["created_at"]
    return parsed.year or published.year, parsed.season or UNKNOWN_SEASON


def _known_series(connection: sa.Connection, anime_ids: set[int]) -> dict[tuple[int, int], int]:
    table = tables.series
    known: dict[tuple[int, int], int] = {}
    for part in chunks(sorted(anime_ids)):
        query = sa.select(table.c.anime_id, table.c.series_no, table.c.series_id).where(
            table.c.anime_id.in_(part)
        )
        known.update(((row.anime_id, row.series_no), row.series_id) for row in connection.execute(query))
    return known


def _ensure(
    connection: sa.Connection, table: sa.Table, column: str, values: set[str], now: datetime
) -> dict[str, int]:
    """Return the ids of ``values``, inserting what is not there, in at most three statements a chunk."""
    key = next(iter(table.primary_key.columns))

    def known() -> dict[str, int]:
        found: dict[str, int] = {}
        for part in chunks(sorted(values)):
            query = sa.select(table.c[column], key).where(table.c[column].in_(part))
            found.update((row[0], row[1]) for row in connection.execute(query))
        return found

    ids = known()
    missing = sorted(values - ids.keys())
    if not missing:
        return ids
    stamps = {name: now for name in ("created_at", "updated_at") if name in table.c}
    _insert_missing(connection, table, [{column: value} | stamps for value in missing])
    return known()


def _ensure_seasons(
    connection: sa.Connection, wanted: set[tuple[int, str]], now: datetime
) -> dict[tuple[int, str], int]:
    table = tables.seasons
    rows = [{"year": year, "season": season, "created_at": now} for year, season in sorted(wanted)]
    _insert_missing(connection, table, rows)
    years = sorted({year for year, _season in wanted})
    query = sa.select(table.c.year, table.c.season, table.c.season_id).where(table.c.year.in_(years))
    return {(row.year, row.season): row.season_id for row in connection.execute(query)}


def _insert_missing(connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that no unique constraint forbids; another process may have been quicker."""
    for part in chunks(rows):
        if connection.dialect.name == "postgresql":
            connection.execute(postgresql.insert(table).on_conflict_do_nothing(), part)
        else:
            connection.execute(sqlite.insert(table).on_conflict_do_nothing(), part)


def _existing_links(connection: sa.Connection, item_ids: Sequence[int]) -> dict[tuple[int, int], Row]:
    table = tables.links
    found: dict[tuple[int, int], Row] = {}
    for part in chunks(item_ids):
        query = sa.select(table).where(table.c.raw_item_id.in_(part))
        found.update(((row["raw_item_id"], row["slot"]), row) for row in connection.execute(query).mappings())
    return found


_FOLLOWING = (
    "series_id",
    "group_id",
    "episode_no",
    "episode_tenths",
    "version",
    "resolution",
    "is_batch",
    "title",
    "detached_at",
)


def _upsert(
    connection: sa.Connection,
    wanted: Iterable[Wanted],
    existing: Mapping[tuple[int, int], Row],
    series: Mapping[tuple[str, int], int],
    groups: Mapping[str, int],
    applied: Applied,
    now: datetime,
) -> None:
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
            "title": link.item["title"],
            "detached_at": None,
        }
        row = existing.get((link.item["item_id"], link.slot))
        if row is None:
            inserts.append(values | _fixed_values(link) | {"created_at": now, "updated_at": now})
        elif any(row[name] != values[name] for name in _FOLLOWING):
            updates.append(values | {"its_id": row["link_id"], "updated_at": now})
            applied.changes.append(
                LinkChange(
                    link_id=row["link_id"],
                    is_new=False,
                    series_changed=row["series_id"] != values["series_id"],
                    group_changed=row["group_id"] != values["group_id"],
                    episode_changed=(row["episode_no"], row["episode_tenths"])
                    != (link.episode_no, link.episode_tenths),
                    reattached=row["detached_at"] is not None,
                )
            )
    if updates:
        names: dict[str, Any] = {name: sa.bindparam(name) for name in (*_FOLLOWING, "updated_at")}
        update = sa.update(tables.links).where(tables.links.c.link_id == sa.bindparam("its_id"))
        connection.execute(update.values(names), updates)
    if inserts:
        for rows in chunks(inserts):
            connection.execute(sa.insert(tables.links), rows)
        fresh = _existing_links(connection, sorted({row["raw_item_id"] for row in inserts}))
        for values in inserts:
            link_id = fresh[values["raw_item_id"], values["slot"]]["link_id"]
            applied.changes.append(LinkChange(link_id=link_id, is_new=True))


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


def _mark_items(connection: sa.Connection, pairs: Sequence[tuple[Row, Outcome]], now: datetime) -> int:
    rows: list[dict[str, Any]] = []
    for item, outcome in pairs:
        status, parser_id, message = item_result(outcome)
        if (item["status"], item["parser_id"], item["error_message"]) != (status, parser_id, message):
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
        update = sa.update(tables.raw_items).where(tables.raw_items.c.item_id == sa.bindparam("its_id"))
        connection.execute(update.values(names), rows)
    return len(rows)


def item_result(outcome: Outcome) -> tuple[RawItemStatus, int | None, str | None]:
    """Return status, parser and message of a raw item with this outcome."""
    if isinstance(outcome, Matched):
        return RawItemStatus.PARSED, outcome.parser_id, None
    if isinstance(outcome, Failed):
        return RawItemStatus.FAILED, outcome.parser_id, failure_text(outcome)
    return RawItemStatus.NO_MATCH, None, None


def failure_text(failed: Failed) -> str:
    """Return the sentence that says why a parser could not use a title (English: it is stored)."""
    return f"{failed.field}: {failed.template.format(**failed.values)}"
