"""Paths as text for messages and tables: every path of a disk has one, and it leads back to the bytes."""

from __future__ import annotations

from urllib.parse import quote_from_bytes, unquote_to_bytes

_PREFIX = "file:"


def text_of_path(path: bytes) -> str:
    """Return ``path`` as text that any table can store.

    It is the path itself where that is UTF-8, else ``file:`` and the path with its bytes quoted
    (RFC 3986), as it is for a path that begins with this word.
    """
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return _PREFIX + quote_from_bytes(path)
    return _PREFIX + quote_from_bytes(path) if text.startswith(_PREFIX) else text


def path_of_text(text: str) -> bytes:
    """Return the path that ``text_of_path`` gave this text.

    Raises UnicodeEncodeError for text that is no path (a lone surrogate that stands for no byte).
    """
    if text.startswith(_PREFIX):
        return unquote_to_bytes(text.removeprefix(_PREFIX))
    return text.encode("utf-8", "surrogateescape")
