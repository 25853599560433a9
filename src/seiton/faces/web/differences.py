"""Two paths side by side: what is the same, what is gone, what is new."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

_TOKENS = re.compile(r"[0-9]+|[A-Za-z]+|.", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a path; ``is_changed``: the other one does not have it."""

    text: str
    is_changed: bool


def halves(old: str | None, new: str | None) -> tuple[list[Part], list[Part]]:
    """Return ``old`` and ``new`` in parts. Numbers and Latin words are compared as wholes."""
    if old is None or new is None:
        return _whole(old), _whole(new)
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    left: list[Part] = []
    right: list[Part] = []
    for kind, a, b, c, d in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        is_changed = kind != "equal"
        _add(left, "".join(before[a:b]), is_changed)
        _add(right, "".join(after[c:d]), is_changed)
    return left, right


def _whole(text: str | None) -> list[Part]:
    return [Part(text=text, is_changed=False)] if text else []


def _add(parts: list[Part], text: str, is_changed: bool) -> None:
    if text:
        parts.append(Part(text=text, is_changed=is_changed))
