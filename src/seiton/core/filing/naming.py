"""How the library is laid out: its naming template, and that every download's wish follows it.

An edit is one cause like that of a rule. The wishes follow in a durable job: a download whose wish was made
with an older version of the library's profile is behind, so nothing else has to be remembered over a crash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.causes.brake import judge
from seiton.core.causes.following import await_cause
from seiton.core.causes.records import record_cause
from seiton.core.filing.desired import (
    MAIN_LIBRARY,
    META_COLUMNS,
    NAMED_LINKS,
    latest_profile,
    meta_of_row,
    refresh_desired,
)
from seiton.core.filing.finishing import close_finished
from seiton.core.filing.viewers import foreign_viewers
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.metadata import EpisodeMeta
from seiton.domain.naming import Name, NamingProfile, display, path_key, render
from seiton.domain.states import IN_VIEWER, DownloadStatus, ResyncState
from seiton.domain.template_check import Sample, check_template, meeting
from seiton.domain.templates import TemplateFault
from seiton.errors import Conflict, InvalidInput, Problem
from seiton.text import _

CAUSE = "naming_updated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentNaming:
    """The template as it is; ``version`` counts its edits, ``resync`` is what the last one leads to."""

    template: str
    version: int
    updated_at: datetime
    resync: Row | None = None


def get_naming(core: Core) -> CurrentNaming:
    """Return how names in the library are made."""
    with core.database.read() as connection:
        return _current(connection)


def set_naming(
    core: Core, template: str, *, version: int | None = None, plan_id: str | None = None
) -> CurrentNaming:
    """Give the library another template; its files follow.

    ``version`` is the one that was looked at, ``plan_id`` that of a preview. Raises ``InvalidInput`` for a
    template that cannot be used, or by which two files of the library would lie at one path; ``Conflict``
    when it was changed meanwhile.
    """
    problems = problems_of(core, template)
    if problems:
        raise InvalidInput(problems)
    with core.database.write() as connection:
        resync_id = change_naming(core, connection, template, version=version, plan_id=plan_id)
        written = _current(connection)
    if resync_id is None:
        return written
    core.wake("naming", "")
    followed = await_cause(core, resync_id, lambda cause: bool(cause["reparsed"]))
    return replace(written, resync=followed)


def change_naming(
    core: Core,
    connection: sa.Connection,
    template: str,
    *,
    version: int | None = None,
    plan_id: str | None = None,
) -> int | None:
    """Record another, usable template in the caller's transaction; return the cause, ``None`` if it is that
    one already. Raises ``Conflict`` when it is not ``version`` any more.
    """
    now = core.now()
    lock_state(connection)
    before = _current(connection)
    if version is not None and version != before.version:
        raise Conflict(_("The template was changed meanwhile; look at it again."))
    if template == before.template:
        return None
    resync_id = record_cause(
        connection,
        CAUSE,
        now,
        subject_name=template,
        before={"template": before.template},
        after={"template": template},
        confirmed_plan_id=plan_id,
    )
    connection.execute(
        sa.insert(tables.library_profiles).values(
            library=MAIN_LIBRARY,
            version=before.version + 1,
            naming_template=template,
            resync_id=resync_id,
            created_at=now,
        )
    )
    return resync_id


def problems_of(core: Core, template: str) -> list[Problem]:
    """Return why ``template`` cannot be used, by itself or for the files that there are."""
    faults = list(check_template(template).faults)
    if not faults:
        with core.database.read() as connection:
            fault = _find_meeting(core, connection, template)
        faults = [fault] if fault is not None else []
    return [problem_of(fault) for fault in faults]


def problem_of(fault: TemplateFault) -> Problem:
    """Translate a fault of a template."""
    message = _(fault.template, **fault.values)
    if fault.position is not None:
        message = _("{message} (at character {position})", message=message, position=fault.position + 1)
    return Problem(field="template", message=message, code=fault.code)


def samples_of(template: str) -> Sequence[Sample]:
    """Return where episodes of all kinds would lie by ``template``."""
    return check_template(template).samples


def library_rows(core: Core, connection: sa.Connection, *statuses: DownloadStatus) -> Iterator[Row]:
    """Give the downloads in ``statuses``, with all that a wish is made from; few of them at a time."""
    downloads, cursor = tables.downloads, 0
    query = (
        sa.select(downloads, *META_COLUMNS)
        .select_from(NAMED_LINKS.join(downloads, downloads.c.link_id == tables.links.c.link_id))
        .where(downloads.c.status.in_(sorted(statuses)), downloads.c.removed_at.is_(None))
        .where(sa.or_(downloads.c.viewer.is_(None), downloads.c.viewer.not_in(foreign_viewers(connection))))
        .order_by(downloads.c.download_id)
        .limit(core.chunk)
    )
    while True:
        rows = connection.execute(query.where(downloads.c.download_id > cursor)).mappings().all()
        yield from rows
        if len(rows) < core.chunk:
            return
        cursor = rows[-1]["download_id"]


def _find_meeting(core: Core, connection: sa.Connection, template: str) -> TemplateFault | None:
    """Return two files of the library that ``template`` would lead to one path, and the present one not."""
    seen: dict[bytes, int] = {}
    for row in library_rows(core, connection, *IN_VIEWER):
        meta = meta_of_row(row)
        name = render(replace(meta, naming=template), NamingProfile())
        if not isinstance(name, Name):
            continue
        digest = hashlib.blake2b(path_key(name.stem).encode(), digest_size=8).digest()
        first = seen.setdefault(digest, row["download_id"])
        if first == row["download_id"]:
            continue
        other = _meta(connection, first)
        if _key(other) != _key(meta):
            return meeting(other, meta, display(name.stem))
    return None


def _key(meta: EpisodeMeta) -> str | None:
    name = render(meta, NamingProfile())
    return path_key(name.stem) if isinstance(name, Name) else None


def _meta(connection: sa.Connection, download_id: int) -> EpisodeMeta:
    downloads = tables.downloads
    query = (
        sa.select(*META_COLUMNS)
        .select_from(NAMED_LINKS.join(downloads, downloads.c.link_id == tables.links.c.link_id))
        .where(downloads.c.download_id == download_id)
    )
    return meta_of_row(connection.execute(query).mappings().one())


def _current(connection: sa.Connection) -> CurrentNaming:
    table = tables.library_profiles
    query = sa.select(table).where(table.c.library == MAIN_LIBRARY).order_by(table.c.version.desc()).limit(1)
    row = connection.execute(query).mappings().one()
    return CurrentNaming(
        template=row["naming_template"], version=row["version"], updated_at=row["created_at"]
    )


def follow_naming(core: Core) -> None:
    """Bring all wishes to the library's profile as it is. Safe to call at any time, any number of times."""
    while _follow_some(core):
        pass
    with core.database.read() as connection:
        if not is_renaming(connection):
            return
    with core.database.write() as connection:
        lock_state(connection)
        if _behind(core, connection):
            return  # edited again meanwhile: whoever did that has woken this job
        _close(core, connection)
        close_finished(core, connection)
    core.wake("reconcile", "")
    core.progress.announce()


def follow_within(core: Core, connection: sa.Connection) -> None:
    """Bring all wishes to the library's profile in the caller's transaction."""
    while links := _behind(core, connection):
        _refresh(core, connection, links)
    _close(core, connection)


def _close(core: Core, connection: sa.Connection) -> None:
    """Judge the last edit, now that all of it is worked out; those before it led to the same wishes."""
    table = tables.resyncs
    causes = connection.execute(sa.select(table.c.resync_id).where(*_is_open())).scalars().all()
    connection.execute(sa.update(table).where(*_is_open()).values(reparsed=True))
    if causes:
        judge(core, connection, max(causes))


def is_renaming(connection: sa.Connection) -> bool:
    """Say whether an edit of the template has not reached all wishes yet."""
    query = sa.select(sa.literal(1)).where(sa.exists().where(*_is_open()))
    return connection.execute(query).first() is not None


def _is_open() -> tuple[sa.ColumnElement[bool], ...]:
    table = tables.resyncs.c
    return table.cause == CAUSE, table.state == ResyncState.RUNNING, ~table.reparsed


def _behind(core: Core, connection: sa.Connection) -> Sequence[int]:
    """Return the links of some downloads whose wishes were made with an older profile."""
    table = tables.downloads.c
    query = sa.select(table.link_id).where(
        table.profile_version.is_distinct_from(latest_profile(tables.library_profiles.c.version)),
        table.status != DownloadStatus.CANCELLED,
        table.removed_at.is_(None),
        # A viewer that knows only the contract has names of its own.
        sa.or_(table.viewer.is_(None), table.viewer.not_in(foreign_viewers(connection))),
    )
    return connection.execute(query.order_by(table.download_id).limit(core.chunk)).scalars().all()


def _follow_some(core: Core) -> bool:
    """Let some wishes follow in one transaction; say whether there may be more."""
    with core.database.read() as connection:
        if not _behind(core, connection):
            return False
    with core.database.write() as connection:
        lock_state(connection)
        links = _behind(core, connection)
        _refresh(core, connection, links)
    return len(links) == core.chunk


def _refresh(core: Core, connection: sa.Connection, links: Sequence[int]) -> None:
    query = sa.select(latest_profile(tables.library_profiles.c.resync_id))
    cause: int | None = connection.execute(query).scalar_one()
    followers = refresh_desired(connection, links, cause, core.now())
    if cause is not None and followers:
        table = tables.resyncs
        count = table.c.resync_triggered + followers
        connection.execute(sa.update(table).where(table.c.resync_id == cause).values(resync_triggered=count))
