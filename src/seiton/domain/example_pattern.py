"""The pattern that an example teaches: its marks become groups, its brackets and separators stay.

Words and numbers between two marks become any words and numbers. Patterns are in the dialect of parsers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Where a field stands in a title: characters from ``start`` up to ``stop``."""

    start: int
    stop: int


Marks = Mapping[str, Mark]
"""Marks by field."""

_NUMBER = r"\d{1,4}"
EPISODE = rf"{_NUMBER}(?:\.\d)?(?:[vV]\d)?"
RESOLUTION = r"\d{3,4}[pPiI]|\d{3,4}[xX×]\d{3,4}|[248][kK]"
YEAR = r"(?:19|20)\d{2}"
_LAST_WORDS = r"(?:[\s._+]*(?:END|End|FIN|Fin|完|[全合]集|先行版|OVA|SP|EX|[vV]\d))*"
_HAN_SEASON = r"第\s?[\d一二三四五六七八九十]{1,3}\s?[季期部]"
_WORD_SEASON = r"[Ss]eason\s?\d{1,2}|\d{1,2}(?:st|nd|rd|th)\s[Ss]eason|[Ss]\d{1,2}"
_SEASON = f"{_HAN_SEASON}|{_WORD_SEASON}"
_SEASON_BEHIND = rf"(?<season>\s*{_HAN_SEASON}|\s+(?:{_WORD_SEASON}))?"
"""A season that this title need not have: it may stand behind others of the group."""
_ENDING = re.compile(rf"^(?:[vV]\d)?{_LAST_WORDS}")
_BRACKETS = r"\[\]【】"


def pattern_of(title: str, marks: Marks, *, is_strict: bool) -> str:
    """Return the pattern that ``title`` teaches, marked with ``marks``, which are checked.

    ``is_strict``: what stands between the marks stays as it is.
    """
    ordered = sorted(marks.items(), key=lambda entry: entry[1].start)
    parts: list[str] = ["^"]
    at, text, previous = 0, "", ""
    for index, (field, mark) in enumerate(ordered):
        gap = title[at : mark.start]
        following = title[mark.stop : ordered[index + 1][1].start if index + 1 < len(ordered) else None]
        if previous in ("episode_no", "episode_end"):
            gap = _ENDING.sub("", gap)
        if field == "resolution" and index:
            parts.append(f"(?:.*?(?<resolution>{RESOLUTION}))?")
        elif field == "episode_end" and previous == "episode_no" and re.fullmatch(r"\s*[-~～]\s*", gap):
            parts.append(rf"\s*[-~～]\s*{_field(title, field, mark, following)}")
        elif field == "series_no" and previous == "anime_title" and not gap.strip():
            parts.append(rf"(?:\s*(?<season>{_season(title, mark)}))?")
        else:
            parts.append(_gap(text, gap, is_strict))
            parts.append(_field(title, field, mark, following))
            if field == "anime_title" and "series_no" not in marks:
                parts.append(_SEASON_BEHIND)
        is_last_number = field in ("episode_no", "episode_end")
        if is_last_number and index + 1 < len(ordered) and ordered[index + 1][0] == "resolution":
            parts.append(_boundary(following))
        at, text, previous = mark.stop, title[mark.start : mark.stop], field
    if previous in ("episode_no", "episode_end"):
        parts.append(_boundary(title[at:]))
    elif "episode_no" not in marks:
        parts.append(r"\s*(?:[\[【(（]|$)")
    return "".join(parts)


def _field(title: str, field: str, mark: Mark, following: str) -> str:
    """Return the group of a field; ``following`` is the text up to the next mark."""
    text = title[mark.start : mark.stop]
    if field == "episode_no":
        is_range = re.match(r"\s*[-~～]\s*[0-9]", following) is not None
        return f"(?<episode>{EPISODE})" + ("" if is_range else _LAST_WORDS)
    if field == "episode_end":
        return f"(?<last>{EPISODE}){_LAST_WORDS}"
    if field == "series_no":
        return f"(?<season>{_season(title, mark)})"
    if field == "year":
        return f"(?<year>{YEAR})"
    if field == "resolution":
        return f"(?<resolution>{RESOLUTION})"
    if field == "subtitle_group":
        return f"(?<group>{quoted(text)})"
    other = re.match(r"\s+([^\W\d_])", following)
    script = "A-Za-z" if other and _next_script(text, other[1]) == "[A-Za-z]" else ""
    around = title[: mark.start] + title[mark.stop :]
    foreign = "".join(sign for sign in "[]【】" if sign in around and sign not in text)
    return f"(?<title>[^{quoted(foreign)}{script}]+?)" if foreign or script else "(?<title>.+?)"


def _season(title: str, mark: Mark) -> str:
    text = title[mark.start : mark.stop]
    return r"\d{1,2}" if text.isdigit() else _SEASON if re.fullmatch(_SEASON, text) else quoted(text)


def _gap(before: str, gap: str, is_strict: bool) -> str:
    """Return a pattern for what stands between two marks; ``before`` is the text of the first one.

    Brackets and what touches the marks stay, the text between becomes any text. ``is_strict``: all of it
    stays, so that the pattern cannot begin too early.
    """
    if is_strict:
        return _spaced(gap).replace("\0", _DIVIDED)
    season = re.match(rf"\s*{_HAN_SEASON}|\s+(?:{_WORD_SEASON})(?![A-Za-z0-9])", gap)
    rest = gap[season.end() :] if season and before else gap
    repeated = re.match(r"\s+[2-9](?=\s)", rest) if before else None
    pieces: list[str] = []
    if repeated:
        rest = rest[repeated.end() :]
        pieces.append(r"(?:\s+\d)?")
    texts = re.split(rf"([{_OPENERS}{_CLOSERS}])", rest)
    for number, text in enumerate(texts):
        is_last = number == len(texts) - 1
        if number % 2:
            pieces.append(_bracket(text, is_last=is_last or not "".join(texts[number + 1 :]).strip()))
        elif re.search(r"[^\W\d_]", text):
            pieces.append(_any(before if number == 0 else None, text, is_last=is_last))
        else:
            numbered = re.sub("[0-9]+", r"\\d+", _spaced(text))
            pieces.append(numbered or (r"\s*" if number > 0 and not is_last else ""))
    # A blank beside a bracket is there in one title and not in the next.
    return _BESIDE.sub(r"\\s*", "".join(pieces)).replace("\0", _DIVIDED)


_BESIDE = re.compile(r"(?<=[\]】)）])\\s\+|\\s\+(?=\\?[\[【(（])")
_OPENERS, _CLOSERS = r"\[【(（", r"\]】)）"


def _bracket(sign: str, *, is_last: bool) -> str:
    """Return what matches a bracket: in a remark of any kind, before a mark of the same."""
    if is_last:
        return quoted(sign)
    return f"[{_OPENERS}]" if sign in "[【(（" else f"[{_CLOSERS}]"


def _any(before: str | None, text: str, *, is_last: bool) -> str:
    """Return a pattern for the words of a gap, with the signs at their ends that separate."""
    first = re.match(r"[\W_]*", text)
    start = first[0] if first and before is not None else ""
    is_tight = start.strip() in {"/", "|"} and _DIVIDER.search(start) is None
    end = re.search(r"(?:(?<![A-Za-z])(?:EP|Ep|ep|E|S[0-9]{1,2}E)|第)?[\s★_/|#–-]*$", text)
    last = end[0] if end and is_last else ""
    script = _next_script(before, text[len(start) :]) if before and start.isspace() else ""
    seasoned = re.sub(r"S[0-9]{1,2}E", r"S\\d{1,2}E", _spaced(last)) if last else ""
    opening = rf"\s*{quoted(start.strip())}\s*" if is_tight else _spaced(start)
    return opening + script + rf"[^{_OPENERS}{_CLOSERS}]*?" + seasoned


_EAST = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"


def _next_script(before: str, after: str) -> str:
    """Return the first letter of a name in another script, by which the name before it ends."""
    if not re.search("[A-Za-z]", before) and re.match("[A-Za-z]", after):
        return "[A-Za-z]"
    if not re.search(f"[{_EAST}]", before) and re.match(f"[{_EAST}]", after):
        return f"[{_EAST}]"
    return ""


def _spaced(text: str) -> str:
    """Return what matches ``text`` with any blanks; NUL stands for the signs that divide titles."""
    return re.sub(r"\s+", r"\\s+", quoted(_DIVIDER.sub("\0", text)))


_DIVIDER = re.compile(r"\s+[/|]\s+|\s+-\s\s+")
_DIVIDED = r"\s+(?:[/|]|-\s)\s*"


def _boundary(after: str) -> str:
    """Return what has to follow the last number: as in the example, or the end."""
    after = _ENDING.sub("", after)
    if not after:
        return r"\s*$"
    if after[0].isspace():
        return r"(?:\s|$)"
    if after[0] == "." and after[1:2].isalpha():
        return r"(?:\s*[\[(【（]|\.[A-Za-z]|$)"
    return quoted(after[0])


def quoted(text: str) -> str:
    """Return the pattern of ``text`` itself."""
    return re.sub(r"([\\.^$*+?{}()\[\]|])", r"\\\1", text)
