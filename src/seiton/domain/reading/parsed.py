"""What the structural reader reads, as a parser's outcome."""

from __future__ import annotations

import re
from enum import StrEnum

from seiton.domain.dialect import encode_title
from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.reading.reader import read_title
from seiton.domain.reading.values import Kind, ReadTitle
from seiton.domain.rules import ParsedTitle
from seiton.domain.title_values import MAX_SPAN, text_of

SPECIALS = 0
"""The series of specials, whatever season a title puts them in (Kodi and Jellyfin: Season 00)."""


_SPECIAL = frozenset((Kind.SPECIAL, Kind.OVA))
_MOVIE = frozenset((Kind.MOVIE,))
WORD = re.compile(
    r"(?<![a-z])(?:movie|gekijouban)s?(?![a-z])|[剧劇][场場]|映画|[\[_ ]M[0-9]{1,2}", re.IGNORECASE
)
"""What the titles of films have, if they say that they are."""


class Unread(StrEnum):
    """Why a title cannot be filed; the sentences are the caller's."""

    NO_TITLE = "no_title"
    NO_EPISODE = "no_episode"
    """A whole season without numbers, or a title whose number nobody could tell."""
    EXTRA = "extra"
    """An opening, a trailer: no episode of the story."""
    TOO_WIDE = "too_wide"
    """A range of more episodes than one release holds."""


def parse(title: str) -> ParsedTitle | Unread:
    """Return what ``title`` says as a parser would, with one title and the season as a series number.

    The title is ``ReadTitle.preferred``. Without a season the series is 1; specials and OVAs that are
    counted apart are series 0. A film is episode 1 (or its part) of a work whose title says that it is a
    film, so that it never is taken for an episode of the series of that name.
    """
    return parsed(read_title(title))


def says_movie(title: str) -> bool:
    """Say whether a release title is that of one film."""
    return WORD.search(title) is not None and _is_movie(read_title(title))


def _is_movie(read: ReadTitle) -> bool:
    return read.episode is None and read.kinds == _MOVIE


def parsed(read: ReadTitle) -> ParsedTitle | Unread:
    """Return ``read`` as a parser's outcome; see ``parse``."""
    name = text_of(encode_title(read.preferred or ""))
    if not name:
        return Unread.NO_TITLE
    if Kind.EXTRA in read.kinds:
        return Unread.EXTRA
    if read.episode is None:
        return _film(read, name) if _is_movie(read) else Unread.NO_EPISODE
    end = read.episode_end
    if read.episode > MAX_NUMBER or (end is not None and end - read.episode > MAX_SPAN):
        return Unread.TOO_WIDE
    is_special = not read.kinds.isdisjoint(_SPECIAL)
    return ParsedTitle(
        name,
        read.episode,
        read.tenths,
        end,
        1 if read.version is None else read.version,
        SPECIALS if is_special else 1 if read.season is None else read.season,
        (text_of(encode_title(read.group)) or None) if read.group else None,
        read.resolution,
        None,
        read.year,
    )


def _film(read: ReadTitle, name: str) -> ParsedTitle:
    if WORD.search(name) is None:
        is_latin = any("a" <= char <= "z" for char in name.casefold())
        name = f"{name} Movie" if is_latin else f"{name} 劇場版"
    return ParsedTitle(
        name,
        read.part or 1,
        0,
        None,
        1 if read.version is None else read.version,
        1,
        (text_of(encode_title(read.group)) or None) if read.group else None,
        read.resolution,
        None,
        read.year,
    )
