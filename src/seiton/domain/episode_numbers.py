"""Which episode a file of a torrent holds, read from its name and from how its siblings differ."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 400
"""Characters of a name that are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a name says. Numbers in tenths (``12.5`` is 125); ``first == last`` for one episode."""

    first: int
    last: int
    version: int = 1
    season: int | None = None
    special: bool = False

    @property
    def whole(self) -> int | None:
        """The number, if it is a single whole one."""
        return self.first // 10 if self.first == self.last and self.first % 10 == 0 else None


def read_numbers(names: Sequence[str], *, hint_title: str | None = None) -> list[Reading | None]:
    """Read the numbers of ``names``, files of one folder, together: the number of an episode is the one
    that differs between them. ``hint_title`` is not looked at (``86 - 01``).
    """
    cleaned = [_clean(name, hint_title) for name in names]
    candidates = [[_matches(rule, text) for rule in _RULES] for text in cleaned]
    column = _varying_column(candidates) if len(names) > 1 else None
    return [_reading(name, _pick(found, column)) for name, found in zip(names, candidates, strict=True)]


def season_of(folder: str) -> int | None:
    """Return the season that a folder (or a name) says it is of; 0 for specials."""
    text = unicodedata.normalize("NFKC", folder)[:_LONGEST]
    if _SPECIAL_FOLDER.search(text):
        return 0
    match = _SEASON.search(text)
    if match is None:
        return None
    word = next(group for group in match.groups() if group)
    return int(word) if word.isdigit() else "一二三四五六七八九十".index(word) + 1


_NUMBER = r"([0-9]{1,4}(?:\.[0-9](?![0-9]))?)"
_VERSION = r"(?:[ _.]?v([0-9]))?"
_RANGE = rf"(?:(?:v[0-9])?[ ]?[-~〜][ ]?(?:e|ep)?{_NUMBER})?"
_RULES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?<![a-z0-9])s[0-9]{{1,2}}[ ._-]*e{_NUMBER}{_RANGE}{_VERSION}(?![0-9])",
        rf"(?<![a-z0-9])[0-9]{{1,2}}x{_NUMBER}{_RANGE}{_VERSION}(?![0-9a-z])",
        rf"第[ ]?{_NUMBER}{_RANGE}[ ]?{_VERSION}[話话集回]",
        rf"[ _]-[ _]+(?:e|ep|\#)?{_NUMBER}{_RANGE}{_VERSION}(?=$|[ _\[(【.,])",
        rf"[\[【(][ _]?(?:e|ep|\#|sp|ova|oad)?[ _]?{_NUMBER}{_RANGE}{_VERSION}"
        r"[ _]?(?:end|fin|完|[話话集回])?(?:[ _]?\([^()]*\))?[ _]?[\]】)]",
        rf"(?<![a-z0-9])(?:episode|ep|e|\#|sp|ova|oad|special)[ ._]*{_NUMBER}{_RANGE}{_VERSION}(?![0-9a-z])",
        rf"(?<![0-9a-z.]){_NUMBER}{_RANGE}{_VERSION}(?:end|fin)?(?![0-9a-z])",
    )
)
"""From the surest to the last resort. Groups: first, last, version."""
_NOISE = re.compile(
    r"[\[(][0-9a-f]{8}[\])]"  # CRC
    r"|[0-9]{3,4} ?[x×] ?[0-9]{3,4}|(?<![0-9a-z])[0-9]{3,4}[pi](?![0-9a-z])|(?<![0-9a-z])[248]k(?![0-9a-z])"
    r"|(?<![a-z])[xh][ .]?26[456]|av1|mp[34]|hi10p?|ma10p|(?<![0-9])(?:8|10|12)[ -]?bits?(?![a-z])"
    r"|(?:aac|flac|dts|e?ac-?3|ddp?|opus|truehd|pcm|ma|atmos)[ .]?(?:[0-9](?:\.[0-9])?)?(?:x[0-9])?(?![0-9])"
    r"|(?<![0-9])[257]\.[01][ ]?ch|[0-9]{2,3}(?:\.[0-9]{1,3})?[ ]?fps|(?:big|b)5(?![0-9a-z])|gb2312"
    r"|[\[(](?:19|20)[0-9]{2}(?:[.-][0-9]{1,2}){0,2}[\])]|(?:19|20)[0-9]{2}([.-])[0-9]{2}\1[0-9]{2}"
    r"|[0-9]{1,2}(?:st|nd|rd|th)(?:[ ._]season)?(?![a-z])"
    r"|(?<![a-z])(?:vol|volume|disc|disk|dvd|bd|cd|part|season)[ ._]?[0-9]{1,2}(?![0-9])"
    r"|(?<![a-z0-9])s[0-9]{1,2}(?![0-9]|[ ._-]*e[0-9])"
    r"|第[0-9一二三四五六七八九十]{1,3}[季期部]|[0-9]+(?:\.[0-9]+)?[ ]?[gm]i?b(?![a-z])"
    r"|(?<![0-9])[0-9]{1,2}月新?番?",
    re.IGNORECASE,
)
_DOT_AS_BLANK = re.compile(r"(?<![0-9])\.|\.(?![0-9])")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SPECIAL = re.compile(
    r"(?<![a-z])(?:sp|ova|oad|special|specials)(?![a-z])|特別[篇編]|特别[篇编]|番外[篇編编]?", re.IGNORECASE
)
_SPECIAL_FOLDER = re.compile(
    r"^(?:sps?|specials?|ovas?|oads?|season 0+|s00|特別[篇編]|特别篇|番外[篇編]?)$", re.IGNORECASE
)
_SEASON = re.compile(
    r"(?<![a-z0-9])s(?:eason[ ._]*)?([0-9]{1,2})(?![0-9a-df-z])"
    r"|(?<![0-9])([0-9]{1,2})(?:st|nd|rd|th)[ ._]season"
    r"|第([0-9]{1,2}|[一二三四五六七八九十])[季期]",
    re.IGNORECASE,
)

_Row = list[list[re.Match[str]]]
"""What each rule finds in one name."""


def _clean(name: str, hint_title: str | None) -> str:
    text = unicodedata.normalize("NFKC", name)[:_LONGEST]
    stem, dot, suffix = text.rpartition(".")
    if dot and suffix.isalnum() and not suffix.isdigit():
        text = stem
    if " " not in text:
        text = _DOT_AS_BLANK.sub(" ", text.replace("_", " "))
    words = unicodedata.normalize("NFKC", hint_title or "").split()
    if words:
        title = r"[ ._]+".join(map(re.escape, words))
        text = re.sub(rf"(?<![^\W_]){title}(?![^\W_])", "title", text, count=1, flags=re.IGNORECASE)
    return _NOISE.sub(" ", text)


def _matches(rule: re.Pattern[str], text: str) -> list[re.Match[str]]:
    return [match for match in rule.finditer(text) if not _YEAR.fullmatch(match[1])]


def _varying_column(candidates: list[_Row]) -> tuple[int, int] | None:
    """Return (rule, position) of the surest number that every name has and that differs most."""
    for rule in range(len(_RULES)):
        count = min(len(found[rule]) for found in candidates)
        kinds = [len({found[rule][position][1] for found in candidates}) for position in range(count)]
        if kinds and max(kinds) > 1:
            return rule, max(range(count), key=lambda position: (kinds[position], position))
    return None


def _pick(found: _Row, column: tuple[int, int] | None) -> re.Match[str] | None:
    if column is not None:
        return found[column[0]][column[1]]
    return next((matches[-1] for matches in found if matches), None)


def _reading(name: str, match: re.Match[str] | None) -> Reading | None:
    text = unicodedata.normalize("NFKC", name)[:_LONGEST]
    if match is None:
        return Reading(first=10, last=10, special=True) if _SPECIAL.search(text) else None
    first = _tenths(match[1])
    last = _tenths(match[2]) if match[2] else first
    return Reading(
        first=first,
        last=last if last > first else first,
        version=int(match[3]) if match[3] else 1,
        season=season_of(text),
        special=_SPECIAL.search(text) is not None,
    )


def _tenths(number: str) -> int:
    whole, _, fraction = number.partition(".")
    return int(whole) * 10 + int(fraction or 0)
