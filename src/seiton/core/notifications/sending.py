"""Say what happened: one message for each target and look, with back-off, never the same twice."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.neighbours import Standing
from seiton.adapters.notifications.port import Message, Notifier
from seiton.core import tables
from seiton.core.notifications.happened import Happening
from seiton.core.queries import Record, fetch_all
from seiton.core.retries import next_try
from seiton.core.service import Core
from seiton.domain.states import Happens, NeighbourState, NoticeState
from seiton.errors import InvalidInput, NotFound, Problem, Unavailable
from seiton.text import _

AT_ONCE = 500
"""Happenings in one message at most."""
MOST_LINES = 20
MOST_WAITING = 1000
TOO_OLD = timedelta(days=3)
KEPT = timedelta(days=7)
Say = Callable[[Happening], str]
"""Puts a happening into words."""
log = logging.getLogger(__name__)


def send_due(core: Core, say: Say) -> None:
    """Send what waits to every target that may be asked. A target that does not answer holds up nobody."""
    for target in core.notifiers:
        _forget(core, target.name)
        while _may_send(core, target.name) and _send_once(core, target, say):
            pass


def try_out(core: Core, name: str | None) -> list[Record]:
    """Send a message to the target ``name`` (``None``: all), now; return for each ``name`` and ``error``.

    Raises ``NotFound``; ``InvalidInput`` where there is no target at all.
    """
    if not core.notifiers:
        message = _("No targets are configured: see notifications in the settings.")
        raise InvalidInput([Problem(field="target", message=message, code="none")])
    chosen = [target for target in core.notifiers if name in (None, target.name)]
    if not chosen:
        raise NotFound(_("There is no notification target {name}.", name=name))
    done: list[Record] = []
    for target in chosen:
        error = None
        message_ = Message(
            message_id=str(uuid4()),
            title="Seiton",
            text=_("This is a test. Notifications arrive here."),
            at=core.now(),
        )
        try:
            target.send(message_)
        except Unavailable as failure:
            error = str(failure)
        _note(core, target.name, error)
        done.append({"name": target.name, "kind": target.kind, "error": error})
    return done


def list_targets(core: Core) -> list[Record]:
    """Return the targets with how they are, and how many happenings wait for each."""
    targets, notices = tables.notification_targets, tables.notices
    waiting = (
        sa.select(sa.func.count())
        .where(notices.c.target == targets.c.name, notices.c.state == NoticeState.WAITING)
        .scalar_subquery()
    )
    with core.database.read() as connection:
        rows = fetch_all(connection, sa.select(targets, waiting.label("waiting")).order_by(targets.c.name))
    known = {target.name: target for target in core.notifiers}
    return [
        row | {"kind": known[row["name"]].kind, "address": known[row["name"]].address}
        for row in rows
        if row["name"] in known
    ]


def standings(core: Core) -> list[Standing]:
    """Return the targets as neighbours."""
    return [
        Standing(
            kind=row["kind"],
            address=row["address"],
            state=_state_of(row),
            since=row["away_since"],
            version=None,
            last_error=row["error"],
            next_try=row["next_try_at"],
            is_given_up=False,
        )
        for row in list_targets(core)
    ]


def _state_of(row: Record) -> NeighbourState:
    if row["away_since"] is not None:
        return NeighbourState.AWAY
    return NeighbourState.UNKNOWN if row["answered_at"] is None else NeighbourState.WELL


def _may_send(core: Core, name: str) -> bool:
    targets = tables.notification_targets.c
    with core.database.read() as connection:
        row = connection.execute(sa.select(targets.next_try_at).where(targets.name == name)).one_or_none()
    return row is not None and (row.next_try_at is None or row.next_try_at <= core.now())


def _send_once(core: Core, target: Notifier, say: Say) -> bool:
    """Send one message of what waits; say whether it was taken, so that there may be more."""
    message_id = str(uuid4())
    rows = _take(core, target.name, message_id)
    if not rows:
        return False
    error = None
    try:
        target.send(_message(message_id, rows, say, core.now()))
    except Unavailable as failure:
        error = str(failure)
        log.info("%s", error)
    except Exception as failure:  # whatever a service's library does: the outbox goes on
        kind = type(failure).__name__
        error = _("{name}: the message could not be made ({kind}).", name=target.name, kind=kind)
        log.warning("%s", error)
    state = NoticeState.SENT if error is None else NoticeState.WAITING
    notices = tables.notices
    with core.database.write() as connection:
        connection.execute(
            sa.update(notices)
            .where(notices.c.message_id == message_id)
            .values(state=state.value, finished_at=core.now() if error is None else None)
        )
    _note(core, target.name, error)
    return error is None


def _take(core: Core, name: str, message_id: str) -> Sequence[Row]:
    """Record that what waits is being sent, and return it. Nobody else sends at the same time: what is still
    being sent was cut short, and nobody knows whether it arrived.
    """
    notices = tables.notices
    mine = notices.c.target == name
    waiting = (
        sa.select(notices.c.notice_id)
        .where(mine, notices.c.state == NoticeState.WAITING)
        .order_by(notices.c.notice_id)
        .limit(AT_ONCE)
    )
    with core.database.read() as connection:
        if connection.execute(waiting.limit(1)).first() is None:
            return []
    with core.database.write() as connection:
        cut = sa.update(notices).where(mine, notices.c.state == NoticeState.SENDING)
        connection.execute(cut.values(state=NoticeState.UNKNOWN.value, finished_at=core.now()))
        ids = connection.execute(waiting).scalars().all()
        take = sa.update(notices).where(notices.c.notice_id.in_(ids))
        connection.execute(take.values(state=NoticeState.SENDING.value, message_id=message_id))
        query = sa.select(notices).where(notices.c.message_id == message_id).order_by(notices.c.notice_id)
        return connection.execute(query).mappings().all()


def _message(message_id: str, rows: Iterable[Row], say: Say, now: datetime) -> Message:
    """Return one message: equal happenings are one, the more frequent in number."""
    counts: dict[tuple[str, str, str | None], int] = {}
    for row in rows:
        key = row["kind"], row["subject"], row["detail"]
        counts[key] = counts.get(key, 0) + row["count"]
    happenings = [
        Happening(kind=Happens(kind), subject=subject, detail=detail, count=count)
        for (kind, subject, detail), count in counts.items()
    ]
    lines = [say(one) for one in happenings]
    shown = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        shown.append(_("… and {number} more.", number=len(lines) - MOST_LINES))
    return Message(
        message_id=message_id,
        title=lines[0] if len(lines) == 1 else _("Seiton: {count} news", count=len(lines)),
        text="\n".join(shown),
        at=now,
        happenings=tuple(
            {
                "kind": one.kind.value,
                "subject": one.subject,
                "detail": one.detail,
                "count": one.count,
                "says": line,
            }
            for one, line in zip(happenings, lines, strict=True)
        ),
    )


def _note(core: Core, name: str, error: str | None) -> None:
    """Record whether a target answered; one that did not is left alone for longer each time."""
    table, now = tables.notification_targets, core.now()
    mine = table.c.name == name
    with core.database.write() as connection:
        row = connection.execute(sa.select(table).where(mine)).mappings().one_or_none()
        if row is None:
            return
        failures = row["failures"] + 1
        values = (
            {"failures": 0, "error": None, "away_since": None, "next_try_at": None, "answered_at": now}
            if error is None
            else {
                "failures": failures,
                "error": error,
                "away_since": row["away_since"] or now,
                "next_try_at": next_try(now, failures),
            }
        )
        connection.execute(sa.update(table).where(mine).values(values))


def _forget(core: Core, name: str) -> None:
    """Give up what is too old or too much, and forget what was said long ago."""
    notices, now = tables.notices, core.now()
    mine, waits = notices.c.target == name, notices.c.state == NoticeState.WAITING
    newest = sa.select(notices.c.notice_id).where(mine, waits).order_by(notices.c.notice_id.desc())
    old = notices.c.happened_at < now - TOO_OLD
    with core.database.read() as connection:
        last_kept = connection.execute(newest.offset(MOST_WAITING).limit(1)).scalar()
        over = old if last_kept is None else sa.or_(old, notices.c.notice_id <= last_kept)
        due = sa.or_(sa.and_(waits, over), notices.c.finished_at < now - KEPT)
        if connection.execute(sa.select(notices.c.notice_id).where(mine, due).limit(1)).first() is None:
            return
    with core.database.write() as connection:
        connection.execute(
            sa.update(notices)
            .where(mine, waits, over)
            .values(state=NoticeState.GIVEN_UP.value, finished_at=now)
        )
        connection.execute(sa.delete(notices).where(mine, notices.c.finished_at < now - KEPT))
