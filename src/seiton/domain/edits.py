"""What a change of parser rules can do to titles that were parsed before, without parsing all again.

The stored result of a title says much: a rule that was tried before the winner and has not changed still
does not match. So only rules that changed, or that moved in front of the winner, have to be tried
(measured and first described in performance §1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seiton.domain.title_engine import Engine, Reader
from seiton.domain.titles import Matched, NoMatch, Outcome, Ruleset


@dataclass(frozen=True, slots=True, kw_only=True)
class Unchanged:
    """The title parses as before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """Which stored titles an edit can affect: those won by ``winners``, those without a match, the failed.

    ``everything`` says that these are all that there are; titles whose stored winner is no rule of the
    set before (a record that is out of date) are always to be visited, and are in no other group.
    """

    winners: frozenset[int]
    unmatched: bool
    failed: bool
    everything: bool

    def __bool__(self) -> bool:
        """Say whether there is anything to visit."""
        return bool(self.winners) or self.unmatched or self.failed


_UNCHANGED = Unchanged()


class Edit:
    """Any change from one set of rules to another: rules made, changed, deleted, switched, re-ranked."""

    def __init__(self, before: Ruleset, after: Ruleset) -> None:
        self._after = after
        self._rank_before = {reader.rule.parser_id: rank for rank, reader in enumerate(before.readers)}
        old = {reader.rule.parser_id: reader for reader in before.readers}
        self._kept = frozenset(
            reader.rule.parser_id
            for reader in after.readers
            if (was := old.get(reader.rule.parser_id)) and was.behaviour == reader.behaviour
        )
        self._fresh = tuple(r for r in after.readers if r.rule.parser_id not in self._kept)
        self._same = [(r.rule.parser_id, r.behaviour) for r in before.readers] == [
            (r.rule.parser_id, r.behaviour) for r in after.readers
        ]
        self._for_unmatched = Engine(self._fresh)
        self._for_winner: dict[int, Engine | None] = {}
        self._engines: dict[tuple[int, ...], Engine] = {}

    def visits(self) -> Visits:
        """Say which stored titles have to be looked at; all others parse as before."""
        winners = {parser_id for parser_id in self._rank_before if parser_id not in self._kept}
        overtaken, deepest = False, -1
        for reader in self._after.readers:
            parser_id = reader.rule.parser_id
            if parser_id not in self._kept:
                overtaken = True
                continue
            rank = self._rank_before[parser_id]
            if overtaken or deepest > rank:
                winners.add(parser_id)
            deepest = max(deepest, rank)
        return Visits(
            winners=frozenset(winners),
            unmatched=bool(self._fresh),
            failed=not self._same,
            everything=bool(self._fresh) and len(winners) == len(self._rank_before),
        )

    def outcome(
        self, title: str, stored_winner: int | None, stored_failed: bool = False
    ) -> Outcome | Unchanged:
        """Parse ``title`` as far as the edit makes it necessary.

        ``stored_winner`` is the rule that matched it under the set before; None with ``stored_failed`` for
        a title on which a rule failed and none matched, None alone for one without a match. The answer is
        ``Unchanged`` or what ``after.parse(title)`` says, which may be the same as before.
        """
        if stored_failed:
            return _UNCHANGED if self._same else self._after.parse(title)
        if stored_winner is None:
            if not self._fresh:
                return _UNCHANGED
            outcome = self._for_unmatched.parse(title)
            return _UNCHANGED if isinstance(outcome, NoMatch) else outcome
        if stored_winner in self._for_winner:
            engine = self._for_winner[stored_winner]
        else:
            engine = self._for_winner[stored_winner] = self._engine(stored_winner)
        if engine is None:
            return _UNCHANGED
        outcome = engine.parse(title)
        if isinstance(outcome, Matched):
            return outcome
        if stored_winner in self._kept:
            return _UNCHANGED
        # Nothing that could have taken over matches; rules tried before may still have failed on it.
        return self._after.parse(title)

    def outcomes(self, rows: Iterable[tuple[str, int | None, bool]]) -> Iterator[Outcome | Unchanged]:
        """Give ``outcome`` for each ``(title, stored_winner, stored_failed)``."""
        outcome = self.outcome
        for title, winner, failed in rows:
            yield outcome(title, winner, failed)

    def _engine(self, winner: int) -> Engine | None:
        """Return the rules to try on a title that ``winner`` won; None if there is none to try."""
        rank = self._rank_before.get(winner)
        if rank is None:
            return Engine(self._after.readers)
        suspects: list[Reader] = []
        for reader in self._after.readers:
            parser_id = reader.rule.parser_id
            if parser_id == winner and winner in self._kept:
                break
            if parser_id not in self._kept or self._rank_before[parser_id] > rank:
                suspects.append(reader)
        if not suspects and winner in self._kept:
            return None
        key = tuple(reader.rule.parser_id for reader in suspects)
        if key not in self._engines:
            self._engines[key] = Engine(suspects)
        return self._engines[key]
