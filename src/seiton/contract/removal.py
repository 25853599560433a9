"""Out of the library into its trash: what belongs to downloads, and that it be put away."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from seiton.contract.messages import MAX_BATCH, Identifier, Message, Reporting, Text


class ViewerRemoval(Reporting):
    """One item of ``POST /remove``: put what belongs to a download into the trash folder ``trash``.

    With ``erase`` what lies there is deleted for good. A later sync or resync takes it back out.
    """

    trash: Annotated[str, Field(pattern=r"^[0-9A-Za-z-]{1,64}$")]
    revision: Annotated[int, Field(ge=1)]
    erase: bool = False


class ViewerRemovals(Message):
    """``POST /remove``: many removals in one message."""

    items: Annotated[tuple[ViewerRemoval, ...], Field(max_length=MAX_BATCH)]


class HeldFile(Message):
    """A file or folder that belongs to a download; ``path`` is relative to the library, for display."""

    download_id: int
    path: str
    size: int
    kind: Literal["video", "nfo", "sidecar"]


class ViewerFilesRequest(Message):
    """``POST /files``: ask what the library has of downloads."""

    core_instance: Text | None = None
    download_ids: Annotated[tuple[Identifier, ...], Field(max_length=MAX_BATCH)]


class ViewerFiles(Message):
    """What the library has of downloads."""

    files: tuple[HeldFile, ...]
