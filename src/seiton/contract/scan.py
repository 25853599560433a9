"""What lies in a folder that nobody filed: the scan before an adoption."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from seiton.contract.messages import MAX_BATCH, Message, Text


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
