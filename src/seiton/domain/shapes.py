"""The shape of a release title: how it is built, whatever it is about. One parser reads one shape."""

from __future__ import annotations

import re
from dataclasses import dataclass

from seiton.domain.reading import MAX_TITLE
from seiton.domain.reading.lines import front_group
from seiton.domain.reading.segments import Content, Holds, content_of, split
from seiton.domain.reading.vocabulary import plain

_MARKS = {
    Holds.NOTHING: "",
    Holds.YEAR: "year",
    Holds.CHECKSUM: "…",
    Holds.WORDS: "…",
    Holds.NOTE: "…",
    Holds.SEASON: "season",
    Holds.TEAM: "…",
}
_SEASON = re.compile(
    r"第 ?[0-9一二三四五六七八九十]{1,3} ?[季期部]|(?<![a-z])season ?[0-9]{1,2}"
    r"|[0-9]{1,2}(?:st|nd|rd|th) season|(?<![a-z0-9])s[0-9]{1,2}(?![0-9a-z]| ?e[0-9])",
    re.IGNORECASE,
)
_NUMBER = r"[0-9]{1,4}(?:\.[0-9])?(?:v[0-9])?(?![0-9a-z])"
_SEPARATOR = re.compile(r" +[/|] +|[/|]| -  +")
_COUNTED = re.compile(
    r"(?P<coded>(?<![a-z0-9])s[0-9]{1,2} ?ep?[0-9]{1,4})"
    r"|(?P<east>第? ?[0-9]{1,4}(?:v[0-9])? ?[话話集回])"
    rf"|(?P<range> -+ {_NUMBER} ?[-~] ?{_NUMBER})|(?P<dashed> -+ #?{_NUMBER})",
    re.IGNORECASE,
)
_COUNTS = {"coded": "S0E0", "east": "第0話", "range": "- 0-0", "dashed": "- 0"}
_ENDING = re.compile(r" *(?:end|fin|完)(?![a-z])", re.IGNORECASE)
_LAST = re.compile(rf"(?<![0-9a-z.]){_NUMBER} *$", re.IGNORECASE)
_RUN = re.compile(r"(?P<east>[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3])|[^\W\d_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """``group`` is the group as written, None if there is none in front; ``form`` is how the rest is built:
    ``title - 0 […]``, ``[題][title][0][…]``.
    """

    group: str | None
    form: str


def shape_of(title: str) -> Shape:
    """Return the shape of ``title``; time grows linearly with its length."""
    text = plain(title[:MAX_TITLE].strip())
    segments = split(text)
    contents = [content_of(text[s.start : s.stop]) if s.bracket else None for s in segments]
    front = front_group(segments, contents, text)
    has_episode = any(content is not None and content.holds is Holds.EPISODE for content in contents)
    pieces: list[str] = []
    for index, (segment, content) in enumerate(zip(segments, contents, strict=True)):
        inside = text[segment.start : segment.stop]
        if index == front:
            piece = "[group]" if pieces else ""
        elif content is not None:
            piece = _bracket(inside, content)
        else:
            piece = _skeleton(inside, is_number_expected=not has_episode)
        if piece and not (piece == "[…]" and pieces and pieces[-1] == piece):
            pieces.append(piece)
    group = None if front is None else text[segments[front].start : segments[front].stop].strip()
    return Shape(group=group, form=" ".join(pieces))


def _bracket(inside: str, content: Content) -> str:
    if content.holds is Holds.EPISODE and content.episode is not None:
        kind = f"{content.episode.kind} " if content.episode.kind is not None else ""
        return f"[{kind}0-0]" if content.episode.end is not None else f"[{kind}0]"
    if content.holds is Holds.TEXT:
        return f"[{_skeleton(inside, is_number_expected=False)}]"
    mark = _MARKS[content.holds]
    return f"[{mark}]" if mark else ""


def _skeleton(text: str, *, is_number_expected: bool) -> str:
    """Return the names of a text by script, with their separators, and the episode; numbers within names
    and a season, which another title of the shape need not have, are left out.
    """
    text = _SEASON.sub(" ", text)
    counted = _COUNTED.search(text)
    episode = _COUNTS[counted.lastgroup or ""] if counted else ""
    if counted is None and is_number_expected and (last := _LAST.search(text)):
        counted, episode = last, "0"
    before = text if counted is None else text[: counted.start()]
    after = "" if counted is None else _names(_ENDING.sub("", text[counted.end() :], count=1))
    sign = next((sign for sign in "★_." if " " not in text.strip() and sign in text.strip(" .")), "")
    return " ".join(part for part in (sign, _names(before), episode, after) if part)


def _names(text: str) -> str:
    names: list[str] = []
    start = 0
    for match in (*_SEPARATOR.finditer(text), None):
        name = _scripts(text[start : match.start() if match else len(text)])
        if name:
            names.append(name)
        if match:
            names.append(" / " if match[0].startswith(" ") else match[0])
            start = match.end()
    return "".join(names).strip(" ") if len(names) > 1 else "".join(names)


def _scripts(text: str) -> str:
    """Return ``題``, ``title``, or both in the order in which they begin."""
    found = dict.fromkeys("題" if match["east"] else "title" for match in _RUN.finditer(text))
    return " ".join(found)
