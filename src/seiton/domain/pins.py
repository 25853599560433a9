"""Values set by hand, which stay whatever parsers say."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class PinField(StrEnum):
    """What can be set by hand."""

    ANIME_TITLE = "anime_title"
    SERIES_NO = "series_no"
    EPISODE_NO = "episode_no"
    SUBTITLE_GROUP = "subtitle_group"
    EPISODES_AHEAD = "episodes_ahead"  #: by so many do the numbers of releases run ahead of the season's own
    KIND = "kind"  #: whether the work is a film or a series (``domain.metadata.WorkKind``)


SERIES_FIELDS = frozenset({PinField.ANIME_TITLE, PinField.SERIES_NO, PinField.EPISODES_AHEAD, PinField.KIND})
"""What can be set for a whole series."""

NUMBERS = frozenset({PinField.SERIES_NO, PinField.EPISODE_NO, PinField.EPISODES_AHEAD})

Pins = Mapping[str, str | int]
"""Values by field."""

SeriesName = tuple[str, int]
"""Title of the work, number of the series."""

NO_PINS: Pins = {}


def series_pins(name: SeriesName, known: Mapping[SeriesName, Pins]) -> dict[str, str | int]:
    """Return what is pinned for the titles that parsers put into the series ``name``.

    Where a pin leads to a series that has pins itself, those follow; a circle ends where it began.
    """
    found: dict[str, str | int] = {}
    seen: set[SeriesName] = set()
    while name in known and name not in seen:
        seen.add(name)
        found |= known[name]
        title, number = found.get(PinField.ANIME_TITLE, name[0]), found.get(PinField.SERIES_NO, name[1])
        name = (str(title), int(number))
    return found
