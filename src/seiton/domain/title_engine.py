"""Runs rules over titles fast: a rule reads one title; an engine finds the first rule that can.

Both see titles as UTF-8 once encoded. A prefilter names the rules whose required literals occur in a
title; only those run. It may name too many, never too few.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import re2

from seiton.domain.dialect import Finder, Pattern, Spans, compile_pattern, encode_title
from seiton.domain.rules import (
    Failed,
    FieldSource,
    Matched,
    NoMatch,
    Outcome,
    ParsedTitle,
    ParserRule,
    group_of,
)
from seiton.domain.states import SourceType
from seiton.domain.title_values import (
    TEMPLATES,
    Episode,
    Fault,
    episode_of,
    range_of,
    series_of,
    text_of,
    year_of,
)

FEW = 4
"""Up to this many rules are tried one after the other; a prefilter costs more than it saves."""

_CANARY = b"\x01seiton prefilter\x01"
_NO_MATCH = NoMatch()
_ABSENT = Fault("group_absent", {})
_EMPTY = Fault("empty", {})

Source = Callable[[bytes, Spans], bytes | None]
"""Takes a field's bytes from an encoded title; None when its group took no part in the match."""


class Reader:
    """A valid rule, ready to read titles. Searches are compiled when the first title needs them."""

    __slots__ = ("_applies", "_find", "_literal", "_sources", "behaviour", "needles", "rule")

    def __init__(self, rule: ParserRule) -> None:
        self.rule = rule
        self.behaviour = rule.behaviour()
        condition, parse = compile_pattern(rule.condition_regex), compile_pattern(rule.parse_regex)
        self.needles = tuple(needle for needle in (condition.needle, parse.needle) if needle)
        self._literal = None if condition.literal is None else condition.literal.encode()
        self._applies: Finder | None = None
        self._find: Finder | None = None
        self._sources: tuple[Source | None, ...] = ()

    def _compile(self) -> Finder:
        condition, parse = compile_pattern(self.rule.condition_regex), compile_pattern(self.rule.parse_regex)
        if self._literal is None and condition.text != parse.text:
            self._applies = condition.finder(())
        sources = [source for _, source in self.rule.sources()]
        groups = sorted({group for source in sources if (group := _group(source, parse))})
        self._sources = tuple(_source(source, parse, groups) for source in sources)
        self._find = parse.finder(groups)
        return self._find

    def read(self, raw: bytes) -> Matched | Failed | None:
        """Read an encoded title; None when this rule is not for it."""
        if self._literal is not None and self._literal not in raw:
            return None
        find = self._find or self._compile()
        if self._applies is not None and self._applies(raw)[0][0] < 0:
            return None
        spans = find(raw)
        if spans[0][0] < 0:
            return None
        return self._values(raw, spans)

    def _values(self, raw: bytes, spans: Spans) -> Matched | Failed:
        title, number, series, group, resolution, season, year, last = [
            source and source(raw, spans) for source in self._sources
        ]
        anime_title = text_of(title) if title else ""
        if not anime_title:
            return self._failed("anime_title", _ABSENT if title is None else _EMPTY)
        episode = _ABSENT if number is None else episode_of(number)
        if isinstance(episode, Fault):
            return self._failed("episode_no", episode)
        series_no = 1 if series is None else series_of(series)
        if isinstance(series_no, Fault):
            return self._failed("series_no", series_no)
        end, version = _last(episode, last)
        if isinstance(end, Fault):
            return self._failed("episode_end", end)
        parsed = ParsedTitle(
            anime_title=anime_title,
            episode_no=episode.number,
            episode_tenths=episode.tenths,
            episode_end=end,
            version=version,
            series_no=series_no,
            subtitle_group=(text_of(group) or None) if group else None,
            resolution=(text_of(resolution) or None) if resolution else None,
            season=(text_of(season) or None) if season else None,
            year=year_of(year) if year else None,
        )
        return Matched(parser_id=self.rule.parser_id, parsed=parsed)

    def _failed(self, field: str, fault: Fault) -> Failed:
        return Failed(
            parser_id=self.rule.parser_id,
            field=field,
            code=fault.code,
            template=TEMPLATES[fault.code],
            values=fault.values,
        )


class Engine:
    """Finds the first of several readers, in their order, that can use a title."""

    __slots__ = ("_prefilter", "_readers")

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = tuple(readers)
        self._prefilter: Prefilter | None = None

    def parse(self, title: str) -> Outcome:
        """Return the first match; else the first failure; else ``NoMatch``."""
        readers = self._readers
        failed: Failed | None = None
        if len(readers) > FEW:
            raw = encode_title(title)
            prefilter = self._prefilter or self._build()
            for rank in prefilter.candidates(raw):
                outcome = readers[rank].read(raw)
                if outcome is None:
                    continue
                if isinstance(outcome, Matched):
                    return outcome
                failed = failed or outcome
            return failed or _NO_MATCH
        encoded: bytes | None = None
        for reader in readers:
            for needle in reader.needles:
                if needle not in title:
                    break
            else:
                encoded = encoded or encode_title(title)
                outcome = reader.read(encoded)
                if isinstance(outcome, Matched):
                    return outcome
                failed = failed or outcome
        return failed or _NO_MATCH

    def _build(self) -> Prefilter:
        self._prefilter = Prefilter([_skeleton(reader.rule) for reader in self._readers])
        return self._prefilter


class Prefilter:
    """Names the patterns of a list that could match a text, by the literals that they require.

    RE2's own prefilter reports nothing at all when its automaton does not fit into its memory (thousands
    of patterns with long literals). A canary that must be found in a text of our own detects that; the
    patterns are then divided between two.
    """

    __slots__ = ("_filter", "_halves", "_start")

    def __init__(self, patterns: Sequence[str], start: int = 0) -> None:
        self._start = start
        self._halves: tuple[Prefilter, ...] = ()
        options = re2.Options()
        options.log_errors = False
        self._filter = re2.Filter()
        for pattern in patterns:
            self._filter.Add(pattern.encode(), options)
        canary = self._filter.Add(_CANARY, options)
        self._filter.Compile()
        if canary not in (self._filter.Match(_CANARY, True) or ()):
            if len(patterns) == 1:
                raise AssertionError("a prefilter for a single pattern does not work")
            middle = len(patterns) // 2
            self._halves = (Prefilter(patterns[:middle], start), Prefilter(patterns[middle:], start + middle))

    def candidates(self, raw: bytes) -> list[int]:
        """Return the numbers of the patterns that could match ``raw``, in ascending order."""
        if self._halves:
            return [number for half in self._halves for number in half.candidates(raw)]
        found = self._filter.Match(raw, True) or []
        found.sort()
        if _CANARY in raw:
            found.pop()
        return [self._start + number for number in found] if self._start else found


def _last(first: Episode, raw: bytes | None) -> tuple[int | Fault | None, int]:
    """Return the last episode of a range (None: there is only the first) and the version of the whole."""
    if raw is None:
        return None, first.version
    last = episode_of(raw)
    if isinstance(last, Fault):
        return last, first.version
    return range_of(first, last), max(first.version, last.version)


def _skeleton(rule: ParserRule) -> str:
    """Return a pattern that requires the literals of both patterns of ``rule``; not for matching."""
    condition, parse = (compile_pattern(text).skeleton() for text in (rule.condition_regex, rule.parse_regex))
    return f"(?:{condition})(?s:.*)(?:{parse})"


def _group(source: FieldSource | None, pattern: Pattern) -> int | None:
    if source is None or source.source is SourceType.STATIC:
        return None
    return group_of(source.value, pattern)


def _source(source: FieldSource | None, pattern: Pattern, groups: Sequence[int]) -> Source | None:
    if source is None:
        return None
    if source.source is SourceType.STATIC:
        fixed = source.value.encode()
        return lambda _raw, _spans: fixed
    group = _group(source, pattern) or 0
    slot = groups.index(group) + 1 if group else 0

    def take(raw: bytes, spans: Spans) -> bytes | None:
        start, end = spans[slot]
        return None if start < 0 else raw[start:end]

    return take
