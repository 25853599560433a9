"""Paths that come in messages: found, or refused where they lead out of the folders that may be used."""

from __future__ import annotations

import os
from typing import Any

import sqlalchemy as sa

from seiton.adapters.files import FileOutcome, identify
from seiton.domain.naming import MOVIES, path_key, split_stem
from seiton.domain.path_text import path_of_text
from seiton.domain.sidecars import video_base
from seiton.domain.states import HoldReason, UnitState
from seiton.viewer import tables
from seiton.viewer.service import Viewer

OTHER_NAME = b"/downloads/"
"""A core in another container knows the download folder by this name (contract §5.3)."""


def find_source(viewer: Viewer, path: str) -> bytes | None:
    """Return the absolute path of a finished download, or ``None`` when it is not below a download root.

    Symbolic links are followed first. A path below a root that leads to nothing is returned as it is.
    """
    given = _encoded(path)
    if given is None:
        return None
    candidates = [os.path.join(root, given) for root in viewer.download_roots]
    if given.startswith(OTHER_NAME):
        candidates += [
            os.path.join(root, given.removeprefix(OTHER_NAME).lstrip(b"/")) for root in viewer.download_roots
        ]
    roots = [os.path.realpath(root).rstrip(b"/") + b"/" for root in viewer.download_roots]
    resolved = [os.path.realpath(candidate) for candidate in candidates]
    inside = [path for path in resolved if any(path.startswith(root) for root in roots)]
    return next((path for path in inside if os.path.exists(path)), inside[0] if inside else None)


def find_unowned(
    viewer: Viewer, connection: sa.Connection, library_id: str, path: str
) -> dict[str, Any] | HoldReason:
    """Return the columns of a file that another program filed: inside the root and nobody's, else why not."""
    given = _encoded(path)
    if not given:
        return HoldReason.SOURCE_MISSING
    absolute = os.path.normpath(os.path.join(viewer.root, given))
    resolved = os.path.join(os.path.realpath(os.path.dirname(absolute)), os.path.basename(absolute))
    relative = _on_record(viewer, resolved)
    if relative is None:
        return HoldReason.OUTSIDE_ROOT
    try:
        identity = identify(resolved)
    except FileOutcome:
        identity = None
    if identity is None:
        return HoldReason.SOURCE_MISSING
    if identity.is_dir or identity.is_link or video_base(os.path.basename(relative)) is None:
        return HoldReason.NO_VIDEO
    stem, _extension = split_stem(relative)
    owner = sa.select(tables.claims.c.unit_id).where(
        tables.claims.c.library_id == library_id, tables.claims.c.path_key == path_key(stem)
    )
    if connection.execute(owner).first() is not None:
        return HoldReason.TARGET_OWNED
    return {
        "state": UnitState.PLACED,
        "stem": stem,
        "video": relative,
        "applied_video": relative,
        "inode": identity.inode,
        "size": identity.size,
        "mtime_ns": identity.mtime_ns,
        "birth_ns": identity.birth_ns,
        "added_at": viewer.now(),
    }


def _on_record(viewer: Viewer, resolved: bytes) -> bytes | None:
    """Return what a path in the library or its folder for films is on record; ``None``: it is in neither."""
    for folder, before in ((viewer.root, b""), (viewer.movies_root, MOVIES + b"/")):
        root = os.path.realpath(folder).rstrip(b"/") + b"/" if folder is not None else b"\0"
        inside = resolved.removeprefix(root)
        if inside != resolved and inside.split(b"/")[0] not in (b".seiton", MOVIES):
            return before + inside
    return None


def _encoded(path: str) -> bytes | None:
    """Return ``path`` as the bytes that the kernel is given; ``None`` for what no file can be called."""
    try:
        given = path_of_text(path)
    except UnicodeEncodeError:
        return None
    return None if b"\0" in given else given
