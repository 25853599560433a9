"""Several files of one episode in a folder that is adopted: one of them is, the others stay as they are."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.adoption.files import rows_of, update_files
from seiton.core.adoption.scanning import title_of
from seiton.core.downloads.offers import load_policy
from seiton.domain.adopting import WhyLeft, load_evidence
from seiton.domain.duplicates import Candidate, Choice, Habit, Policy, choose, shape_of
from seiton.domain.metadata import UNKNOWN_GROUP
from seiton.domain.rules import ParsedTitle

Group = tuple[str, int, int, int]
"""Title, season, number, tenths."""


def choose_between(connection: sa.Connection, adoption_id: int) -> None:
    """Of several files of one episode one is adopted: by the library's policy and the habit of its series."""
    _leave_second_names(connection, adoption_id)
    table = tables.adoption_files
    episode = (table.c.title, table.c.series_no, table.c.episode_no, table.c.episode_tenths)
    query = (
        sa.select(table.c.title)
        .where(table.c.adoption_id == adoption_id, table.c.reason.is_(None))
        .group_by(*episode)
        .having(sa.func.count() > 1)
    )
    titles = sorted(set(connection.execute(query).scalars()))
    policy = load_policy(connection)
    for part in chunks(titles, 50):
        groups: dict[Group, list[Row]] = defaultdict(list)
        for rows in rows_of(connection, adoption_id, table.c.title.in_(part), table.c.reason.is_(None)):
            for row in rows:
                key = (row["title"], row["series_no"], row["episode_no"], row["episode_tenths"])
                groups[key].append(row)
        habits = _habits(groups)
        updates: list[dict[str, Any]] = []
        for key, rivals in groups.items():
            updates += _losers(rivals, habits[key[:2]], policy)
        update_files(connection, adoption_id, ("reason", "detail"), updates)


def _leave_second_names(connection: sa.Connection, adoption_id: int) -> None:
    """Leave alone what is another name of a file (a hard link): it is one file, and one episode."""
    table = tables.adoption_files
    first = table.alias("first")
    is_first = sa.and_(
        first.c.adoption_id == table.c.adoption_id,
        first.c.inode == table.c.inode,
        first.c.device == table.c.device,
        first.c.number < table.c.number,
        first.c.title.is_not(None),
    )
    path = sa.select(first.c.path).where(is_first).order_by(first.c.number).limit(1).scalar_subquery()
    connection.execute(
        sa.update(table)
        .where(
            table.c.adoption_id == adoption_id,
            table.c.reason.is_(None),
            sa.exists().where(is_first),
        )
        .values(reason=WhyLeft.SAME_FILE.value, detail=path)
    )


def _losers(rows: Sequence[Row], habit: Habit, policy: Policy) -> list[dict[str, Any]]:
    """Return the updates for those of ``rows``, all one episode, that are left alone."""
    if len(rows) < 2:
        return []
    by_number = {row["number"]: row for row in rows}
    candidates = []
    for number, row in by_number.items():
        found = load_evidence(row["evidence"]).found
        candidates.append(
            Candidate(
                link_id=number,
                group=found.subtitle_group or UNKNOWN_GROUP,
                title=title_of(row["path"]),
                resolution=found.resolution,
                version=found.version,
            )
        )
    chosen = choose(candidates, policy, habit)
    if isinstance(chosen, Choice):
        best = by_number[chosen.link_id]["path"]
        rest = [row for number, row in by_number.items() if number != chosen.link_id]
        return [_left(row, WhyLeft.DUPLICATE, best) for row in rest]
    paths = ", ".join(row["path"] for row in by_number.values())
    return [_left(row, WhyLeft.UNDECIDED, paths) for row in by_number.values()]


def _left(row: Row, why: WhyLeft, detail: str) -> dict[str, Any]:
    return {"its_number": row["number"], "reason_": why.value, "detail_": detail}


def _habits(groups: Mapping[Group, Sequence[Row]]) -> defaultdict[tuple[str, int], Habit]:
    """Return what the undisputed episodes of each series are like."""
    taken: dict[tuple[str, int], list[tuple[ParsedTitle, str]]] = defaultdict(list)
    for key, rows in groups.items():
        if len(rows) == 1:
            taken[key[:2]].append((load_evidence(rows[0]["evidence"]).found, rows[0]["path"]))
    habits: defaultdict[tuple[str, int], Habit] = defaultdict(Habit)
    for series, found in taken.items():
        counts = Counter(parsed.subtitle_group or UNKNOWN_GROUP for parsed, _path in found)
        numbers = sorted(set(counts.values()), reverse=True)
        habits[series] = Habit(
            groups=tuple(frozenset(n for n in counts if counts[n] == number) for number in numbers),
            resolutions=frozenset(p.resolution for p, _path in found if p.resolution),
            shapes=frozenset(shape_of(title_of(path)) for _parsed, path in found),
        )
    return habits
