"""Tokens by which programs come in; each says what it is for."""

from __future__ import annotations

import secrets
from datetime import timedelta

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.access.people import digest
from seiton.core.queries import Record, fetch_all
from seiton.core.service import Core
from seiton.domain.access import MAX_NAME, Scope
from seiton.errors import InvalidInput, NotFound, Problem
from seiton.text import _

PREFIX = "seiton_"
DAY = timedelta(days=1)


def create_token(core: Core, name: str, scope: Scope) -> str:
    """Return a new token; it is shown once and stored as a hash. Raises ``InvalidInput``."""
    name = name.strip()
    if not name or len(name) > MAX_NAME:
        message = _("Give a name of at most {most} characters.", most=MAX_NAME)
        raise InvalidInput([Problem(field="name", message=message)])
    token = PREFIX + secrets.token_urlsafe(32)
    row = {"name": name, "token_hash": digest(token), "scope": scope.value, "created_at": core.now()}
    with core.database.write() as connection:
        connection.execute(sa.insert(tables.api_tokens).values(row))
    return token


def list_tokens(core: Core) -> list[Record]:
    """Return all tokens without their secrets, the newest first."""
    table = tables.api_tokens.c
    query = sa.select(table.token_id, table.name, table.scope, table.created_at, table.used_at)
    with core.database.read() as connection:
        return fetch_all(connection, query.order_by(table.token_id.desc()))


def revoke_token(core: Core, token_id: int) -> None:
    """Make a token worthless. Raises ``NotFound``."""
    table = tables.api_tokens
    with core.database.write() as connection:
        if not connection.execute(sa.delete(table).where(table.c.token_id == token_id)).rowcount:
            raise NotFound(_("There is no such token (any more)."))


def scope_of(core: Core, token: str) -> Scope | None:
    """Return what a token is for; None for one that is none."""
    table, now = tables.api_tokens, core.now()
    query = sa.select(table.c.token_id, table.c.scope, table.c.used_at).where(
        table.c.token_hash == digest(token)
    )
    with core.database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > DAY:
        with core.database.write() as connection:
            connection.execute(sa.update(table).where(table.c.token_id == row.token_id).values(used_at=now))
    return Scope(row.scope)
