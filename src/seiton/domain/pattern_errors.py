"""Why a pattern is refused, and where in it."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATES: Mapping[str, str] = {
    "atomic": "{found} (atomic group) is not in the dialect; an ordinary group is {instead}.",
    "back_reference": "{found} (back-reference) is not in the dialect: it has no linear-time meaning.",
    "class_not_word": "{found} cannot be used inside a negated class; name the allowed classes instead,"
    " such as {instead}.",
    "class_range": "The range {found} in the class is not one: it runs backwards or has a class as its end.",
    "class_set": "{found} inside a class (nested class or set operation) is not in the dialect;"
    " write {instead} for the characters themselves.",
    "comment": "{found} (comment) is not in the dialect; leave it out.",
    "condition": "{found} (conditional group) is not in the dialect; write alternatives with {instead}.",
    "dangling_escape": "The pattern ends in a single backslash; write {instead} for the character.",
    "escape_value": "{found} is not a character.",
    "flag": "The inline flag {found} is not in the dialect; there are i, m, s, U, u and x.",
    "group_name": "{found} is not a group name: it needs a letter or _ first, then letters, digits or _.",
    "group_twice": "There is already a group called {found}.",
    "group_syntax": "{found} is not a group of the dialect.",
    "literal_brace": "{found} is not a repetition such as {example}; write {instead} for the character.",
    "look_around": "{found} (look-around) is not in the dialect: it has no linear-time meaning.",
    "nothing_to_repeat": "{found} has nothing before it to repeat; write {instead} for the character.",
    "not_text": "The pattern contains half of a character (a lone surrogate).",
    "possessive": "{found} (possessive repetition) is not in the dialect; leave the second plus out.",
    "property": "{found} is not a Unicode category or script that is known here.",
    "refused": "The engine refuses the pattern: {reason}.",
    "repeat_size": "{found} repeats too often or backwards: at most {most}, the smaller number first.",
    "repeat_twice": "{found} repeats a repetition; put a group around the inner one.",
    "too_complex": "The pattern is too complex; large repetitions inside each other are the usual reason.",
    "too_long": "The pattern has {length} characters; at most {most} are allowed.",
    "unclosed_class": "This class has no closing bracket; write {instead} for the character.",
    "unclosed_group": "This group has no closing parenthesis; write {instead} for the character.",
    "unknown_escape": "{found} is not in the dialect.",
    "unknown_escape_use": "{found} is not in the dialect; write {instead}.",
    "unopened_group": "There is no group to close here; write {instead} for the character.",
}
"""English text for every code of ``PatternError``, with its placeholders; translated at the edge."""


class PatternError(ValueError):
    """A pattern is not in the dialect.

    ``code`` is a key of ``TEMPLATES``; ``position`` counts characters of the pattern from 0 (None: the
    pattern as a whole); ``template`` and ``values`` make the sentence, ``message`` is it in English.
    """

    def __init__(self, code: str, position: int | None = None, **values: object) -> None:
        self.code = code
        self.position = position
        self.template = TEMPLATES[code]
        self.values: Mapping[str, object] = values
        self.message = self.template.format(**values)
        super().__init__(self.message)
