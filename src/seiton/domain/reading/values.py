"""What a release title says, as values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Script(StrEnum):
    """The writing of a title; the nearest thing to its language that a title gives."""

    HAN = "han"
    """Chinese characters without kana: Chinese, rarely Japanese."""
    KANA = "kana"
    HANGUL = "hangul"
    LATIN = "latin"
    CYRILLIC = "cyrillic"
    OTHER = "other"


class Kind(StrEnum):
    """What a release is, beyond an ordinary episode."""

    BATCH = "batch"
    MOVIE = "movie"
    OVA = "ova"
    SPECIAL = "special"
    EXTRA = "extra"
    """Opening, ending, trailer, menu: part of a disc, not of the story."""


class Numbering(StrEnum):
    """How a title counts its episodes."""

    ABSOLUTE = "absolute"
    """A bare number; whether it counts from the first season on is not written."""
    SEASONED = "seasoned"
    """``S02E03``, ``2x03``: the number counts within the season."""


class Name(NamedTuple):
    """One title of the work, as written, without season and part."""

    text: str
    script: Script


class ReadTitle(NamedTuple):
    """What a release title says. What it does not say is None or empty; nothing is made up.

    ``names``: the titles in the order written. ``written``: the same before season, part and a second
    language were taken out. ``group``: as written; ``groups``: its members. ``season_text``: the words for
    the season (``第二季``, ``Final Season``). ``season_end``: the last of several seasons. ``tenths``: 5 for
    12.5. ``resolution``: ``1080p`` or ``1920x816``. ``subtitles``: language words, sorted.
    """

    names: tuple[Name, ...] = ()
    written: tuple[str, ...] = ()
    group: str | None = None
    groups: tuple[str, ...] = ()
    season: int | None = None
    season_end: int | None = None
    season_text: str | None = None
    part: int | None = None
    episode: int | None = None
    tenths: int = 0
    episode_end: int | None = None
    numbering: Numbering | None = None
    version: int | None = None
    kinds: frozenset[Kind] = frozenset()
    is_final: bool = False
    resolution: str | None = None
    source: str | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    subtitles: tuple[str, ...] = ()
    container: str | None = None
    year: int | None = None
    crc: str | None = None

    @property
    def preferred(self) -> str | None:
        """The title to file under: the first in Chinese characters, else the first of all."""
        for name in self.names:
            if name.script is Script.HAN:
                return name.text
        return self.names[0].text if self.names else None
