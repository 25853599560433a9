"""Reads what a parser took from a title: text, numbers, episodes. A fault is a code of ``TEMPLATES``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from seiton.domain.metadata import MAX_NUMBER

MAX_SPAN = 200
"""Most episodes in one release beyond the first; a wider range is a mistake in a rule."""

YEARS = range(1850, 10_000)
"""Years that are believed."""

LONGEST = 40
"""Longest text, in characters, that is read as a number. Keeps the patterns below cheap on any input."""

TEMPLATES: Mapping[str, str] = {
    "empty": "The text taken from the title is empty.",
    "group_absent": "The group took no part in the match.",
    "not_a_number": "{found} is not a number.",
    "number_range": "{found} is not between 0 and {most}.",
    "episode_range": "{found} is several episodes: set the field for the last episode as well.",
    "range_backwards": "The last episode {last} comes before the first, {first}.",
    "range_wide": "{first} to {last} is too wide for one release: at most {most} may follow the first.",
    "range_fraction": "A range of episodes needs whole numbers, not {found}.",
}
"""English text for every fault of a title under a parser; translated at the edge."""


class Fault(NamedTuple):
    """Why a value cannot be used: a key of ``TEMPLATES`` and its placeholders."""

    code: str
    values: Mapping[str, object]


class Episode(NamedTuple):
    """An episode as a title writes it: ``12.5v2`` is 12, 5 tenths, version 2."""

    number: int
    tenths: int
    version: int


_UNIT = "[季期部話话集回]"
_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_CHINESE = "[零〇一二两兩三四五六七八九十]{1,3}"
_TENS = re.compile(r"([一二三四五六七八九])?十([一二三四五六七八九])?")
_EPISODE = re.compile(
    rf"第?\s*(?:EP?|#)?(\d+|{_CHINESE})(?:\.(\d))?\s*{_UNIT}?(?:\s*v(\d{{1,2}}))?\s*{_UNIT}?", re.IGNORECASE
)
_RANGE = re.compile(r"\D*\d+(?:v\d)?\s*[-~–—〜至+&]\s*\D{0,3}\d+.*", re.IGNORECASE | re.DOTALL)
_SERIES = re.compile(
    rf"第?\s*(\d+|{_CHINESE})\s*{_UNIT}?|(?:Season|S)\s*(\d+)|(\d+)(?:st|nd|rd|th)(?:\s+Season)?",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def text_of(raw: bytes) -> str:
    """Return the text of a captured field: NFC, trimmed, without control characters; may be empty."""
    text = unicodedata.normalize("NFC", raw.decode()).strip()
    if not text.isprintable():
        text = "".join(char for char in text if unicodedata.category(char) != "Cc").strip()
    return text


@lru_cache(maxsize=4096)
def episode_of(raw: bytes) -> Episode | Fault:
    """Read an episode: ``01``, ``12.5``, ``01v2``, ``第十二話``, digits of any script."""
    text = unicodedata.normalize("NFKC", text_of(raw))
    found = _EPISODE.fullmatch(text) if len(text) <= LONGEST else None
    if not found:
        return _no_episode(text)
    number = _number(found[1])
    if isinstance(number, Fault):
        return number
    return Episode(number, int(found[2] or 0), int(found[3] or 1))


@lru_cache(maxsize=4096)
def series_of(raw: bytes) -> int | Fault:
    """Read a season: ``2``, ``二``, ``第二季``, ``S02``, ``Season 2``, ``2nd Season``."""
    text = unicodedata.normalize("NFKC", text_of(raw))
    found = _SERIES.fullmatch(text) if len(text) <= LONGEST else None
    if not found:
        return _not_a_number(text)
    return _number(next(part for part in found.groups() if part))


@lru_cache(maxsize=1024)
def year_of(raw: bytes) -> int | None:
    """Read a year; None for anything else, because a year is never worth failing for."""
    text = unicodedata.normalize("NFKC", text_of(raw)).removesuffix("年")
    year = int(text) if len(text) == 4 and text.isdecimal() else 0
    return year if year in YEARS else None


def range_of(first: Episode, last: Episode) -> int | Fault | None:
    """Return the number of the last episode of a range, None when it is the first as well."""
    if first.tenths or last.tenths:
        whole = first if first.tenths else last
        return Fault("range_fraction", {"found": f"{whole.number}.{whole.tenths}"})
    if last.number < first.number:
        return Fault("range_backwards", {"first": first.number, "last": last.number})
    if last.number - first.number > MAX_SPAN:
        return Fault("range_wide", {"first": first.number, "last": last.number, "most": MAX_SPAN})
    return last.number if last.number > first.number else None


def _no_episode(text: str) -> Fault:
    if len(text) <= LONGEST and _RANGE.fullmatch(text):
        return Fault("episode_range", {"found": text})
    return _not_a_number(text)


def _not_a_number(text: str) -> Fault:
    if not text:
        return Fault("empty", {})
    if len(text) <= LONGEST:
        return Fault("not_a_number", {"found": text})
    return Fault("not_a_number", {"found": text[:LONGEST] + "…"})


def _number(digits: str) -> int | Fault:
    if digits.isdecimal():
        value = int(digits)
        return value if value <= MAX_NUMBER else Fault("number_range", {"found": digits, "most": MAX_NUMBER})
    if digits in _DIGITS:
        return _DIGITS[digits]
    tens = _TENS.fullmatch(digits)
    if not tens:
        return Fault("not_a_number", {"found": digits})
    return _DIGITS[tens[1] or "一"] * 10 + _DIGITS[tens[2] or "零"]
