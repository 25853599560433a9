"""Reads what stands for characters in a pattern: escapes, properties, classes in brackets."""

from __future__ import annotations

from dataclasses import dataclass

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

VERBOSE_BLANK = frozenset("\t\n\v\f\r \x85\u200e\u200f\u2028\u2029")
"""Characters that mean nothing where the flag ``x`` is on."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide:
    """A set of many characters, as one bracketed class or a group of them.

    A prefilter, which looks for literals only, may take it for any character.
    """

    text: str


@dataclass(slots=True)
class Characters:
    """A pattern, and how far it was read; each method reads one thing there and goes on behind it.

    Raises ``PatternError`` for what is not in the dialect. ``verbose``: the flag ``x`` is on.
    """

    pattern: str
    position: int = 0
    verbose: bool = False

    def letter(self) -> str:
        """Return the character behind a backslash, without going on."""
        if self.position + 1 >= len(self.pattern):
            raise PatternError("dangling_escape", self.position, instead=r"\\")
        return self.pattern[self.position + 1]

    def unicode_property(self) -> str:
        """Read ``\\p`` or ``\\P`` with its name; return it in RE2's spelling, for within brackets."""
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

    def escaped_char(self) -> str:
        """Read an escape that stands for one character, and return that character."""
        start, letter = self.position, self.letter()
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

    def bracketed(self) -> str | Wide:
        """Read a class in brackets."""
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
            if self.verbose and char in VERBOSE_BLANK:
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
            return self.unicode_property()
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
        if self.letter() in "bBAz":
            raise PatternError("unknown_escape", self.position, found="\\" + self.letter())
        return self.escaped_char()

    def _no_range_from(self, item: int) -> None:
        after = self.pattern[self.position : self.position + 2]
        if after[:1] == "-" and after[1:] not in ("]", "", "-"):
            raise PatternError("class_range", item, found=self.pattern[item : self.position + 2])
