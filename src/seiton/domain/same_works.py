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


def likely_same(works: Iterable[Work]) -> list[LikelySame]:
    """Return the works that share a name, by their titles or by what their releases call them.

    Names are compared without season, width, case and punctuation; ``New Game`` and ``New Game!!`` are
    compared equal, which is why this is for people to decide.
    """
    first: dict[str, tuple[int, str]] = {}
    parent: dict[int, int] = {}
    reason: dict[int, str] = {}

    def root(anime_id: int) -> int:
        while parent[anime_id] != anime_id:
            parent[anime_id] = anime_id = parent[parent[anime_id]]
        return anime_id

    for work in works:
        parent[work.anime_id] = work.anime_id
        for name in _names(work):
            key = normal_title(without_season(name))
            if not key:
                continue
            other, known = first.setdefault(key, (work.anime_id, name))
            low, high = sorted((root(other), root(work.anime_id)))
            if low != high:
                parent[high] = low
                reason.setdefault(low, known)
    groups: dict[int, list[int]] = {}
    for anime_id in parent:
        groups.setdefault(root(anime_id), []).append(anime_id)
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
