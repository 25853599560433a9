"""What media servers read from names: numbers in a file's, the season in a folder's, extras by their end.

A cautious model of Jellyfin (``Emby.Naming``) and Kodi (``tvshowmatching``), from nfo-naming §1.3, §2.1 and
§2.2: where one of them may read something else, so does this.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_NUMBERS = re.compile(r"s([0-9]+)[\]\[ ._x-]*e([0-9]+)", re.IGNORECASE)
_FURTHER = re.compile(r"(?: - [xe]|[-_ex]+)([0-9]+)", re.IGNORECASE)
"""``S01E03-E04``, but also ``S01E03 - x264`` and ``S01E03_1080p``."""
_PART = re.compile(r"(?:[a-i]|\.[1-9])(?![0-9])", re.IGNORECASE)
"""Kodi: ``S01E02b`` and ``S01E02.5`` are parts of an episode."""
_SEASON = re.compile(r"(?:season ?|s)([0-9]+)", re.IGNORECASE)
_EXTRA = re.compile(
    r"(?:(?:(?:[-._]|- )(?:trailer|sample)"
    r"|-(?:scene|clip|interview|behindthescenes|deleted(?:scene)?|featurette|short|extra|other))[0-9]*"
    r"|(?:[ _.-]|(?<=[\])}]))[\[(]?(?:cd|dvd|part|pt|dis[ck])[ _.-]*(?:[0-9]+|[a-d])[\])]?)\Z",
    re.IGNORECASE,
)
"""Ends of names by which a file is an extra, or a part that is played together with its neighbours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Season, first and last episode of a file."""

    season: int
    first: int
    last: int


def read_numbers(base: str) -> Numbers | None:
    """Return which episodes servers take ``base`` (without extension) for; ``None``: none, or in doubt."""
    match = _NUMBERS.search(base)
    if match is None:
        return None
    last, end = int(match[2]), match.end()
    while further := _FURTHER.match(base, end):
        last, end = int(further[1]), further.end()
    if _PART.match(base, end) or _NUMBERS.search(base, end):
        return None
    return Numbers(season=int(match[1]), first=int(match[2]), last=last)


@lru_cache(maxsize=256)
def read_season(folder: str) -> int | None:
    """Return the season that ``folder`` stands for; ``None`` if not every server reads it so."""
    if folder.casefold() == "specials":
        return 0
    match = _SEASON.fullmatch(folder)
    return int(match[1]) if match else None


def is_extra(base: str) -> bool:
    """Say whether servers take ``base`` for something other than an episode."""
    return _EXTRA.search(base) is not None
