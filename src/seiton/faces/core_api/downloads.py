"""Downloads: where each stands, why it does not go on, and trying it again."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from seiton.core.downloads.ending import cancel_download
from seiton.core.downloads.retry import retry_download
from seiton.core.queries import get_download, list_downloads
from seiton.core.service import Core
from seiton.domain.states import CancelReason, DownloadStatus
from seiton.faces.fields import MOST, IdInPath, Offset, cap, words_of
from seiton.faces.problems import documented


class Download(BaseModel):
    """A download; from ``library_path`` on additions. ``file_path`` is where its video lies now."""

    download_id: int
    link_id: int
    title: str | None
    downloader_type: str
    status: DownloadStatus
    progress: float | None
    downloaded_bytes: int | None
    total_bytes: int | None
    error_message: str | None
    torrent_hash: str | None
    file_path: str | None
    created_at: datetime
    updated_at: datetime
    library_path: str | None
    source_path: str | None
    hold_reason: str | None
    hold_detail: str | None
    attempts: int
    next_try_at: datetime | None
    resync_id: int | None
    cancel_reason: CancelReason | None
    desired_revision: int
    applied_revision: int
    removed_at: datetime | None
    torrent_ended_at: datetime | None
    series_id: int
    anime_title: str
    series_no: int
    episode_no: int
    episode_tenths: int
    subtitle_group: str


def download_of(row: dict[str, Any]) -> Download:
    """Return the answer for a row of ``list_downloads``."""
    path = row["library_path"] or row["source_path"] or row["content_path"]
    return Download.model_validate(row | {"file_path": path, "subtitle_group": row["group_name"]})


def add_routes(router: APIRouter, core: Core) -> None:
    """Add ``/downloads``."""

    @router.get("/downloads")
    def show_downloads(
        status: Annotated[str | None, Query(description="A status word, or several with commas.")] = None,
        held: Annotated[bool | None, Query(description="Only those with, or without, a reason.")] = None,
        limit: Annotated[int, Query(ge=0, le=MOST), cap(200)] = 50,
        offset: Offset = 0,
    ) -> list[Download]:
        """List downloads, the last changed first; at most 200 at a time."""
        statuses = words_of("status", status, DownloadStatus)
        rows = list_downloads(core, statuses=statuses, is_held=held, limit=limit, offset=offset)
        return [download_of(row) for row in rows]

    @router.get("/downloads/{download_id}", responses=documented(404))
    def show_download(download_id: IdInPath) -> Download:
        """Show one download."""
        return download_of(get_download(core, download_id))

    @router.post("/downloads/{download_id}/cancel", responses=documented(404, 409))
    def cancel(download_id: IdInPath) -> Download:
        """Take back a download that is not complete; its torrent goes unless another download needs it."""
        cancel_download(core, download_id)
        return download_of(get_download(core, download_id))

    @router.post("/downloads/{download_id}/retry", responses=documented(404, 409))
    def retry(download_id: IdInPath) -> Download:
        """Try a download again now, in the background: one that failed, is held or waits."""
        retry_download(core, download_id)
        return download_of(get_download(core, download_id))
