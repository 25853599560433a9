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
from seiton.domain.regex_classes import (
    DIGIT,
    ESCAPED_CONTROLS,
    NOT_SPACE,
    POSIX_CLASSES,
    SPACE,
    WORD,
    character,
    property_name,
    quoted,
)

MAX_REPEAT = 1000
"""Largest number in a counted repetition (RE2, ``kMaxRepeat``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """A set of many characters, as one bracketed class or a group of them.

    A prefilter, which looks for literals only, may take it for any character.
    """

    text: str


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
_VERBOSE_BLANK = frozenset("\t\n\v\f\r \x85\u200e\u200f\u2028\u2029")
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
_ADVICE = {
    "Z": r"\z",
    "<": "<",
    ">": ">",
    "Q": "each special character with a backslash",
    "E": "each special character with a backslash",
    "h": r"[ \t]",
    "R": r"\n",
    "N": r"[^\n]",
    "X": ".",
    "C": ".",
    "e": r"\x1B",
    "0": r"\x00",
}


@dataclass(slots=True)
class _Opened:
    """A group that is not closed yet; ``runs`` is how many literal runs had been seen before it."""

    position: int
    verbose: bool
    runs: int
    alternatives: bool = False


@dataclass(slots=True)
class _Reader:
    pattern: str
    position: int = 0
    out: list[str | int | Wide] = field(default_factory=list)
    names: dict[str, int] = field(default_factory=dict)
    groups: int = 0
    opened: list[_Opened] = field(default_factory=list)
    verbose: bool = False
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
        if self.verbose and char in _VERBOSE_BLANK:
            self.position += 1
        elif self.verbose and char == "#":
            end = self.pattern.find("\n", self.position)
            self.position = len(self.pattern) if end < 0 else end
        elif char == "\\":
            self._escape()
        elif char == "[":
            self._special(self._class())
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

    # Escapes

    def _escape(self) -> None:
        letter = self._letter()
        wide = {"d": f"[{DIGIT}]", "D": f"[^{DIGIT}]", "s": f"[{SPACE}]", "S": f"[^{SPACE}]"}
        wide |= {"w": f"[{WORD}]", "W": f"[^{WORD}]"}
        if letter in wide:
            self.position += 2
            self._special(Wide(text=wide[letter]))
        elif letter in "bBAz":
            self.position += 2
            self._special("\\" + letter)
        elif letter in "pP":
            self._special(Wide(text=f"[{self._property()}]"))
        else:
            self._literal(self._escaped_char())

    def _letter(self) -> str:
        if self.position + 1 >= len(self.pattern):
            raise PatternError("dangling_escape", self.position, instead=r"\\")
        return self.pattern[self.position + 1]

    def _property(self) -> str:
        start = self.position
        sign = self.pattern[start + 1]
        if self.pattern[start + 2 : start + 3] == "{":
            end = self.pattern.find("}", start)
            name = self.pattern[start + 3 : end] if end >= 0 else ""
            self.position = end + 1
        else:
            name = self.pattern[start + 2 : start + 3]
            self.position = start + 3
        known = property_name(name)
        if known is None:
            shown = self.pattern[start : max(self.position, start + 3)]
            raise PatternError("property", start, found=shown)
        return f"\\{sign}{{{known}}}"

    def _escaped_char(self) -> str:
        """Read an escape that stands for one character, and return that character."""
        start, letter = self.position, self._letter()
        found = "\\" + letter
        if letter in "xuU":
            value, self.position = character(self.pattern, start)
            if value is None:
                raise PatternError("escape_value", start, found=self.pattern[start : self.position])
            return value
        if letter in "123456789gk":
            raise PatternError("back_reference", start, found=found)
        if letter in _ADVICE:
            raise PatternError("unknown_escape_use", start, found=found, instead=_ADVICE[letter])
        if letter in ESCAPED_CONTROLS:
            self.position += 2
            return ESCAPED_CONTROLS[letter]
        if letter.isascii() and letter.isalnum():
            raise PatternError("unknown_escape", start, found=found)
        self.position += 2
        return letter

    # Classes in brackets

    def _class(self) -> str | Wide:
        start = self.position
        self.position += 1
        negated = self.pattern.startswith("^", self.position)
        self.position += negated
        parts: list[str] = []
        wide, not_word, first = False, -1, True
        while True:
            char = self.pattern[self.position : self.position + 1]
            if not char:
                raise PatternError("unclosed_class", start, instead=r"\[")
            if char == "]" and not first:
                break
            if self.verbose and char in _VERBOSE_BLANK:
                self.position += 1
                continue
            item = self.position
            first = False
            named = self._class_set()
            if named == "\\W":
                not_word = item
            elif named is not None:
                wide = wide or named.startswith(("\\", WORD, SPACE, NOT_SPACE))
                parts.append(named)
            else:
                parts.append(self._class_range())
                continue
            self._no_range_from(item)
        self.position += 1
        text = "[" + "^" * negated + "".join(parts) + "]"
        if not_word < 0:
            return Wide(text=text) if wide else text
        if negated:
            raise PatternError("class_not_word", not_word, found=r"\W", instead=r"[\p{L}\p{N}]")
        return Wide(text=f"(?:{text}|[^{WORD}])" if parts else f"[^{WORD}]")

    def _class_set(self) -> str | None:
        """Read a member that is itself a set; None when a character comes next."""
        start, text = self.position, self.pattern
        if text.startswith("[:", start) and (end := text.find(":]", start)) > 0:
            name = text[start + 2 : end]
            if name.removeprefix("^") in POSIX_CLASSES:
                self.position = end + 2
                return f"[:{name}:]"
        two = text[start : start + 2]
        if two in ("&&", "--", "~~") or two[:1] == "[":
            found = "[" if two[:1] == "[" else two
            raise PatternError("class_set", start, found=found, instead="".join("\\" + c for c in found))
        if two in ("\\p", "\\P"):
            return self._property()
        sets = {"\\d": DIGIT, "\\D": r"\P{Nd}", "\\s": SPACE, "\\S": NOT_SPACE, "\\w": WORD, "\\W": "\\W"}
        if two in sets:
            self.position += 2
            return sets[two]
        return None

    def _class_range(self) -> str:
        start = self.position
        low = self._class_char()
        after = self.pattern[self.position : self.position + 2]
        if after[:1] != "-" or after[1:] in ("]", ""):
            return quoted(low)
        self.position += 1
        if after == "--" or self._class_set() is not None:
            raise PatternError("class_range", start, found=self.pattern[start : self.position + 1])
        high = self._class_char()
        if high < low:
            raise PatternError("class_range", start, found=self.pattern[start : self.position])
        return f"{quoted(low)}-{quoted(high)}"

    def _class_char(self) -> str:
        char = self.pattern[self.position]
        if char != "\\":
            self.position += 1
            return char
        if self._letter() in "bBAz":
            raise PatternError("unknown_escape", self.position, found="\\" + self._letter())
        return self._escaped_char()

    def _no_range_from(self, item: int) -> None:
        after = self.pattern[self.position : self.position + 2]
        if after[:1] == "-" and after[1:] not in ("]", "", "-"):
            raise PatternError("class_range", item, found=self.pattern[item : self.position + 2])

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
