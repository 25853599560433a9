"""Finds out which of many patterns could match a text, without trying one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import re2

_CANARY = b"\x01seiton prefilter\x01"
SCREEN_MEMORY = 8 * 1024 * 1024
"""Bytes for the automaton of a screen. The built-in pack needs between 2 and 8 MB to keep every state that
8,795 titles of the corpus visit; with 2 it was ten times slower."""


def shared_literals(needles: Sequence[Sequence[str]]) -> list[tuple[str, str]]:
    """Return two literals of each pattern, those that most others have as well; "" where there is none.

    A prefilter leaves out what many patterns share; these are looked for beside it.
    """
    shared = Counter(needle for entry in needles for needle in entry)
    pairs = []
    for entry in needles:
        common, rare, *_ = (*sorted(entry, key=lambda needle: -shared[needle]), "", "")
        pairs.append((common, rare))
    return pairs


class Screen:
    """Names the patterns that match a text, all in one pass over it.

    Only for some dozen patterns that begin alike: the automaton of any others grows beyond every limit. One
    that does not fit names all of them, and so does a search that ran out of memory: it finds nothing, not
    even the pattern that every text matches.
    """

    __slots__ = ("_all", "_canary", "_match")

    def __init__(self, patterns: Sequence[str]) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = SCREEN_MEMORY
        # The binding itself, as in ``dialect``.
        found = re2._re2.Set(re2._Anchor.UNANCHORED, options)
        added = [found.Add(pattern.encode()) for pattern in patterns]
        self._all = list(range(len(patterns)))
        self._canary = found.Add(b"^")
        self._match = found.Match if added == self._all and found.Compile() else None

    def candidates(self, raw: bytes) -> list[int]:
        """Return the numbers of the patterns that match ``raw``, in ascending order."""
        if self._match is None:
            return self._all
        found: list[int] = self._match(raw)
        found.sort()
        return found if found and found.pop() == self._canary else self._all


@lru_cache(maxsize=4)
def screen_of(patterns: tuple[str, ...]) -> Screen:
    """Return the screen of ``patterns``; one that is used again has kept what it learnt."""
    return Screen(patterns)


class Prefilter:
    """Names the patterns of a list that could match a text, by the literals that they require.

    RE2's prefilter takes literals up to a limit (from 80 to 100 kB measured); beyond it, it either does not
    compile, and crashes when used all the same, or may find nothing at all. So its answer to compiling is
    heeded, a canary must be found, and what does not fit is divided between two.
    """

    __slots__ = ("_canary", "_halves", "_match", "_patterns", "_start")

    def __init__(self, patterns: Sequence[str], start: int = 0) -> None:
        self._patterns = len(patterns)
        self._start = start
        self._halves: tuple[Prefilter, ...] = ()
        options = re2.Options()
        options.log_errors = False
        # The binding itself, as in ``dialect``.
        literals = re2._re2.Filter()
        for pattern in patterns:
            literals.Add(pattern.encode(), options)
        self._canary = literals.Add(_CANARY, options)
        works = literals.Compile() and self._canary in literals.Match(_CANARY, True)
        self._match = literals.Match if works else None
        if not works and len(patterns) > 1:
            middle = len(patterns) // 2
            self._halves = (Prefilter(patterns[:middle], start), Prefilter(patterns[middle:], start + middle))

    def candidates(self, raw: bytes) -> list[int]:
        """Return the numbers of the patterns that could match ``raw``, in ascending order."""
        if self._match is None:
            if self._halves:
                return [number for half in self._halves for number in half.candidates(raw)]
            return list(range(self._start, self._start + self._patterns))
        found: list[int] = self._match(raw, True)
        found.sort()
        if found and found[-1] == self._canary:
            found.pop()
        return [self._start + number for number in found] if self._start else found
