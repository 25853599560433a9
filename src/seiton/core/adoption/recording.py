"""Put a confirmed adoption on record: files become links and downloads like any other.

In parts, each one transaction; nothing of it is due before all of it is on record. Then one cause, like any
edit, brings the files to where they belong, by the code that does it for every other one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_from_bytes

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.adoption.files import rows_of, update_files
from seiton.core.adoption.planning import absolute
from seiton.core.adoption.scanning import title_of
from seiton.core.filing.desired import latest_profile, refresh_desired
from seiton.core.identity.ids import take_adopted_ids
from seiton.core.links.making import apply_outcomes, outcome_for
from seiton.core.links.wanted import ADOPTED
from seiton.core.rules.rulesets import lock_state, ruleset
from seiton.core.service import Core
from seiton.domain.path_text import path_of_text
from seiton.domain.rules import Failed, NoMatch, Outcome
from seiton.domain.states import AdoptionState, DownloadStatus, RawItemStatus
from seiton.domain.titles import Ruleset

KIND = "adopted"
"""The download type of a file that nobody fetched."""


NOT_YET = timedelta(days=1)
"""How long a file waits for the rest of its adoption to be on record."""


def record_adoptions(core: Core) -> int:
    """Put on record what was confirmed, also what a crash cut short; return how many files."""
    table = tables.adoptions
    query = sa.select(table).where(table.c.state == AdoptionState.CONFIRMED).order_by(table.c.adoption_id)
    with core.database.read() as connection:
        adoptions = connection.execute(query).mappings().all()
    return sum(_record(core, adoption) for adoption in adoptions)


def _record(core: Core, adoption: Row) -> int:
    files = tables.adoption_files
    recorded = 0
    while True:
        with core.database.write() as connection:
            state = lock_state(connection)
            if not _is_confirmed(connection, adoption["adoption_id"]):
                break  # another worker was quicker
            waiting = rows_of(
                connection, adoption["adoption_id"], files.c.reason.is_(None), files.c.download_id.is_(None)
            )
            rows = next(waiting, None)
            if rows is None:
                _finish(core, connection, adoption)
                break
            _record_part(core, connection, adoption, rows, state["rules_version"])
            recorded += len(rows)
    core.wake("reconcile", "")
    core.wake("identity", "")
    return recorded


def _is_confirmed(connection: sa.Connection, adoption_id: int) -> bool:
    table = tables.adoptions.c
    state = connection.execute(sa.select(table.state).where(table.adoption_id == adoption_id)).scalar()
    return state == AdoptionState.CONFIRMED


def _record_part(
    core: Core, connection: sa.Connection, adoption: Row, rows: Sequence[Row], version: int
) -> None:
    now = core.now()
    items = _insert_items(connection, adoption, rows, now)
    rules = ruleset(connection, version)
    pairs = [(item, outcome_for(item, _said(rules, item))) for item in items.values()]
    apply_outcomes(connection, pairs, now)
    links = _links_of(connection, [item["item_id"] for item in items.values()])
    by_number = {number: links[item["item_id"]] for number, item in items.items()}
    downloads = _insert_downloads(connection, adoption, rows, by_number, now)
    update_files(
        connection,
        adoption["adoption_id"],
        ("download_id",),
        [{"its_number": row["number"], "download_id_": downloads[by_number[row["number"]]]} for row in rows],
    )
    anime_of = _anime_of(connection, list(links.values()))
    _note_years(connection, rows, {number: anime_of[link_id] for number, link_id in by_number.items()})
    _insert_identities(connection, rows, by_number, anime_of, now)


def _said(rules: Ruleset, item: Row) -> Outcome:
    """Return what the rules say of a file's name; one that fails on it says nothing."""
    outcome = rules.parse(item["title"])
    return NoMatch() if isinstance(outcome, Failed) else outcome


def _insert_items(
    connection: sa.Connection, adoption: Row, rows: Sequence[Row], now: datetime
) -> dict[int, Row]:
    """Insert a raw item for each file, so that rules read its name as they read any title; by number."""
    table = tables.raw_items
    inserts: dict[str, dict[str, Any]] = {}
    numbers: dict[str, int] = {}
    for row in rows:
        url = _url(adoption, row)
        digest = hashlib.sha256(url.encode()).hexdigest()
        numbers[digest] = row["number"]
        inserts[digest] = {
            "title": title_of(row["path"]),
            "download_url": url,
            "url_hash": digest,
            "status": RawItemStatus.PENDING.value,
            "download_type": KIND,
            "info_hash": row["info_hash"],
            "size": row["size"],
            "facts": {ADOPTED: row["evidence"]},
            "created_at": now,
        }
    connection.execute(sa.insert(table), list(inserts.values()))
    query = sa.select(table).where(table.c.url_hash.in_(list(inserts))).order_by(table.c.item_id)
    return {numbers[item["url_hash"]]: item for item in connection.execute(query).mappings()}


def _url(adoption: Row, row: Row) -> str:
    """Return what names the file for ever: another one may lie at its path one day."""
    path = path_of_text(absolute(adoption["root"], row["path"]))
    return f"file://{quote_from_bytes(path)}#{KIND}-{adoption['adoption_id']}-{row['number']}"


def _links_of(connection: sa.Connection, item_ids: Sequence[int]) -> dict[int, int]:
    links = tables.links.c
    query = sa.select(links.raw_item_id, links.link_id).where(links.raw_item_id.in_(item_ids))
    return {row[0]: row[1] for row in connection.execute(query)}


def _insert_downloads(
    connection: sa.Connection, adoption: Row, rows: Sequence[Row], links: Mapping[int, int], now: datetime
) -> dict[int, int]:
    """Insert a download for each file: filed where it lies, or complete and to be filed; ids by link."""
    table = tables.downloads
    profile = connection.execute(sa.select(latest_profile(tables.library_profiles.c.version))).scalar()
    inserts = []
    for row in rows:
        path = absolute(adoption["root"], row["path"])
        common = {
            "link_id": links[row["number"]],
            "downloader_type": KIND,
            "progress": 1.0,
            "downloaded_bytes": row["size"],
            "total_bytes": row["size"],
            "resync_id": adoption["resync_id"],
            "profile_version": profile,  # its wish is made at the end, by whatever holds then
            "created_at": now,
            "updated_at": now,
        }
        if adoption["is_library"]:
            place = {
                "status": DownloadStatus.SYNCED.value,
                "library_path": path,
                "viewer": adoption["viewer"],
                "source_path": row["source_path"],
                "subtitle_paths": [],
                "next_try_at": None,
            }
        else:
            place = {
                "status": DownloadStatus.COMPLETED.value,
                "library_path": None,
                "viewer": None,
                "source_path": path,
                "subtitle_paths": [absolute(adoption["root"], p) for p in row["subtitle_paths"]],
                # Not before everything is on record.
                "next_try_at": now + NOT_YET,
            }
        inserts.append(common | place)
    connection.execute(sa.insert(table), inserts)
    query = sa.select(table.c.link_id, table.c.download_id).where(
        table.c.link_id.in_([row["link_id"] for row in inserts])
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _note_years(connection: sa.Connection, rows: Sequence[Row], animes: Mapping[int, int]) -> None:
    """Remember in which year works began, where nothing says so yet."""
    years = {animes[row["number"]]: row["year"] for row in rows if row["year"] is not None}
    table = tables.animes
    update = sa.update(table).where(table.c.anime_id == sa.bindparam("its_id"), table.c.year.is_(None))
    if years:
        given = [{"its_id": anime_id, "its_year": year} for anime_id, year in sorted(years.items())]
        connection.execute(update.values(year=sa.bindparam("its_year")), given)


def _insert_identities(
    connection: sa.Connection,
    rows: Sequence[Row],
    links: Mapping[int, int],
    anime_of: Mapping[int, int],
    now: datetime,
) -> None:
    """Keep the ids that NFOs and folder names gave; what is known already stays."""
    wanted: dict[tuple[str, int, str], str] = {}
    for row in rows:
        link_id = links[row["number"]]
        for namespace, value in row["show_ids"] or ():
            wanted.setdefault(("anime", anime_of[link_id], namespace), value)
        for namespace, value in row["episode_ids"] or ():
            wanted.setdefault(("link", link_id, namespace), value)
    table = tables.identities
    known: set[tuple[str, int, str]] = set()
    for part in chunks(sorted({subject_id for _type, subject_id, _namespace in wanted})):
        query = sa.select(table.c.subject_type, table.c.subject_id, table.c.namespace)
        found = connection.execute(query.where(table.c.subject_id.in_(part)))
        known |= {(row[0], row[1], row[2]) for row in found}
    inserts = [
        {
            "subject_type": key[0],
            "subject_id": key[1],
            "namespace": key[2],
            "value": value,
            "created_at": now,
        }
        for key, value in wanted.items()
        if key not in known
    ]
    for few in chunks(inserts):
        connection.execute(sa.insert(table), few)


def _anime_of(connection: sa.Connection, link_ids: Sequence[int]) -> dict[int, int]:
    links, series = tables.links, tables.series
    query = (
        sa.select(links.c.link_id, series.c.anime_id)
        .select_from(links.join(series, series.c.series_id == links.c.series_id))
        .where(links.c.link_id.in_(link_ids))
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _finish(core: Core, connection: sa.Connection, adoption: Row) -> None:
    """Make everything due at once: neighbours that are on their way would be in each other's way."""
    now, downloads, files = core.now(), tables.downloads, tables.adoption_files
    for rows in rows_of(connection, adoption["adoption_id"], files.c.download_id.is_not(None)):
        ids = [row["download_id"] for row in rows]
        query = sa.select(downloads.c.link_id).where(downloads.c.download_id.in_(ids))
        link_ids = connection.execute(query).scalars().all()
        take_adopted_ids(connection, link_ids, now)
        refresh_desired(connection, link_ids, adoption["resync_id"], now)
        if adoption["in_place"]:
            keep = sa.update(downloads).where(downloads.c.download_id.in_(ids))
            connection.execute(keep.values(kept_revision=downloads.c.desired_revision))
    followers = sa.select(sa.func.count()).where(tables.resync_items.c.resync_id == adoption["resync_id"])
    connection.execute(
        sa.update(tables.resyncs)
        .where(tables.resyncs.c.resync_id == adoption["resync_id"])
        .values(reparsed=True, resync_triggered=followers.scalar_subquery())
    )
    connection.execute(
        sa.update(tables.adoptions)
        .where(tables.adoptions.c.adoption_id == adoption["adoption_id"])
        .values(state=AdoptionState.DONE.value)
    )
