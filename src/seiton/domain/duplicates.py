"""Of several releases of one episode, which one is fetched: the library's policy, applied before dispatch.

Nothing here guesses between what only a person can tell apart. Two releases that no rule of the policy, no
habit of the series and no version number separates are left undecided.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_VERSION = re.compile(r"(?<=\d)v\d+", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")


class Standing(StrEnum):
    """What has come of a release."""

    FREE = "free"  #: nothing yet
    SPENT = "spent"  #: it was tried and given up, or taken back by hand: never taken again by itself
    RUNNING = "running"  #: it is being fetched: no file of it is used yet
    REMOVED = "removed"  #: a person removed it: nothing takes its place by itself
    FILED = "filed"  #: its files are there, in the library or on the way to it


class Why(StrEnum):
    """Why a person has to choose."""

    GROUPS = "groups"  #: different groups, none of them preferred or filed before
    VARIANTS = "variants"  #: one group, several releases that differ in no way that is known here


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One release of the episode. ``release``: its info hash, if known; ``is_fetchable``: by us."""

    link_id: int
    group: str
    title: str
    resolution: str | None = None
    version: int = 1
    is_batch: bool = False
    is_fetchable: bool = True
    release: str | None = None
    standing: Standing = Standing.FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a library prefers: names of groups and resolutions, the best first; others come after them."""

    group_order: tuple[str, ...] = ()
    resolution_order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What was taken of a series before. ``groups``: the one with most episodes first, equals together."""

    groups: tuple[frozenset[str], ...] = ()
    resolutions: frozenset[str] = frozenset()
    shapes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Fetch this one; ``replaces`` is a link whose unfinished fetch it takes the place of."""

    link_id: int
    replaces: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """A person has to choose one of ``candidates`` (link ids, ascending)."""

    candidates: tuple[int, ...]
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """There is nothing to fetch."""


Outcome = Choice | Undecided | Settled


def choose(candidates: Collection[Candidate], policy: Policy, habit: Habit) -> Outcome:
    """Decide which of the releases of one episode is fetched now.

    An episode is fetched once. Only a later version by the same group takes the place of what is there: at
    once while nothing of that is filed, else when it is complete itself.
    """
    if any(item.standing is Standing.REMOVED for item in candidates):
        return Settled()
    free = _distinct(item for item in candidates if item.standing is Standing.FREE)
    taken = [item for item in candidates if item.standing in {Standing.RUNNING, Standing.FILED}]
    if taken:
        return _beside(taken, [item for item in free if item.is_fetchable])
    if not free:
        return Settled()
    best = _narrow(free, policy, habit)
    if len(best) == 1:
        return Choice(link_id=best[0].link_id)
    why = Why.VARIANTS if len({item.group for item in best}) == 1 else Why.GROUPS
    return Undecided(candidates=tuple(sorted(item.link_id for item in best)), why=why)


def shape_of(title: str) -> str:
    """Return a title without what changes from episode to episode: numbers and version marks."""
    return _NUMBER.sub("#", _VERSION.sub("", title)).casefold()


def _beside(taken: Sequence[Candidate], free: Sequence[Candidate]) -> Outcome:
    newest = max(taken, key=lambda item: (item.version, item.link_id))
    # A batch has its other episodes too: it neither replaces one nor is replaced for one.
    newer = [
        item
        for item in free
        if item.version > newest.version
        and not item.is_batch
        and all(item.group == old.group and not old.is_batch for old in taken)
    ]
    if not newer:
        return Settled()
    best = max(newer, key=lambda item: (item.version, *_like(item, newest), -item.link_id))
    replaces = newest.link_id if newest.standing is Standing.RUNNING else None
    return Choice(link_id=best.link_id, replaces=replaces)


def _like(item: Candidate, old: Candidate) -> tuple[bool, bool]:
    return item.resolution == old.resolution, shape_of(item.title) == shape_of(old.title)


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Leave one of what is the same release twice: one torrent, or one title posted at two places."""
    found: list[Candidate] = []
    known: set[str] = set()
    for item in sorted(candidates, key=lambda item: (not item.is_fetchable, item.link_id)):
        names = {f"title:{item.title}"} | ({f"hash:{item.release}"} if item.release else set())
        if not names & known:
            found.append(item)
        known |= names
    return found


def _narrow(free: Sequence[Candidate], policy: Policy, habit: Habit) -> list[Candidate]:
    best = _keep(free, lambda item: item.is_fetchable)
    best = _first_of(best, policy.group_order, lambda item: item.group)
    for groups in habit.groups:
        if any(item.group in groups for item in best):
            best = _keep(best, lambda item, groups=groups: item.group in groups)  # type: ignore[misc]
            break
    best = _first_of(best, policy.resolution_order, lambda item: item.resolution)
    if len({item.group for item in best}) > 1:
        return best  # versions and habits of different groups say nothing about each other
    best = _keep(best, lambda item: item.resolution in habit.resolutions)
    best = _keep(best, lambda item: shape_of(item.title) in habit.shapes)
    best = _keep(best, lambda item: not item.is_batch)
    if not policy.resolution_order:
        best = _greatest(best, lambda item: _height(item.resolution))
    return _greatest(best, lambda item: item.version)


def _keep(items: Sequence[Candidate], is_better: Callable[[Candidate], bool]) -> list[Candidate]:
    return [item for item in items if is_better(item)] or list(items)


def _first_of(
    items: Sequence[Candidate], order: Sequence[str], name: Callable[[Candidate], str | None]
) -> list[Candidate]:
    ranks = {text.casefold(): rank for rank, text in reversed(list(enumerate(order)))}
    return _greatest(items, lambda item: -ranks.get((name(item) or "").casefold(), len(order)))


def _greatest(items: Sequence[Candidate], rank: Callable[[Candidate], Any]) -> list[Candidate]:
    most = max((rank(item) for item in items), default=None)
    return [item for item in items if rank(item) == most]


def _height(resolution: str | None) -> int:
    """Return lines of a picture: ``1080p``, ``1920x1080``, ``4K``; 0 when it is not said."""
    numbers = [int(found) for found in re.findall(r"[0-9]{1,5}", resolution or "")]
    if resolution and re.fullmatch(r"[248]k", resolution.strip(), re.IGNORECASE):
        return numbers[0] * 540
    return numbers[-1] if numbers else 0
