"""What a change of parser rules can do to titles that were parsed before, without parsing all again.

The stored result of a title says much: a rule that was tried before the winner and has not changed still
does not match. So only rules that changed, or that moved in front of the winner, have to be tried
(measured and first described in performance §1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    ``changed``: those of ``winners`` that are not as they were. Of the others' titles, and of those without a
    match, only such are affected that contain one of ``needles`` (``None``: no such texts are known).
    """

    winners: frozenset[int]
    changed: frozenset[int]
    needles: frozenset[str] | None
    unmatched: bool
    failed: bool
    everything: bool

    def __bool__(self) -> bool:
        """Say whether there is anything to visit."""
        return bool(self.winners) or self.unmatched or self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """The rules to try on the titles of one winner (None: none), and a text without which none matches."""

    engine: Engine | None
    needle: str = ""


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
        self._plans: dict[int | None, _Plan] = {}
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
            changed=frozenset(winners - self._kept),
            needles=self._needles(),
            unmatched=bool(self._fresh),
            failed=not self._same,
            everything=bool(self._fresh) and len(winners) == len(self._rank_before),
        )

    def _needles(self) -> frozenset[str] | None:
        """Return texts of which every title has one that a rule can take which did not come before: one that
        is fresh, or that has risen above another. ``None``: one of those rules has no such text.
        """
        lowest = len(self._rank_before)
        found: set[str] = set()
        for reader in reversed(self._after.readers):
            parser_id = reader.rule.parser_id
            rank = self._rank_before[parser_id] if parser_id in self._kept else None
            if rank is None or rank > lowest:
                found.add(max(reader.needles, key=len, default=""))
            lowest = lowest if rank is None else min(lowest, rank)
        return None if "" in found else frozenset(found)

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
        plan = self._plans.get(stored_winner) or self._plan(stored_winner)
        if plan.engine is None:
            return _UNCHANGED
        outcome = plan.engine.parse(title)
        if isinstance(outcome, Matched):
            return outcome
        if stored_winner is None:
            return _UNCHANGED if isinstance(outcome, NoMatch) else outcome
        if stored_winner in self._kept:
            return _UNCHANGED
        # Nothing that could have taken over matches; rules tried before may still have failed on it.
        return self._after.parse(title)

    def outcomes(self, rows: Iterable[tuple[str, int | None, bool]]) -> Iterator[Outcome | Unchanged]:
        """Give ``outcome`` for each ``(title, stored_winner, stored_failed)``, faster than one by one."""
        plans, outcome = self._plans, self.outcome
        for title, winner, failed in rows:
            plan = plans.get(winner)
            if plan is not None and not failed and plan.needle not in title:
                yield _UNCHANGED
            else:
                yield outcome(title, winner, failed)

    def _plan(self, winner: int | None) -> _Plan:
        plan = self._plans[winner] = self._new_plan(winner)
        return plan

    def _new_plan(self, winner: int | None) -> _Plan:
        if winner is None:
            return self._plan_for(self._fresh)
        rank = self._rank_before.get(winner)
        if rank is None:
            return _Plan(engine=Engine(self._after.readers))
        kept = winner in self._kept
        suspects: list[Reader] = []
        for reader in self._after.readers:
            parser_id = reader.rule.parser_id
            if kept and parser_id == winner:
                break
            if parser_id not in self._kept or self._rank_before[parser_id] > rank:
                suspects.append(reader)
        if kept:
            return self._plan_for(suspects)
        return _Plan(engine=self._engine(suspects))

    def _plan_for(self, suspects: Sequence[Reader]) -> _Plan:
        """Return what to do when a title stays as it is unless one of ``suspects`` says otherwise."""
        if not suspects:
            return _Plan(engine=None)
        needle = max(suspects[0].needles, key=len, default="") if len(suspects) == 1 else ""
        return _Plan(engine=self._engine(suspects), needle=needle)

    def _engine(self, readers: Sequence[Reader]) -> Engine:
        key = tuple(reader.rule.parser_id for reader in readers)
        if key not in self._engines:
            self._engines[key] = Engine(readers)
        return self._engines[key]
