"""What neighbours answered, kept: asked once while it is fresh, used when old while they are away."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.adapters.http import FetchError
from seiton.core import tables
from seiton.core.neighbours.states import may_ask, note_answer, note_failure
from seiton.core.service import Core
from seiton.domain.states import NeighbourKind
from seiton.errors import Unavailable
from seiton.text import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``body`` is JSON values, ``None``: there is no such thing. ``is_stale``: it was not to be had now."""

    body: Any
    is_stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to be asked of the ``kind`` of neighbour at ``address``, known by ``source`` and ``key``.

    ``lasts``: for how long the answer is fresh; ``nothing_lasts``: … that there is no such thing.
    """

    kind: NeighbourKind
    address: str
    source: str
    key: str
    lasts: timedelta
    nothing_lasts: timedelta | None = None


class _Flights:
    """Lets one thread ask what several want to know at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[str, str], tuple[threading.Lock, int]] = {}

    @contextmanager
    def alone(self, key: tuple[str, str]) -> Iterator[None]:
        with self._lock:
            own, count = self._open.get(key, (threading.Lock(), 0))
            self._open[key] = own, count + 1
        try:
            with own:
                yield
        finally:
            with self._lock:
                own, count = self._open[key]
                if count == 1:
                    del self._open[key]
                else:
                    self._open[key] = own, count - 1


_flights = _Flights()


def ask(core: Core, question: Question, fetch: Callable[[], Any]) -> Answer:
    """Return the answer that is kept while it is fresh, else that of ``fetch``, else an old one.

    No transaction is open meanwhile. Raises ``FetchError``, and ``Unavailable`` while the neighbour is left
    alone, where there is no old answer either.
    """
    with _flights.alone((question.source, question.key)):
        known = _known(core, question)
        if known is not None and known["fresh_until"] > core.now():
            return Answer(body=known["body"])
        if not may_ask(core, question.kind, question.address):
            if known is not None:
                return Answer(body=known["body"], is_stale=True)
            raise Unavailable(_("{address} is away and is asked again later.", address=question.address))
        try:
            body = fetch()
        except FetchError as error:
            note_failure(core, question.kind, question.address, error)
            if known is not None:
                return Answer(body=known["body"], is_stale=True)
            raise
        note_answer(core, question.kind, question.address)
        _keep(core, question, body)
        return Answer(body=body)


def _known(core: Core, question: Question) -> Row | None:
    table = tables.answers
    query = sa.select(table).where(table.c.source == question.source, table.c.key == question.key)
    with core.database.read() as connection:
        return connection.execute(query).mappings().one_or_none()


def _keep(core: Core, question: Question, body: Any) -> None:
    """Keep an answer; fresh for up to a tenth longer, so that not everything is old at once."""
    table, now = tables.answers, core.now()
    mine = sa.and_(table.c.source == question.source, table.c.key == question.key)
    pause = question.nothing_lasts if body is None and question.nothing_lasts else question.lasts
    lasts = pause * (1 + random.random() / 10)  # noqa: S311  # not a secret
    values = {"body": body, "fetched_at": now, "fresh_until": now + lasts}
    with core.database.write() as connection:
        if not connection.execute(sa.update(table).where(mine).values(values)).rowcount:
            key = {"source": question.source, "key": question.key}
            connection.execute(sa.insert(table).values(key | values))


OLDEST = timedelta(days=90)


def forget_answers(core: Core) -> int:
    """Remove what nobody has asked for in a long time; return how many answers."""
    table = tables.answers
    with core.database.write() as connection:
        done = connection.execute(sa.delete(table).where(table.c.fetched_at < core.now() - OLDEST))
    return done.rowcount
