"""Characters and classes of the pattern dialect, as RE2 writes them."""

from __future__ import annotations

import re
from functools import lru_cache

import re2

_SPACES = (
    (0x09, 0x0D),
    (0x20, 0x20),
    (0x85, 0x85),
    (0xA0, 0xA0),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
)
"""Unicode's White_Space, stable since Unicode 6.3."""


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(rf"\x{{{low:X}}}-\x{{{high:X}}}" for low, high in ranges)


def _complement(ranges: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    gaps, start = [], 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    return (*gaps, (start, 0x10FFFF))


DIGIT = r"\p{Nd}"
r"""Inside of a class: ``\d``."""

COMMON_DIGIT = "0-9０-９"
"""Inside of a class: ``DIGIT``, for texts without a byte of ``RARE_DIGIT_BYTES``; a far smaller program."""

RARE_DIGIT_BYTES = re.compile(rb"[\xd9\xdb\xdf\xe0\xe1\xea\xf0]")
"""First bytes, in UTF-8, of every other decimal digit. Chinese, Japanese and Latin texts have none but in
emoji; Hangul has some."""

SPACE = _ranges(_SPACES)
r"""Inside of a class: ``\s``."""

NOT_SPACE = _ranges(_complement(_SPACES))
r"""Inside of a class: ``\S``."""

WORD = (
    r"\p{L}\p{M}\p{Nd}\p{Nl}\p{Pc}\x{200C}\x{200D}"
    # Circled letters: the only Alphabetic characters outside the categories above.
    r"\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189}"
)
r"""Inside of a class: ``\w`` (UTS #18, annex C, as in Rust ``regex``)."""

POSIX_CLASSES = frozenset(
    [
        "alnum",
        "alpha",
        "ascii",
        "blank",
        "cntrl",
        "digit",
        "graph",
        "lower",
        "print",
        "punct",
        "space",
        "upper",
        "word",
        "xdigit",
    ]
)

ESCAPED_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}

_SPECIAL = frozenset(r"\.+*?()|[]{}^$-&~#")

_HEX = re.compile(r"\\(?:[xuU]\{([0-9A-Fa-f]{1,8})\}|x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))")

_CATEGORIES = {
    "other": "C",
    "control": "Cc",
    "format": "Cf",
    "privateuse": "Co",
    "letter": "L",
    "lowercaseletter": "Ll",
    "modifierletter": "Lm",
    "otherletter": "Lo",
    "titlecaseletter": "Lt",
    "uppercaseletter": "Lu",
    "mark": "M",
    "enclosingmark": "Me",
    "nonspacingmark": "Mn",
    "spacingmark": "Mc",
    "number": "N",
    "decimalnumber": "Nd",
    "letternumber": "Nl",
    "othernumber": "No",
    "punctuation": "P",
    "connectorpunctuation": "Pc",
    "dashpunctuation": "Pd",
    "closepunctuation": "Pe",
    "finalpunctuation": "Pf",
    "initialpunctuation": "Pi",
    "openpunctuation": "Ps",
    "otherpunctuation": "Po",
    "symbol": "S",
    "currencysymbol": "Sc",
    "modifiersymbol": "Sk",
    "mathsymbol": "Sm",
    "othersymbol": "So",
    "separator": "Z",
    "lineseparator": "Zl",
    "paragraphseparator": "Zp",
    "spaceseparator": "Zs",
}
_SHORT_CATEGORIES = {short.lower(): short for short in (*_CATEGORIES.values(), "Cs")}
_SHORT_SCRIPTS = {
    "arab": "Arabic",
    "bopo": "Bopomofo",
    "cyrl": "Cyrillic",
    "grek": "Greek",
    "hang": "Hangul",
    "hani": "Han",
    "hebr": "Hebrew",
    "hira": "Hiragana",
    "kana": "Katakana",
    "latn": "Latin",
    "thai": "Thai",
    "zyyy": "Common",
}


def quoted(char: str) -> str:
    """Return one character as a literal of RE2, valid inside and outside of a class."""
    if char in _SPECIAL:
        return "\\" + char
    return char if char > "\x1f" else rf"\x{{{ord(char):X}}}"


def character(pattern: str, start: int) -> tuple[str | None, int]:
    r"""Read ``\x41``, ``\x{41}``, ``\u0041``, ``\u{41}`` or ``\U00000041`` at ``start``.

    Returns the character (None if it is malformed or no character) and the position after it.
    """
    found = _HEX.match(pattern, start)
    if not found:
        return None, min(start + 4, len(pattern))
    value = int(next(part for part in found.groups() if part), 16)
    possible = value <= 0x10FFFF and not 0xD800 <= value <= 0xDFFF
    return (chr(value) if possible else None), found.end()


@lru_cache(maxsize=512)
def property_name(name: str) -> str | None:
    r"""Return what RE2 calls the category or script ``name`` in ``\p{name}``; None if unknown.

    Accepts ``L``, ``Letter``, ``gc=L``, ``Han``, ``sc=Han``, ``Script=Han``; case and ``_`` do not matter.
    """
    key, equals, value = name.rpartition("=")
    kind = _loose(key)
    if equals and kind not in ("sc", "script", "gc", "generalcategory"):
        return None
    loose = _loose(value)
    if kind not in ("sc", "script"):
        category = _CATEGORIES.get(loose) or _SHORT_CATEGORIES.get(loose)
        if category or kind:
            return category
        if loose == "any":
            return "Any"
    words = re.split(r"[_\s-]", value)
    guesses = (_SHORT_SCRIPTS.get(loose), value, "_".join(word.capitalize() for word in words))
    return next((guess for guess in guesses if guess and _is_script(guess)), None)


def _loose(name: str) -> str:
    return re.sub(r"[_\s-]", "", name).lower()


def _is_script(name: str) -> bool:
    if not re.fullmatch(r"[A-Za-z_]{3,40}", name) or name == "Any":
        return False
    options = re2.Options()
    options.log_errors = False
    try:
        re2.compile(rf"\p{{{name}}}", options)
    except re2.error:
        return False
    return True
