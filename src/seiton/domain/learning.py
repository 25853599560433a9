"""Teach by example: from one title, and where in it each field stands, a parser for all titles like it.

The parser is for the titles of the same group that are built the same way: what is marked becomes a group
of the pattern, brackets and separators between the marks stay, words and numbers between them become any
words and numbers. The same example always gives the same parser.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from seiton.domain.dialect import MAX_PATTERN
from seiton.domain.example_pattern import EPISODE, RESOLUTION, YEAR, Mark, Marks, pattern_of, quoted
from seiton.domain.rules import MAX_NAME, FieldSource, Matched, ParserRule, check_rule
from seiton.domain.states import SourceType
from seiton.domain.title_values import Episode, episode_of, series_of, text_of
from seiton.domain.titles import Ruleset

TEMPLATES: Mapping[str, str] = {
    "required": "Mark the title of the work and the number of the episode.",
    "not_found": "{found} does not stand in the title.",
    "outside": "The mark lies outside of the title.",
    "overlap": "Two marks overlap: {found}.",
    "unreadable": "{found} cannot be read as this field.",
    "too_long": "The pattern would be too long; mark fewer fields.",
    "ambiguous": "No pattern could be made that reads this title as it is marked.",
}
"""English text for every reason why nothing is learnt; translated at the edge."""

GROUPS: Mapping[str, str] = {
    "anime_title": "title",
    "episode_no": "episode",
    "episode_end": "last",
    "series_no": "season",
    "subtitle_group": "group",
    "resolution": "resolution",
    "year": "year",
}
"""The fields that can be marked, and the groups of the pattern that they become."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLearnt:
    """Why an example teaches nothing: a key of ``TEMPLATES`` with its values, and the field it is about."""

    code: str
    field: str = "marks"
    found: str = ""


_MARKED = re.compile(r"(?:[\[【(（第#-]|[- ][Ee][Pp]?|[0-9][Ee]) *$")
"""What stands before the number of an episode."""


def find_marks(title: str, texts: Mapping[str, str]) -> dict[str, Mark] | NotLearnt:
    """Return where ``texts``, by field, stand in ``title``: the first place that no other field takes.

    A number is looked for behind the title of the work first, only where no other digit touches it, and
    rather where a bracket or a dash marks it as an episode.
    """
    found: dict[str, Mark] = {}
    for field in sorted(texts, key=_marking_order):
        text = texts[field]
        edge = r"(?<![0-9.]){}(?![0-9.][0-9]|[0-9])" if text[:1].isdigit() else "{}"
        places = [
            Mark(start=match.start(), stop=match.end())
            for match in re.finditer(edge.format(re.escape(text)), title)
            if text and not any(_overlap(match.span(), mark) for mark in found.values())
        ]
        if not places:
            return NotLearnt(code="not_found", field=field, found=text)
        after = found["anime_title"].stop if "anime_title" in found else 0
        behind = [place for place in places if place.start >= after] or places
        marked = [place for place in behind if _MARKED.search(title, 0, place.start)]
        is_number = field in ("episode_no", "episode_end")
        found[field] = marked[0] if is_number and marked else behind[0]
    return found


def learn(title: str, marks: Marks, fixed: Mapping[str, str] | None = None) -> ParserRule | NotLearnt:
    """Return the parser (id 0) that ``title``, marked with ``marks``, teaches; or why there is none.

    ``fixed`` are values, by field, that the title does not say: the episode of a film, a season.
    """
    fixed = fixed or {}
    fault = _fault_of(title, marks, fixed)
    if fault is not None:
        return fault
    for is_strict in (False, True):
        rule = _rule(title, marks, fixed, is_strict=is_strict)
        if len(rule.parse_regex) > MAX_PATTERN:
            return NotLearnt(code="too_long")
        if not check_rule(rule) and _reads(rule, title, marks):
            return rule
    return NotLearnt(code="ambiguous")


def _marking_order(field: str) -> int:
    order = ("anime_title", "subtitle_group", "resolution", "series_no", "year", "episode_no", "episode_end")
    return order.index(field)


def _overlap(span: tuple[int, int], mark: Mark) -> bool:
    return span[0] < mark.stop and mark.start < span[1]


def _fault_of(title: str, marks: Marks, fixed: Mapping[str, str]) -> NotLearnt | None:
    if "anime_title" not in marks or "episode_no" not in {*marks, *fixed}:
        return NotLearnt(code="required")
    for field, mark in marks.items():
        if not 0 <= mark.start < mark.stop <= len(title):
            return NotLearnt(code="outside", field=field)
        text = title[mark.start : mark.stop]
        if not _is_readable(field, text):
            return NotLearnt(code="unreadable", field=field, found=text)
    ordered = sorted(marks.items(), key=lambda entry: entry[1].start)
    for (_first, before), (field, after) in pairwise(ordered):
        if after.start < before.stop:
            return NotLearnt(code="overlap", field=field, found=title[after.start : after.stop])
    return None


def _is_readable(field: str, text: str) -> bool:
    if field in ("episode_no", "episode_end"):
        return isinstance(episode_of(text.encode()), Episode) and bool(re.fullmatch(EPISODE, text))
    if field == "series_no":
        return isinstance(series_of(text.encode()), int)
    if field == "resolution":
        return re.fullmatch(RESOLUTION, text) is not None
    if field == "year":
        return re.fullmatch(YEAR, text) is not None
    return bool(text_of(text.encode()))


def _rule(title: str, marks: Marks, fixed: Mapping[str, str], *, is_strict: bool) -> ParserRule:
    group = marks.get("subtitle_group")
    name = title[group.start : group.stop] if group else title[marks["anime_title"].start :]
    pattern = pattern_of(title, marks, is_strict=is_strict)
    taken = {
        field: FieldSource(source=SourceType.REGEX, value=f"${name}")
        for field, name in GROUPS.items()
        if f"(?<{name}>" in pattern
    } | {field: FieldSource(source=SourceType.STATIC, value=value) for field, value in fixed.items()}
    return ParserRule(
        parser_id=0,
        name=name[:MAX_NAME],
        condition_regex=_condition(title, group),
        parse_regex=pattern,
        **taken,  # type: ignore[arg-type]
    )


def _condition(title: str, group: Mark | None) -> str:
    """Return a pattern for the titles of the same group; of any number without one."""
    if group is None:
        return "."
    anchor = "^" if not title[: group.start].strip("[【(（ ") else ""
    return anchor + quoted(title[group.start - 1 if anchor and group.start else group.start : group.stop])


def _reads(rule: ParserRule, title: str, marks: Marks) -> bool:
    """Say whether the rule reads its own example as it is marked."""
    outcome = Ruleset((rule,)).parse(title)
    if not isinstance(outcome, Matched):
        return False
    parsed = outcome.parsed

    def marked(field: str) -> bytes:
        return title[marks[field].start : marks[field].stop].encode()

    number = episode_of(marked("episode_no")) if "episode_no" in marks else None
    last = episode_of(marked("episode_end")) if "episode_end" in marks else None
    return (
        parsed.anime_title == text_of(marked("anime_title"))
        and (not isinstance(number, Episode) or (parsed.episode_no, parsed.episode_tenths) == number[:2])
        and (not isinstance(last, Episode) or (parsed.episode_end or parsed.episode_no) == last.number)
        and ("series_no" not in marks or parsed.series_no == series_of(marked("series_no")))
    )
