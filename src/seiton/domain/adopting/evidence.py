"""What is known of a folder of videos before anything is decided, and what is decided of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from seiton.domain.nfo_merge import Unreadable
from seiton.domain.nfo_reading import Ids, Said
from seiton.domain.rules import ParsedTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A video: its file ``name``, the NFO beside it, and what the user's own parsers say of the name."""

    name: bytes
    nfo: Said | Unreadable | None = None
    parsed: ParsedTitle | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A folder with the videos that lie directly in it.

    ``path``: names of the folders that lead to it, below the library or the download folder, outermost
    first. ``show``: what ``tvshow.nfo`` says and the depth of the folder that has it (1: the outermost);
    ``season``: what ``season.nfo`` says. ``is_library``: folders of a library bear the names of works, those
    of downloads any.
    """

    path: tuple[bytes, ...]
    videos: tuple[Video, ...]
    is_library: bool
    show: Said | None = None
    show_depth: int = 0
    season: Said | None = None


class Source(StrEnum):
    """Where a value was taken from."""

    NFO = "nfo"  #: an NFO says so
    PARSER = "parser"  #: a parser of the user reads it from the file's name
    NAME = "name"  #: the file's name says so
    SIBLINGS = "siblings"  #: the names of the folder's files, compared
    FOLDER = "folder"  #: a folder's name says so
    ASSUMED = "assumed"  #: nobody says otherwise (season 1)


class WhyLeft(StrEnum):
    """Why a video is left alone."""

    EXTRA = "extra"  #: an opening, a trailer, a menu, a sample
    MOVIE = "movie"  #: a film, or a video that has no number
    NO_TITLE = "no_title"  #: nothing says of which work it is
    NO_EPISODE = "no_episode"  #: nothing says which episode it is
    SEVERAL_EPISODES = "several_episodes"  #: one file holds several episodes
    SEASON_UNCLEAR = "season_unclear"  #: file and folder name different seasons
    UNREADABLE_NAME = "unreadable_name"  #: a name is in no encoding that is known here
    DUPLICATE = "duplicate"  #: another file is this episode, and is preferred
    UNDECIDED = "undecided"  #: several files are this episode, and nothing says which is better
    SAME_FILE = "same_file"  #: another name of a file that is adopted
    ALREADY_KEPT = "already_kept"  #: Seiton has this file already
    EPISODE_KEPT = "episode_kept"  #: Seiton has, or is fetching, this episode already
    NAME_IMPOSSIBLE = "name_impossible"  #: no file name can be made from what it is
    SOURCE_IS_LINK = "source_is_link"  #: a symbolic link, not a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What a video is. ``sources`` says of title, season and episode where they were taken from.

    ``show_ids`` and ``episode_ids`` are the ids that NFOs and folder names give.
    """

    parsed: ParsedTitle
    sources: Mapping[str, Source]
    show_ids: Ids = ()
    episode_ids: Ids = ()

    @property
    def is_sure(self) -> bool:
        """Say whether nothing of it was only assumed or compared."""
        return not {Source.ASSUMED, Source.SIBLINGS} & set(self.sources.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A video is left alone. ``detail`` is for people."""

    why: WhyLeft
    detail: str | None = field(default=None)


Verdict = Adopted | Left
