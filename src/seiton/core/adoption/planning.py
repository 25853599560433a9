"""Plan to adopt a folder: find out what lies there and what would become of it; only the plan is stored."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.contract import (
    Facts,
    LibraryNaming,
    PlanAnswer,
    ViewerPlanRequest,
    ViewerResyncRequest,
    ViewerScan,
)
from seiton.core import tables
from seiton.core.adoption.files import rows_of, update_files
from seiton.core.adoption.rivals import choose_between
from seiton.core.adoption.scanning import Scanning, pair_with_downloads, parts_of, retitled
from seiton.core.filing.desired import meta_of
from seiton.core.filing.naming import CurrentNaming, get_naming
from seiton.core.service import Core
from seiton.domain.adopting import Fit, WhyLeft, best_layouts, fitting, load_evidence
from seiton.domain.metadata import UNKNOWN_GROUP, EpisodeMeta
from seiton.domain.naming import DEFAULT_TEMPLATE, split_stem
from seiton.domain.path_text import path_of_text, text_of_path
from seiton.domain.rules import ParsedTitle
from seiton.domain.states import GIVEN_UP, AdoptionState
from seiton.errors import Conflict
from seiton.text import _

_CUT_SHORT = timedelta(days=1)
"""A plan that is not finished after this was cut short."""
SHOWN_LAYOUTS = 3
"""How many templates are told that leave files where they are."""
_SUPPOSED = 2**62
"""Added to a file's number it is the id of a download that does not exist, while it is only planned."""


def plan_adoption(core: Core, path: str) -> int:
    """Look through ``path`` and store what adopting it would do; return the plan's id.

    Writes nothing in any library. Raises ``InvalidInput`` and ``NotFound`` for folders that cannot be looked
    into, ``Conflict`` where first syncs would move files out of it, ``Unavailable`` without a viewer.
    """
    parts = parts_of(core, path)
    first = next(parts)
    if first.moves_sources and not first.is_library:
        raise Conflict(
            _(
                "A torrent client may be using this folder, and the link mode is move: files would be taken"
                " away from it. Choose another link mode first."
            )
        )
    with core.database.write() as connection:
        _forget_unfinished(connection, core.now())
        row = {
            "path": path,
            "root": first.root,
            "is_library": first.is_library,
            "viewer": first.viewer,
            "state": AdoptionState.PLANNED.value,
            "created_at": core.now(),
        }
        key = connection.execute(sa.insert(tables.adoptions).values(row)).inserted_primary_key
        adoption_id: int = key[0] if key is not None else 0
    try:
        _fill(core, adoption_id, first, parts)
    except BaseException:
        with core.database.write() as connection:
            discard(connection, adoption_id)
        raise
    return adoption_id


def _fill(core: Core, adoption_id: int, first: ViewerScan, parts: Iterator[ViewerScan]) -> None:
    scanning = Scanning(core, adoption_id)
    scanning.take(first)
    for part in parts:
        scanning.take(part)
    if first.is_library and scanning.has_links:
        pair_with_downloads(core, adoption_id, first.downloads)
    with core.database.write() as connection:
        _tell_years_apart(connection, adoption_id)
        _leave_kept_episodes(connection, adoption_id)
        choose_between(connection, adoption_id)
    _plan_moves(core, adoption_id, first.root)
    with core.database.write() as connection:
        _sum_up(connection, adoption_id, scanning.others, is_library=first.is_library)


def discard(connection: sa.Connection, adoption_id: int) -> None:
    """Throw a plan away."""
    for table in (tables.adoption_files, tables.adoptions):
        connection.execute(sa.delete(table).where(table.c.adoption_id == adoption_id))


def _forget_unfinished(connection: sa.Connection, now: datetime) -> None:
    """Throw away plans that were cut short by a crash."""
    table = tables.adoptions
    unfinished = sa.and_(table.c.digest.is_(None), table.c.created_at < now - _CUT_SHORT)
    for adoption_id in connection.execute(sa.select(table.c.adoption_id).where(unfinished)).scalars().all():
        discard(connection, adoption_id)


def _tell_years_apart(connection: sa.Connection, adoption_id: int) -> None:
    """Give works of one title but of different years titles of their own: ``Title (1999)``."""
    table = tables.adoption_files
    query = (
        sa.select(table.c.title)
        .where(table.c.adoption_id == adoption_id, table.c.title.is_not(None))
        .group_by(table.c.title)
        .having(sa.func.count(sa.distinct(table.c.year)) > 1)
    )
    for titles in chunks(connection.execute(query).scalars().all()):
        for rows in rows_of(connection, adoption_id, table.c.title.in_(titles), table.c.year.is_not(None)):
            updates = []
            for row in rows:
                title = f"{row['title']} ({row['year']})"
                evidence = retitled(load_evidence(row["evidence"]), title)
                updates.append({"its_number": row["number"], "title_": title, "evidence_": evidence})
            update_files(connection, adoption_id, ("title", "evidence"), updates)


def _leave_kept_episodes(connection: sa.Connection, adoption_id: int) -> None:
    """Leave alone what Core has already, or is fetching."""
    files, animes, series, links, downloads = (
        tables.adoption_files,
        tables.animes,
        tables.series,
        tables.links,
        tables.downloads,
    )
    kept = (
        sa.select(sa.literal(1))
        .select_from(
            animes.join(series, series.c.anime_id == animes.c.anime_id)
            .join(links, links.c.series_id == series.c.series_id)
            .join(downloads, downloads.c.link_id == links.c.link_id)
        )
        .where(
            animes.c.title == files.c.title,
            series.c.series_no == files.c.series_no,
            links.c.episode_no == files.c.episode_no,
            links.c.episode_tenths == files.c.episode_tenths,
            downloads.c.status.not_in(sorted(GIVEN_UP)),
            downloads.c.removed_at.is_(None),
        )
        .exists()
    )
    connection.execute(
        sa.update(files)
        .where(files.c.adoption_id == adoption_id, files.c.reason.is_(None), kept)
        .values(reason=WhyLeft.EPISODE_KEPT.value)
    )


def meta_of_found(found: ParsedTitle, template: str) -> EpisodeMeta:
    """Return what an adopted file is, as its link will say it, in a library named by ``template``."""
    return meta_of(
        anime_title=found.anime_title,
        series_no=found.series_no,
        episode_no=found.episode_no,
        episode_tenths=found.episode_tenths,
        subtitle_group=found.subtitle_group or UNKNOWN_GROUP,
        resolution=found.resolution,
        version=found.version,
        naming=template,
        year=found.year,
    )


def _plan_moves(core: Core, adoption_id: int, root: str) -> None:
    """Have the viewer say, by the code that would do it, where each file would go or why it would not."""
    plan_id, naming = str(uuid4()), get_naming(core)
    is_open = tables.adoption_files.c.reason.is_(None)
    with core.database.read() as connection:
        parts = rows_of(connection, adoption_id, is_open)
        part = next(parts, None)
        answer: PlanAnswer | None = None
        while part is not None:
            following = next(parts, None)
            items = tuple(_request(core, row, root, naming) for row in part)
            answer = core.viewer.plan(ViewerPlanRequest(plan_id=plan_id, items=items, last=following is None))
            part = following
    if answer is None:
        return
    with core.database.write() as connection:
        moves = [
            {"its_number": step.download_id - _SUPPOSED, "target_": step.to_path}
            for step in answer.steps
            if step.download_id > _SUPPOSED
        ]
        held = [
            {"its_number": h.download_id - _SUPPOSED, "target_": h.target, "hold_reason_": h.reason}
            for h in answer.holds
            if h.download_id > _SUPPOSED and h.path is not None
        ]
        refused = [
            {
                "its_number": h.download_id - _SUPPOSED,
                "reason_": WhyLeft.DUPLICATE.value,
                "detail_": h.reason,
            }
            for h in answer.holds
            if h.download_id > _SUPPOSED and h.path is None
        ]
        update_files(connection, adoption_id, ("target",), moves)
        update_files(connection, adoption_id, ("target", "hold_reason"), held)
        update_files(connection, adoption_id, ("reason", "detail"), refused)


def _request(core: Core, row: Row, root: str, naming: CurrentNaming) -> ViewerResyncRequest:
    meta = meta_of_found(load_evidence(row["evidence"]).found, naming.template)
    year = meta.show.year
    return ViewerResyncRequest(
        download_id=_SUPPOSED + row["number"],
        series_id=1,
        anime_title=meta.anime_title,
        series_no=meta.series_no,
        episode_no=meta.episode_no,
        subtitle_group=meta.subtitle_group or "",
        callback_url=core.callback_url,
        core_instance=core.instance_id,
        resolution=meta.resolution,
        version=meta.version,
        display_season=meta.display_season,
        display_episode=meta.display_episode,
        facts=Facts(year=year) if year is not None else None,
        naming=LibraryNaming(version=naming.version, template=naming.template),
        old_target_path=absolute(root, row["path"]),
    )


def absolute(root: str, path: str) -> str:
    """Return the whole path of a file of a plan, as text."""
    return text_of_path(path_of_text(root).rstrip(b"/") + b"/" + path_of_text(path))


_SEEN = ("path", "size", "inode", "mtime_ns", "title", "series_no", "episode_no", "episode_tenths")
_DECIDED = ("reason", "target", "hold_reason")


def _sum_up(connection: sa.Connection, adoption_id: int, others: int, *, is_library: bool) -> None:
    """Count what the plan does, and what each way of naming would leave where it is; seal it."""
    seal = hashlib.blake2b(digest_size=32)
    counts: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    fits: Counter[Fit] = Counter()
    for rows in rows_of(connection, adoption_id):
        for row in rows:
            seal.update(json.dumps([row[name] for name in (*_SEEN, *_DECIDED)]).encode())
            counts["files"] += 1
            if row["reason"] is not None:
                reasons[row["reason"]] += 1
                continue
            counts["adopted"] += 1
            counts["held" if row["hold_reason"] else "moves" if row["target"] else "stays"] += 1
            if is_library and (fit := _fit(row)) is not None:
                fits[fit] += 1
    connection.execute(
        sa.update(tables.adoptions)
        .where(tables.adoptions.c.adoption_id == adoption_id)
        .values(
            digest=seal.hexdigest(),
            counts={name: counts[name] for name in ("files", "adopted", "stays", "moves", "held")}
            | {"left": dict(reasons), "others": others},
            layouts=[asdict(layout) for layout in best_layouts(fits, SHOWN_LAYOUTS)],
        )
    )


def _fit(row: Row) -> Fit | None:
    meta = meta_of_found(load_evidence(row["evidence"]).found, DEFAULT_TEMPLATE)
    stem, _suffix = split_stem(path_of_text(row["path"]))
    return fitting(meta, stem)
