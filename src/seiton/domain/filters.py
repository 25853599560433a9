"""Filter rules: which releases are wanted.

A rule applies to a release if its target does: everything (``global``), the release's anime, series or
subtitle group, a subscription that brought it, or the fetcher of such a subscription. Of the enabled rules
that apply, every positive one must match the title and no negative one may (contract §4.1). So the order of
rules never changes the answer: it decides which rule is named as the reason, the lowest ``rule_order`` first.
Patterns are searched in the title, unanchored and by case, in the dialect of ``dialect``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from seiton.domain.dialect import Pattern, PatternError, compile_pattern


class TargetType(StrEnum):
    """What a filter rule applies to; the words are the contract's."""

    GLOBAL = "global"
    ANIME = "anime"
    ANIME_SERIES = "anime_series"
    SUBTITLE_GROUP = "subtitle_group"
    FETCHER = "fetcher"
    SUBSCRIPTION = "subscription"


Target = tuple[TargetType, int | None]
"""A kind of thing and its id; ``global`` has none."""

EVERYTHING: Target = (TargetType.GLOBAL, None)


class Verdict(StrEnum):
    """Why a release is wanted or not."""

    WANTED = "wanted"  #: nothing speaks against it
    NOT_MATCHED = "not_matched"  #: a positive rule does not match
    MATCHED = "matched"  #: a negative rule matches
    UNREADABLE = "unreadable"  #: a stored rule is not in the dialect: nothing passes it


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterRule:
    """One rule of the user."""

    rule_id: int
    target_type: TargetType
    target_id: int | None = None
    rule_order: int = 0
    is_positive: bool = True
    pattern: str
    is_enabled: bool = True

    @property
    def target(self) -> Target:
        """Return what it applies to."""
        return self.target_type, self.target_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether a release is wanted; if not, ``reason`` is the rule that decided."""

    included: bool
    verdict: Verdict = Verdict.WANTED
    reason: FilterRule | None = None


WANTED = Decision(included=True)


def check_rule(rule: FilterRule) -> PatternError | None:
    """Return what is wrong with the rule's pattern, with the position in it; ``None``: nothing."""
    try:
        compile_pattern(rule.pattern)
    except PatternError as error:
        return error
    return None


def decide(title: str, rules: Iterable[FilterRule]) -> Decision:
    """Decide about a release by ``rules``, all of which apply to it; disabled ones say nothing."""
    return _decide(title, ((rule, _compiled(rule)) for rule in sorted(rules, key=_order) if rule.is_enabled))


class FilterSet:
    """All rules, compiled once, to decide about many releases."""

    def __init__(self, rules: Iterable[FilterRule]) -> None:
        self._by_target: dict[Target, list[tuple[FilterRule, Pattern | None]]] = {}
        for rule in rules:
            if rule.is_enabled:
                self._by_target.setdefault(rule.target, []).append((rule, _compiled(rule)))

    @property
    def targets(self) -> Collection[Target]:
        """Return what there are enabled rules for."""
        return self._by_target.keys()

    def decide(self, title: str, targets: Collection[Target]) -> Decision:
        """Decide about a release to which the rules of ``targets`` apply, and the global ones."""
        if not self._by_target:
            return WANTED
        found = [pair for target in {EVERYTHING, *targets} for pair in self._by_target.get(target, ())]
        return _decide(title, sorted(found, key=lambda pair: _order(pair[0])))


def _decide(title: str, rules: Iterable[tuple[FilterRule, Pattern | None]]) -> Decision:
    for rule, pattern in rules:
        if pattern is None:
            return Decision(included=False, verdict=Verdict.UNREADABLE, reason=rule)
        if (pattern.search(title) is not None) != rule.is_positive:
            verdict = Verdict.NOT_MATCHED if rule.is_positive else Verdict.MATCHED
            return Decision(included=False, verdict=verdict, reason=rule)
    return WANTED


def _order(rule: FilterRule) -> tuple[int, int]:
    return rule.rule_order, rule.rule_id


def _compiled(rule: FilterRule) -> Pattern | None:
    try:
        return compile_pattern(rule.pattern)
    except PatternError:
        return None


def targets_of(
    *,
    anime_id: int,
    series_id: int,
    group_id: int,
    subscriptions: Mapping[int, int],
) -> list[Target]:
    """Return whose rules apply to a release; ``subscriptions``: who brought it, with their fetchers."""
    return [
        (TargetType.ANIME, anime_id),
        (TargetType.ANIME_SERIES, series_id),
        (TargetType.SUBTITLE_GROUP, group_id),
        *((TargetType.SUBSCRIPTION, number) for number in subscriptions),
        *((TargetType.FETCHER, fetcher) for fetcher in set(subscriptions.values())),
    ]
