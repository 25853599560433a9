"""Which library an anime goes to: the first rule that speaks of it names the viewer of its new files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from seiton.domain.dialect import PatternError, compile_pattern

MOST_RULES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryRule:
    """One rule: of one anime, or of all whose title ``pattern`` is found in (the dialect of ``dialect``,
    unanchored). ``viewer`` is the name of a viewer; ``None``: the built-in one.
    """

    anime_id: int | None = None
    pattern: str | None = None
    viewer: str | None


def check_rule(rule: LibraryRule) -> PatternError | None:
    """Return what is wrong with the rule's pattern; ``None``: nothing."""
    try:
        compile_pattern(rule.pattern or "")
    except PatternError as error:
        return error
    return None


def rule_for(rules: Sequence[LibraryRule], anime_id: int, title: str) -> LibraryRule | None:
    """Return the first of ``rules`` that speaks of an anime; ``None``: it goes where everything goes."""
    for rule in rules:
        if rule.anime_id == anime_id:
            return rule
        if rule.pattern is not None and compile_pattern(rule.pattern).search(title) is not None:
            return rule
    return None
