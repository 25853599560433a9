"""Search by any part of a title: what of it is compared, and the pieces that an index is made of.

Chinese and Japanese words have no blanks between them and are often two characters long, so an index of
words or of three characters does not find them. Every two neighbouring characters are a piece, and so is
every single one that is not ASCII.
"""

from __future__ import annotations

import re
import unicodedata
import zlib

_BETWEEN = re.compile(r"[\W_]+")
_PLAIN = re.compile(r"[ -~ぁ-ゖァ-ヺ一-鿿]+")
"""None of these combines with what stands before it, and each is itself in NFKC."""


def comparable(text: str) -> str:
    """Return ``text`` without width, case, punctuation and blanks: letters and digits only."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


def pieces_of_title(title: str) -> set[int]:
    """Return the pieces of a title as signed 32-bit numbers. Two pieces may share a number: an index finds
    candidates, and ``comparable`` decides.
    """
    text = comparable(title)
    found = {_number(text[at : at + 2]) for at in range(len(text) - 1)}
    return found | {_number(char) for char in text if not char.isascii()}


def pieces_of_search(search: str) -> set[int]:
    """Return the pieces that a title has which contains ``search``; none if that is too short to look for:
    one ASCII letter, or nothing but punctuation.
    """
    text = comparable(search)
    if len(text) > 1:
        return {_number(text[at : at + 2]) for at in range(len(text) - 1)}
    return {_number(text)} if text and not text.isascii() else set()


def pieces_within(text: str) -> set[int]:
    """Return pieces that every title has which contains ``text`` as it is written, whatever stands around it.

    A character that follows may combine with the last one (NFKC), so that is left out, and so is whatever
    is neither ASCII nor an ordinary Chinese or Japanese character.
    """
    return {piece for run in _PLAIN.findall(text) for piece in pieces_of_title(run[:-1])}


def _number(piece: str) -> int:
    number = zlib.crc32(piece.encode())
    return number - (1 << 32) if number >= 1 << 31 else number
