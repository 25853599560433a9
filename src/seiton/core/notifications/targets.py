"""Which targets are told: those of the settings, as they are at the start or when they are read again."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from seiton.adapters.notifications.port import Notifier
from seiton.core import tables
from seiton.core.notifications.happened import enroll
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.states import NoticeState


def use_targets(core: Core, targets: tuple[Notifier, ...]) -> None:
    """Tell these from now on; what others were to be told is forgotten."""
    with core.database.write() as connection:
        enroll(connection, targets)
    core.notifiers = targets


def reread_targets(core: Core) -> tuple[list[str], list[str]]:
    """Tell those that the settings name by now; return which came and which went, by name.

    Raises ``InvalidInput`` where the settings are wrong: then nothing changes.
    """
    if core.reread_notifiers is None:
        return [], []
    before = {target.name for target in core.notifiers}
    use_targets(core, core.reread_notifiers())
    after = {target.name for target in core.notifiers}
    return sorted(after - before), sorted(before - after)


def list_notices(
    core: Core, *, target: str | None = None, states: Sequence[NoticeState] = (), limit: int, offset: int
) -> list[Record]:
    """Return what there was and is to be said, the newest first: each with its target, its state and, while
    it waits, the ``error`` of the last message to that target.
    """
    notices, targets = tables.notices, tables.notification_targets
    waits = notices.c.state == NoticeState.WAITING
    error = sa.case((waits, targets.c.error), else_=sa.null()).label("error")
    query = sa.select(notices, error).select_from(notices.join(targets, targets.c.name == notices.c.target))
    if target is not None:
        query = query.where(notices.c.target == target)
    if states:
        query = query.where(notices.c.state.in_([state.value for state in states]))
    query = query.order_by(notices.c.notice_id.desc()).limit(limit).offset(offset)
    with core.database.read() as connection:
        return fetch_all(connection, query)
