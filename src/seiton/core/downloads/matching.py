"""Say which file of a finished torrent is which episode."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from seiton.adapters.database import Row
from seiton.adapters.torrents.port import TorrentStatus
from seiton.core.downloads.dispatch import save_path
from seiton.core.retries import NO_FAILURE
from seiton.core.service import Core
from seiton.domain.contents import Chosen, TorrentFile, Wanted, WhyMissing, assign
from seiton.domain.path_text import path_of_text, text_of_path
from seiton.domain.states import DownloadStatus, HoldReason
from seiton.text import _


def match_files(
    core: Core, rows: Sequence[Row], status: TorrentStatus, files: Sequence[TorrentFile]
) -> list[dict[str, Any]]:
    """Return the new values of the downloads ``rows``, which wait for ``files`` of one torrent.

    Files bear the numbers that their makers gave them, so the offset of the parser is taken off again.
    """
    wanted = [
        Wanted(
            slot=position,
            episode_no=row["episode_no"] - row["episode_offset"],
            episode_tenths=row["episode_tenths"],
            series_no=row["series_no"],
        )
        for position, row in enumerate(rows)
    ]
    found = assign(files, wanted, hint_title=rows[0]["anime_title"])
    values = []
    for position, row in enumerate(rows):
        common: dict[str, Any] = {
            "its_id": row["download_id"],
            "progress": 1.0,
            "total_bytes": status.size,
            "downloaded_bytes": status.size,
            "content_path": status.content_path,
            **NO_FAILURE,  # what failed was the download
        }
        chosen = found.chosen.get(position)
        if chosen is not None:
            values.append(common | _matched(core, status, chosen))
        else:
            values.append(common | _unmatched(wanted[position], found.missing_slots.get(position)))
    return values


def _matched(core: Core, status: TorrentStatus, chosen: Chosen) -> dict[str, Any]:
    folder = status.folder or save_path(core, status.info_hash)
    return {
        "status": DownloadStatus.COMPLETED.value,
        "error_message": None,
        "source_path": _joined(folder, chosen.video.path),
        "subtitle_paths": [_joined(folder, file.path) for file in chosen.subtitles],
        "hold_reason": None,
        "hold_detail": None,
    }


def _joined(folder: str, path: bytes) -> str:
    return text_of_path(os.path.join(path_of_text(folder), path))


def _unmatched(wanted: Wanted, why: WhyMissing | None) -> dict[str, Any]:
    return {
        "status": DownloadStatus.BATCH_UNMATCHED.value,
        "error_message": _("No file of the torrent is episode {episode_no}.", episode_no=wanted.episode_no),
        "source_path": None,
        "subtitle_paths": [],
        "hold_reason": HoldReason.NO_VIDEO.value,
        "hold_detail": why.value if why else None,
    }
