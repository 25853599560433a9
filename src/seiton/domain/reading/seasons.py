"""How release titles write seasons and parts. Patterns see plain text (``vocabulary.plain``)."""

from __future__ import annotations

import re
from typing import NamedTuple

from seiton.domain.reading.gates import Gated
from seiton.domain.reading.numbers import NOT_COUNTED, SEASONS, han_number

_HAN = "一二三四五六七八九十"
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")
_WORDS = ("one", "two", "three", "four", "five")
_ROMAN = {"ii": 2, "iii": 3, "iv": 4, "vi": 6, "vii": 7, "viii": 8, "ix": 9} | {
    char: number for number, char in enumerate("ⅱⅲⅳⅴⅵⅶⅷⅸⅹ", start=2)
}
SEASON = (
    rf"(?:第|シーズン) ?(?P<counted>[0-9]{{1,2}}|[{_HAN}]{{1,3}}) ?(?:季|期|シーズン|部(?!分))"
    r"|(?<![a-z0-9])(?:seasons?|saison|staffel|temporada|stagione|sezon|сезон|시즌|ภาค(?:ที่)?|mùa)[ ._]?"
    r"(?P<named>[0-9]{1,2}|ii|iii|iv|one|two"
    r"|three|four|five)"
    r"(?: ?[-~&+] ?(?:season |s)?(?P<named_end>[0-9]{1,2}))?(?![0-9a-z])"
    r"|(?<![a-z0-9])(?P<nth>[0-9]{1,2})(?:st|nd|rd|th)?[ ._-](?:season|series)(?![a-z])"
    r"(?! ?[0-9]{1,3}(?![0-9]|st|nd|rd|th))"
    r"|(?<![a-z0-9])(?P<before>[1-9])(?:[ªºa.]|-?й)?[ ._-]?(?:сезон|sezon|temporada)(?![a-zа-я])"
    r"|(?<![a-zа-я0-9])(?:tv|тв)-(?P<tv>[1-9])(?![0-9a-zа-я])"
    rf"|(?<![a-z0-9])(?P<ordinal>{'|'.join(_ORDINALS)})[ ._]season(?![a-z])"
    r"|(?<![a-z0-9'])ss?(?P<short>[0-9]{1,2})"
    r"(?: ?[-~+&] ?s?(?P<short_end>[0-9]{1,2})(?!\w)|p[0-9]{1,2})?(?![a-z0-9])"
    r"|(?<![0-9])(?P<term>[0-9])(?:期|기(?![가-힣]))"
)
_SEASON = Gated(SEASON)
FINAL_SEASON = r"(?<![a-z])(?:the )?final season|最[终終][季章]|完[结結]季"
_FINAL_SEASON = re.compile(FINAL_SEASON, re.IGNORECASE)
PART = (
    r"(?:(?<= )|^)(?:part|cour)[ .]?(?P<part>[1-9]|ii|iii)(?![0-9a-z])"
    r"|(?<![a-z0-9])(?P<nth>[1-9])(?:st|nd|rd|th) (?:cour|part)(?![a-z])"
    rf"|第(?P<counted>[0-9{_HAN}])(?:部分|クール)"
)
_PART = Gated(PART)
_DIGIT_END = re.compile(r"(?<=[^\W0-9][ !?])([2-9])$|(?<=[!?][ ])([2-9])$|(?<=[぀-ヿ一-鿿！？!?])([2-9])$")
_NTH_END = re.compile(r"(?<=[^\W_] )([2-9])(?:nd|rd|th)$", re.IGNORECASE)
_ROMAN_END = re.compile(r"(?<=[ \w!])(?: (II|III|IV|VI{1,3}|IX)|([Ⅱ-Ⅹ]))$")


_ROMAN_LAST = frozenset("IVXⅡⅢⅣⅤⅥⅦⅧⅨⅩ")


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
    if match is None:
        return None
    word = match["part"] or match["nth"] or match["counted"]
    return Season(match.start(), match.end(), _number(word.lower()))


def roman_end(text: str) -> Season | None:
    """Return the season that a Roman numeral at the end of a title stands for, or an ordinal (``Title 2nd``);
    I, V and X may be names.
    """
    if text[-1:] not in _ROMAN_LAST:
        nth = _NTH_END.search(text) if text[-1:] in ("d", "h") else None
        return Season(nth.start(), nth.end(), int(nth[1])) if nth else None
    match = _ROMAN_END.search(text)
    if match is not None and NOT_COUNTED.search(text[: match.start()][-12:]):
        return None
    return Season(match.start(), match.end(), _ROMAN[(match[1] or match[2]).lower()]) if match else None


def digit_end(text: str, known: int | None) -> Season | None:
    """Return the season that a single digit at the end of a title stands for.

    Beyond 5 it is more often part of the name, unless it repeats the ``known`` season.
    """
    match = _DIGIT_END.search(text) if text[-1:].isdecimal() else None
    if match is None or NOT_COUNTED.search(text[: match.start()][-12:]):
        return None
    number = int(match[0])
    if number != known if known else number not in SEASONS:
        return None
    return Season(match.start(), match.end(), number)


def _number(word: str) -> int:
    if word.isdecimal():
        return int(word)
    if word in _WORDS:
        return _WORDS.index(word) + 1
    if word in _ROMAN:
        return _ROMAN[word]
    return han_number(word)
