"""What the structural reader reads, as a parser's outcome."""

from __future__ import annotations

from enum import StrEnum

from seiton.domain.dialect import encode_title
from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.reading.reader import read_title
from seiton.domain.reading.values import Kind, ReadTitle
from seiton.domain.rules import ParsedTitle, parsed_title
from seiton.domain.title_values import MAX_SPAN, text_of

SPECIALS = 0
"""The series of specials, whatever season a title puts them in (Kodi and Jellyfin: Season 00)."""


_SPECIAL = frozenset((Kind.SPECIAL, Kind.OVA))


class Unread(StrEnum):
    """Why a title cannot be filed; the sentences are the caller's."""

    NO_TITLE = "no_title"
    NO_EPISODE = "no_episode"
    """A film, a whole season without numbers, or a title whose number nobody could tell."""
    EXTRA = "extra"
    """An opening, a trailer: no episode of the story."""
    TOO_WIDE = "too_wide"
    """A range of more episodes than one release holds."""


def parse(title: str) -> ParsedTitle | Unread:
    """Return what ``title`` says as a parser would, with one title and the season as a series number.

    The title is ``ReadTitle.preferred``. Without a season the series is 1; specials and OVAs that are
    counted apart are series 0.
    """
    return parsed(read_title(title))


def parsed(read: ReadTitle) -> ParsedTitle | Unread:
    """Return ``read`` as a parser's outcome; see ``parse``."""
    name = text_of(encode_title(read.preferred or ""))
    if not name:
        return Unread.NO_TITLE
    if Kind.EXTRA in read.kinds:
        return Unread.EXTRA
    if read.episode is None:
        return Unread.NO_EPISODE
    end = read.episode_end
    if read.episode > MAX_NUMBER or (end is not None and end - read.episode > MAX_SPAN):
        return Unread.TOO_WIDE
    is_special = not read.kinds.isdisjoint(_SPECIAL)
    return parsed_title(
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
