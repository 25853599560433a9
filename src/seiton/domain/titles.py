"""Parser rules: what makes one valid, what it reads from a title, and which of several wins.

The rules of the reference (contract §3), corrected: a rule is checked when it is saved; an error in one
never stops the next; nothing that is not a number becomes 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType

from seiton.domain.rules import (
    Failed,
    FieldSource,
    Matched,
    NoMatch,
    Outcome,
    ParsedTitle,
    ParserRule,
    RuleFault,
    check_rule,
    engine_faults,
)
from seiton.domain.states import ParserKind
from seiton.domain.structural import StructuralReader
from seiton.domain.title_engine import Engine, PatternReader, Reader

__all__ = [
    "Failed",
    "FieldSource",
    "Matched",
    "NoMatch",
    "Outcome",
    "ParsedTitle",
    "ParserRule",
    "RuleFault",
    "Ruleset",
    "check_rule",
]


@lru_cache(maxsize=2048)
def _prepare(rule: ParserRule) -> Reader | tuple[RuleFault, ...]:
    make = StructuralReader if rule.kind is ParserKind.STRUCTURAL else PatternReader
    return tuple(engine_faults(rule)) or make(rule)


def _rank(rule: ParserRule) -> tuple[bool, int, int]:
    return rule.is_builtin, -rule.priority, rule.parser_id


class Ruleset:
    """Rules in the order in which they are tried: the user's before the built-in ones, then by priority
    descending, then by id ascending.

    ``rules`` are those that are enabled and valid; ``broken`` maps the ids of the invalid ones, enabled or
    not, to what is wrong with them. Immutable and safe to share between threads.
    """

    def __init__(self, rules: Iterable[ParserRule]) -> None:
        """Raise ``ValueError`` when two rules have the same id."""
        readers: list[Reader] = []
        broken: dict[int, tuple[RuleFault, ...]] = {}
        seen: set[int] = set()
        for rule in rules:
            if rule.parser_id in seen:
                raise ValueError(f"two rules have the id {rule.parser_id}")
            seen.add(rule.parser_id)
            prepared = _prepare(rule)
            if isinstance(prepared, tuple):
                broken[rule.parser_id] = prepared
            elif rule.is_enabled:
                readers.append(prepared)
        readers.sort(key=lambda reader: _rank(reader.rule))
        self.readers = tuple(readers)
        self.rules = tuple(reader.rule for reader in readers)
        self.broken: Mapping[int, tuple[RuleFault, ...]] = MappingProxyType(broken)
        self._engine = Engine(self.readers, is_screened=True)

    def parse(self, title: str) -> Outcome:
        """Return what the first rule that can use ``title`` makes of it.

        ``Failed`` only if no rule can, then with the first that matched but could not be used.
        """
        return self._engine.parse(title)

    def parse_many(self, titles: Iterable[str]) -> Iterator[Outcome]:
        """Parse ``titles`` one by one; the same as ``parse`` for each."""
        return map(self._engine.parse, titles)
