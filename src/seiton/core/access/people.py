"""People: made, let in by their password, changed, shown out."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from seiton.adapters.passwords import hash_password, is_password
from seiton.core import tables
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.access import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, Role, may_try, pause_after
from seiton.errors import Conflict, Forbidden, InvalidInput, NotFound, Problem
from seiton.text import _, plural

SESSION = timedelta(days=30)
"""How long somebody stays in who does not come back."""

FRESH = timedelta(hours=1)
"""A visit is written down at most this often."""

MOST_WATCHED = 10_000
"""Addresses and names whose wrong tries are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is in."""

    person_id: int
    name: str
    role: Role


@dataclass(slots=True)
class Tries:
    """Wrong passwords in a row, by address and by name; kept in memory, the oldest forgotten first."""

    _counts: OrderedDict[str, tuple[int, datetime]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refuse_if_too_many(self, keys: tuple[str, ...], now: datetime) -> None:
        """Raise ``Forbidden`` while the pause after wrong tries lasts."""
        with self._lock:
            for key in keys:
                failures, last = self._counts.get(key, (0, now))
                if not may_try(failures, last, now) and failures:
                    seconds = int((pause_after(failures) - (now - last)).total_seconds()) + 1
                    message = plural(
                        "Too many wrong passwords: wait {number} second.",
                        "Too many wrong passwords: wait {number} seconds.",
                        seconds,
                    )
                    raise Forbidden(message)

    def note(self, keys: tuple[str, ...], now: datetime, *, is_right: bool) -> None:
        """Remember how a try came out."""
        with self._lock:
            for key in keys:
                failures, _last = self._counts.pop(key, (0, now))
                if not is_right:
                    self._counts[key] = failures + 1, now
            while len(self._counts) > MOST_WATCHED:
                self._counts.popitem(last=False)


def has_people(core: Core) -> bool:
    """Say whether anybody has a password."""
    with core.database.read() as connection:
        return connection.execute(sa.select(tables.people.c.person_id).limit(1)).first() is not None


def list_people(core: Core) -> list[Record]:
    """Return everybody who may come in, by name."""
    people = tables.people.c
    query = sa.select(people.person_id, people.name, people.role, people.created_at).order_by(people.name)
    with core.database.read() as connection:
        return fetch_all(connection, query)


def add_person(core: Core, name: str, password: str, role: Role, *, is_first: bool = False) -> int:
    """Let somebody come in from now on; return their number.

    ``is_first``: only while there is nobody else. Raises ``InvalidInput`` and ``Conflict``.
    """
    name = name.strip()
    _check(name, password)
    people, now = tables.people, core.now()
    row = {"name": name, "password_hash": hash_password(password), "role": role.value}
    with core.database.write() as connection:
        connection.execute(sa.select(tables.state.c.id).with_for_update())
        names = set(connection.execute(sa.select(people.c.name)).scalars())
        if is_first and names:
            raise Conflict(_("Somebody has set a password already: log in."))
        if name in names:
            raise Conflict(_("There is already somebody called {name}.", name=name))
        key = connection.execute(
            sa.insert(people).values(row | {"created_at": now, "updated_at": now})
        ).inserted_primary_key
    return int(key[0]) if key is not None else 0


def set_password(core: Core, person_id: int, password: str) -> None:
    """Give somebody another password and end their sessions. Raises ``InvalidInput`` and ``NotFound``."""
    _check("x", password)
    people, sessions = tables.people, tables.sessions
    values = {"password_hash": hash_password(password), "updated_at": core.now()}
    with core.database.write() as connection:
        changed = connection.execute(sa.update(people).where(people.c.person_id == person_id).values(values))
        if not changed.rowcount:
            raise NotFound(_("There is no such person (any more)."))
        connection.execute(sa.delete(sessions).where(sessions.c.person_id == person_id))


def remove_person(core: Core, person_id: int) -> None:
    """Let somebody in no more. Raises ``NotFound``, and ``Conflict`` for the last admin."""
    people, sessions = tables.people, tables.sessions
    with core.database.write() as connection:
        connection.execute(sa.select(tables.state.c.id).with_for_update())
        admins = sa.select(people.c.person_id).where(people.c.role == Role.ADMIN)
        if set(connection.execute(admins).scalars()) == {person_id}:
            raise Conflict(_("Nobody could change anything any more: make somebody else an admin first."))
        connection.execute(sa.delete(sessions).where(sessions.c.person_id == person_id))
        if not connection.execute(sa.delete(people).where(people.c.person_id == person_id)).rowcount:
            raise NotFound(_("There is no such person (any more)."))


def log_in(core: Core, tries: Tries, name: str, password: str, address: str) -> str:
    """Let somebody in and return what their browser is to keep. Raises ``Forbidden``."""
    now, name = core.now(), name.strip()[:MAX_NAME]
    keys = (f"address:{address}", f"name:{name}")
    tries.refuse_if_too_many(keys, now)
    people = tables.people.c
    query = sa.select(people.person_id, people.password_hash).where(people.name == name)
    with core.database.read() as connection:
        row = connection.execute(query).first()
    is_right = is_password(row.password_hash if row else None, password[:MAX_PASSWORD])
    tries.note(keys, now, is_right=is_right)
    if row is None or not is_right:
        raise Forbidden(_("Name or password is wrong."))
    return open_session(core, row.person_id)


def open_session(core: Core, person_id: int) -> str:
    """Return what a browser is to keep to be known as this person."""
    secret, now = secrets.token_urlsafe(32), core.now()
    sessions = tables.sessions
    row = {"person_id": person_id, "created_at": now, "seen_at": now, "expires_at": now + SESSION}
    with core.database.write() as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.expires_at < now))
        connection.execute(sa.insert(sessions).values(row | {"session_hash": digest(secret)}))
    return secret


def person_of(core: Core, secret: str) -> Person | None:
    """Return whose session this is; None if it is nobody's, or over."""
    people, sessions, now = tables.people, tables.sessions, core.now()
    mine = sessions.c.session_hash == digest(secret)
    query = (
        sa.select(people.c.person_id, people.c.name, people.c.role, sessions.c.seen_at)
        .select_from(sessions.join(people, people.c.person_id == sessions.c.person_id))
        .where(mine, sessions.c.expires_at > now)
    )
    with core.database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    if now - row.seen_at > FRESH:
        values = {"seen_at": now, "expires_at": now + SESSION}
        with core.database.write() as connection:
            connection.execute(sa.update(sessions).where(mine).values(values))
    return Person(person_id=row.person_id, name=row.name, role=Role(row.role))


def log_out(core: Core, secret: str) -> None:
    """End a session, if it is one."""
    sessions = tables.sessions
    with core.database.write() as connection:
        connection.execute(sa.delete(sessions).where(sessions.c.session_hash == digest(secret)))


def digest(secret: str) -> str:
    """Return what is stored of a long random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _check(name: str, password: str) -> None:
    problems = []
    if not name or len(name) > MAX_NAME or not name.isprintable():
        problems.append(
            Problem(field="name", message=_("Give a name of at most {most} characters.", most=MAX_NAME))
        )
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        message = _("Give a password of {least} characters or more.", least=MIN_PASSWORD)
        problems.append(Problem(field="password", message=message))
    if problems:
        raise InvalidInput(problems)
