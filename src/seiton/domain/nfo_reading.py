"""What an NFO that somebody else wrote says of the file or folder it lies beside (nfo-naming §1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.nfo_merge import Unreadable, WhyUnreadable, parse_nfo

Ids = tuple[tuple[str, str], ...]
"""``(namespace, value)`` pairs, the namespace in lower case."""


class About(StrEnum):
    """What an NFO describes: the name of its root element."""

    SHOW = "tvshow"
    SEASON = "season"
    EPISODE = "episodedetails"
    MOVIE = "movie"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an NFO says; ``None`` where it does not.

    ``title`` is that of the work (``showtitle`` of an episode). ``episodes`` is how many it describes;
    numbers are those of the first.
    """

    about: About
    title: str | None = None
    season: int | None = None
    episode: int | None = None
    episodes: int = 1
    year: int | None = None
    ids: Ids = ()


_YEAR = re.compile(r"((?:18|19|20|21)[0-9]{2})(?:-[0-9]{2}-[0-9]{2})?")
_OWN_ELEMENTS = {
    "tvdbid": "tvdb", "tmdbid": "tmdb", "imdbid": "imdb", "imdb_id": "imdb",
    "anidbid": "anidb", "anilistid": "anilist", "bangumiid": "bangumi",
}  # fmt: skip
"""Ids that older programs write as elements of their own."""
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z._:-]{0,99}")
_LONGEST = 1000


def read_nfo(content: bytes) -> Said | Unreadable:
    """Return what ``content`` says, or why nobody can tell. Never fails."""
    document = parse_nfo(content)
    if isinstance(document, Unreadable):
        return document
    blocks = [child for child in document if isinstance(child.tag, str)]
    if not blocks:
        return Unreadable(reason=WhyUnreadable.MALFORMED, detail="no XML element")
    try:
        about = About(str(blocks[0].tag))
    except ValueError:
        return Unreadable(reason=WhyUnreadable.ANOTHER_ROOT, detail=str(blocks[0].tag)[:100])
    first = blocks[0]
    title = "showtitle" if about is About.EPISODE else "title"
    season = {About.EPISODE: "season", About.SEASON: "seasonnumber"}.get(about)
    end = _number(first, "episodenumberend")
    number = _number(first, "episode") if about is About.EPISODE else None
    span = end - number + 1 if end is not None and number is not None and end > number else 1
    return Said(
        about=about,
        title=_line(first, title),
        season=_number(first, season) if season else None,
        episode=number,
        episodes=max(len(blocks), span),
        year=_year(first),
        ids=_ids(first),
    )


def _line(block: etree._Element, tag: str) -> str | None:
    text = " ".join((block.findtext(tag) or "").split())
    return text if text and len(text) <= _LONGEST else None


def _number(block: etree._Element, tag: str) -> int | None:
    text = (block.findtext(tag) or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_NUMBER)) else None


def _year(block: etree._Element) -> int | None:
    for tag in ("year", "premiered"):
        if match := _YEAR.fullmatch((block.findtext(tag) or "").strip()):
            return int(match[1])
    return None


def _ids(block: etree._Element) -> Ids:
    found: dict[str, str] = {}
    for element in block.iterfind("uniqueid"):
        _note(found, element.get("type", ""), element.text)
    for tag, namespace in _OWN_ELEMENTS.items():
        _note(found, namespace, block.findtext(tag))
    return tuple(sorted(found.items()))


def _note(found: dict[str, str], namespace: str, value: str | None) -> None:
    """Keep an id; ``Custom`` is a media server's or Seiton's own key and names nothing outside."""
    name, text = namespace.strip().casefold(), (value or "").strip()
    if _ID.fullmatch(name) and name != "custom" and _ID.fullmatch(text):
        found.setdefault(name, text)
