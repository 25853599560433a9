"""An index of titles by their pieces (``domain.grams``), as each database does it best.

It is derived and no part of the schema: made where it is missing, filled from the last indexed item on.
SQLite: FTS5 without contents (https://www.sqlite.org/fts5.html §4.4.3), a word for each piece. PostgreSQL:
an array of numbers under GIN, which needs no extension and no locale that knows CJK, as pg_trgm does.

FTS5 gives the newest first as it finds them. GIN has to find all before it gives one, so an array also has
numbers that say in which blocks of items it stands: a search goes from a small block to larger ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

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
    "postgresql": "SELECT item_id FROM core_title_pieces WHERE pieces @> CAST(:wanted AS integer[])"
    " AND item_id >= :since AND item_id < :top",
}
_BLOCKS = (14, 17, 20)
"""Items of a block, as powers of two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Items from ``since`` on, before ``top``; ``block``: the power of two of the block that has them all."""

    since: int
    top: int
    block: int | None = None


def spans_before(connection: sa.Connection, top: int) -> list[Span]:
    """Return the parts in which an index is searched, the newest first: together all items before ``top``."""
    spans: list[Span] = []
    if connection.dialect.name == "postgresql":
        for block in _BLOCKS:
            since = max(0, top - 1) >> block << block
            if since < top:
                spans.append(Span(since=since, top=top, block=block))
                top = since
    return [*spans, Span(since=0, top=top)] if top > 0 else spans


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
    rows = [(item_id, _stored(dialect, item_id, pieces)) for item_id, pieces in titles.items()]
    connection.exec_driver_sql(_ADD[dialect], rows)
    connection.execute(sa.update(_UPTO).values(item_id=max(titles)))


def candidates(connection: sa.Connection, pieces: Collection[int], span: Span) -> sa.FromClause:
    """Return a table of ``item_id``: the indexed items of ``span`` of which the title has all of ``pieces``.

    SQLite, where there is one span, gives all items.
    """
    if connection.dialect.name == "sqlite":
        words = " AND ".join(_word(piece) for piece in sorted(pieces))
        query = sa.text(_FIND["sqlite"]).bindparams(wanted=words)
        return query.columns(_PIECES.c.item_id).subquery("candidates")
    marks = [] if span.block is None else [_mark(span.since, span.block)]
    query = sa.text(_FIND["postgresql"]).bindparams(
        wanted=[*sorted(pieces), *marks], since=span.since, top=span.top
    )
    # Else the planner may walk the items in order, and compare the pieces of each.
    return query.columns(_PIECES.c.item_id).cte("candidates").prefix_with("MATERIALIZED")


def are_many(connection: sa.Connection, pieces: Collection[int], most: int, upto: int) -> bool:
    """Say whether more than ``most`` indexed items have all of ``pieces``; where counting would find them all
    first, judged by the newest whole block before ``upto``.
    """
    size = 1 << _BLOCKS[0]
    since = (upto >> _BLOCKS[0] << _BLOCKS[0]) - size
    is_judged = connection.dialect.name == "postgresql" and since >= 0
    span = Span(since=since, top=since + size, block=_BLOCKS[0]) if is_judged else Span(since=0, top=upto + 1)
    share = most * size // upto if is_judged else most
    some = sa.select(candidates(connection, pieces, span)).limit(share + 1).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()) > share


def _stored(dialect: str, item_id: int, pieces: Collection[int]) -> object:
    if dialect == "sqlite":
        return " ".join(map(_word, pieces))
    return [*pieces, *(_mark(item_id, block) for block in _BLOCKS)]


def _mark(item_id: int, block: int) -> int:
    """Return the number of an item's block. A piece may have the same number: a span says its items, too."""
    return (item_id >> block) * len(_BLOCKS) + _BLOCKS.index(block)


def _word(piece: int) -> str:
    """Return a piece as a word that FTS5 keeps whole."""
    return f"{piece & 0xFFFFFFFF:x}"
