"""What a metadata source knows about a work, and what Seiton makes of that."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from seiton.domain.metadata import EpisodeFacts, ShowFacts


class Language(StrEnum):
    """In which language a title is."""

    TRADITIONAL = "zh-Hant"
    SIMPLIFIED = "zh-Hans"
    JAPANESE = "ja"
    ROMAJI = "romaji"
    ENGLISH = "en"


DEFAULT_ORDER = (
    Language.TRADITIONAL,
    Language.SIMPLIFIED,
    Language.JAPANESE,
    Language.ROMAJI,
    Language.ENGLISH,
)
"""The best first; a title that a source has in no language of the order is taken in any."""

Titles = Mapping[str, str]
"""Titles by ``Language``."""

Number = tuple[int, int]
"""An episode's number: whole, tenths (``6.5``: ``(6, 5)``)."""


class Kind(StrEnum):
    """What an episode of a list is."""

    MAIN = "main"
    SPECIAL = "special"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownEpisode:
    """An episode as its source has it: ``sort`` counts over all seasons where the source does that, ``ep``
    within this one.
    """

    kind: Kind
    sort: Number
    ep: Number | None = None
    titles: Titles = field(default_factory=dict)
    plot: str | None = None
    aired: date | None = None
    runtime_minutes: int | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A work, or one season of it, as its source has it.

    ``season`` is the number that follows from what went before it; ``is_movie``: it is one film (or is not;
    ``None``: its source does not say).
    """

    titles: Titles = field(default_factory=dict)
    plot: str | None = None
    premiered: date | None = None
    rating: float | None = None
    genres: tuple[str, ...] = ()
    studios: tuple[str, ...] = ()
    picture_url: str | None = None
    is_movie: bool | None = None
    season: int | None = None
    episodes: tuple[KnownEpisode, ...] = ()


Convert = Callable[[str], str]
"""From simplified to traditional Chinese."""


def choose_title(titles: Titles, order: Iterable[str], to_traditional: Convert) -> str | None:
    """Return the title in the first language of ``order`` that there is one in; else any.

    Traditional Chinese is converted from simplified where the source has none of its own.
    """
    for language in order:
        if language in titles:
            return titles[language]
        if language == Language.TRADITIONAL and Language.SIMPLIFIED in titles:
            return to_traditional(titles[Language.SIMPLIFIED])
    return next(iter(titles.values()), None)


def original_title(titles: Titles) -> str | None:
    """Return the title in the language that the work is made in."""
    return titles.get(Language.JAPANESE)


def show_facts(
    known: Known,
    ids: tuple[tuple[str, str], ...],
    picture: str | None,
    order: Sequence[str],
    to_traditional: Convert,
) -> ShowFacts:
    """Return what NFOs say about a work; ``picture`` is the poster that is at hand."""
    return ShowFacts(
        title=choose_title(known.titles, order, to_traditional),
        original_title=original_title(known.titles),
        plot=_prose(known.plot, order, to_traditional),
        premiered=known.premiered,
        rating=known.rating,
        genres=known.genres,
        studios=known.studios,
        ids=ids,
        picture=picture,
        is_movie=known.is_movie,
    )


def episode_facts(
    episode: KnownEpisode, namespace: str, order: Sequence[str], to_traditional: Convert
) -> EpisodeFacts:
    """Return what an NFO says about an episode."""
    return EpisodeFacts(
        title=choose_title(episode.titles, order, to_traditional),
        original_title=original_title(episode.titles),
        plot=_prose(episode.plot, order, to_traditional),
        aired=episode.aired,
        runtime_minutes=episode.runtime_minutes,
        ids=((namespace, episode.value),) if episode.value else (),
    )


def _prose(text: str | None, order: Sequence[str], to_traditional: Convert) -> str | None:
    """Return a description, which has one language only: converted where traditional Chinese is wanted
    before simplified.
    """
    if not text:
        return None
    chinese = next((word for word in order if word in (Language.TRADITIONAL, Language.SIMPLIFIED)), None)
    has_kana = any("\u3040" <= char <= "\u30ff" for char in text)
    return to_traditional(text) if chinese == Language.TRADITIONAL and not has_kana else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Which episode of a list each number of a series is.

    ``offset`` is what the numbers of releases differ by from those within the season (25 is 13: 12), 0 where
    they do not.
    """

    offset: int = 0
    episodes: Mapping[Number, KnownEpisode] = field(default_factory=dict)


def place_episodes(
    numbers: Collection[Number], episodes: Sequence[KnownEpisode], *, specials: bool = False
) -> Placement:
    """Return which episode each number is; ``numbers`` are those that releases of the series have.

    Releases count within the season unless one of their numbers is not in it and all of them are in the
    count over all seasons. Episodes between others (``6.5``) have their place in either. ``specials``: the
    series is that of the specials, which are counted by themselves.
    """
    if specials:
        return Placement(episodes={one.sort: one for one in episodes if one.kind is Kind.SPECIAL})
    main = [one for one in episodes if one.kind is Kind.MAIN]
    between = {one.sort: one for one in episodes if one.sort[1]}
    within = {one.ep or one.sort: one for one in main}
    absolute = {one.sort: one for one in main}
    whole = {number for number in numbers if not number[1]}
    shift = _shift(main)
    if shift and whole and not whole <= within.keys() and whole <= absolute.keys():
        return Placement(offset=shift, episodes=between | absolute)
    moved = {(number[0] - shift, number[1]): one for number, one in between.items() if number[0] > shift}
    return Placement(episodes=(moved if shift else between) | within)


def _shift(main: Sequence[KnownEpisode]) -> int:
    """Return by how much the count over all seasons is ahead, if it is by the same for all episodes."""
    shifts = {one.sort[0] - one.ep[0] for one in main if one.ep is not None}
    return shifts.pop() if len(shifts) == 1 else 0
