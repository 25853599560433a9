"""Works that are likely one."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from seiton.core.service import Core
from seiton.core.works.same_works import list_likely_same


class WorkName(BaseModel):
    """A work, by title."""

    anime_id: int
    title: str


class SameWorks(BaseModel):
    """Works that share a ``name``, in their titles or in those of their releases: a suggestion."""

    name: str
    animes: list[WorkName]


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/anime/likely-same``. Before ``/anime/{anime_id}``."""

    @router.get("/anime/likely-same")
    def show_likely_same() -> list[SameWorks]:
        """List works that are likely one under two titles, by 50 names at most, those of the newest works.

        To make them one, fix the title in a parser.
        """
        found, titles = list_likely_same(core)
        return [
            SameWorks(
                name=group.name,
                animes=[WorkName(anime_id=anime_id, title=titles[anime_id]) for anime_id in group.anime_ids],
            )
            for group in found
        ]
