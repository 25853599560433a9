"""How release titles write episodes, seasons and parts.

Patterns see plain text (``vocabulary.plain``). In a *line* a control character stands for each bracket that
is no part of the title: see ``lines``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from seiton.domain.reading.values import Kind, Numbering

STOP, EPISODE, ASIDE = "\x01", "\x02", "\x03"
"""What stands in a line for a bracket: one after which no title comes; an episode; a year, season or kind."""

_N = r"(?P<number>[0-9]{1,4})(?:\.(?P<tenth>[0-9])(?![0-9]))?"
_V = r"(?: ?[_.]?v(?P<version>[0-9]))?"
_TO = (
    r"(?: ?(?P<to>-|~|&|\+|,|至|to|_of_| of |(?=e[0-9])) ?(?:第|s[0-9]{1,2}e|ep?|sp|ova|\#)?(?P<end>[0-9]{1,4})"
    r"(?:v(?P<end_version>[0-9]))?(?![0-9]))?"
)
_KIND = (
    r"(?:(?P<special>sp|specials? ?|特[别別][篇编編] ?|番外[篇编編]? ?|ex)|(?P<ova>ova ?-? ?|oad ?)"
    r"|(?P<extra>nc(?:op|ed) ?|op ?|ed ?|pv ?|cm ?|(?:opening|ending|preview|trailer|menu) ?))"
)
_UNIT = "[话話集回]"
_SUFFIX = (
    r"(?P<suffix>(?:[ _.+&()/-]*(?:end|fin|final|tv|batch|complete|raws?|rev|完[结結]?|[终終]|[全合][集话話]?|[总總]集|精校"
    r"|修[正订訂]|先行版?本?|未[删刪][减減]|特典(?:映像)?|映像|正片|ova|oad|movie|sp[0-9]{0,2}|ex|[话話集回季]"
    r"|v[0-9](?![0-9])))*)[ _.)]*"
)
_ANY_CASE = re.IGNORECASE

_BRACKET = re.compile(rf"[ _]*(?:第|ep?[ ._]*|episodes? ?|\#|{_KIND})?_?{_N}{_V} ?{_UNIT}?{_TO} ?{_UNIT}?{_SUFFIX}", _ANY_CASE)
_BRACKET_TITLED = re.compile(rf"[ _]*第?{_N}{_V}{_TO}{_UNIT}[ :].*", _ANY_CASE)
_BRACKET_SEASONED = re.compile(
    rf"[ _]*s(?P<season>[0-9]{{1,2}})(?: ?[-_.]? ?ep?|-){_N}{_V}{_TO}[ _]*", _ANY_CASE
)
_BATCHED = re.compile(r"batch|complete|[全合]|[总總]集", _ANY_CASE)
_VERSION = re.compile(r"v([0-9])", _ANY_CASE)
_FINAL = re.compile(r"end|fin|完|[终終]", _ANY_CASE)

_HAS_UNIT = re.compile(_UNIT)
_MARK = "[\x01-\x03]"
_HEAVY_END = rf"(?= *(?:end|fin|final|完|[终終]|[合全][集话話]|{_MARK}|$|[(\[「『]|- |'|\.(?![0-9 ])))"
_LIGHT_END = r"(?=[ :,])"
_SEASONED = re.compile(
    rf"(?<![a-z0-9])s(?P<season>[0-9]{{1,2}})(?:-s(?P<season_end>[0-9]{{1,2}}))?[ ._-]{{0,3}}"
    rf"(?:ep?[ ._]?|(?P<special>sp)|(?P<ova>ova|oad)){_N}{_V}{_TO}(?![0-9])",
    _ANY_CASE,
)
_CROSSED = re.compile(rf"(?<![a-z0-9.])(?P<season>[0-9]{{1,2}})x(?P<number>[0-9]{{2,3}}){_V}(?![0-9a-z])", _ANY_CASE)
_COUNTED = re.compile(rf"(?:第 ?{_N}{_V}|(?<![0-9])(?P<bare>[0-9]{{1,4}})){_TO} ?{_V.replace('version', 'late')}{_UNIT}", _ANY_CASE)
_DASHED = re.compile(rf"(?:(?<= )-|-(?= )) *(?:{_KIND}|ep?\.? ?|\#)?{_N}(?:{_V})(?: ?~|){_TO}{_HEAVY_END}", _ANY_CASE)
_DASHED_LIGHT = re.compile(rf"(?<= )- (?:{_KIND}|ep?\.? ?|\#)?{_N}{_V}{_TO}{_LIGHT_END}", _ANY_CASE)
_NAMED = re.compile(
    rf"(?<![a-z])(?:episodes?|[ée]pisode|ep|folge|cap(?:itulo)?|bölüm|tập|\#|e(?=[0-9]))[ ._]*{_N}{_V}{_TO}(?![0-9a-z])", _ANY_CASE
)
_BEFORE_TITLE = re.compile(rf"(?<= ){_N}{_V}(?= - (?!s[0-9]))", _ANY_CASE)
_LAST = re.compile(
    rf"(?:(?<=[ _\x03])|(?<=[^\x00-\x7f]))(?:{_KIND})?{_N}{_V}{_TO}{_SUFFIX}(?={_MARK}|$|\.(?![0-9 ])|[(\[])", _ANY_CASE
)
_PADDED = re.compile(rf"(?<= )(?P<number>0[0-9]{{1,2}}){_V}{_LIGHT_END}", _ANY_CASE)
_GLUED = re.compile(r"(?<=[a-z0-9])E[Pp](?P<number>[0-9]{1,4})(?:v(?P<version>[0-9]))?(?![0-9A-Za-z])")


_TIGHT = re.compile(
    rf"(?<=[^\W\d])(?:-(?:ep?)?(?P<number>0[0-9]|[0-9]{{2,3}})|(?<=[^\W\d]{{2}})(?P<bare>0[0-9])){_V}(?= *(?:{_MARK}|$|[(\[]))", _ANY_CASE
)
_LEADING = re.compile(rf"^ *(?P<number>0[0-9]{{1,2}}){_V}(?: ?- |\. ?| )(?=[^\W\d])", _ANY_CASE)


_SEASONS = range(2, 6)
"""What a single digit at the end of a title may count as well as episodes."""


class Episode(NamedTuple):
    """An episode as written, and where it stands in the line: from ``start`` (its kind: ``ED2``) over ``digits``
    to ``stop``.
    """

    start: int
    digits: int
    stop: int
    number: int
    tenths: int = 0
    end: int | None = None
    version: int | None = None
    season: int | None = None
    season_end: int | None = None
    kind: Kind | None = None
    is_batch: bool = False
    is_final: bool = False
    is_padded: bool = False

    @property
    def numbering(self) -> Numbering:
        """Whether the number counts within a season."""
        return Numbering.ABSOLUTE if self.season is None else Numbering.SEASONED


def is_year(text: str) -> bool:
    """Return whether ``text`` is four digits that are rather a year than an episode."""
    return len(text) == 4 and "1930" <= text <= "2049" and text.isdecimal()


@lru_cache(maxsize=4096)
def bracketed(text: str) -> Episode | None:
    """Read the text of a bracket that is an episode or a range; None for anything else."""
    for pattern in (_BRACKET_SEASONED, _BRACKET, _BRACKET_TITLED):
        match = pattern.fullmatch(text)
        if match:
            return _episode(match)
    return None


def certain(line: str) -> Episode | None:
    """Return the episode of ``line`` that is marked as one: S01E02, 1x02, 第2話, `` - 02 ``, Ep 2, #2."""
    if match := _SEASONED.search(line) or (_CROSSED.search(line) if "x" in line.lower() else None):
        return _episode(match)
    if _HAS_UNIT.search(line) and (match := _COUNTED.search(line)):
        return _episode(match)
    named = _first(_NAMED, line)
    dashed = _first(_DASHED, line) if "-" in line else None
    match = dashed if named is None or (dashed is not None and dashed.start() < named.start()) else named
    return _episode(match) if match else None


def _first(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    for match in pattern.finditer(line):
        if not is_year(match["number"]):
            return match
    return None


def likely(line: str, *, is_file: bool) -> Episode | None:
    """Return the episode of ``line`` that a bare number seems to be; the last resort.

    ``is_file``: the title is the name of one file, whose only number is rather an episode than a season.
    """
    for pattern in (_DASHED_LIGHT, _BEFORE_TITLE, _LAST, _PADDED):
        for match in pattern.finditer(line):
            before = line[: match.start("number")]
            if is_year(match["number"]) or not before.strip(" _-") or _NOT_COUNTED.search(before[-12:]):
                continue
            episode = _episode(match)
            is_counted = is_file or episode.end is not None or episode.kind is not None or episode.number not in _SEASONS
            if episode.is_padded or is_counted or pattern is _DASHED_LIGHT:
                return episode
    match = _GLUED.search(line) or _TIGHT.search(line) or _LEADING.search(line)
    return _episode(match) if match else None


def _episode(match: re.Match[str]) -> Episode:
    found = match.groupdict()
    number = found["number"] or found["bare"]
    first = int(number)
    end = found.get("end")
    last = int(end) if end and "of" not in found["to"] else None
    suffix = found.get("suffix") or ""
    late = _VERSION.search(suffix)
    version = found.get("version") or found.get("end_version") or found.get("late") or (late and late[1])
    season, season_end = found.get("season"), found.get("season_end")
    kind = (
        Kind.SPECIAL
        if found.get("special")
        else Kind.OVA
        if found.get("ova")
        else Kind.EXTRA
        if found.get("extra")
        else None
    )
    return Episode(
        match.start(),
        match.start("number" if found["number"] else "bare"),
        match.end(),
        first,
        int(found.get("tenth") or 0),
        last if last is not None and last > first else None,
        int(version) if version else None,
        int(season) if season else None,
        int(season_end) if season_end else None,
        kind,
        _BATCHED.search(suffix) is not None,
        _FINAL.search(suffix) is not None,
        number[0] == "0" or len(number) > 1,
    )


_HAN = "一二三四五六七八九十"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_WORDS = ("one", "two", "three", "four", "five")
_ROMAN = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9} | {
    char: number for number, char in enumerate("ⅱⅲⅳⅴⅵⅶⅷⅸⅹ", start=2)
}
_SEASON = re.compile(
    rf"(?:第|シーズン) ?(?P<counted>[0-9]{{1,2}}|[{_HAN}]{{1,3}}) ?(?:季|期|シーズン|部(?!分))"
    r"|(?<![a-z0-9])(?:season|saison|staffel|temporada)[ ._]?(?P<named>[0-9]{1,2}|ii|iii|iv|one|two|three|four|five)"
    r"(?: ?[-~&+] ?(?:season |s)?(?P<named_end>[0-9]{1,2}))?(?![0-9a-z])"
    r"|(?<![a-z0-9])(?P<nth>[0-9]{1,2})(?:st|nd|rd|th)?[ ._-](?:season|series|сезон)(?![a-zа-я])(?! ?[0-9])"
    rf"|(?<![a-z0-9])(?P<ordinal>{'|'.join(_ORDINALS)})[ ._]season(?![a-z])"
    r"|(?<![a-z0-9'])s(?P<short>[0-9]{1,2})(?: ?[-~+&] ?s?(?P<short_end>[0-9]{1,2})(?!\w))?(?![a-z0-9])"
    r"|(?<![0-9])(?P<term>[0-9])期",
    _ANY_CASE,
)
_FINAL_SEASON = re.compile(r"(?<![a-z])(?:the )?final season|最[终終][季章]|完[结結]季", _ANY_CASE)
_PART = re.compile(
    rf"(?:(?<= )|^)(?:part|cour)[ .]?(?P<part>[1-9]|ii|iii)(?![0-9a-z])|第(?P<counted>[0-9{_HAN}])(?:部分|クール)", _ANY_CASE
)
_NOT_COUNTED = re.compile(
    r"(?<![0-9]st )(?<![0-9]nd )(?<![0-9]rd )(?<![0-9]th )(?<!first )(?<!second )(?<!third )(?<!fourth )(?<![a-z])(?:season|saison|part|cour|movie|film|vol(?:ume)?|no|act|chapter|version|ver|disc|bd|s)[ ._]*$|第 ?$", _ANY_CASE
)
_DIGIT_END = re.compile(r"(?<=[^\W0-9][ !?])([2-9])$|(?<=[!?][ ])([2-9])$|(?<=[぀-ヿ一-鿿！？!?])([2-9])$")
_ROMAN_END = re.compile(r"(?<=[ \w!])(?: (II|III|IV|VI{1,3}|IX)|([Ⅱ-Ⅹ]))$")


class Season(NamedTuple):
    """A season as written; ``start`` and ``stop`` are its place in the text."""

    start: int
    stop: int
    number: int
    end: int | None = None


def season_in(text: str) -> Season | None:
    """Return the first season that ``text`` names by a number."""
    match = _SEASON.search(text)
    if match is None:
        return None
    kind = match.lastgroup or ""
    end = match["named_end"] or match["short_end"]
    word = match[kind.removesuffix("_end")].lower()
    number = _ORDINALS.index(word) + 1 if kind == "ordinal" else _number(word)
    return Season(match.start(), match.end(), number, int(end) if end else None)


def final_season_in(text: str) -> str | None:
    """Return the words for a last season without a number."""
    match = _FINAL_SEASON.search(text)
    return match[0] if match else None


def part_in(text: str) -> Season | None:
    """Return the part of a season (``Part 2``, ``第二部分``) that ``text`` names."""
    match = _PART.search(text)
    return Season(match.start(), match.end(), _number((match["part"] or match["counted"]).lower())) if match else None


def roman_end(text: str) -> Season | None:
    """Return the season that a Roman numeral at the end of a title stands for; I, V and X may be names."""
    match = _ROMAN_END.search(text)
    if match is not None and _NOT_COUNTED.search(text[: match.start()][-12:]):
        return None
    return Season(match.start(), match.end(), _ROMAN[(match[1] or match[2]).lower()]) if match else None


def digit_end(text: str, known: int | None) -> Season | None:
    """Return the season that a single digit at the end of a title stands for.

    Beyond 5 it is more often part of the name, unless it repeats the ``known`` season.
    """
    match = _DIGIT_END.search(text)
    if match is None or _NOT_COUNTED.search(text[: match.start()][-12:]):
        return None
    number = int(match[0])
    if number != known if known else number not in _SEASONS:
        return None
    return Season(match.start(), match.end(), number)


def _number(word: str) -> int:
    if word.isdecimal():
        return int(word)
    if word in _WORDS:
        return _WORDS.index(word) + 1
    if word in _ROMAN:
        return _ROMAN[word]
    tens, ten, ones = word.rpartition("十")
    if not ten:
        return _HAN.index(word[0]) + 1
    return (_HAN.index(tens[0]) + 1 if tens else 1) * 10 + (_HAN.index(ones[0]) + 1 if ones else 0)
