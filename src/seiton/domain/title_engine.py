"""Runs rules over titles fast: a reader reads one title by its rule; an engine finds the first that can.

Both see titles as UTF-8 once encoded. A prefilter names the rules whose required literals occur in a
title; only those run. It may name too many, never too few. The built-in rules, which are few and begin
alike, are matched all at once instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from seiton.domain.dialect import Finder, Pattern, Spans, compile_pattern, seen_title
from seiton.domain.metadata import MAX_NUMBER
from seiton.domain.prefilters import Prefilter, screen_of, shared_literals
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

_NO_MATCH = NoMatch()
_ABSENT = Fault("group_absent", {})
_EMPTY = Fault("empty", {})


class Reader(Protocol):
    """A valid rule, ready to read titles.

    ``behaviour`` is the rule's; no title without all ``needles`` is read.
    """

    rule: ParserRule
    behaviour: tuple[object, ...]
    needles: tuple[str, ...]

    def read(self, title: str, raw: bytes) -> Matched | Failed | None:
        """Read a title as the engine sees it (``seen_title``); None when this rule is not for it."""

    def skeleton(self) -> str:
        """Return a pattern that requires the literals that the rule does; not for matching."""

    def screen(self) -> str:
        """Return an RE2 pattern that every title it reads matches."""


Sieve = tuple[Callable[[bytes], Iterable[int]], Sequence[tuple[str, str, Reader]]]
"""Names those of its readers, in their order, that could read an encoded title; each reader with two texts
without which a title is none of its."""


class PatternReader:
    """Reads by the regular expressions of a rule, which are compiled when the first title needs them."""

    __slots__ = (
        "_applies",
        "_find",
        "_fixed",
        "_id",
        "_literal",
        "_offset",
        "_slots",
        "behaviour",
        "needles",
        "rule",
    )

    def __init__(self, rule: ParserRule) -> None:
        self.rule = rule
        self.behaviour = rule.behaviour()
        condition, parse = compile_pattern(rule.condition_regex), compile_pattern(rule.parse_regex)
        self._id = rule.parser_id
        self._offset = rule.episode_offset
        self.needles = tuple(dict.fromkeys((*condition.needles, *parse.needles)))
        self._literal = condition.needles[0] if condition.is_literal else ""
        self._applies: Finder | None = None
        self._find: Finder | None = None
        self._fixed: list[bytes | None] = []
        self._slots: tuple[tuple[int, int], ...] = ()

    def _compile(self) -> Finder:
        condition, parse = compile_pattern(self.rule.condition_regex), compile_pattern(self.rule.parse_regex)
        if not self._literal and condition.text != parse.text:
            self._applies = condition.finder(())
        sources = [source for _, source in self.rule.sources()]
        taken = [_group(source, parse) for source in sources]
        groups = sorted({group for group in taken if group})
        slots = {group: slot for slot, group in enumerate([0, *groups])}
        self._fixed = [_fixed(source) for source in sources]
        self._slots = tuple((field, slots[group]) for field, group in enumerate(taken) if group is not None)
        self._find = parse.finder(groups)
        return self._find

    def read(self, title: str, raw: bytes) -> Matched | Failed | None:
        """Read a title as the engine sees it (``seen_title``); None when this rule is not for it."""
        if self._literal not in title:
            return None
        find = self._find or self._compile()
        if self._applies is not None and self._applies(raw)[0][0] < 0:
            return None
        spans = find(raw)
        return None if spans[0][0] < 0 else self._values(raw, spans)

    def skeleton(self) -> str:
        """Return a pattern that requires the literals of both patterns; not for matching."""
        texts = (self.rule.condition_regex, self.rule.parse_regex)
        condition, parse = (compile_pattern(text).skeleton() for text in texts)
        return f"(?:{condition})(?s:.*)(?:{parse})"

    def screen(self) -> str:
        """Return the parse pattern without its groups."""
        return compile_pattern(self.rule.parse_regex).screen()

    def _values(self, raw: bytes, spans: Spans) -> Matched | Failed:
        fields = self._fixed.copy()
        for field, slot in self._slots:
            start, stop = spans[slot]
            if start >= 0:
                fields[field] = raw[start:stop]
        title, number, series, group, resolution, season, year, last = fields
        anime_title = text_of(title) if title else ""
        if not anime_title:
            return self._failed("anime_title", _ABSENT if title is None else _EMPTY)
        episode = _ABSENT if number is None else episode_of(number)
        if isinstance(episode, Fault):
            return self._failed("episode_no", episode)
        series_no = 1 if series is None else series_of(series)
        if isinstance(series_no, Fault):
            return self._failed("series_no", series_no)
        end: int | None = None
        version = episode.version
        if last is not None:
            span = _last(episode, last)
            if isinstance(span, Fault):
                return self._failed("episode_end", span)
            end, version = span
        episode_no = episode.number
        if self._offset:
            episode_no += self._offset
            end = end + self._offset if end is not None else None
            if not 0 <= episode_no <= (end or episode_no) <= MAX_NUMBER:
                return self._failed(
                    "episode_offset", Fault("number_range", {"found": episode_no, "most": MAX_NUMBER})
                )
        parsed = ParsedTitle(
            anime_title,
            episode_no,
            episode.tenths,
            end,
            version,
            series_no,
            (text_of(group) or None) if group else None,
            (text_of(resolution) or None) if resolution else None,
            (text_of(season) or None) if season else None,
            year_of(year) if year else None,
        )
        return Matched(self._id, parsed)

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

    __slots__ = ("_is_screened", "_readers", "_sieves")

    def __init__(self, readers: Sequence[Reader], *, is_screened: bool = False) -> None:
        """Take readers in the order in which they are tried; the built-in ones come last.

        ``is_screened``: match the built-in ones all at once. It pays for an engine that sees many titles:
        the screen takes some megabytes.
        """
        self._readers = tuple(readers)
        self._is_screened = is_screened
        self._sieves: tuple[Sieve, ...] = ()

    def parse(self, title: str) -> Outcome:
        """Return the first match; else the first failure; else ``NoMatch``."""
        if len(self._readers) <= FEW:
            return self._try_all(title)
        title, raw = seen_title(title)
        failed = None
        for candidates, readers in self._sieves or self._build():
            for rank in candidates(raw):
                common, rare, reader = readers[rank]
                # In the text: to look for bytes in bytes takes six times as long.
                if common not in title or rare not in title:
                    continue
                outcome = reader.read(title, raw)
                if outcome is None:
                    continue
                if isinstance(outcome, Matched):
                    return outcome
                failed = failed or outcome
        return failed or _NO_MATCH

    def _try_all(self, title: str) -> Outcome:
        seen: tuple[str, bytes] | None = None
        failed: Failed | None = None
        for reader in self._readers:
            for needle in reader.needles:
                if needle not in title:
                    break
            else:
                seen = seen or seen_title(title)
                outcome = reader.read(*seen)
                if isinstance(outcome, Matched):
                    return outcome
                failed = failed or outcome
        return failed or _NO_MATCH

    def _build(self) -> tuple[Sieve, ...]:
        stop = len(self._readers)
        if self._is_screened:
            stop = next((rank for rank, reader in enumerate(self._readers) if reader.rule.is_builtin), stop)
        own, built_in = self._readers[:stop], self._readers[stop:]
        sieves: list[Sieve] = []
        if own:
            prefilter = Prefilter([reader.skeleton() for reader in own])
            literals = shared_literals([reader.needles for reader in own])
            found = [(*pair, reader) for pair, reader in zip(literals, own, strict=True)]
            sieves.append((prefilter.candidates, found))
        if built_in:
            screen = screen_of(tuple(reader.screen() for reader in built_in))
            sieves.append((screen.candidates, [("", "", reader) for reader in built_in]))
        self._sieves = tuple(sieves)
        return self._sieves


def _last(first: Episode, raw: bytes) -> tuple[int | None, int] | Fault:
    """Return the last episode of a range (None: there is only the first) and the version of the whole."""
    last = episode_of(raw)
    if isinstance(last, Fault):
        return last
    end = range_of(first, last)
    return end if isinstance(end, Fault) else (end, max(first.version, last.version))


def _group(source: FieldSource | None, pattern: Pattern) -> int | None:
    if source is None or source.source is SourceType.STATIC:
        return None
    return group_of(source.value, pattern)


def _fixed(source: FieldSource | None) -> bytes | None:
    return source.value.encode() if source and source.source is SourceType.STATIC else None
