"""What people enter by hand instead of a feed: works, seasons, series, groups, links."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from seiton.core import tables
from seiton.core.downloads.wanting import want_when_settled
from seiton.core.filters.refilter import follow_flags
from seiton.core.queries import Record, fetch_all, page
from seiton.core.rules.rulesets import lock_state
from seiton.core.service import Core
from seiton.core.works.entities import ensure_groups, require_series
from seiton.domain.states import DownloadType
from seiton.domain.title_values import text_of
from seiton.errors import Conflict, InvalidInput, Problem
from seiton.text import _

_DATES = ("description", "aired_date", "end_date")


def create_anime(core: Core, title: str) -> Record:
    """Add a work, its title spelt as a parser would. Raises ``InvalidInput``, and ``Conflict`` when there is
    one of this title, also one that was removed.
    """
    table, now = tables.animes, core.now()
    title = text_of(title.encode())
    if not title:
        raise InvalidInput([Problem(field="title", message=_("Give a title."))])
    query = sa.select(table).where(table.c.title == title)
    with core.database.write() as connection:
        lock_state(connection)
        for known in fetch_all(connection, query):
            if known["removed_at"] is not None:
                raise Conflict(_("{title} was removed; it can be restored from the trash.", title=title))
            raise Conflict(_("{title} is anime {anime_id} already.", title=title, anime_id=known["anime_id"]))
        row = {"title": title, "created_at": now, "updated_at": now}
        connection.execute(sa.insert(table).values(row))
        return fetch_all(connection, query)[0]


def list_seasons(core: Core, *, limit: int | None, offset: int) -> list[Record]:
    """Return the broadcast seasons by id."""
    table = tables.seasons
    with core.database.read() as connection:
        return fetch_all(connection, page(sa.select(table), limit, offset, table.c.season_id))


def ensure_season(core: Core, year: int, season: str) -> Record:
    """Return the season of this year and name, made if it was not there."""
    table = tables.seasons
    query = sa.select(table).where(table.c.year == year, table.c.season == season)
    with core.database.write() as connection:
        lock_state(connection)
        if not (found := fetch_all(connection, query)):
            values = {"year": year, "season": season, "created_at": core.now()}
            connection.execute(sa.insert(table).values(values))
            found = fetch_all(connection, query)
    return found[0]


def ensure_group(core: Core, name: str) -> Record:
    """Return the subtitle group of this name, made if it was not there."""
    table = tables.subtitle_groups
    with core.database.write() as connection:
        lock_state(connection)
        number = ensure_groups(connection, {name}, core.now())[name]
        return fetch_all(connection, sa.select(table).where(table.c.group_id == number))[0]


def get_series(core: Core, series_id: int) -> Record:
    """Return one series. Raises ``NotFound``."""
    with core.database.read() as connection:
        return require_series(connection, series_id)


def create_series(core: Core, values: Mapping[str, Any]) -> Record:
    """Add a series to an anime. Raises ``InvalidInput``, and ``Conflict`` when the anime has this number."""
    table, now = tables.series, core.now()
    with core.database.write() as connection:
        lock_state(connection)
        _check_known(connection, "anime_id", tables.animes.c.anime_id, values["anime_id"])
        _check_known(connection, "season_id", tables.seasons.c.season_id, values.get("season_id"))
        _check_dates(values)
        taken = sa.select(table.c.series_id).where(
            table.c.anime_id == values["anime_id"], table.c.series_no == values["series_no"]
        )
        if connection.execute(taken).first() is not None:
            raise Conflict(
                _(
                    "Anime {anime_id} has a series {series_no} already.",
                    anime_id=values["anime_id"],
                    series_no=values["series_no"],
                )
            )
        row = dict(values) | {"created_at": now, "updated_at": now}
        key = connection.execute(sa.insert(table).values(row)).inserted_primary_key
        return require_series(connection, key[0] if key is not None else 0)


def update_series(core: Core, series_id: int, values: Mapping[str, Any]) -> Record:
    """Change what a series says of itself; ``None`` clears. Raises ``NotFound`` and ``InvalidInput``."""
    table = tables.series
    with core.database.write() as connection:
        lock_state(connection)
        before = require_series(connection, series_id)
        changes = {name: values[name] for name in ("season_id", *_DATES) if name in values}
        _check_known(connection, "season_id", tables.seasons.c.season_id, changes.get("season_id"))
        _check_dates(before | changes)
        connection.execute(
            sa.update(table)
            .where(table.c.series_id == series_id)
            .values(changes | {"updated_at": core.now()})
        )
        return require_series(connection, series_id)


def create_link(core: Core, values: Mapping[str, Any]) -> Record:
    """Add a release by hand; filter rules and the library's policy hold for it as for any other.

    Raises ``InvalidInput``, and ``Conflict`` when the episode has this release already.
    """
    table, now = tables.links, core.now()
    download_type = download_type_of(values["url"])
    with core.database.write() as connection:
        lock_state(connection)
        _check_known(connection, "series_id", tables.series.c.series_id, values["series_id"])
        _check_known(connection, "group_id", tables.subtitle_groups.c.group_id, values["group_id"])
        same = [
            table.c[name] == values[name] for name in ("series_id", "group_id", "episode_no", "source_hash")
        ]
        taken = connection.execute(sa.select(table.c.link_id).where(*same)).scalar()
        if taken is not None:
            raise Conflict(_("Link {link_id} is this release already.", link_id=taken))
        row = dict(values) | {
            "download_type": download_type.value,
            "filtered_flag": False,
            "created_at": now,
            "updated_at": now,
        }
        key = connection.execute(sa.insert(table).values(row)).inserted_primary_key
        link_id = key[0] if key is not None else 0
        follow_flags(connection, [link_id], core)
        want_when_settled(connection, [(values["series_id"], values["episode_no"], 0)], now)
        found = fetch_all(connection, sa.select(table).where(table.c.link_id == link_id))[0]
    core.wake("downloads", "")
    return found


def download_type_of(url: str) -> DownloadType:
    """Return how ``url`` is fetched (contract §4.2). Raises ``InvalidInput`` for what nothing fetches."""
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme == "magnet":
        return DownloadType.MAGNET
    if parts.scheme in {"http", "https"} and parts.hostname:
        return DownloadType.TORRENT if ".torrent" in url.lower() else DownloadType.HTTP
    message = _("Give a magnet link, or an address that begins with http:// or https://.")
    raise InvalidInput([Problem(field="url", message=message)])


def _check_known(connection: sa.Connection, field: str, column: sa.Column[Any], number: int | None) -> None:
    if number is None:
        return
    if connection.execute(sa.select(column).where(column == number)).first() is None:
        message = _("There is none with the number {number}.", number=number)
        raise InvalidInput([Problem(field=field, message=message, code="unknown")])


def _check_dates(values: Mapping[str, Any]) -> None:
    first, last = values.get("aired_date"), values.get("end_date")
    if first and last and last < first:
        message = _("A series cannot end before it begins.")
        raise InvalidInput([Problem(field="end_date", message=message)])
