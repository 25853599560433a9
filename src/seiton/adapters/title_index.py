"""An index of titles by their pieces (``domain.grams``), as each database does it best.

It is derived and no part of the schema: made where it is missing, filled from the last indexed item on.
SQLite: FTS5 without contents (https://www.sqlite.org/fts5.html §4.4.3), a word for each piece. PostgreSQL:
an array of numbers under GIN, which needs no extension and no locale that knows CJK, as pg_trgm does.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

_PIECES = sa.table("core_title_pieces", sa.column("item_id", sa.BigInteger))
_UPTO = sa.table("core_title_pieces_upto", sa.column("item_id", sa.BigInteger))

_MAKE = {
    "sqlite": (
        "CREATE VIRTUAL TABLE IF NOT EXISTS core_title_pieces"
        " USING fts5(pieces, content='', columnsize=0, detail=none, tokenize='ascii')",
    ),
    "postgresql": (
        "CREATE TABLE IF NOT EXISTS core_title_pieces"
        " (item_id bigint PRIMARY KEY, pieces integer[] NOT NULL)",
        "CREATE INDEX IF NOT EXISTS ix_core_title_pieces ON core_title_pieces USING gin (pieces)",
    ),
}
_MAKE_UPTO = "CREATE TABLE IF NOT EXISTS core_title_pieces_upto (item_id bigint NOT NULL)"
_ADD = {
    "sqlite": "INSERT INTO core_title_pieces (rowid, pieces) VALUES (?, ?)",
    "postgresql": "INSERT INTO core_title_pieces (item_id, pieces) VALUES (%s, %s)",
}
_FIND = {
    "sqlite": "SELECT rowid AS item_id FROM core_title_pieces WHERE core_title_pieces MATCH :wanted",
    "postgresql": "SELECT item_id FROM core_title_pieces WHERE pieces @> CAST(:wanted AS integer[])",
}


def make_index(connection: sa.Connection) -> None:
    """Make the index if there is none."""
    for statement in (*_MAKE[connection.dialect.name], _MAKE_UPTO):
        connection.exec_driver_sql(statement)
    if connection.execute(sa.select(_UPTO.c.item_id)).first() is None:
        connection.execute(sa.insert(_UPTO).values(item_id=0))


def indexed_upto(connection: sa.Connection) -> int | None:
    """Return the last item that is indexed; ``None`` if there is no index yet."""
    if not sa.inspect(connection).has_table(_UPTO.name):
        return None
    return int(connection.execute(sa.select(_UPTO.c.item_id)).scalar_one())


def add_titles(connection: sa.Connection, titles: Mapping[int, Collection[int]]) -> None:
    """Index ``titles``, pieces by item id: each item once, all of them after those that are indexed."""
    if not titles:
        return
    dialect = connection.dialect.name
    rows = [(item_id, _stored(dialect, pieces)) for item_id, pieces in titles.items()]
    connection.exec_driver_sql(_ADD[dialect], rows)
    connection.execute(sa.update(_UPTO).values(item_id=max(titles)))


def candidates(connection: sa.Connection, pieces: Collection[int]) -> sa.Subquery:
    """Return a table of ``item_id``: the indexed items of which the title has all of ``pieces``."""
    dialect = connection.dialect.name
    wanted: object = sorted(pieces)
    if dialect == "sqlite":
        wanted = " AND ".join(_word(piece) for piece in sorted(pieces))
    query = sa.text(_FIND[dialect]).bindparams(wanted=wanted)
    return query.columns(_PIECES.c.item_id).subquery("candidates")


def _stored(dialect: str, pieces: Collection[int]) -> object:
    return " ".join(map(_word, pieces)) if dialect == "sqlite" else list(pieces)


def _word(piece: int) -> str:
    """Return a piece as a word that FTS5 keeps whole."""
    return f"{piece & 0xFFFFFFFF:x}"
