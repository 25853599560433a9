"""Patterns behind a quick test: most texts hold nothing like them, and RE2 sees that in one pass.

``re`` tries every alternative at every character, which is some dozen microseconds for a title; RE2 knows
no look-around. So the test is the pattern without its look-arounds, which matches wherever the pattern does,
and elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import re2

_MEMORY = 8 * 1024 * 1024
_LOOK_AROUND = re.compile(r"\(\?<?[=!]")
_NAME = re.compile(r"\(\?P<\w+>")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()]|[^\\\[()]+", re.DOTALL)
_UNLIKE = re.compile(r"\\[wWdDsSbB]")
"""What RE2 takes for ASCII only."""


class Hints:
    """Tests a text for several patterns in one pass; each is named by its place.

    A pattern that is not named cannot be found by ``re`` in the text, which holds no line break; one that is
    named may be. All are without regard to case.
    """

    __slots__ = ("_every", "_match")

    def __init__(self, *sources: str) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MEMORY
        # The binding itself, as in ``dialect``.
        found = re2._re2.Set(re2._Anchor.UNANCHORED, options)
        for source in sources:
            loose = _without_look_arounds(source)
            if _UNLIKE.search(loose) or found.Add(f"(?i)(?:{loose})".encode()) < 0:
                raise ValueError(f"RE2 reads this otherwise: {source}")
        # A search that runs out of memory does not even find this.
        self._every = list(range(found.Add(b"^") + 1))
        if not found.Compile():
            raise ValueError("too large for RE2")
        self._match: Callable[[bytes], list[int]] = found.Match

    def __call__(self, text: str) -> list[int]:
        """Return the numbers of the patterns that may be found in ``text``, and one that is none."""
        return self._match(text.encode(errors="replace")) or self._every


class Gated:
    """A compiled pattern of ``re``, without regard to case, that runs only where it could match."""

    __slots__ = ("_hints", "_pattern", "source")

    def __init__(self, source: str) -> None:
        self.source = source
        self._pattern = re.compile(source, re.IGNORECASE)
        self._hints = Hints(source)

    def may_match(self, text: str) -> bool:
        """Return whether the pattern could be found in ``text``: never a wrong no."""
        return len(self._hints(text)) > 1

    def search(self, text: str) -> re.Match[str] | None:
        """Do what the method of ``re.Pattern`` does, as the others here."""
        return self._pattern.search(text) if self.may_match(text) else None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(text) if self.may_match(text) else iter(())

    def sub(self, replacement: str | Callable[[re.Match[str]], str], text: str) -> str:
        return self._pattern.sub(replacement, text) if self.may_match(text) else text


def _without_look_arounds(source: str) -> str:
    """Return a pattern that matches wherever ``source`` does: look-arounds hold, groups have no names."""
    kept: list[str] = []
    depth = 0
    position = 0
    while position < len(source):
        look = _LOOK_AROUND.match(source, position)
        token = look or _TOKEN.match(source, position)
        if token is None:
            raise ValueError(f"not understood: {source[position:]}")
        position = token.end()
        if look or (depth and token[0] == "("):
            depth += 1
        elif depth:
            depth -= token[0] == ")"
        else:
            kept.append(token[0])
    return _NAME.sub("(?:", "".join(kept))
