"""Which links a title stands for: what parsers read from it, and what is set by hand instead."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from seiton.adapters.database import Row
from seiton.core import tables
from seiton.core.links.slots import place_slots
from seiton.domain.metadata import UNKNOWN_GROUP
from seiton.domain.pins import NO_PINS, PinField, Pins, SeriesName, series_pins
from seiton.domain.reading import says_movie
from seiton.domain.rules import ParsedTitle

LinksOf = Mapping[int, Sequence[Row]]
"""The stored links of raw items, by item id."""

ADOPTED = "adopted"
"""Where the facts of a raw item keep what adoption found out (``domain.adopting.Evidence``)."""

_PINNED = (
    (PinField.ANIME_TITLE, "title"),
    (PinField.SERIES_NO, "series_no"),
    (PinField.SUBTITLE_GROUP, "group"),
    (PinField.EPISODE_NO, "episode_no"),
)
"""What a pin sets, by its name in ``Wanted``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A link as it should be. ``slot`` is its place in a batch, the same whatever its number becomes."""

    item: Row
    parsed: ParsedTitle
    slot: int
    title: str
    series_no: int
    group: str
    episode_no: int
    episode_tenths: int
    version: int
    resolution: str | None
    is_batch: bool
    is_movie: bool
    pins: Pins = field(default_factory=dict)


def wanted_links(item: Row, parsed: ParsedTitle, known: Sequence[Row]) -> list[Wanted]:
    """Return the links that ``item`` stands for, by its title: one, or one for each episode of a batch.

    ``known`` are its links as they are (``slot``, ``episode_no``, ``detached_at``).
    """
    last = parsed.episode_end or parsed.episode_no
    numbers = range(parsed.episode_no, last + 1)
    is_movie = parsed.episode_end is None and not _is_adopted(item) and says_movie(item["title"])
    return [
        Wanted(
            item=item,
            parsed=parsed,
            slot=slot,
            title=parsed.anime_title,
            series_no=parsed.series_no,
            group=parsed.subtitle_group or UNKNOWN_GROUP,
            episode_no=episode_no,
            episode_tenths=parsed.episode_tenths,
            version=parsed.version,
            resolution=parsed.resolution,
            is_batch=parsed.episode_end is not None,
            is_movie=is_movie,
        )
        for episode_no, slot in zip(numbers, place_slots(numbers, known), strict=True)
    ]


def _is_adopted(item: Row) -> bool:
    """Say whether more is known of a file than its name says: adoption found it to be an episode."""
    return ADOPTED in (item["facts"] or {})


def load_series_pins(connection: sa.Connection) -> dict[SeriesName, Pins]:
    """Return the series that have pins, by name."""
    series, animes = tables.series, tables.animes
    query = (
        sa.select(animes.c.title, series.c.series_no, series.c.pins)
        .select_from(series.join(animes, animes.c.anime_id == series.c.anime_id))
        .where(series.c.pins.is_not(None))
    )
    return {(row[0], row[1]): row[2] for row in connection.execute(query) if row[2]}


def pin_down(
    said: Iterable[Wanted], existing: LinksOf, of_series: Mapping[SeriesName, Pins]
) -> tuple[list[Wanted], int]:
    """Put what is set by hand in the place of what titles say; return how many values that passed by."""
    pins = {
        (row["raw_item_id"], row["slot"]): row["pins"]
        for rows in existing.values()
        for row in rows
        if row["pins"]
    }
    wanted: list[Wanted] = []
    passed = 0
    for link in said:
        own = pins.get((link.item["item_id"], link.slot), NO_PINS)
        held = series_pins((link.title, link.series_no), of_series) | dict(own)
        changes: dict[str, Any] = {
            name: held[field]
            for field, name in _PINNED
            if field in held and getattr(link, name) != held[field]
        }
        ahead = int(held.get(PinField.EPISODES_AHEAD, 0))
        if PinField.EPISODE_NO not in held and 0 < ahead < link.episode_no:
            changes["episode_no"] = link.episode_no - ahead
        passed += len(changes)
        if "episode_no" in changes and PinField.EPISODE_NO in held:
            changes["episode_tenths"] = 0
        wanted.append(replace(link, **changes, pins=held) if held else link)
    return wanted, passed


def named(link: Wanted) -> ParsedTitle:
    """Return what the title of a link says, by the name that its series has."""
    parsed = link.parsed
    if (parsed.anime_title, parsed.series_no) == (link.title, link.series_no):
        return parsed
    return parsed._replace(anime_title=link.title, series_no=link.series_no)
