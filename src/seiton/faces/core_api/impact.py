"""What an edit would do, as every preview answers it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from seiton.contract import PlannedHold, PlannedMove


class LostTitle(BaseModel):
    """A title that a parser matches now, and none would."""

    item_id: int
    title: str


class PlannedDownload(BaseModel):
    """A release that would be fetched, or taken back; one that the edit makes has no ``link_id`` yet."""

    link_id: int | None
    raw_item_id: int | None
    title: str | None


class ImpactAnswer(BaseModel):
    """What would follow, over all stored titles. ``moves`` and ``holds`` are the viewer's own plan.

    ``plan_id``, given with the save, confirms just this. ``needs_confirmation``: without it, ``waits`` files
    (and the downloads, where they are many) would wait. Lists of titles have at most 500, counts are of all.
    """

    model_config = ConfigDict(from_attributes=True)

    items_reparsed: int
    links_changed: int
    links_new: int
    unmatched: int
    moves: list[PlannedMove]
    holds: list[PlannedHold]
    unchanged: int
    pins_passed: int
    titles_lost: list[LostTitle]
    starts: int
    starting: list[PlannedDownload]
    cancels: int
    cancelling: list[PlannedDownload]
    plan_id: str
    waits: int
    needs_confirmation: bool
