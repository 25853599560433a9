"""Cuts a release title at its brackets and says what each bracket holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import IntEnum
from functools import lru_cache, partial
from typing import NamedTuple

from seiton.domain.reading import numbers, seasons
from seiton.domain.reading.numbers import ASIDE, EPISODE, STOP
from seiton.domain.reading.values import Kind
from seiton.domain.reading.vocabulary import NEWS, NO_WORDS, NOTE, TEAM, Words, words_of

_DELIMITERS = "[](){}★"
_DELIMITER = re.compile(r"[\[\](){}★]")
_FLAT = re.compile(r"(\[[^\[\](){}★]*\]|\([^\[\](){}★]*\))")
_CLOSING = {"[": "]", "(": ")", "{": "}"}
_QUOTED_NUMBER = re.compile(r"[「『]([0-9]{1,4}(?:[vV][0-9])?)[」』]")
_DIGIT = re.compile(r"[0-9第]")
_CRC = re.compile(r"[0-9a-f]{8}", re.IGNORECASE)
_DATE = re.compile(
    r"((?:19[3-9]|20[0-4])[0-9])(?:年|(?:[.-][0-9]{1,2}){1,2}| ?[-~] ?(?:19[3-9]|20[0-4])[0-9])?"
)
_RANGE_AND_WORDS = re.compile(
    r"([0-9]{1,4} ?[-~] ?[0-9]{1,4} ?(?:fin|end|完|[合全]集)?) +(\S.*)", re.IGNORECASE
)
_FILM = re.compile(r"M[0-9]{1,2}")
_DISC = re.compile(r"(?:disc|disk|dvd|bd|cd) ?[0-9]{1,2}", re.IGNORECASE)
_VOLUME = re.compile(r"vol(?:ume)?s?[ ._]?[0-9].*", re.IGNORECASE)


class Holds(IntEnum):
    """What a bracket holds."""

    NOTHING = 0
    TEXT = 1
    EPISODE = 2
    WORDS = 3
    YEAR = 4
    CHECKSUM = 5
    SEASON = 6
    NOTE = 7
    TEAM = 8


class Content(NamedTuple):
    """What the text of a bracket says; ``mark`` stands for the bracket in a line."""

    holds: Holds
    words: Words = NO_WORDS
    episode: numbers.Episode | None = None
    year: int | None = None
    season: seasons.Season | None = None
    mark: str = ASIDE


class Segment(NamedTuple):
    """A piece of a title, from ``start`` to ``stop`` without its brackets; ``bracket`` is ``[``, ``(``, ``{``
    or ``★``, or empty for text outside of brackets.
    """

    start: int
    stop: int
    bracket: str


_segment: Callable[[tuple[int, int, str]], Segment] = partial(tuple.__new__, Segment)
"""The constructor without keywords takes a third of the time."""


def split(text: str) -> list[Segment]:
    """Cut plain ``text`` at its outermost brackets; one that nothing closes reaches to the end."""
    if "『" in text or "「" in text:
        text = _QUOTED_NUMBER.sub(r"[\1]", text)
    parts = _FLAT.split(text)
    if len(parts) - 1 == sum(map(text.count, _DELIMITERS)):
        return _flat_segments(parts)
    stars = text.count("★")
    segments: list[Segment] = []
    depth, start, opened = 0, 0, ""
    for match in _DELIMITER.finditer(text):
        char, at = match[0], match.start()
        if char == "★":
            if stars > 1 and depth == 0:
                if at > start:
                    segments.append(Segment(start, at, "★" if opened or stars > 2 else ""))
                start, opened = at + 1, "★"
        elif char in _CLOSING:
            if depth and char == "[" == opened and not text[start:at].strip(" _"):
                start = at + 1
            elif depth and char == "[" == opened and numbers.bracketed(text[start:at]):
                segments.append(Segment(start, at, opened))
                start = at + 1
            elif depth == 0:
                if at > start:
                    segments.append(Segment(start, at, opened))
                start, opened, depth = at + 1, char, 1
            elif char == opened:
                depth += 1
        elif depth and char == _CLOSING[opened]:
            depth -= 1
            if depth == 0:
                segments.append(Segment(start, at, opened))
                start, opened = at + 1, ""
        elif char == "]" and not segments and start == 0:
            segments.append(Segment(0, at, "["))
            start = at + 1
    if start < len(text):
        segments.append(Segment(start, len(text), opened))
    return segments


def _flat_segments(parts: list[str]) -> list[Segment]:
    """Return the segments of a text whose brackets are all closed and not inside each other; ``parts``:
    the text and the brackets in turn.
    """
    segments: list[Segment] = []
    at = 0
    for part in parts:
        stop = at + len(part)
        if part:
            bracket = part[0] if part[0] in "[(" else ""
            segments.append(_segment((at + 1, stop - 1, bracket) if bracket else (at, stop, "")))
        at = stop
    return segments


@lru_cache(maxsize=8192)
def content_of(text: str) -> Content:
    """Say what a bracket with the plain ``text`` holds."""
    content = _held(text)
    return content._replace(mark=_mark(content))


def _mark(content: Content) -> str:
    words = content.words
    if content.episode is not None:
        return EPISODE
    if content.holds is Holds.WORDS:
        is_strong = words.resolution or words.video_codec or words.source or words.container
        return ASIDE if words.kinds and not is_strong else STOP
    return STOP if content.holds is Holds.CHECKSUM else ASIDE


def _held(text: str) -> Content:
    text = text.strip(" _.,-")
    if not text:
        return Content(Holds.NOTHING)
    if len(text) == 8 and _CRC.fullmatch(text) and not text.isdecimal():
        return Content(Holds.CHECKSUM)
    if _DIGIT.search(text) and (counted := _counted(text)) is not None:
        return counted
    if NEWS.fullmatch(text):
        return Content(Holds.NOTE)
    words = words_of(text)
    is_technical = words.found and (
        words.rest == 0
        or words.resolution
        or (words.video_codec and words.audio_codec)
        or words.rest * 2 < len(text)
    )
    if is_technical and (words.resolution or not (TEAM.search(text) and words.rest)):
        return Content(Holds.WORDS, words, season=seasons.season_in(text))
    if TEAM.search(text):
        return Content(Holds.TEAM)
    if NOTE.search(text):
        return Content(Holds.NOTE)
    season = seasons.season_in(text)
    if season is not None and words_of(text[: season.start] + text[season.stop :]).rest < 2:
        return Content(Holds.SEASON, words, season=season)
    if _FILM.fullmatch(text):
        return Content(Holds.WORDS, Words(found=1, kinds=frozenset((Kind.MOVIE,))))
    return Content(Holds.TEXT, season=season)


def _counted(text: str) -> Content | None:
    """Say what a bracket holds that is a number or has one of a known meaning."""
    if date := _DATE.fullmatch(text):
        return Content(Holds.YEAR, year=int(date[1]))
    episode = numbers.bracketed(text)
    if episode is not None:
        return Content(Holds.EPISODE, episode=episode)
    if _DISC.fullmatch(text):
        return Content(Holds.NOTE)
    if _VOLUME.fullmatch(text):
        return Content(Holds.WORDS, Words(found=1, kinds=frozenset((Kind.BATCH,))))
    if both := _RANGE_AND_WORDS.fullmatch(text):
        words = words_of(both[2])
        if words.found and words.resolution:
            return Content(Holds.EPISODE, words, numbers.bracketed(both[1]))
    return None
