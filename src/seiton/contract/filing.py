"""Files are filed and moved: what Core wants of each download, what the viewer answers and reports."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from seiton.contract.messages import MAX_BATCH, Identifier, Message, Number, Reporting, Text


class Facts(Message):
    """Facts about work and episode that travel with the message; all optional.

    ``picture`` names the work's poster: its digest and suffix; Core gives it at ``/pictures/{name}``.
    ``is_movie``: the work is one film; a viewer that knows nothing of films files it as an episode.
    """

    episode_title: Text | None = None
    episode_plot: str | None = None
    aired: date | None = None
    show_title: Text | None = None
    original_title: Text | None = None
    show_plot: str | None = None
    premiered: date | None = None
    year: Annotated[int, Field(ge=1850, le=9999)] | None = None
    rating: Annotated[float, Field(ge=0, le=10)] | None = None
    genres: tuple[Text, ...] = ()
    studios: tuple[Text, ...] = ()
    show_ids: tuple[tuple[Text, Text], ...] = ()
    episode_ids: tuple[tuple[Text, Text], ...] = ()
    episode_original_title: Text | None = None
    runtime_minutes: Annotated[int, Field(ge=1, le=100_000)] | None = None
    picture: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}\.(jpg|png)$")] | None = None
    is_movie: bool | None = None


class LibraryNaming(Message):
    """How names in the library are made (``docs/naming.md``); ``version`` counts the edits of it."""

    version: Annotated[int, Field(ge=1, le=2**31 - 1)]
    template: Annotated[str, Field(min_length=1, max_length=500)]


class Described(Reporting):
    """What every request to a viewer says about a download."""

    series_id: Identifier
    anime_title: Text
    series_no: Number
    episode_no: Number
    subtitle_group: Text
    # Additions; absent from a core that knows only the contract, as is ``core_instance``.
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    batch_id: Text | None = None
    episode_end: Number | None = None
    resolution: Text | None = None
    version: Number | None = None
    display_season: Number | None = None
    display_episode: Number | None = None
    naming: LibraryNaming | None = None
    facts: Facts | None = None


class ViewerSyncRequest(Described):
    """``POST /sync``: file a finished download. ``file_path`` is the video below the download folder."""

    file_path: Text
    subtitle_paths: tuple[Text, ...] = ()


class ViewerResyncRequest(Described):
    """``POST /resync``: the metadata of a filed episode changed; move it to where it belongs now.

    ``resync_id`` is the cause. With ``undoes`` the metadata is what it was before that cause: names and NFOs
    are to be given back as they were, wherever nobody changed them since.
    """

    old_target_path: Text
    resync_id: Identifier | None = None
    undoes: Identifier | None = None
    # Additions. ``kept``: what is wanted is met where the file lies, if it met this revision last (0: it is
    # new to the viewer); only a later revision moves it.
    kept: int | None = None
    subtitle_paths: tuple[Text, ...] = ()


class ViewerBatch(Message):
    """``POST /resync/batch``: many resyncs in one message."""

    batch_id: Text
    items: Annotated[tuple[ViewerResyncRequest, ...], Field(max_length=MAX_BATCH)]


class Receipt(StrEnum):
    """What the viewer says to one item of a message."""

    ACCEPTED = "accepted"  #: recorded; a callback will follow
    REPEATED = "repeated"  #: the same was recorded before; the outcome is or will be reported again
    STALE = "stale"  #: the viewer knows a later revision; it is in ``revision``
    UNKNOWN = "unknown"  #: the viewer holds no such file
    REFUSED = "refused"  #: cannot be done; ``reason`` says why


class ItemReceipt(Message):
    """Answer to one item of a batch."""

    download_id: int
    receipt: Receipt
    revision: int
    reason: str | None = None


class BatchReceipt(Message):
    """Answer to a batch, per item, in any order."""

    batch_id: str
    items: tuple[ItemReceipt, ...]


class BatchStatus(Message):
    """``GET /resync/batches/{id}``."""

    batch_id: str
    total: int
    pending: int
    moved: int
    unchanged: int
    held: int
    failed: int


class ViewerSyncCallback(Message):
    """``POST /sync-callback``: what became of one sync or resync.

    The first four fields are the contract's. ``held`` is true when the file was left alone for a
    ``reason`` (a word of ``domain.states.HoldReason``): then ``target_path`` is where it lies.
    """

    download_id: Identifier
    status: Literal["synced", "failed"]
    target_path: Text | None = None
    error_message: str | None = None
    revision: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    core_instance: Text | None = None
    reason: Annotated[str, Field(max_length=30)] | None = None
    held: bool = False
    changed: bool | None = None
    removed: bool = False
    """It was a removal: ``synced`` says that it is done, ``target_path`` (if any) where it lies now."""
    drifted: bool = False
    """Not the answer to a request: what a repair found out about a file that had been filed."""
