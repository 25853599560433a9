"""What an episode *is*: the values that paths and NFOs are made from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum

UNKNOWN_GROUP = "未知字幕組"
"""The group of a release that names none (contract §3.4)."""

MAX_NUMBER = 99_999
"""Largest season or episode number that is believed; more is a mistake in a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowFacts:
    """Facts about the whole work, all optional; ``ids`` are ``(namespace, value)`` pairs.

    ``picture`` names its poster: the digest of the file and its suffix. ``is_movie``: it is one film, and not
    a season of episodes.
    """

    title: str | None = None
    original_title: str | None = None
    plot: str | None = None
    premiered: date | None = None
    year: int | None = None
    rating: float | None = None
    genres: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    ids: tuple[tuple[str, str], ...] = ()
    picture: str | None = None
    is_movie: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeFacts:
    """Facts about one episode, all optional."""

    title: str | None = None
    original_title: str | None = None
    plot: str | None = None
    aired: date | None = None
    runtime_minutes: int | None = None
    ids: tuple[tuple[str, str], ...] = ()


NOTHING_OF_SHOW, NOTHING_OF_EPISODE = ShowFacts(), EpisodeFacts()
"""What is known where there is no source of facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeMeta:
    """Everything a library path and an NFO are made from.

    ``series_no`` is the season (0 = specials). ``display_season``/``display_episode`` place a special
    between ordinary episodes. ``episode_end`` is the last number of a file that holds several episodes.
    ``naming`` is the template of the library's names (``docs/naming.md``); ``None``: its keeper's own.
    """

    anime_title: str
    series_no: int
    episode_no: int
    episode_end: int | None = None
    subtitle_group: str | None = None
    resolution: str | None = None
    version: int = 1
    display_season: int | None = None
    display_episode: int | None = None
    naming: str | None = None
    show: ShowFacts = field(default_factory=ShowFacts)
    facts: EpisodeFacts = field(default_factory=EpisodeFacts)

    @property
    def is_movie(self) -> bool:
        """Whether it is a film, which has a folder of its own among films."""
        return self.show.is_movie is True


class WorkKind(StrEnum):
    """What a work is, as a person may say it."""

    SERIES = "series"  #: a season of episodes
    MOVIE = "movie"  #: one film


def decide_movie(pinned: object, known: bool | None, said: bool) -> bool:
    """Say whether a work is a film: what a person ``pinned`` (a ``WorkKind``) counts before what is ``known``
    by its id, that before what the title ``said``.
    """
    if pinned is not None:
        return pinned == WorkKind.MOVIE
    return said if known is None else known


def fingerprint(value: EpisodeMeta) -> str:
    """Return a short stable digest of ``value``: equal metadata, equal fingerprint, on every machine."""
    values = asdict(value)
    if value.naming is None:
        del values["naming"]  # not said is as it was before there were templates
    if value.show.picture is None:
        del values["show"]["picture"]  # … and before there were pictures
    if not value.show.is_movie:
        del values["show"]["is_movie"]  # … and before there were films
    text = json.dumps(values, sort_keys=True, default=_plain, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} does not belong in metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbering:
    """Where an episode number of a title ends up: season, episode, and a place to display it."""

    series_no: int
    episode_no: int
    display_season: int | None = None
    display_episode: int | None = None


_SEASONS_APART = 9
_CROWDED = _SEASONS_APART * 10_000


def place_number(series_no: int, episode_no: int, tenths: int = 0) -> Numbering:
    """Give a fractional episode (``12.5``: ``tenths=5``) a whole number among the specials.

    Media servers read ``S01E12.5`` as episode 12 (nfo-naming rule 9), so it becomes ``S00E125``:
    recognisable, shown after episode 12. Each further season counts from 10,000 upwards, so that 12.5 of
    two seasons never meet. Beyond season 9 or episode 999 all share what is left below ``MAX_NUMBER``;
    of two that meet there, one is held.
    """
    if not tenths:
        return Numbering(series_no=series_no, episode_no=episode_no)
    number = episode_no * 10 + tenths
    season = max(series_no - 1, 0)
    if season < _SEASONS_APART and number < 10_000:
        number += season * 10_000
    else:
        number = _CROWDED + (season * 10_000 + number) % (MAX_NUMBER + 1 - _CROWDED)
    return Numbering(
        series_no=0,
        episode_no=number,
        display_season=series_no or None,
        display_episode=min(episode_no + 1, MAX_NUMBER) if series_no else None,
    )
