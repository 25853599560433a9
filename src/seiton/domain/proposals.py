"""A parser proposed for a title that no parser reads: what the structural reader finds, as an example."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seiton.domain.dialect import encode_title
from seiton.domain.learning import GROUPS, NotLearnt, find_marks, learn
from seiton.domain.reading import Kind, ReadTitle, read_title
from seiton.domain.rules import ParserRule
from seiton.domain.title_values import text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A parser to be looked at. ``assumed`` names the fields that the title does not say."""

    rule: ParserRule
    assumed: tuple[str, ...] = ()


def propose(title: str) -> Proposal | None:
    """Return a parser for titles like ``title``; None if there is no telling what its work is called.

    A title without an episode gets one that is assumed: 1, of the specials for a film or an extra.
    """
    read = read_title(title)
    texts = _texts(title, read)
    if "anime_title" not in texts:
        return None
    fixed: dict[str, str] = {}
    if "episode_no" not in texts:
        is_apart = bool(read.kinds & {Kind.MOVIE, Kind.SPECIAL, Kind.OVA, Kind.EXTRA})
        fixed = {"episode_no": "1"} | ({"series_no": "0"} if is_apart else {})
    marks = find_marks(title, texts)
    if isinstance(marks, NotLearnt):
        return None
    rule = learn(title, marks, fixed)
    return None if isinstance(rule, NotLearnt) else Proposal(rule=rule, assumed=tuple(sorted(fixed)))


def _texts(title: str, read: ReadTitle) -> dict[str, str]:
    """Return what the reader finds, as it is written in ``title``, by field."""
    found = {
        "anime_title": text_of(encode_title(read.preferred or "")),
        "subtitle_group": read.group or "",
        "series_no": _season(title, read),
        "episode_no": _number(title, read.episode, read.tenths),
        "episode_end": _number(title, read.episode_end, 0),
    }
    if not found["episode_no"]:
        found["episode_end"] = ""
    return {field: found[field] for field in GROUPS if found.get(field) and found[field] in title}


def _season(title: str, read: ReadTitle) -> str:
    if read.season_text and re.search(r"[0-9一二三四五六七八九十]", read.season_text):
        return read.season_text
    coded = re.search(rf"(?<![A-Za-z0-9])[Ss](0*{read.season})[Ee][0-9]", title) if read.season else None
    return coded[1] if coded else ""


def _number(title: str, number: int | None, tenths: int) -> str:
    if number is None:
        return ""
    fraction = rf"\.{tenths}" if tenths else ""
    text = rf"(?<![0-9.])0*{number}{fraction}(?![0-9])"
    places = [match[0] for match in re.finditer(text, title)]
    # Padded, it is rather an episode than a number of the title.
    return max(places, key=len, default="")
