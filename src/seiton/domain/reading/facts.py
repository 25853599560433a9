"""Facts of a release title beside its names and episode: kinds, version, year, checksum, technical words."""

from __future__ import annotations

import re
from functools import lru_cache

from seiton.domain.reading.numbers import HEIGHTS, Episode
from seiton.domain.reading.segments import Content, Holds
from seiton.domain.reading.values import Kind
from seiton.domain.reading.vocabulary import Words

BARE_LINES = tuple(sorted(map(int, HEIGHTS)))
"""Numbers in a bracket that are a resolution rather than an episode where there is another one."""
_HEIGHT = re.compile(rf"(?<![0-9A-Za-z-])(?:{'|'.join(sorted(HEIGHTS))})(?![0-9A-Za-z])")

_CRC = re.compile(r"[\[(]([0-9A-Fa-f]{8})[\])]")
_MEMBERS = re.compile(r" ?[&+、,|] ?| x ")
_VERSION = re.compile(r"[ \x01-\x03-]v([0-9])(?![0-9a-z])", re.IGNORECASE)
KIND = (
    r"movie|gekijouban|[剧劇映]|ova|oad|vol|[特番]"
    r"|(?:op|ed|pv|cm|menu|trailer|preview|sp(?:ecial)?)s?[0-9]*[a-z]?"
)
"""What a title holds that names a kind."""
_KINDS = (
    (Kind.MOVIE, re.compile(r"(?<![a-z])(?:movie|gekijouban)s?(?![a-z])|[剧劇][场場]|映画", re.IGNORECASE)),
    (Kind.BATCH, re.compile(r"(?<![a-z])vol(?:ume)?[ .]*[0-9]", re.IGNORECASE)),
    (
        Kind.EXTRA,
        re.compile(
            r" (?:nc(?:op|ed)[0-9]{0,2}|(?:op|ed)[0-9]{1,2})[a-z]? *$|- *(?:pv|cm|menu|trailer"
            r"|preview)s?[0-9]{0,2} *$",
            re.IGNORECASE,
        ),
    ),
    (Kind.OVA, re.compile(r"(?<![a-z])(?:ova|oad)s?(?![a-z])", re.IGNORECASE)),
    (
        Kind.SPECIAL,
        re.compile(
            r"- *(?:sp(?:ecials?)?|特[別别][篇編编]|番外[篇编編]?) *$"
            r"|(?:^| )(?:特[別别]|番外)[篇編编](?: |$)",
            re.IGNORECASE,
        ),
    ),
)


@lru_cache(maxsize=4096)
def merged(words: tuple[Words, ...]) -> Words:
    """Return what several brackets say together; the first word for a thing counts."""
    return Words(
        resolution=next((word.resolution for word in words if word.resolution), None),
        source=next((word.source for word in words if word.source), None),
        video_codec=next((word.video_codec for word in words if word.video_codec), None),
        audio_codec=next((word.audio_codec for word in words if word.audio_codec), None),
        subtitles=tuple(sorted({code for word in words for code in word.subtitles})),
        container=next((word.container for word in words if word.container), None),
        version=next((word.version for word in words if word.version is not None), None),
        kinds=frozenset(kind for word in words for kind in word.kinds),
        is_final=any(word.is_final for word in words),
    )


def kinds_in(region: str) -> set[Kind]:
    """Return the kinds that the words of a title's own text name; none without ``KIND``."""
    return {kind for kind, pattern in _KINDS if pattern.search(region)}


def version_in(looks: str) -> int | None:
    """Return a version that stands apart from the episode: `` v2 ``."""
    match = _VERSION.search(looks) if "v" in looks.lower() else None
    return int(match[1]) if match else None


def checksum_in(title: str, held: list[Content]) -> str | None:
    """Return the CRC-32 that a bracket holds, eight digits in upper case."""
    for content in held:
        if content.holds is Holds.CHECKSUM:
            match = _CRC.search(title)
            return match[1].upper() if match else None
    return None


def bare_lines(held: list[Content], used: Episode | None, looks: str) -> str | None:
    """Return the resolution that a bare number stands for, behind an episode: ``[720]``, ``_05_1080.BD``."""
    if used is None:
        return None
    if behind := _HEIGHT.search(looks, used.stop):
        return f"{behind[0]}p"
    for content in held:
        if content.episode is not None:
            number = content.episode.number
            if number in BARE_LINES and number != used.number:
                return f"{number}p"
    return None


@lru_cache(maxsize=1024)
def members_of(group: str) -> tuple[str, ...]:
    """Return the groups that made a release together: ``A&B``, ``A、B``."""
    return tuple(part for part in _MEMBERS.split(group) if part)
