"""The messages between services, and nothing else.

Field names and status words are those of the reference system (contract §1.5–1.8). What Seiton adds
is optional, so that a peer that knows only the contract can leave it out.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_BATCH = 500
"""Most items in one message between services."""

MAX_REPAIRS = 100
"""Most findings that are mended in one message: files are moved before it is answered."""

Text = Annotated[str, Field(max_length=4096)]
Number = Annotated[int, Field(ge=0, le=99_999)]
Identifier = Annotated[int, Field(ge=1, le=2**63 - 1)]


class Message(BaseModel):
    """A message; unknown fields are ignored so that newer peers can talk to older ones."""

    model_config = ConfigDict(extra="ignore", frozen=True)


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


class Reporting(Message):
    """A request to a viewer about one download, and where its report goes."""

    download_id: Identifier
    callback_url: Text
    core_instance: Text | None = None


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


class DriftFound(Message):
    """A difference between record and disk. ``path`` and ``found`` are for people, relative to the library.

    ``at`` and ``found_at`` are the same paths for programs (percent-encoded bytes). ``kind`` and ``mending``
    are words of ``domain.drift``; ``viewer`` is the one that found it, empty for the built-in one.
    """

    kind: Text
    path: str
    at: str
    found: str | None = None
    found_at: str | None = None
    mending: Text = "nothing"
    unit_id: int | None = None
    download_id: int | None = None
    core_instance: str | None = None
    detail: str | None = None
    viewer: str = ""


class SilentViewer(Message):
    """A viewer that could not look, and why."""

    viewer: str
    reason: str


class LibraryCheck(Message):
    """``POST /library/check``: ask for the next part of a check; without ``cursor`` a new one begins."""

    cursor: Text | None = None


class LibraryCheckPart(Message):
    """A part of a check. ``counts`` are of this part, by kind; of many foreign files only some are listed.

    ``cursor`` asks for the next part; ``None``: it is over. ``viewer`` has looked at ``units`` and
    ``folders`` so far.
    """

    findings: tuple[DriftFound, ...] = ()
    counts: dict[str, int] = {}
    units: int = 0
    folders: int = 0
    cursor: str | None = None
    silent: tuple[SilentViewer, ...] = ()
    viewer: str = ""


class LibraryRepair(Message):
    """``POST /library/repair``: mend these findings of a check. Edited NFOs only with ``rewrite_nfo``."""

    items: Annotated[tuple[DriftFound, ...], Field(max_length=MAX_REPAIRS)]
    rewrite_nfo: bool = False


class Mended(Message):
    """What became of one finding."""

    kind: str
    path: str
    outcome: Literal["mended", "left", "changed"]
    reason: str | None = None
    viewer: str = ""


class LibraryRepaired(Message):
    """What became of findings, in the order in which they were mended."""

    items: tuple[Mended, ...]


class ViewerScanRequest(Message):
    """``POST /scan``: ask what lies below a folder, part by part, in the order of names. Writes nothing.

    ``path`` lies in the library or the download folder; ``after`` is what the part before ended with. Paths
    that are not UTF-8 are given as ``file:`` with quoted bytes (``domain.path_text``).
    """

    path: Text
    after: Text | None = None
    limit: Annotated[int, Field(ge=1, le=MAX_BATCH)] = MAX_BATCH


class ScannedNfo(Message):
    """What an NFO says; ``about`` is its root element, empty where it cannot be read."""

    about: str = ""
    title: str | None = None
    season: int | None = None
    episode: int | None = None
    episodes: int = 1
    year: int | None = None
    ids: tuple[tuple[str, str], ...] = ()


class ScannedVideo(Message):
    """A video: its name in the folder, what identifies the file, what lies beside it.

    ``links`` counts its names on the disk. ``kept``: a unit of this viewer, or the source of one.
    """

    name: Text
    size: int
    inode: int
    device: str
    mtime_ns: int
    links: int = 1
    is_link: bool = False
    kept: bool = False
    nfo: ScannedNfo | None = None
    subtitles: tuple[Text, ...] = ()


class ScannedFolder(Message):
    """A folder with videos; ``path`` is relative to the root, empty for the root itself.

    ``show_depth``: how many of its names lead to the folder with ``tvshow.nfo``. ``others``: files that are
    neither videos nor belong to one.
    """

    path: Text
    show: ScannedNfo | None = None
    show_depth: int = 0
    season: ScannedNfo | None = None
    videos: tuple[ScannedVideo, ...]
    others: int = 0


class ViewerScan(Message):
    """A part of what there is; ``after`` is where the next part begins, ``None`` with the last.

    ``root`` is the library (``is_library``) or download folder that ``path`` lies in, ``downloads`` are all
    download folders. ``moves_sources``: a first sync would take files away from there. ``viewer`` is who
    answered, in Core's words.
    """

    root: Text
    is_library: bool
    downloads: tuple[Text, ...] = ()
    moves_sources: bool = False
    viewer: Text | None = None
    folders: tuple[ScannedFolder, ...] = ()
    after: Text | None = None


class ViewerBatch(Message):
    """``POST /resync/batch``: many resyncs in one message."""

    batch_id: Text
    items: Annotated[tuple[ViewerResyncRequest, ...], Field(max_length=MAX_BATCH)]


class ViewerPlanRequest(Message):
    """``POST /resync/plan``: a part of a question "what would you do?"; ``last`` asks for the answer."""

    plan_id: Text
    items: Annotated[tuple[ViewerResyncRequest, ...], Field(max_length=MAX_BATCH)]
    last: bool = True


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


class PlannedMove(Message):
    """One unit that would move; paths relative to the library root, for display."""

    download_id: int
    from_path: str
    to_path: str
    files: int = 1


class PlannedHold(Message):
    """One unit that would be left alone, and why."""

    download_id: int
    path: str | None
    target: str | None
    reason: str
    detail: str | None = None


class PlanAnswer(Message):
    """What a resync would do. Writes nothing."""

    plan_id: str
    complete: bool
    steps: tuple[PlannedMove, ...] = ()
    holds: tuple[PlannedHold, ...] = ()
    unchanged: int = 0
    nfos: int = 0


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
