"""Follow modes: whether files follow a kind of cause by themselves."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from seiton.core.causes.follow_modes import list_modes, set_mode
from seiton.core.service import Core
from seiton.domain.consent import CauseKind, FollowMode
from seiton.faces.fields import IdInPath
from seiton.faces.problems import documented


class Mode(BaseModel):
    """What files do when a cause of this kind comes; of one series, or (``series_id`` is none) of all."""

    cause_kind: CauseKind
    mode: FollowMode
    is_default: bool
    series_id: int | None
    anime_title: str | None = None
    series_no: int | None = None


class ModeList(BaseModel):
    """The mode of each kind of cause, then those of single series."""

    follow_modes: list[Mode]


class ModeInput(BaseModel):
    """``automatic``: files follow. ``ask``: NFOs and images do, a file that would move waits for you."""

    mode: FollowMode


def _all(core: Core) -> ModeList:
    return ModeList(follow_modes=[Mode.model_validate(row) for row in list_modes(core)])


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/follow-modes`` and ``/series/{id}/follow-modes``."""

    @router.get("/follow-modes")
    def show_modes() -> ModeList:
        """List whether files follow by themselves, by kind of cause."""
        return _all(core)

    @router.put("/follow-modes/{kind}")
    def edit_mode(kind: CauseKind, body: ModeInput) -> ModeList:
        """Say whether files follow causes of a kind by themselves."""
        set_mode(core, kind, body.mode)
        return _all(core)

    @router.delete("/follow-modes/{kind}")
    def reset_mode(kind: CauseKind) -> ModeList:
        """Follow causes of a kind as by default."""
        set_mode(core, kind, None)
        return _all(core)

    @router.put("/series/{series_id}/follow-modes/{kind}", responses=documented(404))
    def edit_series_mode(series_id: IdInPath, kind: CauseKind, body: ModeInput) -> ModeList:
        """Say it for one series."""
        set_mode(core, kind, body.mode, series_id)
        return _all(core)

    @router.delete("/series/{series_id}/follow-modes/{kind}", responses=documented(404))
    def reset_series_mode(series_id: IdInPath, kind: CauseKind) -> ModeList:
        """Have a series do as all others."""
        set_mode(core, kind, None, series_id)
        return _all(core)
