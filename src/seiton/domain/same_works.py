"""Which works are likely one: filed under two titles by two groups, of which their releases name both."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from seiton.domain.reading import normal_title, read_title, without_season


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A work: its title, and the title of one of its releases, which may name it in other languages."""

    anime_id: int
    title: str
    release: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelySame:
    """Works that are likely one, by id, and a name that connects them. A suggestion and no proof."""

    anime_ids: tuple[int, ...]
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """What a work is called, and what of it is compared."""

    key: str
    name: str


def names_of(work: Work) -> list[Name]:
    """Return what a work is called by its title, and then by its release.

    Names are compared without season, width, case and punctuation; ``New Game`` and ``New Game!!`` are
    compared equal, which is why works that share one are for people to decide.
    """
    found: dict[str, Name] = {}
    for name in _names(work):
        if key := normal_title(without_season(name)):
            found.setdefault(key, Name(key=key, name=name))
    return list(found.values())


def likely_same(works: Iterable[tuple[int, Iterable[Name]]]) -> list[LikelySame]:
    """Return the works that share a name, of works by id with all of their names."""
    first: dict[str, tuple[int, str]] = {}
    parent: dict[int, int] = {}
    reason: dict[int, str] = {}

    def root(anime_id: int) -> int:
        while parent[anime_id] != anime_id:
            parent[anime_id] = anime_id = parent[parent[anime_id]]
        return anime_id

    for anime_id, names in works:
        parent[anime_id] = anime_id
        for name in names:
            other, known = first.setdefault(name.key, (anime_id, name.name))
            low, high = sorted((root(other), root(anime_id)))
            if low != high:
                parent[high] = low
                reason.setdefault(low, known)
    groups: dict[int, list[int]] = {}
    for one in parent:
        groups.setdefault(root(one), []).append(one)
    return [
        LikelySame(anime_ids=tuple(sorted(ids)), name=reason.get(lowest, ""))
        for lowest, ids in sorted(groups.items())
        if len(ids) > 1
    ]


def _names(work: Work) -> list[str]:
    names = [work.title]
    if work.release is not None:
        read = read_title(work.release)
        own = {normal_title(name.text) for name in read.names}
        # A parser may file a release under a title of its own: then its names say nothing of the work.
        if normal_title(without_season(work.title)) in own:
            names += [name.text for name in read.names]
    return names
