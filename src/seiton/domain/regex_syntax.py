"""Translates Seiton's pattern dialect into the syntax of RE2, or says where and why it cannot.

The dialect is that of Rust's ``regex`` without what RE2 lacks; ``docs/dialect.md`` describes it for
users. A real reading of the pattern, not a search and replace: every character is understood or refused
at its position, and RE2 only ever sees text that was written here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from seiton.domain.pattern_errors import PatternError
from seiton.domain.regex_characters import VERBOSE_BLANK, Characters, Wide
from seiton.domain.regex_classes import DIGIT, SPACE, WORD, quoted

MAX_REPEAT = 1000
"""Largest number in a counted repetition (RE2, ``kMaxRepeat``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """A pattern in RE2's syntax, in pieces.

    An integer piece is the opening of that capturing group, so that captures which nobody asks for can be
    left out. ``needles`` are the longest texts that every match is known to contain; ``is_literal``: the
    pattern is nothing but the one text in ``needles``.
    """

    pieces: tuple[str | int | Wide, ...]
    names: Mapping[str, int]
    group_count: int
    is_literal: bool
    needles: tuple[str, ...]


def translate(pattern: str) -> Translation:
    """Translate ``pattern``; raise ``PatternError`` for what is not in the dialect."""
    return _Reader(pattern).read()


_COUNTED = re.compile(r"\{([0-9]+)(?:(,)([0-9]*))?\}")
_FLAGS = re.compile(r"\(\?([A-Za-z]*)(?:-([A-Za-z]+))?([:)])")
_NAMED = re.compile(r"\(\?P?<([^>]*)>")
_REFUSED_GROUPS = (
    ("(?=", "look_around"),
    ("(?!", "look_around"),
    ("(?<=", "look_around"),
    ("(?<!", "look_around"),
    ("(?>", "atomic"),
    ("(?#", "comment"),
    ("(?(", "condition"),
    ("(?P=", "back_reference"),
    ("(?P>", "back_reference"),
    ("(?&", "back_reference"),
    ("(?R", "back_reference"),
)


@dataclass(slots=True)
class _Opened:
    """A group that is not closed yet; ``runs`` is how many literal runs had been seen before it."""

    position: int
    verbose: bool
    runs: int
    alternatives: bool = False


@dataclass(slots=True)
class _Reader(Characters):
    out: list[str | int | Wide] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    opened: list[_Opened] = field(default_factory=list)
    repeatable: bool = False
    repeated: bool = False
    plain: bool = True
    certain: bool = True
    run: str = ""
    runs: list[str] = field(default_factory=list)
    last_group: int | None = None

    def read(self) -> Translation:
        for position, char in enumerate(self.pattern):
            if "\ud800" <= char <= "\udfff":
                raise PatternError("not_text", position)
        while self.position < len(self.pattern):
            self._one(self.pattern[self.position])
        if self.opened:
            raise PatternError("unclosed_group", self.opened[-1].position, instead=r"\(")
        is_literal = self.plain and bool(self.run)
        self._end_run()
        return Translation(
            pieces=tuple(self.out),
            names=self.names,
            group_count=self.groups,
            is_literal=is_literal,
            needles=_longest(self.runs) if self.certain else (),
        )

    def _one(self, char: str) -> None:
        if self.verbose and char in VERBOSE_BLANK:
            self.position += 1
        elif self.verbose and char == "#":
            end = self.pattern.find("\n", self.position)
            self.position = len(self.pattern) if end < 0 else end
        elif char == "\\":
            self._escape()
        elif char == "[":
            self._special(self.bracketed())
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char in "*+?{":
            self._repeat(char)
        elif char in ".^$":
            self.position += 1
            self._special(char)
        elif char == "|":
            self.position += 1
            self._special(char)
            self.repeatable = False
            if self.opened:
                self.opened[-1].alternatives = True
            else:
                self.certain = False
        else:
            self.position += 1
            self._literal(char)

    def _literal(self, char: str) -> None:
        self.out.append(quoted(char))
        self.repeatable, self.repeated = True, False
        self.last_group = None
        if char == "\ufffd":  # stands for what an encoded title cannot contain, so it is not in the title
            self._end_run()
            self.plain = False
        else:
            self.run += char

    def _special(self, piece: str | int | Wide) -> None:
        self.out.append(piece)
        self.repeatable, self.repeated, self.plain = True, False, False
        self.last_group = None
        self._end_run()

    def _end_run(self) -> None:
        if self.run:
            self.runs.append(self.run)
        self.run = ""

    def _escape(self) -> None:
        letter = self.letter()
        wide = {"d": f"[{DIGIT}]", "D": f"[^{DIGIT}]", "s": f"[{SPACE}]", "S": f"[^{SPACE}]"}
        wide |= {"w": f"[{WORD}]", "W": f"[^{WORD}]"}
        if letter in wide:
            self.position += 2
            self._special(Wide(text=wide[letter]))
        elif letter in "bBAz":
            self.position += 2
            self._special("\\" + letter)
        elif letter in "pP":
            self._special(Wide(text=f"[{self.unicode_property()}]"))
        else:
            self._literal(self.escaped_char())

    # Groups and repetitions

    def _open(self) -> None:
        start, text = self.position, self.pattern
        for prefix, code in _REFUSED_GROUPS:
            if text.startswith(prefix, start):
                advice = {"atomic": "(?:", "condition": "|"}
                raise PatternError(code, start, found=prefix, instead=advice.get(code, ""))
        if not text.startswith("(?", start):
            self.position += 1
            self._begin_capture(start)
        elif named := _NAMED.match(text, start):
            name = named[1]
            if not name.isidentifier():
                raise PatternError("group_name", start, found=name or "<>")
            if name in self.names:
                raise PatternError("group_twice", start, found=name)
            self.position = named.end()
            self._begin_capture(start)
            self.names[name] = self.groups
        elif flags := _FLAGS.match(text, start):
            self._flags(start, flags[1], flags[2] or "", flags[3])
            self.position = flags.end()
        else:
            raise PatternError("group_syntax", start, found=text[start : start + 3])

    def _begin_capture(self, start: int) -> None:
        self.groups += 1
        self._begin(start, self.groups)

    def _begin(self, start: int, piece: str | int) -> None:
        self._special(piece)
        self.repeatable = False
        self.opened.append(_Opened(position=start, verbose=self.verbose, runs=len(self.runs)))

    def _flags(self, start: int, on: str, off: str, end: str) -> None:
        for flag in on + off:
            if flag not in "imsUux" or (flag == "u" and flag in off):
                raise PatternError("flag", start, found="-" * (flag in off) + flag)
        if end == ")" and not on and not off:
            raise PatternError("group_syntax", start, found="(?)")
        if "i" in on:
            self.certain = False
        kept_on = "".join(dict.fromkeys(f for f in on if f in "imsU"))
        kept_off = "".join(dict.fromkeys(f for f in off if f in "imsU"))
        flags = kept_on + ("-" + kept_off if kept_off else "")
        if end == ":":
            self._begin(start, f"(?{flags}:")
        else:
            if flags:
                self.out.append(f"(?{flags})")
            self.repeatable, self.plain = False, False
            self._end_run()
        if "x" in on + off:
            self.verbose = "x" not in off

    def _close(self) -> None:
        if not self.opened:
            raise PatternError("unopened_group", self.position, instead=r"\)")
        self.position += 1
        self._special(")")
        group = self.opened.pop()
        self.verbose, self.last_group = group.verbose, group.runs
        if group.alternatives:
            del self.runs[group.runs :]

    def _repeat(self, char: str) -> None:
        start = self.position
        counted = _COUNTED.match(self.pattern, start) if char == "{" else None
        if char == "{" and not counted:
            raise PatternError("literal_brace", start, found="{", example="{2,3}", instead=r"\{")
        sign = counted[0] if counted else char
        if not self.repeatable:
            raise PatternError("nothing_to_repeat", start, found=sign, instead="\\" + char)
        if self.repeated:
            code = "possessive" if char == "+" else "repeat_twice"
            raise PatternError(code, start, found=sign)
        least = 1 if char == "+" else 0
        if counted:
            least = int(counted[1])
            most = int(counted[3]) if counted[3] else least
            if least > MAX_REPEAT or most > MAX_REPEAT or most < least:
                raise PatternError("repeat_size", start, found=sign, most=MAX_REPEAT)
        self.position += len(sign)
        if self.pattern.startswith("?", self.position):
            self.position += 1
            sign += "?"
        if least == 0:  # what is before need not occur
            self.run = self.run[:-1]
            if self.last_group is not None:
                del self.runs[self.last_group :]
        self._special(sign)
        self.repeated = True


def _longest(runs: list[str]) -> tuple[str, ...]:
    return tuple(sorted(dict.fromkeys(runs), key=len, reverse=True)[:2])
