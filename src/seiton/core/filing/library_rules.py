"""Library rules: kept, previewed, changed; and what lies elsewhere than they say.

They are about new files. A file that a viewer has filed stays with it: two libraries on two hosts share no
disk on which it could be moved without a moment of being nowhere, or twice. It is shown instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from seiton.adapters.database import Row, chunks
from seiton.core import tables
from seiton.core.modules.registry import PRIORITY, usable_modules
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.domain.library_rules import MOST_RULES, LibraryRule, check_rule, rule_for
from seiton.domain.states import DownloadStatus, ModuleType
from seiton.errors import Conflict, InvalidInput, Problem
from seiton.text import _

SHOWN = 200
"""Anime that an answer names, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryRules:
    """The rules as they are; ``version`` counts their edits, 0: there never were any."""

    rules: Sequence[LibraryRule]
    version: int
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An anime and where its files go by the rules. ``files`` lie in the library of ``viewer`` and stay,
    ``coming`` are not filed yet and go to ``wanted``; viewers by name, ``None``: the built-in one.
    """

    anime_id: int
    title: str
    viewer: str | None
    wanted: str | None
    files: int
    coming: int


def get_rules(core: Core) -> LibraryRules:
    """Return the rules."""
    with core.database.read() as connection:
        return _load(connection)


def set_rules(core: Core, rules: Sequence[LibraryRule], *, version: int | None = None) -> LibraryRules:
    """Replace the rules. ``version`` is the one that was looked at.

    Raises ``InvalidInput`` for a rule that cannot be used, ``Conflict`` when they were changed meanwhile.
    """
    table = tables.library_rules
    with core.database.write() as connection:
        lock_state(connection)
        _require_usable(core, connection, rules)
        known = _load(connection)
        if version is not None and version != known.version:
            raise Conflict(_("The rules were changed meanwhile; look at them again."))
        values = {
            "rules": [asdict(rule) for rule in rules],
            "version": known.version + 1,
            "updated_at": core.now(),
        }
        if known.version:
            connection.execute(sa.update(table).values(values))
        else:
            connection.execute(sa.insert(table).values(values | {"id": 1}))
        written = _load(connection)
    core.wake("reconcile", "")
    return written


def preview_rules(core: Core, rules: Sequence[LibraryRule]) -> tuple[Sequence[Destination], int]:
    """Return the anime whose new files ``rules`` would send elsewhere than now, and how many there are.

    Raises ``InvalidInput`` for a rule that cannot be used.
    """
    with core.database.read() as connection:
        _require_usable(core, connection, rules)
        present, default = _load(connection).rules, default_viewer(core, connection)
        changed = [
            one
            for one in _destinations(connection, rules, default)
            if one.wanted != _wanted(present, one.anime_id, one.title, default)
        ]
    return changed[:SHOWN], len(changed)


def elsewhere(core: Core) -> tuple[Sequence[Destination], int]:
    """Return the anime of which files lie in another library than the rules say, and how many there are."""
    with core.database.read() as connection:
        rules = _load(connection).rules
        if not rules:
            return [], 0
        default = default_viewer(core, connection)
        found = [
            one
            for one in _destinations(connection, rules, default)
            if one.files and one.viewer != one.wanted and rule_for(rules, one.anime_id, one.title) is not None
        ]
    return found[:SHOWN], len(found)


def default_viewer(core: Core, connection: sa.Connection) -> str | None:
    """Return where new files go that no rule speaks of; ``None``: to the built-in viewer, or nowhere."""
    modules = usable_modules(connection, ModuleType.VIEWER)
    if not modules or (ModuleType.VIEWER in core.built_in and modules[0]["priority"] <= PRIORITY):
        return None
    return str(modules[0]["name"])


def ruled_viewers(connection: sa.Connection, download_ids: Sequence[int]) -> dict[int, str | None]:
    """Return which viewer the rules name for downloads; what no rule speaks of is left out."""
    rules = _load(connection).rules if download_ids else ()
    if not rules:
        return {}
    downloads, links, series, animes = tables.downloads, tables.links, tables.series, tables.animes
    query = sa.select(downloads.c.download_id, animes.c.anime_id, animes.c.title).select_from(
        downloads.join(links, links.c.link_id == downloads.c.link_id)
        .join(series, series.c.series_id == links.c.series_id)
        .join(animes, animes.c.anime_id == series.c.anime_id)
    )
    found: dict[int, str | None] = {}
    for part in chunks(list(download_ids)):
        for row in connection.execute(query.where(downloads.c.download_id.in_(part))):
            rule = rule_for(rules, row.anime_id, row.title)
            if rule is not None:
                found[row.download_id] = rule.viewer
    return found


def _wanted(rules: Sequence[LibraryRule], anime_id: int, title: str, default: str | None) -> str | None:
    rule = rule_for(rules, anime_id, title)
    return default if rule is None else rule.viewer


def _destinations(
    connection: sa.Connection, rules: Sequence[LibraryRule], default: str | None
) -> list[Destination]:
    """Return, for every anime, where its files lie and where new ones go."""
    downloads, links, series, animes = tables.downloads, tables.links, tables.series, tables.animes
    lies = downloads.c.library_path.is_not(None)
    query = (
        sa.select(
            animes.c.anime_id,
            animes.c.title,
            sa.case((lies, downloads.c.viewer)).label("viewer"),
            lies.label("lies"),
            sa.func.count(downloads.c.download_id).label("number"),
        )
        .select_from(
            animes.join(series, series.c.anime_id == animes.c.anime_id)
            .join(links, links.c.series_id == series.c.series_id)
            .join(
                downloads,
                sa.and_(
                    downloads.c.link_id == links.c.link_id,
                    downloads.c.status != DownloadStatus.CANCELLED,
                    downloads.c.removed_at.is_(None),
                ),
            )
        )
        .group_by(animes.c.anime_id, animes.c.title, sa.case((lies, downloads.c.viewer)), lies)
        .order_by(animes.c.anime_id)
    )
    parts: dict[int, list[Row]] = {}
    for row in connection.execute(query).mappings():
        parts.setdefault(row["anime_id"], []).append(row)
    found: list[Destination] = []
    for anime_id, rows in parts.items():
        found += _of_anime(rows, _wanted(rules, anime_id, rows[0]["title"], default))
    return found


def _of_anime(rows: Sequence[Row], wanted: str | None) -> list[Destination]:
    """Return one entry for each library that files of an anime lie in; at least one."""
    coming = sum(row["number"] for row in rows if not row["lies"])
    lying = [(row["viewer"], row["number"]) for row in rows if row["lies"]] or [(wanted, 0)]
    return [
        Destination(
            anime_id=rows[0]["anime_id"],
            title=rows[0]["title"],
            viewer=viewer,
            wanted=wanted,
            files=number,
            coming=coming,
        )
        for viewer, number in lying
    ]


def _load(connection: sa.Connection) -> LibraryRules:
    row = connection.execute(sa.select(tables.library_rules)).mappings().one_or_none()
    if row is None:
        return LibraryRules(rules=(), version=0, updated_at=None)
    rules = tuple(LibraryRule(**entry) for entry in row["rules"])
    return LibraryRules(rules=rules, version=row["version"], updated_at=row["updated_at"])


def _require_usable(core: Core, connection: sa.Connection, rules: Sequence[LibraryRule]) -> None:
    modules, animes = tables.modules.c, tables.animes.c
    query = sa.select(modules.name).where(modules.module_type == ModuleType.VIEWER.value)
    viewers: set[str | None] = set(connection.execute(query).scalars())
    if ModuleType.VIEWER in core.built_in:
        viewers.add(None)
    wanted = [rule.anime_id for rule in rules if rule.anime_id is not None]
    known: set[int] = set()
    for part in chunks(wanted):
        known |= set(
            connection.execute(sa.select(animes.anime_id).where(animes.anime_id.in_(part))).scalars()
        )
    problems = [
        Problem(field=f"rules.{number}.{field}", message=message)
        for number, rule in enumerate(rules)
        for field, message in _faults(rule, viewers, known)
    ]
    if len(rules) > MOST_RULES:
        problems.append(Problem(field="rules", message=_("Give {most} rules or fewer.", most=MOST_RULES)))
    if problems:
        raise InvalidInput(problems)


def _faults(rule: LibraryRule, viewers: set[str | None], known: set[int]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if (rule.anime_id is None) == (rule.pattern is None):
        found.append(("pattern", _("Give either an anime or a pattern of titles.")))
    if rule.anime_id is not None and rule.anime_id not in known:
        found.append(("anime_id", _("There is no anime {anime_id}.", anime_id=rule.anime_id)))
    error = check_rule(rule)
    if error is not None:
        found.append(("pattern", _(error.template, **error.values)))
    if rule.viewer not in viewers:
        names = ", ".join(sorted(name or _("built in") for name in viewers)) or "-"
        message = _("There is no viewer {name}; there are: {names}.", name=rule.viewer or "-", names=names)
        found.append(("viewer", message))
    return found
