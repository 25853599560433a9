"""The language of naming templates, from text to a tree: ``docs/naming.md`` explains it to users.

``{title}< ({year})>/Season {season:02}/{title} - S{season:02}E{episode:02}<-E{episode_end:02}>``

What the language needs for itself (``< > | ?``) can be part of no name on a network share, so nobody has to
escape it; only a brace is written twice.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

LONGEST = 500
"""Most characters of a template."""
DEEPEST = 4
"""Most optional parts inside each other."""
MOST_DIGITS = 5
EXAMPLE = "{title}/Season {season:02}/{title} - S{season:02}E{episode:02}<-E{episode_end:02}>"


class Field(StrEnum):
    """What a template can ask for."""

    TITLE = "title"
    YEAR = "year"
    SEASON = "season"
    EPISODE = "episode"
    EPISODE_END = "episode_end"  #: the last episode of a file that holds several
    GROUP = "group"
    RESOLUTION = "resolution"
    VERSION = "version"  #: 2 and up; of a first version there is nothing to say
    SPECIAL = "special"  #: season 0; only as a condition


PLACEHOLDERS = tuple(field for field in Field if field is not Field.SPECIAL)
NUMBERS = frozenset({Field.YEAR, Field.SEASON, Field.EPISODE, Field.EPISODE_END, Field.VERSION})
ALWAYS = frozenset({Field.TITLE, Field.SEASON, Field.EPISODE})
OF_SHOW = frozenset({Field.TITLE, Field.YEAR})
"""The same for all episodes of a show."""

TEMPLATES: Mapping[str, str] = {
    "empty": "Write a template such as {example}.",
    "too_long": "The template has {length} characters; at most {most} are allowed.",
    "parts": "A template has three parts, show folder / season folder / file; this one has {count}."
    " Example: {example}",
    "part_empty": "There is nothing between two slashes, or before or after one.",
    "edge": "A name cannot begin or end with a dot or a blank.",
    "character": "{found} cannot be part of a name.",
    "syntax": "{found} is a part of the language: an optional part is {example}.",
    "slash_inside": "An optional part cannot contain a slash.",
    "brace": "A single {found} means nothing; write {instead} for the character.",
    "unclosed": "This {found} is never closed.",
    "too_deep": "Optional parts can be inside each other at most {most} deep.",
    "unknown": "There is no placeholder {found}. There are {names}.",
    "episode_title": "The title of an episode cannot be part of a name: servers take words such as {example}"
    " in it for further episodes. It is in the NFO.",
    "only_condition": "{found} can only be a condition: {example}.",
    "format": "{found} is no format: write how many digits, as in {example}.",
    "format_text": "{found} is text, which has no format.",
    "optional": "{found} may be absent; put it into an optional part: {example}.",
    "varies": "{found} is not the same for all episodes of a show, so it cannot be part of the show's"
    " folder.",
    "too_wide": "A name by this template can become {length} bytes long; at most {most} leave room for"
    " subtitles. Take something out of it.",
    "same_path": "{one} and {other} would both lie at {path}. Put into the template what tells them apart.",
    "no_number": "Media servers find no season and episode in {found}; write {example} into it.",
    "no_end": "Media servers would read {found} as {read}, not as {wanted}. Write {example} right after"
    " {episode}.",
    "misread": "Media servers would read {found} as {read}, not as {wanted}. Put what follows the number in"
    " brackets: {example}.",
    "season_folder": "Media servers do not read {found} as season {number}. Write {example}.",
    "extra": "Media servers would take {found} for an extra or a part of a film. Put other text at its end.",
    "impossible": "No name can be made for {found} by this template.",
}
"""English text for every fault of a template; translated at the edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFault:
    """What is wrong with a template: a key of ``TEMPLATES``, its placeholders, and the character (from 0)."""

    code: str
    values: Mapping[str, object]
    position: int | None = None

    @property
    def template(self) -> str:
        """The English sentence, to be filled with ``values``."""
        return TEMPLATES[self.code]


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves."""

    text: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A value; of a number, with at least ``digits``."""

    field: Field
    digits: int


@dataclass(frozen=True, slots=True)
class Option:
    """Taken if ``condition`` and all placeholders directly in it are there."""

    condition: Field | None
    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The first option that can be taken, or nothing."""

    options: tuple[Option, ...]


Node = Text | Placeholder | Choice
Values = Mapping[Field, str | int | None]
"""What is known of an episode; ``None``: absent. A condition that holds has any value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameTemplate:
    """A template that was read: three path components."""

    show: tuple[Node, ...]
    season: tuple[Node, ...]
    base: tuple[Node, ...]


def fill(nodes: tuple[Node, ...], values: Values) -> str:
    """Return ``nodes`` with ``values`` put in, without looking at what they are made of."""
    text = ""
    for node in nodes:
        if isinstance(node, Text):
            text += node.text
        elif isinstance(node, Placeholder):
            value = values[node.field]
            text += f"{value:0{node.digits}d}" if isinstance(value, int) else value or ""
        else:
            taken = next((option for option in node.options if _can_take(option, values)), None)
            text += fill(taken.nodes, values) if taken is not None else ""
    return text


def _can_take(option: Option, values: Values) -> bool:
    if option.condition is not None and values[option.condition] is None:
        return False
    return not any(isinstance(node, Placeholder) and values[node.field] is None for node in option.nodes)


def longest(nodes: tuple[Node, ...], sizes: Mapping[Field, int]) -> int:
    """Return how many bytes ``nodes`` fill at most if no value is longer than ``sizes`` says."""
    total = 0
    for node in nodes:
        match node:
            case Text(text):
                total += len(text.encode())
            case Placeholder(field, digits):
                total += max(sizes[field], digits)
            case Choice(options):
                total += max(longest(option.nodes, sizes) for option in options)
    return total


def texts_of(nodes: tuple[Node, ...]) -> Iterator[str]:
    """Give every text in ``nodes`` that stands for itself."""
    for node in nodes:
        if isinstance(node, Text):
            yield node.text
        elif isinstance(node, Choice):
            for option in node.options:
                yield from texts_of(option.nodes)


def fields_of(nodes: tuple[Node, ...]) -> Iterator[Field]:
    """Give every placeholder and condition in ``nodes``, also the repeated ones."""
    for node in nodes:
        if isinstance(node, Placeholder):
            yield node.field
        elif isinstance(node, Choice):
            for option in node.options:
                if option.condition is not None:
                    yield option.condition
                yield from fields_of(option.nodes)


def parse_template(text: str) -> NameTemplate | TemplateFault:
    """Read a template; a fault says where it is and what to write instead."""
    if not text.strip():
        return TemplateFault(code="empty", values={"example": EXAMPLE})
    if len(text) > LONGEST:
        return TemplateFault(code="too_long", values={"length": len(text), "most": LONGEST})
    try:
        return _Reader(unicodedata.normalize("NFC", text)).read()
    except _Faulty as error:
        return error.fault


class _Faulty(Exception):
    def __init__(self, code: str, position: int | None, **values: object) -> None:
        self.fault = TemplateFault(code=code, values=values, position=position)


_OPTIONAL_EXAMPLE = "< [{group}]>"
_REFUSED = frozenset('\\:*"')
_SYNTAX = frozenset("<>|?")


class _Reader:
    """Reads a template from left to right; ``_at`` is the next character."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def read(self) -> NameTemplate:
        parts = [self._part()]
        while self._at < len(self._text):
            self._at += 1  # a slash: nothing else ends a part
            parts.append(self._part())
        if len(parts) != 3:
            raise _Faulty("parts", None, count=len(parts), example=EXAMPLE)
        for field in fields_of(parts[0]):
            if field not in OF_SHOW:
                raise _Faulty("varies", self._text.index(field), found=f"{{{field}}}")
        return NameTemplate(show=parts[0], season=parts[1], base=parts[2])

    def _part(self) -> tuple[Node, ...]:
        start = self._at
        nodes = self._nodes(depth=0)
        if not nodes:
            raise _Faulty("part_empty", start)
        for node, index, position in ((nodes[0], 0, start), (nodes[-1], -1, self._at - 1)):
            if isinstance(node, Text) and node.text[index] in ". ":
                raise _Faulty("edge", position)
        return nodes

    def _nodes(self, depth: int) -> tuple[Node, ...]:
        """Read up to what ends a part, or an option if ``depth`` says that this is one."""
        nodes: list[Node] = []
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "/" and depth:
                raise _Faulty("slash_inside", self._at)
            if char == "/" or (depth and char in "|>"):
                break
            if char == "<":
                nodes.append(self._choice(depth + 1))
            elif char == "{" and not self._text.startswith("{{", self._at):
                start, node = self._at, self._placeholder()
                if not depth and node.field not in ALWAYS:
                    name = f"{{{node.field}}}"
                    raise _Faulty("optional", start, found=name, example=f"< {name}>")
                nodes.append(node)
            else:
                nodes.append(Text(self._literal(depth)))
        return tuple(nodes)

    def _literal(self, depth: int) -> str:
        text = ""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char in "{}":
                if self._text[self._at : self._at + 2] != char * 2:
                    if char == "{":
                        break
                    raise _Faulty("brace", self._at, found="}", instead="}}")
                self._at += 1
            elif char in "/<" or (char in "|>" and depth):
                break
            elif char in _SYNTAX:
                raise _Faulty("syntax", self._at, found=char, example=_OPTIONAL_EXAMPLE)
            elif char in _REFUSED or not char.isprintable():
                shown = char if char.isprintable() else f"U+{ord(char):04X}"
                raise _Faulty("character", self._at, found=shown)
            text += char
            self._at += 1
        return text

    def _choice(self, depth: int) -> Choice:
        start = self._at
        if depth > DEEPEST:
            raise _Faulty("too_deep", start, most=DEEPEST)
        options: list[Option] = []
        while self._at < len(self._text) and (not options or self._text[self._at] == "|"):
            self._at += 1
            condition = self._condition()
            options.append(Option(condition, self._nodes(depth)))
        if self._at == len(self._text):
            raise _Faulty("unclosed", start, found="<")
        self._at += 1
        return Choice(tuple(options))

    def _condition(self) -> Field | None:
        end = self._at
        while end < len(self._text) and (self._text[end].isalpha() or self._text[end] == "_"):
            end += 1
        if end == self._at or self._text[end : end + 1] != "?":
            return None
        field = self._field(self._text[self._at : end], self._at)
        self._at = end + 1
        return field

    def _placeholder(self) -> Placeholder:
        start = self._at
        end = self._text.find("}", start)
        if end < 0:
            raise _Faulty("unclosed", start, found="{")
        name, colon, form = self._text[start + 1 : end].partition(":")
        field = self._field(name.strip(), start)
        if field is Field.SPECIAL:
            raise _Faulty("only_condition", start, found="{special}", example="<special?Specials|…>")
        self._at = end + 1
        if not colon:
            return Placeholder(field, 1)
        if field not in NUMBERS:
            raise _Faulty("format_text", start, found=f"{{{field}}}")
        digits = form.strip()
        if not (digits.isascii() and digits.isdecimal() and 1 <= int(digits) <= MOST_DIGITS):
            raise _Faulty("format", start, found=form, example=f"{{{field}:02}}")
        return Placeholder(field, int(digits))

    def _field(self, name: str, position: int) -> Field:
        if name in ("episode_title", "episodetitle"):
            raise _Faulty("episode_title", position, example="x264")
        if name not in set(Field):
            names = ", ".join(f"{{{field}}}" for field in PLACEHOLDERS)
            raise _Faulty("unknown", position, found=f"{{{name}}}", names=names)
        return Field(name)
