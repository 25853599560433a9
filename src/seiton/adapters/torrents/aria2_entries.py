"""What aria2 says of its downloads, read as torrents."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from seiton.adapters.torrents.port import TransferState
from seiton.adapters.torrents.program import Seen
from seiton.text import _

Entry = Mapping[str, Any]
"""A download, as aria2 tells of it: numbers are texts."""

_RANK = ("active", "waiting", "paused", "complete", "error")


def by_torrent(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return the downloads of each torrent by info hash, the one that tells most of it first.

    What was removed is not there. The metadata of a magnet link is done once the torrent follows it, and says
    nothing any more when that is gone.
    """
    known = {entry["gid"]: entry for entry in entries if entry["status"] in _RANK}
    found: dict[str, list[Entry]] = {}
    for entry in known.values():
        if not entry.get("infoHash"):
            continue
        kept = entry
        if not has_files(entry) and entry["status"] == "complete":
            following = [known[gid] for gid in entry.get("followedBy") or () if gid in known]
            if not following:
                continue
            if following[0].get("infoHash") != entry["infoHash"]:
                kept = {
                    **entry,
                    "status": "error",
                    "errorMessage": misread(str(following[0].get("infoHash"))),
                }
        found.setdefault(str(entry["infoHash"]).lower(), []).append(kept)
    for torrent in found.values():
        torrent.sort(key=lambda entry: (not has_files(entry), _RANK.index(entry["status"])))
    return found


def misread(info_hash: str) -> str:
    """Say that aria2 takes a torrent for another one."""
    return _(
        "aria2 reads another torrent out of this one ({found}): it cannot do torrents of BitTorrent v1 and v2"
        " in one.",
        found=info_hash,
    )


def has_files(entry: Entry) -> bool:
    """Say whether the metadata is there."""
    return "info" in (entry.get("bittorrent") or {})


def is_complete(entry: Entry) -> bool:
    """Say whether every byte was downloaded; aria2 calls a torrent that seeds active."""
    if not has_files(entry) or entry["status"] == "error":
        return False
    # One that was paused before the last restart has no length until it goes on.
    return entry["status"] == "complete" or 0 < int(entry["totalLength"]) == int(entry["completedLength"])


def seen_of(info_hash: str, entry: Entry, seeding_seconds: float) -> Seen:
    """Return what ``entry`` says of a torrent."""
    is_known = has_files(entry)
    size, got = int(entry["totalLength"]), int(entry["completedLength"])
    folder = str(entry["dir"]).rstrip("/") or "/"
    return Seen(
        own_id=info_hash,
        state=_state(entry),
        progress=got / size if is_known and size else 0.0,
        size=size if is_known else 0,
        downloaded=got if is_known else 0,
        folder=folder,
        content_path=os.path.join(folder, entry["bittorrent"]["info"]["name"]) if is_known else None,
        error=str(entry.get("errorMessage") or "") or None,
        uploaded=int(entry.get("uploadLength") or 0),
        seeding_seconds=seeding_seconds,
    )


def _state(entry: Entry) -> TransferState:
    if entry["status"] == "error":
        return TransferState.ERROR
    if "verifiedLength" in entry or entry.get("verifyIntegrityPending") == "true":
        return TransferState.CHECKING
    if is_complete(entry):
        return TransferState.COMPLETED
    if entry["status"] == "paused":
        return TransferState.PAUSED
    if not has_files(entry):
        return TransferState.METADATA
    return TransferState.QUEUED if entry["status"] == "waiting" else TransferState.DOWNLOADING
