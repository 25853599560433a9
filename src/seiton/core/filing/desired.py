"""What each download should be, by the rules as they are: fingerprint and revision, nothing sent.

A change of any input recomputes this for what it can affect. Where the fingerprint differs, the revision
grows by one. That is all an edit does; the reconciler does the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.retries import NO_FAILURE, NO_HOLD
from seiton.domain.metadata import EpisodeMeta, decide_movie, fingerprint, place_number
from seiton.domain.pins import PinField
from seiton.domain.states import IN_VIEWER, DownloadStatus
from seiton.domain.wishes import dump_wish, load_episode, load_show

NAMED_LINKS = (
    tables.links.join(tables.series, tables.series.c.series_id == tables.links.c.series_id)
    .join(tables.animes, tables.animes.c.anime_id == tables.series.c.anime_id)
    .join(tables.subtitle_groups, tables.subtitle_groups.c.group_id == tables.links.c.group_id)
    .outerjoin(tables.series_facts, tables.series_facts.c.series_id == tables.links.c.series_id)
    .outerjoin(
        tables.episode_facts,
        sa.and_(
            tables.episode_facts.c.series_id == tables.links.c.series_id,
            tables.episode_facts.c.episode_no == tables.links.c.episode_no,
            tables.episode_facts.c.episode_tenths == tables.links.c.episode_tenths,
        ),
    )
)
"""Links with the names of what they belong to, and what is known about it."""

MAIN_LIBRARY = "main"
"""The one library that there is so far."""


def latest_profile(column: sa.Column[Any]) -> sa.ScalarSelect[Any]:
    """Return ``column`` of the library's profile as it is."""
    profiles = tables.library_profiles.c
    query = sa.select(column).where(profiles.library == MAIN_LIBRARY)
    return query.order_by(profiles.version.desc()).limit(1).scalar_subquery()


META_COLUMNS = (
    tables.links.c.series_id,
    tables.links.c.episode_no,
    tables.links.c.episode_tenths,
    tables.links.c.version,
    tables.links.c.resolution,
    tables.links.c.is_movie,
    tables.links.c.pins,
    tables.series.c.series_no,
    tables.animes.c.title.label("anime_title"),
    tables.animes.c.year.label("anime_year"),
    tables.subtitle_groups.c.group_name,
    tables.series_facts.c.facts.label("show_facts"),
    tables.episode_facts.c.facts.label("episode_facts"),
    latest_profile(tables.library_profiles.c.naming_template).label("naming_template"),
    latest_profile(tables.library_profiles.c.version).label("naming_version"),
)
"""What ``meta_of_row`` reads, from ``NAMED_LINKS``."""


def meta_of(
    *,
    anime_title: str,
    series_no: int,
    episode_no: int,
    episode_tenths: int,
    subtitle_group: str,
    resolution: str | None,
    version: int,
    naming: str | None,
    year: int | None,
    kind: object = None,
    says_movie: bool = False,
    show: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
) -> EpisodeMeta:
    """Return what an episode is, from its link's values: the one place for preview and for the real thing.

    ``show`` and ``facts`` are stored facts about the work and the episode. ``kind`` is pinned, ``says_movie``
    is what the title says.
    """
    known = load_show(show)
    is_movie = decide_movie(kind, known.is_movie, says_movie)
    number = place_number(series_no, episode_no, episode_tenths)
    return EpisodeMeta(
        anime_title=anime_title,
        series_no=number.series_no,
        episode_no=number.episode_no,
        subtitle_group=subtitle_group,
        resolution=resolution,
        version=version,
        display_season=number.display_season,
        display_episode=number.display_episode,
        naming=naming,
        show=replace(known, year=year, is_movie=is_movie or None),
        facts=load_episode(facts),
    )


def meta_of_row(row: Row) -> EpisodeMeta:
    """Return what a link is as stored; ``row`` has ``META_COLUMNS``."""
    return meta_of(
        anime_title=row["anime_title"],
        series_no=row["series_no"],
        episode_no=row["episode_no"],
        episode_tenths=row["episode_tenths"],
        subtitle_group=row["group_name"],
        resolution=row["resolution"],
        version=row["version"],
        naming=row["naming_template"],
        year=row["anime_year"],
        kind=(row["pins"] or {}).get(PinField.KIND),
        says_movie=row["is_movie"],
        show=row["show_facts"],
        facts=row["episode_facts"],
    )


def refresh_desired(
    connection: sa.Connection, link_ids: Sequence[int], resync_id: int | None, now: datetime
) -> int:
    """Recompute what the downloads of ``link_ids`` should be; return how many library files must follow.

    ``resync_id`` is the cause. A file that the viewer was told to put there and has not reported yet counts
    as one of the library: it lands by what was said before the change, and follows.
    """
    downloads = tables.downloads
    followers = 0
    for part in chunks(sorted(set(link_ids))):
        query = (
            sa.select(downloads, *META_COLUMNS)
            .select_from(NAMED_LINKS.join(downloads, downloads.c.link_id == tables.links.c.link_id))
            .where(
                downloads.c.link_id.in_(part),
                downloads.c.status != DownloadStatus.CANCELLED,
                downloads.c.removed_at.is_(None),
            )
            .with_for_update(of=downloads)
        )
        rows = connection.execute(query).mappings().all()
        followers += _write(connection, rows, resync_id, now)
    return followers


def is_waiting() -> sa.ColumnElement[bool]:
    """Say of a download that a person has to confirm what it is to be now."""
    downloads, items = tables.downloads.c, tables.resync_items.c
    return sa.exists().where(
        items.download_id == downloads.download_id,
        items.resync_id == downloads.resync_id,
        items.outcome == "waiting",
    )


def _waiting(connection: sa.Connection, rows: Sequence[Row]) -> set[int]:
    table = tables.downloads.c
    ids = [row["download_id"] for row in rows]
    query = sa.select(table.download_id).where(table.download_id.in_(ids), is_waiting())
    return set(connection.execute(query).scalars())


def _write(connection: sa.Connection, rows: Sequence[Row], resync_id: int | None, now: datetime) -> int:
    """Write what differs. What waits for a person waits under its new cause as well; without a cause it
    goes on waiting under the old one.
    """
    waiting = _waiting(connection, rows)
    updates: list[dict[str, Any]] = []
    same: dict[int, list[int]] = {}  # by version of the library profile
    items: list[dict[str, Any]] = []
    for row in rows:
        meta = meta_of_row(row)
        mark = fingerprint(meta)
        if mark == row["desired_fingerprint"]:
            if row["profile_version"] != row["naming_version"]:
                same.setdefault(row["naming_version"], []).append(row["download_id"])
            continue
        revision = row["desired_revision"] + 1
        updates.append(
            {
                "its_id": row["download_id"],
                "desired": dump_wish(meta),
                "desired_fingerprint": mark,
                "desired_revision": revision,
                "its_kept": revision if _stays(row, mark) else row["kept_revision"],
                "its_profile": row["naming_version"],
                "cause": resync_id,
                "updated_at": now,
            }
        )
        if row["status"] in IN_VIEWER:
            items.append(
                {
                    "resync_id": resync_id,
                    "download_id": row["download_id"],
                    "revision": revision,
                    "before": row["desired"],
                    "before_path": row["library_path"],
                    "outcome": "waiting" if row["download_id"] in waiting else "pending",
                }
            )
    if updates:
        _update(connection, updates)
    for version, ids in same.items():
        table = tables.downloads
        update = sa.update(table).where(table.c.download_id.in_(ids))
        connection.execute(update.values(profile_version=version))
    if items and resync_id is not None:
        supersede(connection, [row["download_id"] for row in items])
        connection.execute(sa.insert(tables.resync_items), items)
    elif items:
        supersede(connection, [row["download_id"] for row in items if row["outcome"] == "pending"])
    return len(items)


def _stays(row: Row, mark: str) -> bool:
    """Say whether a file that was adopted in place is wanted as it lies again, before it was moved."""
    is_kept: bool = 0 < row["kept_revision"] == row["applied_revision"]
    return is_kept and mark == row["applied_fingerprint"]


def _update(connection: sa.Connection, updates: Sequence[dict[str, Any]]) -> None:
    table = tables.downloads
    cause = sa.bindparam("cause", type_=table.c.resync_id.type)
    connection.execute(
        sa.update(table)
        .where(table.c.download_id == sa.bindparam("its_id"))
        .values(
            desired=sa.bindparam("desired"),
            desired_fingerprint=sa.bindparam("desired_fingerprint"),
            desired_revision=sa.bindparam("desired_revision"),
            kept_revision=sa.bindparam("its_kept"),
            profile_version=sa.bindparam("its_profile"),
            resync_id=sa.func.coalesce(cause, table.c.resync_id),
            # A new wish is a new attempt: what failed before may work now.
            sync_retry_count=0,
            **NO_FAILURE,
            **NO_HOLD,
            updated_at=sa.bindparam("updated_at"),
        ),
        list(updates),
    )


def supersede(connection: sa.Connection, download_ids: Sequence[int]) -> None:
    """A newer cause takes over what the older ones have not finished."""
    table = tables.resync_items
    unfinished = table.c.outcome.in_(("pending", "waiting", "held", "failed"))
    for part in chunks(download_ids):
        update = sa.update(table).where(table.c.download_id.in_(part), unfinished)
        connection.execute(update.values(outcome="superseded"))
