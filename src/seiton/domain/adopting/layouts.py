"""Which naming template leaves most files of an existing library where they are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

from seiton.domain.metadata import EpisodeMeta
from seiton.domain.naming import Impossible, Name, NamingProfile, draft_name

_NUMBER = "S{season:02}E{episode:02}<-E{episode_end:02}>"
_SHOWS = ("{title}", "{title}< ({year})>")
_SEASONS = (
    "Season {season:02}",
    "Season {season}",
    "<special?Specials|Season {season:02}>",
    "<special?Specials|Season {season}>",
    "S{season:02}",
)
_BASES = tuple(
    f"{title} - {_NUMBER}{tail}"
    for tail in ("", "< [{group}]>", "< [{group}]>< [{resolution}]>")
    for title in _SHOWS
)
_SHOW, _SEASON, _BASE = _SHOWS[0], _SEASONS[0], _BASES[0]

Fit = tuple[frozenset[int], frozenset[int], frozenset[int]]
"""Of the known show folders, season folders and file names: those that a file has already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A naming template, and how many files it leaves where they are."""

    template: str
    stays: int


def fitting(meta: EpisodeMeta, stem: bytes) -> Fit | None:
    """Return which parts of templates name ``meta`` as it is named at ``stem``; ``None``: it is elsewhere."""
    parts = stem.split(b"/")
    if len(parts) != 3:
        return None
    shows = [_named(meta, f"{show}/{_SEASON}/{_BASE}") for show in _SHOWS]
    seasons = [_named(meta, f"{_SHOW}/{season}/{_BASE}") for season in _SEASONS]
    bases = [_named(meta, f"{_SHOW}/{_SEASON}/{base}") for base in _BASES]
    return (
        frozenset(at for at, name in enumerate(shows) if name and name.show.encode() == parts[0]),
        frozenset(at for at, name in enumerate(seasons) if name and name.season.encode() == parts[1]),
        frozenset(at for at, name in enumerate(bases) if name and name.base.encode() == parts[2]),
    )


def _named(meta: EpisodeMeta, template: str) -> Name | None:
    name = draft_name(replace(meta, naming=template), NamingProfile())
    return None if isinstance(name, Impossible) else name


def best_layouts(fits: Counter[Fit] | Mapping[Fit, int], most: int) -> list[Layout]:
    """Return the templates that leave files where they are, the best first; of equals the plainest."""
    found: list[Layout] = []
    for show, season, base in product(range(len(_SHOWS)), range(len(_SEASONS)), range(len(_BASES))):
        stays = sum(
            count
            for (shows, seasons, bases), count in fits.items()
            if show in shows and season in seasons and base in bases
        )
        if stays:
            template = f"{_SHOWS[show]}/{_SEASONS[season]}/{_BASES[base]}"
            found.append(Layout(template=template, stays=stays))
    return sorted(found, key=lambda layout: (-layout.stays, len(layout.template)))[:most]
