"""How release titles write episodes.

Patterns see plain text (``vocabulary.plain``). In a *line* a control character stands for each bracket that
is no part of the title: see ``lines``.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from seiton.domain.reading.values import Kind, Numbering

STOP, EPISODE, ASIDE = "\x01", "\x02", "\x03"
"""What stands in a line for a bracket: one after which no title comes; an episode; a year, season or kind."""

_N = r"(?P<number>[0-9]{1,4})(?:\.(?P<tenth>[0-9])(?![0-9]))?"
_V = r"(?: ?[_.]?v(?P<version>[0-9]))?"
_TO = (
    r"(?: ?(?P<to>-|~|&|\+|,|至|to|_of_| of | из |(?=e[0-9])) ?"
    r"(?:第|s[0-9]{1,2}e|ep?|sp|ova|\#)?(?P<end>[0-9]{1,4})"
    r"(?:v(?P<end_version>[0-9]))?(?![0-9]))?"
)
_KIND = (
    r"(?:(?P<special>sp|specials? ?|特[别別][篇编編] ?|番外[篇编編]? ?|ex)|(?P<ova>ova ?-? ?|oad ?)"
    r"|(?P<extra>nc(?:op|ed) ?|op ?|ed ?|pv ?|cm ?|(?:opening|ending|preview|trailer|menu) ?))"
)
_HAN_DIGITS = {char: number for number, char in enumerate("一二三四五六七八九", start=1)}
_HAN = r"第 ?(?P<han>[一二三四五六七八九十百]{1,4})"
_UNIT = (
    "(?:[话話集]|回(?![合目])|[화회](?![가-힣])"
    "|(?:-?[ая]?я)? ?(?:сери[яийю]|эпизод|выпуск)(?![а-я])|[.] ?bölüm(?![a-z]))"
)
"""What is counted, behind the number: 話, 集, Korean 화, Russian серия, Turkish bölüm."""
_SUFFIX = (
    r"(?P<suffix>(?:[ _.+&()/-]*(?:end|fin|final|tv|batch|complete|raws?|rev|完[结結]?|[终終]"
    r"|[全合][集话話]?|[总總]集|精校"
    r"|修[正订訂]|先行版?本?|未[删刪][减減]|特典(?:映像)?|映像|正片|番外[篇编編]?(?:[0-9]{1,2}(?:-[0-9]{1,2})?)?|ova|oad|movie|sp[0-9]{0,2}|ex|[话話集回季]"
    r"|v[0-9](?![0-9])))*)[ _.)]*"
)
_ANY_CASE = re.IGNORECASE

_BRACKET = re.compile(
    rf"[ _]*(?:[第제]|正片|本[篇編]|ep?[ ._]*|episodes? ?|\#|tv ?|{_KIND})?_?{_N}{_V} ?{_UNIT}?{_TO}"
    rf" ?{_UNIT}?(?: ?(?:из|of) ?[0-9]{{1,4}})?{_SUFFIX}",
    _ANY_CASE,
)
_BRACKET_HAN = re.compile(rf"[ _]*{_HAN} ?{_UNIT}{_SUFFIX}", _ANY_CASE)
_BRACKET_TITLED = re.compile(rf"[ _]*第?{_N}{_V}{_TO}{_UNIT}[ :].*", _ANY_CASE)
_BRACKET_SEASONED = re.compile(
    rf"[ _]*s(?P<season>[0-9]{{1,2}})(?: ?[-_.]? ?ep?|-){_N}{_V}{_TO}[ _]*", _ANY_CASE
)
_BATCHED = re.compile(r"batch|complete|[全合]|[总總]集", _ANY_CASE)
_VERSION = re.compile(r"v([0-9])", _ANY_CASE)
_FINAL = re.compile(r"end|fin|完|[终終]", _ANY_CASE)

_MARK = "[\x01-\x03]"
_HEAVY_END = rf"(?= *(?:end|fin|final|完|[终終]|[合全][集话話]|{_MARK}|$|[(\[「『]|- |'|\.(?![0-9 ])))"
_LIGHT_END = r"(?=[ :,])"
_SEASONED = re.compile(
    rf"(?<![a-z0-9])[st](?P<season>[0-9]{{1,2}})(?:-s(?P<season_end>[0-9]{{1,2}}))?[ ._-]{{0,3}}"
    rf"(?:x?ep?[ ._]?|(?P<special>sp)|(?P<ova>ova|oad)){_N}{_V}"
    rf"(?:-?e[0-9]{{1,3}}(?=-?e[0-9]))*{_TO}(?![0-9])",
    _ANY_CASE,
)
_CROSSED = re.compile(
    rf"(?<![a-z0-9.])(?P<season>[0-9]{{1,2}})x(?P<number>[0-9]{{1,3}}){_V}"
    rf"(?:(?P<to>-)(?:[0-9]{{1,2}}x)?(?P<end>[0-9]{{2,3}}))?(?![0-9a-z])",
    _ANY_CASE,
)
_COUNTED = re.compile(
    rf"(?:[第제] ?{_N}{_V}|(?<![0-9])(?P<bare>[0-9]{{1,4}})|{_HAN}){_UNIT}?{_TO} ?"
    rf"{_V.replace('version', 'late')}{_UNIT}",
    _ANY_CASE,
)
_DASHED = re.compile(rf"(?:(?<= )-|-(?= )) *(?:{_KIND}|ep?\.? ?|\#)?{_N}{_V}{_TO}{_HEAVY_END}", _ANY_CASE)
_DASHED_LIGHT = re.compile(rf"(?<= )- (?:{_KIND}|ep?\.? ?|\#)?{_N}{_V}{_TO}{_LIGHT_END}", _ANY_CASE)
_NAMED = re.compile(
    rf"(?<![a-z])(?:episodes?|[ée]pisode|epis[oó]dio|ep|folge|cap(?:[ií]tulo)?|bölüm|tập"
    rf"|серия|эпизод|выпуск|ตอน(?:ที่)?|الحلقة|\#"
    rf"|e(?=[0-9]))[ ._]*{_N}{_V}{_TO}(?![0-9a-z])",
    _ANY_CASE,
)
_BEFORE_TITLE = re.compile(rf"(?<= ){_N}{_V}(?= - (?!s[0-9]|seasons? |[0-9](?:st|nd|rd|th) ))", _ANY_CASE)
_LAST = re.compile(
    rf"(?:(?<=[ _\x03])|(?<=[^\x00-\x7f]))(?:{_KIND})?{_N}{_V}{_TO}{_SUFFIX}(?={_MARK}|$|\.(?![0-9 ])|[(\[])",
    _ANY_CASE,
)
_PADDED = re.compile(rf"(?<= )(?P<number>0[0-9]{{1,2}}){_V}{_TO}{_LIGHT_END}", _ANY_CASE)
_LEADING_DASHED = re.compile(rf"^ *(?P<number>0[0-9]{{1,2}}){_V} - (?=[^\W\d])", _ANY_CASE)
_FROM_ONE = re.compile(r"(?<= )(0?1) ?$")
_GLUED = re.compile(r"(?<=[a-z0-9])E[Pp](?P<number>[0-9]{1,4})(?:v(?P<version>[0-9]))?(?![0-9A-Za-z])")


_TIGHT = re.compile(
    rf"(?<=[^\W\d]|[\x03)])(?:-(?:ep?)?(?P<number>0[0-9]|[0-9]{{2,3}})"
    rf"|(?<=[^\W\d]{{2}})(?P<bare>0[0-9])){_V}(?= *(?:{_MARK}|$|[(\[]| [^\W\d]))",
    _ANY_CASE,
)
_LEADING = re.compile(rf"^ *(?P<number>0[0-9]{{1,2}}){_V}(?: ?- |\. ?| )(?=[^\W\d])", _ANY_CASE)


NOT_COUNTED = re.compile(
    r"(?<![0-9]st )(?<![0-9]nd )(?<![0-9]rd )(?<![0-9]th )(?<!first )(?<!second )(?<!third )(?<!fourth )"
    r"(?<![a-z])(?:seasons?|saisons?|part|cour|movie|film|vol(?:ume)?|no|act|version|ver|disc|bd|s)[ ._]*$"
    r"|第 ?$",
    _ANY_CASE,
)
"""The end of a text after which a number counts something else than episodes."""
HEIGHTS = frozenset(("480", "576", "720", "1080", "2160"))
"""Bare numbers that are rather the height of a picture than an episode."""

SEASONS = range(2, 6)
"""What a single digit at the end of a title may count as well as episodes."""


class Episode(NamedTuple):
    """An episode as written, and where it stands in the line: from ``start`` (its kind, as in ``ED2``) over
    ``digits`` to ``stop``.
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


def han_number(word: str) -> int:
    """Return the number that Chinese numerals write: 二十三, 一百零五 without its zero."""
    hundreds, hundred, rest = word.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    return (
        (_HAN_DIGITS.get(hundreds, 1) * 100 if hundred else 0)
        + (_HAN_DIGITS.get(tens, 1) * 10 if ten else 0)
        + _HAN_DIGITS.get(ones[:1], 0)
    )


def is_year(text: str) -> bool:
    """Return whether ``text`` is four digits that are rather a year than an episode."""
    return len(text) == 4 and "1930" <= text <= "2049" and text.isdecimal()


@lru_cache(maxsize=4096)
def bracketed(text: str) -> Episode | None:
    """Read the text of a bracket that is an episode or a range; None for anything else."""
    for pattern in (_BRACKET_SEASONED, _BRACKET, _BRACKET_TITLED, _BRACKET_HAN):
        match = pattern.fullmatch(text)
        if match:
            return _episode(match)
    return None


class Marked(IntEnum):
    """The ways in which an episode is marked as one: the first hints of a line."""

    SEASONED = 0
    CROSSED = 1
    COUNTED = 2
    NAMED = 3
    DASHED = 4


MARKED = tuple(pattern.pattern for pattern in (_SEASONED, _CROSSED, _COUNTED, _NAMED, _DASHED))
"""The patterns of ``Marked``, in its order."""
_ALONE = ((Marked.SEASONED, _SEASONED), (Marked.CROSSED, _CROSSED), (Marked.COUNTED, _COUNTED))


def certain(line: str, hints: Collection[int]) -> Episode | None:
    """Return the episode of ``line`` that is marked as one: S01E02, 1x02, 第2話, `` - 02 ``, Ep 2, #2.

    ``hints``: which of ``MARKED`` may occur in the line.
    """
    for mark, pattern in _ALONE:
        if mark in hints and (found := pattern.search(line)):
            return _episode(found)
    named = _first(_NAMED, line) if Marked.NAMED in hints else None
    dashed = _first(_DASHED, line) if Marked.DASHED in hints else None
    match = dashed if named is None or (dashed is not None and dashed.start() < named.start()) else named
    if match is None:
        return None
    return _from_one(_episode(match), line) if match is dashed else _episode(match)


def _from_one(episode: Episode, line: str) -> Episode:
    """Return the range from a 1 before the dash on, if there is one: ``Title 1 - 7``, ``01 - 07``."""
    first = _FROM_ONE.search(line, 0, episode.start)
    if first is None or episode.number < 2 or (first[1] == "1" and line[episode.digits] == "0"):
        return episode  # (``Show 1 - 07``: the 1 belongs to the title)
    if episode.end is not None or NOT_COUNTED.search(line[: first.start()][-12:]):
        return episode
    return episode._replace(start=first.start(), number=int(first[1]), end=episode.number)


def _first(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    for match in pattern.finditer(line):
        if not is_year(match["number"]):
            return match
    return None


def likely(line: str, *, is_file: bool) -> Episode | None:
    """Return the episode of ``line`` that a bare number seems to be; the last resort.

    ``is_file``: the title is the name of one file, whose only number is rather an episode than a season.
    """
    if leading := _LEADING_DASHED.search(line):
        return _episode(leading)
    first = len(line) - len(line.lstrip(" _-"))
    for pattern in (_DASHED_LIGHT, _BEFORE_TITLE, _LAST, _PADDED):
        for match in pattern.finditer(line):
            at = match.start("number")
            if (
                is_year(match["number"])
                or match["number"] in HEIGHTS
                or at <= first
                or NOT_COUNTED.search(line[max(0, at - 12) : at])
            ):
                continue
            episode = _episode(match)
            is_counted = (
                is_file
                or episode.end is not None
                or episode.kind is not None
                or episode.number not in SEASONS
            )
            if pattern is _DASHED_LIGHT:
                return _from_one(episode, line)
            if episode.is_padded or is_counted:
                return episode
    last = _GLUED.search(line) or _TIGHT.search(line) or _LEADING.search(line)
    return _episode(last) if last else None


def _episode(match: re.Match[str]) -> Episode:
    found = match.groupdict()
    group = next(name for name in ("number", "bare", "han") if found.get(name))
    number = found[group]
    first = han_number(number) if group == "han" else int(number)
    end = found.get("end")
    last = int(end) if end and found["to"].strip(" _") not in ("of", "из") else None
    suffix = found.get("suffix") or ""
    late = _VERSION.search(suffix)
    version = found.get("version") or found.get("end_version") or found.get("late")
    if not version and late:
        version = late[1]
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
        match.start(group),
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
