"""Removing episodes, series, works, groups and what feeds brought; the trash, and the way back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from seiton.core.queries import get_resync
from seiton.core.removal.removing import (
    FOR_GOOD,
    FileChoice,
    TargetType,
    TorrentChoice,
    preview_removal,
    remove,
)
from seiton.core.removal.trash import list_trash, restore
from seiton.core.service import Core
from seiton.faces.fields import MOST, IdInPath, Offset, cap
from seiton.faces.problems import documented


class Target(BaseModel):
    """What is to be removed."""

    target_type: TargetType
    target_id: Annotated[int, Field(ge=1, le=2**63 - 1)]


class RemovalInput(Target):
    """``torrents``: what becomes of complete ones. ``files``: keep those that lie in the library?"""

    torrents: TorrentChoice = TorrentChoice.KEEP
    files: FileChoice = FileChoice.TRASH


class RemovedEpisode(BaseModel):
    """A download that would be removed."""

    download_id: int
    title: str | None
    anime_title: str
    series_no: int
    episode_no: int
    episode_tenths: int
    status: str
    library_path: str | None


class RemovedFile(BaseModel):
    """A file that would go to the trash; ``path`` is relative to the library."""

    download_id: int
    path: str
    size: int
    kind: Literal["video", "nfo", "sidecar"]


class RemovedTorrent(BaseModel):
    """A torrent of what would be removed. One that is shared with others stays in any case."""

    info_hash: str
    size: int | None
    download_ids: list[int]
    is_shared: bool


class Preview(BaseModel):
    """What a removal would take away; nothing was changed."""

    target_type: TargetType
    target_id: int
    name: str
    downloads: list[RemovedEpisode]
    files: list[RemovedFile]
    files_bytes: int
    torrents: list[RemovedTorrent]
    torrents_bytes: int


class Removal(BaseModel):
    """A removal, or its undoing, as it stands; ``GET /resyncs/{removal_id}`` says more."""

    removal_id: int
    cause: str
    state: str
    subject_id: int | None
    name: str | None
    created_at: datetime
    restorable_until: datetime | None
    kept: bool
    counts: dict[str, int]


class TrashItem(BaseModel):
    """A download of a removal: where its video lay, and where it lies in the trash, or why it does not."""

    download_id: int
    before_path: str | None
    trash_path: str | None
    outcome: str
    reason: str | None


class TrashEntry(BaseModel):
    """A removal that can be restored; ``kept``: without an end, as nobody removed it by name."""

    removal_id: int
    cause: str
    name: str | None
    subject_id: int | None
    state: str
    created_at: datetime
    restorable_until: datetime | None
    kept: bool
    items: list[TrashItem]


class Trash(BaseModel):
    """What can be restored, the newest first."""

    removals: list[TrashEntry]


def _removal(core: Core, removal_id: int) -> Removal:
    row = get_resync(core, removal_id, limit=0)
    return Removal.model_validate(
        row | {"removal_id": removal_id, "name": row["subject_name"]} | _time_left(row)
    )


def _entry(row: dict[str, Any]) -> TrashEntry:
    items = [item | {"trash_path": item["after_path"]} for item in row["items"]]
    return TrashEntry.model_validate(
        row
        | {
            "removal_id": row["resync_id"],
            "name": row["subject_name"],
            "items": items,
        }
        | _time_left(row)
    )


def _time_left(row: dict[str, Any]) -> dict[str, Any]:
    kept = row["trash_until"] == FOR_GOOD
    return {"restorable_until": None if kept else row["trash_until"], "kept": kept}


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/removals`` and ``/trash``."""

    @router.post("/removals/preview", responses=documented(404, 409))
    def preview(body: Target) -> Preview:
        """List files, sidecars and torrents that a removal would take away, with their sizes."""
        found = preview_removal(core, body.target_type, body.target_id)
        return Preview(
            target_type=body.target_type,
            target_id=body.target_id,
            name=found.name,
            downloads=[RemovedEpisode.model_validate(dict(row)) for row in found.downloads],
            files=[RemovedFile.model_validate(file.model_dump()) for file in found.files],
            files_bytes=sum(file.size for file in found.files),
            torrents=[
                RemovedTorrent(
                    info_hash=torrent.info_hash,
                    size=torrent.size,
                    download_ids=list(torrent.download_ids),
                    is_shared=torrent.is_shared,
                )
                for torrent in found.torrents
            ],
            torrents_bytes=sum(torrent.size or 0 for torrent in found.torrents),
        )

    @router.post("/removals", status_code=202, responses=documented(404, 409))
    def create_removal(body: RemovalInput) -> Removal:
        """Remove: files go to the trash of the library in the background, for 14 days."""
        removal_id = remove(core, body.target_type, body.target_id, torrents=body.torrents, files=body.files)
        return _removal(core, removal_id)

    @router.get("/trash")
    def show_trash(limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 50, offset: Offset = 0) -> Trash:
        """List the removals that can be restored."""
        return Trash(removals=[_entry(row) for row in list_trash(core, limit=limit, offset=offset)])

    @router.post("/removals/{removal_id}/restore", status_code=202, responses=documented(404, 409))
    def restore_removal(removal_id: IdInPath) -> Removal:
        """Bring everything back to its name, in the background; held where somebody lies there now."""
        return _removal(core, restore(core, removal_id))
