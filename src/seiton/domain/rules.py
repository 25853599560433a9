"""A parser rule and its outcomes as values, and the check that a rule passes before it is saved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from seiton.domain.dialect import Pattern, PatternError, compile_pattern
from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.states import ParserKind, SourceType
from seiton.domain.title_values import TEMPLATES as VALUE_TEMPLATES
from seiton.domain.title_values import Fault, episode_of, range_of, series_of, text_of, year_of

MAX_NAME = 100
"""Longest name of a parser, in characters (contract §2.1)."""

MAX_VALUE = 255
"""Longest value of a field source, in characters (contract §2.1)."""

PRIORITIES = range(-(2**31), 2**31)
OFFSETS = range(-MAX_NUMBER, MAX_NUMBER + 1)

TEMPLATES: Mapping[str, str] = {
    "required": "This is required.",
    "too_long": "This has {length} characters; at most {most} are allowed.",
    "priority": "The priority must lie between {least} and {most}.",
    "offset": "The offset must lie between {least} and {most}.",
    "group_syntax": "{found} names no group: write a number such as {number} or a name such as {name}.",
    "group_number": "There is no group {found}: the parse regex has {count}.",
    "group_name": "There is no group called {found} in the parse regex.",
    "year": "{found} is not a year.",
    "structural_regex": "A structural parser reads without a parse regex: leave it empty.",
    "structural_group": "The structural reader calls this {name}: write that, or choose a fixed value.",
}
"""English text for the faults of a rule; those of its patterns and fixed numbers have their own tables."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSource:
    """Where a field comes from: a fixed value, or a group of the parse regex.

    A group is named by ``2``, ``$2``, ``${2}``, ``name``, ``$name`` or ``${name}``; 0 is the whole match.
    """

    source: SourceType
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserRule:
    """One parser: which titles it is for, and where in them each field is.

    A structural one has no parse regex: its groups are what the reader finds (``STRUCTURAL_GROUPS``).
    ``is_builtin``: it comes after all parsers of the user, whatever the priorities. ``edition`` tells apart
    what a structural parser read before and after an update of the reader.
    """

    parser_id: int
    name: str
    priority: int = 0
    is_enabled: bool = True
    condition_regex: str
    parse_regex: str
    anime_title: FieldSource
    episode_no: FieldSource
    series_no: FieldSource | None = None
    subtitle_group: FieldSource | None = None
    resolution: FieldSource | None = None
    season: FieldSource | None = None
    year: FieldSource | None = None
    episode_end: FieldSource | None = None
    episode_offset: int = 0
    """Added to the numbers of the title: a season released as 13–24 becomes 1–12 with −12."""
    kind: ParserKind = ParserKind.PATTERN
    is_builtin: bool = False
    edition: int = 0

    def sources(self) -> Iterator[tuple[str, FieldSource | None]]:
        """Give every field that can be taken from a title, by name."""
        for name in FIELDS:
            yield name, getattr(self, name)

    def behaviour(self) -> tuple[object, ...]:
        """Return what decides what this rule makes of a title; rank, name and being enabled do not."""
        return (
            self.kind,
            self.edition,
            self.condition_regex,
            self.parse_regex,
            self.episode_offset,
            *(source for _, source in self.sources()),
        )


FIELDS = (
    "anime_title",
    "episode_no",
    "series_no",
    "subtitle_group",
    "resolution",
    "season",
    "year",
    "episode_end",
)
"""The fields of a rule that have a source, in the order in which they are read."""

STRUCTURAL_GROUPS: Mapping[str, str] = {
    "anime_title": "title",
    "episode_no": "episode",
    "series_no": "season",
    "subtitle_group": "group",
    "resolution": "resolution",
    "year": "year",
    "episode_end": "last",
}
"""What the structural reader calls what it finds, by field; it knows nothing of broadcast seasons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFault:
    """One thing that is wrong with a rule.

    ``field`` is the API's name (``parse_regex``, ``episode_no_value``); ``position`` counts characters of a
    pattern; ``template`` and ``values`` make the sentence.
    """

    field: str
    code: str
    template: str
    values: Mapping[str, object]
    position: int | None = None


class ParsedTitle(NamedTuple):
    """What a title says. ``episode_end`` is set only when it lies after ``episode_no``.

    A tuple, as ``Matched`` is: to make two frozen dataclasses took a quarter of the time to parse a title.
    """

    anime_title: str
    episode_no: int
    episode_tenths: int = 0
    episode_end: int | None = None
    version: int = 1
    series_no: int = 1
    subtitle_group: str | None = None
    resolution: str | None = None
    season: str | None = None
    year: int | None = None


class Matched(NamedTuple):
    """A rule read the title."""

    parser_id: int
    parsed: ParsedTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class NoMatch:
    """No rule is for this title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A rule is for this title, but what it took from it in ``field`` cannot be used."""

    parser_id: int
    field: str
    code: str
    template: str
    values: Mapping[str, object]


Outcome = Matched | NoMatch | Failed

_NUMBER = re.compile(r"\$?([0-9]{1,4})|\$\{([0-9]{1,4})\}")
_NAME = re.compile(r"\$?(\w{1,100})|\$\{(\w{1,100})\}")


def check_rule(rule: ParserRule) -> list[RuleFault]:
    """Return everything that is wrong with ``rule``; an empty list means that it can be saved."""
    faults: list[RuleFault] = []
    if not rule.name.strip():
        faults.append(_fault("name", "required"))
    elif len(rule.name) > MAX_NAME:
        faults.append(_fault("name", "too_long", length=len(rule.name), most=MAX_NAME))
    if rule.priority not in PRIORITIES:
        faults.append(_fault("priority", "priority", least=PRIORITIES[0], most=PRIORITIES[-1]))
    if rule.episode_offset not in OFFSETS:
        faults.append(_fault("episode_offset", "offset", least=OFFSETS[0], most=OFFSETS[-1]))
    return faults + engine_faults(rule)


def engine_faults(rule: ParserRule) -> list[RuleFault]:
    """Return those faults of ``rule`` for which it cannot be run."""
    faults: list[RuleFault] = []
    _pattern("condition_regex", rule.condition_regex, faults)
    is_structural = rule.kind is ParserKind.STRUCTURAL
    pattern = None
    if not is_structural:
        pattern = _pattern("parse_regex", rule.parse_regex, faults)
    elif rule.parse_regex:
        faults.append(_fault("parse_regex", "structural_regex"))
    for name, source in rule.sources():
        if source is None:
            continue
        if is_structural and source.source is SourceType.REGEX:
            fault = _structural_fault(name, source.value)
        else:
            fault = _source_fault(name, source, pattern)
        if fault is not None:
            faults.append(fault)
    return faults or _fixed_range_faults(rule)


def group_of(value: str, pattern: Pattern) -> int | None:
    """Return the number of the group that ``value`` names; None if the pattern has no such group."""
    if number := _NUMBER.fullmatch(value.strip()):
        group = int(number[1] or number[2])
        return group if group <= pattern.group_count else None
    name = _NAME.fullmatch(value.strip())
    return pattern.names.get(name[1] or name[2]) if name else None


def _pattern(field: str, text: str, faults: list[RuleFault]) -> Pattern | None:
    if not text:
        faults.append(_fault(field, "required"))
        return None
    try:
        return compile_pattern(text)
    except PatternError as error:
        fault = RuleFault(
            field=field,
            code=error.code,
            template=error.template,
            values=error.values,
            position=error.position,
        )
        faults.append(fault)
        return None


def _source_fault(name: str, source: FieldSource, pattern: Pattern | None) -> RuleFault | None:
    field = f"{name}_value"
    if not source.value.strip():
        return _fault(field, "required")
    if len(source.value) > MAX_VALUE:
        return _fault(field, "too_long", length=len(source.value), most=MAX_VALUE)
    if source.source is SourceType.STATIC:
        return _fixed_fault(name, field, source.value)
    if pattern is None or group_of(source.value, pattern) is not None:
        return None
    found = source.value.strip()
    if number := _NUMBER.fullmatch(found):
        return _fault(field, "group_number", found=int(number[1] or number[2]), count=pattern.group_count)
    if _NAME.fullmatch(found):
        return _fault(field, "group_name", found=found)
    return _fault(field, "group_syntax", found=found, number="$2", name="$title")


def _structural_fault(name: str, value: str) -> RuleFault | None:
    group = STRUCTURAL_GROUPS.get(name)
    found = _NAME.fullmatch(value.strip())
    if found is not None and (found[1] or found[2]) == group:
        return None
    return _fault(f"{name}_value", "structural_group", name=f"${group}" if group else "–")


def _fixed_fault(name: str, field: str, value: str) -> RuleFault | None:
    if any("\ud800" <= char <= "\udfff" for char in value):
        return _fault(field, "required")
    raw = value.encode()
    read: object = None
    if name in ("episode_no", "episode_end"):
        read = episode_of(raw)
    elif name == "series_no":
        read = series_of(raw)
    elif name == "year" and year_of(raw) is None:
        return _fault(field, "year", found=value)
    elif not text_of(raw):
        return _fault(field, "required")
    return _value_fault(field, read) if isinstance(read, Fault) else None


def _fixed_range_faults(rule: ParserRule) -> list[RuleFault]:
    """Check a range of which both ends are fixed; called when each end is valid by itself."""
    last = rule.episode_end
    if last is None or {last.source, rule.episode_no.source} != {SourceType.STATIC}:
        return []
    first, end = episode_of(rule.episode_no.value.encode()), episode_of(last.value.encode())
    if isinstance(first, Fault) or isinstance(end, Fault):
        return []
    checked = range_of(first, end)
    return [_value_fault("episode_end_value", checked)] if isinstance(checked, Fault) else []


def _fault(field: str, code: str, **values: object) -> RuleFault:
    return RuleFault(field=field, code=code, template=TEMPLATES[code], values=values)


def _value_fault(field: str, fault: Fault) -> RuleFault:
    return RuleFault(field=field, code=fault.code, template=VALUE_TEMPLATES[fault.code], values=fault.values)
