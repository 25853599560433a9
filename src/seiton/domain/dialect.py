"""The one dialect of regular expressions, in which every pattern takes linear time on every title.

``docs/dialect.md`` describes it for users. The engine is RE2; ``regex_syntax`` translates. Positions and
spans count characters, although the engine works on UTF-8.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import re2

from seiton.domain.pattern_errors import TEMPLATES, PatternError
from seiton.domain.regex_characters import Wide
from seiton.domain.regex_classes import COMMON_DIGIT, DIGIT, RARE_DIGIT_BYTES
from seiton.domain.regex_syntax import Translation, translate

__all__ = [
    "MAX_PATTERN",
    "MAX_TITLE",
    "TEMPLATES",
    "Match",
    "Pattern",
    "PatternError",
    "compile_pattern",
    "encode_title",
    "seen_title",
]

MAX_PATTERN = 1000
"""Longest pattern, in characters."""

MAX_TITLE = 2000
"""Patterns see this many characters of a title; longer titles are refused before they get here."""

MAX_MEMORY = 2 * 1024 * 1024
"""Bytes that one compiled pattern may use. Bounds the time as well: the worst patterns that fit took about
0.1 s on a title of ``MAX_TITLE`` CJK characters (google-re2 1.1.20251105)."""

SMALL_PROGRAM = 512
"""Instructions up to which RE2 finds groups with its fast matcher (RE2, ``Prog::Flatten``)."""

Span = tuple[int, int]
Spans = Sequence[Span]
"""Byte spans of the whole match and of the groups asked for; (-1, -1) for what took no part."""

Finder = Callable[[bytes], Spans]
"""Finds the first match in an encoded title; the first span is (-1, -1) if there is none."""


def seen_title(title: str) -> tuple[str, bytes]:
    """Return what the engine sees of ``title``, as text and in UTF-8: ``MAX_TITLE`` characters at most.

    Lone surrogates, which no feed can carry but JSON can, become U+FFFD, one for one.
    """
    if len(title) > MAX_TITLE:
        title = title[:MAX_TITLE]
    try:
        return title, title.encode()
    except UnicodeEncodeError:
        title = "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in title)
        return title, title.encode()


def encode_title(title: str) -> bytes:
    """Return what the engine sees of ``title``, in UTF-8."""
    return seen_title(title)[1]


class Match:
    """A match of a pattern in a title."""

    __slots__ = ("_names", "_raw", "_spans")

    def __init__(self, raw: bytes, spans: Spans, names: Mapping[str, int]) -> None:
        self._raw, self._spans, self._names = raw, spans, names

    def _bytes(self, group: int | str) -> Span:
        number = self._names.get(group, -1) if isinstance(group, str) else group
        if not 0 <= number < len(self._spans):
            raise IndexError(f"no group {group!r}")
        return self._spans[number]

    def group(self, group: int | str = 0) -> str | None:
        """Return the text of a group (0: the whole match); None if it took no part in the match."""
        start, end = self._bytes(group)
        return None if start < 0 else self._raw[start:end].decode()

    def span(self, group: int | str = 0) -> Span | None:
        """Return start and end of a group, in characters of the title; None if it took no part."""
        start, end = self._bytes(group)
        if start < 0:
            return None
        # \B without anything to consume can match between the bytes of one character.
        before = len(self._raw[:start].decode(errors="ignore"))
        return before, before + len(self._raw[start:end].decode())


class Pattern:
    """A compiled pattern. Make it with ``compile_pattern``.

    ``needles`` are texts that every matching title contains, longest first; ``is_literal``: the pattern
    is nothing but the text in ``needles``.
    """

    __slots__ = ("_find", "_translation", "group_count", "is_literal", "names", "needles", "text")

    def __init__(self, text: str, translation: Translation) -> None:
        self.text = text
        self.group_count = translation.group_count
        self.names: Mapping[str, int] = MappingProxyType(dict(translation.names))
        self.is_literal = translation.is_literal
        self.needles = translation.needles
        self._translation = translation
        self._find = _finder(_render(translation, range(self.group_count + 1)))

    def search(self, title: str) -> Match | None:
        """Return the first match in ``title``, leftmost first, or None."""
        raw = encode_title(title)
        spans = self._find(raw)
        return None if spans[0][0] < 0 else Match(raw, spans, self.names)

    def finder(self, groups: Collection[int]) -> Finder:
        """Return a faster search that reports the whole match and only ``groups``, in ascending order."""
        return _finder(_render(self._translation, groups))

    def skeleton(self) -> str:
        """Return an RE2 pattern whose required literals are those of this one; not for matching.

        Large classes are replaced by any character: they require no literal and are slow to compile.
        """
        return _render(self._translation, (), any_for_wide=True)

    def screen(self) -> str:
        """Return an RE2 pattern that matches what this one does, without groups."""
        return _render(self._translation, ())


@lru_cache(maxsize=2048)
def compile_pattern(text: str) -> Pattern:
    """Compile ``text``; raise ``PatternError`` if it is not in the dialect or too large."""
    if len(text) > MAX_PATTERN:
        raise PatternError("too_long", None, length=len(text), most=MAX_PATTERN)
    return Pattern(text, translate(text))


def _render(translation: Translation, groups: Collection[int], *, any_for_wide: bool = False) -> str:
    parts = []
    for piece in translation.pieces:
        if isinstance(piece, int):
            parts.append("(" if piece in groups else "(?:")
        elif isinstance(piece, Wide):
            parts.append("(?s:.)" if any_for_wide else piece.text)
        else:
            parts.append(piece)
    return "".join(parts)


def _finder(source: str) -> Finder:
    engine = _engine(source)
    match: Callable[[object, bytes, int, int], Spans] = engine.Match
    anchor = re2._Anchor.UNANCHORED
    if engine.ProgramSize() > SMALL_PROGRAM and DIGIT in source:
        smaller = _engine(source.replace(DIGIT, COMMON_DIGIT))
        if smaller.ProgramSize() <= SMALL_PROGRAM:
            rare = RARE_DIGIT_BYTES.search
            match_common: Callable[[object, bytes, int, int], Spans] = smaller.Match

            def find(raw: bytes) -> Spans:
                chosen = match if not raw.isascii() and rare(raw) else match_common
                return chosen(anchor, raw, 0, len(raw))

            return find
    return lambda raw: match(anchor, raw, 0, len(raw))


def _engine(source: str) -> re2._re2.RE2:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    # The binding itself: its Python wrapper costs about as much again as the match.
    engine = re2._re2.RE2(source.encode(), options)
    if not engine.ok():
        # Syntax was checked by our own reader: what is left is size.
        reason = engine.error().decode(errors="replace")
        if "too large" in reason or "repetition size" in reason:
            raise PatternError("too_complex")
        raise PatternError("refused", None, reason=reason)
    return engine
