"""Posters: fetched from the core that names them, hung up in their folders as soon as they are at hand.

Files never wait for one: a unit comes to its place without it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urljoin
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.adapters.files import FileOutcome, LibraryRoot, digest_of, read_small
from seiton.contract import Described
from seiton.viewer import journal, tables
from seiton.viewer.chunk import applier_for, finish, run_steps
from seiton.viewer.gather import Unit
from seiton.viewer.journal import Step, StepKind
from seiton.viewer.service import Viewer
from seiton.viewer.show_files import load_artifacts

AT_ONCE = 50
FIRST_RETRY, LAST_RETRY = timedelta(minutes=1), timedelta(hours=6)


def note_sources(connection: sa.Connection, requests: Sequence[Described], foreign: str) -> bool:
    """Remember where the posters are that ``requests`` name; say whether any is to be fetched.

    ``foreign`` stands for a core that gives no name.
    """
    named = {
        request.facts.picture: (
            urljoin(request.callback_url, f"pictures/{request.facts.picture}"),
            request.core_instance or foreign,
        )
        for request in requests
        if request.facts is not None and request.facts.picture is not None
    }
    table = tables.pictures
    known: set[str] = set()
    for part in chunks(sorted(named)):
        query = sa.select(table.c.name).where(table.c.name.in_(part))
        known |= set(connection.execute(query).scalars())
    rows = [
        {"name": name, "url": url, "core_instance": core}
        for name, (url, core) in sorted(named.items())
        if name not in known
    ]
    for few in chunks(rows):
        connection.execute(sa.insert(table), few)
    return bool(rows)


def fetch_pictures(viewer: Viewer) -> None:
    """Fetch posters that are not at hand; what fails is tried again, each time later."""
    table = tables.pictures
    query = (
        sa.select(table)
        .where(
            table.c.fetched_at.is_(None),
            sa.or_(table.c.next_try_at.is_(None), table.c.next_try_at <= viewer.now()),
        )
        .order_by(table.c.name)
        .limit(AT_ONCE)
    )
    while True:
        with viewer.database.read() as connection:
            rows = connection.execute(query).mappings().all()
        for row in rows:
            _fetch(viewer, row)
        if rows:
            viewer.wake("converge")
        if len(rows) < AT_ONCE:
            return


def _fetch(viewer: Viewer, row: Row) -> None:
    content = viewer.core.picture(row["url"], row["core_instance"], row["name"])
    now = viewer.now()
    is_right = content is not None and digest_of(content) == row["name"].partition(".")[0]
    pause = min(FIRST_RETRY * 2 ** min(row["attempts"], 20), LAST_RETRY)
    values: dict[str, object] = {"attempts": row["attempts"] + 1, "next_try_at": now + pause}
    table = tables.pictures
    with viewer.database.write() as connection:
        if content is not None and is_right:
            journal.keep(connection, {digest_of(content): content}, now)
            values = {"fetched_at": now}
        connection.execute(sa.update(table).where(table.c.name == row["name"]).values(values))


def at_hand(connection: sa.Connection, units: Iterable[Unit]) -> dict[str, bytes]:
    """Return the posters of ``units`` that are at hand, by name."""
    return _contents(connection, {unit.wish.show.picture for unit in units})


def _contents(connection: sa.Connection, names: Iterable[str | None]) -> dict[str, bytes]:
    digests = {name.partition(".")[0]: name for name in names if name is not None}
    if not digests:
        return {}
    found = journal.contents_of(connection, digests)
    return {digests[digest]: content for digest, content in found.items()}


def note_missing(
    connection: sa.Connection, library_id: str, missing: Mapping[bytes, tuple[str, str | None]]
) -> None:
    """Remember where posters belong that were not at hand: path → name and cause."""
    table = tables.wanted_pictures
    for part in chunks(sorted(missing)):
        connection.execute(sa.delete(table).where(table.c.library_id == library_id, table.c.path.in_(part)))
        rows = [
            {"library_id": library_id, "path": path, "name": missing[path][0], "cause": missing[path][1]}
            for path in part
        ]
        connection.execute(sa.insert(table), rows)


def hang(viewer: Viewer, library: LibraryRoot) -> None:
    """Put posters where they belong that came after their units. The caller holds the library's lock."""
    wanted, had = tables.wanted_pictures, tables.pictures
    query = (
        sa.select(wanted)
        .select_from(wanted.join(had, had.c.name == wanted.c.name))
        .where(wanted.c.library_id == library.library_id, had.c.fetched_at.is_not(None))
        .order_by(wanted.c.path)
        .limit(AT_ONCE)
    )
    is_done = False
    while not is_done:
        with viewer.database.read() as connection:
            rows = connection.execute(query).mappings().all()
            contents = _contents(connection, {row["name"] for row in rows})
            artifacts = load_artifacts(connection, library.library_id, (), [row["path"] for row in rows])
        is_done = not rows or not _hang(viewer, library, rows, contents, artifacts)


def _hang(
    viewer: Viewer,
    library: LibraryRoot,
    rows: Sequence[Row],
    contents: Mapping[str, bytes],
    artifacts: Mapping[bytes, Row],
) -> bool:
    """Put some up; say whether none was refused by the disk: those are tried again with the next look."""
    steps = [
        step
        for number, row in enumerate(rows)
        if row["name"] in contents
        and (step := _step(library, row, contents[row["name"]], artifacts.get(row["path"]), number))
    ]
    plan_id = str(uuid4())
    before = [read for step in steps if (read := _read(library, step.target)) is not None]
    with viewer.database.write() as connection:
        journal.keep(connection, {digest_of(content): content for content in before}, viewer.now())
        steps = journal.record(connection, library.library_id, plan_id, steps, viewer.now())
    by_digest = {digest_of(content): content for content in contents.values()}
    ran = run_steps(applier_for(viewer, library, by_digest), steps)
    if ran.failures:
        library.check()

    refused = {failure.step.target for failure in ran.failures}

    def forget(connection: sa.Connection, _now: datetime) -> None:
        table = tables.wanted_pictures
        mine = sa.delete(table).where(table.c.library_id == library.library_id)
        done = [row["path"] for row in rows if row["path"] not in refused]
        connection.execute(mine.where(table.c.path.in_(done)))

    renderings = {step.target: step.after_digest for step in steps if step.after_digest is not None}
    finish(viewer, library, plan_id, ran, record=forget, renderings=renderings)
    return not refused


def _read(library: LibraryRoot, path: bytes) -> bytes | None:
    try:
        return read_small(library.at(path))
    except FileOutcome:
        return None


def _step(library: LibraryRoot, row: Row, content: bytes, artifact: Row | None, number: int) -> Step | None:
    """Return the step that puts a poster up; ``None``: somebody has one of their own, or all have left."""
    path, digest = row["path"], digest_of(content)
    if not os.path.lexists(library.at(os.path.dirname(path))):
        return None
    try:
        there = read_small(library.at(path))
    except FileOutcome:
        return None
    if there is None:
        return Step(
            kind=StepKind.WRITE, target=path, after_digest=digest, component=number, cause=row["cause"]
        )
    if artifact is None or digest_of(there) != artifact["digest"] or artifact["digest"] == digest:
        return None
    return Step(
        kind=StepKind.REWRITE,
        target=path,
        before_digest=digest_of(there),
        after_digest=digest,
        before_rendering=artifact["rendering"],
        component=number,
        cause=row["cause"],
    )
