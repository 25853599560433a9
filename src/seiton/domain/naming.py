"""From metadata to a library path; and paths as keys, for display, and cut into stem and extension.

Sources of the rules: contract §5.3 (the layout), nfo-naming §2 (what Jellyfin and Kodi read wrongly).
``docs/naming.md`` explains them to users.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from seiton.domain.metadata import MAX_NUMBER, UNKNOWN_GROUP, EpisodeMeta
from seiton.domain.sidecars import VIDEO_SUFFIXES

TITLE_BYTES = 128
"""Most bytes of a title in a name: with any two numbers behind it a base stays within 150."""
BASE_BYTES = 190
"""Most bytes of a base with its group: the longest tail of a sidecar still fits into 255."""
MAX_SPAN = 200
"""Most episodes that one file is believed to hold beyond its first (HEAD of the reference: 201)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamingProfile:
    """How a library is laid out. The defaults are the reference's layout."""

    year_in_folder: bool = False
    group_in_name: bool = False
    template_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """Where a unit belongs: three path components in NFC, none with an extension."""

    show: str
    season: str
    base: str

    @property
    def stem(self) -> bytes:
        """``show/season/base`` in UTF-8, relative to the library root."""
        return f"{self.show}/{self.season}/{self.base}".encode()

    @property
    def show_folder(self) -> bytes:
        """The show's folder in UTF-8, relative to the library root."""
        return self.show.encode()

    @property
    def season_folder(self) -> bytes:
        """``show/season`` in UTF-8, relative to the library root."""
        return f"{self.show}/{self.season}".encode()


class WhyImpossible(StrEnum):
    """Why no name can be made."""

    EMPTY_TITLE = "empty_title"  #: there is no title
    NOTHING_PRINTABLE = "nothing_printable"  #: of the title nothing is left that a file may be called
    NUMBER_OUT_OF_RANGE = "number_out_of_range"  #: negative, absurdly large, or a range that ends early


@dataclass(frozen=True, slots=True, kw_only=True)
class Impossible:
    """No name can be made from this metadata; ``detail`` is the value at fault."""

    code: WhyImpossible
    detail: str


def render(meta: EpisodeMeta, profile: NamingProfile) -> Name | Impossible:
    """Return where ``meta`` belongs in a library laid out by ``profile``."""
    if fault := _number_fault(meta):
        return Impossible(code=WhyImpossible.NUMBER_OUT_OF_RANGE, detail=fault)
    if not meta.anime_title.strip():
        return Impossible(code=WhyImpossible.EMPTY_TITLE, detail="")
    title = _title_part(meta.anime_title)
    if not title:
        return Impossible(code=WhyImpossible.NOTHING_PRINTABLE, detail=meta.anime_title)
    return Name(
        show=_show_folder(title, _year(meta), profile),
        season=f"Season {meta.series_no:02d}",
        base=_base(title, meta, profile),
    )


def path_key(path: bytes) -> str:
    """Return the key under which two names count as one: NFC, case-folded.

    A byte that is not UTF-8 becomes ``//`` and two hex digits: such names stay distinct, the key can
    be stored as text anywhere, and no path without empty components has this key otherwise.
    """
    text = path.decode("utf-8", "surrogateescape")
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
    return _ESCAPED_BYTE.sub(lambda match: f"//{ord(match[0]) - 0xDC00:02x}", folded)


def display(path: bytes) -> str:
    r"""Return ``path`` for people: bytes that are not UTF-8, and characters that could play tricks on
    a terminal (control, direction, line separators), as escapes (``\xNN``, ``\n``, ``\uNNNN``).
    """
    text = path.decode("utf-8", "backslashreplace")
    if text.isprintable():
        return text
    return "".join(
        char if unicodedata.category(char) not in _NOT_SHOWN else char.encode("unicode_escape").decode()
        for char in text
    )


def split_stem(path: bytes) -> tuple[bytes, bytes]:
    """Cut ``path`` into stem and extension (with its dot, or empty).

    An extension has a letter and up to ten letters and digits, so ``Mr. X`` and ``S01E12.5`` have
    none. That of a video is returned in lower case, any other as it is.
    """
    match = _EXTENSION.search(path)
    if match is None:
        return path, b""
    extension = match[1]
    lowered = extension.lower()
    return path[: match.start(1)], lowered if lowered in VIDEO_SUFFIXES else extension


_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_NOT_SHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_EXTENSION = re.compile(rb"[^/](\.(?=[0-9]{0,9}[A-Za-z])[0-9A-Za-z]{1,10})\Z")

_FULL_WIDTH = str.maketrans('/\\:*?"<>|', "／＼：＊？＂＜＞｜")
"""SMB and NTFS refuse these nine; both servers read the full-width ones. One to one, so that ``A?``
and ``A:`` do not meet."""
_DROPPED = frozenset({"Cc", "Cf", "Cs"})
_EDGES = re.compile(r"^[\s.]+|[\s.]+$")
_SAMPLE = re.compile(r"(?<![^-._ ])sample(?![^-._ ])", re.IGNORECASE)
"""Kodi drops every path with this word between delimiters, but reads ``[sample]``."""
_NUMBERED = re.compile(r"(s[0-9]+[\]\[ ._x-]*)e(?=[0-9])", re.IGNORECASE)
"""``S02E03`` inside a title would be read as the number of the file (both servers)."""
_MARKUP = re.compile(
    r"[\[{](?=dontfetchmeta|(?:tvdb|tmdb|imdb|tvmaze|anidb|anilist|anisearch)(?:id)?[-=])", re.IGNORECASE
)
"""Jellyfin takes these as ids (``[tvdbid-1]``) or locks the show (``[dontfetchmeta]``)."""
_SEASON_LIKE = re.compile(
    r".|[0-9]+|s[0-9]+|(?:season|specials?|sp|シーズン) ?[0-9]*|[0-9]+(?:st|nd|rd|th) season"
)
_UNSEEN = re.compile(
    r"metadata|subs|minta|extrafanart|extrathumbs|lost\+found|#recycle|@recycle|@?eadir|\$recycle\.bin|temprec"
    r"|tempsbe|ps3_update|ps3_vprm|bdmv|video_ts|system volume information|.*\.(?:trickplay|bts|sync)"
    r"|trailers?|extras?|other|scenes|shorts|clips|interviews|featurettes|samples|backdrops|theme-music"
    r"|behind the scenes|deleted scenes"
    r"|(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\..*)?"
)
"""Folder names that Jellyfin ignores (two lines) or takes for extras (two), or Windows reserves (one)."""
_MARK = "＿"
"""Follows an ignored name where no year is known."""


def _number_fault(meta: EpisodeMeta) -> str | None:
    for number in (meta.series_no, meta.episode_no, meta.episode_end or 0):
        if not 0 <= number <= MAX_NUMBER:
            return str(number)
    end = meta.episode_end
    if end is not None and not 0 <= end - meta.episode_no <= MAX_SPAN:
        return f"{meta.episode_no}-{end}"
    return None


def _year(meta: EpisodeMeta) -> int | None:
    year = meta.show.year or (meta.show.premiered.year if meta.show.premiered else None)
    return year if year and 1850 < year <= 9999 else None


def _show_folder(title: str, year: int | None, profile: NamingProfile) -> str:
    folded = title.casefold()
    ignored = _UNSEEN.fullmatch(folded) is not None
    wants_year = profile.year_in_folder or ignored or _misleads_seasons(folded)
    if year and wants_year and not title.endswith(f"({year})"):
        return f"{title} ({year})"
    return title + _MARK if ignored else title


def _misleads_seasons(folded: str) -> bool:
    """Jellyfin deletes the show's name from the season folder's before it reads that
    (SeasonPathParser): a show ``A`` leaves ``Seson 01``, a show ``1`` season 0.
    """
    return folded in "season" or _SEASON_LIKE.fullmatch(folded) is not None


def _base(title: str, meta: EpisodeMeta, profile: NamingProfile) -> str:
    base = f"{title} - S{meta.series_no:02d}E{meta.episode_no:02d}"
    if meta.episode_end is not None and meta.episode_end > meta.episode_no:
        base += f"-E{meta.episode_end:02d}"
    if profile.group_in_name and meta.subtitle_group and meta.subtitle_group != UNKNOWN_GROUP:
        group = _clean(meta.subtitle_group).replace("[", "［").replace("]", "］")
        if group:
            # In brackets, because a bare "Other" or "x264" at the end of a name means something.
            base += f" [{_clip(group, BASE_BYTES - len(base.encode()) - 3)}]"
    return base


@lru_cache(maxsize=4096)
def _title_part(title: str) -> str:
    """Return what stands for ``title`` in names; empty if nothing can."""
    return _clip(_clean(title), TITLE_BYTES)


def _clean(text: str) -> str:
    """Return ``text`` as (part of) a path component in NFC that servers read as nothing else."""
    text = "".join(" " if char.isspace() and char != "\u3000" else char for char in text)
    text = "".join(char for char in text if unicodedata.category(char) not in _DROPPED)
    text = unicodedata.normalize("NFC", text).translate(_FULL_WIDTH)
    text = _EDGES.sub("", text)
    if all(unicodedata.category(char)[0] in "ZM" for char in text):
        return ""
    text = _SAMPLE.sub(r"[\g<0>]", text)
    text = _NUMBERED.sub(lambda match: match[1] + "Ｅ", text)
    return _MARKUP.sub(lambda match: "［" if match[0] == "[" else "｛", text)


def _clip(text: str, budget: int) -> str:
    """Return ``text`` in at most ``budget`` bytes (≥ 24). What is cut keeps a digest of the whole, so
    that two long titles with one beginning do not meet.
    """
    if len(text.encode()) <= budget:
        return text
    suffix = "~" + hashlib.blake2b(text.encode(), digest_size=4).hexdigest()
    kept = text.encode()[: budget - len(suffix)].decode("utf-8", "ignore")
    end = len(kept)
    while end and _continues(text[end]):
        end -= 1
    return _EDGES.sub("", kept[:end] or kept) + suffix


def _continues(char: str) -> bool:
    """Say whether ``char`` is drawn on the one before it (a mark, a skin tone)."""
    return unicodedata.category(char)[0] == "M" or "\U0001f3fb" <= char <= "\U0001f3ff"
